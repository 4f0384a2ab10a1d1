"""vmap(f): a function written for one example computes a whole batch in one call.

f is called with stand-ins (`Batched`) that have the shape of one example and hold all of them, along a
first axis that f does not see. A row of the table that gets such a stand-in is called once, on the whole
batch: an elementwise row as it is, a reduction with its axes shifted by one, a matrix product with one more
axis in front. `rules` has such a rule for each row. A row without one is called example by example, so
the result is right in any case.

The graph holds the calls on the whole batch. So vmap(grad(f)) needs nothing new: it is one backward pass
through that graph, and gives a gradient for each example.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.words import describe, refusal, user_line
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.node import NoValue
from tinygrad_edu.ops.products import einsum_row
from tinygrad_edu.ops.reductions import broadcast_to
from tinygrad_edu.ops.shapes import reshape
from tinygrad_edu.pytree import each_leaf, leaves
from tinygrad_edu.tensor import PLAIN, ROWS, Op, Tensor

__all__ = ["Batched", "as_examples", "everything", "on_all_levels", "vmap"]


def vmap(f: Callable, in_axes: Any = 0) -> Callable:
    """A function that applies f, written for one example, to a batch of them, without a loop.

    in_axes   the axis of each argument along which the examples lie: one number for all, or a tuple with
              one for each argument; None for an argument that is the same for every example

    The results have the examples along axis 0. Arguments and results may be dicts, lists and tuples.
    Works on derivatives, too: vmap(grad(loss), (None, 0, 0))(w, x, y) is the gradient of each example's
    loss. Raises TypeError if f asks for the value of one example (`if x > 0`, `float(x)`), as all are
    computed at once, and ValueError for arguments with different numbers of examples, or with none.

    >>> vmap(np.dot)(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]))
    array([17., 53.])
    """

    @functools.wraps(f, updated=())
    def of_batch(*args: Any, **kwargs: Any) -> Any:
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        n = _common_size(f, args, axes)
        level = len(thread.mode.batches)
        shown = [
            arg
            if axis is None
            else each_leaf(functools.partial(_shown, axis=axis, level=level), arg)
            for arg, axis in zip(args, axes, strict=True)
        ]
        with set_mode(batches=(*thread.mode.batches, n)):
            y = f(*shown, **kwargs)
        given = [x for arg in args for x in leaves(arg)]
        tensors = any(isinstance(x, Tensor) and not x.as_array for x in given)
        return each_leaf(lambda leaf: _of_all(leaf, n, level, tensors), y)

    return of_batch


def _common_size(f: Callable, args: tuple, axes: Sequence) -> int:
    called = getattr(f, "__name__", repr(f))
    if len(axes) != len(args):
        raise refusal(
            ValueError,
            f"vmap({called}): in_axes has {len(axes)} axes for {len(args)} arguments.",
            "one for each argument, None for one that is the same for all examples",
        )
    sizes = []
    for arg, axis in zip(args, axes, strict=True):
        for x in leaves(arg) if axis is not None else ():
            shape = np.shape(x if isinstance(x, Tensor) else np.asarray(x))
            if not -len(shape) <= axis < len(shape):
                raise refusal(
                    ValueError,
                    f"vmap({called}): an argument of shape {shape} has no axis {axis} for the "
                    "examples.",
                    "None in in_axes for an argument that is the same for all examples",
                )
            sizes.append(shape[axis])
    if len(set(sizes)) != 1 or sizes[0] == 0:
        told = f"{' and '.join(map(str, sizes))} examples" if sizes else "no argument with examples"
        raise refusal(
            ValueError,
            f"vmap({called}): got {told}.",
            "the same number along in_axes in every argument, at least one",
        )
    return sizes[0]


def _shown(x: Any, axis: int, level: int) -> Batched:
    x = x if isinstance(x, Tensor) else Tensor(x)
    return Batched(np.moveaxis(x, axis, 0) if axis else x, level)


def _of_all(y: Any, n: int, level: int, as_tensor: bool) -> Any:
    """A result of all examples: a Tensor if Tensors were given or it is being differentiated."""
    y = y if isinstance(y, Tensor) else Tensor(y)
    y = on_level(y, n, level).batch
    if isinstance(y, Batched) or as_tensor or y.requires_grad:
        return y
    return y.numpy() if hasattr(y, "tape") else y.data  # a tape, while `compile` records


# -------------------------------------------------------------------------------------- the stand-in


def _asked(self: Batched) -> Any:
    if sys._getframe(1).f_code is Op.__call__.__code__:  # which calls `through`
        raise NoValue(self, "")
    raise NoValue(
        self,
        f"inside vmap, {describe(self, 'this')} stands for all {len(self.batch)} examples at once and has no "
        f"value of its own.{user_line()}\n  Try: np.where instead of if; or this part before vmap",
    )


class Batched(Tensor):
    """A Tensor with the shape of one example that stands for all: they are in `batch`."""

    __slots__ = ("batch", "level")
    stand_in = True

    batch: Tensor  # axis 0 counts the examples
    level: int  # the number of vmaps around the one that made this

    def __init__(self, everything: Tensor, level: int):
        self.batch, self.level = everything, level
        self.name, self._grad, self.order = everything.name, None, everything.order
        self.op, self.inputs, self.params = None, (), {}
        self.scope, self.created_at, self.checksums = thread.mode.scope, None, ()

    data: Any = property(_asked)
    shape = property(lambda self: self.batch.shape[1:])
    ndim = property(lambda self: self.batch.ndim - 1)
    size = property(lambda self: int(np.prod(self.shape)))
    dtype = property(lambda self: self.batch.dtype)

    @property
    def requires_grad(self) -> bool:
        return self.batch.requires_grad

    @requires_grad.setter
    def requires_grad(self, required: bool) -> None:
        self.batch.requires_grad = required

    def through(self, row: Op, inputs: tuple, params: dict[str, Any]) -> Batched:
        """Calls a row for all examples at once; this is one of its inputs."""
        level = max(x.level for x in inputs if isinstance(x, Batched))
        batched = [isinstance(x, Batched) and x.level == level for x in inputs]
        everything = [x.batch if b else x for x, b in zip(inputs, batched, strict=True)]
        rule = _elementwise if row.elementwise else rules().get(row)
        y = rule(row, everything, batched, params) if rule else None
        if y is None:
            return one_by_one(row, inputs, params, level)
        return Batched(y, level)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = ufunc in PLAIN or (ufunc not in ROWS and self.dtype.kind == "b")
        plain = plain and not (ufunc in ROWS and self.dtype.kind == "c")  # sign of complex numbers
        if plain and method == "__call__" and not kwargs:
            return self.through(_plain_row(ufunc), inputs, kwargs)
        try:
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        except NoValue:
            return one_by_one(getattr(ufunc, method), inputs, kwargs, self.level)

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return getattr(args[0], function.__name__)
        try:
            return super().__array_function__(function, types, args, kwargs)
        except NoValue:
            return one_by_one(function, args, kwargs, self.level)

    def __getitem__(self, index: Any) -> Any:
        if any(isinstance(x, Batched) for x in (index if isinstance(index, tuple) else (index,))):
            return self.pick(self, index)
        return super().__getitem__(index)

    def pick(self, x: Tensor, index: Any) -> Any:
        """x[index], where this is the index or a part of it."""
        return _pick(x, index if isinstance(index, tuple) else (index,))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a number")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Batched({len(self.batch)} examples of shape {self.shape}, {self.dtype})"


for _name, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "rand": np.bitwise_and, "ror": np.bitwise_or, "rxor": np.bitwise_xor, "invert": np.invert,
}.items():  # fmt: skip
    setattr(
        Batched, f"__{_name}__", lambda *xs, f=_ufunc: xs[0].__array_ufunc__(f, "__call__", *xs)
    )
Batched.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]


@functools.cache
def _plain_row(ufunc: np.ufunc) -> Op:
    """A ufunc without a derivative, as a row."""
    return Op(ufunc, *(None,) * ufunc.nin, name=ufunc.__name__, elementwise=True)


def on_level(x: Any, n: int, level: int) -> Batched:
    """x as a stand-in on a level: repeated for the n examples, unless it is one already."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    if isinstance(x, Batched) and x.level == level:
        return x
    return Batched(broadcast_to(x, shape=(n, *x.shape)), level)


