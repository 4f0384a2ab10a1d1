"""Least squares.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 3.2.
"""

import numpy as np

from models.foundation import Regressor
from models.foundation.linear_predictor import LinearPredictor
from tinygrad_edu.diagnostics.words import refusal

# Rounding in the Gram matrix costs ε times its condition number: with 1e6 ten digits are left.
WORST_CONDITION = 1e6


class LinearRegression(LinearPredictor, Regressor):
    """y = x·w + b with the least Σ_i s_i (y_i - x_i·w - b)², s the sample weights.

    Centered by their (weighted) means x̄ and ȳ, the data need no b, and the gradient is zero at

        Xᵀ S X w = Xᵀ S y          b = ȳ - x̄·w          (ESL equation 3.6)

    which is one small system to solve. Where the columns are close to dependent that would lose too
    many digits; then X itself is decomposed (SVD), and of all the best w the shortest is taken.

    y may be (samples,) or (samples, targets).
    """

    several_targets = True

    def _fit(self, X, y, weight):
        A, B, x_mean, y_mean = centered(X, y, weight, self.fit_intercept)
        w = least_squares(A, B)
        self.coef_ = w.T
        self.intercept_ = y_mean - x_mean @ w if self.fit_intercept else 0.0

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)


def centered(X, y, weight, fit_intercept):
    """√s (X - x̄), √s (y - ȳ), x̄, ȳ: of these the best w needs no b. Without intercept x̄ = 0 and ȳ = 0."""
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1:])
    if fit_intercept:
        x_mean, y_mean = weight @ X / weight.sum(), weight @ y / weight.sum()
    root = np.sqrt(weight)
    return (X - x_mean) * root[:, None], ((y - y_mean).T * root).T, x_mean, y_mean


def least_squares(A, B, alpha=0.0):
    """The w with the least ‖A w - B‖² + alpha ‖w‖², and the shortest one if there are several.

    A: (samples, features), B: (samples,) or (samples, targets); alpha: a number, or one for each target.
    """
    if np.ndim(alpha):
        if np.shape(alpha) != B.shape[1:]:
            raise refusal(
                ValueError,
                f"alpha has shape {np.shape(alpha)}, and y has {B[:1].size} targets.",
                "one number for all targets",
            )
        each = zip(B.T, alpha, strict=True)
        return np.stack([least_squares(A, b, penalty) for b, penalty in each], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):  # huge columns: then X itself is decomposed
        gram = A.T @ A
    gram.flat[:: len(gram) + 1] += alpha
    size = np.sqrt(gram.diagonal())
    if size.all() and np.isfinite(size).all():
        # Columns of length one: meters or millimeters must not look like near dependence.
        scaled = gram / np.outer(size, size)
        eigenvalues = np.linalg.eigvalsh(scaled)
        if eigenvalues[-1] < WORST_CONDITION * eigenvalues[0]:
            right = (A.T @ B).T / size
            return (np.linalg.solve(scaled, right.T).T / size).T
    if alpha > 0:  # the penalty is as good as rows √alpha I of A, with zeros in B
        A = np.concatenate([A, np.sqrt(alpha) * np.eye(A.shape[1])])
        B = np.concatenate([B, np.zeros((A.shape[1], *B.shape[1:]))])
    return np.linalg.lstsq(A, B, rcond=None)[0]
