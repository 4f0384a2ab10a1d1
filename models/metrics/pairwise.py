"""Distances and similarities of all pairs of rows, by scikit-learn's names.

    cosine_similarity(X, Y)[i, j]      of row i of X and row j of Y; of X with itself if Y is None

Formulas: `models.neighbors.distances` and `models.foundation.kernel_functions`. Sparse matrices become dense,
except in `linear_kernel` and `cosine_similarity`, which multiply them as they are.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from models.foundation import frames, kernel_functions
from models.foundation.kernel_functions import KERNELS, kernel_matrix, matrix_of_function
from models.metrics.reading import numbers
from models.neighbors import distances
from tinygrad_edu.diagnostics.words import alike, refusal

CHUNK = 1 << 24  # distances that are computed at once, where only few are kept

__all__ = [
    "additive_chi2_kernel",
    "chi2_kernel",
    "cosine_distances",
    "cosine_similarity",
    "euclidean_distances",
    "haversine_distances",
    "laplacian_kernel",
    "linear_kernel",
    "manhattan_distances",
    "nan_euclidean_distances",
    "paired_cosine_distances",
    "paired_distances",
    "paired_euclidean_distances",
    "paired_manhattan_distances",
    "pairwise_distances",
    "pairwise_distances_argmin",
    "pairwise_distances_argmin_min",
    "pairwise_distances_chunked",
    "pairwise_kernels",
    "polynomial_kernel",
    "rbf_kernel",
    "sigmoid_kernel",
]


# ---- distances -----------------------------------------------------------------------------------


def pairwise_distances(
    X: Any,
    Y: Any = None,
    metric: Any = "euclidean",
    *,
    n_jobs: int | None = None,
    ensure_all_finite: Any = True,
    **kwds: Any,
) -> np.ndarray:
    """The distance of each row of X to each row of Y: (rows of X, rows of Y).

    metric   a name, such as "manhattan"; a function of two rows; "precomputed": X has the distances
    kwds     parameters of the metric, or of the function

    n_jobs and ensure_all_finite are accepted and mean nothing here: only "nan_euclidean" and functions allow
    NaN.
    """
    return distances.pairwise_distances(_dense(X), _dense(Y), metric, **kwds)


def euclidean_distances(
    X: Any,
    Y: Any = None,
    *,
    Y_norm_squared: Any = None,
    squared: bool = False,
    X_norm_squared: Any = None,
) -> np.ndarray:
    """√ Σ_k (x_k - y_k)², or its square. The norms are accepted and not needed."""
    return pairwise_distances(X, Y, "sqeuclidean" if squared else "euclidean")


def manhattan_distances(X: Any, Y: Any = None) -> np.ndarray:
    """Σ_k |x_k - y_k|"""
    return pairwise_distances(X, Y, "manhattan")


def cosine_distances(X: Any, Y: Any = None) -> np.ndarray:
    """1 - x·y / ‖x‖ ‖y‖; 1 for a row of zeros, and 0 for two of them."""
    return pairwise_distances(X, Y, "cosine")


def haversine_distances(X: Any, Y: Any = None) -> np.ndarray:
    """The angle between points of a sphere, (latitude, longitude) in radians."""
    return pairwise_distances(X, Y, "haversine")


def nan_euclidean_distances(
    X: Any, Y: Any = None, *, squared: bool = False, missing_values: Any = np.nan, copy: bool = True
) -> np.ndarray:
    """The Euclidean distance of the features that both rows have, scaled up to all features."""
    tables = [None if x is None else np.array(_dense(x)) for x in (X, Y)]
    tables = [x if x is None or x.dtype.kind == "c" else x.astype(np.float64) for x in tables]
    if missing_values == missing_values:  # not NaN
        for table in tables:
            if table is not None:
                table[table == missing_values] = np.nan
    found = pairwise_distances(tables[0], tables[1], "nan_euclidean")
    return found**2 if squared else found


def pairwise_distances_argmin_min(
    X: Any, Y: Any, *, axis: int = 1, metric: Any = "euclidean", metric_kwargs: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """(number of the nearest row of Y, distance to it) for each row of X; axis=0: of X for each row of Y."""
    if axis == 0:
        X, Y = Y, X
    if not (frames.samples(X) and frames.samples(Y)):
        shapes = f"{np.shape(X)} and {np.shape(Y)}"
        raise refusal(
            ValueError, f"no row is nearest: X and Y have the shapes {shapes}.", "more rows"
        )
    parts = [
        (part.argmin(axis=1), part.min(axis=1))
        for part in pairwise_distances_chunked(X, Y, metric=metric, **(metric_kwargs or {}))
    ]
    places, found = (np.concatenate(part) for part in zip(*parts, strict=True))
    return places, found


def pairwise_distances_argmin(
    X: Any, Y: Any, *, axis: int = 1, metric: Any = "euclidean", metric_kwargs: Any = None
) -> np.ndarray:
    """The number of the nearest row of Y, for each row of X; axis=0: of X for each row of Y."""
    return pairwise_distances_argmin_min(
        X, Y, axis=axis, metric=metric, metric_kwargs=metric_kwargs
    )[0]


def pairwise_distances_chunked(
    X: Any,
    Y: Any = None,
    *,
    reduce_func: Callable[[np.ndarray, int], Any] | None = None,
    metric: Any = "euclidean",
    n_jobs: int | None = None,
    working_memory: float | None = None,
    **kwds: Any,
) -> Iterator[Any]:
    """The distances of some rows of X after the other, to save memory; or what reduce_func makes of them.

    reduce_func      (distances of the rows, number of the first of them) -> what is kept
    working_memory   mebibytes for one part
    """
    X, Y = _dense(X), _dense(Y)
    X = np.asarray(X)
    other = X if Y is None else np.asarray(Y)
    if metric in ("seuclidean", "mahalanobis") and Y is None:
        kwds = distances.estimated(metric, X) | kwds
    size = CHUNK if working_memory is None else int(working_memory * 2**20 / 8)
    rows = max(1, size // max(1, len(other)))
    for start in range(0, len(X), rows):
        part = pairwise_distances(X[start : start + rows], other, metric, **kwds)
        if Y is None and metric != "precomputed":  # a row and itself
            within = np.arange(len(part))
            part[within, start + within] = 0
        yield part if reduce_func is None else reduce_func(part, start)


def paired_distances(X: Any, Y: Any, *, metric: Any = "euclidean", **kwds: Any) -> np.ndarray:
    """The distance of each row of X to the same row of Y."""
    A, B = (_rows(_dense(x), name) for x, name in ((X, "X"), (Y, "Y")))
    if A.shape != B.shape:
        what = (
            f"X and Y should be of same shape. They were respectively {A.shape} and {B.shape} long."
        )
        raise refusal(ValueError, what, "pairwise_distances(X, Y), for all pairs of rows")
    chosen = distances.metric_of(metric, None, kwds)
    return chosen.finish(chosen.of_pairs(chosen.prepare(A), chosen.prepare(B)))


def paired_euclidean_distances(X: Any, Y: Any) -> np.ndarray:
    """√ Σ_k (x_k - y_k)² of each row of X and the same row of Y."""
    return paired_distances(X, Y)


def paired_manhattan_distances(X: Any, Y: Any) -> np.ndarray:
    """Σ_k |x_k - y_k| of each row of X and the same row of Y."""
    return paired_distances(X, Y, metric="manhattan")


def paired_cosine_distances(X: Any, Y: Any) -> np.ndarray:
    """½ ‖x/‖x‖ - y/‖y‖‖² of each row of X and the same row of Y, with 0/0 = 0."""
    A, B = (_to_unit_length(_rows(_dense(x), name)) for x, name in ((X, "X"), (Y, "Y")))
    return paired_distances(A, B, metric="sqeuclidean") / 2


# ---- similarities --------------------------------------------------------------------------------


def cosine_similarity(X: Any, Y: Any = None, dense_output: bool = True) -> Any:
    """x·y / ‖x‖ ‖y‖; 0 for a row of zeros. dense_output: an array even of two sparse matrices."""
    A = _to_unit_length(_rows(X, "X"))
    return _product(A, A if Y is None or Y is X else _to_unit_length(_rows(Y, "Y")), dense_output)


def linear_kernel(X: Any, Y: Any = None, dense_output: bool = True) -> Any:
    """x·y. dense_output: an array even of two sparse matrices."""
    A = _rows(X, "X")
    return _product(A, A if Y is None else _rows(Y, "Y"), dense_output)


def polynomial_kernel(
    X: Any, Y: Any = None, degree: float = 3, gamma: float | None = None, coef0: float = 1
) -> np.ndarray:
    """(γ x·y + coef0)^degree, with γ = 1 / features by default."""
    return pairwise_kernels(X, Y, "polynomial", degree=degree, gamma=gamma, coef0=coef0)


def sigmoid_kernel(
    X: Any, Y: Any = None, gamma: float | None = None, coef0: float = 1
) -> np.ndarray:
    """tanh(γ x·y + coef0), with γ = 1 / features by default."""
    return pairwise_kernels(X, Y, "sigmoid", gamma=gamma, coef0=coef0)


def rbf_kernel(X: Any, Y: Any = None, gamma: float | None = None) -> np.ndarray:
    """exp(-γ ‖x - y‖²), with γ = 1 / features by default."""
    return pairwise_kernels(X, Y, "rbf", gamma=gamma)


def laplacian_kernel(X: Any, Y: Any = None, gamma: float | None = None) -> np.ndarray:
    """exp(-γ ‖x - y‖₁), with γ = 1 / features by default."""
    return pairwise_kernels(X, Y, "laplacian", gamma=gamma)


def additive_chi2_kernel(X: Any, Y: Any = None) -> np.ndarray:
    """-Σ_k (x_k - y_k)² / (x_k + y_k), of histograms."""
    return pairwise_kernels(X, Y, "additive_chi2")


def chi2_kernel(X: Any, Y: Any = None, gamma: float = 1.0) -> np.ndarray:
    """exp(-γ Σ_k (x_k - y_k)² / (x_k + y_k)), of histograms."""
    return pairwise_kernels(X, Y, "chi2", gamma=gamma)


def pairwise_kernels(
    X: Any,
    Y: Any = None,
    metric: Any = "linear",
    *,
    filter_params: bool = False,
    n_jobs: int | None = None,
    **kwds: Any,
) -> np.ndarray:
    """The kernel of each row of X and each row of Y.

    metric          a name, such as "rbf"; a function of two rows; "precomputed": X has the values
    kwds            parameters of the kernel
    filter_params   leave out those that it does not have, in place of an error

    n_jobs is accepted and means nothing here.
    """
    A = _same_features(_dense(X), None)
    if isinstance(metric, str) and metric == "precomputed":
        return A
    B = A if Y is None or Y is X else _same_features(_dense(Y), A)
    if callable(metric):
        return matrix_of_function(metric, A, B, kwds)
    if metric not in KERNELS:
        what = f"Unknown kernel {metric!r}."
        raise refusal(
            ValueError, what, ", ".join(alike(metric, KERNELS)) or "one of " + ", ".join(KERNELS)
        )
    known = KERNELS[metric].__code__.co_varnames[2 : KERNELS[metric].__code__.co_argcount]
    unknown = [name for name in kwds if name not in known]
    if unknown and not filter_params:
        what = f"the kernel {metric!r} has no parameter {unknown[0]}."
        raise refusal(TypeError, what, ", ".join(known) or f"pairwise_kernels(X, Y, {metric!r})")
    return kernel_matrix(metric, A, B, **{n: x for n, x in kwds.items() if n in known})


# ---- what they have in common --------------------------------------------------------------------


def _dense(X: Any) -> Any:
    return X.toarray() if hasattr(X, "tocsr") else X


def _rows(X: Any, name: str) -> Any:
    """A table of numbers, dense or sparse."""
    sparse = hasattr(X, "tocsr") and X.dtype.kind != "c"
    found = X.tocsr().astype(np.float64) if sparse else numbers(X, name)
    if len(found.shape) != 2:
        what = f"Expected 2D array, got an array of shape {found.shape} instead ({name})."
        raise refusal(ValueError, what, f"{name}.reshape(1, -1) if it is one row")
    return found


def _same_features(X: Any, other: Any) -> np.ndarray:
    found = _rows(X, "X" if other is None else "Y")
    if other is not None:
        _require_same_features(other, found)
    return found


def _require_same_features(X: Any, Y: Any) -> None:
    if X.shape[1] != Y.shape[1]:
        what = (
            f"Incompatible dimension for X and Y matrices: X.shape[1] == {X.shape[1]} while Y.shape[1] == "
            f"{Y.shape[1]}."
        )
        raise refusal(ValueError, what, "rows with the same features")


def _to_unit_length(X: Any) -> Any:
    if not hasattr(X, "tocsr"):
        return kernel_functions.to_unit_length(X)
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    length = np.sqrt(np.bincount(rows, X.data**2, minlength=X.shape[0]))
    made = X.copy()
    made.data = X.data / np.where(length > 0, length, 1)[rows]
    return made


def _product(X: Any, Y: Any, dense_output: bool) -> Any:
    _require_same_features(X, Y)
    found = X @ Y.T
    return found.toarray() if dense_output and hasattr(found, "tocsr") else found
