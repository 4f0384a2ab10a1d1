"""Gaussian naive Bayes.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 6.6.3.
"""

from typing import Any

import numpy as np

from models.bayes.bayes_rule import NaiveBayes, checked_priors
from models.foundation import array, learned, nonnegative
from tinygrad_edu.diagnostics.words import refusal


class GaussianNB(NaiveBayes):
    """Every feature is normal in every class:  ln p(x_j | k) = -(ln 2πv_kj + (x_j - θ_kj)² / v_kj) / 2.

    θ_k and v_k are mean and variance of the samples of class k (ESL equation 6.26 with normal densities). To
    every v, ε = var_smoothing · max_j v_j is added, with v_j the variance of feature j over all samples:

        v_j = Σ_k P(k) (v_kj + (θ_kj - θ_j)²)          θ_j = Σ_k P(k) θ_kj

    `partial_fit` merges means and variances of each class by the formulas of Chan, Golub and LeVeque (see
    StandardScaler). Unlike scikit-learn's, its ε is that of all samples so far, weighted as they are: so
    learning in parts, or with weights for repetitions, gives the same as one `fit`.
    """

    priors: Any = array(None, doc="P(k) of each class; None for their fractions in y")
    var_smoothing: float = nonnegative(1e-9, doc="ε as a fraction of the largest variance")

    class_prior_: np.ndarray = learned("P(k): (classes,)")
    theta_: np.ndarray = learned("θ: (classes, features)")
    var_: np.ndarray = learned("v + ε: (classes, features)")
    epsilon_: float = learned("ε")

    def _partial_fit(self, X, y, weight):
        K, d = len(self.classes_), X.shape[1]
        n1 = getattr(self, "class_count_", np.zeros(K))
        θ1, v1 = getattr(self, "theta_", np.zeros((K, d))), getattr(self, "_variance_", 0.0)
        n2, θ2, v2 = moments(X, y, weight, K)
        n = n1 + n2
        share = (n2 / np.where(n > 0, n, 1))[:, None]  # of the new samples
        θ = θ1 + share * (θ2 - θ1)
        v = (1 - share) * v1 + share * v2 + share * (1 - share) * (θ2 - θ1) ** 2
        p = (n / n.sum())[:, None]
        of_all = (p * (v + (θ - (p * θ).sum(axis=0)) ** 2)).sum(axis=0)
        self.class_count_, self.theta_, self._variance_ = n, θ, v
        self.epsilon_ = self.var_smoothing * (of_all.max() or 1.0)
        self.var_ = v + self.epsilon_
        given = self.priors is not None
        self.class_prior_ = checked_priors(self.priors, K, self) if given else n / n.sum()

    def _joint(self, X):
        if not self.var_.all():
            k, j = np.argwhere(self.var_ == 0)[0]
            label = self.classes_.tolist()[k]
            what = f"feature {j} is constant in class {label!r}: its density has no width."
            raise refusal(ValueError, what, "GaussianNB(var_smoothing=1e-9)")
        joint = np.empty((len(X), len(self.classes_)))
        with np.errstate(over="ignore", divide="ignore"):
            for k, (θ, v) in enumerate(zip(self.theta_, self.var_, strict=True)):
                Z = X - θ
                Z *= 1 / np.sqrt(v)
                joint[:, k] = (np.einsum("ij,ij->i", Z, Z) + np.log(2 * np.pi * v).sum()) / -2
            return joint + np.log(self.class_prior_)


def moments(X, y, weight, classes):
    """Weight, mean and variance of the rows of each class: (classes,) and twice (classes, features)."""
    n = np.bincount(y, weight, minlength=classes)
    mean, variance = np.zeros((2, classes, X.shape[1]))
    for k in np.flatnonzero(n):
        of_class = y == k
        rows, p = X[of_class], weight[of_class] / n[k]
        mean[k] = p @ rows
        rows -= mean[k]
        rows *= rows
        variance[k] = p @ rows
    return n, mean, variance
