"""Spectral clustering.

Source: J. Shi, J. Malik, Normalized cuts and image segmentation, IEEE PAMI 22 (2000); U. von Luxburg,
A tutorial on spectral clustering, Statistics and Computing 17 (2007); S. Yu, J. Shi, Multiclass spectral
clustering, ICCV (2003); A. Damle, V. Minden, L. Ying, Simple, direct and efficient multi-way spectral
clustering, Information and Inference 8 (2019).
"""

from typing import Any

import numpy as np

from models.clusters.kmeans import KMeans
from models.foundation import (
    Clusterer,
    boolean,
    choice,
    function,
    integer,
    learned,
    mapping,
    number,
    positive,
    seed,
)
from models.foundation.laplacian import normalized_laplacian
from models.foundation.lloyd import squared_distances
from models.foundation.randomness import generator
from models.foundation.signs import signs
from models.neighbors.search import k_nearest
from tinygrad_edu.diagnostics.words import refusal


class SpectralClustering(Clusterer):
    """Cuts a graph of the points where few similar ones are separated.

    W_ij is how similar x_i and x_j are, D the diagonal matrix of its row sums. The clusters with the least
    normalized cut Σ_k (similarity that leaves cluster k) / (all similarity of cluster k) are hard to find. If
    indicators of clusters may be any numbers, they are the u with the smallest eigenvalues of

        (D - W) u = λ D u,   that is,   u = D^-½ v   with   (I - D^-½ W D^-½) v = λ v

    The points, with these u as their coordinates, are then clustered (assign_labels). So clusters need
    not be round, as they are for KMeans.
    """

    n_clusters: int = integer(8, at_least=1, doc="number of clusters")
    eigen_solver: str | None = choice(
        None,
        "arpack",
        "lobpcg",
        "amg",
        doc="without effect: all eigenvalues are found by np.linalg.eigh",
    )
    n_components: int | None = integer(None, at_least=1, doc="number of u; None: n_clusters")
    random_state: Any = seed()
    n_init: int = integer(10, at_least=1, doc="number of starts of k-means; the best is kept")
    gamma: float = positive(1.0, doc="W = exp(-gamma ‖x_i - x_j‖²) for affinity='rbf'")
    affinity: Any = (
        choice("rbf", "nearest_neighbors", "precomputed", doc="how W is made; a function gets two rows; "
               "precomputed: X is W")
        | function()
    )  # fmt: skip
    n_neighbors: int = integer(
        10, at_least=1, doc="W = 1 between a point and its neighbors, itself included; ½ if only one is "
        "the neighbor of the other",
    )  # fmt: skip
    eigen_tol: Any = choice("auto", doc="without effect") | number(at_least=0)
    assign_labels: str = choice(
        "kmeans", "discretize", "cluster_qr", doc="how the points are clustered by u: k-means; the rotation "
        "of u that is nearest to indicators; n_clusters typical points",
    )  # fmt: skip
    degree: float = number(3, doc="without effect: for kernels that are not available")
    coef0: float = number(1, doc="without effect: for kernels that are not available")
    kernel_params: Any = mapping(None, doc="keywords of the function")
    n_jobs: int | None = integer(None, doc="without effect")
    verbose: bool = boolean(False, doc="print the inertia of the steps of k-means")

    affinity_matrix_: np.ndarray = learned("(samples, samples): W")

    pairwise = property(lambda self: self.affinity == "precomputed")
    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "it has labels_ alone, and no answers for other rows"
    }

    def _fit(self, X):
        if len(X) < self.n_clusters:
            what = f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}."
            raise refusal(ValueError, what, f"n_clusters={len(X)}, or fewer")
        self.affinity_matrix_ = W = self._affinity(X)
        U = embedding(W, self.n_components or self.n_clusters)
        rng = generator(self.random_state)
        if self.assign_labels == "discretize":
            self.labels_ = discretized(U, rng)
        elif self.assign_labels == "cluster_qr":
            self.labels_ = by_typical_rows(U)
        else:
            model = KMeans(
                self.n_clusters, n_init=self.n_init, random_state=rng, verbose=self.verbose
            )
            self.labels_ = model.fit_predict(U)

    def _affinity(self, X):
        if self.affinity == "rbf":
            W = np.exp(-self.gamma * squared_distances(X, X))
        elif self.affinity == "nearest_neighbors":
            W = self._neighbors(X)
        elif self.affinity == "precomputed":
            W = X.copy()
        else:
            params = self.kernel_params or {}
            W = np.array([[self.affinity(x, y, **params) for y in X] for x in X], dtype=np.float64)
        if W.shape != (len(X), len(X)):
            what = f"With affinity='precomputed' X must be square, and has shape {X.shape}."
            raise refusal(ValueError, what, "affinity='rbf', if the columns of X are features")
        if not np.isfinite(W).all() or (W < 0).any():
            what = "The affinities have values that are negative or not finite."
            raise refusal(ValueError, what, "similarities ≥ 0, such as np.exp(-distances)")
        return (W + W.T) / 2

    def _neighbors(self, X):
        if self.n_neighbors > len(X):
            what = (
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {self.n_neighbors}, "
                f"n_samples_fit = {len(X)}."
            )
            raise refusal(ValueError, what, f"n_neighbors={len(X)}, or fewer")
        W = np.eye(len(X))  # a point is its own first neighbor
        if self.n_neighbors > 1:
            nearest = k_nearest(X, self.n_neighbors - 1, algorithm="brute")[1]
            np.put_along_axis(W, nearest, 1.0, axis=1)
        return W


