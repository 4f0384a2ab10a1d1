"""Orthogonal matching pursuit.

Source: Y. Pati, R. Rezaiifar, P. Krishnaprasad, Orthogonal matching pursuit: recursive function approximation
with applications to wavelet decomposition (1993).
"""

from typing import Any

import numpy as np

from models.foundation import array, boolean, choice, integer, learned, nonnegative
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.linear_predictor import LinearModel
from models.linear.coordinate_descent import SquaredErrors
from models.linear.lars import independent, most_correlated
from models.selection.cross_validated import CrossValidated
from tinygrad_edu.diagnostics.words import refusal


class OrthogonalMatchingPursuit(LinearModel):
    """y = x·w + b by few features, chosen greedily: of the others, w is 0.

    Each step takes the feature that correlates most with the residual, argmax_j |Σ_i s_i x_ij (y_i - ŷ_i)|,
    and fits all chosen features anew by least squares. It ends with n_nonzero_coefs features or, if tol is
    given, as soon as Σ s (y - ŷ)² ≤ tol.
    """

    several_targets = True

    n_nonzero_coefs: int | None = integer(
        None, at_least=1, doc="how many features; None for a tenth of them, if tol is None"
    )
    tol: float | None = nonnegative(
        None, doc="the sum of squared errors to reach; wins over n_nonzero_coefs"
    )
    precompute: Any = (
        choice("auto", True, False, doc="no effect: the Gram matrix is used where it helps")
        | array()
    )

    n_iter_: Any = learned("number of chosen features; a list for several targets")
    trace_: Any = learned(
        "of a fit in `with traced():` the loss and coef_ with each number of features; a list like n_iter_"
    )
    n_nonzero_coefs_: int | None = learned("how many were asked for; None if tol was given")

    def _fit(self, X, y, weight):
        features = X.shape[1]
        if self.tol is None and (self.n_nonzero_coefs or 0) > features:
            what = (
                f"The number of atoms cannot be more than the number of features: n_nonzero_coefs="
                f"{self.n_nonzero_coefs} of {features}."
            )
            raise refusal(ValueError, what, f"n_nonzero_coefs={features} or less")
        few = max(features // 10, 1)
        self.n_nonzero_coefs_ = None if self.tol is not None else self.n_nonzero_coefs or few
        errors = SquaredErrors(X, y, weight, self.fit_intercept)
        traces = [Trace.of(self) for _ in range(y[:1].size)]
        found = [self._pursue(errors.target(k), trace) for k, trace in enumerate(traces)]
        W, counts = np.stack([w for w, _ in found]), [count for _, count in found]
        self.coef_, self.n_iter_ = (W, counts) if len(found) > 1 else (W[0], counts[0])
        self.intercept_ = errors.y_mean - self.coef_ @ errors.x_mean
        if any(traces):
            errors.add_intercepts(traces)
            self.trace_ = traces if len(found) > 1 else traces[0]

    def _pursue(self, errors, trace):
        """w for one target, and the number of its features."""
        most = self.n_nonzero_coefs_ or len(errors.size)
        w, rr, count = np.zeros(len(errors.size)), errors.bb, 0
        for w in pursuit(errors, most):
            rr, count = errors.moments(w * errors.size / errors.b_size)[0], count + 1
            if trace.keeps_states:
                trace(count, rr * errors.b_size**2 / (2 * errors.total))
                trace.keep(coef_=w)
            if self.tol is not None and rr * errors.b_size**2 <= self.tol:
                return w, count
        if count < most and rr > EXPLAINED:
            self.n_iter_ = count
            text = "features, of which the others are combinations"
            warn_not_converged(self, text, "fewer n_nonzero_coefs, or a larger tol")
        return w, max(count, 1)


class OrthogonalMatchingPursuitCV(LinearModel, CrossValidated):
    """OrthogonalMatchingPursuit with as many features as have the least squared error in `cv` folds.

    For each fold, features are chosen one after the other for the rows of the other folds, and the errors in
    the fold are compared after each.
    """

    max_iter: int | None = integer(
        None, at_least=1, doc="most features to try; None for a tenth of them, but at least 5"
    )
    copy: bool = boolean(True, doc="no effect: X is never changed")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")
    verbose: bool | int = boolean(False, doc="no effect") | integer(at_least=0)

    n_nonzero_coefs_: int = learned("the best number of features")
    n_iter_: int = learned("number of chosen features")
    trace_: Any = learned(
        "of a fit in `with traced():` the loss and coef_ with each number of features"
    )

    def _fit(self, X, y, weight):
        most = min(self.max_iter or max(X.shape[1] // 10, 5), X.shape[1])
        each = []
        for train, test in self._folds(X, y, weight):
            errors = SquaredErrors(X[train], y[train], weight[train], self.fit_intercept)
            wrong = [
                y[test] - errors.y_mean - (X[test] - errors.x_mean) @ w
                for w in pursuit(errors.target(0), most)
            ]
            each.append([np.average(r**2, weights=weight[test]) for r in wrong])
        steps = min(len(squares) for squares in each)  # some folds may have fewer
        mean = np.mean([squares[:steps] for squares in each], axis=0)
        self.n_nonzero_coefs_ = int(np.argmin(mean)) + 1 if steps else 1
        model = OrthogonalMatchingPursuit(
            n_nonzero_coefs=self.n_nonzero_coefs_, fit_intercept=self.fit_intercept
        ).fit(X, y, weight)
        for name in ("coef_", "intercept_", "n_iter_", "trace_"):
            if name in vars(model):
                setattr(self, name, getattr(model, name))


def pursuit(errors, most):
    """Yields w after each step, until all is explained, or every other feature depends on the chosen ones."""
    active: list[int] = []
    w, allowed = np.zeros(len(errors.size)), np.ones(len(errors.size), dtype=bool)
    while len(active) < most:
        slope = errors.moments(w)[2]
        j = most_correlated(slope * errors.size, allowed, active, positive=False)
        if j is None or abs(slope[j]) <= EXPLAINED or not independent(errors, active, j):
            return
        active.append(j)
        w = np.zeros(len(w))
        w[active] = np.linalg.solve(errors.gram_of(active), errors.q[active])
        yield w / errors.size * errors.b_size


# Squares of a residual, of numbers of which the largest is 1, that are rounding.
EXPLAINED = 1e-15
