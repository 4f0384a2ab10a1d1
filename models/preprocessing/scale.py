"""Scaling of features to a common size."""

from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, learned
from models.foundation.incremental import Incremental


class StandardScaler(Incremental, Transformer):
    """z = (x - mean) / standard deviation, column by column; a constant column becomes 0.

    `partial_fit` merges more rows into mean μ and variance v by (T. Chan, G. Golub, R. LeVeque, Updating
    formulae and a pairwise algorithm for computing sample variances, 1979)

        n = n₁ + n₂,   d = μ₂ - μ₁:      μ = μ₁ + d n₂/n      v = (n₁ v₁ + n₂ v₂)/n + d² n₁ n₂/n²

    with n the sums of the weights.
    """

    with_mean: bool = boolean(True, doc="subtract the mean")
    with_std: bool = boolean(True, doc="divide by the standard deviation")

    mean_: Any = learned("(features,)")
    var_: Any = learned("(features,)")
    scale_: Any = learned("divisors of the columns, (features,); 1 for a constant column")
    n_samples_seen_: float = learned("the sum of the weights")

    def _partial_fit(self, X, weight):
        n2 = weight.sum()
        mean2 = weight @ X / n2
        std2 = _root_mean_square(X - mean2, weight)
        n1, mean1, std1 = 0.0, mean2, std2
        if hasattr(self, "mean_"):  # a constant column has the scale 1
            std1 = np.where(self.scale_ == 1, np.sqrt(self.var_), self.scale_)
            n1, mean1 = self.n_samples_seen_, self.mean_
        n, d = n1 + n2, mean2 - mean1
        self.n_samples_seen_ = n
        self.mean_ = mean1 + d * (n2 / n)
        within = np.hypot(std1 * (n1 / n) ** 0.5, std2 * (n2 / n) ** 0.5)  # √((n₁ v₁ + n₂ v₂)/n)
        std = np.hypot(within, d * ((n1 * n2) ** 0.5 / n))
        with np.errstate(over="ignore", under="ignore"):
            self.var_ = std**2
        self.scale_ = _without_zeros(std, self.mean_)

    def _transform(self, X):
        Z = X - self.mean_ if self.with_mean else X
        return Z / self.scale_ if self.with_std else Z

    def _inverse_transform(self, Z):
        X = Z * self.scale_ if self.with_std else Z
        return X + self.mean_ if self.with_mean else X

    def _names_out(self, names):
        return names


def _root_mean_square(D, weight):
    """√(Σ w d² / Σ w) of each column, in units of its largest |d| where d² over- or underflows."""
    with np.errstate(over="ignore", under="ignore"):
        square = weight @ D**2 / weight.sum()
    root = np.sqrt(square)
    odd = ~((square > 1e-290) & (square < np.inf))
    if odd.any():
        unit = np.abs(D[:, odd]).max(axis=0)
        unit[unit == 0] = 1
        root[odd] = unit * np.sqrt(weight @ (D[:, odd] / unit) ** 2 / weight.sum())
    return root


def _without_zeros(std, mean):
    """The standard deviations, or 1 where they are only rounding errors of the mean."""
    rounding = 10 * np.finfo(np.float64).eps * np.abs(mean)
    return np.where(std > rounding, std, 1.0)
