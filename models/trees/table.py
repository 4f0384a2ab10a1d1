"""X as the search reads it: a row for each feature, with small integers instead of numbers.

A question  x ≤ threshold  depends on the order of the values alone. So each number is replaced by its rank
among the different values of its feature: 2 bytes instead of 8, which are sorted as integers.
"""

import numpy as np

CLOSE = 1e-7  # values of a feature that differ by no more than this are not separated


def precision(X):
    """The type in which values are compared: float32 as in scikit-learn, unless a value exceeds it."""
    largest = max(np.fmax.reduce(X, axis=None), -np.fmin.reduce(X, axis=None))
    return np.float64 if largest > np.finfo(np.float32).max else np.float32


class Ranks:
    """X by ranks, for the search of the best questions. `codes` is (features, samples)."""

    def __init__(self, X):
        samples, features = X.shape
        self.X, self.dtype = X, precision(X)
        self.codes = np.empty((features, samples), np.min_scalar_type(samples))
        self.missing = np.isnan(X.min(axis=0))  # is a value of the feature missing?
        # The highest rank: that of missing values, if there are some.
        self.highest = np.zeros(features, np.int64)
        for feature in range(features):
            column = X[:, feature].astype(self.dtype)
            order = np.argsort(column)  # NaN comes last
            column = column[order]
            rises = column[:-1] < column[1:]
            if self.missing[feature]:
                rises |= np.isnan(column[1:]) & ~np.isnan(column[:-1])
            ranks = np.concatenate([[0], np.cumsum(rises)])
            self.codes[feature, order] = ranks
            self.highest[feature] = ranks[-1]

    def values(self, samples, features):
        """The numbers that the ranks stand for."""
        return self.X[samples, features].astype(self.dtype)

    def is_missing(self, codes, features):
        return self.missing[features] & (codes == self.highest[features])


class Columns:
    """The columns of X as they are, for random questions. `codes` is (features, samples)."""

    def __init__(self, X):
        self.dtype = precision(X)
        self.codes = X.T.astype(self.dtype, order="C")
        self.missing = np.isnan(X.min(axis=0))

    def is_missing(self, codes, features):
        return np.isnan(codes)
