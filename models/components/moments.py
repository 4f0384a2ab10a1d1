"""Sums over the rows of a table."""

import numpy as np

ROWS = 1024  # at a time: with few columns they stay in the cache


def mean_and_products(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the rows x of X, and Σ x xᵀ = XᵀX, in one pass over X."""
    n, d = X.shape
    rows = max(ROWS, d)
    mean, products = np.zeros(d), np.zeros((d, d))
    share = np.full(rows, 1 / n)
    for start in range(0, n, rows):
        x = X[start : start + rows]
        mean += share[: len(x)] @ x
        products += x.T @ x
    return mean, products
