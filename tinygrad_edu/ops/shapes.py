"""Shapes: the same numbers in another arrangement.

The derivative of a rearrangement is the opposite rearrangement. Functions that consist of such rows are
written with them, and need no rule of their own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, refuse_keywords
from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.reductions import broadcast_to
from tinygrad_edu.tensor import ROWS, Tensor, op


def composed(*functions: Callable) -> Callable:
    """Decorator: the function, which is written with rows, implements NumPy functions for Tensors.

    Its derivatives are those of the rows. Raises TypeError for a keyword that it does not take.
    """

    def enter(f: Callable) -> Callable:
        code = f.__code__
        known = dict.fromkeys(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]).keys()

        @functools.wraps(f)
        def on_tensors(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.keys() <= known:
                refuse_keywords(f"np.{functions[0].__name__}", kwargs, list(known))
            return f(*args, **kwargs)

        for function in functions:
            ROWS[function] = on_tensors
        return on_tensors

    return enter


def arraylike(x: Any) -> Any:
    """A Tensor as it is, anything else (a list, a number) as an array."""
    return x if isinstance(x, Tensor) else np.asarray(x)


def positive_axis(axis: int, ndim: int) -> int:
    """The axis counted from the front; raises NumPy's own error if there is no such axis."""
    return np.lib.array_utils.normalize_axis_index(axis, ndim)


# ------------------------------------------------------------------------------------- another shape


def _known(order: Any, called: str) -> Any:
    if order not in ("C", "F"):
        raise ValueError(
            f"{called} of a Tensor takes order='C' (rows first) or 'F' (columns first), not {order!r}, "
            "which depends on how the numbers lie in memory"
        )
    return order


def _reshape(a: np.ndarray, shape: Any, order: Any = "C") -> np.ndarray:
    return np.reshape(a, shape, _known(order, "reshape"))


def _ravel(a: np.ndarray, order: Any = "C") -> np.ndarray:
    return np.ravel(a, _known(order, "ravel"))


reshape = ROWS[np.reshape] = op(
    _reshape,
    lambda g, y, x, shape=None, order="C": np.reshape(g, x.shape, order=order),
    name="reshape", formula="x in another shape", linear=True,
    cases=each(
        real, ((3, 4), {"shape": (2, 6)}), ((3, 4), {"shape": -1}), ((), {"shape": (1, 1)}),
        ((3, 4), {"shape": (2, 6), "order": "F"}), ((0, 2), {"shape": (3, 0)}),
    ),
    hint=lambda x, shape=None, order="C":
        f"a shape with {math.prod(x)} elements, or one -1 to be worked out",
)  # fmt: skip
ravel = ROWS[np.ravel] = op(
    _ravel,
    lambda g, y, x, order="C": np.reshape(g, x.shape, order=order),
    name="ravel", formula="x as one axis", linear=True,
    cases=each(real, ((2, 3), {}), ((), {}), ((2, 3), {"order": "F"})),
)  # fmt: skip
expand_dims = op(
    np.expand_dims,
    lambda g, y, x, axis=None: np.reshape(g, x.shape),
    formula="x with new axes of length 1", linear=True,
    cases=each(real, ((3, 4), {"axis": 1}), ((3,), {"axis": (0, -1)})),
)  # fmt: skip
squeeze = op(
    np.squeeze,
    lambda g, y, x, axis=None: np.reshape(g, x.shape),
    formula="x without its axes of length 1", linear=True,
    cases=each(real, ((1, 3, 1), {}), ((1, 3, 1), {"axis": 0})),
)  # fmt: skip


def _at_least(ndim: int, *arrays: Any) -> Any:
    """Each array with new axes of length 1 in front; in 3-D a matrix gets its third at the end."""
    wide = []
    for x in map(arraylike, arrays):
        behind = ndim == 3 and x.ndim in (1, 2)
        front = max(0, ndim - x.ndim - behind)
        wide.append(np.reshape(x, (1,) * front + x.shape + (1,) * behind) if x.ndim < ndim else x)
    return wide[0] if len(wide) == 1 else tuple(wide)


