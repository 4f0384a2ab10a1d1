"""Kernels k(x, y): inner products of features φ(x)·φ(y) that are never computed, for all pairs of rows.

    linear          x·y
    polynomial      (γ x·y + c)^degree            "poly" is another name for it
    rbf             exp(-γ ‖x - y‖²)
    laplacian       exp(-γ ‖x - y‖₁)
    sigmoid         tanh(γ x·y + c)               has no features φ
    cosine          x·y / ‖x‖ ‖y‖
    additive_chi2   -Σ_j (x_j - y_j)² / (x_j + y_j)      for histograms; has no features φ
    chi2            exp(γ additive_chi2)

with γ = gamma (by default 1 / features, for chi2 1) and c = coef0. These are scikit-learn's names.

Source: B. Schölkopf, A. Smola, Learning with Kernels (2002), chapter 2.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from models.foundation import Estimator
from models.foundation import targets as target_checks
from models.foundation.fields import learned
from models.foundation.frames import samples
from tinygrad_edu.diagnostics.words import refusal

BLOCK = 1 << 18  # numbers of a kernel matrix that are computed at once


def linear(X, Y):
    return X @ Y.T


def polynomial(X, Y, degree=3, gamma=None, coef0=1):
    return (rate(gamma, X) * (X @ Y.T) + coef0) ** degree


def rbf(X, Y, gamma=None):
    K = squared_distances(X, Y)
    K *= -rate(gamma, X)
    return np.exp(K, out=K)


def laplacian(X, Y, gamma=None):
    D = sum(np.abs(np.subtract.outer(x, y)) for x, y in zip(X.T, Y.T, strict=True))
    return np.exp(-rate(gamma, X) * D)


def sigmoid(X, Y, gamma=None, coef0=1):
    return np.tanh(rate(gamma, X) * (X @ Y.T) + coef0)


def cosine(X, Y):
    return to_unit_length(X) @ to_unit_length(Y).T


def additive_chi2(X, Y):
    K = np.zeros((len(X), len(Y)))
    for x, y in zip(X.T, Y.T, strict=True):
        total = np.add.outer(x, y)
        K -= np.subtract.outer(x, y) ** 2 / np.where(total == 0, 1, total)
    return K


def chi2(X, Y, gamma=None):
    return np.exp((1.0 if gamma is None else gamma) * additive_chi2(X, Y))


KERNELS: dict[str, Callable[..., np.ndarray]] = {
    "linear": linear, "poly": polynomial, "polynomial": polynomial, "rbf": rbf, "laplacian": laplacian,
    "sigmoid": sigmoid, "cosine": cosine, "additive_chi2": additive_chi2, "chi2": chi2,
}  # fmt: skip


def kernel_matrix(name: str, X: np.ndarray, Y: np.ndarray, **settings: Any) -> np.ndarray:
    """k(x, y) for each row x of X and y of Y: (rows of X, rows of Y).

    A setting that is None has its default; one that k does not have is ignored.
    Raises ValueError for negative numbers in a histogram, and for values that are too large.
    """
    k = KERNELS[name]
    if "chi2" in name and min(X.min(initial=0), Y.min(initial=0)) < 0:
        what = f"Negative values in data passed to the kernel {name!r}: it compares histograms."
        raise refusal(ValueError, what, "counts or frequencies; or kernel='rbf'")
    known = inspect.signature(k).parameters
    given = {s: value for s, value in settings.items() if s in known and value is not None}
    K = np.empty((len(X), len(Y)))
    rows = max(1, BLOCK // max(1, len(Y)))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(X), rows):  # blocks that stay in the cache
            K[start : start + rows] = k(X[start : start + rows], Y, **given)
    if X is Y and name == "rbf":
        np.fill_diagonal(K, 1)  # without rounding
    return require_finite(K, name)


def matrix_of_function(k: Callable, X: np.ndarray, Y: np.ndarray, settings: Any) -> np.ndarray:
    """The same, of a function k of two rows: k(x, y, **settings)."""
    K = [[k(x, y, **(settings or {})) for y in Y] for x in X]
    return require_finite(np.array(K, dtype=np.float64), k)


def require_finite(K: np.ndarray, name: Any) -> np.ndarray:
    """K, or an error if it has NaN or infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(K.sum()) and not np.isfinite(K).all():
            what = (
                f"the kernel {name!r} of these data is infinite or NaN: their values are too large."
            )
            raise refusal(ValueError, what, "StandardScaler().fit_transform(X)")
    return K


