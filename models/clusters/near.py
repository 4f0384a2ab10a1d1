"""The parameters of clusters that are found by distances."""

from typing import Any, ClassVar

from models.foundation import Estimator, choice, function, integer, mapping
from models.neighbors.distances import NAMES
from models.neighbors.search import ALGORITHMS, Search

NO_PREDICT = {"test_its_twin_gives_the_same_answers": "only rows of fit have labels"}


class ByDistance(Estimator):
    """Looks for the rows that are near each other."""

    reads_graph: ClassVar[bool] = False  # may precomputed distances be a sparse graph of neighbors?

    metric: Any = choice("euclidean", *(name for name in NAMES if name != "euclidean")) | function(
        doc="a distance: see pairwise_distances; 'precomputed': X has the distances"
    )
    metric_params: Any = choice(None) | mapping(doc="parameters of the distance")
    algorithm: str = choice(*ALGORITHMS, doc="how to search; the answer does not depend on it")
    leaf_size: int = integer(30, at_least=1, doc="about how many rows a leaf of a tree has")
    n_jobs: Any = choice(None) | integer(doc="no effect: matrix products use several threads")

    @property
    def pairwise(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "precomputed"

    @property
    def accepts_sparse(self) -> bool:
        return self.pairwise and self.reads_graph

    def _search(self, X: Any) -> Search:
        params = dict(self.metric_params or {})
        p = getattr(self, "p", None)
        if isinstance(self.metric, str) and self.metric == "minkowski" and p is not None:
            params.setdefault("p", p)
        return Search(X, self.metric, self.algorithm, self.leaf_size, params)
