"""Locally linear embedding: points that lie among their neighbors as the rows do.

Source: S. Roweis, L. Saul, Nonlinear dimensionality reduction by locally linear embedding (2000); D. Donoho,
C. Grimes, Hessian eigenmaps (2003); Z. Zhang, J. Wang, MLLE: Modified locally linear embedding using multiple
weights (2007); Z. Zhang, H. Zha, Principal manifolds and nonlinear dimensionality reduction via tangent space
alignment (2004), "ltsa".
"""

from typing import Any

import numpy as np

from models.embeddings.neighborhood import WithNearest
from models.foundation import choice, integer, learned, nonnegative, seed
from models.foundation.eigenpairs import smallest_eigenpairs
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal


class LocallyLinearEmbedding(WithNearest):
    """Points Y with the least  Σ_i ‖B_iᵀ Y_i‖² = tr Yᵀ M Y,  Yᵀ Y = I,  Y_i those of the neighbors of row i.

    Y are eigenvectors of M with small eigenvalues, but not the smallest, which is constant. B_i says what is
    expected among neighbors, in four ways:

        standard   y_i = Σ_j w_ij y_j with the weights, Σ_j w_ij = 1, that give x_i from its neighbors best
        modified   the same for several sets of weights that are almost as good
        ltsa       the y_j are linear functions of coordinates in the tangent plane at x_i
        hessian    they have no second derivatives in those coordinates

    New rows get Σ_j w_j y_j. The signs make the largest coordinate of each dimension positive.
    """

    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "the signs are arbitrary there; tests/models/embeddings"
    }
    twin_settings = {"eigen_solver": "dense"}

    n_neighbors = 5
    n_components = 2
    reg: float = nonnegative(1e-3, doc="added to the diagonal for w, as a share of the trace")
    eigen_solver: str = choice("auto", "arpack", "dense", doc="no effect: exact")
    tol: float = nonnegative(1e-6, doc="no effect: exact")
    max_iter: int = integer(100, at_least=1, doc="no effect: exact")
    method: str = choice("standard", "hessian", "modified", "ltsa", doc="what neighbors say")
    hessian_tol: float = nonnegative(1e-4, doc="sums below it count as 0, for 'hessian'")
    modified_tol: float = nonnegative(1e-12, doc="lengths below it count as 0, for 'modified'")
    random_state: Any = seed(doc="no effect: exact")

    reconstruction_error_: float = learned("tr Yᵀ M Y")

    def _fit(self, X):
        (n, d), k, c = X.shape, self.n_neighbors, self.n_components
        self._search(X, n_neighbors=k)
        if c > d:
            what = f"output dimension must be less than or equal to input dimension: n_components={c}, "
            raise refusal(ValueError, what + f"n_features={d}.", f"n_components={d}")
        least = {"hessian": 1 + c * (c + 3) // 2, "modified": c, "ltsa": c + 1}.get(self.method, 1)
        if k < least:
            what = f"method={self.method!r} needs n_neighbors >= {least} for n_components={c}, not {k}."
            raise refusal(ValueError, what, f"n_neighbors={least}")
        near = self.nbrs_.kneighbors(None)[1]
        M = np.zeros((n, n))
        for which, blocks in getattr(self, f"_{self.method}")(X, near):
            np.add.at(M, (which[:, :, None], which[:, None, :]), blocks)
        λ, Y = smallest_eigenpairs(M, c, np.full(n, n**-0.5))
        self.embedding_, self._rows_ = Y * signs(Y.T), X.copy()
        self.reconstruction_error_ = float(λ.sum())

    # Each yields numbers of rows, (m, r), and for each of the m the matrix B Bᵀ of those, (m, r, r).

    def _standard(self, X, near):
        yield _beside_row(near, weights(X, X[near], self.reg)[:, :, None], np.arange(len(X)))

    def _ltsa(self, X, near):
        k, U = near.shape[1], self._tangents(X, near)
        plane = np.concatenate([np.full((*near.shape, 1), k**-0.5), U], axis=2)
        yield near, np.eye(k) - plane @ plane.mT

    def _hessian(self, X, near):
        c, U = self.n_components, self._tangents(X, near)
        i, j = np.triu_indices(c)
        quadratic = np.concatenate([np.ones((*near.shape, 1)), U, U[:, :, i] * U[:, :, j]], axis=2)
        B = np.linalg.qr(quadratic, mode="complete")[0][:, :, c + 1 :]
        total = B.sum(axis=1, keepdims=True)
        B = B / np.where(np.abs(total) < self.hessian_tol, 1, total)
        yield near, B @ B.mT

    def _tangents(self, X, near):
        """Coordinates of the neighbors in their tangent planes: orthonormal columns, (samples, k, c)."""
        Z = X[near]
        Z = Z - Z.mean(axis=1, keepdims=True)
        return np.linalg.svd(Z, full_matrices=Z.shape[1] > Z.shape[2])[0][:, :, : self.n_components]

    def _modified(self, X, near):
        k, c = near.shape[1], self.n_components
        V, s, _ = np.linalg.svd(X[near] - X[:, None], full_matrices=k > X.shape[1])
        variance = s * s
        reg = 1e-3 * variance.sum(axis=1)
        found = np.zeros((len(X), k))
        found[:, : s.shape[1]] = variance
        reg = np.where(reg > 0, reg, 1)[:, None]
        w = np.einsum("nij,nj->ni", V, V.sum(axis=1) / (found + reg))
        w /= w.sum(axis=1, keepdims=True)
        # how many sets of weights are almost as good: as many as have less than the usual share of variance
        with np.errstate(divide="ignore", invalid="ignore"):
            usual = np.median(variance[:, c:].sum(axis=1) / variance[:, :c].sum(axis=1))
            total = np.cumsum(variance, axis=1)
            shares = total[:, -1:] / total[:, :-1] - 1
        sets = (shares < usual).sum(axis=1) + k - s.shape[1]
        for number in np.unique(sets[sets > 0]):
            at = np.flatnonzero(sets == number)
            yield _beside_row(near[at], self._weight_sets(V[at][:, :, k - number :], w[at]), at)

    def _weight_sets(self, V, w):
        """Several w, (m, k, sets), whose sums are 1, by a reflection that makes the sums of V equal."""
        sums = V.sum(axis=1)
        α = np.linalg.norm(sums, axis=1)[:, None] / np.sqrt(V.shape[2])
        h = α - sums
        length = np.linalg.norm(h, axis=1, keepdims=True)
        h = np.where(length < self.modified_tol, 0, h / np.where(length > 0, length, 1))
        reflected = V - 2 * (V @ h[:, :, None]) * h[:, None, :]
        return reflected + ((1 - α) * w)[:, :, None]

    def _transform(self, X):
        near = self.nbrs_.kneighbors(X)[1]
        w = weights(X, self._rows_[near], self.reg)
        return np.einsum("nk,nkc->nc", w, self.embedding_[near])


def _beside_row(near, W, rows):
    """y_i - Σ_j w_ij y_j for each set of weights: the numbers of i and its neighbors, and B Bᵀ."""
    B = np.concatenate([np.ones((len(W), 1, W.shape[2])), -W], axis=1)
    return np.column_stack([rows, near]), B @ B.mT


def weights(X, neighbors, reg):
    """w with Σ_j w_j = 1 and the least ‖x - Σ_j w_j x_j‖² + reg tr(G) ‖w‖²: G w = 1, made to sum to 1.

    G are the inner products of x_j - x. neighbors: (rows, k, features).
    """
    Z = neighbors - X[:, None]
    G = Z @ Z.mT
    trace = np.trace(G, axis1=1, axis2=2)
    k = G.shape[1]
    G[:, np.arange(k), np.arange(k)] += np.where(trace > 0, reg * trace, reg or 1)[:, None]
    if reg > k * np.finfo(G.dtype).eps:
        w = np.linalg.solve(G, np.ones((len(G), k, 1)))[:, :, 0]
    else:  # G may be singular; then many w have no error, and the shortest of them is wanted
        λ, V = np.linalg.eigh(G)
        a = V.sum(axis=1)  # of the vector of ones, the part along each eigenvector
        none = np.abs(λ) <= k * np.finfo(G.dtype).eps * λ[:, -1:]
        singular = (a**2 * none).sum(axis=1, keepdims=True) > k * np.finfo(G.dtype).eps
        parts = np.where(singular, a * none, a / np.where(none, np.inf, λ))
        w = (V @ parts[:, :, None])[:, :, 0]
    return w / w.sum(axis=1, keepdims=True)
