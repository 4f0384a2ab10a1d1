"""Gives the matrix products of a training as many threads as they are worth.

OpenBLAS, which computes NumPy's products, splits even a small product among all processors of the machine,
and then waits for the slowest part. On an idle machine that costs little. On a busy one, a thread waits until
the system gives it its turn, which takes longer than the whole product: training a small network becomes
several times slower. A container that may use two processors of a host with 64 is such a case, too.

`one_thread` is a context in which products have one thread, until `enough_for` is told of a large one: then
they have as many as the process has processors. A number of threads that the user has set stays as it is.

NumPy has no call for this, so the functions of the library are called through ctypes. Where it is another
library (Accelerate, MKL), nothing happens: those choose by themselves.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Multiply-adds: a smaller product takes at most 0.25 ms on one core.
LARGE = 16_000_000
MOST = 64  # the threads that OpenBLAS in NumPy's wheels was built for
SETTINGS = "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"  # variables that it reads


class Library(NamedTuple):
    """Three functions of OpenBLAS."""

    get: Callable[[], int]
    set: Callable[[int], object]
    processors: Callable[[], int]  # those that it saw when it was loaded


@functools.cache
def loaded_library() -> Library | None:
    """The OpenBLAS that NumPy has loaded, or None."""
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix in ("scipy_openblas", "openblas"):
            for suffix in ("64_", "", "_64"):
                names = "get_num_threads", "set_num_threads", "get_num_procs"
                calls = [getattr(library, f"{prefix}_{name}{suffix}", None) for name in names]
                if all(calls):
                    return Library(*calls)  # type: ignore[arg-type]
    return None


def _candidates() -> list[str]:
    """Files that may be NumPy's OpenBLAS: those inside its wheel first, then those the process has loaded."""
    package = Path(np.__file__).parent
    folders = package.parent / "numpy.libs", package / ".dylibs", package / ".libs"
    files = [str(path) for folder in folders for path in sorted(folder.glob("*openblas*"))]
    if not files and sys.platform == "linux":
        try:
            maps = Path("/proc/self/maps").read_text()
        except OSError:
            return []
        paths = {line.split(maxsplit=5)[-1] for line in maps.splitlines() if "/" in line}
        files = sorted(p for p in paths if "blas" in Path(p).name)
    return files


def usable_processors(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """The processors that this process may use: by its affinity, and by the quota of its container."""
    known = hasattr(os, "sched_getaffinity")  # on Linux
    count = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    quota = _quota(groups)
    return count if quota is None else max(1, min(count, int(-(-quota // 1))))


def _quota(groups: Path) -> float | None:
    """Processors' worth of time that the control group grants; None if there is no limit.

    Inside a container, the files of its group are at the root of `groups`.
    """
    forms = ("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")  # versions 2 and 1
    for names in forms:
        try:
            words = " ".join((groups / name).read_text() for name in names).split()
            granted, period = (float(word) for word in words)
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if granted > 0 and period > 0:  # -1: no limit
            return granted / period
    return None


class _State:
    """How many contexts are open, in all Python threads, and what the number of threads was before."""

    lock = threading.RLock()
    open = 0
    before = now = 0
    library: Library | None = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Context in which products have one thread, or those of `enough_for`; afterwards as many as before."""
    _begin()
    try:
        yield
    finally:
        _end()


def enough_for(multiply_adds: float) -> None:
    """Inside of `one_thread`: gives products all usable processors if one of them is this large."""
    with _State.lock:
        if _State.open and _State.library and multiply_adds >= LARGE:
            _switch(max(1, min(_State.before, usable_processors())))


def _begin() -> None:
    with _State.lock:
        _State.open += 1
        if _State.open > 1:
            return
        library = loaded_library()
        if library is None or any(name in os.environ for name in SETTINGS):
            return
        before = library.get()
        # Any other number was set by the user, as with threadpoolctl.
        if before in (library.processors(), MOST):
            _State.library, _State.before, _State.now = library, before, before
            _switch(1)


def _end() -> None:
    with _State.lock:
        _State.open -= 1
        if not _State.open and _State.library:
            _switch(_State.before)
            _State.library = None


def _switch(threads: int) -> None:
    """Sets the number of threads, unless the user has set another one meanwhile."""
    library = _State.library
    assert library is not None
    if library.get() == _State.now:
        library.set(threads)
        _State.now = threads
