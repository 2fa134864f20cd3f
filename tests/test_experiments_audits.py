"""Audits: an honest rater passes all; raters with one vice each fail exactly the audit made for it."""

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from gaia_judge.controls import CONTROLS, exchange
from gaia_judge.engines import Reply
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments import steps
from gaia_judge.experiments.audits import audit_tables, read_audit
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.effects import shift
from gaia_judge.experiments.files import Experiment, read_experiment
from gaia_judge.experiments.indexes import Entry, Index, index
from gaia_judge.experiments.steps import run_cells
from gaia_judge.frames import Frames
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video
from tests.experiments import write_card
from tests.scripted import ScriptedEngine

GENERATORS, ACTIONS = ("Alpha", "Beta", "Gamma"), [f"action{letter}" for letter in "abcdefghijkl"]
SIZE, SIDE = 32, 4
"""Blocks of so many pixels, so many in a row; each says something by its grey."""

VIDEOS = [
    Video(
        id=f"{maker}-{action}",
        path=Path(f"{maker}-{action}.mp4"),
        prompt=f"Someone is doing {action}" + " very" * ((at * 7 + place * 5) % 9) + f" well, take {place}.",
        action=action,
        generator=maker,
        subset="hand" if at < 6 else "face",
    )
    for place, maker in enumerate(GENERATORS)
    for at, action in enumerate(ACTIONS)
]
NUMBERS = {video.id: number for number, video in enumerate(VIDEOS)}
LENGTHS = [len(video.prompt.split()) for video in VIDEOS]


def unrelated(draw):
    """Return the first draw that has nothing to do with the length of prompts."""
    found = (draw(np.random.default_rng(seed)) for seed in itertools.count())
    return next(one for one in found if abs(spearmanr(one, LENGTHS).statistic) < 0.03)


QUALITY = unrelated(lambda chance: chance.permutation(np.linspace(2.4, 3.8, len(VIDEOS))))


