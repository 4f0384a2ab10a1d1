"""A graph as JSON: for other programs, and for the script of the step page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.viz.nodes import GraphData, Snapshot

BRIEF = 4  # numbers of an array, in a brief export

# Facts that are places in lists, and so are written also if they are 0.
PLACES = {
    "value", "gradient", "group", "outer", "row", "line", "node", "i", "source", "same", "contribution",
    "before", "after", "local",
}  # fmt: skip


def as_json(graph: GraphData, brief: bool = False) -> str:
    """All that is known of a graph, or, if brief, no heat maps and no array of more than four numbers.

    nodes    as `Node`; value, gradient, row and line are places in the lists below
    groups   as `Group`
    steps    as `Arrival`: node, i, source, and contribution, before, after and local as places in arrays
    arrays   as `Snapshot`: numbers one after the other, if there are no more than 64; of more the heat map
             as cells from 0 (the smallest mean of a block, heat_low) to 254 (heat_high), 255 for NaN,
             two hexadecimal digits each, row by row
    rows     formula, rules, and what else the derivative table knows
    lines    of the user's program

    NaN and infinities are the words "nan", "inf" and "-inf". What is missing, empty or false is left out.
    """
    arrays = _List(lambda x: _array(x, brief))
    rows = _List(lambda row: {"title": row.title, "lines": [list(line) for line in row.lines]})
    lines = _List(str)
    nodes = [
        _facts(
            kind=node.kind, title=node.title, settings=node.settings, name=node.name,
            value=arrays.place(node.value), gradient=arrays.place(node.gradient),
            inputs=list(node.inputs), group=node.group,
            same=node.same if node.same != node.number else None, row=rows.place(node.row),
            line=lines.place(node.line or None), change=node.change, shade=round(node.shade, 3),
        )
        for node in graph.nodes
    ]  # fmt: skip
    groups = [_facts(**vars(group)) for group in graph.groups]
    steps = [
        _facts(**{k: arrays.place(x) if isinstance(x, Snapshot) else x for k, x in vars(s).items()})
        for s in graph.steps
    ]
    known = {
        "format": "computation graph of tinygrad_edu, 1", "note": graph.note,
        "no_gradient": graph.no_gradient, "nodes": nodes, "groups": groups, "steps": steps,
        "arrays": arrays.things, "rows": rows.things, "lines": lines.things,
    }  # fmt: skip
    return json.dumps(known, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class _List:
    """A list without repetitions, whose items are referred to by their places."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        self.encode = encode
        self.things: list[Any] = []
        self.by_id: dict[int, int] = {}
        self.by_content: dict[str, int] = {}

    def place(self, thing: Any) -> int | None:
        if thing is None:
            return None
        if id(thing) not in self.by_id:  # everything that is asked for lives as long as the graph
            content = self.encode(thing)
            place = self.by_content.setdefault(repr(content), len(self.things))
            if place == len(self.things):
                self.things.append(content)
            self.by_id[id(thing)] = place
        return self.by_id[id(thing)]


def _facts(**facts: Any) -> dict[str, Any]:
    """Leaves out None, "", [] and 0, but keeps the place 0."""
    return {name: fact for name, fact in facts.items() if fact or (fact == 0 and name in PLACES)}


def _array(x: Snapshot, brief: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"words": x.words, "shape": list(x.shape), "dtype": x.dtype}
    if not x.finite:
        facts["bad"] = True
    if x.mean is not None:
        facts |= {name: _exact(getattr(x, name)) for name in ("mean", "spread", "low", "high")}
    numbers = x.numbers
    if (
        numbers is not None
        and numbers.dtype.kind in "fciub"
        and not (brief and numbers.size > BRIEF)
    ):
        facts["numbers"] = _all_exact(numbers.ravel())
    if x.heat is not None and not brief:
        low, high, cells = _cells(x.heat)
        facts |= {"heat": cells, "columns": x.heat.shape[1], "heat_low": low, "heat_high": high}
    return facts


def _all_exact(x: np.ndarray) -> list:
    if x.dtype.kind == "f" and np.isfinite(x).all():
        if x.dtype != np.float64:  # with the digits that it has
            x = x.astype("U32").astype(np.float64)
        return x.tolist()
    return [_exact(number) for number in x]


def _exact(x: Any) -> Any:
    """A number of JSON with all its digits and no more: 0.1 of a float32 is 0.1."""
    if isinstance(x, np.generic):
        if x.dtype.kind == "f" and np.isfinite(x):
            return float(str(x))
        x = x.item()
    if isinstance(x, (bool, int)) or (isinstance(x, float) and np.isfinite(x)):
        return x
    return str(x)


def _cells(heat: np.ndarray) -> tuple[float, float, str]:
    finite = heat[np.isfinite(heat)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    with np.errstate(all="ignore"):
        scaled = np.rint((heat - low) / ((high - low) or 1.0) * 254)
    cells = np.where(np.isfinite(scaled), scaled, 255).astype(np.uint8)
    return float(f"{low:.4g}"), float(f"{high:.4g}"), cells.tobytes().hex()
