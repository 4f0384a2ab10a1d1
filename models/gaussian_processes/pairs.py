"""The pairs of rows at which a kernel k(x, z) is evaluated, and what a formula may ask about them.

    Pairs(X, Z)     every row of X with every row of Z      (n, m): a covariance matrix
    Below(X)        every row of X with the rows before it   (n (n - 1) / 2,): its lower triangle
    Alone(X)        every row of X with itself              (n,): its diagonal

A covariance matrix of one X is symmetric, so its lower triangle and its diagonal are enough, in half of
the time and memory. All that does not depend on the parameters of a kernel is computed once.
"""

from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import Op

FARTHEST = 1e200  # squared distances are cut there, where all kernels are 0, so that none overflows


class Pairs:
    """Every row x of X with every row z of Z; if Z is None, of X with X."""

    def __init__(self, X: np.ndarray, Z: np.ndarray | None = None):
        self.X, self.Z = X, X if Z is None else Z
        self.one_table = Z is None

    def _placed(self, matrix: Any) -> Any:
        """A matrix (n, m) in the arrangement of these pairs."""
        return matrix

    @cached_property
    def products(self) -> np.ndarray:
        """x·z"""
        return self._placed(self.X @ self.Z.T)

    @cached_property
    def same(self) -> Any:
        """1 for a row with itself, otherwise 0. Equal rows are still different observations."""
        return np.eye(len(self.X)) if self.one_table else 0.0

    @cached_property
    def _squares(self) -> np.ndarray:
        return self._placed(squared_distances(self.X, self.Z))

    @cached_property
    def _distances(self) -> np.ndarray:
        distances = self._placed(squared_distances(self.X, self.Z))
        return np.sqrt(distances, out=distances)

    def squared_distances(self, length_scale: Any, factor: float = 1.0) -> Any:
        """factor · Σ_k (x_k - z_k)² / l_k², with one length scale l for all features or one for each."""
        if is_one_number(length_scale):
            return self._squares * np.reshape(factor / (length_scale * length_scale), ())
        if np.shape(length_scale) != self.X.shape[1:]:
            what = "Anisotropic kernel must have the same number of dimensions as data "
            what += f"({len(length_scale)}!={self.X.shape[1]})."
            raise refusal(ValueError, what, "one length scale, or one for each column of X")
        X = self.X / length_scale
        Z = X if self.one_table else self.Z / length_scale
        return self._placed(squared_distances(X, Z)) * factor

    def distances(self, length_scale: Any, factor: float = 1.0) -> Any:
        """factor · the square root of these squared distances."""
        if is_one_number(length_scale):
            return self._distances * np.reshape(factor / length_scale, ())
        # √ has no derivative at 0, for equal rows: added is a number that vanishes beside all others.
        return np.sqrt(self.squared_distances(length_scale) + 1e-200) * factor


class Below(Pairs):
    """Every row of X with the rows before it, row by row of the lower triangle."""

    same = 0.0

    def _placed(self, matrix: Any) -> Any:
        return lower_triangle(matrix)


class Alone(Pairs):
    """Every row of X with itself."""

    same = 1.0

    @cached_property
    def products(self) -> np.ndarray:
        return (self.X * self.X).sum(axis=1)

    def squared_distances(self, length_scale: Any, factor: float = 1.0) -> Any:
        return np.zeros(len(self.X))

    distances = squared_distances


def is_one_number(x: Any) -> bool:
    """Is it a number, or an array of one?"""
    return np.shape(x) in ((), (1,))


def _squared_distances(X: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """From the differences: |x|² + |z|² - 2 x·z would lose the digits of small distances."""
    found = np.zeros((len(X), len(Z)))
    with np.errstate(over="ignore"):
        for start in range(0, len(X), 64):  # rows that stay in the processor's cache
            rows = slice(start, start + 64)
            for x, z in zip(X[rows].T, np.ascontiguousarray(Z.T), strict=True):
                difference = x[:, None] - z
                difference *= difference
                found[rows] += difference
    return np.minimum(found, FARTHEST, out=found)


squared_distances = Op(
    _squared_distances,
    lambda g, y, X, Z: 2 * (g.sum(axis=1)[:, None] * X - g @ Z),
    lambda g, y, X, Z: 2 * (g.sum(axis=0)[:, None] * Z - g.T @ X),
    name="squared_distances", formula="|x - z|² of every row x of X and z of Z",
    cases=lambda rng: [((rng.normal(size=(3, 2)), rng.normal(size=(4, 2))), {})],
)  # fmt: skip


def _lower_triangle(matrix: np.ndarray) -> np.ndarray:
    return matrix[np.tri(len(matrix), k=-1, dtype=bool)]


def _from_below(lower: np.ndarray) -> np.ndarray:
    n = (1 + round(np.sqrt(1 + 8 * len(lower)))) // 2
    matrix = np.zeros((n, n))
    matrix[np.tri(n, k=-1, dtype=bool)] = lower
    return matrix


lower_triangle: Op = Op(
    _lower_triangle, lambda g, y, matrix: from_below(g),
    name="lower_triangle", formula="the elements below the diagonal, row by row", linear=True,
    cases=lambda rng: [((rng.normal(size=(4, 4)),), {}), ((rng.normal(size=(1, 1)),), {})],
)  # fmt: skip
from_below: Op = Op(
    _from_below, lambda g, y, lower: lower_triangle(g),
    name="from_below", formula="the matrix with these elements below the diagonal, otherwise 0", linear=True,
    cases=lambda rng: [((rng.normal(size=6),), {})],
)  # fmt: skip
