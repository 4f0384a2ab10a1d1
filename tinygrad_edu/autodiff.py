"""The way back: from a number to its derivatives with respect to everything it was made from.

If L depends on y, and y = f(x), then dL/dx = dL/dy · dy/dx: each row of the table knows how to turn
the gradient g = dL/dy of its result into the gradient of each of its inputs. So: start at L with
dL/dL = 1, visit the operations youngest first (nothing is older than what it was made from, so a
gradient is complete when its turn comes), and add up what arrives over different paths.

`L.backward()` walks like that and adds to `x.grad` of the leaves; this is how networks are trained.
`gradients` is the same walk for the functions of functions in `functional.py` (`grad(f)`, `hessian(f)`,
...). And `push_forward` goes the other way through the same rows, from the inputs to the result.

First order computes with plain arrays. With `create_graph` the same rules are given Tensors: then they
record themselves, and the gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, reraise_as
from tinygrad_edu.ops import unbroadcast
from tinygrad_edu.ops.edges import naming
from tinygrad_edu.tensor import Op, Tensor, describe, fingerprint, made_at, mode, set_mode, value

__all__ = ["backward", "gradients", "push_forward", "recording"]


# ------------------------------------------------------------------------------------------- the walk

FREED = Op(lambda x: x, None, name="freed")  # stands where the row of a freed operation was


def _history(roots: Collection[Tensor], ends: Collection[Tensor] = ()) -> list[Tensor]:
    """The operations that the roots were made by, oldest first, back to leaves and `ends`.

    A loop and not a recursion: a graph may be a million operations deep.
    """
    found, waiting, operations = set(roots), list(roots), []
    while waiting:
        node = waiting.pop()
        if node.op is None or node in ends:
            continue
        if node.op is FREED:
            raise refusal(
                RuntimeError,
                f"the graph behind {describe(node)} was freed by an earlier backward(), which "
                "as a rule is the only one.",
                "backward(retain_graph=True) the first time, or compute the loss again",
            )
        operations.append(node)
        for x in node.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found.add(x)
                waiting.append(x)
    operations.sort(key=attrgetter("order"))
    return operations


@naming
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
    debug = mode.debug
    for y in operations:  # before anything is freed
        for i, seen in y.seen:
            if fingerprint(value(y.inputs[i])) != seen:
                raise RuntimeError(_changed(y, i))
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
            try:
                if row.every:
                    gx = row.every(i, g, result, *inputs, **y.params)
                elif row.rules[i]:
                    gx = row.rules[i](g, result, *inputs, **y.params)
                else:
                    continue
                if gx.shape != x.data.shape:
                    gx = unbroadcast(gx, x.data.shape)
            except (ValueError, TypeError, IndexError, AttributeError) as error:
                raise reraise_as(error, f"{_on_the_way_back(y, x, i)}: {error}") from error
            if debug and not np.isfinite(value(gx)).all():
                raise FloatingPointError(
                    f"NaN or infinity came first {_on_the_way_back(y, x, i)}, where dL/dy is "
                    f"{_range(g)}, y is {_range(y)} and the input {_range(x)}"
                )
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
            y.op, y.inputs, y.params, y.seen = FREED, (), {}, ()


def _changed(y: Tensor, i: int) -> str:
    row: Any = y.op
    return (
        f"{describe(*row.named(y.inputs)[i])} was changed after {row.name} had used it and before "
        f"backward(), which needs it as it was; made{made_at(y)}\n  Try: change it after backward(), or "
        "compute with a copy of it"
    )


def _on_the_way_back(y: Tensor, x: Tensor, i: int) -> str:
    name = y.op.name if y.op else ""
    return f"on the way back through {name}, to its input {i}, {describe(x)}, made{made_at(y)}\n "


def _range(x: Any) -> str:
    x = np.asarray(value(x))
    return f"{x}" if x.size == 1 else f"from {x.min():.4g} to {x.max():.4g}"


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
        raise refusal(
            RuntimeError,
            f"{describe(y)} depends on no tensor that requires a gradient.",
            "Tensor(..., requires_grad=True) for what is to be learned; and look for "
            "no_grad(), detach(), .data or float(...) on the way, which cut the graph",
        )
    if gradient is None and y.size != 1:
        raise refusal(
            ValueError,
            f"backward() starts from a single number, but {describe(y)} has {y.size}.",
            f".sum() or .mean() first, or backward(g) with dL/dy of shape {y.shape}",
        )
    if gradient is None:
        demand_real(y, "backward() starts from")
    g = np.ones(y.shape, y.dtype) if gradient is None else np.asarray(value(gradient))
    if g.shape != y.shape:
        raise refusal(
            ValueError,
            f"backward(gradient) of {describe(y)} got a gradient of shape {g.shape}.",
            f"an array of shape {y.shape}",
        )
    # what a leaf (or a graph) keeps is not to be the array that the user gave
    g = g.astype(y.dtype, copy=create_graph or y.op is None)
    grads: dict[Tensor, Any] = {y: g}
    operations = _history([y])
    if create_graph:
        grads[y] = gradient if isinstance(gradient, Tensor) else Tensor(grads[y])
        with recording():
            _walk_back(grads, operations, create_graph=True)
    else:
        _walk_back(grads, operations, free=not retain_graph)
    for leaf, g in grads.items():
        leaf._grad = g if leaf._grad is None else leaf._grad + g


Tensor.backward = backward


def recording(deeper: int = 0) -> set_mode:
    """Operations inside are recorded, even inside `no_grad`; `depth` counts functions within functions."""
    return set_mode(recording=True, depth=mode.depth + deeper)


# ----------------------------------------------------------------------- the walks of functional.py


def gradients(
    roots: Mapping[Tensor, Any], variables: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """dL/dv for each variable v, where roots is {y: dL/dy}: the walk, restricted to what leads to a v.

    Keeps the graph and touches no `.grad`. The dL/dy are arrays, or Tensors if create_graph.
    """
    leads_there = set(variables)
    operations = []
    for y in _history(roots.keys(), ends=leads_there):
        if any(isinstance(x, Tensor) and x in leads_there for x in y.inputs):
            leads_there.add(y)
            operations.append(y)
    grads = {y: g for y, g in roots.items() if y in leads_there}
    with recording():
        _walk_back(grads, operations, wanted=leads_there, create_graph=create_graph)
    found = [grads[v] if v in grads else np.zeros_like(v.data) for v in variables]
    return [d if isinstance(d, Tensor) else Tensor(d) for d in found]


def push_forward(
    roots: Collection[Tensor], moves: Mapping[Tensor, Any], create_graph: bool = False
) -> list[Any]:
    """How each root changes when the variables move by `moves` (variable -> ẋ): forward mode.

    The walk goes from the oldest operation to the youngest, and takes ẋ through each to ẏ. The moves
    are arrays, or Tensors if create_graph; a root that does not move gets None.
    """
    moves = dict(moves)
    with recording():
        for y in _history(roots, ends=moves.keys()):
            dx = {
                i: moves[x] for i, x in enumerate(y.inputs) if isinstance(x, Tensor) and x in moves
            }
            if dx:
                moves[y] = _push(y, dx, create_graph)
    return [moves.get(root) for root in roots]


@naming
def _push(y: Tensor, dx: dict[int, Any], create_graph: bool) -> Any:
    """ẏ = Σ ∂y/∂x_i ẋ_i of one operation, from {i: ẋ_i}. Nobody writes such rules: the rows know them.

    A linear operation changes as its inputs do. Of an elementwise one the Jacobian is diagonal, so
    the rule for the way back is the rule for the way forward. And any other rule is at least linear in
    g: <rule(g), ẋ> = <g, ẏ>, so ẏ is the gradient of the left side with respect to g.
    """
    row: Any = y.op
    result: Any = y
    inputs: Any = y.inputs
    if not create_graph:
        result, inputs = y.data, [x.data if isinstance(x, Tensor) else x for x in inputs]
    if row.linear == "together" and not row.elementwise:
        dy = row(*(dx.get(i, np.zeros_like(value(x))) for i, x in enumerate(inputs)), **y.params)
        return _like(dy, y)
    total: Any = 0.0
    for i, d in dx.items():
        rule = (lambda *args, i=i, **p: row.every(i, *args, **p)) if row.every else row.rules[i]
        if rule is None:
            continue
        if row.elementwise:
            dy = rule(d, result, *inputs, **y.params)
        elif row.linear:
            dy = row(*inputs[:i], d, *inputs[i + 1 :], **y.params)
        else:
            g = Tensor(np.zeros(y.shape, y.dtype), requires_grad=True)
            gx = unbroadcast(rule(g, result, *inputs, **y.params), np.shape(d))
            along = np.real((gx * d).sum())
            one = np.ones((), along.dtype)
            dy = gradients({along: Tensor(one) if create_graph else one}, [g], create_graph)[0]
            dy = dy if create_graph else dy.data
        total = total + dy
    return _like(total, y)


def _like(dy: Any, y: Tensor) -> Any:
    """A change of y in y's shape and precision."""
    dy = np.asarray(dy) if not isinstance(dy, Tensor) else dy
    if dy.shape != y.shape:
        dy = np.broadcast_to(dy, y.shape)
    if dy.dtype.kind == "c" and y.dtype.kind == "f":
        dy = np.real(dy)
    return dy if dy.dtype == y.dtype else dy.astype(y.dtype)


def demand_real(y: Any, who: str) -> None:
    if y.dtype.kind == "c":
        raise refusal(
            TypeError,
            f"{who} real numbers, but {describe(y, 'the result')} is complex.",
            "np.abs(z) ** 2, np.real(z) or np.imag(z)",
        )
