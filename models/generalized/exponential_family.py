"""Generalized linear models, derived from one function: the log-partition of an exponential family.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), chapter 2 (MN below).
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Regressor, choice, learned, nonnegative, validation
from models.foundation.linear_loss import LinearLoss
from models.foundation.loss_model import LossModel
from tinygrad_edu import grad, hvp


class ExponentialFamily(LinearLoss, Regressor):
    """y from an exponential family whose natural parameter θ is a function of η = x·w + b.

        -ln p(y | x) = (A(θ) - y θ) / φ - c(y, φ)                                      MN 2.4
        mean      E y = μ = A'(θ)                                                      MN 2.10
        variance  Var y = φ A''(θ)                                                     MN 2.11
        link      η = g(μ); g is canonical if θ = η                                    MN 2.2.4

        L(w, b) = Σ_i s_i (A(θ_i) - y_i θ_i) / Σ s + α ‖w‖² / 2,         s the sample weights

    A subclass writes two functions, and the engine differentiates them:

        log_partition(θ)     A
        conjugate(μ)         A*(μ) = max_θ (μ θ - A(θ)), whose derivative is the θ with the mean μ

    With another link than the canonical one it also writes `natural`, η -> θ, and `link_of`, μ -> η.
    """

    log_partition: ClassVar[Any]
    conjugate: ClassVar[Any]

    alpha: float = nonnegative(1.0, doc="strength of the penalty")
    solver: Any = LossModel._parameters["solver"] | choice(
        "newton-cholesky", doc="how the loss is minimized; 'newton-cholesky' is 'newton'"
    )
    tol = 1e-4

    intercept_: Any = learned("b: a number")

    def natural(self, η):
        """θ as a function of η."""
        return η

    def link_of(self, mean):
        """η as a function of μ."""
        return grad(lambda μ: self.conjugate(μ).sum())(np.asarray(mean, dtype=np.float64))

    def mean(self, θ):
        """μ = A'(θ)."""
        return grad(lambda θ: self.log_partition(θ).sum())(θ)

    def variance(self, θ):
        """Var y / φ = A''(θ)."""
        return hvp(lambda θ: self.log_partition(θ).sum(), (θ,), (np.ones_like(θ),))

    def row_loss(self, η, y):
        """A(θ) - y θ of every row."""
        θ = self.natural(η)
        return self.log_partition(θ) - y * θ

    def row_curvature(self, η, y):
        """Its second derivative by η."""
        return hvp(lambda η: self.row_loss(η, y).sum(), (η,), (np.ones_like(η),))

    def start(self, X, y, weight):
        """w = 0, and b that predicts the mean of y."""
        start = super().start(X, y, weight)
        with np.errstate(all="ignore"):
            b = self.link_of(weight @ y / weight.sum())
        if self.fit_intercept and np.isfinite(b):
            start["intercept"] = np.asarray(b)
        return start

    def _strength_of_penalty(self, weight):
        return self.alpha, 0.0

    def _solver(self):
        return "newton" if self.solver == "newton-cholesky" else self.solver

    def _mean_of(self, X):
        return self.mean(self.natural(self.linear(X, self.coef_, self.intercept_)))

    def _predict(self, X):
        return self._mean_of(X)

    def _by_trial(self, y, weight):
        """y and weight in the units of μ: the same, but for counts of several trials."""
        return y, weight

    def deviance(self, y, mean):
        """2 (A*(y) - A*(μ) - A*'(μ) (y - μ)): twice what ln p(y) lacks to its largest value (MN 2.3).

        Σ of it is 0 if each y is predicted exactly. For the normal distribution it is (y - μ)².
        """
        θ = grad(lambda μ: self.conjugate(μ).sum())(mean)
        return 2 * (self.conjugate(y) - self.conjugate(mean) - θ * (y - mean))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """D² = 1 - Σ s d(y, μ) / Σ s d(y, ȳ), with the deviance d: the R² of this family.

        1 is perfect, 0 no better than the mean ȳ. For a target without variance it is 1 if the prediction
        is exact, and 0 otherwise.
        """
        validation.refuse_swapped(X, y, self)
        predicted = self._mean_of(self._check(X))
        weight = self._weights(sample_weight, len(predicted))
        y, weight = self._by_trial(self._read_targets(y, len(predicted)), weight)
        null = weight @ self.deviance(y, np.full(len(y), np.average(y, weights=weight)))
        left = weight @ self.deviance(y, predicted)
        return float(1 - left / null) if null > 0 else float(left == 0)


class LogLink(ExponentialFamily):
    """Adds the link η = ln μ to a family in which it is not canonical."""

    def link_of(self, mean):
        return np.log(mean)


def x_log_x(x):
    """x ln x, with 0 ln 0 = 0."""
    return x * np.log(np.where(x > 0, x, 1.0))
