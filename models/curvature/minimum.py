"""A fitted model at the minimum of its loss: the loss as a function of one vector, and its Hessian."""

from typing import Any

import numpy as np

from models.foundation import ConvergenceWarning, warn
from models.foundation.loss_model import LossModel
from models.foundation.sklearn_bridge import is_fitted, not_fitted
from tinygrad_edu import grad, hessian
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value


class MinimumOf:
    """L(θ, s) of a fitted LossModel, with θ its free parameters in one vector and s the weights of samples.

    point     θ at the minimum
    weight    s of the fit
    """

    def __init__(self, model: Any, X: Any, y: Any, sample_weight: Any = None):
        _demand_smooth_loss(model)
        self.model = model
        data = model._read(X, y, sample_weight, more=True)
        self.X, self.y, self.weight = data["X"], data["y"], data["weight"]
        if len(self.X) != len(X):
            what = f"sample_weight is 0 for {len(X) - len(self.X)} of {len(X)} samples."
            raise refusal(ValueError, what, "X, y and weights without these samples")
        self.packing = model._packing(**data)
        self.packing.move({n.removesuffix("_"): x for n, x in vars(model).items()})
        self.point = self.packing.vector()

    def loss(self, point: Any, weight: Any = None, model: Any = None, y: Any = None) -> Any:
        """L(θ, s); of a copy of the model with other settings, or for other targets."""
        weight = self.weight if weight is None else weight
        chosen = self.model if model is None else model
        y = self.y if y is None else y
        return chosen.objective(self.X, y, weight, **self.packing.unpack(point))

    def gradient(self, point: Any, *others: Any, **settings: Any) -> Any:
        """∂L/∂θ, which is differentiable again in everything that `loss` takes."""
        return grad(lambda z: self.loss(z, *others, **settings))(point)

    def model_at(self, point: Any) -> Any:
        """A copy of the model whose parameters are θ, as Tensors if θ is one."""
        made = self.model._copy(with_learned=True)
        for name, parameter in self.packing.unpack(point).items():
            setattr(made, f"{name}_", parameter)
        return made

    def inverse_hessian(self) -> np.ndarray:
        """(∂²L/∂θ²)⁻¹; its pseudo-inverse if the loss is constant in some directions.

        Raises ValueError if the Hessian has a negative eigenvalue: then θ is not a minimum.
        """
        H = value(hessian(self.loss)(self.point))
        inverse = pseudo_inverse(H, type(self.model).__name__)
        slope = value(self.gradient(self.point))
        missing = slope @ inverse @ slope / 2  # L minus its minimum, by Newton's estimate
        if missing > 1e-6 * max(abs(float(self.loss(self.point))), 1e-3):
            text = f"{type(self.model).__name__}: its loss can still fall by about {missing:.1e}"
            warn(ConvergenceWarning, f"{text}. Try: a smaller tol, and a larger max_iter")
        return inverse


def pseudo_inverse(H: np.ndarray, name: str) -> np.ndarray:
    """The inverse of H on the directions in which it is not 0; H must have no negative eigenvalue."""
    values, vectors = np.linalg.eigh((H + H.T) / 2)
    rounding = len(H) * np.finfo(np.float64).eps * np.abs(values).max(initial=0)
    if values.min(initial=0) < -1e3 * rounding:
        what = f"{name} is not at a minimum: the Hessian of its loss has the eigenvalue {values[0]:.2e}."
        raise refusal(ValueError, what, "a fit with a smaller tol and a larger max_iter")
    large = values > 1e3 * rounding
    return (vectors[:, large] / values[large]) @ vectors[:, large].T


def _demand_smooth_loss(model: Any) -> None:
    name = type(model).__name__
    if not isinstance(model, LossModel):
        what = f"{name} is not a model that is a loss, so there is nothing to differentiate."
        raise refusal(TypeError, what, "a LossModel, such as models.LogisticRegression")
    if not is_fitted(model):
        raise not_fitted(model)
    if model.has_kinks:
        what = f"{model!r}: its loss has kinks, where there is no second derivative."
        raise refusal(ValueError, what, f"{name} with a penalty of squares, such as Ridge")
