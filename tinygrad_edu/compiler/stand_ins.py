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
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.diagnostics.words import describe, is_ours, refusal
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node, NoValue, value
from tinygrad_edu.tensor import PLAIN, ROWS, Op, Tensor

_data: Any = Node.__dict__["data"]


def numbers_of(x: Any) -> Any:
    """The array of a Tensor, even of a watched one; anything else as it is."""
    if not isinstance(x, StandIn):
        return _data.__get__(x) if isinstance(x, Tensor) else x
    if x.slot >= len(x.tape.values):
        raise refusal(
            TypeError,
            "compile: an array was kept from a call that was recorded, and the call is over.",
            "returning it, and keeping what compile(f)(...) gives",
        )
    return x.y


def refuse(what: str, hint: str) -> NoReturn:
    """Raises TypeError, now and, if the function should catch it, when it has returned."""
    error = refusal(TypeError, f"inside compile, {what}", hint)
    if thread.mode.tape is not None:
        thread.mode.tape.refused.append(error)
    raise error


def _asked(self: Any) -> Any:
    """`x.data`: refused, but in `Op.__call__` and `Tensor.__getitem__`, which go on with `through`."""
    if thread.mode.tape is None:  # another thread, or a part that is called again as it is
        return numbers_of(self) if isinstance(self, StandIn) else _data.__get__(self)
    frame = sys._getframe(1)
    while frame.f_code in (value.__code__, StandIn.__getattribute__.__code__):
        frame = frame.f_back  # type: ignore[assignment]
    if frame.f_code in GO_ON:
        raise NoValue(self, "")
    refuse(
        f"{describe(self, 'this')} has no numbers to look at: they would be frozen in the tape.",
        "np.where instead of if; an optimizer instead of x.data; float(...) and printing outside, of what "
        "the function returns; or this function without compile",
    )


GO_ON = (Op.__call__.__code__, Tensor.__getitem__.__code__)


def _through(self: Any, row: Op, inputs: tuple, params: dict[str, Any]) -> Any:
    tape = thread.mode.tape
    return (
        row(*map(numbers_of, inputs), **params) if tape is None else tape.row(row, inputs, params)
    )


