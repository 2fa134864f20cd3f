"""That memory which was freed is kept, told by the pages that the system has to clear."""

import os
import platform
import subprocess
import sys

import pytest

from gaia_judge.baselines import heaps

COUNTS = """
import resource, sys
import numpy as np
from gaia_judge.baselines.heaps import keep_freed
if sys.argv[1] == "keep":
    assert keep_freed() and keep_freed()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    [np.ones(150_000) for _ in range(8)]
before = faults()
for _ in range(20):
    [np.ones(150_000) for _ in range(8)]
print(faults() - before)
"""


def faults(how):
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", COUNTS, how]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_kept():
    assert faults("keep") < 0.1 * faults("as it is")


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    heaps.keep_freed.cache_clear()
    assert heaps.keep_freed() is False
    heaps.keep_freed.cache_clear()
