"""Down the slope: gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim.optimizer import Optimizer, in_range


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w - lr g, and with momentum μ

        v ← μ v - lr g
        w ← w + v                 or, looking ahead (nesterov):   w ← w + μ v - lr g

    As in Keras. Momentum: Polyak 1964; Nesterov: Sutskever et al. 2013.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
    ):
        self.momentum = in_range("momentum", momentum, "from 0 to below 1", lambda x: 0 <= x < 1)
        if nesterov and not momentum:
            raise ValueError(f"nesterov looks ahead by the momentum, which is 0.{user_line()}")
        self.nesterov = nesterov
        self.states = ("v",) if momentum else ()
        super().__init__(parameters, lr)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *v: np.ndarray) -> None:
        np.multiply(g, self.lr, out=tmp)  # lr g
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
