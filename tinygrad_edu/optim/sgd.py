"""Down the slope: gradient descent, plain, with momentum, and by signs alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.optimizer import (
    LearningRate,
    Optimizer,
    follow,
    pair_below_one,
    share_below_one,
)


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w - lr g, and with momentum μ

        v ← μ v - lr g
        w ← w + v                 or, looking ahead (nesterov):   w ← w + μ v - lr g

    As in Keras. Momentum: Polyak 1964; Nesterov: Sutskever et al. 2013.
    """

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        **settings: Any,
    ):
        self.momentum = share_below_one("momentum", momentum)
        if nesterov and not momentum:
            raise refusal(ValueError, "nesterov looks ahead by the momentum, which is 0.")
        self.nesterov = nesterov
        self.states = ("v",) if momentum else ()
        super().__init__(parameters, lr, **settings)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *v: np.ndarray) -> None:
        np.multiply(g, self.rate, out=tmp)  # lr g
        if not v:
            w -= tmp
            return
        velocity = v[0]
        velocity *= self.momentum
        velocity -= tmp
        if self.nesterov:
            w -= tmp
            np.multiply(velocity, self.momentum, out=tmp)  # μ v
            w += tmp
        else:
            w += velocity


class Lion(Optimizer):
    """Steps of exactly lr in every number, with the sign of a running mean of the gradient:

        w ← w - lr sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g

    Chen et al. 2023 (algorithm 2), as in Keras. With β₁ = 0 this is the descent by signs.
    """

    states = ("m",)

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        **settings: Any,
    ):
        self.betas = pair_below_one("betas", betas, "(0.9, 0.99)")
        super().__init__(parameters, lr, **settings)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *moments: np.ndarray) -> None:
        (m,) = moments
        beta1, beta2 = self.betas
        np.subtract(m, g, out=tmp)
        tmp *= beta1
        tmp += g  # β₁ m + (1 - β₁) g
        np.sign(tmp, out=tmp)
        tmp *= self.rate
        w -= tmp
        follow(m, g, beta2, tmp)
