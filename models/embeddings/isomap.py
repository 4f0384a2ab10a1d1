"""Isomap: points with the distances of the rows along the surface on which they lie.

Source: J. Tenenbaum, V. de Silva, J. Langford, A global geometric framework for nonlinear dimensionality
reduction (2000); R. Bellman, On a routing problem (1958); H. Zhao, A fast sweeping method for eikonal
equations (2005).
"""

from typing import Any

import numpy as np

from models.embeddings.neighborhood import WithNearest, connected
from models.foundation import (
    choice,
    function,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    warn,
)
from models.foundation.eigenpairs import largest_eigenpairs, largest_of_all
from models.foundation.kernel_functions import centered
from models.foundation.signs import signs
from models.neighbors.distances import NAMES
from tinygrad_edu.diagnostics.words import refusal


class Isomap(WithNearest):
    """Points whose distances are the lengths of the shortest paths from neighbor to neighbor.

        D_ij = shortest path,      K = -½ (I - 1/n) D² (I - 1/n) = V Λ Vᵀ,      y = V Λ^½     (classical MDS)

    New rows get the shortest paths through their neighbors, and the same projection. Parts without a path
    between them are joined by the shortest edge, with a warning.
    """

    n_neighbors: int | None = integer(
        5, at_least=1, optional=True, doc="neighbors of a row; None to use the radius"
    )
    radius: float | None = nonnegative(None, doc="distance of neighbors, with n_neighbors=None")
    n_components = 2
    eigen_solver: str = choice(
        "auto", "arpack", "dense", doc="the largest eigenpairs alone, or all: to the same digits"
    )
    tol: float = nonnegative(0, doc="no effect: exact")
    max_iter: int | None = integer(None, at_least=1, doc="no effect: exact")
    path_method: str = choice("auto", "FW", "D", doc="no effect: exact")
    metric: Any = choice("minkowski", *(name for name in NAMES if name != "minkowski")) | function(
        doc="distance of two rows; 'precomputed': X has the distances"
    )
    p: float = number(2, at_least=1, doc="p of the Minkowski distance")
    metric_params: Any = choice(None) | mapping(doc="parameters of the distance")

    dist_matrix_: np.ndarray = learned("D: (samples, samples)")
    eigenvalues_: np.ndarray = learned("Λ: (components,)")

    @property
    def pairwise(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "precomputed"

    def _fit(self, X):
        if self.n_neighbors is not None and self.radius is not None:
            what = "Both n_neighbors and radius are provided."
            hint = f"Isomap(radius={self.radius}, n_neighbors=None), to use radius-based neighbors"
            raise refusal(ValueError, what, hint)
        if self.n_neighbors is None and self.radius is None:
            raise refusal(ValueError, "Isomap has neither n_neighbors nor radius.", "n_neighbors=5")
        self._search(
            X, n_neighbors=self.n_neighbors or 1, radius=self.radius, metric=self.metric, p=self.p,
            metric_params=self.metric_params,
        )  # fmt: skip
        D = np.full((len(X), len(X)), np.inf)
        row, numbers, distances = self._nearest(None)
        D[row, numbers] = distances
        np.minimum(D, D.T, out=D)
        np.fill_diagonal(D, 0)
        self._join(D, X)
        D = self.dist_matrix_ = shortest_paths(D)
        K = D * D / -2
        self._means_ = K.mean(axis=0)
        K = centered(K, self._means_)
        largest = largest_of_all if self.eigen_solver == "dense" else largest_eigenpairs
        λ, V = largest(K, self.n_components)
        self.eigenvalues_ = np.where(λ > 1e-12 * λ[0], λ, 0)
        self._vectors_ = V * signs(V.T)
        self.embedding_ = self._vectors_ * np.sqrt(self.eigenvalues_)
        self._square_ = float((K * K).sum())

    def _nearest(self, X):
        """Row, number of the neighbor, and distance of all pairs of neighbors; None: of the rows of fit."""
        if self.n_neighbors is not None:
            distances, numbers = self.nbrs_.kneighbors(X)
            return (
                np.repeat(np.arange(len(numbers)), numbers.shape[1]),
                numbers.ravel(),
                distances.ravel(),
            )
        distances, numbers = self.nbrs_.radius_neighbors(X)
        row = np.repeat(np.arange(len(numbers)), [len(found) for found in numbers])
        return row, np.concatenate(list(numbers)).astype(np.intp), np.concatenate(list(distances))

    def _join(self, D, X):
        """Adds the shortest edge between each two components, in place."""
        part = connected(np.isfinite(D))
        parts = part.max() + 1
        if parts == 1:
            return
        text = f"The number of connected components of the neighbors graph is {parts} > 1. Completing the "
        text += "graph to fit Isomap might be slow. Try: a larger n_neighbors"
        warn(UserWarning, text)
        members = [np.flatnonzero(part == i) for i in range(parts)]
        settings = self.nbrs_.get_params() | {"n_neighbors": 1}
        for i in range(parts):
            rows = members[i] if self.pairwise else slice(None)
            near = type(self.nbrs_)(**settings).fit(X[members[i]][:, rows])
            for j in range(i):
                queries = X[members[j]]
                distances, numbers = near.kneighbors(queries[:, rows])
                at = distances[:, 0].argmin()
                a, b = members[j][at], members[i][numbers[at, 0]]
                D[a, b] = D[b, a] = distances[at, 0]

    def _transform(self, X):
        row, numbers, distances = self._nearest(X)
        D = np.full((len(X), len(self.dist_matrix_)), np.inf)
        # the j-th neighbors of all rows at a time
        nth = np.arange(len(row)) - np.searchsorted(row, row)
        for j in range(nth.max(initial=-1) + 1):
            at = nth == j
            D[row[at]] = np.minimum(
                D[row[at]], self.dist_matrix_[numbers[at]] + distances[at, None]
            )
        if not np.isfinite(D).all():
            lonely = int(np.argmax(~np.isfinite(D).all(axis=1)))
            what = (
                f"row {lonely} of X has no neighbor within radius={self.radius} in the data of fit."
            )
            raise refusal(ValueError, what, "a larger radius, or n_neighbors=5")
        scale = np.sqrt(np.where(self.eigenvalues_ > 0, self.eigenvalues_, np.inf))
        return centered(D * D / -2, self._means_) @ (self._vectors_ / scale)

    def reconstruction_error(self) -> float:
        """‖K - V Λ Vᵀ‖ / n: what the points do not show of K."""
        left = self._square_ - (self.eigenvalues_**2).sum()
        return float(np.sqrt(max(left, 0)) / len(self.dist_matrix_))


def shortest_paths(D):
    """The lengths of the shortest paths, from those of the edges, infinite where there is none; symmetric.

    P_vj ← min_u (D_vu + P_uj) over the neighbors u of v, for all j at once and one v after the other, until
    nothing changes (Bellman). The v come in the order of their distance from one end, forward and back, so
    that most paths are complete after few rounds (Zhao).
    """
    near = [np.flatnonzero(np.isfinite(row)) for row in D]
    legs = [row[u, None] for row, u in zip(D, near, strict=True)]
    end = _distances_from(_distances_from(0, D).argmax(), D)
    order, P, before = np.argsort(end, kind="stable"), D.copy(), None
    while before is None or not np.array_equal(P, before):
        before = P.copy()
        for v in [*order, *order[::-1]]:
            (P[near[v]] + legs[v]).min(axis=0, out=P[v])
    return np.minimum(P, P.T)


def _distances_from(v, D):
    found, before = D[v], None
    while before is None or not np.array_equal(found, before):
        found, before = (D + found).min(axis=1), found
    return found
