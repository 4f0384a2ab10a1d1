"""Recurrent networks: their cells, step by step, and whole sequences at once.

A cell turns the input x of one step and the state before it into the state after it. `along_time` runs a
cell over a sequence, with one recorded operation for every product and sum. These are the textbook formulas.
Below them each network is one row, for speed: one product projects the inputs of all steps, and the
derivative is a recurrence from the end (backpropagation through time, Werbos 1990). A test checks that both
are equal.

Here the first axis of sequences is time, x (T, N, D), so that a step is contiguous in memory. A mask
(T, N, 1) is False where a sequence of the batch is padded: its state stays as it is.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.operations import truth_values
from tinygrad_edu.modes import recorded, thread
from tinygrad_edu.ops.activations import sigmoid
from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.ops.elementwise import sech2
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.joining import unstack
from tinygrad_edu.tensor import Op, op, value

# ------------------------------------------------------------------------------------------- cells


# keep, in all of them, is a factor of h where U is applied to it: the mask of dropout, or None.


def rnn_cell(x: Any, h: Any, W: Any, U: Any, b: Any, keep: Any = None) -> tuple[Any]:
    """h' = tanh(x W + h U + b).    x: (N, D), h: (N, u), W: (D, u), U: (u, u), b: (u,)

    Elman 1990.
    """
    return (np.tanh(x @ W + _kept(h, keep) @ U + b),)


def _kept(h: Any, keep: Any) -> Any:
    return h if keep is None else h * keep


def lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, keep: Any = None) -> tuple[Any, Any]:
    """c' = f c + i a, h' = o tanh c': what to keep, what to write, what to show.

    [i, f, o] = σ(x W + h U + b) and a = tanh(...) alike; W: (D, 4u), U: (u, 4u), b: (4u,) hold
    i, f, a, o side by side. Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    i, f, a, o = np.split(x @ W + _kept(h, keep) @ U + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
    return sigmoid(o) * np.tanh(c), c


def gru_cell(x: Any, h: Any, W: Any, U: Any, b: Any, keep: Any = None) -> tuple[Any]:
    """h' = z h + (1 - z) a: z is the part of h that stays, r the part of h that the new a depends on.

    [z, r] = σ(x W + h U + b), and a = tanh(x W + (r h) U + b), or, if b has two rows (one for x and one
    for h), a = tanh(x W + b₀ + r (h U + b₁)): r after the product, so that one product serves all three.
    W: (D, 3u), U: (u, 3u), b: (3u,) or (2, 3u) hold z, r, a side by side. Cho et al. 2014 (and its
    version 1 for the second form).
    """
    units, k = h.shape[-1], _kept(h, keep)
    if b.ndim == 2:
        from_x, from_h = x @ W + b[0], k @ U + b[1]
        z = sigmoid(from_x[:, :units] + from_h[:, :units])
        r = sigmoid(from_x[:, units : 2 * units] + from_h[:, units : 2 * units])
        a = np.tanh(from_x[:, 2 * units :] + r * from_h[:, 2 * units :])
    else:
        from_x = x @ W + b
        zr = sigmoid(from_x[:, : 2 * units] + k @ U[:, : 2 * units])
        z, r = zr[:, :units], zr[:, units:]
        a = np.tanh(from_x[:, 2 * units :] + (r * k) @ U[:, 2 * units :])
    return (z * h + (1 - z) * a,)


def unread(x: Any, seen: np.ndarray) -> Any:
    """x, with 0 in place of NaN and infinity where `seen` is False, because 0 · NaN would be NaN.

    So padding may hold any numbers, and no gradient does. `seen` broadcasts to the shape of x.
    """
    if thread.mode.tape is not None:
        return np.where(_readable(x, seen), x, 0)
    if seen.all() or (readable := _readable(x, seen)).all():
        return x
    return np.where(readable, x, 0)


@recorded
def _readable(x: Any, seen: np.ndarray) -> np.ndarray:
    return seen | np.isfinite(value(x))


def along_time(
    cell: Callable, x: Any, states: Sequence, parameters: Sequence, mask: Any = None
) -> tuple[Any, Any]:
    """Runs a cell over x (T, N, D): the first state after every step, (T, N, u), and the last states."""
    outputs = []
    x = x if mask is None else unread(x, mask)
    for t in range(len(x)):
        after = cell(x[t], *states, *parameters)
        if mask is not None:
            after = [np.where(mask[t], new, old) for new, old in zip(after, states, strict=True)]
        states = after
        outputs.append(states[0])
    return np.stack(outputs), tuple(states)


# --------------------------------------------------------------------- whole sequences: the fast way
#
# The result of such a row has everything: gates, cells and states side by side, (T, N, k u). So the rules
# need not compute them again, and can use them, and be differentiated in them, as part of y.


class Once:
    """A function of (g, y, ...) that all rules of a row need, computed once for all of them.

    The result is forgotten together with g. Only arrays are remembered: Tensors know what they were made
    from, and would keep each other alive.
    """

    def __init__(self, function: Callable):
        self.function = function
        # (g, y, result), set in one assignment, as several threads may run this
        self.known: Any = None

    def __call__(self, g: Any, y: Any, *inputs: Any, **params: Any) -> Any:
        known = self.known
        if known and known[0]() is g and known[1]() is y:
            return known[2]
        result = self.function(g, y, *inputs, **params)
        if type(g) is type(y) is np.ndarray:
            self.known = weakref.ref(g, self.forget), weakref.ref(y), result
        return result

    def forget(self, gone: Any) -> None:
        if self.known and self.known[0] is gone:
            self.known = None


def _flat(x: Any) -> Any:
    """(T, N, k) -> (T N, k): all steps are samples."""
    return np.reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))


