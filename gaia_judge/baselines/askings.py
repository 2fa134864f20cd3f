"""Askings: metrics whose scores are what a judge answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.loans import borrow
from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.baselines.referees import card_of, obstacles, weights_of
from gaia_judge.cards import check_training, load_card
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames, FrameSpec
from gaia_judge.judges import load_judge
from gaia_judge.prompts import load_prompt_set
from gaia_judge.scores import Score, missing
from gaia_judge.videos import Video

Rows = tuple[Score, ...]


class JudgeMeasurer:
    """Rates clips by the judge and the prompt set that the metric names, and keeps all that a rating tells.

    A clip of which neither prompt nor action is known has no score, whatever the questions are.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self.metric = metric
        card = card_of(metric, setting)
        self._loan = borrow(card, setting)
        self.judge = load_judge(
            card,
            prompt=metric.facts["judge"]["prompt"],
            frames=metric.frames,
            engine=self._loan.engine,
            options=setting.options,
        )

    def measure(self, clips: Sequence[Clip]) -> list[Rows]:
        """Return the scores of each clip, one per dimension of the prompt set."""
        rated = self.rate([(clip.video, shown(clip)) for clip in clips])
        return [
            tuple(noted(score, clip) for score in scores) for clip, scores in zip(clips, rated, strict=True)
        ]

    def rate(self, items: Sequence[tuple[Video, Frames | GaiaJudgeError]]) -> list[Rows]:
        """Return the judge's scores of each item, in order; one video may come several times."""
        numbered = ((replace(video, id=str(at)), frames) for at, (video, frames) in enumerate(items))
        found = {int(one.video.id): one.scores for one in self.judge.rate_frames(numbered)}
        return [
            tuple(replace(score, video=video.id) for score in found[at])
            for at, (video, _) in enumerate(items)
        ]

    def describe(self) -> dict[str, Any]:
        """Return the judge's card, questions and engine, as the manifest of a judge's own run does."""
        told = self.judge.manifest()
        return {name: told[name] for name in ("judge", "prompt", "asking", "engine")}

    def close(self) -> None:
        """Give the engine back."""
        self._loan.close()


def ask_judge(judge: str, prompt: str, **facts: Any) -> Metric:
    """Return a metric whose scores are a judge's answers to a prompt set.

    Args:
        judge: A judge's name, a card's file, or a checkpoint's folder.
        prompt: A prompt set's name.
        facts: Fields of the metric; those that follow from card and prompt set may be left out.

    Raises:
        GaiaJudgeError: There is no such judge or prompt set, or the judge was not trained on the prompt set.
    """
    card, questions = load_card(judge), load_prompt_set(prompt)
    frames = facts.get("frames", FrameSpec(count=card.frames))
    check_training(card, questions, frames)
    told = {"card": judge, "prompt": prompt}
    known: dict[str, Any] = {
        "load": JudgeMeasurer,
        "obstacles": obstacles,
        "licence": card.licence or "unknown",
        "citation": card.citation,
        "dimensions": tuple(one.name for one in questions.dimensions),
        "frames": frames,
        "weights": weights_of(card),
        "facts": {"judge": told | {"random_weights": card.random_weights, "world": card.world}},
    }
    return Metric(**{**known, **facts})


def shown(clip: Clip) -> Frames | GaiaJudgeError:
    """Return a clip's frames, or why it cannot be asked about: nobody knows what it was to show."""
    try:
        _ = clip.text
    except GaiaJudgeError as error:
        return error
    return clip.frames


def mean_of(metric: Metric, clip: Clip, parts: Mapping[str, Score]) -> Rows:
    """Return the mean of several ratings as a metric's one score, missing where any of them is.

    The distribution is that of a rating drawn among them, so its expected value is the mean.

    Args:
        metric: Of one dimension.
        clip: What was rated.
        parts: The ratings, by what an error and the trace call them.
    """
    values: dict[str, float] = {}
    for part, score in parts.items():
        if score.value is None:
            return tuple(missing(metric.dimensions, clip.video.id, metric.name, f"{part}: {score.error}"))
        values[part] = score.value
    note = next((score.note for score in parts.values() if score.note), None)
    (mean,) = metric.scores(clip, fmean(values.values()), note=note, parts=values)
    off = [score.off_scale for score in parts.values() if score.off_scale is not None]
    spread = [score.distribution for score in parts.values() if score.distribution is not None]
    mean = replace(
        mean,
        off_scale=fmean(off) if len(off) == len(parts) else None,
        distribution=_mixture(spread) if len(spread) == len(parts) else None,
    )
    return (noted(mean, clip),)


def noted(score: Score, clip: Clip) -> Score:
    """Return a score whose note, if it has no other, says that the clip has fewer frames than asked."""
    return score if score.note or score.value is None else replace(score, note=clip.frames.note or None)


def _mixture(distributions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {label: fmean(one[label] for one in distributions) for label in distributions[0]}
