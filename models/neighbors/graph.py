"""The graph of neighbors as a matrix of SciPy, for programs that begin with it.

`KNeighborsTransformer` in a pipeline computes the graph once, for estimators with metric="precomputed".
"""

from typing import Any

from models.foundation import Transformer, choice, integer, positive
from models.neighbors.classification import require_neighbors
from models.neighbors.neighbors import (
    KNeighbors,
    NearestNeighbors,
    RadiusNeighbors,
    neighbors_of_each,
)


class GraphTransformer(Transformer):
    """The graph of neighbors: a matrix (samples, rows of fit) in SciPy's CSR form, which it needs."""

    mode: str = choice("distance", "connectivity", doc="entries: the distance, or 1")

    def _names_out(self, names):
        return [f"{type(self).__name__.lower()}{i}" for i in range(self.n_samples_fit_)]  # type: ignore

    def _fit(self, X):
        self._index(X)  # type: ignore[attr-defined]


class KNeighborsTransformer(KNeighbors, GraphTransformer):
    """The graph of the n_neighbors nearest rows of fit; of one more for mode="distance".

    So a row of fit, which is its own nearest neighbor there, has n_neighbors others.
    """

    n_neighbors: int = integer(5, at_least=1, doc="how many neighbors")

    def _fit(self, X):
        require_neighbors(self, X, more=self.mode == "distance")
        super()._fit(X)

    def _transform(self, X):
        distances, numbers = self._k_nearest(X, self.n_neighbors + (self.mode == "distance"))
        return self._graph(neighbors_of_each(numbers, distances), self.mode)


class RadiusNeighborsTransformer(RadiusNeighbors, GraphTransformer):
    """The graph of the rows of fit at most radius away, sorted by distance."""

    radius: float = positive(1.0, doc="how far neighbors may be away")

    def _transform(self, X):
        return self._graph(self._within(X, self.radius, by_distance=True), self.mode)


def kneighbors_graph(
    X: Any, n_neighbors: int, *, mode: str = "connectivity", metric: Any = "minkowski", p: float = 2,
    metric_params: Any = None, include_self: Any = False, n_jobs: Any = None,
) -> Any:  # fmt: skip
    """The graph of the n_neighbors nearest rows: a matrix (samples, samples) in SciPy's CSR form.

    X              rows, or a fitted NearestNeighbors
    include_self   is a row its own first neighbor? "auto": for mode="connectivity"
    """
    model = _fitted(X, metric, p, metric_params)
    return model.kneighbors_graph(_queries(model, include_self, mode), n_neighbors, mode)


def radius_neighbors_graph(
    X: Any, radius: float, *, mode: str = "connectivity", metric: Any = "minkowski", p: float = 2,
    metric_params: Any = None, include_self: Any = False, n_jobs: Any = None,
) -> Any:  # fmt: skip
    """The graph of the rows at most radius away: a matrix (samples, samples) in SciPy's CSR form.

    X              rows, or a fitted NearestNeighbors
    include_self   is a row its own neighbor? "auto": for mode="connectivity"
    """
    model = _fitted(X, metric, p, metric_params)
    return model.radius_neighbors_graph(_queries(model, include_self, mode), radius, mode)


def _fitted(X, metric, p, metric_params):
    if hasattr(X, "kneighbors_graph"):
        return X
    return NearestNeighbors(metric=metric, p=p, metric_params=metric_params).fit(X)


def _queries(model, include_self, mode):
    own = mode == "connectivity" if include_self == "auto" else include_self
    return model._search_.X if own else None
