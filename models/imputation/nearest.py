"""The values of similar rows in place of those that are missing.

Source: O. Troyanskaya and others, Missing value estimation methods for DNA microarrays (2001).
"""

from typing import Any

import numpy as np

from models.foundation import boolean, choice, function, integer, learned
from models.imputation.missing import Imputer, missing_in

BLOCK = 2**23  # distances at a time: 64 MB


class KNNImputer(Imputer):
    """Replaces a missing value by the mean of its column over the k nearest rows of `fit` that have it.

        d(x, y)² = D / |P| · Σ_(j in P) (x_j - y_j)²

    of D features, with P those that both rows have. A row that shares none with any other gets the mean of
    the column.
    """

    overcomplete = True  # of fewer rows than k it takes all

    n_neighbors: int = integer(5, at_least=1, doc="k, the number of rows")
    weights: Any = choice("uniform", "distance") | function(
        doc="a plain mean, or weighted by 1 / d, or by a function of the distances"
    )
    metric: Any = choice("nan_euclidean") | function(
        doc="d as above, or a function: x, y, missing_values=... -> d"
    )
    copy: bool = boolean(True, doc="no effect: X is never changed")

    _rows_: np.ndarray = learned("the rows of fit: (samples, features)")
    _missing_: np.ndarray = learned("which of them are missing")

    def _fit(self, X):
        self._missing_ = missing_in(X, self.missing_values)
        self._rows_ = np.where(self._missing_, 0.0, X)
        self._learn_missing(self._missing_)

    def _transform(self, X):
        mask = missing_in(X, self.missing_values)
        filled = np.where(mask, 0.0, X)
        wanted = mask & ~self._missing_.all(axis=0)
        rows = np.flatnonzero(wanted.any(axis=1))
        size = max(1, BLOCK // len(self._rows_))
        for block in np.split(rows, range(size, len(rows), size)):
            distances = self._distances(X[block], mask[block])
            for j in np.flatnonzero(wanted[block].any(axis=0)):
                receiving = wanted[block, j]
                filled[block[receiving], j] = self._values(distances[receiving], j)
        return self._with_indicator(filled[:, self._kept_], mask)

    def _distances(self, X, mask):
        """d of each row of X and of fit, (rows, samples); NaN where they share no feature."""
        if callable(self.metric):
            known = np.where(self._missing_, self.missing_values, self._rows_)
            metric: Any = self.metric
            return np.array(
                [[metric(x, y, missing_values=self.missing_values) for y in known] for x in X]
            )
        present, other = (~mask).astype(np.float64), (~self._missing_).astype(np.float64)
        # Near the middle little cancels.
        middle = self._rows_.sum(axis=0) / np.maximum(other.sum(axis=0), 1)
        X = np.where(mask, 0, X - middle)
        Y = np.where(self._missing_, 0, self._rows_ - middle)
        squares = X**2 @ other.T + present @ (Y**2).T
        squares -= 2 * (X @ Y.T)
        np.maximum(squares, 0, out=squares)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares *= X.shape[1]
            squares /= present @ other.T
        return np.sqrt(squares, out=squares)

    def _values(self, distances, j):
        """The value of column j for each row of distances."""
        donors = np.flatnonzero(~self._missing_[:, j])
        given, distances = self._rows_[donors, j], distances[:, donors]
        k = min(self.n_neighbors, len(donors))
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        distances = np.take_along_axis(distances, nearest, axis=1)
        weights = np.where(np.isnan(distances), 0, self._weighted(distances))
        total = weights.sum(axis=1)
        found = (weights * given[nearest]).sum(axis=1) / np.where(total > 0, total, 1)
        return np.where(total > 0, found, given.mean())

    def _weighted(self, distances):
        if callable(self.weights):
            return self.weights(distances)
        if self.weights == "uniform":
            return np.ones_like(distances)
        same = distances == 0
        with np.errstate(divide="ignore"):
            return np.where(same.any(axis=1, keepdims=True), same, 1 / distances)

    @classmethod
    def examples(cls, rng):
        yield cls(n_neighbors=3), rng.normal(size=(60, 4)), np.arange(60) % 3
