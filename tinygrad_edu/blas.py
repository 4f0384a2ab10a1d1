"""How many threads the matrix products of NumPy use, chosen by what there is to compute.

NumPy hands products to a library, mostly OpenBLAS, which shares each among all processors of the machine. A
small product gains little from that. Where other programs are busy, it loses: one of its threads waits for
its turn, and all others wait for it. The training of a small network then takes several times as long as with
one thread.

The library is reached by ctypes, by a call that takes a fifth of a microsecond. If another library computes,
or the user has set the number in the environment, nothing happens.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

__all__ = ["blas_threads", "processors"]

SMALL = 20_000_000  # multiply-adds of an operation; one thread does fewer as fast as two, or faster
# What the user may have set, in the order in which OpenBLAS looks.
VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
PREFIXES = ("scipy_openblas", "openblas")
SUFFIXES = ("64_", "")


class Library(NamedTuple):
    """What sets and tells the number of threads."""

    set: Callable[[int], None]
    get: Callable[[], int]


@functools.cache
def library() -> Library | None:
    """The OpenBLAS that NumPy has loaded; None if it has another library."""
    for path in _loaded():
        try:
            loaded = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                names = (f"{prefix}_{what}_num_threads{suffix}" for what in ("set", "get"))
                found: list[Any] = [getattr(loaded, name, None) for name in names]
                if None not in found:
                    return Library(*found)
    return None


def _loaded() -> list[str]:
    """The files of OpenBLAS in the memory of this process; beside NumPy where there is no such list."""
    try:
        with open("/proc/self/maps") as maps:
            paths = [line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line]
    except OSError:
        import numpy

        root = os.path.dirname(numpy.__file__)
        folders = os.path.join(os.path.dirname(root), "numpy.libs"), os.path.join(root, ".dylibs")
        paths = [
            os.path.join(folder, name)
            for folder in folders
            if os.path.isdir(folder)
            for name in os.listdir(folder)
            if "openblas" in name
        ]
    return list(dict.fromkeys(paths))


def processors() -> int:
    """How many processors this process may really use: of those it may run on, by its share of their time.

    A container may have fewer than its host: its quota is in cpu.max (cgroup 2) or cpu.cfs_quota_us.
    """
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, math.floor(min(allowed, _quota())))


def _quota() -> float:
    """Processors by the quota of the container; infinity without one."""
    for quota, period in (("cpu.max", None), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = _read(quota).split()
            words += _read(period).split() if period else []
            if words[0] not in ("max", "-1"):
                return int(words[0]) / int(words[1])
        except (OSError, ValueError, IndexError, ZeroDivisionError):
            continue
    return math.inf


def _read(name: str) -> str:
    with open(f"/sys/fs/cgroup/{name}") as file:
        return file.read()


def is_set_by_user() -> bool:
    return any(os.environ.get(name) for name in VARIABLES)


_choosing = threading.local()  # .here: is this thread inside `chosen_threads`?


@contextmanager
def chosen_threads() -> Iterator[None]:
    """Context in which `choose_threads` may set the number; afterwards it is as before."""
    here = library()
    before, outer = here and here.get(), getattr(_choosing, "here", False)
    _choosing.here = True
    try:
        yield
    finally:
        _choosing.here = outer
        if here and before:
            here.set(before)


def choose_threads(multiply_adds: float) -> None:
    """Sets the number of threads for operations of at most this size, inside `chosen_threads`."""
    here = library()
    if here is not None and getattr(_choosing, "here", False) and not is_set_by_user():
        here.set(1 if multiply_adds < SMALL else min(here.get(), processors()))


@contextmanager
def blas_threads(number: int | None) -> Iterator[None]:
    """Context in which NumPy's matrix products use so many threads; None: as before.

    The number is that of the whole process, also of other Python threads. Without OpenBLAS nothing changes.

    >>> import numpy as np
    >>> with blas_threads(1):
    ...     product = np.ones((2, 3)) @ np.ones((3, 2))
    """
    here = library()
    if here is None or number is None:
        yield
        return
    before = here.get()
    here.set(number)
    try:
        yield
    finally:
        here.set(before)
