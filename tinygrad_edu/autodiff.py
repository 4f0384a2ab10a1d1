"""The way back: from a number to its derivatives with respect to everything it was made from.

If L depends on y, and y = f(x), then dL/dx = dL/dy · dy/dx: each row of the table knows how to turn
the gradient g = dL/dy of its result into the gradient of each of its inputs. So: start at L with
dL/dL = 1, visit the operations youngest first (nothing is older than what it was made from, so a
gradient is complete when its turn comes), and add up what arrives over different paths.

Two ways to ask. `L.backward()` adds to `x.grad` of the leaves; this is how networks are trained.
`grad(f)`, `vjp`, `jvp`, `jacobian`, `hessian` and `hvp` are functions of functions, in JAX's words,
and nest to any depth. Both are the same walk.

First order computes with plain arrays. With `create_graph` the same rules are given Tensors: then they
record themselves, and the gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.ops import identity, unbroadcast
from tinygrad_edu.tensor import Op, Tensor, demand_floats, describe, mode, user_line, value

__all__ = ["backward", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


# ------------------------------------------------------------------------------------------- the walk

FREED = Op(lambda x: x, None, name="freed")  # stands where the row of a freed operation was


def _history(root: Tensor, ends: Collection[Tensor] = ()) -> list[Tensor]:
    """The operations that the root was made by, oldest first, back to leaves and `ends`.

    A loop and not a recursion: a graph may be a million operations deep.
    """
    found, waiting, operations = {root}, [root], []
    while waiting:
        node = waiting.pop()
        if node.op is None or node in ends:
            continue
        if node.op is FREED:
            raise RuntimeError(
                f"the graph of {describe(root)} was freed by an earlier backward(), as it is needed "
                f"only once as a rule.{user_line()}\n  Try: backward(retain_graph=True) the first "
                "time, or compute the loss again"
            )
        operations.append(node)
        for x in node.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found.add(x)
                waiting.append(x)
    operations.sort(key=attrgetter("born"))
    return operations


def _walk_back(
    grads: dict[Tensor, Any],
    operations: list[Tensor],
    *,
    wanted: Collection[Tensor] | None = None,
    create_graph: bool = False,
    free: bool = False,
) -> None:
    """Takes the gradients of results in `grads` through the operations, from the youngest.

    At the end only the gradients of leaves are left in `grads`. `operations` is used up, so that with
    `free` the memory of a result is given back as soon as its turn is over.
    """
    while operations:
        y = operations.pop()
        g = grads.pop(y, None)
        if g is None:
            continue
        row: Any = y.op
        result: Any = y
        inputs: Any = y.inputs
        if not create_graph:
            result, inputs = y.data, [x.data if isinstance(x, Tensor) else x for x in inputs]
        for i, x in enumerate(y.inputs):
            if not isinstance(x, Tensor) or not x.requires_grad:
                continue
            if wanted is not None and x not in wanted:
                continue
            if row.every:
                gx = row.every(i, g, result, *inputs, **y.params)
            elif row.rules[i]:
                gx = row.rules[i](g, result, *inputs, **y.params)
            else:
                continue
            if gx.shape != x.data.shape:
                gx = unbroadcast(gx, x.data.shape)
            if gx.dtype != x.data.dtype:
                if gx.dtype.kind == "c" and x.data.dtype.kind == "f":
                    gx = np.real(gx)  # dL = Re(g dx), see ops/complex.py
                gx = gx.astype(x.data.dtype)
            if x in grads:
                gx = grads[x] + gx
            elif x.op is None and not create_graph and (gx is g or gx.base is not None):
                gx = gx.copy()  # a leaf's gradient is the user's to change: it shares no memory
            grads[x] = gx
        if free:
            y.op, y.inputs, y.params = FREED, (), {}


def backward(
    y: Tensor, gradient: Any = None, *, create_graph: bool = False, retain_graph: bool = False
) -> None:
    """Adds dL/dx to `x.grad` of every leaf x that requires a gradient and that y was made from.

    gradient        dL/dy, of y's shape; 1 if y is a single number
    create_graph    make the gradients Tensors that can be differentiated again
    retain_graph    keep the graph for another backward(); it is freed otherwise

    Raises RuntimeError if y depends on nothing that requires a gradient, or its graph was freed;
    ValueError if y is not a single number and no gradient is given, or one of another shape.
    """
    if not y.requires_grad:
        raise RuntimeError(
            f"{describe(y)} depends on no tensor that requires a gradient.{user_line()}\n  Try: "
            "Tensor(..., requires_grad=True) for what is to be learned; and look for no_grad(), "
            "detach(), .data or float(...) on the way, which cut the graph"
        )
    if gradient is None and y.size != 1:
        raise ValueError(
            f"backward() starts from a single number, but {describe(y)} has {y.size}.{user_line()}"
            f"\n  Try: .sum() or .mean() first, or backward(g) with dL/dy of shape {y.shape}"
        )
    if gradient is None:
        _demand_real(y, "backward() starts from")
    g = np.ones_like(y.data) if gradient is None else np.asarray(value(gradient))
    if g.shape != y.shape:
        raise ValueError(
            f"backward(gradient) of {describe(y)} got a gradient of shape {g.shape}.{user_line()}"
            f"\n  Try: an array of shape {y.shape}"
        )
    grads: dict[Tensor, Any] = {y: g.astype(y.dtype)}
    operations = _history(y)
    if create_graph:
        grads[y] = gradient if isinstance(gradient, Tensor) else Tensor(grads[y])
        with _recording():
            _walk_back(grads, operations, create_graph=True)
    else:
        _walk_back(grads, operations, free=not retain_graph)
    for leaf, g in grads.items():
        leaf._grad = g if leaf._grad is None else leaf._grad + g


Tensor.backward = backward


class _recording:
    """Operations inside are recorded, even inside `no_grad`; `depth` counts functions within functions."""

    def __init__(self, deeper: int = 0):
        self.deeper = deeper

    def __enter__(self) -> None:
        self.before = mode.recording
        mode.recording = True
        mode.depth += self.deeper

    def __exit__(self, *_: object) -> None:
        mode.recording = self.before
        mode.depth -= self.deeper


# --------------------------------------------------------------------------- functions of functions
#
# Every one of them rests on `vjp`. It differentiates with respect to fresh tensors that stand for the
# arguments and not the arguments themselves: in grad(lambda x: x * grad(lambda y: x + y)(x)) the inner
# derivative is 1, although y is x.


def _stand_in(x: Any, what: str) -> Tensor:
    """A fresh variable with the value of x, connected to x if x is being differentiated itself."""
    if not isinstance(x, Tensor):
        x = Tensor(x)
    demand_floats(x.data, x.name or what)
    variable = identity(x)
    variable.requires_grad = True
    return variable


def _give(y: Any, as_tensor: bool) -> Any:
    """A result as the user wants it: Tensors for Tensors, arrays for arrays, a number for a number.

    Inside another function that is being differentiated, what that function's derivative depends on
    stays a Tensor.
    """
    if as_tensor or (mode.depth and y.requires_grad):
        return y
    return y.data if y.ndim else y.data[()]


def gradients(
    y: Tensor, g: Any, variables: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """dL/dv for each variable, where g = dL/dy: the walk, restricted to what leads to a variable.

    Keeps the graph and touches no `.grad`. g is an array, or a Tensor if create_graph.
    """
    leads_there = set(variables)
    operations = []
    for node in _history(y, ends=leads_there):
        if any(isinstance(x, Tensor) and x in leads_there for x in node.inputs):
            leads_there.add(node)
            operations.append(node)
    grads = {y: g} if y in leads_there else {}
    with _recording():
        _walk_back(grads, operations, wanted=leads_there, create_graph=create_graph)
    zeros = np.zeros_like
    found = [grads.get(v, zeros(v.data)) for v in variables]
    return [d if isinstance(d, Tensor) else Tensor(d) for d in found]


def vjp(f: Callable, *primals: Any) -> tuple[Any, Callable]:
    """y = f(*primals), and the pullback g -> (g · ∂f/∂x for each primal x): a tuple.

    The pullback is linear in g, an array of y's shape; it can be called any number of times, and is
    differentiable in g and in the primals. (Vector-Jacobian product: reverse mode.)

    >>> y, pullback = vjp(lambda x, w: x * w, 2.0, 5.0)
    >>> float(y), [float(g) for g in pullback(1.0)]
    (10.0, [5.0, 2.0])
    """
    variables = [_stand_in(x, f"argument {i}") for i, x in enumerate(primals)]
    with _recording(deeper=1):
        y = f(*variables)
    if not isinstance(y, Tensor):
        y = Tensor(y)
    given = any(isinstance(x, Tensor) for x in primals)
    nested = given or mode.depth > 0

    def pullback(g: Any) -> tuple:
        if np.shape(value(g)) != y.shape:
            raise ValueError(
                f"the pullback of a function with a result of shape {y.shape} got {describe(g, 'g')}"
                f" of shape {np.shape(value(g))}.{user_line()}"
            )
        as_tensor = given or isinstance(g, Tensor)
        record = nested or as_tensor
        if record:
            g = g if isinstance(g, Tensor) else Tensor(np.asarray(g, y.dtype))
        else:
            g = np.asarray(g, y.dtype)
        return tuple(_give(d, as_tensor) for d in gradients(y, g, variables, record))

    return _give(y, given), pullback


def value_and_grad(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """A function that returns f(...) and its gradient with respect to the arguments `argnums`.

    f must return a single number (ValueError otherwise). Arguments are passed by position; keyword
    arguments are handed through. The gradient is a tuple if argnums is one.
    """

    def derived(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = _chosen(argnums, args)
        y, pullback = vjp(_as_function_of(f, args, chosen, kwargs), *(args[i] for i in chosen))
        if np.size(value(y)) != 1:
            raise ValueError(
                f"grad is of a function with a single number as its result, but {_called(f)} returned "
                f"shape {np.shape(value(y))}.{user_line()}\n  Try: .sum() or .mean() in it, or jacobian"
            )
        _demand_real(value(y), "grad is of a function with")
        grads = pullback(np.ones(np.shape(value(y))))
        return y, _one_or_all(grads, argnums)

    return derived


def grad(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """The gradient of f with respect to its first argument, or the arguments `argnums`, as a function.

    >>> float(grad(lambda x: x**3)(2.0)), float(grad(grad(lambda x: x**3))(2.0))
    (12.0, 12.0)
    """
    derived = value_and_grad(f, argnums)
    return lambda *args, **kwargs: derived(*args, **kwargs)[1]


def jvp(f: Callable, primals: Sequence, tangents: Sequence) -> tuple[Any, Any]:
    """y = f(*primals), and ẏ = Σ ∂f/∂x · ẋ, the change of y when each primal x moves along its tangent.

    The pullback is a linear function of g, so <pullback(g), ẋ> = <g, ẏ>: its gradient with respect
    to g is ẏ. (The double-vjp trick; J. Townsend 2017.)
    """
    _demand_pairs(primals, tangents, "jvp")
    y, pullback = vjp(f, *primals)

    def against_tangents(g: Any) -> Any:
        return sum((d * np.asarray(t) if not isinstance(t, Tensor) else d * t).sum()
                   for d, t in zip(pullback(g), tangents, strict=True))  # fmt: skip

    start = np.zeros(np.shape(value(y)), value(y).dtype)
    if any(isinstance(x, Tensor) for x in (*primals, *tangents)):
        return y, grad(against_tangents)(Tensor(start))
    return y, grad(against_tangents)(start)


def jacobian(f: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """∂y_i/∂x_j of y = f(...), of shape y.shape + x.shape: one pull back per element of y."""

    def derived(*args: Any, **kwargs: Any) -> Any:
        chosen = _chosen(argnums, args)
        primals = [args[i] for i in chosen]
        y, pullback = vjp(_as_function_of(f, args, chosen, kwargs), *primals)
        _demand_real(value(y), "jacobian is of a function with")
        shape, dtype, size = np.shape(value(y)), value(y).dtype, np.size(value(y))
        rows = [pullback(np.reshape(e, shape)) for e in np.eye(size, dtype=dtype)]
        result = []
        for i, x in enumerate(primals):
            wide = shape + np.shape(value(x))
            parts = [row[i] for row in rows]
            j = np.stack(parts) if parts else np.zeros(wide, value(x).dtype)
            result.append(np.reshape(j, wide) if wide else parts[0])
        return _one_or_all(result, argnums)

    return derived


def hessian(f: Callable, argnums: int = 0) -> Callable:
    """∂²f/∂x_i∂x_j of a single number f(...), of shape x.shape + x.shape: the Jacobian of the gradient."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable, primals: Sequence, tangents: Sequence) -> Any:
    """The Hessian of f times the tangents, without forming it: the gradient of <grad f, tangent>.

    For one primal x an array like x; for several a tuple, of the Hessian over all of them together.
    (Pearlmutter 1994, in reverse over reverse.)
    """
    _demand_pairs(primals, tangents, "hvp")
    every = tuple(range(len(primals)))
    if any(
        isinstance(t, Tensor) for t in tangents
    ):  # then the result is to be differentiable in them
        primals = [x if isinstance(x, Tensor) else Tensor(x) for x in primals]

    def along_tangents(*xs: Any) -> Any:
        return sum(np.sum(d * t) for d, t in zip(grad(f, every)(*xs), tangents, strict=True))

    products = grad(along_tangents, every)(*primals)
    return products[0] if len(primals) == 1 else products


# --------------------------------------------------------------------------------------- small print


def _demand_real(y: Any, who: str) -> None:
    if y.dtype.kind == "c":
        raise TypeError(
            f"{who} real numbers, but {describe(y, 'the result')} is complex.{user_line()}"
            "\n  Try: np.abs(z) ** 2, np.real(z) or np.imag(z)"
        )


def _chosen(argnums: int | Sequence[int], args: tuple) -> tuple[int, ...]:
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise ValueError(
                f"argnums asks for argument {i}, but the function was called with {len(args)} by "
                f"position (counted from 0).{user_line()}"
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
        raise TypeError(
            f"{called}(f, primals, tangents) takes tuples, also of one: {called}(f, (x,), (v,))."
            f"{user_line()}"
        )
    shapes = [[np.shape(value(x)) for x in xs] for xs in (primals, tangents)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{called}: a tangent has the shape of its primal; primals {shapes[0]}, tangents "
            f"{shapes[1]}.{user_line()}"
        )
