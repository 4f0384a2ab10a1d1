"""Quadratic discriminant analysis.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
sections 4.3 and 4.3.1.
"""

import numpy as np

from models.bayes.discriminant import DiscriminantAnalysis, principal_axes
from models.foundation import choice, learned, number
from tinygrad_edu.diagnostics.words import refusal


class QuadraticDiscriminantAnalysis(DiscriminantAnalysis):
    """Every class is normal with a covariance matrix of its own. So the boundaries are quadratic:

        ln p(x | k) P(k) = -(x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k) / 2 - ln |Σ_k| / 2 + ln P(k)     (ESL equation 4.12)

    up to a term without k. Along its principal axes, Σ_k = R S Rᵀ with S diagonal, this is a sum of squares:

        Σ_j (R_j·(x - μ_k))² / s_j       and        ln |Σ_k| = Σ_j ln s_j

    "svd"     R and S from the singular values of the centered samples; then (1 - r) S + r I, r = reg_param
    "eigen"   R and S from the eigenvectors of Σ_k, which `shrinkage` may change; refuses reg_param

    If an s is not above tol, Σ_k has no inverse, and `fit` says so.
    """

    does_not_apply = {
        "check_array_api_input": "two of its columns depend on the others: without reg_param refused"
    }

    solver: str = choice("svd", "eigen", doc="how R and S are found")
    shrinkage = None
    priors = None
    reg_param: float = number(0.0, at_least=0, at_most=1, doc="r, with solver='svd'")
    store_covariance = False
    tol = 1e-4

    covariance_: list = learned("Σ_k of each class: (features, features)")
    rotations_: list = learned("R of each class: (features, axes)")
    scalings_: list = learned("S of each class, descending: (axes,)")

    def _fit(self, X, y):
        if self.solver == "eigen" and self.reg_param > 0:
            what = f"reg_param={self.reg_param} has no effect with solver='eigen'."
            raise refusal(ValueError, what, "shrinkage, or solver='svd'")
        rows = self._rows_of_classes(X, y, self.solver)
        found = [self._axes(of_class, k) for k, of_class in enumerate(rows)]
        self.rotations_ = [R for R, S in found]
        self.scalings_ = [S for R, S in found]
        if self.store_covariance:
            self.covariance_ = [(R * S) @ R.T for R, S in found]

    def _axes(self, X, k):
        """R and S of class k."""
        if len(X) == 1:
            what = f"y has only 1 sample in class {self.classes_[k]}, covariance is ill defined."
            raise refusal(ValueError, what, "more samples of that class")
        if self.solver == "svd":
            size, axes = principal_axes(X - self.means_[k])
            R, S = axes.T, (1 - self.reg_param) * size**2 / len(X) + self.reg_param
        else:
            S, R = np.linalg.eigh(self._covariance(X))
            R, S = R[:, ::-1], S[::-1]
        if sum(s > self.tol for s in S) < X.shape[1]:
            knob = "reg_param" if self.solver == "svd" else "shrinkage"
            what = f"The covariance matrix of class {self.classes_[k]} is not full rank. Increase "
            what += f"the value of `{knob}` to reduce the collinearity."
            raise refusal(np.linalg.LinAlgError, what, f"QuadraticDiscriminantAnalysis({knob}=0.1)")
        return R, S

    def _joint(self, X):
        joint = np.empty((len(X), len(self.classes_)))
        for k, (μ, R, S) in enumerate(
            zip(self.means_, self.rotations_, self.scalings_, strict=True)
        ):
            Z = (X - μ) @ (R / np.sqrt(S))
            joint[:, k] = (np.einsum("ij,ij->i", Z, Z) + np.log(S).sum()) / -2
        with np.errstate(divide="ignore"):  # ln 0 = -inf is correct
            return joint + np.log(self.priors_)
