"""Trees of regions of space, in which most rows are never looked at: KDTree and BallTree.

    >>> distances, numbers = KDTree([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]]).query([[0.0, 0.0]], k=2)
    >>> distances.tolist(), numbers.tolist()
    ([[0.0, 1.0]], [[0, 2]])

Sources: J. Bentley, Multidimensional binary search trees used for associative searching, Comm. ACM 18 (1975);
S. Omohundro, Five balltree construction algorithms (1989).

Every node is a region that holds its rows, and is halved at the median of its widest feature, until about
leaf_size rows are left. The distance from a query to a region is at most that to any row inside. So a region
farther away than the k-th neighbor found so far is skipped, with everything below it.

Python visits no single node: all queries go down one level at a time, as an array of pairs (query, node).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.neighbors.brute import ascending, candidates, smallest
from models.neighbors.distances import TILE, Metric, metric_of
from tinygrad_edu.diagnostics.words import refusal

QUERIES = 2**11  # go down together
ROUNDED = 1e-12  # by which a bound on a distance may be wrong, relatively


class SpaceTree:
    """A balanced binary tree over the rows of X. Node 0 is the root, the children of i are 2i+1 and 2i+2.

    X           (samples, features): finite numbers
    leaf_size   about this many rows, up to twice as many, are in a leaf
    metric      as in `pairwise_distances`, with its parameters as further arguments
    """

    _regions: ClassVar[Any]
    _closest: ClassVar[Any]
    needs: ClassVar[str]

    def __init__(self, X: Any, leaf_size: int = 40, metric: Any = "minkowski", **params: Any):
        self.data = np.array(X, dtype=np.float64)
        if self.data.ndim != 2 or not self.data.size or not np.isfinite(self.data).all():
            what = f"{type(self).__name__} needs finite numbers of shape (samples, features)."
            raise refusal(ValueError, what, "X without missing values, and at least one row")
        if not leaf_size >= 1:
            what = "leaf_size must be greater than or equal to 1"
            raise refusal(ValueError, f"{what}, got {leaf_size}.", "leaf_size=40")
        self.leaf_size = leaf_size
        self.metric: Metric = metric_of(metric, None, params)
        if not self.suits(self.metric):
            what = f"{type(self).__name__} cannot bound metric={metric!r}: it needs {self.needs}."
            raise refusal(ValueError, what, "algorithm='brute'")
        self._grow(self.metric.prepare(self.data))

    @classmethod
    def suits(cls, metric: Metric) -> bool:
        """Can the distance to a region be bounded?"""
        raise NotImplementedError

    def _grow(self, X: np.ndarray) -> None:
        """Sorts the rows by node, level by level, and stores each leaf's rows side by side."""
        n = len(X)
        self.depth = max(0, int(np.log2(max(1, (n - 1) / self.leaf_size))))
        order, starts = np.arange(n), np.array([0])
        levels = [starts]
        for _ in range(self.depth):
            sorted_rows = X[order]
            width = np.maximum.reduceat(sorted_rows, starts)
            width = width - np.minimum.reduceat(sorted_rows, starts)
            sizes = np.diff(starts, append=n)
            node = np.repeat(np.arange(len(starts)), sizes)
            values = sorted_rows[np.arange(n), width.argmax(axis=1)[node]]
            order = order[np.lexsort((values, node))]
            starts = np.stack([starts, starts + sizes // 2], axis=1).ravel()
            levels.append(starts)
        self._regions(X[order], levels)
        sizes = np.diff(starts, append=n)
        slots = np.arange(sizes.max())
        self.is_slot = slots < sizes[:, None]  # (leaves, slots): the sizes differ by one at most
        self.members = order[starts[:, None] + np.minimum(slots, sizes[:, None] - 1)]
        self.rows = np.ascontiguousarray(np.moveaxis(X[self.members], 2, 0))

    # ---- the search ------------------------------------------------------------------------------

    def nearest(self, Q: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows for each prepared query: what `metric.between` says, and their numbers.

        First come the leaves around each query, then all others that are not too far, the near ones first.
        """
        values, numbers = np.empty((len(Q), k)), np.empty((len(Q), k), dtype=np.intp)
        for start in range(0, len(Q), QUERIES):
            part = slice(start, start + QUERIES)
            values[part], numbers[part] = self._nearest(np.ascontiguousarray(Q[part].T), k)
        return values, numbers

    def _nearest(self, q, k):
        every = np.arange(q.shape[1])
        level = min(self.depth, max(0, int(np.log2(max(1, len(self.data) / k)))))
        below = self.depth - level
        while level and (self.is_slot.sum() >> level) < k:
            level, below = level - 1, below + 1
        home = self._home(q, level)  # a node with at least k rows, and its leaves
        leaves = (home[:, None] << below) + np.arange(1 << below)
        found = self._compare(q, np.repeat(every, 1 << below), leaves.ravel())
        D = np.concatenate([D for _, D in found]).reshape(len(every), -1)
        i, j = candidates(D, k)
        columns = self.members[leaves].reshape(len(every), -1)[i, j]
        values, numbers = smallest(i, columns, D[i, j], k)

        query, leaf, bound = self._descend(q, values[:, -1])
        other = leaf >> below != home[query]
        query, leaf, bound = query[other], leaf[other], bound[other]
        order = ascending(query, leaf, bound)
        query, leaf, bound = query[order], leaf[order], bound[order]
        first = np.searchsorted(query, every)
        rank, upto = np.arange(len(query)) - first[query], 1
        while len(query):
            now = rank < upto
            near = now & (bound <= values[query, -1])
            i, columns, found = self._at_most(q, query[near], leaf[near], values[:, -1])
            if len(i):
                values, numbers = smallest(
                    np.concatenate([np.repeat(every, k), i]),
                    np.concatenate([numbers.ravel(), columns]),
                    np.concatenate([values.ravel(), found]),
                    k,
                )
            later = ~now & (bound <= values[query, -1])
            query, leaf, bound, rank = query[later], leaf[later], bound[later], rank[later]
            upto *= 2
        return values, numbers

    def within(
        self, Q: np.ndarray, limit: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The rows for which `between` is at most limit: query, row and value, block by block.

        limit   a number, or one for each query
        """
        limits = np.broadcast_to(np.asarray(limit, dtype=np.float64), len(Q))
        for start in range(0, len(Q), QUERIES):
            part = slice(start, start + QUERIES)
            q = np.ascontiguousarray(Q[part].T)
            query, leaf, _ = self._descend(q, limits[part])
            i, columns, found = self._at_most(q, query, leaf, limits[part])
            yield i + start, columns, found

    def _home(self, q, level):
        """For each query the node of this level that it is in, or nearest to, counted from the left."""
        node = np.zeros(q.shape[1], dtype=np.intp)
        for _ in range(level):
            left, right = 2 * node + 1, 2 * node + 2
            node = np.where(self._apart(q, right) < self._apart(q, left), right, left)
        return node - ((1 << level) - 1)

    def _apart(self, q, node):
        """Which of two regions is a query in? The one for which this is smaller."""
        return self._closest(q, node)

    def _descend(self, q, limits):
        """Pairs (query, leaf) at most limits[query] apart, and the distance to the leaf's region."""
        query, node = np.arange(q.shape[1]), np.zeros(q.shape[1], dtype=np.intp)
        bound = np.zeros(len(query))
        for _ in range(self.depth):
            query, node = np.repeat(query, 2), np.repeat(2 * node + 1, 2)
            node[1::2] += 1
            bound = self._closest(q[:, query], node)
            near = bound <= limits[query]
            query, node, bound = query[near], node[near], bound[near]
        return query, node - ((1 << self.depth) - 1), bound

    def _compare(self, q, query, leaf):
        """Slices of the pairs, and `between` of the query and every row of the leaf: inf in empty slots."""
        size = max(1, TILE // (len(q) * self.rows.shape[2]))
        for start in range(0, len(query), size):
            part = slice(start, start + size)
            D = self.metric.between(q[:, query[part], None], self.rows[:, leaf[part]])
            D[~self.is_slot[leaf[part]]] = np.inf
            yield part, D

    def _at_most(self, q, query, leaf, limits):
        """Query, row and value of all in these leaves that are at most limits[query] apart."""
        found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0))]
        for part, D in self._compare(q, query, leaf):
            i, j = np.nonzero(limits[query[part], None] >= D)
            found.append((query[part][i], self.members[leaf[part][i], j], D[i, j]))
        return tuple(np.concatenate(part) for part in zip(*found, strict=True))

    # ---- for users -------------------------------------------------------------------------------

    def query(
        self, X: Any, k: int = 1, return_distance: bool = True, sort_results: bool = True
    ) -> Any:
        """Distances and numbers of the k nearest rows of each row of X: two arrays (samples, k).

        They are sorted by distance, and those at the same distance by number; sort_results has no effect.
        """
        if not 1 <= k <= len(self.data):
            what = f"k must be less than or equal to the number of training points: k={k}."
            raise refusal(ValueError, what, f"k from 1 to {len(self.data)}")
        values, numbers = self.nearest(self._queries(X), k)
        return (self.metric.finish(values), numbers) if return_distance else numbers

    def query_radius(
        self, X: Any, r: Any, return_distance: bool = False, count_only: bool = False,
        sort_results: bool = False,
    ) -> Any:  # fmt: skip
        """Numbers of the rows at most r from each row of X: an array of arrays. r: one for all, or for each.

        return_distance   returns them and their distances
        count_only        returns how many they are
        sort_results      sorts them by distance rather than by number
        """
        Q = self._queries(X)
        parts = list(self.within(Q, self.metric.reduce(np.asarray(r, dtype=np.float64))))
        query, numbers, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        counts = np.bincount(query, minlength=len(Q))
        if count_only:
            return counts
        if sort_results:
            order = ascending(query, numbers, values)
        else:
            order = np.argsort(query * len(self.data) + numbers)
        found = as_objects(np.split(numbers[order], np.cumsum(counts)[:-1]))
        if not return_distance:
            return found
        distances = self.metric.finish(values[order])
        return found, as_objects(np.split(distances, np.cumsum(counts)[:-1]))

    def _queries(self, X):
        Q = np.asarray(X, dtype=np.float64)
        if Q.ndim != 2 or Q.shape[1] != self.data.shape[1] or not np.isfinite(Q).all():
            what = (
                f"query data dimension must match training data dimension, {self.data.shape[1]}, and be "
                f"finite; got shape {Q.shape}."
            )
            raise refusal(ValueError, what, "rows with the features of the tree")
        return self.metric.prepare(Q)


class KDTree(SpaceTree):
    """Regions are boxes: the distance to a box is that to its nearest point, feature by feature."""

    needs = "a Minkowski distance"

    @classmethod
    def suits(cls, metric: Metric) -> bool:
        return metric.power is not None

    def _regions(self, X, levels):
        low = [np.minimum.reduceat(X, levels[-1])]
        high = [np.maximum.reduceat(X, levels[-1])]
        while len(low[0]) > 1:
            low.insert(0, np.minimum(low[0][::2], low[0][1::2]))
            high.insert(0, np.maximum(high[0][::2], high[0][1::2]))
        self.low = np.ascontiguousarray(np.concatenate(low).T)
        self.high = np.ascontiguousarray(np.concatenate(high).T)

    def _closest(self, q, node):
        gap = np.maximum(self.low[:, node] - q, q - self.high[:, node])
        return self.metric.between(np.maximum(gap, 0, out=gap), 0.0) * (1 - ROUNDED)


class BallTree(SpaceTree):
    """Regions are balls: by the triangle inequality, nothing inside is nearer than center less radius."""

    needs = "the triangle inequality"

    @classmethod
    def suits(cls, metric: Metric) -> bool:
        return metric.root is not None

    def _regions(self, X, levels):
        centers, radii = [], []
        for starts in levels:
            sizes = np.diff(starts, append=len(X))
            center = np.add.reduceat(X, starts) / sizes[:, None]
            distance = self._length(self.metric.of_pairs(X, np.repeat(center, sizes, axis=0)))
            centers.append(center)
            radii.append(np.maximum.reduceat(distance, starts))
        self.centers = np.ascontiguousarray(np.concatenate(centers).T)
        self.radii = np.concatenate(radii)

    def _length(self, values):
        """What satisfies the triangle inequality."""
        return values ** (1 / self.metric.root) if np.isfinite(self.metric.root) else values

    def _apart(self, q, node):
        return self.metric.between(q, self.centers[:, node])

    def _closest(self, q, node):
        distance = self._length(self.metric.between(q, self.centers[:, node]))
        gap = distance * (1 - ROUNDED) - self.radii[node] * (1 + ROUNDED)
        return np.maximum(gap, 0) ** self.metric.root * (1 - ROUNDED)


def as_objects(arrays):
    """An array whose elements are arrays, even if all have the same length."""
    found = np.empty(len(arrays), dtype=object)
    found[:] = arrays
    return found
