"""Local outlier factor: rows in a less dense place than their neighbors.

Source: M. Breunig, H.-P. Kriegel, R. Ng, J. Sander, LOF: identifying density-based local outliers, SIGMOD
(2000).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Estimator,
    OutlierDetector,
    boolean,
    choice,
    integer,
    learned,
    number,
    warn,
)
from models.foundation.conditional import where
from models.neighbors.neighbors import KNeighbors

EXTRA = 1e-10  # so that equal rows have a density


class LocalOutlierFactor(KNeighbors, OutlierDetector):
    """LOF(x) is the mean density of the neighbors of x, divided by the density at x: about 1 for inliers.

        density(x) = 1 / mean_o max(distance(x, o), k-distance(o))      over the k nearest neighbors o

    with k-distance(o) the distance from o to its own k-th neighbor (definitions 5 to 7). Without novelty,
    rows of fit are judged, by fit_predict. With novelty=True new rows are, by predict, decision_function and
    score_samples, which returns -LOF.

    k is n_neighbors, or the number of other rows if there are fewer.
    """

    overcomplete = True  # n_neighbors may exceed the number of rows

    n_neighbors: int = integer(20, at_least=1, doc="k")
    contamination: Any = choice("auto") | number(
        above=0, at_most=0.5, doc="fraction of outliers in X; 'auto': those with LOF > 1.5"
    )
    novelty: bool = boolean(False, doc="judge new rows, rather than those of fit")

    negative_outlier_factor_: np.ndarray = learned("-LOF of the rows of fit: (samples,)")
    n_neighbors_: int = learned("k")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(novelty=True), X, y

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        Estimator._learn(self, X, y, sample_weight)  # _fit sets offset_, from the rows of fit

    def _fit(self, X):
        self._index(X)
        self.n_neighbors_ = max(1, min(self.n_neighbors, len(X) - 1))
        distances, numbers = self._search_.own_nearest(self.n_neighbors_)
        self._k_distances_ = distances[:, -1]
        self._densities_ = self._density(distances, numbers)
        self.negative_outlier_factor_ = self._compare(self._densities_, numbers)
        self.offset_ = -1.5
        if self.contamination != "auto":
            percent = 100 * self.contamination
            self.offset_ = float(np.percentile(self.negative_outlier_factor_, percent))
        if self.negative_outlier_factor_.min() < -1e7 and not self.novelty:
            text = "Duplicate values are leading to incorrect results."
            warn(UserWarning, f"{text} Try: more n_neighbors than a row has duplicates")

    def _density(self, distances, numbers):
        reach = np.maximum(distances, self._k_distances_[numbers])
        return 1 / (reach.mean(axis=1) + EXTRA)

    def _compare(self, density, numbers):
        """-LOF."""
        return -(self._densities_[numbers] / density[:, None]).mean(axis=1)

    def _score_samples(self, X):
        distances, numbers = self._k_nearest(X, self.n_neighbors_)
        return self._compare(self._density(distances, numbers), numbers)

    @property
    def _judges_new(self) -> bool:
        if not self.novelty:
            raise AttributeError
        return True

    @property
    def _judges_own(self) -> bool:
        if self.novelty:
            raise AttributeError
        return True

    @where("_judges_new")
    def score_samples(self, X: Any) -> np.ndarray:
        """-LOF of each row of X, shape (samples,): lower is more unusual. With novelty=True."""
        return super().score_samples(X)

    @where("_judges_new")
    def decision_function(self, X: Any) -> np.ndarray:
        """score_samples(X) - offset_: below 0 for outliers. With novelty=True."""
        return super().decision_function(X)

    @where("_judges_new")
    def predict(self, X: Any) -> np.ndarray:
        """1 for each row of X that is like the others, -1 for an outlier. With novelty=True."""
        return super().predict(X)

    @where("_judges_own")
    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Fits, and returns 1 or -1 for each row of X. With novelty=False."""
        self.fit(X)
        return np.where(self.negative_outlier_factor_ < self.offset_, -1, 1)
