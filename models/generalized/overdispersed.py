"""Negative binomial regression.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), section 6.2.3;
J. Hilbe, Negative Binomial Regression, 2nd edition (2011), chapter 8 (there "NB2").
"""

import numpy as np

from models.foundation import positive
from models.generalized.exponential_family import LogLink, x_log_x
from tinygrad_edu.ops import softplus


class NegativeBinomialRegressor(LogLink):
    """Counts with mean μ and variance μ + κ μ², more than Poisson's; ln μ = η = x·w + b.

        L(w, b) = Σ_i s_i ((y_i + r) ln(μ_i + r) - y_i η_i) / Σ s + α ‖w‖² / 2 - r ln r,      r = 1 / κ

    with s the sample weights: -ln p(y) without what depends on y and r alone. For a given dispersion κ this
    is an exponential family with θ = ln(μ / (μ + r)) and A(θ) = -r ln(1 - exp θ). Poisson is the limit κ → 0.
    """

    y_at_least = 0
    twin = ""

    dispersion: float = positive(1.0, doc="κ, how much the variance exceeds the mean")

    def natural(self, η):
        return -softplus(-η - np.log(self.dispersion))

    def log_partition(self, θ):
        return -np.log(-np.expm1(θ)) / self.dispersion

    def conjugate(self, μ):
        r = 1 / self.dispersion
        return x_log_x(μ) - (μ + r) * np.log(μ + r) + r * np.log(r)
