"""Dictionary learning: atoms of which every row of X is a sum of a few.

Source: B. Olshausen, D. Field, Sparse coding with an overcomplete basis set (1997); J. Mairal, F. Bach,
J. Ponce, G. Sapiro, Online dictionary learning for sparse coding (2009), algorithms 1 and 2.
"""

import math
from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from models.components.sparse_codes import ALGORITHMS, sparse_encode
from models.foundation import (
    Transformer,
    array,
    boolean,
    choice,
    function,
    integer,
    learned,
    nonnegative,
    seed,
)
from models.foundation.incremental import Incremental
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.randomness import generator
from models.foundation.signs import signs
from models.foundation.validation import require_range
from tinygrad_edu.diagnostics.words import refusal

UNUSED = 1e-6  # the square of a column of codes below which its atom is replaced


class SparseCoding(Transformer):
    """Codes of rows in a dictionary. A subclass says which one, by `_dictionary`."""

    _: KW_ONLY
    transform_algorithm: str = choice(
        *ALGORITHMS, doc="a greedy choice; the lasso by its path or by coordinate descent, with the same "
        "minimum; least angle regression; or correlations moved towards 0",
    )  # fmt: skip
    transform_n_nonzero_coefs: int | None = integer(
        None, at_least=1, doc="atoms in a code of 'omp' and 'lars'; None for features / 10"
    )
    transform_alpha: float | None = nonnegative(None, doc="α of the other algorithms")
    split_sign: bool = boolean(False, doc="codes as max(w, 0) and max(-w, 0), side by side")
    n_jobs: int | None = integer(None, doc="no effect: all rows are coded at once")
    positive_code: bool = boolean(False, doc="codes of 0 or more")
    transform_max_iter: int = integer(1000, at_least=1, doc="largest number of steps of a lasso")

    _dictionary: ClassVar[Any]

    def _encode(self, X, dictionary, algorithm, α, init=None):
        if self.positive_code and algorithm in ("omp", "lars"):
            what = f"Positive constraint not supported for '{algorithm}' coding method."
            raise refusal(ValueError, what, "'lasso_lars', 'lasso_cd' or 'threshold'")
        return sparse_encode(
            X, dictionary, algorithm=algorithm, alpha=α, init=init, positive=self.positive_code,
            n_nonzero_coefs=self.transform_n_nonzero_coefs, max_iter=self.transform_max_iter,
        )  # fmt: skip

    def _transform(self, X):
        α = self.transform_alpha
        if α is None:
            α = getattr(self, "alpha", 1.0)
        W = self._encode(require_range(X), self._dictionary(), self.transform_algorithm, α)
        return self._split(W)

    def _split(self, W):
        return np.hstack([np.maximum(W, 0), np.maximum(-W, 0)]) if self.split_sign else W

    def _inverse_transform(self, W):
        k = len(self._dictionary())
        return (W[:, :k] - W[:, k:] if self.split_sign else W) @ self._dictionary()

    def _names_out(self, names):
        columns = len(self._dictionary()) * (1 + self.split_sign)
        return [f"{type(self).__name__.lower()}{i}" for i in range(columns)]


class SparseCoder(SparseCoding):
    """Codes of rows in a given dictionary: x ≈ W D with few numbers in W that are not 0.

    `fit` learns nothing.
    """

    requires_fit = False
    overcomplete = True
    does_not_apply: ClassVar[Any] = {
        "check_*": "the dictionary decides the width of X; tests/models/components give it that of each check"
    }

    dictionary: Any = array(
        doc="D: (atoms, features); 'omp' and 'threshold' expect rows of length 1"
    )

    n_components_: int = learned("number of atoms")

    def _fit(self, X):
        self._require_width(require_range(X))
        self.n_components_ = len(self._dictionary())

    def _dictionary(self):
        return np.asarray(self.dictionary, dtype=np.float64)

    def _transform(self, X):
        self._require_width(X)
        return super()._transform(X)

    def _require_width(self, X):
        shape = np.shape(self.dictionary)
        if len(shape) != 2 or shape[1] != X.shape[1]:
            what = "Dictionary and X have different numbers of features: "
            what += f"dictionary.shape: {shape}, X.shape: {X.shape}."
            raise refusal(ValueError, what, "atoms as rows of the dictionary")

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        D = rng.normal(size=(6, 4))
        D /= np.linalg.norm(D, axis=1, keepdims=True)
        yield cls(D, transform_algorithm="lasso_lars", transform_alpha=0.2), X, np.arange(60) % 3
        yield cls(D, transform_n_nonzero_coefs=2), X, np.arange(60) % 3


