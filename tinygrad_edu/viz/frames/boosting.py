"""The rounds of gradient boosting: residuals, the tree that is fitted to them, and what is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import one_feature
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import (
    SMALL,
    Dot,
    Line,
    Panel,
    Shape,
    Text,
    of_many,
    reach,
    some,
)

WIDTH, HEIGHT = 520, 500
MOST_RESIDUALS = 120  # drawn as lines


def boosting_frames(model: Any, X: Any, y: Any, *, rounds: int = 8) -> Frames:
    """The first rounds of gradient boosting for one feature, three frames for each.

    model    a fitted GradientBoostingRegressor with the squared error
    X, y     (n, 1) and (n,), the training data
    rounds   how many of them

    Above is the prediction f, below the residuals y - f and the next tree. A round fits a tree to the
    residuals, which are the negative gradient of ½ Σ (y - f)², and takes a step: f ← f + ν tree(x), with
    ν = learning_rate. Friedman 2001, algorithm 2.
    """
    X, y = one_feature("boosting_frames", X, y)
    y = y.astype(float)
    trees = np.asarray(needed(model, "estimators_", "boosting_frames"))
    staged = getattr(model, "staged_predict", None)
    rate = getattr(model, "learning_rate", None)
    squared = getattr(model, "loss", None) == "squared_error"
    if not (squared and staged and rate) or hasattr(model, "classes_"):
        what = (
            f"boosting_frames draws residuals, to which this {type(model).__name__} fits no trees."
        )
        raise refusal(TypeError, what, 'GradientBoostingRegressor(loss="squared_error")')
    rounds = min(rounds, len(trees))
    if rounds < 1:
        raise refusal(ValueError, f"rounds={rounds} draws nothing.", "rounds=5")
    across = reach(X)
    grid = _corners(trees[:rounds].ravel(), *across)[:, None]
    steps = [np.asarray(tree.predict(grid)) for tree in trees[:rounds].ravel()]
    curves = _stages(staged, grid, rate * steps[0], rounds)
    fitted = _stages(staged, X, rate * np.asarray(trees.ravel()[0].predict(X)), rounds)
    picture = _Picture(X[:, 0], y, grid[:, 0], curves, fitted)
    frames = []
    for m in range(rounds):
        before, after = (float(((y - f) ** 2).mean()) for f in fitted[m : m + 2])
        title = f"Round {m + 1}"
        start = (
            f"Before the first tree f is a constant, {fitted[0][0]:.4g}. "
            if m == 0 and np.ptp(curves[0]) < 1e-9 * (1 + abs(curves[0][0]))
            else ""
        )
        words = f"{start}The residuals y - f lie below; their mean square is {before:.4g}."
        frames.append(Frame(f"{title}: residuals", words, picture(m)))
        levels = len(np.unique(steps[m]))
        words = (
            f"A tree is fitted to the residuals: {levels} level{'s' * (levels != 1)}, from "
            f"{steps[m].min():.4g} to {steps[m].max():.4g}."
        )
        frames.append(Frame(f"{title}: a tree", words, picture(m, tree=steps[m])))
        words = (
            f"f ← f + {rate:g} · tree. The mean square of the residuals falls from {before:.4g} to "
            f"{after:.4g}."
            if after < before
            else f"f ← f + {rate:g} · tree. The mean square of the residuals is {after:.4g}."
        )
        frames.append(Frame(f"{title}: a step", words, picture(m + 1, before=m)))
    about = "Each tree is fitted to the residuals that the trees before it left." + of_many(len(X))
    return Frames("Gradient boosting", about, [Series("", WIDTH, HEIGHT, frames)])


def _stages(staged: Any, X: np.ndarray, first_step: np.ndarray, rounds: int) -> list[np.ndarray]:
    """The predictions before the first round, which is the stage after it less its step, and after each."""
    after = [np.array(f) for f, _ in zip(staged(X), range(rounds), strict=False)]
    return [after[0] - first_step, *after]


def _corners(trees: Any, low: float, high: float) -> np.ndarray:
    """The ends, and the points on both sides of every threshold: between them nothing changes."""
    at = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in trees])
    at = np.unique(at[(low < at) & (at < high)])
    side = 1e-6 * (high - low)  # trees may compare in float32
    return np.sort(np.r_[low, at - side, at + side, high])


class _Picture:
    """Data and prediction above, residuals and tree below."""

    def __init__(self, x: np.ndarray, y: np.ndarray, grid: np.ndarray, curves: Any, fitted: Any):
        self.x, self.y, self.grid, self.curves, self.fitted = x, y, grid, curves, fitted
        across = float(grid[0]), float(grid[-1])
        residuals = [y - f for f in fitted]
        self.above = Panel((52, 36, WIDTH - 66, 210), across, reach(y, *curves))
        self.below = Panel((52, 300, WIDTH - 66, 150), across, reach(*residuals))

    def __call__(
        self, m: int, tree: np.ndarray | None = None, before: int | None = None
    ) -> list[Shape]:
        above, below, drawn = self.above, self.below, some(len(self.x))
        x_drawn, y_drawn, f = self.x[drawn], self.y[drawn], self.fitted[m][drawn]
        shapes = above.axes(up="y, and the prediction f", numbers=False)
        shapes += below.axes("x", "the residuals y - f, and the tree fitted to them")
        places = above.points(x_drawn, y_drawn)
        if len(places) <= MOST_RESIDUALS:
            for i, (x, y, end) in enumerate(zip(x_drawn, y_drawn, f, strict=True)):
                line = above.points([x, x], [y, end])
                shapes.append(Line(line, "orange", 1.2, opacity=0.6, key=f"residual{i}"))
        if before is not None:
            old = above.points(self.grid, self.curves[before])
            shapes.append(Line(old, "edge", 1.5, dashed=True, key="old f"))
        shapes.append(Line(above.points(self.grid, self.curves[m]), "grad", 2.5, key="f"))
        shapes += [Dot(x, y, 4, "blue", key=f"y{i}") for i, (x, y) in enumerate(places)]
        zero = float(below.y(0.0))
        shapes.append(Line([(52, zero), (WIDTH - 14, zero)], "edge", 1, key="zero"))
        for i, (x, y) in enumerate(below.points(x_drawn, y_drawn - f)):
            shapes.append(Dot(x, y, 4, "orange", key=f"r{i}"))
        if tree is not None:
            shapes.append(Line(below.points(self.grid, tree), "ink", 2.5, key="tree"))
        number = f"after {m} tree{'s' * (m != 1)}"
        shapes.append(Text(WIDTH - 14, 24, number, SMALL, "end", "grad", True, key="m"))
        return shapes
