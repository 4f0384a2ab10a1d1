"""The hidden Markov model whose steps show numbers, with a normal distribution for each state.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 13.2.1.
"""

from typing import Any

import numpy as np

from models.foundation import array, choice, learned, nonnegative
from models.foundation.constraints import Free
from models.foundation.lloyd import lloyd, plus_plus
from models.foundation.normal import log_normal
from models.sequences.hidden_markov import HiddenMarkovModel, letters
from tinygrad_edu.diagnostics.words import refusal

MATRICES = ("full", "tied")


class GaussianHMM(HiddenMarkovModel):
    """A hidden Markov model with b(x | j) = N(x; μ_j, Σ_j).

    A round of solver="em" takes, with γ_tj = P(z_t = j | X) and N_j = Σ_t γ_tj (Bishop 13.20, 13.21),

        μ_j = Σ_t γ_tj x_t / N_j        Σ_j = (Ψ + Σ_t γ_tj (x_t - μ_j)(x_t - μ_j)ᵀ) / N_j

    where Ψ = covars_prior keeps the variances above 0. "diag" keeps the diagonal of Σ_j, "spherical" its
    mean, and "tied" has one Σ for all states.

    The names, and the priors with all their weights, are those of hmmlearn: for "full" and "tied" a number
    Ψ is added to every element of the matrix. As there, `covars_` are matrices for every type, while
    the attribute may be set in the short form: (states,), (states, features) or (features, features).
    """

    names = ("startprob", "transmat", "means", "covars")

    n_components = 1
    covariance_type: str = choice("diag", "full", "tied", "spherical", doc="the form of Σ")
    min_covar: float = nonnegative(1e-3, doc="added to the variances of the start")
    means_prior: Any = array(0, doc="m, the mean of μ before data") | nonnegative()
    means_weight: Any = nonnegative(0, doc="λ: μ ~ N(m, Σ / λ) before data")
    covars_prior: Any = nonnegative(1e-2, doc="Ψ") | array()
    covars_weight: Any = nonnegative(1, doc="ν: what it exceeds 1, or the features, is added to N")
    params: str = letters("stmc", doc="which of startprob, transmat, means, covars are learned")
    init_params: str = letters(
        "stmc", doc="which of them start from the data, and not the attribute"
    )

    means_: np.ndarray = learned("μ: (states, features)")
    covars_: np.ndarray = learned("Σ: (states, features, features)")

    def log_emissions(self, rows, means, covars):
        """log N(x_t; μ_j, Σ_j) of every step and state."""
        return log_normal(rows, means, cholesky(covars)).T

    def first_emissions(self, rows, rng):
        K, d = self.n_components, rows.shape[1]
        if len(rows) < K:
            what = f"GaussianHMM got {len(rows)} samples, fewer than n_components={K}."
            raise refusal(ValueError, what, f"GaussianHMM(n_components={len(rows)}), or fewer")
        center, weight = rows.mean(axis=0), np.ones(len(rows))
        Z = rows - center
        _, means, _ = lloyd(Z, weight, Z[plus_plus(Z, weight, K, rng)], 1e-4 * Z.var(), 300)
        Σ = Z.T @ Z / max(len(Z) - 1, 1) + self.min_covar * np.eye(d)
        return {"means": means + center, "covars": self._in_form(np.broadcast_to(Σ, (K, d, d)))}

    def best_emissions(self, rows, states, means, covars, **_):
        N, d, λ = states.sum(axis=0), rows.shape[1], self.means_weight
        seen = (N > 0)[:, None] | (λ > 0)
        μ = (λ * np.asarray(self.means_prior) + states.T @ rows) / np.where(seen, λ + N[:, None], 1)
        μ = np.where(seen, μ, means) if "m" in self.params else means
        away = μ - np.asarray(self.means_prior)
        Σ = np.stack([
            (γ[:, None] * (rows - m)).T @ (rows - m) for γ, m in zip(states.T, μ, strict=True)
        ]) + λ * away[:, :, None] * away[:, None]  # fmt: skip
        ν = self._ν(d)
        if self.covariance_type == "tied":
            Σ = np.broadcast_to((self._Ψ(d) + Σ.sum(axis=0)) / (ν + N.sum()), Σ.shape)
        else:
            total = np.maximum(ν + N, 1e-5)[:, None, None]
            Σ = np.where(total > 1e-5, (self._Ψ(d) + Σ) / total, covars)
        return {"means": μ, "covars": self._in_form(Σ)}

    def log_prior_of_emissions(self, means, covars):
        """What `best_emissions` adds: -½ (ν log |Σ| + tr Ψ Σ⁻¹ + λ (μ - m)ᵀ Σ⁻¹ (μ - m)) of every state."""
        d = means.shape[1]
        if self.covariance_type == "tied":
            covars = covars[:1]
        ν = self._ν(d)
        P = np.linalg.inv(covars)
        away = means - np.asarray(self.means_prior)
        L = np.linalg.cholesky(covars)
        log_det = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum()
        λ = self.means_weight * ((away[:, None] @ P)[:, 0] * away).sum()
        return -0.5 * (ν * log_det + (self._Ψ(d) * P).sum() + λ)

    def _ν(self, d):
        return max(self.covars_weight - (d if self.covariance_type in MATRICES else 1), 0)

    def _Ψ(self, d):
        Ψ = np.asarray(self.covars_prior, float)
        if self.covariance_type in MATRICES:
            return Ψ + np.zeros((d, d))
        return (Ψ + np.zeros(d))[..., None] * np.eye(d)

    def _in_form(self, Σ):
        """The nearest matrices of the covariance type."""
        if self.covariance_type in MATRICES:
            return np.array(Σ)
        variances = np.diagonal(Σ, axis1=-2, axis2=-1)
        if self.covariance_type == "spherical":
            variances = variances.mean(axis=-1, keepdims=True)
        return variances[..., None] * np.eye(Σ.shape[-1])

    def constrained(self, means, covars, **_):
        return {"means": Free(means), "covars": Covariances(covars, self.covariance_type)}

    def draw(self, state, rng):
        L = np.linalg.cholesky(self.covars_[state])
        return self.means_[state] + L @ rng.standard_normal(len(L))

    def width(self):
        return self.means_.shape[1]

    # ---- covariances that were set in the short form -------------------------------------------------

    def __setattr__(self, name, value):
        super().__setattr__(name, self._matrices(value) if name == "covars_" else value)

    def _matrices(self, covars):
        covars = np.array(covars, dtype=float)
        K, form = self.n_components, self.covariance_type
        if covars.shape == (K,) and form == "spherical":
            means = vars(self).get("means_")
            d = 1 if means is None else np.shape(means)[1]
            return covars[:, None, None] * np.eye(d)
        if covars.ndim == 2 and len(covars) == K and form == "diag":
            return covars[:, :, None] * np.eye(covars.shape[1])
        if covars.ndim == 2 and form == "tied":
            return np.repeat(covars[None], K, axis=0)
        if covars.ndim == 3 and covars.shape[0] == K and covars.shape[1] == covars.shape[2]:
            return covars
        what = (
            f"covars_ of shape {covars.shape} do not suit {K} states with covariance_type={form!r}."
        )
        raise refusal(ValueError, what, "covars_ of shape (n_components, features, features)")

    def _given(self):
        given = super()._given()
        for Σ in given.get("covars", ()):
            if not np.allclose(Σ, Σ.T) or np.linalg.eigvalsh(Σ).min() <= 0:
                what = "covars_ must be symmetric, positive-definite."
                raise refusal(ValueError, what, "Σ + 1e-6 * np.eye(features)")
        return given


def cholesky(covars):
    try:
        return np.linalg.cholesky(covars)
    except np.linalg.LinAlgError:
        what = "a covariance of GaussianHMM is not positive-definite: a state has too few different rows."
        hint = "covariance_type='diag', fewer states, or features scaled to a common size"
        raise refusal(ValueError, what, hint) from None


class Covariances(Free):
    """Positive-definite matrices (states, features, features) of a covariance type, of free numbers z.

    "full" and "tied": A Aᵀ, with z in A; the others: variances eᶻ.
    """

    def __init__(self, start, form):
        super().__init__(start)
        self.form = form

    def free(self):
        if self.form in MATRICES:
            L = np.linalg.cholesky(self.start)
            return L[0] if self.form == "tied" else L
        z = np.log(np.diagonal(self.start, axis1=1, axis2=2))
        return z[:, 0] if self.form == "spherical" else z

    def value(self, z):
        if self.form in MATRICES:
            Σ = z @ np.swapaxes(z, -1, -2)
            return Σ + np.zeros(self.shape)
        variances = np.exp(z)
        if self.form == "spherical":
            variances = variances[:, None] + np.zeros(self.shape[:2])
        return variances[:, :, None] * np.eye(self.shape[-1])
