"""Sparse Gaussian process regression: n samples at the cost of m inducing points, n m² instead of n³.

Source: M. Titsias, Variational learning of inducing variables in sparse Gaussian processes (2009); the greedy
choice of points: D. Burt, C. Rasmussen, M. van der Wilk, Convergence of sparse variational inference in
Gaussian processes regression (2020).
"""

from typing import Any

import numpy as np

from models.foundation import Regressor, array, boolean, integer, learned, positive
from models.gaussian_processes.hyperparameters import bounds
from models.gaussian_processes.kernels import Kernel, Sum, WhiteKernel
from models.gaussian_processes.pairs import Alone, Pairs
from models.gaussian_processes.tuning import TunesKernel
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import solve_triangular


class SparseGaussianProcessRegressor(TunesKernel, Regressor):
    """y = f(x) + noise of variance σ², where m inducing points Z stand for all that is known of f.

    With K_mm = k(Z, Z), K_mn = k(Z, X) and Q = K_nm K_mm⁻¹ K_mn, the parameters maximize the lower bound

        ln N(y | 0, Q + σ² I) - tr(K_nn - Q) / 2σ²  ≤  ln p(y | X, θ)                     (Titsias, eq. 9)

    With A = L⁻¹ K_mn / σ, where L Lᵀ = K_mm, all of it needs only B = I + A Aᵀ of shape (m, m). If Z = X it
    is GaussianProcessRegressor(kernel + WhiteKernel(noise_level)); kernel_ is such a sum.
    """

    kernel = None
    inducing_points: Any = (
        integer(100, at_least=1, doc="m, to choose as many rows of X, or Z itself, (m, features)")
        | array()
    )
    noise_level: float = positive(0.1, doc="σ², where the search starts")
    noise_level_bounds: Any = bounds()
    normalize_y: bool = boolean(
        False, doc="subtract the mean of y, and divide by its standard deviation"
    )

    kernel_: Sum = learned("the kernel with the θ that was found, + WhiteKernel(σ²)")
    inducing_points_: np.ndarray = learned("Z, (m, features)")

    def evidence(self, kernel, pairs):
        """The lower bound of ln p(y | X, θ)."""
        among, across, alone = pairs
        y, noise, n = self._y_, kernel.k2.noise_level, len(self._y_)
        _, A, LB, c = self._factors(kernel, among, across)
        log_density = -(n * np.log(2 * np.pi * noise) + y @ y / noise - c @ c) / 2
        log_density = log_density - np.log(np.diagonal(LB)).sum()
        missing = kernel.k1.alone(alone).sum() / noise - (A * A).sum()  # tr(K_nn - Q) / σ²
        return log_density - missing / 2

    def _factors(self, kernel, among, across):
        """(L, A, the Cholesky factor of B, its c = LB⁻¹ A y / σ)"""
        k, deviation = kernel.k1, np.sqrt(kernel.k2.noise_level)
        L = cholesky(k.on(among))
        A = solve_triangular(L, k.on(across)) / deviation
        LB = np.linalg.cholesky(A @ A.T + np.eye(len(A)))
        return L, A, LB, solve_triangular(LB, A @ self._y_) / deviation

    def _fit(self, X, y):
        kernel = self._untuned()
        self._require_no_noise(kernel)
        center, scale = (y.mean(), y.std() or 1.0) if self.normalize_y else (0.0, 1.0)
        self._y_mean_, self._y_scale_ = float(center), float(scale)
        self._X_, self._y_ = X, (y - self._y_mean_) / self._y_scale_
        self.inducing_points_ = self._chosen(X, kernel)
        pairs = self._pairs()
        self._tune(kernel + WhiteKernel(self.noise_level, self.noise_level_bounds), pairs)
        self._L_, _, self._LB_, self._c_ = self._factors(self.kernel_, *pairs[:2])

    def _pairs(self):
        Z = self.inducing_points_
        return Pairs(Z), Pairs(Z, self._X_), Alone(self._X_)

    def _chosen(self, X, kernel):
        """Z: one after the other the row about which the rows before it say least."""
        Z = np.asarray(self.inducing_points)
        if Z.ndim == 0:
            kernel._check_parameters()
            return X[greedy_rows(kernel, X, int(Z))]
        if Z.ndim != 2 or Z.shape[1] != X.shape[1] or not np.isfinite(Z).all():
            what = f"inducing_points must be finite numbers of shape (m, {X.shape[1]}), got shape {Z.shape}."
            raise refusal(ValueError, what, "a number of points, or some rows of X")
        return Z.astype(np.float64)

    def _require_no_noise(self, kernel: Kernel) -> None:
        if any(isinstance(part, WhiteKernel) for part in [kernel, *kernel.get_params().values()]):
            what = f"The kernel {kernel} has a WhiteKernel, but the noise is a parameter of its own here."
            raise refusal(ValueError, what, "the other parts of the kernel, and noise_level=...")

    def predict(self, X: Any, return_std: bool = False, return_cov: bool = False) -> Any:
        """The mean of y at each row of X, (n,).

        With return_std also the standard deviations, noise included; with return_cov instead the covariances.
        """
        X = self._check(X)
        v = solve_triangular(self._L_, self.kernel_.k1.matrix(self.inducing_points_, X))
        u = solve_triangular(self._LB_, v)
        mean = self._y_scale_ * (u.T @ self._c_) + self._y_mean_
        if return_cov:
            return mean, self._y_scale_**2 * (self.kernel_.matrix(X) - v.T @ v + u.T @ u)
        if return_std:
            variance = self.kernel_.diag(X) - (v * v).sum(axis=0) + (u * u).sum(axis=0)
            return mean, self._y_scale_ * np.sqrt(variance.clip(0))
        return mean


def greedy_rows(kernel: Kernel, X: np.ndarray, most: int) -> list[int]:
    """The rows of a Cholesky factor with pivots: each has the largest variance given those before it.

    Ends early if the others follow from those that were chosen.
    """
    variance = kernel.alone(Alone(X)) + 0.0
    factor, enough = np.zeros((0, len(X))), 1e-10 * variance.max()
    rows: list[int] = []
    while len(rows) < min(most, len(X)):
        i = int(variance.argmax())
        if rows and variance[i] <= enough:
            break
        new = kernel.matrix(X[i : i + 1], X)[0] - factor[:, i] @ factor
        factor = np.vstack([factor, new / np.sqrt(variance[i])])
        variance -= factor[-1] ** 2
        variance[i] = 0
        rows.append(i)
    return rows


def cholesky(K: Any) -> Any:
    """The Cholesky factor of K, if necessary with the smallest addition to the diagonal that makes it one."""
    size = float(np.trace(K)) / len(K)
    for addition in (0, 1e-15, 1e-13, 1e-11, 1e-9):
        try:
            return np.linalg.cholesky(K + addition * size * np.eye(len(K)))
        except np.linalg.LinAlgError as error:
            last = error
    raise last
