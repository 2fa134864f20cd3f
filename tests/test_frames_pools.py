"""Decoding in worker processes: what crashes, hangs or leaks costs one video, and nobody is left behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic, sleep

import numpy as np
import psutil
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, FrameSpec, sample
from gaia_judge.videos import Video
from tests.clips import write_clip
from tests.orders import obey


@pytest.fixture
def order(tmp_path):
    """Write what each video should do and return the videos."""

    def write(*orders: str) -> list[Video]:
        videos = [Video(id=str(number), path=tmp_path / f"{number}.mp4") for number in range(len(orders))]
        for video, text in zip(videos, orders, strict=True):
            video.path.write_text(text)
        return videos

    return write


def decode(videos: list[Video], spec: FrameSpec | None = None, **options) -> list:
    with Decoders(spec or FrameSpec(timeout_s=20), decode=obey, **options) as decoders:
        pairs = list(decoders.stream(videos))
    assert [video for video, _ in pairs] == videos
    return [
        answer if isinstance(answer, GaiaJudgeError) else int(answer.images[0, 0, 0, 0])
        for _, answer in pairs
    ]


@pytest.mark.parametrize("processes", [1, 3])
def test_each_death_costs_exactly_its_own_video(order, processes):
    answers = decode(
        order("show 1", "crash", "show 2", "show 3", "leave", "abort", "show 4"), processes=processes
    )
    assert answers[0] == 1
    assert answers[2:4] == [2, 3]
    assert answers[6] == 4
    assert "1.mp4: SIGSEGV" in str(answers[1])
    assert "4.mp4: exit code 3" in str(answers[4])
    assert "5.mp4: SIGABRT, terminate called" in str(answers[5])


def test_a_death_that_an_earlier_video_caused_is_not_blamed_on_the_next(order):
    assert decode(order("poison 1", "sleep 2", "show 3"), processes=1) == [1, 2, 3]


@pytest.mark.parametrize("verb", ["hang", "hang-locked"])
def test_a_hang_ends_in_an_error_that_names_the_limit(order, verb):
    answers = decode(order("show 1", verb, "show 2"), FrameSpec(timeout_s=1.5))
    assert answers[0] == 1
    assert answers[2] == 2
    assert "1.mp4 took longer than timeout_s=1.5" in str(answers[1])


def test_errors_come_back_as_errors_of_their_video(order):
    answers = decode(order("refuse That is no video.", "raise it", "show 9"))
    assert (answers[0].message, answers[0].hint) == ("That is no video.", "Hint.")
    assert "1.mp4 cannot be decoded: ZeroDivisionError: it" in str(answers[1])
    assert answers[2] == 9


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits data")
def test_too_much_memory_is_refused_and_the_next_video_is_not(order):
    answers = decode(order("eat 100", "eat 400", "eat 100"), FrameSpec(memory_gib=0.25), processes=1)
    assert answers[0] == answers[2] == 100
    assert "1.mp4 needs more memory than memory_gib=0.25" in str(answers[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits data")
def test_leaks_replace_the_worker_and_cost_no_video(order):
    spec = FrameSpec(memory_gib=0.25)
    with Decoders(spec, decode=obey, processes=1) as decoders:
        answers = [answer for _, answer in decoders.stream(order(*["leak 100"] * 5))]
    assert [answer.total for answer in answers] == [1] * 5
    assert 1 < len({answer.decoder for answer in answers}) < 5


def test_videos_are_read_no_further_ahead_than_allowed(order):
    videos, read = order(*["show 1"] * 20), []

    def source() -> Iterator[Video]:
        for video in videos:
            read.append(video)
            yield video

    with Decoders(FrameSpec(), decode=obey, ahead=3) as decoders:
        for done, _ in enumerate(decoders.stream(source()), start=1):
            assert len(read) <= done + 3
    assert read == videos


def test_waiting_frames_take_no_more_memory_than_allowed(order):
    videos, read = order(*["show 1"] * 12), []
    room = 2.5 * 4 * 4 * 3 / 2**30

    with Decoders(FrameSpec(), decode=obey, ahead=8, ahead_gib=room) as decoders:
        source = (read.append(video) or video for video in videos)
        ahead = [len(read) - done for done, _ in enumerate(decoders.stream(source), start=1)]
    assert max(ahead) == 2


def test_workers_can_be_started_before_there_is_a_video(order):
    before, started, limit = psutil.Process().children(), list[psutil.Process](), monotonic() + 60
    with Decoders(FrameSpec(), decode=obey, processes=2) as decoders:
        decoders.start()
        while len(started) < 2 and monotonic() < limit:
            started = [one for one in psutil.Process().children() if one not in before]
        assert len(started) == 2
        assert [answer.total for _, answer in decoders.stream(order("show 1", "show 2", "show 3"))] == [1] * 3
        assert {one for one in psutil.Process().children() if one not in before} == set(started)
    assert not any(one.is_running() for one in started)


def test_a_reader_can_tell_whether_it_would_have_to_wait(order):
    with Decoders(FrameSpec(timeout_s=600), decode=obey) as decoders:
        videos = decoders.stream(order("show 1", "show 2", "hang"))
        assert decoders.is_ready()  # to begin
        next(videos)
        limit = monotonic() + 60
        while not decoders.is_ready() and monotonic() < limit:
            sleep(0.01)
        assert decoders.is_ready()
        next(videos)
        sleep(0.05)
        assert not decoders.is_ready()


def test_a_reader_may_leave_while_workers_hang(order):
    others = psutil.Process().children()
    with Decoders(FrameSpec(timeout_s=600), decode=obey) as decoders:
        for _, answer in decoders.stream(order("show 1", "hang", "hang", "hang")):
            assert answer.total == 1
            break
        children = [child for child in psutil.Process().children() if child not in others]
        assert children
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


PARENT = """
import sys, time
from pathlib import Path
from gaia_judge.frames import Decoders, FrameSpec
from gaia_judge.videos import Video
from tests.orders import obey
with Decoders(FrameSpec(timeout_s=SECONDS), decode=obey, processes=1) as decoders:
    for video, answer in decoders.stream([Video(id=name, path=Path(name)) for name in sys.argv[1:]]):
        print(answer.decoder, flush=True)
