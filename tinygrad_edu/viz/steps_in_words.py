"""The steps of a computation in words, one sentence each: what the step page has where no script runs."""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_edu.viz.first_bad import first_bad
from tinygrad_edu.viz.nodes import GraphData, Node


def remarks(graph: GraphData) -> list[str]:
    """What is to know before the first step: what was freed or changed, failed, or is not finite."""
    last, bad = graph.nodes[-1], first_bad(graph)
    failed = last.change if last.kind == "failed" else ""
    return [*filter(None, [graph.note, graph.no_gradient, failed, bad.words if bad else ""])]


def sentences(graph: GraphData) -> Iterator[str]:
    """A sentence for each operation, and one for each edge of the backward pass."""
    nodes, names = graph.nodes, graph.names

    def given(node: Node) -> str:
        known = node.title == node.value.words
        return names[node.number] + ("" if known else f" = {node.value}")

    for node in nodes:
        if not node.leaf:
            inputs = ", ".join(given(nodes[i]) for i in node.inputs)
            gives = "fails" if node.kind == "failed" else f"gives {node.value}"
            yield f"{names[node.number]}{f' of {inputs}' * bool(inputs)} {gives}"
            if node.rounding:
                yield node.rounding
    if graph.steps:
        yield f"The backward pass begins: the gradient of {names[-1]} with respect to itself is 1"
    for step in graph.steps:
        came = f"{step.contribution} by the rule"
        if step.local:
            came = f"{nodes[step.node].gradient} × {step.local} = {step.contribution}"
        total = f" = {step.after}"
        if step.before:
            total = f": {step.before} + {step.contribution} = {step.after}"
        x = names[step.source]
        yield f"Backward from {names[step.node]} to {x}: {came}. {x}.grad{total}"
        if step.rounding:
            yield step.rounding
