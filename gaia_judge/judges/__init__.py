"""Judges: a card, a prompt set and an engine together rate videos."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from gaia_judge.cards import JudgeCard, check_training, load_card, weights_digest
from gaia_judge.dialogues import Asking, Chain, check_asking, converse
from gaia_judge.engines import Engine, EngineOptions, Preview, Reply
from gaia_judge.engines.registry import choose_engine
from gaia_judge.frames import Decoders, Frames, FrameSpec, decode
from gaia_judge.judges.talks import Rated, Talks
from gaia_judge.prompts import PromptSet, Readout, load_prompt_set
from gaia_judge.runs import Record
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video

__all__ = ["FOREIGN", "Judge", "Rated", "Usage", "load_judge"]

FOREIGN = "outside the judge's world: not a synthetic clip"
"""The note on each score that a judge of the synthetic world gives to any other video."""


@dataclass(slots=True)
class Usage:
    """Tokens that a judge has used so far."""

    prompt: int = 0
    cached: int = 0
    output: int = 0

    def add(self, reply: Reply) -> None:
        """Count a reply's tokens."""
        self.prompt += reply.prompt_tokens
        self.cached += reply.cached_tokens
        self.output += reply.output_tokens


class Judge:
    """Rates videos. Made by ``load_judge``; close it, or use it in a ``with`` statement."""

    def __init__(
        self, card: JudgeCard, prompt: PromptSet, engine: Engine, frames: FrameSpec, asking: Asking
    ) -> None:
        self.card = card
        self.prompt = prompt
        self.engine = engine
        self.frames = frames
        self.asking = asking
        self.usage = Usage()

    @property
    def rater(self) -> str:
        """The name its scores stand under."""
        name = f"{self.card.name}/{self.prompt.name}/{self.asking.readout}"
        return f"{name} (random weights)" if self.card.random_weights else name

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it rates, in order."""
        return tuple(one.name for one in self.prompt.dimensions)

    def stream(self, videos: Iterable[Video]) -> Iterator[Rated]:
        """Rate videos as fast as the engine takes them, and yield each when it is finished.

        Videos are decoded ahead in other processes. One that cannot be decoded is yielded with scores
        whose error says why. The first one outside the judge's world is warned about; the scores of all such
        carry the note ``FOREIGN``.
        """
        warned = False
        with Decoders(self.frames) as decoders:
            for rated in Talks(self, decoders.stream(videos)).run():
                if rated.frames is None or self.card.covers(rated.frames):
                    yield rated
                    continue
                if not warned:
                    warned = True
                    warnings.warn(_warning(self.card, rated.video), stacklevel=2)
                yield replace(rated, scores=tuple(replace(score, note=FOREIGN) for score in rated.scores))

    def rate(self, videos: Iterable[Video]) -> ScoreTable:
        """Rate videos and return one row per video and dimension, in the order of the videos."""
        videos = list(videos)
        found = {one.video.id: Record.of(one.video, one.frames, one.scores) for one in self.stream(videos)}
        return ScoreTable.from_records(row for video in videos for row in found[video.id].rows())

    def preview(self, video: Video) -> tuple[Frames, Preview]:
        """Return the frames of a video and what the model would read first, without asking it.

        Raises:
            GaiaJudgeError: The video cannot be decoded.
        """
        frames = decode(video, self.frames)
        requests = next(converse(self.prompt, self.asking, video, frames, self.rater))
        return frames, self.engine.preview(requests[0])

    def manifest(self) -> dict[str, Any]:
        """Return everything that determines the scores: versions, digests and settings."""
        card = self.card.model_dump(mode="json", exclude={"about", "citation", "licence"})
        return {
            "gaia_judge": version("gaia-judge"),
            "rater": self.rater,
            "judge": {**card, "weights_digest": weights_digest(self.card.model)},
            "prompt": {"name": self.prompt.name, "digest": self.prompt.digest},
            "frames": self.frames.model_dump(exclude={"timeout_s", "memory_gib"}),
            "asking": {name: getattr(self.asking, name) for name in Asking.__slots__},
            "decoders": {name: version(name) for name in ("decord2", "av")},
            "engine": self.engine.describe(),
        }

    def close(self) -> None:
        """Free the engine."""
        self.engine.close()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def load_judge(
    name: str | JudgeCard,
    *,
    prompt: str = "syllogism",
    scale: str | None = None,
    engine: str = "auto",
    frames: FrameSpec | None = None,
    readout: Readout | None = None,
    chain: Chain = "mode",
    samples: int = 8,
    temperature: float = 1.0,
    seed: int = 0,
    options: EngineOptions | None = None,
) -> Judge:
    """Return a judge that is ready to rate.

    Args:
        name: A judge's name, a card's file, a checkpoint's folder, or a card.
        prompt: A prompt set's name.
        scale: A scale's name instead of the prompt set's own.
        engine: An engine's name; ``auto`` takes the card's first that can run here.
        frames: How frames are taken; the card's number at equal distances by default.
        readout: How a rating is read; the prompt set's by default.
        chain: What the next question sees of a rating.
        samples: Samples per rating when ``sampled``.
        temperature: Temperature of samples.
        seed: Seed of samples.
        options: Servers and engine arguments.

    Raises:
        GaiaJudgeError: Something does not exist or does not fit.
        EngineError: No engine can run the judge here; says what would work.
    """
    card = load_card(name) if isinstance(name, str) else name
    questions = load_prompt_set(prompt, scale=scale)
    asking = Asking(
        readout=readout or questions.readout or card.readout,
        chain=chain,
        samples=samples,
        temperature=temperature,
        seed=seed,
    )
    spec = frames or FrameSpec(count=card.frames)
    check_training(card, questions, spec)
    check_asking(questions, asking)
    options = options or EngineOptions()
    engine_class = choose_engine(engine, card.engines, card.spec(), options)
    return Judge(
        card,
        questions,
        engine_class(card.spec(), options),
        spec,
        asking,
    )


def _warning(card: JudgeCard, video: Video) -> str:
    what = f"{video.path} is not a synthetic clip, and {card.name} knows only those."
    return f"{what} Its ratings of such videos mean NOTHING; the column note marks them."
