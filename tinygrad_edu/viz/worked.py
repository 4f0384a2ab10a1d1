"""One entry of the result of a step, worked out with numbers: "[1, 0] is 2 × (-3) + 0.5 × 4".

The texts about steps leave their numbers out, as these change when a reader plays. They name them in braces,
and whoever shows a text fills them in (page/steps.js, and `filled` for readers without a script):

    {v3} {g3}             value and gradient of node 3
    {c7} {l7} {b7} {a7}   of step 7: contribution, local derivative, and the gradient before and after
    {c7[2]}               the third number of the contribution
    {c7[2]*}              the same as a factor: in parentheses if it is negative
    {c7^}                 the size of the largest number
    {{                    a brace
"""

from __future__ import annotations

import math
import re

import numpy as np

from tinygrad_edu.viz.nodes import Arrival, GraphData, Node, Snapshot

MOST_TERMS = 4  # of a sum that one works out in one's head
MOST_REPEATED = 8  # numbers of a gradient that belong to one of a broadcast input
BRIEF = 4  # numbers of an array, in a brief export
PARTS = {"c": "contribution", "l": "local", "b": "before", "a": "after"}

Place = tuple[int, ...]


class Entries:
    """The numbers of a graph, as texts name them.

    brief    arrays of more than four numbers are known by their statistics alone
    """

    def __init__(self, graph: GraphData, brief: bool = False) -> None:
        self.graph, self.nodes, self.brief = graph, graph.nodes, brief
        self.names = [plain(name) for name in graph.names]

    def array(self, name: str) -> Snapshot | None:
        """The array that a text calls "v3", "g3", "c7", ..."""
        kind, i = name[0], int(name[1:])
        if kind in PARTS:
            return getattr(self.graph.steps[i], PARTS[kind])
        return self.nodes[i].value if kind == "v" else self.nodes[i].gradient

    def known(self, *names: str) -> bool:
        """Does the page have all numbers of these arrays?"""
        return all(self._known(self.array(name)) for name in names)

    def _known(self, x: Snapshot | None) -> bool:
        if x is None or x.numbers is None or x.numbers.dtype.kind not in "fciub":
            return False
        return x.numbers.size <= BRIEF or not self.brief

    def entry(self, name: str, place: Place, mark: str = "") -> str:
        """The number of an array that is broadcast to a place in the result."""
        shape = self.shape(name)
        return f"{{{name}[{flat(own(shape, place), shape)}]{mark}}}"

    def shape(self, name: str) -> Place:
        x = self.array(name)
        return x.shape if x else ()

    def nameless(self, i: int) -> bool:
        """Is it a constant that has no other name than its number?"""
        return self.nodes[i].leaf and self.nodes[i].title == self.nodes[i].value.words

    # ------------------------------------------------------------------------------ worked out

    def worked(self, node: Node, k: int | None = None) -> tuple[Place, str] | None:
        """An entry of the result of a node, or of the contribution of step k, that few numbers make.

        It is the place of the entry, and a text.
        """
        y = f"v{node.number}" if k is None else f"c{k}"
        shape, x = self.shape(y), self.array(y)
        if not self.known(y) or math.prod(shape) < 2 or (x and x.dtype.startswith("complex")):
            return None
        which = (node.number * 5 + 1) % math.prod(shape)  # not always the first
        place = tuple(map(int, np.unravel_index(which, shape)))
        factors = self.factors(node, k)
        if factors:
            words = self._row_times_column(factors, place)
        elif k is None:
            words = self._inputs(node, place)
        else:
            words = self._back(node, k, place)
        return (place, words) if words else None

    def factors(self, node: Node, k: int | None = None) -> list[tuple[str, str, bool]]:
        """Of a product of matrices: (name, array, is it transposed?) of both and of the result.

        [] for other steps, and where not all numbers are known.
        """
        if node.title != "matmul":
            return []
        (a, x), (b, w) = ((self.names[i], f"v{i}") for i in node.inputs)
        g, y = f"g{node.number}", f"v{node.number}" if k is None else f"c{k}"
        arrays = (x, w, y) if k is None else (x, w, y, g)
        if not self.known(*arrays) or any(len(self.shape(each)) != 2 for each in arrays):
            return []
        if not math.prod(self.shape(y)):
            return []
        if k is None:
            return [(a, x, False), (b, w, False), ("result", y, False)]
        upstream, result = ("g", g, False), ("contribution", y, False)
        if self.graph.steps[k].i:
            return [(f"{a}, transposed", x, True), upstream, result]
        return [upstream, (f"{b}, transposed", w, True), result]

    def _row_times_column(self, factors: list[tuple[str, str, bool]], place: Place) -> str:
        (_, left, left_turned), (_, right, right_turned), _ = factors
        terms = self.shape(left)[0 if left_turned else 1]
        if terms > MOST_TERMS:
            return ""
        turned = lambda place, turn: place[::-1] if turn else place
        return " + ".join(
            f"{self.entry(left, turned((place[0], t), left_turned), '*')} × "
            f"{self.entry(right, turned((t, place[1]), right_turned), '*')}"
            for t in range(terms)
        )

    def _inputs(self, node: Node, place: Place) -> str:
        """The numbers that an elementwise operation makes one of."""
        if not elementwise(node) or not self.known(*(f"v{i}" for i in node.inputs)):
            return ""
        words = []
        for i in node.inputs:
            here = own(self.shape(f"v{i}"), place)
            where = f"[{', '.join(map(str, here))}]" if here else ""
            name = "" if self.nameless(i) else f"{self.names[i]}{where} = "
            words.append(name + self.entry(f"v{i}", place))
        return ", ".join(words)

    def _back(self, node: Node, k: int, place: Place) -> str:
        step, g = self.graph.steps[k], f"g{node.number}"
        if not self.known(g):
            return ""
        if self.known(f"l{k}"):
            return f"{self.entry(g, place, '*')} × {self.entry(f'l{k}', place, '*')}"
        words = node.rule(step.i)[1]
        if words.startswith("spread(g") and math.prod(self.shape(g)) == 1:
            if "count" in words:
                return f"{self.entry(g, place)} / {math.prod(step.contribution.shape)}"
            return self.entry(g, place, "*")
        return self._summed(node, step, place)

    def _summed(self, node: Node, step: Arrival, place: Place) -> str:
        """The gradient of an input that was broadcast, by a rule g, -g or g * w."""
        g = f"g{node.number}"
        simple = re.fullmatch(r"(-?)g(?: \* (\w+))?", node.rule(step.i)[1])
        repeated = math.prod(self.shape(g)) / max(1, math.prod(step.contribution.shape))
        if not simple or not elementwise(node) or repeated > MOST_REPEATED:
            return ""
        minus, name = simple.groups()
        factors = [
            f"v{i}"
            for i, symbol in zip(node.inputs, symbols(node), strict=False)
            if name and symbol == name
        ]
        if name and not (factors and self.known(factors[0])):
            return ""
        terms = [
            [
                f"{minus and '-'}{self.entry(g, here, '*')}",
                *(self.entry(x, here, "*") for x in factors[:1]),
            ]
            for here in np.ndindex(self.shape(g))
            if own(step.contribution.shape, here) == place
        ]
        return " + ".join(" × ".join(parts) for parts in terms)


