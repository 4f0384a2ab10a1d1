"""A step size for every weight, from the sizes of its past gradients.

All three divide g by a root of s, where s is a sum of g² (Adagrad) or its running mean (RMSprop,
Adadelta). They add ε under the root, as Keras does; PyTorch adds it to the root.
"""

from __future__ import annotations

import numpy as np

from tinygrad_edu.optim.checks import (
    check_fraction,
    check_not_negative,
    check_positive,
)
from tinygrad_edu.optim.optimizer import Optimizer, update_running_mean


class Adagrad(Optimizer):
    """Step sizes that only decrease:

        s ← s + g²                   s = s₀ at first
        w ← w - lr g / √(s + ε)

    Duchi, Hazan and Singer 2011, as in Keras, where s₀ = 0.1.
    """

    states = ("s",)
    squares = True

    def __init__(self, parameters, lr=0.001, *, initial=0.1, eps=1e-7, **settings):
        self.initial = check_not_negative("initial", initial)
        self.eps = check_positive("eps", eps)
        super().__init__(parameters, lr, **settings)

    def initial_states(self, w):
        return {"s": np.full_like(w, self.initial)}

    def update(self, w, g, lr, s):
        s += np.multiply(g, g, out=self.scratch)
        root = np.add(s, self.eps, out=self.scratch)
        np.sqrt(root, out=root)
        g /= root
        g *= lr
        w -= g


class RMSprop(Optimizer):
    """Adagrad that forgets old gradients:

        s ← ρ s + (1 - ρ) g²
        w ← w - v,      v = lr g / √(s + ε)

    With momentum μ, v ← μ v + lr g / √(s + ε). Centered, the variance of the gradient, s - m² with
    m ← ρ m + (1 - ρ) g, takes the place of s (Graves 2013). Hinton 2012, lecture 6e; as in Keras.
    """

    squares = True

    def __init__(
        self, parameters, lr=0.001, *, rho=0.9, momentum=0.0, centered=False, eps=1e-7, **settings
    ):
        self.rho = check_fraction("rho", rho)
        self.momentum = check_fraction("momentum", momentum)
        self.centered = centered
        self.eps = check_positive("eps", eps)
        self.states = ("s", *(["m"] if centered else []), *(["v"] if momentum else []))
        super().__init__(parameters, lr, **settings)

    def update(self, w, g, lr, s, m=None, v=None):
        scratch = self.scratch
        update_running_mean(s, np.multiply(g, g, out=scratch), self.rho, scratch)
        if m is None:
            root = np.add(s, self.eps, out=scratch)
        else:
            update_running_mean(m, g, self.rho, scratch)
            root = np.multiply(m, m, out=scratch)
            np.subtract(s, root, out=root)  # s - m²
            root += self.eps
        np.sqrt(root, out=root)
        g /= root
        g *= lr
        if v is None:
            w -= g
        else:
            v *= self.momentum
            v += g
            w -= v


class Adadelta(Optimizer):
    """RMSprop with steps in the units of w, taken from the sizes of past steps:

        s ← ρ s + (1 - ρ) g²
        Δ = √(d + ε) / √(s + ε) g
        d ← ρ d + (1 - ρ) Δ²
        w ← w - lr Δ

    Zeiler 2012 (algorithm 1, where lr = 1), as in Keras.
    """

    states = ("s", "d")
    squares = True

    def __init__(self, parameters, lr=0.001, *, rho=0.95, eps=1e-7, **settings):
        self.rho = check_fraction("rho", rho)
        self.eps = check_positive("eps", eps)
        super().__init__(parameters, lr, **settings)

    def update(self, w, g, lr, s, d):
        scratch = self.scratch
        update_running_mean(s, np.multiply(g, g, out=scratch), self.rho, scratch)
        np.add(s, self.eps, out=scratch)
        g /= np.sqrt(scratch, out=scratch)
        np.add(d, self.eps, out=scratch)
        g *= np.sqrt(scratch, out=scratch)  # Δ
        update_running_mean(d, np.multiply(g, g, out=scratch), self.rho, scratch)
        g *= lr
        w -= g
