"""Graphs compared: before and after a step, our gradients and another library's, a loss and its gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.autodiff import gradients
from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import Op, Tensor, result_of, value
from tinygrad_edu.viz.backward_steps import paths_to, steps_back
from tinygrad_edu.viz.build_graph import Reader
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.nodes import Group, Node, Snapshot

EXACT, WRONG = -16.0, -2.0  # errors, as powers of ten: one that is not marked, one in full orange


def changes(before: Graph, after: Graph) -> Graph:
    """The graph `after`, with the value `before` beside every number, and orange where much has changed.

    Both are `Graph`s of the same computation, such as a loss before and after a step of the optimizer. The
    shade is the larger relative change of value and gradient, max|a - b| / max(|a|, |b|), and full from 1
    on. (Of more than 64 numbers a graph keeps the means of blocks; then these are compared.)

    Raises ValueError with the first difference if they are not of the same computation.
    """
    if not (isinstance(before, Graph) and isinstance(after, Graph)):
        _refuse(f"these are {type(before).__name__} and {type(after).__name__}")
    if len(before.nodes) != len(after.nodes):
        _refuse(f"one has {len(before.nodes):,} nodes and the other {len(after.nodes):,}")
    nodes = []
    for a, b in zip(before.nodes, after.nodes, strict=True):
        if (_name(a), a.inputs, a.shape) != (_name(b), b.inputs, b.shape):
            _refuse(f"{a.title} {a.shape} in one is {b.title} {b.shape} in the other")
        remarks = []
        if a.value.words != b.value.words:
            remarks.append(f"was {a.value}")
        if a.gradient and b.gradient and a.gradient.words != b.gradient.words:
            remarks.append(f"gradient was {a.gradient}")
        shade = max(_change(a.value, b.value), _change(a.gradient, b.gradient))
        nodes.append(replace(b, change="\n".join(remarks), shade=shade))
    return after.with_nodes(nodes)


def _name(node: Node) -> str:
    """Of a leaf without a name the title is its value, which may change."""
    return "" if node.title == node.value.words else node.title


def _refuse(why: str) -> NoReturn:
    raise refusal(
        ValueError,
        f"changes(before, after) compares two graphs of the same computation, but {why}.",
        "before = Graph(loss); a step of the optimizer; after = Graph(loss computed again)",
    )


def _change(a: Snapshot | None, b: Snapshot | None) -> float:
    """max|a - b| / max(|a|, |b|), from 0 to 1."""
    if a is None or b is None:
        return 0.0
    x, y = (s.numbers if s.numbers is not None else s.heat for s in (a, b))
    if x is None or y is None or not x.size or x.dtype.kind not in "fciub":
        return 0.0
    if not (a.finite and b.finite):
        return float(a.words != b.words)
    x, y = x * 1.0, y * 1.0  # whole numbers and booleans have differences too
    most = max(float(np.abs(x).max()), float(np.abs(y).max()))
    return min(float(np.abs(x - y).max()) / most, 1.0) if most else 0.0


def gradient_errors(
    loss: Tensor, model: Module, theirs: Mapping[str, Any], ours: Mapping[str, Any] | None = None
) -> Graph:
    """The graph of a loss, with the error of the gradient at each parameter: the deeper orange, the larger.

    theirs    path of a parameter -> its gradient in another library
    ours      and in this one; if None, what backward() would give now, which changes nothing

    The error is max|ours - theirs| / max|theirs|; its logarithm is the shade, from 10⁻¹⁶ to 10⁻². With a
    report of `twins.compare`, of its first step:

        first = lambda run: {path: steps[0] for path, steps in run.gradients.items()}
        viz.gradient_errors(loss, model, first(report.keras), first(report.ours))

    Raises ValueError for paths that the model does not have, and for another shape.
    """
    parameters = dict(model.named_parameters())
    if ours is None:
        found = {step.x: step.after for step in steps_back(loss)}
        ours = {path: found[p] for path, p in parameters.items() if p in found}
    read = Reader(loss)
    nodes = read.graph.nodes
    for path, g in theirs.items():
        g, mine = np.asarray(value(g)), ours.get(path)
        if path not in parameters or mine is None or np.shape(mine) != g.shape:
            known = ", ".join(f"{name} {p.shape}" for name, p in parameters.items())
            raise refusal(
                ValueError,
                f"no gradient {path} {g.shape} here to compare with.",
                shortened(known)[1:-1],
            )
        words, shade = _error(np.asarray(value(mine)), g)
        first = read.first.get(parameters[path])
        nodes = [
            replace(node, change=f"{path}: {words}", shade=shade) if node.same == first else node
            for node in nodes
        ]
    return Graph.of(read.graph).with_nodes(nodes)


def _error(ours: np.ndarray, theirs: np.ndarray) -> tuple[str, float]:
    """In words, and as a shade."""
    apart = float(np.abs(ours - theirs).max(initial=0))
    error = apart / (float(np.abs(theirs).max(initial=0)) or 1)
    if not math.isfinite(error):
        return "not comparable, as not finite", 1.0
    if error == 0:
        return "equal to the last bit", 0.0
    shade = (math.log10(error) - EXACT) / (WRONG - EXACT)
    return f"error {error:.1e}", min(max(shade, 0.0), 1.0)


def with_gradient(loss: Tensor, x: Tensor) -> Graph:
    """The graph of a loss in one box, and in another that of dL/dx, which uses numbers of the first.

    The gradient is computed as `backward(create_graph=True)` does, by the same rules, which record
    themselves; so it shows which values of the forward pass the backward pass needs. Changes nothing.

    Raises ValueError if the loss is not a single number, or not made from x.
    """
    paths_to(loss, x, "with_gradient")
    # The 1 that the backward pass starts with requires a gradient: then all of it is recorded.
    one = Tensor(np.ones_like(loss.data), requires_grad=True, name="dL/dL")
    (g,) = gradients({loss: one}, [x], create_graph=True)
    if g.op:
        g.name = f"dL/d{x.name or 'x'}"
    both = result_of(Op(lambda loss, g: loss, name="both"), (loss, g), {}, np.zeros(()))
    both.requires_grad = False  # it is only there so that both are read, and goes again
    return _in_two_boxes(Graph.of(Reader(both, roll=False).graph))


def _in_two_boxes(graph: Graph) -> Graph:
    *nodes, both = graph.nodes
    loss, g = both.inputs
    forward = {loss}
    for node in reversed(nodes):  # inputs come before what is made of them
        if node.number in forward:
            forward.update(node.inputs)

    def moved(node: Node) -> Node:
        box = int(node.number not in forward) if node.group is None else node.group + 2
        return replace(node, group=box, kind="result" if node.number in (loss, g) else node.kind)

    boxes = [Group("the loss", None), Group("its gradient", None)]
    boxes += [
        replace(group, outer=0 if group.outer is None else group.outer + 2)
        for group in graph.groups
    ]  # fmt: skip
    graph.nodes, graph.groups, graph.no_gradient = [*map(moved, nodes)], boxes, ""
    return graph
