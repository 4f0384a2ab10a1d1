"""Opened rows: the NumPy calls inside the forward or a rule of a row, one by one.

On the tape a row is one call of a Python function. `open_row` runs this function once more, on stand-ins for
its arrays that write down what NumPy is asked to do. The steps that are found are ufuncs, products,
reductions and views, whose memory `plan.py` can plan.

Where the function asks for numbers in an `if`, the answer is written down as a condition: in a replay that
answers otherwise, the row is called as it is. Whatever else cannot be written down (a convolution, a row of
the user, a loop over numbers) makes the row remain one call.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.compiler.stand_ins import OF_NUMBERS, Draws, StandIn
from tinygrad_edu.ops.reductions import _broadcast_to
from tinygrad_edu.tensor import Op

NONE: dict[str, Any] = {}
MOST = 64  # steps of one row
ASKED = {"shape", "ndim", "size", "dtype", "nbytes", "itemsize", "flags", "base"}
VIEWS = {"T", "real", "imag"}
METHODS = {
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumsum", "dot", "flatten",
    "max", "mean", "min", "prod", "ravel", "reshape", "sum", "swapaxes", "squeeze", "take", "transpose",
    "var",
}  # fmt: skip
REDUCTIONS = {"sum": np.add, "max": np.maximum, "min": np.minimum, "prod": np.multiply}


class Closed(Exception):
    """This row remains one call."""


class Array:
    """Stands for the array in `slot` while a row is opened; y is the array as it is now."""

    __slots__ = ("row", "slot", "y")

    def __init__(self, row: Opening, slot: int, y: Any):
        self.row, self.slot, self.y = row, slot, y

    def __getattr__(self, name: str) -> Any:
        if name in ASKED:
            return getattr(self.y, name)
        if name in VIEWS:
            return self.row.note(getattr(self.y, name), f"v{self.slot}.{name}", self)
        if name not in METHODS:
            raise Closed
        return functools.partial(self.row.method, name, self)

    def __len__(self) -> int:
        return len(self.y)

    def __bool__(self) -> bool:
        return self.row.ask(self, bool(self.y))

    def __getitem__(self, index: Any) -> Any:
        text = f"v{self.slot}[{self.row.tape.expression(index)}]"
        return self.row.note(self.y[self.row.tape.real(index)], text, (self, index))

    def __setitem__(self, index: Any, new: Any) -> None:
        self.row.change(self, self.row.call(put, (self, index, new), writes=", {}"))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        (out,) = params.pop("out", (None,))
        y = self.row.ufunc(ufunc, method, inputs, params)
        return y if out is None else self.row.change(out, y)

    def __array_function__(self, function: Callable, types: Any, args: Any, params: Any) -> Any:
        if function in (np.shape, np.ndim, np.size) and len(args) == 1:
            return getattr(args[0], function.__name__)
        if function in OF_NUMBERS or "out" in params:
            raise Closed
        return self.row.call(function, args, params)

    def _closed(self, *_: Any, **__: Any) -> Any:
        raise Closed

    __iter__ = __float__ = __int__ = __index__ = __complex__ = __array__ = __contains__ = _closed


def _operator(symbol: str, function: Callable, ufunc: np.ufunc) -> tuple[Callable, ...]:
    def apply(x: Array, w: Any) -> Any:
        return x.row.operator(symbol, function, ufunc, (x, w))

    def swapped(x: Array, w: Any) -> Any:
        return x.row.operator(symbol, function, ufunc, (w, x))

    def in_place(x: Array, w: Any) -> Any:
        y = apply(x, w)
        return x.row.change(x, y) if isinstance(x.y, np.ndarray) else y

    return apply, swapped, in_place


for _name, _symbol, _ufunc in (
    ("add", "+", np.add), ("sub", "-", np.subtract), ("mul", "*", np.multiply), ("truediv", "/", np.divide),
    ("matmul", "@", np.matmul), ("floordiv", "//", np.floor_divide), ("mod", "%", np.remainder),
    ("pow", "**", np.power), ("and", "&", np.bitwise_and), ("or", "|", np.bitwise_or),
    ("xor", "^", np.bitwise_xor), ("eq", "==", np.equal), ("ne", "!=", np.not_equal), ("lt", "<", np.less),
    ("le", "<=", np.less_equal), ("gt", ">", np.greater), ("ge", ">=", np.greater_equal),
):  # fmt: skip
    _methods = _operator(_symbol, getattr(operator, f"__{_name}__"), _ufunc)
    for _kind, _method in zip(("", "r", "i"), _methods, strict=True):
        setattr(Array, f"__{_kind}{_name}__", _method)
for _name, _of_one in (("neg", np.negative), ("abs", np.absolute), ("invert", np.invert)):
    setattr(
        Array, f"__{_name}__", lambda x, ufunc=_of_one: x.row.ufunc(ufunc, "__call__", (x,), {})
    )
Array.__hash__ = object.__hash__  # type: ignore[method-assign]


class Opening:
    """The steps of one row, while it is opened."""

    def __init__(self, tape: Any):
        self.tape = tape
        self.errors: Any = None
        self.steps: list[Any] = []
        self.arrays: dict[int, Array] = {}
        self.viewed: set[int] = set()

    def given(self, x: Any) -> Any:
        """An argument, with an Array in the place of each stand-in: the same for the same array."""
        if isinstance(x, (Draws, np.random.Generator)):
            raise Closed
        if isinstance(x, StandIn):
            slot = self.tape.same.get(x.slot, x.slot)
            return self.arrays.setdefault(slot, Array(self, slot, x.y))
        if type(x) in (tuple, list):
            return type(x)(map(self.given, x))
        return {k: self.given(part) for k, part in x.items()} if type(x) is dict else x

    def note(
        self, y: Any, text: str, read: Any, writes: str = "", elementwise: bool = False
    ) -> Any:
        """Writes down that `text` gives y."""
        if (
            len(self.steps) > MOST
            or not isinstance(y, (np.ndarray, np.generic))
            or y.dtype.hasobject
        ):
            raise Closed
        if np.geterr() != self.errors:  # inside errstate, of which a replay would know nothing
            raise Closed
        step = self.tape.step(y, text, read, writes=writes, elementwise=elementwise)
        self.steps.append(step)
        if step.view_of is not None:
            self.viewed |= {step.view_of, step.makes}
        return Array(self, step.makes, y)

    def call(self, function: Callable, args: Any, params: Any = NONE, writes: str = "") -> Any:
        real, text = self.tape.real, self.tape.call_text(function, args, params)
        return self.note(function(*real(args), **real(params)), text, (args, params), writes)

    def ufunc(self, ufunc: np.ufunc, method: str, args: Any, params: Any, y: Any = None) -> Any:
        """A call of a ufunc that gives y, in its fastest form that writes the same bits into given memory."""
        if method not in ("__call__", "reduce") or ufunc.nout > 1:
            raise Closed
        function = ufunc if method == "__call__" else reduce_of(ufunc)
        if y is None:
            y = function(*self.tape.real(args), **self.tape.real(params))
        if not isinstance(y, np.ndarray):
            return self.note(y, self.tape.call_text(function, args, params), (args, params))
        elementwise = method == "__call__" and ufunc.signature is None
        faster, same = function, args
        if elementwise and len(args) == 2 and ufunc is not np.power:
            same = tuple(map(_as_array, args, args[::-1]))
        elif ufunc is np.matmul and all(map(_is_matrix, self.tape.real(args))):
            faster = np.dot
        # Positions are read faster than keywords, but for these two NumPy deprecates it.
        by_place = method == "__call__" and not params and ufunc not in (np.maximum, np.minimum)
        writes = ", {}" if by_place else ", out={}"
        if not _writes_the_same(faster, self.tape.real(same), self.tape.real(params), y):
            faster, same, writes = function, args, ""
        text = self.tape.call_text(faster, same, params)
        return self.note(y, text, (args, params), writes, elementwise)

    def operator(self, symbol: str, function: Callable, ufunc: np.ufunc, args: tuple) -> Any:
        y = function(*self.tape.real(args))
        if isinstance(y, np.ndarray) and symbol != "**":
            return self.ufunc(ufunc, "__call__", args, {}, y)
        if isinstance(y, np.ndarray) and type(args[1]) is int and args[1] == 2:
            return self.ufunc(np.square, "__call__", args[:1], {}, y)
        x, w = map(self.tape.expression, args)
        return self.note(y, f"{x} {symbol} {w}", args)

    def method(self, name: str, x: Array, *args: Any, **params: Any) -> Any:
        plain = (
            isinstance(x.y, np.ndarray) and len(args) < 2 and params.keys() <= {"axis", "keepdims"}
        )
        if name in REDUCTIONS and plain:
            params = {"axis": args[0] if args else None, **params}
            return self.ufunc(REDUCTIONS[name], "reduce", (x,), params)
        y = getattr(x.y, name)(*self.tape.real(args), **self.tape.real(params))
        text = self.tape.call_text(f"v{x.slot}.{name}", args, params)
        return self.note(y, text, (x, args, params))

    def change(self, x: Any, new: Array) -> Any:
        """From now on x is `new`, as after x *= 2: only if nobody else can see the array."""
        mine = isinstance(x, Array) and any(step.makes == x.slot for step in self.steps)
        if not mine or x.slot in self.viewed or x.y.base is not None:
            raise Closed
        if x.dtype != new.dtype or x.shape != new.shape or x.y.strides != new.y.strides:
            raise Closed
        x.slot, x.y = new.slot, new.y
        return x

    def ask(self, x: Array, answer: bool) -> bool:
        """Writes down that x is true, or false."""
        step = self.tape.step(None, f"v{x.slot}" if answer else f"not v{x.slot}", x)
        step.asks = True
        self.steps.append(step)
        return answer


def open_row(tape: Any, function: Callable, args: Any, params: Any, as_array: bool, y: Any) -> Any:
    """(steps, slot of the result) of a function that has just given y; None if it remains one call."""
    before, row = len(tape.values), Opening(tape)
    try:
        with np.errstate(all="ignore"):  # it has warned already
            row.errors = np.geterr()
            result = opened(function)(*row.given(args), **row.given(params))
            if isinstance(result, Array) and as_array:
                result = row.call(np.asarray, (result,))
            elif isinstance(result, np.ndarray):
                result = row.note(result, f"{tape.constant(result)}.copy('K')", ())
        made = any(step.makes == result.slot for step in row.steps)
        if same_bits(result.y, y) and (made or not any(step.asks for step in row.steps)):
            return row.steps, result.slot
    except Exception:  # whatever a stand-in cannot do
        pass
    finally:
        row.arrays.clear()
    del tape.values[before:]
    return None


# Functions whose helpers get stand-ins, too, and take them for arrays.


def _type(x: Any) -> Any:
    return type(x.y) if type(x) is Array else type(x)


def _isinstance(x: Any, kinds: Any) -> bool:
    return isinstance(x.y if type(x) is Array else x, kinds)


def opened(f: Any) -> Any:
    """A function of ours that takes stand-ins for arrays; NumPy's as they are. Raises Closed for others."""
    if f is _broadcast_to:
        return np.broadcast_to
    if isinstance(f, Op):
        return opened(f.forward)
    if isinstance(f, functools.partial):
        return functools.partial(opened(f.func), *f.args, **f.keywords)
    if isinstance(f, types.MethodDescriptorType):
        return lambda x, *args, **params: getattr(x, f.__name__)(*args, **params)
    root = (getattr(f, "__module__", None) or "numpy").partition(".")[0]
    if root not in ("numpy", "tinygrad_edu", "_operator"):
        raise Closed
    return _copy(f) if isinstance(f, types.FunctionType) and root == "tinygrad_edu" else f


