"""Transformers without memory: each row, or each number, by itself."""

import numpy as np

from models.foundation import choice, number
from models.preprocessing.one_to_one import OneToOne
from models.preprocessing.ranges import without_zeros


class Normalizer(OneToOne):
    """Each row divided by its norm ‖x‖; a row of zeros stays so.

    Different from scikit-learn: a row whose norm is below 2e-15 is divided as well.
    """

    requires_fit = False

    norm: str = choice("l2", "l1", "max", doc="√Σ x², Σ |x| or max |x|")

    def _fit(self, X):
        pass

    def _transform(self, X):
        return X / without_zeros(norms(X, self.norm))[:, None]


def norms(X: np.ndarray, norm: str) -> np.ndarray:
    """‖x‖ of each row."""
    if norm == "max":
        return np.abs(X).max(axis=1)
    if norm == "l1":
        return np.abs(X).sum(axis=1)
    with np.errstate(over="ignore", under="ignore"):
        squares = np.einsum("ij,ij->i", X, X)
    found = np.sqrt(squares)
    odd = ~((squares > 1e-290) & (squares < np.inf))  # over- or underflow
    if odd.any():
        unit = without_zeros(np.abs(X[odd]).max(axis=1))
        found[odd] = unit * np.linalg.norm(X[odd] / unit[:, None], axis=1)
    return found


class Binarizer(OneToOne):
    """1 where x > threshold, otherwise 0."""

    requires_fit = False

    threshold: float = number(0.0, doc="the largest number that becomes 0")

    def _fit(self, X):
        pass

    def _transform(self, X):
        return (self.threshold < X).astype(np.float64)
