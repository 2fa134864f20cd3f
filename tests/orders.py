"""A stand-in for decoding that does what the file says, for tests of the processes that run it."""

import ctypes
import os
import signal
import sys
from pathlib import Path
from threading import Timer
from time import sleep

import numpy as np

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames, FrameSpec

LEAKED: list[bytearray] = []


def obey(path: Path, spec: FrameSpec) -> Frames:
    """Crash, hang, eat memory or return a picture, as the file's first word orders."""
    verb, _, amount = path.read_text().partition(" ")
    match verb:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            os._exit(3)
        case "abort":
            print(
                "terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True
            )
            os.abort()
        case "hang":
            path.with_suffix(".hangs").touch()
            while True:
                pass
        case "hang-locked":
            path.with_suffix(".hangs").touch()
            ctypes.PyDLL(None).pause()
        case "eat":
            bytearray(int(amount) * 2**20)
        case "leak":
            LEAKED.append(bytearray(int(amount) * 2**20))
        case "poison":
            Timer(0.3, os.kill, [os.getpid(), signal.SIGSEGV]).start()
        case "sleep":
            sleep(1)
        case "raise":
            raise ZeroDivisionError(amount)
        case "refuse":
            raise GaiaJudgeError(amount, "Hint.")
    images = np.full((1, 4, 4, 3), int(amount or 0) % 256, np.uint8)
    return Frames(
        images=images,
        seconds=np.zeros(1),
        indices=np.zeros(1, np.int64),
        total=1,
        duration=1.0,
        decoder=str(os.getpid()),
    )
