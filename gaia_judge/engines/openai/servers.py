"""Servers: what each one is, what it understands, and how it is asked."""

import asyncio
import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import openai

from gaia_judge.engines import EngineOptions, ModelSpec
from gaia_judge.engines.openai.bodies import PLAIN, limit_body
from gaia_judge.engines.openai.completions import Completion, Garbled, read_completion
from gaia_judge.engines.openai.payloads import Payload
from gaia_judge.errors import EngineError, unknown

RETRIES = 4
"""Times that the SDK asks a lone server again after 408, 409, 429, 5xx, a timeout or a lost connection: after
0.5 s, twice as long each time, with jitter, or after what the server's Retry-After says."""

FLEET_RETRIES = 1
"""The same where another server can be asked instead."""

MOST_WAIT_S = 120.0
"""The longest wait before another try that the SDK takes from a server's Retry-After."""

REACH_S = 3.0
"""Seconds in which a server must list its models."""

DISPENSABLE = ("logprobs", "top_logprobs", "seed", "temperature", "n", "max_tokens", "media_io_kwargs")
"""Fields that some servers refuse and that an answer can do without."""


class Server:
    """One OpenAI-compatible server and what it was found to understand.

    Args:
        url: Its address up to ``/v1``.
        options: Timeout and how many requests it may have at once.
    """

    def __init__(self, url: str, options: EngineOptions) -> None:
        self.url = url
        self.model = ""
        self.vllm: str | None = None
        """vLLM's version, ``unknown`` if it hides it; None for other servers."""
        self.fields: frozenset[str] | None = None
        """Fields of a request that vLLM knows; None where it does not say."""
        self.refused: frozenset[str] = frozenset()
        """Dispensable fields that it refused at the start and does not get again."""
        self.in_flight = 0
        self._timeout_s = options.timeout_s
        self._slots = asyncio.Semaphore(options.concurrency)
        self._key = os.environ.get("OPENAI_API_KEY") or "none"
        retries = FLEET_RETRIES if len(options.base_urls) > 1 else RETRIES
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=self._key,
            timeout=options.timeout_s,
            max_retries=retries,
            default_headers=PLAIN,
            http_client=openai.DefaultAsyncHttpxClient(event_hooks={"response": [limit_body]}),
        )

    @property
    def kind(self) -> str:
        """What it is, for the run's manifest."""
        return "OpenAI-compatible" if self.vllm is None else f"vLLM {self.vllm}"

    def knows(self, field: str) -> bool:
        """Tell whether it is a vLLM that takes this field; one that does not say counts as recent."""
        if self.vllm is None or field in self.refused:
            return False
        return self.fields is None or field in self.fields

    async def connect(self, model: ModelSpec) -> None:
        """Find out what it is and which model it serves.

        Raises:
            EngineError: It cannot be reached, wants a key, or does not serve the model.
        """
        listed = await self._list_models(model)
        names = [str(entry.get("id", "")) for entry in listed]
        self.model = names[0] if model.model in ("", "auto") and names else model.model
        if self.model in ("", "auto"):
            raise EngineError(f"{shown(self.url)} lists no models.", "Name one in the judge's card.")
        if names and not any(name in (self.model, f"models/{self.model}") for name in names):
            raise EngineError(
                f"{shown(self.url)} does not serve {self.model}.", unknown("model", self.model, names).hint
            )
        if any(entry.get("owned_by") == "vllm" for entry in listed):
            self.vllm = str((await self._look("/version")).get("version", "unknown"))
            self.fields = _request_fields(await self._look("/openapi.json"))
            if not await self._tokenizes():
                self.refused |= {"logprob_token_ids"}  # of no use without the labels' tokens

    async def learn(self, payload: Payload) -> Completion:
        """Ask the first question, and leave off for good the dispensable fields that the server refuses."""
        while True:
            try:
                return await self.complete(payload)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                sent = [name for name in DISPENSABLE if name in payload and name not in self.refused]
                named = [name for name in sent if re.search(rf"\b{name}\b", str(error))]
                if not named:
                    raise
                self.refused |= {named[0]}

    async def complete(self, payload: Payload) -> Completion:
        """Return the server's answer to a chat.

        Raises:
            openai.OpenAIError: It could not be had, after all retries.
            Garbled: It is not a completion.
        """
        sent = {name: value for name, value in payload.items() if name not in self.refused}
        if "max_tokens" in payload and "max_tokens" in self.refused:
            sent["max_completion_tokens"] = payload["max_tokens"]
        return read_completion(await self._post("/chat/completions", {"model": self.model, **sent}))

    async def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text; vLLM only."""
        body = {"model": self.model, "prompt": text, "add_special_tokens": False}
        return _tokens(await self._post(f"{self.root}/tokenize", body))

    async def tokenize_chat(self, messages: Sequence[Payload], *, prompting: bool) -> list[int]:
        """Return the tokens of a conversation, with or without the start of the model's turn; vLLM only."""
        body = {"model": self.model, "messages": messages, "add_generation_prompt": prompting}
        return _tokens(await self._post(f"{self.root}/tokenize", body))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens; vLLM only."""
        body = {"model": self.model, "tokens": list(tokens)}
        return str(_mapping(await self._post(f"{self.root}/detokenize", body)).get("prompt", ""))

    def explain(self, error: Exception) -> str:
        """Return one line about a failed request, without the key."""
        where = shown(self.url)
        if isinstance(error, openai.APIStatusError):
            message = error.message.removeprefix(f"Error code: {error.status_code} - ")
            text = f"{where} answered {error.status_code}: {message}"
        elif isinstance(error, openai.APITimeoutError | TimeoutError):
            text = f"{where} did not answer within {self._timeout_s:g} s."
        elif isinstance(error, openai.APIConnectionError):
            text = f"{where} cannot be reached or broke off: {error.__cause__ or error}"
        else:
            text = str(error) or type(error).__name__
        line = " ".join(text.split())[:400]
        return line if self._key == "none" else line.replace(self._key, "<key>")

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    @property
    def root(self) -> str:
        """Its address without ``/v1``, where vLLM has its own routes."""
        return self.url.removesuffix("/v1")

    async def _post(self, path: str, body: Payload) -> Any:
        async with self._slots:
            # The client's timeout runs between two bytes: this one is for servers that trickle.
            async with asyncio.timeout((RETRIES + 1) * (self._timeout_s + MOST_WAIT_S)):
                try:
                    return await self._client.post(path, cast_to=object, body=body)
                except (ValueError, RecursionError) as error:
                    raise Garbled("The server's answer is not JSON.") from error

    async def _look(self, path: str) -> dict[str, Any]:
        """Return what vLLM says at a path; nothing where a proxy hides it."""
        try:
            return _mapping(await self._client.get(f"{self.root}{path}", cast_to=object))
        except (openai.OpenAIError, ValueError):
            return {}

    async def _tokenizes(self) -> bool:
        """Tell whether vLLM's own routes can be reached; proxies may let only ``/v1`` through."""
        try:
            return bool(await self.tokenize("1"))
        except (openai.OpenAIError, ValueError):
            return False

    async def _list_models(self, model: ModelSpec) -> list[dict[str, Any]]:
        try:
            body = await self._client.with_options(timeout=REACH_S, max_retries=0).get(
                "/models", cast_to=object
            )
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise EngineError(f"{shown(self.url)} wants another key.", "export OPENAI_API_KEY=...") from error
        except openai.NotFoundError:
            return []
        except (openai.OpenAIError, ValueError) as error:
            raise EngineError(f"There is no server: {self.explain(error)}", start_command(model)) from error
        entries = _mapping(body).get("data")
        return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def read_url(text: str) -> str:
    """Return a server's address up to ``/v1``, which may be left off.

    >>> read_url("http://localhost:8000/"), read_url("https://host/openai/v1/")
    ('http://localhost:8000/v1', 'https://host/openai/v1')

    Raises:
        EngineError: It is not an address.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise EngineError(
            f"{text!r} is neither an address of a server nor a file of them.",
            "Give one such as http://localhost:8000/v1.",
        )
    return f"{text.rstrip('/')}{'' if parts.path.strip('/') else '/v1'}"


def shown(url: str) -> str:
    """Return an address without what may be secret in it.

    >>> shown("https://me:secret@host/v1?key=secret")
    'https://host/v1'
    """
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]


def start_command(model: ModelSpec) -> str:
    """Return how to start a server for a model."""
    name = model.model if model.model not in ("", "auto") else "MODEL"
    return f"vllm serve {name} --trust-request-mm-kwargs, then add --base-url http://localhost:8000/v1"


def _mapping(body: object) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}


def _tokens(body: object) -> list[int]:
    return [int(token) for token in _mapping(body).get("tokens", ())]


def _request_fields(schema: dict[str, Any]) -> frozenset[str] | None:
    described = schema.get("components", {}).get("schemas", {}).get("ChatCompletionRequest", {})
    return frozenset(described.get("properties", ())) or None
