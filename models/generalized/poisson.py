"""Poisson regression.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), chapter 6.
"""

import numpy as np

from models.generalized.exponential_family import ExponentialFamily, x_log_x


class PoissonRegressor(ExponentialFamily):
    """y ~ Poisson(μ) with ln μ = η = x·w + b: counts, by maximum likelihood with a penalty on w.

        L(w, b) = Σ_i s_i (exp η_i - y_i η_i) / Σ s + α ‖w‖² / 2,      s the sample weights

    This is -ln p(y) without ln y!, which does not depend on the parameters. A(θ) = exp θ, the link is
    canonical, and Var y = μ.
    """

    y_at_least = 0
    twin_settings = {"solver": "newton-cholesky"}

    def log_partition(self, θ):
        return np.exp(θ)

    def conjugate(self, μ):
        return x_log_x(μ) - μ

    def link_of(self, mean):
        return np.log(mean)

    def row_slopes(self, η, y, weight):
        """The derivative is μ - y."""
        μ = np.exp(η)
        return weight @ (μ - y * η), weight * (μ - y)

    def row_curvature(self, η, y):
        return np.exp(η)
