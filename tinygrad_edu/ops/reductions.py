"""Reductions: sums, products, means, extremes; and running sums and products.

The derivative of a reduction spreads g over the axes that were reduced.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import unbroadcast
from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.ops.cases import apart, each, nonzero, real
from tinygrad_edu.ops.elementwise import along_unit, gap, sigmoid, where, with_tip
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.tensor import ROWS, Op, Tensor, op, value


def _broadcast_to(array: np.ndarray, shape: Any) -> np.ndarray:
    """np.broadcast_to, but four times faster for a single number, which every loss needs once."""
    if type(array) is np.ndarray and array.ndim == 0 and type(shape) is tuple:
        return np.ndarray(shape, array.dtype, array, 0, (0,) * len(shape))
    return np.broadcast_to(array, shape)


broadcast_to = ROWS[np.broadcast_to] = op(
    _broadcast_to,
    lambda g, y, x, shape=None: unbroadcast(g, x.shape),
    name="broadcast_to", formula="x repeated along new or longer axes", linear=True,
    cases=each(real, ((3, 1), {"shape": (2, 3, 4)}), ((), {"shape": (2, 3)})),
)  # fmt: skip


def kept(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """g with the reduced axes of x put back, each of length 1."""
    if keepdims or g.ndim == x.ndim or g.ndim == 0:  # a single number spreads over any shape
        return g
    return np.expand_dims(g, axis)


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """g in the shape of x, repeated along the reduced axes.

    A rule passes only `x.shape`: an array whose values no rule reads may change before backward().
    """
    if not (keepdims or g.ndim == len(shape) or g.ndim == 0):
        g = np.expand_dims(g, axis)
    return _broadcast_to(g, shape) if type(g) is np.ndarray else broadcast_to(g, shape=shape)


def count(shape: tuple[int, ...], y: Any) -> Any:
    """The number of elements of x for each element of y; at least 1, as it is a divisor."""
    n = max(math.prod(shape) // max(y.size, 1), 1)
    return np.float32(n) if y.dtype.char == "e" else n  # float16 ends at 65504


def sum_of_rows(x: Any) -> Any:
    """Σ x over all axes but the last, as a product with ones, because BLAS is faster."""
    n = math.prod(x.shape[:-1])
    return np.ones(n, x.dtype) @ np.reshape(x, (n, x.shape[-1]))


def wide(x: Any) -> Any:
    """x, in float32 if it is float16: sums of that overflow, and round to three digits."""
    return x.astype(np.float32) if x.dtype.char == "e" else x


def narrow(y: Any, x: Any) -> Any:
    """y, which was computed from wide(x), in the precision of x."""
    return y.astype(x.dtype) if x.dtype.char == "e" else y


def in_single(forward: Callable) -> Callable:
    """A forward function that computes in float32 if x is float16; the result is float16 again."""

    @functools.wraps(forward)
    def wider(x: np.ndarray, *args: Any, **settings: Any) -> Any:
        if x.dtype.char != "e":
            return forward(x, *args, **settings)
        return forward(x.astype(np.float32), *args, **settings).astype(x.dtype)

    return wider


def _extreme_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g where x = y, shared equally among ties"""
    ties = kept(y, x, axis, keepdims) == x
    n = np.sum(ties, axis, np.promote_types(x.dtype, np.float32), keepdims=True)
    return kept(g, x, axis, keepdims) / np.where(n, n, np.nan) * ties


_axes: tuple = (
    ((3, 4), {}),
    ((3, 4), {"axis": 0}),
    ((2, 3, 4), {"axis": (0, -1)}),
    ((3, 4), {"axis": 1, "keepdims": True}),
    ((), {}),
)


def _sum(a: np.ndarray, axis: Any = None, keepdims: Any = False) -> Any:
    # np.sum calls this in the end, at twice the cost for small x
    return np.add.reduce(a, axis=axis, keepdims=keepdims)


