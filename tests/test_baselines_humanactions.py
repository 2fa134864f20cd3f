"""Human Action: which labels count, hand and facial keywords, notes."""

from types import SimpleNamespace

import numpy as np
import pytest

from gaia_judge.baselines import Setting, humanactions
from gaia_judge.baselines.encoders import load_clip
from gaia_judge.baselines.humanactions import BINARY, GRADED, keep_labels
from gaia_judge.baselines.kinetics import class_names
from tests.encoders import write_clip_checkpoint
from tests.recognisers import make_clip, make_frames

FRAMES = make_frames(16, 32, 32)


def probabilities(**found):
    """Return 400 probabilities: 0.1, and those given with underscores for spaces."""
    row = np.full(400, 0.1, np.float32)
    for name, value in found.items():
        row[class_names().index(name.replace("_", " "))] = value
    return row


@pytest.fixture
def measure(monkeypatch, tmp_path_factory):
    """Return a function that scores one clip as if UMT gave these probabilities."""
    folder = tmp_path_factory.getbasetemp() / "clip-b32"
    if not folder.exists():
        write_clip_checkpoint(folder)

    def run(metric, row, clip):
        fake = SimpleNamespace(probabilities=lambda clips: [row for _ in clips])
        monkeypatch.setattr(humanactions, "load_umt", lambda setting: fake)
        measurer = metric.load(metric, Setting(weights={"clip-b32": folder}))
        assert set(measurer.describe()) == {"torch", "transformers", "opencv-python-headless"}
        ((score,),) = measurer.measure([clip])
        return score

    run.folder = folder
    return run


SEEN = probabilities(yoga=0.99, zumba=0.95, archery=0.92, marching=0.9, situp=0.87, abseiling=0.86)


@pytest.mark.parametrize(
    ("action", "row", "value"),
    [
        ("yoga", SEEN, 1),
        ("Situp!", SEEN, 1),  # the fifth
        ("abseiling", SEEN, 0),  # 0.86, but the sixth
        ("yoga", probabilities(yoga=0.85), 1),
        ("yoga", probabilities(yoga=0.84996), 1),  # rounded to four digits first
        ("yoga", probabilities(yoga=0.8499), 0),
        ("zumba", probabilities(yoga=0.99), 0),
        ("massaging person’s head", probabilities(**{"massaging_person's_head": 0.9}), 1),
    ],
)
def test_the_action_must_be_among_the_top_five_with_085(measure, action, row, value):
    score = measure(BINARY, row, make_clip(FRAMES, action=action))
    assert (score.value, score.note) == (value, None)


def test_labels_that_count_are_kept_most_probable_first():
    assert list(keep_labels(SEEN)) == ["yoga", "zumba", "archery", "marching", "situp"]
    assert keep_labels(probabilities()) == {}


def test_kept_labels_stand_in_the_trace(measure):
    score = measure(BINARY, probabilities(yoga=0.91234), make_clip(FRAMES, action="zumba"))
    assert score.trace["kept"] == {"yoga": 0.9123}


@pytest.mark.parametrize("action", ["Walk-Finger", "joy"])
def test_hand_and_facial_keywords_are_never_seen_and_the_row_says_why(measure, action):
    score = measure(BINARY, SEEN, make_clip(FRAMES, action=action))
    assert score.value == 0
    assert "not a Kinetics-400 class" in score.note


def test_graded_is_the_probability_of_the_class(measure):
    score = measure(GRADED, probabilities(yoga=0.3), make_clip(FRAMES, action="Yoga"))
    assert (score.value, score.note) == (pytest.approx(0.3), None)


def test_graded_weighs_classes_by_their_names_where_the_keyword_is_none(measure):
    row = np.random.default_rng(0).random(400).astype(np.float32)
    score = measure(GRADED, row, make_clip(FRAMES, action="wave hand"))
    encoder = load_clip({"pretrained_model_name_or_path": str(measure.folder)})
    keyword = encoder.texts(["wave hand"])[0][0].astype(float)
    powers = []
    for vector in encoder.texts(class_names())[0].astype(float):
        powers.append(np.exp(100 * sum(a * b for a, b in zip(vector, keyword, strict=True))))
    wanted = sum(power * one for power, one in zip(powers, row, strict=True)) / sum(powers)
    assert score.value == pytest.approx(wanted, rel=1e-3)
    assert abs(score.value - row.mean()) > 0.01
    nearest = class_names()[int(np.argmax(powers))]
    assert next(iter(score.trace["near"])) == nearest
    assert "not a Kinetics-400 class" in score.note
    assert nearest in score.note


def test_graded_is_the_mean_of_equal_probabilities_whatever_the_keyword(measure):
    score = measure(GRADED, np.full(400, 0.25, np.float32), make_clip(FRAMES, action="joy"))
    assert score.value == pytest.approx(0.25)


@pytest.mark.parametrize("metric", [BINARY, GRADED])
def test_short_videos_prompts_and_cut_keywords_are_said(measure, metric):
    clip = make_clip(FRAMES[:3], prompt="A person is doing " + "many things at once " * 20)
    note = measure(metric, SEEN, clip).note
    assert "short: 3 of 16 frames, the last one repeated" in note
    assert "no action known" in note
    assert ("prompt cut: 77 of its" in note) == (metric is GRADED)


def test_what_tables_say_of_them():
    assert BINARY.rater(Setting()) == "human-action"
    assert GRADED.rater(Setting()) == "human-action-graded (adapted)"
    assert [one.name for one in GRADED.weights] == ["umt-l16-k400", "clip-b32"]
