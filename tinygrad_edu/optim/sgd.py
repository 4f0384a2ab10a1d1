"""Gradient descent: plain, with momentum, and by the signs of the gradient."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.checks import check_betas, check_fraction
from tinygrad_edu.optim.optimizer import Optimizer, update_running_mean


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w - lr g, and with momentum μ

        v ← μ v - lr g
        w ← w + v                 or, looking ahead (nesterov):   w ← w + μ v - lr g

    As in Keras. Momentum: Polyak 1964; Nesterov: Sutskever et al. 2013.
    """

    def __init__(self, parameters, lr=0.01, *, momentum=0.0, nesterov=False, **settings):
        self.momentum = check_fraction("momentum", momentum)
        if nesterov and not momentum:
            raise refusal(ValueError, "nesterov looks ahead by the momentum, which is 0.")
        self.nesterov = nesterov
        self.states = ("v",) if momentum else ()
        super().__init__(parameters, lr, **settings)

    def update(self, w, g, lr, v=None):
        g *= lr
        if v is None:
            w -= g
            return
        v *= self.momentum
        v -= g
        if self.nesterov:
            w += np.multiply(v, self.momentum, out=self.scratch)
            w -= g
        else:
            w += v


class Lion(Optimizer):
    """Steps of exactly lr in every weight, with the sign of a running mean of the gradient:

        w ← w - lr sign(β₁ m + (1 - β₁) g)
        m ← β₂ m + (1 - β₂) g

    Chen et al. 2023 (algorithm 2), as in Keras. With β₁ = 0 it is sign descent.
    """

    states = ("m",)

    def __init__(self, parameters, lr=0.001, *, betas=(0.9, 0.99), **settings):
        self.betas = check_betas(betas, "(0.9, 0.99)")
        super().__init__(parameters, lr, **settings)

    def update(self, w, g, lr, m):
        beta1, beta2 = self.betas
        c = np.subtract(m, g, out=self.scratch)
        c *= beta1
        c += g  # β₁ m + (1 - β₁) g
        step = np.sign(c)  # into another array: in place it takes three times as long
        step *= lr
        w -= step
        update_running_mean(m, g, beta2, self.scratch)
