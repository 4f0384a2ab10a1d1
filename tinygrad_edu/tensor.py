"""A Tensor is a NumPy array that remembers how it was made.

Three things are in this file:

- `Op`, a row of the derivative table: a NumPy function beside the rule of each argument's derivative;
- `ROWS`, the table itself, looked up by NumPy function (the rows are in `tinygrad_edu/ops`);
- `Tensor`, which hands every operator and every NumPy function that it meets to its row.

A row computes with plain arrays and, if a derivative may be asked for, notes on the result which row
made it from what. That note is the computation graph; `autodiff.py` walks it backwards.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
import linecache
import operator
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import (
    PACKAGE,
    alike,
    broadcast_hint,
    is_ours,
    line_of,
    numpy_name,
    refusal,
    refuse_keywords,
    reraise_as,
    shortened,
    user_line,
)

__all__ = ["Op", "Tensor", "debug", "no_grad", "op"]


class _Mode(threading.local):
    """What is going on in this thread."""

    recording = True  # are operations noted for a later backward?
    depth = 0  # how many functions are being differentiated around this line (`grad` inside `grad`)
    scope: tuple[Any, ...] = ()  # the modules being called, outermost first
    debug = False  # is every number looked at as it is computed?
    batches: tuple[int, ...] = ()  # sizes of the batches of which one example is shown (`vmap`)


mode = _Mode()


class set_mode:
    """`with set_mode(recording=False): ...` sets these fields of `mode`, and puts them back at the end."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.before: list[dict[str, Any]] = []  # a list, as the same object may be entered twice

    def __enter__(self) -> None:
        self.before.append({name: getattr(mode, name) for name in self.settings})
        for name, new in self.settings.items():
            setattr(mode, name, new)

    def __exit__(self, *_: object) -> None:
        for name, old in self.before.pop().items():
            setattr(mode, name, old)


