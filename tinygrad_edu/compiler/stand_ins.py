"""What a function is given while it is recorded: arrays whose numbers it cannot see.

A recorded function must not decide anything by numbers that will be others in a replay, nor carry one of them
past the tape. So nobody can read the numbers of a stand-in: what computes with it comes to the tape, and
everything else (`if x > 0`, `float(x)`, `x.data`, `np.asarray(x)`) is refused with the user's line.

    StandIn     an array, a result, or a Tensor made from them
    watched     a Parameter, Buffer or Tensor of the user: it may be used, but its `data` is not to be seen
    Draws       a random generator: each replay draws anew
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.diagnostics.words import describe, refusal, user_line
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node, NoValue
from tinygrad_edu.tensor import PLAIN, ROWS, Op, Tensor

_data: Any = Node.__dict__["data"]


def numbers_of(x: Any) -> Any:
    """The array of a Tensor, even of a watched one; anything else as it is."""
    if isinstance(x, StandIn):
        return x.tape.values[x.slot]
    return _data.__get__(x) if isinstance(x, Tensor) else x


def _asked(self: Any) -> Any:
    """`x.data`: refused, but in `Op.__call__`, which then calls `through`."""
    if not isinstance(self, StandIn) and thread.mode.tape is None:
        return _data.__get__(self)
    if sys._getframe(1).f_code is Op.__call__.__code__:
        raise NoValue(self, "")
    raise NoValue(
        self,
        f"inside compile, {describe(self, 'this')} has no numbers to look at: they would be frozen in the "
        f"tape.{user_line()}\n  Try: np.where instead of if; an optimizer instead of x.data; float(...) and "
        "printing outside, of what the function returns; or this function without compile",
    )


def _through(self: Any, row: Op, inputs: tuple, params: dict[str, Any]) -> Any:
    tape = thread.mode.tape
    if tape is None:  # another thread, or a part that is called again as it is
        return row(*map(numbers_of, inputs), **params)
    return tape.row(row, inputs, params)


class StandIn(Tensor):
    """One array of the tape: what `slot` holds.

    tensor   would the user hold a Tensor here without compile, or an array?
    """

    __slots__ = ("needs", "slot", "tape", "tensor")
    stand_in = as_array = property(lambda self: not self.tensor)

    def __init__(self, tape: Any, slot: int, tensor: bool):
        self.tape, self.slot, self.tensor, self.needs = tape, slot, tensor, False
        self.op, self.inputs, self.params, self.scope = None, (), {}, thread.mode.scope
        self.name, self._grad, self.created_at, self.checksums = None, None, None, ()
        self.order = Tensor(0.0).order

    data: Any = property(_asked)
    shape: Any = property(lambda self: np.shape(numbers_of(self)))
    ndim: Any = property(lambda self: np.ndim(numbers_of(self)))
    size: Any = property(lambda self: np.size(numbers_of(self)))
    dtype: Any = property(lambda self: np.asarray(numbers_of(self)).dtype)

    @property
    def requires_grad(self) -> bool:
        return self.needs

    @requires_grad.setter
    def requires_grad(self, needs: bool) -> None:
        """As of a variable of `grad`, which is a Tensor even where an array was given."""
        if not self.tensor and type(numbers_of(self)) is not np.ndarray:
            self.slot = self.tape.call(np.asarray, (self,), tensor=True).slot
        self.tensor, self.needs = True, needs

    through = _through

    def __len__(self) -> int:
        return len(numbers_of(self))

    def __repr__(self) -> str:
        return str(self.data)

    def numpy(self) -> Any:
        """A result in the kind that `functional.py` gives where arrays were given."""
        if not self.ndim:
            return self.tape.call(operator.getitem, (self, ()))
        if self.op:  # without compile it is read-only
            return self.tape.call(np.ndarray.copy, (self,))
        return StandIn(self.tape, self.slot, False)

    def detach(self) -> Tensor:
        return StandIn(self.tape, self.slot, True)

    def backward(
        self, gradient: Any = None, *, create_graph: bool = False, retain_graph: bool = False
    ) -> None:
        """`Tensor.backward`, with the walk on the tape."""
        if not self.needs or create_graph or (gradient is None and self.size != 1):
            raise refusal(
                TypeError,
                f"inside compile, backward() of {describe(self, 'this')} is that of a single number that "
                "requires a gradient, without create_graph.",
                "grad(f) or vjp(f) inside compile, which nest",
            )
        shape, dtype = self.shape, self.dtype
        g = self.tape.call(np.ones if gradient is None else _start, (
            (shape, dtype) if gradient is None else (gradient, shape, dtype)))  # fmt: skip
        grads: dict[Any, Any] = {self: g}
        self.tape.walk_back(grads, history([self]), None, False, not retain_graph)
        for leaf, g in grads.items():
            self.tape.again(_add_gradient, (leaf, g), {})

    def pick(self, x: Any, index: Any) -> Any:
        """x[index], where this is the index or a part of it."""
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, StandIn) and part.dtype == bool for part in parts):
            raise refusal(
                TypeError,
                "inside compile, x[mask] has as many elements as the mask is True, other ones in each call.",
                "np.where(mask, x, 0), which has the shape of x",
            )
        return self.tape.row(ROWS[Tensor.__getitem__], (x,), {"index": index})

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if _is_plain((inputs, kwargs)) or ufunc in PLAIN:
            return self._by_numpy(function, inputs, kwargs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.shape, np.ndim, np.size) and len(args) == 1:
            return getattr(args[0], function.__name__)
        if _is_plain((args, kwargs)) or function in PLAIN:
            return self._by_numpy(function, args, kwargs)
        return super().__array_function__(function, types, args, kwargs)

    def _by_numpy(self, function: Callable, args: Any, kwargs: Any) -> Any:
        """A function of NumPy on what are arrays without compile, or one that has no derivative."""
        tape = thread.mode.tape
        if tape is not self.tape:  # another thread, which knows nothing of this tape
            return function(*map(numbers_of, args), **kwargs)
        y = None
        if "out" not in kwargs and function not in OF_NUMBERS:
            args = tuple(tape.array_of(x) if isinstance(x, Tensor) else x for x in args)
            y = tape.call(function, args, kwargs)
        if y is None:
            raise refusal(
                TypeError,
                f"inside compile, {function.__name__} cannot be replayed: it writes into an array, or the "
                "shape of its result depends on numbers.",
                "a function that returns a new array of the same shape each time, such as np.where",
            )
        return y


OF_NUMBERS: set[Any] = {
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract, np.bincount, np.trim_zeros,
    np.union1d, np.intersect1d, np.setdiff1d, np.repeat, np.copyto, np.put, np.place, np.putmask,
}  # fmt: skip


def _is_plain(x: Any) -> bool:
    """Is everything in it what would be an array, and not a Tensor, without compile?"""
    if isinstance(x, Tensor):
        return isinstance(x, StandIn) and not x.tensor
    parts = x.values() if type(x) is dict else x if type(x) in (tuple, list) else ()
    return all(map(_is_plain, parts))


def _start(gradient: Any, shape: tuple, dtype: Any) -> np.ndarray:
    return np.broadcast_to(np.asarray(gradient), shape).astype(dtype)


def _add_gradient(leaf: Any, g: Any) -> None:
    leaf._grad = g if leaf._grad is None else leaf._grad + g


def _operator(name: str, on_arrays: Callable, swapped: bool = False) -> Callable:
    """An operator: that of arrays where it would be one without compile."""
    of_tensors = getattr(Tensor, name, None)

    def apply(self: StandIn, *others: Any) -> Any:
        if _is_plain((self, others)) or of_tensors is None:
            args = (*others, self) if swapped else (self, *others)
            return self._by_numpy(on_arrays, args, {})
        return of_tensors(self, *others)

    return apply


def _comparison(function: np.ufunc) -> Callable:
    def compare(self: StandIn, other: Any) -> Any:
        return self._by_numpy(function, (self, other), {})

    return compare


def _method(name: str) -> Callable:
    def apply(self: StandIn, *args: Any, **kwargs: Any) -> Any:
        if _is_plain((self, args)):
            return self._by_numpy(getattr(np.ndarray, name), (self, *args), kwargs)
        return getattr(Tensor, name)(self, *args, **kwargs)

    return apply


def _in_place(self: StandIn, other: Any) -> Any:
    if self.tensor:
        return NotImplemented
    raise refusal(
        TypeError,
        "inside compile, an array cannot be changed in place.",
        "x = x + y instead of x += y",
    )


for _name in ("add", "sub", "mul", "truediv", "matmul", "pow", "mod", "floordiv"):
    setattr(StandIn, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name)))
    setattr(StandIn, f"__r{_name}__", _operator(f"__r{_name}__", getattr(operator, _name), True))
    setattr(StandIn, f"__i{_name}__", _in_place)
for _name in ("and", "or", "xor"):
    _function = getattr(np, f"bitwise_{_name}")
    setattr(StandIn, f"__{_name}__", _operator(f"__{_name}__", _function))
    setattr(StandIn, f"__r{_name}__", _operator(f"__r{_name}__", _function, True))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(StandIn, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, _name)))
for _name, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(StandIn, f"__{_name}__", _comparison(_ufunc))
for _name in (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumprod", "cumsum",
    "diagonal", "dot", "flatten", "max", "mean", "min", "prod", "ravel", "reshape", "round", "sort",
    "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var",
):  # fmt: skip
    setattr(StandIn, _name, _method(_name))
StandIn.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]
_getitem_of_tensors = Tensor.__getitem__


def _getitem(self: StandIn, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, StandIn) for part in parts):
        return self.pick(self, index)
    if self.tensor:
        return _getitem_of_tensors(self, index)
    return self._by_numpy(operator.getitem, (self, index), {})


StandIn.__getitem__ = _getitem  # type: ignore[method-assign, assignment]


def _attribute(name: str, x: Any) -> Any:
    return getattr(numbers_of(x), name)


@functools.cache
def watched(kind: Any) -> Any:
    """A kind of Tensor whose `data` and `grad` a function that is being recorded cannot see."""

    def grad(self: Any) -> Any:
        if thread.mode.tape is None:
            return Tensor.grad.fget(self)  # type: ignore[attr-defined]
        raise refusal(
            TypeError,
            "inside compile, .grad is what the numbers of this call gave, and would be frozen.",
            "the optimizer's clip_norm=...; grad(f), whose result may be computed with",
        )

    def forget(self: Any, new: Any) -> None:
        tape = thread.mode.tape
        if tape is None:
            Tensor.grad.fset(self, new)  # type: ignore[attr-defined]
        else:
            tape.again(_set_gradient, (self, new), {})

    about: dict[str, Any] = {
        name: property(functools.partial(_attribute, name))
        for name in ("shape", "ndim", "size", "dtype")
    }
    about |= {"__slots__": (), "data": property(_asked, _replace), "through": _through}
    return type(kind.__name__, (kind,), about | {"grad": property(grad, forget)})


def _replace(self: Any, new: Any) -> None:
    if thread.mode.tape is not None:
        raise refusal(TypeError, "inside compile, x.data = ... would happen once.", "an optimizer")
    _data.__set__(self, new)


def _set_gradient(leaf: Any, g: Any) -> None:
    leaf.grad = g


class Draws:
    """A random generator while a function is recorded: what it draws is drawn anew in each replay."""

    def __init__(self, generator: np.random.Generator):
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        found, tape = getattr(self._generator, name), thread.mode.tape
        if tape is None or not callable(found):
            return found
        return lambda *args, **kwargs: tape.again(found, args, kwargs)
