"""The way of a sample down a decision tree, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import array_of
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import (
    LETTER,
    SMALL,
    Box,
    Dot,
    Line,
    Shape,
    Text,
    color_of,
    fitted,
)
from tinygrad_edu.viz.nodes import printable
from tinygrad_edu.viz.trees import LEAF, names_of, parents, places, set_asked

SLOT, LEVEL = 142, 124  # pixels between leaves, and between levels
BOX_WIDTH, BOX_HEIGHT = 130, 84
ABOVE = 44  # for the names of the classes
FEW = 4  # classes, for whose counts there is room
MOST_ROWS = 50  # ways on one page


def tree_frames(
    model: Any,
    X: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    max_depth: int = 3,
) -> Frames:
    """The ways of samples down a decision tree, a frame for each question.

    model           a fitted decision tree, or one of the trees of a forest: `forest.estimators_[0]`
    X               (n, features), at most 50 rows, of which the page offers one at a time; or one row
    feature_names   default: the columns of the frame that it was fitted to, or x[0], x[1], ...
    class_names     in the order of `classes_`, which is the default
    max_depth       levels drawn below the root; deeper ones only along the way

    A node has its question and how many samples of each class reached it in training (in a regression, their
    mean). Who answers yes goes left. The way ends where `model.apply` says. Breiman, Friedman, Olshen and
    Stone 1984.
    """
    nodes = needed(model, "tree_", "tree_frames")
    features, classes = names_of(model, feature_names, class_names)
    rows = np.atleast_2d(array_of("tree_frames", X))
    if rows.ndim != 2 or not 1 <= len(rows) <= MOST_ROWS:
        what = (
            f"tree_frames draws the ways of 1 to {MOST_ROWS} samples, not X of shape {np.shape(X)}."
        )
        raise refusal(ValueError, what, f"some of the rows: X[:{MOST_ROWS}]")
    leaves = np.asarray(model.apply(X if np.ndim(X) == 2 else rows))
    parent = parents(nodes)
    series = []
    for i, (x, leaf) in enumerate(zip(rows, leaves, strict=True)):
        way = [int(leaf)]
        while way[0] != 0:
            way.insert(0, int(parent[way[0]]))
        drawn = _Picture(model, way, features, classes, max_depth)
        frames = [_frame(drawn, x, step) for step in range(len(way))]
        series.append(Series(f"row {i}", drawn.width, drawn.height, frames))
    about = "Each question is about one feature: yes goes left, no goes right."
    return Frames("The way down a decision tree", about, series, "sample")


def _frame(picture: _Picture, x: np.ndarray, step: int) -> Frame:
    nodes, node = picture.nodes, picture.way[step]
    samples = int(nodes.n_node_samples[node])
    at = picture.place(node)
    reached = f"{samples} sample{'s' * (samples != 1)} of the training set reached it: "
    shares = f"{reached}{picture.answer(node)}."
    if nodes.children_left[node] == LEAF:
        return Frame("A leaf, the answer", shares, picture.shapes(step), at)
    f = int(nodes.feature[node])
    name, number = picture.name(f), float(x[f])
    left = picture.way[step + 1] == nodes.children_left[node]
    if np.isnan(number):
        said = f"{name} is missing, which here goes {'left' if left else 'right'}."
    else:
        answer = "yes, to the left" if left else "no, to the right"
        said = f"Is {name} = {number:.4g} {picture.asked(node)}? {answer.capitalize()}."
    title = f"Question {step + 1}"
    return Frame(title, f"{said} {shares}", picture.shapes(step), at)


class _Picture:
    """The nodes that are drawn for one way, their places, and what is written in them."""

    def __init__(self, model: Any, way: list[int], features: Any, classes: Any, max_depth: int):
        self.model, self.nodes = model, model.tree_
        self.way, self.features, self.classes = way, features, classes
        self.places, self.edges, self.cut = places(self.nodes, max_depth, set(way))
        self.width = SLOT * (max(x for x, _ in self.places.values()) + 1) + 8
        levels = max(-y for _, y in self.places.values()) + 1
        self.height = LEVEL * levels + ABOVE - 24

    def place(self, node: int) -> tuple[float, float]:
        """The middle of its box."""
        x, y = self.places[node]
        return SLOT * (x + 0.5) + 4, -LEVEL * y + BOX_HEIGHT / 2 + ABOVE

    def name(self, f: int) -> str:
        return f"x[{f}]" if self.features is None else printable(str(self.features[f]), 28)

    def asked(self, node: int) -> str:
        """What a node asks about its feature, in words."""
        names = set_asked(self.model, self.nodes, node)
        return f"at most {self.nodes.threshold[node]:.4g}" if names is None else f"in {{{names}}}"

    def counts(self, node: int) -> np.ndarray:
        """How many training samples of each class are in a node."""
        shares = self.nodes.value[node, 0]
        return shares / shares.sum() * self.nodes.n_node_samples[node]

    def answer(self, node: int) -> str:
        if self.classes is None:
            return f"their mean is {self.nodes.value[node, 0, 0]:.4g}"
        counts = self.counts(node)
        there = [k for k in np.argsort(-counts, kind="stable") if counts[k] > 0]
        return ", ".join(f"{counts[k]:.4g} of {printable(str(self.classes[k]))}" for k in there)

    def shapes(self, step: int) -> list[Shape]:
        reached = self.way[: step + 1]
        shapes: list[Shape] = []
        for parent, child, said in self.edges:
            (x0, y0), (x1, y1) = self.place(parent), self.place(child)
            y0, y1 = y0 + BOX_HEIGHT / 2, y1 - BOX_HEIGHT / 2
            on_way = parent in reached and child in reached
            color, width = ("grad", 4) if on_way else ("edge", 1.2)
            shapes.append(Line([(x0, y0), (x1, y1)], color, width, key=f"edge{child}"))
            if parent == 0 or on_way:
                middle, side = (x0 + x1) / 2, 12 if said == "no" else -12
                words = Text(
                    middle + side, (y0 + y1) / 2, said, SMALL, halo=True, key=f"said{child}"
                )
                shapes.append(words)
        for node in self.places:
            shapes += self._node(node, node in reached, node == reached[-1])
        x, y = self.place(reached[-1])
        sample = Dot(x, y - BOX_HEIGHT / 2, 7, "grad", "card", 2, key="sample")
        return [*shapes, sample, *self._legend()]

    def _legend(self) -> list[Shape]:
        """The colors of the classes, as many as find room."""
        shapes: list[Shape] = []
        x = 8.0
        for k, name in enumerate([] if self.classes is None else self.classes):
            words = printable(str(name), 24)
            width = 30 + LETTER * SMALL * len(words)
            if x + width > self.width:
                break
            shapes.append(Box(x, 8, 11, 11, color_of(k), round=2))
            shapes.append(Text(x + 16, 13.5, words, SMALL, "start", "pale"))
            x += width
        return shapes

    def _node(self, node: int, reached: bool, now: bool) -> list[Shape]:
        nodes, (x, y) = self.nodes, self.place(node)
        left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
        edge, line = ("grad", 3.5 if now else 2) if reached else ("edge", 1)
        fill = "grad-soft" if now else "card"
        shapes: list[Shape] = [
            Box(left, top, BOX_WIDTH, BOX_HEIGHT, fill, edge, line, round=8, key=f"box{node}")
        ]
        if nodes.children_left[node] != LEAF:
            lines = [
                self.name(int(nodes.feature[node])),
                self.asked(node).replace("at most", "≤") + "?",
            ]
        else:
            lines = ["answer", self._majority(node)]
        for height, words in zip((15, 32), lines, strict=True):
            size = fitted(words, 13, BOX_WIDTH - 18)
            shapes.append(Text(x, top + height, words, size, bold=True))
        samples = int(nodes.n_node_samples[node])
        below = f"{samples} sample{'s' * (samples != 1)}"
        if self.classes is None and nodes.children_left[node] == LEAF:
            pass  # its answer is its mean
        elif self.classes is None:
            shapes.append(Text(x, top + 51, f"mean {nodes.value[node, 0, 0]:.4g}", SMALL))
        else:
            shapes += self._bar(node, left + 8, top + 44, BOX_WIDTH - 16)
            if len(self.classes) <= FEW:
                below = " | ".join(f"{count:.4g}" for count in self.counts(node))
        below += " …" * (node in self.cut)
        shapes.append(Text(x, top + 71, below, SMALL, color="pale"))
        return shapes

    def _majority(self, node: int) -> str:
        if self.classes is None:
            return f"{self.nodes.value[node, 0, 0]:.4g}"
        return printable(str(self.classes[int(self.counts(node).argmax())]), 18)

    def _bar(self, node: int, left: float, top: float, width: float) -> list[Shape]:
        """A bar with a part for each class."""
        shares = self.counts(node) / self.nodes.n_node_samples[node]
        ends = left + width * np.r_[0, np.cumsum(shares)]
        return [
            Box(ends[k], top, ends[k + 1] - ends[k], 12, color_of(k))
            for k in range(len(shares)) if shares[k] > 0
        ]  # fmt: skip
