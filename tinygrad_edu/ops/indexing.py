"""Choosing numbers, and putting them back: an adjoint pair.

x[index] takes numbers out; its way back adds them into zeros at the same places, so that a number
taken twice gets both gradients. And the way back of adding into zeros is taking out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import real
from tinygrad_edu.tensor import ROWS, Op, Tensor, op


def _take(x: np.ndarray, index: Any) -> np.ndarray:
    return x[index]


def _scatter_add(g: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of a shape, with g added at [index]."""
    y = np.zeros(shape, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, (int, slice)) for part in parts):
        y[index] = g  # slices touch no place twice
    else:
        np.add.at(y, index, g)
    return y


def _cases(rng: np.random.Generator) -> list:
    x = real(rng, (4, 5))[0]
    indices: list[Any] = [
        1, slice(1, 3), (slice(None, None, -2), None, 0), (..., 2), np.array([0, 2, 2, -1]),
        (np.array([[0], [3]]), np.array([1, 1])), x > 0, (slice(1, None), np.array([0, 0])),
    ]  # fmt: skip
    return [((x,), {"index": index}) for index in indices]


getitem: Op = op(
    _take,
    lambda g, y, x, index=None: scatter_add(g, index=index, shape=x.shape),
    name="getitem", formula="x[index]", linear=True, cases=_cases,
    hint=lambda x, index=None: f"an index that fits the shape {x}",
)  # fmt: skip
scatter_add: Op = op(
    _scatter_add,
    lambda g, y, x, index=None, shape=None: g[index],
    name="scatter_add", formula="zeros with x added at [index]", linear=True,
    cases=lambda rng: [
        ((x[params["index"]],), {**params, "shape": x.shape}) for (x,), params in _cases(rng)
    ],
)  # fmt: skip

ROWS[Tensor.__getitem__] = getitem
