"""Machine learning to read: a Tensor is a NumPy array that remembers how it was made."""

from __future__ import annotations

from tinygrad_edu.explanation import explain
from tinygrad_edu.functional import (
    checkpoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from tinygrad_edu.tensor import Tensor, debug, no_grad, op
from tinygrad_edu.version import __version__

__all__ = [
    "Tensor", "__version__", "checkpoint", "debug", "explain", "grad", "hessian", "hvp", "jacobian",
    "jvp", "no_grad", "op", "value_and_grad", "vjp",
]  # fmt: skip
