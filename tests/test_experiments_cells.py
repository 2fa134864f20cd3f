"""Cells: the places of a matrix, their names and keys, and what does not fit together."""

from itertools import product

import pytest

from gaia_judge.assets import eject_asset
from gaia_judge.controls import CONTROLS
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.files import AXES, read_experiment
from tests.experiments import matrix, write_card
from tests.scripted import some_video

VIDEOS = [some_video("a"), some_video("b")]


@pytest.fixture
def judge(tmp_path):
    return write_card(tmp_path)


def names(experiment):
    return [cell.name for cell in lay_out(experiment, VIDEOS)]


def test_all_combinations_stand_in_order_under_what_varies(judge):
    found = names(matrix(judge, prompts=["syllogism", "independent"], controls=["none", "blank video"]))
    assert found == ["syllogism", "syllogism, blank video", "independent", "independent, blank video"]


def test_one_change_at_a_time_starts_from_the_base(judge):
    found = names(matrix(judge, vary="one", frames=[None, 2, "x2"], readouts=[None, "choice"], seeds=[3]))
    assert found == ["base", "2 frames", "2 times the frames", "readout choice"]


def test_the_absence_of_a_control_is_named_where_it_is_not_the_base(judge):
    axes = {"controls": ["text only", "none"]}
    assert names(matrix(judge, **axes)) == ["text only", "no control"]
    assert names(matrix(judge, vary="one", **axes)) == ["base", "no control"]
    two = matrix(judge, prompts=["syllogism", "independent"], **axes)
    assert names(two)[:2] == ["syllogism, text only", "syllogism, no control"]


def test_frames_are_named_by_all_that_says_which(judge):
    frames = [{"fps": 2}, {"fps": 2, "count": 6}, {"fps": 2, "times": 3}, {"count": 6}, {"times": 3}]
    cells = lay_out(matrix(judge, frames=frames), VIDEOS)
    assert [cell.name for cell in cells] == [
        "2 frames per second",
        "2 frames per second, 6 frames at most",
        "2 frames per second, 3 times the frames at most",
        "6 frames",
        "3 times the frames",
    ]
    assert [cell.plan.frames.count for cell in cells] == [4, 6, 12, 6, 12]


def test_each_axis_is_read_and_reaches_its_cell(judge):
    axes = {
        "prompts": ["syllogism", {"set": "syllogism", "order": "reversed"}],
        "scales": [None, "one-to-five"],
        "frames": [None, {"fps": 2}],
        "readouts": ["expected", "sampled"],
        "chains": ["mode", "marginal"],
        "seeds": [0, 1],
        "controls": ["none", "text only"],
    }
    cells = lay_out(matrix(judge, **axes, samples=5, temperature=0.5), VIDEOS)
    assert len(cells) == 2 ** len(axes)
    for cell, values in zip(cells, product(*axes.values()), strict=True):
        prompt, scale, frames, readout, chain, seed, control = values
        plan = cell.plan
        first = plan.prompt.dimensions[0].name
        assert first == ("subject" if prompt == "syllogism" else "interaction")
        assert plan.prompt.scale.labels[0] == ("1" if scale else "Bad")
        assert plan.frames.fps == (2 if frames else None)
        assert (plan.frames.count, plan.asking.readout, plan.asking.chain) == (4, readout, chain)
        drawn = (plan.asking.samples, plan.asking.temperature, plan.asking.seed)
        assert drawn == ((5, 0.5, seed) if readout == "sampled" else (1, 0.0, 0))
        assert cell.control.name == control
    assert AXES[1:] == tuple(axes)


def test_seeds_make_one_key_where_nothing_is_drawn_and_two_where_something_is(judge):
    for readout, keys in (("expected", 1), ("choice", 1), ("sampled", 2)):
        cells = lay_out(matrix(judge, readouts=[readout], seeds=[0, 1]), VIDEOS)
        assert len({cell.key for cell in cells}) == keys


