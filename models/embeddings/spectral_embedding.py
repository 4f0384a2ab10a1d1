"""Spectral embedding, or Laplacian eigenmaps: neighbors come close to each other.

Source: M. Belkin, P. Niyogi, Laplacian eigenmaps for dimensionality reduction and data representation (2003);
U. von Luxburg, A tutorial on spectral clustering (2007).
"""

from typing import Any

import numpy as np

from models.embeddings.embedding import NO_NEW_ROWS
from models.embeddings.neighborhood import NeighborhoodEmbedding, connected
from models.foundation import choice, function, integer, learned, nonnegative, seed, warn
from models.foundation.eigenpairs import smallest_eigenpairs
from models.foundation.kernel_functions import kernel_matrix
from models.foundation.laplacian import normalized_laplacian
from models.foundation.signs import signs
from models.neighbors.search import k_nearest
from tinygrad_edu.diagnostics.words import refusal


class SpectralEmbedding(NeighborhoodEmbedding):
    """Points with the least  Σ_ij W_ij ‖y_i - y_j‖² / 2 = tr Yᵀ (D - W) Y,  Yᵀ D Y = I,  D_ii = Σ_j W_ij.

    W says how alike rows are: ½ for a neighbor from one side and 1 from both, or a kernel. With y = D^-½ u,
    the u are eigenvectors of I - D^-½ W D^-½, of the smallest eigenvalues but the first, whose y is constant.
    The signs make the largest coordinate of each dimension positive.
    """

    does_not_apply = {"test_its_twin_gives_the_same_answers": NO_NEW_ROWS}

    n_components = 2
    affinity: Any = choice(
        "nearest_neighbors", "rbf", "precomputed", "precomputed_nearest_neighbors",
        doc="W from neighbors; e^(-γ ‖x - x'‖²); X itself; or from neighbors, X being distances",
    ) | function(doc="X -> W")  # fmt: skip
    gamma: float | None = nonnegative(None, doc="γ of 'rbf'; None for 1 / features")
    random_state: Any = seed(doc="no effect: exact")
    eigen_solver: str | None = choice(None, "arpack", "lobpcg", "amg", doc="no effect: exact")
    eigen_tol: Any = choice("auto", doc="no effect: exact") | nonnegative()
    n_neighbors: int | None = integer(
        None, at_least=1, doc="neighbors of a row, itself among them; None for samples / 10"
    )

    affinity_matrix_: np.ndarray = learned("W: (samples, samples)")
    n_neighbors_: int = learned("number of neighbors, if W is made of them")
    gamma_: float = learned("γ, for 'rbf'")

    @property
    def pairwise(self) -> bool:
        return isinstance(self.affinity, str) and self.affinity.startswith("precomputed")

    def _fit(self, X):
        self._require_samples(len(X))
        W = self.affinity_matrix_ = self._affinity(X)
        if len(np.unique(connected(W != 0))) > 1:
            text = "Graph is not fully connected, spectral embedding may not work as expected."
            warn(UserWarning, f"{text} Try: a larger n_neighbors")
        L, root = normalized_laplacian(W)
        _, U = smallest_eigenpairs(L, self.n_components, root / np.linalg.norm(root))
        Y = U / root[:, None]
        self.embedding_ = Y * signs(Y.T)

    def _affinity(self, X):
        if callable(self.affinity):
            return self._checked(np.asarray(self.affinity(X), dtype=np.float64), len(X))
        if self.affinity == "precomputed":
            return self._checked(X.copy(), len(X))
        if self.affinity == "rbf":
            self.gamma_ = 1 / X.shape[1] if self.gamma is None else self.gamma
            return kernel_matrix("rbf", X, X, gamma=self.gamma_)
        n, k = len(X), self.n_neighbors
        k = self.n_neighbors_ = max(n // 10, 1) if k is None else k
        if k > n:
            what = (
                f"Expected n_neighbors <= n_samples_fit, but n_neighbors={k}, n_samples_fit={n}, "
            )
            raise refusal(ValueError, what + f"n_samples={n}.", f"n_neighbors={n}")
        A = np.eye(n)
        metric = "euclidean" if self.affinity == "nearest_neighbors" else "precomputed"
        if k > 1:
            near = k_nearest(X, k - 1, metric=metric, algorithm="brute")[1]
            A[np.arange(n)[:, None], near] = 1
        return (A + A.T) / 2

    def _checked(self, W, n):
        if W.shape != (n, n):
            what = f"the affinity of {n} rows must have shape {(n, n)}, and has {W.shape}."
            raise refusal(ValueError, what, "a number for each pair of rows")
        if not np.isfinite(W).all() or (W < 0).any():
            raise refusal(ValueError, "an affinity must be 0 or more, and finite.", "abs(W)")
        if not np.allclose(W, W.T, rtol=1e-10, atol=1e-10 * np.abs(W).max(initial=0)):
            warn(
                UserWarning,
                "Array is not symmetric, and will be converted to symmetric. Try: (W + W.T) / 2",
            )
        return (W + W.T) / 2
