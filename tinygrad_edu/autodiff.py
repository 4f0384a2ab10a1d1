"""The way back: from a number to its derivatives with respect to everything it was made from.

If L depends on y, and y = f(x), then dL/dx = dL/dy · dy/dx: each row of the table turns the gradient
g = dL/dy of its result into the gradients of its inputs. So start at L with dL/dL = 1, visit the operations
from the youngest to the oldest, and add up what arrives on different paths. A result is younger than its
inputs, so a gradient is complete when its turn comes.

`L.backward()` walks like this and adds to `x.grad` of the leaves, which is how networks are trained.
`gradients` is the same walk for the functions of functions in `functional.py` (`grad(f)`, `hessian(f)`).

First derivatives are computed with plain arrays. With `create_graph` the same rules get Tensors. Then they
record themselves, and the gradient can be differentiated again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics import backward as errors
from tinygrad_edu.diagnostics.changed_arrays import demand_unchanged
from tinygrad_edu.diagnostics.domain import Here, warnings_named
from tinygrad_edu.modes import recording, thread
from tinygrad_edu.tensor import Op, Tensor, value

__all__ = ["FREED", "backward", "gradients", "history", "pull_back", "unbroadcast", "walk_back"]

FREED = Op(lambda x: x, None, name="freed")  # replaces the row of a freed operation


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
    if not y.requires_grad or (gradient is None and (y.data.size != 1 or y.data.dtype.kind == "c")):
        raise errors.cannot_begin(y)
    if gradient is None:
        g = np.empty_like(y.data)
        g.fill(1)
    else:
        g = np.asarray(value(gradient))
        if g.shape != y.data.shape:
            raise errors.wrong_start(y, g)
        # a leaf, or a graph, must not keep the user's own array
        g = g.astype(y.data.dtype, copy=create_graph or y.op is None)

    grads: dict[Tensor, Any] = {y: g}
    operations = history([y])
    if create_graph:
        grads[y] = gradient if isinstance(gradient, Tensor) else Tensor(g)
        with recording():
            walk_back(grads, operations, create_graph=True)
    else:
        walk_back(grads, operations, free=not retain_graph)
    for leaf, g in grads.items():
        leaf._grad = g if leaf._grad is None else leaf._grad + g


Tensor.backward = backward


def history(roots: Collection[Tensor], ends: Collection[Tensor] = ()) -> list[Tensor]:
    """The operations that the roots were made by, oldest first, back to leaves and `ends`.

    A loop and not a recursion: a graph may be a million operations deep.
    """
    found, waiting, operations = set(roots), list(roots), []
    while waiting:
        y = waiting.pop()
        if y.op is None or y in ends:
            continue
        if y.op is FREED:
            raise errors.graph_was_freed(y)
        operations.append(y)
        for x in y.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in found:
                found.add(x)
                waiting.append(x)
    operations.sort(key=attrgetter("order"))
    return operations


def walk_back(
    grads: dict[Tensor, Any],
    operations: list[Tensor],
    *,
    wanted: Collection[Tensor] | None = None,
    create_graph: bool = False,
    free: bool = False,
) -> None:
    """Turns the gradients of results in `grads` into gradients of leaves, from the youngest operation on.

    `operations` is emptied, so that with `free` the memory of a result is released after its turn. The
    walk itself is `_walk`. What stands around it lets errors and warnings name the operation.
    """
    if thread.mode.tape:
        return thread.mode.tape.walk_back(grads, operations, wanted, create_graph, free)
    here, can_warn = Here(), False
    for y in operations:
        if y.checksums or y.data.flags.writeable:
            here.y = y
            demand_unchanged(y)
        if y.op and y.op.domain:
            can_warn = True
    try:
        if can_warn:
            with warnings_named(here):
                _walk(here, grads, operations, wanted, create_graph, free)
        else:
            _walk(here, grads, operations, wanted, create_graph, free)
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise errors.failed_backward(here, error) from error


def _walk(
    here: Here,
    grads: dict[Tensor, Any],
    operations: list[Tensor],
    wanted: Collection[Tensor] | None,
    create_graph: bool,
    free: bool,
) -> None:
    debug, pull = thread.mode.debug, getattr(thread.mode.profile, "pull_back", pull_back)
    while operations:
        here.y = y = operations.pop()
        g = grads.pop(y, None)
        if g is None:
            continue
        result: Any = y
        inputs: Any = y.inputs
        if not create_graph:
            result, inputs = y.data, [x.data if isinstance(x, Tensor) else x for x in inputs]
        for i, x in enumerate(y.inputs):
            if not isinstance(x, Tensor) or not x.requires_grad:
                continue
            if wanted is not None and x not in wanted:
                continue
            here.i = i
            gx = pull(y, i, g, result, inputs)
            if gx is None:
                continue
            if debug:
                errors.demand_finite_gradient(gx, g, here)
            if x in grads:
                gx = grads[x] + gx
            elif x.op is None and not create_graph and (gx is g or gx.base is not None):
                gx = gx.copy()  # the user may change a leaf's gradient, so it shares no memory
            grads[x] = gx
        if free:
            y.op, y.inputs, y.params, y.checksums = FREED, (), {}, ()


def pull_back(y: Tensor, i: int, g: Any, result: Any, inputs: Sequence) -> Any:
    """The chain rule: what g = dL/dy adds to the gradient of input number i; None if it has no rule.

    result, inputs   y and what it was made from: arrays, or Tensors to record the derivative itself
    """
    row: Any = y.op
    rule = row.rule(i) if row.variadic_rule else row.rules[i]
    if rule is None:
        return None
    gx, x = rule(g, result, *inputs, **y.params), y.inputs[i].data
    if gx.shape != x.shape:
        gx = unbroadcast(gx, x.shape)
    if gx.dtype != x.dtype:
        if gx.dtype.kind == "c" and x.dtype.kind == "f":
            gx = np.real(gx)  # dL = Re(g dx), see ops/complex.py
        gx = gx.astype(x.dtype)
    return gx


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The derivative of broadcasting: g summed over the axes along which a `shape` was repeated."""
    new = g.ndim - len(shape)
    repeated: tuple[int, ...] = ()
    if 1 in shape:
        repeated = tuple(i for i, n in enumerate(shape, new) if n == 1 and g.shape[i] != 1)
    large = type(g) is np.ndarray and g.size > 5_000 and g.flags.c_contiguous
    if large and new and not repeated and g.dtype.kind == "f":
        rows = g.reshape(-1, math.prod(shape))
        g = np.ones(len(rows), g.dtype) @ rows  # by BLAS, twice as fast
    elif new or repeated:
        g = g.sum(axis=(*range(new), *repeated))
    return g if g.shape == shape else np.reshape(g, shape)


def gradients(
    roots: Mapping[Tensor, Any], variables: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """dL/dv for each variable v, where roots is {y: dL/dy}: the walk, restricted to what leads to a v.

    Keeps the graph and touches no `.grad`. The dL/dy are arrays, or Tensors if create_graph.
    """
    leads_there = set(variables)
    operations = []
    for y in history(roots.keys(), ends=leads_there):
        if any(isinstance(x, Tensor) and x in leads_there for x in y.inputs):
            leads_there.add(y)
            operations.append(y)
    grads = {y: g for y, g in roots.items() if y in leads_there}
    with recording():
        walk_back(grads, operations, wanted=leads_there, create_graph=create_graph)
    found = [grads[v] if v in grads else np.zeros(v.shape, v.dtype) for v in variables]
    return [d if isinstance(d, Tensor) else Tensor(d) for d in found]
