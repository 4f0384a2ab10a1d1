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
        var2 = weight @ (X - mean2) ** 2 / n2
        n1 = getattr(self, "n_samples_seen_", 0.0)
        mean1, var1 = (self.mean_, self.var_) if n1 else (mean2, var2)
        n, d = n1 + n2, mean2 - mean1
        self.n_samples_seen_ = n
        self.mean_ = mean1 + d * (n2 / n)
        self.var_ = (n1 * var1 + n2 * var2) / n + d**2 * (n1 * n2 / n**2)
        self.scale_ = _without_zeros(np.sqrt(self.var_), self.mean_)

    def _transform(self, X):
        Z = X - self.mean_ if self.with_mean else X
        return Z / self.scale_ if self.with_std else Z

    def _inverse_transform(self, Z):
        X = Z * self.scale_ if self.with_std else Z
        return X + self.mean_ if self.with_mean else X

    def _names_out(self, names):
        return names


def _without_zeros(std, mean):
    """The standard deviations, or 1 where they are only rounding errors of the mean."""
    rounding = 10 * np.finfo(np.float64).eps * np.abs(mean)
    return np.where(std > rounding, std, 1.0)
