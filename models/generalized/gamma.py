"""Gamma regression.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), chapter 8.
"""

import numpy as np

from models.generalized.exponential_family import LogLink


class GammaRegressor(LogLink):
    """y ~ Gamma with mean μ and ln μ = η = x·w + b: positive numbers, by maximum likelihood with a penalty.

        L(w, b) = Σ_i s_i (η_i + y_i exp(-η_i)) / Σ s + α ‖w‖² / 2,      s the sample weights

    A(θ) = -ln(-θ), so μ = -1 / θ and Var y = φ μ²: the relative error is the same everywhere (MN 8.1). The
    shape of the distribution, 1 / φ, does not change the best w and b.
    """

    y_above = 0
    twin_settings = {"solver": "newton-cholesky"}

    def natural(self, η):
        return -np.exp(-η)

    def log_partition(self, θ):
        return -np.log(-θ)

    def conjugate(self, μ):
        return -1 - np.log(μ)

    def row_slopes(self, η, y, weight):
        """The derivative is 1 - y / μ."""
        ratio = y * np.exp(-η)
        return weight @ (η + ratio), weight * (1 - ratio)

    def row_curvature(self, η, y):
        return y * np.exp(-η)
