"""Scaling of features to mean 0 and variance 1."""

from typing import Any

import numpy as np

from models.foundation import boolean, learned
from models.foundation.incremental import Incremental
from models.preprocessing.one_to_one import Scaler


class StandardScaler(Incremental, Scaler):
    """z = (x - mean) / standard deviation, column by column; a constant column becomes 0.

    `partial_fit` merges more rows into mean μ and variance v by (T. Chan, G. Golub, R. LeVeque, Updating
    formulae and a pairwise algorithm for computing sample variances, 1979)

        n = n₁ + n₂,   d = μ₂ - μ₁:      μ = μ₁ + d n₂/n      v = (n₁ v₁ + n₂ v₂)/n + d² n₁ n₂/n²

    with n the sums of the weights. NaN is left out, and stays NaN. A column counts as constant if its
    deviation is below n ε |μ|, the rounding error of a mean.
    """

    with_mean: bool = boolean(True, doc="subtract the mean")
    with_std: bool = boolean(True, doc="divide by the standard deviation")

    mean_: Any = learned("(features,)")
    var_: Any = learned("(features,)")
    scale_: Any = learned("divisors of the columns, (features,); 1 for a constant column")
    n_samples_seen_: Any = learned("the sum of the weights; (features,) if X has missing values")

    def _partial_fit(self, X, weight):
        n2, mean2, std2 = _moments(X, weight)
        n1, mean1, std1 = np.asarray(0), mean2, std2
        if hasattr(self, "mean_"):  # a constant column has the scale 1
            std1 = np.where(self.scale_ == 1, np.sqrt(self.var_), self.scale_)
            n1 = np.asarray(self.n_samples_seen_)
            mean1 = np.where(n1 > 0, self.mean_, mean2)
            mean2 = np.where(n2 > 0, mean2, mean1)
            std1, std2 = np.where(n1 > 0, std1, 0), np.where(n2 > 0, std2, 0)
        n, d = n1 + n2, mean2 - mean1
        self.n_samples_seen_ = n
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            self.mean_ = mean1 + d * (n2 / n)
            # √((n₁ v₁ + n₂ v₂)/n)
            within = np.hypot(std1 * (n1 / n) ** 0.5, std2 * (n2 / n) ** 0.5)
            std = np.hypot(within, d * ((n1 * n2) ** 0.5 / n))
            self.var_ = std**2
        rounding = n * np.finfo(np.float64).eps * np.abs(self.mean_)
        self.scale_ = np.where(std > rounding, std, 1.0)

    def _transform(self, X):
        Z = X - self.mean_ if self.with_mean else X.copy()
        if self.with_std:
            Z /= self.scale_
        return Z

    def _inverse_transform(self, Z):
        X = Z * self.scale_ if self.with_std else Z.copy()
        if self.with_mean:
            X += self.mean_
        return X


def _moments(X, weight):
    """Sum of the weights, mean and standard deviation of each column, without NaN."""
    missing = np.isnan(X) if np.isnan(np.einsum("ij->", X)) else None
    if missing is None:
        n = weight.sum()
        n = int(n) if n == int(n) else n
        mean = weight @ X / n
        return n, mean, _root_mean_square(X - mean, weight, n)
    n = weight @ ~missing
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weight @ np.where(missing, 0, X) / n
        return n, mean, _root_mean_square(np.where(missing, 0, X - mean), weight, n)


def _root_mean_square(D, weight, n):
    """√(Σ w d² / n) of each column, in units of its largest |d| where d² over- or underflows."""
    with np.errstate(over="ignore", under="ignore"):
        square = np.einsum("i,ij,ij->j", weight, D, D) / n
    root = np.sqrt(square)
    odd = ~((square > 1e-290) & (square < np.inf))
    if odd.any():
        unit = np.abs(D[:, odd]).max(axis=0)
        unit[unit == 0] = 1
        n = np.broadcast_to(n, odd.shape)[odd]
        root[odd] = unit * np.sqrt(weight @ (D[:, odd] / unit) ** 2 / n)
    return root
