"""Huber regression.

Source: P. Huber, E. Ronchetti, Robust Statistics, 2nd edition (2009), section 7.7 (concomitant scale);
A. Owen, A robust hybrid of lasso and ridge regression (2007).
"""

import numpy as np

from models.foundation import learned, nonnegative, number
from models.foundation.constraints import Positive
from models.foundation.linear_predictor import LinearModel
from models.foundation.loss_model import LossModel


class HuberRegressor(LinearModel, LossModel):
    """y = x·w + b by errors that count squared if they are small, and linearly if they are large.

        Σ_i s_i (σ + σ H((y_i - x_i·w - b) / σ)) + α ‖w‖²,    H(z) = z² if |z| < ε, else 2 ε |z| - ε²

    is least, for w, b and σ > 0: scikit-learn's objective, which is minimized divided by Σ s. Outliers so
    pull with a force of 2 ε at most, and σ says what is large, in the units of y.
    """

    twin_tolerance = 1e-5

    epsilon: float = number(1.35, at_least=1, doc="ε; the smaller, the less outliers count")
    alpha: float = nonnegative(1e-4, doc="α, the strength of the penalty")
    solver = "newton"
    tol = 1e-5

    scale_: float = learned("σ")
    outliers_: np.ndarray = learned("|y - x·w - b| > ε σ, for every row: (samples,)")

    def start(self, X, y, weight):
        return {**super().start(X, y, weight), "scale": Positive(1.0)}

    def loss(self, X, y, weight, coef, intercept, scale):
        r = y - self.linear(X, coef, intercept)
        near = np.maximum(np.minimum(r, self.epsilon * scale), -self.epsilon * scale)
        each = scale + (2 * r - near) * near / scale  # near = r, or ε σ sign(r) for outliers
        return (weight @ each + self.alpha * (coef * coef).sum()) / weight.sum()

    def _learn(self, X, y, sample_weight):
        super()._learn(X, y, sample_weight)
        X = self._check(X)
        errors = np.abs(self._read_targets(y, len(X)) - self._predict(X))
        self.outliers_ = errors > self.epsilon * self.scale_
