"""Multidimensional scaling: points with the distances of the rows.

Source: J. Kruskal, Nonmetric multidimensional scaling: a numerical method (1964);
I. Borg, P. Groenen, Modern Multidimensional Scaling, 2nd edition (2005), chapters 8, 9 and 12.
"""

from typing import Any

import numpy as np

from models.embeddings.distances import distances, euclidean, power_of_two
from models.embeddings.embedding import Embedding, given_start
from models.embeddings.gains import descend
from models.foundation import array, boolean, choice, integer, learned, nonnegative
from models.foundation.eigenpairs import largest_of_all
from models.foundation.isotonic import rising
from models.foundation.iterate import Trace
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal


class MDS(Embedding):
    """Points with the distances of the rows: the least stress  σ = Σ_i<j (d_ij - δ_ij)².

    solver="smacof" takes the Guttman transform of the points (Borg and Groenen 8.28), which never raises σ:

        Y ← B(Y) Y / n,   b_ij = -δ_ij / d_ij,  b_ii = -Σ_j≠i b_ij

    This is Y - ∇σ / 2n: gradient descent whose step needs no search. The other solvers are those of all
    embeddings, on the gradient that the engine derives from `loss`.

    With metric_mds=False only the order of the δ counts: δ is replaced in each iteration by the increasing
    function of it that is closest to d (isotonic regression), with Σ_i<j δ² = n (n - 1) / 2. A δ of 0 is then
    missing. It needs solver="smacof".

    The default of `init` is "classical_mds", as in scikit-learn from 1.10; in 1.9 it is "random".
    """

    twin_settings = {"dissimilarity": "deprecated"}

    n_components = 2
    metric_mds: bool = boolean(True, doc="keep the distances; False for their order alone")
    n_init: int = integer(1, at_least=1, doc="starts, if init='random'; the best is kept")
    init: Any = choice("classical_mds", "random", doc="the first points, or given") | array()
    max_iter: int = integer(300, at_least=1, doc="largest number of iterations")
    eps: float = nonnegative(
        1e-6, doc="stop when σ / Σ d² falls by less; of lbfgs and cg: max |∇σ| / max δ"
    )
    dissimilarity: str = choice(
        "deprecated", "euclidean", "precomputed", doc="an older name of metric, which it replaces"
    )
    metric: Any = Embedding._parameters["metric"] | boolean()
    normalized_stress: Any = (
        choice("auto", doc="report (σ / Σ d²)^½; 'auto': if not metric_mds") | boolean()
    )
    solver: str = choice("smacof", "gains", "lbfgs", "cg", doc="how the stress is minimized")

    stress_: float = learned("σ, or its normalized form")
    dissimilarity_matrix_: np.ndarray = learned("δ: (samples, samples)")

    def loss(self, D, Y):
        i, j = np.triu_indices(len(D), 1)
        return ((np.linalg.norm(Y[i] - Y[j], axis=1) - D[i, j]) ** 2).sum()

    def pairs(self, X):
        """δ, (n, n)."""
        metric = "euclidean" if isinstance(self.metric, bool) else self.metric
        metric = metric if self.dissimilarity == "deprecated" else self.dissimilarity
        return distances(X, metric, self.metric_params)

    def _fit(self, X):
        rng = self._begin(len(X))
        D = self.dissimilarity_matrix_ = self.pairs(X)
        unit = power_of_two(D.max())
        D = D / unit  # so that no square overflows
        keeps_distances = self.metric if isinstance(self.metric, bool) else self.metric_mds
        if not keeps_distances and self.solver != "smacof":
            what = f"MDS(metric_mds=False, solver={self.solver!r}): the order of distances has no gradient."
            raise refusal(ValueError, what, "MDS(metric_mds=False, solver='smacof')")
        random = isinstance(self.init, str) and self.init == "random"
        runs = []
        for _ in range(self.n_init if random else 1):
            self.trace_ = Trace.of(self)
            Y = self._start(D, unit, rng)
            run = self._by_smacof if self.solver == "smacof" else self._by_gradient
            runs.append((*run(D, Y, keeps_distances), self.trace_))
        Y, shown, self.n_iter_, self.trace_ = min(
            runs, key=lambda run: self._stress(run[1], run[0])
        )
        normalized = self.normalized_stress
        if normalized == "auto":
            normalized = not keeps_distances
        self.stress_ = self._stress(shown, Y, normalized)
        if not normalized and keeps_distances:
            self.stress_ *= unit**2
        self.embedding_ = Y * unit if keeps_distances else Y
        for state in self.trace_.states if keeps_distances else ():
            state.embedding_ = state.embedding_ * unit

    def _stress(self, D, Y, normalized=False):
        d = euclidean(Y)
        stress = ((d - D) ** 2).sum() / 2
        return float(np.sqrt(2 * stress / ((d * d).sum() or 1)) if normalized else stress)

    def _start(self, D, unit, rng):
        shape = len(D), self.n_components
        if not isinstance(self.init, str):
            return given_start(self.init, *shape, "MDS") / unit
        return rng.uniform(size=shape) / unit if self.init == "random" else classical(D, shape[1])

    def _by_smacof(self, D, Y, keeps_distances):
        n, upper = len(D), np.triu_indices(len(D), 1)
        d, shown, before = euclidean(Y), D, np.inf
        for iteration in range(1, self.max_iter + 1):
            if not keeps_distances:
                shown = disparities(D[upper], d[upper] if iteration > 1 else D[upper], n)
            Y = guttman(shown, d, Y)
            d = euclidean(Y)
            stress, size = ((d - shown) ** 2).sum() / 2, (d * d).sum() / 2
            self.trace_(iteration, stress)
            if self.trace_.keeps_states:
                self.trace_.keep(embedding_=Y)
            if before - stress < self.eps * size or size == 0:
                break
            before = stress
        return Y, shown, iteration

    def _by_gradient(self, D, Y, keeps_distances):
        def slope(Y, _=True):
            return self.slope(D, Y)

        if self.solver == "gains":
            steps, rate = range(self.max_iter), 1 / (8 * len(D))  # a quarter of SMACOF's step
            Y, done, _ = descend(slope, Y, self.trace_, rate=rate, momentum=0.5, steps=steps)
            return Y, D, done
        found = self.by_line_search(self.solver, slope, Y, max_iter=self.max_iter, tol=self.eps)
        return found.point, D, max(found.iterations, 1)

    def fit(self, X: Any, y: Any = None, init: Any = None) -> Any:
        """Places a point for each row of X, and returns self. init: the first points; y is ignored."""
        if init is None:
            return super().fit(X)
        return self._take_over(type(self)(**(self.get_params(deep=False) | {"init": init})).fit(X))


