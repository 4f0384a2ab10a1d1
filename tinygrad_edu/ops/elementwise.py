"""Calculus on one screen: y[i] depends on the i-th elements of the inputs alone.

Read a row as a line of a table of derivatives: the function, then dL/dinput of each input, where
g = dL/dy and y is the result. Inputs broadcast as NumPy's do; the walk back undoes it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import (
    apart,
    broadcasting,
    inside_unit,
    nonzero,
    positive,
    real,
)
from tinygrad_edu.tensor import PLAIN, ROWS, Op, op, value


def row(forward: Callable, *rules: Callable | None, draw: Callable = real, **about: Any) -> Op:
    cases = about.pop("cases", broadcasting(draw, len(rules)))
    return op(forward, *rules, elementwise=True, cases=cases, **about)


# ------------------------------------------------------------------------------------- arithmetic
add = row(np.add, lambda g, y, x, w: g, lambda g, y, x, w: g, formula="x + w", linear=True)
subtract = row(
    np.subtract, lambda g, y, x, w: g, lambda g, y, x, w: -g, formula="x - w", linear=True
)
multiply = row(
    np.multiply, lambda g, y, x, w: g * w, lambda g, y, x, w: g * x, formula="x w", linear=True
)
divide = row(
    np.divide, lambda g, y, x, w: g / w, lambda g, y, x, w: -g * y / w,
    formula="x / w", domain="w ≠ 0", draw=nonzero,
)  # fmt: skip
negative = row(np.negative, lambda g, y, x: -g, formula="-x", linear=True)
square = row(np.square, lambda g, y, x: g * (2 * x), formula="x²")
sqrt = row(np.sqrt, lambda g, y, x: g / (2 * y), formula="√x", domain="x > 0", draw=positive)
reciprocal = row(
    np.reciprocal, lambda g, y, x: -g * y * y, formula="1 / x", domain="x ≠ 0", draw=nonzero
)


def _less_one(x: Any, w: Any) -> Any:
    """w - 1, the exponent of the derivative; 0 where x = w = 0, so that 0 · 0⁻¹ counts as 0."""
    return w - 1 if np.all(value(w) != 0) else w - 1 + ((x == 0) & (w == 0))


power = row(
    operator.pow,  # and not np.power: arrays ** 2 is a multiplication, np.power(arrays, 2) is not
    lambda g, y, x, w: g * w * x ** _less_one(x, w),
    lambda g, y, x, w: g * y * np.log(np.where(x == 0, 1, x)),
    name="power", formula="x ** w", domain="x > 0, or w a constant whole number", draw=positive,
    kinks="0 ** w has derivative 0 in w; 0 ** 0 has derivative 0 in x",
)  # fmt: skip
ROWS[np.power] = power

# ------------------------------------------------------------------------- exponential, logarithm
exp = row(np.exp, lambda g, y, x: g * y, formula="eˣ")
expm1 = row(np.expm1, lambda g, y, x: g * (y + 1), formula="eˣ - 1, exact near 0")
log = row(np.log, lambda g, y, x: g / x, formula="ln x", domain="x > 0", draw=positive)
log1p = row(
    np.log1p, lambda g, y, x: g / (1 + x), formula="ln(1 + x), exact near 0", domain="x > -1",
    draw=inside_unit,
)  # fmt: skip
logaddexp = row(
    np.logaddexp, lambda g, y, x, w: g * np.exp(x - y), lambda g, y, x, w: g * np.exp(w - y),
    formula="ln(eˣ + eʷ)",
)  # fmt: skip

# -------------------------------------------------------------------- trigonometric and hyperbolic
sin = row(np.sin, lambda g, y, x: g * np.cos(x), formula="sin x")
cos = row(np.cos, lambda g, y, x: -g * np.sin(x), formula="cos x")
tan = row(np.tan, lambda g, y, x: g * (1 + y * y), formula="tan x", draw=inside_unit)
sinh = row(np.sinh, lambda g, y, x: g * np.cosh(x), formula="sinh x")
cosh = row(np.cosh, lambda g, y, x: g * np.sinh(x), formula="cosh x")
tanh = row(np.tanh, lambda g, y, x: g * (1 - y * y), formula="tanh x")
arctan = row(np.arctan, lambda g, y, x: g / (1 + x * x), formula="arctan x")


# ------------------------------------------------------------------------------------- with kinks
def _absolute_rule(g: Any, y: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return g * np.sign(x)
    return g * np.conjugate(x) / np.where(y == 0, 1, y)  # d|z| = Re(z̄ dz) / |z|: see complex.py


absolute = row(np.abs, _absolute_rule, formula="|x|", kinks="derivative 0 at 0", draw=nonzero)
maximum = row(
    np.maximum,
    lambda g, y, x, w: g * (x > w) + g * (x == w) / 2,
    lambda g, y, x, w: g * (w > x) + g * (x == w) / 2,
    formula="the larger of x and w", kinks="equal inputs share the gradient", draw=apart,
)  # fmt: skip
minimum = row(
    np.minimum,
    lambda g, y, x, w: g * (x < w) + g * (x == w) / 2,
    lambda g, y, x, w: g * (w < x) + g * (x == w) / 2,
    formula="the smaller of x and w", kinks="equal inputs share the gradient", draw=apart,
)  # fmt: skip
where = row(
    np.where,
    None,
    lambda g, y, c, x, w: g * c,
    lambda g, y, c, x, w: g * np.logical_not(c),
    name="where", formula="x where c, else w", linear=True,
    cases=lambda rng: [
        ((rng.random((3, 4)) > 0.5, *real(rng, (3, 4), (4,))), {}),
        ((np.array([True, False, True]), *real(rng, (2, 1), ())), {}),
    ],
)  # fmt: skip


def _identity(x: np.ndarray) -> np.ndarray:
    return x


identity = row(_identity, lambda g, y, x: g, name="identity", formula="x", linear=True)

astype = op(
    np.ndarray.astype,
    lambda g, y, x, dtype=None: g,  # the walk back gives every gradient the dtype of its tensor
    name="astype", formula="x in another precision", linear=True, elementwise=True,
    cases=lambda rng: [((rng.normal(size=(3,)),), {"dtype": np.dtype(np.float64)})],
)  # fmt: skip

# Steps, tests and integers: constant almost everywhere, so their results are plain arrays.
PLAIN |= {
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.isnan, np.isinf, np.isfinite, np.signbit,
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.round, np.argmax, np.argmin, np.argsort,
    np.all, np.any, np.count_nonzero, np.nonzero, np.shape, np.ndim, np.size, np.result_type,
    np.array_equal, np.allclose, np.isclose, np.zeros_like, np.ones_like, np.empty_like,
    np.full_like, np.array_repr, np.array_str, np.array2string, np.save, np.savez, np.bincount,
}  # fmt: skip
