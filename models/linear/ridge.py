"""Ridge regression.

Source: A. Hoerl, R. Kennard, Ridge regression: biased estimation for nonorthogonal problems (1970);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL), section 3.4.1.
"""

from typing import Any

from models.foundation import Regressor, array, nonnegative
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from models.linear.least_squares import centered, least_squares


class Ridge(LinearPredictor, LossModel, Regressor):
    """y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² + α ‖w‖²,  s the sample weights.

    The penalty keeps w small and unique. For centered data, w = (Xᵀ S X + α I)⁻¹ Xᵀ S y (ESL 3.44).
    """

    several_targets = True

    alpha: Any = nonnegative(1.0, doc="α, or one for each target") | array(at_least=0)
    solver = "exact"

    def loss(self, X, y, weight, coef, intercept):
        errors = weight @ (y - self.linear(X, coef, intercept)) ** 2
        return (errors + self.alpha * (coef * coef).sum(axis=-1)).sum() / weight.sum()

    def _exact(self, X, y, weight):
        A, B, x_mean, y_mean = centered(X, y, weight, self.fit_intercept)
        w = least_squares(A, B, self.alpha)
        return {"coef": w.T, "intercept": y_mean - x_mean @ w if self.fit_intercept else 0.0}

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)
