"""Random projections: fewer columns, chosen blindly, that keep all distances nearly.

Source: S. Dasgupta, A. Gupta, An elementary proof of a theorem of Johnson and Lindenstrauss (2003);
D. Achlioptas, Database-friendly random projections (2003); P. Li, T. Hastie, K. Church, Very sparse random
projections (2006).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Transformer,
    boolean,
    choice,
    integer,
    learned,
    number,
    positive,
    warn,
)
from models.foundation.randomness import random_state, seed
from tinygrad_edu.diagnostics.words import refusal


def johnson_lindenstrauss_min_dim(n_samples: Any, *, eps: Any = 0.1) -> Any:
    """The dimensions that keep all squared distances of n_samples rows within a factor 1 ± eps:

        k ≥ 4 log n / (eps² / 2 - eps³ / 3)          (Dasgupta and Gupta, theorem 2.1)

    It does not depend on the number of columns. Numbers or arrays of them.
    """
    n, ε = np.asarray(n_samples), np.asarray(eps)
    if (ε <= 0).any() or (ε >= 1).any():
        what = f"The JL bound is defined for eps in ]0, 1[, got {eps!r}."
        raise refusal(ValueError, what, "eps=0.1")
    if (n <= 0).any():
        what = f"The JL bound is defined for n_samples greater than zero, got {n_samples!r}."
        raise refusal(ValueError, what, "the number of rows")
    return (4 * np.log(n) / (ε**2 / 2 - ε**3 / 3)).astype(np.int64)


class RandomProjection(Transformer):
    """z = R x with a random R, of which ‖R x‖² is ‖x‖² on average. A subclass draws it, by `_draw`."""

    accepts_sparse = True
    overcomplete = True

    n_components: Any = choice(
        "auto", doc="k; 'auto' for johnson_lindenstrauss_min_dim(rows, eps)"
    ) | integer(at_least=1)
    eps: float = positive(0.1, doc="the error of squared distances for 'auto'")
    compute_inverse_components: bool = boolean(False, doc="keep inverse_components_")
    random_state: Any = seed()

    components_: np.ndarray = learned("R: (components, features)")
    inverse_components_: np.ndarray = learned(
        "its pseudoinverse, if wanted: (features, components)"
    )
    n_components_: int = learned("k")

    def _draw(self, rng, k, d):
        raise NotImplementedError

    def _fit(self, X):
        (n, d), k = X.shape, self.n_components
        if k == "auto":
            k = int(johnson_lindenstrauss_min_dim(n, eps=self.eps))
            what = f"eps={self.eps} and n_samples={n} lead to a target dimension of {k} which is "
            if k <= 0:
                raise refusal(ValueError, what + "invalid.", "n_components=2, or more rows")
            if k > d:
                what += f"larger than the original space with n_features={d}."
                raise refusal(ValueError, what, "n_components as a number, or a larger eps")
        elif k > d:
            text = "The number of components is higher than the number of features: "
            warn(UserWarning, f"{text}n_features < n_components ({d} < {k}). Try: n_components={d}")
        self.n_components_ = k
        self.components_ = self._draw(random_state(self.random_state), k, d)
        if self.compute_inverse_components:
            self.inverse_components_ = np.linalg.pinv(self.components_)

    def _transform(self, X):
        return X @ self.components_.T

    def _inverse_transform(self, Z):
        """The shortest x with R x = z."""
        known = vars(self).get("inverse_components_")
        return Z @ (np.linalg.pinv(self.components_) if known is None else known).T

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(2, random_state=0), X, y


class GaussianRandomProjection(RandomProjection):
    """z = R x with independent R_ij ~ N(0, 1 / k): a random projection onto k directions.

    The same seed gives the same R as in scikit-learn.
    """

    checked_with = {"n_components": 2}
    n_components = "auto"

    def _draw(self, rng, k, d):
        return rng.normal(0, 1 / np.sqrt(k), (k, d))


class SparseRandomProjection(RandomProjection):
    """z = R x with R_ij = ±1 / √(p k), each with probability p / 2, and otherwise 0 (Li et al., equation 2).

    p = 1/3 is that of Achlioptas. components_ is a plain array, in which zeros take space; in scikit-learn it
    is a sparse matrix. The same seed gives the same R as there if p is 1, or from 0.02 to 0.98.
    """

    checked_with = {"n_components": 2}
    n_components = "auto"
    density: Any = choice("auto", doc="p; 'auto' for 1 / √features") | number(above=0, at_most=1)
    dense_output: bool = boolean(False, doc="no effect: the result is always a plain array")

    density_: float = learned("p")

    def _draw(self, rng, k, d):
        p = self.density_ = float(1 / np.sqrt(d) if self.density == "auto" else self.density)
        if p == 1:
            return (2 * rng.binomial(1, 0.5, (k, d)) - 1) / np.sqrt(k)
        R, columns = np.zeros((k, d)), []
        for _ in range(k):
            number = rng.binomial(d, p)
            columns.append(rng.permutation(d)[:number])
        row = np.repeat(np.arange(k), [len(found) for found in columns])
        R[row, np.concatenate(columns)] = 2 * rng.binomial(1, 0.5, len(row)) - 1
        return R / np.sqrt(p * k)
