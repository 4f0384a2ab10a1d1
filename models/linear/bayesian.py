"""Bayesian linear regression, with its two precisions by evidence.

Source: D. MacKay, Bayesian interpolation (1992); M. Tipping, Sparse Bayesian learning and the relevance
vector machine (2001); C. Bishop, Pattern Recognition and Machine Learning (2006), sections 3.5 and 7.2.
"""

from typing import Any

import numpy as np

from models.foundation import boolean, integer, learned, nonnegative, positive
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.linear_predictor import LinearModel
from models.linear.least_squares import centered
from tinygrad_edu.diagnostics.words import refusal


class EvidenceRegression(LinearModel):
    """y ~ N(x·w + b, 1/α) with w_j ~ N(0, 1/λ_j). A subclass maximizes the evidence, p(y | X, α, λ)."""

    max_iter: int = integer(300, at_least=1, doc="largest number of iterations")
    tol: float = positive(1e-3, doc="stop when Σ_j |w_j| changes by less")
    alpha_1: float = nonnegative(1e-6, doc="shape of the Gamma prior of α")
    alpha_2: float = nonnegative(1e-6, doc="rate of the Gamma prior of α")
    lambda_1: float = nonnegative(1e-6, doc="shape of the Gamma prior of λ")
    lambda_2: float = nonnegative(1e-6, doc="rate of the Gamma prior of λ")
    compute_score: bool = boolean(False, doc="keep scores_")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    verbose: bool = boolean(False, doc="no effect")

    alpha_: float = learned("α, the precision of the errors")
    sigma_: np.ndarray = learned("covariance of w")
    scores_: Any = learned("log evidence at each iteration, if compute_score; otherwise empty")
    n_iter_: int = learned("number of iterations")
    trace_: Trace = learned(
        "of a fit in `with traced():` coef_, intercept_, alpha_ and lambda_ after every iteration"
    )
    X_offset_: np.ndarray = learned("x̄, which predict subtracts for the standard deviation")
    X_scale_: np.ndarray = learned("ones: X is not scaled")

    def _center(self, X, y, weight):
        """√s (X - x̄), √s (y - ȳ), Σ s and the variance of y; remembers x̄."""
        A, b, self.X_offset_, y_mean = centered(X, y, weight, self.fit_intercept)
        self.X_scale_ = np.ones(X.shape[1])
        variance = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
        squares = np.square([np.abs(A).max(initial=0), np.abs(b).max()])
        if not np.isfinite(squares).all():
            name = type(self).__name__
            what = f"{name}: the squares of X or y overflow, and its priors have fixed units."
            raise refusal(ValueError, what, "StandardScaler().fit_transform(X)")
        return A, b, y_mean, weight.sum(), variance

    def _note(self, trace, w, y_mean, α, λ):
        trace(len(trace) + 1)
        b = y_mean - self.X_offset_ @ w if self.fit_intercept else 0.0
        trace.keep(coef_=w, intercept_=b, alpha_=α, lambda_=λ)

    def _finish(self, w, y_mean, scores, steps, converged, trace):
        self.coef_, self.scores_, self.n_iter_ = w, np.array(scores) if scores else [], steps
        self.intercept_ = y_mean - self.X_offset_ @ w if self.fit_intercept else 0.0
        if trace:
            self.trace_ = trace
        if not converged:
            warn_not_converged(self, f"iterations, above tol={self.tol}", "raise max_iter")

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of y for each row of X; with return_std, a pair of it and its standard deviation.

        The variance is 1/α + (x - x̄)ᵀ Σ (x - x̄) (Bishop 3.59).
        """
        X = self._check(X)
        mean = self._predict(X)
        if not return_std:
            return mean
        far = (X - self.X_offset_)[:, self._kept()]
        return mean, np.sqrt(np.einsum("ij,jk,ik->i", far, self.sigma_, far) + 1 / self.alpha_)

    def _kept(self):
        """The features that sigma_ is about."""
        return np.ones(len(self.coef_), dtype=bool)


class BayesianRidge(EvidenceRegression):
    """y ~ N(x·w + b, 1/α) with w ~ N(0, I/λ), and α and λ of the greatest evidence.

    With μ_k the eigenvalues of AᵀA, A = √s (X - x̄), each iteration is (Bishop 3.91 to 3.95)

        w = (AᵀA + λ/α I)⁻¹ Aᵀ y,    γ = Σ_k α μ_k / (λ + α μ_k),
        λ = (γ + 2 λ₁) / (‖w‖² + 2 λ₂),    α = (Σ s - γ + 2 α₁) / (‖y - A w‖² + 2 α₂) .

    γ counts how many weights the data determine.
    """

    alpha_init: float | None = positive(None, doc="the first α; None for 1 / the variance of y")
    lambda_init: float | None = nonnegative(None, doc="the first λ; None for 1")

    lambda_: float = learned("λ, the precision of w")

    def _fit(self, X, y, weight):
        A, b, y_mean, n, variance = self._center(X, y, weight)
        U, d, Vt = np.linalg.svd(A, full_matrices=False)
        μ, right = d * d, U.T @ b
        unexplained = max(b @ b - right @ right, 0.0)
        α = 1 / (variance + np.finfo(float).eps) if self.alpha_init is None else self.alpha_init
        λ = 1.0 if self.lambda_init is None else self.lambda_init

        scores: list[float] = []
        trace = Trace.of(self)

        def weights():
            """w along the singular vectors, and ‖y - A w‖²; keeps the log evidence if asked to."""
            z = d * right / (μ + λ / α)
            rss = unexplained + ((right - d * z) ** 2).sum()
            if self.compute_score:
                scores.append(self._log_evidence(n, A.shape[1], μ, α, λ, z, rss))
            return z, rss

        before, converged, step = None, False, 0
        while not converged and step < self.max_iter:
            step += 1
            z, rss = weights()
            γ = (α * μ / (λ + α * μ)).sum()
            λ = (γ + 2 * self.lambda_1) / (z @ z + 2 * self.lambda_2)
            α = (n - γ + 2 * self.alpha_1) / (rss + 2 * self.alpha_2)
            w = Vt.T @ z
            if trace.keeps_states:
                self._note(trace, Vt.T @ (d * right / (μ + λ / α)), y_mean, α, λ)
            converged = before is not None and np.abs(before - w).sum() < self.tol
            before = w
        z, _ = weights()
        self.alpha_, self.lambda_ = float(α), float(λ)
        rest = np.eye(A.shape[1]) - Vt.T @ Vt if len(d) < A.shape[1] else 0.0
        self.sigma_ = (Vt.T / (λ + α * μ)) @ Vt + rest / λ
        self._finish(Vt.T @ z, y_mean, scores, step, converged, trace)

    def _log_evidence(self, n, features, μ, α, λ, z, rss):
        """ln p(y | X, α, λ) (Bishop 3.86) and the priors of α and λ."""
        log_det = np.log(λ + α * μ).sum() + (features - len(μ)) * np.log(λ)
        priors = self.lambda_1 * np.log(λ) - self.lambda_2 * λ
        priors += self.alpha_1 * np.log(α) - self.alpha_2 * α
        fit = features * np.log(λ) + n * np.log(α) - α * rss - λ * (z @ z) - log_det
        return priors + (fit - n * np.log(2 * np.pi)) / 2


class ARDRegression(EvidenceRegression):
    """y ~ N(x·w + b, 1/α) with w_j ~ N(0, 1/λ_j): automatic relevance determination, one λ for each feature.

    λ_j of features that do not help grows without bound; above threshold_lambda, w_j is 0. With the
    covariance Σ of w, each iteration is (Bishop 7.82, 7.83, 7.87 to 7.89)

        Σ = (diag(λ) + α AᵀA)⁻¹,    w = α Σ Aᵀ y,    γ_j = 1 - λ_j Σ_jj,
        λ_j = (γ_j + 2 λ₁) / (w_j² + 2 λ₂),    α = (n - Σ γ + 2 α₁) / (‖y - A w‖² + 2 α₂) .
    """

    threshold_lambda: float = positive(1e4, doc="features with a larger λ are left out")

    lambda_: np.ndarray = learned("λ, the precision of each weight")

    def _fit(self, X, y):
        A, b, y_mean, n, variance = self._center(X, y, np.ones(len(X)))
        gram, right = A.T @ A, A.T @ b
        α, λ = 1 / (variance + np.finfo(float).eps), np.ones(A.shape[1])
        keep, w, scores = np.ones(A.shape[1], dtype=bool), np.zeros(A.shape[1]), []
        before, converged, step, trace = None, False, 0, Trace.of(self)
        while not converged and step < self.max_iter:
            step += 1
            Σ, w = self._posterior(A, gram, right, α, λ, keep)
            rss = ((b - A @ w) ** 2).sum()
            γ = 1 - λ[keep] * Σ.diagonal()
            λ[keep] = (γ + 2 * self.lambda_1) / (w[keep] ** 2 + 2 * self.lambda_2)
            α = (n - γ.sum() + 2 * self.alpha_1) / (rss + 2 * self.alpha_2)
            keep = λ < self.threshold_lambda
            w = np.where(keep, w, 0.0)
            if trace.keeps_states:
                w_now = self._posterior(A, gram, right, α, λ, keep)[1]
                self._note(trace, w_now, y_mean, α, λ)
            if self.compute_score:
                scores.append(self._log_evidence(n, Σ, α, λ, w, rss))
            converged = not keep.any() or (
                before is not None and np.abs(before - w).sum() < self.tol
            )
            before = w
        Σ, w = self._posterior(A, gram, right, α, λ, keep)
        self.alpha_, self.lambda_, self.sigma_ = float(α), λ, Σ
        self._finish(w, y_mean, scores, step, converged, trace)

    def _posterior(self, A, gram, right, α, λ, keep):
        """The covariance Σ of the kept weights, and the mean w of all."""
        w = np.zeros(len(keep))
        if len(A) >= len(keep):
            Σ = np.linalg.inv(np.diag(λ[keep]) + α * gram[np.ix_(keep, keep)])
        else:  # a smaller matrix to invert (Bishop C.7)
            B = A[:, keep] / λ[keep]
            inner = np.linalg.solve(np.eye(len(A)) / α + B @ A[:, keep].T, B)
            Σ = np.diag(1 / λ[keep]) - B.T @ inner
        w[keep] = α * Σ @ right[keep]
        return Σ, w

    def _log_evidence(self, n, Σ, α, λ, w, rss):
        """ln p(y | X, α, λ), but for a constant, and the priors of α and λ."""
        priors = (self.lambda_1 * np.log(λ) - self.lambda_2 * λ).sum()
        priors += self.alpha_1 * np.log(α) - self.alpha_2 * α
        log_det = np.linalg.slogdet(Σ)[1] if Σ.size else 0.0
        return priors + (log_det + n * np.log(α) + np.log(λ).sum() - α * rss - λ @ w**2) / 2

    def _kept(self):
        return self.lambda_ < self.threshold_lambda
