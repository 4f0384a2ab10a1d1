"""Hierarchies of clusters: the two nearest clusters are merged, until one is left.

Source: F. Murtagh, P. Contreras, Algorithms for hierarchical clustering: an overview, WIREs Data Mining 2
(2012); D. Müllner, Modern hierarchical, agglomerative clustering algorithms, arXiv:1109.2378 (2011).

What is near depends on the linkage, the distance of two clusters A and B:

    single    the least distance of a point of A to one of B
    complete  the largest
    average   the mean
    ward      √(2 |A| |B| / (|A| + |B|)) ‖mean of A - mean of B‖, the root of twice the rise of the inertia
"""

from collections.abc import Callable
from heapq import heappush, heappushpop
from itertools import combinations
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def naive_agglomerative(distances, linkage):
    """The algorithm in plain Python: the merges (cluster, cluster, distance), nearest first.

    distances: a list of lists; linkage: min, max or statistics.mean.
    """

    def apart(pair):
        a, b = (clusters[cluster] for cluster in pair)
        return linkage(distances[i][j] for i in a for j in b)

    n, merges = len(distances), []
    clusters = {i: [i] for i in range(n)}
    while len(clusters) > 1:
        a, b = pair = min(combinations(clusters, 2), key=apart)
        merges.append((a, b, apart(pair)))
        clusters[n + len(merges) - 1] = clusters.pop(a) + clusters.pop(b)
    return merges


# ---- the nearest-neighbor chain --------------------------------------------------------------------

# The distance of a merged cluster X ∪ Y to others follows from those of X and of Y (Lance, Williams 1967).
# dx, dy: the distances of X and of Y to all clusters; dxy: that of X to Y; nx, ny, n: numbers of points.


def complete(dx, dy, dxy, nx, ny, n):
    """max(dx, dy)"""
    return np.maximum(dx, dy)


def average(dx, dy, dxy, nx, ny, n):
    """(nx dx + ny dy) / (nx + ny)"""
    return (nx * dx + ny * dy) / (nx + ny)


def ward(dx, dy, dxy, nx, ny, n):
    """√(((nx + n) dx² + (ny + n) dy² - n dxy²) / (nx + ny + n))

    The order of the products is SciPy's: with the same last digits, equal distances stay equal.
    """
    part = n + (nx + ny)
    np.divide(1.0, part, out=part)
    found = n + nx
    found *= part
    found *= dx
    found *= dx
    of_y = n + ny
    of_y *= part
    of_y *= dy
    of_y *= dy
    found += of_y
    part *= n
    part *= dxy * dxy
    found -= part
    return np.sqrt(found, out=found)


