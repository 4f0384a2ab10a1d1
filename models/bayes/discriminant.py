"""What discriminant analysis with one covariance matrix, and with one for each class, have in common."""

from typing import Any

import numpy as np

from models.bayes.bayes_rule import GenerativeClassifier
from models.bayes.covariance import covariance
from models.foundation import array, boolean, choice, learned, nonnegative, number, part, warn
from tinygrad_edu.diagnostics.words import refusal


class DiscriminantAnalysis(GenerativeClassifier):
    """Every class is normal:  p(x | k) = N(x; μ_k, Σ_k)."""

    shrinkage: Any = choice(
        None, "auto", doc="δ of Σ: see covariance; not for 'svd'; None for 0"
    ) | number(at_least=0, at_most=1)
    priors: Any = array(None, doc="P(k) of each class; None for their fractions in y")
    store_covariance: bool = boolean(False, doc="keep covariance_")
    tol: float = nonnegative(1e-4, doc="what counts as 0: see the model")
    covariance_estimator: Any = part(
        None, doc="estimates Σ instead, by fit(X) and its attribute covariance_; not for 'svd'"
    )

    means_: np.ndarray = learned("μ: (classes, features)")
    priors_: np.ndarray = learned("P(k): (classes,)")

    def _covariance(self, X):
        return covariance(X, self.shrinkage, self.covariance_estimator)

    def _rows_of_classes(self, X, y, solver):
        """The rows of each class, one after the other; sets priors_ and means_."""
        for name in ("shrinkage", "covariance_estimator"):
            if solver == "svd" and getattr(self, name) is not None:
                what = f"{name} not supported with 'svd' solver."
                raise refusal(NotImplementedError, what, f"{type(self).__name__}(solver='eigen')")
        classes = range(len(self.classes_))
        self.priors_ = self._checked_priors(np.bincount(y) / len(y))
        self.means_ = np.stack([X[y == k].mean(axis=0) for k in classes])
        return (X[y == k] for k in classes)

    def _checked_priors(self, fractions):
        if self.priors is None:
            return fractions
        found = np.asarray(self.priors, dtype=np.float64)
        if found.shape != fractions.shape or (found < 0).any() or not found.sum() > 0:
            what = f"priors must be non-negative, one for each of {len(fractions)} classes. "
            what += f"{type(self).__name__} got {found.tolist()}."
            raise refusal(ValueError, what, "priors=None, for the fractions in y")
        if abs(found.sum() - 1) > 1e-5:
            text = "The priors do not sum to 1. Renormalizing"
            warn(UserWarning, f"{text}. Try: priors={np.round(found / found.sum(), 4).tolist()}")
        return found / found.sum()

    def _decision(self, X):
        joint = self._joint(X)
        return joint[:, 1] - joint[:, 0] if joint.shape[1] == 2 else joint


def principal_axes(A):
    """The singular values of A, and its right singular vectors in rows. A: (samples, features).

    A tall matrix is first rotated to a triangle R = Qᵀ A, which has the same ones.
    """
    tall = len(A) > 2 * A.shape[1]
    _, size, axes = np.linalg.svd(np.linalg.qr(A, mode="r") if tall else A, full_matrices=False)
    return size, axes
