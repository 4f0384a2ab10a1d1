"""The steps of k-means: points choose the nearest center, and centers move to the mean of their points."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import array_of
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import (
    SMALL,
    Dot,
    Line,
    Panel,
    Shape,
    Text,
    color_of,
    of_many,
    reach,
    some,
)

WIDTH, HEIGHT = 520, 500
ROUNDING = 1e-12  # a way that is shorter, beside the width of X, is none
LINES = 150  # points, of which each is joined to its center


def kmeans_frames(model: Any, X: Any) -> Frames:
    """The steps of k-means, two frames for each: the points choose a center, the centers move.

    model   fitted to X in `with traced():` of models.foundation, so that it kept the centers of all steps
    X       (n, 2)

    Both halves lower the inertia J = Σ min_k ‖x - c_k‖², which is drawn below. Lloyd 1982.
    """
    X = array_of("kmeans_frames", X)
    states = getattr(needed(model, "trace_", "kmeans_frames"), "states", [])
    trace = np.array([state.cluster_centers_ for state in states])
    if X.ndim != 2 or X.shape[1] != 2 or trace.ndim != 3 or trace.shape[2] != 2:
        what = f"kmeans_frames draws X (n, 2) and centers (steps, k, 2), not {X.shape} and {trace.shape}."
        raise refusal(ValueError, what, "with traced(): model.fit(X[:, :2]), two of the features")
    labels = [_nearest(X, centers) for centers in trace]
    after_moves = [_inertia(X, c, a) for c, a in zip(trace, labels, strict=True)]
    # J falls twice in a step: when points choose, and when the centers move while the points stay
    before = [_inertia(X, c, a) for c, a in zip(trace[1:], labels[:-1], strict=True)]
    J = np.r_[after_moves[0], np.c_[before, after_moves[1:]].ravel()]
    draw = _Picture(X, trace, J)
    start = f"{len(trace[0])} centers, and {len(X)} points that belong to none of them yet."
    frames = [Frame("Start", start, draw(0, None, -1))]
    for step, centers in enumerate(trace):
        name = f"Step {step + 1}"
        counts = np.bincount(labels[step], minlength=len(centers))
        words = f"Each point belongs to the nearest center; they have {_list(counts)} points. "
        if step:
            changed = int(np.count_nonzero(labels[step] != labels[step - 1]))
            words += f"{changed} point{'s' * (changed != 1)} changed. "
        words += f"The inertia is J = {J[2 * step]:.5g}."
        moves = trace[step + 1 :][:1] - centers  # none after the last step
        moved = float(np.sqrt((moves**2).sum(axis=2)).max(initial=0))
        ends = moved <= ROUNDING * np.ptp(X)
        if ends:
            words += " No center moves: this is the end."
        frames.append(Frame(f"{name}: points choose", words, draw(step, labels[step], 2 * step)))
        if ends:
            break
        words = (
            "Each center moves to the mean of its points, the longest way by "
            f"{moved:.3g}: J falls from {J[2 * step]:.5g} to {J[2 * step + 1]:.5g}."
        )
        shapes = draw(step + 1, labels[step], 2 * step + 1)
        frames.append(Frame(f"{name}: centers move", words, shapes))
    about = "Points choose the nearest center, and each center moves to the mean of its points."
    about += of_many(len(X))
    return Frames("k-means", about, [Series("", WIDTH, HEIGHT, frames)])


class _Picture:
    """The picture after a half step: points in colors, centers as crosses with their way, and J."""

    def __init__(self, X: np.ndarray, trace: np.ndarray, J: np.ndarray):
        self.X, self.trace, self.J = X, trace, J
        across, up = (reach(X[:, j], trace[:, :, j]) for j in range(2))
        self.panel = Panel((44, 12, WIDTH - 58, 338), across, up)
        self.below = Panel((44, 416, WIDTH - 58, 48), (0, max(1, len(J) - 1)), reach(J, share=0.1))

    def __call__(self, step: int, labels: np.ndarray | None, now: int) -> list[Shape]:
        centers, panel = self.trace[step], self.panel
        shapes: list[Shape] = panel.axes()
        drawn = some(len(self.X))
        places = panel.points(*self.X[drawn].T)
        if labels is not None:
            labels = labels[drawn]
        to = panel.points(*centers.T)
        if labels is not None and len(places) <= LINES:
            for i, (place, k) in enumerate(zip(places, labels, strict=True)):
                shapes.append(Line([place, to[k]], color_of(k), 0.8, opacity=0.3, key=f"to{i}"))
        for i, (x, y) in enumerate(places):
            color = "edge" if labels is None else color_of(int(labels[i]))
            shapes.append(Dot(x, y, 4, color, key=f"x{i}"))
        for k in range(len(centers)):
            way = panel.points(*self.trace[: step + 1, k].T)
            if step:
                shapes.append(Line(way, "ink", 1.2, dashed=True, opacity=0.6, key=f"way{k}"))
        for k, (x, y) in enumerate(to):
            for color, width, name in (("card", 6.5, "border"), ("ink", 3, "center")):
                for part, sign in enumerate((1, -1)):
                    ends = [(x - 6, y - 6 * sign), (x + 6, y + 6 * sign)]
                    shapes.append(Line(ends, color, width, key=f"{name}{k}{part}"))
        return shapes + self._inertia(now)

    def _inertia(self, now: int) -> list[Shape]:
        below = self.below
        shapes: list[Shape] = [
            Text(44, 398, "inertia J after each half step", SMALL, "start", "pale"),
            Line([(44, 464), (WIDTH - 14, 464)], "edge", 1),
        ]
        shown = below.points(np.arange(len(self.J)), self.J)
        if len(shown) > 1:
            shapes.append(Line(shown, "edge", 1.2, key="J"))
        for i, (x, y) in enumerate(shown[: now + 1]):
            shapes.append(Dot(x, y, 5 if i == now else 3, "grad", key=f"J{i}"))
        if now >= 0:
            side = "start" if now < len(shown) / 2 else "end"
            x, y = shown[now]
            x += 9 if side == "start" else 6
            y = y - 1 if side == "start" and now == 0 else y - 13
            shapes.append(Text(x, y, f"{self.J[now]:.5g}", SMALL, side, halo=True, key="J now"))
        return shapes


def _nearest(X: np.ndarray, centers: np.ndarray) -> np.ndarray:
    return np.stack([((X - c) ** 2).sum(axis=1) for c in centers]).argmin(axis=0)


def _inertia(X: np.ndarray, centers: np.ndarray, labels: np.ndarray) -> float:
    return float(((X - centers[labels]) ** 2).sum())


def _list(counts: np.ndarray) -> str:
    *most, last = map(str, counts)
    return f"{', '.join(most)} and {last}" if most else last
