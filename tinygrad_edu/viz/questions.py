"""The questions of the step page: each step asks for a number, a sign or a shape before it is shown.

A question is for the script of the page, which fills its numbers in (see `worked`) and judges the answer:

    kind     "number", "sign" or "shape"
    at       which number is asked for, of many
    words    the question
    terms    the numbers that make the answer, which are a part of the question
    given    the same, but a part of it only where four digits of each are not enough
    hint     what helps; of an entry it is all digits of the terms
"""

from __future__ import annotations

import math
import re
from typing import Any

from tinygrad_edu.viz.nodes import Arrival, Node, Snapshot
from tinygrad_edu.viz.worked import Entries, flat, plain

FEW = 4  # numbers that one can add up


def ask_seed(entries: Entries) -> dict[str, Any]:
    """Asks for the gradient that the backward pass begins with."""
    words = f"What is the gradient of {entries.names[-1]} with respect to itself?"
    hint = "By how much does L change if L changes by 1?"
    return {"kind": "number", "words": words, "hint": hint}


def ask(entries: Entries, node: Node, k: int | None = None) -> dict[str, Any]:
    """Asks for the result of a node or of step k: a number if it can be worked out, or a sign, or a shape."""
    step = None if k is None else entries.graph.steps[k]
    y = node.value if step is None else step.after
    if worked := entries.worked(node, k):
        return _for_entry(entries, k, y, *worked)
    if entries.known(f"v{node.number}" if k is None else f"a{k}") and math.prod(y.shape) == 1:
        return _for_number(entries, node, k)
    return _for_shape(entries, node, step, y)


def _subject(entries: Entries, step: Arrival | None) -> str:
    if step is None:
        return "the result"
    x = entries.names[step.source]
    if step.before is None:
        return f"the contribution to {x}.grad"
    return f"{x}.grad, after this contribution is accumulated"


def _for_entry(
    entries: Entries, k: int | None, y: Snapshot, place: tuple[int, ...], terms: str
) -> dict[str, Any]:
    step = None if k is None else entries.graph.steps[k]
    if step is not None:
        before = entries.entry(f"b{k}", place) + " + " if step.before else ""
        terms = f"it is {before}{terms} = ?"
    words = f"What is {_subject(entries, step)}, at {list(place)}? There "
    return {"kind": "number", "at": flat(place, y.shape), "words": words, "terms": terms}


def _for_number(entries: Entries, node: Node, k: int | None) -> dict[str, Any]:
    step = None if k is None else entries.graph.steps[k]
    inputs = [(entries.names[i], f"v{i}") for i in node.inputs]
    shown, formula, upstream = inputs, node.row.title if node.row else "", f"g{node.number}"
    if step is not None:
        formula = " = ".join(filter(None, node.rule(step.i)))
        parts = [
            ("upstream gradient", upstream),
            ("local derivative", f"l{k}"),
            ("before", f"b{k}"),
        ]
        shown = parts if step.local else [*inputs, *parts]
    numbers = lambda array: math.prod(entries.shape(array))
    given = ", ".join(
        f"{name} = {{{array}[0]}}"
        for name, array in shown
        if entries.known(array) and numbers(array) == 1
    )
    hint = ", with ".join(filter(None, [plain(formula.split("\n")[0]), given]))
    most = 2 * FEW if node.rule(0)[1].startswith("spread(") else FEW
    made_from = [array for _, array in inputs] + ([] if step is None else [upstream])
    subject = _subject(entries, step)
    if any(numbers(array) > most for array in made_from):
        words = f"Is {subject} positive, negative or zero? Answer +, -, 0 or nan."
        return {"kind": "sign", "words": words, "hint": hint}
    question = {"kind": "number", "words": f"What is {subject}?", "hint": hint}
    cancels = re.search("add|subtract", node.title) or (step and step.before)
    return question | ({"given": f" With all digits: {given}."} if cancels else {})


def _for_shape(entries: Entries, node: Node, step: Arrival | None, y: Snapshot) -> dict[str, Any]:
    if step is None:
        what, hint = "the shape of the result", f"It has {len(y.shape)} axes."
        known = ", ".join(
            f"{entries.names[i]} has {_shape(entries.nodes[i].value)}" for i in node.inputs[:3]
        )
    else:
        what = f"the shape of the gradient of {entries.names[step.source]}"
        hint = "A gradient has the shape of what it belongs to."
        known = f"the upstream gradient has {_shape(node.gradient) if node.gradient else '?'}"
    words = f"What is {what}? Answer like 3, 4. ({known})"
    return {"kind": "shape", "words": words, "hint": hint}


def _shape(x: Snapshot) -> str:
    return "list" if x.dtype == "list" else f"{x.shape}"
