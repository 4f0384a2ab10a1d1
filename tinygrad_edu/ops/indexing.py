"""Indexing: taking numbers out and adding them in, an adjoint pair.

x[index] takes numbers out. Its derivative adds g into zeros at the same places, so that a number taken
twice gets both gradients. The derivative of adding in is taking out. NumPy's other selections (`take`,
`compress`, `sort`, ...) are x[index] with an index that has no derivative.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import real
from tinygrad_edu.ops.elementwise import where
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.reductions import broadcast_to
from tinygrad_edu.ops.shapes import arraylike, composed, positive_axis
from tinygrad_edu.tensor import PLAIN, ROWS, Op, Tensor, op, value

# --------------------------------------------------------------------------------- take and give back


def _take(x: np.ndarray, index: Any) -> np.ndarray:
    return x[index]


def _repeats(index: Any) -> bool:
    """Can the index name a place twice? Only arrays of integers can, and several arrays together."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [p for p in parts if not (p is None or p is ... or isinstance(p, (int, slice)))]
    return len(arrays) > 1 or any(np.asarray(p).dtype != bool for p in arrays)


def _numbers_of_places(index: Any, shape: tuple[int, ...], least: int) -> Any:
    """The position in the flattened array of each place of an index; None if that is not faster."""
    index = np.asarray(index, np.intp) if isinstance(index, list) and index else index
    if not isinstance(index, np.ndarray):
        size = math.prod(shape)
        return np.arange(size).reshape(shape)[index] if size <= 4 * least else None
    n, width = shape[0], math.prod(shape[1:])  # whole rows, as in an embedding
    index = index.astype(np.intp)
    if not index.size or index.min() < -n or index.max() >= n:
        return None  # np.add.at then says what is wrong
    return (index[..., None] * width + np.arange(width)).reshape(index.shape + shape[1:])


def _add_at(y: np.ndarray, index: Any, g: np.ndarray) -> None:
    """np.add.at(y, index, g), but up to five times faster for large g.

    np.add.at is fast only along a single axis, so y is flattened and indexed by position. (This is also
    faster than sorting and np.add.reduceat, and the sums are equal to the last digit.)
    """
    if y.ndim > 1 and g.size >= 500:
        numbers = _numbers_of_places(index, y.shape, g.size)
        if numbers is not None:
            g = np.broadcast_to(g, numbers.shape).ravel()
            y, index = y.reshape(-1), numbers.ravel()
    np.add.at(y, index, g)


