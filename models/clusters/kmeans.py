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
from models.foundation.lloyd import inertia, lloyd, nearest, plus_plus, squares
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
        mean_variance = weight @ squares(Z) / weight.sum() / Z.shape[1]
        rng = np.random.default_rng(self.random_state)
        runs = []
        for _ in range(self.n_init if given is None else 1):
            start = self._seed(Z, weight, rng) if given is None else given - mean
            runs.append(lloyd(Z, weight, start, self.tol * mean_variance, self.max_iter))
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
        return X[plus_plus(X, weight, self.n_clusters, rng)]

    def _predict(self, X):
        return _labels(X, self.cluster_centers_)

    def _transform(self, X):
        """‖x - c_k‖, shape (samples, n_clusters)."""
        return np.stack([np.linalg.norm(X - c, axis=1) for c in self.cluster_centers_], axis=1)

    def score(self, X, y=None, sample_weight=None):
        """-J: minus the inertia of X around the centers. y is ignored."""
        X = self._check(X)
        weight = self._weights(sample_weight, len(X))
        return -inertia(X, weight, self.cluster_centers_, self._predict(X))


def _labels(X, centers):
    """`nearest` for X that may be far from the origin, where products lose digits."""
    origin = centers.mean(axis=0)
    return nearest(X - origin, centers - origin)