ROWS[np.sum] = op(
    _sum,
    lambda g, y, x, axis=None, keepdims=False: spread(g, x.shape, axis, keepdims),
    name="sum", formula="Σ x", linear=True, cases=each(real, *_axes, ((0, 3), {"axis": 0})),
)  # fmt: skip


def _mean(a: np.ndarray, axis: Any = None, keepdims: Any = False) -> Any:
    if not (type(a) is np.ndarray and a.size and a.dtype.char in "fd"):
        return np.mean(a, axis=axis, keepdims=keepdims)
    # np.mean computes this in the end, after many checks
    total = np.add.reduce(a, axis=axis, keepdims=keepdims)
    return total / a.dtype.type(a.size // np.size(total))


ROWS[np.mean] = op(
    _mean,
    lambda g, y, x, axis=None, keepdims=False: spread(g / count(x.shape, y), x.shape, axis, keepdims),
    name="mean", formula="Σ x / n", linear=True, cases=each(real, *_axes),
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
ROWS[np.amax], ROWS[np.amin] = ROWS[np.max], ROWS[np.min]


def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.ptp, peak to peak: max x - min x."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


ROWS[np.ptp] = ptp

# ----------------------------------------------------------------------------- spread around the mean


def degrees_of_freedom(x: Any, y: Any, ddof: float) -> float:
    """n - ddof, at least 0, by which NumPy divides, too; 1 for an empty x, which has no derivative."""
    return max(count(x.shape, y) - ddof, 0) if x.size else 1


def centered(x: Any, axis: Any) -> Any:
    """x - mean x; its conjugate if x is complex: d|z|² = 2 Re(z̄ dz), see complex.py."""
    x = wide(x)
    x = x - np.mean(x, axis=axis, keepdims=True) if x.size else x
    return np.conjugate(x) if x.dtype.kind == "c" else x


def without_overflow(f: Callable) -> Callable:
    """f, a root of squares (or of powers) in units of the largest |x| where they would over- or underflow.

    For f(c x) = c f(x), c > 0.
    """

    @in_single
    @functools.wraps(f)
    def scaled(x: np.ndarray, axis: Any = None, **settings: Any) -> Any:
        with np.errstate(over="ignore", under="ignore"):
            y = f(x, axis=axis, **settings)
        least = _least(x.dtype, settings.get("ord", 2))
        if not y.size or ((y.min() > least and y.max() < np.inf) if y.ndim else least < y < np.inf):
            return y
        top = np.abs(x).max(axis=axis, keepdims=True, initial=0)
        top = np.where((top > 0) & (top < np.inf), top, 1)
        units = top if settings.get("keepdims") else top.reshape(np.shape(y))
        return f(x / top, axis=axis, **settings) * units

    return scaled


@functools.cache
def _least(dtype: np.dtype, power: float) -> float:
    """The root of numbers so small that they have lost digits."""
    if dtype.kind not in "fc":
        return -1.0
    limits = np.finfo(dtype)
    return float(limits.tiny / limits.eps) ** (1 / max(abs(power), 2))


_spreads = (*_axes[:-1], ((2, 3), {"ddof": 1}), ((2, 3, 2), {"axis": (0, 2), "ddof": 0.5}))

ROWS[np.var] = op(
    in_single(np.var),
    documented(
        lambda g, y, x, axis=None, ddof=0, keepdims=False: (
            2 * kept(g, x, axis, keepdims) / degrees_of_freedom(x, y, ddof) * centered(x, axis)
        ),
        "2 g (x - mean x) / (n - ddof)",
    ),
    formula="Σ (x - mean x)² / (n - ddof)", domain="n > ddof", cases=each(real, *_spreads, ((), {})),
)  # fmt: skip


def _std_rule(
    g: Any, y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """g / y (x - mean x) / (n - ddof)"""
    n, d = degrees_of_freedom(x, y, ddof), centered(x, axis)
    shaped = lambda v: kept(v, x, axis, keepdims)
    dx = along_unit(g / n, y, d, shaped)
    return with_tip(dx, g, y, d, lambda v: shaped(v) / n)


ROWS[np.std] = op(
    without_overflow(np.std), _std_rule,
    formula="√(Σ (x - mean x)² / (n - ddof))", domain="not all x equal, n > ddof",
    kinks="derivative 0 where all x are equal", cases=each(real, *_spreads),
)  # fmt: skip

# ------------------------------------------------------------- running sums, products and recurrences


def _running(forward: Callable, back: Callable, dx: str, **about: Any) -> Op:
    """A row along one axis; without an axis it takes x as one long line, as NumPy does."""

    def rule(g: Any, y: Any, x: Any, axis: Any = None) -> Any:
        if axis is None:
            return np.reshape(back(g, y, np.reshape(x, (-1,)), 0), x.shape)
        return back(g, y, x, axis)

    return op(forward, documented(rule, dx), **about)


def _suffix_sum(x: np.ndarray, axis: int | None = None) -> np.ndarray:
    """y_i = x_i + x_(i+1) + ... to the end."""
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis if axis is not None else 0)


_lines: tuple = (
    ((3, 4), {"axis": 0}),
    ((2, 3, 2), {"axis": -2}),
    ((2, 3), {}),
    ((4,), {}),
    ((1,), {}),
)

cumsum = _running(
    np.cumsum, lambda g, y, x, axis: suffix_sum(g, axis=axis), "g₁ + ... + gₙ, g₂ + ... + gₙ, ..., gₙ",
    formula="x₁, x₁ + x₂, ...", linear=True, cases=each(real, *_lines, ((0,), {}), ((), {})),
)  # fmt: skip
suffix_sum: Op = _running(
    _suffix_sum, lambda g, y, x, axis: cumsum(g, axis=axis), "g₁, g₁ + g₂, ...",
    name="suffix_sum", formula="..., xₙ₋₁ + xₙ, xₙ", linear=True, cases=each(real, *_lines),
)  # fmt: skip


def _along(axis: int, *bounds: int | None) -> tuple:
    """The index of a slice along one axis, counted from the last."""
    return (..., slice(*bounds), *[slice(None)] * (-1 - axis))


def _recurrence(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
    """y_i = a_i y_(i-1) + b_i along an axis (counted from the last), from y_(-1) = 0.

    Two steps are one step of another recurrence: y_i = (a_i a_(i-1)) y_(i-2) + (a_i b_(i-1) + b_i). So each
    round doubles the step, and log₂ n rounds on whole arrays replace n steps.
    (Blelloch 1990, "Prefix sums and their applications", section 1.4.1.)
    """
    a, y, step = np.array(a), np.array(b), 1
    while step < y.shape[axis]:
        late, early = _along(axis, step, None), _along(axis, None, -step)
        y[late] += a[late] * y[early]  # the right side is computed before the left side changes
        a[late] = a[late] * a[early]
        step *= 2
    return y


def _recurrence_db(g: Any, y: Any, a: Any, b: Any, axis: int = -1) -> Any:
    """λᵢ = gᵢ + aᵢ₊₁ λᵢ₊₁: the recurrence read from its end"""
    none, back = np.zeros_like(a[_along(axis, 0, 1)]), _along(axis, None, None, -1)
    following = np.concatenate([a[_along(axis, 1, None)], none], axis)
    return recurrence(following[back], g[back], axis=axis)[back]


def _recurrence_da(g: Any, y: Any, a: Any, b: Any, axis: int = -1) -> Any:
    """λᵢ yᵢ₋₁, with λᵢ = gᵢ + aᵢ₊₁ λᵢ₊₁: the recurrence read from its end"""
    before = np.concatenate([np.zeros_like(y[_along(axis, 0, 1)]), y[_along(axis, None, -1)]], axis)
    return _recurrence_db(g, y, a, b, axis) * before


recurrence: Op = op(
    _recurrence, _recurrence_da, _recurrence_db,
    name="recurrence", formula="yᵢ = aᵢ yᵢ₋₁ + bᵢ",
    cases=each(real, ((5,), (5,), {}), ((3, 2), (3, 2), {"axis": -2}), ((2, 1), (2, 1), {})),
)  # fmt: skip


def _cumprod_back(g: Any, y: Any, x: Any, axis: int) -> Any:
    """dL/dx_i = Σ_(k≥i) g_k y_k / x_i, computed without a division if there are zeros.

    Π_(j<i) x_j · (g_i + x_(i+1) g_(i+1) + x_(i+1) x_(i+2) g_(i+2) + ...): a recurrence from the end.
    """
    if divisible(y, x):
        return suffix_sum(g * y, axis=axis) / x
    axis = axis % x.ndim - x.ndim
    before = np.concatenate([np.ones_like(y[_along(axis, 0, 1)]), y[_along(axis, None, -1)]], axis)
    return before * _recurrence_db(g, y, x, g, axis)


def _accumulated(ufunc: np.ufunc, share: Callable, **about: Any) -> Op:
    """The row of yᵢ = ufunc(yᵢ₋₁, xᵢ), where share(x, w) is the derivative of ufunc(x, w) in x."""

    def back(g: Any, y: Any, x: Any, axis: int) -> Any:
        axis = axis % x.ndim - x.ndim
        before, after = y[_along(axis, None, -1)], x[_along(axis, 1, None)]
        one = np.ones(x[_along(axis, 0, 1)].shape, x.dtype)
        from_before = np.concatenate([one, share(before, after)], axis)
        from_x = np.concatenate([one, share(after, before)], axis)
        return _recurrence_db(g, y, from_before, x, axis) * from_x

    return _running(
        lambda x, axis=None: ufunc.accumulate(x if axis is not None else np.ravel(x), axis or 0),
        back, "share of xᵢ in yᵢ times λᵢ, where λᵢ = gᵢ + share of yᵢ in yᵢ₊₁ λᵢ₊₁", **about,
    )  # fmt: skip


def _first(x: Any, w: Any) -> Any:
    """Where x > w, and half where both are equal."""
    return (x > w) + 0.5 * (x == w)


running_max = _accumulated(
    np.maximum, _first, name="running max", formula="x₁, max(x₁, x₂), ...",
    kinks="ties share the gradient", cases=each(apart, *_lines),
)  # fmt: skip
running_min = _accumulated(
    np.minimum, lambda x, w: _first(w, x), name="running min",
    formula="x₁, min(x₁, x₂), ...", kinks="ties share the gradient", cases=each(apart, *_lines),
)  # fmt: skip
running_logsumexp = _accumulated(
    np.logaddexp, lambda x, w: sigmoid(gap(x, w)), name="running logsumexp",
    formula="x₁, ln(eˣ¹ + eˣ²), ...", cases=each(real, *_lines),
)  # fmt: skip

_zeros = np.array([[0.5, 0.0, -2.0, 3.0], [0.0, 1.5, 0.0, 2.0], [1.0, -1.0, 2.0, 0.7]])


def _with_zeros(*params: dict) -> Callable:
    return lambda rng: [
        *each(nonzero, ((2, 3), {}), ((3, 2), {"axis": 0}), ((2, 3, 2), {"axis": -1}), ((4,), {}))(
            rng
        ),
        *(((_zeros,), p) for p in params),
    ]


cumprod = _running(
    np.cumprod, _cumprod_back, "Σ of g y from here to the end, / x",
    formula="x₁, x₁ x₂, ...", cases=_with_zeros({}, {"axis": 0}, {"axis": 1}),
)  # fmt: skip


def _cumulative(running: Callable, start: float) -> Callable:
    """np.cumulative_sum and np.cumulative_prod: running sums and products, optionally with a first 0 or 1."""

    def cumulative(x: Any, /, *, axis: int | None = None, include_initial: bool = False) -> Any:
        if axis is None:
            if x.ndim != 1:
                raise ValueError(f"axis= must be given for shape {x.shape}, which is not a vector")
            axis = 0
        y = running(x, axis=axis)
        if not include_initial:
            return y
        axis = axis % x.ndim
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        return np.concatenate([np.full(shape, start, y.dtype), y], axis=axis)

    return cumulative


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    ROWS[np.cumulative_sum] = _cumulative(np.cumsum, 0)
    ROWS[np.cumulative_prod] = _cumulative(np.cumprod, 1)


def _in_line(x: Any, axis: Any) -> tuple[Any, list[int], list[int]]:
    """x with the chosen axes merged as the last; the order of axes for that, and the chosen axes."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [i % x.ndim for i in axes]
    rest = [i for i in range(x.ndim) if i not in gone]
    shape = (*(x.shape[i] for i in rest), math.prod(x.shape[i] for i in gone))
    return np.reshape(np.transpose(x, rest + gone), shape), rest + gone, gone


def divisible(y: Any, x: Any) -> bool:
    """Can products y of x be divided by x, and once more by x for the second derivative?

    Not by 0, and not by numbers whose powers are too small or too large for the dtype.
    """
    y, sizes = value(y), np.abs(value(x))
    limits = np.finfo(sizes.dtype if sizes.dtype.kind == "f" else np.float64)
    small, large = float(limits.tiny) ** 0.25, float(limits.max) ** 0.25
    return bool(np.all(y) and np.isfinite(y).all() and ((sizes > small) & (sizes < large)).all())


def product_of_others(x: Any, axis: Any) -> Any:
    """For each element of x the product of all others along the axes, without a division."""
    line, order, _ = _in_line(x, axis)
    one = np.ones_like(line[..., :1])
    before = np.concatenate([one, cumprod(line, axis=-1)[..., :-1]], -1)
    after = np.concatenate([one, cumprod(line[..., ::-1], axis=-1)[..., :-1]], -1)[..., ::-1]
    return np.transpose(np.reshape(before * after, [x.shape[i] for i in order]), np.argsort(order))


def _prod(a: np.ndarray, axis: Any = None, keepdims: Any = False) -> Any:
    return np.multiply.reduce(a, axis=axis, keepdims=keepdims)


ROWS[np.prod] = op(
    _prod,
    documented(
        lambda g, y, x, axis=None, keepdims=False: (
            kept(g * y, x, axis, keepdims) / x if divisible(y, x)
            else kept(g, x, axis, keepdims) * product_of_others(x, axis)
        ),
        "g y / x; where some x is 0, g times the product of the others",
    ),
    name="prod", formula="Π x",
    cases=_with_zeros({}, {"axis": 1}, {"axis": (1, 0)}, {"axis": 0, "keepdims": True}),
)  # fmt: skip

# --------------------------------------------------------------------------- weighted, and with gaps


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """np.average: Σ w x / Σ w, with weights for one axis or in the shape of x; differentiable in both."""
    if weights is None:
        y = np.mean(a, axis=axis, keepdims=keepdims)
        return (y, np.full(np.shape(y), np.size(a) / max(np.size(y), 1))) if returned else y
    a, weights = (x if isinstance(x, Tensor) else np.asarray(x) for x in (a, weights))
    if weights.shape != np.shape(a):
        if weights.ndim != 1 or not isinstance(axis, int) or len(weights) != np.shape(a)[axis]:
            raise ValueError(
                f"average: weights of shape {weights.shape} for x of shape {np.shape(a)} along axis {axis}; "
                "they have x's shape, or are as many as x is long along one axis"
            )
        others = tuple(i for i in range(np.ndim(a)) if i != axis % np.ndim(a))
        weights = broadcast_to(np.expand_dims(weights, others), shape=np.shape(a))
    total = np.sum(wide(weights), axis=axis, keepdims=keepdims)
    if np.any(value(total) == 0):
        raise refusal(ZeroDivisionError, "average: the weights sum to 0")
    y = np.sum(np.multiply(wide(a), weights), axis=axis, keepdims=keepdims) / total
    y = narrow(y, np.multiply(np.ones((), a.dtype), np.ones((), weights.dtype)))
    return (y, total) if returned else y


ROWS[np.average] = average


def _gaps(draw: Callable) -> Callable:
    """Cases with a nan in each; finite differences leave it a nan."""

    def cases(rng: np.random.Generator) -> list:
        found = each(draw, *_axes[:-1])(rng)
        for (x,), _ in found:
            x.flat[1] = np.nan
        return found

    return cases


ROWS[np.nansum] = op(
    np.nansum,
    lambda g, y, x, axis=None, keepdims=False: kept(g, x, axis, keepdims) * (x == x),  # nan ≠ nan
    formula="Σ x without the nan", cases=_gaps(real),
)  # fmt: skip
op(
    np.nanmax, _extreme_rule, formula="the largest x that is not nan",
    kinks="ties share the gradient equally", cases=_gaps(apart),
)  # fmt: skip
op(
    np.nanmin, _extreme_rule, formula="the smallest x that is not nan",
    kinks="ties share the gradient equally", cases=_gaps(apart),
)  # fmt: skip


def nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.nanmean: the mean of the numbers that are not nan."""
    x = wide(a)
    n = np.sum((~np.isnan(x)).astype(x.dtype), axis=axis, keepdims=keepdims)
    return narrow(np.nansum(x, axis=axis, keepdims=keepdims) / _some(n, "nanmean"), a)


def _some(n: Any, called: str) -> Any:
    """The number of elements, or nan and a warning where there are none."""
    if np.all(n > 0):
        return n
    warnings.warn(
        f"{called}: nothing but nan gives nan.{user_line()}", RuntimeWarning, stacklevel=2
    )
    return np.where(n > 0, n, np.nan)


def _deviations(a: Any, axis: Any, ddof: float, keepdims: bool) -> tuple[Any, Any]:
    """The degrees of freedom, and x - mean x; 0 where x is nan."""
    n = np.sum((~np.isnan(a)).astype(a.dtype), axis=axis, keepdims=True)
    mean = np.nansum(a, axis=axis, keepdims=True) / np.maximum(n, 1)
    left = (n if keepdims else np.squeeze(n, axis)) - ddof
    return left, where(np.isnan(a), 0, a - mean)


def nanvar(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """np.nanvar: the variance of the numbers that are not nan."""
    left, deviation = _deviations(wide(a), axis, ddof, keepdims)
    squares = np.sum(np.square(deviation), axis=axis, keepdims=keepdims)
    return narrow(squares / _some(left, "nanvar"), a)


def nanstd(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """np.nanstd: the root of np.nanvar; as for np.std, the derivative is 0 where all numbers are equal."""
    left, deviation = _deviations(wide(a), axis, ddof, keepdims)
    length = np.linalg.vector_norm(deviation, axis=axis, keepdims=keepdims)
    return narrow(length / np.sqrt(_some(left, "nanvar")), a)


def nanprod(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.nanprod: the product of the numbers that are not nan."""
    return np.prod(where(np.isnan(a), 1, a), axis=axis, keepdims=keepdims)


def nancumsum(a: Any, axis: int | None = None) -> Any:
    """np.nancumsum: running sums, where a nan counts as 0."""
    return np.cumsum(where(np.isnan(a), 0, a), axis=axis)


def nancumprod(a: Any, axis: int | None = None) -> Any:
    """np.nancumprod: running products, where a nan counts as 1."""
    return np.cumprod(where(np.isnan(a), 1, a), axis=axis)


ROWS.update({np.nancumsum: nancumsum, np.nancumprod: nancumprod})
ROWS.update({np.nanmean: nanmean, np.nanvar: nanvar, np.nanstd: nanstd, np.nanprod: nanprod})

# --------------------------------------------------------------------------------------- by rank


def _ranked(x: np.ndarray, ranks: Any = ()) -> np.ndarray:
    """The k-th smallest number (from 0) along the last axis, for each k in ranks; nan if there is a nan."""
    ordered = np.partition(x, [*ranks, -1], axis=-1)
    y = ordered[..., list(ranks)]
    if x.dtype.kind == "f":
        y[np.isnan(ordered[..., -1])] = np.nan
    return y


def _ranked_rule(g: Any, y: Any, x: Any, ranks: Any = ()) -> Any:
    """g where x is the k-th smallest, shared equally among ties"""
    return sum(_extreme_rule(g[..., i], y[..., i], x, axis=-1) for i in range(len(ranks)))


ranked = op(
    _ranked, _ranked_rule,
    name="order statistic", formula="the k-th smallest x", kinks="ties share the gradient equally",
    cases=each(apart, ((5,), {"ranks": (2,)}), ((2, 3), {"ranks": (0, 2, 1)})),
)  # fmt: skip


# α and β of the position n q + α + q (1 - α - β) - 1, from 0 to n - 1, of a fraction q among n numbers.
# (Hyndman and Fan, "Sample quantiles in statistical packages", 1996: their definitions 4 to 9.)
_BETWEEN = {
    "linear": (1, 1), "interpolated_inverted_cdf": (0, 1), "hazen": (0.5, 0.5), "weibull": (0, 0),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (0.375, 0.375),
}  # fmt: skip


def _place(n: int, q: Any, method: Any) -> Any:
    if method == "linear":
        return q * (n - 1)
    if method in _BETWEEN:
        a, b = _BETWEEN[method]
        return np.clip(n * q + (a + q * (1 - a - b)) - 1, 0, n - 1)
    # a step function of q: its value on 0, 1, 2, ... is the position
    return np.asarray(np.quantile(np.arange(float(n)), value(q), method=method))


def quantile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """np.quantile: the value below which a fraction q of the numbers lies, interpolated between two of them.

    Differentiable in the numbers (ties share the gradient equally) and, unless the method is a step
    function, in q. Raises ValueError for a q outside of 0 to 1 and for an unknown method.
    """
    if not np.all((np.asarray(value(q)) >= 0) & (np.asarray(value(q)) <= 1)):
        raise ValueError(f"quantile: q is a fraction between 0 and 1, not {value(q)}")
    a = a if isinstance(a, Tensor) else np.asarray(a)
    line, _, gone = _in_line(a, axis)
    q = q if isinstance(q, Tensor) else np.asarray(q, float)
    n = line.shape[-1]
    if n == 0:
        raise refusal(
            ValueError, f"quantile of nothing: {a.shape} along axis {axis} has no numbers"
        )
    place = _place(n, np.reshape(q, (-1,)), method)
    below = np.floor(place)
    above = np.minimum(below + 1, n - 1)
    ranks = sorted({*below.astype(int).tolist(), *above.astype(int).tolist()})
    numbers = ranked(line, ranks=tuple(ranks))
    lower, upper = (numbers[..., np.searchsorted(ranks, k)] for k in (below, above))
    y = lower + (upper - lower) * (place - below).astype(a.dtype if a.dtype.kind == "f" else float)
    y = np.transpose(y, (y.ndim - 1, *range(y.ndim - 1)))
    rest = (
        tuple(1 if i in gone else n for i, n in enumerate(a.shape)) if keepdims else line.shape[:-1]
    )
    return np.reshape(y, (*q.shape, *rest))


def percentile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """np.percentile: np.quantile with q in percent."""
    return quantile(a, np.divide(q, 100), axis, method=method, keepdims=keepdims)


def median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """np.median: the middle number, or the mean of the middle two; nan for an empty array."""
    if not np.size(a):
        return np.mean(a, axis=axis, keepdims=keepdims)
    return quantile(a, 0.5, axis, keepdims=keepdims)


ROWS.update({np.quantile: quantile, np.percentile: percentile, np.median: median})
