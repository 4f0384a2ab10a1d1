"""The same numbers in another arrangement: linear operations, each with its way back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.tensor import ROWS, op

reshape = op(
    np.reshape,
    lambda g, y, x, shape=None: np.reshape(g, x.shape),
    formula="x in another shape", linear=True,
    cases=each(real, ((3, 4), {"shape": (2, 6)}), ((3, 4), {"shape": -1}), ((), {"shape": (1, 1)})),
    hint=lambda x, shape=None: f"a shape with {math.prod(x)} elements, or one -1 to be worked out",
)  # fmt: skip


def _inverse(axes: Any, ndim: int) -> Any:
    """The order of axes that undoes an order of axes."""
    return None if axes is None else np.argsort([axis % ndim for axis in axes])


transpose = op(
    np.transpose,
    lambda g, y, x, axes=None: np.transpose(g, _inverse(axes, x.ndim)),
    formula="xᵀ", linear=True,
    cases=each(real, ((3, 4), {}), ((2, 3, 4), {"axes": (2, 0, 1)}), ((2, 3), {"axes": (-1, 0)})),
)  # fmt: skip
swapaxes = op(
    np.swapaxes,
    lambda g, y, x, axis1=None, axis2=None: np.swapaxes(g, axis1, axis2),
    formula="two axes of x exchanged", linear=True,
    cases=each(real, ((2, 3, 4), {"axis1": 0, "axis2": -1})),
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
ravel = op(
    np.ravel,
    lambda g, y, x: np.reshape(g, x.shape),
    formula="x as one axis", linear=True, cases=each(real, ((2, 3), {}), ((), {})),
)  # fmt: skip


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The way back of broadcasting: g summed over the axes along which a `shape` was repeated."""
    new = g.ndim - len(shape)
    repeated = tuple(i for i, n in enumerate(shape, new) if n == 1 and g.shape[i] != 1)
    if new or repeated:
        g = g.sum(axis=(*range(new), *repeated))
    return g if g.shape == shape else np.reshape(g, shape)


def _broadcast_to(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """NumPy's, but a view of a single number is made by hand: four times faster, once per loss."""
    if x.ndim == 0 and type(x) is np.ndarray:
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return np.broadcast_to(x, shape)


broadcast_to = op(
    _broadcast_to,
    lambda g, y, x, shape=None: unbroadcast(g, x.shape),
    name="broadcast_to", formula="x repeated along new or longer axes", linear=True,
    cases=each(real, ((3, 1), {"shape": (2, 3, 4)}), ((), {"shape": (2, 3)})),
)  # fmt: skip
ROWS[np.broadcast_to] = broadcast_to


# ----------------------------------------------------------------------------- many arrays into one


def _concatenate(*arrays: np.ndarray, axis: int = 0) -> np.ndarray:
    return np.concatenate(arrays, axis)


def _own_part(i: int, g: Any, y: Any, *arrays: Any, axis: int = 0) -> Any:
    """The part of g that belongs to the i-th of the joined arrays."""
    start = sum(a.shape[axis] for a in arrays[:i])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + arrays[i].shape[axis])
    return g[tuple(index)]


def _joinable(*shapes: tuple, axis: int = 0) -> str:
    return f"arrays whose shapes are equal in every axis but {axis}: {', '.join(map(str, shapes))}"


concatenate = op(
    _concatenate, every=_own_part,
    name="concatenate", formula="arrays one after the other", linear=True, hint=_joinable,
    cases=each(real, ((2, 3), (1, 3), {}), ((2, 3), (2, 1), (2, 2), {"axis": -1})),
)  # fmt: skip


def stack(arrays: Any, axis: int = 0) -> Any:
    """np.stack: each array gets a new axis, along which they are joined."""
    return concatenate(*(np.expand_dims(a, axis) for a in arrays), axis=axis)


def concatenate_arrays(arrays: Any, axis: int | None = 0) -> Any:
    """np.concatenate, which takes its arrays as one sequence, where the row takes them one by one."""
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    return concatenate(*arrays, axis=axis)


ROWS[np.concatenate] = concatenate_arrays
ROWS[np.stack] = stack
