"""A `Graph` as text, and in the languages of graphviz, which makes pictures of it, and Mermaid."""

from __future__ import annotations

import html
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinygrad_edu.viz.json_export import as_json
from tinygrad_edu.viz.nodes import Node, printable
from tinygrad_edu.viz.step_page import step_page

if TYPE_CHECKING:
    from tinygrad_edu.viz.graph import Graph

INSTALL = "python -m pip install -e '.[viz]' in the folder of this project"
PROGRAM = "install the program dot (apt install graphviz, brew install graphviz)"
SECONDS = 30  # a layout that takes longer is given up


def optional(library: str) -> Any:
    """An optional library. Raises ImportError with what to install if it is not there."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise ImportError(f"Pictures need {name}, which is not installed: {INSTALL}") from error


# ------------------------------------------------------------------------------------------------ text


def text(graph: Graph) -> str:
    """One line per node: operations in the order of computing, within the modules they happened in.

    `#3` is the result of the third operation; a leaf stands below the operation that uses it first.
    """
    rows = list(_rows(graph))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["   ".join(map(str.ljust, row, widths)) + f"   {row[3]}" for row in rows]
    last = graph.nodes[-1]
    said = last.change if last.kind == "failed" else graph.note or graph.no_gradient
    return "\n".join([line.rstrip() for line in lines] + ([said] if said else []))


def _rows(graph: Graph) -> Iterator[tuple[str, str, str, str]]:
    """(what, shape and dtype, value, gradient)."""
    names: dict[int, str] = {}
    listed: set[int] = set()
    leaves: dict[int, list[Node]] = {}  # below which operation a leaf is listed
    for node in graph.nodes:
        if not node.leaf:
            names[node.number] = f"#{len(names) - len(listed) + 1}"
        for i in node.inputs:
            leaf = graph.nodes[i]
            if leaf.leaf and i not in listed:
                listed.add(i)
                names[i] = printable(leaf.title)
                leaves.setdefault(node.number, []).append(leaf)
    top = graph.nodes[-1].number
    children = _contents(graph, lambda n: n.number not in listed or n.number == top)
    waiting: list[tuple[str, str, Any]] = [("", "", item) for item in reversed(children[None])]
    while waiting:
        before, below, item = waiting.pop()
        inside: list[Any] = []
        if isinstance(item, str):
            yield before + item, "", "", ""
        elif isinstance(item, int):  # a group
            yield before + printable(graph.groups[item].label), "", "", ""
            inside = children[item]
            if graph.groups[item].repeats:
                inside = [inside[0], f"… and {graph.groups[item].repeats - 1:,} more like it"]
        else:
            words = printable(item.title)
            if item.number in names and item.number not in listed:
                given = ", ".join(names[i] for i in item.inputs)
                settings = f", {printable(item.settings)}" if item.settings else ""
                called = f" {printable(item.name)} =" if item.name else ""
                words = f"{names[item.number]}{called} {words}"
                if item.kind == "module":
                    words += f"{' ← ' if given else ''}{given}{settings.replace(',', ';', 1)}"
                elif given:
                    words += f"({given}{settings})"
            # a number among the inputs has its value for a name, which need not be said twice
            value = "" if item.title == item.value.words else item.value.words
            gradient = f"gradient {item.gradient}" if item.gradient else ""
            if item.kind == "failed":
                value = "failed"
            elif item.change:
                said = printable("; ".join(item.change.splitlines()), 200)
                gradient = f"{gradient}   {said}".strip()
            what = "" if item.kind == "failed" else f"{item.shape} {item.dtype}"
            yield before + words, what, value, gradient
            inside = leaves.get(item.number, [])
        for last, part in zip([True] + [False] * len(inside), reversed(inside), strict=False):
            mark, rest = ("└─ ", "   ") if last else ("├─ ", "│  ")
            waiting.append((below + mark, below + rest, part))


def _contents(graph: Graph, wanted: Callable[[Node], bool]) -> dict[int | None, list[Any]]:
    """What is directly inside each group (None: outside all): nodes, and numbers of groups."""
    inside: dict[int | None, list[Any]] = {None: [], **{i: [] for i in range(len(graph.groups))}}
    seen = set()
    for node in filter(wanted, graph.nodes):
        item: Any = node
        group = node.group
        inside[group].append(item)
        while group is not None and group not in seen:
            seen.add(group)
            outer = graph.groups[group].outer
            inside[outer].append(group)
            group = outer
    return inside


def rolled_up(graph: Graph) -> Graph:
    """The same graph, with what repeats itself as one node, for those who cannot open it."""
    closed: list[int | None] = []  # of each group, the outermost one around it that is rolled up
    for i, group in enumerate(graph.groups):
        around = None if group.outer is None else closed[group.outer]
        closed.append(i if around is None and group.repeats else around)
    homes = [None if node.group is None else closed[node.group] for node in graph.nodes]
    last = {home: i for i, home in enumerate(homes)}
    new: dict[int, int] = {}  # numbers of nodes
    nodes: list[Node] = []
    for node, home in zip(graph.nodes, homes, strict=True):
        if home is None:
            new[node.number] = len(nodes)
            inputs = tuple(new[i] for i in node.inputs)
            nodes.append(replace(node, number=len(nodes), inputs=inputs))
        elif last[home] == node.number:
            within = [n for n, h in zip(graph.nodes, homes, strict=True) if h == home]
            outside = [i for n in within for i in n.inputs if homes[i] != home]
            group = graph.groups[home]
            nodes.append(
                replace(
                    node, number=len(nodes), kind="module", title=group.label, row=None, line="",
                    settings=f"{sum(not n.leaf for n in within):,} operations",
                    inputs=tuple(dict.fromkeys(new[i] for i in outside)), group=group.outer,
                )
            )  # fmt: skip
            new |= {n.number: len(nodes) - 1 for n in within}
    return graph.with_nodes(nodes)


# ----------------------------------------------------------------------------------------- graphviz

FONT = "Helvetica,Arial,sans-serif"
ORANGE = "#fab56f"  # what has changed
ROOM = '<font point-size="12"> </font>'  # around a line of small letters, makes it as high as it needs to be
INK, PALE_INK, RED, VIOLET = "#1f2933", "#5b6773", "#c02626", "#7048b6"  # violet: gradients
FILL = {
    "operation": "#ffffff",
    "result": "#fde3df",
    "parameter": "#dff3e4",
    "variable": "#dff3e4",
    "data": "#dfeafb",
    "constant": "#eef0f3",
    "module": "#eef0f3",
    "freed": "#ffffff",
    "failed": "#fbd0ca",
}
LINE = {
    "operation": "#8794a3",
    "result": "#d9604c",
    "parameter": "#4fa56a",
    "variable": "#4fa56a",
    "data": "#4f83c9",
    "constant": "#b4bdc8",
    "module": "#8794a3",
    "freed": "#b4bdc8",
    "failed": "#c02626",
}


# a - b is not b - a: their inputs are numbered, if it is not clear which is the first.
IN_ORDER = {"subtract", "divide", "power", "matmul", "solve", "where", "concatenate", "stack"}


def dot(graph: Graph, **attributes: str) -> str:
    """The graph in graphviz's language: data on top, the result at the bottom, a box per module."""
    picture = optional("graphviz").Digraph(
        "computation",
        graph_attr={
            "bgcolor": "transparent", "fontname": FONT, "fontsize": "12", "fontcolor": PALE_INK,
            "newrank": "true", "ranksep": "0.32", "nodesep": "0.22", "pad": "0.1",
            # Rounds of network simplex, per node: without a bound, a few hundred nodes that meet in
            # one place take the layout minutes.
            "nslimit": "2", "nslimit1": "2",
            **attributes,
        },
        node_attr={
            "shape": "box", "style": "rounded,filled", "fontname": FONT, "fontsize": "13",
            "fontcolor": INK, "height": "0.3", "margin": "0.2,0.06", "penwidth": "1.1",
        },
        edge_attr={"color": "#7b8794", "arrowsize": "0.6", "penwidth": "1.1",
                   "fontname": FONT, "fontsize": "9", "fontcolor": PALE_INK, "labeldistance": "1.3"},
    )  # fmt: skip
    graph = rolled_up(graph)
    if said := graph.note or graph.no_gradient:
        picture.attr(label=_html(_font(said, 11, RED)))
    inside, beside = _contents(graph, lambda node: True), _beside(graph)
    _draw_contents(picture, graph, inside, beside, None)
    for node in graph.nodes:
        chips = beside[node.number]
        numbered = node.title in IN_ORDER and node.inputs[1:] != tuple(chips)
        for i, source in enumerate(node.inputs):
            # The line of operations is pulled straight; leaves find their places around it.
            leaf = graph.nodes[source].leaf
            style = {"color": "#b4bdc8"} if leaf else {"weight": "8"}
            tail, head, label = f"n{source}", f"n{node.number}", "headlabel"
            right = source in chips and (chips.index(source) > 0 or len(chips) == 1)
            if right and (i or len(chips) == 1):  # of its operation, and not to the left
                tail, head, label, style["dir"] = head, tail, "taillabel", "back"
            if numbered:
                style[label] = str(i + 1)
            picture.edge(tail, head, **style)
    return str(picture.source)