@composed(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    return _at_least(1, *arys)


@composed(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    return _at_least(2, *arys)


@composed(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    return _at_least(3, *arys)


# ----------------------------------------------------------------------------- another order of axes


def inverse_order(axes: Any, ndim: int) -> Any:
    """The inverse of an order of axes."""
    return None if axes is None else np.argsort([axis % ndim for axis in axes])


transpose = op(
    np.transpose,
    documented(
        lambda g, y, x, axes=None: np.transpose(g, inverse_order(axes, x.ndim)),
        "gᵀ, every axis back in its place",
    ),
    formula="xᵀ", linear=True, owns=("axes",),
    cases=each(real, ((3, 4), {}), ((2, 3, 4), {"axes": (2, 0, 1)}), ((2, 3), {"axes": (-1, 0)})),
)  # fmt: skip
swapaxes = op(
    np.swapaxes,
    lambda g, y, x, axis1=None, axis2=None: np.swapaxes(g, axis1, axis2),
    formula="two axes of x exchanged", linear=True,
    cases=each(real, ((2, 3, 4), {"axis1": 0, "axis2": -1})),
)  # fmt: skip
moveaxis = op(
    np.moveaxis,
    lambda g, y, x, source=None, destination=None: np.moveaxis(g, destination, source),
    formula="axes of x moved to other places", linear=True, owns=("source", "destination"),
    cases=each(
        real, ((2, 3, 4), {"source": 0, "destination": -1}),
        ((2, 3, 4), {"source": (0, 1), "destination": (-1, 0)}),
    ),
)  # fmt: skip


@composed(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """np.rollaxis: the axis moved until it stands before `start`."""
    axis = positive_axis(axis, a.ndim)
    start = positive_axis(start, a.ndim + 1)
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@composed(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """np.matrix_transpose: the transpose of every matrix in a stack of them."""
    if x.ndim < 2:
        raise refusal(ValueError, f"matrix_transpose needs two axes or more, not shape {x.shape}")
    return np.swapaxes(x, -1, -2)


# ------------------------------------------------------------------------------- another order along


def opposite_shift(shift: Any) -> Any:
    return -shift if isinstance(shift, int) else tuple(-s for s in np.ravel(shift).tolist())


flip = op(
    np.flip, lambda g, y, x, axis=None: np.flip(g, axis),
    formula="x in reverse along axes", linear=True, owns=("axis",),
    cases=each(real, ((3, 2), {}), ((3, 2), {"axis": -1}), ((2, 3, 2), {"axis": (0, 2)})),
)  # fmt: skip
roll = op(
    np.roll,
    documented(
        lambda g, y, x, shift=0, axis=None: np.roll(g, opposite_shift(shift), axis),
        "np.roll(g, -shift, axis)",
    ),
    formula="x[i - shift], what falls off one end comes in at the other", linear=True,
    owns=("shift", "axis"),
    cases=each(
        real, ((2, 3), {"shift": 2}), ((2, 3), {"shift": -1, "axis": 1}),
        ((2, 3, 4), {"shift": (1, 2), "axis": (0, -1)}), ((2, 3), {"shift": 1, "axis": (0, 1)}),
    ),
)  # fmt: skip
rot90 = op(
    np.rot90, lambda g, y, x, k=1, axes=(0, 1): np.rot90(g, -k, axes),
    formula="x turned by k quarters", linear=True, owns=("axes",),
    cases=each(real, ((2, 3), {}), ((2, 3, 2), {"k": -3, "axes": (2, 0)}), ((2, 3), {"k": 2})),
)  # fmt: skip


@composed(np.flipud)
def flipud(m: Any) -> Any:
    return np.flip(m, 0)


@composed(np.fliplr)
def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


# -------------------------------------------------------------------------------------- repetition


@composed(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> tuple:
    """np.broadcast_arrays: all arrays in the shape of their sum."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(broadcast_to(arraylike(x), shape=shape) for x in args)


@composed(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """np.tile: x repeated as a whole, reps times along each axis."""
    reps = tuple(np.ravel(reps).tolist())
    ndim = max(len(reps), A.ndim)
    reps, shape = (1,) * (ndim - len(reps)) + reps, (1,) * (ndim - A.ndim) + A.shape
    apart = np.reshape(A, [n for side in shape for n in (1, side)])
    wide = broadcast_to(
        apart, shape=tuple(n for pair in zip(reps, shape, strict=True) for n in pair)
    )
    return np.reshape(wide, [r * n for r, n in zip(reps, shape, strict=True)])


@composed(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """np.repeat: each number repeated, with one count for all or one for each."""
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = positive_axis(axis, a.ndim)
    before, n, after = a.shape[:axis], a.shape[axis], a.shape[axis + 1 :]
    if np.size(repeats) == 1 and (times := int(np.ravel(repeats)[0])) >= 0:
        wide = broadcast_to(np.expand_dims(a, axis + 1), shape=(*before, n, times, *after))
        return np.reshape(wide, (*before, n * times, *after))
    return a[(slice(None),) * axis + (np.repeat(np.arange(n), repeats),)]


@composed(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """np.resize: the numbers of x in order, repeated until the shape is full."""
    size = math.prod(new_shape) if isinstance(new_shape, Sequence) else int(new_shape)
    return np.reshape(np.ravel(a)[np.arange(size) % a.size], new_shape)


@composed(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple:
    """np.meshgrid: each vector along its own axis, repeated along the others."""
    if indexing not in ("xy", "ij"):
        raise refusal(ValueError, f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    open_grid = [
        np.reshape(arraylike(x), [-1 if k == axis else 1 for k in range(len(xi))])
        for x, axis in zip(xi, axes, strict=True)
    ]
    return tuple(open_grid) if sparse else broadcast_arrays(*open_grid)


# ---------------------------------------------------------------------------- margins and triangles


def _zero_pad(array: np.ndarray, pad_width: Any = 0) -> np.ndarray:
    return np.pad(array, pad_width)


zero_pad = op(
    _zero_pad,
    documented(
        lambda g, y, x, pad_width=(): g[tuple(
            slice(before, before + n) for (before, _), n in zip(pad_width, x.shape, strict=True)
        )],
        "g without the margin",
    ),
    name="zero pad", formula="x with a margin of zeros", linear=True, owns=("pad_width",),
    cases=each(real, ((3,), {"pad_width": ((1, 2),)}), ((2, 3), {"pad_width": ((0, 1), (2, 0))})),
)  # fmt: skip

_COPIES = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS = {"maximum": np.max, "mean": np.mean, "median": np.median, "minimum": np.min}


@composed(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
) -> Any:
    """np.pad, axis by axis.

    Modes that copy the inside are x[places], with the places from np.pad of 0, 1, 2, ... In the others, the
    margin is a ramp from end_values to the edge, or a statistic of the stat_length numbers at the edge.
    """
    if mode not in (known := ("constant", *_COPIES, "linear_ramp", *_STATISTICS)):
        raise refusal(TypeError, f"pad of a Tensor does not take mode={mode!r}.", ", ".join(known))
    if isinstance(constant_values, Tensor):
        raise refusal(
            TypeError,
            "pad: constant_values are constants and not Tensors.",
            "ops.put(np.pad(x, width), index, values) for a margin with a derivative",
        )
    if isinstance(pad_width, dict):
        by_axis = {positive_axis(k, array.ndim): width for k, width in pad_width.items()}
        pad_width = [np.broadcast_to(by_axis.get(k, 0), 2) for k in range(array.ndim)]
    pairs, ends, lengths = (
        np.broadcast_to(np.asarray(v), (array.ndim, 2)).tolist()
        for v in (pad_width, end_values, stat_length)
    )
    if mode == "constant":
        y = zero_pad(array, pad_width=pairs)
        if np.any(constant_values):
            inside = np.zeros(array.shape, array.dtype)
            y = y + np.pad(inside, pairs, constant_values=constant_values)
        return y
    for axis, width in enumerate(pairs):
        if not any(width):
            continue
        if mode in _COPIES:
            places = np.pad(np.arange(array.shape[axis]), width, mode=mode)
            array = array[(slice(None),) * axis + (places,)]
        elif mode == "linear_ramp":
            array = _with_ramps(array, axis, width, ends[axis])
        else:
            array = _with_statistics(array, axis, width, lengths[axis], _STATISTICS[mode])
    return array


def _with_ramps(x: Any, axis: int, width: list[int], ends: list) -> Any:
    margins = []
    for side, n, end in ((0, width[0], ends[0]), (-1, width[1], ends[1])):
        steps = np.arange(n, dtype=x.dtype) / max(n, 1)  # from the end to the edge
        steps = np.expand_dims(steps if side == 0 else steps[::-1], [*range(1, x.ndim - axis)])
        edge = np.take(x, [side], axis=axis)
        margins.append(end + (edge - end) * steps)
    return np.concatenate([margins[0], x, margins[1]], axis=axis)


def _with_statistics(x: Any, axis: int, width: list[int], lengths: list, statistic: Any) -> Any:
    margins, n = [], x.shape[axis]
    for side, length in enumerate(lengths):
        length = n if length is None else min(length, n)
        part = slice(length) if side == 0 else slice(n - length, n)
        numbers = statistic(x[(slice(None),) * axis + (part,)], axis=axis, keepdims=True)
        margins.append(np.repeat(numbers, width[side], axis=axis))
    return np.concatenate([margins[0], x, margins[1]], axis=axis)


tril = op(
    np.tril, lambda g, y, x, k=0: np.tril(g, k),
    formula="x on and below the k-th diagonal, 0 above", linear=True,
    cases=each(real, ((3, 4), {}), ((2, 3, 3), {"k": -1})),
)  # fmt: skip
triu = op(
    np.triu, lambda g, y, x, k=0: np.triu(g, k),
    formula="x on and above the k-th diagonal, 0 below", linear=True,
    cases=each(real, ((3, 4), {}), ((2, 3, 3), {"k": 1})),
)  # fmt: skip
