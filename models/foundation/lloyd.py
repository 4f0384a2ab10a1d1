"""Lloyd's algorithm and k-means++, for the clusters of k-means and the start of mixtures.

Source: S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982); D. Arthur,
S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA (2007).
"""

from typing import Any

import numpy as np

BLOCK = 2048  # rows
SQUARE = 128  # rows and columns
FEW = 0.02  # of the points change their cluster: then it pays to know which ones cannot
LARGE = 2**21  # products: with fewer it does not
ROUNDING = 1e-6  # of a distance, beside the norms of both points: more than a product loses


def blocks(X):
    """X in blocks of rows, each small enough to stay in cache."""
    return np.split(X, range(BLOCK, len(X), BLOCK))


def squares(X):
    """‖x‖² of every row x."""
    return np.einsum("ij,ij->i", X, X)


def squared_distances(X, Y):
    """‖x - y‖² of each row of X and each of Y; of X and X itself it is exactly symmetric.

    Of few features it is the sum of squared differences, so that equal distances stay equal. Of more
    it is a matrix product around the mean of Y, in which equal rows may be a little apart.
    """
    rows = 1 + 2**16 // len(Y)  # at a time, which stay in cache
    parts = range(rows, len(X), rows)
    found: np.ndarray
    if X.shape[1] <= 4:
        found = np.zeros((len(X), len(Y)))
        for part, x in zip(np.split(found, parts), np.split(X, parts), strict=True):
            for x_j, y_j in zip(x.T, Y.T, strict=True):
                difference = x_j[:, None] - y_j
                difference *= difference
                part += difference
        return found
    origin = Y.mean(axis=0)
    if X is Y:
        return _among_all(X - origin)
    A, B = X - origin, Y - origin
    found = A @ B.T
    of_b = squares(B)
    for part, of_a in zip(np.split(found, parts), np.split(squares(A), parts), strict=True):
        part *= -2
        part += of_a[:, None] + of_b
        np.maximum(part, 0, out=part)
    return found


def _among_all(A):
    """‖a - b‖² of all rows of A: from the diagonal to the right, and below it the same again."""
    of_a, found = squares(A), np.empty((len(A), len(A)))
    for i in range(0, len(A), SQUARE):
        here, right = slice(i, i + SQUARE), slice(i + SQUARE, None)
        part = of_a[here, None] + of_a[i:]
        part[:, :SQUARE] -= 2 * (A[here] @ A[here].T)  # a product that NumPy makes symmetric
        part[:, SQUARE:] -= 2 * (A[here] @ A[right].T)
        found[here, i:] = np.maximum(part, 0, out=part)
        found[right, here] = part[:, SQUARE:].T
    return found


def lloyd(X, weight, centers, tol, max_iter, note=None):
    """Lloyd's algorithm from the given centers: (inertia, centers, steps).

    It ends when the squared moves of the centers add up to at most tol. `note(centers)` is called at the
    start and after every step.

    A mean is a sum divided by a weight. After the first steps few points change their cluster, and only these
    change the sums. For most others it is clear without their distances that they do not (`Followed`).
    """
    k = len(centers)
    labels = np.zeros(len(X), dtype=np.intp)
    sums = None
    followed: Any = None
    n_iter, shift = 0, np.inf
    if note:
        note(centers)
    while shift > tol and n_iter < max_iter:
        found = followed.labels(centers) if followed else nearest(X, centers)
        found, n = without_empty(X, weight, found, centers)
        changed = np.flatnonzero(found != labels)
        if sums is None or len(changed) > len(X) / 4:
            sums = sums_of(X, weight, found, k)
        else:
            X_c, w_c = X[changed], weight[changed]
            sums = (
                sums + sums_of(X_c, w_c, found[changed], k) - sums_of(X_c, w_c, labels[changed], k)
            )
        if len(changed) > FEW * len(X) or X.size * k < LARGE:
            followed = None
        elif followed is None:
            followed = Followed(X)
        labels = found
        moved = means_of(sums, n, centers)
        shift = squares(moved - centers).sum()
        centers = moved
        n_iter += 1
        if note:
            note(centers)
    if n_iter:  # without the rounding of the many small updates
        centers = means_of(sums_of(X, weight, labels, k), n, centers)
    return inertia(X, weight, centers, nearest(X, centers)), centers, n_iter


