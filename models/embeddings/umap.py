"""UMAP: uniform manifold approximation and projection.

Source: L. McInnes, J. Healy, J. Melville, UMAP: Uniform manifold approximation and projection for dimension
reduction (2018), sections 3 and 4; S. Damrich, F. Hamprecht, On UMAP's true loss function (2021).
"""

from typing import Any

import numpy as np

from models.embeddings.bisection import bisect
from models.embeddings.distances import distances, power_of_two
from models.embeddings.embedding import Embedding, given_start, principal_components
from models.embeddings.gains import descend
from models.foundation import array, choice, integer, learned, nonnegative, number, positive
from models.neighbors.search import Search
from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.minimize import minimize

BLOCK = 200  # new rows at a time
NEAR = 1e-3  # is added to every d², so that points may coincide


class UMAP(Embedding):
    """Points whose fuzzy set of edges is that of the rows, by its cross-entropy.

        A_ij = e^(-max(0, ‖x_i - x_j‖ - ρ_i) / σ_i)   of neighbors j of i; Σ_j A_ij = log₂ n_neighbors
        W = A + Aᵀ - A ∘ Aᵀ                           an edge is there from i or from j
        v_ij = 1 / (1 + a d_ij^2b)                    the edges of the points
        L = -Σ_i<j (w_ij ln v_ij + γ r_ij ln(1 - v_ij))

    The cross-entropy has r = 1 - w, the choice negative_sample_rate=None. With negative sampling, an edge
    attracts as often as its w says, and repels its first point each time from m = negative_sample_rate random
    points: this is in expectation r_ij = m (deg_i + deg_j) / 2n (Damrich and Hamprecht, theorem 4.1).

    solver="sampling" does this, as umap-learn. The other solvers are those of all embeddings, on the
    gradient that the engine derives from `loss`: exact, and O(n²) per step. Neighbors are exact in both.

    `transform` places each new row by itself, among the points of fit, which stay where they are: it starts
    at the mean of its neighbors by their A, and follows the forces that it gets from `sampling` on average.
    A row of fit has its own point.
    """

    twin = ""
    checked_with = {"n_neighbors": 3, "n_epochs": 20}

    n_neighbors: int = integer(
        15, at_least=2, doc="neighbors of a row, counted with the row itself"
    )
    n_components = 2
    n_epochs: int | None = integer(
        None,
        at_least=1,
        doc="passes over the edges, or steps of other solvers; None: 500, or 200 for n > 10,000",
    )
    learning_rate: float = positive(1.0, doc="of the first epoch; it falls to 0 in a line")
    init: Any = choice("spectral", "random", "pca", doc="the first points, or given") | array()
    min_dist: float = nonnegative(0.1, doc="distance up to which points count as joined")
    spread: float = positive(1.0, doc="distance in which v falls, beyond min_dist")
    set_op_mix_ratio: float = number(
        1.0, at_least=0, at_most=1, doc="1: W as above; 0: A ∘ Aᵀ, an edge is there from both"
    )
    local_connectivity: float = number(1.0, at_least=1, doc="ρ_i is the distance of this neighbor")
    repulsion_strength: float = nonnegative(1.0, doc="γ")
    negative_sample_rate: int | None = integer(
        5, at_least=1, optional=True, doc="m, or None for 1 - w"
    )
    a: float | None = positive(None, doc="a; None: from min_dist and spread")
    b: float | None = positive(None, doc="b; None: from min_dist and spread")
    solver: str = choice("sampling", "gains", "lbfgs", "cg", doc="how the loss is minimized")

    graph_: np.ndarray = learned("W: (samples, samples)")
    a_: float = learned("a")
    b_: float = learned("b")

    def loss(self, W, Y):
        i, j = np.triu_indices(len(W), 1)
        D = ((Y[i] - Y[j]) ** 2).sum(axis=1) + NEAR
        ln_1_plus = np.log1p(self.a_ * D**self.b_)  # -ln v
        repulsion = ln_1_plus - np.log(self.a_) - self.b_ * np.log(D)  # -ln(1 - v)
        w, r = W[i, j], self._repulsion(W)[i, j]
        return w @ ln_1_plus + self.repulsion_strength * (r @ repulsion)

    def _repulsion(self, W):
        if self.negative_sample_rate is None:
            return 1 - W
        degree = W.sum(axis=1)
        return self.negative_sample_rate * (degree[:, None] + degree) / (2 * len(W))

    def _fit(self, X):
        n = len(X)
        rng = self._begin(n)
        if self.n_neighbors > n:
            what = f"UMAP got n_neighbors={self.n_neighbors}, more than n_samples={n}."
            raise refusal(ValueError, what, f"UMAP(n_neighbors={max(2, n // 4)}), and more rows")
        if None in (self.a, self.b):
            self.a_, self.b_ = curve(self.spread, self.min_dist)
        self.a_, self.b_ = self.a or self.a_, self.b or self.b_
        # In one order in memory: otherwise rounding makes other steps for a frame than for an array.
        self._rows_ = X = np.ascontiguousarray(X)
        W = self.graph_ = self.pairs(X)
        Y = self._start(X, W, rng)

        def slope(Y, _=True):
            return self.slope(W, Y)

        epochs = self.n_epochs or (500 if n <= 10_000 else 200)
        if self.solver == "sampling":
            if self.negative_sample_rate is None:
                what = "UMAP(solver='sampling', negative_sample_rate=None): it draws such samples."
                raise refusal(ValueError, what, "UMAP(solver='lbfgs', negative_sample_rate=None)")
            self.embedding_, self.n_iter_ = self._by_sampling(W, Y, epochs, rng), epochs
        elif self.solver == "gains":
            rate = self.learning_rate / (8 * W.sum(axis=1).max())
            self.embedding_, self.n_iter_, _ = descend(
                slope, Y, self.trace_, rate=rate, momentum=0.5, steps=range(epochs)
            )
        else:
            found = self.by_line_search(self.solver, slope, Y, max_iter=epochs, tol=1e-6)
            self.embedding_, self.n_iter_ = found.point, max(found.iterations, 1)

    def pairs(self, X):
        """W, (n, n): symmetric, with a diagonal of 0."""
        D = distances(X, self.metric, self.metric_params)
        D /= power_of_two(D.max(initial=0))
        A = memberships(D, self.n_neighbors, self.local_connectivity)
        both = A * A.T
        return self.set_op_mix_ratio * (A + A.T - both) + (1 - self.set_op_mix_ratio) * both

    def _transform(self, X):
        found = np.empty((len(X), self.embedding_.shape[1]))
        known = self._known(X)
        found[known >= 0] = self.embedding_[known[known >= 0]]
        new = np.flatnonzero(known < 0)
        for rows in np.array_split(new, -(-len(new) // BLOCK) or 1):
            if len(rows):
                found[rows] = self._placed(self._memberships_of(X[rows]))
        return found

    def _known(self, X):
        """The number of the row of fit that each row is, or -1."""
        if self.metric == "precomputed":
            return np.where(X.min(axis=1) == 0, X.argmin(axis=1), -1)
        numbers = {row.tobytes(): i for i, row in enumerate(self._rows_ + 0.0)}  # -0.0 is 0.0
        return np.array([numbers.get(row.tobytes(), -1) for row in X + 0.0])

    def _memberships_of(self, X):
        """A of new rows, (new, n): as in fit, where a row is the first of its own neighbors."""
        D = X
        if self.metric != "precomputed":
            both = np.concatenate([X, self._rows_])
            D = distances(both, self.metric, self.metric_params)[: len(X), len(X) :]
        D = D / power_of_two(D.max(initial=0))
        near = np.argsort(D, axis=1, kind="stable")[:, : self.n_neighbors - 1]
        d = np.take_along_axis(D, near, axis=1)
        A = np.zeros(D.shape)
        faded = fading(np.column_stack([np.zeros(len(d)), d]), self.local_connectivity)
        np.put_along_axis(A, near, faded, axis=1)
        return A

    def _placed(self, A):
        """The points of new rows with these memberships."""
        fixed, n, m = self.embedding_, len(self.embedding_), self.negative_sample_rate
        degree = A.sum(axis=1, keepdims=True)
        Y = A @ fixed / degree
        R = 1 - A if m is None else m * degree / n + np.zeros_like(A)
        steps = max((self.n_epochs or (500 if n <= 10_000 else 200)) // 3, 1)
        for step in range(steps):
            pull, push = (np.clip(f, -4, 4) for f in self.between(Y[:, None], fixed))
            force = np.einsum("ij,ijk->ik", A, pull) + np.einsum("ij,ijk->ik", R, push)
            Y = Y + self.learning_rate * (1 - step / steps) * np.clip(force, -4, 4)
        return Y

    def _start(self, X, W, rng):
        shape = n, k = len(W), self.n_components
        if not isinstance(self.init, str):
            return given_start(self.init, n, k, "UMAP")
        if self.init == "random":
            return rng.uniform(-10, 10, shape)
        if self.init == "pca":
            Y = principal_components(X / power_of_two(np.abs(X).max()), k, "UMAP")
        else:
            Y = spectral(W, k)
        Y = 10 * Y / (np.abs(Y).max() or 1) + 1e-4 * rng.standard_normal(shape)
        return 10 * (Y - Y.min(axis=0)) / np.ptp(Y, axis=0)

    def _by_sampling(self, W, Y, epochs, rng):
        """In each epoch the edges that are due, in random order, in batches of about one per point."""
        head, tail = np.nonzero(W)
        # the fraction of the epochs in which an edge is due
        often = W[head, tail] / W.max(initial=1e-300)
        Y, n, m = Y.copy(), len(W), self.negative_sample_rate
        for epoch in range(epochs):
            rate = self.learning_rate * (1 - epoch / epochs)
            due = np.flatnonzero(np.floor(often * (epoch + 1)) > np.floor(often * epoch))
            due = rng.permutation(due)
            for edges in np.array_split(due, -(-len(due) // n) or 1):
                i, j = head[edges], tail[edges]
                other = rng.integers(n, size=(len(edges), m))
                pull, push = self.forces(Y, i, j, other)
                pull, push = rate * np.clip(pull, -4, 4), rate * np.clip(push, -4, 4).sum(axis=1)
                np.add.at(Y, i, pull + push)
                np.add.at(Y, j, -pull)
            if self.trace_.keeps_states:
                self.trace_(epoch + 1, self.loss(W, Y))
                self.trace_.keep(embedding_=Y)
        return Y

    def forces(self, Y, i, j, other):
        """-∂/∂y_i of the attraction of edges (i, j), and of the repulsion of i from each other point."""
        return self.between(Y[i], Y[j])[0], self.between(Y[i][:, None], Y[other])[1]

    def between(self, y, z):
        """The forces on points y from points z: of attraction, and of repulsion."""
        a, b = self.a_, self.b_
        difference = y - z
        D = (difference**2).sum(axis=-1, keepdims=True) + NEAR
        falling = 2 * b / (1 + a * D**b)
        pull = -falling * a * D ** (b - 1) * difference
        return pull, self.repulsion_strength * falling / D * difference


def memberships(D: np.ndarray, n_neighbors: int, local_connectivity: float = 1.0) -> np.ndarray:
    """A, (n, n), of distances D: the nearest neighbor of a row is certain, the others fade."""
    n = len(D)
    # the row itself, then its neighbors
    near = Search(D, "precomputed").nearest(D - np.eye(n), n_neighbors)[1]
    d = np.take_along_axis(D, near, axis=1)
    A = np.zeros((n, n))
    A[np.arange(n)[:, None], near[:, 1:]] = fading(d, local_connectivity)
    return A


def fading(d: np.ndarray, local_connectivity: float) -> np.ndarray:
    """The memberships of the neighbors of rows at distances d, the first of which is the row itself."""
    n, n_neighbors = d.shape
    ρ = [np.interp(local_connectivity, np.arange(1 + (x > 0).sum()), [0, *x[x > 0]]) for x in d]
    excess = np.maximum(d[:, 1:] - np.array(ρ)[:, None], 0)

    def lack(σ, some):
        return np.log2(n_neighbors) - np.exp(-excess[some] / σ[:, None]).sum(axis=1)

    σ = bisect(lack, n, tol=1e-5, steps=64)
    σ = np.maximum(σ, 1e-3 * np.where(np.array(ρ) > 0, d.mean(axis=1), d.mean()))
    return np.exp(-excess / np.where(σ > 0, σ, 1)[:, None])


def curve(spread: float, min_dist: float) -> tuple[float, float]:
    """a, b with which 1 / (1 + a d^2b) is closest to e^(-(d - min_dist) / spread), or 1 below min_dist."""
    d = np.linspace(0, 3 * spread, 300)[1:]
    wanted = np.exp(-np.maximum(d - min_dist, 0) / spread)

    def errors(ab):
        return ((1 / (1 + ab[0] * d ** (2 * ab[1])) - wanted) ** 2).sum()

    a, b = minimize(value_and_grad(errors), np.ones(2), tol=1e-10, max_iter=500).point
    return float(a), float(b)


def spectral(W: np.ndarray, k: int) -> np.ndarray:
    """The eigenvectors of I - D^-½ W D^-½ after the first, with D the degrees: smooth over the graph."""
    degree = W.sum(axis=1)
    root = np.sqrt(np.where(degree > 0, degree, 1))
    U = np.linalg.eigh(np.eye(len(W)) - W / root[:, None] / root)[1]
    found = U[:, 1 : k + 1]
    return np.pad(found, ((0, 0), (0, k - found.shape[1])))
