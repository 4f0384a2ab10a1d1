"""Functions given at points: differences, slopes, areas, interpolation, convolution of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.ops.joining import joined_ends
from tinygrad_edu.ops.shapes import (
    arraylike,
    broadcast_arrays,
    broadcast_to,
    composed,
    positive_axis,
)
from tinygrad_edu.tensor import Op, op, value


@composed(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """np.diff: x[i + 1] - x[i], n times over."""
    a = arraylike(a)
    axis = positive_axis(axis, a.ndim)
    if n < 0:
        raise refusal(ValueError, f"diff: n is 0 or more, not {n}")
    ends = []
    for end in (prepend, append):
        if end is not None and np.ndim(end) == 0:
            end = broadcast_to(arraylike(end), shape=(*a.shape[:axis], 1, *a.shape[axis + 1 :]))
        ends.append([] if end is None else [end])
    if n and (ends[0] or ends[1]):
        a = np.concatenate([*ends[0], a, *ends[1]], axis=axis)
    before = (slice(None),) * axis
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


@composed(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """np.ediff1d: x[i + 1] - x[i] of the flattened x, with given values before and after."""
    x = np.ravel(arraylike(ary))
    ends = [[] if end is None else [np.ravel(arraylike(end))] for end in (to_begin, to_end)]
    return np.concatenate([*ends[0], x[1:] - x[:-1], *ends[1]])


@composed(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """np.unwrap: p plus whole periods that remove jumps; whole periods have no derivative."""
    turns = np.unwrap(value(p), discont, axis, period=period) - value(p)
    return p + turns


def _slopes(f: Any, d: Any, edge_order: int) -> Any:
    """df/dx along axis 0 by central differences; d holds all steps, or the one step."""
    if np.ndim(d) == 0:
        middle = (f[2:] - f[:-2]) / (2.0 * d)
        first, last = (f[1] - f[0]) / d, (f[-1] - f[-2]) / d
        if edge_order == 2:
            first = -1.5 / d * f[0] + 2.0 / d * f[1] + -0.5 / d * f[2]
            last = 0.5 / d * f[-3] + -2.0 / d * f[-2] + 1.5 / d * f[-1]
        return joined_ends(first, middle, last)
    p, q = (np.reshape(step, (-1,) + (1,) * (f.ndim - 1)) for step in (d[:-1], d[1:]))
    middle = -q / (p * (p + q)) * f[:-2] + (q - p) / (p * q) * f[1:-1] + p / (q * (p + q)) * f[2:]
    first, last = (f[1] - f[0]) / d[0], (f[-1] - f[-2]) / d[-1]
    if edge_order == 2:
        p, q = d[0], d[1]
        first = (
            -(2.0 * p + q) / (p * (p + q)) * f[0]
            + (p + q) / (p * q) * f[1]
            - p / (q * (p + q)) * f[2]
        )
        p, q = d[-2], d[-1]
        last = (
            q / (p * (p + q)) * f[-3]
            - (q + p) / (p * q) * f[-2]
            + (2.0 * q + p) / (q * (p + q)) * f[-1]
        )
    return joined_ends(first, middle, last)


@composed(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """np.gradient: the slopes of a function given on a grid, to second order inside.

    At the ends of order 1 or 2. If the steps differ, a slope is Σ c f over three points with the c that are
    exact for parabolas (Fornberg 1988). Differentiable in the steps, too.
    """
    f = arraylike(f)
    f = f if f.dtype.kind in "fc" else f.astype(np.float64)
    axes = range(f.ndim) if axis is None else np.ravel(axis).tolist()
    axes = [positive_axis(k, f.ndim) for k in axes]
    steps: list[Any] = list(varargs) or [1.0]
    if len(steps) == 1 and np.ndim(steps[0]) == 0:
        steps *= len(axes)
    if len(steps) != len(axes):
        raise refusal(
            TypeError, f"gradient: a spacing for each of the {len(axes)} axes, not {len(steps)}"
        )
    if edge_order not in (1, 2):
        raise refusal(ValueError, f"gradient: edge_order is 1 or 2, not {edge_order}")
    slopes = []
    for k, d in zip(axes, steps, strict=True):
        n = f.shape[k]
        if n < edge_order + 1:
            raise refusal(
                ValueError,
                f"gradient needs {edge_order + 1} points or more along each axis, not {n}",
            )
        if np.ndim(d):
            if np.shape(d) != (n,):
                raise refusal(
                    ValueError,
                    f"gradient: {n} points along axis {k} need {n} coordinates, not {np.shape(d)}",
                )
            d = np.diff(d)
        slope = np.moveaxis(_slopes(np.moveaxis(f, k, 0), d, edge_order), 0, k)
        slopes.append(slope if slope.dtype == f.dtype else slope.astype(f.dtype))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


@composed(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """np.trapezoid: ∫ y dx ≈ Σ (x[i + 1] - x[i]) (y[i] + y[i + 1]) / 2."""
    y = np.moveaxis(arraylike(y), axis, -1)
    if x is not None:
        x = arraylike(x)
        dx = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1))
    return (dx * (y[..., 1:] + y[..., :-1]) / 2.0).sum(axis=-1)


@composed(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """np.interp: on the straight line between the two points around x, differentiable in x, xp and fp.

    At a point xp[j] the slope is that of the line to its right; outside of the points it is 0.
    """
    x, xp, fp = arraylike(x), arraylike(xp), arraylike(fp)
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise refusal(
            ValueError, f"interp: xp and fp are points on one line, not {xp.shape} and {fp.shape}"
        )
    if period is not None:
        p = abs(period)
        x, xp = (u - p * np.floor(value(u) / p) for u in (x, xp))
        order = np.argsort(value(xp))
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - p, xp, xp[:1] + p])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n = xp.shape[0]
    j = np.clip(np.searchsorted(value(xp), value(x), side="right") - 1, 0, max(n - 2, 0))
    k = np.minimum(j + 1, n - 1)
    gap = xp[k] - xp[j] if n > 1 else 1.0
    y = (fp[k] - fp[j]) / gap * (x - xp[j]) + fp[j]
    low, high = value(x) < value(xp)[0], value(x) >= value(xp)[-1]
    beyond = value(x) > value(xp)[-1]
    y = np.where(high, fp[-1], y)
    y = np.where(low, fp[0] if left is None else left, y)
    return y if right is None else np.where(beyond, right, y)


# ------------------------------------------------------------------------------------- sliding sums


def _convolve(a: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.convolve(a, v)


convolve_full: Op = op(
    _convolve,
    lambda g, y, a, v: np.correlate(g, np.conjugate(v), "valid"),
    lambda g, y, a, v: np.correlate(g, np.conjugate(a), "valid"),
    name="convolve", formula="y[k] = Σ a[k - i] v[i]", linear=True,
    cases=each(real, ((5,), (3,), {}), ((2,), (4,), {}), ((1,), (1,), {})),
)  # fmt: skip


def _part(y: Any, a: Any, v: Any, mode: str, longer_first: bool) -> Any:
    """The part of the full convolution that a mode keeps: full, same or valid."""
    long, short = max(a.size, v.size), min(a.size, v.size)
    if mode == "full":
        return y
    if mode == "same":
        start = short - 1 - short // 2 if longer_first else short // 2
        return y[start : start + long]
    if mode == "valid":
        return y[short - 1 : long]
    raise refusal(ValueError, f"mode is 'full', 'same' or 'valid', not {mode!r}")


@composed(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """np.convolve: y[k] = Σ a[k - i] v[i]."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    return _part(convolve_full(a, v), a, v, mode, True)