class StandIn(Node):
    """One array of the tape: what `slot` holds.

    tensor   would the user hold a Tensor here without compile, or an array?

    To Python it has the class that it would have without compile, and to this project that of a Tensor.
    """

    __slots__ = ("_grad", "needs", "slot", "tape", "tensor", "y")
    stand_in = as_array = property(lambda self: not self.tensor)

    def __init__(self, tape: Any, slot: int, tensor: bool):
        self.tape, self.slot, self.tensor, self.needs = tape, slot, tensor, False
        self.y = tape.values[slot]  # which the tape forgets when nobody has it
        self.op, self.inputs, self.params, self.scope = None, (), {}, thread.mode.scope
        self.name, self._grad, self.created_at, self.checksums = None, None, None, ()
        self.order = Tensor(0.0).order

    def __getattribute__(self, name: str) -> Any:
        get = object.__getattribute__
        if name not in OF_ARRAYS and (name == "__class__" or not get(self, "tensor")):
            ours = is_ours(sys._getframe(1).f_code.co_filename)
            if name == "__class__":
                return Tensor if ours or self.tensor else type(numbers_of(self))
            if not ours and not name.startswith("__"):
                if hasattr(np.ndarray, name):
                    refuse(
                        f"an array has no .{name}: it may be another in each call.",
                        "NumPy's functions",
                    )
                raise AttributeError(f"an array has no attribute {name!r}")
        return get(self, name)

    data: Any = property(_asked)
    through = _through

    @property
    def requires_grad(self) -> bool:
        return self.needs

    @requires_grad.setter
    def requires_grad(self, needs: bool) -> None:
        """As of a variable of `grad`, which is a Tensor even where an array was given."""
        if not self.tensor and type(numbers_of(self)) is not np.ndarray:
            as_array = self.tape.call(np.asarray, (self,), tensor=True)
            self.slot, self.y = as_array.slot, as_array.y
        self.tensor, self.needs = True, needs

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

    def detach(self) -> Any:
        return StandIn(self.tape, self.slot, True)

    def backward(
        self, gradient: Any = None, *, create_graph: bool = False, retain_graph: bool = False
    ) -> None:
        """`Tensor.backward`, with the walk on the tape."""
        if not self.needs or create_graph or (gradient is None and self.size != 1):
            refuse(
                f"backward() of {describe(self, 'this')} is that of one number that requires a gradient, and "
                "without create_graph.",
                "grad(f) or vjp(f) inside compile, which nest",
            )
        given = self.tape.call(np.ones, ((), self.dtype)) if gradient is None else gradient
        grads: dict[Any, Any] = {self: self.tape.call(_start, (given, self.shape, self.dtype))}
        self.tape.walk_back(grads, history([self]), None, False, not retain_graph)  # type: ignore[list-item]
        for leaf, g in grads.items():
            self.tape.again(_add_gradient, (leaf, g), {})

    def pick(self, x: Any, index: Any) -> Any:
        """x[index], where this is the index or a part of it."""
        if any(type(part) is slice or part.dtype == bool for part in _traced(index)):
            refuse(
                "x[mask] and x[:n] have another shape in each call.",
                "np.where(mask, x, 0), which has the shape of x",
            )
        return self.tape.row(ROWS[Tensor.__getitem__], (x,), {"index": index})

    def __getitem__(self, index: Any) -> Any:
        if _traced(index):
            return self.pick(self, index)
        if self.tensor:
            return Tensor.__getitem__(self, index)  # type: ignore[index]
        return self.by_numpy(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, new: Any) -> None:
        if thread.mode.tape is not self.tape:
            numbers_of(self)[index] = new
            return
        refuse("an array cannot be changed in place.", "np.where(mask, new, x), or np.concatenate")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if is_plain((inputs, kwargs)) or ufunc in PLAIN:
            function = ufunc if method == "__call__" else getattr(ufunc, method)
            return self.by_numpy(function, inputs, kwargs)
        return Tensor.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)  # type: ignore[arg-type]

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.shape, np.ndim, np.size) and len(args) == 1:
            return getattr(args[0], function.__name__)
        if is_plain((args, kwargs)) or function in PLAIN:
            return self.by_numpy(function, args, kwargs)
        return Tensor.__array_function__(self, function, types, args, kwargs)  # type: ignore[arg-type]

    def by_numpy(self, function: Callable, args: Any, kwargs: Any) -> Any:
        """A function of NumPy on what are arrays without compile, or one that has no derivative."""
        tape = thread.mode.tape
        if tape is not self.tape:  # another thread, which knows nothing of this tape
            numbers_of(self)  # or the recording is over
            return function(*self.tape.real(tuple(args)), **self.tape.real(kwargs))
        y = None
        depends = function in OF_NUMBERS or (function is np.where and len(args) == 1)
        depends = depends or (function is np.repeat and bool(_traced(args[1:])))
        if "out" not in kwargs and not depends:
            args = tuple(tape.array_of(x) if isinstance(x, Tensor) else x for x in args)
            y = tape.call(function, args, kwargs)
        if y is None:
            refuse(
                f"{function.__name__} cannot be replayed: it writes into an array, or its result has a shape "
                "that depends on numbers.",
                "a function that returns a new array of the same shape each time, such as np.where",
            )
        return y


OF_NUMBERS: set[Any] = {
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract, np.bincount, np.trim_zeros,
    np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d, np.delete, np.insert, np.array_split,
    np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal, np.shares_memory,
    np.may_share_memory, np.roots,
}  # fmt: skip


def _traced(index: Any) -> list[Any]:
    """The parts of an index whose numbers are others in each call."""
    parts = index if isinstance(index, tuple) else (index,)
    bounds = [(x, (x.start, x.stop, x.step) if type(x) is slice else (x,)) for x in parts]
    return [x for x, among in bounds if any(isinstance(bound, StandIn) for bound in among)]


def is_plain(x: Any) -> bool:
    """Is everything in it what would be an array, and not a Tensor, without compile?"""
    if isinstance(x, Tensor):
        return isinstance(x, StandIn) and not x.tensor
    parts = x.values() if type(x) is dict else x if type(x) in (tuple, list) else ()
    return all(map(is_plain, parts))


def _start(gradient: Any, shape: tuple, dtype: Any) -> np.ndarray:
    return np.broadcast_to(np.asarray(gradient), shape).astype(dtype)


def _add_gradient(leaf: Any, g: Any) -> None:
    leaf._grad = g if leaf._grad is None else leaf._grad + g


# What arrays and Tensors have in common, from one table: by NumPy where it would be an array without compile.

OPERATORS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "matmul",
    "pow",
    "mod",
    "floordiv",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
