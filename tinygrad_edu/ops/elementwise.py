"""Elementwise functions: y[i] depends only on the i-th elements of the inputs.

Read a row as a line of a table of derivatives: the function, then dL/dinput for each input, where
g = dL/dy and y is the result. Inputs broadcast as in NumPy, which the backward pass undoes. Functions whose
values take more code (erf, Γ, sinc) are in `special.py`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients
from tinygrad_edu.node import as_operand
from tinygrad_edu.ops.cases import (
    apart,
    broadcasting,
    each,
    inside_unit,
    nonzero,
    positive,
    real,
)
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.tensor import PLAIN, ROWS, Op, Tensor, op, value


def row(forward: Callable, *rules: Callable | None, draw: Callable = real, **about: Any) -> Op:
    cases = about.pop("cases", broadcasting(draw, len(rules)))
    return op(forward, *rules, elementwise=True, cases=cases, **about)


def beyond_one(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    return [1 + x for x in positive(rng, *shapes)]


def between_steps(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    """Draws x and w for remainders: x / w is a little more than a whole number, so away from jumps."""
    return [
        rng.integers(-3, 4, size=shape) * (i == 0) + rng.uniform(0.7, 0.75, size=shape) + (i == 1)
        for i, shape in enumerate(shapes)
    ]


def gap(x: Any, w: Any) -> Any:
    """x - w, where equal infinities are 0 apart; but -∞ where x is -∞, as a term e^x = 0 has no share."""
    if np.isfinite(value(x)).all() and np.isfinite(value(w)).all():
        return x - w
    return np.where(value(x) == -np.inf, -np.inf, finite(x) - finite(w))


def finite(x: Any) -> Any:
    """x, with half of the largest numbers in the place of infinities."""
    dtype = np.result_type(value(x))
    if dtype.kind != "f":
        return x
    most = np.finfo(dtype).max / 2
    return np.clip(x, -most, most)


def or_infinite(y: Any) -> Any:
    """y, but infinite where it is 0, so that x / y is 0 there, to every order."""
    return y if np.all(value(y)) else y + np.where(y == 0, np.inf, 0)


@functools.cache
def _cubes_in_range(dtype: np.dtype) -> tuple[float, float]:
    """The smallest and the largest number whose third power neither underflows nor overflows."""
    limits = np.finfo(dtype)
    return float(limits.tiny) ** (1 / 3), float(limits.max) ** (1 / 3)


def along_unit(g: Any, y: Any, x: Any, shaped: Callable = lambda v: v) -> Any:
    """g x / y of a length y of x, and 0 where y is 0. `shaped` gives what has y's shape that of x.

    g / y first spares a division of each x. But if y is tiny or huge, the g / y² of the second derivative is
    out of range.
    """
    size = value(y)
    least, most = _cubes_in_range(size.dtype)
    if size.ndim == 0:
        usual = least < size.item() < most
    else:
        shortest = np.minimum.reduce(size, axis=None, initial=most)
        usual = least < shortest and np.maximum.reduce(size, axis=None, initial=0) < most
    return shaped(g / y) * x if usual else shaped(g) * (x / shaped(or_infinite(y)))


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
remainder = row(
    np.remainder, lambda g, y, x, w: g, lambda g, y, x, w: -g * np.floor_divide(x, w),
    formula="x - w ⌊x / w⌋", domain="w ≠ 0", draw=between_steps,
    kinks="jumps where x / w is whole; the derivative is that of the piece to the right",
)  # fmt: skip
fmod = row(
    np.fmod, lambda g, y, x, w: g, lambda g, y, x, w: -g * np.rint((x - y) / w),
    formula="x - w · (x / w without its fraction)", domain="w ≠ 0", draw=between_steps,
    kinks="jumps where x / w is whole; the derivative is that of the piece away from 0",
)  # fmt: skip
positive_ = row(np.positive, lambda g, y, x: g, formula="x", linear=True)
negative = row(np.negative, lambda g, y, x: -g, formula="-x", linear=True)
reciprocal = row(
    np.reciprocal, lambda g, y, x: -g * y * y, formula="1 / x", domain="x ≠ 0", draw=nonzero
)
ldexp = row(
    np.ldexp, lambda g, y, x, n: np.ldexp(g, n), None, formula="x 2ⁿ", linear=True,
    cases=lambda rng: [((*real(rng, (2, 3)), np.array([-2, 0, 3])), {})],
)  # fmt: skip

# ------------------------------------------------------------------------------- powers and roots
square = row(np.square, lambda g, y, x: g * (2 * x), formula="x²")
sqrt = row(np.sqrt, lambda g, y, x: g / (2 * y), formula="√x", domain="x > 0", draw=positive)
cbrt = row(np.cbrt, lambda g, y, x: g / (3 * y) / y, formula="∛x", domain="x ≠ 0", draw=nonzero)


def with_tip(dx: Any, g: Any, y: Any, x: Any, shaped: Callable = lambda v: v) -> Any:
    """dx = g x / y of y = |x|, with its derivative dg/dy where g and y are 0.

    |x| has a kink at 0, but |x|² has none: there its second derivative is lim g / y = dg/dy, with g = 2y.
    Only derivatives of derivatives see this. `shaped` gives what has y's shape that of x.
    """
    # In forward mode y may be an array while g is a Tensor: then g does not depend on y.
    if not (isinstance(g, Tensor) and g.requires_grad and isinstance(y, Tensor)) or np.all(y.data):
        return dx
    tip = (value(y) == 0) & (g.data == 0)
    if not tip.any():
        return dx
    return dx + shaped(gradients({g: np.ones_like(g.data)}, [y])[0].data * tip) * x


def _hypot_rule(g: Any, y: Any, x: Any, w: Any) -> Any:
    if type(g) is type(y) is np.ndarray and np.isfinite(y).all():
        return g * (x / or_infinite(y))
    return with_tip(g * cosine(x, w), g, y, x)


hypot = row(
    np.hypot,
    documented(lambda g, y, x, w: _hypot_rule(g, y, x, w), "g * cosine(x, w)"),
    documented(lambda g, y, x, w: _hypot_rule(g, y, w, x), "g * cosine(w, x)"),
    formula="√(x² + w²)", kinks="derivative 0 at x = w = 0", draw=nonzero,
)  # fmt: skip


def _cosine(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    if not (np.isfinite(x).all() and np.isfinite(w).all()):  # beside ∞ a number is 0
        infinite = np.isinf(x) | np.isinf(w)
        x, w = (np.where(infinite, np.isinf(v) * np.sign(v), v) for v in (x, w))
    x, w = x * 0.5, w * 0.5  # halves, whose length does not overflow
    return x / or_infinite(np.hypot(x, w))


cosine: Op = row(
    _cosine,
    lambda g, y, x, w: g * (cosine(w, x) / or_infinite(np.hypot(x, w)) * cosine(w, x)),
    lambda g, y, x, w: -g * (cosine(w, x) / or_infinite(np.hypot(x, w)) * y),
    name="cosine", formula="x / √(x² + w²)", draw=nonzero,
    kinks="0, with derivative 0, at x = w = 0", conditioning="near the zeros of its second derivatives",
)  # fmt: skip


def secant(x: Any) -> Any:
    """√(1 + x²), whose square does not overflow."""
    return np.hypot(1, x) if value(x).dtype.kind != "c" else np.sqrt(1 + x * x)


def less_one(x: Any, w: Any) -> Any:
    """w - 1, the exponent of the derivative; 0 where x = w = 0, so that 0 · 0⁻¹ counts as 0."""
    return w - 1 if np.all(value(w) != 0) else w - 1 + ((x == 0) & (w == 0))


def _power_dx(g: Any, y: Any, x: Any, w: Any) -> Any:
    """g * w * x ** (w - 1)"""
    if type(w) in (int, float) and w != 0 and (w - 1) + 1 == w:
        return g * w * x ** (w - 1)
    exponent = less_one(x, w)
    dx = g * w * x**exponent
    # What w - 1 was rounded by, which a large ln x multiplies.
    lost = value(w) - (value(exponent) + 1)
    return dx * (1 + lost * np.log(np.abs(x) + (x == 0))) if np.any(lost) else dx


power = row(
    operator.pow,  # and not np.power: arrays ** 2 is a multiplication, np.power(arrays, 2) is not
    _power_dx,
    lambda g, y, x, w: g * y * np.log(np.where(x == 0, 1, x)),
    name="power", formula="x ** w", domain="x > 0, or w a constant whole number", draw=positive,
    kinks="0 ** w with w ≥ 0 has derivative 0 in w; 0 ** 0 has derivative 0 in x",
    conditioning="near the zeros of its derivatives",
)  # fmt: skip
ROWS[np.power] = power


def float_power(x: Any, w: Any) -> Any:
    """np.float_power: x ** w in at least double precision."""
    x, w = (v if isinstance(v, Tensor) else np.asarray(v) for v in (x, w))
    return power(*(v.astype(np.result_type(v.dtype, np.float64)) for v in (x, w)))


ROWS[np.float_power] = float_power

# ------------------------------------------------------------------------- exponential, logarithm
LN2, LN10 = float(np.log(2)), float(np.log(10))

exp = row(np.exp, lambda g, y, x: g * y, formula="eˣ")
exp2 = row(np.exp2, lambda g, y, x: g * (y * LN2), formula="2ˣ")
expm1 = row(np.expm1, lambda g, y, x: g * np.exp(x), formula="eˣ - 1, exact near 0")
log = row(np.log, lambda g, y, x: g / x, formula="ln x", domain="x > 0", draw=positive)
log2 = row(np.log2, lambda g, y, x: g / x / LN2, formula="log₂ x", domain="x > 0", draw=positive)
log10 = row(
    np.log10, lambda g, y, x: g / x / LN10, formula="log₁₀ x", domain="x > 0", draw=positive
)
log1p = row(
    np.log1p, lambda g, y, x: g / (1 + x), formula="ln(1 + x), exact near 0", domain="x > -1",
    draw=inside_unit,
)  # fmt: skip
logaddexp = row(
    np.logaddexp,
    lambda g, y, x, w: g * sigmoid(gap(x, w)),
    lambda g, y, x, w: g * sigmoid(gap(w, x)),
    formula="ln(eˣ + eʷ)", kinks="derivative 0 where x = w = -∞", conditioning="x - w is rounded",
)  # fmt: skip
logaddexp2 = row(
    np.logaddexp2,
    lambda g, y, x, w: g * sigmoid(gap(x, w) * LN2),
    lambda g, y, x, w: g * sigmoid(gap(w, x) * LN2),
    formula="log₂(2ˣ + 2ʷ)", kinks="derivative 0 where x = w = -∞", conditioning="x - w is rounded",
)  # fmt: skip


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # eˣ / (1 + eˣ) has all digits where it is small; from 40 on it is 1 (in float16 from 11 on)
    y = np.minimum(x, 40)
    if y.dtype.char == "e":
        y = np.minimum(y, 11)
    y = np.exp(y, out=y if y.ndim else None)
    y /= y + 1
    return y


sigmoid: Op = row(
    _sigmoid, lambda g, y, x: g * sech2(x, c=0.5),
    name="sigmoid", formula="1 / (1 + e⁻ˣ)",
)  # fmt: skip


def plain_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


# -------------------------------------------------------------------- trigonometric and hyperbolic
sin = row(np.sin, lambda g, y, x: g * np.cos(x), formula="sin x")
cos = row(np.cos, lambda g, y, x: -g * np.sin(x), formula="cos x")
tan = row(np.tan, lambda g, y, x: g * (1 + y * y), formula="tan x", draw=inside_unit)
arcsin = row(
    np.arcsin, lambda g, y, x: g * circle(x),
    formula="arcsin x", domain="-1 < x < 1", draw=inside_unit,
)  # fmt: skip
arccos = row(
    np.arccos, lambda g, y, x: -g * circle(x),
    formula="arccos x", domain="-1 < x < 1", draw=inside_unit,
)  # fmt: skip


def _circle(x: np.ndarray, p: float = -0.5) -> np.ndarray:
    squares = (1 - x) * (1 + x)  # near 1 without a rounded x²
    return 1 / np.sqrt(squares) if p == -0.5 else squares**p


circle: Op = row(
    _circle, lambda g, y, x, p=-0.5: g * (-2 * p * x * circle(x, p=p - 1)),
    name="circle", formula="(1 - x²)ᵖ", domain="-1 < x < 1",
    cases=each(inside_unit, ((3, 4), {}), ((3,), {"p": -1})),
)  # fmt: skip
arctan = row(
    np.arctan,
    documented(lambda g, y, x: g / secant(x) / secant(x), "g / (1 + x * x)"),
    formula="arctan x",
)
arctan2 = row(
    np.arctan2,
    lambda g, y, x, w: g * (cosine(w, x) / np.hypot(x, w)),
    lambda g, y, x, w: -g * (cosine(x, w) / np.hypot(x, w)),
    formula="the angle of the point (w, x)", domain="not x = w = 0", draw=nonzero,
    conditioning="near the zeros of its second derivatives",
)  # fmt: skip

sinh = row(np.sinh, lambda g, y, x: g * np.cosh(x), formula="sinh x")
cosh = row(np.cosh, lambda g, y, x: g * np.sinh(x), formula="cosh x")
tanh = row(np.tanh, lambda g, y, x: g * sech2(x), formula="tanh x")


@np.errstate(over="ignore")  # 1 / ∞ is 0
def _sech2(x: np.ndarray, c: float = 1.0) -> np.ndarray:
    """1 - tanh² x for c = 1: with digits left where tanh x is rounded to 1."""
    y = np.cosh(x if c == 1 else x * c)
    out = y if y.ndim else None  # in place, unless NumPy made a scalar of a 0-d array
    y = np.reciprocal(y, out) if c == 1 else np.divide(c, y, out)
    y *= y
    return y


sech2: Op = row(
    _sech2, lambda g, y, x, c=1.0: g * (-2 * c * y * np.tanh(x * c)),
    name="sech2", formula="c² / cosh² cx", conditioning="near the zeros of its second derivative",
    cases=each(real, ((3, 4), {}), ((3,), {"c": 0.5})),
)  # fmt: skip
arcsinh = row(
    np.arcsinh,
    documented(lambda g, y, x: g / secant(x), "g / np.sqrt(1 + x * x)"),
    formula="arsinh x",
)
arccosh = row(
    np.arccosh, lambda g, y, x: g / np.sqrt(x - 1) / np.sqrt(x + 1),
    formula="arcosh x", domain="x > 1", draw=beyond_one,
)  # fmt: skip
arctanh = row(
    np.arctanh, lambda g, y, x: g * circle(x, p=-1),
    formula="artanh x", domain="-1 < x < 1", draw=inside_unit,
)  # fmt: skip
deg2rad = row(np.deg2rad, lambda g, y, x: g * (np.pi / 180), formula="x π / 180", linear=True)
rad2deg = row(np.rad2deg, lambda g, y, x: g * (180 / np.pi), formula="180 x / π", linear=True)
ROWS[np.radians], ROWS[np.degrees] = deg2rad, rad2deg


# ------------------------------------------------------------------------------------- with kinks
def _absolute_rule(g: Any, y: Any, x: Any) -> Any:
    """g * sign(x); of a complex x, g conj(x) / |x|"""
    if x.dtype.kind != "c":
        return with_tip(g * np.sign(x), g, y, x)
    conjugate = np.conjugate(x)  # d|z| = Re(z̄ dz) / |z|: see complex.py
    return with_tip(along_unit(g, y, conjugate), g, y, conjugate)


absolute = row(np.abs, _absolute_rule, formula="|x|", kinks="derivative 0 at 0", draw=nonzero)
ROWS[np.fabs] = absolute


def _direction(z: np.ndarray) -> np.ndarray:
    return np.sign(z)


def _direction_rule(g: Any, y: Any, z: Any) -> Any:
    """-i Re(i g y) / z, as dy = i y d arg z = i y Im(dz / z)"""
    return -1j * np.real(1j * g * y) / or_infinite(z)


direction = op(  # not elementwise=True: dy is no multiple of dz
    _direction, _direction_rule,
    name="sign", formula="z / |z|, where z is complex", kinks="derivative 0 at 0",
    cases=broadcasting(nonzero, 1),
)  # fmt: skip


def sign(x: Any) -> Any:
    """np.sign: a step, and so a plain array. Of complex numbers it is z / |z|, which turns with z."""
    return direction(x) if x.dtype.kind == "c" else np.sign(value(x))


ROWS[np.sign] = sign
copysign = row(
    np.copysign, lambda g, y, x, w: g * (np.sign(x) * np.sign(y)), lambda g, y, x, w: g * 0,
    formula="|x| with the sign of w", kinks="derivative 0 at x = 0, and 0 in w everywhere", draw=nonzero,
)  # fmt: skip
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
fmax = row(
    np.fmax,
    lambda g, y, x, w: g * (x == y) - g * (x == w) / 2,
    lambda g, y, x, w: g * (w == y) - g * (x == w) / 2,
    formula="the larger of x and w, or the one that is not nan",
    kinks="equal inputs share the gradient", draw=apart,
)  # fmt: skip
fmin = row(
    np.fmin,
    lambda g, y, x, w: g * (x == y) - g * (x == w) / 2,
    lambda g, y, x, w: g * (w == y) - g * (x == w) / 2,
    formula="the smaller of x and w, or the one that is not nan",
    kinks="equal inputs share the gradient", draw=apart,
)  # fmt: skip


def _clip(x: np.ndarray, lo: Any, hi: Any) -> np.ndarray:
    return np.clip(x, lo, hi)


clip_row = row(
    _clip,
    lambda g, y, x, lo, hi: g * (x == y),
    lambda g, y, x, lo, hi: g * ((x < lo) & (y == lo)),  # if the bounds cross, hi wins
    lambda g, y, x, lo, hi: g * (np.maximum(x, lo) > hi),
    name="clip", formula="x, but at least lo and at most hi",
    kinks="x on a bound has derivative 1, and the bound 0",
    cases=lambda rng: [
        ((np.array([[-2.0, -0.5], [0.5, 2.0]]), np.array(-1.0), np.array([1.0, 1.5])), {}),
        ((*apart(rng, (3, 4)), np.array(-np.inf), np.array(0.1)), {}),
        ((np.array([0.3, -4.0]), np.array(2.0), np.array(1.0)), {}),
    ],
)  # fmt: skip


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """np.clip and x.clip. A bound may be None, an array or a Tensor, under either of its two names."""
    a = as_operand(a)
    dtype = np.result_type(value(a))
    least, most = (
        (-np.inf, np.inf) if dtype.kind != "i" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    )
    lo, hi = a_min if min is None else min, a_max if max is None else max
    return clip_row(a, least if lo is None else lo, most if hi is None else hi)


ROWS[np.clip] = clip

nan_to_num = row(
    np.nan_to_num,
    lambda g, y, x, nan=0.0, posinf=None, neginf=None: g * np.isfinite(x),
    formula="x, with numbers in the place of nan, ∞ and -∞", kinks="derivative 0 where x is replaced",
)  # fmt: skip


def truth(c: Any) -> np.ndarray:
    return np.asarray(value(c), bool)


where = row(
    np.where,
    None,
    documented(lambda g, y, c, x, w: g * truth(c), "g where c, else 0"),
    documented(lambda g, y, c, x, w: g * ~truth(c), "0 where c, else g"),
    name="where", formula="x where c, else w", linear=True,
    cases=lambda rng: [
        ((rng.random((3, 4)) > 0.5, *real(rng, (3, 4), (4,))), {}),
        ((np.array([True, False, True]), *real(rng, (2, 1), ())), {}),
        ((np.array([2, 0, -1]), *real(rng, (3,), (3,))), {}),
    ],
)  # fmt: skip


def where_or_nonzero(condition: Any, *choices: Any, **named: Any) -> Any:
    """np.where: chooses between two arrays; with the condition alone, the indices where it holds."""
    if choices or named:
        return where.from_numpy(condition, *choices, **named)
    return np.where(value(condition))


ROWS[np.where], ROWS[where] = where_or_nonzero, where  # the row is listed under its own name


def _identity(x: np.ndarray) -> np.ndarray:
    return x


identity = row(_identity, lambda g, y, x: g, name="identity", formula="x", linear=True)

astype = op(
    np.ndarray.astype,
    lambda g, y, x, dtype=None: g,  # the backward pass gives every gradient the dtype of its tensor
    name="astype", formula="x in another precision", linear=True, elementwise=True,
    cases=lambda rng: [((rng.normal(size=(3,)),), {"dtype": np.dtype(np.float64)})],
)  # fmt: skip


def copy(a: Any) -> Any:
    """np.copy: a copy of the array that stays in the graph."""
    return positive_(a)


ROWS[np.copy] = copy
if hasattr(np, "astype"):  # NumPy 2.1
    ROWS[np.astype] = lambda x, dtype: x.astype(dtype)

# -------------------------------------------------------------- several results, steps, operators


def divmod_(x: Any, w: Any) -> tuple:
    """np.divmod: the whole part of x / w as a plain array, and the remainder."""
    return np.floor_divide(value(x), value(w)), remainder(x, w)


def modf(x: Any) -> tuple:
    """np.modf: the fractional part of x, and the whole part as a plain array."""
    whole = np.trunc(value(x))
    return x - whole, whole


def frexp(x: Any) -> tuple:
    """np.frexp: m and n with x = m 2ⁿ and 1/2 ≤ |m| < 1; n is a plain array."""
    n = np.frexp(value(x))[1]
    return ldexp(x, -n), n


ROWS[np.divmod], ROWS[np.modf], ROWS[np.frexp] = divmod_, modf, frexp

# Steps, tests and integers: constant almost everywhere, so their results are plain arrays.
PLAIN |= {
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.isnan, np.isinf, np.isfinite, np.signbit,
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.round, np.argmax, np.argmin, np.argsort,
    np.all, np.any, np.count_nonzero, np.nonzero, np.shape, np.ndim, np.size, np.result_type,
    np.array_equal, np.allclose, np.isclose, np.zeros_like, np.ones_like, np.empty_like,
    np.array_repr, np.array_str, np.array2string, np.save, np.savez,
    np.floor_divide, np.heaviside, np.fix, np.spacing, np.isposinf, np.isneginf,
    np.nanargmax, np.nanargmin, np.around, np.array_equiv, np.logical_xor, np.can_cast,
    np.common_type, np.min_scalar_type, np.may_share_memory, np.shares_memory, np.einsum_path,
    np.savez_compressed, np.savetxt,
    # of whole numbers
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
    np.bitwise_count, np.gcd, np.lcm,
}  # fmt: skip
