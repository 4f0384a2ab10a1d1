"""The first number of a computation that is not finite, and the way that it went from there.

NaN and infinity spread: an operation that is given one gives one, as a rule. So of all the nodes that are not
finite the first one matters, which made it from finite numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_edu.viz.nodes import GraphData, Snapshot

LONGEST = 8  # nodes of a path in a sentence


@dataclass(frozen=True)
class FirstBad:
    """Where NaN or infinity came up first.

    node        a leaf with such a value, or the operation that made one from finite numbers; if `backward`,
                the operation whose rule turned a finite gradient into such a one
    path        the nodes that it went through from there on: to the result of the graph, or back to a leaf
    ends        does it reach neither the result nor a gradient?
    words       all of this in a sentence
    """

    node: int
    backward: bool
    path: tuple[int, ...]
    ends: bool
    words: str


def first_bad(graph: GraphData) -> FirstBad | None:
    """The first number that is not finite: one that reaches the result, or else a gradient, or else any.

    None if all is finite, or if the only infinity is a constant that reaches nothing, as in a mask.
    """
    result = graph.nodes[-1]
    if result.kind == "failed" and not result.value.bad:
        found = [_forward(graph, i) for i in result.inputs]
        return next(filter(None, found), None) or _passing(graph)
    return _forward(graph, result.number) or _backward(graph) or _passing(graph)


def _forward(graph: GraphData, end: int) -> FirstBad | None:
    """The first bad node that a bad value came from."""
    nodes = graph.nodes
    if nodes[end].finite:
        return None
    reaches, waiting = {end: end}, [end]  # node -> the next one on its way to the end
    while waiting:
        node = nodes[waiting.pop()]
        for i in node.inputs:
            if not nodes[i].finite and i not in reaches:
                reaches[i] = node.number
                waiting.append(i)
    first = min(i for i in reaches if all(nodes[k].finite for k in nodes[i].inputs))
    path = [first]
    while path[-1] != end:
        path.append(reaches[path[-1]])
    names = graph.names
    words = f"The first number that is not finite: {_kinds(nodes[first].value)} in {_given(graph, first)}."
    if len(path) > 1:
        words += f" From there: {_arrows([names[i] for i in path])}."
    return FirstBad(first, False, tuple(path), False, words)


def _backward(graph: GraphData) -> FirstBad | None:
    """The first step of the backward pass that makes a bad gradient from a finite one."""
    nodes, names = graph.nodes, graph.names
    for k, step in enumerate(graph.steps):
        upstream = nodes[step.node].gradient
        if step.after.finite or (upstream and not upstream.finite):
            continue
        path = [step.node, step.source]
        for later in graph.steps[k + 1 :]:
            if later.node == path[-1] and not later.contribution.finite:
                path.append(later.source)
        back = f"From there, back: {_arrows([names[i] for i in path])}." if len(path) > 2 else ""
        what = f"its rule gives {names[step.source]} the gradient {step.contribution}."
        if step.contribution.finite:
            what = f"the sum of the gradients of {names[step.source]} is {step.after}."
        near = [step.node, *nodes[step.node].inputs]
        cause = next(filter(None, (_forward(graph, i) for i in near)), None)
        if cause:  # a value that is not finite, which has not reached the result
            words = f"{cause.words} The result is finite, but back through {names[step.node]} {what} {back}"
            path = [*cause.path, *path]
        else:
            words = (
                f"The first gradient that is not finite: {_kinds(step.after)} on the way back through "
                f"{_given(graph, step.node)}: {what} {back}"
            )
        return FirstBad(path[0], cause is None, tuple(dict.fromkeys(path)), False, words.strip())
    return None


def _passing(graph: GraphData) -> FirstBad | None:
    """An operation that makes a bad value from finite ones, which a later operation makes finite again."""
    nodes, names = graph.nodes, graph.names
    for node in nodes:
        if node.finite or node.leaf or not all(nodes[i].finite for i in node.inputs):
            continue
        path = [node.number]
        for later in nodes[node.number + 1 :]:
            if path[-1] in later.inputs and not later.finite:
                path.append(later.number)
        words = (
            f"The first number that is not finite: {_kinds(node.value)} in {_given(graph, node.number)}. "
            f"After {names[path[-1]]} all is finite again."
        )
        return FirstBad(node.number, False, tuple(path), True, words)
    return None


def _kinds(x: Snapshot) -> str:
    return " and ".join(kind.replace("nan", "NaN") for kind in x.bad)


def _given(graph: GraphData, i: int) -> str:
    """A node with its inputs and the user's line."""
    node, names = graph.nodes[i], graph.names
    inputs = ", ".join(
        names[k] if graph.nodes[k].title == graph.nodes[k].value.words
        else f"{names[k]} = {graph.nodes[k].value}"
        for k in node.inputs
    )  # fmt: skip
    return names[i] + f" of {inputs}" * bool(inputs) + f" ({node.line})" * bool(node.line)


def _arrows(names: list[str]) -> str:
    if len(names) > LONGEST:
        names = [
            *names[: LONGEST // 2],
            f"… {len(names) - LONGEST} more …",
            *names[-LONGEST // 2 :],
        ]
    return " → ".join(names)
