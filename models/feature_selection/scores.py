"""How much each feature says about the target."""

from typing import Any

import numpy as np

from models.feature_selection.tails import chi2_tail, f_tail
from models.foundation import Estimator, targets
from models.foundation.validation import require_finite
from tinygrad_edu.diagnostics.words import refusal


class Scores(Estimator):
    """Reads X and y of the functions in this file."""


def read(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """X and y of a function, checked."""
    reader = Scores()
    X = reader._read_table(X, y)
    return X, target_of(y, len(X), reader)


def target_of(y: Any, samples: int, estimator: Any) -> np.ndarray:
    """y, which may be labels or finite numbers."""
    found = targets.target(y, samples, estimator)
    if found.dtype.kind == "f":
        require_finite(found, "y", estimator, source=y)
    return found


def _groups(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sum of each column in each class, (classes, features); the rows of each class; each row's class."""
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        what = f"features are compared between classes, and y has one class only: {classes.tolist()[0]!r}."
        raise refusal(
            ValueError, what, "data with a second class; or f_regression, if y is numbers"
        )
    members = (numbers == np.arange(len(classes))[:, None]).astype(np.float64)
    return members @ X, members.sum(axis=1), numbers


def f_classif(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """F and p of each feature: does its mean differ between the classes of y?

        F = Σ_k n_k (x̄_k - x̄)² / (K - 1)  /  (Σ_i (x_i - x̄_k(i))² / (n - K))

    of K classes and n rows, and p the probability of a larger F if all classes have the same normal
    distribution (analysis of variance). Different from scikit-learn, a constant feature has F = 0, not NaN,
    and one that is constant in each class the largest number, not ∞.
    """
    X, y = read(X, y)
    return _variance_ratio(X, y)


def f_oneway(*samples: Any) -> tuple[np.ndarray, np.ndarray]:
    """F and p of each feature, as `f_classif`, from one table for each class."""
    X = np.concatenate([np.asarray(part, dtype=np.float64) for part in samples])
    y = np.repeat(np.arange(len(samples)), [len(part) for part in samples])
    return _variance_ratio(X, y)


def _variance_ratio(X, y):
    mean = X.mean(axis=0)
    n, far = len(X), X - mean
    sums, counts, numbers = _groups(far, y)
    K = len(counts)
    if n <= K:
        what = f"f_classif needs more rows than classes, got {n} rows of {K} classes."
        raise refusal(ValueError, what, "more rows; or f_regression, if y is numbers")
    between = (sums**2 / counts[:, None]).sum(axis=0)
    far -= (sums / counts[:, None])[numbers]
    within = np.einsum("ij,ij->j", far, far)
    rounding = n * (n * np.finfo(np.float64).eps * mean) ** 2
    between[between + within <= rounding] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        F = np.where(between == 0, 0.0, (between / (K - 1)) / (within / (n - K)))
    p = f_tail(F, K - 1, n - K)
    return np.minimum(F, np.finfo(np.float64).max), p


def r_regression(X: Any, y: Any, *, center: bool = True, force_finite: bool = True) -> np.ndarray:
    """The correlation r of each feature with y, from -1 to 1.

    center: subtract the means; otherwise r is Σ x y / √(Σ x² Σ y²). A constant feature or target has r = 0,
    or NaN with force_finite=False.
    """
    X, y = read(X, y)
    y = y.astype(np.float64)
    if center:
        X, y = X - X.mean(axis=0), y - y.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (y @ X) / np.sqrt(np.einsum("ij,ij->j", X, X)) / np.linalg.norm(y)
    return np.where(np.isnan(r), 0.0, r) if force_finite else r


def f_regression(
    X: Any, y: Any, *, center: bool = True, force_finite: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """F and p of each feature: does y depend on it linearly?

        F = r² / (1 - r²) · (n - 2)

    with the correlation r; with center=False n - 1 in place of n - 2. p is the probability of a larger F if y
    does not depend on the feature. A constant feature has F = 0, and a perfect one the largest number; with
    force_finite=False they have NaN and ∞.
    """
    X, y = read(X, y)
    freedom = y.size - (2 if center else 1)
    if freedom < 1:
        what = f"Found array with {y.size} sample(s) while a minimum of {y.size - freedom + 1} is required"
        raise refusal(ValueError, f"{what} by f_regression.", "more rows, or r_regression")
    r = r_regression(X, y, center=center, force_finite=force_finite)
    with np.errstate(divide="ignore", invalid="ignore"):
        F = r**2 / (1 - r**2) * freedom
    p = f_tail(F, 1, freedom)
    if force_finite:
        p = np.where(np.isnan(F), 1.0, p)
        F = np.where(np.isposinf(F), np.finfo(F.dtype).max, np.where(np.isnan(F), 0.0, F))
    return F, p


def chi2(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """χ² and p of each feature: are its counts spread over the classes of y as the rows are?

        χ² = Σ_k (o_k - e_k)² / e_k

    with o_k the sum of the feature in class k, and e_k its sum times the fraction of rows of class k. p is
    the probability of a larger χ² if it is independent of the class. Different from scikit-learn, a feature
    of zeros has χ² = 0, not NaN.
    """
    X, y = read(X, y)
    if X.min() < 0:
        raise refusal(ValueError, "Input X must be non-negative.", "counts or frequencies")
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        what = "Unknown label type: continuous. chi2 compares the classes of y."
        raise refusal(ValueError, what, "f_regression, for a target of numbers")
    observed, counts, _ = _groups(X, y)
    expected = np.outer(counts / counts.sum(), X.sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(expected > 0, (observed - expected) ** 2 / expected, 0).sum(axis=0)
    return found, chi2_tail(found, len(counts) - 1)
