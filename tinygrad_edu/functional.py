"""Functions of functions, in JAX's words: `grad(f)` is a function that computes the gradient of f.

    vjp, grad, value_and_grad       reverse mode: from the result back to the arguments
    jvp                             forward mode: from the arguments to the result
    jacobian, hessian, hvp          made of both
    checkpoint                      computes a function again in the backward pass, to save memory

They take arrays, Tensors and numbers, alone or in dicts, lists and tuples. They return arrays for arrays
and Tensors for Tensors, and nest to any depth. If f itself uses Tensors that require a gradient, such as the
parameters of a model, they return Tensors, because the derivative depends on those, too: a penalty on a
gradient can be learned from. With `no_grad()` they return arrays.

Each differentiates with respect to fresh variables that stand for the arguments, and not the arguments
themselves. So in grad(lambda x: x * grad(lambda y: x + y)(x)) the inner derivative is 1, although y is x.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients
from tinygrad_edu.diagnostics.backward import complex_result
from tinygrad_edu.diagnostics.cut_graph import warn_of_constant
from tinygrad_edu.diagnostics.operations import only_floats
from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.forward_mode import push_forward
from tinygrad_edu.modes import recording, thread
from tinygrad_edu.ops import identity
from tinygrad_edu.pytree import leaves, rebuild
from tinygrad_edu.tensor import Op, Tensor
from tinygrad_edu.vectorizing import Batched, as_examples, everything, on_all_levels, on_level

__all__ = [
    "checkpoint", "grad", "hessian", "hvp", "jacobian", "jvp", "used_from_before", "value_and_grad", "vjp",
]  # fmt: skip


def vjp(f: Callable, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """y = f(*primals), and the pullback g -> (g · ∂f/∂x for each primal x): a tuple.

    The pullback is linear in g, which has the form of y. It can be called any number of times, and is
    differentiable in g and in the primals. (Vector-Jacobian product: reverse mode.)

    With has_aux, f returns (y, aux) and vjp returns (y, pullback, aux).

    >>> y, pullback = vjp(lambda x, w: x * w, 2.0, 5.0)
    >>> float(y), [float(g) for g in pullback(1.0)]
    (10.0, [5.0, 2.0])
    """
    call = _Call(f, primals, has_aux)
    return (call.give(call.y), call.pull_back, *([call.give(call.aux)] if has_aux else []))


def value_and_grad(
    f: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable:
    """A function that returns f(...) and its gradient with respect to the arguments `argnums`.

    The gradient has the form of the argument, a dict for a dict; it is a tuple if argnums is a tuple.
    Keyword arguments are passed on to f and not differentiated. With has_aux, f returns (number, aux), and
    so the value is (number, aux). Raises ValueError if f does not return a single number.
    """

    if not callable(f):
        what = f"grad takes a function, not {describe(f)}."
        raise refusal(TypeError, what, "grad(f)(x), or y.backward() and x.grad for a Tensor y")

    def derived(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = _chosen(argnums, args)
        thread.mode.asked = ""
        call = _Call(_as_function_of(f, args, chosen, kwargs), [args[i] for i in chosen], has_aux)
        if len(call.outputs) != 1 or call.outputs[0].size != 1:
            shapes = ", ".join(str(y.shape) for y in call.outputs)
            raise refusal(
                ValueError,
                f"grad takes a function that returns a single number, but {_called(f)} returned shape "
                f"{shapes}.",
                ".sum() or .mean() in it, or jacobian",
            )
        if not call.outputs[0].requires_grad and thread.mode.asked:
            warn_of_constant(_called(f))
        if call.outputs[0].dtype.kind == "c":
            raise complex_result(call.outputs[0], "grad takes a function of")
        one = rebuild(call.y, iter([np.ones(call.outputs[0].shape)]))
        grads = call.pull_back(one)
        y = call.give(call.y)
        return (y, call.give(call.aux)) if has_aux else y, _one_or_all(grads, argnums)

    return derived


def grad(f: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """A function that computes the gradient of f with respect to its argument number `argnums`.

    With has_aux, f returns (number, aux), and the function returns (gradient, aux).

    >>> float(grad(lambda x: x**3)(2.0)), float(grad(grad(lambda x: x**3))(2.0))
    (12.0, 12.0)
    """
    derived = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        y, grads = derived(*args, **kwargs)
        return (grads, y[1]) if has_aux else grads

    return gradient


def jvp(f: Callable, primals: Sequence, tangents: Sequence) -> tuple[Any, Any]:
    """y = f(*primals), and ẏ = Σ ∂f/∂x · ẋ, the change of y when each primal x moves along its tangent.

    Forward mode: costs about as much as f itself. Differentiable in the primals and in the tangents.

    >>> y, change = jvp(lambda x, w: x * w, (2.0, 5.0), (1.0, 0.0))
    >>> float(y), float(change)
    (10.0, 5.0)
    """
    _demand_pairs(primals, tangents, "jvp")
    call = _Call(f, primals)
    return call.give(call.y), call.push_forward(tangents)


def jacobian(f: Callable, argnums: int | Sequence[int] = 0, mode: str = "auto") -> Callable:
    """A function that computes ∂y_i/∂x_j of y = f(...), of shape y.shape + x.shape.

    mode   "reverse": one backward pass for each element of y; "forward": one forward pass for each element
           of the arguments; "auto": the cheaper of both
    """
    if mode not in ("auto", "reverse", "forward"):
        raise refusal(ValueError, f'jacobian(mode={mode!r}): "auto", "reverse" or "forward".')

    def derived(*args: Any, **kwargs: Any) -> Any:
        chosen = _chosen(argnums, args)
        call = _Call(_as_function_of(f, args, chosen, kwargs), [args[i] for i in chosen])
        if len(call.outputs) != 1:
            raise refusal(
                ValueError,
                f"jacobian takes a function that returns one array, but {_called(f)} returned "
                f"{len(call.outputs)}.",
                "jacobian of each, or np.stack of them",
            )
        if call.outputs[0].dtype.kind == "c":
            raise complex_result(call.outputs[0], "jacobian takes a function of")
        forward = sum(v.size for v in call.variables) < call.outputs[0].size
        forward = mode == "forward" or (mode == "auto" and forward)
        parts = _columns(call) if forward else _rows(call)
        return _one_or_all(rebuild([args[i] for i in chosen], iter(parts)), argnums)

    return derived


def hessian(f: Callable, argnums: int = 0) -> Callable:
    """A function that computes ∂²f/∂x_i∂x_j of a single number f(...): the Jacobian of the gradient.

    Its shape is x.shape + x.shape.
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable, primals: Sequence, tangents: Sequence) -> Any:
    """The Hessian of f times the tangents, without forming the Hessian: the gradient of <grad f, tangent>.

    For one primal x the product has the shape of x. For several it is a tuple, and the Hessian is that with
    respect to all of them together. (Pearlmutter 1994, in reverse over reverse.)
    """
    _demand_pairs(primals, tangents, "hvp")
    every = tuple(range(len(primals)))
    moves = list(leaves(tangents))
    if any(isinstance(t, Tensor) for t in moves):  # the result is to be differentiable in them
        primals = rebuild(
            primals, (x if isinstance(x, Tensor) else Tensor(x) for x in leaves(primals))
        )

    def along_tangents(*xs: Any) -> Any:
        return sum(np.sum(d * t) for d, t in zip(leaves(grad(f, every)(*xs)), moves, strict=True))

    products = grad(along_tangents, every)(*primals)
    return products[0] if len(primals) == 1 else products


