"""Running a matrix: what is loaded, decoded and asked, what is kept, and what is done again."""

import json
from dataclasses import replace

import pytest

from gaia_judge.assets import eject_asset
from gaia_judge.cards import load_card
from gaia_judge.engines import Problem, Reply
from gaia_judge.errors import EngineError
from gaia_judge.experiments import engines, steps
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.engines import load_choice, pick_engine
from gaia_judge.experiments.indexes import index, read_index
from gaia_judge.experiments.results import read_cell
from gaia_judge.experiments.steps import is_done, run_cells
from gaia_judge.scores import ScoreTable
from tests.experiments import Loader, matrix, write_card, write_videos
from tests.scripted import certain


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return write_videos(tmp_path_factory.mktemp("clips"), ["Alpha", "Beta"], ["waving", "jumping"])


@pytest.fixture
def judge(tmp_path):
    return write_card(tmp_path)


def good(request):
    return certain("Good" if "Good" in request.ask.labels else request.ask.labels[-1], request)


def run(experiment, videos, home, loader, **more):
    cells = lay_out(experiment, videos)
    found = list(run_cells(cells, videos, home, source="here", load=loader, **more))
    return cells, found


def table(cell, home):
    return ScoreTable.read(cell.folder(home)).to_pandas()


def test_each_cell_is_a_run_folder_with_all_ratings(clips, judge, tmp_path):
    experiment = matrix(judge, prompts=["syllogism", "independent"], controls=["none", "text only"])
    cells, found = run(experiment, clips, tmp_path, Loader(good))
    assert len(found) == len(cells) * len(clips)
    for cell in cells:
        frame = table(cell, tmp_path)
        assert frame["video"].unique().tolist() == [one.id for one in clips]
        assert frame["value"].notna().all()
        results = json.loads((cell.folder(tmp_path) / "run.json").read_text())["results"]
        assert (results["videos"], results["failed"], results["spent"]["rated"]) == (4, 0, 4)
        assert results["spent"]["seconds"] > 0
        assert is_done(cell, clips, tmp_path)


def test_a_model_is_loaded_once_and_frames_are_decoded_once_for_cells_that_share_them(
    clips, judge, tmp_path, monkeypatch
):
    decoded = []

    class Counting(steps.Decoders):
        def stream(self, videos):
            for video, frames in super().stream(videos):
                decoded.append((len(frames.images), video.id))
                yield video, frames

    monkeypatch.setattr(steps, "Decoders", Counting)
    loader = Loader(good)
    experiment = matrix(judge, prompts=["syllogism", "independent"], frames=[4, 2], readouts=[None, "choice"])
    run(experiment, clips, tmp_path, loader)
    assert len(loader.engines) == 1
    assert sorted(decoded) == sorted((count, video.id) for count in (4, 2) for video in clips)
    assert {len(request.frames.images) for request in loader.asked} == {4, 2}


def test_what_is_done_is_never_asked_again_and_no_model_is_loaded_for_it(clips, judge, tmp_path):
    run(matrix(judge), clips, tmp_path, Loader(good))
    again = Loader(good)
    _, found = run(matrix(judge), clips, tmp_path, again)
    assert (found, again.engines) == ([], [])
    wider = Loader(good)
    cells, found = run(matrix(judge, controls=["blank video", "none"]), clips, tmp_path, wider)
    assert {step.cell.name for step in found} == {"blank video"}
    assert all(request.frames.images.std() == 0 for request in wider.asked)
    assert is_done(cells[1], clips, tmp_path)


def test_one_more_video_is_all_that_is_rated_anew(clips, judge, tmp_path):
    run(matrix(judge), clips[:3], tmp_path, Loader(good))
    loader = Loader(good)
    (cell,), found = run(matrix(judge), clips, tmp_path, loader)
    assert len(found) == 1
    assert len(loader.asked) == 3
    results = json.loads((cell.folder(tmp_path) / "run.json").read_text())["results"]
    assert results["spent"]["rated"] == 4


def test_cells_that_differ_in_a_seed_that_changes_nothing_are_asked_once_and_told(clips, judge, tmp_path):
    loader, experiment = Loader(good), matrix(judge, seeds=[0, 1, 2])
    cells, found = run(experiment, clips, tmp_path, loader)
    assert len(found) == len(clips)
    told = index(tmp_path, experiment, cells, videos="here", human=None, refused={})
    told.write()
    entries = read_index(tmp_path).entries
    assert [entry.same_as for entry in entries] == [None, "seed 0", "seed 0"]
    assert len({entry.folder for entry in entries}) == 1
    assert all(told.place(entry) for entry in entries)
    assert read_index(tmp_path) == told


