"""X as the search reads it: a row for each feature, with small integers instead of numbers.

A question  x ≤ threshold  depends on the order of the values alone. So each number is replaced by its rank
among the different values of its feature: 2 bytes instead of 8, which are sorted as integers.
"""

from typing import Any, ClassVar

import numpy as np

from models.trees.categories import bytes_for, packed, places

CLOSE = 1e-7  # values of a feature that differ by no more than this are not separated


def precision(X):
    """The type in which values are compared: float32 as in scikit-learn, unless a value exceeds it."""
    largest = max(np.fmax.reduce(X, axis=None), -np.fmin.reduce(X, axis=None))
    return np.float64 if largest > np.finfo(np.float32).max else np.float32


class Table:
    """X in the types of a search.

    X              (samples, features)
    codes          (features, samples): a question  code ≤ cut  is one about X
    missing        (features,): is a value of the feature missing?
    n_categories   (features,): how many categories a feature has, whose X are their numbers, or 0 if it is
                   a number; None if all are
    """

    X: np.ndarray
    codes: np.ndarray
    missing: np.ndarray
    is_missing: ClassVar[Any]  # (codes, features) -> booleans

    def __init__(self, X, n_categories=None):
        self.n_categories, self.dtype = n_categories, precision(X)

    def codes_in(self, nodes, features):
        """The codes of the samples of nodes, (rows, samples). features: (rows, nodes) or (rows, 1).

        Those of categories are their places in the order that is searched.
        """
        start = features * self.codes.shape[1]  # of the row of a feature
        start = start if start.shape[1] == 1 else nodes.spread(start)
        codes = self.codes.ravel().take(start + nodes.samples)
        if self.n_categories is None:
            return codes
        some = self.are_categories(features).any(axis=1)
        for i in np.flatnonzero(some):
            feature = nodes.spread(np.broadcast_to(features[i], nodes.number))
            missing = self.is_missing(codes[i], feature)
            ordered = self.are_categories(feature) & ~missing
            codes[i] = np.where(ordered, places(codes[i], missing, nodes), codes[i])
        return codes

    def are_categories(self, features):
        """Which of the features are categories?"""
        if self.n_categories is None:
            return np.zeros(np.shape(features), dtype=bool)
        return self.n_categories[features] > 0

    @property
    def bytes_of_sets(self):
        return 0 if self.n_categories is None else bytes_for(int(self.n_categories.max()))

    def sets(self, nodes, feature, left, missing_left):
        """The sets of categories that go left in each node, as bits: (nodes, bytes).

        feature, left: of each sample. A category that a node has not met goes where missing values go.
        """
        if self.n_categories is None:
            return np.zeros((nodes.number, 0), np.uint8)
        found = missing_left[:, None].repeat(self.n_categories.max(), axis=1)
        category = self.X[nodes.samples, feature]
        known = np.flatnonzero(self.are_categories(feature) & ~np.isnan(category))
        found[nodes.of[known], category[known].astype(np.intp)] = left[known]
        return packed(found)


class Ranks(Table):
    """X by ranks, for the search of the best questions."""

    def __init__(self, X, n_categories=None):
        super().__init__(X, n_categories)
        self.X = X
        samples, features = X.shape
        self.codes = np.empty((features, samples), np.min_scalar_type(samples))
        self.missing = np.isnan(X.min(axis=0))
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
        """The numbers that the ranks stand for. NaN for categories: no two are too close for a cut."""
        found = self.X[samples, features].astype(self.dtype)
        if self.n_categories is None:
            return found
        return np.where(self.are_categories(features), np.nan, found)

    def is_missing(self, codes, features):
        return self.missing[features] & (codes == self.highest[features])


class Columns(Table):
    """The columns of X as they are, for random questions."""

    def __init__(self, X, n_categories=None):
        super().__init__(X, n_categories)
        self.codes = X.T.astype(self.dtype, order="C")
        self.X = self.codes.T
        self.missing = np.isnan(X.min(axis=0))

    def is_missing(self, codes, features):
        return np.isnan(codes)
