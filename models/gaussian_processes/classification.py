"""Gaussian process classification by Laplace's method.

Source: C. Rasmussen, C. Williams, Gaussian Processes for Machine Learning (2006), GPML, chapter 3;
C. Williams, D. Barber, Bayesian classification with Gaussian processes (1998), appendix A.
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, boolean, choice, integer, learned
from models.foundation.targets import against_rest
from models.gaussian_processes.evidence import log_evidence, solve_cholesky, symmetric
from models.gaussian_processes.kernels import RBF, CompoundKernel, ConstantKernel, WhiteKernel
from models.gaussian_processes.pairs import Alone, Below, lower_triangle
from models.gaussian_processes.tuning import TunesKernel
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import erf, log_sigmoid, sigmoid
from tinygrad_edu.ops.linear_algebra import substitute
from tinygrad_edu.tensor import value

# σ(z) ≈ Σ c (1 + erf(λ z)) / 2, by Williams and Barber
LAMBDAS = np.array([0.41, 0.4, 0.37, 0.44, 0.39])
COEFFICIENTS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])


class LaplaceProcess(TunesKernel):
    """P(y = 1 | x) = σ(f(x)) for y in {0, 1}, with f a Gaussian process.

    The posterior of f at the rows of X is taken for a normal distribution around its mode, with the same
    curvature there. Newton's method finds the mode (GPML algorithm 3.1). With π = σ(f), W = π (1 - π):

        B = I + √W K √W,   b = W f + y - π,   a = b - √W B⁻¹ √W K b,   f ← K a
        ln p(y | X, θ) ≈ -a·f / 2 + Σ_i ln p(y_i | f_i) - ln |B| / 2                        (GPML 3.32)
    """

    max_iter_predict: int = integer(
        100, at_least=1, doc="largest number of Newton's steps to the mode"
    )
    warm_start: bool = boolean(False, doc="start from the mode of the previous fit")
    copy_X_train: bool = boolean(True, doc="keep a copy of X; without it, X itself")

    X_train_: np.ndarray = learned("X")
    y_train_: np.ndarray = learned("y as 0 and 1, (samples,)")
    pi_: np.ndarray = learned("π at the mode, (samples,)")
    W_sr_: np.ndarray = learned("√W at the mode, (samples,)")
    L_: np.ndarray = learned("the Cholesky factor of B, (samples, samples)")

    def evidence(self, kernel, pairs):
        """ln p(y | X, θ). By one more of Newton's steps the mode, too, is a function of θ.

        At the mode a step depends on θ as the mode itself does, since its derivative with respect to f is 0.
        So nobody has to derive GPML algorithm 5.1.
        """
        lower, diagonal = kernel.below(pairs), kernel.alone(Alone(self.X_train_))
        K, sign = full(lower, diagonal), 2 * self.y_train_ - 1
        f = self._mode(full(value(lower), value(diagonal)))
        a, _, _ = self._step(K, f, np.linalg.solve)
        f = K @ a
        s = np.exp((log_sigmoid(f) + log_sigmoid(-f)) / 2)  # √W
        B = lower_triangle(s[:, None] * s) * lower, 1 + s * s * diagonal
        n = len(self.y_train_)
        half_log_det = -log_evidence(*B, np.zeros((n, 1))) - n / 2 * np.log(2 * np.pi)
        return -(a @ f) / 2 + log_sigmoid(sign * f).sum() - half_log_det

    def _fit(self, X, y):
        self.X_train_, self.y_train_ = X.copy() if self.copy_X_train else X, y.astype(np.float64)
        pairs = self._pairs()
        self._tune(self._untuned(), pairs)
        K = full(self.kernel_.below(pairs), self.kernel_.alone(Alone(self.X_train_)))
        self._mode_ = self._mode(K)
        _, self.W_sr_, B = self._step(K, self._mode_, np.linalg.solve)
        self.pi_, self.L_ = sigmoid(self._mode_), np.linalg.cholesky(B)

    def _untuned(self):
        fixed = ConstantKernel(1.0, "fixed") * RBF(1.0, "fixed")
        return fixed if self.kernel is None else super()._untuned()

    def _pairs(self):
        return Below(self.X_train_)

    def _mode(self, K):
        """The f with the largest p(f | X, y), (samples,)."""
        f, best = np.zeros(len(K)), -np.inf
        before = vars(self).get("_mode_", f)
        if self.warm_start and before.shape == f.shape:
            f = before
        for _ in range(self.max_iter_predict):
            a, _, _ = self._step(K, f, lambda B, c: solve_cholesky(np.linalg.cholesky(B), c))
            f = K @ a
            posterior = -(a @ f) / 2 + log_sigmoid((2 * self.y_train_ - 1) * f).sum()
            if posterior - best < 1e-12 * max(1, abs(posterior)):
                break
            best = posterior
        return f

    def _step(self, K, f, solve):
        """(a, √W, B) at f."""
        π = sigmoid(f)
        s = np.sqrt(π * (1 - π))
        B = np.eye(len(f)) + s[:, None] * K * s
        b = s * s * f + self.y_train_ - π
        return b - s * solve(B, s * (K @ b)), s, B

    # ---- answers -------------------------------------------------------------------------------

    def latent(self, X):
        """Mean and variance of f at each row of X   (GPML 3.21, 3.24)."""
        across = self.kernel_.matrix(self.X_train_, X)
        v = substitute(self.L_, self.W_sr_[:, None] * across, lower=True)
        variance = self.kernel_.alone(Alone(X)) - np.einsum("ij,ij->j", v, v)
        return across.T @ (self.y_train_ - self.pi_), variance.clip(0)

    def probability(self, X):
        """P(y = 1 | x) of each row: the mean of σ(f) over the distribution of f   (GPML 3.25)."""
        mean, variance = self.latent(X)
        λ = LAMBDAS[:, None]
        return COEFFICIENTS @ (1 + erf(λ * mean / np.sqrt(1 + 2 * λ * λ * variance))) / 2


class GaussianProcessClassifier(LaplaceProcess, Classifier):
    """P(class | x) = σ(f(x)) with f a Gaussian process; of several classes, one process for each.

    The processes of several classes tell each class from all others, and their probabilities are divided by
    the sum (one versus rest). Each has its own θ. scikit-learn's `multi_class="one_vs_one"` is not offered.
    """

    one_class = False
    twin_tolerance = 1e-5  # they stop earlier on the way to the mode

    kernel = None
    multi_class: str = choice("one_vs_rest", doc="how several classes are told apart")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    n_classes_: int = learned("number of classes")
    estimators_: list = learned(
        "the LaplaceProcess of each class; of two classes, that of the second"
    )

    def _fit(self, X, y):
        self.n_classes_ = len(self.classes_)
        before, self.estimators_ = vars(self).get("estimators_", []), []
        for k, of_class in enumerate(against_rest(y, self.n_classes_)):
            process = LaplaceProcess(**{n: getattr(self, n) for n in LaplaceProcess._parameters})
            if self.warm_start and k < len(before):
                process._mode_ = before[k]._mode_
            process._fit(X, of_class)
            self.estimators_.append(process)
        kernels = [process.kernel_ for process in self.estimators_]
        self.kernel_ = kernels[0] if len(kernels) == 1 else CompoundKernel(kernels)
        values = [process.log_marginal_likelihood_value_ for process in self.estimators_]
        self.log_marginal_likelihood_value_ = float(np.mean(values))
        self.trace_ = self.estimators_[0].trace_

    def _predict_proba(self, X):
        P = np.stack([process.probability(X) for process in self.estimators_], axis=1)
        if self.n_classes_ == 2:
            return np.concatenate([1 - P, P], axis=1)
        return P / P.sum(axis=1, keepdims=True)

    def latent_mean_and_variance(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of f at each row of X, of a classifier of two classes."""
        X = self._check(X)
        self._require_two_classes("Returning the mean and variance of the latent function f")
        return self.estimators_[0].latent(X)

    def log_marginal_likelihood(
        self, theta: Any = None, eval_gradient: bool = False, clone_kernel: bool = True
    ) -> Any:
        """ln p(y | X, θ), the mean over the processes; θ of one of them, or of all in a row.

        With eval_gradient, which needs two classes, also its gradient.
        """
        self._require_fitted()
        if theta is None:
            return super().log_marginal_likelihood(theta, eval_gradient)
        if eval_gradient:
            self._require_two_classes("The gradient of the marginal likelihood")
            return self.estimators_[0].log_marginal_likelihood(theta, True, clone_kernel)
        count, n = len(self.estimators_), self.estimators_[0].kernel_.n_dims
        if len(theta) not in (n, n * count):
            what = f"Shape of theta must be either {n} or {n * count}. Got {len(theta)}."
            raise refusal(ValueError, what, "theta=model.kernel_.theta")
        parts = np.broadcast_to(np.reshape(theta, (-1, n)), (count, n))
        values = [
            process.log_marginal_likelihood(part, clone_kernel=clone_kernel)
            for process, part in zip(self.estimators_, parts, strict=True)
        ]
        return float(np.mean(values))

    def _require_two_classes(self, what: str) -> None:
        if self.n_classes_ > 2:
            what = f"{what} is only supported for binary classification, received {self.n_classes_} classes."
            raise refusal(ValueError, what, "model.estimators_, which has a process for each class")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(), X, y
            yield cls(2.0 * RBF(2.0) + WhiteKernel(0.1), optimizer=None), X, y


def full(lower, diagonal):
    """The symmetric matrix with this lower triangle and diagonal."""
    K = symmetric(lower, diagonal)
    if isinstance(K, np.ndarray):
        K += np.tril(K, -1).T
    return K
