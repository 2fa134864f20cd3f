"""Parcels: objects that hold big arrays, sent from one process to another in few system calls.

A thread that reads megabytes from a socket takes Python's lock once per some hundred kilobytes, and waits
for it each time while another thread, such as an engine's, is at work. Here arrays go through memory that
both processes see, and are copied out of it at once and without the lock.
"""

import os
import pickle
from collections.abc import Mapping
from itertools import accumulate
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np

from gaia_judge.frames.specs import Frames

ALIGNED = 64
"""Bytes between whose multiples arrays begin."""


def send(connection: "Connection[Any, Any]", thing: object) -> None:
    """Send any object that can be pickled, to ``receive`` at the other end of a socket.

    Raises:
        OSError: The other end is gone, or there is no memory.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
    if not hasattr(os, "memfd_create"):  # Only Linux has such memory.
        connection.send((pickle.dumps(thing), []))
        return
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    connection.send((head, sizes))
    if not sizes:
        return
    shared = os.memfd_create("parcel")
    try:
        for at, view in zip(_starts(sizes), views, strict=False):
            while view:
                written = os.pwrite(shared, view, at)
                at, view = at + written, view[written:]
        send_handle(connection, shared, None)
    finally:
        os.close(shared)


def receive(connection: "Connection[Any, Any]") -> Any:
    """Return what ``send`` sent.

    Raises:
        EOFError: The other end is gone, or less has come than was told.
        OSError: There is no memory.
        MemoryError: Likewise.
    """
    head, sizes = connection.recv()
    if not sizes:
        return pickle.loads(head)
    *starts, end = _starts(sizes)
    whole = np.empty(end, np.uint8)
    shared, read = recv_handle(connection), 0
    try:
        while got := os.preadv(shared, [whole[read:].data], read):
            read += got
        if read < starts[-1] + sizes[-1]:  # behind the last array nothing is written
            raise EOFError(f"{read} bytes have come of {end}")
    finally:
        os.close(shared)
    return pickle.loads(head, buffers=[whole[at : at + size] for at, size in zip(starts, sizes, strict=True)])


def bytes_of(thing: object) -> int:
    """Return the memory of frames, or of the arrays in a mapping; 0 for anything else."""
    if isinstance(thing, Mapping):
        return sum(int(array.nbytes) for array in thing.values())
    return thing.images.nbytes if isinstance(thing, Frames) else 0


def _starts(sizes: list[int]) -> list[int]:
    """Return where each array begins, and where the last ends."""
    return [0, *accumulate(-(-size // ALIGNED) * ALIGNED for size in sizes)]
