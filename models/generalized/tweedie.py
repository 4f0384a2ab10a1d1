"""Regression with a Tweedie distribution, whose variance is a power of the mean.

Source: B. Jørgensen, The Theory of Dispersion Models (1997), chapter 4.
"""

from typing import Any

import numpy as np

from models.foundation import choice, number
from models.generalized.exponential_family import ExponentialFamily, x_log_x


class TweedieRegressor(ExponentialFamily):
    """y with mean μ and variance φ μ^p, by maximum likelihood with a penalty on w; g(μ) = η = x·w + b.

        p = 0   normal      p = 1   Poisson      1 < p < 2   zeros and positive numbers, such as claims
        p = 2   gamma       p = 3   inverse Gaussian

        θ = μ^(1-p) / (1-p),      A(θ) = μ^(2-p) / (2-p);      p = 1, 2 are limits (Jørgensen 4.7, 4.8)

    L is that of `ExponentialFamily`. The link is the identity for p ≤ 0 and ln for p > 0, or as given.
    """

    twin_settings = {"solver": "newton-cholesky"}

    power: float = number(
        0.0,
        above=-np.inf,
        below=np.inf,
        doc="p; for 0 < p < 1 there is a loss, but no distribution",
    )
    link: Any = choice(
        "auto", "identity", "log", doc="g; 'auto' is 'identity' for p ≤ 0, else 'log'"
    )

    def log_partition(self, θ):
        p = self.power
        if p == 1:
            return np.exp(θ)
        return -np.log(-θ) if p == 2 else ((1 - p) * θ) ** ((2 - p) / (1 - p)) / (2 - p)

    def conjugate(self, μ):
        p = self.power
        if p == 1:
            return x_log_x(μ) - μ
        if p == 2:
            return -1 - np.log(μ)
        base = μ if p == 0 else np.maximum(μ, 0)
        return base ** (2 - p) / ((1 - p) * (2 - p))

    def natural(self, η):
        p = self.power
        if self._has_log_link():
            return η if p == 1 else np.exp((1 - p) * η) / (1 - p)
        return np.log(η) if p == 1 else η ** (1 - p) / (1 - p)

    def row_slopes(self, η, y, weight):
        """The derivative is (μ - y) μ^-p dμ/dη: with the link ln, μ^(2-p) - y μ^(1-p)."""
        p = self.power
        if not self._has_log_link():
            return weight @ self.row_loss(η, y), weight * (η - y) * η**-p
        whole, part = np.exp((2 - p) * η), y * np.exp((1 - p) * η)
        A = η if p == 2 else whole / (2 - p)
        yθ = y * η if p == 1 else part / (1 - p)
        return weight @ (A - yθ), weight * (whole - part)

    def row_curvature(self, η, y):
        p = self.power
        if p == 0 and not self._has_log_link():
            return np.ones_like(η)
        if not self._has_log_link():
            return (1 - p + p * y / η) * η**-p
        return (2 - p) * np.exp((2 - p) * η) - (1 - p) * y * np.exp((1 - p) * η)

    def link_of(self, mean):
        return np.log(mean) if self._has_log_link() else mean

    @property
    def y_at_least(self):  # type: ignore[override]
        return 0 if 0 < self.power < 2 else None

    @property
    def y_above(self):  # type: ignore[override]
        return 0 if self.power >= 2 else None

    def _has_log_link(self):
        return self.power > 0 if self.link == "auto" else self.link == "log"
