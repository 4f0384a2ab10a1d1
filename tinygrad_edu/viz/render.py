"""Ways to show a `Graph`: as text, and in graphviz's language, from which graphviz makes pictures."""

from __future__ import annotations

import html
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.viz.graph import Graph, Node

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


def printable(words: str, longest: int = 60) -> str:
    """Words of unknown origin, on one line: what cannot be printed is shown as Python writes it."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


# ------------------------------------------------------------------------------------------------ text


def text(graph: Graph) -> str:
    """One line per node: operations in the order of computing, within the modules they happened in.

    `#3` is the result of the third operation; a leaf stands below the operation that uses it first.
    """
    rows = list(_rows(graph))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    lines = [f"{a:<{widths[0]}}   {b:<{widths[1]}}   {c}".rstrip() for a, b, c in rows]
    return "\n".join(lines + ([graph.note] if graph.note else []))


def _rows(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """(what, shape and dtype, value)."""
    names: dict[int, str] = {}
    listed: set[int] = set()
    leaves: dict[int, list[Node]] = {}  # below which operation a leaf is listed
    for node in graph.nodes:
        if node.inputs or node.kind == "freed":
            names[node.number] = f"#{len(names) - len(listed) + 1}"
        for i in node.inputs:
            leaf = graph.nodes[i]
            if not leaf.inputs and leaf.kind != "freed" and i not in listed:
                listed.add(i)
                names[i] = printable(leaf.title)
                leaves.setdefault(node.number, []).append(leaf)
    top = graph.nodes[-1].number
    children = _contents(graph, lambda n: n.number not in listed or n.number == top)
    waiting: list[tuple[str, str, Any]] = [("", "", item) for item in reversed(children[None])]
    while waiting:
        before, below, item = waiting.pop()
        if isinstance(item, int):  # a group
            yield before + printable(graph.groups[item].label), "", ""
            inside: list[Any] = children[item]
        else:
            words = printable(item.title)
            if item.number in names and item.number not in listed:
                given = ", ".join(names[i] for i in item.inputs)
                settings = f", {printable(item.settings)}" if item.settings else ""
                words = f"{names[item.number]} {words}" + (f"({given}{settings})" if given else "")
            # a number among the inputs has its value for a name, which need not be said twice
            value = "" if item.title == item.value else item.value
            yield before + words, f"{item.shape} {item.dtype}", value
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


# ----------------------------------------------------------------------------------------- graphviz

FONT = "Helvetica,Arial,sans-serif"
INK, PALE_INK, RED = "#1f2933", "#5b6773", "#c02626"
FILL = {
    "operation": "#ffffff",
    "result": "#fde3df",
    "parameter": "#dff3e4",
    "variable": "#dff3e4",
    "data": "#dfeafb",
    "constant": "#eef0f3",
    "freed": "#ffffff",
}
LINE = {
    "operation": "#8794a3",
    "result": "#d9604c",
    "parameter": "#4fa56a",
    "variable": "#4fa56a",
    "data": "#4f83c9",
    "constant": "#b4bdc8",
    "freed": "#b4bdc8",
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
            "fontcolor": INK, "height": "0.3", "margin": "0.14,0.06", "penwidth": "1.1",
        },
        edge_attr={"color": "#7b8794", "arrowsize": "0.6", "penwidth": "1.1",
                   "fontname": FONT, "fontsize": "9", "fontcolor": PALE_INK, "labeldistance": "1.3"},
    )  # fmt: skip
    if graph.note:
        picture.attr(label=_html(_font(graph.note, 11, RED)))
    inside, beside = _contents(graph, lambda node: True), _beside(graph)
    _draw_contents(picture, graph, inside, beside, None)
    for node in graph.nodes:
        chips = beside[node.number]
        numbered = node.title in IN_ORDER and node.inputs[1:] != tuple(chips)
        for i, source in enumerate(node.inputs):
            # The line of operations is pulled straight; leaves find their places around it.
            leaf = not graph.nodes[source].inputs
            style = {"color": "#b4bdc8"} if leaf else {"weight": "8"}
            tail, head, label = f"n{source}", f"n{node.number}", "headlabel"
            if source in chips and (i or len(chips) == 1):  # to the right of its operation
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
    if node.settings:
        title += " " + _font(f"({printable(node.settings, 30)})", 10, PALE_INK)
    what = _font(f"{node.shape} {node.dtype}", 10, PALE_INK)
    lines = [title, what, _font(printable(node.value), 10, INK if node.finite else RED)]
    if not node.shape and node.kind == "constant":
        lines = [title]  # the 2 in 2 * x
    elif node.kind in ("parameter", "data", "constant") and node.shape:
        lines = [f"{title} {what}", lines[2]]
    style = {"style": "rounded,filled,dashed"} if node.kind == "freed" else {}
    picture.node(
        f"n{node.number}", _html("<br/>".join(lines)), fillcolor=FILL[node.kind],
        color=LINE[node.kind] if node.finite else RED, **{"class": node.kind}, **style,
    )  # fmt: skip


def _escape(words: str) -> str:
    r"""For labels: graphviz takes \N, for one, to be the name of the node, in HTML labels too."""
    return html.escape(words).replace("\\", "\\\\")


def _html(label: str) -> str:
    return f"<{label}>"


def _font(words: str, size: int, color: str) -> str:
    return f'<font point-size="{size}" color="{color}">{_escape(words)}</font>'


# --------------------------------------------------------------------------------------- the pictures

# In a process of its own, as `dot` is: then it can be given up, and a crash in there is not ours.
PYGRAPHVIZ = (
    "import sys, pygraphviz; source = sys.stdin.buffer.read().decode(); "
    "picture = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog='dot'); "
    "sys.stdout.buffer.write(picture)"
)


def draw(source: str, kind: str) -> bytes:
    """A picture (svg, png, pdf) of a graph in graphviz's language.

    Raises ImportError if there is no graphviz, RuntimeError if it fails or does not finish.
    """
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
                command, input=source.encode(), capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            # The others would lay it out in the same way.
            raise RuntimeError(
                f"No picture, because graphviz had not laid it out after {SECONDS} s: print(graph(...)) "
                "shows it as text; or draw a smaller part."
            ) from None
        except OSError as error:
            failures.append(str(error))
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip().splitlines()
        failures.append(said[-1] if said else f"exit status {done.returncode}")
    raise RuntimeError(f"No picture, because graphviz failed ({'; '.join(failures)}): {PROGRAM}.")


def svg(graph: Graph) -> str:
    """An `<svg>` element, to stand in a page or alone."""
    drawing = draw(dot(graph), "svg").decode()
    drawing = drawing[drawing.index("<svg") :]  # without the XML prolog: it names a DTD on the web
    drawing = re.sub(r"<title>.*?</title>\n?", "", drawing)  # graphviz's own names: n0, n1, ...
    about = html.escape(f"Computation graph of {printable(graph.nodes[-1].title)}")
    return drawing.replace("<svg", f'<svg role="img" aria-label="{about}"', 1)


FORMATS: dict[str, Callable[[Graph], bytes]] = {
    ".svg": lambda graph: svg(graph).encode(),
    # at most 50 inches: a bitmap of a thousand operations would take minutes, and gigabytes
    ".png": lambda graph: draw(dot(graph, dpi="144", size="50,50", bgcolor="white"), "png"),
    ".pdf": lambda graph: draw(dot(graph), "pdf"),
    ".dot": lambda graph: dot(graph).encode(),
    ".txt": lambda graph: (text(graph) + "\n").encode(),
}
