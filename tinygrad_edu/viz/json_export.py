"""A graph as JSON: for other programs, and for the script of the step page."""

from __future__ import annotations

import functools
import json
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.viz.first_bad import first_bad
from tinygrad_edu.viz.nodes import GraphData, Snapshot
from tinygrad_edu.viz.play import Play

BRIEF = 4  # numbers of an array, in a brief export


def as_json(graph: GraphData, brief: bool = False) -> str:
    """A graph as JSON, see `as_facts`."""
    return written(as_facts(graph, brief))


def written(facts: dict[str, Any]) -> str:
    """Facts as JSON."""
    return json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def as_facts(graph: GraphData, brief: bool = False, play: Play | None = None) -> dict[str, Any]:
    """All that is known of a graph, or, if brief, no heat maps and no array of more than four numbers.

    nodes    as `Node`; value, gradient, row and line are places in the lists below. What failed has its whole
             error as `change`, the axes that do not fit as `clash`, and no value
             uses: the nodes that use a leaf which is drawn more than once, such as a shared parameter
    groups   as `Group`
    steps    as `Arrival`; contribution, before, after and local are places in `arrays`
    id       of the operations and shapes: see `fingerprint`
    first_bad   as `FirstBad`: where NaN or infinity came up first
    arrays   as `Snapshot`: all numbers in one list if there are at most 64; otherwise the heat map, row by
             row, two hexadecimal digits for each block: from 0 (the smallest mean, heat_low) to 254
             (heat_high), and 255 for NaN
    rows     formula, rules, and what else the derivative table knows
    lines    of the user's program
    play     what a page can change, see `_play`; in most files it is missing

    NaN and infinities are the words "nan", "inf" and "-inf". What is missing or empty is left out.
    """
    arrays = _List(lambda x: _array(x, brief))
    rows = _List(lambda row: {"title": row.title, "lines": row.lines})
    lines = _List(str)
    uses = _uses(graph)
    nodes = [
        vars(node) | {
            "number": None, "uses": uses.get(node.number),
            "same": node.same if node.same != node.number else None,
            "value": arrays.place(node.value), "gradient": arrays.place(node.gradient),
            "row": rows.place(node.row), "line": lines.place(node.line or None),
        } | ({"value": None} if node.kind == "failed" and not node.value.words else {})
        for node in graph.nodes
    ]  # fmt: skip
    steps = [
        {name: arrays.place(x) if isinstance(x, Snapshot) else x for name, x in vars(step).items()}
        for step in graph.steps
    ]
    known: dict[str, Any] = {
        "format": "computation graph of tinygrad_edu, 1", "note": graph.note,
        "id": fingerprint(graph), "no_gradient": graph.no_gradient, "nodes": [*map(without_empty, nodes)],
        **({"first_bad": without_empty(vars(bad))} if (bad := first_bad(graph)) else {}),
        "groups": [without_empty(vars(group)) for group in graph.groups],
        "steps": [*map(without_empty, steps)],
        "arrays": arrays.contents, "rows": rows.contents, "lines": lines.contents,
    }  # fmt: skip
    if play:
        known["play"] = _play(graph, play)
    return known


def fingerprint(graph: GraphData) -> str:
    """What graphs share that have the same operations and shapes, whatever their numbers are."""
    looks = "\n".join(f"{n.kind} {n.title} {n.shape} {n.inputs}" for n in graph.nodes)
    return f"{zlib.crc32(looks.encode(errors='replace')):08x}"


def _uses(graph: GraphData) -> dict[int, list[int]]:
    """The nodes that use a leaf, for each node of a leaf that is drawn more than once."""
    drawn: dict[int, list[int]] = {}
    used: dict[int, list[int]] = {}
    for node in graph.nodes:
        drawn.setdefault(node.same, []).append(node.number)
        for i in dict.fromkeys(node.inputs):
            used.setdefault(graph.nodes[i].same, []).append(node.number)
    return {
        i: [*dict.fromkeys(used.get(same, ()))]
        for same, copies in drawn.items() if len(copies) > 1
        for i in copies
    }  # fmt: skip


