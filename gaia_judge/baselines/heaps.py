"""Heaps: what the C library does with freed memory, for code that makes many arrays of a few megabytes."""

import sys
from functools import cache

TRIM, SPARE, MAPPED = -1, -2, -3
"""Numbers of glibc's ``mallopt``: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD."""

LARGEST = 32 * 2**20
"""Arrays up to this size come from the heap, in bytes; glibc takes no more."""

KEPT = 256 * 2**20
"""What a process keeps of what it has freed, at most, in bytes."""


@cache
def keep_freed() -> bool:
    """Have freed memory kept in this process, and return whether that was possible: with glibc alone.

    By default glibc gives arrays of more than some 100 kB back at once, and the system clears the pages of
    each new one, which took a quarter of VIDEVAL's time. Where the environment says otherwise, as by
    ``MALLOC_TRIM_THRESHOLD_``, that is overridden.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all([mallopt(MAPPED, LARGEST), mallopt(TRIM, KEPT), mallopt(SPARE, LARGEST)])
