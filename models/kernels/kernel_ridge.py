"""Kernel ridge regression.

Source: K. Murphy, Machine Learning: A Probabilistic Perspective (2012), section 14.4.3.
"""

from typing import Any

import numpy as np

from models.foundation import (
    Regressor,
    array,
    choice,
    function,
    learned,
    mapping,
    nonnegative,
    number,
)
from models.foundation.kernel_functions import KERNELS, KernelMethod
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import solve_triangular

BLOCK = 64  # columns that are worked on at a time


class KernelRidge(KernelMethod, Regressor):
    """f(x) = Σ_i c_i k(x, x_i) with the least  Σ_i s_i (y_i - f(x_i))² + α ‖f‖²,  s the sample weights.

    This is ridge regression on the features φ of the kernel, without an intercept. There ‖f‖² = cᵀ K c, and
    with K_ij = k(x_i, x_j) the gradient is zero at

        (K + α S⁻¹) c = y          (Murphy 14.35)

    y may be (samples,) or (samples, targets).
    """

    several_targets = True

    alpha: Any = nonnegative(1.0, doc="α, or one for each target") | array(at_least=0)
    kernel: Any = choice(
        "linear", *(k for k in KERNELS if k != "linear"), "precomputed"
    ) | function(doc="k; or a function of two rows and **kernel_params that returns a number")
    gamma: float | None = nonnegative(
        None, doc="γ of the kernel; None for 1 / features, of 'chi2' for 1"
    )
    degree: float = nonnegative(3, doc="degree of the polynomial")
    coef0: float = number(1, doc="c of the polynomial and the sigmoid")
    kernel_params: Any = mapping(None, doc="arguments of a kernel that is a function")

    dual_coef_: np.ndarray = learned("c: (samples,), or (samples, targets)")
    X_fit_: np.ndarray = learned("the rows x_i of the training data, those of weight 0 left out")

    def _fit(self, X, y, weight):
        self.X_fit_ = X.copy()  # X may be the caller's own array
        root = np.sqrt(weight)[:, None]
        targets = y.reshape(len(y), -1)
        alpha = np.atleast_1d(self.alpha)
        if alpha.shape not in ((1,), targets.shape[1:]):
            what = f"alpha has shape {alpha.shape}, and y has {targets.shape[1]} targets."
            raise refusal(ValueError, what, "one number for all targets")
        parts = [root * targets] if len(alpha) == 1 else np.hsplit(root * targets, len(alpha))
        K = X.copy() if self.pairwise else self._kernel(X, X)
        if not (weight == 1).all():  # √S K √S: symmetric
            K *= root
            K *= root.T
        diagonal = K.diagonal().copy()
        solved = []
        for part, α in zip(parts, alpha, strict=True):
            np.fill_diagonal(K, diagonal + α)
            solved.append(_solve(K, part))
        self.dual_coef_ = (root * np.hstack(solved)).reshape(y.shape)

    def _predict(self, X):
        if self.pairwise:
            return X[:, self._rows_] @ self.dual_coef_
        return self._kernel(X, self.X_fit_) @ self.dual_coef_


def _solve(A, B):
    """A⁻¹ B of a symmetric A; the shortest solution if A is singular. Only the diagonal of A changes."""
    diagonal = A.diagonal().copy()
    try:
        _cholesky(A)
        return _substitute(A, B)
    except np.linalg.LinAlgError:
        np.fill_diagonal(A, diagonal)
        return np.linalg.lstsq(np.triu(A) + np.triu(A, 1).T, B, rcond=None)[0]
    finally:
        for i in range(0, len(A), BLOCK):  # the upper triangle has all that was below
            rows = slice(i, i + BLOCK)
            square = A[rows, rows]
            A[i + BLOCK :, rows] = A[rows, i + BLOCK :].T
            square[...] = np.triu(square) + np.triu(square, 1).T


def _cholesky(A):
    """Replaces the lower triangle of A by its factor L, A = L Lᵀ, so that no second matrix is needed.

    A block of columns P of what is left, A - L Lᵀ of the blocks before, is P = (L₁₁ L₁₁ᵀ, L₂₁ L₁₁ᵀ)
    (G. Golub, C. Van Loan, Matrix Computations, 4th edition, section 4.2.9).
    """
    for i in range(0, len(A), BLOCK):
        rows, below = slice(i, i + BLOCK), slice(i + BLOCK, None)
        P = A[i:, rows] - A[i:, :i] @ A[rows, :i].T
        L = np.linalg.cholesky(P[:BLOCK])
        A[rows, rows] = L + np.triu(A[rows, rows], 1)
        A[below, rows] = solve_triangular(L, P[BLOCK:].T).T


def _substitute(L, B):
    """(L Lᵀ)⁻¹ B, of the lower triangle of L."""
    X = B.copy()
    starts = range(0, len(L), BLOCK)
    for i in starts:
        rows = slice(i, i + BLOCK)
        X[rows] = solve_triangular(L[rows, rows], X[rows] - L[rows, :i] @ X[:i])
    for i in reversed(starts):
        rows, j = slice(i, i + BLOCK), i + BLOCK
        X[rows] = solve_triangular(L[rows, rows].T, X[rows] - L[j:, rows].T @ X[j:], lower=False)
    return X
