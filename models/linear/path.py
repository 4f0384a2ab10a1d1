"""The lasso and the elastic net for a whole grid of penalties, from the strongest to the weakest.

Each solution is the start for the next (J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for
generalized linear models via coordinate descent, 2010, section 2.5).
"""

from typing import Any, NamedTuple

import numpy as np

from models.linear.coordinate_descent import Penalty, SquaredErrors, coordinate_descent
from models.linear.row_descent import lengths
from tinygrad_edu.diagnostics.words import refusal

SMALLEST = np.finfo(np.float64).resolution  # of α, where y does not depend on X


class Path(NamedTuple):
    """w for every α, ([targets,] features, alphas); duality gaps / Σ s; iterations; did all converge?"""

    coefs: np.ndarray
    gaps: np.ndarray
    iterations: list[int]
    converged: bool


def grid(
    errors: SquaredErrors, l1_ratio: float, eps: float, count: int, positive: bool
) -> np.ndarray:
    """α from the smallest for which all weights are 0, |Xᵀ S (y - ȳ)| / (ρ Σ s), down to eps times that."""
    if l1_ratio == 0:
        what = "Automatic alpha grid generation is not supported for l1_ratio=0: no α makes all weights 0."
        raise refusal(ValueError, what, "alphas=[1.0, 0.1, 0.01]")
    slope = (errors.q.T * errors.size).T * errors.b_size / errors.total / l1_ratio
    largest = np.max(slope if positive else lengths(slope), initial=0)
    if largest <= SMALLEST:
        return np.full(count, SMALLEST)
    return np.geomspace(largest, largest * eps, count)


def descend_path(
    errors, alphas, l1_ratio, positive=False, tol=1e-4, max_iter=1000, rng=None
) -> Path:
    """The Path, by coordinate descent."""
    w, found, gaps = np.zeros_like(errors.q), [], []
    for α in alphas:
        λ, β = α * l1_ratio * errors.total, α * (1 - l1_ratio) * errors.total
        penalty = Penalty(λ, β, positive)
        found.append(coordinate_descent(errors, penalty, w, tol, max_iter, rng))
        w = found[-1].w
        gaps.append(errors.gap(penalty, w) / errors.total)
    converged = all(f.converged for f in found)
    coefs = np.stack([f.w.T for f in found], axis=-1)
    return Path(coefs, np.array(gaps), [f.iterations for f in found], converged)


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    alphas: Any = 100,
    positive: bool = False,
    tol: float = 1e-4,
    max_iter: int = 1000,
    return_n_iter: bool = False,
) -> tuple:
    """α, in descending order; w for each, shape ([targets,] features, alphas); the duality gap of each.

    ‖y - X w‖² / 2n + α ρ ‖w‖₁ + α (1 - ρ) ‖w‖² / 2 is least, with ρ = l1_ratio and no intercept: center
    X and y first. Several columns of y have the penalty of MultiTaskElasticNet. alphas: how many, from the
    smallest that makes all w = 0 down to eps times that; or a list. With return_n_iter, a list of the numbers
    of iterations is the fourth part. `kkt_residuals` checks the result.
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if X.ndim != 2 or y.ndim not in (1, 2) or len(y) != len(X):
        what = (
            "a path needs X (samples, features) and y (samples,) or (samples, targets), got shapes "
            f"{X.shape} and {y.shape}."
        )
        raise refusal(ValueError, what, "as many rows in y as in X")
    if y.ndim == 2 and positive:
        what = "positive=True is not allowed for several columns of y."
        raise refusal(ValueError, what, "one column of y at a time")
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise refusal(
            ValueError, "X or y of a path contains NaN or infinity.", "without those rows"
        )
    errors = SquaredErrors(X, y, np.ones(len(X)), fit_intercept=False)
    errors = errors.together() if y.ndim == 2 else errors.target(0)
    if np.ndim(alphas) == 0:
        alphas = grid(errors, l1_ratio, eps, alphas, positive)
    alphas = np.sort(np.asarray(alphas, dtype=np.float64))[::-1]
    path = descend_path(errors, alphas, l1_ratio, positive, tol, max_iter)
    return (alphas, path.coefs, path.gaps, *([path.iterations] if return_n_iter else []))


def lasso_path(X: Any, y: Any, **settings: Any) -> tuple:
    """`enet_path` with l1_ratio = 1."""
    return enet_path(X, y, l1_ratio=1.0, **settings)


def kkt_residuals(X, y, alphas, coefs, l1_ratio=1.0, positive=False) -> np.ndarray:
    """For each α, how far w is from the conditions of the minimum, in the units of α: 0 at the minimum.

    slope = Xᵀ(y - X w) / n - α (1 - ρ) w is α ρ sign(w) where w ≠ 0, and |slope| ≤ α ρ where w = 0; with
    several columns of y the same of rows, w / ‖w‖ being the sign and ‖slope‖ the size.
    """
    found = []
    for k, α in enumerate(alphas):
        w = coefs[..., k].T
        slope = X.T @ (y - X @ w) / len(X) - α * (1 - l1_ratio) * w
        found.append(np.max(Penalty(α * l1_ratio, 0.0, positive).excess(slope, w)))
    return np.array(found)