class _List:
    """A list without repetitions, whose items are referred to by their places."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        self.encode = encode
        self.contents: list[Any] = []
        self.places: dict[str, int] = {}
        self.place = functools.cache(self._place)

    def _place(self, thing: Any) -> int | None:
        if thing is None:
            return None
        content = self.encode(thing)
        place = self.places.setdefault(repr(content), len(self.contents))
        if place == len(self.contents):
            self.contents.append(content)
        return place


def _play(graph: GraphData, play: Play) -> dict[str, Any]:
    """The graph with other numbers.

    arrays    as in the graph; a number alone stands for the array of it, of float64
    sliders   node, place in its array, points, start (the point of the graph itself), kept (operations
              whose conditions stay), slots, places
    rate, descent   learning rate, and slots and places after 0, 1, 2, ... steps down

    What differs from point to point is in `slots`: 2i is the value of node i, and 2i + 1 its gradient; after
    these come four for each step: contribution, before, after, local. `places` has a list for each point:
    for each slot a place in `arrays`.
    """
    arrays = _List(_short_array)
    changes = lambda graphs: _changes([[*map(arrays.place, _snapshots(g))] for g in graphs])
    facts: dict[str, Any] = {"sliders": []}
    for slider in play.sliders:
        about = {"node": slider.node, "place": slider.place, "start": slider.start}
        points = _numbers(np.array(slider.points))
        facts["sliders"].append(
            about | {"points": points, "kept": slider.kept} | changes(slider.graphs)
        )
    if play.descent:
        facts |= {"rate": play.rate, "descent": changes(play.descent)}
    return facts | {"arrays": arrays.contents}


def _snapshots(graph: GraphData) -> list[Snapshot | None]:
    """All that may differ from point to point, in the order of the slots."""
    nodes = [x for node in graph.nodes for x in (node.value, node.gradient)]
    steps = [
        x for step in graph.steps for x in (step.contribution, step.before, step.after, step.local)
    ]
    return nodes + steps


def _changes(rows: list[list[int | None]]) -> dict[str, Any]:
    slots = [slot for slot, column in enumerate(zip(*rows, strict=True)) if len({*column}) > 1]
    return {"slots": slots, "places": [[row[slot] for slot in slots] for row in rows]}


def _short_array(x: Snapshot) -> Any:
    facts = _array(x, brief=False)
    single = facts.keys() == {"words", "shape", "dtype", "numbers"} and not facts["shape"]
    return facts["numbers"][0] if single and facts["dtype"] == "float64" else facts


def without_empty(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts without those that are missing or empty."""
    return {name: fact for name, fact in facts.items() if fact not in (None, "", ())}


def _array(x: Snapshot, brief: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"words": x.words, "shape": list(x.shape), "dtype": x.dtype}
    if not x.finite:
        facts["bad"] = list(x.bad)
    if x.mean is not None:
        statistics = np.array([x.mean, x.spread, x.low, x.high], np.float64)
        facts |= zip(("mean", "spread", "low", "high"), _numbers(statistics), strict=True)
    numbers = x.numbers
    if numbers is not None and (
        numbers.dtype.kind not in "fciub" or (brief and numbers.size > BRIEF)
    ):
        numbers = None
    if numbers is not None:
        facts["numbers"] = _numbers(numbers.ravel())
    if x.heat is not None and not brief:
        low, high, cells = _cells(x.heat)
        facts |= {"heat": cells, "columns": x.heat.shape[1], "heat_low": low, "heat_high": high}
    return facts


def _numbers(x: np.ndarray) -> list[Any]:
    """Numbers as JSON has them, with the digits of their dtype: 0.1 of a float32 is 0.1."""
    if x.dtype.kind == "f" and x.dtype != np.float64:
        x = x.astype("U32").astype(np.float64)
    if x.dtype.kind != "c" and np.isfinite(x).all():
        return x.tolist()
    return [str(y) if isinstance(y, complex) or not math.isfinite(y) else y for y in x.tolist()]


def _cells(heat: np.ndarray) -> tuple[float, float, str]:
    finite = heat[np.isfinite(heat)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    with np.errstate(all="ignore"):
        scaled = np.rint((heat - low) / ((high - low) or 1.0) * 254)
    cells = np.where(np.isfinite(scaled), scaled, 255).astype(np.uint8)
    return float(f"{low:.4g}"), float(f"{high:.4g}"), cells.tobytes().hex()
