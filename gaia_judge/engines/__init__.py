"""Engines answer requests about frames; every engine stands behind the one protocol below.

An engine is asked in two verbs, so that decoding, the next video and the next premise never wait for a
whole batch: ``submit`` hands over a request, ``collect`` waits for whatever has been answered.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from gaia_judge.frames import Frames
from gaia_judge.videos.entries import VIDEO_MARK

__all__ = [
    "VIDEO_MARK",
    "Ask",
    "Draws",
    "Engine",
    "EngineOptions",
    "Form",
    "Labels",
    "Message",
    "ModelSpec",
    "Preview",
    "Problem",
    "Reply",
    "Request",
    "Text",
    "ask",
]


class ModelSpec(BaseModel):
    """What an engine needs to know of a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """Name on the model hub, or a folder."""
    revision: str | None = None
    """Commit on the hub; null where it could not be verified."""
    video: bool = True
    """Whether the model takes video tokens; otherwise frames go as a list of images."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto``: bfloat16 on a GPU, float32 elsewhere."""
    memory_gib: PositiveFloat | None = None
    """Memory that weights and caches need, in GiB; unknown if null."""
    context: PositiveInt = 8192
    """Tokens of context to reserve."""
    engine_args: Mapping[str, Any] = {}
    """More arguments for vLLM's engine, such as tensor_parallel_size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the user sets about the engine rather than the model."""

    base_urls: tuple[str, ...] = ()
    """Addresses of OpenAI-compatible servers, such as ``http://localhost:8000/v1``."""
    engine_args: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that win over the card's."""
    concurrency: int = 16
    """Requests in flight at a server."""
    timeout_s: float = 120.0
    """Seconds one request may take at a server."""
    send: Literal["auto", "images", "sequence", "mp4"] = "auto"
    """How frames go to a server: one image each, a vLLM video of exactly these frames, or an mp4 file from
    which the server chooses; ``auto`` is ``sequence`` on vLLM for models that take video, else ``images``."""
    record: str | None = None
    """File of recorded replies, for the replay engine."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. The first user message holds ``VIDEO_MARK`` once, where frames go."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Ask for the probability of each label as the next thing the model would say."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draws:
    """Ask for ``count`` independent samples among the labels."""

    labels: tuple[str, ...]
    count: int
    temperature: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """Ask for one paragraph of free text (no line break) of at most ``max_tokens`` tokens, greedily."""

    max_tokens: int


@dataclass(frozen=True, slots=True)
class Form:
    """Ask for a JSON object whose fields, in this order, each hold one of their labels; greedy."""

    fields: tuple[tuple[str, tuple[str, ...]], ...]
    temperature: float = 0.0
    seed: int = 0


Ask = Labels | Draws | Text | Form


@dataclass(frozen=True, slots=True)
class Request:
    """One question: a conversation so far, the frames it is about, and what kind of answer is wanted."""

    messages: tuple[Message, ...]
    frames: Frames | None
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an engine answered. Either ``error`` is set or the field that the request asked for."""

    distribution: Mapping[str, float] | None = None
    """Labels: probability of each, summing to 1 over the labels."""
    off_scale: float | None = None
    """Labels: probability mass on anything else, in [0, 1]; null where the engine cannot know."""
    draws: tuple[str, ...] = ()
    """Draws: one label each."""
    text: str | None = None
    """Text: the paragraph. Form: the JSON as written."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Form: the label of each field."""
    distributions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Form: per field the renormalised probabilities, where they could be read."""
    prompt_tokens: int = 0
    """Tokens of the conversation, video included, however often it was read."""
    cached_tokens: int = 0
    """Prompt tokens that the prefix cache supplied."""
    output_tokens: int = 0
    error: str | None = None
    """Why there is no answer."""
    note: str = ""
    """What a reader of the row must know, such as probabilities that the server masked or truncated."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a model would read, without running it."""

    text: str
    """The rendered conversation, with the chat template applied where the engine applies it itself."""
    tokens: int | None
    """Length in tokens with the video expanded; null where only the server knows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an engine cannot run a model here, and a command that would work."""

    what: str
    cure: str


class Engine(Protocol):
    """Answers requests. Engines are registered as entry points of ``gaia_judge.engines``."""

    width: int
    """Requests worth having in flight at once."""

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return within seconds why this engine cannot run the model here; empty if it can."""
        ...

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        """Load the model and send one constrained probe.

        Raises:
            EngineError: It cannot be loaded, or the probe's answer left its choices.
        """
        ...

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand over a request; ``collect`` returns its reply under the same key."""
        ...

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Wait until something is answered and return it; empty only if nothing is in flight."""
        ...

    def preview(self, request: Request) -> Preview:
        """Return what the model would read for a request, without answering it."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return versions and settings that determine the answers, for the run's manifest."""
        ...

    def close(self) -> None:
        """Free the model, its memory and its processes."""
        ...


def ask(engine: Engine, requests: list[Request]) -> list[Reply]:
    """Submit requests, wait for all, and return the replies in order."""
    asked = [object() for _ in requests]  # no key of an earlier call that was broken off
    for key, request in zip(asked, requests, strict=True):
        engine.submit(key, request)
    replies: dict[Hashable, Reply] = {}
    while not replies.keys() >= set(asked):
        replies.update(engine.collect())
    return [replies[key] for key in asked]
