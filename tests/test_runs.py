"""Run folders: killing a run at any instant loses only what was in flight, and nothing is mixed up."""

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.runs import Record, RunFolder, shard
from gaia_judge.runs.journals import Journal, Records
from gaia_judge.runs.records import rounded
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.videos import Video

DIMENSIONS = ("subject", "completeness", "interaction")
MANIFEST: dict[str, Any] = {"judge": {"name": "j", "revision": None}, "frames": {"count": 8}, "seed": 0}
FRAMES = Frames(
    images=np.zeros((2, 4, 6, 3), np.uint8),
    seconds=np.array([1 / 3, 2 / 3]),
    indices=np.array([1, 3]),
    total=4,
    duration=4 / 3,
    decoder="none 1.0",
    note="short",
)


def video(name: str, **known: str) -> Video:
    return Video(id=name, path=Path(f"{name}.mp4"), **known)


def scores(name: str, value: float | None = 1.0, **more: Any) -> list[Score]:
    return [Score(video=name, dimension=d, rater="r", value=value, **more) for d in DIMENSIONS]


def record(name: str, value: float = 1.0) -> Record:
    return Record.of(video(name), FRAMES, scores(name, value))


def failed(name: str) -> Record:
    return Record.of(video(name), None, scores(name, None, error="The file is empty."))


def filled(folder: Path, *records: Record) -> Path:
    with RunFolder.open(folder, MANIFEST) as run:
        for each in records:
            run.append(each)
    return folder / "journal.jsonl"


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let writes beyond this many bytes fail half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# Records


@pytest.mark.parametrize("name", ["plain", "视频 🎬", "line\nbreak\u2028", "stray\udcff", '"quoted"'])
def test_a_record_is_one_line_and_comes_back(name: str) -> None:
    trace = {"readout": "expected", "premises": [{"dimension": "subject", "value": 1 / 3}], "seed": 3}
    known = {"generator": name, "prompt": name}
    before = Record.of(
        video(name, **known),
        FRAMES,
        scores(name, 2 / 3, distribution={name: 1.0}, trace=trace, rationale=name),
    )
    line = before.line()
    assert line.count(b"\n") == 1
    assert Record.from_line(line) == before


def test_numbers_are_rounded_when_they_are_recorded() -> None:
    kept = Record.of(
        video("v"),
        FRAMES,
        scores("v", 2 / 3, distribution={"a": 1 / 3}, off_scale=-1e-9, trace={"spread": (1 / 3,)}),
    )
    score = kept.scores[0]
    assert (score.value, score.distribution, score.off_scale) == (0.6667, {"a": 0.333333}, 0.0)
    assert score.trace == {"spread": [0.333333]}
    assert kept.frames is not None
    assert kept.frames["seconds"] == [0.333333, 0.666667]
    assert str(rounded(-1e-9, 6)) == "0.0"


def test_numbers_of_numpy_are_kept_as_plain_ones() -> None:
    trace = {"spread": np.float32(0.1), "draws": np.array([1, 2]), "ok": np.bool_(True)}
    kept = Record.of(video("v"), None, [replace(scores("v")[0], value=np.float32(0.7), trace=trace)])
    assert Record.from_line(kept.line()) == kept
    assert (kept.scores[0].value, kept.scores[0].trace) == (0.7, {"spread": 0.1, "draws": [1, 2], "ok": True})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_not_written(number: float, tmp_path: Path) -> None:
    with RunFolder.open(tmp_path, MANIFEST) as run:
        with pytest.raises(GaiaJudgeError, match="'v' holds a number that is not finite"):
            run.append(record("v", number))
        assert not run.done
    assert (tmp_path / "journal.jsonl").read_bytes() == b""


# The journal


