"""The trellis of a hidden Markov model: the forward probabilities, and the best path back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import array_of
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import SMALL, Dot, Line, Shape, Text, color_of, fitted
from tinygrad_edu.viz.nodes import printable

STEP, ROW = 84, 92  # pixels between times, and between states
LEFT, TOP, RADIUS = 96, 74, 20
MOST_STEPS, MOST_STATES = 40, 8


def trellis_frames(model: Any, X: Any, *, state_names: Sequence[str] | None = None) -> Frames:
    """The trellis of a hidden Markov model: a column for each time, a row for each state.

    model         fitted; with `startprob_`, `transmat_`, `score_samples` and `decode`
    X             one sequence of at most 40 steps, (steps, features)
    state_names   default: state 0, state 1, ...

    From left to right the forward sums, here as shares P(z_t | x_1 ... x_t) (Rabiner 1989, 18-20):

        α_t(j) = Σ_i α_(t-1)(i) A[i, j] · b_j(x_t),        P(z_t = j | x_1 ... x_t) = α_t(j) / Σ_i α_t(i).

    The area of a disk is this probability, and a line from i to j is the wider the more came from i. Then,
    from right to left, the most likely path of all (Viterbi, Rabiner 32-35).
    """
    start, A = (
        np.asarray(needed(model, name, "trellis_frames")) for name in ("startprob_", "transmat_")
    )
    X = array_of("trellis_frames", X)
    X = X[:, None] if X.ndim == 1 else X
    K = len(start)
    if X.ndim != 2 or not 2 <= len(X) <= MOST_STEPS or K > MOST_STATES:
        what = (
            f"trellis_frames draws 2 to {MOST_STEPS} steps of at most {MOST_STATES} states, not X of shape "
            f"{X.shape} and {K} states."
        )
        raise refusal(ValueError, what, f"one sequence, or a part of it: X[:{MOST_STEPS}]")
    names = [f"state {k}" for k in range(K)] if state_names is None else state_names
    if len(names) != K:
        what = f"state_names has {len(names)} names for {K} states."
        raise refusal(ValueError, what, "a name for each state")
    # What the model says of x_1 ... x_t alone are the forward probabilities, of any kind of emissions.
    seen = [model.score_samples(X[: t + 1]) for t in range(len(X))]
    log_p = np.array([score for score, _ in seen])
    forward = np.array([shares[-1] for _, shares in seen])
    best, path = model.decode(X, algorithm="viterbi")
    picture = _Picture(
        X, [printable(str(n), 12) for n in names], start, A, forward, np.asarray(path)
    )
    frames = [_forward_frame(picture, t, log_p) for t in range(len(X))]
    frames += [_backward_frame(picture, t, float(best)) for t in range(len(X) - 1, -1, -1)]
    about = "Forward: the probability of each state, given what was observed so far. Back: the best path."
    series = Series("", picture.width, picture.height, frames)
    return Frames("The trellis of a hidden Markov model", about, [series])


def _forward_frame(picture: _Picture, t: int, log_p: np.ndarray) -> Frame:
    names, forward = picture.names, picture.forward
    likely = int(forward[t].argmax())
    seen = picture.observed(t)
    if t == 0:
        words = f"At the start {names[likely]} has the probability {picture.start[likely]:.3g}. "
    else:
        parts = " + ".join(
            f"{forward[t - 1, i]:.3g} · {picture.A[i, likely]:.3g}" for i in range(len(names))
        )
        came = forward[t - 1] @ picture.A[:, likely]
        words = f"Before it is seen, {names[likely]} has {parts} = {came:.3g}. "
    words += f"Given {seen}, it has {forward[t, likely]:.3g}. "
    words += f"ln p(x_1{f' ... x_{t + 1}' * (t > 0)}) = {log_p[t]:.4g}."
    return Frame(f"Time {t + 1}: {seen}", words, picture(t, None), picture.place(t, likely))


def _backward_frame(picture: _Picture, t: int, best: float) -> Frame:
    names, path = picture.names, picture.path
    if t == len(path) - 1:
        words = f"The most likely path of all ends in {names[path[t]]}; ln p(X, path) = {best:.4g}."
    else:
        words = f"{names[path[t + 1]].capitalize()} was reached from {names[path[t]]}."
        if path[t] != picture.forward[t].argmax():
            words += " What came later speaks for it: until here another state was more likely."
    if t == 0:
        words += " This is the path that predict returns."
    return Frame(
        f"Back to time {t + 1}", words, picture(len(path) - 1, t), picture.place(t, path[t])
    )


class _Picture:
    """The trellis up to time t, and the best path from time `back` on."""

    def __init__(
        self, X: np.ndarray, names: list[str], start: np.ndarray, A: np.ndarray,
        forward: np.ndarray, path: np.ndarray,
    ):  # fmt: skip
        self.X, self.names, self.start, self.A = X, names, start, A
        self.forward, self.path = forward, path
        self.width = LEFT + STEP * (len(X) - 1) + 48
        self.height = TOP + ROW * (len(names) - 1) + 62

    def place(self, t: int, j: int) -> tuple[float, float]:
        return LEFT + STEP * t, TOP + ROW * j

    def observed(self, t: int) -> str:
        row = self.X[t]
        return (
            f"x = {row[0]:.3g}" if len(row) == 1 else f"x = [{', '.join(f'{v:.2g}' for v in row)}]"
        )

    def __call__(self, now: int, back: int | None) -> list[Shape]:
        shapes: list[Shape] = []
        for t in range(len(self.X)):
            seen = self.observed(t).removeprefix("x = ")
            color = "grad" if t == (now if back is None else back) else "pale"
            size = fitted(seen, SMALL, STEP - 6)
            shapes.append(Text(LEFT + STEP * t, 34, seen, size, color=color, bold=color == "grad"))
        shapes.append(Text(LEFT - 30, 34, "x", SMALL, "end", "pale"))
        for t in range(1, len(self.X)):
            shapes += self._moves(t, now, back)
        for t in range(len(self.X)):
            for j in range(len(self.names)):
                shapes += self._state(t, j, now, back)
        for j, name in enumerate(self.names):
            y = TOP + ROW * j
            shapes.append(Text(LEFT - 30, y, name, fitted(name, SMALL, LEFT - 36), "end"))
        return shapes

    def _moves(self, t: int, now: int, back: int | None) -> list[Shape]:
        came = self.forward[t - 1][:, None] * self.A
        came = came / np.where(came.sum(axis=0) > 0, came.sum(axis=0), 1)  # the parts of each state
        shapes = []
        for i in range(len(self.names)):
            for j in range(len(self.names)):
                ends = [self.place(t - 1, i), self.place(t, j)]
                on_path = (
                    back is not None and back < t and (self.path[t - 1], self.path[t]) == (i, j)
                )
                if on_path:
                    look = Line(ends, "grad", 4.5, key=f"move{t}.{i}.{j}")
                elif t <= now:
                    share = float(came[i, j] * self.forward[t, j]) ** 0.5
                    color, seen = ("grad", 0.9) if t == now and back is None else ("edge", 0.5)
                    look = Line(ends, color, 0.4 + 5 * share, opacity=seen, key=f"move{t}.{i}.{j}")
                else:
                    look = Line(ends, "line", 1, key=f"move{t}.{i}.{j}")
                shapes.append((on_path, look))
        return [look for _, look in sorted(shapes, key=lambda pair: pair[0])]

    def _state(self, t: int, j: int, now: int, back: int | None) -> list[Shape]:
        x, y = self.place(t, j)
        on_path = back is not None and back <= t and self.path[t] == j
        edge, width = ("grad", 3.5) if on_path else ("edge", 1)
        shapes: list[Shape] = [Dot(x, y, RADIUS, "card", edge, width, key=f"ring{t}.{j}")]
        if t <= now:
            share = float(self.forward[t, j])
            radius = (RADIUS - 2) * share**0.5
            shapes.append(Dot(x, y, radius, color_of(j), width=0, key=f"disk{t}.{j}"))
            words = f"{share:.2f}" if 0.005 <= share < 0.995 else f"{share:.2g}"
            below = Text(x, y + RADIUS + 11, words, SMALL, halo=True, key=f"share{t}.{j}")
            shapes.append(below)
        return shapes