def guttman(D: np.ndarray, d: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The Guttman transform of points Y with distances d: B(Y) Y / n."""
    ratio = D / np.where(d > 0, d, 1e-5)
    return (ratio.sum(axis=1)[:, None] * Y - ratio @ Y) / len(Y)


def classical(D: np.ndarray, k: int) -> np.ndarray:
    """Classical scaling: the points whose inner products are closest to those of δ (Borg, Groenen 12.1).

    -J δ² J / 2 = U Λ Uᵀ with J = I - 1/n, and Y = U Λ^½ of the k largest eigenvalues.
    """
    B = D * D
    B = -(B - B.mean(axis=0) - B.mean(axis=1)[:, None] + B.mean()) / 2
    size, U = largest_of_all(B, k)
    return U * signs(U.T) * np.sqrt(np.maximum(size, 0))


def disparities(δ: np.ndarray, d: np.ndarray, n: int) -> np.ndarray:
    """The increasing function of δ closest to d, as (n, n), with Σ_i<j = n (n - 1) / 2 for its squares."""
    known = δ > 0
    found = np.zeros(len(δ))
    if known.any():
        found[known] = isotonic(δ[known], d[known])
    size = np.sqrt((found**2).sum())
    full = np.zeros((n, n))
    full[np.triu_indices(n, 1)] = found * np.sqrt(n * (n - 1) / 2) / (size or 1)
    return full + full.T


def isotonic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The values that increase with x and are closest to y; equal x have equal values."""
    same = np.round(x / x.max(), 12)  # rounding must not separate equal distances
    _, place, counts = np.unique(same, return_inverse=True, return_counts=True)
    return rising(np.bincount(place, y), counts.astype(float))[place]
