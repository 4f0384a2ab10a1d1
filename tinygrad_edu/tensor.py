"""A Tensor is a NumPy array that remembers how it was made.

    y = np.tanh(x)

If x is a Tensor, NumPy hands this call to `Tensor.__array_ufunc__`. That looks up the row of np.tanh in the
derivative table, `ROWS`. The row, an `Op`, computes with plain arrays, and notes on the result which row
made it from what. All notes together are the computation graph, which `autodiff.py` walks backwards.

The rows themselves are in `tinygrad_edu/ops`, and what is raised when something is wrong in
`tinygrad_edu/diagnostics`.
"""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics import missing_attributes, operations
from tinygrad_edu.diagnostics.backward import warn_no_gradient, wrong_gradient
from tinygrad_edu.diagnostics.changed_arrays import checksums
from tinygrad_edu.diagnostics.cut_graph import changed_in_place, cut_by_asarray, demand_asked_for
from tinygrad_edu.diagnostics.steps_by_hand import refuse_steps
from tinygrad_edu.diagnostics.words import PACKAGE, PRINTED, left_out, numpy_name, refuse_keywords
from tinygrad_edu.modes import thread
from tinygrad_edu.node import CHANGEABLE, Node, NoValue, as_operand, own, value
from tinygrad_edu.signature import Signature, by_keyword, without_defaults

__all__ = ["METHODS", "PLAIN", "ROWS", "Op", "Tensor", "op", "value"]

ROWS: dict[Callable, Callable] = {}  # NumPy function -> what does its work on Tensors
PLAIN: set[Callable] = set()  # NumPy functions without a derivative: they return plain arrays
METHODS: dict[tuple[np.ufunc, str], Callable] = {}  # (np.add, "reduce") -> what does its work

_next_order = itertools.count(1).__next__


