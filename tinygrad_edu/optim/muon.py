"""Momentum for matrices: steps that are equally large in all directions."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.optim.adam import Adam
from tinygrad_edu.optim.checks import check_fraction, check_positive, check_whole
from tinygrad_edu.optim.optimizer import norm_of


class Muon(Adam):
    """Orthogonalized momentum: all singular values of a step are about the same.

        m ← μ m + g
        O = orthogonalized(g + μ m)          (without nesterov, of m)
        w ← w - lr ρ √max(rows, columns) O

    for parameters with two axes. All others take Adam's step, and so do groups with "adam": True, as
    embeddings and the last layer should: Muon([{"parameters": [...], "adam": True}, ...]).

    momentum    μ
    rms         ρ: 0.2 makes steps about as large as Adam's usually are (Liu et al. 2025)
    rounds      iterations of `orthogonalized`, of three matrix products each

    Jordan 2024, as in Keras, weight decay included.
    """

    per_parameter = True
    group_settings = (*Adam.group_settings, "adam")

    def __init__(
        self,
        parameters,
        lr=0.001,
        *,
        momentum=0.95,
        nesterov=True,
        rounds=5,
        rms=0.2,
        weight_decay=0.004,
        **settings,
    ):
        self.momentum, self.nesterov = check_fraction("momentum", momentum), nesterov
        self.rounds = check_whole("rounds", rounds, 0)
        self.rms = check_positive("rms", rms)
        super().__init__(parameters, lr, weight_decay=weight_decay, **settings)

    def update(self, w, g, lr, m, v, largest=None):
        if w.ndim != 2 or self.group.get("adam"):
            super().update(w, g, lr, m, v, largest)
            return
        m *= self.momentum
        m += g
        step = orthogonalized(g + self.momentum * m if self.nesterov else m, self.rounds)
        w -= lr * self.rms * max(w.shape) ** 0.5 * step


def orthogonalized(x: np.ndarray, rounds: int = 5) -> np.ndarray:
    """About U Vᵀ, where x = U S Vᵀ is the singular value decomposition.

        x ← x / ‖x‖
        A = x xᵀ,    x ← a x + (b A + c A²) x,        a, b, c = 3.4445, -4.7750, 2.0315

    A round maps each singular value s to a s + b s³ + c s⁵: small ones more than triple, and those near 1
    stay between about 0.7 and 1.2. (The Newton-Schulz iteration, with 1.5, -0.5, 0, converges to 1.)
    """
    if x.shape[0] > x.shape[1]:
        return orthogonalized(x.T, rounds).T  # A is then the smaller of the two
    a, b, c = 3.4445, -4.7750, 2.0315
    x = x / (norm_of(x) + 1e-7)
    for _ in range(rounds):
        A = x @ x.T
        x = a * x + (b * A + c * (A @ A)) @ x
    return x
