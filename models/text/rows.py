"""Rows of numbers that are mostly zeros."""

from typing import Any, NamedTuple

import numpy as np

from models.foundation.sparse import mostly_zeros


class Rows(NamedTuple):
    """Row i has data[k] in column columns[k], for starts[i] ≤ k < starts[i + 1]; the rest is 0."""

    data: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    width: int

    def numbers(self) -> np.ndarray:
        """The row of each number in data."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def keep(self, chosen: np.ndarray) -> "Rows":
        """Only those entries, a mask of data."""
        starts = np.append(0, np.cumsum(chosen))[self.starts]
        return Rows(self.data[chosen], self.columns[chosen], starts, self.width)

    def merged(self) -> "Rows":
        """The same with one number for each row and column: the sum."""
        keys = self.numbers() * self.width + self.columns
        order = np.argsort(keys)
        keys = keys[order]
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
        data = np.add.reduceat(self.data[order], first) if len(first) else self.data
        keys, rows = keys[first], len(self.starts) - 1
        starts = np.searchsorted(keys, np.arange(rows + 1) * self.width)
        return Rows(data, keys % self.width, starts, self.width)

    def normalized(self, norm: str | None) -> "Rows":
        """Each row divided by its norm; a row of zeros stays so."""
        if norm is None:
            return self
        rows, n = self.numbers(), len(self.starts) - 1
        size: np.ndarray
        if norm == "max":
            size = np.zeros(n)
            np.maximum.at(size, rows, np.abs(self.data))
        elif norm == "l1":
            size = np.bincount(rows, np.abs(self.data), n)
        else:
            size = np.sqrt(np.bincount(rows, self.data**2, n))
        return self._replace(data=self.data / np.where(size == 0, 1, size)[rows])

    def table(self, output: Any, dtype: Any) -> Any:
        """An array, or a sparse matrix of SciPy, as the parameter sparse_output says."""
        shape = (len(self.starts) - 1, self.width)
        return mostly_zeros(
            self.data.astype(dtype, copy=False), self.columns, self.starts, shape, output
        )


def rows_of(X: Any) -> Rows:
    """The rows of a table: an array, a list of rows or a sparse matrix of SciPy."""
    if hasattr(X, "tocsr"):
        X = X.tocsr()
        return Rows(X.data, X.indices, X.indptr, X.shape[1])
    X = np.asarray(X)
    rows, columns = np.nonzero(X)
    starts = np.searchsorted(rows, np.arange(len(X) + 1))
    return Rows(X[rows, columns], columns, starts, X.shape[1])
