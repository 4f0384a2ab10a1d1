"""Stochastic gradient descent for linear models.

Source: L. Bottou, Stochastic gradient descent tricks (2012); S. Shalev-Shwartz, Y. Singer, N. Srebro, Pegasos
(2007), for the rate "optimal".
"""

from typing import Any

import numpy as np

from models.foundation import boolean, choice, integer, nonnegative, number, positive
from models.online.descent import OnlineClassifier, OnlineModel, OnlineRegressor
from models.online.losses import FOR_CLASSES, FOR_NUMBERS


class StochasticGradientDescent(OnlineModel):
    """The least  Σ_i s_i loss(z_i, y_i) / n + α ((1 - ρ) ‖w‖² / 2 + ρ ‖w‖₁),  by a gradient step per sample.

    learning_rate of step t
        "constant"      η0
        "optimal"       1 / (α (t0 + t - 1)), with t0 so that the first step is of the size of w
        "invscaling"    η0 / t^power_t
        "adaptive"      η0, divided by 5 whenever a few rounds brought no improvement
        "pa1", "pa2"    the rates of the passive-aggressive models, with C = η0

    With `average`, coef_ is the mean of w over all steps, or over those from step `average` on. It comes
    nearer to the minimum than w itself, which each sample moves.
    """

    penalty: str | None = choice("l2", "l1", "elasticnet", None, doc="the part of α")
    alpha: float = nonnegative(1e-4, doc="α, strength of the penalty")
    l1_ratio: float | None = number(
        0.15, at_least=0, at_most=1, optional=True, doc="ρ, with penalty='elasticnet'"
    )
    epsilon: float = nonnegative(0.1, doc="ε of 'huber' and of the ε-insensitive losses")
    learning_rate: str = choice(
        "optimal", "constant", "invscaling", "adaptive", "pa1", "pa2", doc="the rule for η"
    )
    eta0: float = positive(0.01, doc="η0")
    power_t: float = number(0.5, doc="exponent of 'invscaling'")
    average: bool | int = boolean(False, doc="average w, or from which step on") | integer(
        at_least=0
    )


class SGDClassifier(StochasticGradientDescent, OnlineClassifier):
    """A linear classifier, by stochastic gradient descent.

    loss="hinge" is a linear support vector machine, "log_loss" is logistic regression, "perceptron" the
    perceptron. P(y | x) exists for "log_loss", 1 / (1 + e^-z), and for "modified_huber", (1 + z) / 2 between
    0 and 1 (Zhang 2004). For more than two classes these are divided by their sum.
    """

    loss: str = choice(*FOR_CLASSES, doc="of a sample: see losses")

    @property
    def _predict_proba(self) -> Any:
        if self.loss not in ("log_loss", "modified_huber"):
            raise AttributeError(f"no probabilities with loss={self.loss!r}")
        return self._probabilities

    def _probabilities(self, X):
        z = self._decision(X)
        p = (np.clip(z, -1, 1) + 1) / 2
        if self.loss == "log_loss":
            p = np.exp(-np.logaddexp(0, -z))
        if p.ndim == 1:
            return np.stack([1 - p, p], axis=1)
        p[p.sum(axis=1) == 0] = 1.0  # far from every class: all alike
        return p / p.sum(axis=1, keepdims=True)


class SGDRegressor(StochasticGradientDescent, OnlineRegressor):
    """A linear regression, by stochastic gradient descent."""

    loss: str = choice(*FOR_NUMBERS, doc="of a sample: see losses")
    learning_rate = "invscaling"
    power_t = 0.25
