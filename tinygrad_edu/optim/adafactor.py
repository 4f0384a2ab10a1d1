"""A step size for every weight of a matrix, from means over its rows and columns alone."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.optim.checks import check_number, check_pair, check_positive
from tinygrad_edu.optim.optimizer import Optimizer, update_running_mean


class Adafactor(Optimizer):
    """RMSprop that remembers n + m numbers for a matrix of n m weights:

        β = 1 - t^beta2_decay
        r ← β r + (1 - β) mean of (g² + ε₁) along rows         (n numbers)
        c ← β c + (1 - β) mean of (g² + ε₁) along columns      (m numbers)
        v = r cᵀ / mean r
        u = g / √v,   u ← u / max(1, rms(u) / d)
        w ← w - max(ε₂, rms(w)) min(lr, 1/√t) u,   rms(x) = √(mean x²)

    v is the matrix of rank one with these means of rows and columns. A parameter with more than two axes
    is a stack of matrices, along its last two; one with fewer keeps v itself, v ← β v + (1 - β)(g² + ε₁).

    beta2_decay     the power of t, from -1 to below 0: the memory grows with the number of steps
    eps             (ε₁, ε₂)
    clip_threshold  d: limits the root mean square of u

    Shazeer and Stern 2018 (algorithms 4 and 5, there with lr = 0.01), as in Keras, whose `relative_step`
    changes nothing: both of its choices are min(lr, 1/√t).
    """

    per_parameter = True
    states = ("r", "c", "v")
    squares = True

    def __init__(
        self,
        parameters,
        lr=0.001,
        *,
        beta2_decay=-0.8,
        eps=(1e-30, 0.001),
        clip_threshold=1.0,
        **settings,
    ):
        self.beta2_decay = check_number(
            "beta2_decay", beta2_decay, "from -1 to below 0", lambda x: -1 <= x < 0
        )
        self.eps = check_pair("eps", eps, check_positive, "(1e-30, 0.001)")
        self.clip_threshold = check_positive("clip_threshold", clip_threshold)
        super().__init__(parameters, lr, **settings)

    def initial_states(self, w):
        if w.ndim < 2:
            shapes = {"r": (0,), "c": (0,), "v": w.shape}
        else:
            shapes = {"r": w[..., 0].shape, "c": w[..., 0, :].shape, "v": (0,)}
        return {name: np.zeros(shape, w.dtype) for name, shape in shapes.items()}

    def prepare_step(self):
        self.beta = 1 - self.t**self.beta2_decay

    def update(self, w, g, lr, r, c, v):
        scratch = np.multiply(g, g, out=self.scratch)
        scratch += self.eps[0]
        if w.ndim < 2:
            update_running_mean(v, scratch, self.beta, scratch)
            np.sqrt(v, out=scratch)
        else:
            r += (1 - self.beta) * (scratch.mean(axis=-1) - r)
            c += (1 - self.beta) * (scratch.mean(axis=-2) - c)
            of_rows = r / r.mean(axis=-1, keepdims=True)
            np.multiply(of_rows[..., :, None], c[..., None, :], out=scratch)
            np.sqrt(scratch, out=scratch)
        g /= scratch  # u
        size = max(self.eps[1], rms(w)) * min(lr, self.t**-0.5)
        g *= size / max(1.0, rms(g) / self.clip_threshold)
        w -= g


def rms(x: np.ndarray) -> float:
    """The root of the mean square."""
    return (float(np.vdot(x, x)) / x.size) ** 0.5
