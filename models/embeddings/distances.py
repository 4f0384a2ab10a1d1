"""The distance of every pair of rows, in the metrics that embeddings know."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation.lloyd import squares
from tinygrad_edu.diagnostics.words import refusal


def euclidean(X: np.ndarray) -> np.ndarray:
    """‖x_i - x_j‖² = ‖x_i‖² - 2 x_i·x_j + ‖x_j‖², a matrix product.

    The rows are centered and scaled first, so that numbers of any size keep their digits.
    """
    X = X - X.mean(axis=0)
    scale = power_of_two(np.abs(X).max(initial=0))
    X = X / scale
    sizes = squares(X)
    squared = X @ (-2 * X.T)
    squared += sizes[:, None]
    squared += sizes
    np.maximum(squared, 0, out=squared)
    np.fill_diagonal(squared, 0)
    return scale * np.sqrt(squared, out=squared)


def manhattan(X: np.ndarray) -> np.ndarray:
    """Σ_k |x_ik - x_jk|."""
    return _fold(X, np.add)


def chebyshev(X: np.ndarray) -> np.ndarray:
    """max_k |x_ik - x_jk|."""
    return _fold(X, np.maximum)


def cosine(X: np.ndarray) -> np.ndarray:
    """1 - x_i·x_j / ‖x_i‖ ‖x_j‖; a row of zeros is at distance 1 from all others."""
    size = np.sqrt(squares(X))
    unit = X / np.where(size > 0, size, 1)[:, None]
    found = np.clip(1 - unit @ unit.T, 0, 2)
    np.fill_diagonal(found, 0)
    return found


def correlation(X: np.ndarray) -> np.ndarray:
    """`cosine` of rows from which their mean is subtracted."""
    return cosine(X - X.mean(axis=1, keepdims=True))


METRICS = {
    "euclidean": euclidean, "l2": euclidean, "manhattan": manhattan, "l1": manhattan,
    "cityblock": manhattan, "chebyshev": chebyshev, "cosine": cosine, "correlation": correlation,
}  # fmt: skip


def distances(X: np.ndarray, metric: Any, params: Mapping[str, Any] | None = None) -> np.ndarray:
    """The distances of all pairs of rows of X, (n, n).

    metric   a name in METRICS; "precomputed" if X has the distances; or a function of two rows, called
             with the keywords `params`, for every pair

    Raises ValueError for distances that are not symmetric, negative or not finite.
    """
    if metric == "precomputed":
        return _checked(X, "X, with metric='precomputed',", copy=True)
    if callable(metric):
        found = np.zeros((len(X), len(X)))
        for i, j in zip(*np.triu_indices(len(X), 1), strict=True):
            found[i, j] = found[j, i] = metric(X[i], X[j], **(params or {}))
        return _checked(found, "the result of metric")
    if params:
        what = f"metric={metric!r} has no parameters, and metric_params is {params!r}."
        raise refusal(ValueError, what, "metric_params=None")
    with np.errstate(over="ignore"):
        return _checked(METRICS[metric](X), f"metric={metric!r} of such large numbers")


def _fold(X: np.ndarray, combine: np.ufunc) -> np.ndarray:
    found = np.zeros((len(X), len(X)))
    for column in X.T:
        combine(found, np.abs(column[:, None] - column), out=found)
    return found


def _checked(D: np.ndarray, name: str, copy: bool = False) -> np.ndarray:
    if D.shape[0] != D.shape[1]:
        what = f"{name} should be a square distance matrix, and has shape {D.shape}."
        raise refusal(ValueError, what, "metric='euclidean', if the columns of X are features")
    if not np.isfinite(D).all():
        raise refusal(
            ValueError, f"{name} has distances that are not finite.", "X / np.abs(X).max()"
        )
    if (D < 0).any():
        i, j = np.argwhere(D < 0)[0]
        what = f"{name} should contain positive distances: {D[i, j]} in row {i}, column {j}."
        raise refusal(ValueError, what, "the distance of each pair of rows, 0 or more")
    if not np.allclose(D, D.T, rtol=1e-10, atol=1e-10 * D.max(initial=0)):
        raise refusal(ValueError, f"{name} is not symmetric.", "(X + X.T) / 2")
    return D.copy() if copy else D


def power_of_two(x: float) -> float:
    """The largest power of 2 up to x, by which a division is exact; 1 for 0."""
    return float(np.ldexp(1.0, int(np.frexp(x)[1]) - 1)) if x > 0 else 1.0
