"""The mean of all steps, found on the way, in place of a learning rate that falls towards a known end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.optim.adam import Moments
from tinygrad_edu.optim.ema import lent
from tinygrad_edu.optim.optimizer import LearningRate, follow, pair_below_one


class ScheduleFreeAdamW(Moments):
    """Adam's step sizes without a schedule: z steps, x is the mean of all z, and y learns between the two.

        v ← v + (1 - β₂)(g² - v)                         g the gradient at y
        z ← z - lr g / (√(v / (1 - β₂ᵗ)) + ε)
        x ← (1 - 1/t) x + 1/t z
        y = (1 - β₁) z + β₁ x

    The parameters are y. The model is to be judged by x: `with optimizer.averaged():` lends it, as the
    Trainer does in `evaluate`, `predict` and for `validation`, and `optimizer.keep()` sets it for good.

    Defazio et al. 2024 (algorithm 1, with the same weight for all z), as in Keras, where weight decay shrinks
    y and where the model keeps y. For a warm-up, lr may be a schedule.

    `step()` raises ValueError for a parameter with a constraint: moved aside, y would no longer tell x.
    """

    states = ("z", "v")

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.0025,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        **settings: Any,
    ):
        if not pair_below_one("betas", betas, "(0.9, 0.999)")[0]:
            raise refusal(
                ValueError,
                f"betas[0] must be above 0, not {betas[0]!r}: it is the share of the average "
                "in the weights.",
                f"Adam with betas=(0, {betas[1]}), which keeps no average",
            )
        super().__init__(parameters, lr, betas=betas, eps=eps, **settings)

    def step(self) -> None:
        for p in self.parameters:
            if p.constraint is not None:
                raise refusal(
                    ValueError,
                    f"ScheduleFreeAdamW keeps an average that {p.constraint!r} of "
                    f"{describe(p)} would make wrong; nothing was changed.",
                    "Adam, which keeps none",
                )
        super().step()

    def begin_step(self) -> None:
        if self.t == 1:  # and not when it was made: weights may have been loaded since
            for vector in self._vectors:
                vector.states[0][...] = vector.w

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        z, v = states
        beta1, beta2 = self.betas
        np.multiply(g, g, out=tmp)
        follow(v, tmp, beta2, tmp)
        np.divide(v, 1 - beta2**self.t, out=tmp)
        np.sqrt(tmp, out=tmp)
        tmp += self.eps
        g /= tmp  # g is a copy, and free to compute in
        g *= self.rate
        z -= g
        # As x = (y - (1 - β₁) z) / β₁, the new y is (1 - 1/t) (y - (1 - β₁) step) + 1/t z
        share = 1 / self.t
        follow(w, z, 1 - share, tmp)
        g *= (1 - share) * (1 - beta1)
        w -= g

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the parameters are x, the averages; afterwards again y."""
        with lent(self.parameters):
            self._set_average()
            yield

    def keep(self) -> None:
        """Sets the parameters to their averages x, for good; further steps start from there."""
        self._set_average()
        self.forget_average()

    def forget_average(self) -> None:
        for vector in self._vectors:
            vector.gather()  # whatever was assigned to .data since the last step
            vector.states[0][...] = vector.w

    def _set_average(self) -> None:
        if not self.t:
            return
        share = 1 - self.betas[0]
        for vector in self._vectors:
            for i, p in enumerate(vector.parameters):
                z = vector.states_of(i)[0]
                p.data[...] = (p.data - share * z) / self.betas[0]
