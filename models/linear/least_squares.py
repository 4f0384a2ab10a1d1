"""Least squares.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 3.2.
"""

from typing import NamedTuple

import numpy as np

from models.foundation import boolean, integer, learned, nonnegative
from models.foundation.linear_predictor import LinearModel

# Rounding in the Gram matrix costs ε times its condition number: at 1e6, ten digits remain.
WORST_CONDITION = 1e6
ROWS = 700  # at a time, which stay in the cache; products of a power of two (512, 1024) of rows are slower


class LinearRegression(LinearModel):
    """y = x·w + b with the least Σ_i s_i (y_i - x_i·w - b)², s the sample weights.

    After subtracting their (weighted) means x̄ and ȳ, the data need no b, and the gradient is zero at

        Xᵀ S X w = Xᵀ S y          b = ȳ - x̄·w          (ESL equation 3.6)

    which is one small system to solve. If the columns are nearly dependent, that loses too
    many digits; then X itself is decomposed (SVD), and the shortest of all solutions w is taken.

    y may be (samples,) or (samples, targets).

    scikit-learn leaves out directions of X whose singular value is below tol times the largest, which gives a
    column in small units the weight 0. Here only rounding counts, and tol has no effect.
    """

    several_targets = True

    fit_intercept = True
    positive: bool = boolean(False, doc="w ≥ 0")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    tol: float = nonnegative(1e-6, doc="no effect: the solution is exact up to rounding")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    rank_: int = learned("number of columns of X - x̄ that do not depend on others")
    singular_: np.ndarray = learned("singular values of √s (X - x̄), the largest first")

    def _fit(self, X, y, weight):
        means = moments(X, y, weight, self.fit_intercept)
        w = None if self.positive else solution(means)
        if w is not None:
            self.singular_ = singular_values(means.gram)
        else:
            A, B, *_ = centered(X, y, weight, self.fit_intercept)
            w = (nonnegative_least_squares if self.positive else least_squares)(A, B)
            self.singular_ = np.linalg.svd(A, compute_uv=False)
        rounding = max(X.shape) * np.finfo(np.float64).eps * self.singular_[0]
        self.rank_ = int(np.count_nonzero(self.singular_ > rounding))
        self.coef_ = w.T
        self.intercept_ = means.y_mean - means.x_mean @ w if self.fit_intercept else 0.0


class Moments(NamedTuple):
    """Sums of squares and products of centered data, with the sample weights s.

    gram, right     (X - x̄)ᵀ S (X - x̄) and (X - x̄)ᵀ S (y - ȳ)
    x_mean, y_mean  x̄ and ȳ, which are 0 without an intercept
    B               √s (y - ȳ)
    squares         the diagonal of Xᵀ S X, whose rounding gram has
    """

    gram: np.ndarray
    right: np.ndarray
    x_mean: np.ndarray
    y_mean: np.ndarray
    B: np.ndarray
    squares: np.ndarray


def moments(X, y, weight, fit_intercept):
    """The Moments, from the identity  Σ s (x - x̄)(x - x̄)ᵀ = Σ s x xᵀ - x̄ x̄ᵀ Σ s,  in one pass over X."""
    n, d = X.shape
    total, root, weighted = weight.sum(), np.sqrt(weight), not (weight == 1).all()
    y_mean = weight @ y / total if fit_intercept else np.zeros(y.shape[1:])
    B = ((y - y_mean).T * root).T
    left = np.vstack([root, B.T])
    gram, sums, rows = np.zeros((d, d)), np.zeros((len(left), d)), max(ROWS, d)
    with np.errstate(all="ignore"):  # huge columns overflow
        for start in range(0, n, rows):
            part = slice(start, start + rows)
            A = X[part] * root[part, None] if weighted else X[part]
            gram += A.T @ A  # first, since it brings A into the cache
            sums += left[:, part] @ A
        squares = gram.diagonal().copy()
        x_mean = sums[0] / total if fit_intercept else np.zeros(d)
        gram -= total * np.outer(x_mean, x_mean)
        right = sums[1:].T.reshape(d, *y.shape[1:]) - np.multiply.outer(x_mean, root @ B)
    return Moments(gram, right, x_mean, y_mean, B, squares)


def centered(X, y, weight, fit_intercept):
    """√s (X - x̄), √s (y - ȳ), x̄, ȳ, for which the best w needs no b. Without intercept x̄ = 0 and ȳ = 0."""
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1:])
    if fit_intercept:
        x_mean, y_mean = weight @ X / weight.sum(), weight @ y / weight.sum()
    root = np.sqrt(weight)
    return (X - x_mean) * root[:, None], ((y - y_mean).T * root).T, x_mean, y_mean


def least_squares(A, B, alpha=0.0):
    """The w with the least ‖A w - B‖² + alpha ‖w‖², and the shortest one if there are several.

    A: (samples, features), B: (samples,) or (samples, targets).
    """
    w = solution(moments(A, B, np.ones(len(A)), fit_intercept=False), alpha)
    if w is not None:
        return w
    A, B = with_penalty(A, B, alpha)
    return np.linalg.lstsq(A, B, rcond=None)[0]


def with_penalty(A, B, alpha):
    """A with rows √alpha I, and B with as many zeros: ‖A w - B‖² then includes alpha ‖w‖²."""
    if alpha == 0:
        return A, B
    columns = A.shape[1]
    more = np.zeros((columns, *B.shape[1:]))
    return np.concatenate([A, np.sqrt(alpha) * np.eye(columns)]), np.concatenate([B, more])


def solution(moments, alpha=0.0):
    """(gram + alpha I)⁻¹ right, or None if that would lose too many digits."""
    gram = moments.gram + alpha * np.eye(len(moments.gram))
    if not (gram.diagonal() > 0).all() or not np.isfinite(gram).all():
        return None
    # Columns of length one, so that different units do not look like near dependence.
    size = np.sqrt(gram.diagonal())
    scaled = gram / np.outer(size, size)
    eigenvalues = np.linalg.eigvalsh(scaled)
    lost = np.max(moments.squares / gram.diagonal())
    if eigenvalues[-1] * lost >= WORST_CONDITION * eigenvalues[0]:
        return None
    return (np.linalg.solve(scaled, (moments.right.T / size).T).T / size).T


def singular_values(gram):
    """Those of A, the largest first, from AᵀA: with D⁻¹ AᵀA D⁻¹ = RᵀR, D diagonal, they are those of R D."""
    size = np.sqrt(gram.diagonal())
    R = np.linalg.cholesky(gram / np.outer(size, size)).T
    return np.linalg.svd(R * size, compute_uv=False)


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
