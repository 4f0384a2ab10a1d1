"""The nearest rows, by any algorithm: `k_nearest` and `within_radius`, which other chapters build on.

    >>> X = [[0.0], [1.0], [3.0], [3.5]]
    >>> distances, numbers = k_nearest(X, 1)  # of each row of X, not counting itself
    >>> numbers.tolist()
    [[1], [0], [3], [2]]
    >>> distances, numbers = k_nearest(X, 2, [[3.2]])  # of each row of queries
    >>> numbers.tolist()
    [[2, 3]]
    >>> starts, numbers, distances = within_radius(X, 0.5)  # of row i: numbers[starts[i] : starts[i + 1]]
    >>> starts.tolist(), numbers.tolist()
    ([0, 1, 2, 4, 6], [0, 1, 2, 3, 2, 3])

All algorithms give the same answer: exact distances, and of rows at the same distance the first.
"""

from typing import Any

import numpy as np

from models.foundation.frames import samples
from models.neighbors import brute
from models.neighbors.distances import metric_of
from models.neighbors.space_tree import BallTree, KDTree
from tinygrad_edu.diagnostics.words import refusal

ALGORITHMS = ("auto", "ball_tree", "kd_tree", "brute")
TREES: dict[str, Any] = {"ball_tree": BallTree, "kd_tree": KDTree}
FEATURES = 5  # with more, a matrix product takes less time than a tree
EXTREME = 1e100  # numbers beyond it, or below its inverse, are scaled: their squares would overflow