def _parts(y: Any, units: int) -> list[Any]:
    """The k parts of the last axis."""
    return [y[..., i : i + units] for i in range(0, y.shape[-1], units)]


def _before(y: Any, first: Any, units: int, part: int) -> list[Any]:
    """A part of y before each step."""
    return [first, *unstack(y[:-1, :, part * units : (part + 1) * units])]


def _projected(x: np.ndarray, W: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """x W + b of all steps, into the first parts of y."""
    to = y.reshape(-1, y.shape[2])[:, : W.shape[1]]
    np.matmul(_flat(x), W, out=to)
    to += b


def _squash(x: np.ndarray) -> None:
    """σ(x) in place."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5


@functools.cache
def _nearly_1(dtype: np.dtype) -> float:
    """From here on 1 - y² has hardly any digits."""
    return 1 - 16 * float(np.finfo(dtype).eps)


def _tanh_slope(y: Any, z: Callable) -> Any:
    """1 - y² of y = tanh z. Only where y is rounded to 1 it takes z, which has to be computed again."""
    known = value(y)
    most = _nearly_1(known.dtype)
    if known.max(initial=0) < most and known.min(initial=0) > -most:
        return 1 - y * y
    return sech2(z())


def _masked(called: str, x: Any, mask: Any) -> tuple[Any, Any]:
    """x, unread where the mask is False; and the mask as an array."""
    if mask is None:
        return x, None
    mask = truth_values(f"{called} got", mask, "at the steps that count")
    return unread(x, mask), mask


def _held(mask: np.ndarray, new: np.ndarray, old: np.ndarray) -> None:
    """Where the mask is False, the new state is the old one: in place."""
    np.copyto(new, old, where=~mask)


def _turned(U: Any) -> Any:
    """Uᵀ as a contiguous copy, because every step multiplies by it."""
    return np.ascontiguousarray(U.T) if isinstance(U, np.ndarray) else np.transpose(U)


def dW(x: Any, dz: Any) -> Any:
    return np.transpose(_flat(x)) @ _flat(dz)


def dU(y: Any, first: Any, dz: Any, part: int) -> Any:
    """hᵀ dz over all steps, h being the state before the step: a part of y, and `first` before them all."""
    units = first.shape[-1]
    states = y[:-1, :, part * units : (part + 1) * units]
    return np.transpose(first) @ dz[0] + np.transpose(_flat(states)) @ _flat(dz[1:])


def db(dz: Any) -> Any:
    dz = _flat(dz)
    return np.ones(dz.shape[0], dz.dtype) @ dz  # the sum over rows, by BLAS


def _cases(gates: int, states: int, *biases: tuple[int, ...]) -> Callable:
    """Two batches, one of them masked, for each shape of b; then a single step."""

    def cases(rng: np.random.Generator) -> Cases:
        made: Cases = []
        for b in biases:
            for steps, n, inputs, units, masked in (
                (3, 2, 3, 2, 0),
                (4, 3, 1, 2, 1),
                (1, 1, 2, 1, 0),
            ):
                shapes: list[tuple[int, ...]] = [(steps, n, inputs), *[(n, units)] * states]
                shapes += [(inputs, gates * units), (units, gates * units)]
                shapes.append((*b[:-1], gates * units))
                mask = rng.random((steps, n, 1)) < 0.6 if masked else None
                made.append((tuple(0.7 * x for x in real(rng, *shapes)), {"mask": mask}))
        return made

    return cases


# ---------------------------------------------------------------------------------------- simple RNN


def _products(y: tuple, x: tuple, *states_and_weights: tuple, **params: Any) -> int:
    """Multiply-adds of x W + h U over all steps."""
    *_, W, U, _b = states_and_weights
    return math.prod(x[:-1]) * (math.prod(W) + math.prod(U))


def _rnn(
    x: np.ndarray, h: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray, mask: Any = None
) -> np.ndarray:
    y = np.empty((len(x), *h.shape), np.result_type(x, W))
    _projected(x, W, b, y)
    for t, new in enumerate(y):
        new += h @ U
        np.tanh(new, out=new)
        if mask is not None:
            _held(mask[t], new, h)
        h = new
    return y


@Once
def rnn_back(g: Any, y: Any, x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> Any:
    """dL/dz of every step, z being what the tanh was taken of, and dL/dh before the first."""
    dh, dzs, Ut = np.zeros(h.shape, h.dtype), [], _turned(U)
    slopes = _tanh_slope(y, lambda: x @ W + np.concatenate([h[None], y[:-1]]) @ U + b)
    for t, (dy, slope) in reversed(list(enumerate(zip(unstack(g), unstack(slopes), strict=True)))):
        dh = dh + dy
        dz = dh * slope
        if mask is not None:
            dz, dh = dz * mask[t], dh * ~mask[t]
        dzs.append(dz)
        dh = dz @ Ut if mask is None else dz @ Ut + dh
    return np.stack(dzs[::-1]), dh


# The rules of all three rows: dz[t] is the gradient of what tanh and σ are taken of.
_RULES = {
    "x": "dz[t] Wᵀ, where dz[t] = dL/d(x[t] W + h[t - 1] U + b)",
    "h": "dz[1] Uᵀ",
    "W": "Σ over t of x[t]ᵀ dz[t]",
    "U": "Σ over t of h[t - 1]ᵀ dz[t]",
    "b": "Σ over t of dz[t]",
}


def _of_rnn(take: Callable, formula: str) -> Callable:
    """A rule that takes its part of what the backward pass through time found."""

    def rule(g: Any, y: Any, x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> Any:
        return take(y, x, h, W, *rnn_back(g, y, x, h, W, U, b, mask))

    return documented(rule, formula)


rnn_row: Op = op(
    _rnn,
    _of_rnn(lambda y, x, h, W, dz, dh: dz @ np.transpose(W), _RULES["x"]),
    _of_rnn(lambda y, x, h, W, dz, dh: dh, _RULES["h"]),
    _of_rnn(lambda y, x, h, W, dz, dh: dW(x, dz), _RULES["W"]),
    _of_rnn(lambda y, x, h, W, dz, dh: dU(y, h, dz, 0), _RULES["U"]),
    _of_rnn(lambda y, x, h, W, dz, dh: db(dz), _RULES["b"]),
    name="rnn", formula="h[t] = tanh(x[t] W + h[t - 1] U + b)", cases=_cases(1, 1, (1,)),
    owns=("mask",), multiply_adds=_products,
)  # fmt: skip


def rnn(x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> tuple[Any, tuple[Any]]:
    """`along_time(rnn_cell, x, [h], [W, U, b], mask)`."""
    x, mask = _masked("rnn", x, mask)
    y = rnn_row(x, h, W, U, b, mask=mask)
    return y, (y[-1],)


# --------------------------------------------------------------------------------------------- LSTM


def _lstm(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray,
    mask: Any = None,
) -> np.ndarray:  # fmt: skip
    """i, f, a, o, c and h of every step."""
    n, units = h.shape
    y = np.empty((len(x), n, 6 * units), np.result_type(x, W))
    _projected(x, W, b, y)
    # σ(z) = (tanh(z / 2) + 1) / 2: one tanh for all gates, those of σ halved before and after
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], y.dtype), units)
    shift = 1 - half
    for t, step in enumerate(y):
        gates = h @ U
        gates += step[:, : 4 * units]
        gates *= half
        np.tanh(gates, out=gates)
        gates *= half
        gates += shift
        i, f, a, o = _parts(gates, units)
        before, c = c, f * c
        c += i * a
        after = o * np.tanh(c)
        if mask is not None:
            _held(mask[t], after, h)
            _held(mask[t], c, before)
        h = after
        step[:, : 4 * units], step[:, 4 * units : 5 * units], step[:, 5 * units :] = gates, c, h
    return y


@Once
def _lstm_back(
    g: Any, y: Any, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, mask: Any = None
) -> Any:
    """dL/dz of every step, z being the gates before σ and tanh; dL/dh and dL/dc before the first."""
    units = h.shape[-1]
    dh, dc, dzs, Ut = np.zeros(h.shape, h.dtype), np.zeros(c.shape, c.dtype), [], _turned(U)
    steps = zip(unstack(g), unstack(y), _before(y, c, units, 4), strict=True)
    for t, (dy, step, old_c) in reversed(list(enumerate(steps))):
        i, f, a, o, new_c, _ = _parts(step, units)
        dh, dc = dh + dy[:, 5 * units :], dc + dy[:, 4 * units : 5 * units]
        if mask is not None:
            kept_h, kept_c = dh * ~mask[t], dc * ~mask[t]
            dh, dc = dh * mask[t], dc * mask[t]
        shown = np.tanh(new_c)
        dc = dc + dh * o * (1 - shown * shown)
        gates = np.concatenate([dc * a, dc * old_c, dc * i, dh * shown], axis=1)
        slopes = [i * (1 - i), f * (1 - f), 1 - a * a, o * (1 - o)]
        dz = (gates + dy[:, : 4 * units]) * np.concatenate(slopes, axis=1)
        dzs.append(dz)
        dh, dc = dz @ Ut, dc * f
        if mask is not None:
            dh, dc = dh + kept_h, dc + kept_c
    return np.stack(dzs[::-1]), dh, dc


def _of_lstm(take: Callable, formula: str) -> Callable:

    def rule(
        g: Any, y: Any, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, mask: Any = None
    ) -> Any:
        return take(y, x, h, W, *_lstm_back(g, y, x, h, c, W, U, b, mask))

    return documented(rule, formula)


lstm_row: Op = op(
    _lstm,
    _of_lstm(lambda y, x, h, W, dz, dh, dc: dz @ np.transpose(W), _RULES["x"]),
    _of_lstm(lambda y, x, h, W, dz, dh, dc: dh, _RULES["h"]),
    _of_lstm(lambda y, x, h, W, dz, dh, dc: dc, "dc[1] f, where dc[t] = dL/dc[t]"),
    _of_lstm(lambda y, x, h, W, dz, dh, dc: dW(x, dz), _RULES["W"]),
    _of_lstm(lambda y, x, h, W, dz, dh, dc: dU(y, h, dz, 5), _RULES["U"]),
    _of_lstm(lambda y, x, h, W, dz, dh, dc: db(dz), _RULES["b"]),
    name="lstm", formula="c[t] = f c[t - 1] + i a, h[t] = o tanh c[t]", cases=_cases(4, 2, (1,)),
    owns=("mask",), multiply_adds=_products,
)  # fmt: skip


def lstm(
    x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, mask: Any = None
) -> tuple[Any, tuple[Any, Any]]:
    """`along_time(lstm_cell, x, [h, c], [W, U, b], mask)`."""
    units = h.shape[-1]
    x, mask = _masked("lstm", x, mask)
    y = lstm_row(x, h, c, W, U, b, mask=mask)
    return y[:, :, 5 * units :], (y[-1, :, 5 * units :], y[-1, :, 4 * units : 5 * units])


# ---------------------------------------------------------------------------------------------- GRU


def _gru(
    x: np.ndarray, h: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray, mask: Any = None
) -> np.ndarray:
    """z, r, a, m and h of every step; m is h U + b₁ in a's column, or r h where that comes before U."""
    n, units = h.shape
    y = np.empty((len(x), n, 5 * units), np.result_type(x, W))
    _projected(x, W, b[0] if b.ndim == 2 else b, y)
    for t, step in enumerate(y):
        zr, (z, r, a, m, new) = step[:, : 2 * units], _parts(step, units)
        if b.ndim == 2:
            from_h = h @ U
            from_h += b[1]
            zr += from_h[:, : 2 * units]
            _squash(zr)
            m[...] = from_h[:, 2 * units :]
            a += r * m
        else:
            zr += h @ U[:, : 2 * units]
            _squash(zr)
            np.multiply(r, h, out=m)
            a += m @ U[:, 2 * units :]
        np.tanh(a, out=a)
        np.subtract(h, a, out=new)
        new *= z
        new += a
        if mask is not None:
            _held(mask[t], new, h)
        h = new
    return y


@Once
def _gru_back(g: Any, y: Any, x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> Any:
    """dL/d(x W) and dL/d(h U) of every step (in the second form of the cell they are the same, and the
    last part of h U is m U), and dL/dh before the first."""
    units = h.shape[-1]
    dh, from_x, from_h = np.zeros(h.shape, h.dtype), [], []
    Ut, U_zr, U_a = map(_turned, (U, U[:, : 2 * units], U[:, 2 * units :]))
    steps = zip(unstack(g), unstack(y), _before(y, h, units, 4), strict=True)
    for t, (dy, step, old) in reversed(list(enumerate(steps))):
        z, r, a, m, _ = _parts(step, units)
        dz, dr, da, dm, dh_here = _parts(dy, units)
        dh = dh + dh_here
        if mask is not None:
            kept, dh = dh * ~mask[t], dh * mask[t]
        dz = (dz + dh * (old - a)) * (z * (1 - z))
        da = (da + dh * (1 - z)) * (1 - a * a)
        dh = dh * z
        if b.ndim == 2:
            dr = (dr + da * m) * (r * (1 - r))
            dzr = np.concatenate([dz, dr], axis=1)
            from_h.append(np.concatenate([dzr, dm + da * r], axis=1))
            dh = dh + from_h[-1] @ Ut
        else:
            dm = dm + da @ U_a
            dr = (dr + dm * old) * (r * (1 - r))
            dzr = np.concatenate([dz, dr], axis=1)
            dh = dh + dm * r + dzr @ U_zr
        from_x.append(np.concatenate([dzr, da], axis=1))
        if mask is not None:
            dh = dh + kept
    dx = np.stack(from_x[::-1])
    return dx, np.stack(from_h[::-1]) if from_h else dx, dh


def _of_gru(take: Callable, formula: str) -> Callable:
    def rule(g: Any, y: Any, x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> Any:
        return take(y, x, h, W, b, *_gru_back(g, y, x, h, W, U, b, mask))

    return documented(rule, formula)


def _gru_dU(y: Any, x: Any, h: Any, W: Any, b: Any, from_x: Any, from_h: Any, dh: Any) -> Any:
    units = h.shape[-1]
    if b.ndim == 2:
        return dU(y, h, from_h, 4)
    m = y[:, :, 3 * units : 4 * units]
    parts = [dU(y, h, from_h[:, :, : 2 * units], 4), dW(m, from_h[:, :, 2 * units :])]
    return np.concatenate(parts, axis=1)


gru_row: Op = op(
    _gru,
    _of_gru(lambda y, x, h, W, b, from_x, from_h, dh: from_x @ np.transpose(W), _RULES["x"]),
    _of_gru(lambda y, x, h, W, b, from_x, from_h, dh: dh, "dh[1] z + dz[1] Uᵀ, where dh[t] = dL/dh[t]"),
    _of_gru(lambda y, x, h, W, b, from_x, from_h, dh: dW(x, from_x), _RULES["W"]),
    _of_gru(_gru_dU, _RULES["U"]),
    _of_gru(lambda y, x, h, W, b, from_x, from_h, dh:
            np.stack([db(from_x), db(from_h)]) if b.ndim == 2 else db(from_x), _RULES["b"]),
    name="gru", formula="h[t] = z h[t - 1] + (1 - z) a", cases=_cases(3, 1, (1,), (2, 1)),
    owns=("mask",), multiply_adds=_products,
)  # fmt: skip


def gru(x: Any, h: Any, W: Any, U: Any, b: Any, mask: Any = None) -> tuple[Any, tuple[Any]]:
    """`along_time(gru_cell, x, [h], [W, U, b], mask)`."""
    x, mask = _masked("gru", x, mask)
    y = gru_row(x, h, W, U, b, mask=mask)
    units = h.shape[-1]
    return y[:, :, 4 * units :], (y[-1, :, 4 * units :],)
