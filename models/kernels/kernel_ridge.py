"""Kernel ridge regression.

Source: K. Murphy, Machine Learning: A Probabilistic Perspective (2012), section 14.4.3.
"""

from typing import Any

import numpy as np

from models.foundation import (
    Regressor,
    array,
    choice,
    function,
    learned,
    mapping,
    nonnegative,
    number,
)
from models.foundation.kernel_functions import KERNELS, KernelMethod
from models.foundation.symmetric import solve_symmetric
from tinygrad_edu.diagnostics.words import refusal


class KernelRidge(KernelMethod, Regressor):
    """f(x) = Σ_i c_i k(x, x_i) with the least  Σ_i s_i (y_i - f(x_i))² + α ‖f‖²,  s the sample weights.

    This is ridge regression on the features φ of the kernel, without an intercept. There ‖f‖² = cᵀ K c, and
    with K_ij = k(x_i, x_j) the gradient is zero at

        (K + α S⁻¹) c = y          (Murphy 14.35)

    y may be (samples,) or (samples, targets).
    """

    several_targets = True

    alpha: Any = nonnegative(1.0, doc="α, or one for each target") | array(at_least=0)
    kernel: Any = choice(
        "linear", *(k for k in KERNELS if k != "linear"), "precomputed"
    ) | function(doc="k; or a function of two rows and **kernel_params that returns a number")
    gamma: float | None = nonnegative(
        None, doc="γ of the kernel; None for 1 / features, of 'chi2' for 1"
    )
    degree: float = nonnegative(3, doc="degree of the polynomial")
    coef0: float = number(1, doc="c of the polynomial and the sigmoid")
    kernel_params: Any = mapping(None, doc="arguments of a kernel that is a function")

    dual_coef_: np.ndarray = learned("c: (samples,), or (samples, targets)")
    X_fit_: np.ndarray = learned("the rows x_i of the training data, those of weight 0 left out")

    def _fit(self, X, y, weight):
        self.X_fit_ = X.copy()  # X may be the caller's own array
        root = np.sqrt(weight)[:, None]
        targets = y.reshape(len(y), -1)
        alpha = np.atleast_1d(self.alpha)
        if alpha.shape not in ((1,), targets.shape[1:]):
            what = f"alpha has shape {alpha.shape}, and y has {targets.shape[1]} targets."
            raise refusal(ValueError, what, "one number for all targets")
        parts = [root * targets] if len(alpha) == 1 else np.hsplit(root * targets, len(alpha))
        K = X.copy() if self.pairwise else self._kernel(X, X)
        if not (weight == 1).all():  # √S K √S: symmetric
            K *= root
            K *= root.T
        diagonal = K.diagonal().copy()
        solved = []
        for part, α in zip(parts, alpha, strict=True):
            np.fill_diagonal(K, diagonal + α)
            solved.append(solve_symmetric(K, part))
        self.dual_coef_ = (root * np.hstack(solved)).reshape(y.shape)

    def _predict(self, X):
        if self.pairwise:
            return X[:, self._rows_] @ self.dual_coef_
        return self._kernel(X, self.X_fit_) @ self.dual_coef_
