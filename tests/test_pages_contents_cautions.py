"""Cautions of reports: nobody takes drawn clips, random weights or foreign videos for evidence."""

import json

import pandas as pd
import pytest

from gaia_judge.comparison.agreements import Asking
from gaia_judge.judges import FOREIGN
from gaia_judge.pages.contents.cautions import ENDS, SYNTHETIC, is_tagged, list_cautions
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.people import read_human
from gaia_judge.scores import ScoreTable
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import write_clip
from tests.panels import write_mos, write_rater


def write_run(folder, videos, count=3, **columns):
    """Write a run of clips that are called 0.mp4 and so on."""
    folder.mkdir()
    rows = [{"video": str(at), "dimension": "d", "value": at, "rater": "r"} | columns for at in range(count)]
    ScoreTable.from_records(rows).write(folder)
    told = {"manifest": {"videos": str(videos)}, "recorded": [], "results": {}}
    (folder / "run.json").write_text(json.dumps(told))
    return folder


def cautions(*places, human=None):
    people = None if human is None else read_human(human)
    return list(list_cautions(read_material([str(place) for place in places], people, Asking(draws=20))))


@pytest.mark.parametrize("drawn", [True, False])
def test_drawn_clips_are_told_whoever_rates_them(tmp_path, drawn):
    videos = tmp_path / "videos"
    videos.mkdir()
    for at in range(3):
        write_clip(videos / f"{at}.mp4", frames=4, comment=SYNTHETIC_TAG[1] if drawn and at == 2 else "")
    assert cautions(write_run(tmp_path / "run", videos)) == ([SYNTHETIC] if drawn else [])


@pytest.mark.parametrize("where", ["start", "end", "nowhere"])
def test_the_tag_is_found_at_either_end_of_a_large_file(tmp_path, where):
    tag, filling = SYNTHETIC_TAG[1].encode(), b"\0" * (2 * ENDS + 5)
    content = {"start": tag + filling, "end": filling + tag, "nowhere": filling}[where]
    (tmp_path / "a.mp4").write_bytes(content)
    assert is_tagged(tmp_path / "a.mp4") is (where != "nowhere")
    assert not is_tagged(tmp_path / "gone.mp4")


def test_simulated_people_are_told(tmp_path):
    people = write_mos(tmp_path, actions=3)
    write_rater(tmp_path / "r.csv", people, 4, rater="r")
    assert cautions(tmp_path / "r.csv", human=tmp_path / "MOS.csv") == []
    (tmp_path / "synth.json").write_text("{}")
    assert cautions(tmp_path / "r.csv", human=tmp_path / "MOS.csv") == [SYNTHETIC]


def test_synthetic_data_are_told_once_and_first(tmp_path):
    people = write_mos(tmp_path, actions=3)
    places = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_rater(tmp_path / name / "r.csv", people, 4, rater=name)
        judge = {"world": "synthetic", "random_weights": True}
        told = {"manifest": {"judge": judge}, "recorded": [], "results": {}}
        (tmp_path / name / "run.json").write_text(json.dumps(told))
        places.append(tmp_path / name / "r.csv")
    assert cautions(*places) == [SYNTHETIC, "a, b: random weights: no judgements."]
    for place in places:
        pd.read_csv(place).assign(note=FOREIGN).to_csv(place, index=False)
    assert cautions(*places)[:2] == [
        "a, b: random weights: no judgements.",
        "a, b: knows only the synthetic world: no evidence about real judges.",
    ]


def test_random_weights_and_foreign_videos_are_told_of_their_raters(tmp_path):
    people = write_mos(tmp_path, actions=3)
    write_rater(tmp_path / "r.csv", people, 4, rater="made up (random weights)")
    write_rater(tmp_path / "f.csv", people, 4, rater="f")
    frame = pd.read_csv(tmp_path / "f.csv").assign(note=None)
    frame.loc[:4, "note"] = f"too short; {FOREIGN}"
    frame.to_csv(tmp_path / "f.csv", index=False)
    first, second = cautions(tmp_path / "r.csv", tmp_path / "f.csv")
    assert first == "made up (random weights): random weights: no judgements."
    assert second.startswith("f: 5 ratings are of videos outside the judge's world")