def embedding(W: np.ndarray, n_components: int) -> np.ndarray:
    """The u of the smallest eigenvalues: (points, n_components)."""
    L, root = normalized_laplacian(W)
    _, V = np.linalg.eigh(L)
    U = V[:, :n_components] / root[:, None]
    return U * signs(U.T)


def by_typical_rows(U: np.ndarray) -> np.ndarray:
    """Labels by the k rows that differ most, which a QR decomposition with pivots finds.

    In the coordinates of an orthogonal matrix near these rows, a point belongs to its largest coordinate.
    """
    rest, rows = U.T.copy(), []
    for _ in range(U.shape[1]):
        rows.append(int((rest * rest).sum(axis=0).argmax()))
        q = rest[:, rows[-1]]
        size = np.linalg.norm(q)
        if size > 0:
            rest -= np.outer(q / size, (q / size) @ rest)
    left, _, right = np.linalg.svd(U[rows].T)
    return np.abs(U @ (left @ right)).argmax(axis=1)


def discretized(U: np.ndarray, rng: Any, max_iter: int = 20) -> np.ndarray:
    """Labels by the rotation of U whose rows are nearest to indicators (0, …, 1, …, 0).

    In turn: of each row the largest coordinate becomes 1, and a singular value decomposition gives the best
    rotation onto these indicators.
    """
    n, k = U.shape
    U = U / np.linalg.norm(U, axis=0)
    U *= np.where(U[0] > 0, -1, 1)
    length = np.linalg.norm(U, axis=1)[:, None]
    U = U / np.where(length > 0, length, 1)

    rotation = np.zeros((k, k))  # at first rows of U that are nearly orthogonal
    rotation[:, 0] = U[rng.integers(n)]
    overlap = np.zeros(n)
    for j in range(1, k):
        overlap += np.abs(U @ rotation[:, j - 1])
        rotation[:, j] = U[overlap.argmin()]

    before = 0.0
    for _ in range(max_iter + 1):
        labels = (U @ rotation).argmax(axis=1)
        left, sizes, right = np.linalg.svd((labels == np.arange(k)[:, None]) @ U)
        cut = 2 * (n - sizes.sum())
        if abs(cut - before) < np.finfo(float).eps:
            break
        before = cut
        rotation = right.T @ left.T
    return labels