def test_a_last_line_torn_at_any_byte_costs_that_line_only(tmp_path: Path) -> None:
    path = filled(tmp_path, record("a"), failed("b"), record("c"))
    data = path.read_bytes()
    kept = data.rindex(b"\n", 0, -1) + 1
    for end in range(kept, len(data)):
        path.write_bytes(data[:end])
        journal = Journal(path)
        assert list(journal.records) == ["a", "b"]
        assert path.read_bytes() == data[:kept]
        journal.append(record("c"))
        journal.close()
        assert path.read_bytes() == data


@pytest.mark.parametrize(
    "damage", [b"", b"\0\0\0", b"{}", b"[]", b"null", b'{"video": "x"', b'{"video": 1, "scores": 2}']
)
def test_a_damaged_line_in_the_middle_is_named(damage: bytes, tmp_path: Path) -> None:
    journal = filled(tmp_path, record("a"), record("b"), record("c"))
    lines = journal.read_bytes().split(b"\n")
    lines[1] = damage
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(GaiaJudgeError, match=r"journal\.jsonl, line 2 is damaged"):
        RunFolder.open(tmp_path, MANIFEST)
    assert journal.read_bytes() == b"\n".join(lines)


def test_a_later_record_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    videos = [video(name) for name in "ab"]
    half = replace(record("b"), scores=(*record("b").scores[:2], failed("b").scores[2]))
    filled(tmp_path, failed("a"), half)
    with RunFolder.open(tmp_path, MANIFEST) as run:
        assert run.pending(videos) == []
        assert run.pending(videos, retry_errors=True) == videos
        run.append(record("a", 4.0))
        assert run.pending(videos, retry_errors=True) == videos[1:]
    with RunFolder.open(tmp_path, MANIFEST) as run:
        assert run.done["a"] == record("a", 4.0)
        assert list(run.export(videos).to_pandas()["value"].dropna()) == [4.0] * 3 + [1.0] * 2


def test_a_full_disk_is_a_clear_error_and_leaves_whole_lines(tmp_path: Path) -> None:
    journal = filled(tmp_path, record("a"))
    size = journal.stat().st_size
    with RunFolder.open(tmp_path, MANIFEST) as run:
        for room in (0, 1, 100):
            with (
                files_limited_to(size + room),
                pytest.raises(GaiaJudgeError, match=r"journal\.jsonl cannot be written"),
            ):
                run.append(record("b"))
            assert journal.stat().st_size == size
            assert list(run.done) == ["a"]
        run.append(record("b"))
    assert list(Records(journal)) == ["a", "b"]


CHILD = """
import sys
from pathlib import Path
from gaia_judge.runs import Record, RunFolder
from gaia_judge.scores import Score
from gaia_judge.videos import Video

videos = [Video(id=f"v{number}", path=Path("v.mp4")) for number in range(30_000)]
with RunFolder.open(Path(sys.argv[1]), {"seed": 0}) as run:
    for video in run.pending(videos):
        score = Score(video=video.id, dimension="d", rater="r", value=float(video.id[1:]), rationale="x" * 99)
        run.append(Record.of(video, None, [score]))
        print(video.id, flush=True)
"""


