"""Bodies of answers, of which no server can send more than fits."""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import openai

LARGEST = 64 * 2**20
"""Bytes of an answer. The longest that is read, probabilities of 20 tokens at 1024 places, has under 4 MB."""

PLAIN = {"Accept-Encoding": "identity"}
"""Header that asks for uncompressed answers: a compressed one could be any size when it is unpacked."""

# The SDK has changed its HTTP library (httpx, httpx2), whose classes it looks for.
HTTP: Any = import_module(openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0])


async def limit_body(response: Any) -> None:
    """Let reading an answer fail when it is compressed or endless; a hook of the SDK's HTTP client.

    Args:
        response: The client's, whose body has not been read.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise HTTP.DecodingError("the answer is compressed", request=response.request)
    response.stream = _Limited(response.stream)


class _Limited(HTTP.AsyncByteStream):  # type: ignore[misc]
    def __init__(self, whole: Any) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._whole:
            read += len(part)
            if read > LARGEST:
                raise HTTP.ReadError(f"the answer is longer than {LARGEST >> 20} MiB")
            yield part

    async def aclose(self) -> None:
        await self._whole.aclose()