@composed(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """np.correlate: y[k] = Σ a[k + i] v̄[i], the convolution with v reversed (and conjugated)."""
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    return _part(convolve_full(a, np.conjugate(v[::-1])), a, v, mode, a.size >= v.size)


# ------------------------------------------------------------------------------------ points to look at


@composed(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    """np.linspace: (1 - t) start + t stop for t from 0 to 1 in equal steps, with or without the end."""
    t = np.linspace(0.0, 1.0, num, endpoint)
    start, stop = broadcast_arrays(start, stop)
    t = np.reshape(t, (-1,) + (1,) * start.ndim).astype(np.result_type(start.dtype, np.float32))
    return np.moveaxis(start * (1 - t) + stop * t, 0, axis)


@composed(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, *, axis: int = 0
) -> Any:
    """np.logspace: base to the power of np.linspace."""
    return np.power(base, linspace(start, stop, num, endpoint, axis=axis))


@composed(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    """np.geomspace of positive numbers: each the same multiple of the one before."""
    if np.any(np.asarray(value(start)) <= 0) or np.any(np.asarray(value(stop)) <= 0):
        raise refusal(ValueError, "geomspace of a Tensor goes from positive to positive numbers")
    return np.exp(linspace(np.log(start), np.log(stop), num, endpoint, axis=axis))
