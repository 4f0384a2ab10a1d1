"""Activations of networks, and the losses of classifiers.

Each of these could be written with rows of other chapters. It is a row of its own because one formula
is faster or does not overflow. The plain way stands beside it as `plain_*`, and a test checks that both
are equal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import apart, each, real
from tinygrad_edu.ops.complex import demand_real
from tinygrad_edu.ops.elementwise import finite, plain_sigmoid, row, sigmoid
from tinygrad_edu.ops.reductions import count, in_single, kept, wide
from tinygrad_edu.tensor import op, value

# ------------------------------------------------------------------------------------- activations


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


relu = row(
    _relu, lambda g, y, x: g * (x > 0),
    name="relu", formula="max(x, 0)", kinks="derivative 0 at 0", draw=apart,
)  # fmt: skip


def _softplus(x: np.ndarray) -> np.ndarray:
    # np.logaddexp(x, 0), ten times faster
    demand_real(x, "softplus")
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


softplus = row(_softplus, lambda g, y, x: g * sigmoid(x), name="softplus", formula="ln(1 + eˣ)")


def _leaky_relu(x: np.ndarray, negative_slope: float = 0.2) -> np.ndarray:
    return np.where(x > 0, x, negative_slope * x)


leaky_relu = row(
    _leaky_relu,
    lambda g, y, x, negative_slope=0.2: g * np.where(x > 0, 1.0, negative_slope).astype(x.dtype),
    name="leaky_relu", formula="x where x > 0, else slope · x", kinks="derivative slope at 0",
    cases=each(apart, ((3, 4), {}), ((3, 4), {"negative_slope": 0.0})),
)  # fmt: skip


def _capped_relu(x: np.ndarray, max_value: float = 6.0) -> np.ndarray:
    return np.clip(x, 0, max_value)


capped_relu = row(
    _capped_relu, lambda g, y, x, max_value=6.0: g * ((x > 0) & (x < max_value)),
    name="capped_relu", formula="min(max(x, 0), max_value)", kinks="derivative 0 at 0 and max_value",
    cases=each(apart, ((3, 4), {}), ((3, 4), {"max_value": 0.5})),
)  # fmt: skip


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu = row(
    _elu, lambda g, y, x, alpha=1.0: g * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))),
    name="elu", formula="x where x > 0, else α (eˣ - 1)", kinks="derivative α at 0",
    cases=each(apart, ((3, 4), {}), ((3, 4), {"alpha": 0.5})),
)  # fmt: skip


def _softsign(x: np.ndarray) -> np.ndarray:
    demand_real(x, "softsign")
    size = np.abs(x)
    if np.isinf(size).any():
        return np.where(np.isinf(size), np.sign(x), finite(x) / (1 + finite(size)))
    return x / (1 + size)


softsign = row(
    _softsign, lambda g, y, x: g / (1 + np.abs(x)) / (1 + np.abs(x)),
    name="softsign", formula="x / (1 + |x|)", kinks="second derivative 0 at 0", draw=apart,
)  # fmt: skip

# With these values many layers keep mean 0 and variance 1: Klambauer et al. 2017, eq. 2 and 14.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Any) -> Any:
    """λ elu(x), with the α and λ of self-normalizing networks."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