def checkpoint(f: Callable) -> Callable:
    """f, but computed again in the backward pass instead of recorded: this trades time for memory.

    Each call keeps its result and its inputs, and none of the values between. A chain of n equal parts,
    each in a checkpoint, needs memory for n results and the inside of one part (Chen et al. 2016).
    f must return one Tensor, and the same one when it is called again. Otherwise backward() raises
    RuntimeError, as with dropout in training mode. Derivatives of every order are available.
    """

    @functools.wraps(f, updated=())
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        start = Tensor(0.0)  # what is older than this was there before f
        y = f(*args, **kwargs)
        if not isinstance(y, Tensor) or not y.requires_grad:
            return y
        outside = used_from_before(start, y)
        kept = y.data
        # the last g, and the gradients of all inputs for it: the walk asks for one after the other
        latest: Any = [None, []]

        def rule(i: int, g: Any, *_: Any) -> Any:
            if latest[0] is not g:
                with recording():
                    again = f(*args, **kwargs)
                if not np.array_equal(again.data, kept, equal_nan=True):
                    raise refusal(
                        RuntimeError,
                        f"checkpoint: {_called(f)} gave another result when it was called again.",
                        "without checkpoint, or randomness from a seed inside it",
                    )
                latest[:] = g, gradients({again: g}, outside, isinstance(g, Tensor))
            gradient = latest[1][i]
            return gradient if isinstance(g, Tensor) else gradient.data

        remembered = Op(lambda *_: kept, variadic_rule=rule, name="checkpoint", formula=_called(f))
        return remembered(*outside)

    return forgetful


