"""Gaussian process regression.

Source: C. Rasmussen, C. Williams, Gaussian Processes for Machine Learning (2006), GPML, chapter 2 and
section 5.4.
"""

from typing import Any

import numpy as np

from models.foundation import Regressor, array, boolean, integer, learned, nonnegative, warn
from models.foundation.randomness import generator
from models.foundation.sklearn_bridge import is_fitted
from models.gaussian_processes.evidence import log_evidence, solve_cholesky, symmetric
from models.gaussian_processes.kernels import RBF, Kernel, WhiteKernel
from models.gaussian_processes.pairs import Alone, Below
from models.gaussian_processes.tuning import TunesKernel
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.linear_algebra import substitute


class GaussianProcessRegressor(TunesKernel, Regressor):
    """y = f(x) + noise, with f a Gaussian process: cov(f(x), f(z)) = k(x, z), and noise of variance α.

        K = k(X, X) + α I,   k* = k(X, x)
        mean of f(x)         k*ᵀ K⁻¹ y                                       (GPML 2.25)
        variance of f(x)     k(x, x) - k*ᵀ K⁻¹ k*                            (GPML 2.26)

    The parameters θ of the kernel are those at which ln p(y | X, θ) is largest (GPML 5.8). Before `fit`, the
    answers are those of the prior, which has mean 0 and covariance k.
    """

    requires_fit = False
    several_targets = True

    kernel = None
    alpha: Any = nonnegative(1e-10, doc="α, or one for each row of X") | array(at_least=0)
    normalize_y: bool = boolean(
        False, doc="subtract the mean of y, and divide by its standard deviation"
    )
    copy_X_train: bool = boolean(True, doc="keep a copy of X; without it, X itself")
    n_targets: int | None = integer(
        None,
        at_least=1,
        doc="number of columns of y; needed only before fit, and otherwise checked",
    )

    X_train_: np.ndarray = learned("X")
    y_train_: np.ndarray = learned("y, normalized: (samples,) or (samples, targets)")
    L_: np.ndarray = learned("the Cholesky factor of K, (samples, samples)")
    alpha_: np.ndarray = learned("K⁻¹ y, in the shape of y")

    def evidence(self, kernel, pairs):
        """ln p(y | X, θ), summed over the targets."""
        Y = self.y_train_.reshape(len(self.X_train_), -1)
        return log_evidence(kernel.below(pairs), self._diagonal(kernel), Y)

    def _fit(self, X, y):
        self._require_shapes(y)
        self._y_mean_, self._y_scale_ = np.zeros(y.shape[1:]), np.ones(y.shape[1:])
        if self.normalize_y:
            deviation = y.std(axis=0)
            self._y_mean_ = y.mean(axis=0)
            self._y_scale_ = np.where(deviation > 0, deviation, 1.0)
        self.X_train_ = X.copy() if self.copy_X_train else X
        self.y_train_ = (y - self._y_mean_) / self._y_scale_
        pairs = self._pairs()
        self._tune(self._untuned(), pairs)
        self.L_ = self._factor(pairs)
        self.alpha_ = solve_cholesky(self.L_, self.y_train_)

    def _pairs(self):
        return Below(self.X_train_)

    def _diagonal(self, kernel):
        noise = np.ravel(self.alpha)
        return kernel.alone(Alone(self.X_train_)) + (noise[0] if len(noise) == 1 else noise)

    def _factor(self, pairs):
        K = symmetric(self.kernel_.below(pairs), self._diagonal(self.kernel_))
        try:
            return np.linalg.cholesky(K)
        except np.linalg.LinAlgError:
            what = f"The kernel, {self.kernel_}, is not returning a positive definite matrix."
            hint = "gradually increasing the 'alpha' parameter of your GaussianProcessRegressor estimator"
            raise refusal(np.linalg.LinAlgError, what, hint) from None

    def _require_shapes(self, y):
        targets = 1 if y.ndim == 1 else y.shape[1]
        if self.n_targets not in (None, targets):
            what = "The number of targets seen in `y` is different from the parameter `n_targets`. "
            raise refusal(ValueError, f"{what}Got {targets} != {self.n_targets}.", "n_targets=None")
        if np.size(self.alpha) not in (1, len(y)):
            what = "alpha must be a scalar or an array with same number of entries as y. "
            raise refusal(ValueError, f"{what}({np.size(self.alpha)} != {len(y)})", "one number")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(), X, y
            yield cls(RBF(2.0) + WhiteKernel(0.1), optimizer=None, normalize_y=True), X, y

    # ---- answers -------------------------------------------------------------------------------

    def predict(self, X: Any, return_std: bool = False, return_cov: bool = False) -> Any:
        """The mean of f at each row of X, (n,) or (n, targets).

        With return_std also the standard deviations, in the same shape; with return_cov instead the
        covariances of f between all rows, (n, n) or (n, n, targets).
        """
        if return_std and return_cov:
            what = "At most one of return_std or return_cov can be requested."
            raise refusal(
                RuntimeError, what, "return_cov=True, which has the variances in its diagonal"
            )
        X, kernel = self._check(X), self._kernel()
        across = kernel.matrix(self.X_train_, X) if is_fitted(self) else None
        mean = self._mean(X, across)
        if not (return_std or return_cov):
            return mean
        variance = kernel.matrix(X) if return_cov else kernel.diag(X)
        if across is not None:
            v = substitute(self.L_, across, lower=True)
            variance = variance - (v.T @ v if return_cov else np.einsum("ij,ij->j", v, v))
        if return_cov:
            return mean, self._for_each_target(variance)
        if (variance < 0).any():
            warn(UserWarning, "Predicted variances smaller than 0. Setting those variances to 0.")
        return mean, np.sqrt(self._for_each_target(variance.clip(0)))

    def _mean(self, X, across):
        if across is None:
            return np.zeros((len(X), self.n_targets) if (self.n_targets or 1) > 1 else len(X))
        return _one_column(self._y_scale_ * (across.T @ self.alpha_) + self._y_mean_)

    def _kernel(self) -> Kernel:
        return self.kernel_ if is_fitted(self) else self._untuned()

    def _for_each_target(self, variance):
        """Variances of normalized targets as those of each target, in a last axis if there are several."""
        scale = self._y_scale_ if is_fitted(self) else np.ones(self.n_targets or 1)
        return _one_column(variance[..., None] * np.atleast_1d(scale) ** 2)

    def sample_y(self, X: Any, n_samples: int = 1, random_state: Any = 0) -> np.ndarray:
        """Functions drawn from the process, at the rows of X: (n, n_samples), or (n, targets, n_samples)."""
        rng = generator(random_state)
        mean, covariance = self.predict(X, return_cov=True)
        if mean.ndim == 1:
            return _draw(mean, covariance, n_samples, rng)
        targets = range(mean.shape[1])
        draws = [_draw(mean[:, j], covariance[..., j], n_samples, rng) for j in targets]
        return np.stack(draws, axis=1)


def _one_column(x):
    """Without the last axis, if it has length 1 and is not the only one."""
    return x[..., 0] if x.ndim > 1 and x.shape[-1] == 1 else x


def _draw(mean, covariance, n_samples, rng):
    """mean + V √λ z with z standard normal and V λ Vᵀ the covariance, (n, n_samples)."""
    variances, axes = np.linalg.eigh(covariance)
    z = rng.normal(size=(len(mean), n_samples))
    return mean[:, None] + (axes * np.sqrt(variances.clip(0))) @ z