def squared_distances(X, Y):
    """‖x - y‖² = ‖x‖² + ‖y‖² - 2 x·y, of rows near the origin: far from it, rounding would hide it.

    The three terms are one matrix product, (‖x‖², 1, x) · (1, ‖y‖², -2 y).
    """
    middle = Y.sum(axis=0) / max(1, len(Y))
    X, Y = X - middle, Y - middle
    x = np.column_stack([np.einsum("ij,ij->i", X, X), np.ones(len(X)), X])
    y = np.column_stack([np.ones(len(Y)), np.einsum("ij,ij->i", Y, Y), -2 * Y])
    D = x @ y.T
    return np.maximum(D, 0, out=D)


def centered(K, means, out=None):
    """φ̃(x)·φ̃(y) of features from which their mean over the training data is subtracted.

    K: (rows, training rows). means: of the columns of K of the training data. out: where to, as in NumPy.
    """
    of_rows = K.mean(axis=1, keepdims=True)
    found = np.subtract(K, means, out=out)
    found += means.mean() - of_rows
    return found


def rate(gamma, X, weight=None):
    """γ as a number: None and "auto" are 1 / features, "scale" is 1 / (features × variance of X)."""
    if gamma is None or gamma == "auto":
        return 1 / X.shape[1]
    if gamma != "scale":
        return gamma
    size = np.abs(X).max() or 1.0  # so that squares do not overflow
    row_means = (X / size).mean(axis=1)
    mean = np.average(row_means, weights=weight)
    variance = np.average(((X / size - mean) ** 2).mean(axis=1), weights=weight)
    return 1 / size / (X.shape[1] * variance) / size if variance > 0 else 1.0


def to_unit_length(X):
    size = np.abs(X).max(axis=1, keepdims=True)
    X = X / np.where(size == 0, 1, size)  # so that squares do not overflow
    length = np.sqrt((X * X).sum(axis=1, keepdims=True))
    return X / np.where(length == 0, 1, length)


class KernelMethod(Estimator):
    """An estimator that sees the rows of X only through a kernel, its parameter `kernel`.

    With kernel="precomputed", X is the matrix of kernel values itself: in `fit` between the rows of the
    training data, (samples, samples); afterwards between new rows and those.
    """

    kernel: Any

    _rows_: np.ndarray = learned("rows of the training data whose weight is not 0")

    @property
    def pairwise(self) -> bool:
        """Are the columns of X training rows? Then scikit-learn's cross-validation splits them as well."""
        return isinstance(self.kernel, str) and self.kernel == "precomputed"

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        n = samples(X)
        if self.pairwise and data["X"].shape[1] != n:
            what = (
                f"Precomputed matrix must be a square matrix. Input is a {n}x{data['X'].shape[1]} "
                "matrix."
            )
            raise refusal(ValueError, what, "the kernel of all pairs of training rows")
        self._rows_ = np.flatnonzero(target_checks.weights(sample_weight, n, self))
        if self.pairwise:
            data["X"] = data["X"][:, self._rows_]
        return data

    def _kernel(self, X, Y):
        """k of all pairs of rows, with its parameters; X itself if it is that already."""
        if self.pairwise:
            return X
        chosen = vars(self)
        if callable(self.kernel):
            return matrix_of_function(self.kernel, X, Y, chosen["kernel_params"])
        settings = {name: chosen[name] for name in ("gamma", "degree", "coef0")}
        settings["gamma"] = chosen.get("gamma_", settings["gamma"])  # that of fit
        return kernel_matrix(self.kernel, X, Y, **settings)
