"""Parcels between processes: what arrives is what was sent, whatever it holds."""

import os
from dataclasses import asdict
from multiprocessing import Pipe
from threading import Thread

import numpy as np
import psutil
import pytest

from gaia_judge.frames.parcels import receive, send
from tests.scripted import some_frames

MIXED = {
    "odd": np.arange(7, dtype=np.uint8),
    "floats": np.linspace(0, 1, 5),
    "none": np.zeros((0, 3), np.float32),
    "slanted": np.arange(12).reshape(3, 4)[:, ::2],
    "big": np.arange(3_000_000, dtype=np.uint32),
}


@pytest.fixture(params=["shared memory", "socket"])
def carry(request, monkeypatch):
    """Return what sends an object to a reader and gives what arrives."""
    if request.param == "socket":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("this system has no such memory")

    def over(thing):
        ours, theirs = Pipe()
        with ours, theirs:
            sender = Thread(target=send, args=(theirs, thing))
            sender.start()
            arrived = receive(ours)
            sender.join()
        return arrived

    return over


def test_arrays_of_all_sizes_arrive_as_they_were(carry):
    arrived = carry((MIXED, "text"))
    assert arrived[1] == "text"
    assert arrived[0].keys() == MIXED.keys()
    for name, array in MIXED.items():
        assert arrived[0][name].dtype == array.dtype
        np.testing.assert_array_equal(arrived[0][name], array)


def test_frames_arrive_whole_and_may_be_written_to(carry):
    frames = some_frames()
    arrived = carry(frames)
    for name, value in asdict(frames).items():
        np.testing.assert_array_equal(getattr(arrived, name), value)
    arrived.images[:] = 0


def test_what_holds_no_array_arrives(carry):
    assert carry({"error": ["none"]}) == {"error": ["none"]}


def test_arrays_are_aligned_for_their_numbers(carry):
    for array in carry(MIXED).values():
        assert array.flags.aligned


def test_nothing_stays_open(carry):
    before = psutil.Process().num_fds()
    for _ in range(3):
        carry(MIXED)
    assert psutil.Process().num_fds() == before


def test_a_reader_learns_that_the_sender_is_gone():
    ours, theirs = Pipe()
    theirs.close()
    with pytest.raises(EOFError):
        receive(ours)
