"""How near rows decide: their weights, and what they say."""

from typing import Any

import numpy as np

from models.foundation import Estimator, choice, function
from models.neighbors.neighbors import Found
from tinygrad_edu.diagnostics.words import refusal


class Voting(Estimator):
    """Neighbors count equally (weights="uniform"), or by 1/distance; those at distance 0 count alone.

    weights may be a function of the distances: (samples, n_neighbors) -> the same shape; of a radius: an
    array of arrays.
    """

    weights: Any = choice("uniform", "distance", None) | function(
        doc="how much a neighbor counts; None is 'uniform'"
    )

    def _weights_of(self, found: Found, k: int | None) -> np.ndarray:
        """The weight of each neighbor; k: how many each query has, if equally many."""
        if self.weights in (None, "uniform"):
            return np.ones(len(found.row))
        if self.weights == "distance":
            with np.errstate(divide="ignore", over="ignore"):
                weight = 1 / found.distances
            equal = np.isinf(weight)
            alone = np.bincount(found.row[equal], minlength=found.queries) > 0
            return np.where(alone[found.row], equal, weight)
        if k is None:
            given = self.weights(found.split(found.distances))
            weight = np.concatenate([np.asarray(part, dtype=float) for part in given])
        else:
            weight = np.asarray(self.weights(found.distances.reshape(-1, k)), dtype=float).ravel()
        if len(weight) != len(found.row):
            what = f"weights returned {len(weight)} numbers for {len(found.row)} distances."
            raise refusal(ValueError, what, "a function that returns an array of the same shape")
        total = np.bincount(found.row, weight, minlength=found.queries)
        if not (total[found.row] > 0).all():
            what = (
                "All neighbors of some sample is getting zero weights. Please modify 'weights' to avoid this "
                "case if you are using a user-defined function."
            )
            raise refusal(ValueError, what, "weights='distance'")
        return weight


def votes(found: Found, weight: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """The part of each class among the neighbors, by weight: (queries, classes); zeros without neighbors."""
    at = found.row * classes + y[found.numbers]
    total = np.bincount(at, weight, minlength=found.queries * classes)
    total = total.reshape(found.queries, classes)
    size = total.sum(axis=1, keepdims=True)
    return total / np.where(size > 0, size, 1)


def means(found: Found, weight: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The mean of y over the neighbors, by weight: (queries, targets); NaN without neighbors."""
    size = np.bincount(found.row, weight, minlength=found.queries)
    size = np.where(size > 0, size, np.nan)
    columns = [
        np.bincount(found.row, weight * column[found.numbers], minlength=found.queries) / size
        for column in y.T
    ]
    return np.stack(columns, axis=1)
