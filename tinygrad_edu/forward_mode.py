"""Forward mode: how a result changes when the variables move, from the same rows as the way back.

The walk goes from the oldest operation to the youngest, and turns the change ẋ of the inputs of each into
the change ẏ of its result. It needs no rules of its own: those of the way back contain them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients, history, unbroadcast
from tinygrad_edu.diagnostics.domain import Here, warnings_named
from tinygrad_edu.modes import recording, thread
from tinygrad_edu.tensor import Tensor, value

__all__ = ["push_forward"]


def push_forward(
    roots: Collection[Tensor], moves: Mapping[Tensor, Any], create_graph: bool = False
) -> list[Any]:
    """How each root changes when the variables move by `moves` (variable -> ẋ).

    The moves are arrays, or Tensors if create_graph. A root that does not move gets None.
    """
    moves = dict(moves)
    operations = history(roots, ends=moves.keys())
    here = Here()
    can_warn = False
    for y in operations:
        if y.op and y.op.domain:
            can_warn = True
    with recording(), warnings_named(here) if can_warn else contextlib.nullcontext():
        for y in operations:
            dx = {
                i: moves[x] for i, x in enumerate(y.inputs) if isinstance(x, Tensor) and x in moves
            }
            if dx:
                here.y, here.i = y, min(dx)
                moves[y] = _push(y, dx, create_graph, here)
    return [moves.get(root) for root in roots]


def _push(y: Tensor, dx: dict[int, Any], create_graph: bool, here: Here) -> Any:
    """ẏ = Σ ∂y/∂x_i ẋ_i of one operation, from {i: ẋ_i}.

    The change of a linear operation is the operation itself, applied to ẋ. The Jacobian of an elementwise
    one is diagonal, so its rule for the way back is the rule for the way forward. Any other rule is at
    least linear in g: <rule(g), ẋ> = <g, ẏ>, so ẏ is the gradient of the left side with respect to g.
    """
    row: Any = y.op
    result: Any = y
    inputs: Any = y.inputs
    if not create_graph:
        result, inputs = y.data, [value(x) for x in inputs]
    if row.linear == "together" and not row.elementwise:
        dy = row(*(dx.get(i, np.zeros_like(value(x))) for i, x in enumerate(inputs)), **y.params)
        return _like(dy, y)
    total: Any = 0.0
    for i, d in dx.items():
        here.i = i
        rule = row.rule(i)
        if rule is None:
            continue
        if row.elementwise:
            if thread.mode.profile is not None:
                dy = thread.mode.profile.push(y, i, rule, d, result, inputs)
            else:
                dy = rule(d, result, *inputs, **y.params)
        elif row.linear:
            dy = row(*inputs[:i], d, *inputs[i + 1 :], **y.params)
        else:
            g = Tensor(np.zeros(y.shape, y.dtype))
            g.requires_grad = True  # complex, if y is
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