class LearnedDictionary(SparseCoding):
    """What both forms have in common: the parameters of the objective, and the first atoms."""

    overcomplete = True
    # as in scikit-learn's tests
    checked_with: ClassVar[Any] = {"transform_algorithm": "lasso_lars"}

    n_components: int | None = integer(
        None, at_least=1, doc="number of atoms; None: as many as features"
    )
    _: KW_ONLY
    alpha: float = nonnegative(1.0, doc="α, the price of codes")
    max_iter: int = integer(1000, at_least=1, doc="largest number of passes over X")
    fit_algorithm: str = choice(
        "lars", "cd", doc="the lasso of `fit`: by its path, or by coordinate descent"
    )
    dict_init: Any = array(None, doc="the first atoms: (components, features)")
    callback: Any = choice(None) | function(doc="called after each step with a dict of its results")
    verbose: Any = boolean(False, doc="no effect") | integer(at_least=0)
    random_state: Any = seed(doc="for batches, and rows that replace unused atoms")
    positive_dict: bool = boolean(False, doc="atoms of 0 or more")

    components_: np.ndarray = learned("D: (components, features)")

    def _dictionary(self):
        return self.components_

    def _first_atoms(self, X):
        """Those given; or singular vectors times singular values, and 0 for more than there are."""
        k = X.shape[1] if self.n_components is None else self.n_components
        given = self.dict_init
        D = singular(X, k)[1] if given is None else np.array(given, dtype=np.float64)[:k]
        if D.shape != (k, X.shape[1]):
            what = f"dict_init has shape {D.shape}, and the dictionary {(k, X.shape[1])}."
            raise refusal(ValueError, what, "dict_init=None")
        return D

    def _fit_codes(self, X, D, start=None):
        return self._encode(X, D, f"lasso_{self.fit_algorithm}", self.alpha, start)


class DictionaryLearning(LearnedDictionary):
    """X ≈ W D with few numbers in W that are not 0: rows as sums of a few atoms, the rows of D.

        L(W, D) = ½ ‖X - W D‖² + α Σ |W|,    ‖d_k‖ ≤ 1

    A round finds the best W for D, a lasso for every row, and then the best d_k for W, one after the other
    (Mairal et al., algorithm 2). An atom that no row uses is replaced by a row of X with noise.

    `fit_transform` returns the codes that belong to L; `transform` those of `transform_algorithm`. dict_init
    counts without code_init too, unlike in scikit-learn, whose positive codes by "lars" are not the best.
    """

    n_components = None
    _: KW_ONLY
    tol: float = nonnegative(1e-8, doc="stop when L falls by less than this share of it")
    code_init: Any = array(None, doc="the first codes of 'cd': (samples, components)")

    error_: list[float] = learned("L of every round")
    n_iter_: int = learned("number of rounds")
    trace_: Trace = learned("of a fit in `with traced():` L and components_ after every round")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(3, alpha=0.1, tol=1e-6, transform_algorithm="lasso_lars"), X, y

    def _fit(self, X):
        X = require_range(X)
        D = self._first_atoms(X)
        W = np.zeros((len(X), len(D)))
        if self.code_init is not None:
            W = np.array(self.code_init, dtype=np.float64)
            if W.shape != (len(X), len(D)):
                what = f"code_init has shape {W.shape}, and the codes {(len(X), len(D))}."
                raise refusal(ValueError, what, "code_init=None")
        elif self.dict_init is None:
            W = singular(X, len(D))[0]
        trace = Trace.of(self)

        def note(i, error, W, D):
            trace(i, error)
            trace.keep(components_=D)

        _, self.components_, self.error_, arrived = alternate(
            X, W, D, self._fit_codes, self.alpha, self.max_iter, self.tol,
            generator(self.random_state), self.positive_dict, self.callback,
            note if trace.keeps_states else None,
        )  # fmt: skip
        if trace:
            self.trace_ = trace
        self.n_iter_ = len(self.error_)
        if not arrived:
            warn_not_converged(self, "rounds", "raise max_iter, or tol")

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """Fits, and returns the codes with the least L for the atoms of the fit. y is ignored."""
        W = self.fit(X)._fit_codes(self._check(X), self.components_)
        return self._contained(self._split(W), X)


