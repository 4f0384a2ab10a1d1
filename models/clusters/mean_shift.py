"""Mean shift: every row climbs to a place where the density is highest; those that meet are a cluster.

Source: D. Comaniciu, P. Meer, Mean shift: a robust approach toward feature space analysis, IEEE Trans.
Pattern Analysis and Machine Intelligence 24 (2002).
"""

from typing import Any

import numpy as np

from models.foundation import Clusterer, array, boolean, choice, integer, learned, positive
from models.foundation.iterate import Trace
from models.foundation.lloyd import squares
from models.foundation.randomness import generator
from models.neighbors.brute import BLOCK
from models.neighbors.search import Search, k_nearest
from tinygrad_edu.diagnostics.words import refusal

STOP = 1e-3  # of the bandwidth: a smaller step is the last


class MeanShift(Clusterer):
    """Clusters are the rows that climb to the same place of highest density.

    Each seed moves to the mean of the rows at most bandwidth away, again and again, until it stands still.

    Where seeds end, the place with the most rows around it is a center. Those at most bandwidth away from it
    are the same center; the best of the rest is the next one. A row belongs to the nearest center.

    bandwidth=None is `estimate_bandwidth(X)`. Seeds are the rows, or with bin_seeding=True the points of a
    grid, with bandwidth as its width, that have at least min_bin_freq rows around them.
    """

    bandwidth: float = positive(None, optional=True, doc="how far rows are looked at")
    seeds: Any = choice(None) | array(doc="where to begin: (seeds, features)")
    bin_seeding: bool = boolean(False, doc="begin at points of a grid, which takes less time")
    min_bin_freq: int = integer(1, at_least=1, doc="rows around a point of the grid")
    cluster_all: bool = boolean(True, doc="False: rows beyond bandwidth of their center get -1")
    n_jobs: Any = choice(None) | integer(doc="no effect: all seeds move at once")
    max_iter: int = integer(300, at_least=0, doc="largest number of steps")

    cluster_centers_: np.ndarray = learned("(clusters, features), the one with most rows first")
    n_iter_: int = learned("number of steps of the seed that took the most")
    trace_: Trace = learned(
        "of a fit in `with traced():` the centers after every step, and the places of all seeds"
    )

    def _fit(self, X):
        width = estimate_bandwidth(X) if self.bandwidth is None else self.bandwidth
        places, counts, self.n_iter_ = self._climb(self._seeds(X, width), X, width)
        if not counts.any():
            what = f"No point was within bandwidth={width} of any seed."
            raise refusal(ValueError, what, "a larger bandwidth, or seeds=None")
        self.cluster_centers_ = highest(places[counts > 0], counts[counts > 0], width)
        self._width_ = width

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        super()._learn(X, y, sample_weight)
        if not self.cluster_all:
            far = Search(self.cluster_centers_).nearest(self._check(X), 1)[0][:, 0] > self._width_
            self.labels_ = np.where(far, -1, self.labels_)

    def _seeds(self, X, width):
        if self.seeds is not None:
            seeds = np.asarray(self.seeds, dtype=np.float64)
            if seeds.ndim != 2 or seeds.shape[1] != X.shape[1] or not np.isfinite(seeds).all():
                what = f"seeds has shape {seeds.shape}, and X has {X.shape[1]} features."
                raise refusal(ValueError, what, "finite numbers of shape (seeds, features)")
            return seeds
        return get_bin_seeds(X, width, self.min_bin_freq) if self.bin_seeding else X

    def _climb(self, seeds, X, width):
        """Where the seeds end, how many rows are around them, and the largest number of steps."""
        places, counts = seeds.copy(), np.zeros(len(seeds), dtype=int)
        moving, steps = np.arange(len(seeds)), np.zeros(len(seeds), dtype=int)
        search, trace = Search(X), Trace.of(self)
        while len(moving):
            means, near = self._means(places[moving], X, search, width)
            step = np.sqrt(squares(means - places[moving]))
            counts[moving] = near
            places[moving] = np.where(near[:, None] > 0, means, places[moving])
            if trace.keeps_states and counts.any():
                trace(len(trace))
                best = highest(places[counts > 0], counts[counts > 0], width)
                trace.keep(cluster_centers_=best, places=places)
            go_on = (near > 0) & (step > STOP * width) & (steps[moving] < self.max_iter)
            moving = moving[go_on]
            steps[moving] += 1
        if trace:
            self.trace_ = trace
        return places, counts, int(steps.max())

    def _means(self, places, X, search, width):
        """The mean of the rows at most width away from each place, and how many they are."""
        totals, near = np.zeros(places.shape), np.zeros(len(places), dtype=int)
        size = max(1, BLOCK // 4 // len(X))
        for start in range(0, len(places), size):
            part = slice(start, start + size)
            row, number = search.pairs(places[part], width)
            near[part] = np.bincount(row, minlength=len(places[part]))
            first = np.flatnonzero(np.diff(row, prepend=-1))
            if len(first):
                totals[start + row[first]] = np.add.reduceat(X[number], first)
        return totals / np.maximum(near, 1)[:, None], near

    def _predict(self, X):
        return Search(self.cluster_centers_).nearest(X, 1)[1][:, 0]


def highest(places: np.ndarray, counts: np.ndarray, width: float) -> np.ndarray:
    """The places with the most rows around them, each more than width away from those before."""
    rising = np.lexsort((*places.T[::-1], counts))  # of equal counts, the larger coordinates last
    rest, centers = places[rising[::-1]], []
    while len(rest):
        centers.append(rest[0])
        limit = Search(rest).distances_from(0) > width
        rest = rest[limit]
    return np.array(centers)


def estimate_bandwidth(
    X: Any, *, quantile: float = 0.3, n_samples: int | None = None, random_state: Any = 0,
    n_jobs: Any = None,
) -> float:  # fmt: skip
    """The mean distance to the k-th nearest row, itself counted, k the fraction `quantile` of the rows.

    n_samples   looks at so many rows only, drawn by random_state; n_jobs has no effect
    """
    X = np.asarray(X, dtype=np.float64)
    if not 0 <= quantile <= 1:
        raise refusal(ValueError, f"quantile must be from 0 to 1, got {quantile}.", "quantile=0.3")
    if n_samples is not None:
        X = X[generator(random_state).permutation(len(X))[:n_samples]]
    k = max(1, int(len(X) * quantile))
    return float(k_nearest(X, k, X)[0][:, -1].mean())


def get_bin_seeds(X: Any, bin_size: float, min_bin_freq: int = 1) -> np.ndarray:
    """The points of a grid, bin_size wide, to which at least min_bin_freq rows are nearest.

    X itself, if the grid would have no fewer points.
    """
    X = np.asarray(X, dtype=np.float64)
    if bin_size == 0:
        return X
    points, counts = np.unique(np.round(X / bin_size), axis=0, return_counts=True)
    points = points[counts >= min_bin_freq]
    return X if len(points) == len(X) else points * bin_size
