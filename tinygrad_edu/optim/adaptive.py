"""A step size for every number, from the sizes of the gradients it has seen.

All three divide g by a root of s, where s is a sum of g² (Adagrad) or its running mean (RMSprop,
Adadelta). They add ε under the root, as Keras does; PyTorch adds it to the root.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.optim.optimizer import LearningRate, Optimizer, follow, in_range, share_below_one


class Adagrad(Optimizer):
    """Steps that only become shorter:

        s ← s + g²                   s = s₀ at first
        w ← w - lr g / √(s + ε)

    Duchi, Hazan and Singer 2011, as in Keras, where s₀ = 0.1.
    """

    states = ("s",)

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        initial: float = 0.1,
        eps: float = 1e-7,
        **settings: Any,
    ):
        self.initial = in_range("initial", initial, "0 or more", lambda x: x >= 0)
        self.eps = in_range("eps", eps, "a positive number", lambda x: x > 0)
        super().__init__(parameters, lr, **settings)

    def start(self, w: np.ndarray) -> list[np.ndarray]:
        return [np.full_like(w, self.initial)]

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        (s,) = states
        np.multiply(g, g, out=tmp)
        s += tmp
        np.add(s, self.eps, out=tmp)
        np.sqrt(tmp, out=tmp)
        np.divide(g, tmp, out=tmp)
        tmp *= self.rate
        w -= tmp


class RMSprop(Optimizer):
    """Adagrad that forgets:

        s ← ρ s + (1 - ρ) g²
        w ← w - v,      v = lr g / √(s + ε)

    With momentum μ, v ← μ v + lr g / √(s + ε). Centered, the variance of the gradient, s - m² with
    m ← ρ m + (1 - ρ) g, takes the place of s (Graves 2013). Hinton 2012, lecture 6e; as in Keras.
    """

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        rho: float = 0.9,
        momentum: float = 0.0,
        centered: bool = False,
        eps: float = 1e-7,
        **settings: Any,
    ):
        self.rho = share_below_one("rho", rho)
        self.momentum = share_below_one("momentum", momentum)
        self.centered = centered
        self.eps = in_range("eps", eps, "a positive number", lambda x: x > 0)
        self.states = ("s", *(["m"] if centered else []), *(["v"] if momentum else []))
        super().__init__(parameters, lr, **settings)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        s, *others = states
        np.multiply(g, g, out=tmp)
        follow(s, tmp, self.rho, tmp)
        if self.centered:
            m = others[0]
            follow(m, g, self.rho, tmp)
            np.multiply(m, m, out=tmp)
            np.subtract(s, tmp, out=tmp)  # s - m²
            tmp += self.eps
        else:
            np.add(s, self.eps, out=tmp)
        np.sqrt(tmp, out=tmp)
        np.divide(g, tmp, out=tmp)
        tmp *= self.rate
        if self.momentum:
            v = others[-1]
            v *= self.momentum
            v += tmp
            w -= v
        else:
            w -= tmp


class Adadelta(Optimizer):
    """RMSprop with steps in the units of w, their length from the steps before:

        s ← ρ s + (1 - ρ) g²
        Δ = √(d + ε) / √(s + ε) g
        d ← ρ d + (1 - ρ) Δ²
        w ← w - lr Δ

    Zeiler 2012 (algorithm 1, where lr = 1), as in Keras.
    """

    states = ("s", "d")

    def __init__(
        self,
        parameters: Any,
        lr: LearningRate = 0.001,
        *,
        rho: float = 0.95,
        eps: float = 1e-7,
        **settings: Any,
    ):
        self.rho = share_below_one("rho", rho)
        self.eps = in_range("eps", eps, "a positive number", lambda x: x > 0)
        super().__init__(parameters, lr, **settings)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        s, d = states
        np.multiply(g, g, out=tmp)
        follow(s, tmp, self.rho, tmp)
        np.add(s, self.eps, out=tmp)
        np.divide(g, np.sqrt(tmp, out=tmp), out=g)  # g is a copy, and free to compute in
        np.add(d, self.eps, out=tmp)
        g *= np.sqrt(tmp, out=tmp)  # Δ
        np.multiply(g, g, out=tmp)
        follow(d, tmp, self.rho, tmp)
        g *= self.rate
        w -= g
