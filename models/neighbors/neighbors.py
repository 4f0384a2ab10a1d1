"""NearestNeighbors, and what all estimators that look for neighbors have in common."""

from typing import Any, NamedTuple

import numpy as np

from models.foundation import Estimator, choice, function, integer, learned, mapping, positive
from models.foundation.sparse import mostly_zeros
from models.neighbors.distances import NAMES, minkowski
from models.neighbors.search import ALGORITHMS, Search
from models.neighbors.space_tree import as_objects
from tinygrad_edu.diagnostics.words import refusal


class Found(NamedTuple):
    """The neighbors of several queries, row[i] of them numbers[i] at distances[i]; rows in order."""

    row: np.ndarray
    numbers: np.ndarray
    distances: np.ndarray
    starts: np.ndarray  # (queries + 1,): those of query i start at starts[i]

    @property
    def queries(self) -> int:
        return len(self.starts) - 1

    def split(self, values: np.ndarray) -> np.ndarray:
        """The values of each query: an array of arrays."""
        return as_objects(np.split(values, self.starts[1:-1]))


class NeighborsModel(Estimator):
    """Remembers the rows of X, and finds those that are near. `_search_` is the search for them.

    The answer does not depend on the algorithm: distances are exact, and of rows at the same distance the
    first is taken. scikit-learn's algorithms decide such ties in different ways.
    """

    algorithm: str = choice(*ALGORITHMS, doc="how to search; 'auto': a tree for few features")
    leaf_size: int = integer(30, at_least=1, doc="about how many rows a leaf of a tree has")
    p: float = positive(2, optional=True, doc="p of the Minkowski distance")
    metric: Any = choice("minkowski", *(name for name in NAMES if name != "minkowski")) | function(
        doc="a distance: see pairwise_distances; 'precomputed': X has the distances, or is a sparse graph"
    )
    metric_params: Any = choice(None) | mapping(doc="parameters of the distance")
    n_jobs: Any = choice(None) | integer(doc="no effect: matrix products use several threads")

    n_samples_fit_: int = learned("number of rows")
    effective_metric_: Any = learned("the distance, by the name of the special case")
    effective_metric_params_: dict[str, Any] = learned("its parameters")

    @property
    def pairwise(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "precomputed"

    @property
    def accepts_sparse(self) -> bool:
        return self.pairwise  # a graph of neighbors

    @property
    def allow_nan(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "nan_euclidean"

    def _index(self, X: np.ndarray) -> None:
        """Builds the search, and names the distance."""
        metric, params = self.metric, dict(self.metric_params or {})
        if isinstance(metric, str) and metric == "minkowski":
            p = params.setdefault("p", 2 if self.p is None else self.p)
            names = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}
            if params.get("w") is None and p in names:
                metric, params = names[p], {}
        self._refuse_tree(metric, params)
        hint = getattr(self, "n_neighbors", None)
        self._search_ = Search(X, metric, self.algorithm, self.leaf_size, params, hint)
        self.n_samples_fit_ = X.shape[0]
        self.effective_metric_, self.effective_metric_params_ = metric, params

    def _refuse_tree(self, metric, params):
        tree = self.algorithm in ("kd_tree", "ball_tree")
        if tree and metric == "minkowski" and minkowski(**params).root is None:
            what = (
                f'algorithm="{self.algorithm}" does not support 0 < p < 1 for the Minkowski metric.'
            )
            raise refusal(ValueError, what, 'p >= 1 or algorithm="brute"')

    def _queries(self, X: Any) -> Any:
        """X checked, or None for the rows of fit."""
        if X is None:
            self._require_fit()
            return None
        return self._check(X)

    def _k_nearest(self, X, k) -> tuple[np.ndarray, np.ndarray]:
        """Distances and numbers of the k nearest rows of each row of X, which is checked."""
        return self._search_.own_nearest(k) if X is None else self._search_.nearest(X, k)

    def _within(self, X, radius, by_distance=False) -> Found:
        if X is None:
            starts, numbers, distances = self._search_.own_within(radius, by_distance)
        else:
            starts, numbers, distances = self._search_.within(X, radius, by_distance)
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        return Found(row, numbers, distances, starts)

    def _graph(self, found: Found, mode: str) -> Any:
        """The matrix of these neighbors, which needs SciPy."""
        if mode not in ("connectivity", "distance"):
            what = (
                f'Unsupported mode, must be one of "connectivity", or "distance" but got "{mode}".'
            )
            raise refusal(ValueError, what, 'mode="distance"')
        values = found.distances if mode == "distance" else np.ones(len(found.numbers))
        shape = (found.queries, self.n_samples_fit_)
        return mostly_zeros(values, found.numbers, found.starts, shape, True)


class KNeighbors(NeighborsModel):
    """Methods to look for a number of neighbors."""

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> Any:
        """Distances to the nearest rows and their numbers, two arrays (samples, n_neighbors).

        X=None looks for the neighbors of the rows of fit, which do not count as their own neighbors.
        """
        found = self._k_nearest(self._queries(X), self._number(n_neighbors))
        return found if return_distance else found[1]

    def kneighbors_graph(
        self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity"
    ) -> Any:
        """A matrix (samples, rows of fit) in SciPy's CSR form: 1, or the distance, for each neighbor.

        mode   "connectivity" or "distance". Raises ImportError without SciPy; use kneighbors then.
        """
        distances, numbers = self.kneighbors(X, n_neighbors)
        return self._graph(neighbors_of_each(numbers, distances), mode)

    def _number(self, n_neighbors: Any) -> int:
        n_neighbors = self.n_neighbors if n_neighbors is None else n_neighbors  # type: ignore
        if not isinstance(n_neighbors, (int, np.integer)) or isinstance(n_neighbors, bool):
            kind = type(n_neighbors).__name__
            what = f"n_neighbors does not take {kind} value, enter integer value."
            raise refusal(TypeError, what, "n_neighbors=5")
        if n_neighbors < 1:
            raise refusal(ValueError, f"Expected n_neighbors > 0. Got {n_neighbors}.", "5")
        return int(n_neighbors)


class RadiusNeighbors(NeighborsModel):
    """Methods to look for all neighbors that are near enough."""

    def radius_neighbors(
        self, X: Any = None, radius: float | None = None, return_distance: bool = True,
        sort_results: bool = False,
    ) -> Any:  # fmt: skip
        """Distances to the rows at most radius away, and their numbers: two arrays of arrays.

        X=None looks for the neighbors of the rows of fit, which do not count as their own neighbors. They are
        sorted by number, or with sort_results by distance.
        """
        if sort_results and not return_distance:
            what = "return_distance must be True if sort_results is True."
            raise refusal(ValueError, what, "return_distance=True")
        found = self._within(self._queries(X), self._radius(radius), sort_results)
        numbers = found.split(found.numbers)
        return (found.split(found.distances), numbers) if return_distance else numbers

    def radius_neighbors_graph(
        self, X: Any = None, radius: float | None = None, mode: str = "connectivity",
        sort_results: bool = False,
    ) -> Any:  # fmt: skip
        """A matrix (samples, rows of fit) in SciPy's CSR form: 1, or the distance, for each neighbor."""
        found = self._within(self._queries(X), self._radius(radius), sort_results)
        return self._graph(found, mode)

    def _radius(self, radius: Any) -> float:
        return self.radius if radius is None else radius  # type: ignore[attr-defined]


class NearestNeighbors(KNeighbors, RadiusNeighbors):
    """Finds the nearest rows, by brute force or in a tree.

    kneighbors returns the n_neighbors nearest, radius_neighbors all that are at most radius away. The
    matrices of kneighbors_graph and radius_neighbors_graph need SciPy.
    """

    overcomplete = True  # n_neighbors may be given later
    does_not_apply = {"test_its_twin_gives_the_same_answers": "it has none of those methods"}

    n_neighbors: int = integer(5, at_least=1, doc="how many kneighbors looks for")
    radius: float = positive(1.0, optional=True, doc="how far radius_neighbors looks")

    def _fit(self, X):
        self._index(X)


def neighbors_of_each(numbers: np.ndarray, distances: np.ndarray) -> Found:
    """The same number of neighbors for each query, two arrays (queries, k)."""
    n, k = numbers.shape
    row = np.repeat(np.arange(n), k)
    return Found(row, numbers.ravel(), distances.ravel(), np.arange(n + 1) * k)
