"""k-means.

Source: S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982); D. Arthur,
S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA (2007); C. Bishop, Pattern
Recognition and Machine Learning, section 9.1.
"""

from operator import itemgetter
from typing import Any

from models.clusters.centers import Centers
from models.foundation import boolean, choice, integer, learned, nonnegative
from models.foundation.iterate import Trace
from models.foundation.lloyd import inertia, lloyd, nearest, tolerance
from models.foundation.randomness import generator


def naive_kmeans(points, centers):
    """The algorithm in plain Python: points and centers are lists of lists, the result is the centers."""
    while True:
        clusters: list = [[] for _ in centers]
        for x in points:
            distances = [sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) for c in centers]
            clusters[distances.index(min(distances))].append(x)
        means = [
            [sum(column) / len(members) for column in zip(*members, strict=True)] if members else c
            for members, c in zip(clusters, centers, strict=True)
        ]
        if means == centers:
            return centers
        centers = means


class KMeans(Centers):
    """Centers c_1 … c_k with the least inertia

        J(c) = Σ_i w_i min_k ‖x_i - c_k‖²

    by Lloyd's algorithm. Every step lowers J, until it reaches a local minimum:

        labels:   a_i = argmin_k ‖x_i - c_k‖²
        centers:  c_k = the mean of its points, Σ_{a_i = k} w_i x_i / Σ_{a_i = k} w_i

    With fixed labels, ∂J/∂c_k = 2 n_k (c_k - mean_k) and the second derivative is 2 n_k: Lloyd's
    step is Newton's step on J. A center without points moves to the point farthest from its center.

    Elkan's algorithm takes the same steps, and skips distances that the triangle inequality rules out.
    """

    n_clusters: int = 8
    max_iter: int = integer(300, at_least=1, doc="largest number of steps per start")
    tol: float = nonnegative(
        1e-4,
        doc="stop when the squared moves of the centers add up to at most tol times the mean variance "
        "of the features; 0: when nothing moves",
    )
    algorithm: str = choice("lloyd", "elkan", doc="the same steps, and here the same program")
    copy_x: bool = boolean(True, doc="without effect: X is never changed")
    verbose: Any = boolean(False, doc="print the inertia of every step") | integer(at_least=0)

    n_iter_: int = learned("number of steps of the best start")
    trace_: Trace = learned(
        "of a fit in `with traced():` the inertia, and cluster_centers_ and labels_ of every step"
    )

    _starts_if_random = 10

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(tol=0), X, y

    def _fit(self, X, weight):
        mean = weight @ X / weight.sum()
        Z = X - mean  # distances stay the same, and products lose fewer digits near zero
        tol = tolerance(self.tol, Z, weight)
        rng = generator(self.random_state)
        starts = self._starts(Z, mean, weight, rng)
        runs = [self._run(Z, weight, start, tol) for start in starts]
        self.inertia_, centers, self.n_iter_, trace = min(runs, key=itemgetter(0))
        self.cluster_centers_ = centers + mean
        if trace.keeps_states:
            self.trace_ = trace
            trace.states[-1].cluster_centers_ = centers
            for state in trace.states:
                state.cluster_centers_ = state.cluster_centers_ + mean
        self._warn_of_equal_centers(nearest(Z, centers))

    def _run(self, Z, weight, start, tol):
        """(inertia, centers, number of steps, trace) from one start."""
        trace = Trace.of(self)

        def note(centers):
            labels = nearest(Z, centers)
            trace(len(trace), inertia(Z, weight, centers, labels))
            if trace.keeps_states:
                trace.keep(cluster_centers_=centers, labels_=labels)

        noted = note if self.verbose or trace.keeps_states else None
        return *lloyd(Z, weight, start, tol, self.max_iter, noted), trace
