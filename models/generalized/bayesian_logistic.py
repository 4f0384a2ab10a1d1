"""Bayesian logistic regression by Laplace's method.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), sections 4.4 and 4.5.
"""

import numpy as np

from models.foundation import Classifier, learned, positive
from models.foundation.constraints import Fixed
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from tinygrad_edu import hessian
from tinygrad_edu.ops import log_sigmoid, sigmoid


class BayesianLogisticRegression(LinearPredictor, LossModel, Classifier):
    """P(y = 1 | x) = ∫ σ(x·w + b) p(w, b | data), for two classes and a prior N(0, 1/α) of each weight.

    The posterior is taken for N(m, S), with m its mode and S⁻¹ = -∇∇ ln p at m (Bishop 4.143), by the engine.
    For φ = (x, 1), with the mean μ = m·φ and the variance σ² = φᵀ S φ of x·w + b,

        P(y = 1 | x) ≈ σ(κ μ),      κ = (1 + π σ² / 8)^(-1/2)                      (Bishop 4.154, 4.155)

    so a probability is closer to 1/2 where the data say little about it. b has the prior of the weights, too.
    """

    twin = ""
    one_class = False
    several_classes = False

    alpha: float = positive(1.0, doc="α, the precision of the prior")
    solver = "newton"
    tol = 1e-8

    coef_: np.ndarray = learned("mode of w: (1, features)")
    intercept_: np.ndarray = learned("mode of b: (1,)")
    covariance_: np.ndarray = learned("S, of w and then b: (features + 1, features + 1)")
    log_evidence_: float = learned("ln p(y | X, α), by Laplace's method (Bishop 4.137)")

    def start(self, X, y, weight):
        b = np.zeros(1)
        return {
            "coef": np.zeros((1, X.shape[1])),
            "intercept": b if self.fit_intercept else Fixed(b),
        }

    def loss(self, X, y, weight, coef, intercept):
        """-ln p(y, w, b | X) / Σ s without constants, s the sample weights   (Bishop 4.142)."""
        μ = self.linear(X, coef, intercept)[:, 0]
        surprise = -log_sigmoid((2 * y - 1) * μ)
        prior = self.alpha / 2 * ((coef * coef).sum() + (intercept * intercept).sum())
        return (weight @ surprise + prior) / weight.sum()

    def _fit(self, X, y, weight):
        found = self._minimize(X, y, weight)
        self.coef_, self.intercept_ = found["coef"], found["intercept"]
        packing = self._packing(X, y, weight)
        packing.move(found)

        def surprise(vector):
            return weight.sum() * self.loss(X, y, weight, **packing.unpack(vector))

        mode = packing.vector()
        precision = hessian(surprise)(mode)
        self.covariance_ = np.linalg.inv(precision)
        log_det = np.linalg.slogdet(precision).logabsdet
        self.log_evidence_ = float(
            len(mode) * np.log(self.alpha) / 2 - surprise(mode) - log_det / 2
        )

    def _decision(self, X):
        φ = np.column_stack([X, np.ones(len(X))])[:, : len(self.covariance_)]
        variance = ((φ @ self.covariance_) * φ).sum(axis=1)
        κ = 1 / np.sqrt(1 + np.pi * variance.clip(0) / 8)
        return κ * self.linear(X, self.coef_, self.intercept_)[:, 0]

    def _predict_proba(self, X):
        p = sigmoid(self._decision(X))
        return np.column_stack([1 - p, p])
