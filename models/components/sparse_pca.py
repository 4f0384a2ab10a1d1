"""Principal components with few features in each.

Source: R. Jenatton, G. Obozinski, F. Bach, Structured sparse principal component analysis (2010); H. Zou,
T. Hastie, R. Tibshirani, Sparse principal component analysis (2006).
"""

from typing import Any

import numpy as np

from models.components.dictionary_learning import alternate, singular
from models.components.sparse_codes import sparse_encode
from models.foundation import (
    Transformer,
    array,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    seed,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.randomness import generator
from models.foundation.signs import signs
from models.foundation.validation import require_range
from tinygrad_edu.diagnostics.words import refusal


class SparsePCA(Transformer):
    """X - mean ≈ U V with many zeros in V: components that combine few features.

        L(U, V) = ½ ‖X - mean - U V‖² + α Σ |V|,    each column of U of length at most 1

    It is dictionary learning with X turned around: the columns of X are sums of few columns of U. The rows of
    V get length 1 at the end. They are not orthogonal, so `transform` is a ridge regression on them.
    """

    twin_tolerance = 1e-6

    n_components: int | None = integer(
        None, at_least=1, doc="number of components; None: as many as features"
    )
    alpha: float = nonnegative(1.0, doc="α, the price of entries of V")
    ridge_alpha: float = nonnegative(0.01, doc="penalty of the regression of `transform`")
    max_iter: int = integer(1000, at_least=1, doc="largest number of rounds")
    tol: float = nonnegative(1e-8, doc="stop when L falls by less than this share of it")
    method: str = choice("lars", "cd", doc="the lasso: by its path, or by coordinate descent")
    n_jobs: int | None = integer(None, doc="no effect: all features are coded at once")
    U_init: Any = array(None, doc="the first U: (samples, components)")
    V_init: Any = array(None, doc="the first V, for 'cd': (components, features)")
    verbose: Any = boolean(False, doc="no effect") | integer(at_least=0)
    random_state: Any = seed(doc="draws the columns that replace unused ones of U")

    components_: np.ndarray = learned("V: (components, features)")
    mean_: np.ndarray = learned("(features,)")
    error_: list[float] = learned("L of every round")
    n_components_: int = learned("number of components")
    n_iter_: int = learned("number of rounds")
    trace_: Trace = learned("of a fit in `with traced():` L and components_ after every round")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(2, alpha=0.5, tol=1e-7, random_state=0), X, y

    def _fit(self, X):
        n, d = require_range(X).shape
        k = d if self.n_components is None else self.n_components
        if k > max(n, d):
            what = f"n_components={k} is more than n_samples={n} and n_features={d}."
            raise refusal(ValueError, what, f"SparsePCA({min(n, d)})")
        self.mean_ = X.mean(axis=0)
        X = (X - self.mean_).T
        codes, atoms = singular(X, k)
        codes = _given("V_init", self.V_init, (k, d), codes)
        atoms = _given("U_init", self.U_init, (n, k), atoms)
        trace = Trace.of(self)

        def note(i, error, V, U):
            trace(i, error)
            trace.keep(components_=unit_rows(V.T))

        V, _, self.error_, arrived = alternate(
            X, codes, atoms, self._codes, self.alpha, self.max_iter, self.tol,
            generator(self.random_state), note=note if trace.keeps_states else None,
        )  # fmt: skip
        if trace:
            self.trace_ = trace
        self.n_iter_ = len(self.error_)
        if not arrived:
            warn_not_converged(self, "rounds", "raise max_iter, or tol")
        self.components_ = unit_rows(V.T)
        self.n_components_ = k

    def _codes(self, X, atoms, start):
        return sparse_encode(
            X, atoms, algorithm=f"lasso_{self.method}", alpha=self.alpha, init=start
        )

    def _transform(self, X):
        """The z with the least ‖x - mean - Vᵀ z‖² + ridge_alpha ‖z‖²."""
        V = self.components_
        G = V @ V.T + self.ridge_alpha * np.eye(len(V))
        right = V @ (X - self.mean_).T
        try:
            return np.linalg.solve(G, right).T
        except np.linalg.LinAlgError:  # components of zeros, and no penalty
            return (np.linalg.pinv(G) @ right).T

    def _inverse_transform(self, Z):
        return Z @ self.components_ + self.mean_


def unit_rows(V):
    """Rows of length 1, with the signs of `signs`."""
    V = V * signs(V)[:, None]
    length = np.linalg.norm(V, axis=1, keepdims=True)
    return V / np.where(length > 0, length, 1)


def _given(name, value, shape, otherwise):
    """A start that was given, transposed as a start of dictionary learning."""
    if value is None:
        return otherwise
    value = np.array(value, dtype=np.float64)
    if value.shape != shape:
        what = f"{name} has shape {value.shape}, and should have {shape}."
        raise refusal(ValueError, what, f"{name}=None")
    return value.T