def used_from_before(start: Tensor, y: Tensor) -> list[Tensor]:
    """The tensors older than `start` that y was made from and that require a gradient."""
    found, waiting, outside = {y}, [y], []
    while waiting:
        node = waiting.pop()
        if node.order < start.order:
            outside.append(node)
            continue
        for x in node.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found.add(x)
                waiting.append(x)
    return sorted(outside, key=lambda x: x.order)


# ------------------------------------------------------------------------------- one recorded call


class _Call:
    """y = f(*primals), recorded, with variables that stand for the primals."""

    def __init__(self, f: Callable, primals: Sequence, has_aux: bool = False):
        self.primals = tuple(primals)
        given = list(leaves(self.primals))
        self.variables = [_stand_in(x, f"argument {i}") for i, x in enumerate(given)]
        watched = thread.mode.recording
        with recording(deeper=1):
            self.y = f(*rebuild(self.primals, iter(self.variables)))
        self.aux = None
        if has_aux:
            if not isinstance(self.y, tuple) or len(self.y) != 2:
                raise refusal(ValueError, f"with has_aux, {_called(f)} must return (y, aux).")
            self.y, self.aux = self.y
        self.outputs = [y if isinstance(y, Tensor) else Tensor(y) for y in leaves(self.y)]
        self.given_tensors = _tensors_among(given)
        if watched and not thread.mode.depth and not self.given_tensors:
            self.given_tensors = _uses_tensors(self.outputs, self.variables)
        self.nested = self.given_tensors or thread.mode.depth > 0

    def give(self, tree: Any, as_tensors: bool = False) -> Any:
        """Results in the kind the user gave: Tensors for Tensors, arrays for arrays, numbers for numbers.

        Inside another function that is being differentiated, a result that matters to that derivative
        stays a Tensor.
        """
        keep = as_tensors or self.given_tensors

        def given(y: Any) -> Any:
            if not isinstance(y, Tensor) or keep or (thread.mode.depth and y.requires_grad):
                return y
            if isinstance(y, Batched):
                return as_examples(everything(y).detach(), y)
            if hasattr(y, "tape"):  # while `compile` records
                return y.numpy()
            return y.numpy() if y.ndim else y.data[()]

        return rebuild(tree, map(given, leaves(tree)))

    def pull_back(self, g: Any) -> tuple:
        gs = list(leaves(g))
        if [np.shape(x) for x in gs] != [y.shape for y in self.outputs]:
            shapes = ", ".join(str(y.shape) for y in self.outputs)
            got = ", ".join(f"{describe(x, 'g')} of shape {np.shape(x)}" for x in gs)
            raise refusal(
                ValueError, f"the pullback of a function with a result of shape {shapes} got {got}."
            )
        as_tensors = _tensors_among(gs)
        record = self.nested or any(isinstance(x, Tensor) for x in gs)
        roots: dict[Tensor, Any] = {}
        for y, x in zip(self.outputs, gs, strict=True):
            if not isinstance(x, Tensor):
                x = np.asarray(x, y.dtype)
            x, y = _beside(x, y, record), everything(y)
            roots[y] = roots[y] + x if y in roots else x
        grads = gradients(roots, [everything(v) for v in self.variables], record)
        grads = [as_examples(g, v) for g, v in zip(grads, self.variables, strict=True)]
        return self.give(rebuild(self.primals, iter(grads)), as_tensors)

    def push_forward(self, tangents: Any) -> Any:
        dxs = list(leaves(tangents))
        as_tensors = _tensors_among(dxs)
        record = self.nested or any(isinstance(x, Tensor) for x in dxs)
        moves = {}
        for v, dx in zip(self.variables, dxs, strict=True):
            if not isinstance(dx, Tensor):
                dx = np.asarray(dx, v.dtype)
            moves[everything(v)] = _beside(dx, v, record)
        ys = [everything(y) for y in self.outputs]
        changes = push_forward(ys, moves, record)
        found = []
        for y, out, dy in zip(ys, self.outputs, changes, strict=True):
            if not isinstance(dy, Tensor):
                dy = Tensor(np.zeros_like(y.data) if dy is None else dy)
            found.append(as_examples(dy, out))
        return self.give(rebuild(self.y, iter(found)), as_tensors)


