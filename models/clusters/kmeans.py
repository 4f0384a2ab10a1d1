"""k-means.

Source: S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982); D. Arthur,
S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA (2007); C. Bishop, Pattern
Recognition and Machine Learning, section 9.1.
"""

from operator import itemgetter
from typing import Any

import numpy as np

from models.foundation import (
    Clusterer,
    ConvergenceWarning,
    Transformer,
    array,
    choice,
    integer,
    learned,
    nonnegative,
    seed,
    warn,
)
from tinygrad_edu.diagnostics.words import refusal


class KMeans(Clusterer, Transformer):
    """Centers c_1 … c_k with the least inertia

        J(c) = Σ_i w_i min_k ‖x_i - c_k‖²

    by Lloyd's algorithm. Every step lowers J, until it reaches a local minimum:

        labels:   a_i = argmin_k ‖x_i - c_k‖²
        centers:  c_k = the mean of its points, Σ_{a_i = k} w_i x_i / Σ_{a_i = k} w_i

    With fixed labels, ∂J/∂c_k = 2 n_k (c_k - mean_k) and the second derivative is 2 n_k: Lloyd's
    step is Newton's step on J.
    """

    n_clusters: int = integer(8, at_least=1, doc="number k of clusters")
    init: Any = choice("k-means++", "random", doc="initial centers, or how to draw them") | array()
    n_init: int = integer(1, at_least=1, doc="number of random starts; the best is kept")
    max_iter: int = integer(300, at_least=1, doc="largest number of steps per start")
    tol: float = nonnegative(
        1e-4,
        doc="stop when the squared moves of the centers add up to at most tol times the mean variance "
        "of the features; 0: when nothing moves",
    )
    random_state: Any = seed()

    cluster_centers_: np.ndarray = learned("(n_clusters, features)")
    inertia_: float = learned("J, the inertia")
    n_iter_: int = learned("number of steps of the best start")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(3, init=X[:3], tol=0), X, y

    def _fit(self, X, weight):
        if len(X) < self.n_clusters:
            raise refusal(
                ValueError,
                f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}: each cluster needs "
                "a sample of positive weight.",
                f"KMeans(n_clusters={len(X)}), or fewer",
            )
        given = None if isinstance(self.init, str) else self._given_centers(X.shape[1])

        mean = weight @ X / weight.sum()
        Z = X - mean  # distances stay the same, and products lose fewer digits near zero
        mean_variance = weight @ _squares(Z) / weight.sum() / Z.shape[1]
        rng = np.random.default_rng(self.random_state)
        runs = []
        for _ in range(self.n_init if given is None else 1):
            start = self._seed(Z, weight, rng) if given is None else given - mean
            runs.append(self._lloyd(Z, weight, start, self.tol * mean_variance))
        self.inertia_, centers, self.n_iter_ = min(runs, key=itemgetter(0))
        self.cluster_centers_ = centers + mean
        found = len(np.unique(self._predict(X)))
        if found < self.n_clusters:
            warn(
                ConvergenceWarning,
                f"KMeans found {found} distinct clusters, fewer than n_clusters={self.n_clusters}: "
                "X seems to have no more distinct rows. Try: a smaller n_clusters",
            )

    def _given_centers(self, n_features):
        centers = np.asarray(self.init, dtype=np.float64)
        if centers.shape != (self.n_clusters, n_features):
            raise refusal(
                ValueError,
                f"init has shape {centers.shape}: n_clusters={self.n_clusters} centers of "
                f"{n_features} features need {(self.n_clusters, n_features)}.",
                "X[:n_clusters]",
            )
        return centers

    def _seed(self, X, weight, rng):
        if self.init == "random":
            chosen = rng.choice(len(X), self.n_clusters, replace=False, p=weight / weight.sum())
            return X[chosen]
        return _plus_plus(X, weight, self.n_clusters, rng)

    def _lloyd(self, X, weight, centers, tol):
        """Lloyd's algorithm from the given centers: (inertia, centers, steps)."""
        n_iter, shift = 0, np.inf
        while shift > tol and n_iter < self.max_iter:
            moved = _means(X, weight, _nearest(X, centers), centers)
            shift = _squares(moved - centers).sum()
            centers = moved
            n_iter += 1
        return _inertia(X, weight, centers, _nearest(X, centers)), centers, n_iter

    def _predict(self, X):
        return _labels(X, self.cluster_centers_)

    def _transform(self, X):
        """‖x - c_k‖, shape (samples, n_clusters)."""
        return np.stack([np.linalg.norm(X - c, axis=1) for c in self.cluster_centers_], axis=1)

    def score(self, X, y=None, sample_weight=None):
        """-J: minus the inertia of X around the centers. y is ignored."""
        X = self._check(X)
        weight = self._weights(sample_weight, len(X))
        return -_inertia(X, weight, self.cluster_centers_, self._predict(X))


def _squares(X):
    """‖x‖² of every row x."""
    return np.einsum("ij,ij->i", X, X)


def _nearest(X, centers):
    """argmin_k ‖x - c_k‖² = argmin_k ‖c_k‖² - 2 x·c_k, as ‖x‖² is the same for every k."""
    scores = X @ (-2 * centers.T)
    scores += _squares(centers)
    return np.argmin(scores, axis=1)


def _labels(X, centers):
    """`_nearest` for X that may be far from the origin, where products lose digits."""
    origin = centers.mean(axis=0)
    return _nearest(X - origin, centers - origin)


def _inertia(X, weight, centers, labels):
    """Σ w ‖x - c‖², from the differences, because the product form loses digits."""
    return float(weight @ _squares(X - centers[labels]))


def _means(X, weight, labels, centers):
    """The mean of the points with each label.

    A center without points moves to the point that is farthest from its center. That point leaves
    its cluster, which lowers J the most. A center that loses its last point this way stays in place.
    """
    k = np.arange(len(centers))[:, None]
    members = weight * (labels == k)
    empty = np.flatnonzero(members.sum(axis=1) == 0)
    if len(empty):
        distance = _squares(X - centers[labels])
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        members[:, farthest] = 0
        members[empty, farthest] = weight[farthest]
    n = members.sum(axis=1, keepdims=True)
    return np.where(n > 0, members @ X / np.where(n > 0, n, 1), centers)


def _plus_plus(X, weight, n_clusters, rng):
    """Rows of X, drawn with probability ∝ w D², D the distance to the nearest one drawn before.

    Of 2 + log k candidates, the one with the least remaining Σ w D² is chosen (the paper's remark on
    greedy choices). Rows are drawn in their order along a random direction, so that the result depends
    neither on the order of X nor on whether a row has weight 2 or occurs twice.
    """
    order = np.argsort(X @ rng.standard_normal(X.shape[1]), kind="stable")

    def draw(chances, size):
        total = np.cumsum(chances[order])
        at = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        return order[np.minimum(at, len(order) - 1)]

    squares = _squares(X)

    def squared_distances(rows):
        return np.maximum(squares[rows, None] - 2 * X[rows] @ X.T + squares, 0)

    chosen = draw(weight, 1)
    nearest = squared_distances(chosen)[0]
    for _ in range(n_clusters - 1):
        candidates = draw(weight * nearest, 2 + int(np.log(n_clusters)))
        after = np.minimum(nearest, squared_distances(candidates))
        best = np.argmin(after @ weight)
        nearest = after[best]
        chosen = np.append(chosen, candidates[best])
    return X[chosen]
