"""The hyper-parameters of a kernel, in one vector θ of logarithms that an optimizer moves between bounds."""

from typing import Any, NamedTuple, Self

import numpy as np

from models.foundation import ConvergenceWarning, clone, warn
from models.foundation.fields import REQUIRED, Parameter
from models.foundation.parametrized import Parametrized
from tinygrad_edu.diagnostics.words import refusal


class Hyperparameter(NamedTuple):
    """A parameter `name` of a kernel that has bounds, `name_bounds`: pairs (low, high), or "fixed"."""

    name: str
    value_type: str
    bounds: Any
    n_elements: int
    fixed: bool


def bounds(low: float = 1e-5, high: float = 1e5) -> Any:
    """A pair (low, high), one for each element of an array, or "fixed": then the parameter is not tuned."""
    words = "a pair (low, high) with 0 ≤ low ≤ high, several of them, or 'fixed'"
    return Parameter((low, high), _are_bounds, words, "range when tuned", choices=("fixed",))


def _are_bounds(x: Any) -> bool:
    if isinstance(x, str) or x is None:
        return x == "fixed"
    try:
        pairs = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    if pairs.shape[-1:] != (2,) or pairs.ndim > 2:
        return False
    return bool((pairs[..., 0] >= 0).all() and (pairs[..., 0] <= pairs[..., 1]).all())


def positive_numbers() -> Any:
    """An array of one axis, of numbers above 0."""
    return Parameter(REQUIRED, _are_positive, "an array of numbers > 0")


def _are_positive(x: Any) -> bool:
    if not isinstance(x, (list, tuple, np.ndarray)):
        return False
    try:
        found = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return found.ndim == 1 and found.size > 0 and bool(((found > 0) & np.isfinite(found)).all())


class Tunable(Parametrized):
    """Something whose parameters with bounds, and those of its parts, form the vector θ.

    θ holds the logarithms of all that are not fixed, in alphabetical order, part after part.
    """

    all_by_position = True

    @property
    def hyperparameters(self) -> list[Hyperparameter]:
        """Every parameter that has bounds; those of the part k1 are named k1__name."""
        found = []
        for name in sorted(self._parameters):
            if f"{name}_bounds" in self._parameters:
                found.append(self._hyperparameter(name))
        for outer, part in self._parts().items():
            found += [h._replace(name=f"{outer}__{h.name}") for h in part.hyperparameters]
        return found

    def _hyperparameter(self, name: str) -> Hyperparameter:
        size, limits = int(np.size(getattr(self, name))), getattr(self, f"{name}_bounds")
        if isinstance(limits, str):
            return Hyperparameter(name, "numeric", "fixed", size, True)
        limits = np.atleast_2d(np.asarray(limits, dtype=np.float64))
        if len(limits) not in (1, size):
            what = f"Bounds on {name} should have either 1 or {size} dimensions. Given are {len(limits)}."
            raise refusal(ValueError, what, f"{name}_bounds=(low, high), the same for all")
        return Hyperparameter(name, "numeric", np.broadcast_to(limits, (size, 2)), size, False)

    def _tuned(self) -> list[Hyperparameter]:
        return [h for h in self.hyperparameters if not h.fixed]

    @property
    def n_dims(self) -> int:
        """The length of θ."""
        return sum(h.n_elements for h in self._tuned())

    @property
    def theta(self) -> np.ndarray:
        """θ. Assigning to it changes the parameters."""
        params = self.get_params()
        parts = [np.ravel(params[h.name]) for h in self._tuned()]
        with np.errstate(divide="ignore"):  # log 0 = -inf
            return np.log(np.concatenate(parts)) if parts else np.zeros(0)

    @theta.setter
    def theta(self, theta: Any) -> None:
        if len(theta) != self.n_dims:
            what = "theta has not the correct number of entries. "
            what += f"Should be {self.n_dims}; given are {len(theta)}."
            raise refusal(ValueError, what, "kernel.hyperparameters lists them")
        values, params, end = np.exp(theta), self.get_params(), 0
        for name, _, _, size, _ in self._tuned():
            start, end = end, end + size
            scalar = np.ndim(params[name]) == 0
            self.set_params(**{name: values[start] if scalar else values[start:end]})

    @property
    def bounds(self) -> np.ndarray:
        """The logarithms of the bounds of θ, (n_dims, 2)."""
        with np.errstate(divide="ignore"):
            return np.log(np.concatenate([np.zeros((0, 2)), *(h.bounds for h in self._tuned())]))

    def clone_with_theta(self, theta: Any) -> Self:
        """A copy with other hyper-parameters; Tensors, if θ is one."""
        made = clone(self)
        made.theta = theta
        return made

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for part in self._parts().values():
            part._check_parameters()

    def _warn_of_bounds(self) -> None:
        """Warns of every tuned parameter that has stopped at one of its bounds."""
        values = self.get_params()
        for name, _, limits, _, _ in self._tuned():
            for i, (value, pair) in enumerate(zip(np.ravel(values[name]), limits, strict=True)):
                for side, change, bound in zip(("lower", "upper"), ("De", "In"), pair, strict=True):
                    if np.isclose(np.log(value), np.log(bound)):
                        warn(
                            ConvergenceWarning,
                            f"The optimal value found for dimension {i} of parameter {name} is close to the "
                            f"specified {side} bound {bound}. {change}creasing the bound and calling fit "
                            "again may find a better value.",
                        )

    def __eq__(self, other: Any) -> bool:
        if type(self) is not type(other):
            return False
        ours, theirs = self.get_params(deep=False), other.get_params(deep=False)
        return all(np.array_equal(ours[name], theirs[name]) for name in ours)

    __hash__ = None  # type: ignore[assignment]
