"""OpenAI-compatible servers: true label probabilities from vLLM, from others what they give."""

import asyncio
import queue
import re
import warnings
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future
from importlib.metadata import version
from typing import Any

import openai

from gaia_judge.engines import EngineOptions, ModelSpec, Preview, Problem, Reply, Request
from gaia_judge.engines.openai.answers import Answerer, noted
from gaia_judge.engines.openai.completions import Unreadable
from gaia_judge.engines.openai.fleets import Berth, Fleet, is_servers_fault
from gaia_judge.engines.openai.loops import Loop
from gaia_judge.engines.openai.payloads import MEDIA, Payload, Send, outline
from gaia_judge.engines.openai.servers import Server, read_url, start_command
from gaia_judge.errors import EngineError
from gaia_judge.frames import Frames

KEPT = 16
"""Videos whose encoded frames are kept for their next question."""

CONTROL = re.compile(r"<\|[\w-]+\|>|</?s>|<(?:image|video)>")
"""What vLLM would read as control tokens, were it part of a prompt."""


class OpenAIEngine:
    """Asks OpenAI-compatible servers, one or several."""

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return why no server can be asked: no address, no answer, no key, another model."""
        if not options.base_urls:
            return [Problem("No server is given.", start_command(model))]
        loop = Loop()
        try:
            return loop.run(_problems(model, options))
        finally:
            loop.close()

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        if not options.base_urls:
            raise EngineError("No server is given.", start_command(model))
        self._model = model
        self._options = options
        self._open = 0
        self._done: queue.SimpleQueue[tuple[Hashable, Future[Reply]]] = queue.SimpleQueue()
        self._encoded: OrderedDict[tuple[Send, str], asyncio.Task[Payload]] = OrderedDict()
        self._loop = Loop()
        try:
            self._fleet = Fleet(self._loop.run(self._connect()), options.concurrency)
        except BaseException:
            self._loop.close()
            raise
        self.width = options.concurrency * len(self._fleet.berths)

    def submit(self, key: Hashable, request: Request) -> None:
        """Start asking; every failure becomes a reply with its reason."""
        self._open += 1
        future = self._loop.start(self._answer(request))
        future.add_done_callback(lambda answered: self._done.put((key, answered)))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Wait for an answer and return it with all that have come meanwhile."""
        if not self._open:
            return []
        ready = [self._done.get()]
        while not self._done.empty():
            ready.append(self._done.get())
        self._open -= len(ready)
        return [(key, answered.result()) for key, answered in ready]

    def preview(self, request: Request) -> Preview:
        """Return the conversation as sent; only the server knows its template and length."""
        return Preview(outline(request.messages, request.frames), None)

    def describe(self) -> dict[str, Any]:
        """Return what the servers are and how they are asked; neither addresses nor key."""
        servers = [one.answerer.server for one in self._fleet.berths]
        return {
            "engine": "openai",
            "version": version("openai"),
            "servers": sorted({server.kind for server in servers}),
            "settings": {
                "model": servers[0].model,
                "send": sorted({self._send(server) for server in servers}),
                "refused": sorted({name for server in servers for name in server.refused}),
            },
        }

    def close(self) -> None:
        """Drop what is in flight and close all connections."""
        if hasattr(self, "_fleet"):
            for one in self._fleet.berths:
                self._loop.run(one.answerer.server.close())
            del self._fleet
        self._loop.close()

    async def _connect(self) -> list[Answerer]:
        """Return who asks each server; of several, those that cannot be had are told of and left out."""
        met = await asyncio.gather(
            *(self._meet(url) for url in self._options.base_urls), return_exceptions=True
        )
        found = [one for one in met if isinstance(one, Answerer)]
        lost = [one for one in met if isinstance(one, BaseException)]
        if not found or any(not isinstance(one, EngineError) for one in lost):
            raise lost[0]
        for one in lost:
            warnings.warn(f"A server is left out: {one}", stacklevel=2)
        names = sorted({one.server.model for one in found})
        if len(names) > 1:
            raise EngineError(
                f"The servers serve different models: {', '.join(names)}.", "Name one in the card."
            )
        return found

    async def _meet(self, url: str) -> Answerer:
        """Return who asks a server, once it has obeyed a constraint."""
        server = Server(read_url(url), self._options)
        await server.connect(self._model)
        answerer = Answerer(server)
        timed = self._send(server) == "sequence"
        try:
            await answerer.probe({"media_io_kwargs": {"video": {"num_frames": -1}}} if timed else {})
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise EngineError(
                server.explain(error), "Ratings need a server with structured outputs."
            ) from error
        return answerer

    def _send(self, server: Server) -> Send:
        if self._options.send != "auto":
            return self._options.send
        return "sequence" if server.vllm and self._model.video else "images"

    async def _answer(self, request: Request) -> Reply:
        """Ask one server after another, until one answers; only its answer counts."""
        digest = await asyncio.to_thread(_digest, request.frames)
        tried: list[Berth] = []
        while True:
            berth = self._fleet.pick(digest, tried)
            assert berth is not None
            reply, error = await self._ask(berth, request, digest)
            if error is None or not is_servers_fault(error):
                self._fleet.answered(berth)
                return reply
            self._fleet.failed(berth)
            tried.append(berth)
            if self._fleet.pick(digest, tried) is None:
                return reply

    async def _ask(self, berth: Berth, request: Request, digest: str) -> tuple[Reply, Exception | None]:
        """Return a server's reply, and the error behind it if it is one."""
        answerer, server = berth.answerer, berth.answerer.server
        server.in_flight += 1
        try:
            _refuse_control(server, request)
            media = {} if request.frames is None else await self._media(answerer, request.frames, digest)
            reply = await answerer.answer(answerer.payload(request.messages, media), request.ask)
            return (noted(reply, self._note(server)) if request.frames else reply), None
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            return Reply(error=server.explain(error)), error
        finally:
            server.in_flight -= 1

    async def _media(self, answerer: Answerer, frames: Frames, digest: str) -> Payload:
        """Return the encoded frames, encoded once for all questions about them."""
        server = answerer.server
        send = self._send(server)
        if send == "sequence" and not server.knows("media_io_kwargs"):
            await answerer.check_count(len(frames.images))
        key = (send, digest)
        if key not in self._encoded:
            self._encoded[key] = asyncio.create_task(asyncio.to_thread(MEDIA[send], frames))
        self._encoded.move_to_end(key)
        while len(self._encoded) > KEPT:
            self._encoded.popitem(last=False)
        return await self._encoded[key]

    def _note(self, server: Server) -> str:
        """Return what a reader of a row must know of how the frames went."""
        send = self._send(server)
        if send == "mp4":
            return "the server chose among the frames"
        if send == "images":
            return "the frames went as separate images" if self._model.video else ""
        return "" if server.knows("media_io_kwargs") else "the server was not told the times of the frames"


async def _problems(model: ModelSpec, options: EngineOptions) -> list[Problem]:
    """Return what each server lacks; nothing as soon as one lacks nothing."""
    found = [await _look(url, model, options) for url in options.base_urls]
    return [problem for one in found for problem in one] if all(found) else []


async def _look(url: str, model: ModelSpec, options: EngineOptions) -> list[Problem]:
    try:
        server = Server(read_url(url), options)
        try:
            await server.connect(model)
        finally:
            await server.close()
    except EngineError as error:
        return [Problem(error.message, error.hint)]
    return []


def _digest(frames: Frames | None) -> str:
    return frames.digest if frames is not None else ""


def _refuse_control(server: Server, request: Request) -> None:
    texts = " ".join(message.text for message in request.messages)
    if server.vllm and (found := CONTROL.search(texts)):
        raise Unreadable(
            f"The text for the model holds the control token {found[0]!r}: remove it from the prompt."
        )
