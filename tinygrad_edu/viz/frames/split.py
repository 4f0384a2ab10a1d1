"""The search for the best question of a decision tree: the threshold moves through the sorted values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value
from tinygrad_edu.viz.curves import array_of
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import (
    LETTER,
    SMALL,
    Box,
    Dot,
    Line,
    Panel,
    Shape,
    Text,
    color_of,
    of_many,
    reach,
    some,
)  # fmt: skip
from tinygrad_edu.viz.nodes import printable

WIDTH, HEIGHT = 520, 500
MOST = 60  # thresholds that are frames
MOST_CLASSES = 10


def split_frames(
    X: Any,
    y: Any,
    *,
    criterion: str | None = None,
    feature_names: Sequence[str] | None = None,
) -> Frames:
    """The search for the best question "x ≤ threshold?", a frame for each threshold.

    X               (n, features), of which the page offers one at a time; or one feature (n,)
    y               (n,): classes, or numbers
    criterion       the impurity I: "gini" or "entropy" for classes, "squared_error" for numbers. The default
                    is "squared_error" for numbers with a fraction, and otherwise "gini"

    A threshold lies halfway between two neighboring values. Its gain is the decrease of impurity,

        I - n_left/n I_left - n_right/n I_right,

    and the best question of all features is the first one of a decision tree. Of more than 60 thresholds 60
    are frames, the best among them. Breiman, Friedman, Olshen and Stone 1984.
    """
    names = getattr(X, "columns", None) if feature_names is None else feature_names
    X, y = array_of("split_frames", X), np.asarray(value(y))
    X = X[:, None] if X.ndim == 1 else X
    if X.ndim != 2 or y.shape != X.shape[:1] or len(y) < 2:
        what = f"split_frames takes X (n, features) and y (n,), not {X.shape} and {y.shape}."
        raise refusal(ValueError, what, "a row of X for each number of y")
    if names is not None and len(names) != X.shape[1]:
        what = f"feature_names has {len(names)} names for {X.shape[1]} features."
        raise refusal(ValueError, what, "a name for each column of X")
    if criterion is None:
        fractions = y.dtype.kind == "f" and bool((y != np.round(y)).any())
        criterion = "squared_error" if fractions else "gini"
    if criterion not in IMPURITIES:
        what = f"there is no criterion {criterion!r}."
        raise refusal(ValueError, what, f"one of {', '.join(map(repr, IMPURITIES))}")
    target = Target(y, criterion)
    series = []
    for j in range(X.shape[1]):
        name = f"x[{j}]" if names is None else printable(str(names[j]), 28)
        if (X[:, j] != X[0, j]).any():  # a constant has nothing to ask about
            series.append(_series(name, X[:, j].astype(float), target))
    if not series:
        what = "every feature of X is constant, so there is no question to ask."
        raise refusal(ValueError, what, "features with at least two values")
    about = "The question with the largest decrease of impurity becomes a node of the tree."
    about += of_many(len(X))
    return Frames("The search for a split", about, series, "feature")


class Target:
    """The targets of all samples as columns, and the impurity of any part of the samples."""

    def __init__(self, y: np.ndarray, criterion: str):
        self.criterion = criterion
        self.word = "variance" if criterion == "squared_error" else criterion
        self.classes: np.ndarray | None = None
        if criterion == "squared_error":
            self.y = y.astype(float)
            self.columns = np.stack([self.y, self.y**2], axis=1)
        else:
            self.classes, self.y = np.unique(y, return_inverse=True)
            if len(self.classes) > MOST_CLASSES:
                what = (
                    f"y has {len(self.classes)} classes; split_frames draws at most {MOST_CLASSES}."
                )
                raise refusal(ValueError, what, 'criterion="squared_error", if y has numbers')
            self.columns = (self.y[:, None] == np.arange(len(self.classes))).astype(float)

    def impurity(self, sums: np.ndarray, n: Any) -> np.ndarray:
        return IMPURITIES[self.criterion](sums / np.asarray(n)[..., None])


def _gini(p: np.ndarray) -> np.ndarray:
    """1 - Σ p_k², with the shares p (..., classes)."""
    return 1 - (p * p).sum(axis=-1)


def _entropy(p: np.ndarray) -> np.ndarray:
    """-Σ p_k log₂ p_k."""
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1)


def _variance(means: np.ndarray) -> np.ndarray:
    """The mean of y² minus the square of the mean of y."""
    return np.maximum(means[..., 1] - means[..., 0] ** 2, 0)


IMPURITIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gini": _gini, "entropy": _entropy, "squared_error": _variance,
}  # fmt: skip


class Search:
    """All thresholds of one feature: the samples and the impurity on both sides, and the gain.

    threshold, n_left, left, right, gain   one number for each; `best` is the number of the largest gain
    """

    def __init__(self, x: np.ndarray, target: Target):
        order = np.argsort(x, kind="stable")
        self.x, columns = x[order], target.columns[order]
        below = np.cumsum(columns, axis=0)
        cuts = np.flatnonzero(self.x[1:] > self.x[:-1])  # between these values and the next
        self.threshold = (self.x[cuts] + self.x[cuts + 1]) / 2
        self.n, self.n_left = len(x), cuts + 1
        self.sums_left, self.sums = below[cuts], below[-1]
        self.left = target.impurity(self.sums_left, self.n_left)
        self.right = target.impurity(self.sums - self.sums_left, self.n - self.n_left)
        self.impurity = float(target.impurity(self.sums, self.n))
        share = self.n_left / self.n
        self.gain = self.impurity - share * self.left - (1 - share) * self.right
        self.best = int(np.argmax(self.gain >= self.gain.max() - 1e-12 * self.impurity))


def _series(name: str, x: np.ndarray, target: Target) -> Series:
    search = Search(x, target)
    picture = _Picture(name, x, target, search)
    number = len(search.threshold)
    chosen = np.unique(
        np.r_[np.linspace(0, number - 1, min(number, MOST)).astype(int), search.best]
    )
    frames = []
    for i in chosen:
        best = int(np.argmax(search.gain[: i + 1] >= search.gain[: i + 1].max() - 1e-12))
        gain, n = float(search.gain[i]), int(search.n_left[i])
        sides = ((n, search.left[i]), (search.n - n, search.right[i]))
        left, right = (f"{k} sample{'s' * (k != 1)}, {target.word} {I:.4g}" for k, I in sides)
        terms = "".join(f" - {k}/{search.n} · {I:.4g}" for k, I in sides)
        words = f"Left: {left}. Right: {right}. Gain: {search.impurity:.4g}{terms} = {gain:.4g}"
        words += ", the largest so far." if best == i else "."
        frames.append(Frame(f"{name} ≤ {search.threshold[i]:.4g}?", words, picture(int(i), best)))
    at = search.threshold[search.best]
    words = (
        f"The best of {number} thresholds: the largest gain is {search.gain[search.best]:.4g}, at "
        f"{name} ≤ {at:.4g}, between {x[x <= at].max():.4g} and {x[x > at].min():.4g}."
    )
    frames.append(Frame("The best question", words, picture(search.best, search.best, done=True)))
    return Series(name, WIDTH, HEIGHT, frames)


class _Picture:
    """Samples and threshold above, what lies on both sides below, and the curve of the gains."""

    def __init__(self, name: str, x: np.ndarray, target: Target, search: Search):
        self.name, self.x, self.target, self.search = name, x, target, search
        across = reach(x)
        if target.classes is None:
            height = target.y
        else:  # a row for each class, in which equal values lie beside each other
            scattered = (np.arange(len(x)) * 0.618034) % 1 - 0.5
            height = -(target.y + 0.6 * scattered)
        self.height = height
        self.above = Panel((52, 60, WIDTH - 66, 190), across, reach(height))
        self.below = Panel((52, 342, WIDTH - 66, 110), across, (0, 1.15 * search.gain.max() or 1))

    def __call__(self, i: int, best: int, done: bool = False) -> list[Shape]:
        search, above, below = self.search, self.above, self.below
        x = float(above.x(search.threshold[i]))
        shapes: list[Shape] = [
            Box(52, 60, x - 52, 190, "blue", opacity=0.1, key="left"),
            Box(x, 60, WIDTH - 14 - x, 190, "orange", opacity=0.1, key="right"),
        ]
        if self.target.classes is None:
            shapes += above.axes(numbers=False)
        shapes += self._samples()
        if self.target.classes is None:
            shapes += self._means(i, x)
        shapes += self._sides(i)
        shapes += below.axes(self.name, "gain, the decrease of impurity")
        every = np.union1d(some(len(search.gain)), [i, best])
        shown = every if done else every[every <= i]
        curve = below.points(search.threshold[shown], search.gain[shown])
        rest = below.points(search.threshold[every], search.gain[every])
        shapes.append(Line(rest if len(rest) > 1 else rest * 2, "line", 1.5, key="all gains"))
        shapes.append(Line(curve if len(curve) > 1 else curve * 2, "grad", 2, key="gains"))
        for part, (top, bottom) in enumerate(((60, 250), (342, 452))):
            line = Line([(x, top), (x, bottom)], "ink", 2, dashed=not done, key=f"threshold{part}")
            shapes.append(line)
        at = below.points(search.threshold[best : best + 1], search.gain[best : best + 1])[0]
        shapes.append(Dot(*at, 7, "grad", "card", 1.5, key="best"))
        now = below.points(search.threshold[i : i + 1], search.gain[i : i + 1])[0]
        shapes.append(Dot(*now, 4.5, "ink", "card", 1.5, key="now"))
        side = "start" if at[0] < WIDTH - 120 else "end"
        words = f"best {search.gain[best]:.4g}"
        away = 11 if side == "start" else -11
        shapes.append(
            Text(at[0] + away, at[1] - 9, words, SMALL, side, "grad", True, True, key="best?")
        )
        return shapes

    def _samples(self) -> list[Shape]:
        shapes: list[Shape] = []
        drawn = some(len(self.x))
        places = self.above.points(self.x[drawn], self.height[drawn])
        for (x, y), k in zip(places, self.target.y[drawn], strict=True):
            color = "edge" if self.target.classes is None else color_of(int(k))
            shapes.append(Dot(x, y, 4, color))
        if self.target.classes is not None:
            x = 52.0
            for k, name in enumerate(self.target.classes):
                words = printable(str(name), 20)
                width = 30 + LETTER * SMALL * len(words)
                if x + width > WIDTH:
                    break
                shapes.append(Box(x, 8, 11, 11, color_of(k), round=2))
                shapes.append(Text(x + 16, 13.5, words, SMALL, "start", "pale"))
                x += width
        return shapes

    def _means(self, i: int, x: float) -> list[Shape]:
        """The mean of y on both sides, which would be predicted there."""
        search, above = self.search, self.above
        n = int(search.n_left[i])
        left = float(above.y(search.sums_left[i, 0] / n))
        right = float(above.y((search.sums - search.sums_left[i])[0] / (search.n - n)))
        return [
            Line([(52, left), (x, left)], "blue", 3, key="left mean"),
            Line([(x, right), (WIDTH - 14, right)], "orange", 3, key="right mean"),
        ]

    def _sides(self, i: int) -> list[Shape]:
        """How many samples lie on both sides, and how impure they are."""
        search, n = self.search, int(self.search.n_left[i])
        shapes: list[Shape] = []
        sides = (
            ("left", 52.0, n, search.left[i], search.sums_left[i]),
            ("right", 290.0, search.n - n, search.right[i], search.sums - search.sums_left[i]),
        )
        for name, x, count, impurity, sums in sides:
            words = f"{name}: {count}, {self.target.word} {impurity:.4g}"
            shapes.append(Text(x, 272, words, SMALL, "start", key=name + " words"))
            if self.target.classes is not None:
                ends = x + 216 * np.r_[0, np.cumsum(sums)] / count
                shapes += [
                    Box(ends[k], 284, ends[k + 1] - ends[k], 12, color_of(k), key=f"{name}{k}")
                    for k in range(len(sums))
                ]
        return shapes
