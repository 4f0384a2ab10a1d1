"""Hyper-gradients: the derivative of a validation loss with respect to the strength of a penalty.

Source: Y. Bengio, Gradient-based optimization of hyperparameters (2000); F. Pedregosa, Hyperparameter
optimization with approximate gradient (2016).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.curvature.minimum import MinimumOf
from models.foundation import Classifier, targets
from tinygrad_edu import grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value


def hyper_gradient(
    model: Any,
    X: Any,
    y: Any,
    X_val: Any,
    y_val: Any,
    names: str | tuple[str, ...] = "alpha",
    *,
    sample_weight: Any = None,
    validation: Callable[[Any], Any] | None = None,
) -> dict[str, float]:
    """dV/dλ, with V the validation loss of the model that was fitted with the parameters λ.

    V depends on λ through the fit θ̂(λ), where ∂L/∂θ = 0. By the implicit function theorem

        dV/dλ = -(∂V/∂θ)ᵀ (∂²L/∂θ²)⁻¹ ∂²L/∂θ∂λ

    so one solution of linear equations gives the derivatives with respect to all λ, however many there are.

    X, y, sample_weight    the training data of the fit
    X_val, y_val           the validation data
    names                  one or several parameters of the estimator that are numbers, such as "alpha" or "C"
    validation             V as a function of the fitted model; by default the mean squared error of a
                           regressor, and the mean of -ln P(y | x) of a classifier

    Returns name -> dV/dλ. Raises ValueError for a name that is not a number, for a loss with kinks, or if
    the parameters are not a minimum.

    >>> hyper_gradient(Ridge(alpha=2.0).fit(X, y), X, y, X_val, y_val)  # doctest: +SKIP
    {'alpha': -0.31}
    """
    minimum = MinimumOf(model, X, y, sample_weight)
    names = (names,) if isinstance(names, str) else names
    start = {name: _number(model, name) for name in names}
    loss = validation or _default_validation(model, X_val, y_val)
    towards = grad(lambda z: loss(minimum.model_at(z)))(minimum.point)
    u = minimum.inverse_hessian() @ value(towards)

    def descent(values: Mapping[str, Any]) -> Any:
        return -(u @ minimum.gradient(minimum.point, model=_with(model, values)))

    return {name: float(value(g)) for name, g in grad(descent)(start).items()}


def _number(model: Any, name: str) -> float:
    params = model.get_params(deep=False)
    value = params.get(name)
    if isinstance(value, (bool, str)) or not np.isscalar(value):
        numbers = [n for n, x in params.items() if isinstance(x, float)]
        what = (
            f"hyper_gradient: {type(model).__name__} has {name}={value!r}, which is not a number."
        )
        raise refusal(ValueError, what, f"one of {', '.join(numbers)}")
    return float(value)  # type: ignore[arg-type]


def _with(model: Any, values: Mapping[str, Any]) -> Any:
    """A copy of the model in which some parameters are Tensors."""
    made = model._copy(with_learned=True)
    for name, tensor in values.items():
        setattr(made, name, tensor)
    return made


def _default_validation(model: Any, X: Any, y: Any) -> Callable[[Any], Any]:
    if isinstance(model, Classifier):
        codes = targets.codes(targets.labels(y, len(X), model), model.classes_, model)
        places = np.arange(len(X)), codes
        return lambda fitted: -np.log(fitted.predict_proba(X)[places]).mean()
    observed = targets.numbers(y, len(X), model)
    return lambda fitted: ((observed - fitted.predict(X)) ** 2).mean()
