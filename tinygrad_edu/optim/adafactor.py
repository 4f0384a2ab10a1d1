"""A step size for every number of a matrix, remembered by its rows and columns alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.optimizer import LearningRate, Optimizer, follow, in_range


class Adafactor(Optimizer):
    """RMSprop with the memory of n + m numbers for n m weights:

        β = 1 - t^beta2_decay
        r ← β r + (1 - β) mean of (g² + ε₁) along rows         (n numbers)
        c ← β c + (1 - β) mean of (g² + ε₁) along columns      (m numbers)
        v = r cᵀ / mean r
        u = g / √v,   u ← u / max(1, rms(u) / d)
        w ← w - max(ε₂, rms(w)) min(lr, 1/√t) u,   rms(x) = √(mean x²)

    v is the matrix of rank one that has these means of rows and columns. A parameter of more than two
    axes is a stack of matrices, of its last two; one of fewer keeps v itself, v ← β v + (1 - β)(g² + ε₁).

    beta2_decay     the power of t, from -1 to below 0: the first step remembers nothing, later ones much
    eps             (ε₁, ε₂)
    clip_threshold  d: how much longer than lr a step may be, for the size of the parameter

    Shazeer and Stern 2018 (algorithms 4 and 5, of which theirs has lr = 0.01), as in Keras. There
    relative_step chooses between min(lr, 1/√t) and the same.
    """

    per_parameter = True
    states = ("r", "c", "v")

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        beta2_decay: float = -0.8,
        eps: tuple[float, float] = (1e-30, 1e-3),
        clip_threshold: float = 1.0,
        **settings: Any,
    ):
        self.beta2_decay = in_range(
            "beta2_decay", beta2_decay, "from -1 to below 0", lambda x: -1 <= x < 0
        )
        if not isinstance(eps, (tuple, list)) or len(eps) != 2:
            raise refusal(ValueError, f"eps must be two numbers, as (1e-30, 0.001), not {eps!r}.")
        self.eps = tuple(
            in_range(f"eps[{i}]", e, "a positive number", lambda x: x > 0)
            for i, e in enumerate(eps)
        )
        self.clip_threshold = in_range(
            "clip_threshold", clip_threshold, "a positive number", lambda x: x > 0
        )
        super().__init__(parameters, lr, **settings)

    def start(self, w: np.ndarray) -> list[np.ndarray]:
        none = np.zeros(0, w.dtype)
        if w.ndim < 2:
            return [none, none.copy(), np.zeros_like(w)]
        return [np.zeros_like(w[..., 0]), np.zeros_like(w[..., 0, :]), none]

    def begin_step(self) -> None:
        self.beta = 1 - self.t**self.beta2_decay

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        r, c, v = states
        np.multiply(g, g, out=tmp)
        tmp += self.eps[0]
        if w.ndim < 2:
            follow(v, tmp, self.beta, tmp)
            np.sqrt(v, out=tmp)
        else:
            for mean, axis in ((r, -1), (c, -2)):
                now = tmp.mean(axis=axis)
                follow(mean, now, self.beta, now)
            of_rows = r / r.mean(axis=-1, keepdims=True)
            np.multiply(of_rows[..., :, None], c[..., None, :], out=tmp)
            np.sqrt(tmp, out=tmp)
        np.divide(g, tmp, out=tmp)  # u
        size = max(self.eps[1], rms(w)) * min(self.rate, self.t**-0.5)
        tmp *= size / max(1.0, rms(tmp) / self.clip_threshold)
        w -= tmp


def rms(x: np.ndarray) -> float:
    """The root of the mean square."""
    return (float(np.vdot(x, x)) / x.size) ** 0.5