def plain(text: str) -> str:
    """Words in which no brace stands for a number."""
    return text.replace("{", "{{")


def filled(text: str, graph: GraphData) -> str:
    """A sentence with its numbers, in the words of the arrays without their ranges."""
    arrays = Entries(graph)

    def words(found: re.Match) -> str:
        x = arrays.array(found[1]) if found[1] else None
        return re.sub(r" \[.*?\]$", "", x.words) if x else "{"

    return re.sub(r"\{\{|\{(\w+)\}", words, text)


def elementwise(node: Node) -> bool:
    """Does the derivative table say so?"""
    lines = node.row.lines if node.row else ()
    return any(name == "is" and "elementwise" in words for name, words in lines)


def symbols(node: Node) -> list[str]:
    """The symbol of each input in the formulas of a node, "" where it has none of its own."""
    names = [node.rule(i)[0].removeprefix("∂L/∂") for i in range(len(node.inputs))]
    return ["" if "_" in name else name for name in names]


def own(shape: Place, place: Place) -> Place:
    """The place, in an array of this shape, of the number that is broadcast to a place in the result."""
    last = place[len(place) - len(shape) :]
    return tuple(0 if d == 1 else i for d, i in zip(shape, last, strict=True))


def flat(place: Place, shape: Place) -> int:
    """The place in the list of all numbers."""
    return int(np.ravel_multi_index(place, shape)) if shape else 0
