"""Factorization machines.

Source: S. Rendle, Factorization machines (2010).
"""

from typing import Any

import numpy as np

from models.foundation import Regressor, integer, learned, nonnegative
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from tinygrad_edu.diagnostics.words import refusal

LARGEST = 1e70  # its fourth power, in the loss, is still a number


class FactorizationMachine(LinearPredictor, LossModel, Regressor):
    """Linear regression with all products of two features, whose weights are products of short vectors v_j:

        ŷ = b + Σ_j w_j x_j + Σ_{j<l} (v_j · v_l) x_j x_l          (equation 1)

    by the least  Σ_i s_i (y_i - ŷ_i)² + α (‖w‖² + ‖V‖²).  So a pair of features needs no samples of its own:
    each vector learns from all pairs of its feature. The sum over pairs takes d · rank products:

        Σ_{j<l} (v_j · v_l) x_j x_l = Σ_f ((Σ_j v_jf x_j)² - Σ_j v_jf² x_j²) / 2          (lemma 3.1)

    V starts at random, of size `init_scale`: at V = 0 its gradient would be 0.
    """

    twin = ""

    rank: int = integer(8, at_least=1, doc="length of the vectors v")
    alpha: float = nonnegative(1.0, doc="α, strength of the penalty")
    init_scale: float = nonnegative(0.1, doc="standard deviation of V at the start")
    max_iter = 5000
    tol = 1e-10

    coef_: Any = learned("w: (features,)")
    intercept_: Any = learned("b: a number")
    factors_: np.ndarray = learned("V: (features, rank)")

    def start(self, X, y, weight):
        if np.abs(X).max() > LARGEST:
            what = f"X has numbers above {LARGEST}, and squares of their products overflow."
            raise refusal(ValueError, what, "features of a common size: StandardScaler")
        rng = np.random.default_rng(self.random_state)
        V = self.init_scale * rng.normal(size=(X.shape[1], self.rank))
        return {**self._from_zero((), X.shape[1]), "factors": V}

    def loss(self, X, y, weight, coef, intercept, factors):
        errors = weight @ (y - self._score(X, coef, intercept, factors)) ** 2
        return (errors + self.alpha * ((coef**2).sum() + (factors**2).sum())) / weight.sum()

    def _score(self, X, coef, intercept, factors):
        pairs = ((X @ factors) ** 2 - X**2 @ factors**2).sum(axis=1) / 2
        return X @ coef + intercept + pairs

    def _predict(self, X):
        return self._score(X, self.coef_, self.intercept_, self.factors_)
