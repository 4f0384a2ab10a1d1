"""Large arrays piece by piece: a piece stays in the cache through all the steps of a formula."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.ops.complex import demand_real

PIECE = 1 << 15  # numbers


def pieces(*arrays: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Yields the flat arrays piece by piece. (Those to be written must be contiguous.)"""
    flat = [a.reshape(-1) for a in arrays]
    step = PIECE * 4 // flat[0].itemsize
    for i in range(0, flat[0].size, step):
        yield [a[i : i + step] for a in flat]


def in_pieces(double: Callable, single: Callable | None = None) -> Callable:
    """Turns a function of float64 vectors (and one for float32) into one of arrays of any shape."""
    called = double.__name__.removeprefix("_").removesuffix("_double")

    @functools.wraps(double)
    def whole(x: Any, **params: Any) -> np.ndarray:
        x = np.asarray(x)
        demand_real(x, called)
        y = np.empty(x.shape, x.dtype if x.dtype.kind == "f" else np.float64)
        f, precision = double, "f8"
        if single and y.dtype in (np.float32, np.float16):
            f, precision = single, "f4"
        with np.errstate(all="ignore"):  # branches that are not taken are computed, too
            for some, out in pieces(x, y):
                out[...] = f(some.astype(precision, copy=False), **params)
        return y if y.ndim else y[()]

    return whole
