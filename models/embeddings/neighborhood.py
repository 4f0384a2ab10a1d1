"""What embeddings by eigenvectors have in common: who is near whom, and a point for each row."""

from typing import Any

import numpy as np

from models.foundation import Transformer, choice, integer, learned
from models.foundation.validation import require_range
from models.neighbors.neighbors import NearestNeighbors
from tinygrad_edu.diagnostics.words import refusal


class NeighborhoodEmbedding(Transformer):
    """A point in few dimensions for each row of X, from eigenvectors of a matrix that its neighbors make."""

    n_components: int = integer(2, at_least=1, doc="dimensions of the points")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    embedding_: np.ndarray = learned("the points: (samples, n_components)")

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """Fits, and returns the points, (samples, n_components). y is ignored."""
        return self._contained(self.fit(X).embedding_, X)

    def _names_out(self, names):
        return [f"{type(self).__name__.lower()}{i}" for i in range(self.embedding_.shape[1])]

    def _require_samples(self, samples):
        k, name = self.n_components, type(self).__name__
        if samples == 1:
            what = f"{name} places rows beside their neighbors, and n_samples=1."
            raise refusal(ValueError, what, "more rows")
        if k >= samples:
            what = f"{name} got n_components={k}, and must have fewer than n_samples={samples}."
            raise refusal(ValueError, what, f"{name}(n_components=2), and more rows")


class WithNearest(NeighborhoodEmbedding):
    """Such an embedding with a search for neighbors, which also places new rows."""

    n_neighbors: Any = integer(5, at_least=1, doc="neighbors of a row")
    neighbors_algorithm: str = choice(
        "auto", "brute", "kd_tree", "ball_tree", doc="how to search: the answer is the same"
    )

    nbrs_: Any = learned("the search for neighbors, a NearestNeighbors")

    def _search(self, X, **settings):
        k = self.n_neighbors
        self._require_samples(len(X))
        if k is not None and k >= len(X):
            what = f"Expected n_neighbors < n_samples, but n_samples = {len(X)}, n_neighbors={k}."
            raise refusal(ValueError, what, f"{type(self).__name__}(n_neighbors={len(X) - 1})")
        found = NearestNeighbors(algorithm=self.neighbors_algorithm, **settings)
        self.nbrs_ = found.fit(require_range(X))


def connected(edges: np.ndarray) -> np.ndarray:
    """The number of the connected component of each node, (n,). edges: (n, n), true where there is one."""
    label = np.full(len(edges), -1)
    edges = edges | edges.T
    for number in range(len(edges)):
        waiting = label < 0
        if not waiting.any():
            break
        front = np.zeros(len(edges), bool)
        front[waiting.argmax()] = True
        while front.any():
            label[front] = number
            front = edges[front].any(axis=0) & (label < 0)
    return label
