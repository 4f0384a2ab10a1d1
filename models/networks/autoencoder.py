"""Autoencoders.

Source: G. Hinton, R. Salakhutdinov, Reducing the dimensionality of data with neural networks (2006);
P. Baldi, K. Hornik, Neural networks and principal component analysis (1989), for the linear one.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Transformer, choice, integer, learned
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from models.networks.layers import ACTIVATIONS, Layers, forward, glorot, layers_of, named, sizes
from tinygrad_edu import no_grad
from tinygrad_edu.diagnostics.words import refusal

# Checks and tests that fit twice, and differ in rounding.
MANY_MINIMA = {
    name: "there are many minima, and rounding decides which of them is found"
    for name in ("test_weights_are_repetitions", "check_sample_weight_equivalence_on_dense_data")
}


class EncoderAndDecoder(LossModel, Transformer):
    """Two networks: from a row to its code and back. `encoder_outputs` numbers leave the first."""

    does_not_apply: ClassVar[Any] = MANY_MINIMA

    n_components: int = integer(2, at_least=1, doc="numbers in a code")
    hidden_layer_sizes: Any = sizes(
        (32,), "units of each hidden layer of the encoder; the decoder has them in reverse"
    )
    activation: str = choice(*ACTIVATIONS, doc="of the hidden layers")
    tol = 1e-4
    max_iter = 200

    encoder_: Layers = learned("(W, b) of each layer, W: (units before, units)")
    decoder_: Layers = learned("the same of the decoder")

    @property
    def encoder_outputs(self):
        return self.n_components

    def start(self, X, y, weight):
        """Glorot's uniform weights, and a decoder that begins with the mean of X."""
        rng = generator(self.random_state)
        hidden, features = [*self.hidden_layer_sizes], X.shape[1]
        encoder = glorot([features, *hidden, self.encoder_outputs], rng)
        decoder = glorot([self.n_components, *hidden[::-1], features], rng)
        decoder[-1] = (decoder[-1][0], self.before_link(np.average(X, axis=0, weights=weight)))
        if self.warm_start and "encoder_" in vars(self):
            return named("encoder_", self.encoder_) | named("decoder_", self.decoder_)
        return named("encoder_", encoder) | named("decoder_", decoder)

    def before_link(self, mean):
        """The decoder's output for this mean of x."""
        return mean

    def _fit(self, X, weight):  # type: ignore[override]
        if self.n_components > len(X):
            what = f"n_components={self.n_components} numbers in a code, but n_samples={len(X)}."
            raise refusal(ValueError, what, f"n_components={len(X)} or less")
        self._keep(self._minimize(X, None, weight))

    def _keep(self, found):
        self.encoder_, self.decoder_ = layers_of("encoder_", found), layers_of("decoder_", found)


class Autoencoder(EncoderAndDecoder):
    """Codes z = E(x) from which x ≈ D(z): two networks with the least mean of (x - D(E(x)))².

    A code has fewer numbers than x, so that the networks must find what the rows have in common. Without
    hidden layers, `hidden_layer_sizes=()`, D maps the codes to the plane of the first principal components
    (Baldi, Hornik 1989): it is PCA, except for the axes that it chooses in the plane.

    `transform` gives the codes, `inverse_transform` the rows D(z).
    """

    def loss(self, X, y, weight, **layers):
        z = forward(X, layers_of("encoder_", layers), self.activation)
        errors = X - forward(z, layers_of("decoder_", layers), self.activation)
        return weight @ (errors * errors).mean(axis=1) / weight.sum()

    def _transform(self, X):
        with no_grad():
            return forward(X, self.encoder_, self.activation)

    def _inverse_transform(self, Z):
        with no_grad():
            return forward(Z, self.decoder_, self.activation)

    @classmethod
    def examples(cls, rng):
        plane = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4))
        X = plane + 0.1 * rng.normal(size=(60, 4))
        yield cls(hidden_layer_sizes=(), random_state=0), X, np.arange(60) % 3
        yield cls(1, hidden_layer_sizes=(3,), tol=0.1, random_state=0), X, np.arange(60) % 3
