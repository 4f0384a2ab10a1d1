"""An average over all steps in place of a schedule for the learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.optim.adam import Moments
from tinygrad_edu.optim.checks import check_betas
from tinygrad_edu.optim.ema import restored_afterwards
from tinygrad_edu.optim.optimizer import update_running_mean


class ScheduleFreeAdamW(Moments):
    """AdamW without a schedule: z takes the steps, x is the mean of all z, and gradients are taken between.

        v ← v + (1 - β₂)(g² - v)                         g the gradient at y
        z ← z - lr g / (√(v / (1 - β₂ᵗ)) + ε)
        x ← (1 - 1/t) x + 1/t z
        y = (1 - β₁) z + β₁ x

    While training, the parameters are y; the result is x. `with optimizer.averaged():` sets the parameters to
    x for a while, as the Trainer does to evaluate and predict, and `optimizer.keep()` permanently.

    Defazio et al. 2024 (algorithm 1, with equal weights for all z), as in Keras, where weight decay shrinks y
    and where the model keeps y. For a warm-up, lr may be a schedule.

    `step()` raises ValueError for a parameter with a constraint: x could no longer be computed from y and z.
    """

    states = ("z", "v")

    def __init__(self, parameters, lr=0.0025, *, betas=(0.9, 0.999), eps=1e-8, **settings):
        if not check_betas(betas)[0]:
            raise refusal(
                ValueError,
                f"betas[0] must be above 0, not {betas[0]!r}: it is the share of the average x "
                "in the weights y.",
                f"Adam with betas=(0, {betas[1]}), which keeps no average",
            )
        super().__init__(parameters, lr, betas=betas, eps=eps, **settings)

    def step(self) -> None:
        for p in self.parameters:
            if p.constraint is not None:
                raise refusal(
                    ValueError,
                    f"ScheduleFreeAdamW keeps an average of the weights, which {p.constraint!r} of "
                    f"{describe(p)} would make wrong; nothing was changed.",
                    "Adam, which keeps none",
                )
        super().step()

    def prepare_step(self):
        if self.t == 1:  # not when the optimizer was made: weights may have been loaded since
            for flat in self.flat_parameters:
                flat.states["z"][...] = flat.w

    def update(self, y, g, lr, z, v):
        beta1, beta2 = self.betas
        update_running_mean(v, np.multiply(g, g, out=self.scratch), beta2, self.scratch)
        root = np.divide(v, 1 - beta2**self.t, out=self.scratch)
        np.sqrt(root, out=root)
        root += self.eps
        g /= root
        g *= lr
        z -= g
        # As x = (y - (1 - β₁) z) / β₁, the new y is (1 - 1/t) (y - (1 - β₁) step) + 1/t z.
        update_running_mean(y, z, 1 - 1 / self.t, self.scratch)
        g *= (1 - 1 / self.t) * (1 - beta1)
        y -= g

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Context in which parameters hold their averages x; afterwards again y."""
        with restored_afterwards(self.parameters):
            self._set_average()
            yield

    def keep(self) -> None:
        """Sets the parameters to their averages x permanently; further steps start from there."""
        self._set_average()
        self.forget_average()

    def forget_average(self) -> None:
        for flat in self.flat_parameters:
            flat.adopt_weights()
            flat.states["z"][...] = flat.w

    def _set_average(self) -> None:
        if not self.t:
            return
        beta1 = self.betas[0]
        for flat in self.flat_parameters:
            flat.adopt_weights()
            flat.w[...] = (flat.w - (1 - beta1) * flat.states["z"]) / beta1  # x
