"""Least squares.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 3.2.
"""

import numpy as np

from models.foundation import Regressor, boolean, integer, nonnegative
from models.foundation.linear_predictor import LinearPredictor
from tinygrad_edu.diagnostics.words import refusal

# Rounding in the Gram matrix costs ε times its condition number: at 1e6, ten digits remain.
WORST_CONDITION = 1e6


class LinearRegression(LinearPredictor, Regressor):
    """y = x·w + b with the least Σ_i s_i (y_i - x_i·w - b)², s the sample weights.

    After subtracting their (weighted) means x̄ and ȳ, the data need no b, and the gradient is zero at

        Xᵀ S X w = Xᵀ S y          b = ȳ - x̄·w          (ESL equation 3.6)

    which is one small system to solve. If the columns are nearly dependent, that loses too
    many digits; then X itself is decomposed (SVD), and the shortest of all solutions w is taken.

    y may be (samples,) or (samples, targets).
    """

    several_targets = True

    fit_intercept = True
    positive: bool = boolean(False, doc="w ≥ 0")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    tol: float = nonnegative(1e-6, doc="no effect: the solution is exact up to rounding")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    def _fit(self, X, y, weight):
        A, B, x_mean, y_mean = centered(X, y, weight, self.fit_intercept)
        w = (nonnegative_least_squares if self.positive else least_squares)(A, B)
        self.coef_ = w.T
        self.intercept_ = y_mean - x_mean @ w if self.fit_intercept else 0.0

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)


def centered(X, y, weight, fit_intercept):
    """√s (X - x̄), √s (y - ȳ), x̄, ȳ, for which the best w needs no b. Without intercept x̄ = 0 and ȳ = 0."""
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
    with np.errstate(over="ignore", invalid="ignore"):  # for huge columns X itself is decomposed
        gram = A.T @ A
    gram.flat[:: len(gram) + 1] += alpha
    size = np.sqrt(gram.diagonal())
    if size.all() and np.isfinite(size).all():
        # Columns of length one, so that different units do not look like near dependence.
        scaled = gram / np.outer(size, size)
        eigenvalues = np.linalg.eigvalsh(scaled)
        if eigenvalues[-1] < WORST_CONDITION * eigenvalues[0]:
            right = (A.T @ B).T / size
            return (np.linalg.solve(scaled, right.T).T / size).T
    if alpha > 0:  # the penalty equals rows √alpha I in A, with zeros in B
        A = np.concatenate([A, np.sqrt(alpha) * np.eye(A.shape[1])])
        B = np.concatenate([B, np.zeros((A.shape[1], *B.shape[1:]))])
    return np.linalg.lstsq(A, B, rcond=None)[0]


def nonnegative_least_squares(A, B):
    """The w ≥ 0 with the least ‖A w - B‖², by active sets (C. Lawson, R. Hanson, Solving Least Squares
    Problems, 1974, chapter 23).

    At the minimum the gradient is 0 for every w_j > 0, and not negative for every w_j = 0. So the method
    frees the w_j whose gradient is most negative, and solves for all free ones. If some of these would
    become negative, it stops on the way, where the first of them reaches 0, and fixes that one.
    """
    if B.ndim == 2:
        return np.stack([nonnegative_least_squares(A, b) for b in B.T], axis=1)
    size = np.abs(A).max(axis=0)
    size[size == 0] = 1
    A = A / size  # units do not matter, and nothing overflows
    w, free = np.zeros(A.shape[1]), np.zeros(A.shape[1], dtype=bool)
    rounding = 10 * max(A.shape) * np.finfo(np.float64).eps * np.sqrt(len(B)) * np.abs(B).max()
    for _ in range(3 * len(w)):
        downhill = np.where(free, -np.inf, A.T @ (B - A @ w))
        if downhill.max() <= rounding:
            break
        free[downhill.argmax()] = True
        while (best := _solved(A, B, free)).min() < 0:
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = np.where(best < 0, w / (w - best), np.inf)
            w = w + reach.min() * (best - w)
            free &= reach > reach.min()
            w[~free] = 0
        w = best
    return w / size


def _solved(A, B, free):
    """The least squares solution of the free w_j; the others are 0."""
    w = np.zeros(A.shape[1])
    w[free] = least_squares(A[:, free], B) if free.any() else 0
    return w
