"""A graph as text, in Mermaid's language, and in graphviz's (DOT): the same boxes and lines in each."""

from __future__ import annotations

import html
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tinygrad_edu.viz.first_bad import first_bad
from tinygrad_edu.viz.nodes import GraphData, Node, printable

Item = Node | int  # what stands in a box: a node, or the number of another box

INK, PALE, RED, VIOLET = "#1f2933", "#5b6773", "#c02626", "#7048b6"  # violet: gradients
ORANGE = "#fab56f"  # what a comparison marks
COLORS = {  # of each kind of node: the fill and the border
    "operation": ("#ffffff", "#8794a3"),
    "result": ("#fde3df", "#d9604c"),
    "parameter": ("#dff3e4", "#4fa56a"),
    "variable": ("#dff3e4", "#4fa56a"),
    "data": ("#dfeafb", "#4f83c9"),
    "constant": ("#eef0f3", "#b4bdc8"),
    "module": ("#eef0f3", "#8794a3"),
    "freed": ("#ffffff", "#b4bdc8"),
    "failed": ("#fbd0ca", "#c02626"),
}


# ------------------------------------------------------------------------------- what all of them share


def contents(graph: GraphData, leaves: bool = True) -> dict[int | None, list[Item]]:
    """What stands directly in each box (None: outside of all), in order."""
    inside: dict[int | None, list[Item]] = {None: [], **{i: [] for i in range(len(graph.groups))}}
    seen = set()
    for node in graph.nodes:
        if node.leaf and not leaves:
            continue
        inside[node.group].append(node)
        group = node.group
        while group is not None and group not in seen:
            seen.add(group)
            outer = graph.groups[group].outer
            inside[outer].append(group)
            group = outer
    return inside


def folded(graph: GraphData) -> GraphData:
    """The same graph with each block that repeats as one node, for pictures that nobody can expand."""
    closed: list[int | None] = []  # of each group, the outermost block around it
    for i, group in enumerate(graph.groups):
        around = None if group.outer is None else closed[group.outer]
        closed.append(i if around is None and group.repeats else around)
    inside: dict[int | None, list[Node]] = {}
    for node in graph.nodes:
        block = None if node.group is None else closed[node.group]
        inside.setdefault(block, []).append(node)
    block_of = {node.number: block for block, nodes in inside.items() for node in nodes}
    new: dict[int, int] = {}  # numbers of nodes
    nodes: list[Node] = []
    for node in graph.nodes:
        block = block_of[node.number]
        if block is None:
            new[node.number] = len(nodes)
            nodes.append(
                replace(node, number=len(nodes), inputs=tuple(new[i] for i in node.inputs))
            )
        elif node is inside[block][-1]:
            outside = [i for n in inside[block] for i in n.inputs if block_of[i] != block]
            numbers = [n.order for n in inside[block] if not n.leaf]
            about = f"{len(numbers):,} operations, #{numbers[0]} to #{numbers[-1]}"
            new |= {n.number: len(nodes) for n in inside[block]}
            nodes.append(
                replace(
                    node, number=len(nodes), kind="module", title=graph.groups[block].label, row=None,
                    line="", settings=about, order=0, group=graph.groups[block].outer,
                    inputs=tuple(dict.fromkeys(new[i] for i in outside)),
                )
            )  # fmt: skip
    return GraphData(nodes, graph.groups, [], graph.note, graph.no_gradient)


def boxes(
    graph: GraphData, begin: Callable[[int], str], end: str, draw: Callable[[Node], list[str]]
) -> Iterator[str]:
    """The lines of a program that draws boxes within boxes, indented."""
    inside = contents(graph)

    def within(group: int | None, indent: str) -> Iterator[str]:
        for item in inside[group]:
            if isinstance(item, Node):
                yield from (indent + line for line in draw(item))
            else:
                yield indent + begin(item)
                yield from within(item, indent + "  ")
                yield indent + end

    return within(None, "  ")


