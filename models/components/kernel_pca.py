"""Kernel principal components.

Source: B. Schölkopf, A. Smola, K.-R. Müller, Nonlinear component analysis as a kernel eigenvalue problem
(1998); G. Bakır, J. Weston, B. Schölkopf, Learning to find pre-images (2003), for the inverse.
"""

from typing import Any

import numpy as np

from models.foundation import (
    NotFittedError,
    Transformer,
    boolean,
    choice,
    function,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    seed,
)
from models.foundation.eigenpairs import largest_eigenpairs, largest_of_all
from models.foundation.kernel_functions import KERNELS, KernelMethod, centered
from models.foundation.signs import signs
from models.foundation.sklearn_bridge import known_to_sklearn
from models.foundation.symmetric import solve_symmetric
from tinygrad_edu.diagnostics.words import refusal


class KernelPCA(KernelMethod, Transformer):
    """PCA of the features φ(x) of a kernel, by inner products alone.

    The centered features φ̃ have the inner products K̃ = (I - 1/n) K (I - 1/n), with K_ij = k(x_i, x_j). From
    its eigenvectors α_j, with eigenvalues λ_j, come the coordinates of any x (Schölkopf et al., equation 12):

        z_j = Σ_i α_ij φ̃(x_i)·φ̃(x) / √λ_j,      for the rows of the training data  √λ_j α_ij

    The linear kernel gives PCA. With fit_inverse_transform a kernel ridge regression from z to x, with the
    penalty alpha, is the inverse. Few components of many rows come from a Krylov space, up to rounding error.
    """

    overcomplete = True
    checked_with = {"fit_inverse_transform": True}  # as in scikit-learn's tests
    twin_tolerance = 1e-7

    n_components: int | None = integer(
        None, at_least=1, doc="number of components; None for all with λ > 0"
    )
    kernel: Any = choice(
        "linear", *(k for k in KERNELS if k != "linear"), "precomputed"
    ) | function(doc="k; or a function of two rows and **kernel_params that returns a number")
    gamma: float | None = nonnegative(None, doc="γ of the kernel; None for 1 / features")
    degree: float = nonnegative(3, doc="degree of the polynomial")
    coef0: float = number(1, doc="c of the polynomial and the sigmoid")
    kernel_params: Any = mapping(None, doc="arguments of a kernel that is a function")
    alpha: float = nonnegative(1.0, doc="penalty of the inverse")
    fit_inverse_transform: bool = boolean(False, doc="learn the inverse")
    eigen_solver: str = choice(
        "auto", "dense", "arpack", "randomized",
        doc="all eigenpairs, or the largest ones alone, to the same digits; 'auto' for what is faster",
    )  # fmt: skip
    tol: float = nonnegative(0, doc="no effect: exact")
    max_iter: int | None = integer(None, at_least=1, doc="no effect: exact")
    iterated_power: Any = choice("auto", doc="no effect: exact") | integer(at_least=0)
    remove_zero_eig: bool = boolean(False, doc="leave out components with λ = 0")
    random_state: Any = seed(doc="no effect: exact")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    eigenvalues_: np.ndarray = learned("λ: (components,)")
    eigenvectors_: np.ndarray = learned("α: (samples, components)")
    X_fit_: np.ndarray = learned("rows of the training data")
    gamma_: float = learned("γ")
    dual_coef_: np.ndarray = learned("of the inverse: (samples, features)")
    X_transformed_fit_: np.ndarray = learned("z of the training data, if there is an inverse")

    def _fit(self, X):
        if self.fit_inverse_transform and self.pairwise:
            what = "Cannot fit_inverse_transform with a precomputed kernel."
            raise refusal(ValueError, what, "a kernel that is not precomputed")
        n, k = len(X), min(self.n_components or len(X), len(X))
        self.gamma_ = 1 / X.shape[1] if self.gamma is None else self.gamma
        self.X_fit_ = X.copy()
        K = self._kernel(X, X)
        self._means_ = K.mean(axis=0)
        few = self.eigen_solver != "dense" and (self.eigen_solver != "auto" or k < 10)
        K = centered(K, self._means_, out=None if self.pairwise else K)  # X stays
        λ, α = largest_eigenpairs(K, k) if few else largest_of_all(K, k)
        λ = nonnegative_eigenvalues(λ)
        if self.remove_zero_eig or self.n_components is None:
            λ, α = λ[λ > 0], α[:, λ > 0]
        self.eigenvalues_, self.eigenvectors_ = λ, α * signs(α.T)
        if self.fit_inverse_transform:
            Z = self.X_transformed_fit_ = self.eigenvectors_ * np.sqrt(λ)
            penalized = self._kernel(Z, Z) + self.alpha * np.eye(n)
            self.dual_coef_ = solve_symmetric(penalized, X)

    def _transform(self, X):
        scale = np.sqrt(np.where(self.eigenvalues_ > 0, self.eigenvalues_, np.inf))
        K = centered(self._kernel(X, self.X_fit_), self._means_)
        return K @ (self.eigenvectors_ / scale)

    def _inverse_transform(self, Z):
        if "dual_coef_" not in vars(self):
            what = "The fit_inverse_transform parameter was not set to True when instantiating and hence "
            what += "the inverse transform is not available."
            raise refusal(
                known_to_sklearn(NotFittedError), what, "KernelPCA(fit_inverse_transform=True)"
            )
        return self._kernel(Z, self.X_transformed_fit_) @ self.dual_coef_

    def _names_out(self, names):
        return [f"kernelpca{i}" for i in range(len(self.eigenvalues_))]


def nonnegative_eigenvalues(λ):
    """Those of an inner product, without rounding errors, or an error if it is none."""
    largest, least = λ.max(initial=0), λ.min(initial=0)
    if least < -1e-5 * largest and least < -1e-10:
        what = f"There are significant negative eigenvalues ({least:g}, and {largest:g} the largest): the "
        what += (
            "kernel is no inner product. Either the matrix is not PSD, or there was an issue while "
        )
        what += "computing the eigendecomposition of the matrix."
        raise refusal(ValueError, what, "a positive kernel, such as kernel='rbf'")
    return np.where(λ > 1e-12 * largest, λ, 0.0)
