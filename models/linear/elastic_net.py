"""The lasso and the elastic net.

Sources: R. Tibshirani, Regression shrinkage and selection via the lasso (1996); H. Zou, T. Hastie,
Regularization and variable selection via the elastic net (2005); T. Hastie, R. Tibshirani, J. Friedman,
The Elements of Statistical Learning, 2nd edition (ESL), sections 3.4.2 and 3.8.
"""

from typing import Any

import numpy as np

from models.foundation import (
    array,
    boolean,
    choice,
    learned,
    nonnegative,
    number,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.linear_predictor import LinearModel, SparseWeights
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from models.linear.coordinate_descent import Penalty, SquaredErrors, coordinate_descent
from models.linear.path import enet_path, lasso_path


class L1Penalized(LinearModel, SparseWeights, LossModel):
    """y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² / (2 Σ s) + α ρ ‖w‖₁ + α (1 - ρ) ‖w‖² / 2.

    A subclass says what ρ is, as `l1_ratio`.
    """

    several_targets = True
    alpha: float = nonnegative(1.0, doc="α, the strength of the penalty")
    solver: Any = choice("cd") | LossModel._parameters["solver"]
    positive: bool = boolean(False, doc="w ≥ 0")
    precompute: Any = (
        choice(False, True, "auto", doc="no effect: the Gram matrix is used where it helps")
        | array()
    )
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    selection: str = choice(
        "cyclic", "random", doc="order of the coordinates in each round of 'cd'"
    )
    tol = 1e-4
    max_iter = 1000

    dual_gap_: Any = learned("the duality gap: a number, or (targets,)")
    n_iter_: Any = learned("number of iterations; of 'cd' a list, if y has several targets")
    trace_: Any = learned(
        "loss and largest violation of the conditions of the minimum in every iteration; a list like n_iter_"
    )

    def loss(self, X, y, weight, coef, intercept):
        """The part without kinks."""
        errors = weight @ (y - self.linear(X, coef, intercept)) ** 2
        return errors.sum() / (2 * weight.sum()) + self._strengths()[1] / 2 * (coef * coef).sum()

    def kinked_penalty(self, coef, intercept):
        """The part with kinks."""
        return self._strengths()[0] * np.abs(coef).sum()

    def prox(self, name, w, step):
        """Soft thresholding of w, and the projection on w ≥ 0."""
        if name != "coef":
            return w
        low = 0.0 if self.positive else -np.inf
        return np.maximum(np.sign(w) * np.maximum(np.abs(w) - step * self._strengths()[0], 0), low)

    @property
    def has_kinks(self):
        return self._strengths()[0] > 0 or self.positive

    def _strengths(self):
        """The factors of ‖w‖₁ and of ‖w‖² / 2."""
        ρ: Any = self.l1_ratio  # type: ignore[attr-defined]
        return self.alpha * ρ, self.alpha * (1 - ρ)

    def _fit(self, X, y, weight):
        super()._fit(X, y[:, 0] if y.shape[1:] == (1,) else y, weight)  # as scikit-learn

    def _minimize(self, X, y, weight):
        errors = SquaredErrors(X, y, weight, self.fit_intercept)
        each = self._problems(errors, y)
        λ, β = (strength * errors.total for strength in self._strengths())
        penalty = Penalty(λ, β, self.positive)
        if self.solver == "cd":
            w, converged = self._descend(each, penalty, self._packing(X, y, weight))
            errors.add_intercepts(self.trace_ if len(each) > 1 else [self.trace_])
            found = {"coef": w, "intercept": errors.y_mean - w @ errors.x_mean}
        else:
            found, converged = super()._minimize(X, y, weight), True
        rows = self._of_each(found["coef"])
        gaps = [e.gap(penalty, w) / e.total for e, w in zip(each, rows, strict=True)]
        self.dual_gap_ = np.array(gaps) if len(gaps) > 1 else gaps[0]
        if not converged:
            text = f"rounds of 'cd' with a duality gap of {max(gaps):.1e}, and tol={self.tol}"
            warn_not_converged(self, text, "raise max_iter, or raise tol")
        return found

    def _problems(self, errors, y):
        """The errors of every target, which have nothing to do with each other."""
        return [errors.target(k) for k in range(y[:1].size)]

    def _of_each(self, coef):
        """The w of each of these problems."""
        return np.atleast_2d(coef)

    def _descend(self, each, penalty, packing):
        """w of every target, by coordinate descent, and whether all converged."""
        start = packing.parameters["coef"].start
        rng = generator(self.random_state) if self.selection == "random" else None
        traces = [Trace.of(self) for _ in each]
        found = [
            coordinate_descent(errors, penalty, w, self.tol, self.max_iter, rng, trace)
            for errors, w, trace in zip(each, self._of_each(start), traces, strict=True)
        ]
        counts = [f.iterations for f in found]
        several = len(each) > 1
        self.n_iter_, self.trace_ = (counts, traces) if several else (counts[0], traces[0])
        return np.reshape([f.w.T for f in found], start.shape), all(f.converged for f in found)


class Lasso(L1Penalized):
    """y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² / (2 Σ s) + α ‖w‖₁,  s the sample weights.

    The penalty selects features: the weights of the others are exactly 0.

    solver="cd" is coordinate descent, which stops when the duality gap of a target is at most
    tol Σ s (y - ȳ)²; `dual_gap_` is that gap divided by Σ s. An iteration ends with Newton steps, so with the
    same tol the result is usually more exact than scikit-learn's, and n_iter_ smaller. With
    solver="proximal", tol bounds the gradient.
    """

    l1_ratio = 1.0
    path = staticmethod(lasso_path)


class ElasticNet(L1Penalized):
    """y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² / (2 Σ s) + α ρ ‖w‖₁ + α (1 - ρ) ‖w‖² / 2.

    s are the sample weights, ρ = l1_ratio. ‖w‖₁ makes weights exactly 0, and ‖w‖² shares the weight among
    columns that resemble each other. Without ‖w‖₁ the loss is smooth, and any solver will do. For
    solver="cd" and its tol see Lasso.
    """

    path = staticmethod(enet_path)

    alpha: float = nonnegative(1.0, doc="α, the strength of the penalty")
    l1_ratio: float = number(0.5, at_least=0, at_most=1, doc="ρ, the part of ‖w‖₁ in the penalty")