def in_a_fork(act: Callable[[], None]) -> None:
    """Do something in a process of its own that ends, one way or another, by ``SIGKILL``."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def start_child(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True)


def test_kill_9_at_random_instants_loses_nothing_that_was_counted(tmp_path: Path) -> None:
    draw = random.Random(0)
    counted: list[str] = []
    for _ in range(10):
        with start_child(tmp_path) as child:
            assert child.stdout is not None
            counted.append(child.stdout.readline().strip())  # it runs
            time.sleep(draw.uniform(0, 0.1))
            child.send_signal(signal.SIGKILL)
            counted += [line.strip() for line in child.stdout if line.endswith("\n")]
    with RunFolder.open(tmp_path, {"seed": 0}) as run:
        names = list(run.done)
        assert names == [f"v{number}" for number in range(len(names))]
        assert set(counted) <= set(names)
        assert len(names) - len(counted) <= 10  # each kill may fall between writing and counting
        assert [run.done[name].scores[0].value for name in names] == list(range(len(names)))


def test_what_counts_is_there_even_if_the_process_is_killed_in_the_next_instant(tmp_path: Path) -> None:
    def append_and_die() -> None:
        run = RunFolder.open(tmp_path, MANIFEST)
        run.append(record("a"))
        os.kill(os.getpid(), signal.SIGKILL)

    in_a_fork(append_and_die)
    assert list(Records(tmp_path / "journal.jsonl")) == ["a"]


@pytest.mark.parametrize(("written", "names"), [(0, ["a"]), (20, ["a"]), (None, ["a", "b"])])
def test_a_run_that_is_asked_to_stop_while_it_writes_counts_what_stands_whole_in_the_journal(
    written: int | None, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        if written is not None:
            os.ftruncate(descriptor, size + written)
        raise KeyboardInterrupt

    with RunFolder.open(tmp_path, MANIFEST) as run:
        run.append(record("a"))
        size = (tmp_path / "journal.jsonl").stat().st_size
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", interrupt)
            with pytest.raises(KeyboardInterrupt):
                run.append(record("b"))
        assert list(run.done) == list(Records(tmp_path / "journal.jsonl")) == names
        assert run.export([video("a"), video("b")]).to_pandas()["video"].nunique() == len(names)
        assert (tmp_path / "journal.jsonl").read_bytes().endswith(b"}\n")


# The folder


def test_a_changed_setting_is_refused_by_name_and_nothing_is_touched(tmp_path: Path) -> None:
    filled(tmp_path, record("a"))
    before = (tmp_path / "run.json").read_bytes()
    changed = {"judge": {"name": "k", "revision": None}, "frames": {"count": 8, "fps": 2.0}}
    with pytest.raises(GaiaJudgeError) as caught:
        RunFolder.open(tmp_path, changed)
    assert caught.value.message == (
        f"{tmp_path} was made with other settings: "
        'frames.fps was absent, now 2.0; judge.name was "j", now "k"; seed was 0, now absent.'
    )
    assert "--out" in caught.value.hint
    assert (tmp_path / "run.json").read_bytes() == before
    filled(tmp_path, record("b"))  # the refusal left no lock behind


def test_what_determines_no_answer_is_recorded_but_not_compared(tmp_path: Path) -> None:
    for path in ("first", "second"):
        RunFolder.open(tmp_path, MANIFEST | {"decoders": ("a", "b")}, {"videos": path}).close()
    whole = json.loads((tmp_path / "run.json").read_bytes())
    assert whole["manifest"] == MANIFEST | {"decoders": ["a", "b"]}
    assert [start["videos"] for start in whole["recorded"]] == ["first", "second"]
    assert all(start["started"] and start["process"] == os.getpid() for start in whole["recorded"])


def test_results_outlive_the_next_start_until_it_has_its_own(tmp_path: Path) -> None:
    def results() -> Any:
        return json.loads((tmp_path / "run.json").read_bytes())["results"]

    with RunFolder.open(tmp_path, MANIFEST) as run:
        assert results() == {}
        run.conclude({"foreign_videos": 2})
    with RunFolder.open(tmp_path, MANIFEST) as run:
        assert results() == {"foreign_videos": 2}
        run.conclude({"foreign_videos": 3})
        assert results() == {"foreign_videos": 3}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"manifest": {}, "recorded": 3}', b"\xff"])
def test_a_damaged_manifest_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(GaiaJudgeError, match=r"run\.json is not the manifest of a run"):
        RunFolder.open(tmp_path, MANIFEST)


def test_a_journal_without_its_manifest_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, record("a"))
    (tmp_path / "run.json").unlink()
    with pytest.raises(GaiaJudgeError, match="has a journal but no"):
        RunFolder.open(tmp_path, MANIFEST)


def test_a_second_process_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    with start_child(tmp_path) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(GaiaJudgeError, match=f"is in use by process {child.pid} on "):
            RunFolder.open(tmp_path, {"seed": 0})
        child.kill()
    RunFolder.open(tmp_path, {"seed": 0}).close()


def test_a_worker_that_outlives_its_killed_run_does_not_keep_the_folder(tmp_path: Path) -> None:
    reading, writing = os.pipe()

    def run_with_a_worker() -> None:
        with RunFolder.open(tmp_path, MANIFEST):
            if (worker := os.fork()) == 0:
                time.sleep(60)
            os.write(writing, str(worker).encode())
            os.kill(os.getpid(), signal.SIGKILL)

    in_a_fork(run_with_a_worker)
    os.close(writing)
    worker = int(os.read(reading, 20))
    try:
        RunFolder.open(tmp_path, MANIFEST).close()
    finally:
        os.kill(worker, signal.SIGKILL)


def test_a_path_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(GaiaJudgeError, match=r"file cannot be used as a run folder"):
        RunFolder.open(tmp_path / "file", MANIFEST)


# The table


def test_export_follows_the_videos_then_the_dimensions(tmp_path: Path) -> None:
    videos = [video(name, generator="g", action="wave", subset="hand") for name in "abcd"]
    with RunFolder.open(tmp_path, MANIFEST) as run:
        for each in (videos[2], videos[0]):
            run.append(Record.of(each, FRAMES, scores(each.id, 2.0)))
        run.append(failed("b"))
        run.append(record("not asked for"))
        table = run.export(videos)
    frame = table.to_pandas()
    assert list(zip(frame["video"], frame["dimension"], strict=True)) == [
        (v, d) for v in "abc" for d in DIMENSIONS
    ]
    row = frame.iloc[0]
    assert (row["generator"], row["action"], row["subset"], row["rater"]) == ("g", "wave", "hand", "r")
    assert (row["frame_indices"], row["frame_seconds"]) == ("[1, 3]", "[0.333333, 0.666667]")
    assert (row["width"], row["height"], row["decoder"], row["frames_note"]) == (6, 4, "none 1.0", "short")
    broken = frame[frame["video"] == "b"]
    assert broken["value"].isna().all()
    assert set(broken["error"]) == {"The file is empty."}
    assert broken["width"].isna().all()
    assert ScoreTable.read(tmp_path) == ScoreTable.read(tmp_path / "scores.csv") == table


def test_an_interrupted_run_gives_the_files_of_an_undisturbed_one(tmp_path: Path) -> None:
    videos = [video(name) for name in "abc"]
    for name, order in (("straight", "abc"), ("broken", "ca")):
        with RunFolder.open(tmp_path / name, MANIFEST) as run:
            for each in order:
                run.append(record(each))
            run.export(videos)
    with RunFolder.open(tmp_path / "broken", MANIFEST) as run:
        for each in run.pending(videos):
            run.append(record(each.id))
        run.export(videos)
    for file in ("scores.csv", "scores.parquet"):
        assert (tmp_path / "straight" / file).read_bytes() == (tmp_path / "broken" / file).read_bytes()


def test_an_export_that_fails_leaves_the_earlier_tables(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path, MANIFEST) as run:
        run.append(record("a"))
        run.export([video("a")])
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with files_limited_to(100), pytest.raises(GaiaJudgeError, match=r"scores\.csv cannot be written"):
            run.export([video("a")])
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# Shards


def test_shards_part_the_videos_and_do_not_depend_on_the_others() -> None:
    videos = [video(f"clip {number}") for number in range(200)]
    parts = [shard(videos, f"{part}/4") for part in range(1, 5)]
    assert sorted((v for part in parts for v in part), key=videos.index) == videos
    assert all(30 < len(part) < 70 for part in parts)
    assert shard(videos[100:], "2/4") == [v for v in parts[1] if v in videos[100:]]
    assert shard(videos, "1/1") == videos
    assert len(shard([video("stray\udcff")], "1/1")) == 1


@pytest.mark.parametrize(
    "text", ["", "3", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", " 1/2", "1/2\n", "1.0/2"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(GaiaJudgeError, match="is not a shard"):
        shard([], text)


def test_a_changed_file_or_description_is_rated_again(tmp_path: Path) -> None:
    """A clip made anew under its old name must not keep the old clip's scores."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"first")
    clip = Video(id="clip", path=file, prompt="A girl arranges daisies.")
    with RunFolder.open(tmp_path / "run", MANIFEST) as run:
        run.append(Record.of(clip, FRAMES, scores("clip")))
    with RunFolder.open(tmp_path / "run", MANIFEST) as run:
        assert run.pending([clip]) == []
        other = Video(id="clip", path=file, prompt="A girl arranges roses.")
        assert run.pending([other]) == [other]
        file.write_bytes(b"second")
        assert run.pending([clip]) == [clip]