OF_ONE = ["neg", "pos", "abs", "invert"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
ATTRIBUTES = ("T", "mT", "real", "imag")
LAYOUT = ("shape", "ndim", "size", "dtype", "nbytes", "itemsize", "strides")  # as in every replay
METHODS = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "conjugate", "copy", "cumprod",
    "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "prod", "ravel", "reshape", "round",
    "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var", "view",
)  # fmt: skip
OF_ARRAYS = {*METHODS, *ATTRIBUTES, *LAYOUT, "data", "slot", "tape", "tensor", "y"}


def _method(name: str, on_arrays: Callable, swapped: bool = False) -> Callable:
    of_tensors = None if name.strip("_") in COMPARISONS else getattr(Tensor, name, None)

    def apply(self: Any, *args: Any, **kwargs: Any) -> Any:
        if of_tensors is None or is_plain((self, args)):
            return self.by_numpy(on_arrays, (*args, self) if swapped else (self, *args), kwargs)
        return of_tensors(self, *args, **kwargs)

    return apply


def _in_place(function: Callable) -> Callable:
    def apply(self: StandIn, other: Any) -> Any:
        if self.tensor:
            return NotImplemented
        if thread.mode.tape is self.tape:
            self[()] = other
        function(numbers_of(self), other)  # by another thread
        return self

    return apply


def _layout(name: str) -> Any:
    return property(lambda self: getattr(as_array(numbers_of(self)), name))


def as_array(x: Any) -> Any:
    """x, or the array of a Python number."""
    return x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x)


for _name in (*OPERATORS, *OF_ONE, *COMPARISONS):
    _function = getattr(operator, f"__{_name}__")
    setattr(StandIn, f"__{_name}__", _method(f"__{_name}__", _function))
    if _name in OPERATORS:
        setattr(StandIn, f"__r{_name}__", _method(f"__r{_name}__", _function, True))
        setattr(StandIn, f"__i{_name}__", _in_place(getattr(operator, f"__i{_name}__")))
for _name in METHODS:
    setattr(StandIn, _name, _method(_name, getattr(np.ndarray, _name)))
for _name in LAYOUT:
    setattr(StandIn, _name, _layout(_name))
StandIn.__hash__ = object.__hash__  # type: ignore[method-assign]
for _name, _member in vars(Tensor).items():
    if _name not in vars(StandIn) and not hasattr(object, _name):
        setattr(StandIn, _name, _member)


@functools.cache
def watched(kind: Any) -> Any:
    """A kind of Tensor whose `data` and `grad` a function that is being recorded cannot see."""

    def grad(self: Any) -> Any:
        if thread.mode.tape is None:
            return Tensor.grad.fget(self)  # type: ignore[attr-defined]
        refuse(
            ".grad is what the numbers of this call gave, and would be frozen.",
            "the optimizer's clip_norm=...; grad(f), whose result may be computed with",
        )

    def set_grad(self: Any, new: Any) -> None:
        tape = thread.mode.tape
        if tape is None:
            Tensor.grad.fset(self, new)  # type: ignore[attr-defined]
        else:
            tape.again(_set_gradient, (self, new), {})

    about = {name: _layout(name) for name in ("shape", "ndim", "size", "dtype")}
    about |= {"__slots__": (), "data": property(_asked, _replace), "through": _through}
    return type(kind.__name__, (kind,), about | {"grad": property(grad, set_grad)})


def _replace(self: Any, new: Any) -> None:
    if thread.mode.tape is not None:
        refuse("x.data = ... would happen once.", "an optimizer")
    _data.__set__(self, new)


def _set_gradient(leaf: Any, g: Any) -> None:
    leaf.grad = g


def kind_of(x: Any, *more: Any) -> Any:
    """`type` for a function that is recorded: the class that x has without compile."""
    kind = type(x, *more)
    if kind is StandIn:
        return Tensor if x.tensor else type(numbers_of(x))
    return kind.__base__ if kind.__dict__.get("through") is _through else kind


class Draws:
    """A random generator while a function is recorded: what it draws is drawn anew in each replay."""

    def __init__(self, generator: np.random.Generator):
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        found, tape = getattr(self._generator, name), thread.mode.tape
        if name in ("spawn", "bit_generator") and tape is not None:
            refuse(f"a generator has no .{name}.", "generators that are made outside")
        if tape is None or not callable(found):
            return found
        return lambda *args, **kwargs: tape.again(found, args, kwargs)
