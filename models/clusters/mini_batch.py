"""k-means by small random batches.

Source: D. Sculley, Web-scale k-means clustering, WWW (2010).
"""

import math
from operator import itemgetter
from typing import Any

import numpy as np

from models.clusters.centers import Centers
from models.foundation import boolean, integer, learned, nonnegative, warn
from models.foundation.incremental import Incremental
from models.foundation.iterate import Trace
from models.foundation.lloyd import inertia, means_of, nearest, squares, sums_of
from models.foundation.randomness import generator


class MiniBatchKMeans(Centers, Incremental):
    """Centers with a small inertia J, as KMeans, from one random batch of rows after another.

    A center is the mean of all points that any batch has given to it. With n_k of them before, and the points
    x_i of a batch that are nearest to it,

        n_k ← n_k + Σ w_i,   c_k ← c_k + Σ w_i (x_i - c_k) / n_k

    Each center has its own step size, which falls like 1 / n_k. Now and then centers of few points move to
    random points. Batches are drawn by weight. It ends when the smoothed inertia of the batches has not
    fallen for max_no_improvement batches.
    """

    n_clusters: int = 8
    max_iter: int = integer(100, at_least=1, doc="how many times the rows of X are seen at most")
    batch_size: int = integer(1024, at_least=1, doc="rows of a batch")
    verbose: Any = boolean(False, doc="print the inertia of every batch") | integer(at_least=0)
    compute_labels: bool = boolean(
        True, doc="compute the inertia of all X at the end; otherwise it is estimated from batches"
    )
    tol: float = nonnegative(
        0.0, doc="stop when the squared moves of the centers add up to at most tol times the mean "
        "variance of the features; 0: never for this reason",
    )  # fmt: skip
    max_no_improvement: int | None = integer(
        10, at_least=0, optional=True, doc="batches without a lower smoothed inertia before it ends"
    )
    init_size: int | None = integer(
        None, at_least=1, doc="random rows among which initial centers are drawn; None: 3 batches"
    )
    reassignment_ratio: float = nonnegative(
        0.01, doc="centers with fewer points than this times those of the largest cluster are moved"
    )

    n_iter_: int = learned("how many times the rows of X were seen")
    n_steps_: int = learned("number of batches")
    trace_: Trace = learned(
        "of a fit in `with traced():` the inertia and cluster_centers_ of every batch"
    )

    _starts_if_random = 3
    does_not_apply = {
        "test_weights_are_repetitions": "batches of weighted rows are others than of repeated rows",
        "test_its_twin_gives_the_same_answers": "the batches are random: see its own tests",
        "check_sample_weight_equivalence_on_dense_data": "its batches are random",
    }

    def _fit(self, X, weight):
        rng = generator(self.random_state)
        # The mean is subtracted from each batch, as products lose fewer digits near zero.
        mean = weight @ X / weight.sum()
        centers = self._best_start(X, mean, weight, rng)
        batch_size = min(self.batch_size, len(X))
        tol = self.tol * X.var(axis=0).mean() if self.tol > 0 else -1.0
        chances = np.cumsum(weight)
        self._begin()
        steps = self.max_iter * len(X) // batch_size
        trace = Trace.of(self)
        end = Smoothed(len(X), batch_size, self.max_no_improvement)
        for step in range(1, steps + 1):
            drawn = np.searchsorted(chances, rng.random(batch_size) * chances[-1], side="right")
            batch = X[np.minimum(drawn, len(X) - 1)] - mean
            before = centers
            J, centers = self._step(batch, np.ones(batch_size), centers, rng)
            if trace.keeps_states:
                trace(step, J / batch_size)
                trace.keep(cluster_centers_=centers + mean)
            if self.verbose:
                print(
                    f"{type(self).__name__}   batch {step} of {steps}   inertia {J / batch_size:.8g}"
                )
            still = squares(centers - before).sum() <= tol and step > 1
            if end(step, J / batch_size) or still:
                break
        self.n_steps_, self.n_iter_ = step, math.ceil(step * batch_size / len(X))
        if trace:
            self.trace_ = trace
        self.cluster_centers_ = centers + mean
        mean_inertia = J / batch_size if end.smoothed is None else end.smoothed
        self.inertia_ = mean_inertia * weight.sum()
        self._see(X, weight)

    def _best_start(self, X, mean, weight, rng):
        """Of the starts, drawn among few rows, the one with the least inertia on other few rows."""
        self._check_number(X)
        size = self._init_size(len(X))
        judged = rng.integers(0, len(X), size)
        Z = X[judged] - mean
        runs = []
        for _ in range(self._number_of_starts()):
            rows = rng.integers(0, len(X), size) if size < len(X) else np.arange(len(X))
            centers = self._start(X[rows] - mean, mean, weight[rows], rng)
            runs.append((inertia(Z, weight[judged], centers, nearest(Z, centers)), centers))
        return min(runs, key=itemgetter(0))[1]

    def _init_size(self, samples):
        size = 3 * min(self.batch_size, samples) if self.init_size is None else self.init_size
        if size < self.n_clusters:
            if self.init_size is not None:
                warn(
                    RuntimeWarning,
                    f"init_size={size} should be larger than n_clusters={self.n_clusters}. Setting it to "
                    "min(3*n_clusters, n_samples). Try: init_size=None",
                )
            size = 3 * self.n_clusters
        return min(size, samples)

    def _begin(self):
        self._seen_ = np.zeros(self.n_clusters)  # the weight of all points of each center
        self._since_moves_ = 0

    def _partial_fit(self, X, weight):
        rng = vars(self).get("_rng_") or generator(self.random_state)
        if "cluster_centers_" not in vars(self):
            self._check_number(X)
            mean = weight @ X / weight.sum()
            self.cluster_centers_ = self._start(X - mean, mean, weight, rng) + mean
            self._begin()
            self.n_steps_ = 0
        origin = self.cluster_centers_.mean(axis=0)
        J, centers = self._step(X - origin, weight, self.cluster_centers_ - origin, rng)
        self.cluster_centers_, self.inertia_ = centers + origin, J
        self.n_steps_, self._rng_ = self.n_steps_ + 1, rng
        self._see(X, weight)

    def _learn_more(self, X, y, sample_weight):
        super()._learn_more(X, y, sample_weight)
        self.labels_ = self._predict(self._check(X))

    def _see(self, X, weight):
        if self.compute_labels:
            self.inertia_ = inertia(X, weight, self.cluster_centers_, self._predict(X))

    def _step(self, X, weight, centers, rng):
        """The inertia of a batch before the step, and the centers after it."""
        labels = nearest(X, centers)
        J = inertia(X, weight, centers, labels)
        gained = np.bincount(labels, weight, minlength=len(centers))
        before, self._seen_ = self._seen_, self._seen_ + gained
        sums = before[:, None] * centers + sums_of(X, weight, labels, len(centers))
        centers = means_of(sums, self._seen_, centers)
        self._since_moves_ += len(X)
        if (before == 0).any() or self._since_moves_ >= 10 * len(centers):
            self._since_moves_ = 0
            centers = self._move_small(X, centers, rng)
        return J, centers

    def _move_small(self, X, centers, rng):
        """Centers of few points go to random points, at most half as many as there are points."""
        small = self._seen_ < self.reassignment_ratio * self._seen_.max()
        small[np.argsort(self._seen_, kind="stable")[len(X) // 2 :]] = False
        if not small.any():
            return centers
        moved = centers.copy()
        moved[small] = X[rng.choice(len(X), small.sum(), replace=False)]
        self._seen_ = np.where(small, self._seen_[~small].min(), self._seen_)
        return moved


class Smoothed:
    """An exponentially weighted mean of the inertia of batches, which tells when it no longer falls."""

    def __init__(self, samples: int, batch_size: int, patience: int | None):
        self.share = min(1.0, 2.0 * batch_size / (samples + 1))
        self.patience = math.inf if patience is None else patience
        self.smoothed: float | None = None
        self.least, self.without = math.inf, 0

    def __call__(self, step: int, inertia: float) -> bool:
        """Takes the next batch, and tells whether to end. The first batch does not count."""
        if step == 1:
            return False
        if self.smoothed is None:
            self.smoothed = inertia
        self.smoothed += (inertia - self.smoothed) * self.share
        self.without = 0 if self.smoothed < self.least else self.without + 1
        self.least = min(self.least, self.smoothed)
        return self.without >= self.patience