def _copy(f: types.FunctionType) -> types.FunctionType:
    names = {
        "__builtins__": f.__globals__["__builtins__"],
        "type": _type,
        "isinstance": _isinstance,
    }
    names = {name: _helper(x) for name, x in f.__globals__.items()} | names
    cells = tuple(types.CellType(_helper(cell.cell_contents)) for cell in f.__closure__ or ())
    copy = types.FunctionType(f.__code__, names, f.__name__, f.__defaults__, cells)
    copy.__kwdefaults__ = f.__kwdefaults__
    return copy


def _helper(x: Any) -> Any:
    """What a copied function finds under a name: another function of ours is opened when it is called."""
    if isinstance(x, (Op, types.FunctionType)):
        return lambda *args, **params: opened(x)(*args, **params)
    return x


def put(x: np.ndarray, index: Any, new: Any, out: np.ndarray | None = None) -> np.ndarray:
    """x with x[index] = new, written into `out`, which may be x itself."""
    if out is None:
        out = x.copy("K")
    elif out is not x:
        out[...] = x
    out[index] = new
    return out


def _as_array(x: Any, other: Any) -> Any:
    """A number of Python beside an array of floats, as an array of the type that it would be converted to."""
    floats = isinstance(other, Array) and type(other.y) is np.ndarray and other.dtype.kind == "f"
    return np.array(x, other.dtype) if floats and type(x) in (int, float) else x


