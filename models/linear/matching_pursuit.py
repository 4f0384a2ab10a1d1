"""Orthogonal matching pursuit.

Source: Y. Pati, R. Rezaiifar, P. Krishnaprasad, Orthogonal matching pursuit: recursive function approximation
with applications to wavelet decomposition (1993).
"""

from typing import Any

import numpy as np

from models.foundation import array, choice, integer, learned, nonnegative
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.linear_predictor import LinearModel
from models.linear.coordinate_descent import SquaredErrors
from models.linear.lars import independent, most_correlated
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
        active: list[int] = []
        w, allowed = np.zeros(len(errors.size)), np.ones(len(errors.size), dtype=bool)
        most = self.n_nonzero_coefs_ or len(w)
        while len(active) < most:
            rr, _, slope = errors.moments(w)
            if self.tol is not None and active and rr * errors.b_size**2 <= self.tol:
                break
            j = most_correlated(slope * errors.size, allowed, active, positive=False)
            if j is None or abs(slope[j]) <= EXPLAINED or not independent(errors, active, j):
                if rr > EXPLAINED:
                    self.n_iter_ = len(active)
                    text = "features, of which the others are combinations"
                    warn_not_converged(self, text, "fewer n_nonzero_coefs, or a larger tol")
                break
            active.append(j)
            w = np.zeros(len(w))
            w[active] = np.linalg.solve(errors.gram_of(active), errors.q[active])
            if trace.keeps_states:
                loss = errors.moments(w)[0] * errors.b_size**2 / (2 * errors.total)
                trace(len(active), loss)
                trace.keep(coef_=w / errors.size * errors.b_size)
        return w / errors.size * errors.b_size, max(len(active), 1)


# Squares of a residual, of numbers of which the largest is 1, that are rounding.
EXPLAINED = 1e-15
