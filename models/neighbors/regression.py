"""Regression by the neighbors: the mean of their targets.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition,
section 2.3.2.
"""

import numpy as np

from models.foundation import Regressor, integer, positive, warn
from models.neighbors.classification import require_neighbors
from models.neighbors.neighbors import KNeighbors, RadiusNeighbors, neighbors_of_each
from models.neighbors.voting import Voting, means


class KNeighborsRegressor(KNeighbors, Voting, Regressor):
    """ŷ(x) = Σ w_i y_i / Σ w_i over the n_neighbors rows nearest to x."""

    several_targets = True

    n_neighbors: int = integer(5, at_least=1, doc="how many neighbors are averaged")

    def _fit(self, X, y):
        require_neighbors(self, X)
        self._index(X)
        self._y_ = y

    def _predict(self, X):
        distances, numbers = self._k_nearest(X, self.n_neighbors)
        found = neighbors_of_each(numbers, distances)
        mean = means(found, self._weights_of(found, self.n_neighbors), _columns(self._y_))
        return mean.reshape(-1, *self._y_.shape[1:])


class RadiusNeighborsRegressor(RadiusNeighbors, Voting, Regressor):
    """ŷ(x) = Σ w_i y_i / Σ w_i over the rows at most radius away from x.

    A row without neighbors is predicted to be NaN, with a warning.
    """

    several_targets = True

    radius: float = positive(1.0, doc="how far neighbors may be away")

    def _fit(self, X, y):
        self._index(X)
        self._y_ = y

    def _predict(self, X):
        found = self._within(X, self.radius)
        mean = means(found, self._weights_of(found, None), _columns(self._y_))
        if (np.diff(found.starts) == 0).any():
            text = "One or more samples have no neighbors within specified radius; predicting NaN."
            warn(UserWarning, f"{text} Try: a larger radius")
        return mean.reshape(-1, *self._y_.shape[1:])


def _columns(y):
    return y.reshape(len(y), -1)
