"""The steps of a computation in words: a sentence for each, and the story of a layer.

The numbers are named in braces, see `worked`; `sentences` has them filled in, for the list that the step page
has where no script runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_edu.viz.first_bad import first_bad
from tinygrad_edu.viz.nodes import Arrival, GraphData, Node, Snapshot, printable
from tinygrad_edu.viz.worked import Entries, elementwise, filled, plain

LONGEST = 1000  # characters of a remark
LONG = 12  # operations: of more the story of a layer is too long to be read


def remarks(graph: GraphData) -> list[str]:
    """What is to know before the first step: what was freed or changed, failed, or is not finite."""
    last, bad = graph.nodes[-1], first_bad(graph)
    failed = last.change if last.kind == "failed" else ""
    return [*filter(None, [graph.note, graph.no_gradient, failed, bad.words if bad else ""])]


def title(graph: GraphData) -> str:
    """What the page is about."""
    last = graph.nodes[-1]
    return f"Computation graph of {printable(last.name or last.title)}"


def summary(graph: GraphData) -> str:
    """The size of the graph, and why there is no gradient."""
    leaves = sum(node.leaf for node in graph.nodes)
    count = lambda n, one, many: f"{n} {one if n == 1 else many}"
    size = f"{count(len(graph.nodes) - leaves, 'operation', 'operations')}, {count(leaves, 'leaf', 'leaves')}"
    return "; ".join(filter(None, [size, printable(graph.no_gradient, LONGEST)]))


def alert(graph: GraphData) -> str:
    """What is wrong, in short: the details of the node tell more."""
    last, bad, said = graph.nodes[-1], first_bad(graph), [graph.note]
    if last.kind == "failed":
        said.append(f"{graph.names[-1]} failed: {last.change.split(':')[0]}.")
    if bad:
        short = f"NaN or infinity comes up first in {graph.names[bad.node]}."
        said.append(bad.words if bad.ends else short)
    return printable(" ".join(filter(None, said)), LONGEST)


def sentences(graph: GraphData) -> Iterator[str]:
    """A sentence for each operation, and one for each edge of the backward pass."""
    entries = Entries(graph)
    for node in graph.nodes:
        if not node.leaf:
            yield filled(forward(entries, node), graph)
            if node.rounding:
                yield node.rounding
    if graph.steps:
        yield filled(seed(entries), graph)
    for k, step in enumerate(graph.steps):
        yield filled(back(entries, k), graph)
        if step.rounding:
            yield step.rounding


def forward(entries: Entries, node: Node) -> str:
    """The computation of a node."""
    inputs = ", ".join(_given(entries, i) for i in node.inputs)
    freed = "Freed: " if node.kind == "freed" else ""
    of = f" of {inputs}" if inputs else ""
    axes = f" {node.axes}" if node.axes else ""
    gives = "fails" if node.kind == "failed" else f"gives {{v{node.number}}}"
    return f"{freed}{entries.names[node.number]}{of}{axes} {gives}"


def _given(entries: Entries, i: int) -> str:
    """An input with its value, or, if it has many numbers, with its shape."""
    name, value = entries.names[i], entries.nodes[i].value
    if entries.nameless(i):
        return name
    return f"{name} {value.shape}" if "±" in value.words else f"{name} = {{v{i}}}"


def seed(entries: Entries) -> str:
    """The beginning of the backward pass."""
    last = entries.names[-1]
    return f"The backward pass begins: the gradient of {last} with respect to itself is 1"


def back(entries: Entries, k: int) -> str:
    """The k-th edge of the backward pass."""
    step = entries.graph.steps[k]
    y, x = entries.names[step.node], entries.names[step.source]
    came = f"{{g{step.node}}} × {{l{k}}} = {{c{k}}}" if step.local else f"{{c{k}}} by the rule"
    total = f": {{b{k}}} + {{c{k}}}" if step.before else ""
    return f"Backward from {y} to {x}: {came}. {x}.grad{total} = {{a{k}}}"


def how(entries: Entries, step: Arrival) -> str:
    """Explains an edge without a local derivative for each number."""
    node, name = entries.nodes[step.node], entries.names[step.source]
    x, up = entries.nodes[step.source].value, node.gradient
    if node.title == "matmul" and up and len(x.shape) == len(up.shape) == 2:
        terms = "x[k, i] × g[k, j]" if step.i else "g[i, k] × w[j, k]"
        return f"Entry [i, j] is the sum over k of {terms}."
    if axes := _broadcast(node, x):
        return f"{name} is broadcast along {axes} of the result, so its gradient is summed over {axes}."
    if node.rule(step.i)[1].startswith("spread(g"):
        way = node.axes or "over all axes"
        effect = "all numbers that were combined into one get the same gradient"
        return f"{plain(node.title)} goes {way}: {effect}."
    return (
        "The upstream gradient is multiplied by the local derivatives, and summed over all results that a "
        "number contributes to."
    )


# -------------------------------------------------------------------------------- the story of a layer


def story(entries: Entries, inside: list[int]) -> list[str]:
    """The forward and the backward pass through some operations; [] if there are too many."""
    if not 0 < len(inside) <= LONG:
        return []
    backward, last = [], -1
    for k, step in enumerate(entries.graph.steps):
        if step.node not in inside:
            continue
        if step.node != last:
            came = _size(entries.nodes[step.node].gradient, f"g{step.node}")
            backward.append(f"What came back to {entries.names[step.node]} is {came}.")
        backward.append(_told(entries, k, step))
        last = step.node
    forwards = [forward(entries, entries.nodes[i]) + "." for i in inside]
    return [" ".join(forwards), " ".join(backward)]


def _told(entries: Entries, k: int, step: Arrival) -> str:
    """One edge of the backward pass."""
    name = entries.names[step.source]
    whose = f"{name}'" if name.endswith("s") else f"{name}'s"
    subject = f"Added to {whose} gradient is" if step.before else f"{whose} gradient is"
    return f"{subject} {_made_of(entries, k, step)}: {_size(step.contribution, f'c{k}')}."


def _made_of(entries: Entries, k: int, step: Arrival) -> str:
    node = entries.nodes[step.node]
    words = node.rule(step.i)[1]
    if node.title == "matmul":
        x, w = (entries.names[i] for i in node.inputs)
        if step.i:
            return f"what came in ({x}), transposed, times what came back"
        return f"what came back, times {w}, transposed"
    if axes := _broadcast(node, entries.nodes[step.source].value):
        return f"what came back, summed over {axes}"
    if words == "g":
        return "what came back, unchanged"
    if words == "-g":
        return "what came back, with the other sign"
    if step.local:
        return f"what came back, times the local derivative ({{l{k}^}})"
    if words.startswith("spread(g"):
        return "what came back, spread over all numbers that were combined"
    if words:
        return f"what came back, by the rule {plain(words)}"
    return "what came back, by the rules of the operations inside"


def _size(x: Snapshot | None, name: str) -> str:
    """ "(4, 3), at most 0.3" """
    return (f"{x.shape}, " if x and x.shape else "") + f"{{{name}^}}"


def _broadcast(node: Node, x: Snapshot) -> str:
    """The axes of an elementwise result along which its input x was repeated: "axis 0"."""
    if not node.gradient or not elementwise(node):
        return ""
    result = node.gradient.shape
    added = len(result) - len(x.shape)
    axes = [i for i, d in enumerate(result) if i < added or (x.shape[i - added] == 1 and d > 1)]
    listed = ", ".join(map(str, axes))
    return f"{'axis' if len(axes) == 1 else 'axes'} {listed}" if axes else ""
