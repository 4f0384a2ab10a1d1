"""Mutual information: how much a feature tells about the target, in any form.

Source: A. Kraskov, H. Stögbauer, P. Grassberger, Estimating mutual information (2004), equation 8; B. Ross,
Mutual information between discrete and continuous data sets (2014), equation 2.
"""

from typing import Any

import numpy as np

from models.feature_selection.scores import read
from models.foundation.parallel import each
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import digamma


def mutual_info_classif(
    X: Any,
    y: Any,
    *,
    discrete_features: Any = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> np.ndarray:
    """I(x; y) of each feature with the classes y, in nats; 0 if they are independent.

    discrete_features   which columns have categories, not measurements: a mask, numbers, True or False
    n_neighbors         k, the number of neighbors by whose distance a density is estimated
    random_state        seed of a noise of 1e-10, which keeps equal values apart

    copy has no effect: X is never changed.
    """
    X, y = read(X, y)
    classes = np.unique(y, return_inverse=True)[1]
    return _of_each(X, classes, discrete_features, True, n_neighbors, random_state, n_jobs)


def mutual_info_regression(
    X: Any,
    y: Any,
    *,
    discrete_features: Any = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> np.ndarray:
    """I(x; y) of each feature with the numbers y, in nats; the parameters of `mutual_info_classif`."""
    X, y = read(X, y)
    y = y.astype(np.float64)
    return _of_each(X, y, discrete_features, False, n_neighbors, random_state, n_jobs)


def _of_each(X, y, discrete, classes, k, random_state, n_jobs):
    n, d = X.shape
    if k >= n:
        what = f"n_neighbors={k}, and X has {n} rows."
        raise refusal(ValueError, what, f"n_neighbors={max(n - 1, 1)}")
    mask = np.zeros(d, dtype=bool)
    if not isinstance(discrete, str):
        mask[discrete] = True
    elif discrete != "auto":
        what = f"Invalid string value for discrete_features: {discrete!r}."
        raise refusal(ValueError, what, "'auto', or the numbers of these columns")
    rng = np.random.RandomState(random_state)  # scikit-learn's noise
    X = X.astype(np.float64)
    X[:, ~mask] = _apart(X[:, ~mask], rng)
    if not classes:
        y = _apart(y[:, None], rng)[:, 0]
    pairs = [(x, y, bool(m), classes, k) for x, m in zip(X.T, mask, strict=True)]
    return np.array(each(mutual_information, pairs, n_jobs))


def _apart(X, rng):
    """Columns of deviation 1 with a little noise."""
    deviation = X.std(axis=0)
    X = X / np.where(deviation == 0, 1, deviation)
    size = np.maximum(1, np.abs(X).mean(axis=0))
    return X + 1e-10 * size * rng.standard_normal(size=X.shape)


def mutual_information(x, y, x_discrete: bool, y_discrete: bool, k: int) -> float:
    """I(x; y) of two columns, each of categories or of different numbers."""
    if x_discrete and y_discrete:
        return _of_categories(x, y)
    if x_discrete or y_discrete:
        return _of_numbers_and_categories(*((y, x) if x_discrete else (x, y)), k)
    return _of_numbers(x, y, k)


def _of_categories(x, y):
    """Σ p(x, y) ln (p(x, y) / (p(x) p(y)))."""
    rows, columns = (np.unique(v, return_inverse=True)[1] for v in (x, y))
    p = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(p, (rows, columns), 1 / len(x))
    product = np.outer(p.sum(axis=1), p.sum(axis=0))
    some = p > 0
    return max(0.0, float((p[some] * np.log(p[some] / product[some])).sum()))


def _of_numbers(x, y, k):
    """ψ(n) + ψ(k) - mean ψ(n_x + 1) - mean ψ(n_y + 1) (Kraskov 8).

    n_x and n_y are the numbers of points that are nearer in x, or in y, than the k-th neighbor in both.
    """
    radius = np.nextafter(_kth_in_two(x, y, k), 0)
    near = [digamma(_within(v, radius).astype(np.float64)).mean() for v in (x, y)]
    return max(0.0, float(_psi(len(x)) + _psi(k) - sum(near)))


def _of_numbers_and_categories(x, c, k):
    """ψ(n) + mean ψ(k) - mean ψ(n_c) - mean ψ(m) (Ross 2).

    n_c is the size of a point's category, k at most n_c - 1, and m counts the points nearer than the k-th of
    its category. A category of one point is left out.
    """
    _, numbers, sizes = np.unique(c, return_inverse=True, return_counts=True)
    radius = np.empty(len(x))
    for number, size in enumerate(sizes):
        if size > 1:
            rows = np.flatnonzero(numbers == number)
            radius[rows] = np.nextafter(_kth_in_one(x[rows], min(k, size - 1)), 0)
    kept = sizes[numbers] > 1
    counts = sizes[numbers][kept].astype(np.float64)
    if not kept.any():
        return 0.0
    m = _within(x[kept], radius[kept]).astype(np.float64)
    ψk = digamma(np.minimum(k, counts - 1)).mean()
    return max(0.0, float(_psi(len(m)) + ψk - digamma(counts).mean() - digamma(m).mean()))


def _psi(n):
    return float(digamma(np.float64(n)))


def _kth_in_one(x, k):
    """The distance of each number from its k-th nearest, of the k + 1 in a row around it."""
    order = np.argsort(x)
    padded = np.concatenate([np.full(k, -np.inf), x[order], np.full(k, np.inf)])
    n, middle = len(x), padded[k : k + len(x)]
    found = np.full(n, np.inf)
    for j in range(k + 1):
        left, right = middle - padded[j : j + n], padded[j + k : j + k + n] - middle
        found = np.minimum(found, np.maximum(left, right))
    distances = np.empty(n)
    distances[order] = found
    return distances


def _kth_in_two(x, y, k):
    """The distance max(|x - x'|, |y - y'|) of each point from its k-th nearest.

    In the order of x the neighbors at 1, 2, ... places to the left and to the right are tried, until these
    alone are too far away for all points.
    """
    order = np.argsort(x)
    x, y, n = x[order], y[order], len(x)
    best = np.full((n, k), np.inf)  # of each point, in ascending order
    active = np.arange(n)
    for step in range(1, n):
        going = np.zeros(len(active), dtype=bool)
        for other in (active - step, active + step):
            inside = (other >= 0) & (other < n)
            i, j = active[inside], other[inside]
            across = np.abs(x[i] - x[j])
            going[inside] |= across < best[i, -1]
            far = np.maximum(across, np.abs(y[i] - y[j]))
            nearer = far < best[i, -1]
            rows = i[nearer]
            best[rows, -1] = far[nearer]
            best[rows] = np.sort(best[rows], axis=1)
        active = active[going]
        if not len(active):
            break
    distances = np.empty(n)
    distances[order] = best[:, -1]
    return distances


def _within(x, radius):
    """How many numbers, itself too, are at most radius away from each."""
    ordered, last = np.sort(x), len(x) - 1
    high = np.searchsorted(ordered, x + radius, side="right")
    high -= ordered[high - 1] - x > radius  # x + radius was rounded
    high += (high <= last) & (ordered[np.minimum(high, last)] - x <= radius)
    low = np.searchsorted(ordered, x - radius, side="left")
    low += x - ordered[np.minimum(low, last)] > radius
    low -= (low > 0) & (x - ordered[low - 1] <= radius)
    return high - low
