"""Merging: shards give the table that one run gives, and what does not fit together is refused."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs import Record, RunFolder, shard
from gaia_judge.runs.merges import read_shards
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.videos import read_videos

MANIFEST = {"judge": {"name": "scripted"}, "seed": 0}


@pytest.fixture
def videos(tmp_path):
    """A manifest of ten videos, not in alphabetical order."""
    names = ["m", "c", "x", "a", "k", "b", "z", "e", "d", "y"]
    source = tmp_path / "clips.csv"
    source.write_text("path\n" + "".join(f"{name}.mp4\n" for name in names), encoding="utf-8")
    return read_videos(source)


def record_of(video, value):
    error = None if value is not None else "broken"
    return Record.of(
        video, None, [Score(video=video.id, dimension="subject", rater="s", value=value, error=error)]
    )


def write_run(folder, videos, manifest, value=lambda video: float(ord(video.id))):
    with RunFolder.open(folder, manifest) as run:
        for video in reversed(videos):  # as they happen to be finished
            run.append(record_of(video, value(video)))
        run.export(videos)
    return folder


def merge(*words):
    return CliRunner().invoke(cli, ["merge", *map(str, words)], catch_exceptions=False)


def test_shards_give_the_table_of_one_run(videos, tmp_path):
    manifest = {**MANIFEST, "videos": str(tmp_path / "clips.csv")}
    whole = write_run(tmp_path / "whole", videos, manifest)
    parts = [write_run(tmp_path / f"{part}of3", shard(videos, f"{part}/3"), manifest) for part in range(1, 4)]
    assert all(len(ScoreTable.read(part)) < 10 for part in parts)
    assert merge(*parts[::-1], "--out", tmp_path / "merged").exit_code == 0
    assert ScoreTable.read(tmp_path / "merged") == ScoreTable.read(whole)
    assert (tmp_path / "merged/scores.csv").read_bytes() == (whole / "scores.csv").read_bytes()
    results = json.loads((tmp_path / "merged/run.json").read_text())["results"]
    assert (results["videos"], results["failed"]) == (10, 0)
    with RunFolder.open(tmp_path / "merged", manifest) as run:
        assert run.pending(videos) == []
    assert merge(*parts, "--out", tmp_path / "merged").exit_code == 0  # again changes nothing
    assert len((tmp_path / "merged/journal.jsonl").read_text().splitlines()) == 10


def test_the_same_videos_may_lie_elsewhere_on_another_machine(videos, tmp_path):
    write_run(tmp_path / "a", videos[:5], {**MANIFEST, "videos": "/here"})
    write_run(tmp_path / "b", videos[5:], {**MANIFEST, "videos": "/there"})
    assert merge(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "c").exit_code == 0
    assert len(ScoreTable.read(tmp_path / "c")) == 10


def test_a_score_wins_over_a_failure_whichever_comes_first(videos, tmp_path):
    good = write_run(tmp_path / "good", videos[:2], MANIFEST)
    bad = write_run(tmp_path / "bad", videos[:3], MANIFEST, lambda video: None)
    for places in ((good, bad), (bad, good)):
        _, records = read_shards(places)
        assert [bool(records[video.id].errors) for video in videos[:3]] == [False, False, True]
    done = merge(bad, good, "--out", tmp_path / "merged")
    assert done.exit_code == 1
    assert "1 failed" in done.stderr


def test_other_settings_and_other_scores_are_refused_by_name(videos, tmp_path):
    one = write_run(tmp_path / "one", videos[:2], MANIFEST)
    other = write_run(tmp_path / "other", videos[2:4], {**MANIFEST, "seed": 1})
    with pytest.raises(GaiaJudgeError, match="seed was 0, now 1"):
        read_shards([one, other])
    again = write_run(tmp_path / "again", videos[1:3], MANIFEST, lambda video: 1.0)
    with pytest.raises(GaiaJudgeError, match="different scores of 'c'"):
        read_shards([one, again])
    with pytest.raises(GaiaJudgeError, match=r"There is no .*run\.json"):
        read_shards([one, tmp_path])
    with pytest.raises(GaiaJudgeError, match="is one of the runs"):
        merge(one, "--out", one)


def test_a_copied_run_is_the_same_run(videos, tmp_path):
    one = write_run(tmp_path / "one", videos[:2], MANIFEST)
    shutil.copytree(one, tmp_path / "copy")
    line = (one / "journal.jsonl").read_bytes().splitlines()[0]
    moved = replace(Record.from_line(line), file=[1, 2])  # as another machine sees the file
    (tmp_path / "copy/journal.jsonl").write_bytes(moved.line())
    assert len(read_shards([one, tmp_path / "copy"])[1]) == 2


def test_merging_again_keeps_what_the_merged_run_has_scored_since(videos, tmp_path):
    bad = write_run(tmp_path / "bad", videos[:2], MANIFEST, lambda video: None if video.id == "m" else 1.0)
    out = tmp_path / "merged"
    assert merge(bad, "--out", out).exit_code == 1
    with RunFolder.open(out, MANIFEST) as run:
        run.append(record_of(videos[0], 4.0))
    assert merge(bad, "--out", out).exit_code == 0
    assert dict(ScoreTable.read(out).wide()["subject"]) == {"m": 4.0, "c": 1.0}


def test_merging_again_takes_what_a_shard_has_scored_since(videos, tmp_path):
    part = write_run(tmp_path / "part", videos[:2], MANIFEST, lambda video: None if video.id == "m" else 1.0)
    assert merge(part, "--out", tmp_path / "merged").exit_code == 1
    write_run(tmp_path / "part", videos[:1], MANIFEST, lambda video: 4.0)
    assert merge(part, "--out", tmp_path / "merged").exit_code == 0
    assert dict(ScoreTable.read(tmp_path / "merged").wide()["subject"]) == {"m": 4.0, "c": 1.0}


def test_a_shard_that_is_still_written_or_half_copied_is_refused(videos, tmp_path):
    one = write_run(tmp_path / "one", videos[:2], MANIFEST)
    with RunFolder.open(one, MANIFEST), pytest.raises(GaiaJudgeError, match="one is in use by"):
        read_shards([one])
    assert len(read_shards([one])[1]) == 2
    (one / "journal.jsonl").unlink()
    with pytest.raises(GaiaJudgeError, match=r"one has a run\.json but no journal\.jsonl"):
        read_shards([one])


def test_videos_that_no_shard_has_are_told(videos, tmp_path):
    part = write_run(tmp_path / "1of2", videos[:7], {**MANIFEST, "videos": str(tmp_path / "clips.csv")})
    assert "3 videos of" in merge(part, "--out", tmp_path / "merged").stderr
    rest = write_run(tmp_path / "2of2", videos[7:], {**MANIFEST, "videos": str(tmp_path / "clips.csv")})
    assert "in none of the runs" not in merge(part, rest, "--out", tmp_path / "merged").stderr


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"meta": {"prompt": "another"}}, True),
        ({"frames": {"digest": "another"}}, True),
        ({"value": 1.002}, True),
        ({"value": 1.0005}, False),
    ],
)
def test_two_runs_of_a_video_must_say_the_same_of_the_same_frames_and_prompt(
    changed, refused, videos, tmp_path
):
    one = write_run(tmp_path / "one", videos[:1], MANIFEST, lambda video: 1.0)
    shutil.copytree(one, tmp_path / "two")
    record = Record.from_line((one / "journal.jsonl").read_bytes())
    if "value" in changed:
        changed = {"scores": (replace(record.scores[0], **changed),)}
    elif "meta" in changed:
        changed = {"meta": {**record.meta, **changed["meta"]}}
    (tmp_path / "two/journal.jsonl").write_bytes(replace(record, **changed).line())
    if refused:
        with pytest.raises(GaiaJudgeError, match="different scores of 'm'"):
            read_shards([one, tmp_path / "two"])
        return
    assert merge(tmp_path / "two", "--out", tmp_path / "merged").exit_code == 0
    assert merge(one, "--out", tmp_path / "merged").exit_code == 0
    assert len((tmp_path / "merged/journal.jsonl").read_bytes().splitlines()) == 1  # what is there stays
