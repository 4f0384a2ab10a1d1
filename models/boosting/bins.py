"""Features as numbers of bins, 0 to 254, so that a tree searches few cuts, and counts instead of sorting."""

from typing import Any

import numpy as np

MOST_ROWS = 200_000  # of more, a sample with this many rows places the cuts


class Bins:
    """Cuts of every feature: x is in bin b if cut[b - 1] < x <= cut[b]. The last bin is for missing values.

    cuts        an array for each feature: midpoints between its values, or quantiles if there are too many.
                Of a categorical feature, whose values are 0, 1, 2, ..., there are none
    number      (features,): how many bins a feature has, without that for missing values
    missing     the number of the bin for missing values, which is that of all features
    """

    def __init__(self, X: np.ndarray, weight: Any, most: int, categories: Any, rng: Any):
        if len(X) > MOST_ROWS:
            part = None if weight is None else weight / weight.sum()
            X, weight = X[rng.choice(len(X), MOST_ROWS, p=part)], None
        self.cuts = [
            _cuts(x, weight, most) if known is None else np.arange(known - 1) + 0.5
            for x, known in zip(X.T, categories, strict=True)
        ]
        self.number = np.array([len(cuts) + 1 for cuts in self.cuts])
        self.missing = int(self.number.max())

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """The bin of every number: (rows, features), bytes."""
        found = np.empty(X.shape, dtype=np.uint8)
        for j, cuts in enumerate(self.cuts):
            found[:, j] = np.searchsorted(cuts, X[:, j])
        found[np.isnan(X)] = self.missing
        return found


def _cuts(x: np.ndarray, weight: Any, most: int) -> np.ndarray:
    present = ~np.isnan(x)
    x, weight = x[present], None if weight is None else weight[present]
    values = np.unique(x)
    if len(values) <= most:
        return values[:-1] / 2 + values[1:] / 2
    parts = np.linspace(0, 100, most + 1)[1:-1] / 100
    if weight is None:
        return np.unique(np.quantile(x, parts, method="averaged_inverted_cdf"))
    order = np.argsort(x)
    x, below = x[order], np.cumsum(weight[order])
    at = np.minimum(np.searchsorted(below, parts * below[-1]), len(x) - 1)
    on_edge = below[at] - parts * below[-1] <= np.finfo(float).eps
    return np.unique(np.where(on_edge, (x[at] + x[np.minimum(at + 1, len(x) - 1)]) / 2, x[at]))
