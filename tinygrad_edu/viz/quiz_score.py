"""The score of a quiz on a step page, from the code that the page gives: for assignments."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.viz.json_export import fingerprint
from tinygrad_edu.viz.nodes import GraphData


@dataclass(frozen=True)
class Score:
    """What a reader has predicted. The first answer to each step counts."""

    right: int
    asked: int  # steps that were answered
    hints: int  # read before the answers
    steps: int  # of the whole page

    def __str__(self) -> str:
        return f"{self.right} of {self.asked} right with {self.hints} hints, of {self.steps} steps in all"


def read_score(code: str, graph: GraphData | None = None) -> Score:
    """The score that a step page gives under "copy my score".

    graph   if given, the code must come from a page of a graph with the same operations and shapes

    Programs can read the same on the page: `document.body.dataset.score` is {"right", "asked", "hints",
    "steps", "code"} as JSON, and a page within another one, as in a notebook, posts it to that one after each
    answer, as a message with `tinygrad_edu: "score"`.

    The code ends in a checksum, against slips of the keyboard; it is no secret.

    Raises ValueError for anything else, and for the code of another graph.

    >>> read_score("TG-3-4-1-15-0a1b2c3d-78781e83")
    Score(right=3, asked=4, hints=1, steps=15)
    """
    text, _, check = str(code).strip().rpartition("-")
    parts = text.split("-")
    if len(parts) != 6 or parts[0] != "TG" or check != _checksum(text):
        raise refusal(
            ValueError,
            f"{shortened(code)} is no score of a step page.",
            'the code below "copy my score", whole: TG-...',
        )
    if graph is not None and parts[5] != fingerprint(graph):
        raise refusal(
            ValueError,
            "this score belongs to another graph.",
            "the page of the same model, with data of the same shape",
        )
    return Score(*map(int, parts[1:5]))


def _checksum(text: str) -> str:
    """FNV-1a, which the page computes, too."""
    check = 0x811C9DC5
    for byte in text.encode():
        check = (check ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{check:08x}"
