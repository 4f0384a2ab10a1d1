"""Poisson regression.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), chapter 6.
"""

import numpy as np

from models.foundation import Regressor, nonnegative
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel


class PoissonRegressor(LinearPredictor, LossModel, Regressor):
    """y ~ Poisson(μ) with ln μ = η = x·w + b: counts, by maximum likelihood with a penalty on w.

        L(w, b) = Σ_i s_i (exp η_i - y_i η_i) / Σ s + α ‖w‖² / 2,      s the sample weights

    This is -ln p(y) without ln y!, which does not depend on the parameters.
    """

    y_at_least = 0
    twin_settings = {"solver": "newton-cholesky"}

    alpha: float = nonnegative(1.0, doc="strength of the penalty")

    def loss(self, X, y, weight, coef, intercept):
        η = self.linear(X, coef, intercept)
        return weight @ (np.exp(η) - y * η) / weight.sum() + self.alpha / 2 * (coef @ coef)

    def _predict(self, X):
        return np.exp(self.linear(X, self.coef_, self.intercept_))
