"""A `Graph` as JSON: for other programs, and for the script in the page to step through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.viz.nodes import WHOLE, Snapshot, heat_map

if TYPE_CHECKING:
    from tinygrad_edu.explaining import Explanation
    from tinygrad_edu.viz.graph import Graph


def as_json(graph: Graph, whole: int = WHOLE, heat: bool = True) -> str:
    """All that is known of a graph.

    nodes    as `Node`; value, gradient, row and line are places in the lists below
    groups   as `Group`
    steps    as `Arrival`: node, i, source, and contribution, before, after and local as places in arrays
    arrays   as `Snapshot`: numbers one after the other, if there are no more than `whole`; of more the heat
             map as cells from 0 (the smallest mean of a block, heat_low) to 254 (heat_high), 255 for NaN,
             two hexadecimal digits each, row by row
    rows     formula, rules, and what else the derivative table knows
    lines    of the user's program

    NaN and infinities are the words "nan", "inf" and "-inf". What is missing, empty or false is left out.
    """
    arrays, rows, lines = _List(), _List(), _List()

    def array(x: Snapshot | None) -> int | None:
        return None if x is None else arrays.place(x, lambda: _array(x, whole, heat))

    nodes = [
        _without_nothing(
            kind=node.kind, title=node.title, settings=node.settings, name=node.name,
            value=array(node.value), gradient=array(node.gradient), inputs=list(node.inputs),
            group=node.group, same=node.same if node.same != node.number else None,
            row=None if node.row is None else rows.place(node.row, lambda n=node: _row(n.row)),
            line=lines.place(node.line, lambda n=node: n.line) if node.line else None,
            change=node.change, shade=round(node.shade, 3),
        )
        for node in graph.nodes
    ]  # fmt: skip
    groups = [
        _without_nothing(label=g.label, outer=g.outer, repeats=g.repeats) for g in graph.groups
    ]
    steps = [
        _without_nothing(
            node=step.node, i=step.i, source=step.source, contribution=array(step.contribution),
            before=array(step.before), after=array(step.after), local=array(step.local),
        )
        for step in graph.steps
    ]  # fmt: skip
    known = {
        "format": "computation graph of tinygrad_edu, 1", "note": graph.note,
        "no_gradient": graph.no_gradient, "nodes": nodes, "groups": groups, "steps": steps,
        "arrays": arrays.things, "rows": rows.things, "lines": lines.things,
    }  # fmt: skip
    return json.dumps(known, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class _List:
    """Things of which each is written once, and referred to by its place."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self.by_id: dict[int, int] = {}
        self.by_content: dict[str, int] = {}

    def place(self, thing: Any, encoded: Any) -> int:
        if id(thing) not in self.by_id:  # everything that is asked for lives as long as the graph
            content = encoded()
            place = self.by_content.setdefault(repr(content), len(self.things))
            if place == len(self.things):
                self.things.append(content)
            self.by_id[id(thing)] = place
        return self.by_id[id(thing)]


def _without_nothing(**facts: Any) -> dict[str, Any]:
    """What is None, "", [] or 0 goes without saying, but for the places 0 in lists."""
    places = ("value", "gradient", "group", "outer", "row", "line", "node", "i", "source", "same",
              "contribution", "before", "after", "local")  # fmt: skip
    return {k: v for k, v in facts.items() if v or (v == 0 and v is not False and k in places)}


def _array(x: Snapshot, whole: int, heat: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"words": x.words, "shape": list(x.shape), "dtype": x.dtype}
    if not x.finite:
        facts["bad"] = True
    if x.mean is not None:
        facts |= {name: _exact(getattr(x, name)) for name in ("mean", "spread", "low", "high")}
    blocks = x.heat
    if x.numbers is not None:
        if x.numbers.size <= whole and x.numbers.dtype.kind in "fciub":
            facts["numbers"] = _all_exact(x.numbers.ravel())
        elif x.mean is not None:
            blocks = heat_map(x.numbers)
    if blocks is not None and heat:
        low, high, cells = _cells(blocks)
        facts |= {"heat": cells, "columns": blocks.shape[1], "heat_low": low, "heat_high": high}
    return facts


def cost(graph: Graph, whole: int, heat: bool) -> int:
    """About how many bytes the arrays of a graph take."""
    kept = {id(x): x for node in graph.nodes for x in (node.value, node.gradient) if x}
    kept |= {
        id(x): x for s in graph.steps for x in (s.contribution, s.before, s.after, s.local) if x
    }
    sizes = (x.heat.size if x.heat is not None else x.numbers.size for x in kept.values())  # type: ignore[union-attr]
    large = (lambda n: 200 + 2 * n) if heat else (lambda n: 160)
    return sum(20 * n + 160 if n <= whole else large(n) for n in sizes)


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


def _cells(heat: np.ndarray) -> tuple[Any, Any, str]:
    finite = heat[np.isfinite(heat)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    with np.errstate(all="ignore"):
        scaled = np.rint((heat - low) / ((high - low) or 1.0) * 254)
    cells = np.where(np.isfinite(scaled), scaled, 255).astype(np.uint8)
    return float(f"{low:.4g}"), float(f"{high:.4g}"), cells.tobytes().hex()


def _row(row: Explanation | None) -> dict[str, Any]:
    return {"title": row.title, "lines": [list(line) for line in row.lines]} if row else {}


__all__ = ["as_json", "cost"]
