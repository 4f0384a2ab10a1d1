"""Laplace's method: the posterior of the parameters as a normal distribution around the fit.

Source: D. MacKay, A practical Bayesian framework for backpropagation networks (1992); C. Bishop, Pattern
Recognition and Machine Learning (2006), sections 4.4 and 4.5.
"""

from typing import Any

import numpy as np

from models.curvature.minimum import MinimumOf
from models.foundation import Classifier
from models.foundation.randomness import generator
from tinygrad_edu import jacobian
from tinygrad_edu.tensor import value


class Laplace:
    """p(θ | data) ≈ N(θ̂, Σ), with θ the free parameters in one vector. `laplace` makes it.

    mean               θ̂, (size,)
    covariance         Σ, (size, size)
    standard_errors    name -> array in the shape of the parameter
    """

    def __init__(self, minimum: MinimumOf, scale: float):
        self._minimum = minimum
        self.mean = minimum.point
        self.covariance = minimum.inverse_hessian() / (scale * minimum.weight.sum())
        self.standard_errors = {
            name: self._spread(lambda z, name=name: minimum.packing.unpack(z)[name])
            for name in minimum.packing.parameters
        }

    def _spread(self, f: Any) -> Any:
        """The standard deviation of f(θ), with f replaced by its tangent: √diag(J Σ Jᵀ)."""
        J = value(jacobian(f)(self.mean))
        return np.sqrt(np.einsum("...i,ij,...j->...", J, self.covariance, J).clip(0))[()]

    def predict(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """(prediction, standard deviation) for each row of X; of a classifier, of each probability.

        The deviation is that of the fitted function, without the noise of y.
        """
        model = self._minimum.model
        ask = "predict_proba" if isinstance(model, Classifier) else "predict"
        spread = self._spread(lambda z: getattr(self._minimum.model_at(z), ask)(X))
        return getattr(model, ask)(X), spread

    def sample(self, n: int, random_state: Any = None) -> dict[str, np.ndarray]:
        """Name -> (n, *shape): draws from the posterior."""
        rng = generator(random_state)
        values, vectors = np.linalg.eigh(self.covariance)
        z = self.mean + rng.normal(size=(n, len(values))) * np.sqrt(values.clip(0)) @ vectors.T
        draws = [self._minimum.packing.unpack(row) for row in z]
        return {name: np.stack([draw[name] for draw in draws]) for name in draws[0]}

    def __repr__(self) -> str:
        return f"Laplace({self._minimum.model!r}, {len(self.mean)} parameters)"


def laplace(
    model: Any, X: Any, y: Any = None, *, sample_weight: Any = None, scale: float = 1.0
) -> Laplace:
    """The posterior of a fitted LossModel: N(θ̂, (c Σ_i s_i · ∂²L/∂θ²)⁻¹).

    It takes c Σ s · L(θ) for -ln p(θ | data). That is right with c = 1 for losses that are a mean of
    -ln p(y | x) with a penalty that is -ln p(θ), such as that of LogisticRegression. For squared errors with
    noise of variance σ², c is 1 / 2σ².

    X, y, sample_weight    the data of the fit
    scale                  c

    Directions in which the loss is constant, such as a common shift of all intercepts of a softmax, change no
    prediction, and have variance 0.

    Raises ValueError for a loss with kinks, or if the parameters are not a minimum.

    >>> laplace(model, X, y).standard_errors["coef"]  # doctest: +SKIP
    """
    return Laplace(MinimumOf(model, X, y, sample_weight), scale)
