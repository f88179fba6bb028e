"""What becomes of memory that a training step frees."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Names of two of mallopt's parameters, from malloc.h."""
_NEVER = -1


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees; tell whether the C library can do that.

    A step on a CPU frees gigabytes that the next one asks for again. By default glibc hands large
    blocks back at once, and the kernel fills them with zeros anew, page by page, each time: a tenth
    to a third of a step. What it costs is a higher peak, as freed blocks lie between used ones.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's own; others lack it
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))