def _is_matrix(x: Any) -> bool:
    """Is it a matrix that np.dot and np.matmul hand to BLAS as it is?"""
    plain = isinstance(x, np.ndarray) and x.ndim == 2 and x.dtype.char in "fd" and min(x.shape) > 1
    return plain and (x.flags.c_contiguous or x.flags.f_contiguous)


@functools.cache
def reduce_of(ufunc: np.ufunc) -> Callable:
    return ufunc.reduce


def same_bits(a: Any, b: Any) -> bool:
    if type(a) is not type(b) or a.dtype != b.dtype or a.shape != b.shape:
        return False
    if type(a) is not np.ndarray or not a.flags.forc or a.dtype.itemsize not in (1, 2, 4, 8):
        return a.tobytes() == b.tobytes() and getattr(a, "strides", 0) == getattr(b, "strides", 0)
    a, b = (x.view(f"u{x.dtype.itemsize}") for x in (a, b))
    return a.strides == b.strides and np.array_equal(a, b)


def _writes_the_same(function: Callable, args: Any, params: Any, y: np.ndarray) -> bool:
    """Has `function` the bits of y, when it writes into memory that it is given?"""
    out = np.empty_like(y)
    try:
        function(*args, **params, out=out)
    except (TypeError, ValueError):
        return False
    return same_bits(out, y)
