"""What all support vector machines have in common: a kernel, a quadratic problem, and the rows that matter.

Source: B. Schölkopf, A. Smola, Learning with Kernels (2002), chapters 7 to 10.
"""

from typing import Any

import numpy as np

from models.foundation import boolean, choice, function, integer, learned, number, positive
from models.foundation.frames import samples
from models.foundation.iterate import warn_not_converged
from models.foundation.kernel_functions import KernelMethod, kernel_matrix, rate, require_finite
from models.foundation.parameters import nonnegative
from models.foundation.targets import weights
from models.kernels.smo import solve
from tinygrad_edu.diagnostics.words import refusal

BLOCK = 1 << 20  # values of the kernel that a prediction computes at once


class SupportVectors(KernelMethod):
    """f(x) = Σ_i β_i k(x, x_i) + b, where β_i is 0 except for some rows x_i, the support vectors.

    k is linear x·y, poly (γ x·y + c)^degree, rbf exp(-γ ‖x - y‖²) or sigmoid tanh(γ x·y + c), with c = coef0;
    or "precomputed", then X is the matrix of kernel values; or a function that takes X and Y and returns the
    matrix of k between their rows.

    gamma="scale" is 1 / (features × variance of X), "auto" is 1 / features. In the variance the rows count by
    their weights, as repeated rows would; scikit-learn ignores weights there.
    """

    twin_tolerance = 1e-6

    kernel: Any = choice("rbf", "linear", "poly", "sigmoid", "precomputed") | function(doc="k")
    degree: int = integer(3, at_least=0, doc="degree of the polynomial")
    gamma: Any = choice("scale", "auto") | nonnegative(doc="γ of the kernel")
    coef0: float = number(0.0, doc="c of the polynomial and the sigmoid")
    tol: float = positive(1e-3, doc="how far the gradients of a pair may be from the minimum")
    shrinking: bool = boolean(True, doc="no effect: the same minimum is found without")
    cache_size: float = positive(200, doc="megabytes of kernel values that are kept at once")
    verbose: bool = boolean(False, doc="no effect")
    max_iter: int = integer(-1, at_least=-1, doc="largest number of pairs; -1 for no limit")

    support_: np.ndarray = learned("places of the support vectors among the rows: (vectors,)")
    support_vectors_: np.ndarray = learned("these rows of X; (0, 0) for a precomputed kernel")
    n_support_: np.ndarray = learned("their number, by class")
    dual_coef_: np.ndarray = learned("β of the support vectors: (1, vectors)")
    intercept_: np.ndarray = learned("b: (1,)")
    n_iter_: Any = learned("number of pairs of variables that were moved")
    fit_status_: int = learned("0 if the iterations converged, else 1")
    shape_fit_: tuple[int, ...] = learned("shape of X")
    _gamma_: float = learned("γ as a number")

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(tol=1e-9), X, y

    @property
    def coef_(self) -> np.ndarray:
        """w of f(x) = w·x + b, (1, features), for the linear kernel."""
        if self.kernel != "linear":
            what = "coef_ is only available when using a linear kernel."
            raise refusal(AttributeError, what, f"{type(self).__name__}(kernel='linear')")
        return self.dual_coef_ @ self.support_vectors_

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        if not self.pairwise:
            weight = weights(sample_weight, samples(X), self)[self._rows_]
            self._gamma_ = rate(self.gamma, data["X"], weight)
        self.shape_fit_ = data["X"].shape
        self.fit_status_ = 0
        return data

    def _kernel(self, X, Y):
        if callable(self.kernel):
            K = np.asarray(self.kernel(X, Y), dtype=np.float64)
            if K.shape != (len(X), len(Y)):
                what = f"the kernel returned shape {K.shape} for {len(X)} and {len(Y)} rows."
                raise refusal(ValueError, what, "lambda X, Y: X @ Y.T")
            return require_finite(K, self.kernel)
        settings = {"gamma": self._gamma_, "degree": self.degree, "coef0": self.coef0}
        return kernel_matrix(self.kernel, X, Y, **settings)

    def _gram(self, X):
        """(i, j) -> the kernel between the training rows i and j; computed once if there is space for it."""
        if len(X) > self._rows_kept() and not self.pairwise:
            return lambda i, j: self._kernel(X[i], X[j])
        K = X if self.pairwise else self._kernel(X, X)
        return lambda i, j: K if len(i) == len(j) == len(K) else K[np.ix_(i, j)]

    def _rows_kept(self):
        return max(2, int(np.sqrt(self.cache_size * 1e6 / 8)))

    def _minimize(self, gram, rows, q, lo, hi, beta=None, group=None):
        """β: (variables,), b: (groups,), and the number of iterations, of the problem in `smo`."""
        beta = np.zeros(len(q)) if beta is None else beta
        group = np.zeros(len(q), dtype=int) if group is None else group
        point, pairs = solve(
            gram, q, lo, hi, beta, group,
            rows=rows, tol=self.tol, max_iter=self.max_iter, keep=self._rows_kept(),
        )  # fmt: skip
        if pairs == self.max_iter and point.violation() > self.tol:
            self.fit_status_, self.n_iter_ = 1, pairs
            what = f"iterations, with gradients {point.violation():.1e} apart, above tol={self.tol}"
            warn_not_converged(self, what, "raise max_iter, or StandardScaler().fit_transform(X)")
        return point.beta, point.intercepts(), max(pairs, 1)

    def _keep(self, X, coef, order):
        """Keeps the support vectors, those of the rows in this order that have a coefficient."""
        used = order[coef[:, order].any(axis=0)]
        self.support_ = self._rows_[used].astype(np.int32)
        self.support_vectors_ = np.zeros((0, 0)) if self.pairwise else X[used]
        self.dual_coef_ = coef[:, used]
        return used

    def _combine(self, X, coef):
        """Σ_i k(x, x_i) coef_i of each row x, over the support vectors x_i, in blocks of rows."""
        if self.pairwise:
            return X[:, self.support_] @ coef
        step = max(1, BLOCK // max(1, len(coef)))
        blocks = (X[start : start + step] for start in range(0, len(X), step))
        return np.concatenate(
            [self._kernel(block, self.support_vectors_) @ coef for block in blocks]
        )


class SingleMachine(SupportVectors):
    """A machine with one f."""

    def _keep_solution(self, X, beta, intercept, pairs):
        used = self._keep(X, beta.reshape(-1, len(X)).sum(axis=0)[None], np.arange(len(X)))
        self.n_support_ = np.array([len(used)], dtype=np.int32)
        self.intercept_, self.n_iter_ = np.array([intercept]), pairs

    def _f(self, X):
        return self._combine(X, self.dual_coef_[0]) + self.intercept_[0]


def filled(sizes, total):
    """Numbers from 0 to `sizes` with this sum: the first as large as they can be, as in LIBSVM."""
    before = np.cumsum(sizes) - sizes
    return np.clip(total - before, 0, sizes)
