"""Judges: a card, a prompt set and an engine together rate videos."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from gaia_judge.cards import JudgeCard, load_card
from gaia_judge.dialogues import Chain, converse
from gaia_judge.engines import Engine, EngineOptions, Preview
from gaia_judge.engines.registry import choose_engine
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, Frames, FrameSpec, decode
from gaia_judge.judges.plans import Plan, plan_judge
from gaia_judge.judges.talks import Rated, Talks, Usage
from gaia_judge.prompts import PromptSet, Readout, load_prompt_set
from gaia_judge.runs import Record
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video

__all__ = ["FOREIGN", "Judge", "Plan", "Rated", "Usage", "load_engine", "load_judge", "plan_judge"]

FOREIGN = "outside the judge's world: not a synthetic clip"
"""The note on each score that a judge of the synthetic world gives to any other video."""


class Judge:
    """Rates videos. Made by ``load_judge``; close it, or use it in a ``with`` statement.

    Args:
        plan: What it says.
        engine: What runs it.
        decoders: Already started ones, for the first stream of videos, which closes them.
    """

    def __init__(self, plan: Plan, engine: Engine, decoders: Decoders | None = None) -> None:
        self.plan = plan
        self.card, self.prompt, self.frames, self.asking = plan.card, plan.prompt, plan.frames, plan.asking
        self.engine = engine
        self._decoders = decoders
        self.usage = Usage()
        self._warned = False

    @property
    def rater(self) -> str:
        """The name its scores stand under."""
        return self.plan.rater

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it rates, in order."""
        return tuple(one.name for one in self.prompt.dimensions)

    def stream(self, videos: Iterable[Video]) -> Iterator[Rated]:
        """Decode videos ahead, in other processes, and rate them; see ``rate_frames``."""
        started, self._decoders = self._decoders, None
        with started or Decoders(self.frames) as decoders:
            yield from self.rate_frames(decoders.stream(videos), decoders.is_ready)

    def rate_frames(
        self,
        supply: Iterator[tuple[Video, Frames | GaiaJudgeError]],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> Iterator[Rated]:
        """Rate decoded videos as fast as the engine takes them, and yield each when it is finished.

        A video that comes with an error instead of frames is yielded with scores whose error says why. The
        first outside the judge's world is warned about; the scores of all such carry the note ``FOREIGN``.

        Args:
            supply: Videos with their frames, whichever these are; read as the engine has room.
            is_ready: Tells whether the next can be read without waiting; until then the engine works on
                what it has.
        """
        for rated in Talks(self, supply, is_ready).run():
            if rated.frames is None or self.card.covers(rated.frames):
                yield rated
                continue
            if not self._warned:
                self._warned = True
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
        return {**self.plan.manifest(), "engine": self.engine.describe()}

    def close(self) -> None:
        """Free the engine, and decoders that were not used."""
        if self._decoders:
            self._decoders.close()
        self.engine.close()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def load_judge(
    name: str | JudgeCard,
    *,
    prompt: str | PromptSet = "syllogism",
    scale: str | None = None,
    engine: str | Engine = "auto",
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
        prompt: A prompt set, or its name.
        scale: A scale's name instead of the prompt set's own.
        engine: An engine's name, ``auto`` for the card's first that can run here, or one that runs the card.
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
    plan = plan_judge(
        card,
        load_prompt_set(prompt, scale=scale) if isinstance(prompt, str) else prompt,
        frames=frames,
        readout=readout,
        chain=chain,
        samples=samples,
        temperature=temperature,
        seed=seed,
    )
    if not isinstance(engine, str):
        return Judge(plan, engine)
    decoders = Decoders(plan.frames)
    decoders.start()  # while the model is loaded
    try:
        return Judge(plan, load_engine(card, engine, options), decoders)
    except BaseException:
        decoders.close()
        raise


def load_engine(card: JudgeCard, name: str = "auto", options: EngineOptions | None = None) -> Engine:
    """Return an engine with a judge's model in it.

    Args:
        card: The judge.
        name: An engine's name, or ``auto`` for the card's first that can run here.
        options: Servers and engine arguments.

    Raises:
        EngineError: No engine can run the judge here; says what would work.
    """
    options = options or EngineOptions()
    return choose_engine(name, card.engines, card.spec(), options)(card.spec(), options)


def _warning(card: JudgeCard, video: Video) -> str:
    what = f"{video.path} is not a synthetic clip, and {card.name} knows only those."
    return f"{what} Its ratings of such videos mean NOTHING; the column note marks them."
