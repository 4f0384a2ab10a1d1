"""Linear support vector machines, without kernels: for many rows.

Source: R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang, C.-J. Lin, LIBLINEAR: a library for large linear
classification (2008); C.-H. Ho, C.-J. Lin, Large-scale linear support vector regression (2012).
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import (
    Classifier,
    Regressor,
    choice,
    learned,
    mapping,
    nonnegative,
    positive,
)
from models.foundation.constraints import Fixed
from models.foundation.frames import samples
from models.foundation.iterate import warn_not_converged
from models.foundation.linear_predictor import LinearPredictor, SparseWeights
from models.foundation.loss_model import LossModel
from models.foundation.targets import against_rest, weights
from models.kernels.crammer_singer import minimize_joint
from models.kernels.positive_parts import minimize_squares, minimize_sum
from tinygrad_edu.diagnostics.words import refusal


class LinearMachine(LinearPredictor, LossModel):
    """½ ‖w‖² + ½ (b / intercept_scaling)² + C Σ (a cost of each row): as in LIBLINEAR, b is penalized.

    A large intercept_scaling makes the penalty of b small.

    solver="exact" is Newton's method for squared costs, and an interior point method for the others, which
    have kinks (`positive_parts`). Other solvers suit squared costs.
    """

    tol = 1e-4
    max_iter = 1000
    solver = "exact"
    C: float = positive(1.0, doc="C, the cost of errors")
    intercept_scaling: float = positive(1.0, doc="divides b in the penalty")
    dual: Any = choice("auto", True, False, doc="no effect: both problems have the same minimum")

    _terms: ClassVar[Any]  # (X, y, weight) -> for each f: X, y, t, c of `positive_parts`
    _is_squared: ClassVar[Any]

    def _size(self, weight):
        """C Σ s, by which the objective is divided; weight has a row for each f."""
        return self.C * weight.sum() / len(weight)

    def _penalty(self, coef, intercept):
        return (coef * coef).sum() / 2 + ((intercept / self.intercept_scaling) ** 2).sum() / 2

    def _exact(self, X, y, weight):
        r = self.intercept_scaling if self.fit_intercept else 0.0
        with np.errstate(all="ignore"):
            W, self._steps_, self._converged_ = self._rows(X, r, y, weight)
        if not np.isfinite(W).all():
            what = f"{type(self).__name__}: the values of X are too large or too different in size."
            raise refusal(ValueError, what, "StandardScaler().fit_transform(X)")
        return {"coef": W[:, :-1], "intercept": r * W[:, -1]}

    def _rows(self, X, r, y, weight):
        """(w, b / r) of each f, the number of steps, and whether they converged."""
        minimum: Any = minimize_squares if self._is_squared() else minimize_sum
        found = []
        for rows, *terms in self._terms(X, y, weight):
            present = terms[-1] > 0
            if not present.all():
                rows, *terms = (part[present] for part in (rows, *terms))
            found.append(minimum(rows, r, *terms, self.max_iter))
        W = np.array([w for w, _, _ in found])
        return W, max(n for _, n, _ in found), all(f[2] for f in found)

    def _fit(self, X, y, weight):
        super()._fit(X, y, weight)
        if self._solver() == "exact":
            self.n_iter_ = self._steps_
            if not self._converged_:
                warn_not_converged(self, "steps", "raise max_iter, or scale the features")


class LinearSVC(LinearMachine, SparseWeights, Classifier):
    """f(x) = w·x + b is at least 1 for the rows of a class and at most -1 for the others, but for errors:

        ½ ‖w‖² + ½ (b / r)² + C Σ_i s_i max(0, 1 - y_i f(x_i))^p,      y_i = ±1,  r = intercept_scaling

    with p = 2 for loss="squared_hinge" and 1 for "hinge", s the sample weights; penalty="l1" has
    ‖w‖₁ + |b / r| in place of the squares. Several classes have one f each, against the rest, and the largest
    is predicted.

    multi_class="crammer_singer" has one problem for all classes, in which the f of the own class should be
    larger by 1 than every other; `loss` and `penalty` then have no effect, as in LIBLINEAR:

        ½ Σ_m (‖w_m‖² + (b_m / r)²) + C Σ_i s_i max_m (f_m(x_i) - f_y(x_i) + [m ≠ y])

    For two classes the learned w is that of f_2 - f_1.

    class_weight multiplies s of a class: of both for two classes; for more, as in LIBLINEAR, only in the f of
    the class itself. The objective is this, divided by C Σ s.
    """

    one_class = False
    twin_tolerance = 1e-6

    penalty: str = choice("l2", "l1", doc="'l1' makes many weights 0; for the squared hinge")
    loss: str = choice("squared_hinge", "hinge", doc="p = 2 or p = 1")  # type: ignore[misc]
    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    multi_class: str = choice(
        "ovr", "crammer_singer", doc="one class versus the rest, or all classes at once"
    )

    coef_: Any = learned("w: (classes, features), or (1, features) for two classes")
    intercept_: np.ndarray = learned("b: (classes,), or (1,) for two")

    @property
    def _is_joint(self):
        return self.multi_class == "crammer_singer"

    def objective(self, X, y, weight, coef, intercept):  # type: ignore[override]
        if self._is_joint:
            if len(coef) == 1:
                coef, intercept = (np.concatenate([-w, w]) / 2 for w in (coef, intercept))
            F, rows = coef @ X.T + np.reshape(intercept, (-1, 1)), np.arange(len(X))
            others = np.arange(len(self.classes_))[:, None] != y
            errors = weight[0] @ (F - F[y, rows] + others).max(axis=0)
            return (self._penalty(coef, intercept) + self.C * errors) / self._size(weight)
        slack = np.maximum(1 - self._signs(y) * (coef @ X.T + np.reshape(intercept, (-1, 1))), 0)
        errors = (weight * slack ** (2 if self._is_squared() else 1)).sum()
        penalty = 0.0 if self.has_kinks else self._penalty(coef, intercept)
        return (penalty + self.C * errors) / self._size(weight)

    def start(self, X, y, weight):
        return self._from_zero((len(weight),), X.shape[1])

    def _is_squared(self):
        return self.loss == "squared_hinge"

    def _signs(self, y):
        """1 and -1: (1, samples) for two classes, or a row for each class against the rest."""
        return np.where(against_rest(y, len(self.classes_)), 1.0, -1.0)

    def _read(self, X, y, sample_weight, more=False):
        """The weights become a row for each f, like the signs."""
        data = super()._read(X, y, sample_weight, more)
        given = weights(sample_weight, samples(X), self)
        own = against_rest(data["y"], len(self.classes_))
        alike = len(own) == 1 or self._is_joint
        others = data["weight"] if alike else given[given > 0]
        data["weight"] = np.where(own, data["weight"], others)
        return data

    def _rows(self, X, r, y, weight):
        if not self._is_joint:
            return super()._rows(X, r, y, weight)
        present = weight[0] > 0
        A = np.column_stack([X[present], np.full(present.sum(), r)])
        data = A, y[present], self.C * weight[0, present]
        W, *how = minimize_joint(*data, len(self.classes_), self.max_iter)
        return W[1:] - W[:1] if len(W) == 2 else W, *how

    def _terms(self, X, y, weight):
        for signs, each in zip(self._signs(y), weight, strict=True):
            yield X, signs, np.ones(len(X)), self.C * each

    # ---- penalty="l1": solver "proximal"

    @property
    def has_kinks(self):
        return self.penalty == "l1" and not self._is_joint

    def kinked_penalty(self, coef, intercept):
        size = np.abs(coef).sum() + np.abs(intercept / self.intercept_scaling).sum()
        return size / self._size_

    def prox(self, name, w, step):
        """Soft thresholding: argmin_v λ ‖v‖₁ + ‖v - w‖² / 2 step."""
        λ = (1 if name == "coef" else 1 / self.intercept_scaling) / self._size_
        return np.sign(w) * np.maximum(np.abs(w) - step * λ, 0)

    def _solver(self):
        return "proximal" if self.has_kinks and self.solver == "exact" else self.solver

    def _fit(self, X, y, weight):
        if self.has_kinks and not self._is_squared():
            what = (
                "Unsupported set of arguments: The combination of penalty='l1' and loss='hinge' is not "
                "supported."
            )
            raise refusal(ValueError, what, "loss='squared_hinge'")
        self._size_ = self._size(weight)
        super()._fit(X, y, weight)

    def _decision(self, X):
        f = self.linear(X, self.coef_, self.intercept_)
        return f[:, 0] if f.shape[1] == 1 else f


class LinearSVR(LinearMachine, Regressor):
    """f(x) = w·x + b is as flat as possible; errors larger than ε cost C times their excess.

        ½ ‖w‖² + ½ (b / r)² + C Σ_i s_i max(0, |y_i - f(x_i)| - ε)^p,      r = intercept_scaling

    with p = 1 for loss="epsilon_insensitive" and 2 for "squared_epsilon_insensitive", s the sample weights.
    The objective is this, divided by C Σ s.
    """

    twin_tolerance = 1e-6
    twin_settings = {"max_iter": 1_000_000}  # coordinate descent is slow

    epsilon: float = nonnegative(0.0, doc="ε, the error that costs nothing")
    loss: str = choice(  # type: ignore[misc]
        "epsilon_insensitive", "squared_epsilon_insensitive", doc="p = 1 or p = 2"
    )

    intercept_: np.ndarray = learned("b: (1,)")

    def objective(self, X, y, weight, coef, intercept):  # type: ignore[override]
        excess = np.maximum(np.abs(y - self.linear(X, coef, intercept)) - self.epsilon, 0)
        errors = (weight * excess ** (2 if self._is_squared() else 1)).sum()
        return (self._penalty(coef, intercept) + self.C * errors) / self._size(weight[None])

    def start(self, X, y, weight):
        b = np.zeros(1)
        return {"coef": np.zeros(X.shape[1]), "intercept": b if self.fit_intercept else Fixed(b)}

    def _is_squared(self):
        return self.loss == "squared_epsilon_insensitive"

    def _terms(self, X, y, weight):
        """Rows above the tube and below it."""
        t = np.concatenate([y - self.epsilon, -y - self.epsilon])
        yield np.tile(X, (2, 1)), np.repeat([1.0, -1.0], len(y)), t, np.tile(self.C * weight, 2)

    def _exact(self, X, y, weight):
        found = super()._exact(X, y, weight)
        return found | {"coef": found["coef"][0]}

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)
