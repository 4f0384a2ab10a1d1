"""Spectral co-clustering.

Source: I. Dhillon, Co-clustering documents and words using bipartite spectral graph partitioning, KDD (2001).
"""

from typing import Any

import numpy as np

from models.clusters.kmeans import KMeans
from models.clusters.mini_batch import MiniBatchKMeans
from models.foundation import Estimator, array, boolean, choice, function, integer, learned, seed
from tinygrad_edu.diagnostics.words import refusal


class SpectralCoclustering(Estimator):
    """Clusters rows and columns of a table together: each cluster has rows, and columns that are large there.

    The table X is seen as a graph of rows and columns (such as documents and words), and X_ij joins row i to
    column j. As in SpectralClustering the graph is cut where little is separated. With R and C the diagonal
    matrices of the row and column sums, the coordinates of the rows and columns are

        R^-½ U and C^-½ V,   U and V the singular vectors 2, 3, … of R^-½ X C^-½

    and k-means clusters both at once. Negative numbers are shifted up to 0 first.
    """

    n_clusters: int = integer(3, at_least=1, doc="number of clusters")
    svd_method: str = choice(
        "randomized",
        "arpack",
        doc="without effect: all singular vectors are found by np.linalg.svd",
    )
    n_svd_vecs: int | None = integer(None, at_least=0, doc="without effect")
    mini_batch: bool = boolean(False, doc="cluster by MiniBatchKMeans")
    init: Any = (
        choice("k-means++", "random", doc="initial centers of k-means: see KMeans")
        | array()
        | function()
    )
    n_init: int = integer(10, at_least=1, doc="number of starts of k-means; the best is kept")
    random_state: Any = seed()

    row_labels_: np.ndarray = learned("(rows,): the cluster of each row")
    column_labels_: np.ndarray = learned("(columns,): the cluster of each column")
    rows_: np.ndarray = learned("(n_clusters, rows): does it belong to the cluster?")
    columns_: np.ndarray = learned("(n_clusters, columns): does it belong to the cluster?")

    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "it has labels alone, and no answers for other rows"
    }

    def _fit(self, X):
        if self.n_clusters > len(X):
            what = f"n_clusters should be <= n_samples={len(X)}. Got n_clusters={self.n_clusters} instead."
            raise refusal(ValueError, what, f"n_clusters={len(X)}, or fewer")
        X = X - min(0.0, X.min())
        X = X / (X.max() or 1.0)  # so that sums do not overflow
        of_rows, of_columns = (_over_root(X.sum(axis=axis)) for axis in (1, 0))
        U, _, Vt = np.linalg.svd(of_rows[:, None] * X * of_columns, full_matrices=False)
        n = 1 + int(np.ceil(np.log2(self.n_clusters)))
        together = np.concatenate(
            [of_rows[:, None] * U[:, 1:n], of_columns[:, None] * Vt[1:n].T]
            if n > 1
            else [np.zeros((len(X), 1)), np.zeros((X.shape[1], 1))]
        )
        kind: Any = MiniBatchKMeans if self.mini_batch else KMeans
        model = kind(
            self.n_clusters, init=self.init, n_init=self.n_init, random_state=self.random_state
        )
        labels = model.fit_predict(together)
        self.row_labels_, self.column_labels_ = labels[: len(X)], labels[len(X) :]
        every = np.arange(self.n_clusters)[:, None]
        self.rows_, self.columns_ = self.row_labels_ == every, self.column_labels_ == every

    @property
    def biclusters_(self) -> tuple[np.ndarray, np.ndarray]:
        """rows_ and columns_."""
        return self.rows_, self.columns_

    def get_indices(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows and of the columns of cluster i."""
        return np.flatnonzero(self.rows_[i]), np.flatnonzero(self.columns_[i])

    def get_shape(self, i: int) -> tuple[int, ...]:
        """How many rows and columns cluster i has."""
        return tuple(len(numbers) for numbers in self.get_indices(i))

    def get_submatrix(self, i: int, data: Any) -> np.ndarray:
        """The rows and columns of cluster i, of a table such as X."""
        return np.asarray(data)[np.ix_(*self.get_indices(i))]


def _over_root(sums):
    """1 / √sum, and 0 for a row or column of zeros."""
    return np.where(sums > 0, 1 / np.sqrt(np.where(sums > 0, sums, 1)), 0)
