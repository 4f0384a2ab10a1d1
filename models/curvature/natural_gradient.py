"""The natural gradient: steepest descent where distance is measured between distributions, not parameters.

Source: S. Amari, Natural gradient works efficiently in learning (1998); F. Kunstner, L. Balles, P. Hennig,
Limitations of the empirical Fisher approximation (2019).
"""

from typing import Any

import numpy as np

from models.curvature.minimum import MinimumOf, pseudo_inverse
from models.foundation import Classifier
from tinygrad_edu import jacobian
from tinygrad_edu.tensor import value


def natural_gradient(
    model: Any, X: Any, y: Any = None, *, sample_weight: Any = None
) -> dict[str, np.ndarray]:
    """F⁻¹ ∂L/∂θ at the parameters of a fitted model, name -> array in the shape of the parameter.

    With another parametrization of the same distributions, it leads in the same direction. For a model with
    the canonical link and no penalty, such as logistic regression, F is the Hessian, and this is the step of
    Newton's method.

    X, y, sample_weight    the data of the loss

    Raises ValueError for a loss with kinks.
    """
    minimum = MinimumOf(model, X, y, sample_weight)
    F = _fisher(minimum)
    step = pseudo_inverse(F, type(model).__name__) @ value(minimum.gradient(minimum.point))
    parts = zip(minimum.packing.parameters, minimum.packing.cut(step), strict=True)
    return {name: np.asarray(part) for name, part in parts if part.size}


def fisher(model: Any, X: Any, y: Any = None, *, sample_weight: Any = None) -> np.ndarray:
    """Fisher's information F = Σ_i s_i Cov[∂ℓ_i/∂θ] / Σ s, of the free parameters in one vector.

    ℓ_i is the loss of sample i. For a classifier, the covariance is over y drawn from the model's P(y | x_i).
    For other models the loss does not tell how to draw y, and the observed y_i takes its place: this is the
    empirical Fisher information, which is close to F only near a fit without a penalty.
    """
    return _fisher(MinimumOf(model, X, y, sample_weight))


def _fisher(minimum: MinimumOf) -> np.ndarray:
    s = minimum.weight
    if not isinstance(minimum.model, Classifier):
        g = _gradients(minimum, minimum.y)
        return (g.T * s) @ g / s.sum()
    P = minimum.model._predict_proba(minimum.X)
    each = [_gradients(minimum, np.full(len(s), k)) for k in range(P.shape[1])]
    g = np.stack(each, axis=1)  # (samples, classes, parameters)
    g -= np.einsum("ik,ikp->ip", P, g)[:, None]  # what a penalty adds, the same for every class
    return np.einsum("i,ik,ikp,ikq->pq", s / s.sum(), P, g, g, optimize=True)


def _gradients(minimum: MinimumOf, y: Any) -> np.ndarray:
    """∂ℓ_i/∂θ of every sample, (samples, parameters): the change of Σ s · ∂L/∂θ with s_i."""
    found = jacobian(lambda s: s.sum() * minimum.gradient(minimum.point, s, y=y))(minimum.weight)
    return value(found).T
