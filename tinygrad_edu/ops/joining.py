"""Joining arrays, and splitting them.

One row joins: `concatenate`, whose derivative splits g. One row splits: `x[index]`, whose derivative pads
g with zeros. NumPy's other functions of this kind are written with these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.ops.reductions import broadcast_to
from tinygrad_edu.ops.shapes import arraylike, composed, positive_axis
from tinygrad_edu.tensor import op, value

# ----------------------------------------------------------------------------- many arrays into one


def _concatenate(*arrays: np.ndarray, axis: int = 0) -> np.ndarray:
    return np.concatenate(arrays, axis)


def _own_part(i: int, g: Any, y: Any, *arrays: Any, axis: int = 0) -> Any:
    """the part of g that belongs to the i-th array"""
    start = sum(a.shape[axis] for a in arrays[:i])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + arrays[i].shape[axis])
    return g[tuple(index)]


def _joinable(*shapes: tuple, axis: int = 0) -> str:
    return f"arrays whose shapes are equal in every axis but {axis}: {', '.join(map(str, shapes))}"


concatenate = op(
    _concatenate, variadic_rule=_own_part,
    name="concatenate", formula="arrays one after the other", linear="together", hint=_joinable,
    cases=each(real, ((2, 3), (1, 3), {}), ((2, 3), (2, 1), (2, 2), {"axis": -1})),
)  # fmt: skip


@composed(np.concatenate)
def concatenate_arrays(arrays: Any, axis: int | None = 0) -> Any:
    """np.concatenate, which takes its arrays as one sequence; the row takes them as arguments."""
    arrays = [arraylike(a) for a in arrays]
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    return concatenate(*arrays, axis=axis)


@composed(np.stack)
def stack(arrays: Any, axis: int = 0) -> Any:
    """np.stack: joins the arrays along a new axis."""
    return concatenate(*(np.expand_dims(arraylike(a), axis) for a in arrays), axis=axis)


@composed(np.vstack)
def vstack(tup: Any) -> Any:
    """np.vstack: joins rows, one below the other."""
    return concatenate(*(np.atleast_2d(a) for a in tup))


@composed(np.hstack)
def hstack(tup: Any) -> Any:
    """np.hstack: joins columns side by side; vectors one after the other."""
    arrays = [np.atleast_1d(a) for a in tup]
    return concatenate(*arrays, axis=0 if arrays[0].ndim == 1 else 1)


@composed(np.dstack)
def dstack(tup: Any) -> Any:
    """np.dstack: joins along the third axis."""
    return concatenate(*(np.atleast_3d(a) for a in tup), axis=2)


@composed(np.column_stack)
def column_stack(tup: Any) -> Any:
    """np.column_stack: joins vectors as columns."""
    arrays = [np.atleast_1d(a) for a in tup]
    return concatenate(*(a[:, None] if a.ndim == 1 else a for a in arrays), axis=1)


@composed(np.block)
def block(arrays: Any) -> Any:
    """np.block: nested lists; the innermost are joined along the last axis, the next along the one before."""

    def depths(part: Any) -> set[int]:
        if not isinstance(part, list):
            return {0}
        return {1 + depth for inner in part for depth in depths(inner)}

    def widest(part: Any) -> int:
        return max(map(widest, part)) if isinstance(part, list) else np.ndim(part)

    def joined(part: Any, level: int) -> Any:
        if not isinstance(part, list):
            part = arraylike(part)
            return part[(None,) * (ndim - part.ndim) + (...,)]
        return concatenate(*(joined(inner, level - 1) for inner in part), axis=-level)

    found = depths(arrays)
    if len(found) != 1:
        raise refusal(ValueError, "block: lists must be nested equally deep, none empty")
    depth = found.pop()
    ndim = max(depth, widest(arrays))
    return joined(arrays, depth)


@composed(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """np.append: values after x, along an axis, or both flattened."""
    return concatenate_arrays((arr, values), axis=axis)


@composed(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """np.delete: x[the rest of 0, 1, 2, ...]."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = positive_axis(axis, arr.ndim)
    left = np.delete(np.arange(arr.shape[axis]), value(obj))
    return arr[(slice(None),) * axis + (left,)]


@composed(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """np.insert: x and the values joined, then taken in the order that np.insert gives 0, 1, ..."""
    arr, values, obj = arraylike(arr), arraylike(values), value(obj)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = positive_axis(axis, arr.ndim)
    shape, n = list(arr.shape), arr.shape[axis]
    shape[axis] = np.insert(value(arr), obj, value(values), axis).shape[axis] - n
    if values.ndim < arr.ndim:
        values = values[(None,) * (arr.ndim - values.ndim) + (...,)]
    at_one_place = np.ndim(obj) == 0 and not isinstance(obj, slice)
    if at_one_place:  # then the values lie along axis 0
        values = np.moveaxis(values, 0, axis)
    values = broadcast_to(values, shape=tuple(shape)).astype(arr.dtype)
    order = np.insert(np.arange(n), obj, np.arange(n, n + shape[axis]))
    return concatenate(arr, values, axis=axis)[(slice(None),) * axis + (order,)]


# ------------------------------------------------------------------------------ one array into many


@composed(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """np.array_split: splits into parts that are as equal as possible, or at the places of a list."""
    axis = positive_axis(axis, ary.ndim)
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        cuts = [0, *np.ravel(indices_or_sections).tolist(), n]
    else:
        parts = int(indices_or_sections)
        if parts <= 0:
            raise refusal(ValueError, "array_split: the number of parts must be above 0")
        cuts = [0, *np.cumsum([n // parts + (k < n % parts) for k in range(parts)]).tolist()]
    before = (slice(None),) * axis
    return [ary[(*before, slice(*ends))] for ends in pairwise(cuts)]


@composed(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """np.split: splits into equal parts, or at the places of a list."""
    n = ary.shape[positive_axis(axis, ary.ndim)]
    if np.ndim(indices_or_sections) == 0 and n % indices_or_sections:
        raise refusal(
            ValueError,
            f"split: {n} do not divide into {indices_or_sections} equal parts.",
            "np.array_split, whose parts may differ by one",
        )
    return array_split(ary, indices_or_sections, axis)


def _split_needs(ary: Any, ndim: int, called: str) -> None:
    if ary.ndim < ndim:
        raise refusal(ValueError, f"{called} needs {ndim} axes or more, not shape {ary.shape}")


@composed(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list:
    _split_needs(ary, 1, "hsplit")
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@composed(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list:
    _split_needs(ary, 2, "vsplit")
    return split(ary, indices_or_sections, 0)


@composed(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list:
    _split_needs(ary, 3, "dsplit")
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, *, axis: int = 0) -> tuple:
    """np.unstack: x[0], x[1], ... along an axis."""
    x = np.moveaxis(x, axis, 0)
    return tuple(x[i] for i in range(x.shape[0]))


if hasattr(np, "unstack"):  # NumPy 2.1
    composed(np.unstack)(unstack)


def joined_ends(first: Any, middle: Any, last: Any) -> Any:
    """x with one slice before and one after it, along axis 0."""
    parts: Sequence[Any] = [np.expand_dims(first, 0), middle, np.expand_dims(last, 0)]
    return concatenate(*parts)