def chain(D: np.ndarray, combine: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    """The merges by the distances D of all points, which are overwritten: see `hierarchy`.

    From a cluster we go to its nearest neighbor, from there to the nearest neighbor of that, and so on. The
    distances shrink, so that the chain ends at two clusters which are each other's nearest: these are merged.
    Such a pair is nearest to each other still after other merges, so the rest of the chain stays valid, and
    all merges together take O(n²) steps.
    """
    n = len(D)
    if not D.max() < (1e307 / n) ** 0.5:  # Ward adds squares; of infinite ones the chain has no end
        what = f"a distance is {D.max():.3g}, which is too large to add its square."
        raise refusal(ValueError, what, "StandardScaler first")
    buffer = D.reshape(-1)
    np.fill_diagonal(D, np.inf)
    points = list(range(n))  # a point of the cluster of each row of D
    size = np.ones(n)
    gone = np.zeros(n)  # inf for a row whose cluster was merged into another
    row = np.empty(n)
    pairs: list[tuple[int, int]] = []
    heights: list[float] = []
    path: list[int] = []
    for left in range(n, 1, -1):
        if 2 * left <= len(D):
            alive = np.flatnonzero(gone == 0)
            D = _compacted(buffer, D, alive)
            path = np.searchsorted(alive, path).tolist()
            points = [points[i] for i in alive]
            size, gone, row = size[alive], gone[alive], row[alive]
        if not path:
            path.append(int(gone.argmin()))
        while True:
            x = path[-1]
            np.add(D[x], gone, out=row)
            y = int(row.argmin())
            if len(path) > 1 and row[path[-2]] <= row[y]:
                y = path[-2]
                break
            path.append(y)
        del path[-2:]
        apart = row[y]
        x, y = min(x, y), max(x, y)
        pairs.append((points[x], points[y]))
        heights.append(apart)
        D[y] = D[:, y] = combine(D[x], D[y], apart, size[x], size[y], size)
        size[x], size[y], gone[x] = 0, size[x] + size[y], np.inf
    return np.array(pairs, dtype=np.intp).reshape(-1, 2), np.array(heights)


def _compacted(buffer, D, alive):
    """The rows and columns of D that are alive, moved to the beginning of its own memory."""
    m = len(alive)
    smaller = buffer[: m * m].reshape(m, m)
    for i, row in enumerate(alive):
        smaller[i] = D[row, alive]
    return smaller


# ---- the shortest tree -----------------------------------------------------------------------------


def shortest_tree(
    n: int, distances_of: Callable[[int], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The merges of single linkage: the edges of the shortest tree that connects all points (Prim).

    distances_of(i) are the distances of point i to all. None is kept, so memory is O(n).
    """
    outside, nearest = np.full(n, np.inf), np.zeros(n, dtype=np.intp)
    reached = np.zeros(n)  # inf for points of the tree
    pairs, heights = np.empty((n - 1, 2), dtype=np.intp), np.empty(n - 1)
    point = 0
    for edge in range(n - 1):
        reached[point] = np.inf
        d = distances_of(point)
        nearer = d < outside
        outside[nearer], nearest[nearer] = d[nearer], point
        point = int((outside + reached).argmin())
        pairs[edge], heights[edge] = (nearest[point], point), outside[point]
    return pairs, heights


# ---- trees -----------------------------------------------------------------------------------------


class Sets:
    """Disjoint sets, each a tree whose root names it."""

    def __init__(self, n: int):
        self.above = list(range(n))

    def find(self, x: int) -> int:
        """The root of x; all on the way to it are attached to it."""
        root = x
        while self.above[root] != root:
            root = self.above[root]
        while self.above[x] != root:
            self.above[x], x = root, self.above[x]
        return root


def hierarchy(pairs: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The children of each merge, (n - 1, 2), and its distance, in ascending order.

    pairs: a point of each of both clusters. Below n a child is a point, from n on it is merge child - n.
    """
    n = len(pairs) + 1
    order = np.argsort(heights, kind="stable")
    sets = Sets(2 * n - 1)
    children = []
    for merge, (a, b) in enumerate(pairs[order].tolist()):
        a, b = sets.find(a), sets.find(b)
        children.append((a, b))
        sets.above[a] = sets.above[b] = n + merge
    return np.array(children, dtype=np.intp).reshape(-1, 2), heights[order]


def cut(children: np.ndarray, n_clusters: int) -> np.ndarray:
    """The label of each point if the last n_clusters - 1 merges are undone."""
    n = len(children) + 1
    heap = [-(2 * n - 2)]  # the nodes, with the last one first
    for _ in range(n_clusters - 1):
        left, right = children[-heap[0] - n]
        heappush(heap, -left)
        heappushpop(heap, -right)
    label = np.full(2 * n - 1, -1)
    label[[-node for node in heap]] = range(n_clusters)
    for merge in range(n - 2, -1, -1):
        if label[n + merge] >= 0:
            label[children[merge]] = label[n + merge]
    return label[:n]


def counts(children: np.ndarray) -> np.ndarray:
    """The number of points below each merge."""
    n = len(children) + 1
    found = [1] * n
    for a, b in children.tolist():
        found.append(found[a] + found[b])
    return np.array(found[n:], dtype=np.intp)
