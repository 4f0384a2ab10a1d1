"""Powers of features, by which they become more like a normal distribution.

Source: G. Box, D. Cox, An analysis of transformations (1964); I. Yeo, R. Johnson, A new family of power
transformations to improve normality or symmetry (2000).
"""

from typing import Any

import numpy as np

from models.foundation import boolean, choice, learned, warn
from models.preprocessing.one_to_one import Scaler
from models.preprocessing.standard import StandardScaler
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.functional import value_and_grad

LARGEST = 600.0  # of λ ln x: its power is a float64


class PowerTransformer(Scaler):
    """x^λ with the most likely λ of each column, if the result is to be normally distributed.

        Box and Cox, x > 0:        z = (x^λ - 1) / λ
        Yeo and Johnson, x ≥ 0:    z = ((1 + x)^λ - 1) / λ
                         x < 0:    z = -((1 - x)^(2-λ) - 1) / (2 - λ)

    with the limits ln x, ln (1 + x) and -ln (1 - x) where they divide by 0. λ is where the derivative of the
    negative log-likelihood

        ℓ(λ) = n/2 ln var(z) - (λ - 1) Σ s L,      L = ln |x| or ln (1 + |x|),   s = the sign of z

    is 0; ℓ is convex. Columns whose ℓ falls up to the limits of float64, and constant ones, keep λ = 1.
    """

    twin_tolerance = 1e-6

    method: str = choice("yeo-johnson", "box-cox", doc="for all numbers, or for positive ones")
    standardize: bool = boolean(True, doc="then scale to mean 0 and variance 1")

    lambdas_: np.ndarray = learned("λ of each column: (features,)")
    _scaler_: Any = learned("a StandardScaler, or None")

    def _fit(self, X):
        self._require_positive(X)
        self.lambdas_ = np.array([self._most_likely(x[~np.isnan(x)]) for x in X.T])
        self._scaler_ = StandardScaler().fit(self._powers(X)) if self.standardize else None

    def _require_positive(self, X):
        if self.method == "box-cox" and (X <= 0).any():
            row, column = np.argwhere(X <= 0)[0]
            what = "The Box-Cox transformation can only be applied to strictly positive data, and X has "
            what += f"{X[row, column]} in row {row}, column {column}."
            raise refusal(ValueError, what, "method='yeo-johnson'")

    def _logarithms(self, x):
        """L and s."""
        if self.method == "box-cox":
            return np.log(x), np.ones_like(x)
        return np.log1p(np.abs(x)), np.where(x < 0, -1.0, 1.0)

    def _most_likely(self, x):
        """λ of a column."""
        spread = np.ptp(x) if len(x) else 0.0
        if spread <= len(x) * np.finfo(np.float64).eps * np.abs(x).max(initial=0):
            return 1.0
        L, s = self._logarithms(x)
        limit = LARGEST / np.abs(L).max()
        if self.method == "box-cox":
            L = L - L.mean()  # a factor of x does not change λ
        slope = value_and_grad(lambda λ: self.loss(λ, L, s))
        low = 2 - limit if (s < 0).any() else -limit
        with np.errstate(all="ignore"):
            return _root(lambda λ: float(slope(np.float64(λ))[1]), 1.0, low, limit)

    def loss(self, power, L, s):
        """ℓ(λ) of one column."""
        p = 1 + s * (power - 1)  # λ or 2 - λ
        z = (np.expm1(p * L) / p) * s
        far = z - z.mean()
        return len(L) / 2 * np.log((far * far).mean()) - (power - 1) * (s @ L)

    def _transform(self, X):
        self._require_positive(X)
        Z = self._powers(X)
        return Z if self._scaler_ is None else self._scaler_._transform(Z)

    def _powers(self, X):
        Z = np.empty_like(X)
        for j, (x, λ) in enumerate(zip(X.T, self.lambdas_, strict=True)):
            L, s = self._logarithms(x)
            p = 1 + s * (λ - 1)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                Z[:, j] = s * np.where(p == 0, L, np.expm1(p * L) / p)
        if np.isinf(Z).any():
            row, column = np.argwhere(np.isinf(Z))[0]
            power = f"{X[row, column]} to the power {self.lambdas_[column]:.3g}"
            what = f"X in row {row}, column {column}: {power} is too large."
            raise refusal(ValueError, what, "RobustScaler first")
        return Z

    def _inverse_transform(self, Z):
        if self._scaler_ is not None:
            Z = self._scaler_._inverse_transform(Z)
        X = np.empty_like(Z)
        for j, (z, λ) in enumerate(zip(Z.T, self.lambdas_, strict=True)):
            s = np.where((z < 0) & (self.method != "box-cox"), -1.0, 1.0)
            p = 1 + s * (λ - 1)
            with np.errstate(invalid="ignore", divide="ignore"):
                L = np.where(p == 0, s * z, np.log1p(p * s * z) / p)
            X[:, j] = np.exp(L) if self.method == "box-cox" else s * np.expm1(L)
            if (np.isnan(X[:, j]) & ~np.isnan(z)).any():
                text = f"Some values in column {j} of the inverse-transformed data are NaN: they are out of "
                warn(UserWarning, f"{text}the range of the transformation with λ = {λ:.3g}.")
        return X

    @classmethod
    def examples(cls, rng):
        yield cls(), rng.gamma(2.0, size=(60, 4)) - 1.0, np.arange(60) % 3


def _root(slope, start, low, high):
    """Where an increasing function is 0, by the method of Illinois; `start` if that is not in (low, high)."""
    a, fa = start, slope(start)
    step = -np.sign(fa) / 2
    if not step or not np.isfinite(fa):
        return start
    b, fb = a, fa
    while np.sign(fb) == np.sign(fa):
        a, fa, b, step = b, fb, b + step, 2 * step
        if not low < b < high:
            return start
        fb = slope(b)
        if not np.isfinite(fb):
            return start
    while abs(b - a) > 1e-11 * max(1, abs(b)) and fb:
        c = b - fb * (b - a) / (fb - fa)
        fc = slope(c)
        if np.sign(fc) == np.sign(fb):
            fa /= 2  # so that the other end moves as well
        else:
            a, fa = b, fb
        if abs(c - b) < 1e-11 * max(1, abs(b)):
            return c
        b, fb = c, fc
    return b
