"""Metrics of clusterings: against true classes, and, without any, by distances alone.

Source: L. Hubert, P. Arabie, Comparing partitions, J. Classification 2 (1985); N. Vinh, J. Epps, J. Bailey,
Information theoretic measures for clusterings comparison, JMLR 11 (2010); A. Rosenberg, J. Hirschberg,
V-measure, EMNLP (2007); E. Fowlkes, C. Mallows, A method for comparing two hierarchical clusterings, JASA 78
(1983); P. Rousseeuw, Silhouettes, J. Comp. Appl. Math. 20 (1987); T. Calinski, J. Harabasz, A dendrite method
for cluster analysis, Comm. Stat. 3 (1974); D. Davies, D. Bouldin, A cluster separation measure, IEEE PAMI 1
(1979).

The names of the labels do not matter. n_ij is the number of samples of class i in cluster j, a_i of class i,
b_j of cluster j, and n of all.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from models.foundation import frames
from models.foundation.lloyd import squares, sums_of
from models.foundation.randomness import generator
from models.foundation.sklearn_bridge import warn
from models.neighbors.distances import distances, metric_of
from tinygrad_edu.diagnostics.words import refusal

BLOCK = 2**20  # distances at a time
EPS = float(np.finfo(np.float64).eps)


# ---- counts --------------------------------------------------------------------------------------


class Counts(NamedTuple):
    """The n_ij > 0, with their i and j, and the sums a and b."""

    nij: np.ndarray
    i: np.ndarray
    j: np.ndarray
    a: np.ndarray
    b: np.ndarray


def _counts(labels_true: Any, labels_pred: Any) -> Counts:
    labels_true, labels_pred = _labels(labels_true, "true"), _labels(labels_pred, "pred")
    lengths = [len(labels_true), len(labels_pred)]
    if lengths[0] != lengths[1]:
        what = f"Found input variables with inconsistent numbers of samples: {lengths}."
        raise refusal(ValueError, what, "the classes and the clusters of the same rows")
    _, i, a = np.unique(labels_true, return_inverse=True, return_counts=True)
    _, j, b = np.unique(labels_pred, return_inverse=True, return_counts=True)
    cells, nij = np.unique(j * len(a) + i, return_counts=True)
    return Counts(nij, cells % max(1, len(a)), cells // max(1, len(a)), a, b)


def _labels(labels: Any, name: str) -> np.ndarray:
    found = labels.to_numpy() if hasattr(labels, "to_numpy") else np.asarray(labels)
    if found.ndim != 1:
        what = f"labels_{name} must be 1D: shape is {found.shape}."
        raise refusal(ValueError, what, "one label per sample")
    missing = found.dtype == object and any(map(frames.is_missing, found))
    if missing or (found.dtype.kind == "f" and not np.isfinite(found).all()):
        what = f"Input labels_{name} contains NaN or infinity."
        raise refusal(ValueError, what, "drop those rows")
    if found.dtype.kind == "f" and (found != np.floor(found)).any():
        warn(
            UserWarning,
            "Clustering metrics expects discrete values but received continuous values for "
            f"labels_{name}. Try: the labels of the clusters",
        )
    return found


def contingency_matrix(
    labels_true: Any,
    labels_pred: Any,
    *,
    eps: Any = None,
    sparse: bool = False,
    dtype: Any = np.int64,
) -> np.ndarray:
    """n_ij, the number of samples of class i in cluster j: (classes, clusters).

    eps      a number that is added to all
    sparse   only False: the other functions never build this matrix, however many labels there are
    """
    if sparse:
        raise refusal(
            ValueError, "sparse=True is not available.", "scipy.sparse.csr_array(...) of it"
        )
    counts = _counts(labels_true, labels_pred)
    found = np.zeros((len(counts.a), len(counts.b)), dtype=dtype)
    found[counts.i, counts.j] = counts.nij
    return found if eps is None else found + eps


# ---- pairs of samples ----------------------------------------------------------------------------


def pair_confusion_matrix(labels_true: Any, labels_pred: Any) -> np.ndarray:
    """The number of ordered pairs of samples, (2, 2): are both in the same class, and in the same cluster?

    [[apart in both,      the same cluster alone],
     [the same class alone,  together in both   ]]
    """
    nij, _, _, a, b = _counts(labels_true, labels_pred)
    n = int(a.sum())
    together, classes, clusters = (int((x.astype(np.int64) ** 2).sum()) for x in (nij, a, b))
    return np.array(
        [
            [n**2 - classes - clusters + together, clusters - together],
            [classes - together, together - n],
        ]
    )


def rand_score(labels_true: Any, labels_pred: Any) -> float:
    """The fraction of pairs of samples on which both agree: together, or apart."""
    C = pair_confusion_matrix(labels_true, labels_pred)
    right, pairs = C.diagonal().sum(), C.sum()
    return 1.0 if right == pairs else float(right / pairs)


def adjusted_rand_score(labels_true: Any, labels_pred: Any) -> float:
    """`rand_score`, shifted and scaled: 1 for equal clusterings, 0 on average for random ones."""
    (tn, fp), (fn, tp) = pair_confusion_matrix(labels_true, labels_pred).tolist()
    if fn == 0 and fp == 0:
        return 1.0
    return 2.0 * (tp * tn - fn * fp) / ((tp + fn) * (fn + tn) + (tp + fp) * (fp + tn))


def fowlkes_mallows_score(labels_true: Any, labels_pred: Any) -> float:
    """√(precision · recall) of the pairs that are in the same cluster."""
    (_, fp), (fn, tp) = pair_confusion_matrix(labels_true, labels_pred)
    return float(np.sqrt(tp / (tp + fp)) * np.sqrt(tp / (tp + fn))) if tp else 0.0


# ---- information ---------------------------------------------------------------------------------


def mutual_info_score(labels_true: Any, labels_pred: Any, *, contingency: Any = None) -> float:
    """I = Σ_ij n_ij/n log (n n_ij / a_i b_j), in nats.

    contingency: what `contingency_matrix` returns; then the labels are not read.
    """
    if contingency is None:
        return _information(_counts(labels_true, labels_pred))
    if hasattr(contingency, "toarray"):
        contingency = contingency.toarray()
    table = np.asarray(contingency)
    j, i = np.nonzero(table.T)
    return _information(Counts(table[i, j], i, j, table.sum(axis=1), table.sum(axis=0)))


def _information(counts: Counts) -> float:
    nij, i, j, a, b = counts
    n = int(nij.sum())
    if len(a) == 1 or len(b) == 1:
        return 0.0
    fraction = nij / n
    log_outer = -np.log(a[i] * b[j]) + math.log(n) + math.log(n)
    terms = fraction * (np.log(nij) - math.log(n)) + fraction * log_outer
    return float(max(0.0, np.where(np.abs(terms) < EPS, 0.0, terms).sum()))


def _entropy(sizes: np.ndarray) -> float:
    """-Σ a/n log a/n"""
    if len(sizes) == 1:
        return 0.0
    n = sizes.sum()
    return float(-((sizes / n) * (np.log(sizes) - math.log(n))).sum())


AVERAGES: dict[str, Any] = {
    "min": min,
    "geometric": lambda u, v: np.sqrt(u * v),
    "arithmetic": lambda u, v: np.mean([u, v]),
    "max": max,
}


def _average(counts: Counts, method: str) -> float:
    if method not in AVERAGES:
        what = "'average_method' must be 'min', 'geometric', 'arithmetic', or 'max'"
        raise refusal(ValueError, f"{what}: got {method!r}.", "average_method='arithmetic'")
    return AVERAGES[method](_entropy(counts.a), _entropy(counts.b))


def normalized_mutual_info_score(
    labels_true: Any, labels_pred: Any, *, average_method: str = "arithmetic"
) -> float:
    """I / an average of both entropies: "arithmetic", "geometric", "min" or "max"."""
    counts = _counts(labels_true, labels_pred)
    normalizer = _average(counts, average_method)
    if len(counts.a) == len(counts.b) <= 1:
        return 1.0
    information = _information(counts)
    return float(information / normalizer) if information else 0.0


def adjusted_mutual_info_score(
    labels_true: Any, labels_pred: Any, *, average_method: str = "arithmetic"
) -> float:
    """(I - E) / (average entropy - E): 1 for equal clusterings, 0 on average for random ones.

    E is the expectation of I if the labels are permuted.
    """
    counts = _counts(labels_true, labels_pred)
    normalizer = _average(counts, average_method)
    if len(counts.a) == len(counts.b) <= 1:
        return 1.0
    if len(counts.a) == 1 or len(counts.b) == 1:
        return 0.0
    expected = _expected_information(counts.a, counts.b)
    return _not_0(_information(counts) - expected) / _not_0(float(normalizer) - expected)


def _not_0(x: float) -> float:
    """x, at least EPS in size: numbers that are equal but for rounding would give 0 / 0."""
    return min(x, -EPS) if x < 0 else max(x, EPS)


def _expected_information(a: np.ndarray, b: np.ndarray) -> float:
    """Σ_ij Σ_m P(n_ij = m) m/n log (n m / a_i b_j), with the hypergeometric

    P(m) = a! b! (n - a)! (n - b)! / n! m! (a - m)! (b - m)! (n - a - b + m)!
    """
    n = int(a.sum())
    log_factorial = np.array([math.lgamma(m + 1) for m in range(n + 1)])
    sizes, number_b = np.unique(b, return_counts=True)
    B = sizes[:, None]
    total = 0.0
    for A, number_a in zip(*np.unique(a, return_counts=True), strict=True):
        m = np.arange(1, min(A, sizes[-1]) + 1)
        possible = (m <= B) & (m > A + B - n - 1)
        rest_b = np.where(possible, B - m, 0)
        rest = np.where(possible, n - A - B + m, 0)
        log_p = (
            log_factorial[A] + log_factorial[B] + log_factorial[n - A] + log_factorial[n - B]
            - (log_factorial[m] + log_factorial[n]) - log_factorial[A - m] - log_factorial[rest_b]
            - log_factorial[rest]
        )  # fmt: skip
        p = np.where(possible, np.exp(np.where(possible, log_p, 0)), 0)
        information = m / n * (np.log(n) + np.log(m) - np.log(A) - np.log(B))
        total += number_a * (number_b @ (p * information).sum(axis=1))
    return float(total)


def homogeneity_completeness_v_measure(
    labels_true: Any, labels_pred: Any, *, beta: float = 1.0
) -> tuple[float, float, float]:
    """Homogeneity h = I / H(classes), completeness c = I / H(clusters), V = (1 + β) h c / (β h + c)."""
    counts = _counts(labels_true, labels_pred)
    if len(counts.a) == 0:
        return 1.0, 1.0, 1.0
    information = _information(counts)
    h, c = (information / e if e else 1.0 for e in (_entropy(counts.a), _entropy(counts.b)))
    return h, c, (1 + beta) * h * c / (beta * h + c) if h + c else 0.0


def homogeneity_score(labels_true: Any, labels_pred: Any) -> float:
    """I / H(classes): 1 if every cluster has samples of one class alone."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred)[0]


