"""The lasso and the elastic net for several targets that depend on the same features.

Source: M. Yuan, Y. Lin, Model selection and estimation in regression with grouped variables (2006);
G. Obozinski, B. Taskar, M. Jordan, Joint covariate selection and joint subspace selection (2010).
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation.estimator import Estimator
from models.foundation.loss_model import LossModel
from models.linear.coordinate_descent import SquaredErrors
from models.linear.elastic_net import ElasticNet, L1Penalized, Lasso
from models.linear.elastic_net_cv import ElasticNetCV, LassoCV, PenaltyByFolds
from models.linear.row_descent import lengths


class SeveralTasks(Estimator):
    """What the four models have in common."""

    several_targets = True
    positive = precompute = property(lambda self: False)  # no parameters

    @classmethod
    def examples(cls, rng):
        """Several targets: the twin refuses one."""
        return (example for example in super().examples(rng) if example[2].ndim == 2)


class RowPenalized(SeveralTasks, L1Penalized):
    """Σ_j ‖w_j‖ in place of ‖w‖₁: feature j has the row w_j of W, with a weight for each target."""

    def kinked_penalty(self, coef, intercept):
        """The part with kinks."""
        return self._strengths()[0] * lengths(coef.T).sum()

    def prox(self, name, w, step):
        """Soft thresholding of the lengths of rows: w_j (1 - λ / ‖w_j‖)₊."""
        if name != "coef":
            return w
        length = lengths(w.T)
        shorter = np.maximum(length - step * self._strengths()[0], 0)
        return w * (shorter / np.where(length > 0, length, 1))

    def _problems(self, errors, y):
        return [errors.together() if y.ndim == 2 else errors.target(0)]

    def _of_each(self, coef):
        return [coef.T]

    def _fit(self, X, y, weight):
        LossModel._fit(self, X, y, weight)


class MultiTaskLasso(RowPenalized, Lasso):
    """Y = X W + b with the least  Σ_i s_i ‖y_i - x_i W - b‖² / (2 Σ s) + α Σ_j ‖w_j‖,  w_j the rows of W.

    A feature is used for all targets, or for none: then its whole row is 0. `coef_` is Wᵀ, of shape (targets,
    features). For solver="cd" and its tol see Lasso, which this is for y without a second axis.
    """


class MultiTaskElasticNet(RowPenalized, ElasticNet):
    """Y = X W + b with the errors of MultiTaskLasso and the penalty α ρ Σ_j ‖w_j‖ + α (1 - ρ) ‖W‖² / 2.

    w_j are the rows of W, one for each feature, and ρ = l1_ratio.
    """


class RowPenaltyByFolds(SeveralTasks, PenaltyByFolds):
    """Chooses α by the mean squared error of all targets."""

    model: ClassVar[Any] = MultiTaskElasticNet

    def _problem(self, X, y, weight):
        errors = SquaredErrors(X, y, weight, self.fit_intercept)
        return errors.together() if y.ndim == 2 else errors.target(0)


class MultiTaskLassoCV(RowPenaltyByFolds, LassoCV):
    """MultiTaskLasso with the α whose squared error in `cv` folds is least on average: see LassoCV."""


class MultiTaskElasticNetCV(RowPenaltyByFolds, ElasticNetCV):
    """MultiTaskElasticNet with the α, and the l1_ratio, that are best in `cv` folds: see ElasticNetCV."""
