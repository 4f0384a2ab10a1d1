"""Logistic regression.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, boolean, choice, integer, learned, mapping, positive
from models.foundation.linear_loss import LinearLoss, etas
from models.foundation.linear_predictor import SparseWeights
from models.foundation.loss_model import LossModel
from models.generalized.elastic_net_penalty import ElasticNetPenalty
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import logsumexp, softmax, softplus

# scikit-learn's names of solvers -> the solver here that finds the same minimum
SAME_MINIMUM = {
    "newton-cholesky": "newton", "liblinear": "newton-cg", "sag": "lbfgs", "saga": "lbfgs"
}  # fmt: skip


class LogisticClassifier(SparseWeights, Classifier):
    """P(y = k | x) = softmax(W x + b)_k. For two classes only the second has a row in W."""

    one_class = False

    coef_: Any = learned("W: (classes, features), or (1, features) for two classes")
    intercept_: np.ndarray = learned("b: (classes,), or (1,) for two")

    def _decision(self, X):
        z = etas(X, self.coef_, self.intercept_)
        return z[0] if len(z) == 1 else z.T

    def _predict_proba(self, X):
        return shares(etas(X, self.coef_, self.intercept_)).T


class LogisticRegression(LogisticClassifier, ElasticNetPenalty, LinearLoss):
    """P(y = k | x) = softmax(W x + b)_k, by maximum likelihood with a penalty on W.

        L(W, b) = Σ_i s_i (-ln P(y_i | x_i)) / Σ s + ((1 - ρ) ‖W‖² / 2 + ρ ‖W‖₁) / (C Σ s)

    with s the sample weights and ρ = l1_ratio: scikit-learn's objective, divided by C Σ s. For two classes
    only the second has a row in W: the logit of the first is 0, and P(second) = 1 / (1 + e^-(w·x + b)).

    With solver="newton", on this loss, this is what books call iteratively reweighted least squares
    (Bishop 4.3.3); it takes few steps, but each with a Hessian of all the parameters.

    scikit-learn's solvers are names for ours with the same minimum: "newton-cholesky" is "newton", "sag" and
    "saga" are "lbfgs", "liblinear" is "newton-cg". With ρ > 0, which makes kinks, "saga" and "liblinear" are
    "proximal". "liblinear" is for two classes, and penalizes b / intercept_scaling as part of W.
    """

    only_differences = True
    twin_settings = {"solver": "newton-cholesky", "penalty": "deprecated"}

    C = 1.0
    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    solver: Any = LossModel._parameters["solver"] | choice(*SAME_MINIMUM)
    tol = 1e-4
    intercept_scaling: float = positive(1.0, doc="for 'liblinear': divides b in the penalty")
    dual: bool = boolean(
        False, doc="no effect: the dual problem of 'liblinear' has the same minimum"
    )
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    n_iter_: Any = learned("number of iterations: (1,)")

    def start(self, X, y, weight):
        rows = 1 if len(self.classes_) == 2 else len(self.classes_)
        return self._from_zero((rows,), X.shape[1])

    def row_loss(self, z, y):
        """-ln P(y | x) of every row. z: the logits, (classes, samples), or (1, samples) for two classes."""
        if len(z) == 1:
            return softplus(z[0]) - y * z[0]
        return logsumexp(z, axis=0) - z[y, np.arange(len(y))]

    def row_slopes(self, z, y, weight):
        """The derivative is P(k | x) - 1 at k = y and P(k | x) elsewhere, times s.

        For two classes, P(not y | x) = exp(u - softplus(u)) with u = z or -z, the logit of the class that is
        not y.
        """
        if len(z) == 1:
            sign = 1 - 2.0 * y
            u = sign * z[0]
            surprise = np.log1p(np.exp(-np.abs(u)))
            surprise += np.maximum(u, 0)  # softplus(u)
            u -= surprise
            wrong = np.exp(u, out=u)
            wrong *= sign
            wrong *= weight
            return weight @ surprise, wrong[None]
        own = y * len(y) + np.arange(len(y))  # places of z[y, i] in z.ravel()
        z -= z.max(axis=0)
        chosen = z.take(own)
        p = np.exp(z, out=z)
        total = p.sum(axis=0)
        p *= weight / total
        p.ravel()[own] -= weight
        return weight @ (np.log(total) - chosen), p

    def row_curvature(self, z, y):
        """∂²(-ln P(y | x)) / ∂z_k² = p_k (1 - p_k)."""
        p = shares(z)[-len(z) :]
        return p * (1 - p)

    def _fit(self, X, y, weight):
        if self.solver == "liblinear" and len(self.classes_) > 2:
            what = f"solver='liblinear' is for two classes, and y has {len(self.classes_)}."
            raise refusal(ValueError, what, "LogisticRegression(solver='lbfgs')")
        super()._fit(X, y, weight)
        self.n_iter_ = np.array([self.n_iter_])

    def _keep(self, parameters):
        super()._keep(parameters)
        if len(self.classes_) > 2:  # what is the same for all classes does not matter: 0
            self.intercept_ = self.intercept_ - self.intercept_.mean()
            if self._strengths() == (0, 0):
                self.coef_ = self.coef_ - self.coef_.mean(axis=0)

    def _solver(self):
        if self.has_kinks and self.solver in ("saga", "liblinear"):
            return "proximal"
        return SAME_MINIMUM.get(self.solver, self.solver)

    def _weight_of_b(self):
        return 1 / self.intercept_scaling if self.solver == "liblinear" else 0.0


def shares(z):
    """P(class | x): (classes, samples), from the logits, of two classes (1, samples)."""
    return softmax(np.concatenate([np.zeros_like(z), z]) if len(z) == 1 else z, axis=0)
