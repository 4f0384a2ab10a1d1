"""k-medoids.

Source: L. Kaufman, P. Rousseeuw, Finding Groups in Data (1990), chapter 2; E. Schubert, P. Rousseeuw,
Fast and eager k-medoids clustering, Information Systems 101 (2021).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Clusterer,
    Transformer,
    array,
    choice,
    function,
    integer,
    learned,
    seed,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.lloyd import blocks, squared_distances
from models.foundation.randomness import generator
from models.neighbors.distances import METRICS, pairwise_distances
from tinygrad_edu.diagnostics.words import refusal


class KMedoids(Clusterer, Transformer):
    """Around n_clusters of the points themselves, the medoids, with the least Σ_i d(x_i, nearest medoid).

    Distances may be any, and are not squared: single points far away pull less than on means.

    method="pam" replaces one medoid by another point, as long as that lowers the sum, each time by the best
    of all k n exchanges. To judge all of them takes O(n²) time (FastPAM). With d₁ and d₂ the distances of
    x_i to its nearest and second nearest medoid, an exchange of medoid m for point c changes the sum by

        min(d(x_i, c), d₂) - d₁   for points x_i of m,     min(d(x_i, c) - d₁, 0)   for the others

    method="alternate" moves in turn the points to their nearest medoid, and each medoid to the best point of
    its cluster, as KMeans. It takes less time, and ends in worse minima.
    """

    n_clusters: int = integer(8, at_least=1, doc="number k of clusters")
    metric: Any = (
        choice(*METRICS, "precomputed", doc="the distance d; a function gets two rows; precomputed: X has "
               "the distances to the rows of fit")
        | function()
    )  # fmt: skip
    method: str = choice("pam", "alternate", doc="how medoids are improved")
    init: Any = (
        choice("build", "k-medoids++", "random", doc="first medoids: one after another the point that lowers "
               "the sum most; drawn ∝ d² to those before; drawn. Or numbers of rows")
        | array()
    )  # fmt: skip
    max_iter: int = integer(300, at_least=1, doc="largest number of exchanges, or of rounds")
    random_state: Any = seed()

    medoid_indices_: np.ndarray = learned("(n_clusters,): rows of the medoids")
    cluster_centers_: np.ndarray = learned(
        "(n_clusters, features): the medoids; not if precomputed"
    )
    inertia_: float = learned("Σ d(x_i, nearest medoid)")
    n_iter_: int = learned(
        "number of exchanges or rounds, with the last one, which finds no better medoids"
    )

    trace_: Trace = learned(
        "of a fit in `with traced():` Σ d, medoids and labels_ after every exchange or round"
    )

    pairwise = property(lambda self: self.metric == "precomputed")

    def _fit(self, X):
        if len(X) < self.n_clusters:
            what = f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}."
            raise refusal(ValueError, what, f"n_clusters={len(X)}, or fewer")
        D = X if self.metric == "precomputed" else self._distances(X, X)
        if D.shape[0] != D.shape[1] or (D < 0).any():
            what = f"With metric='precomputed' X must be square, of distances ≥ 0; its shape is {D.shape}."
            raise refusal(ValueError, what, "metric='euclidean', if the columns of X are features")
        improve = {"pam": exchanged, "alternate": alternated}[self.method]
        medoids = self._first(D)
        self.n_iter_, trace = 0, Trace.of(self)
        better = medoids
        while better is not None and self.n_iter_ < self.max_iter:
            medoids = better
            better = improve(D, medoids)
            self.n_iter_ += 1
            if trace.keeps_states:
                self._note(trace, X, D, medoids if better is None else better)
        if trace:
            self.trace_ = trace
        if better is not None:
            medoids = better
            warn_not_converged(self, "steps, each of which was an improvement", "a higher max_iter")
        self.medoid_indices_ = medoids
        self.inertia_ = float(D[:, medoids].min(axis=1).sum())
        if self.metric != "precomputed":
            self.cluster_centers_ = X[medoids]

    def _note(self, trace, X, D, medoids):
        to_medoids = D[:, medoids]
        trace(self.n_iter_, to_medoids.min(axis=1).sum())
        trace.keep(medoid_indices_=medoids, labels_=to_medoids.argmin(axis=1))
        if self.metric != "precomputed":
            trace.states[-1].cluster_centers_ = X[medoids]

    def _distances(self, X, Y):
        if self.metric == "euclidean":
            return np.sqrt(squared_distances(X, Y))
        return pairwise_distances(X, Y, metric=self.metric)

    def _first(self, D):
        n, k = len(D), self.n_clusters
        if not isinstance(self.init, str):
            return self._given(n)
        rng = generator(self.random_state)
        if self.init == "random":
            return rng.choice(n, k, replace=False)
        first = int(D.sum(axis=0).argmin()) if self.init == "build" else int(rng.integers(n))
        medoids, nearest = [first], D[:, first].copy()
        for _ in range(k - 1):
            if self.init == "build":
                loss = np.concatenate([np.minimum(d, nearest).sum(axis=1) for d in blocks(D.T)])
                loss[medoids] = np.inf
                new = int(loss.argmin())
            else:
                chances = np.cumsum(nearest * nearest)
                free = np.setdiff1d(np.arange(n), medoids)
                at = int(np.searchsorted(chances, rng.random() * chances[-1], side="right"))
                new = at if at < n else int(free[0])  # fewer different points than medoids
            medoids.append(new)
            np.minimum(nearest, D[:, new], out=nearest)
        return np.array(medoids)

    def _given(self, n):
        medoids = np.asarray(self.init)
        distinct = np.unique(medoids)
        if medoids.dtype.kind not in "iu" or medoids.shape != (self.n_clusters,) or (
            len(distinct) < len(medoids) or distinct[0] < 0 or distinct[-1] >= n
        ):  # fmt: skip
            what = f"init={self.init!r} are not {self.n_clusters} different numbers of rows of X."
            raise refusal(ValueError, what, "np.arange(n_clusters)")
        return medoids

    def _to_medoids(self, X):
        if self.metric == "precomputed":
            return X[:, self.medoid_indices_]
        return self._distances(X, self.cluster_centers_)

    def _predict(self, X):
        return self._to_medoids(X).argmin(axis=1)

    def _transform(self, X):
        """The distance to each medoid, (samples, n_clusters)."""
        return self._to_medoids(X)


def exchanged(D: np.ndarray, medoids: np.ndarray) -> np.ndarray | None:
    """The medoids after the best exchange of one of them; None if none lowers the sum."""
    n, k = len(D), len(medoids)
    to_medoids = D[:, medoids]
    near = to_medoids.argmin(axis=1)
    d1 = to_medoids[np.arange(n), near]
    to_medoids[np.arange(n), near] = np.inf
    d2 = to_medoids.min(axis=1) if k > 1 else np.full(n, D.max())
    members = (near == np.arange(k)[:, None]).astype(np.float64)
    change = np.empty((k, n))
    step = 1 + 2**20 // n  # points c at a time
    for start in range(0, n, step):
        d = D[:, start : start + step]
        for_others = np.minimum(d - d1[:, None], 0)
        for_members = np.minimum(d, d2[:, None])
        for_members -= d1[:, None]
        for_members -= for_others
        change[:, start : start + step] = members @ for_members + for_others.sum(axis=0)
    change[:, medoids] = 0
    m, c = np.unravel_index(change.argmin(), change.shape)
    if change[m, c] >= -1e-12 * d1.sum():
        return None
    better = medoids.copy()
    better[m] = c
    return better


def alternated(D: np.ndarray, medoids: np.ndarray) -> np.ndarray | None:
    """The best point of each cluster; None if that is its medoid everywhere."""
    labels = D[:, medoids].argmin(axis=1)
    better = medoids.copy()
    for k, medoid in enumerate(medoids):
        members = np.flatnonzero(labels == k)
        if len(members):
            loss = D[np.ix_(members, members)].sum(axis=0)
            best = int(loss.argmin())
            if loss[best] < D[members, medoid].sum() * (1 - 1e-12):
                better[k] = members[best]
    return None if (better == medoids).all() else better