class MiniBatchDictionaryLearning(Incremental, LearnedDictionary):
    """Dictionary learning, a batch of rows at a time: the same objective as DictionaryLearning.

    The batches seen before count through A = Σ Wᵀ W and B = Σ Xᵀ W, which fade as in Mairal et al.,
    algorithm 1: a batch of b rows multiplies them by (θ + 1 - b) / (θ + 1), θ the rows seen, at first b t.
    """

    n_components = None
    _: KW_ONLY
    tol: float = nonnegative(1e-3, doc="stop when the atoms move by less; 0: never for that")
    batch_size: int = integer(256, at_least=1, doc="rows in a batch")
    shuffle: bool = boolean(True, doc="rows in random order")
    max_no_improvement: int | None = integer(
        10,
        at_least=0,
        doc="stop after so many batches that do not lower the smoothed cost; None: never",
    )

    n_iter_: int = learned("number of passes over X")
    n_steps_: int = learned("number of batches")
    trace_: Trace = learned("of a fit in `with traced():` cost and components_ after every batch")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(
                3, alpha=0.1, batch_size=20, shuffle=False, max_iter=30, random_state=0,
                transform_algorithm="lasso_lars", dict_init=X[:3] / 3,
            ), X, y  # fmt: skip

    def _fit(self, X):
        n, size, smooth, lowest, worse = len(X), min(self.batch_size, len(X)), None, np.inf, 0
        rng = self._begin(require_range(X))
        rows = rng.permutation(n) if self.shuffle else np.arange(n)
        passes, trace = math.ceil(n / size), Trace.of(self)
        for step in range(self.max_iter * passes):
            batch = X[rows[size * (step % passes) :][:size]]
            before = self.components_
            cost = self._learn_batch(batch, rng)
            if trace.keeps_states:
                trace(step + 1, cost)
                trace.keep(components_=self.components_)
            if self.n_steps_ > min(100, n / len(batch)):
                share = min(len(batch) / (n + 1), 1)
                smooth = cost if smooth is None else (1 - share) * smooth + share * cost
                move = np.linalg.norm(self.components_ - before)
                if self.tol > 0 and move <= self.tol * len(before):
                    break
                worse = 0 if smooth < lowest else worse + 1
                lowest = min(lowest, smooth)
                if self.max_no_improvement is not None and worse >= self.max_no_improvement:
                    break
            if self.callback is not None:
                self.callback({"i": step, "batch_cost": cost, "dictionary": self.components_})
        if trace:
            self.trace_ = trace
        self.n_iter_ = math.ceil(self.n_steps_ / passes)

    def _partial_fit(self, X):
        known = "components_" in vars(self)
        rng = generator(self.random_state) if known else self._begin(require_range(X))
        self._learn_batch(X, rng)

    def _begin(self, X):
        self.components_, self.n_steps_ = self._first_atoms(X), 0
        k = len(self.components_)
        self._codes_squared_, self._codes_X_ = np.zeros((k, k)), np.zeros((X.shape[1], k))
        return generator(self.random_state)

    def _learn_batch(self, X, rng):
        b, t, D = len(X), self.n_steps_, self.components_.copy()
        W = self._fit_codes(X, D)
        cost = objective(X, W, D, self.alpha) / b
        θ = (t + 1) * b if t < b - 1 else b * b + t + 1 - b
        fading = (θ + 1 - b) / (θ + 1)
        self._codes_squared_ = fading * self._codes_squared_ + W.T @ W / b
        self._codes_X_ = fading * self._codes_X_ + X.T @ W / b
        improve(D, X, W, self._codes_squared_, self._codes_X_, rng, self.positive_dict)
        self.components_, self.n_steps_ = D, t + 1
        return cost


def objective(X, W, D, α):
    """½ ‖X - W D‖² + α Σ |W|."""
    return float(((X - W @ D) ** 2).sum() / 2 + α * np.abs(W).sum())


def alternate(X, W, D, encode, α, max_iter, tol, rng, positive=False, callback=None, note=None):
    """The best codes, then the best atoms, in turn: W, D, L of every round, and whether L stands still.

    encode   X, D, codes of before -> codes
    note     called after every round with its number, L, W and D
    """
    D, errors = D.copy(), []
    for i in range(max_iter):
        W = encode(X, D, W)
        improve(D, X, W, W.T @ W, X.T @ W, rng, positive)
        errors.append(objective(X, W, D, α))
        if note:
            note(i + 1, errors[-1], W, D)
        if i > 0 and errors[-2] - errors[-1] < tol * errors[-1]:
            return W, D, errors, True
        if i % 5 == 0 and callback is not None:
            callback({"ii": i, "code": W, "dictionary": D, "errors": errors})
    return W, D, errors, errors[-1] == 0


def improve(D, X, W, A, B, rng, positive):
    """The best value of each atom, given the others, with a length of at most 1; in place.

    A = Wᵀ W and B = Xᵀ W: the minimum over d_k is d_k + (b_k - Dᵀ a_k) / a_kk.
    """
    for k, d in enumerate(D):
        if A[k, k] > UNUSED:
            d += (B[:, k] - A[k] @ D) / A[k, k]
        else:
            d[:] = X[rng.integers(len(X))]
            d += rng.normal(0, 0.01 * (d.std() or 1), len(d))
            W[:, k] = 0
        if positive:
            np.maximum(d, 0, out=d)
        d /= max(np.linalg.norm(d), 1)


def singular(X, k):
    """W, D with the k largest singular values: X ≈ W D, WᵀW = I. Zeros for more than there are."""
    U, s, V = np.linalg.svd(X, full_matrices=False)
    turn, more = signs(U.T), max(k - len(s), 0)
    W, D = U * turn, (s * turn)[:, None] * V
    return np.pad(W, ((0, 0), (0, more)))[:, :k], np.pad(D, ((0, more), (0, 0)))[:k]
