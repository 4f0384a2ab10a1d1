"""Follow the regularized leader: the weights that would have been best for all gradients so far."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.optim.checks import check_not_negative, check_number
from tinygrad_edu.optim.optimizer import Optimizer


class Ftrl(Optimizer):
    """Adagrad whose weights can become exactly 0.

        n' = n + g²                                     n = n₀, z = 0 at first
        z ← z + g + 2 s w - (n'ᵖ - nᵖ) / lr · w,         p = -lr_power, usually ½
        w ← (clip(z, -l1, l1) - z) / ((n'ᵖ + β) / lr + 2 l2)

    This w minimizes  z w + l1 |w| + l2 w² + ½ (n'ᵖ + β) / lr · w²,  the linearized losses of all steps so far
    with their penalties, and is 0 where |z| ≤ l1. Made for linear models with many features, few of which
    are not 0 at a time.

    If weights start at 0 and l1 = l2 = s = β = 0, the steps are those of Adagrad, or with p = 0 those of SGD.
    (z = 0 stands for w = 0; of another start, the first step keeps only the share (n'ᵖ - nᵖ) / n'ᵖ.)

    initial     n₀
    shrinkage   s: a penalty s w² on the present weights, whereas l2 is one on the new weights

    McMahan et al. 2013 (algorithm 1, where n₀ = 0 and λ₂ = 2 l2), as in Keras. With lr = 0 a step changes
    nothing.
    """

    states = ("n", "z")
    squares = True

    def __init__(
        self,
        parameters,
        lr=0.001,
        *,
        lr_power=-0.5,
        initial=0.1,
        l1=0.0,
        l2=0.0,
        shrinkage=0.0,
        beta=0.0,
        **settings,
    ):
        self.lr_power = check_number("lr_power", lr_power, "0 or less", lambda x: x <= 0)
        self.initial = check_not_negative("initial", initial)
        self.l1 = check_not_negative("l1", l1)
        self.l2 = check_not_negative("l2", l2)
        self.shrinkage = check_not_negative("shrinkage", shrinkage)
        self.beta = check_not_negative("beta", beta)
        super().__init__(parameters, lr, **settings)

    def initial_states(self, w):
        return {"n": np.full_like(w, self.initial), "z": np.zeros_like(w)}

    def update(self, w, g, lr, n, z):
        if not lr:  # the formulas divide by lr
            return
        p = -self.lr_power
        change = n**p
        n += np.multiply(g, g, out=self.scratch)
        root = np.power(n, p, out=self.scratch)
        np.subtract(root, change, out=change)
        change /= lr
        change -= 2 * self.shrinkage
        change *= w
        z += g
        z -= change
        root += self.beta
        root /= lr
        root += 2 * self.l2
        numerator = np.clip(z, -self.l1, self.l1, out=change)
        numerator -= z
        # The root is 0 where n₀ = 0 and there has been no gradient yet: there w stays.
        np.divide(numerator, root, out=w, where=root > 0)
