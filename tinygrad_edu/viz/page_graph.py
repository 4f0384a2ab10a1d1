"""A graph as the script of the step page reads it: its JSON, and all words that can be written beforehand.

In addition to what `as_facts` has, and with names that are fit to be shown:

    nodes    called (in a sentence), label and extra (what is written on it), order, told
    groups   short (its label in the picture), inside (its operations), story (forward, backward)
    steps    told
    seed     said and ask, of the beginning of the backward pass
    closed   the groups that are collapsed at first
    culprit  the node that shows what is wrong with the graph
    decades  the powers of ten between which the gradients of the page are
    curve    of a slider, see `slider_curve`; trouble: the first NaN or infinity at each of its points

told is what is said of a step: said (a sentence), rule, how (an edge without a local derivative), symbols (of
the inputs, in formulas), worked (the place of an entry, and what makes it), factors (of a product of
matrices), ask (see `questions`).
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.viz.first_bad import FirstBad, first_bad
from tinygrad_edu.viz.json_export import as_facts, without_empty
from tinygrad_edu.viz.nodes import GraphData, Node, Snapshot, printable
from tinygrad_edu.viz.play import Play
from tinygrad_edu.viz.questions import ask, ask_seed
from tinygrad_edu.viz.slider_curve import curve
from tinygrad_edu.viz.steps_in_words import alert, back, forward, how, seed, story
from tinygrad_edu.viz.worked import Entries, symbols

MANY = 70  # nodes that fit on a screen
WHOLE = 10_000  # characters: what is not to be cut


def page_graph(graph: GraphData, brief: bool = False, play: Play | None = None) -> dict[str, Any]:
    """All that the page knows of a graph."""
    known = as_facts(graph, brief, play)
    entries, bad = Entries(graph, brief), first_bad(graph)
    shown = culprit(graph, bad)
    for group, facts, inside in zip(graph.groups, known["groups"], operations(graph), strict=True):
        facts |= {"label": printable(group.label, WHOLE), "short": printable(group.label, 40)}
        facts |= {"inside": inside, "story": story(entries, inside)}
    _tell_nodes(known["nodes"], entries)
    _tell_steps(known["steps"], entries)
    known |= {
        "seed": {"said": seed(entries), "ask": ask_seed(entries)},
        "closed": closed_at_first(graph, shown), "culprit": shown,
        "decades": decades(graph),
    }  # fmt: skip
    _clean(known)
    if play:
        known["play"]["arrays"] = [*map(_clean_array, known["play"]["arrays"])]
        for slider, facts in zip(play.sliders, known["play"]["sliders"], strict=True):
            facts |= {"curve": curve(slider), "trouble": _trouble(slider.graphs)}
        if play.descent:
            known["play"]["descent"]["trouble"] = _trouble(play.descent)
    return known


# ----------------------------------------------------------------------------------------- words


def _tell_nodes(facts: list[dict[str, Any]], entries: Entries) -> None:
    order = 0
    for node, about, name in zip(entries.nodes, facts, entries.graph.names, strict=True):
        about |= _names(node, name)
        if node.leaf:
            continue
        order += 1
        told = {"said": forward(entries, node), "symbols": symbols(node) if node.row else ()}
        about |= {"order": order, "told": without_empty(told | _numbers(entries, node))}


def _tell_steps(facts: list[dict[str, Any]], entries: Entries) -> None:
    for k, (step, about) in enumerate(zip(entries.graph.steps, facts, strict=True)):
        node = entries.nodes[step.node]
        told = {
            "said": back(entries, k), "rule": " = ".join(filter(None, node.rule(step.i))),
            "how": "" if step.local else how(entries, step),
        }  # fmt: skip
        about["told"] = without_empty(told | _numbers(entries, node, k))


def _numbers(entries: Entries, node: Node, k: int | None = None) -> dict[str, Any]:
    return {
        "worked": entries.worked(node, k), "factors": tuple(entries.factors(node, k)),
        "ask": ask(entries, node, k),
    }  # fmt: skip


def _names(node: Node, called: str) -> dict[str, str]:
    """How a node is called in a sentence, and what is written on it."""
    title = printable(node.title, 28)
    if node.name:
        title = f"{printable(node.name, 12)} = {printable(node.title, 20)}"
    settings = printable(node.settings, 40 if node.kind == "module" else 18)
    names = {"called": called, "label": title, "extra": settings}
    return names | {"title": printable(node.title), "settings": printable(node.settings, WHOLE)}


def _clean(known: dict[str, Any]) -> None:
    """Makes visible what is not, in all words that are not ours."""
    lines = lambda text: "\n".join(printable(line, WHOLE) for line in text.split("\n"))
    for about in known["nodes"]:
        if "change" in about:
            about["change"] = lines(about["change"])
    for row in known["rows"]:
        row["title"] = lines(row["title"])
        row["lines"] = [(name, lines(words)) for name, words in row["lines"]]
    known["arrays"] = [*map(_clean_array, known["arrays"])]
    known["lines"] = [*map(lines, known["lines"])]
    for name in ("note", "no_gradient"):
        known[name] = lines(known[name])
    if "first_bad" in known:
        known["first_bad"]["words"] = lines(known["first_bad"]["words"])


def _clean_array(x: Any) -> Any:
    if not isinstance(x, dict):
        return x
    return x | {"words": printable(x["words"], 80), "dtype": printable(x["dtype"])}


# -------------------------------------------------------------------------------- the first look


def culprit(graph: GraphData, bad: FirstBad | None) -> int | None:
    """The node that a page about an error begins with."""
    if graph.nodes[-1].kind == "failed":
        return graph.nodes[-1].number
    return bad.path[0] if bad and not bad.ends else None


def _trouble(graphs: list[GraphData]) -> list[dict[str, Any]] | None:
    """What is wrong at each point of a slider; None if nothing is at any."""
    found = [(graph, first_bad(graph)) for graph in graphs]
    if not any(bad for _, bad in found):
        return None
    return [
        {"alert": alert(graph), "first_bad": bad and without_empty(vars(bad))}
        for graph, bad in found
    ]


def operations(graph: GraphData) -> list[list[int]]:
    """The operations in each group, those of inner groups included."""
    inside: list[list[int]] = [[] for _ in graph.groups]
    for node in graph.nodes:
        if not node.leaf:
            for g in around(graph, node.group):
                inside[g].append(node.number)
    return inside


def around(graph: GraphData, group: int | None) -> list[int]:
    """A group and those around it, from the innermost."""
    found = []
    while group is not None:
        found.append(group)
        group = graph.groups[group].outer
    return found


def closed_at_first(graph: GraphData, shown: int | None) -> list[int]:
    """The groups that are collapsed at first: repeated blocks, and so many that the rest fits on a screen.

    Those around the node `shown` are open.
    """
    groups = graph.groups
    repeats = lambda g: g is not None and groups[g].repeats
    closed = {g for g, group in enumerate(groups) if repeats(g) or repeats(group.outer)}
    chains = [around(graph, node.group) for node in graph.nodes]

    def drawn() -> int:
        """How many nodes there are to see; the outermost collapsed group stands for all in it."""
        outermost = lambda chain: [g for g in chain if g in closed][-1:]
        return len(
            {(*outermost(chain), -1) if outermost(chain) else i for i, chain in enumerate(chains)}
        )

    depth = [len(around(graph, group.outer)) for group in groups]
    for level in range(max(depth, default=-1), -1, -1):
        if drawn() <= MANY:
            break
        closed |= {g for g, d in enumerate(depth) if d == level}
    return sorted(closed - set(chains[shown] if shown is not None else ()))


def decades(graph: GraphData) -> list[int] | None:
    """The powers of ten around the sizes of all gradients, the scale of the widths of lines."""
    sizes = [s for step in graph.steps if 0 < (s := _size(step.contribution)) < math.inf]
    if not sizes:
        return None
    low = math.floor(math.log10(min(sizes)) + 1e-9)
    return [low, max(low + 1, math.ceil(math.log10(max(sizes)) - 1e-9))]


def _size(x: Snapshot) -> float:
    """The size of the largest number; 0 if it is not known, or not finite."""
    if x.low is not None and x.high is not None and x.finite:
        return max(abs(x.low), abs(x.high))
    single = (
        x.finite
        and x.numbers is not None
        and x.numbers.size == 1
        and x.numbers.dtype.kind in "fiub"
    )
    return abs(float(x.numbers.item())) if single else 0.0  # type: ignore[union-attr]
