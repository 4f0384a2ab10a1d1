"""Fuzzy c-means.

Source: J. Bezdek, Pattern Recognition with Fuzzy Objective Function Algorithms (1981), chapter 3;
R. Hathaway, J. Bezdek, Optimization of clustering criteria by reformulation, IEEE Trans. Fuzzy Systems 3
(1995).
"""

from operator import itemgetter
from typing import Any

import numpy as np

from models.clusters.centers import Centers
from models.foundation import integer, learned, nonnegative, number
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.lloyd import squared_distances
from models.foundation.randomness import generator


class FuzzyCMeans(Centers):
    """Each point belongs to every cluster a little: to cluster k with membership u_ik, and Σ_k u_ik = 1.

        J(u, c) = Σ_i w_i Σ_k u_ik^m ‖x_i - c_k‖²

    is minimized by memberships and centers in turn, for each of which the other gives the minimum:

        u_ik = d_ik^(-2/(m-1)) / Σ_j d_ij^(-2/(m-1)),   d_ik = ‖x_i - c_k‖
        c_k = Σ_i w_i u_ik^m x_i / Σ_i w_i u_ik^m

    With these u, J is Σ_i w_i (Σ_k d_ik^(-2/(m-1)))^(1-m), a function of the centers alone. For m → 1 the
    memberships become 0 and 1, and the algorithm KMeans; the larger m, the more alike they are.
    """

    n_clusters: int = 8
    m: float = number(2.0, above=1, doc="the fuzzifier: near 1 for clear memberships")
    max_iter: int = integer(300, at_least=1, doc="largest number of steps per start")
    tol: float = nonnegative(1e-5, doc="stop when no membership changes by more than this")

    membership_: np.ndarray = learned("(rows of X, n_clusters): u, of the rows of positive weight")
    inertia_: float = learned("J")
    n_iter_: int = learned("number of steps of the best start")
    trace_: Trace = learned("J before every step; trace_.plot() draws it")

    _starts_if_random = 10

    def _fit(self, X, weight):
        rng = generator(self.random_state)
        mean = weight @ X / weight.sum()
        Z = X - mean
        starts = self._starts(Z, mean, weight, rng)
        runs = [self._run(Z, weight, start) for start in starts]
        self.inertia_, centers, self.membership_, self.trace_, converged = min(
            runs, key=itemgetter(0)
        )
        self.cluster_centers_ = centers + mean
        self.n_iter_ = len(self.trace_)
        for state in self.trace_.states:
            state.cluster_centers_ = state.cluster_centers_ + mean
        if not converged:
            what = f"steps, while memberships still changed by more than tol={self.tol}"
            warn_not_converged(self, what, "a higher max_iter or tol")

    def _run(self, Z, weight, centers):
        trace = Trace.of(self)
        u: Any = np.inf
        for step in range(1, self.max_iter + 1):
            before, d2 = u, squared_distances(Z, centers)
            u = memberships(d2, self.m)
            trace(step, weight @ (u**self.m * d2).sum(axis=1))
            part = weight[:, None] * u**self.m
            centers = part.T @ Z / part.sum(axis=0)[:, None]
            if trace.keeps_states:
                u_now = memberships(squared_distances(Z, centers), self.m)
                trace.keep(cluster_centers_=centers, membership_=u_now)
            converged = bool(np.abs(u - before).max() <= self.tol)
            if converged:
                break
        d2 = squared_distances(Z, centers)
        u = memberships(d2, self.m)
        return weight @ (u**self.m * d2).sum(axis=1), centers, u, trace, converged

    def predict_proba(self, X: Any) -> np.ndarray:
        """The membership of each row of X in each cluster, (samples, n_clusters)."""
        return memberships(squared_distances(self._check(X), self.cluster_centers_), self.m)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """-J of X around the centers. y is ignored."""
        d2 = squared_distances(self._check(X), self.cluster_centers_)
        weight = self._weights(sample_weight, len(d2))
        return -float(weight @ (memberships(d2, self.m) ** self.m * d2).sum(axis=1))


def memberships(d2: np.ndarray, m: float) -> np.ndarray:
    """u of squared distances: (rows, n_clusters). Of a point at a center, it is all that center's."""
    least = d2.min(axis=1)[:, None]
    ratio = np.where(least > 0, least, d2 == 0) / np.where(d2 > 0, d2, 1)
    u = ratio ** (1 / (m - 1))
    return u / u.sum(axis=1)[:, None]
