"""A step size for every number, from the running moments of its gradient."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim.optimizer import Optimizer, in_range


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradients:

        m ← m + (1 - β₁)(g - m)          the running mean of the gradient
        v ← v + (1 - β₂)(g² - v)         and of its square
        w ← w - α m / (√v + ε),          α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ)

    Kingma and Ba 2015, in the order of computation of the end of their section 2, as in Keras; there ε
    is added to √v before its bias is corrected. (PyTorch adds it after: its ε is larger by 1/√(1 - β₂ᵗ).)
    """

    states = ("m", "v")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
    ):
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(
                f"betas must be two numbers, as (0.9, 0.999), not {betas!r}.{user_line()}"
            )
        for i, beta in enumerate(betas):
            in_range(f"betas[{i}]", beta, "from 0 to below 1", lambda x: 0 <= x < 1)
        self.betas = betas
        self.eps = in_range("eps", eps, "a positive number", lambda x: x > 0)
        super().__init__(parameters, lr)

    def begin_step(self) -> None:
        beta1, beta2 = self.betas
        self.alpha = self.lr * (1 - beta2**self.t) ** 0.5 / (1 - beta1**self.t)

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *moments: np.ndarray) -> None:
        m, v = moments
        beta1, beta2 = self.betas
        np.subtract(g, m, out=tmp)
        tmp *= 1 - beta1
        m += tmp  # m + (1 - β₁)(g - m)
        np.multiply(g, g, out=tmp)
        tmp -= v
        tmp *= 1 - beta2
        v += tmp  # v + (1 - β₂)(g² - v)
        np.sqrt(v, out=tmp)
        tmp += self.eps
        np.divide(m, tmp, out=tmp)
        tmp *= self.alpha
        w -= tmp  # w - α m / (√v + ε)