def _draw_contents(
    picture: Any,
    graph: Graph,
    inside: dict[int | None, list[Any]],
    beside: dict[int, list[int]],
    group: int | None,
) -> None:
    """Nodes, and boxes within boxes: no deeper than the user's modules call each other."""
    for item in inside[group]:
        if isinstance(item, int):
            with picture.subgraph(name=f"cluster_{item}") as box:
                label = printable(graph.groups[item].label)
                box.attr(label=_html(_font(label, 12, PALE_INK)), labeljust="r", margin="10",
                         style="rounded,filled", color="#d3dae2", fillcolor="#8090a014",
                         **{"class": "module"})  # fmt: skip
                _draw_contents(box, graph, inside, beside, item)
        else:
            _draw_node(picture, item)
            if beside[item.number]:
                # a box without lines, which nothing else can come into
                with picture.subgraph(name=f"cluster_row{item.number}") as row:
                    row.attr(rank="same", style="invis", label="", margin="2",
                             **{"class": "row"})  # fmt: skip
                    for number in (*beside[item.number], item.number):
                        row.node(f"n{number}")


def _beside(graph: Graph) -> dict[int, list[int]]:
    """For each operation the inputs that are drawn beside it: parameters and constants of its own."""
    uses = Counter(source for source, _ in graph.edges)
    nodes = graph.nodes
    return {
        node.number: [
            i for i in node.inputs
            if nodes[i].kind in ("parameter", "constant") and uses[i] == 1
            and nodes[i].group == node.group
        ]
        for node in nodes
    }  # fmt: skip