def on_all_levels(x: Any, batches: tuple[int, ...]) -> Tensor:
    """x as a stand-in on the levels of all enclosing vmaps, the outermost first."""
    if not batches:
        return x if isinstance(x, Tensor) else Tensor(x)
    inner = on_level(x, batches[-1], len(batches) - 1)
    return Batched(on_all_levels(inner.batch, batches[:-1]), inner.level)


def everything(x: Tensor) -> Tensor:
    """The Tensor behind the stand-ins of all levels."""
    return everything(x.batch) if isinstance(x, Batched) else x


def as_examples(x: Tensor, like: Tensor) -> Tensor:
    """The inverse of `everything`: x as a stand-in on the levels of another one."""
    return Batched(as_examples(x, like.batch), like.level) if isinstance(like, Batched) else x


def one_by_one(function: Callable, args: Sequence, kwargs: dict[str, Any], level: int) -> Any:
    """Calls a function for each example; for rows that have no rule."""

    called: Any = getattr(function, "name", None) or getattr(function, "__name__", repr(function))

    def of(i: int) -> Any:
        def part(x: Any) -> Any:
            return x.batch[i] if isinstance(x, Batched) and x.level == level else x

        return function(*each_leaf(part, list(args)), **each_leaf(part, kwargs))

    results = [of(i) for i in range(thread.mode.batches[level])]
    columns = zip(*(leaves(y) for y in results), strict=True)
    stacked = iter([Batched(_stack(column, called), level) for column in columns])
    return each_leaf(lambda _: next(stacked), results[0])


