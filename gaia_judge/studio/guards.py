"""Guards: what stands between the network and the pages, whatever is asked for."""

import threading
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024
"""Of the body of a request."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Links hold tokens, so no other site may learn them; our own forms need an origin.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


class Guards:
    """ASGI middleware: headers on every answer, small and whole bodies only, and no forms of other sites.

    Args:
        app: What it stands before.
        home: Address by which raters reach it, which a proxy before it need not pass on.
    """

    def __init__(self, app: ASGIApp, home: str = "") -> None:
        self._app = app
        self._host = urlsplit(home).netloc.lower()  # as browsers write it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope), self._host)
        try:
            body = None if refusal else await _read(receive)
        except ClientDisconnect:
            return
        if body is None:
            refusal = refusal or PlainTextResponse("The request is too large.", 413)
            await refusal(scope, receive, dressed)
            return
        await self._app(scope, _again(body, receive), dressed)


def _refusal(method: str, headers: Headers, home: str) -> PlainTextResponse | None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return PlainTextResponse("The request is too large.", 413, {"Connection": "close"})
    if "," in headers.get("range", ""):  # of many small parts, an answer grows far beyond the file
        return PlainTextResponse("One range at a time.", 416)
    if method in ("GET", "HEAD"):
        return None
    if method == "POST" and _is_foreign(headers, home):
        return PlainTextResponse("This form was sent by another site.", 403)
    if method == "POST" and not headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        return PlainTextResponse("Only forms are taken.", 415)
    return None


def _is_foreign(headers: Headers, home: str) -> bool:
    """Return whether a browser says that a form comes from elsewhere; the token in forms is proof besides."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] not in {headers.get("host"), home or None}


async def _read(receive: Receive) -> bytes | None:
    """Return a body, or None if it is too large; what is beyond is not read.

    Raises:
        ClientDisconnect: The connection is lost before its end: of 100, perhaps 10 has arrived.
    """
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that gives the body that was read, then whatever comes."""
    told = False

    async def given() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given


class Limits:
    """How often something may happen: a bucket of tokens for each key, filled at a steady rate.

    >>> limits = Limits(rate=1.0, burst=2)
    >>> [limits.allow("a", now=0.0), limits.allow("a", now=0.0), limits.allow("a", now=0.5)]
    [True, True, False]
    >>> limits.allow("a", now=1.5)
    True
    """

    MOST = 10_000
    """Keys that are remembered: the latest."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def allow(self, key: str, now: float | None = None) -> bool:
        """Return whether it may happen once more, and if so, count it.

        Args:
            key: Of whom or what.
            now: Seconds of a clock that never goes back.
        """
        return self._take(key, 1.0, now)

    def spent(self, key: str, now: float | None = None) -> bool:
        """Return whether it may not happen any more; nothing is counted."""
        return not self._take(key, 0.0, now)

    def _take(self, key: str, cost: float, now: float | None) -> bool:
        now = time.monotonic() if now is None else now
        with self._lock:
            left, before = self._buckets.pop(key, (self._burst, now))
            left = min(self._burst, left + self._rate * (now - before))
            enough = left >= 1.0
            self._buckets[key] = (left - cost if enough else left, now)
            while len(self._buckets) > self.MOST:
                self._buckets.popitem(last=False)
        return enough