def test_an_edited_template_is_rated_anew_by_exactly_the_cells_that_render_it(
    clips, judge, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    experiment = matrix(judge, prompts=["syllogism", "independent"], scales=["words", "one-to-five"])
    run(experiment, clips, tmp_path, Loader(good))
    template = eject_asset("prompts", "syllogism", tmp_path) / "interaction.j2"
    template.write_text(template.read_text().replace("Interaction:", "The interaction:"))
    _, found = run(experiment, clips, tmp_path, Loader(good))
    expected = {"syllogism, scale words", "syllogism, scale one-to-five"}
    assert {step.cell.name for step in found} == expected


def test_a_run_that_is_broken_off_goes_on_where_it_was(clips, judge, tmp_path):
    experiment = matrix(judge, controls=["none", "blank video"])
    cells = lay_out(experiment, clips)
    whole = tmp_path / "whole"
    list(run_cells(cells, clips, whole, source="here", load=Loader(good)))
    steady = run_cells(cells, clips, tmp_path / "cut", source="here", load=Loader(good))
    for _ in range(5):
        next(steady)
    steady.close()
    rest = list(run_cells(cells, clips, tmp_path / "cut", source="here", load=Loader(good)))
    assert 0 < len(rest) <= 3
    for cell in cells:
        assert table(cell, tmp_path / "cut").equals(table(cell, whole))


def test_what_ratings_took_is_kept_with_each_of_them_and_outlives_a_kill(clips, judge, tmp_path):
    def counted(request):
        return replace(good(request), prompt_tokens=10, cached_tokens=4, output_tokens=1)

    (cell,) = cells = lay_out(matrix(judge), clips)
    steady = run_cells(cells, clips, tmp_path, source="here", load=Loader(counted))
    next(steady)
    journal = (cell.folder(tmp_path) / "journal.jsonl").read_bytes()
    steady.close()
    (cell.folder(tmp_path) / "journal.jsonl").write_bytes(journal)  # as kill -9 leaves it
    for name in ("scores.parquet", "scores.csv"):
        (cell.folder(tmp_path) / name).unlink()
    list(run_cells(cells, clips, tmp_path, source="here", load=Loader(counted)))
    results = json.loads((cell.folder(tmp_path) / "run.json").read_text())["results"]
    spent = results["spent"]
    asked = 3 * len(clips)
    assert (spent["prompt"], spent["cached"], spent["output"]) == (10 * asked, 4 * asked, asked)
    assert spent["rated"] == len(clips)


def test_a_table_that_a_killed_run_did_not_write_is_written_without_a_model(clips, judge, tmp_path):
    (cell,), _ = run(matrix(judge), clips, tmp_path, Loader(good))
    whole = table(cell, tmp_path)
    (cell.folder(tmp_path) / "scores.parquet").unlink()
    loader = Loader(good)
    _, found = run(matrix(judge), clips, tmp_path, loader)
    assert (found, loader.engines) == ([], [])
    assert table(cell, tmp_path).equals(whole)
    (cell.folder(tmp_path) / "journal.jsonl").touch()  # as after one more rating
    (cell.folder(tmp_path) / "scores.csv").unlink()
    run(matrix(judge), clips, tmp_path, loader)
    assert (cell.folder(tmp_path) / "scores.csv").is_file()


def test_each_sample_is_read_by_itself_from_cells_that_hold_several(clips, judge, tmp_path):
    experiment = matrix(judge, controls=["none", "wrong action named"])

    def kept(videos):
        cells, _ = run(experiment, videos, tmp_path, Loader(good))
        told = index(
            tmp_path,
            experiment,
            cells,
            videos="here",
            human=None,
            refused={},
            chosen=[one.id for one in videos],
        )
        told.write()
        found = read_index(tmp_path)
        assert found == told
        return [list(read_cell(found, entry).values.index) for entry in found.entries]

    first, second = [clips[0], clips[1]], [clips[2], clips[1]]
    for videos in (first, second, first):
        names = [one.id for one in videos]
        assert [sorted(one) for one in kept(videos)] == [sorted(names)] * 2


def test_what_a_control_tells_the_judge_does_not_reach_the_table(clips, judge, tmp_path):
    loader = Loader(good)
    (cell,), _ = run(matrix(judge, controls=["wrong action named"]), clips, tmp_path, loader)
    frame = table(cell, tmp_path)
    assert frame.drop_duplicates("video")["action"].tolist() == [one.action for one in clips]
    openings = {request.messages[0].text for request in loader.asked}
    assert any('"jumping"' in text for text in openings)
    for request in loader.asked:
        shown = next(one for one in clips if one.action in request.messages[0].text)
        assert shown.prompt in request.messages[0].text


def test_a_broken_video_is_a_row_in_every_cell_and_can_be_tried_again(clips, judge, tmp_path):
    broken = write_videos(tmp_path, ["Gamma"], ["waving"])[0]
    data = broken.path.read_bytes()
    broken.path.write_bytes(b"no video")
    experiment = matrix(judge, controls=["none", "blank video"])
    cells, found = run(experiment, [*clips, broken], tmp_path, Loader(good))
    assert sum(step.failed for step in found) == 2
    for cell in cells:
        frame = table(cell, tmp_path)
        assert frame.loc[frame["video"] == broken.id, "error"].notna().all()
        assert frame.loc[frame["video"] != broken.id, "value"].notna().all()
    assert run(experiment, [*clips, broken], tmp_path, Loader(good))[1] == []
    broken.path.write_bytes(data)
    assert len(run(experiment, [*clips, broken], tmp_path, Loader(good))[1]) == 2  # the file has changed


def test_errors_are_tried_again_when_asked_for(clips, judge, tmp_path):
    run(matrix(judge), clips, tmp_path, Loader(lambda request: Reply(error="busy")))
    assert run(matrix(judge), clips, tmp_path, Loader(good))[1] == []
    cells, found = run(matrix(judge), clips, tmp_path, Loader(good), retry_errors=True)
    assert len(found) == len(clips)
    assert table(cells[0], tmp_path)["value"].notna().all()


def test_a_judge_that_cannot_run_costs_its_own_cells(clips, judge, tmp_path):
    other = write_card(tmp_path, "other")
    experiment = matrix(judge, judges=[other.model_dump(), judge.model_dump()])

    def load(card, choice):
        if card.name == "other":
            raise EngineError("It has no memory.", "Buy some.")
        return Loader(good)(card, choice)

    _, found = run(experiment, clips, tmp_path, load)
    assert [step.refused for step in found if step.refused] == ["It has no memory. Buy some."]
    assert sum(step.refused is None for step in found) == len(clips)


def test_one_at_a_time_never_fills_a_batch(clips, judge, tmp_path):
    loader = Loader(good)
    run(matrix(judge, controls=["one at a time"], prompts=["syllogism"]), clips, tmp_path, loader)
    assert loader.engines[0].most_in_flight == 1
    wide = Loader(good)
    run(matrix(judge), clips, tmp_path, wide)
    assert wide.engines[0].most_in_flight > 1


def test_a_half_done_cell_of_other_settings_is_refused_alone(clips, judge, tmp_path):
    experiment = matrix(judge, controls=["none", "blank video"])
    (one, two), _ = run(experiment, clips[:1], tmp_path, Loader(good))
    file = one.folder(tmp_path) / "run.json"
    file.write_text(file.read_text().replace('"scripted"', '"older"', 1), encoding="utf-8")
    _, found = run(experiment, clips, tmp_path, Loader(good))
    assert [step.cell.name for step in found if step.refused] == [one.name]
    assert "made with other settings" in next(step.refused for step in found if step.refused)
    assert is_done(two, clips, tmp_path)
    assert not is_done(one, clips, tmp_path)


def test_the_engine_in_use_decides_under_which_key_answers_are_kept(judge, monkeypatch):
    able = {"vllm": [], "transformers": []}

    class Fake:
        def __init__(self, name):
            self.name = name

        def problems(self, model, options):
            return able[self.name]

    monkeypatch.setattr(engines, "find_engine", Fake)

    def keys(*names):
        judges = [{"model": judge.model, "engine": name} for name in names]
        return [cell.key for cell in lay_out(matrix(judge, judges=judges), [])]

    card = load_card(judge.model)
    first, second = [name for name in card.engines if name in able][:2]
    auto, other, one, two = keys("auto", "other", first, second)
    assert (auto, other) == (one, two)
    assert auto != other
    able[first] = [Problem("It is gone.", "Bring it back.")]
    assert keys("auto") == [two]
    assert pick_engine(card, judge)[0].engine == second
    able[second] = able[first]
    assert keys("auto") == [one]  # what was answered before is found
    assert pick_engine(card, judge)[0].engine == "auto"


def test_the_other_engine_is_told_to_be_missing_where_there_is_only_one(judge, tmp_path):
    cells = lay_out(matrix(judge.model_copy(update={"engine": "other"})), [])
    with pytest.raises(EngineError, match="engine can run it here"):
        load_choice(cells[0].plan.card, cells[0].judge)
