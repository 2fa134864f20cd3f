import csv
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos import read_videos
from gaia_judge.videos.actions import ALIASES, fold, read_actions
from gaia_judge.videos.entries import clean

REAL_GAIA = Path(__file__).parents[2] / "shared" / "gaia"

PROMPTS = [
    ("Abseiling", "A climber abseils; slowly."),
    ("Wrestling", "Two men wrestle."),
    ("Arm Wrestling", "Two friends arm wrestle. "),
    ("Skiing", "Skier descends."),
    ("Massaging Person's Head", "A head massage."),
    ("Hurling-Sport", "Children hurl."),
    ("Walk-Finger", "Fingers walk."),
    ("Approval", "A boss nods."),
]
SHEETS = {
    "body": [
        ["heights", "sports", "care"],
        ["abseiling", "wrestling", "massaging person’s head"],
        [None, "arm wrestling", None],
        [None, "skiing (not slalom or crosscountry)", None],
        [None, "hurling (sport)", None],
    ],
    "hand": [["Mimetic", "Walk", None], [None, "Knock", None]],
    "face": [[None, "count", None], ["surprised", 1, "approval"]],
}


def make_files(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()


def refusal(source: Path) -> str:
    with pytest.raises(GaiaJudgeError) as caught:
        read_videos(source)
    return str(caught.value)


def make_gaia(folder: Path, *names: str, prompts=PROMPTS) -> Path:
    make_files(folder / "videos", *names)
    with (folder / "prompts_all.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream, delimiter=";").writerows([("Action", "Scene"), *prompts])
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in SHEETS.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / "action_label.xlsx")
    return folder


@pytest.mark.parametrize(
    ("name", "generator", "action", "category", "subset"),
    [
        ("Anmidiff_Abseiling.mp4", "Anmidiff", "abseiling", "heights", "whole-body"),
        ("(Gen_2)_(Abseiling).MP4", "Gen_2", "abseiling", "heights", "whole-body"),
        ("a_b_Arm_Wrestling.mp4", "a_b", "arm wrestling", "sports", "whole-body"),
        ("a_massaging PERSONs head.mp4", "a", "massaging person’s head", "care", "whole-body"),
        ("a_Hurling (sport).mp4", "a", "hurling (sport)", "sports", "whole-body"),
        ("a_Skiing.mp4", "a", "skiing (not slalom or crosscountry)", "sports", "whole-body"),
        (
            "a_skiing (not slalom or crosscountry).mp4",
            "a",
            "skiing (not slalom or crosscountry)",
            "sports",
            "whole-body",
        ),
        ("a_Walk-Finger.mp4", "a", "Walk", "Mimetic", "hand"),
        ("a_Approval.mp4", "a", "approval", "surprised", "facial"),
    ],
)
def test_names_in_a_gaia_folder_join_in_either_spelling(tmp_path, name, generator, action, category, subset):
    (video,) = read_videos(make_gaia(tmp_path, name))
    assert (video.generator, video.action, video.category, video.subset) == (
        generator,
        action,
        category,
        subset,
    )
    assert video.prompt
    assert (video.id, video.path) == (Path(name).stem, tmp_path / "videos" / name)


def test_a_gaia_prompt_keeps_its_semicolon(tmp_path):
    assert read_videos(make_gaia(tmp_path, "a_Abseiling.mp4"))[0].prompt == "A climber abseils; slowly."


def test_what_does_not_join_in_a_gaia_folder_is_refused(tmp_path):
    assert "a_Disapproval.mp4" in refusal(make_gaia(tmp_path, "a_Approval.mp4", "a_Disapproval.mp4"))
    assert "'Abseilin'" in refusal(make_gaia(tmp_path, prompts=[("Abseilin", "A climber abseils.")]))
    assert "name one action" in refusal(make_gaia(tmp_path, prompts=[("Skiing", "a"), ("ski-ing", "b")]))
    assert "line 2: Action or Scene" in refusal(make_gaia(tmp_path, prompts=[("Skiing", "")]))


def test_a_gaia_folder_needs_both_files(tmp_path):
    make_gaia(tmp_path, "a_Approval.mp4")
    (tmp_path / "action_label.xlsx").write_text("no workbook")
    assert "not an Excel workbook" in refusal(tmp_path)
    (tmp_path / "action_label.xlsx").unlink()
    assert "no action_label.xlsx" in refusal(tmp_path)


@pytest.mark.skipif(not REAL_GAIA.is_dir(), reason="GAIA's own files are not here")
def test_every_action_of_gaia_joins(tmp_path):
    by_key = read_actions(REAL_GAIA)
    actions = set(by_key.values())
    assert Counter(action.subset for action in actions) == {"whole-body": 400, "hand": 83, "facial": 27}
    classes = {(action.subset, action.category) for action in actions}
    assert Counter(subset for subset, _ in classes) == {"whole-body": 39, "hand": 8, "facial": 6}
    assert len({action.prompt for action in actions}) > 500
    assert all(by_key[fold(prompt)] is by_key[fold(label)] for prompt, label in ALIASES.items())

    for name in ("prompts_all.csv", "action_label.xlsx"):
        (tmp_path / name).symlink_to(REAL_GAIA / name)
    with (REAL_GAIA / "prompts_all.csv").open(encoding="utf-8-sig", newline="") as stream:
        scenes = {row["Action"]: clean(row["Scene"]) for row in csv.DictReader(stream, delimiter=";")}
    make_files(tmp_path / "videos", *(f"zeroScope_{action}.mp4" for action in scenes))
    videos = read_videos(tmp_path)
    assert {video.id.removeprefix("zeroScope_"): video.prompt for video in videos} == scenes
    assert {video.action for video in videos} == {action.name for action in actions}
