"""Own assets win over shipped ones, and it shows."""

import pytest

from gaia_judge.assets import eject_asset, find_asset, list_assets
from gaia_judge.errors import GaiaJudgeError


def test_a_working_folder_wins_over_a_listed_one_and_both_over_the_shipped(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for home in (here, there):
        (home / "judges").mkdir(parents=True)
        (home / "judges" / "mine.yaml").write_text(f"about: {home.name}\nmodel: x\n")
    (there / "judges" / "llava.yaml").write_text("about: other\nmodel: y\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("GAIA_JUDGE_PATH", str(there))
    assert find_asset("judges", "mine").origin == str(here)
    assert find_asset("judges", "llava").origin == str(there)
    assert find_asset("judges", "qwen2.5-vl").origin == "shipped"


def test_names_with_dots_are_whole(tmp_path):
    assert {"qwen2.5-vl", "qwen2.5-vl-3b"} <= {asset.name for asset in list_assets("judges")}


def test_a_digest_follows_every_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copy = eject_asset("prompts", "syllogism", tmp_path)
    before = find_asset("prompts", "syllogism").digest
    assert find_asset("prompts", "syllogism").origin == str(tmp_path)
    (copy / "opening.j2").write_text("changed")
    assert find_asset("prompts", "syllogism").digest != before


def test_ejecting_twice_destroys_nothing(tmp_path):
    copy = eject_asset("judges", "llava", tmp_path)
    copy.write_text("edited")
    with pytest.raises(GaiaJudgeError, match="exists already"):
        eject_asset("judges", "llava", tmp_path)
    assert copy.read_text() == "edited"


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(GaiaJudgeError, match="There is no prompt set"):
        find_asset("prompts", "sylogism")
