"""Ridge regression.

Source: A. Hoerl, R. Kennard, Ridge regression: biased estimation for nonorthogonal problems (1970);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL), section 3.4.1.
"""

from typing import Any

import numpy as np

from models.foundation import array, boolean, choice, integer, learned, nonnegative
from models.foundation.iterate import Trace
from models.foundation.linear_predictor import LinearModel
from models.foundation.loss_model import LossModel
from models.linear.least_squares import (
    centered,
    least_squares,
    moments,
    nonnegative_least_squares,
    solution,
    with_penalty,
)
from tinygrad_edu.diagnostics.words import refusal

# scikit-learn's names of solvers -> the solver here that finds the same minimum
SAME_MINIMUM = {
    "auto": "exact", "svd": "exact", "cholesky": "exact", "lsqr": "exact", "sparse_cg": "cg", "sag": "lbfgs",
    "saga": "lbfgs",
}  # fmt: skip


class Ridge(LinearModel, LossModel):
    """y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² + α ‖w‖²,  s the sample weights.

    The penalty keeps w small and unique. For centered data, w = (Xᵀ S X + α I)⁻¹ Xᵀ S y (ESL 3.44).

    scikit-learn's solvers are names for ours with the same minimum: "auto", "svd", "cholesky" and "lsqr" are
    "exact", "sparse_cg" is "cg", "sag" and "saga" are "lbfgs". With positive=True all of these, and "lbfgs",
    are "exact", and of the others "proximal" is possible.
    """

    several_targets = True

    alpha: Any = nonnegative(1.0, doc="α, or one for each target") | array(at_least=0)
    solver: Any = choice(*SAME_MINIMUM) | LossModel._parameters["solver"]
    positive: bool = boolean(False, doc="w ≥ 0")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    tol = 1e-4
    max_iter: Any = integer(
        None, at_least=1, doc="largest number of iterations or epochs; None for 1000"
    )

    solver_: str = learned("the solver that ran")

    def loss(self, X, y, weight, coef, intercept):
        errors = weight @ (y - self.linear(X, coef, intercept)) ** 2
        return (errors + self.alpha * (coef * coef).sum(axis=-1)).sum() / weight.sum()

    def kinked_penalty(self, coef, intercept):
        """0 for w ≥ 0, and infinite otherwise: `prox` keeps w there."""
        return 0.0

    def prox(self, name, w, step):
        """The projection on w ≥ 0."""
        return np.maximum(w, 0) if name == "coef" else w

    @property
    def has_kinks(self):
        return self.positive

    def _solver(self):
        if self.positive and self.solver in (*SAME_MINIMUM, "lbfgs"):
            return "exact"
        return SAME_MINIMUM.get(self.solver, self.solver)

    def _fit(self, X, y, weight):
        if np.ndim(self.alpha) and np.shape(self.alpha) != y.shape[1:]:
            what = f"alpha has shape {np.shape(self.alpha)}, and y has {y[:1].size} targets."
            raise refusal(ValueError, what, "one number for all targets")
        if self.max_iter is None:
            self.max_iter = 1000  # in the copy that learns
        self.solver_ = self._solver()
        super()._fit(X, y, weight)

    def _minimize(self, X, y, weight):
        if self.solver_ != "exact":
            return super()._minimize(X, y, weight)
        means = moments(X, y, weight, self.fit_intercept)
        if np.ndim(self.alpha) == 0:
            w = self._best(X, y, weight, means, self.alpha)
        else:
            each = [means._replace(right=right) for right in means.right.T]
            parts = zip(y.T, each, self.alpha, strict=True)
            w = np.stack([self._best(X, t, weight, m, α) for t, m, α in parts], axis=1)
        b = means.y_mean - means.x_mean @ w if self.fit_intercept else 0.0
        self.n_iter_, self.trace_ = 1, Trace.of(self)
        self.trace_(1, *self._at_minimum(means, w, weight.sum()))
        if self.trace_.keeps_states:
            self.trace_.keep(coef_=w.T, intercept_=b)
        return {"coef": w.T, "intercept": b}

    def _best(self, X, y, weight, means, alpha):
        """w for one alpha."""
        w = None if self.positive else solution(means, alpha)
        if w is None:
            A, B, *_ = centered(X, y, weight, self.fit_intercept)
            if self.positive:
                return nonnegative_least_squares(*with_penalty(A, B, alpha))
            w = least_squares(A, B, alpha)
        return w

    def _at_minimum(self, means, w, total):
        """The loss and the largest element of its gradient, 2 (gram w + α w - right) / Σ s."""
        Gw = means.gram @ w
        loss = (means.B**2).sum() + (w * (Gw - 2 * means.right + self.alpha * w)).sum()
        gradient = 2 * (Gw + self.alpha * w - means.right)
        if self.positive:
            gradient = np.where(w > 0, gradient, np.minimum(gradient, 0))
        return max(loss, 0) / total, np.abs(gradient).max() / total
