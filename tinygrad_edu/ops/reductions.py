"""Many numbers become fewer: sums, means, extremes.

The derivative of a reduction spreads g back over the axes that the reduction took away.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import apart, each, real
from tinygrad_edu.ops.shapes import broadcast_to
from tinygrad_edu.tensor import ROWS, op


def kept(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """g with the axes that a reduction of x took away back in place, each of length 1."""
    if keepdims or g.ndim == x.ndim or g.ndim == 0:  # a lone number spreads over any shape
        return g
    return np.expand_dims(g, axis)


def spread(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """g in the shape of x, repeated along the axes that a reduction of x took away."""
    return broadcast_to(kept(g, x, axis, keepdims), shape=x.shape)


def count(x: Any, y: Any) -> int:
    """How many numbers of x went into each number of y."""
    return x.size // max(y.size, 1)


def _extreme_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """All places that hold the extreme share its gradient equally."""
    ties = kept(y, x, axis, keepdims) == x
    return kept(g, x, axis, keepdims) * (ties / np.sum(ties, axis=axis, keepdims=True))


_axes: tuple = (
    ((3, 4), {}),
    ((3, 4), {"axis": 0}),
    ((2, 3, 4), {"axis": (0, -1)}),
    ((3, 4), {"axis": 1, "keepdims": True}),
    ((), {}),
)


def _sum(a: np.ndarray, axis: Any = None, keepdims: Any = False) -> Any:
    # what np.sum calls in the end, at half the cost if x is small
    return np.add.reduce(a, axis=axis, keepdims=keepdims)


ROWS[np.sum] = op(
    _sum,
    lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims),
    name="sum", formula="Σ x", linear=True, cases=each(real, *_axes, ((0, 3), {"axis": 0})),
)  # fmt: skip
op(
    np.mean,
    lambda g, y, x, axis=None, keepdims=False: spread(g / count(x, y), x, axis, keepdims),
    formula="Σ x / n", linear=True, cases=each(real, *_axes),
)  # fmt: skip
op(
    np.max, _extreme_rule,
    name="max", formula="the largest x", kinks="ties share the gradient equally",
    cases=each(apart, *_axes),
)  # fmt: skip
op(
    np.min, _extreme_rule,
    name="min", formula="the smallest x", kinks="ties share the gradient equally",
    cases=each(apart, *_axes),
)  # fmt: skip
