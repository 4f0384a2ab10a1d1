"""Influence functions: how the fit changes with the weight of each sample.

Source: F. Hampel, The influence curve and its role in robust estimation (1974); P. W. Koh, P. Liang,
Understanding black-box predictions via influence functions (2017).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from models.curvature.minimum import MinimumOf
from tinygrad_edu import grad, jacobian
from tinygrad_edu.tensor import value


def influence(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    on: Callable[[Any], Any] | None = None,
) -> Any:
    """dθ̂/ds_i: how much the fitted parameters change per weight of sample i.

    The fit is where ∂L/∂θ = 0. It stays there while s_i changes, so by the implicit function theorem

        dθ̂/ds_i = -(∂²L/∂θ²)⁻¹ ∂²L/∂θ∂s_i

    Leaving out sample i changes θ̂ by about -s_i dθ̂/ds_i, if one sample of many does not change the Hessian
    much.

    X, y, sample_weight    the data of the fit
    on                     a function of the fitted model whose result is one number, such as
                           `lambda m: np.mean((y_test - m.predict(X_test)) ** 2)`

    Returns a dict, name of the parameter -> (samples, *shape). With `on` it returns (samples,): the change
    of that number per weight of each sample.

    Raises ValueError for a loss with kinks, or if the parameters are not a minimum.
    """
    minimum = MinimumOf(model, X, y, sample_weight)
    mixed = jacobian(lambda s: minimum.gradient(minimum.point, s))(minimum.weight)
    moved = -value(mixed).T @ minimum.inverse_hessian()  # (samples, free parameters)
    if on is not None:
        return moved @ value(grad(lambda z: on(minimum.model_at(z)))(minimum.point))
    found = {}
    for name in minimum.packing.parameters:
        J = jacobian(lambda z, name=name: minimum.packing.unpack(z)[name])(minimum.point)
        found[name] = np.tensordot(moved, value(J), (1, -1))
    return found