def lines_of(node: Node) -> list[list[tuple[str, str]]]:
    """The words on a node, line by line, each a list of (words, their kind)."""
    title = [(f"{node.name} = {node.title}" if node.name else node.title, "title")]
    if node.order and node.kind != "freed":
        title.append((f"#{node.order}", "type"))
    if node.axes:
        title.append((node.axes, "type"))
    if node.other_settings:
        title.append((f"({printable(node.other_settings, 30)})", "type"))
    what = node.value.type
    lines = [title, [(what, "type")], [(node.value.words, "value" if node.finite else "bad")]]
    if node.kind == "failed" or (node.kind == "constant" and not node.shape):
        lines = [title]  # the 2 in 2 * x
    elif node.kind in ("parameter", "data", "constant") and node.shape:
        lines = [[*title, (what, "type")], lines[2]]
    if node.gradient:
        kind = "gradient" if node.gradient.finite else "bad"
        lines.append([(f"gradient {node.gradient}", kind)])
    remarks = [part for line in node.change.splitlines() for part in textwrap.wrap(line, 56)]
    return lines + [[(part, "bad" if node.kind == "failed" else "value")] for part in remarks]


# ------------------------------------------------------------------------------------------------ text


def text(graph: GraphData) -> str:
    """One line per node: operations in the order of computing, within the modules they happened in.

    `#3` is the result of the third operation; a leaf stands below the operation that uses it first. What was
    changed or freed is said before, the error of what failed and the first NaN or infinity after it.
    """
    names: dict[int, str] = {}
    leaves: dict[int, list[Any]] = {}  # below which operation a leaf is listed
    for node in graph.nodes:
        for i in node.inputs:
            if graph.nodes[i].leaf and i not in names:
                names[i] = printable(graph.nodes[i].title)
                leaves.setdefault(node.number, []).append(graph.nodes[i])
        if not node.leaf:
            names[node.number] = f"#{node.order}"
    inside = contents(graph, leaves=all(node.leaf for node in graph.nodes))
    rows: list[tuple[str, ...]] = []

    def add(item: Item | str, before: str, below: str) -> None:
        parts: list[Any] = []
        if isinstance(item, str):
            rows.append((before + item, "", "", ""))
        elif isinstance(item, Node):
            what, *numbers = _row(item, names)
            rows.append((before + what, *numbers))
            parts = leaves.get(item.number, [])
        else:
            group, parts = graph.groups[item], inside[item]
            rows.append((before + printable(group.label), "", "", ""))
            if group.repeats:
                parts = [parts[0], f"… and {group.repeats - 1:,} more like it"]
        for i, part in enumerate(parts):
            mark, rest = ("├─ ", "│  ") if i < len(parts) - 1 else ("└─ ", "   ")
            add(part, below + mark, below + rest)

    for item in inside[None]:
        add(item, "", "")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:3]
    lines = ["   ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]
    last = graph.nodes[-1]
    if bad := first_bad(graph):
        lines.append(bad.words)
    if graph.note:
        lines.insert(0, graph.note)
    elif last.kind == "failed":
        lines += [*filter(None, [clashing(graph)]), last.change]
    elif graph.no_gradient:
        lines.append(graph.no_gradient)
    return "\n".join(lines)


def clashing(graph: GraphData) -> str:
    """The shapes that do not fit at what failed, with their axes marked: "x (2, *3*) and W (*4*, 2)"."""
    last, names = graph.nodes[-1], graph.names
    shapes = []
    for i, axes in zip(last.inputs, last.clash, strict=False):
        lengths = [f"*{n}*" if k in axes else str(n) for k, n in enumerate(graph.nodes[i].shape)]
        shapes.append(f"{names[i]} ({', '.join(lengths)}{',' * (len(lengths) == 1)})")
    return f"Shapes that do not fit: {' and '.join(shapes)}." if shapes else ""


def _row(node: Node, names: dict[int, str]) -> tuple[str, str, str, str]:
    """(what, shape and dtype, value, gradient)."""
    what = printable(node.title)
    if not node.leaf:
        given = ", ".join(names[i] for i in node.inputs)
        settings = printable(node.other_settings)
        called = f"{printable(node.name)} = " if node.name else ""
        if node.kind == "module":
            what += f" ← {given}" * bool(given) + f"; {settings}" * bool(settings)
        elif given:
            what += f"({given}" + f", {settings}" * bool(settings) + ")"
        what += f" {node.axes}" * bool(node.axes)
        what = f"{names[node.number]} {called}{what}"
    elif node.settings:
        what += f", {printable(node.settings)}"
    if node.kind == "failed":
        return what, node.value.type if node.value.words else "", "failed", ""
    # the title of a number among the inputs is its value, which need not be said twice
    value = "" if node.title == node.value.words else node.value.words
    remark = printable("; ".join(node.change.splitlines()), 200)
    gradient = [f"gradient {node.gradient}"] if node.gradient else []
    remarks = filter(None, [*gradient, remark, node.rounding])
    return what, node.value.type, value, "   ".join(remarks)


# --------------------------------------------------------------------------------------------- Mermaid


def mermaid(graph: GraphData) -> str:
    """The graph in Mermaid's language, which GitHub and many editors draw. Special characters are escaped."""
    graph = folded(graph)

    def begin(group: int) -> str:
        return f'subgraph g{group}["{_harmless(graph.groups[group].label)}"]'

    def draw(node: Node) -> list[str]:
        lines = [" ".join(words for words, _ in line) for line in lines_of(node)]
        start, end = ("([", "])") if node.leaf else ("(", ")")
        return [f'n{node.number}{start}"{"<br>".join(map(_harmless, lines))}"{end}']

    lines = ["flowchart TD", *boxes(graph, begin, "end", draw)]
    lines += [f"  n{source} --> n{target}" for source, target in graph.edges]
    for kind, (fill, border) in COLORS.items():
        if numbers := [f"n{node.number}" for node in graph.nodes if node.kind == kind]:
            lines.append(f"  classDef {kind} fill:{fill},stroke:{border},color:{INK}")
            lines.append(f"  class {','.join(numbers)} {kind}")
    return "\n".join(lines)


def _harmless(words: str) -> str:
    safe = " .,=+-:()±×_"
    return "".join(c if c.isalnum() or c in safe else f"#{ord(c)};" for c in printable(words))


# ------------------------------------------------------------------------------------------------- DOT

FONT = "Helvetica,Arial,sans-serif"
# Around a line of small letters: makes it as high as it needs to be.
ROOM = '<font point-size="12"> </font>'
COLOR = {"title": INK, "type": PALE, "value": INK, "gradient": VIOLET, "bad": RED}

# a - b is not b - a: their inputs are numbered, if it is not clear which is the first.
IN_ORDER = {"subtract", "divide", "power", "matmul", "solve", "where", "concatenate", "stack"}

# Rounds of network simplex, per node: without a bound, a few hundred nodes that meet in one place take the
# layout minutes.
BOUNDED = 'nslimit="2" nslimit1="2"'
HEAD = f"""digraph computation {{
  graph [bgcolor=transparent newrank=true ranksep=0.32 nodesep=0.22 pad=0.1 {BOUNDED}]
  graph [fontname="{FONT}" fontsize=12 fontcolor="{PALE}"]
  node [shape=box style="rounded,filled" height=0.3 margin="0.2,0.06" penwidth=1.1]
  node [fontname="{FONT}" fontsize=13 fontcolor="{INK}"]
  edge [color="#7b8794" arrowsize=0.6 penwidth=1.1]
  edge [fontname="{FONT}" fontsize=9 fontcolor="{PALE}" labeldistance=1.3]"""
BOX = 'labeljust=r margin=10 style="rounded,filled" color="#d3dae2" fillcolor="#8090a014" class=module'
ROW = 'rank=same style=invis label="" margin=2 class=row'  # nothing else can come into its box


def dot(graph: GraphData, **page: Any) -> str:
    """The graph in graphviz's language: data on top, the result at the bottom, a box per module.

    page    more attributes of the picture: dpi, size, bgcolor
    """
    graph = folded(graph)
    if said := graph.note or graph.no_gradient:
        page["label"] = (
            f"<{'<br/>'.join(_font(part, 11, RED) for part in textwrap.wrap(said, 56))}>"
        )
    chips = _beside(graph)

    def begin(group: int) -> str:
        label = _font(graph.groups[group].label, 12, PALE)
        return f"subgraph cluster_{group} {{ label=<{label}> {BOX}"

    def draw(node: Node) -> list[str]:
        lines = [f"n{node.number} [{_attributes(_look(node))}]"]
        if beside := chips[node.number]:
            row = " ".join(f"n{number};" for number in (*beside, node.number))
            lines.append(f"subgraph cluster_row{node.number} {{ {ROW}; {row} }}")
        return lines

    lines = [HEAD, f"  graph [{_attributes(page)}]", *boxes(graph, begin, "}", draw)]
    for node in graph.nodes:
        lines += _edges(graph, node, chips[node.number])
    return "\n".join([*lines, "}"])


def _attributes(facts: dict[str, Any]) -> str:
    """Names and values. A value in <...>, a label, may come from anywhere: it is escaped already."""
    return " ".join(
        f"{name}={fact}" if str(fact)[0] == "<" else f'{name}="{fact}"'
        for name, fact in facts.items()
    )


def _beside(graph: GraphData) -> dict[int, list[int]]:
    """For each operation the inputs that are drawn beside it: parameters and constants of its own."""
    uses, nodes = Counter(source for source, _ in graph.edges), graph.nodes

    def own(i: int, node: Node) -> bool:
        leaf = nodes[i].kind in ("parameter", "constant")
        return leaf and uses[i] == 1 and nodes[i].group == node.group

    return {node.number: [i for i in node.inputs if own(i, node)] for node in nodes}


def _look(node: Node) -> dict[str, Any]:
    label = [
        " ".join(_font(words, 13 if kind == "title" else 10, COLOR[kind]) for words, kind in line)
        for line in lines_of(node)
    ]
    label[1:] = [ROOM + line + ROOM for line in label[1:]]
    look = {
        "label": f"<{'<br/>'.join(label)}>",
        "fillcolor": _mixed(COLORS[node.kind][0], node.shade),
        "color": COLORS[node.kind][1] if node.finite else RED,
        "class": node.kind,
    }
    if node.kind == "freed":
        look["style"] = "rounded,filled,dashed"
    return look | ({"peripheries": 2} if node.kind == "module" else {})


def _edges(graph: GraphData, node: Node, chips: list[int]) -> Iterator[str]:
    numbered = node.title in IN_ORDER and node.inputs[1:] != tuple(chips)
    for i, source in enumerate(node.inputs):
        # The line of operations is pulled straight; leaves find their places around it.
        look: dict[str, Any] = {"color": "#b4bdc8"} if graph.nodes[source].leaf else {"weight": 8}
        tail, head, end = source, node.number, "headlabel"
        right = source in chips and (chips.index(source) > 0 or len(chips) == 1)
        if right and (i or len(chips) == 1):  # of its operation, and not to the left
            tail, head, end, look["dir"] = head, tail, "taillabel", "back"
        if numbered:
            look[end] = i + 1
        yield f"  n{tail} -> n{head} [{_attributes(look)}]"


def _mixed(paper: str, shade: float) -> str:
    """A color mixed with a share of orange."""
    parts = zip(bytes.fromhex(paper[1:]), bytes.fromhex(ORANGE[1:]), strict=True)
    return "#" + "".join(f"{round((1 - shade) * a + shade * b):02x}" for a, b in parts)


def _font(words: str, size: int, color: str) -> str:
    r"""Words for a label, escaped: graphviz would replace \N, for example, by the name of the node."""
    safe = html.escape(printable(words)).replace("\\", "\\\\")
    safe = f"<b>{safe}</b>" if size == 13 else safe
    return f'<font point-size="{size}" color="{color}">{safe}</font>'