def _stand_in(x: Any, what: str) -> Tensor:
    """A fresh variable with the value of x, connected to x if x itself is being differentiated.

    Inside vmap every example has its own, even if x is the same for all.
    """
    x = on_all_levels(x, thread.mode.batches)
    if x.dtype.kind != "f":
        raise only_floats(x, x.name or what)
    variable = identity(x)
    variable.requires_grad = True
    return variable


def _tensors_among(given: Iterable) -> bool:
    """Did the user give Tensors? (A stand-in that nobody tracks stands for an array.)"""
    return any(isinstance(x, Tensor) and (x.requires_grad or not x.stand_in) for x in given)


def _uses_tensors(outputs: Sequence[Tensor], variables: Sequence[Tensor]) -> bool:
    """Does f use Tensors that require a gradient and are no arguments? Then so do its derivatives."""
    found, waiting = {*map(everything, variables)}, [*map(everything, outputs)]
    while waiting:
        for x in waiting.pop().inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                if x.op is None:
                    return True
                found.add(x)
                waiting.append(x)
    return False


def _beside(g: Any, y: Tensor, record: bool) -> Any:
    """The gradient or change g of y in the form that the walks need: for all examples behind y at once."""
    if isinstance(y, Batched):
        g = everything(_like(g, y))
        return g if record else g.data
    return Tensor(g) if record and not isinstance(g, Tensor) else g


def _like(g: Any, y: Tensor) -> Tensor:
    if not isinstance(y, Batched):
        return g if isinstance(g, Tensor) else Tensor(g)
    g = on_level(g, len(y.batch), y.level)
    return Batched(_like(g.batch, y.batch), y.level)


def _rows(call: _Call) -> list[Any]:
    """The Jacobian with respect to each variable, row by row."""
    y = call.outputs[0]
    basis = np.eye(y.size, dtype=y.dtype).reshape(y.size, *y.shape)
    pulled = [list(leaves(call.pull_back(rebuild(call.y, iter([e]))))) for e in basis]
    result = []
    for i, v in enumerate(call.variables):
        wide = y.shape + v.shape
        rows = [row[i] for row in pulled]
        result.append(np.reshape(np.stack(rows), wide) if rows else np.zeros(wide, v.dtype))
    return [j if np.ndim(j) or isinstance(j, Tensor) else j[()] for j in result]


def _columns(call: _Call) -> list[Any]:
    """The Jacobian with respect to each variable, column by column."""
    y, result = call.outputs[0], []
    zeros = [np.zeros_like(v.data) for v in call.variables]
    for i, v in enumerate(call.variables):
        basis = np.eye(v.size, dtype=v.dtype).reshape(v.size, *v.shape)
        moved = [[*zeros[:i], e, *zeros[i + 1 :]] for e in basis]
        columns = [next(leaves(call.push_forward(rebuild(call.primals, iter(m))))) for m in moved]
        wide = y.shape + v.shape
        if columns:
            result.append(np.reshape(np.stack(columns, axis=-1), wide))
        else:
            result.append(np.zeros(wide, y.dtype))
    return result


# --------------------------------------------------------------------------------- arguments and names


def _chosen(argnums: int | Sequence[int], args: tuple) -> tuple[int, ...]:
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise refusal(
                ValueError,
                f"argnums asks for argument {i}, but the function was called with {len(args)} "
                "by position (counted from 0).",
            )
    return numbers


def _as_function_of(f: Callable, args: tuple, chosen: tuple, kwargs: dict) -> Callable:
    """f as a function of the chosen arguments alone."""

    def of_chosen(*variables: Any) -> Any:
        full = list(args)
        for i, v in zip(chosen, variables, strict=True):
            full[i] = v
        return f(*full, **kwargs)

    return of_chosen


def _one_or_all(results: Sequence, argnums: int | Sequence[int]) -> Any:
    return results[0] if isinstance(argnums, int) else tuple(results)


def _called(f: Callable) -> str:
    return getattr(f, "__name__", repr(f))


def _demand_pairs(primals: Any, tangents: Any, called: str) -> None:
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise refusal(
            TypeError,
            f"{called}(f, primals, tangents) takes tuples, even for one argument: {called}(f, (x,), (v,)).",
        )
    shapes = [[np.shape(x) for x in leaves(xs)] for xs in (primals, tangents)]
    if shapes[0] != shapes[1]:
        raise refusal(
            ValueError,
            f"{called}: a tangent must have the shape of its primal, but the primals have {shapes[0]} and "
            f"the tangents {shapes[1]}.",
        )
