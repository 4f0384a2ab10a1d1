"""Follow the leader: the weights that would have been best for all gradients so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.optim.checks import LearningRate, check_not_negative, check_number
from tinygrad_edu.optim.optimizer import Optimizer


class Ftrl(Optimizer):
    """Adagrad whose weights may be exactly 0: follow the (proximally) regularized leader.

        n' = n + g²                                     n = n₀, z = 0 at first
        z ← z + g + 2 s w - (n'ᵖ - nᵖ) / lr · w,         p = -lr_power, ½ as a rule
        w ← (clip(z, -l1, l1) - z) / ((n'ᵖ + β) / lr + 2 l2)

    That is the w of least  z w + l1 |w| + l2 w² + ½ (n'ᵖ + β) / lr · w², the sum of what all gradients so far
    ask for: where |z| ≤ l1 it is 0. With l1 = l2 = s = β = 0 it takes Adagrad's steps, and with p = 0 SGD's,
    but for the start: as z = 0 says w = 0, a first weight counts with the share (n'ᵖ - nᵖ) / n'ᵖ alone.
    Made for linear models that start from 0 and of which few features are there at a time.

    initial     n₀
    shrinkage   s: a penalty s w² on the weights of this moment, where l2 is one on those to come

    McMahan et al. 2013 (algorithm 1, in which n₀ = 0 and 2 l2 is λ₂), as in Keras. A step of lr = 0 changes
    nothing.
    """

    states = ("n", "z")

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        lr_power: float = -0.5,
        initial: float = 0.1,
        l1: float = 0.0,
        l2: float = 0.0,
        shrinkage: float = 0.0,
        beta: float = 0.0,
        **settings: Any,
    ):
        self.lr_power = check_number("lr_power", lr_power, "0 or less", lambda x: x <= 0)
        self.initial = check_not_negative("initial", initial)
        self.l1 = check_not_negative("l1", l1)
        self.l2 = check_not_negative("l2", l2)
        self.shrinkage = check_not_negative("shrinkage", shrinkage)
        self.beta = check_not_negative("beta", beta)
        super().__init__(parameters, lr, **settings)

    def initial_states(self, w: np.ndarray) -> dict[str, np.ndarray]:
        return {"n": np.full_like(w, self.initial), "z": np.zeros_like(w)}

    def update(self, w: np.ndarray, g: np.ndarray, lr: float, n: np.ndarray, z: np.ndarray) -> None:
        if not lr:  # the formulas divide by lr; their limit is that w stays
            return
        p = -self.lr_power
        before = n**p
        n += np.multiply(g, g, out=self.scratch)
        now = np.power(n, p, out=self.scratch)
        np.subtract(now, before, out=before)
        before /= lr
        before -= 2 * self.shrinkage
        before *= w
        z += g
        z -= before  # g + 2 s w - (n'ᵖ - nᵖ) / lr · w
        curvature = now
        curvature += self.beta
        curvature /= lr
        curvature += 2 * self.l2
        w_numerator = np.clip(z, -self.l1, self.l1, out=before)
        w_numerator -= z
        # Where n₀ = 0 and there has been no gradient yet, the curvature is 0 and w stays.
        np.divide(w_numerator, curvature, out=w, where=curvature > 0)
