"""Lloyd's algorithm and k-means++, for the clusters of k-means and the start of mixtures.

Source: S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982); D. Arthur,
S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA (2007).
"""

import numpy as np


def squares(X):
    """‖x‖² of every row x."""
    return np.einsum("ij,ij->i", X, X)


def lloyd(X, weight, centers, tol, max_iter):
    """Lloyd's algorithm from the given centers: (inertia, centers, steps).

    It ends when the squared moves of the centers add up to at most tol.
    """
    n_iter, shift = 0, np.inf
    while shift > tol and n_iter < max_iter:
        moved = means_of(X, weight, nearest(X, centers), centers)
        shift = squares(moved - centers).sum()
        centers = moved
        n_iter += 1
    return inertia(X, weight, centers, nearest(X, centers)), centers, n_iter


def nearest(X, centers):
    """argmin_k ‖x - c_k‖² = argmin_k ‖c_k‖² - 2 x·c_k, as ‖x‖² is the same for every k."""
    scores = X @ (-2 * centers.T)
    scores += squares(centers)
    return np.argmin(scores, axis=1)


def inertia(X, weight, centers, labels):
    """Σ w ‖x - c‖², from the differences, because the product form loses digits."""
    return float(weight @ squares(X - centers[labels]))


def means_of(X, weight, labels, centers):
    """The mean of the points with each label.

    A center without points moves to the point that is farthest from its center. That point leaves
    its cluster, which lowers J the most. A center that loses its last point this way stays in place.
    """
    k = np.arange(len(centers))[:, None]
    members = weight * (labels == k)
    empty = np.flatnonzero(members.sum(axis=1) == 0)
    if len(empty):
        distance = squares(X - centers[labels])
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        members[:, farthest] = 0
        members[empty, farthest] = weight[farthest]
    n = members.sum(axis=1, keepdims=True)
    return np.where(n > 0, members @ X / np.where(n > 0, n, 1), centers)


def plus_plus(X, weight, n_clusters, rng):
    """Numbers of rows of X, drawn with probability ∝ w D², D the distance to the nearest one drawn before.

    Of 2 + log k candidates, the one with the least remaining Σ w D² is chosen (the paper's remark on
    greedy choices). Rows are drawn in their order along a random direction, so that the result depends
    neither on the order of X nor on whether a row has weight 2 or occurs twice.
    """
    order = np.argsort(X @ rng.standard_normal(X.shape[1]), kind="stable")

    def draw(chances, size):
        total = np.cumsum(chances[order])
        at = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        return order[np.minimum(at, len(order) - 1)]

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