"""


@pytest.mark.parametrize(("verb", "seconds"), [("hang", 600), ("hang-locked", 5)])
def test_workers_die_with_a_parent_that_is_killed(order, verb, seconds):
    first, second = order("show 1", verb)
    script = PARENT.replace("SECONDS", str(seconds))
    paths = os.pathsep.join(path for path in sys.path if path)
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(first.path), str(second.path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    while parent.poll() is None and not second.path.with_suffix(".hangs").exists():
        sleep(0.05)
    parent.kill()
    parent.wait()
    worker.wait(timeout=60)
    assert not worker.is_running()


def test_the_parent_imports_no_decoder_and_the_workers_no_main_module(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from gaia_judge.frames import Decoders, FrameSpec\n"
        "from gaia_judge.videos import Video\n"
        "with Decoders(FrameSpec()) as decoders:\n"
        f"    [(_, frames)] = decoders.stream([Video(id='clip', path=Path({str(clip)!r}))])\n"
        "print(frames.decoder, *{'av', 'decord', 'torch'} & set(sys.modules))\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        check=True,
    )
    assert done.stdout.strip() == sample(clip, FrameSpec()).decoder


@pytest.mark.parametrize(("cores", "workers"), [(None, 1), (1, 1), (2, 1), (3, 2), (64, 4)])
def test_workers_leave_the_caller_a_core(monkeypatch, cores, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    with Decoders(FrameSpec()) as decoders:
        assert len(decoders._workers) == workers


def nothing(path, spec):
    return {}


def test_an_empty_answer_is_an_answer(order):
    with Decoders(FrameSpec(), decode=nothing, processes=1) as decoders:
        assert [answer for _, answer in decoders.stream(order("one", "two"))] == [{}, {}]


def test_frames_that_find_no_memory_here_cost_one_video(order, monkeypatch):
    refused, empty = [True], np.empty

    def full_once(*given, **named):
        if refused:
            raise MemoryError(refused.pop())
        return empty(*given, **named)

    with Decoders(FrameSpec(timeout_s=20), decode=obey, processes=1) as decoders:
        monkeypatch.setattr("gaia_judge.frames.parcels.np.empty", full_once)
        answers = [answer for _, answer in decoders.stream(order("show 1", "show 2"))]
    assert "There is no memory for the frames of" in str(answers[0])
    assert answers[1].images[0, 0, 0, 0] == 2
