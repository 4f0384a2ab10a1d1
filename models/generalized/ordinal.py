"""Regression on ordered classes: the proportional-odds model.

Source: P. McCullagh, Regression models for ordinal data (1980), section 2; P. McCullagh, J. Nelder,
Generalized Linear Models, 2nd edition (1989), section 5.2.2.
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, learned, nonnegative
from models.foundation.constraints import Free, Positive
from models.foundation.loss_model import LossModel
from tinygrad_edu.ops import softplus


class OrdinalRegression(LossModel, Classifier):
    """P(y ≤ k | x) = 1 / (1 + exp(η - θ_k)) with η = w·x and thresholds θ_1 < θ_2 < ... between the classes.

        L(w, θ) = -Σ_i s_i ln(P(y ≤ y_i | x_i) - P(y ≤ y_i - 1 | x_i)) / Σ s + α ‖w‖² / 2

    with s the sample weights and the classes in ascending order. The odds of y ≤ k change by the same factor
    exp(-w) at every threshold. θ_1 is any number and the gaps θ_(k+1) - θ_k are positive, so that no
    probability is negative. For two classes this is logistic regression with the intercept -θ_1.
    """

    one_class = False
    does_not_apply = {"check_classifiers_train": "its three classes are blobs that lie in no order"}
    twin = ""

    alpha: float = nonnegative(0.0, doc="strength of the penalty")
    tol = 1e-6
    max_iter = 500

    coef_: Any = learned("w: (features,)")
    thresholds_: np.ndarray = learned("θ: (classes - 1,)")
    first_: float = learned("θ_1")
    gaps_: np.ndarray = learned("θ_(k+1) - θ_k: (classes - 2,)")

    def start(self, X, y, weight):
        """w = 0, and the thresholds that give the frequencies of the classes."""
        below = np.cumsum(np.bincount(y, weight))[:-1] / weight.sum()
        θ = np.log(below / (1 - below))
        return {
            "coef": np.zeros(X.shape[1]),
            "first": Free(θ[0]),
            "gaps": Positive(np.maximum(np.diff(θ), 1e-3)),
        }

    def loss(self, X, y, weight, coef, first, gaps):
        """L above, with the first threshold and the gaps to the next ones. y: numbers of classes."""
        θ = np.concatenate([np.reshape(first, (1,)), first + np.cumsum(gaps)])
        η, last = X @ coef, len(θ)
        lower = θ[np.maximum(y - 1, 0)] - η  # of the class of each row
        upper = θ[np.minimum(y, last - 1)] - η
        # ln(σ(u) - σ(l)) = ln σ(u) + ln σ(-l) + ln(1 - e^(l - u)), without the terms of a missing bound
        has_lower, has_upper = y > 0, y < last
        gap = np.where(has_lower & has_upper, upper - lower, np.inf)
        log_p = np.log(-np.expm1(-gap)) - has_upper * softplus(-upper) - has_lower * softplus(lower)
        return -(weight @ log_p) / weight.sum() + self.alpha / 2 * (coef @ coef)

    def _keep(self, parameters):
        super()._keep(parameters)
        self.thresholds_ = self.first_ + np.append(0.0, np.cumsum(self.gaps_))

    def _predict_proba(self, X):
        logits = self.thresholds_ - (X @ self.coef_)[:, None]
        up_to = (1 + np.tanh(logits / 2)) / 2
        return np.diff(up_to, axis=1, prepend=0.0, append=1.0)