def k_nearest(
    X: Any, k: int, queries: Any = None, metric: Any = "euclidean", algorithm: str = "auto",
    leaf_size: int = 30, **params: Any,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Distances and numbers of the k nearest rows of X, two arrays (queries, k), the nearest first.

    queries   (queries, features); None: the rows of X, which do not count as their own neighbors
    metric    as in `pairwise_distances`, with its parameters in params; for "precomputed" X are the distances
              of the rows (n, n), and queries distances to them (queries, n)
    """
    X = np.asarray(X, dtype=np.float64)
    search = Search(X, metric, algorithm, leaf_size, params)
    if queries is None:
        return search.own_nearest(k)
    return search.nearest(np.asarray(queries, dtype=np.float64), k)


def within_radius(
    X: Any, radius: float, queries: Any = None, metric: Any = "euclidean", algorithm: str = "auto",
    leaf_size: int = 30, **params: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The rows of X that are at most radius away: starts (queries + 1,), numbers and distances.

    The neighbors of query i are numbers[starts[i] : starts[i + 1]], in ascending order. queries=None: the
    rows of X, each of which counts as its own neighbor.
    """
    X = np.asarray(X, dtype=np.float64)
    search = Search(X, metric, algorithm, leaf_size, params)
    return search.within(X if queries is None else np.asarray(queries, dtype=np.float64), radius)


class Search:
    """Rows to be found: prepared once, asked often.

    algorithm   "brute", "kd_tree", "ball_tree" or "auto": the tree for few features, if the metric allows
    k           how many will be asked for, as a hint for "auto"
    """

    def __init__(
        self, X: np.ndarray, metric: Any = "euclidean", algorithm: str = "auto", leaf_size: int = 30,
        params: Any = None, k: int | None = None,
    ):  # fmt: skip
        self.metric: Any
        self._features: Any = None  # the prepared rows, features along the first axis, if needed
        self.X, self.algorithm, self.scale = X, algorithm, 1.0
        if isinstance(metric, str) and metric == "precomputed":
            self._require_square()
            self.metric, self.tree, self.algorithm = None, None, "brute"
            return
        self.metric = metric_of(metric, X, params)
        if self.metric.scales:
            size = np.abs(X).max()
            if size > EXTREME or 0 < size < 1 / EXTREME:
                self.scale = float(np.ldexp(1.0, int(np.frexp(size)[1])))
        if algorithm == "auto":
            self.algorithm = self._best(k)
        self.tree = None
        if self.algorithm == "brute":
            self._rows = self._prepared(X)
        else:
            self.tree = TREES[self.algorithm](X / self.scale, leaf_size, self.metric)

    def _best(self, k):
        few = self.X.shape[1] <= FEATURES and (k is None or k < len(self.X) // 2)
        return "kd_tree" if few and KDTree.suits(self.metric) else "brute"

    def _require_square(self):
        if self.X.shape[0] != self.X.shape[1]:
            what = "Precomputed matrix must be square. Input is a {}x{} matrix.".format(
                *self.X.shape
            )
            raise refusal(ValueError, what, "the distances of all pairs of rows")
        if self.X.min() < 0:
            i, j = np.argwhere(self.X < 0)[0]
            what = f"Negative values in data passed to a precomputed metric: {self.X[i, j]} at ({i}, {j})."
            raise refusal(ValueError, what, "distances, which are 0 or more")

    def __len__(self) -> int:
        return self.X.shape[0]

    def nearest(self, Q: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances and numbers of the k nearest rows for each row of Q: (queries, k)."""
        if not 1 <= k <= len(self):
            what = (
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors={k}, n_samples_fit={len(self)}, "
                f"n_samples={samples(Q)}"
            )
            raise refusal(ValueError, what, f"n_neighbors from 1 to {len(self)}")
        if self.metric is None:
            return _smallest_entries(Q, k)
        Q = self._prepared(Q)
        with np.errstate(over="ignore"):
            if self.tree is not None:
                values, numbers = self.tree.nearest(Q, k)
            else:
                values, numbers = brute.nearest(Q, self._rows, k, self.metric)
            return self.metric.finish(values) * self.scale, numbers

    def own_nearest(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """`nearest` of the rows themselves, which do not count as their own neighbors."""
        if not 1 <= k < len(self):
            what = (
                f"Expected n_neighbors < n_samples_fit, but n_neighbors={k}, n_samples_fit={len(self)}, "
                f"n_samples={len(self)}"
            )
            raise refusal(ValueError, what, f"n_neighbors from 1 to {len(self) - 1}")
        distances, numbers = self.nearest(self.X, k + 1)
        other = numbers != np.arange(len(self))[:, None]
        other[other.all(axis=1), 0] = False  # so many equal rows that it is not among them
        return distances[other].reshape(-1, k), numbers[other].reshape(-1, k)

    def distances_from(self, row: int) -> np.ndarray:
        """The distances from one of the rows to all: (rows,)."""
        if self.metric is None:
            return self.X[row].copy()
        if self._features is None:
            self._features = np.ascontiguousarray(self._prepared(self.X).T)
        values = self.metric.between(self._features[:, row : row + 1], self._features)
        return self.metric.finish(values) * self.scale

    def within(
        self, Q: np.ndarray, radius: float, by_distance: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts, numbers and distances of the rows at most radius away, sorted by number or by distance."""
        parts = list(self._within(Q, radius))
        i, numbers, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        distances = values if self.metric is None else self.metric.finish(values) * self.scale
        by_number = i * len(self) + numbers
        order = brute.ascending(i, numbers, distances) if by_distance else np.argsort(by_number)
        return _starts(i, Q.shape[0]), numbers[order], distances[order]

    def pairs(self, Q: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the rows of Q, ascending, and of the rows at most radius away, in any order.

        They may be many: so they have only as many bits as needed.
        """
        kind = np.int32 if max(len(self), Q.shape[0]) < 2**31 else np.int64
        parts = [(i.astype(kind), j.astype(kind)) for i, j, _ in self._within(Q, radius)]
        i, numbers = (np.concatenate(part) for part in zip(*parts, strict=True))
        return i, numbers

    def _within(self, Q, radius):
        """Row of Q, number and value of the pairs at most radius apart, block by block."""
        if self.metric is None:
            yield _entries_up_to(radius, Q)
            return
        limit = self.metric.reduce(radius / self.scale)
        Q = self._prepared(Q)
        with np.errstate(over="ignore"):
            if self.tree is not None:
                yield from self.tree.within(Q, limit)
            else:
                yield from brute.within(Q, self._rows, limit, self.metric)

    def _prepared(self, Q):
        """Rows of the metric, of numbers that are not extreme."""
        return self.metric.prepare(Q if self.scale == 1 else Q / self.scale)

    def own_within(
        self, radius: float, by_distance: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`within` of the rows themselves, which do not count as their own neighbors."""
        starts, numbers, distances = self.within(self.X, radius, by_distance)
        row = np.repeat(np.arange(len(self)), np.diff(starts))
        other = numbers != row
        return _starts(row[other], len(self)), numbers[other], distances[other]


def _starts(row, queries):
    """Where the neighbors of each query start, which are in order: (queries + 1,)."""
    return np.append(0, np.cumsum(np.bincount(row, minlength=queries)))


def _smallest_entries(D, k):
    """The k smallest distances in each row of a table, or of a sparse graph, and their columns."""
    if not hasattr(D, "tocsr"):
        i, j = brute.candidates(D, k)
        return brute.smallest(i, j, D[i, j], k)
    counts = np.diff(D.indptr)
    if counts.min() < k:
        what = (
            f"{k} neighbors per samples are required, but some samples have only {counts.min()} neighbors in "
            "precomputed graph matrix."
        )
        raise refusal(ValueError, what, "fewer n_neighbors, or a graph with more neighbors")
    row = np.repeat(np.arange(len(counts)), counts)
    return brute.smallest(row, D.indices.astype(np.intp), D.data, k)


def _entries_up_to(radius, D):
    """Row, column and value of the distances up to radius in a table, or of those in a sparse graph."""
    if not hasattr(D, "tocsr"):
        i, j = np.nonzero(radius >= D)
        return i, j, D[i, j]
    row = np.repeat(np.arange(D.shape[0]), np.diff(D.indptr))
    near = radius >= D.data
    return row[near], D.indices[near].astype(np.intp), D.data[near]
