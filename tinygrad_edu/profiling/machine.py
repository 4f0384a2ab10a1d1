"""What the machine can do at best: multiply-adds and bytes in a second, measured once."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

clock = time.perf_counter


class Limits(NamedTuple):
    """What this machine can do with numbers of one dtype."""

    gflops: float  # 10⁹ operations a second; a multiply-add is two
    gbs: float  # 10⁹ bytes a second, read and written


def limits(dtype: Any = "float32") -> Limits:
    """What this machine reaches: a product of large matrices, and a sum of arrays larger than its cache.

    Measured once for each dtype, in about 0.1 s. A dtype without fast products (float16, integers) has the
    limits of float32. Small arrays stay in the cache, which is faster than memory: an operation on them may
    exceed these limits.
    """
    return _measured_limits(measured_as(dtype))


def measured_as(dtype: Any) -> str:
    """The dtype whose limits are those of a dtype."""
    name = np.dtype(dtype).name
    return name if name in ("float64", "complex64", "complex128") else "float32"


@functools.cache
def _measured_limits(dtype: str) -> Limits:
    n = 768 if dtype == "float32" else 512
    x = np.ones((n, n), dtype)
    product = np.empty_like(x)
    gflops = 2e-9 * n**3 / _best_seconds(lambda: np.matmul(x, x, out=product))
    a = np.ones(24 * 2**20 // np.dtype(dtype).itemsize, dtype)
    b, total = a.copy(), np.empty_like(a)
    gbs = 3e-9 * a.nbytes / _best_seconds(lambda: np.add(a, b, out=total))
    return Limits(gflops, gbs)


def _best_seconds(work: Callable[[], Any], enough: float = 0.04) -> float:
    work()  # memory is given out, and the library wakes its threads
    best, start = math.inf, clock()
    while best == math.inf or clock() - start < enough:
        began = clock()
        work()
        best = min(best, clock() - began)
    return best