class no_grad(set_mode):
    """Operations inside are not recorded: `with no_grad(): ...`, or `@no_grad()` above a function."""

    def __init__(self) -> None:
        super().__init__(recording=False)

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def unrecorded(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                return function(*args, **kwargs)

        return unrecorded


class debug(set_mode):
    """`with debug():` looks at every result and every gradient, and stops at the first NaN or infinity.

    The FloatingPointError names the operation, its operands, the module and the line that asked for
    it, also when it happens on the way back. Costs about as much again as the computation itself.
    """

    def __init__(self) -> None:
        super().__init__(debug=True)


class HasNoNumbers(TypeError):
    """The numbers of one example were asked for where all are computed at once: see vectorizing.py."""

    def __init__(self, tensor: Any, text: str):
        super().__init__(text)
        self.tensor = tensor


# ------------------------------------------------------------------------------------------ the table

ROWS: dict[Callable, Callable] = {}  # NumPy function -> what does its work on Tensors
PLAIN: set[Callable] = set()  # NumPy functions that have no derivative: arrays in, arrays out
METHODS: dict[tuple[np.ufunc, str], Callable] = {}  # (np.add, "reduce") -> the same by another row

_next_order = itertools.count(1).__next__


class Op:
    """One row of the derivative table: y = forward(*inputs, **params), and a rule per input.

    A rule is `lambda g, y, *inputs, **params: dL/dinput` with g = dL/dy, in ordinary NumPy. It gets
    plain arrays on the way back of first order, and Tensors (so that it records itself) when
    derivatives of derivatives are wanted. It need not undo broadcasting: the walk back does. A rule
    is None where an input has no derivative. An operation on any number of arrays, as concatenate,
    has one rule for all of them, `every`, which gets the number of the input before the rest.

    Inputs are passed by position, everything else by keyword; only parameters that the rules know
    are accepted. The remaining fields are for readers and tests:

    formula, domain, kinks   what the row computes, where, and what its derivative is at kinks
    cases                    random number generator -> [(inputs, params), ...] to try the row on
    linear                   y is linear in each input that has a rule, the others held fixed (x w);
                             "together": in all of them at once (x and w, one after the other)
    elementwise              y[i] depends on the i-th elements of the (broadcast) inputs alone
    hint                     inputs, params -> what to try when NumPy refuses them
    multiply_adds            shape of y, shapes of inputs, params -> how many a product takes
    """

    def __init__(
        self,
        forward: Callable,
        *rules: Callable | None,
        every: Callable | None = None,
        name: str = "",
        formula: str = "",
        domain: str = "",
        kinks: str = "",
        cases: Callable | None = None,
        linear: bool | str = False,
        elementwise: bool = False,
        hint: Callable[..., str] | None = None,
        multiply_adds: Callable[..., int] | None = None,
    ):
        self.forward, self.rules, self.every = forward, rules, every
        self.name = name or forward.__name__
        self.formula, self.domain, self.kinks = formula, domain, kinks
        self.cases, self.linear, self.elementwise, self.hint = cases, linear, elementwise, hint
        self.multiply_adds = multiply_adds

    # The next are read off the functions when somebody asks: at import it would take too long.

    @functools.cached_property
    def params(self) -> list[str]:
        """The keywords that the rules know."""
        rule = next((r for r in (self.every, *self.rules) if r), None)
        named = inspect.signature(rule).parameters.values() if rule else ()
        return [p.name for p in named if p.default is not p.empty]

    @functools.cached_property
    def inputs(self) -> list[str]:
        """The names of the array arguments, as the forward function calls them."""
        try:
            names = [p.name for p in inspect.signature(self.forward).parameters.values()]
        except ValueError:  # a ufunc of an older NumPy has no signature
            names = [f"x{i + 1}" for i in range(len(self.rules))]
        return names[: len(self.rules)]

    @functools.cached_property
    def settings(self) -> list[str]:
        """The names of what comes after them, in NumPy's order."""
        return list(inspect.signature(self.forward).parameters)[len(self.rules) :]

    @functools.cached_property
    def reads(self) -> list[int]:
        """The inputs whose numbers a rule looks at, and not only at their shape.

        These must be the same on the way back as they were on the way forward.
        """
        seen: set[int] = set()
        for rule in filter(None, self.rules):
            code = getattr(rule, "__code__", None)
            if code is None or code.co_cellvars:  # no text to read, or functions within it
                return list(range(len(self.rules)))
            names = code.co_varnames[2 : code.co_argcount]
            steps = list(dis.get_instructions(code))
            for step, after in zip(steps, [*steps[1:], None], strict=True):
                if step.opname.startswith("LOAD_FAST"):
                    loaded = step.argval if isinstance(step.argval, tuple) else (step.argval,)
                    if after and after.argval in ("shape", "ndim", "size", "dtype"):
                        loaded = loaded[:-1]
                    seen.update(names.index(name) for name in loaded if name in names)
        return sorted(i for i in seen if i < len(self.rules))

    def __repr__(self) -> str:
        return f"<row {self.name}: {self.formula or self.forward.__name__}>"

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """forward(*inputs, **params), noted on the result if an input requires a gradient.

        Without a Tensor among the inputs this is just `forward`.
        """
        arrays, is_tensor, tracked = [], False, False
        try:
            for x in inputs:
                if isinstance(x, Tensor):
                    is_tensor = True
                    tracked = tracked or x.requires_grad
                    arrays.append(x.data)
                else:
                    arrays.append(x)
            y = self.forward(*arrays, **params)
        except HasNoNumbers as one:
            return one.tensor.through(self, inputs, params)
        except (ValueError, TypeError, IndexError) as error:
            raise reraise_as(error, self._refusal(inputs, params, error)) from error
        if not is_tensor:
            return y
        if type(y) is not np.ndarray:  # NumPy turns 0-d results into scalars
            y = np.asarray(y)
        if mode.debug and not np.isfinite(y).all():
            raise FloatingPointError(self._not_finite(y, inputs))
        if tracked and mode.recording and y.dtype.kind in "fc":
            made = _made(y, self, inputs, params)
            # Whose line is it? The one who called us, or who called the operator that did. Deeper
            # inside this package `scope` tells the module, and looking further would take its time.
            frame = sys._getframe(1)
            if frame.f_code.co_filename.startswith(PACKAGE) and frame.f_back:
                frame = frame.f_back
            made.place = frame.f_code, frame.f_lasti
            reads = range(len(inputs)) if self.every else self.reads
            if reads:
                made.seen = [
                    (i, fingerprint(arrays[i]))
                    for i in reads
                    if type(arrays[i]) is np.ndarray
                    and not (isinstance(inputs[i], Tensor) and inputs[i].op)
                ]
            return made
        return _made(y, None, (), params)

    def from_numpy(self, *args: Any, **kwargs: Any) -> Any:
        """The row, called with the arguments that a user gave to the NumPy function of that name.

        NumPy lets arrays come by keyword and parameters by position; a row wants neither.
        """
        arity = len(self.rules)
        if len(args) > arity:
            kwargs = {**dict(zip(self.settings, args[arity:], strict=False)), **kwargs}
            args = args[:arity]
        while len(args) < arity and self.inputs[len(args)] in kwargs:
            args = (*args, kwargs.pop(self.inputs[len(args)]))
        if not kwargs.keys() <= set(self.params):
            refuse_keywords(self.name, kwargs, self.params)
        return self(*args, **kwargs)

    def named(self, inputs: tuple) -> list[tuple[Any, str]]:
        """(input, what the operation calls it)."""
        names = self.inputs + [f"input {i}" for i in range(len(self.inputs), len(inputs))]
        return list(zip(inputs, names, strict=False))

    def _not_finite(self, y: np.ndarray, inputs: tuple) -> str:
        first = tuple(map(int, np.argwhere(~np.isfinite(y))[0])) if y.ndim else ()
        count = y.size - np.count_nonzero(np.isfinite(y))
        operands = []
        for x, name in self.named(inputs):
            array = np.asarray(value(x))
            seen = (
                f" from {array.min():.4g} to {array.max():.4g}" if array.size > 1 else f" = {array}"
            )
            operands.append(describe(x, name) + (seen if array.dtype.kind in "fiu" else ""))
        return (
            f"{self.name} gave {count} of {y.size} numbers that are not finite, the first {y[first]} at "
            f"{list(first)}, from {', '.join(operands)}{_inside(mode.scope)}{user_line()}"
        )

    def _refusal(self, inputs: tuple, params: dict[str, Any], error: Exception) -> str:
        """What NumPy refused, in the words of the person who asked for it."""
        operands = ", ".join(describe(x, name) for x, name in self.named(inputs))
        settings = "".join(f", {k}={v!r}" for k, v in params.items())
        hint = self.hint(*map(np.shape, inputs), **params) if self.hint else ""
        hint = hint or (broadcast_hint(inputs) if self.elementwise else "")
        return f"{self.name}({operands}{settings}): {error}{user_line()}" + (
            f"\n  Try: {hint}" if hint else ""
        )


def op(forward: Callable, *rules: Callable | None, **about: Any) -> Op:
    """A row of the derivative table, entered under its forward function: see `Op`.

    >>> cube = op(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x, name="cube")
    >>> x = Tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> float(x.grad)
    12.0
    """
    row = Op(forward, *rules, **about)
    ROWS[forward] = row
    return row


# ------------------------------------------------------------------------------------------ the Tensor


class Tensor:
    """A NumPy array that remembers how it was made.

    data            the array
    requires_grad   may a derivative with respect to this be asked for?
    grad            dL/d(this) after `L.backward()`, an array like `data` (a Tensor after
                    `backward(create_graph=True)`); only tensors that no operation made keep it
    name            shown in graphs and errors

    NumPy's operators and functions work on it as on an array: `np.sin(x) @ w + 1`. What has no
    derivative (`x > 0`, `np.argmax(x)`) gives plain arrays; what has one, but no row in the table
    yet, is refused rather than silently cut out of the graph.

    An array that is given is not copied. It may be changed at will after backward(), but not between a
    computation and its backward(), which would be that of another computation: backward() refuses then
    (see `fingerprint` for what it notices).

    Raises TypeError if a gradient is asked of anything but floating point numbers.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = (
        "__weakref__", "_grad", "data", "inputs", "name", "op", "order", "params", "place",
        "requires_grad", "scope", "seen",
    )  # fmt: skip

    data: np.ndarray
    requires_grad: bool
    name: str | None
    op: Op | None  # the row that made this, None for a leaf
    inputs: tuple  # from what
    params: dict[str, Any]  # and how (axis=0, ...)
    order: int  # inputs have a lower number than what is made of them
    scope: tuple  # the modules that were being called, outermost first
    seen: Sequence[tuple[int, bytes]]  # fingerprints of the user's arrays among the inputs
    place: tuple | None  # (code, instruction) that asked for it, see `made_at`

    def __init__(
        self,
        data: Any,
        *,
        requires_grad: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        if isinstance(data, Tensor):
            data = data.data
        self.data = np.asarray(data, dtype=dtype)
        if self.data.dtype.kind not in "fciub":
            raise refusal(
                TypeError, f"a Tensor holds numbers, not {self.data.dtype}: got {shortened(data)}"
            )
        if requires_grad:
            demand_floats(self.data, name)
        self.requires_grad = requires_grad
        self.name, self._grad, self.order = name, None, _next_order()
        self.op, self.inputs, self.params, self.scope = None, (), {}, mode.scope
        self.place, self.seen = None, ()

    # NumPy's protocol: every function of NumPy that meets a Tensor comes here.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and ufunc in ROWS:
            return ROWS[ufunc](*inputs)
        if ufunc in PLAIN:
            return getattr(ufunc, method)(*map(value, inputs), **kwargs)
        if (ufunc, method) in METHODS:
            return METHODS[ufunc, method](*inputs, **kwargs)
        called = numpy_name(ufunc) + ("" if method == "__call__" else f".{method}")
        if ufunc not in ROWS or method != "__call__":
            raise TypeError(no_row(called))
        row = ROWS[ufunc]
        refuse_keywords(ufunc.__name__, kwargs, row.params if isinstance(row, Op) else ())

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        row = ROWS.get(function)
        if row is not None:
            return row.from_numpy(*args, **kwargs) if isinstance(row, Op) else row(*args, **kwargs)
        if function in PLAIN:
            return function(*map(value, args), **{k: value(v) for k, v in kwargs.items()})
        raise TypeError(no_row(numpy_name(function)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """np.asarray(x), which NumPy also asks of the Tensors in a list: [x, y] is no array of Tensors."""
        if self.requires_grad and mode.recording:
            raise refusal(
                TypeError,
                f"{describe(self)} would be cut out of the graph by turning it into an array.",
                "np.stack([x, y]) for a list of Tensors; x.data for the numbers alone",
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    # Operators: each is the row of a NumPy function. Defined below the class, from a list of pairs.

    __add__: Callable[[Any], Tensor]
    __radd__: Callable[[Any], Tensor]
    __sub__: Callable[[Any], Tensor]
    __rsub__: Callable[[Any], Tensor]
    __mul__: Callable[[Any], Tensor]
    __rmul__: Callable[[Any], Tensor]
    __truediv__: Callable[[Any], Tensor]
    __rtruediv__: Callable[[Any], Tensor]
    __matmul__: Callable[[Any], Tensor]
    __rmatmul__: Callable[[Any], Tensor]
    __pow__: Callable[[Any], Tensor]
    __rpow__: Callable[[Any], Tensor]
    __neg__: Callable[[], Tensor]
    __abs__: Callable[[], Tensor]
    __lt__: Callable[[Any], np.ndarray]
    __le__: Callable[[Any], np.ndarray]
    __gt__: Callable[[Any], np.ndarray]
    __ge__: Callable[[Any], np.ndarray]

    def __eq__(self, other: Any) -> np.ndarray:  # type: ignore[override]
        return np.equal(self.data, value(other))

    def __ne__(self, other: Any) -> np.ndarray:  # type: ignore[override]
        return np.not_equal(self.data, value(other))

    __hash__ = object.__hash__  # a place in the graph, not a value

    def __getitem__(self, index: Any) -> Tensor:
        try:
            index = tuple(map(_own, index)) if isinstance(index, tuple) else _own(index)
        except HasNoNumbers as one:
            return one.tensor.pick(self, index)
        return ROWS[Tensor.__getitem__](self, index=index)

    def __setitem__(self, index: Any, new: Any) -> None:
        raise refusal(
            TypeError,
            f"{describe(self)} cannot be changed in place: the way back may need its old values.",
            "np.where(mask, new, x) inside a computation, or x.data[...] = new before it begins.",
        )

    # Methods that arrays have.

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)
    T = property(lambda self: self.transpose())
    mT = property(lambda self: np.swapaxes(self, -1, -2))
    real = property(lambda self: np.real(self))
    imag = property(lambda self: np.imag(self))

    def conj(self) -> Any:
        return np.conjugate(self)

    conjugate = conj

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return ROWS[np.sum](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return ROWS[np.mean](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return ROWS[np.max](self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return ROWS[np.min](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        flat = shape[0] if len(shape) == 1 else shape  # x.reshape(2, 3) or x.reshape((2, 3))
        return ROWS[np.reshape](self, shape=flat)

    def transpose(self, *axes: Any) -> Tensor:
        order = axes[0] if len(axes) == 1 else (axes or None)
        return ROWS[np.transpose](self, axes=order)

    def astype(self, dtype: Any) -> Tensor:
        return ROWS[np.ndarray.astype](self, dtype=np.dtype(dtype))

    def item(self) -> Any:
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The array, without the memory of how it was made."""
        return self.data

    def detach(self) -> Tensor:
        """The same numbers without their history: a constant to every derivative."""
        return Tensor(self.data, name=self.name)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else str(self)

    def __float__(self) -> float:
        """float(x): the number alone. Refused where it would be one by mistake, see `_demand_asked`."""
        if self.requires_grad and mode.recording:
            _demand_asked(self, sys._getframe(1))
        return float(self.data)

    def __int__(self) -> int:
        if self.requires_grad and mode.recording:
            _demand_asked(self, sys._getframe(1))
        return int(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __index__(self) -> int:
        return operator.index(self.data)

    def tolist(self) -> Any:
        return self.data.tolist()

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=200)
        made = f", made by {self.op.name}" if self.op else ""
        leaf = ", requires_grad=True" if self.requires_grad and not self.op else ""
        dtype = f", dtype={self.dtype}" if self.dtype not in (np.float64, np.int64, bool) else ""
        return f"Tensor({values}{dtype}{made}{leaf})"

    def __reduce__(self) -> Any:
        """Pickle and copy keep the numbers; the history stays behind."""
        return _restore, (type(self), self.data, self.requires_grad and not self.op, self.name)

    # Gradients.

    @property
    def grad(self) -> Any:
        """dL/dx of the last backward(), as an array; None before it, and of what keeps none.

        Warns if it is None because x keeps no gradient: it requires none, or an operation made it.
        """
        if self._grad is None and (self.op is not None or not self.requires_grad):
            _why_no_gradient(self)
        return self._grad

    @grad.setter
    def grad(self, new: Any) -> None:
        if new is not None and np.shape(new) != self.shape:
            raise refusal(
                ValueError,
                f"a gradient has the shape of its tensor: {describe(self)} got {np.shape(new)}",
            )
        self._grad = new

    # The way back is not this file's business: `autodiff.py` hangs it here.
    backward: Callable[..., None]


def _made(data: np.ndarray, row: Op | None, inputs: tuple, params: dict) -> Tensor:
    """A Tensor that an operation made. (`Tensor(...)` would check again what is known already.)"""
    y = Tensor.__new__(Tensor)
    y.data = data
    y.requires_grad = row is not None
    y.name = y._grad = None
    y.order = _next_order()
    y.op, y.inputs, y.params, y.scope = row, inputs, params, mode.scope
    y.place, y.seen = None, ()
    return y


def _restore(kind: type[Tensor], data: np.ndarray, requires_grad: bool, name: str | None) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, data, requires_grad=requires_grad, name=name)
    return tensor


