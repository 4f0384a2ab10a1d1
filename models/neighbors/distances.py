"""Distances between rows, in the metrics of scikit-learn: `pairwise_distances`.

    >>> pairwise_distances([[0.0, 0.0], [3.0, 4.0]])
    array([[0., 5.],
           [5., 0.]])

Source: M. Deza, E. Deza, Encyclopedia of Distances (2009), chapters 17 and 19.

Many metrics are the Minkowski distance (Σ_k |x_k - y_k|^p)^(1/p) of rows that were prepared: scaled
(seuclidean), turned and scaled (mahalanobis), or divided by their length (cosine). The others have a formula
of their own. A formula gets x and y with the features along the first axis; the other axes broadcast.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.foundation.lloyd import squares
from tinygrad_edu.diagnostics.words import alike, refusal

TILE = 2**17  # numbers that are compared at once: they fit into a processor's cache
CANCELLED = 1e-3  # of a difference of products this much must be left, or it is computed anew


def as_is(x: Any) -> Any:
    return x


# ---- metrics -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Metric:
    """A distance: finish(between(prepare(X), prepare(Y))).

    between   the distance, or what grows with it and takes less time, such as its square
    prepare   rows -> rows, before they are compared
    finish    what `between` returns -> distances; `reduce` is its inverse
    power     p, if between is Σ |x_k - y_k|^p; inf, if it is the largest |x_k - y_k|
    root      between^(1/root) satisfies the triangle inequality; None if no power of it does
    scales    is the distance of c·x and c·y c times that of x and y?
    """

    between: Callable[[Any, Any], Any]
    prepare: Callable[[Any], Any] = as_is
    finish: Callable[[Any], Any] = as_is
    reduce: Callable[[Any], Any] = as_is
    power: Any = None
    root: Any = 1.0
    scales: bool = False

    def of_pairs(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What `between` says of each row of x and the same row of y, both prepared."""
        # Contiguous features make all sums run in the same order, so that every search rounds alike.
        return self.between(np.ascontiguousarray(x.T), np.ascontiguousarray(y.T))

    def of_all(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """What `between` says of each row of X and each of Y, both prepared: (rows of X, rows of Y)."""
        found = np.empty((len(X), len(Y)))
        width = max(1, X.shape[1])
        columns = max(1, min(len(Y), TILE // width))
        rows = max(1, TILE // (width * columns))
        left, right = np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T)
        for i in range(0, len(X), rows):
            x = left[:, i : i + rows, None]
            for j in range(0, len(Y), columns):
                found[i : i + rows, j : j + columns] = self.between(
                    x, right[:, None, j : j + columns]
                )
        return found


def squared(x, y):
    """Σ (x - y)²"""
    difference = x - y
    difference *= difference
    return difference.sum(axis=0)


def absolute(x, y):
    """Σ |x - y|"""
    difference = x - y
    return np.abs(difference, out=difference).sum(axis=0)


def largest(x, y):
    """max |x - y|"""
    difference = x - y
    return np.abs(difference, out=difference).max(axis=0)


def to_power(x, y, p):
    """Σ |x - y|^p"""
    return (np.abs(x - y) ** p).sum(axis=0)


def root_of(x, p):
    return x ** (1 / p)


def power_of(x, p):
    return x**p


def half(x):
    return x / 2


def twice(x):
    return x * 2


EUCLIDEAN = Metric(squared, finish=np.sqrt, reduce=np.square, power=2, root=2, scales=True)
MANHATTAN = Metric(absolute, power=1, scales=True)
CHEBYSHEV = Metric(largest, power=np.inf, scales=True)


def minkowski(p: float = 2, w: Any = None) -> Metric:
    """(Σ w |x - y|^p)^(1/p); for p = ∞ the largest |x - y| with w > 0."""
    if not p > 0:
        raise refusal(ValueError, f"minkowski needs p > 0, got p={p}.", "p=2")
    known = {1: MANHATTAN, 2: EUCLIDEAN, np.inf: CHEBYSHEV}
    plain = known.get(p) or Metric(
        partial(to_power, p=p), finish=partial(root_of, p=p), reduce=partial(power_of, p=p),
        power=p, root=p if p >= 1 else None, scales=True,
    )  # fmt: skip
    if w is None:
        return plain
    w = np.asarray(w, dtype=np.float64)
    if (w < 0).any() or not np.isfinite(w).all():
        raise refusal(ValueError, "w has weights that are negative or not finite.", "weights ≥ 0")
    factors = (w > 0).astype(float) if p == np.inf else w ** (1 / p)
    return _prepared(plain, partial(times, factors=factors))


def times(X, factors):
    if len(factors) != X.shape[-1]:
        what = f"a metric has {len(factors)} weights for {X.shape[-1]} features."
        raise refusal(ValueError, what, "a weight for each column of X")
    return X * factors


def seuclidean(V: Any) -> Metric:
    """√ Σ (x - y)² / V, with V the variances of the features."""
    with np.errstate(divide="ignore"):
        return _prepared(EUCLIDEAN, partial(times, factors=1 / np.sqrt(np.asarray(V, dtype=float))))


def mahalanobis(VI: Any = None, V: Any = None) -> Metric:
    """√ (x - y)ᵀ VI (x - y), with VI the inverse of the covariance V: ‖Aᵀ(x - y)‖ for VI = A Aᵀ."""
    VI = np.linalg.inv(np.atleast_2d(V)) if VI is None else np.asarray(VI, dtype=np.float64)
    values, vectors = np.linalg.eigh((VI + VI.T) / 2)
    if values[0] < -1e-10 * np.abs(values).max():
        what = f"VI of mahalanobis has the negative eigenvalue {values[0]:.3g}."
        raise refusal(ValueError, what, "the inverse of a covariance matrix")
    turned = vectors * np.sqrt(np.maximum(values, 0))
    return _prepared(EUCLIDEAN, partial(_turned, axes=turned))


def _turned(X, axes):
    if len(axes) != X.shape[-1]:
        what = f"VI of mahalanobis is for {len(axes)} features, and X has {X.shape[-1]}."
        raise refusal(ValueError, what, "np.linalg.inv(np.cov(X.T))")
    return X @ axes


def _prepared(metric: Metric, prepare: Any) -> Metric:
    return Metric(
        metric.between, prepare, metric.finish, metric.reduce, metric.power, metric.root,
        metric.scales,
    )  # fmt: skip


def directions(X):
    """Rows divided by their length, and a column that is 1 for rows of zeros: a direction of their own."""
    largest = np.abs(X).max(axis=1, initial=0)[:, None]
    X = X / np.where(largest > 0, largest, 1)  # so that squares neither overflow nor vanish
    length = np.sqrt(squares(X))[:, None]
    return np.hstack([X / np.where(length > 0, length, 1), length == 0])


def deviations(X):
    """The directions of rows from which their mean is subtracted. Of equal numbers, zeros remain."""
    centered = X - X.mean(axis=1, keepdims=True)
    constant = X.max(axis=1) == X.min(axis=1)
    return directions(np.where(constant[:, None], 0.0, centered))


# 1 - cos(x, y) = ½ ‖x/‖x‖ - y/‖y‖‖², which is exact for small angles too
COSINE = Metric(squared, directions, finish=half, reduce=twice, power=2, root=2)
CORRELATION = Metric(squared, deviations, finish=half, reduce=twice, power=2, root=2)


def unequal(x, y):
    """The fraction of features with x ≠ y"""
    return (x != y).mean(axis=0)


def canberra(x, y):
    """Σ |x - y| / (|x| + |y|), with 0 / 0 = 0"""
    total = np.abs(x) + np.abs(y)
    return (np.abs(x - y) / np.where(total > 0, total, 1)).sum(axis=0)


def braycurtis(x, y):
    """Σ |x - y| / Σ |x + y|, with 0 / 0 = 0"""
    return _ratio(np.abs(x - y).sum(axis=0), np.abs(x + y).sum(axis=0))


def haversine(x, y):
    """The angle between two points of a sphere, given by latitude and longitude in radians"""
    latitude, longitude = np.sin((x - y) / 2) ** 2
    inner = latitude + np.cos(x[0]) * np.cos(y[0]) * longitude
    return 2 * np.arcsin(np.sqrt(np.minimum(inner, 1)))


def two_columns(X):
    if X.shape[1] != 2:
        what = f"haversine needs two columns, latitude and longitude; X has {X.shape[1]}."
        raise refusal(ValueError, what, "X[:, :2], in radians")
    return X


def nan_euclidean(x, y):
    """Σ (x - y)² over the features that both have, times the number of all / of those; NaN for none"""
    difference = x - y
    present = ~np.isnan(difference)
    number = present.sum(axis=0)
    total = np.where(present, difference, 0) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return len(difference) * total.sum(axis=0) / np.where(number > 0, number, np.nan)


def truth(X):
    """1 where X is not 0"""
    return (X != 0).astype(np.float64)


# Of two rows of truth values: n features, d of them differ, b are true in both.


def jaccard(x, y):
    """d / (b + d)"""
    d, b = absolute(x, y), (x * y).sum(axis=0)
    return _ratio(d, b + d)


def dice(x, y):
    """d / (2 b + d)"""
    d, b = absolute(x, y), (x * y).sum(axis=0)
    return _ratio(d, 2 * b + d)


def rogerstanimoto(x, y):
    """2 d / (n + d)"""
    d = absolute(x, y)
    return 2 * d / (len(x) + d)


def russellrao(x, y):
    """(n - b) / n"""
    return 1 - (x * y).mean(axis=0)


def sokalsneath(x, y):
    """2 d / (b + 2 d)"""
    d, b = absolute(x, y), (x * y).sum(axis=0)
    return _ratio(2 * d, b + 2 * d)


def yule(x, y):
    """2 pq / (b c + pq): p are true in x alone, q in y alone, c in neither"""
    b = (x * y).sum(axis=0)
    p, q = x.sum(axis=0) - b, y.sum(axis=0) - b
    return _ratio(2 * p * q, b * (len(x) - b - p - q) + p * q)


def _ratio(a, b):
    return a / np.where(b > 0, b, 1)


METRICS: dict[str, Metric] = {
    "euclidean": EUCLIDEAN, "l2": EUCLIDEAN,
    "sqeuclidean": Metric(squared, power=2, root=2),
    "manhattan": MANHATTAN, "l1": MANHATTAN, "cityblock": MANHATTAN,
    "chebyshev": CHEBYSHEV, "infinity": CHEBYSHEV,
    "cosine": COSINE, "correlation": CORRELATION,
    "hamming": Metric(unequal), "canberra": Metric(canberra), "braycurtis": Metric(braycurtis, root=None),
    "haversine": Metric(haversine, two_columns),
    "nan_euclidean": Metric(nan_euclidean, finish=np.sqrt, reduce=np.square, root=None),
    "jaccard": Metric(jaccard, truth), "dice": Metric(dice, truth, root=None),
    "rogerstanimoto": Metric(rogerstanimoto, truth), "russellrao": Metric(russellrao, truth, root=None),
    "sokalsneath": Metric(sokalsneath, truth), "yule": Metric(yule, truth, root=None),
}  # fmt: skip
MADE: dict[str, Any] = {
    "minkowski": minkowski,
    "seuclidean": seuclidean,
    "mahalanobis": mahalanobis,
}
NAMES = (*METRICS, *MADE, "precomputed")


def called(x, y, function, params):
    """A function of two rows, called for every pair."""
    x, y = np.broadcast_arrays(x, y)
    pairs = zip(x.reshape(len(x), -1).T, y.reshape(len(y), -1).T, strict=True)
    found = [function(np.ascontiguousarray(a), np.ascontiguousarray(b), **params) for a, b in pairs]
    return np.array(found, dtype=np.float64).reshape(x.shape[1:])


def metric_of(metric: Any, X: Any = None, params: Mapping[str, Any] | None = None) -> Metric:
    """The Metric with a name and parameters, or of a function of two rows.

    X   rows from which seuclidean and mahalanobis take V or VI, if it is not given

    Raises ValueError for an unknown name or a parameter that the metric does not have.
    """
    given = {name: x for name, x in (params or {}).items() if x is not None}
    if isinstance(metric, Metric):
        return metric
    if callable(metric):
        return Metric(partial(called, function=metric, params=given))
    if metric in METRICS:
        if given:
            what = f"metric={metric!r} has no parameter {next(iter(given))}."
            raise refusal(ValueError, what, f"metric={metric!r} alone")
        return METRICS[metric]
    if metric not in MADE:
        what = f"Metric {metric!r} not valid: there is none of this name."
        raise refusal(ValueError, what, ", ".join(alike(metric, NAMES)) or "euclidean")
    if X is not None:
        given = estimated(metric, X) | given
    allowed = {"minkowski": "p, w", "seuclidean": "V", "mahalanobis": "VI, V"}[metric]
    for name in given:
        if name not in allowed.split(", "):
            what = f"metric={metric!r} has no parameter {name}."
            raise refusal(ValueError, what, allowed)
    if (metric == "seuclidean" and not given) or (metric == "mahalanobis" and not given):
        what = f"The {allowed[-1]!r} parameter is required for the {metric} metric."
        raise refusal(ValueError, what, "the variances, or the covariances, of the columns of X")
    return MADE[metric](**given)


def estimated(metric: str, X: np.ndarray) -> dict[str, Any]:
    if metric == "seuclidean" and len(X) > 1:
        return {"V": np.var(X, axis=0, ddof=1)}
    if metric == "mahalanobis" and len(X) > 1:
        return {"VI": np.linalg.inv(np.atleast_2d(np.cov(X.T))).T}
    return {}


# ---- all pairs -----------------------------------------------------------------------------------


def pairwise_distances(X: Any, Y: Any = None, metric: Any = "euclidean", **params: Any) -> Any:
    """The distance of each row of X to each row of Y, by default of X: (rows of X, rows of Y).

    metric   a name of NAMES; a function of two rows; or "precomputed": X has the distances
    params   p and w of minkowski (Σ w |x - y|^p)^(1/p), V of seuclidean, VI of mahalanobis; keywords of the
             function

    A row of zeros (for correlation: of equal numbers) has cosine distance 1 to all rows but other such rows.
    Truth-valued metrics, as jaccard, read what is not 0 as true. Raises ValueError for what has no distance.
    """
    A = _rows(X, "X", metric)
    if metric == "precomputed":
        return A
    B = A if Y is None else _rows(Y, "Y", metric)
    if A.shape[1] != B.shape[1]:
        what = (
            f"Incompatible dimension for X and Y matrices: X.shape[1] == {A.shape[1]} while Y.shape[1] == "
            f"{B.shape[1]}."
        )
        raise refusal(ValueError, what, "rows with the same features")
    chosen = metric_of(metric, A if Y is None else None, params)
    with np.errstate(over="ignore"):
        found = distances(chosen.prepare(A), chosen.prepare(B), chosen)
    if Y is None and metric != "russellrao":  # a row and itself
        np.fill_diagonal(found, np.where(np.isnan(np.diagonal(found)), np.nan, 0))
    return found


def distances(X: np.ndarray, Y: np.ndarray, metric: Metric) -> np.ndarray:
    """The distance of each row of X to each row of Y, both prepared."""
    if metric.between is squared and X.shape[1] > 4:
        return metric.finish(squares_of_differences(X, Y))
    return metric.finish(metric.of_all(X, Y))


def squares_of_differences(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """‖x - y‖² = ‖x‖² - 2 x·y + ‖y‖², a matrix product.

    If x and y are near each other, most digits cancel. Such pairs are computed again, from the differences.
    """
    center = Y.mean(axis=0)
    A, B = X - center, Y - center
    a, b = squares(A)[:, None], squares(B)
    found = A @ (-2 * B.T)
    found += a
    found += b
    rows = max(1, TILE // len(Y))
    for start in range(0, len(X), rows):
        part = found[start : start + rows]
        near = ~(part > CANCELLED * (a[start : start + rows] + b))  # or NaN: an overflow
        i, j = np.nonzero(near)
        for k in range(0, len(i), TILE):
            at, to = i[k : k + TILE], j[k : k + TILE]
            difference = X[start + at] - Y[to]
            part[at, to] = squares(difference)
    return found


def _rows(X: Any, name: str, metric: Any) -> np.ndarray:
    """X as a table of finite numbers (of any, if the metric is a function or skips missing ones)."""
    found = np.asarray(X)
    if found.dtype.kind == "c":
        raise refusal(ValueError, f"Complex data not supported: {name}.", f"{name}.real")
    found = found.astype(np.float64, copy=False)
    if found.ndim != 2:
        what = f"pairwise_distances expects {name} of shape (samples, features), got {found.shape}."
        raise refusal(ValueError, what, f"{name}.reshape(-1, 1) if it is one feature")
    finite = ~np.isinf(found) if metric == "nan_euclidean" else np.isfinite(found)
    if not callable(metric) and not finite.all():
        row, column = np.argwhere(~finite)[0]
        what = f"Input {name} contains NaN or infinity, first in row {row}, column {column}."
        raise refusal(ValueError, what, "drop those rows, or metric='nan_euclidean'")
    return found
