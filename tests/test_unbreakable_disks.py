"""Disks that are full or may not be written: one clear error, whole files, and the same table in the end."""

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.files import Experiment
from gaia_judge.experiments.indexes import Index
from gaia_judge.pages.html import write_page
from gaia_judge.pages.sections import Page
from gaia_judge.runs import RunFolder
from gaia_judge.runs.journals import Records
from gaia_judge.scores import Score, ScoreTable
from tests.replays import Replay, environment, finished, write_replay

CLIPS, BROKEN = 24, 3


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return write_replay(tmp_path_factory.mktemp("replay") / "home", CLIPS, BROKEN)


@pytest.fixture(scope="module")
def undisturbed(replay: Replay) -> Path:
    done = replay.score(replay.home / "undisturbed")
    assert done.returncode == 1, done.stderr
    return replay.home / "undisturbed"


def on_a_disk_of(size: str, place: Path, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script that has a disk of its own, of some size; skip where none may be made."""
    if not shutil.which("unshare"):
        pytest.skip("no unshare here")
    place.mkdir(parents=True, exist_ok=True)
    mount = f"mount -t tmpfs -o size={size} tmpfs {place}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be made here")
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} || exit 9\n{script}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment(),
    )


def pages(size: int) -> str:
    """Return a size in whole pages of a disk, one page more for what else is there."""
    return f"{-(-size // 4096) * 4 + 4}k"


def quoted(command: list[str]) -> str:
    return " ".join(f"'{word}'" for word in command)


@pytest.mark.parametrize("what", ["the journal", "the tables"])
def test_a_run_on_a_disk_that_fills_stops_clearly_and_ends_alike_on_a_larger_one(
    what: str, replay: Replay, undisturbed: Path, tmp_path: Path
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    journal = (undisturbed / "journal.jsonl").stat().st_size
    manifest = (undisturbed / "run.json").stat().st_size
    size = pages(2 * manifest + (journal // 2 if what == "the journal" else journal + 8192))
    again = quoted(replay.command(disk / "run"))
    script = f"""
{again} >{tmp_path}/told 2>&1
echo $? >{tmp_path}/first
cp -r {disk}/run {kept}
mount -o remount,size=64m {disk}
{again} >/dev/null 2>&1
echo $? >{tmp_path}/second
cp -r {disk}/run {tmp_path}/whole
"""
    done = on_a_disk_of(size, disk, script)
    assert done.returncode == 0, done.stderr
    told = (tmp_path / "told").read_text()
    assert (tmp_path / "first").read_text().strip() == "2", told
    told = " ".join(told.split())
    file = "journal.jsonl" if what == "the journal" else "scores.csv"
    assert f"{file} cannot be written: No space left on device" in told
    assert "Traceback" not in told
    held = Records(kept / "journal.jsonl")
    assert len(held) > 0
    assert (len(held) < CLIPS + BROKEN) == (what == "the journal")
    assert (kept / "journal.jsonl").read_bytes().endswith(b"\n")
    assert not list(kept.glob(".*.part"))
    assert (tmp_path / "second").read_text().strip() == "1"
    assert finished(tmp_path / "whole") == CLIPS + BROKEN
    assert (tmp_path / "whole/scores.csv").read_bytes() == (undisturbed / "scores.csv").read_bytes()


@pytest.mark.parametrize("state", ["new", "begun"])
def test_a_folder_that_may_not_be_written_is_one_line(
    state: str, replay: Replay, undisturbed: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    fill = f"cp -r {undisturbed} {disk}/run" if state == "begun" else ":"
    command = quoted(replay.command(disk / "run", "--retry-errors"))
    done = on_a_disk_of("32m", disk, f"{fill}\nmount -o remount,ro {disk}\n{command}")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "Read-only file system" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let writes beyond this many bytes fail half-way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _page(folder: Path) -> None:
    write_page(Page(title="t", about="", warnings=(), sections=(), data={}, facts={}), folder / "page.html")


def _table(folder: Path) -> None:
    rows = [Score(video=f"v{at}", dimension="d", rater="r", value=1.0).row() for at in range(99)]
    ScoreTable.from_records(rows).write(folder)


def _index(folder: Path) -> None:
    Index(folder, Experiment(about="x" * 999), "videos", None, ()).write()


WRITERS: dict[str, Callable[[Path], None]] = {
    "page.html": _page,
    "scores.csv": _table,
    "experiment.json": _index,
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_cannot_be_written_whole_is_not_written(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with files_limited_to(100), pytest.raises(GaiaJudgeError, match=f"{name} cannot be written"):
        WRITERS[name](tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_new_run_on_a_full_disk_is_refused_and_leaves_the_folder_usable(tmp_path: Path) -> None:
    with files_limited_to(0), pytest.raises(GaiaJudgeError, match="cannot be"):
        RunFolder.open(tmp_path / "run", {"seed": 0})
    RunFolder.open(tmp_path / "run", {"seed": 0}).close()
