"""What many layers need: x as an array in the right precision, and a repr that is a call."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import Tensor


def as_array(x: Any) -> Any:
    """x as a Tensor or an array: lists become arrays."""
    return x if isinstance(x, (Tensor, np.ndarray)) else np.asarray(x)


def in_precision_of(parameter: Tensor, x: Any) -> Any:
    """x as a Tensor or an array of the parameter's dtype."""
    if not isinstance(x, (Tensor, np.ndarray)):
        x = np.asarray(x)
    if x.dtype == parameter.dtype:
        return x
    demand_real_numbers(x)
    return x.astype(parameter.dtype)


def demand_real_numbers(x: Any) -> None:
    """Refuses what NumPy would turn into real numbers, but with a loss: complex numbers and dates."""
    if x.dtype.kind == "c":
        raise refusal(
            TypeError,
            f"x {x.shape} is {x.dtype}, and the layer computes with real numbers: the imaginary part would "
            "be lost.",
            "np.concatenate([x.real, x.imag], axis=-1), or np.abs(x)",
        )
    if x.dtype.kind in "mM":
        raise refusal(
            TypeError,
            f"x {x.shape} is {x.dtype}, and the layer computes with numbers.",
            "(x - x.min()) / np.timedelta64(1, 'D'), the days since the first date",
        )


class ShownAsCalled:
    """Base of settings, such as initializers and penalties, whose repr is the call that makes them."""

    def __repr__(self) -> str:
        return as_called(self)


def as_called(layer: Any) -> str:
    """The call that makes such a layer, without settings that are the default: `Conv2d(3, 8, 5, stride=2)`.

    The attributes of the layer have the names of the arguments.
    """
    shown: list[str] = []
    for name, argument in inspect.signature(type(layer).__init__).parameters.items():
        if name in ("init", "rng", "dtype") or name not in vars(layer):
            continue
        given = vars(layer)[name]
        if argument.kind is argument.VAR_POSITIONAL:
            shown += map(repr, given)
        elif argument.kind is not argument.KEYWORD_ONLY:
            shown.append(repr(given))
        elif given != argument.default:
            shown.append(f"{name}={given!r}")
    return f"{type(layer).__name__}({', '.join(shown)})"
