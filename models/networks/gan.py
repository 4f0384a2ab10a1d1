"""Generative adversarial networks.

Source: I. Goodfellow et al., Generative adversarial nets (2014); L. Mescheder, A. Geiger, S. Nowozin, Which
training methods for GANs do actually converge? (2018), for the penalty; M. Heusel et al., GANs trained by a
two time-scale update rule (2017), for the faster steps of D.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Estimator, choice, integer, learned, nonnegative, positive, seed
from models.foundation.iterate import Trace
from models.foundation.randomness import generator
from models.networks.layers import ACTIVATIONS, Layers, forward, glorot, sizes
from tinygrad_edu import grad, no_grad, optim
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn import Parameter
from tinygrad_edu.ops import sigmoid, softplus


class GAN(Estimator):
    """New rows x = G(z), z ~ N(0, I), which a second network D cannot tell from those of X.

    D(x) is the probability that x is from X, and not from G. The networks take turns, on each batch:

        D has the least   -mean log D(x) - mean log(1 - D(G(z))) + γ/2 mean ‖∂d/∂x‖²       d = logit of D(x)
        G has the least   -mean log D(G(z))   ("nonsaturating"), or   mean log(1 - D(G(z)))   ("minimax")

    The best D is p / (p + q), p and q the densities of X and of G (Goodfellow et al., proposition 1). With it
    the first line, without γ, is 2 log 2 - 2 JSD(p, q): it is largest, and D = ½, where q = p.
    The penalty γ makes the turns converge instead of running in circles (Mescheder et al., theorem 4.1).

    Both networks work on columns of mean 0 and variance 1. The networks that are kept are averages over the
    last steps. No number says when a GAN is good: look at `sample`, and at whether D is near ½.
    """

    overcomplete = True
    checked_with: ClassVar[Any] = {"max_iter": 5}

    n_components: int = integer(2, at_least=1, doc="numbers in z")
    hidden_layer_sizes: Any = sizes((32,), "units of each hidden layer, of both networks")
    activation: str = choice(
        "relu", *(name for name in ACTIVATIONS if name != "relu"), doc="of the hidden layers"
    )
    generator_objective: str = choice("nonsaturating", "minimax", doc="of G")
    gradient_penalty: float = nonnegative(0.1, doc="γ")
    learning_rate: float = positive(0.002, doc="of Adam, for G; that of D is 4 times as large")
    batch_size: int = integer(64, at_least=1, doc="rows of X, and of G, in a step")
    max_iter: int = integer(200, at_least=1, doc="number of passes over X")
    random_state: Any = seed()

    generator_: Layers = learned("(W, b) of each layer of G, W: (units before, units)")
    discriminator_: Layers = learned("the same of d, the logit of D")
    mean_: np.ndarray = learned("mean of X: (features,)")
    scale_: np.ndarray = learned("standard deviation of X, 1 for a constant column: (features,)")
    trace_: Trace = learned("the objective of D after each pass; 2 log 2 if it cannot tell")
    n_iter_: int = learned("number of passes over X")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(max_iter=5, random_state=0), X, y

    def generator_loss(self, fake, discriminator):
        """The objective of G. fake: G(z), (samples, features)."""
        d = self.logit(fake, discriminator)
        if self.generator_objective == "nonsaturating":
            return softplus(-d).mean()
        return -softplus(d).mean()

    def discriminator_loss(self, real, fake, discriminator):
        """The objective of D, with log D = -softplus(-d) and log(1 - D) = -softplus(d)."""
        d = self.logit(real, discriminator)
        loss = softplus(-d).mean() + softplus(self.logit(fake, discriminator)).mean()
        if self.gradient_penalty:
            slope = grad(lambda x: self.logit(x, discriminator).sum())(real)
            loss = loss + self.gradient_penalty / 2 * (slope * slope).sum() / len(real)
        return loss

    def logit(self, x, discriminator):
        return forward(x, discriminator, self.activation)[:, 0]

    def generate(self, z, generator):
        return forward(z, generator, self.activation)

    def _fit(self, X):
        self.mean_ = X.mean(axis=0)
        with np.errstate(over="ignore"):
            self.scale_ = X.std(axis=0)
        if not np.isfinite(self.scale_).all():
            what = f"the largest number in X is {np.abs(X).max():.1e}, and its square overflows."
            raise refusal(ValueError, what, "X / np.abs(X).max()")
        self.scale_ = np.where(self.scale_ > 1e-12 * np.abs(self.mean_), self.scale_, 1.0)
        X = (X - self.mean_) / self.scale_
        rng, hidden = generator(self.random_state), [*self.hidden_layer_sizes]
        G, D = (
            [(Parameter(W), Parameter(b)) for W, b in glorot([first, *hidden, last], rng)]
            for first, last in ((self.n_components, X.shape[1]), (X.shape[1], 1))
        )
        of_G, of_D = _Player(G, self.learning_rate), _Player(D, 4 * self.learning_rate)
        self.trace_, size = Trace.of(self), min(self.batch_size, len(X))
        for self.n_iter_ in range(1, self.max_iter + 1):  # noqa: B020
            order, losses = rng.permutation(len(X)), []
            for start in range(0, len(X), size):
                real = X[order[start : start + size]]
                with no_grad():
                    fake = self.generate(rng.standard_normal((size, self.n_components)), G)
                losses.append(of_D.step(self.discriminator_loss(real, fake, D)))
                z = rng.standard_normal((size, self.n_components))
                of_G.step(self.generator_loss(self.generate(z, G), D))
            self.trace_(self.n_iter_, float(np.mean(losses)))
            if self.trace_.keeps_states:
                self.trace_.keep(generator_=of_G.average(), discriminator_=of_D.average())
            if not np.isfinite(losses).all():
                what = f"GAN: the loss is not finite after {self.n_iter_} passes."
                raise refusal(FloatingPointError, what, "a smaller learning_rate")
        self.generator_, self.discriminator_ = of_G.average(), of_D.average()

    def sample(self, n_samples: int = 1) -> np.ndarray:
        """New rows: x = G(z), shape (n_samples, features)."""
        self._check(np.zeros((1, getattr(self, "n_features_in_", 1))))
        rng = generator(self.random_state)
        z = rng.standard_normal((n_samples, self.n_components))
        return self.generate(z, self.generator_) * self.scale_ + self.mean_

    def discriminate(self, X: Any) -> np.ndarray:
        """D(x) of each row of X: the probability that it is from the data, and not from G."""
        return sigmoid(self.logit((self._check(X) - self.mean_) / self.scale_, self.discriminator_))


class _Player:
    """One of the two networks, with its optimizer and the average of its weights."""

    def __init__(self, layers: Layers, learning_rate: float):
        self.weights = [p for layer in layers for p in layer]
        self.optimizer = optim.Adam(self.weights, lr=learning_rate, betas=(0.0, 0.99))
        self.ema = optim.EMA(self.weights, 0.99)

    def step(self, loss: Any) -> float:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.ema.update()
        return float(loss)

    def average(self) -> list[tuple[np.ndarray, np.ndarray]]:
        with self.ema.averaged():
            arrays = [p.data.copy() for p in self.weights]
        return list(zip(arrays[::2], arrays[1::2], strict=True))
