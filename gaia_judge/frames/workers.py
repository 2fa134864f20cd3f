"""Worker processes, from the inside: what runs in them until the parent hangs up."""

import math
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames.parcels import send
from gaia_judge.frames.samples import sample
from gaia_judge.frames.specs import Frames, FrameSpec

GIB = 2**30
ADVICE = "Leave the video out, or try another decoder."

Decode = Callable[[Path, FrameSpec], Frames]


def serve(descriptor: int) -> None:
    """Answer requests from the parent at the other end of a socket; never returns.

    Receives first the function that decodes, then paths and specs; sends for each the frames or an error,
    and whether the process has leaked so much that it should be replaced.
    """
    Thread(target=_die_with_parent, args=(descriptor,), daemon=True).start()
    connection = Connection(descriptor)
    decode: Decode = connection.recv()
    if decode is sample:  # Neither time nor memory of a video pays for its libraries.
        with suppress(ImportError):
            import av  # noqa: F401
            import decord  # noqa: F401
    start = _data_bytes()
    connection.send("ready")
    while True:
        path, spec = connection.recv()
        # Even if the parent is gone and the decoder hangs while it holds Python's lock.
        signal.alarm(math.ceil(spec.timeout_s) + 5)
        _limit_growth(spec.memory_gib * GIB)
        answer = _answer(decode, path, spec)
        _limit_growth(math.inf)  # Sending copies.
        signal.alarm(0)
        send(connection, (answer, _data_bytes() - start > spec.memory_gib * GIB / 2))


def _answer(decode: Decode, path: Path, spec: FrameSpec) -> Frames | GaiaJudgeError:
    try:
        return decode(path, spec)
    except GaiaJudgeError as error:
        return GaiaJudgeError(error.message, error.hint)
    except MemoryError:
        what = f"{path} needs more memory than memory_gib={spec.memory_gib:g} allows."
        return GaiaJudgeError(what, "Raise memory_gib if the video is worth it.")
    except Exception as error:
        return GaiaJudgeError(f"{path} cannot be decoded: {type(error).__name__}: {error}.", ADVICE)


def _die_with_parent(descriptor: int) -> None:
    # With no events asked for, poll returns only when the other end is closed, by death or on purpose.
    hangup = select.poll()
    hangup.register(descriptor, 0)
    hangup.poll()
    os._exit(0)  # A regular exit would run decord's teardown, which may crash.


def _limit_growth(size: float) -> None:
    """Let this process grow by so many bytes from here. Only Linux enforces limits on data."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = math.inf if hard == resource.RLIM_INFINITY else hard
        soft = min(_data_bytes() + size, most)
        resource.setrlimit(resource.RLIMIT_DATA, (hard if soft == most else int(soft), hard))


def _data_bytes() -> int:
    """Return the private writable memory of this process; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