def test_every_value_that_changes_an_answer_changes_the_key(judge):
    experiment = matrix(
        judge,
        vary="one",
        prompts=["syllogism", {"set": "syllogism", "order": "reversed"}, "independent"],
        scales=[None, "one-to-five"],
        frames=[None, 2, "x2", {"fps": 2}],
        readouts=[None, "choice"],
        chains=["mode", "marginal"],
        controls=list(CONTROLS),
    )
    cells = lay_out(experiment, VIDEOS)
    assert all(cell.plan for cell in cells)
    assert len({cell.key for cell in cells}) == len(cells) == 8 + len(CONTROLS)


def test_exchanged_prompts_depend_on_the_other_videos_and_nothing_else_does(judge):
    experiment = matrix(judge, controls=["none", "prompt of another video"])
    few, many = (lay_out(experiment, videos) for videos in (VIDEOS, [*VIDEOS, some_video("c")]))
    assert [one.key == two.key for one, two in zip(few, many, strict=True)] == [True, False]


def test_what_does_not_fit_together_is_refused_and_the_rest_stands(judge):
    cells = lay_out(matrix(judge, prompts=["syllogism", "independent"], chains=["marginal"]), VIDEOS)
    assert [cell.refused is None for cell in cells] == [True, False]
    assert "not a chain" in cells[1].refused


def test_an_edited_template_changes_the_keys_of_those_that_render_it(judge, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = matrix(judge, prompts=["syllogism", "independent", "vqascore"])
    before = [cell.key for cell in lay_out(experiment, VIDEOS)]
    home = eject_asset("prompts", "syllogism", tmp_path)
    assert [cell.key for cell in lay_out(experiment, VIDEOS)] == before
    template = home / "subject.j2"
    template.write_text(template.read_text().replace("Subject:", "The subject:"))
    after = [cell.key for cell in lay_out(experiment, VIDEOS)]
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"prompts": ["sylogism"]}, "syllogism"),
        ({"scales": ["one-to-six"]}, "one-to-five"),
        ({"prompts": [{"set": "syllogism", "order": ["subject"]}]}, "completeness"),
        ({"prompts": [{"set": "syllogism", "variables": {"tone": "kind"}}]}, "tone"),
        ({"prompts": ["syllogism", {"set": "independent", "label": "syllogism"}]}, "label"),
    ],
)
def test_what_does_not_exist_is_an_error_that_helps(judge, axes, told):
    with pytest.raises(GaiaJudgeError, match=told):
        lay_out(matrix(judge, **axes), VIDEOS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("controls: [blank]", r"controls\.0: There is no control 'blank'"),
        ("controls: [text onyl]", r"Did you mean text only\? Correct it there\.$"),
        ("frames: [{count: 4, times: 2}]", r"frames\.0: count and times both say"),
        (
            "price: {per_hours: 2}",
            r"price\.per_hours: There is no field 'per_hours'\. Did you mean per_hour\?$",
        ),
        ("prompts: [{sets: vqascore}]", r"Did you mean set\?"),
        ("frames: [0]", r"frames\.0\.count"),
        ("judge: nano", "There is no field 'judge'. Did you mean judges"),
        ("price: {per_hour: -1}", r"price\.per_hour"),
        ("prompts: [{set: syllogism, order: backwards}]", r"prompts\.0\.order"),
    ],
)
def test_a_wrong_field_of_a_file_is_named(text, told, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(GaiaJudgeError, match=told):
        read_experiment(str(file))


@pytest.mark.parametrize("name", ["chaining", "scales", "frames"])
def test_the_shipped_experiments_can_be_laid_out(name, tmp_path):
    experiment = read_experiment(name).model_copy(update={"judges": (write_card(tmp_path, frames=8),)})
    cells = lay_out(experiment, VIDEOS)
    assert len(cells) > 3
    assert [cell.refused for cell in cells] == [None] * len(cells)
    assert len({cell.key for cell in cells}) == len(cells)