class Op(Signature):
    """One row of the derivative table: y = forward(*inputs, **params), and a rule for each input.

    A rule is `lambda g, y, *inputs, **params: dL/dinput`, where g = dL/dy, in ordinary NumPy. It gets
    plain arrays for first derivatives. For derivatives of derivatives it gets Tensors, and so records
    itself. Broadcasting is undone by the backward pass, not by the rule. An input without a derivative has
    None for a rule. An operation on any number of inputs, such as concatenate, has one `variadic_rule` for
    all of them, which gets the number of the input as its first argument.

    Inputs are passed by position, everything else by keyword; only parameters that the rules know
    are accepted. The remaining fields are for readers and tests:

    formula, domain, kinks   what the row computes, where, and what its derivative is at kinks
    conditioning             where rounding the inputs alone costs more than the last digits of the result
    cases                    random number generator -> [(inputs, params), ...] to try the row on
    linear                   y is linear in each input that has a rule, the others held fixed (x w);
                             "together": in all of them at once (x and w, one after the other)
    elementwise              y[i] depends on the i-th elements of the (broadcast) inputs alone
    hint                     inputs, params -> what to try when NumPy refuses them
    owns                     names of parameters that may be arrays or lists: the record keeps copies of those
    multiply_adds            shape of y, shapes of inputs, params -> number of multiply-adds of a product
    """

    def __init__(
        self,
        forward: Callable,
        *rules: Callable | None,
        variadic_rule: Callable | None = None,
        name: str = "",
        formula: str = "",
        domain: str = "",
        kinks: str = "",
        conditioning: str = "",
        cases: Callable | None = None,
        linear: bool | str = False,
        elementwise: bool = False,
        hint: Callable[..., str] | None = None,
        owns: tuple[str, ...] = (),
        multiply_adds: Callable[..., int] | None = None,
    ):
        self.forward, self.rules, self.variadic_rule = forward, rules, variadic_rule
        self.name, self.formula, self.domain = name or forward.__name__, formula, domain
        self.kinks, self.conditioning = kinks, conditioning
        self.cases, self.linear, self.elementwise, self.hint = cases, linear, elementwise, hint
        self.owns, self.multiply_adds = owns, multiply_adds

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """forward(*inputs, **params), with a note on the result if an input requires a gradient.

        Without a Tensor among the inputs this is just `forward`.
        """
        mode, arrays, is_tensor, tracked, has_lists = thread.mode, [], False, False, False
        try:
            for x in inputs:
                if isinstance(x, Tensor):
                    is_tensor = True
                    tracked = tracked or x.requires_grad
                    arrays.append(x.data)
                else:
                    has_lists = has_lists or type(x) is list or type(x) is tuple
                    arrays.append(x)
            if has_lists:  # rules get arrays
                arrays, inputs = [*map(as_operand, arrays)], tuple(map(as_operand, inputs))
            forward = mode.profile.forward(self, is_tensor) if mode.profile else self.forward
            y = forward(*arrays, **params)
        except NoValue as batch:  # inside vmap: all examples at once
            return batch.tensor.through(self, inputs, params)
        except (ValueError, TypeError, IndexError) as error:
            raise operations.refused(self, inputs, params, error) from error
        if not is_tensor:
            return y
        if type(y) is not np.ndarray:  # NumPy turns 0-d results into scalars
            y = np.asarray(y)
        if mode.debug:
            operations.demand_finite(y, self, inputs)
        if not (tracked and mode.recording and y.dtype.kind in "fc"):
            return result_of(None, (), params, y, mode.scope)
        for x in arrays:
            if x is y:  # the array of a leaf stays writable
                y = y.view()
        y.setflags(False)  # read-only, as a rule may read it again in the backward pass
        for name in self.owns:
            if type(params.get(name)) in CHANGEABLE:
                params[name] = own(params[name])
        result = result_of(self, inputs, params, y, mode.scope)
        # The line of the user: that of our caller, or of the caller of the operator that called us.
        caller = sys._getframe(1)
        if caller.f_code.co_filename.startswith(PACKAGE) and caller.f_back:
            caller = caller.f_back
        result.created_at = caller.f_code, caller.f_lasti
        used = range(len(inputs)) if self.variadic_rule else self.inputs_used
        if used:
            result.checksums = checksums(used, arrays)
        return result

    def rule(self, i: int) -> Callable | None:
        """The rule of input number i."""
        if self.variadic_rule:
            return functools.partial(self.variadic_rule, i)
        return self.rules[i]

    def from_numpy(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the row with the arguments that a user gave to the NumPy function of that name.

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

    def __repr__(self) -> str:
        return f"<row {self.name}: {self.formula or self.forward.__name__}>"


def result_of(
    row: Op | None, inputs: tuple, params: dict[str, Any], y: np.ndarray, scope: tuple = ()
) -> Tensor:
    """y as a Tensor that a row made. (`Tensor(y)` would check again what is known here.)"""
    result = Tensor.__new__(Tensor)
    result.data = y
    result.requires_grad = row is not None
    result.name = result._grad = None
    result.order = _next_order()
    result.op, result.inputs, result.params, result.scope = row, inputs, params, scope
    result.created_at, result.checksums = None, ()
    return result


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


def _operator(function: Callable) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """x + w and w + x from np.add: an operator is the row of a NumPy function."""
    return (lambda x, w: ROWS[function](x, w)), (lambda w, x: ROWS[function](x, w))


def _by_numpy(function: Callable) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (lambda x, w: function(x, w)), (lambda w, x: function(x, w))


def _of_one(function: Callable) -> Callable[..., Tensor]:
    return lambda x: ROWS[function](x)


def _comparison(function: Callable) -> Callable[..., np.ndarray]:
    return lambda x, w: function(x.data, value(w))


def _method(function: Any) -> Callable[..., Any]:
    def call(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            missing_attributes.refuse_words_of_others(function.__name__, kwargs)
        return x.__array_function__(function, (), (x, *args), kwargs)

    return call


def _reduction(function: Any) -> Callable[..., Any]:
    def call(x: Tensor, axis: Any = None, keepdims: bool = False, **others: Any) -> Tensor:
        if others:
            return _method(function)(x, axis=axis, keepdims=keepdims, **others)
        return ROWS[function](x, axis=axis, keepdims=keepdims)

    return call


class Tensor(Node):
    """A NumPy array that remembers how it was made.

    data            the array
    requires_grad   may a derivative with respect to this be asked for?
    grad            dL/d(this) after `L.backward()`, an array like `data` (a Tensor after
                    `backward(create_graph=True)`); only tensors that no operation made keep it
    name            shown in graphs and errors

    NumPy's operators and functions work on it as on an array: `np.sin(x) @ w + 1`. What has no
    derivative (`x > 0`, `np.argmax(x)`) gives plain arrays. What has one, but no row in the table
    yet, raises TypeError, because its result would silently be cut out of the graph.

    The given array is not copied. It may be changed after backward(), but not between a computation and
    its backward(), which raises RuntimeError then. The array of a recorded result is read-only.
    (`diagnostics/changed_arrays.py` tells what is noticed.)

    Raises TypeError if `requires_grad` is asked of anything but floating point numbers.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("_grad",)

    op: Op | None

    def __init__(
        self,
        data: Any,
        *more: Any,
        requires_grad: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        if more:
            raise operations.only_one_array("Tensor", data, more)
        self.data = np.asarray(data.data if isinstance(data, Tensor) else data, dtype=dtype)
        if self.data.dtype.kind not in "fciub":
            raise operations.only_numbers(self.data.dtype, data)
        if requires_grad and self.data.dtype.kind != "f":
            raise operations.only_floats(self.data, name)
        if requires_grad and not self.data.flags.writeable:
            self.data = self.data.copy()  # an optimizer changes it
        self.requires_grad = requires_grad
        self.name, self._grad, self.order = name, None, _next_order()
        self.op, self.inputs, self.params, self.scope = None, (), {}, thread.mode.scope
        self.created_at, self.checksums = None, ()

    # NumPy's protocol: every NumPy function that gets a Tensor calls one of these.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        kwargs = without_defaults(ufunc, kwargs) if kwargs else kwargs
        if method == "__call__" and not kwargs and ufunc in ROWS:
            return ROWS[ufunc](*inputs)
        if ufunc in PLAIN:
            return getattr(ufunc, method)(*map(value, inputs), **kwargs)
        if (ufunc, method) in METHODS:
            return METHODS[ufunc, method](*inputs, **kwargs)
        operations.refuse_ufunc(ufunc, method, kwargs, ROWS)

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        row = ROWS.get(function)
        if len(args) > 1 and row is not None:
            args, kwargs = by_keyword(function, row, args, kwargs)
        kwargs = without_defaults(function, kwargs, row) if kwargs else kwargs
        if row is not None:
            return row.from_numpy(*args, **kwargs) if isinstance(row, Op) else row(*args, **kwargs)
        if function in PLAIN:
            return function(*map(value, args), **{k: value(v) for k, v in kwargs.items()})
        raise operations.no_row(numpy_name(function), ROWS)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """np.asarray(x), which NumPy also asks of the Tensors in a list: [x, y] is no array of Tensors."""
        if self.requires_grad and thread.mode.recording:
            raise cut_by_asarray(self)
        return np.array(self.data, dtype=dtype, copy=copy)

    # Operators. (Those of _operator could be _by_numpy as well, half a microsecond slower.)

    __add__, __radd__ = _operator(np.add)
    __sub__, __rsub__ = _operator(np.subtract)
    __mul__, __rmul__ = _operator(np.multiply)
    __truediv__, __rtruediv__ = _operator(np.divide)
    __matmul__, __rmatmul__ = _operator(np.matmul)
    __pow__, __rpow__ = _operator(np.power)
    __neg__, __pos__, __abs__ = map(_of_one, (np.negative, np.positive, np.abs))
    __mod__, __rmod__ = _by_numpy(np.remainder)
    __floordiv__, __rfloordiv__ = _by_numpy(np.floor_divide)
    __divmod__, __rdivmod__ = _by_numpy(np.divmod)
    __lt__, __le__ = map(_comparison, (np.less, np.less_equal))
    __gt__, __ge__ = map(_comparison, (np.greater, np.greater_equal))
    __eq__, __ne__ = map(_comparison, (np.equal, np.not_equal))  # type: ignore[assignment]
    __hash__ = object.__hash__  # a Tensor is a place in the graph, not a value

    def __getitem__(self, index: Any) -> Tensor:
        try:
            index = value(index)
        except NoValue as batch:
            return batch.tensor.pick(self, index)
        return ROWS[Tensor.__getitem__](self, index=index)

    def __setitem__(self, index: Any, new: Any) -> None:
        raise changed_in_place(self)

    # Attributes and methods of arrays.

    T = property(lambda self: self.transpose())
    mT = property(lambda self: np.swapaxes(self, -1, -2))
    real = property(lambda self: np.real(self))
    imag = property(lambda self: np.imag(self))

    sum, mean, max, min = map(_reduction, (np.sum, np.mean, np.max, np.min))

    def reshape(self, *shape: Any) -> Tensor:
        flat = shape[0] if len(shape) == 1 else shape  # x.reshape(2, 3) or x.reshape((2, 3))
        return ROWS[np.reshape](self, shape=flat)

    def transpose(self, *axes: Any) -> Tensor:
        order = axes[0] if len(axes) == 1 else (axes or None)
        return ROWS[np.transpose](self, axes=order)

    def astype(self, dtype: Any) -> Tensor:
        return ROWS[np.ndarray.astype](self, dtype=np.dtype(dtype))

    all, any, clip, round = map(_method, (np.all, np.any, np.clip, np.round))
    argmax, argmin, argsort = map(_method, (np.argmax, np.argmin, np.argsort))
    argpartition, partition, sort = map(_method, (np.argpartition, np.partition, np.sort))
    cumsum, cumprod, prod, std, var = map(_method, (np.cumsum, np.cumprod, np.prod, np.std, np.var))
    dot, trace, diagonal = map(_method, (np.dot, np.trace, np.diagonal))
    ravel, flatten, squeeze, repeat = map(_method, (np.ravel, np.ravel, np.squeeze, np.repeat))
    nonzero, searchsorted, take = map(_method, (np.nonzero, np.searchsorted, np.take))
    conj, conjugate, swapaxes = map(_method, (np.conjugate, np.conjugate, np.swapaxes))

    def compress(self, condition: Any, axis: int | None = None) -> Tensor:
        return ROWS[np.compress](condition, self, axis)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        values = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=PRINTED)
        made = left_out(self.data) + (f", made by {self.op.name}" if self.op else "")
        leaf = ", requires_grad=True" if self.requires_grad and not self.op else ""
        dtype = f", dtype={self.dtype}" if self.dtype not in (np.float64, np.int64, bool) else ""
        return f"Tensor({values}{dtype}{made}{leaf})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else str(self)

    # The numbers alone.

    def detach(self) -> Tensor:
        """The same numbers without their history: a constant to every derivative."""
        return Tensor(self.data, name=self.name)

    def __float__(self) -> float:
        """float(x). Refused where it was called by `out[i] = x` or math.exp(x), which lose the derivative."""
        if self.requires_grad and thread.mode.recording:
            demand_asked_for(self)
        return float(self.data)

    def __int__(self) -> int:
        if self.requires_grad and thread.mode.recording:
            demand_asked_for(self)
        return int(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __index__(self) -> int:
        return operator.index(self.data)

    def __reduce__(self) -> Any:
        """Pickles and copies have the numbers, and no history."""
        return _restore, (type(self), self.data, self.requires_grad and not self.op, self.name)

    @property
    def grad(self) -> Any:
        """dL/dx after backward(), as an array; None before it, and for a tensor that keeps none.

        Warns if it is None because x keeps no gradient: it requires none, or an operation made it.
        """
        plain = type(self) is Tensor  # a Parameter without a gradient was frozen on purpose
        if self._grad is None and (self.op is not None or (plain and not self.requires_grad)):
            warn_no_gradient(self)
        return self._grad

    @grad.setter
    def grad(self, new: Any) -> None:
        if new is not None and np.shape(new) != self.shape:
            raise wrong_gradient(self, np.shape(new))
        self._grad = new

    backward: Callable[..., None]  # set by autodiff.py


missing_attributes.answer_missing(Tensor)
missing_attributes.answer_call(sys.modules[__name__], "Tensor([1.0, 2.0], requires_grad=True)")
refuse_steps(Tensor)


def _restore(kind: type[Tensor], data: np.ndarray, requires_grad: bool, name: str | None) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, data, requires_grad=requires_grad, name=name)
    return tensor
