"""AMT-S for tests: the names and shapes of its parameters, and parameters made up."""

import math
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

KEYS = Path(__file__).parent / "data" / "amt-s.keys"
"""Parameters of the ``Model`` in networks/AMT-S.py of github.com/MCG-NKU/AMT at commit 70f988f, in order."""


def listed():
    lines = (line.split() for line in KEYS.read_text().splitlines())
    return {name: tuple(map(int, shape.split("x"))) for name, shape in lines}


def waves():
    """Parameters by a formula: alive, and the same wherever they are made."""
    found = {}
    for number, (name, shape) in enumerate(listed().items()):
        values = np.sin(1.7 * np.arange(math.prod(shape)) + number).reshape(shape)
        scale = 2.2 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.2
        found[name] = torch.tensor(values * scale, dtype=torch.float32)
    return found


@contextmanager
def one_thread():
    """Let torch compute in one thread: where processors are busy, several wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