def paint(video: Video, count: int) -> Frames:
    """Return frames whose blocks say number, quality, action and time; one holds a fine pattern."""
    images = np.zeros((count, SIZE, SIZE * SIDE, 3), np.uint8)
    number = NUMBERS[video.id]
    said = [number * 5 + 20, round(QUALITY[number] * 50), 60 + 10 * ACTIONS.index(video.action)]
    for place, grey in enumerate(said):
        images[:, :, place * SIZE : (place + 1) * SIZE] = grey
    images[:, : SIZE // 2, 3 * SIZE :] = (np.arange(count) * 200 / count + 20).astype(np.uint8)[
        :, None, None, None
    ]
    checks = np.indices((SIZE // 2, SIZE)).sum(0) % 2 * 120 + 60
    images[:, SIZE // 2 :, 3 * SIZE :] = checks[None, :, :, None]
    seconds = np.arange(count) / count
    return Frames(
        images=images,
        seconds=seconds,
        indices=np.arange(count),
        total=count,
        duration=1.0,
        decoder="painted",
    )


class Painter:
    """In place of the decoders."""

    def __init__(self, spec):
        self.spec = spec

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def stream(self, videos):
        return ((video, paint(video, self.spec.count)) for video in videos)


@dataclass
class Sight:
    """What a rater can make of a request."""

    text: str
    question: str
    labels: tuple[str, ...]
    images: np.ndarray | None
    alone: bool = False

    @property
    def dimension(self):
        return next(
            name for name in ("Subject", "Completeness", "Interaction") if f"{name}:" in self.question
        )

    def grey(self, place):
        width = self.images.shape[2] // SIDE
        return float(self.images[:, :, place * width : (place + 1) * width].mean())

    @property
    def blank(self):
        return self.images is not None and self.images.std() == 0

    @property
    def number(self):
        return min(range(len(VIDEOS)), key=lambda n: abs(n * 5 + 20 - self.grey(0)))

    @property
    def named(self):
        return re.search(r"action[a-l]", self.text)[0]

    @property
    def shown(self):
        return ACTIONS[round((self.grey(2) - 60) / 10) % 12]

    @property
    def prompt(self):
        return re.search(r'prompt: "(.*?)"', self.text)[1]

    @property
    def order(self):
        height, width = self.images.shape[1] // 2, self.images.shape[2] // SIDE
        clock = self.images[:, 1 : height - 1, 3 * width + 1 : -1].mean(axis=(1, 2, 3))
        steps = np.diff(clock)
        kinds = {"rising": (steps > 3).all(), "falling": (steps < -3).all(), "still": (abs(steps) < 1).all()}
        return next((name for name, true in kinds.items() if true), "mixed")

    @property
    def texture(self):
        width = self.images.shape[2] // SIDE
        return float(self.images[:, self.images.shape[1] // 2 + 1 : -1, 3 * width + 1 : -1].std())


@dataclass
class Rater:
    """Honest unless a vice says otherwise."""

    forgives: Callable[[Sight], bool] = lambda sight: False
    """Faults of order or action that it does not see."""
    recalls: Callable[[Sight], bool] = lambda sight: False
    """When it answers from memory of the prompt."""
    bonus: Callable[[Sight], float] = lambda sight: 0.0
    """Levels added for what should not matter."""
    asked: list = field(default_factory=list)

    def rate(self, sight: Sight) -> float:
        if self.recalls(sight):
            own = next(n for n, video in enumerate(VIDEOS) if sight.prompt.startswith(video.prompt))
            return QUALITY[own]
        if sight.images is None or sight.blank:
            return 3.0
        value = sight.grey(1) / 50
        if sight.dimension != "Subject" and not self.forgives(sight):
            value -= 0.8 * (sight.shown != sight.named)
            value -= 0.8 * (sight.dimension == "Completeness" and sight.order != "rising")
        return value + self.bonus(sight)


class RatingEngine(ScriptedEngine):
    """Lets a rater answer; it knows whether a question is alone."""

    def __init__(self, rater: Rater, more: float = 0.0):
        super().__init__(lambda request: self.answer(rater, more, request))

    def answer(self, rater, more, request):
        texts = [message.text for message in request.messages]
        images = None if request.frames is None else request.frames.images.astype(float)
        sight = Sight(" ".join(texts), texts[-1], request.ask.labels, images, not self._queue)
        value = min(5.0, max(1.0, rater.rate(sight) + more))
        low = min(int(value), 4)
        shares = [0.0] * 5
        shares[low - 1], shares[low] = low + 1 - value, value - low
        return Reply(distribution=dict(zip(request.ask.labels, shares, strict=True)), off_scale=0.0)


ONCE = {}
reencode = CONTROLS["re-encoded"].frames


def reencoded(frames):
    """Return what the control makes of frames, once for all raters."""
    if frames.digest not in ONCE:
        ONCE[frames.digest] = reencode(frames)
    return ONCE[frames.digest]


@pytest.fixture(scope="module")
def human(tmp_path_factory):
    file = tmp_path_factory.mktemp("people") / "MOS.csv"
    chance = np.random.default_rng(1)
    scores = {
        name: 20 * QUALITY + chance.normal(0, 2, 36) for name in ("subject", "completeness", "interaction")
    }
    pd.DataFrame({"video": [video.id for video in VIDEOS], **scores}).to_csv(file, index=False)
    return file


def audit_of(rater, home, human, monkeypatch, more=0.0):
    monkeypatch.setattr(steps, "Decoders", Painter)
    monkeypatch.setattr("os.fsync", lambda file: None)  # what a power cut would leave is tested elsewhere
    monkeypatch.setitem(CONTROLS, "re-encoded", replace(CONTROLS["re-encoded"], frames=reencoded))
    own = write_card(home, frames=8)
    experiment = read_experiment("audit")
    wider = [
        rule.model_copy(update={"within": 0.6}) if rule.kind == "length" else rule
        for rule in experiment.rules
    ]  # for so few videos
    experiment = experiment.model_copy(
        update={"judges": (own, own.model_copy(update={"engine": "other"})), "rules": tuple(wider)}
    )
    cells = lay_out(experiment, VIDEOS)

    def load(card, choice):
        return RatingEngine(rater, more if choice.engine == "other" else 0.0)

    assert not any(
        step.refused or step.failed for step in run_cells(cells, VIDEOS, home, source="here", load=load)
    )
    kept = index(home, experiment, cells, videos="here", human=human and str(human), refused={})
    return read_audit(kept)


def length(sight):
    return 0.2 * len(re.sub(r"\(made by .*?\)", "", sight.prompt).split()) - 1.5


EXCHANGED = {(NUMBERS[one.id], one.prompt) for one in exchange(VIDEOS)}
SUBSETS = {action: "hand" if at < 6 else "face" for at, action in enumerate(ACTIONS)}
chance = random.Random(3)

VICES = {
    "text only": Rater(recalls=lambda sight: sight.images is None),
    "blank video": Rater(recalls=lambda sight: sight.blank),
    "frames shuffled": Rater(forgives=lambda sight: sight.order == "mixed"),
    "frames reversed": Rater(forgives=lambda sight: sight.order == "falling"),
    "first frame frozen": Rater(forgives=lambda sight: sight.order == "still"),
    "wrong action named": Rater(
        forgives=lambda sight: sight.order == "rising" and SUBSETS[sight.shown] == SUBSETS[sight.named]
    ),
    "prompt of another video": Rater(
        forgives=lambda sight: sight.order == "rising" and (sight.number, sight.prompt) in EXCHANGED
    ),
    "scale reversed": Rater(bonus=lambda sight: "Excellent, Good" in sight.question),
    "dimensions reordered": Rater(
        bonus=lambda sight: "Premise 1" in sight.question and "Interaction" in sight.question
    ),
    "label words": Rater(bonus=lambda sight: sight.labels[0] == "Awful"),
    "generator named": Rater(bonus=lambda sight: -1.0 if "(made by Beta)" in sight.text else 0.0),
    "half the frames": Rater(bonus=lambda sight: sight.images is not None and len(sight.images) == 4),
    "twice the frames": Rater(bonus=lambda sight: sight.images is not None and len(sight.images) == 16),
    "half resolution": Rater(bonus=lambda sight: sight.images.shape[2] < SIZE * SIDE),
    "re-encoded": Rater(bonus=lambda sight: sight.images.shape[2] == SIZE * SIDE and sight.texture < 59),
    "prompt length": Rater(bonus=length),
    "asked again": Rater(bonus=lambda sight: chance.uniform(-0.006, 0.006)),
    "one at a time": Rater(bonus=lambda sight: 0.06 * sight.alone),
}


def failed(audit):
    return {name for name, outcome in audit.outcomes().items() if outcome != "pass"}


def test_an_honest_rater_passes_every_audit(tmp_path, human, monkeypatch):
    audit = audit_of(Rater(), tmp_path, human, monkeypatch)
    assert failed(audit) == set(), [one.words for one in audit.verdicts if one.outcome != "pass"]
    assert len(audit.outcomes()) == len(VICES) + 1


@pytest.mark.parametrize("vice", VICES)
def test_a_rater_with_one_vice_fails_exactly_its_audit(vice, tmp_path, human, monkeypatch):
    audit = audit_of(VICES[vice], tmp_path, human, monkeypatch)
    assert failed(audit) == {vice}, [one.words for one in audit.verdicts if one.outcome != "pass"]
    assert audit.outcomes()[vice] == "fail"


def test_an_engine_that_says_other_things_fails_the_audit_of_engines(tmp_path, human, monkeypatch):
    audit = audit_of(Rater(), tmp_path, human, monkeypatch, more=0.1)
    assert failed(audit) == {"other engine"}
    (subject, *_) = [one for one in audit.verdicts if one.rule.name == "other engine"]
    assert subject.effect.value == pytest.approx(0.025, abs=1e-3)


def test_without_people_blindness_is_told_by_ranks(tmp_path, monkeypatch):
    audit = audit_of(VICES["text only"], tmp_path, None, monkeypatch)
    assert failed(audit) == {"text only"}
    assert not audit.people
    (verdict, *_) = [one for one in audit.verdicts if one.rule.name == "text only"]
    assert "rank as before" in verdict.words


def test_a_rater_of_text_alone_fails_all_that_asks_whether_it_looks(tmp_path, human, monkeypatch):
    audit = audit_of(Rater(recalls=lambda sight: True), tmp_path, human, monkeypatch)
    looks = {"text only", "blank video", "frames shuffled", "frames reversed", "first frame frozen"}
    assert {name for name, one in audit.outcomes().items() if one == "fail"} >= looks
    health, table = audit_tables(audit)
    counts = {row[0]: row[1] for row in health.rows}
    assert counts["fail"] >= len(looks)
    assert all(name in {row[0]: row[2] for row in health.rows}["fail"] for name in looks)
    assert len(table.rows) == len(audit.verdicts)


def test_what_was_not_run_says_why(tmp_path, human, monkeypatch):
    monkeypatch.setattr(steps, "Decoders", Painter)
    own = write_card(tmp_path, frames=8)
    told = {"judges": (own,), "prompts": read_experiment("audit").prompts[:1], "frames": ({"count": None},)}
    experiment = read_experiment("audit").model_copy(update={"judges": (own,), "prompts": told["prompts"]})
    bare = [Video(id=one.id, path=one.path, action=one.action) for one in VIDEOS]
    cells = lay_out(experiment, bare)
    list(run_cells(cells, bare, tmp_path, source="here", load=lambda card, choice: ScriptedEngine(
        lambda request: Reply(distribution=dict.fromkeys(request.ask.labels, 0.2), off_scale=0.0)
    )))  # fmt: skip
    kept = index(tmp_path, experiment, cells, videos="here", human=str(human), refused={})
    audit = read_audit(kept)
    told = {one.rule.name: one.words for one in audit.verdicts if one.outcome == "not run"}
    assert told.keys() == {
        "dimensions reordered",
        "other engine",
        "generator named",
        "prompt length",
        "prompt of another video",
    }
    assert "no cell 'other engine'" in told["other engine"]
    assert "generators are not known" in told["generator named"]
    few = read_audit(index(tmp_path, experiment, cells[:1], videos="here", human=None, refused={}))
    assert "no cell 'text only'" in next(one.words for one in few.verdicts if one.rule.name == "text only")
    with pytest.raises(GaiaJudgeError, match="has no scores"):
        read_audit(index(tmp_path / "none", experiment, cells, videos="here", human=None, refused={}))


def written(home, raters):
    """Return the index of an audit whose base and text-only cell have such ratings on a scale of 0 to 1."""
    entries = []
    for name, values in raters.items():
        folder = home / "cells" / name.replace(" ", "-")
        folder.mkdir(parents=True)
        rows = [
            {
                "video": f"v{at}",
                "dimension": "completeness",
                "rater": "scripted",
                "action": f"action {at // 4}",
                "value": None if np.isnan(value) else value,
                "error": "busy" if np.isnan(value) else None,
            }
            for at, value in enumerate(values)
        ]
        ScoreTable.from_records(rows).write(folder)
        entries.append(Entry(name, {}, f"cells/{folder.name}", None, None, 0.0, 1.0))
    rules = tuple(rule for rule in read_experiment("audit").rules if rule.name == "frames reversed")
    experiment = Experiment(rules=rules)
    return Index(home, experiment, "here", None, tuple(entries))


def test_intervals_draw_whole_actions_and_missing_ratings_are_counted(tmp_path):
    chance = np.random.default_rng(1)
    base = chance.uniform(0.4, 0.9, 48)
    turned = base - 0.1 + np.repeat(chance.normal(0, 0.2, 12), 4)
    turned[5] = np.nan
    (verdict,) = read_audit(written(tmp_path, {"base": base, "frames reversed": turned})).verdicts
    actions = [f"action {at // 4}" for at in range(48)]
    own, single = shift(base, turned, actions), shift(base, turned)
    assert (verdict.effect.low, verdict.effect.high) == pytest.approx((own.low, own.high))
    assert own.high - own.low > 1.3 * (single.high - single.low)
    assert (verdict.effect.n, verdict.lost) == (47, 1)


def test_too_few_videos_are_not_judged(tmp_path):
    few = {"base": np.linspace(0.5, 0.9, 7), "frames reversed": np.linspace(0.2, 0.6, 7)}
    (verdict,) = read_audit(written(tmp_path / "few", few)).verdicts
    assert (verdict.outcome, verdict.words) == ("not run", "7 videos are too few; 8 are needed.")
    lost = {"base": np.linspace(0.5, 0.9, 9), "frames reversed": [*np.linspace(0.2, 0.6, 7), np.nan, np.nan]}
    audit = read_audit(written(tmp_path / "lost", lost))
    assert audit.outcomes() == {"frames reversed": "unclear"}
    assert "2 of 9 have none after the change: busy." in audit.verdicts[0].words
    assert audit.rater == "scripted"


def test_a_terminal_gets_few_columns(tmp_path):
    audit = read_audit(written(tmp_path, {"base": np.linspace(0, 1, 12), "frames reversed": np.zeros(12)}))
    *_, whole = audit_tables(audit)
    *_, brief = audit_tables(audit, brief=True)
    assert brief.columns == ("audit", "dimension", "verdict", "in words")
    assert [row[:4] for row in whole.rows] == list(brief.rows)
    assert whole.columns[4:7] == ("effect", "n", "missing")


@pytest.mark.parametrize(("videos", "cautious"), [(36, True), (40, False)])
def test_verdicts_from_few_actions_carry_a_caution(videos, cautious, tmp_path):
    falling = {"base": np.linspace(0.5, 0.9, videos), "frames reversed": np.linspace(0.2, 0.6, videos)}
    *_, table = audit_tables(read_audit(written(tmp_path, falling)), brief=True)
    assert ("From 9 actions they are too narrow" in table.notes[0]) == cautious
