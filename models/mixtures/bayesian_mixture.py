"""The Bayesian Gaussian mixture, by variational inference.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 10.2; D. Blei, M. Jordan,
Variational inference for Dirichlet process mixtures (2006).
"""

from typing import Any

import numpy as np

from models.foundation import array, choice, learned, positive
from models.mixtures import gaussians
from models.mixtures.mixture import Mixture
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import digamma, lgamma


class BayesianGaussianMixture(Mixture):
    """A Gaussian mixture whose weights, means and precisions are random; components may get no weight.

    The posterior is approximated by independent factors, q(π) q(μ, Λ) q(hidden), of closed form. With
    N_k, x̄_k, S_k the moments of the rows of component k (Bishop 10.58-10.63),

        α_k = α₀ + N_k    β_k = β₀ + N_k    m_k = (β₀ m₀ + N_k x̄_k) / β_k    ν_k = ν₀ + N_k
        ν_k Σ_k = W₀⁻¹ + N_k S_k + β₀ N_k / β_k (x̄_k - m₀)(x̄_k - m₀)ᵀ

    for a Dirichlet distribution of the weights; for a Dirichlet process, component k takes a Beta(1 + N_k,
    α₀ + N_{k+1} + … + N_K) share of what those before it left (Blei and Jordan, equation 18).
    """

    n_components = 1
    weight_concentration_prior_type: str = choice(
        "dirichlet_process", "dirichlet_distribution", doc="p(π)"
    )
    weight_concentration_prior: float | None = positive(None, doc="α₀; None for 1 / n_components")
    mean_precision_prior: float | None = positive(None, doc="β₀; None for 1")
    mean_prior: Any = array(None, doc="m₀; None for the mean of X")
    degrees_of_freedom_prior: float | None = positive(
        None, doc="ν₀, above features - 1; None for features"
    )
    covariance_prior: Any = (
        positive(None, doc="W₀⁻¹, as one covariance; None for that of X") | array()
    )

    weight_concentration_: Any = learned(
        "α, or the two parameters of the Beta distributions: (components,)"
    )
    mean_precision_: np.ndarray = learned("β: (components,)")
    degrees_of_freedom_: Any = learned("ν: (components,); a number for 'tied'")
    weight_concentration_prior_: float = learned("α₀")
    mean_precision_prior_: float = learned("β₀")
    mean_prior_: np.ndarray = learned("m₀: (features,)")
    degrees_of_freedom_prior_: float = learned("ν₀")
    covariance_prior_: Any = learned("W₀⁻¹")

    def start(self, X, weight, rng):
        self._require_enough_rows(X)
        self._set_priors(X, weight)
        return super().start(X, weight, rng)

    def _fit(self, X, weight):
        if self.warm_start and "mean_prior_" in vars(self):
            self._set_priors(X, weight)
        super()._fit(X, weight)
        self.weights_ = self._mean_weights()

    def maximize(self, X, weight, expected):
        form, K = self.covariance_type, self.n_components
        N, x, S = gaussians.moments(form, X, weight * expected, self.reg_covar)
        β0, m0 = self.mean_precision_prior_, self.mean_prior_
        β = β0 + N
        apart = x - m0
        shrunk = β0 * N / β
        ν = self.degrees_of_freedom_prior_ + (N.sum() / K if form == "tied" else N)
        if form == "full":
            outer = shrunk[:, None, None] * apart[:, :, None] * apart[:, None, :]
            Σ = (self.covariance_prior_ + N[:, None, None] * S + outer) / ν[:, None, None]
        elif form == "tied":
            Σ = (self.covariance_prior_ + (N.sum() * S + (shrunk * apart.T) @ apart) / K) / ν
        elif form == "diag":
            Σ = (self.covariance_prior_ + N[:, None] * S + shrunk[:, None] * apart**2) / ν[:, None]
        else:
            Σ = (self.covariance_prior_ + N * S + shrunk * (apart**2).mean(axis=1)) / ν
        α0 = self.weight_concentration_prior_
        α: Any = α0 + N
        if self.weight_concentration_prior_type == "dirichlet_process":
            later = np.append(np.cumsum(N[:0:-1])[::-1], 0.0)
            α = (1 + N, α0 + later)
        means = (β0 * m0 + N[:, None] * x) / β[:, None]
        return {
            "weight_concentration": α, "mean_precision": β, "means": means, "degrees_of_freedom": ν,
            "covariances": Σ,
        }  # fmt: skip

    def log_joint(
        self, X, weight_concentration, mean_precision, means, degrees_of_freedom, covariances
    ):
        """E[log π_k] + E[log N(x; μ_k, Λ_k⁻¹)] (Bishop 10.46, 10.64-10.66)."""
        ν, d = degrees_of_freedom, X.shape[1]
        P = gaussians.precision_factors(self.covariance_type, covariances)
        at_mean = gaussians.log_densities(self.covariance_type, X, means, P)
        log_Λ = d * np.log(2 / ν) + sum(digamma((ν - i) / 2) for i in range(d))
        log_π = self._log_weights(weight_concentration)
        return at_mean + (log_π + (log_Λ - d / mean_precision) / 2)[:, None]

    def _log_weights(self, α):
        if self.weight_concentration_prior_type == "dirichlet_process":
            a, b = α
            left = np.cumsum(digamma(b) - digamma(a + b))
            return digamma(a) - digamma(a + b) + np.append(0.0, left[:-1])
        return digamma(α) - digamma(α.sum())

    def bound(self, weight, log_p, expected, **q):
        """The variational bound up to constants (Bishop 10.70-10.77), as scikit-learn writes it."""
        form, (K, d) = self.covariance_type, q["means"].shape
        P = gaussians.precision_factors(form, q["covariances"])
        ν, α = q["degrees_of_freedom"], q["weight_concentration"]
        log_Λ = gaussians.log_determinants(form, P, d) - d / 2 * np.log(ν)
        i = np.arange(d)[:, None]
        wishart = -(ν * log_Λ + ν * d / 2 * np.log(2) + lgamma((ν - i) / 2).sum(axis=0))
        wishart = K * wishart.sum() if form == "tied" else wishart.sum()
        if self.weight_concentration_prior_type == "dirichlet_process":
            a, b = α
            dirichlet = (lgamma(a + b) - lgamma(a) - lgamma(b)).sum()
        else:
            dirichlet = lgamma(α.sum()) - lgamma(α).sum()
        r = np.maximum(expected, np.finfo(float).tiny)
        entropy = -(weight @ (r * np.log(r)).sum(axis=0))
        return float(entropy - wishart - dirichlet - d / 2 * np.log(q["mean_precision"]).sum())

    def _mean_weights(self):
        α = self.weight_concentration_
        if self.weight_concentration_prior_type == "dirichlet_process":
            a, b = α
            share = a / (a + b) * np.append(1.0, np.cumprod(b / (a + b))[:-1])
            return share / share.sum()
        return α / α.sum()

    def _set_priors(self, X, weight):
        form, d = self.covariance_type, X.shape[1]
        n = weight.sum()
        if n < 2 and self.covariance_prior is None:
            what = f"the covariance of X needs 2 rows; n_samples={len(X)}."
            raise refusal(ValueError, what, "more rows, or covariance_prior")
        given = self.weight_concentration_prior
        self.weight_concentration_prior_ = 1 / self.n_components if given is None else given
        self.mean_precision_prior_ = self.mean_precision_prior or 1.0
        mean = weight @ X / n
        self.mean_prior_ = mean if self.mean_prior is None else np.array(self.mean_prior, float)
        self.degrees_of_freedom_prior_ = self.degrees_of_freedom_prior or d
        if self.degrees_of_freedom_prior_ <= d - 1:
            what = f"The parameter 'degrees_of_freedom_prior' should be greater than {d - 1}"
            what += f", but got {self.degrees_of_freedom_prior_:.3f}."
            raise refusal(ValueError, what, f"degrees_of_freedom_prior={d}, or None")
        self.covariance_prior_ = self.covariance_prior
        if self.covariance_prior is None:
            Z = X - mean
            full = (weight[:, None] * Z).T @ Z / (n - 1)
            variances = np.diagonal(full).copy()
            self.covariance_prior_ = {
                "full": full, "tied": full, "diag": variances, "spherical": variances.mean()
            }[form]  # fmt: skip
        unit = gaussians.unit(form, 1, d)
        one = unit.shape if form == "tied" else unit.shape[1:]
        for name, shape in {"mean_prior": (d,), "covariance_prior": one}.items():
            if np.shape(getattr(self, f"{name}_")) != shape:
                what = f"The parameter '{name}' should have the shape of {shape}"
                what += f", but got {np.shape(getattr(self, f'{name}_'))}."
                raise refusal(ValueError, what, f"{name} of shape {shape}, or None")
        self.covariance_prior_ = np.array(self.covariance_prior_, float)[()]