def test_records_are_read_where_they_stand_whatever_came_before_them(tmp_path: Path) -> None:
    path = filled(tmp_path, record("a"), failed("b"), record("a", 2.0))
    with path.open("ab") as file:
        file.write(b'{"video": "torn"')
    held = Records(path)
    assert list(held) == ["a", "b"]
    assert held["a"] == record("a", 2.0)
    assert held["b"] == failed("b")
    with RunFolder.open(tmp_path, MANIFEST) as run:
        run.append(record("c", 3.0))
        run.append(failed("a"))
        assert [run.done[name] for name in run.done] == [failed("a"), failed("b"), record("c", 3.0)]


def test_a_run_is_opened_once_by_one_process_too(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run", MANIFEST) as run:
        with pytest.raises(GaiaJudgeError, match="in use by this very process"):
            RunFolder.open(tmp_path / "x/../run", MANIFEST)
        run.append(record("a"))
    with RunFolder.open(tmp_path / "run", MANIFEST) as run:
        assert list(run.done) == ["a"]


def test_a_journal_that_something_else_changes_is_neither_written_nor_misread(tmp_path: Path) -> None:
    path = filled(tmp_path, record("a"), record("b", 2.0))
    lines = path.read_bytes().splitlines(keepends=True)
    with RunFolder.open(tmp_path, MANIFEST) as run:
        path.write_bytes(b"".join(lines[::-1]))  # of one length
        with pytest.raises(GaiaJudgeError, match="was changed by something else"):
            run.done["a"]
        path.write_bytes(lines[1])
        with pytest.raises(GaiaJudgeError, match="was changed by something else"):
            run.export([video("b")])
        path.write_bytes(b"".join([*lines, record("c").line()]))
        size = path.stat().st_size
        with pytest.raises(GaiaJudgeError, match="was changed by something else"):
            run.append(record("d"))
        assert path.stat().st_size == size


def test_a_journal_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(GaiaJudgeError, match=r"journal\.jsonl cannot be read"):
        Records(tmp_path / "journal.jsonl")


def test_a_line_that_does_not_reach_the_disk_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with RunFolder.open(tmp_path, MANIFEST) as run:
        run.append(record("a"))
        before = (tmp_path / "journal.jsonl").read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            with pytest.raises(GaiaJudgeError, match="cannot be written: Input/output error"):
                run.append(record("b"))
        assert (tmp_path / "journal.jsonl").read_bytes() == before
        run.append(record("c", 3.0))
        assert [run.done[name] for name in run.done] == [record("a"), record("c", 3.0)]


def test_a_run_stopped_just_after_a_line_was_counted_counts_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Records.add

    def add_and_stop(records: Records, name: str, size: int) -> None:
        add(records, name, size)
        raise KeyboardInterrupt

    with RunFolder.open(tmp_path, MANIFEST) as run:
        with monkeypatch.context() as patched:
            patched.setattr(Records, "add", add_and_stop)
            with pytest.raises(KeyboardInterrupt):
                run.append(record("a"))
        run.append(record("b", 2.0))
        assert [run.done[name] for name in run.done] == [record("a"), record("b", 2.0)]