def fingerprint(x: np.ndarray) -> bytes:
    """What tells an array from what it was before.

    All the numbers of an array of up to 1024; of a larger one 512, at even distances, which any change
    of the whole array shows. In `debug()` all of them always.
    """
    if x.size <= 1024 or mode.debug:
        return x.tobytes()
    return (x.reshape(-1) if x.flags.c_contiguous else x.flat)[:: x.size // 512].tobytes()


def _demand_asked(x: Tensor, frame: Any) -> None:
    """Refuses that a number is made of a tensor where nobody wrote float(x): in `out[i] = x`, in math.exp(x).

    The frame is at the instruction that wants the number. What cannot be told is let pass: a function that
    calls float() itself, as map(math.exp, xs) does; and a call whose text is not at hand.
    """
    code, instruction = frame.f_code, frame.f_lasti
    if code.co_code[instruction] == _STORE_ITEM:
        raise refusal(
            TypeError,
            f"{describe(x)} would be cut out of the graph by putting it into an array.",
            "y = np.stack([...]) of all the parts, ops.put(array, i, x) for a new array; or "
            "out[i] = float(x) for the number alone",
        )
    name, *rest = _called(code, instruction)
    function = frame.f_globals.get(name) or frame.f_locals.get(name)
    for name in rest:
        function = getattr(function, name, None)
    if function is np.fromiter:
        raise refusal(
            TypeError, f"np.fromiter would cut {describe(x)} out of the graph.", "np.stack([...])"
        )
    name = getattr(function, "__name__", "")
    if getattr(function, "__module__", None) == "math" and name not in _STEPS:
        raise refusal(
            TypeError,
            f"math.{name} takes a number, and would cut {describe(x)} out of the graph.",
            f"{f'np.{name}(x)' if hasattr(np, name) else 'a function of NumPy or of tinygrad_edu.ops'}; "
            f"or math.{name}(float(x)) for the number alone",
        )


_STORE_ITEM = dis.opmap["STORE_SUBSCR"]
_STEPS = ("isnan", "isinf", "isfinite", "isclose", "floor", "ceil", "trunc")  # have no derivative


@functools.lru_cache
def _called(code: Any, instruction: int) -> tuple[str, ...]:
    """("math", "exp") where an instruction calls math.exp(...); as far as the text tells."""
    line, _, first, _ = [*code.co_positions()][instruction // 2]
    if line is None or first is None:
        return ("",)
    text = linecache.getline(code.co_filename, line).encode()[first:].decode()
    return tuple(re.match(r"[\w.]*", text)[0].split("."))  # type: ignore[index]


def _own(index: Any) -> Any:
    """A part of an index; of an array a copy, as the way back needs it as it is now."""
    index = value(index)
    return index.copy() if isinstance(index, (np.ndarray, list)) else index


def _operator(function: Callable) -> Callable:
    return lambda x, w: ROWS[function](x, w)


def _reflected(function: Callable) -> Callable:
    return lambda w, x: ROWS[function](x, w)


for _name, _function in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide,
    "pow": np.power, "matmul": np.matmul,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", _operator(_function))
    setattr(Tensor, f"__r{_name}__", _reflected(_function))
for _name, _function in {"neg": np.negative, "pos": np.positive, "abs": np.abs}.items():
    setattr(Tensor, f"__{_name}__", lambda x, f=_function: ROWS[f](x))
for _name, _function in {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", lambda x, w, f=_function: f(x.data, value(w)))


# The other methods of arrays are NumPy's functions of the same name.
_METHODS = """all any argmax argmin argpartition argsort clip compress cumprod cumsum diagonal dot
    nonzero partition prod ravel repeat round searchsorted sort squeeze std swapaxes take trace var"""
for _name in _METHODS.split():
    _numpys: Any = getattr(np, _name)
    setattr(
        Tensor, _name,
        lambda x, *args, f=_numpys, **kwargs: x.__array_function__(f, (), (x, *args), kwargs),
    )  # fmt: skip
Tensor.flatten = Tensor.ravel  # type: ignore[attr-defined]


def _only_elsewhere(what: str, hint: str) -> property:
    """What a Tensor has not, and others have. (A __getattr__ would slow down every other attribute.)"""

    def tell(self: Tensor) -> Any:
        raise refusal(AttributeError, f"a Tensor has no {what}.", f"{hint}")

    return property(tell)


_PYTORCHS = {
    "view": "x.reshape(shape)",
    "unsqueeze": "x[:, None], a new axis where the None stands",
    "permute": "np.transpose(x, axes)",
    "expand": "np.broadcast_to(x, shape)",
    "cat": "np.concatenate([x, y])",
    "dim": "x.ndim",
    "to": "x.astype(dtype); there is one device, the processor",
    "cpu": "x itself: there is one device, the processor",
    "cuda": "x itself: there is one device, the processor",
    "float": "x.astype(np.float32)",
    "long": "x.data.astype(int)",
    "zero_grad": "x.grad = None, or optimizer.zero_grad()",
    "requires_grad_": "Tensor(x.data, requires_grad=True)",
}
for _name, _hint in _PYTORCHS.items():
    setattr(Tensor, _name, _only_elsewhere(f".{_name}", _hint))
for _name in dir(np.ndarray):
    if not _name.startswith("_") and not hasattr(Tensor, _name) and _name not in _PYTORCHS:
        _hint = f"x.data.{_name}, outside the graph"
        setattr(Tensor, _name, _only_elsewhere(f".{_name}, but its array has", _hint))
# x // w is a step and gives a plain array, as np.floor(x / w) does; x % w has a derivative.
for _name, _function in {
    "floordiv": np.floor_divide, "mod": np.remainder, "divmod": np.divmod,
}.items():  # fmt: skip
    setattr(Tensor, f"__{_name}__", lambda x, w, f=_function: f(x, w))
    setattr(Tensor, f"__r{_name}__", lambda w, x, f=_function: f(x, w))


# --------------------------------------------------------------------------- words for what went wrong


def value(x: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (list, tuple)):
        return [value(part) for part in x] if isinstance(x, list) else tuple(map(value, x))
    return x


def describe(x: Any, name: str = "") -> str:
    """An operand as errors call it: `weights (3, 4) float32`."""
    x_name = getattr(x, "name", None) or name or ("Tensor" if isinstance(x, Tensor) else "")
    if isinstance(x, (Tensor, np.ndarray, np.generic)):
        return f"{x_name} {x.shape} {x.dtype}".strip()
    x = value(x)
    return f"{x_name} = {shortened(x)}" if x_name else shortened(x)


def made_at(y: Tensor) -> str:
    """Where a recorded operation was asked for: module, file, line and its text."""
    return _inside(y.scope) + line_made(y)


def line_made(y: Tensor) -> str:
    """The user's own line that asked for a recorded operation; "" if it was asked for in here."""
    if y.place is None or is_ours(y.place[0].co_filename):
        return ""
    code, instruction = y.place
    positions = [*code.co_positions()]
    return line_of(code.co_filename, positions[instruction // 2][0] or code.co_firstlineno)


def _inside(scope: tuple) -> str:
    return f" in {module_called(scope)}" if scope else ""


def module_called(scope: tuple) -> str:
    """The innermost module of a scope by its path from the outermost: `layer encoder.0, Linear(2, 3)`."""
    path = next((path for path, m in scope[0].named_modules() if m is scope[-1]), "")
    kind = on_one_line(scope[-1])
    return f"layer {path}, {kind}" if path else kind


def on_one_line(module: Any) -> str:
    """The repr of a module; of one of several lines, which has modules inside, the name of its class."""
    told = repr(module)
    return type(module).__name__ if "\n" in told else told


def _why_no_gradient(x: Tensor) -> None:
    if x.op is not None:
        why = "an operation made it, and only leaves keep one"
        hint = "grad(f)(x), with f the rest of the computation; or viz.Graph(loss), which shows them all"
    elif type(x) is not Tensor:  # a frozen parameter, say, has none for a reason that is known
        return
    else:
        why = "it does not require one"
        hint = "Tensor(..., requires_grad=True), before it is computed with"
    warnings.warn(
        f"the gradient of {describe(x)} is None: {why}.{user_line()}\n  Try: {hint}",
        stacklevel=3,
    )


def demand_floats(array: np.ndarray | Tensor, name: str | None = None) -> None:
    if array.dtype.kind not in "f":
        raise refusal(
            TypeError,
            f"{describe(array, name or 'a Tensor')} cannot require a gradient: only floating "
            "point numbers change smoothly.",
            "floats (2.0 instead of 2), or x.astype(np.float64)",
        )


def no_row(called: str) -> str:
    """Refusal of a NumPy function that the table does not have."""
    known = {numpy_name(f) for f in ROWS if hasattr(f, "__name__")}
    near = alike(called, {k for k in known if k.startswith("np.")} - {called})
    return (
        f"{called} has no row in the derivative table, so its result would be cut out of the graph."
        f"{user_line()}\n  Try: "
        + (f"{', '.join(near)}; or " if near else "")
        + "op(...) for a row of your own; or x.data, if no gradient is to flow through it"
    )