def _draw_node(picture: Any, node: Node) -> None:
    title = f"<b>{_escape(printable(node.title))}</b>"
    if node.name:
        title = f"<b>{_escape(printable(node.name))}</b> = {title}"
    if node.settings:
        title += " " + _font(f"({printable(node.settings, 30)})", 10, PALE_INK)
    what = _font(f"{node.shape} {node.dtype}", 10, PALE_INK)
    lines = [title, what, _font(printable(node.value.words), 10, INK if node.finite else RED)]
    if not node.shape and node.kind == "constant":
        lines = [title]  # the 2 in 2 * x
    elif node.kind in ("parameter", "data", "constant") and node.shape:
        lines = [f"{title} {what}", lines[2]]
    if node.gradient:
        color = VIOLET if node.gradient.finite else RED
        lines.append(_font(f"gradient {printable(node.gradient.words)}", 10, color))
    if node.kind == "failed":
        lines = [title]
    said = [part for line in node.change.splitlines() for part in textwrap.wrap(line, 56)]
    color = RED if node.kind == "failed" else INK
    lines += [_font(printable(part), 10, color) for part in said]
    lines[1:] = [ROOM + line + ROOM for line in lines[1:]]
    style = {"style": "rounded,filled,dashed"} if node.kind == "freed" else {}
    if node.kind == "module":
        style = {"peripheries": "2"}
    picture.node(
        f"n{node.number}", _html("<br/>".join(lines)), fillcolor=_mixed(FILL[node.kind], node.shade),
        color=LINE[node.kind] if node.finite else RED, **{"class": node.kind}, **style,
    )  # fmt: skip


def _mixed(paper: str, shade: float) -> str:
    """A color, with so much orange in it."""
    parts = zip(bytes.fromhex(paper[1:]), bytes.fromhex(ORANGE[1:]), strict=True)
    return "#" + "".join(f"{round((1 - shade) * a + shade * b):02x}" for a, b in parts)


def _escape(words: str) -> str:
    r"""For labels: graphviz takes \N, for one, to be the name of the node, in HTML labels too."""
    return html.escape(words).replace("\\", "\\\\")


def _html(label: str) -> str:
    return f"<{label}>"


def _font(words: str, size: int, color: str) -> str:
    return f'<font point-size="{size}" color="{color}">{_escape(words)}</font>'


# ------------------------------------------------------------------------------------------ Mermaid


def mermaid(graph: Graph) -> str:
    """The graph in Mermaid's language. Its own signs are written as numbers, whoever they come from."""
    graph = rolled_up(graph)
    inside = _contents(graph, lambda node: True)
    lines = ["flowchart TD"]
    waiting: list[tuple[str, Any]] = [("  ", item) for item in reversed(inside[None])]
    while waiting:
        indent, item = waiting.pop()
        if isinstance(item, str):
            lines.append(indent + item)
        elif isinstance(item, int):
            label = _harmless(printable(graph.groups[item].label))
            lines.append(f'{indent}subgraph g{item}["{label}"]')
            waiting.append((indent, "end"))
            waiting += [(indent + "  ", part) for part in reversed(inside[item])]
        else:
            lines.append(f"{indent}{_mermaid_node(item)}")
    lines += [f"  n{source} --> n{target}" for source, target in graph.edges]
    for kind, fill in FILL.items():
        if numbers := [f"n{node.number}" for node in graph.nodes if node.kind == kind]:
            lines.append(f"  classDef {kind} fill:{fill},stroke:{LINE[kind]},color:{INK}")
            lines.append(f"  class {','.join(numbers)} {kind}")
    return "\n".join(lines)


