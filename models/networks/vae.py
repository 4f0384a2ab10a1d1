"""Variational autoencoders.

Source: D. Kingma, M. Welling, Auto-encoding variational Bayes (2014); Y. Burda, R. Grosse, R. Salakhutdinov,
Importance weighted autoencoders (2016), for `score_samples`; J. Lucas, G. Tucker, R. Grosse, M. Norouzi,
Don't blame the ELBO! (2019), for the linear one.
"""

from typing import Any

import numpy as np

from models.foundation import Density, choice, integer, learned
from models.foundation.constraints import Positive
from models.foundation.loss_model import MINIMIZERS
from models.foundation.randomness import generator
from models.networks.autoencoder import EncoderAndDecoder
from models.networks.layers import forward, layers_of
from tinygrad_edu import no_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import sigmoid, softplus


class VAE(EncoderAndDecoder, Density):
    """x ~ p(x | z) with a code z ~ N(0, I), whose posterior is about q(z | x) = N(μ(x), diag σ²(x)).

    The decoder gives p(x | z): N(D(z), v I), or Bernoulli with logits D(z). The encoder gives μ and ln σ².
    Both are those with the largest mean of the evidence lower bound, which is at most log p(x):

        ELBO(x) = E[log p(x | z)] - KL(q(z | x) ‖ N(0, I)),     z = μ + σ ε,  ε ~ N(0, I)     (equation 10)
        KL = ½ Σ_j (μ_j² + σ_j² - 1 - ln σ_j²)                                                 (appendix B)

    The mean is over `n_draws` of ε for each row. Optimizers such as "adam" get new ones for each batch, as in
    the paper. The other solvers, which need a function that stays the same, always get the same.

    A linear one, `hidden_layer_sizes=()`, is probabilistic PCA (Lucas et al. 2019). `transform` gives μ(x),
    `inverse_transform` the mean of p(x | z), and `sample` new rows.
    """

    n_components = 2
    hidden_layer_sizes = (32,)
    likelihood: str = choice("gaussian", "bernoulli", doc="p(x | z); the second for x from 0 to 1")
    n_draws: int = integer(10, at_least=1, doc="draws of ε for each row and step")
    n_importance: int = integer(100, at_least=1, doc="draws of z for each row in score_samples")

    noise_variance_: Any = learned("v; None for 'bernoulli'")

    @property
    def encoder_outputs(self):
        return 2 * self.n_components

    def loss(self, X, y, weight, noise_variance=None, **layers):
        """-ELBO, the weighted mean over the rows."""
        encoder, decoder = layers_of("encoder_", layers), layers_of("decoder_", layers)
        μ, log_σ2 = self.posterior(X, encoder)
        z = μ + np.exp(log_σ2 / 2) * self.noise(len(X))
        KL = (μ * μ + np.exp(log_σ2) - 1 - log_σ2).sum(axis=1) / 2
        expected = self.log_likelihood(X, z, decoder, noise_variance).mean(axis=0)
        return weight @ (KL - expected) / weight.sum()

    def posterior(self, X, encoder):
        """μ(x) and ln σ²(x), each (samples, n_components)."""
        out = forward(X, encoder, self.activation)
        return out[:, : self.n_components], out[:, self.n_components :]

    def log_likelihood(self, X, z, decoder, noise_variance):
        """log p(x | z). z: (..., samples, n_components)."""
        rows = z.reshape((-1, self.n_components))  # one matrix product for all draws
        out = forward(rows, decoder, self.activation).reshape((*z.shape[:-1], X.shape[1]))
        if self.likelihood == "bernoulli":
            return (X * out - softplus(out)).sum(axis=-1)
        errors = ((X - out) ** 2).sum(axis=-1) / noise_variance
        return -(errors + X.shape[1] * np.log(2 * np.pi * noise_variance)) / 2

    def noise(self, samples):
        """ε, (n_draws, samples, n_components): new ones while `_rng_` is there, otherwise always the same."""
        rng = vars(self).get("_rng_") or np.random.default_rng(0)
        return rng.standard_normal((self.n_draws, samples, self.n_components))

    def start(self, X, y, weight):
        """σ = 1 for every x, and v the mean variance of the columns."""
        found = super().start(X, y, weight)
        last = f"encoder_W{len(self.hidden_layer_sizes)}"
        if not (self.warm_start and "encoder_" in vars(self)):
            found[last][:, self.n_components :] = 0
        if self.likelihood == "gaussian":
            mean = np.average(X, axis=0, weights=weight)
            variance = np.average((X - mean) ** 2, axis=0, weights=weight).mean()
            if 0 < variance < 1e-200:
                what = (
                    f"X varies by {np.sqrt(variance):.1e} only, and the density of that overflows."
                )
                raise refusal(ValueError, what, "StandardScaler().fit_transform(X)")
            found["noise_variance"] = Positive(variance or 1.0)
        return found

    def before_link(self, mean):
        if self.likelihood == "gaussian":
            return mean
        mean = np.clip(mean, 0.01, 0.99)
        return np.log(mean / (1 - mean))

    def _fit(self, X, weight):  # type: ignore[override]
        if self.likelihood == "bernoulli" and (X.min() < 0 or X.max() > 1):
            what = f"VAE(likelihood='bernoulli'): X has numbers from {X.min():g} to {X.max():g}."
            raise refusal(ValueError, what, "X from 0 to 1, or likelihood='gaussian'")
        if self.solver not in MINIMIZERS:
            self._rng_ = generator(self.random_state)
        super()._fit(X, weight)
        vars(self).pop("_rng_", None)

    def _keep(self, found):
        super()._keep(found)
        self.noise_variance_ = found.get("noise_variance")

    def _transform(self, X):
        with no_grad():
            return self.posterior(X, self.encoder_)[0]

    def _inverse_transform(self, Z):
        with no_grad():
            out = forward(Z, self.decoder_, self.activation)
        return sigmoid(out) if self.likelihood == "bernoulli" else out

    def _score_samples(self, X):
        """log of the mean of p(x, z) / q(z | x) over draws of z: between ELBO and log p(x) (Burda, eq. 8)."""
        μ, log_σ2 = self.posterior(X, self.encoder_)
        total = np.full(len(X), -np.inf)
        for ε in np.random.default_rng(0).standard_normal((self.n_importance, self.n_components)):
            z = μ + np.exp(log_σ2 / 2) * ε
            log_p = self.log_likelihood(X, z, self.decoder_, self.noise_variance_)
            log_prior_over_q = (ε @ ε + log_σ2.sum(axis=1) - (z * z).sum(axis=1)) / 2
            total = np.logaddexp(total, log_p + log_prior_over_q)
        return total - np.log(self.n_importance)

    def sample(self, n_samples: int = 1) -> np.ndarray:
        """New rows: x ~ p(x | z) with z ~ N(0, I), shape (n_samples, features)."""
        self._check(np.zeros((1, getattr(self, "n_features_in_", 1))))
        rng = generator(self.random_state)
        mean = self._inverse_transform(rng.standard_normal((n_samples, self.n_components)))
        if self.likelihood == "bernoulli":
            return (rng.random(mean.shape) < mean).astype(np.float64)
        return mean + np.sqrt(self.noise_variance_) * rng.standard_normal(mean.shape)

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(60, 4))
        yield cls(hidden_layer_sizes=(), tol=0.05, random_state=0), X, np.arange(60) % 3
        yield cls(1, hidden_layer_sizes=(3,), tol=0.5, random_state=0), X, np.arange(60) % 3
