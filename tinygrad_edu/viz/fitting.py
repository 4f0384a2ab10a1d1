"""Films of fits: the picture of an estimator, as it was after each iteration."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value
from tinygrad_edu.viz.insight import animate
from tinygrad_edu.viz.learned import learned
from tinygrad_edu.viz.trees import LEAF, parents

STILL = 3  # times that the last frame is shown


def animate_fit(
    model: Any, path: str | os.PathLike[str], X: Any = None, y: Any = None, *,
    fps: int = 4, most: int = 50,
) -> None:  # fmt: skip
    """Writes a .gif: the picture of a fitted estimator after each iteration, as `learned` draws it.

        with traced():  # from models.foundation
            model = KMeans(3).fit(X)
        viz.animate_fit(model, "kmeans.gif", X)

    X, y    the data of the fit: two features, or one of a regression, or a sequence of a Markov model; of an
            embedding only y is needed, for the colors
    most    number of frames; of more iterations, some of the later ones are left out

    An estimator shows the states in its `trace_`. Boosting adds one member after the other, a tree one split
    after the other, and a hierarchy merges two clusters at a time; these need no trace.

    Raises TypeError if there is no trace, and ValueError if X cannot be drawn.
    """
    X, y = (None if data is None else np.asarray(value(data)) for data in (X, y))
    _require_drawable(model, X, y)
    stages = list(_stages(model, X))
    if len(stages) > most:  # more of the early ones, which change the most
        chosen = np.geomspace(1, len(stages), most).round().astype(int)
        stages = [stages[i - 1] for i in np.unique(chosen)]

    def draw(ax: Any, stage: tuple[str, Any]) -> None:
        words, then = stage
        learned(then, X, y, ax=ax)
        if hasattr(then, "places"):
            ax.scatter(*then.places.T, s=5, color="black", zorder=2)
        ax.set_title(words, fontsize="medium", loc="left")
        if not hasattr(then, "embedding_") and not hasattr(then, "transmat_"):
            _hold(ax, X, y)

    animate(draw, stages + stages[-1:] * (STILL - 1), path, fps=fps)


def _hold(ax: Any, X: np.ndarray, y: Any) -> None:
    """Sets the limits of the axes, so that they do not move from frame to frame."""
    across, up = X[:, 0], y if X.shape[1] == 1 else X[:, 1]
    for set_limits, data in ((ax.set_xlim, across), (ax.set_ylim, up)):
        margin = 0.1 * (np.ptp(data) or 10.0)
        set_limits(data.min() - margin, data.max() + margin)


def _stages(model: Any, X: Any) -> Iterator[tuple[str, Any]]:
    """(its words, the model as it was) at each stage of the fit."""
    if hasattr(model, "staged_predict"):
        staged = _Staged(model)
        for k in range(1, len(staged.at(X)) + 1):
            yield _counted(k, "member"), _Answering(model, lambda X, k=k: staged.at(X)[k - 1])
    elif hasattr(model, "tree_"):
        for k, predict in enumerate(_growing(model)):
            yield _counted(k, "split"), _Answering(model, predict)
    elif hasattr(model, "children_"):
        for labels in _merging(model):
            then = copy.copy(model)
            vars(then).pop("children_")
            then.labels_ = labels
            yield _counted(len(np.unique(labels)), "cluster"), then
    else:
        trace = model.trace_
        for i, loss, state in zip(trace.iteration, trace.loss, trace.states, strict=True):
            then = copy.copy(model)
            vars(then).update(state)
            yield f"iteration {i}" + ("" if np.isnan(loss) else f"   loss {loss:.4g}"), then


def _counted(k: int, what: str) -> str:
    return f"{k} {what}" + ("" if k == 1 else "s")


class _Answering:
    """Something with the classes of a model, and other predictions."""

    def __init__(self, model: Any, predict: Any):
        self.predict = predict
        if hasattr(model, "classes_"):
            self.classes_ = model.classes_


class _Staged:
    """The predictions of all stages, kept for the points of the last call: the next frame has the same."""

    points: Any = None
    all: Any = None

    def __init__(self, model: Any):
        self.model = model

    def at(self, points: np.ndarray) -> list[np.ndarray]:
        if self.points is None or not np.array_equal(self.points, points):
            self.points, self.all = points, list(self.model.staged_predict(points))
        return self.all


def _growing(model: Any) -> Iterator[Any]:
    """The predictions of a tree with its first k splits, for every k. Children are numbered as they grew."""
    tree = model.tree_
    left, parent = np.asarray(tree.children_left), parents(tree)
    inner = np.flatnonzero(left != LEAF)
    inner = inner[np.argsort(left[inner])]
    values = np.asarray(tree.value)[:, 0]
    answers = values[:, 0]
    if hasattr(model, "classes_"):
        answers = model.classes_[values.argmax(axis=1)]
    for k in range(len(inner) + 1):
        split = np.isin(np.arange(len(left)), inner[:k])

        def predict(X: np.ndarray, split: np.ndarray = split) -> np.ndarray:
            node = np.asarray(model.apply(X))
            while (above := (node > 0) & ~split[parent[node]]).any():  # its parent is still a leaf
                node = np.where(above, parent[node], node)
            return answers[node]

        yield predict


def _merging(model: Any) -> Iterator[np.ndarray]:
    """The labels while a hierarchy merges rows, down to its number of clusters."""
    n = len(model.children_) + 1
    rows = {i: [i] for i in range(n)}
    labels = np.arange(n)
    final = len(np.unique(model.labels_))
    for k, (a, b) in enumerate(model.children_):
        if n - k <= 30:  # clusters, which the eye can follow
            yield labels.copy()
        if n - k <= final:
            return
        rows[n + k] = [*rows.pop(a), *rows.pop(b)]
        labels[rows[n + k]] = labels[rows[n + k]].min()
    yield labels


def _require_drawable(model: Any, X: Any, y: Any) -> None:
    name = type(model).__name__
    needs_no_trace = any(hasattr(model, a) for a in ("staged_predict", "tree_", "children_"))
    if not needs_no_trace and not getattr(getattr(model, "trace_", None), "states", None):
        raise refusal(
            TypeError,
            f"animate_fit draws the states of a fit, and this {name} has none in its trace_.",
            "from models.foundation import traced, and with traced(): an iterative model.fit(...)",
        )
    if np.shape(getattr(model, "embedding_", ()))[1:] == (2,):
        return
    one_feature = y is not None and not hasattr(model, "classes_")
    if one_feature and needs_no_trace and hasattr(model, "predict") and np.shape(X)[1:] == (2,):
        what = f"animate_fit draws a regression of one feature, and not X of shape {np.shape(X)}."
        raise refusal(ValueError, what, f"{name} fitted to one of the features: X[:, :1]")
    if X is not None and X.dtype.kind == "f" and not np.isfinite(X).all():
        raise refusal(ValueError, "X contains NaN or infinity.", "drop those rows")
    good = np.ndim(X) == 2 and (X.shape[1] == 2 or (X.shape[1] == 1 and one_feature))
    if not good and not (X is not None and hasattr(model, "transmat_")):
        shape = "no X" if X is None else f"X of shape {X.shape}"
        raise refusal(
            ValueError,
            f"animate_fit draws two features, or one of a regression with y, and not {shape}.",
            f"{name} fitted to two of the features: X[:, :2]",
        )
