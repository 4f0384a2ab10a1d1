"""Quantiles of all columns, without NaN, from one sort."""

import numpy as np


class Sorted:
    """The columns of X in ascending order.

    The quantile p of n values is the one at place p (n - 1), counted from 0; between two places it is
    interpolated. These are NumPy's numbers, to the last digit.
    """

    def __init__(self, X: np.ndarray):
        self.values = np.array(X.T, order="C")
        self.values.sort(axis=1)  # NaN last
        self.known = X.shape[0] - np.isnan(self.values).sum(axis=1)

    def quantiles(self, p: np.ndarray) -> np.ndarray:
        """(len(p), features); NaN for a column of nothing but NaN."""
        place = np.asarray(p)[:, None] * np.maximum(self.known - 1, 0)
        below = np.floor(place).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(self.known - 1, 0))
        columns = np.arange(len(self.values))
        a, b = self.values[columns, below], self.values[columns, above]
        t, step = place - below, b - a
        return np.where(t < 0.5, a + step * t, b - step * (1 - t))

    def median(self) -> np.ndarray:
        """(features,): the value in the middle, or the mean of the two in the middle."""
        columns = np.arange(len(self.values))
        last = np.maximum(self.known - 1, 0)
        a, b = self.values[columns, last // 2], self.values[columns, (last + 1) // 2]
        return np.where(a == b, a, (a + b) / 2)
