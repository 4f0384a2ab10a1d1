"""Large arrays that come and go should not cost more than the arithmetic on them.

A training step makes arrays and drops them, and the next step makes the same again. The C library under
Linux gives blocks of that size back to the system each time, which must find and clear new pages for the
next one: an elementwise step on a million numbers then takes three times as long. Here it is told to
keep what a step needs. (Up to half a gigabyte of free memory may so stay with the process.)
"""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
LARGEST_BLOCK, MOST_KEPT = 32 * 2**20, 512 * 2**20  # bytes; glibc takes no larger block than this


def keep_pages() -> None:
    """Does nothing where there is no glibc, or where the user has set these limits in the environment."""
    if "MALLOC_TRIM_THRESHOLD_" in os.environ or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # Windows, macOS, musl
        return
    mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
    mallopt(M_TRIM_THRESHOLD, MOST_KEPT)