def _scatter_add(x: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    y = np.zeros(shape, x.dtype)
    if _repeats(index):
        _add_at(y, index, x)
    else:
        y[index] = x
    return y


def _cases(rng: np.random.Generator) -> list:
    x = real(rng, (4, 5))[0]
    indices: list[Any] = [
        1, slice(1, 3), (slice(None, None, -2), None, 0), (..., 2), np.array([0, 2, 2, -1]),
        (np.array([[0], [3]]), np.array([1, 1])), x > 0, (slice(1, None), np.array([0, 0])),
        (x[:, 0] > 0, 1), ([3, 3], ..., None), (np.array(1), slice(None)), np.zeros((2, 0), int),
    ]  # fmt: skip
    return [((x,), {"index": index}) for index in indices]


getitem: Op = op(
    _take,
    lambda g, y, x, index=None: scatter_add(g, index=index, shape=x.shape),
    name="getitem", formula="x[index]", linear=True, owns=("index",), cases=_cases,
    hint=lambda x, index=None: f"an index that fits the shape {x}",
)  # fmt: skip
scatter_add: Op = op(
    _scatter_add,
    lambda g, y, x, index=None, shape=None: g[index],
    name="scatter_add", formula="zeros with x added at [index]", linear=True, owns=("index",),
    cases=lambda rng: [
        ((x[params["index"]],), {**params, "shape": x.shape}) for (x,), params in _cases(rng)
    ],
)  # fmt: skip

ROWS[Tensor.__getitem__] = getitem


def _plain_index(index: Any) -> Any:
    return value(index) if isinstance(index, (Tensor, tuple)) else index


def add_at(x: Any, index: Any, values: Any) -> Any:
    """A copy of x with values added at [index]; a place named twice gets both. (See np.add.at.)"""
    x, index = arraylike(x), _plain_index(index)
    chosen = np.shape(value(x)[index])
    return x + scatter_add(
        broadcast_to(arraylike(values), shape=chosen), index=index, shape=x.shape
    )


# --------------------------------------------------------------------------------- put something else


def _assigned(x: np.ndarray, values: np.ndarray, index: Any) -> np.ndarray:
    y = np.array(x)
    y[index] = values
    return y


def _put_dvalues(g: Any, y: Any, x: Any, values: Any, index: Any = None) -> Any:
    """g[index]; of several values for one place only the last one gets a gradient"""
    chosen = g[index]
    if _repeats(index):
        places = np.zeros(x.shape, int)
        turn = np.arange(chosen.size).reshape(chosen.shape)
        places[index] = turn
        chosen = chosen * (places[index] == turn)
    extra = np.ndim(values) - chosen.ndim  # NumPy lets values have leading axes of length 1
    return chosen[(None,) * extra + (...,)] if extra > 0 else chosen


put_values: Op = op(
    _assigned,
    documented(lambda g, y, x, values, index=None: put_values(g, 0.0, index=index), "g, with 0 at [index]"),
    _put_dvalues,
    name="put", formula="x with other values at [index]", linear="together",
    owns=("index",),
    kinks="of several values for one place the last one counts, and only it has a derivative",
    cases=lambda rng: [
        ((x, real(rng, x[params["index"]].shape)[0]), params) for (x,), params in _cases(rng)
    ] + [((x, np.array(2.0)), params) for (x,), params in _cases(rng)[:5]],
)  # fmt: skip


def put(x: Any, index: Any, values: Any) -> Any:
    """A copy of x after `x[index] = values`; x is unchanged, and both x and values have derivatives."""
    return put_values(arraylike(x), arraylike(values), index=_plain_index(index))


def _in_place(function: Any, instead: str) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise refusal(
            TypeError,
            f"np.{function.__name__} changes an array in place, but the way back may need its "
            "old values.",
            f"{instead}, which gives a new one and keeps the graph",
        )

    ROWS[function] = refuse


_in_place(np.put, "ops.put(x, np.unravel_index(places, x.shape), values)")
_in_place(np.put_along_axis, "ops.put_along_axis(x, indices, values, axis)")
_in_place(np.place, "ops.put(x, mask, values)")
_in_place(np.putmask, "np.where(mask, values, x)")
_in_place(np.copyto, "np.where(mask, values, x) or ops.put(x, index, values)")
_in_place(np.fill_diagonal, "ops.put(x, np.diag_indices(n), values)")


# ------------------------------------------------------------------------------- other ways to choose


@composed(np.take)
def take(a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    """np.take: x[indices] along an axis; an index outside is an error, or clipped, or wrapped (mode)."""
    a, indices = arraylike(a), np.asarray(value(indices))
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = positive_axis(axis, a.ndim)
    n = a.shape[axis]
    if mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    elif mode == "wrap":
        indices = indices % n
    elif mode != "raise":
        raise refusal(ValueError, f"take: mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    if not indices.size:
        indices = indices.astype(int)
    return a[(slice(None),) * axis + (indices,)]


def _along(indices: np.ndarray, shape: tuple[int, ...], axis: int) -> tuple:
    """The index that takes at each place the element number `indices` along the axis."""
    if indices.ndim != len(shape):
        raise refusal(
            ValueError, f"indices have as many axes as the array, not {indices.shape} for {shape}"
        )
    grid: list[Any] = list(np.ix_(*map(np.arange, shape)))
    grid[axis] = indices
    return tuple(grid)


@composed(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """np.take_along_axis: y[i, j] = x[i, indices[i, j]]."""
    arr, indices = arraylike(arr), value(indices)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return arr[_along(indices, arr.shape, positive_axis(axis, arr.ndim))]


def put_along_axis(x: Any, indices: Any, values: Any, axis: int) -> Any:
    """A copy of x with x[i, indices[i, j]] = values[i, j]. (See np.put_along_axis.)"""
    x = arraylike(x)
    return put(x, _along(value(indices), x.shape, positive_axis(axis, x.ndim)), values)


@composed(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """np.compress: the slices along an axis for which the condition holds."""
    return take(a, np.flatnonzero(value(condition)), axis)


@composed(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """np.extract: the numbers for which the condition holds."""
    return np.ravel(arr)[np.flatnonzero(value(condition))]


@composed(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """np.select: at each place the choice that belongs to the first condition that holds."""
    if not condlist or len(condlist) != len(choicelist):
        raise refusal(
            ValueError,
            f"select needs one choice for each condition, not {len(choicelist)} for "
            f"{len(condlist)}",
        )
    y = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        y = where(value(condition), choice, y)
    return y


@composed(np.choose)
def choose(a: Any, choices: Any, *, mode: str = "raise") -> Any:
    """np.choose: y[i] = choices[a[i]][i]."""
    a, arrays = np.asarray(value(a)), np.broadcast_arrays(*choices)
    n = len(arrays)
    a = {"clip": np.clip(a, 0, n - 1), "wrap": a % n}.get(mode, a)
    if np.any((a < 0) | (a >= n)):
        raise ValueError(
            f"choose: there are choices 0 to {n - 1}, but {a.min()} to {a.max()} are asked"
        )
    y = arrays[0]
    for k in range(n):
        y = where(a == k, arrays[k], y)
    return y


@composed(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """np.diagonal: x[i, i + offset], along a new last axis."""
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows = np.arange(max(0, -offset), max(0, -offset, min(a.shape[-2], a.shape[-1] - offset)))
    return a[..., rows, rows + offset]


def _diagonal_of_each(x: Any, /, *, offset: int = 0) -> Any:
    """np.linalg.diagonal takes the last two axes, np.diagonal the first two."""
    return diagonal(x, offset, -2, -1)


composed(np.linalg.diagonal)(_diagonal_of_each)


@composed(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """np.diag: the k-th diagonal of a matrix, or a matrix with a vector as that diagonal."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise refusal(ValueError, f"diag is of a vector or a matrix, not of shape {v.shape}")
    n, rows = v.size + abs(k), np.arange(v.size) + max(0, -k)
    return scatter_add(v, index=(rows, rows + k), shape=(n, n))


@composed(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return diag(np.ravel(v), k)


@composed(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """np.trace: Σ x[i, i + offset]."""
    return diagonal(a, offset, axis1, axis2).sum(axis=-1)


def _trace_of_each(x: Any, /, *, offset: int = 0) -> Any:
    return trace(x, offset, -2, -1)


composed(np.linalg.trace)(_trace_of_each)


# ------------------------------------------------------------------------------- part after part


@composed(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """np.piecewise: at each place the function (or number) of the last condition that holds there.

    An additional function is for the places where none holds; without it the result there is 0.
    """
    x = arraylike(x)
    conditions = value(condlist)
    if np.ndim(conditions) == 0 or (np.ndim(conditions[0]) == 0 and x.ndim):
        conditions = [conditions]
    conditions = [np.broadcast_to(np.asarray(c, bool), x.shape) for c in conditions]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise refusal(
            ValueError,
            f"piecewise: {len(funclist)} functions for {len(conditions)} conditions; as many, "
            "or one more",
        )
    y = x * 0
    for condition, f in zip(conditions, funclist, strict=True):
        if condition.any():
            y = put(y, condition, f(x[condition], *args, **kw) if callable(f) else f)
    return y


@composed(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """np.apply_along_axis: replaces each line along an axis by a function of it."""
    arr = arraylike(arr)
    axis = positive_axis(axis, arr.ndim)
    others = arr.shape[:axis] + arr.shape[axis + 1 :]
    lines = np.reshape(np.moveaxis(arr, axis, -1), (math.prod(others), arr.shape[axis]))
    if not lines.shape[0]:
        raise refusal(ValueError, "Cannot apply_along_axis when any iteration dimensions are 0")
    results = [arraylike(func1d(lines[i], *args, **kwargs)) for i in range(lines.shape[0])]
    y = np.stack(results)
    inner = y.shape[1:]
    y = np.reshape(y, (*others, *inner))
    last = range(len(others), len(others) + len(inner))
    return np.moveaxis(y, last, range(axis, axis + len(inner))) if inner else y


@composed(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """np.apply_over_axes: a reduction over one axis after the other, each kept with length 1."""
    a = arraylike(a)
    for axis in np.ravel(axes).tolist():
        y = func(a, axis)
        a = y if np.ndim(y) == a.ndim else np.expand_dims(y, axis)
    return a


@composed(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """np.lib.stride_tricks.sliding_window_view: x[places of each window], a copy (in NumPy a view)."""
    places = np.arange(x.size).reshape(x.shape)
    return np.ravel(x)[np.lib.stride_tricks.sliding_window_view(places, window_shape, axis)]


# ------------------------------------------------------------------------------------------- in order


@composed(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Any:
    """np.sort: x[the order of x]. Equal numbers, and their gradients, keep their order."""
    if axis is None:
        a, axis = np.ravel(a), 0
    return take_along_axis(a, np.argsort(value(a), axis=axis, stable=True), axis)


@composed(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Any:
    """np.partition: x[np.argpartition(x)]: the smaller numbers stand before the k-th."""
    if axis is None:
        a, axis = np.ravel(a), 0
    return take_along_axis(a, np.argpartition(value(a), kth, axis=axis, kind=kind), axis)


@composed(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """np.bincount: y[k] = Σ of the weights where x = k; without weights a plain array of counts."""
    x = value(x)
    if not isinstance(weights, Tensor):
        return np.bincount(x, weights, minlength)
    return scatter_add(weights, index=x, shape=(max(minlength, int(np.max(x, initial=-1)) + 1),))


@composed(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
) -> Any:
    """np.full_like: fill_value in the shape of a; only fill_value has a derivative."""
    a = value(a)
    if not isinstance(fill_value, Tensor):
        numpys: Any = np.full_like
        return numpys(a, fill_value, dtype, order, subok, shape)
    y = fill_value.astype(a.dtype if dtype is None else dtype)
    return broadcast_to(y, shape=a.shape if shape is None else shape)


# ---------------------------------------------------------------------------------- sets of numbers


def _chosen(x: Any, members: Any) -> Any:
    """NumPy's result, taken from x at the first place of each member, so that it stays in the graph."""
    x, members = np.ravel(arraylike(x)), np.asarray(members)
    numbers = value(x).astype(members.dtype)
    order = np.argsort(numbers, kind="stable")
    return x[order[np.searchsorted(numbers[order], members)]]


def _both(x: Any, w: Any) -> Any:
    return np.concatenate([np.ravel(arraylike(x)), np.ravel(arraylike(w))])


@composed(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
) -> Any:
    """np.unique: x[the first place of each number], sorted. The first of equal numbers gets the gradient."""
    ar = arraylike(ar)
    numpys: Any = np.unique
    found = numpys(value(ar), True, return_inverse, return_counts, axis=axis, equal_nan=equal_nan)
    y = np.ravel(ar)[found[1]] if axis is None else take(ar, found[1], axis)
    wanted = (y, *((found[1],) if return_index else ()), *found[2:])
    return wanted if len(wanted) > 1 else y


def _with_values(function: Any) -> None:
    def with_values(x: Any) -> Any:
        found = function(value(x))
        return found._replace(values=_chosen(x, found.values))

    ROWS[function] = with_values


_with_values(np.unique_all)
_with_values(np.unique_counts)
_with_values(np.unique_inverse)


@composed(np.unique_values)
def unique_values(x: Any) -> Any:
    """np.unique_values: x at the first place of each number."""
    return _chosen(x, np.unique_values(value(x)))


@composed(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """np.union1d: the numbers of both, sorted; the first of equal ones gets the gradient."""
    return unique(_both(ar1, ar2))


@composed(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """np.intersect1d: the numbers of ar1 that are in ar2, sorted."""
    numpys: Any = np.intersect1d
    found = numpys(value(ar1), value(ar2), assume_unique, return_indices)
    y = _chosen(_both(ar1, ar2), found[0] if return_indices else found)
    return (y, *found[1:]) if return_indices else y


@composed(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """np.setdiff1d: the numbers of ar1 that are not in ar2."""
    return _chosen(ar1, np.setdiff1d(value(ar1), value(ar2), assume_unique))


@composed(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """np.setxor1d: the numbers that only one of the arrays has, sorted."""
    return _chosen(_both(ar1, ar2), np.setxor1d(value(ar1), value(ar2), assume_unique))


@composed(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """np.histogram: y[k] = Σ of the weights whose a is in bin k, differentiable in the weights.

    Counts and edges are plain arrays; the edges count as constants.
    """
    a, bins = value(a), value(bins)
    if not isinstance(weights, Tensor):
        return np.histogram(a, bins, range, density, weights)
    _, edges = np.histogram(a, bins, range, weights=weights.data)  # which says what does not fit
    numbers = np.ravel(a)
    k = np.where(numbers == edges[-1], len(edges) - 2, np.searchsorted(edges, numbers, "right") - 1)
    inside = (numbers >= edges[0]) & (numbers <= edges[-1])
    y = scatter_add(np.ravel(weights)[inside], index=k[inside], shape=(len(edges) - 1,))
    return (y / np.diff(edges) / y.sum() if density else y), edges


def _only_counts(function: Any) -> None:
    def counts(*args: Any, weights: Any = None, **kwargs: Any) -> Any:
        if isinstance(weights, Tensor) and weights.requires_grad:
            raise refusal(
                TypeError,
                f"np.{function.__name__} has no derivative by its weights here, and would cut "
                "them out of the graph.",
                "np.bincount(np.ravel_multi_index(...), weights), which has",
            )
        given = {name: value(part) for name, part in kwargs.items()}
        return function(*map(value, args), weights=value(weights), **given)

    ROWS[function] = counts


_only_counts(np.histogram2d)
_only_counts(np.histogramdd)

# Functions that return places or counts are constant almost everywhere.
PLAIN |= {
    np.argpartition, np.argwhere, np.flatnonzero, np.searchsorted, np.digitize, np.isin, np.lexsort,
    np.ravel_multi_index, np.unravel_index, np.ix_, np.histogram_bin_edges, np.tril_indices_from,
    np.triu_indices_from, np.diag_indices_from,
}  # fmt: skip
