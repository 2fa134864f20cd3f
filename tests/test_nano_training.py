"""How nano is trained: steps that go on where they were stopped, in folders of their own."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.nano.folders import take
from gaia_judge.nano.lessons import Lessons
from gaia_judge.nano.optimizers import orthogonal
from gaia_judge.nano.texts import build_tokenizer
from gaia_judge.nano.training import Course, School, train


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


def test_the_optimizer_turns_matrices_into_nearly_orthogonal_ones():
    matrices = torch.randn(3, 24, 64, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(matrices))
    assert values.min() > 0.5
    assert values.max() < 1.5
    torch.testing.assert_close(orthogonal(matrices.mT), orthogonal(matrices).mT)


TINY = Course(steps=4, eyes=1, easy=2, cool=2, clips=2)


def test_training_goes_on_where_it_was_stopped(tmp_path):
    assert train(tmp_path / "whole", TINY) == 4
    assert train(tmp_path / "parts", TINY, minutes=0) == 1
    assert torch.load(tmp_path / "parts" / "state.pt", weights_only=True)["step"] == 1
    assert train(tmp_path / "parts", TINY, workers=2) == 4
    left, right = (tmp_path / name / "nano" / "model.safetensors" for name in ("whole", "parts"))
    assert left.read_bytes() == right.read_bytes()


def test_a_training_that_stops_early_says_how_far_it_has_come(tmp_path):
    rows = []
    assert train(tmp_path / "work", TINY, minutes=0, report=rows.append) == 1
    assert [(row["step"], row["of"]) for row in rows] == [(1, 4)]
    assert rows == [json.loads(line) for line in (tmp_path / "work" / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("words", [["train", "--steps", "4"], ["exam"]])
def test_a_folder_that_holds_other_things_is_left_alone(words, tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "letter.txt").write_text("precious")
    done = CliRunner().invoke(cli, ["nano", words[0], str(tmp_path), *words[1:]])
    assert isinstance(done.exception, GaiaJudgeError)
    assert "but other things, such as" in done.exception.message
    assert "new or empty" in done.exception.hint
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["benchmarks", "letter.txt"]


def test_a_training_that_was_killed_at_its_very_start_can_begin_again(tmp_path):
    (tmp_path / ".state.pt.part").write_bytes(b"half a state")
    assert take(tmp_path, "state.pt", "training of nano") == tmp_path
    with pytest.raises(GaiaJudgeError, match="cannot be used"):
        take(tmp_path / ".state.pt.part", "state.pt", "training of nano")


def test_training_lowers_the_loss(tokenizer, tmp_path):
    school = School(tmp_path, replace(TINY, steps=30, eyes=1), seed=0)
    lesson = Lessons(tokenizer, seed=0).lesson(0, 4)
    school.teach(lesson)
    losses = []
    for _ in range(25):
        losses.append({name: value.item() for name, value in school.pupil.losses(lesson).items()})
        school.teach(lesson)
    assert all(losses[-1][name] < losses[0][name] for name in losses[0])


def test_another_training_in_the_same_folder_is_refused(tmp_path):
    School(tmp_path, TINY, seed=0).keep()
    with pytest.raises(GaiaJudgeError, match="seed was 0"):
        School(tmp_path, TINY, seed=1)