def _mermaid_node(node: Node) -> str:
    words = [f"{node.name} = {node.title}" if node.name else node.title]
    if node.settings:
        words[0] += f" ({printable(node.settings, 30)})"
    if node.kind != "failed":
        words += [f"{node.shape} {node.dtype}", node.value.words]
    if node.gradient:
        words.append(f"gradient {node.gradient}")
    words += [part for line in node.change.splitlines() for part in textwrap.wrap(line, 56)]
    label = "<br>".join(_harmless(printable(part)) for part in words)
    start, end = ("([", "])") if node.leaf else ("(", ")")
    return f'n{node.number}{start}"{label}"{end}'


def _harmless(words: str) -> str:
    return "".join(c if c.isalnum() or c in " .,=+-:()±×_" else f"#{ord(c)};" for c in words)


# --------------------------------------------------------------------------------------- the pictures

# In a process of its own, as `dot` is: then it can be given up, and a crash in there is not ours.
PYGRAPHVIZ = (
    "import sys, pygraphviz; source = sys.stdin.buffer.read().decode(); "
    "picture = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog='dot'); "
    "sys.stdout.buffer.write(picture)"
)


def draw(source: str, kind: str, seconds: float | None = None) -> bytes:
    """A picture (svg, png, pdf) of a graph in graphviz's language.

    Raises ImportError if there is no graphviz, RuntimeError if it fails or does not finish in 30 seconds
    (or `seconds`).
    """
    seconds = SECONDS if seconds is None else seconds
    commands = []
    if program := shutil.which("dot"):
        commands.append([program, f"-T{kind}"])
    if importlib.util.find_spec("pygraphviz"):
        commands.append([sys.executable, "-P", "-c", PYGRAPHVIZ, kind])
    if not commands:
        raise ImportError(f"No picture, because there is no graphviz to draw it: {PROGRAM}.")
    failures = []
    for command in commands:
        try:
            done = subprocess.run(
                command, input=source.encode(), capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            # The others would lay it out in the same way.
            raise RuntimeError(
                f"No picture, because graphviz had not laid it out after {seconds} s: print(Graph(...)) "
                "shows it as text, Graph(..., depth=1) draws less of it, and a page (.html) needs no "
                "graphviz."
            ) from None
        except OSError as error:
            failures.append(str(error))
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip().splitlines()
        failures.append(said[-1] if said else f"exit status {done.returncode}")
    raise RuntimeError(f"No picture, because graphviz failed ({'; '.join(failures)}): {PROGRAM}.")


def svg(graph: Graph, seconds: float | None = None) -> str:
    """An `<svg>` element, to stand in a page or alone."""
    drawing = draw(dot(graph), "svg", seconds).decode()
    drawing = drawing[drawing.index("<svg") :]  # without the XML prolog: it names a DTD on the web
    drawing = re.sub(r"<title>.*?</title>\n?", "", drawing)  # graphviz's own names: n0, n1, ...
    about = html.escape(f"Computation graph of {printable(graph.nodes[-1].title)}")
    drawing = re.sub(r'<g id="node.*?</g>', _centered, drawing, flags=re.DOTALL)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{about}"', 1)


def _centered(node: re.Match[str]) -> str:
    """A node with its lines around its middle: a browser's letters are wider than graphviz thinks."""
    drawn = re.sub(r"<text[^>]*> </text>\n?", "", node[0])
    corners = re.findall(r' (?:d|points)="([^"]*)"', drawn)
    across = [float(x) for x in re.findall(r"(-?[\d.]+),", " ".join(corners))]
    middle = f"{(min(across) + max(across)) / 2:g}"
    places = Counter(re.findall(r'<text[^>]* y="([^"]*)"', drawn))
    return re.sub(
        r'text-anchor="start" x="[^"]*" y="([^"]*)"',
        lambda t: f'text-anchor="middle" x="{middle}" y="{t[1]}"' if places[t[1]] == 1 else t[0],
        drawn,
    )


FORMATS: dict[str, Callable[[Graph], bytes]] = {
    ".html": lambda graph: step_page(graph).encode(),
    ".svg": lambda graph: svg(graph).encode(),
    # at most 50 inches: a bitmap of a thousand operations would take minutes, and gigabytes
    ".png": lambda graph: draw(dot(graph, dpi="144", size="50,50", bgcolor="white"), "png"),
    ".pdf": lambda graph: draw(dot(graph), "pdf"),
    ".dot": lambda graph: dot(graph).encode(),
    ".mmd": lambda graph: (mermaid(graph) + "\n").encode(),
    ".json": lambda graph: as_json(graph).encode(),
    ".txt": lambda graph: (text(graph) + "\n").encode(),
}