def hard_sigmoid(x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6, a sigmoid made of straight lines."""
    return capped_relu(x + 3) / 6


def hard_silu(x: Any) -> Any:
    """x hard_sigmoid(x); also known as hard swish (Howard et al. 2019, section 5.2)."""
    if np.isfinite(value(x)).all():
        return x * hard_sigmoid(x)
    return np.where(value(x) >= 3, x, finite(x) * hard_sigmoid(x))  # infinite x times 0 is 0


def glu(x: Any, axis: int = -1) -> Any:
    """a sigmoid(b), the gated linear unit of the two halves a, b of x (Dauphin et al. 2017).

    Raises ValueError if the axis has an odd length.
    """
    length = np.shape(x)[axis]
    if length % 2:
        raise refusal(
            ValueError,
            f"glu of shape {np.shape(x)}: axis {axis} has {length} numbers, which are no two "
            "halves.",
            "a layer before it with an even number of outputs",
        )
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


# ------------------------------------------------------------------- along an axis: softmax and kin


def _from_top(x: np.ndarray, top: np.ndarray) -> np.ndarray:
    """x - top, the largest x; where both are infinite ∞ - ∞ = 0, but -∞ stays -∞, as e^-∞ = 0 is no share."""
    with np.errstate(invalid="ignore"):
        down = np.where(x == top, np.where(np.isneginf(top), top, 0), x - top)
    return down.astype(x.dtype)


def _all_finite(x: np.ndarray) -> bool:
    """Is Σ x² finite, and so is every x? In a third of the time of np.isfinite(x).all().

    False also where only squares overflow: then the careful way, which is right for all x, is taken.
    """
    return bool(np.vdot(x, x) < math.inf)


CACHE = 2**18  # bytes of the rows that are computed together


def _by_rows(function: Callable) -> Callable:
    """function(*arrays, axis), of arrays of one shape, a few rows after the others if there are many.

    Results between the passes over them then stay in the cache. The values are the same.
    """

    @functools.wraps(function)
    def some_rows_at_a_time(*arrays: Any, axis: int = -1) -> Any:
        x = arrays[-1]
        if (
            type(x) is not np.ndarray
            or x.dtype.char not in "fd"
            or x.nbytes <= 2 * CACHE
            or axis not in (-1, x.ndim - 1)
            or not all(type(a) is np.ndarray and a.dtype == x.dtype for a in arrays)
        ):
            return function(*arrays, axis=axis)
        y, rows = np.empty(x.shape, x.dtype), [a.reshape(-1, x.shape[-1]) for a in arrays]
        step, out = max(1, CACHE // rows[0][:1].nbytes), y.reshape(-1, x.shape[-1])
        for i in range(0, len(out), step):
            out[i : i + step] = function(*(a[i : i + step] for a in rows), axis=-1)
        return y

    return some_rows_at_a_time


# From this probability on, 1 - p and p - 1 are computed from the other probabilities: they lose digits.
SURE = 0.9
SURE_LOG = math.log(SURE)


def _powers(x: np.ndarray, axis: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """x - top, where top is the largest x and nothing overflows; e to that; top; is it finite?"""
    size = x.real if x.dtype.kind == "c" else x  # top is real: so the logarithm keeps its branch
    least = None if size.size else -np.inf  # the largest of nothing
    top = np.maximum.reduce(size, axis=axis, keepdims=True, initial=least)
    all_finite = _all_finite(top)
    down = x - top if all_finite else _from_top(x, top)
    return down, np.exp(down), top, all_finite


def _least(total: np.ndarray) -> float:
    """The least of the sums: 1 or more, but 0 where all x are -∞. (Complex sums have no order.)"""
    if total.dtype.kind == "c":
        return np.inf
    return np.minimum.reduce(total, axis=None, initial=np.inf)


def _log_of_sum(
    down: np.ndarray, terms: np.ndarray, total: np.ndarray, least: float, axis: Any
) -> np.ndarray:
    """ln Σ e^down, with all digits where one x outweighs the others."""
    if least >= 1.2:
        return np.log(total)
    with np.errstate(divide="ignore"):  # ln 0 = -∞ is the right answer where all x are -∞
        rest = np.log(total)
    others = np.where(down < 0, terms, 0).sum(axis=axis, keepdims=True)
    return np.where((total >= 1) & (total < 1.2), np.log1p(others), rest)


@in_single
def _logsumexp(x: np.ndarray, axis: Any = -1, keepdims: bool = False) -> np.ndarray:
    """ln Σ eˣ"""
    down, terms, top, _ = _powers(x, axis)
    total = np.add.reduce(terms, axis=axis, keepdims=True)
    y = top + _log_of_sum(down, terms, total, _least(total), axis)
    return y if keepdims else np.squeeze(y, axis)


@_by_rows
@in_single
def _log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    down, terms, _, _ = _powers(x, axis)
    total = np.add.reduce(terms, axis=axis, keepdims=True)
    least = _least(total)
    rest = _log_of_sum(down, terms, total, least, axis)
    if least == 0:  # all x are -∞, and so are the logarithms
        rest = np.where(total == 0, 0, rest)
    return down - rest


def _minus_others(dx: Any, sure: Any, axis: Any) -> Any:
    """dx, which sums to 0: where p is `sure`, minus the sum of the others, as 1 - p has lost digits."""
    others = dx * ~sure
    return others - sure * np.sum(others, axis=axis, keepdims=True)


@_by_rows
def _log_softmax_rule(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    """g - eʸ Σ g"""
    dx = g - np.exp(y) * np.sum(wide(g), axis=axis, keepdims=True)
    if value(y).max(initial=-np.inf) < SURE_LOG:
        return dx
    return _minus_others(dx, value(y) > SURE_LOG, axis)


def _logsumexp_rule(g: Any, y: Any, x: Any, axis: Any = -1, keepdims: bool = False) -> Any:
    """g * exp(x - y)"""
    g = kept(wide(g), x, axis, keepdims)
    if type(g) is type(y) is type(x) is np.ndarray and np.isfinite(y).all():
        return g * np.exp(x - kept(y, x, axis, keepdims))
    return g * softmax(x, axis=axis)  # the same, but its own derivative has digits left near 1


logsumexp = op(
    _logsumexp, _logsumexp_rule,
    name="logsumexp", formula="ln Σ eˣ", kinks="derivative 0 where all x are -∞",
    cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3), {"axis": (0, 1)}),
               ((2, 3), {"axis": 1, "keepdims": True})),
)  # fmt: skip


@_by_rows
@in_single
def _softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    _, y, _, all_finite = _powers(x, axis)
    total = np.add.reduce(y, axis=axis, keepdims=True)
    y /= total if all_finite else np.where(total == 0, 1, total)
    return y


@_by_rows
def _softmax_rule(g: Any, y: Any, x: Any, axis: int = -1) -> Any:
    """y (g - Σ g y)"""
    g = wide(g)
    if y.ndim and value(y).max(initial=0) > SURE:
        # relative to g there, so that 1 - y has digits left
        g = g - np.sum(g * (value(y) > SURE), axis=axis, keepdims=True)
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


softmax = op(
    _softmax, _softmax_rule,
    name="softmax", formula="eˣ / Σ eˣ", cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0})),
)  # fmt: skip


def plain_softmax(x: Any, axis: int = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


log_softmax = op(
    _log_softmax, _log_softmax_rule,
    name="log_softmax", formula="x - ln Σ eˣ", cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0})),
)  # fmt: skip


def sparsemax(x: Any, axis: int = -1) -> Any:
    """max(x - τ, 0) with the τ that makes the sum 1: a softmax with exact zeros.

    The probability vector nearest to x. The k largest x lie above τ = (their sum - 1) / k, for the largest
    k for which this holds. Martins and Astudillo 2016, algorithm 1.
    """
    falling = np.flip(np.sort(value(x), axis=axis), axis)
    k = np.ones_like(falling).cumsum(axis=axis)
    lowest = np.where(k * falling > falling.cumsum(axis=axis) - 1, falling, np.inf)
    chosen = value(x) >= lowest.min(axis=axis, keepdims=True)
    size = chosen.sum(axis=axis, keepdims=True, dtype=falling.dtype)
    sums = np.sum(np.where(chosen, x, 0), axis=axis, keepdims=True)
    return np.where(chosen, x - (sums - 1) / size, 0)


# ----------------------------------------------------------------------------------- cross-entropy


@in_single
def _cross_entropy(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean over samples of -ln softmax(x)[label]."""
    down, terms, _, all_finite = _powers(x, 1)
    rows = np.arange(len(x))
    chosen = down[rows, labels]
    if all_finite:
        y = np.add.reduce(np.log(np.add.reduce(terms, axis=1)) - chosen) / len(x)
        if y > 0.5:
            return y
    # In a small mean the digits of small logarithms count. The sum less 1 has them all where the term of the
    # label is the largest, 1. Elsewhere the loss is at least ln 2.
    term = terms[rows, labels]
    terms[rows, labels] = 0
    less_one = np.add.reduce(terms, axis=1) + (term - 1)
    if not all_finite:
        less_one[less_one == -1] = 0  # all x are -∞
    return np.add.reduce(np.log1p(less_one) - chosen) / len(x)


def _cross_entropy_dx(g: Any, y: Any, x: Any, labels: np.ndarray) -> Any:
    """g (softmax(x) - one_hot(labels)) / n: what the network says, minus what it should have said"""
    # At the label, p - 1 is minus the sum of the others, which has digits left where p is rounded to 1.
    rows, n = np.arange(len(labels)), count(labels.shape, y)
    if type(g) is type(x) is np.ndarray:  # the same in place
        _, dx, _, all_finite = _powers(wide(x), 1)
        chosen = dx[rows, labels]
        dx[rows, labels] = 0
        others = np.add.reduce(dx, axis=1)
        dx[rows, labels] = -others
        total = others + chosen
        if not all_finite:
            total[total == 0] = 1
        dx *= (g / n / total)[:, None]
        return dx
    one_hot = np.zeros(x.shape, bool)
    one_hot[rows, labels] = True
    p = softmax(x)
    return _minus_others(p - one_hot, one_hot & (value(p) > SURE), 1) * (g / n)


cross_entropy = op(
    _cross_entropy, _cross_entropy_dx, None,
    name="cross_entropy", formula="mean of -ln softmax(x)[label]",
    cases=lambda rng: [((*real(rng, (4, 3)), np.array([0, 2, 1, 1])), {})],
)  # fmt: skip


def _above_0(x: Any) -> np.ndarray:
    """1 where x > 0, else 0. (np.where takes ten times as long where the signs of x are mixed.)"""
    x = np.asarray(value(x))
    return (x > 0).astype(x.dtype)


def _binary_cross_entropy(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    demand_real(x, "binary_cross_entropy")
    demand_real(t, "binary_cross_entropy")
    # softplus(x) - x t, without the difference of two large numbers where x is large and t near 1
    missed = _above_0(x) - t
    far = x * missed if not np.isinf(x).any() else np.where(missed == 0, 0, x) * missed
    return far + np.log1p(np.exp(-np.abs(x)))


def _binary_cross_entropy_dx(g: Any, y: Any, x: Any, t: Any) -> Any:
    """g (sigmoid(x) - t)"""
    # For x > 0 as (1 - t) - sigmoid(-x), which has digits left where sigmoid(x) is rounded to 1.
    above = _above_0(x)
    sign = 1 - 2 * above
    return g * (above - t + sign * sigmoid(sign * x))


binary_cross_entropy = row(
    _binary_cross_entropy, _binary_cross_entropy_dx, lambda g, y, x, t: -g * x,
    name="binary_cross_entropy", formula="-t ln sigmoid(x) - (1 - t) ln sigmoid(-x)",
    conditioning="near the zeros of its derivatives, sigmoid(x) = t",
)  # fmt: skip


def plain_binary_cross_entropy(x: Any, t: Any) -> Any:
    return -t * np.log(plain_sigmoid(x)) - (1 - t) * np.log(plain_sigmoid(-x))


def plain_cross_entropy(x: Any, labels: np.ndarray) -> Any:
    return -np.mean(np.log(plain_softmax(x))[np.arange(len(labels)), labels])


__all__ = [
    "binary_cross_entropy", "capped_relu", "cross_entropy", "elu", "glu", "hard_sigmoid", "hard_silu",
    "leaky_relu", "log_softmax", "logsumexp", "plain_binary_cross_entropy", "plain_cross_entropy",
    "plain_sigmoid", "plain_softmax", "relu", "selu", "sigmoid", "softmax", "softplus", "softsign",
    "sparsemax",
]  # fmt: skip