class Followed:
    """The nearest centers of the rows of X, for centers that move a little at a time.

    Let a point be nearer to its center than to any other by `lead`. While its center and the one that has
    moved farthest have moved by less than that together, it keeps its label (G. Hamerly, Making k-means even
    faster, SDM 2010).
    """

    def __init__(self, X):
        self.X, self.of_rows = X, squares(X)
        self.nearest = np.zeros(len(X), dtype=np.intp)
        self.lead = np.full(len(X), -np.inf)
        self.centers = 0.0

    def labels(self, centers):
        moves = np.sqrt(squares(centers - self.centers))
        self.lead -= (moves + moves.max()).take(self.nearest)
        self.centers = centers
        rows: Any = np.flatnonzero(self.lead <= 0)
        if 3 * len(rows) > len(self.lead):
            rows = slice(None)
        scores, of_rows = scores_of(self.X[rows], centers), self.of_rows[rows]
        least = scores.min(axis=0)
        found = self.nearest[rows] = first_with(least, scores)
        scores[found, np.arange(len(found))] = np.inf
        first, second = (np.maximum(each + of_rows, 0) for each in (least, scores.min(axis=0)))
        rounding = ROUNDING * np.sqrt(of_rows + squares(centers).max())
        self.lead[rows] = np.sqrt(second) - np.sqrt(first) - rounding
        return self.nearest.copy()


def nearest(X, centers):
    """argmin_k ‖x - c_k‖²"""
    scores = scores_of(X, centers)
    return first_with(scores.min(axis=0), scores)


def scores_of(X, centers):
    """‖x - c_k‖² - ‖x‖² = ‖c_k‖² - 2 x·c_k: (centers, rows). The nearest center has the least."""
    scores = (-2 * centers) @ X.T
    scores += squares(centers)[:, None]
    return scores


def first_with(least, scores):
    """The first k with the least score, by way of small integers: np.argmin takes four times as long."""
    last = len(scores) - 1
    from_end = np.arange(last, -1, -1, dtype=np.min_scalar_type(last))[:, None]
    return last - ((scores == least) * from_end).max(axis=0).astype(np.intp)


def nearest_around_mean(X, centers):
    """`nearest`, of differences from the mean of the centers: far from the origin products lose digits."""
    origin = centers.mean(axis=0)
    centers = centers - origin
    return np.concatenate([nearest(x - origin, centers) for x in blocks(X)])


def tolerance(share, Z, weight):
    """This share of the mean variance of the features of Z, whose mean is 0: a `tol` for `lloyd`."""
    return share * (weight @ squares(Z)) / weight.sum() / Z.shape[1]


def inertia(X, weight, centers, labels):
    """Σ w ‖x - c‖², from the differences, because the product form loses digits."""
    parts = zip(blocks(X), blocks(weight), blocks(labels), strict=True)
    return float(sum(w @ squares(x - centers[a]) for x, w, a in parts))


def sums_of(X, weight, labels, n_clusters):
    """Σ w x over the points with each label."""
    return (weight * (labels == np.arange(n_clusters)[:, None])) @ X


def means_of(sums, n, centers):
    """Sums divided by their weights n; a center of weight 0 stays where it is."""
    n = n[:, None]
    return np.where(n > 0, sums / np.where(n > 0, n, 1), centers)


def without_empty(X, weight, labels, centers):
    """Labels, of which those without points got one; and the weight of each.

    A center without points gets the point that is farthest from its center. That point leaves its
    cluster, which lowers J the most. The cluster that loses its last point this way has weight 0.
    """
    n = np.bincount(labels, weight, minlength=len(centers))
    empty = np.flatnonzero(n == 0)
    if len(empty):
        distance = squares(X - centers[labels])
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        labels[farthest] = empty[: len(farthest)]
        n = np.bincount(labels, weight, minlength=len(centers))
    return labels, n


def plus_plus(X, weight, n_clusters, rng):
    """Numbers of rows of X, drawn with probability ∝ w D², D the distance to the nearest one drawn before.

    Of 2 + log k candidates, the one with the least remaining Σ w D² is chosen (the paper's remark on
    greedy choices).
    """
    draw = drawing(X, rng)
    of_rows = squares(X)

    def squared_distances(rows):
        return np.maximum(of_rows[rows, None] - 2 * X[rows] @ X.T + of_rows, 0)

    chosen = draw(weight, 1)
    closest = squared_distances(chosen)[0]
    for _ in range(n_clusters - 1):
        candidates = draw(weight * closest, 2 + int(np.log(n_clusters)))
        after = np.minimum(closest, squared_distances(candidates))
        best = np.argmin(after @ weight)
        closest = after[best]
        chosen = np.append(chosen, candidates[best])
    return chosen


def random_rows(X, weight, n_clusters, rng):
    """Numbers of rows of X, drawn with probability ∝ w, all different while there are different ones."""
    draw = drawing(X, rng)
    chosen = []
    for _ in range(n_clusters):
        (row,) = draw(weight, 1)
        chosen.append(row)
        weight = np.where((X[row] == X).all(axis=1), 0, weight)
    return np.array(chosen)


def drawing(X, rng):
    """draw(chances, size): that many numbers of rows of X, with these chances.

    Rows are drawn in their order along a random direction, so that the result depends neither on the order
    of X nor on whether a row has weight 2 or occurs twice.
    """
    order = np.argsort(X @ rng.standard_normal(X.shape[1]), kind="stable")

    def draw(chances, size):
        total = np.cumsum(chances[order])
        at = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        return order[np.minimum(at, len(order) - 1)]

    return draw