def _stack(column: Sequence, called: str) -> Tensor:
    shapes = sorted({np.shape(y) for y in column})
    if len(shapes) > 1:
        raise refusal(
            ValueError,
            f"inside vmap, {called} gives different examples results of different shapes: "
            f"{', '.join(map(str, shapes))}.",
            "np.where(mask, x, 0) instead of x[mask]",
        )
    y = np.stack(column)
    return y if isinstance(y, Tensor) else Tensor(y)


# -------------------------------------------------------------------- how a row computes a whole batch
#
# A rule is (row, inputs, which of them are batched, params) -> all results, batch axis first. It returns
# None for a case that it does not know, which is then computed example by example.


def _aligned(xs: Sequence, batched: Sequence[bool]) -> list:
    """The inputs with axes of length 1 after the batch axis, so that they broadcast as one example does."""
    ndim = max(np.ndim(x) - b for x, b in zip(xs, batched, strict=True))
    wide = []
    for x, b in zip(xs, batched, strict=True):
        missing = ndim - (np.ndim(x) - b)
        wide.append(np.reshape(x, (len(x),) + (1,) * missing + x.shape[1:]) if b and missing else x)
    return wide


def _elementwise(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    return row(*_aligned(xs, batched), **params)


def _leading(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """Rows of one matrix that also take a stack of matrices."""
    return row(*xs, **params) if xs[0].ndim > 2 else None


def _shift(axis: Any, ndim: int) -> Any:
    """The axis of the whole batch that corresponds to an axis of one example; or several."""
    if isinstance(axis, (tuple, list)):
        return tuple(_shift(a, ndim) for a in axis)
    return np.lib.array_utils.normalize_axis_index(axis, ndim) + 1


@functools.cache
def _default(row: Op, name: str) -> Any:
    return inspect.signature(row.rules[0]).parameters[name].default  # type: ignore[arg-type]


def _along(*names: str) -> Callable:
    """Rows with axes among their parameters; None means all axes."""

    def rule(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
        (x,), new = xs, dict(params)
        for name in names:
            axis = params.get(name, _default(row, name))
            new[name] = tuple(range(1, x.ndim)) if axis is None else _shift(axis, x.ndim - 1)
        return row(x, **new)

    return rule


def _as_a_line(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """Rows along one axis, where None means the flattened array."""
    (x,) = xs
    if params.get("axis") is None:
        return row(reshape(x, shape=(len(x), int(np.prod(x.shape[1:])))), **{**params, "axis": 1})
    return row(x, **{**params, "axis": _shift(params["axis"], x.ndim - 1)})


def _reshape(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x,) = xs
    if params.get("order", "C") != "C":
        return None
    shape = np.broadcast_to(False, x.shape[1:]).reshape(params.get("shape", -1)).shape
    return reshape(x, shape=(len(x), *shape))


def _same_numbers(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """Rows that add or remove axes of length 1; NumPy tells the shape of one example."""
    (x,) = xs
    shape = row.forward(np.broadcast_to(False, x.shape[1:]), **params).shape
    return reshape(x, shape=(len(x), *shape))


def _transpose(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x,) = xs
    axes = params.get("axes")
    axes = range(x.ndim - 2, -1, -1) if axes is None else axes
    return row(x, axes=(0, *_shift(tuple(axes), x.ndim - 1)))


def _roll(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    if params.get("axis") is None:
        return None
    return _along("axis")(row, xs, batched, params)


def _broadcast_to(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x,), shape = xs, params["shape"]
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    missing = len(shape) - (x.ndim - 1)
    x = reshape(x, shape=(len(x), *(1,) * missing, *x.shape[1:])) if missing > 0 else x
    return row(x, shape=(len(x), *shape))


def _zero_pad(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    return row(*xs, pad_width=((0, 0), *params["pad_width"]))


def _concatenate(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    n = next(len(x) for x, b in zip(xs, batched, strict=True) if b)
    xs = [
        x if b else broadcast_to(x, shape=(n, *np.shape(x)))
        for x, b in zip(xs, batched, strict=True)
    ]
    axis = params.get("axis", 0)
    return None if axis is None else row(*xs, axis=_shift(axis, xs[0].ndim - 1))


def _matmul(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x, w), (xb, wb) = xs, batched
    x_line, w_line = np.ndim(x) - xb == 1, np.ndim(w) - wb == 1
    if x_line and xb and not wb and np.ndim(w) <= 2:  # rows of a matrix, times a matrix or vector
        return row(x, w)
    if x_line:
        x = np.expand_dims(x, -2)
    if w_line:
        w = np.expand_dims(w, -1)
    y = row(*_aligned([x, w], batched))
    gone = (-2,) * x_line + (-1,) * w_line
    return np.squeeze(y, gone) if gone else y


def _einsum(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """One more letter, in front of each batched input."""
    terms, out = params["subscripts"].split("->")
    fresh = next(c for c in ascii_letters if c not in params["subscripts"])
    terms = ",".join(fresh * b + t for t, b in zip(terms.split(","), batched, strict=True))
    return row(*xs, **{**params, "subscripts": f"{terms}->{fresh}{out}"})


def _matvec(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    a, x = xs
    return np.squeeze(np.matmul(*_aligned([a, np.expand_dims(x, -1)], batched)), -1)


def _vecmat(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    x, a = xs
    return np.squeeze(np.matmul(*_aligned([np.expand_dims(x, -2), a], batched)), -2)


def _tensordot(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """Written as einsum: a letter for each axis, the same letter for axes that are summed together."""
    x_axes, w_axes = (
        [axes] if isinstance(axes, int) else list(axes)
        for axes in _pair_of_axes(xs[0], batched[0], params)
    )
    letters = iter(ascii_letters)
    x = [next(letters) for _ in range(np.ndim(xs[0]) - batched[0])]
    w = [next(letters) for _ in range(np.ndim(xs[1]) - batched[1])]
    for i, j in zip(x_axes, w_axes, strict=True):
        w[j] = x[i]
    out = [c for c in x + w if (c in x) != (c in w)]
    text = f"{''.join(x)},{''.join(w)}->{''.join(out)}"
    return _einsum(einsum_row, xs, batched, {"subscripts": text, "optimize": True})


def _pair_of_axes(x: Any, batched: bool, params: dict) -> tuple:
    axes = params.get("axes", 2)
    if isinstance(axes, int):
        ndim = np.ndim(x) - batched
        return range(ndim - axes, ndim), range(axes)
    return tuple(axes)


def _solve(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (a, b), (_, bb) = xs, batched
    if np.ndim(b) - bb == 1:
        y = row(*_aligned([a, np.expand_dims(b, -1)], batched), **params)
        return np.squeeze(y, -1)
    return row(*_aligned(xs, batched), **params)


def _arrays_are_neighbors(index: tuple) -> bool:
    """Does x[index] put its new axes where the arrays stand, and not in front?"""
    kinds = ["." if p is None or p is ... or isinstance(p, slice) else "a" for p in index]
    return "a" not in kinds or "." not in "".join(kinds).strip(".")


def _in_each(index: Any) -> tuple | None:
    """An index into one example as an index into the whole batch; None if there is no such index."""
    index = index if isinstance(index, tuple) else (index,)
    arrays = any(not (p is None or p is ... or isinstance(p, (int, slice))) for p in index)
    if arrays and not _arrays_are_neighbors(index):
        return None
    return (slice(None), *index)


def _getitem(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    index = _in_each(params["index"])
    return None if index is None else row(*xs, index=index)


def _scatter_add(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x,), index = xs, _in_each(params["index"])
    if index is None:
        return None
    return row(x, index=index, shape=(len(x), *params["shape"]))


def _pick(x: Any, index: tuple) -> Any:
    """x[index], where the index differs between examples: slices, then integers, then slices."""
    level = max(p.level for p in (x, *index) if isinstance(p, Batched))
    n = thread.mode.batches[level]
    is_slice = [isinstance(p, slice) for p in index]
    begin = is_slice.index(False)
    rest = itertools.dropwhile(
        lambda p: isinstance(p, (int, np.integer, np.ndarray, Tensor)), index[begin:]
    )
    slices = tuple(rest)
    first = [on_level(p, n, level) for p in index[begin : len(index) - len(slices)]]
    known = all(p is None or p is ... or isinstance(p, slice) for p in slices)
    if not known or any(p.dtype.kind != "i" or isinstance(p.batch, Batched) for p in first):
        return one_by_one(lambda x, *index: x[index], (x, *index), {}, level)
    if begin:  # the axes before the integers change places with those
        axes = tuple(range(begin))
        x = np.moveaxis(x[index[:begin]], axes, tuple(len(first) + i for i in axes))
        y = _pick(x, (*first, *[slice(None)] * begin, *slices))
        new = y.ndim - (x.ndim - len(first))
        return np.moveaxis(y, tuple(new + i for i in axes), axes)
    places = _aligned([p.batch for p in first], [True] * len(first))
    if not (isinstance(x, Batched) and x.level == level):  # the same for all examples
        return Batched(x[(*(p.data for p in places), *slices)], level)
    example = np.arange(n).reshape(n, *(1,) * (places[0].ndim - 1))
    return Batched(x.batch[(example, *(p.data for p in places), *slices)], level)


def _linear_recurrence(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    A, b = _aligned([xs[0], np.expand_dims(xs[1], -1)], batched)
    return row(A, np.squeeze(b, -1))


def _transform(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x,), axes = xs, params.get("axes")
    if axes is None:
        s = params.get("s")
        axes = tuple(range(x.ndim - 1 if s is None else len(s)))
        axes = tuple(a + x.ndim - 1 - len(axes) for a in axes)
    return row(x, **{**params, "axes": _shift(axes, x.ndim - 1)})


def _cross_entropy(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    (x, labels), (xb, lb) = xs, batched
    if not xb:
        return None
    z = ops.log_softmax(x, axis=-1)
    samples = np.arange(x.shape[1])
    places = labels.data if lb else np.broadcast_to(labels, x.shape[:2])
    picked = z[np.arange(len(x))[:, None], samples, places]
    return -np.mean(picked, axis=1)


def _images(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """Rows of images: the images of all examples are one longer batch of images."""
    if list(batched) != [True] + [False] * (len(xs) - 1):
        return None
    x, *rest = xs
    flat = reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:]))
    y = row(flat, *rest, **params)
    return reshape(y, shape=(*x.shape[:2], *y.shape[1:]))


def _conv(row: Op, xs: Sequence, batched: Sequence[bool], params: dict) -> Any:
    """A kernel for each example: a matrix product with the patches of its images."""
    (x, w), (xb, wb) = xs, batched
    if not wb:
        return _images(row, xs, batched, params)
    if params.get("groups", 1) != 1:
        return None
    from tinygrad_edu.ops.convolution import unfold_row

    n = len(w)
    x = x if xb else broadcast_to(x, shape=(n, *np.shape(x)))
    patches = unfold_row(
        reshape(x, shape=(n * x.shape[1], *x.shape[2:])), windows=params["windows"]
    )
    k = int(np.prod(patches.shape[3:]))
    places = patches.shape[1:3]
    flat = reshape(patches, shape=(n, x.shape[1] * places[0] * places[1], k))
    y = flat @ reshape(w, shape=(n, k, w.shape[-1]))
    return reshape(y, shape=(n, x.shape[1], *places, w.shape[-1]))


@functools.cache
def rules() -> dict[Op, Callable]:
    """Row -> its rule. (Not made at import, because some chapters of the table are loaded on demand.)"""
    by_name: dict[str, Callable] = {
        "reshape": _reshape, "ravel": _reshape, "expand_dims": _same_numbers,
        "squeeze": _same_numbers, "transpose": _transpose,
        "swapaxes": _along("axis1", "axis2"), "moveaxis": _along("source", "destination"),
        "flip": _along("axis"), "roll": _roll, "rot90": _along("axes"),
        "broadcast_to": _broadcast_to, "zero pad": _zero_pad, "concatenate": _concatenate,
        "matmul": _matmul, "einsum": _einsum, "tensordot": _tensordot, "vecdot": _elementwise,
        "sign": _elementwise,
        "matvec": _matvec, "vecmat": _vecmat,
        "solve": _solve, "solve_triangular": _solve,
        "getitem": _getitem, "scatter_add": _scatter_add,
        "fft": _along("axis"), "ifft": _along("axis"), "rfft": _along("axis"),
        "irfft": _along("axis"), "fftn": _transform, "ifftn": _transform,
        "fftshift": _along("axes"), "ifftshift": _along("axes"),
        "cross_entropy": _cross_entropy, "conv": _conv, "linear_recurrence": _linear_recurrence,
        "unfold": _images, "fold": _images, "max pool": _images, "window sum": _images,
        "window spread": _images, "conv transpose": _images,
        **dict.fromkeys(
            ("sum", "mean", "max", "min", "var", "std", "prod", "nansum", "nanmax", "nanmin", "norm",
             "logsumexp", "softmax", "log_softmax"), _along("axis"),
        ),
        **dict.fromkeys(
            ("cumsum", "cumprod", "suffix_sum", "running max", "running min", "running logsumexp"),
            _as_a_line,
        ),
        **dict.fromkeys(
            ("tril", "triu", "inv", "det", "slogdet", "expm", "cholesky", "qr", "eigh", "eigvalsh", "eig",
             "eigvals", "svd", "svdvals", "pinv"), _leading,
        ),
    }  # fmt: skip
    return {
        row: by_name[row.name]
        for row in ops.rows()
        if row.name in by_name and _rule_of(row).__module__.startswith("tinygrad_edu.ops")
    }


def _rule_of(row: Op) -> Any:
    return row.variadic_rule or next(filter(None, row.rules))