def completeness_score(labels_true: Any, labels_pred: Any) -> float:
    """I / H(clusters): 1 if every class is in one cluster."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred)[1]


def v_measure_score(labels_true: Any, labels_pred: Any, *, beta: float = 1.0) -> float:
    """The harmonic mean of homogeneity and completeness; β > 1 gives completeness more weight."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred, beta=beta)[2]


# ---- without true classes ------------------------------------------------------------------------


def _table(X: Any, labels: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, the number of the cluster of each row, from 0, and the size of each cluster."""
    X = np.asarray(frames.values(X), dtype=np.float64)
    if X.ndim != 2:
        what = f"Expected 2D array, got array of shape {X.shape}. Reshape your data."
        raise refusal(ValueError, what, "X of shape (samples, features)")
    if not np.isfinite(X).all():
        raise refusal(ValueError, "Input X contains NaN or infinity.", "drop those rows")
    labels = _labels(labels, "pred")
    if len(X) != len(labels):
        what = (
            f"Found input variables with inconsistent numbers of samples: {[len(X), len(labels)]}."
        )
        raise refusal(ValueError, what, "a label for each row of X")
    _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if not 1 < len(sizes) < len(X):
        what = f"Number of labels is {len(sizes)}. Valid values are 2 to n_samples - 1 (inclusive)."
        raise refusal(ValueError, what, "a clustering with more clusters, or with fewer")
    return X, codes, sizes


def silhouette_samples(
    X: Any, labels: Any, *, metric: Any = "euclidean", **kwds: Any
) -> np.ndarray:
    """(b - a) / max(a, b) of each sample, shape (samples,); 0 for one that is alone in its cluster.

    a   its mean distance to the others of its cluster
    b   the least mean distance to the samples of another cluster

    metric: a name of `models.neighbors.distances`; a function of two rows; or "precomputed": X has the
    distances of all pairs of samples. The keywords go to the metric. Distances are computed in blocks, so
    that memory grows like the samples.
    """
    X, codes, sizes = _table(X, labels)
    if metric == "precomputed":
        _require_zero_diagonal(X)
    else:
        chosen = metric_of(metric, X, kwds)
        X = chosen.prepare(X)
    own = (np.arange(len(sizes)) == codes[:, None]).astype(np.float64)
    found = np.empty(len(X))
    rows = max(1, BLOCK // len(X))
    for start in range(0, len(X), rows):
        block = np.arange(start, min(start + rows, len(X)))
        D = X[block] if metric == "precomputed" else distances(X[block], X, chosen)
        D[np.arange(len(block)), block] = 0
        sums = D @ own
        here = np.arange(len(block)), codes[block]
        a = sums[here] / np.maximum(sizes[codes[block]] - 1, 1)
        sums[here] = np.inf
        b = (sums / sizes).min(axis=1)
        larger = np.maximum(a, b)
        defined = (sizes[codes[block]] > 1) & (larger > 0)
        found[block] = np.where(defined, (b - a) / np.where(larger > 0, larger, 1), 0)
    return found


def _require_zero_diagonal(D):
    if D.shape[0] != D.shape[1]:
        what = f"Precomputed distances must be square, and have shape {D.shape}."
        raise refusal(ValueError, what, "metric='euclidean', if the columns are features")
    if (np.abs(D.diagonal()) > 100 * EPS).any():
        what = "The precomputed distance matrix contains non-zero elements on the diagonal."
        raise refusal(ValueError, what, "np.fill_diagonal(X, 0)")


def silhouette_score(
    X: Any, labels: Any, *, metric: Any = "euclidean", sample_size: int | None = None,
    random_state: Any = None, **kwds: Any,
) -> float:  # fmt: skip
    """The mean of `silhouette_samples`: near 1 for dense clusters far apart, below 0 for wrong ones.

    sample_size: the number of rows, chosen at random, that are taken for all.
    """
    if sample_size is not None:
        X, labels = np.asarray(frames.values(X)), _labels(labels, "pred")
        rows = generator(random_state).permutation(len(X))[:sample_size]
        X = X[np.ix_(rows, rows)] if metric == "precomputed" else X[rows]
        labels = labels[rows]
    return float(np.mean(silhouette_samples(X, labels, metric=metric, **kwds)))


def _means(X, codes, sizes):
    return sums_of(X, 1.0, codes, len(sizes)) / sizes[:, None]


def calinski_harabasz_score(X: Any, labels: Any) -> float:
    """(between / (k - 1)) / (within / (n - k)), the ratio of variances between and within the k clusters.

    between = Σ_k n_k ‖mean_k - mean‖²,  within = Σ_i ‖x_i - mean of its cluster‖²
    """
    X, codes, sizes = _table(X, labels)
    X = X - X.mean(axis=0)
    means = _means(X, codes, sizes)
    between = sizes @ squares(means)
    within = squares(X - means[codes]).sum()
    n, k = len(X), len(sizes)
    return float(1.0 if within == 0 else between * (n - k) / (within * (k - 1.0)))


def davies_bouldin_score(X: Any, labels: Any) -> float:
    """The mean over clusters i of max_j (s_i + s_j) / ‖mean_i - mean_j‖; lower is better, 0 the least.

    s_i is the mean distance of the samples of cluster i to their mean.
    """
    X, codes, sizes = _table(X, labels)
    X = X - X.mean(axis=0)
    means = _means(X, codes, sizes)
    s = np.bincount(codes, np.sqrt(squares(X - means[codes]))) / sizes
    apart = np.sqrt(((means[:, None] - means) ** 2).sum(axis=2))
    if np.allclose(s, 0) or np.allclose(apart, 0):
        return 0.0
    apart[apart == 0] = np.inf
    return float(((s[:, None] + s) / apart).max(axis=1).mean())
