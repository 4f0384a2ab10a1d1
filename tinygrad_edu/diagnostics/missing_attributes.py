"""Answers an attribute that a Tensor does not have, but an array or PyTorch's tensor has, with a hint."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import TENSOR
from tinygrad_edu.diagnostics.words import refusal


def answer_missing(kind: type) -> None:
    """Gives a class properties that raise AttributeError with what to write instead.

    (A `__getattr__` would slow down every other attribute.)
    """
    for name, hint in TENSOR.items():
        setattr(kind, name, _missing(f".{name}", hint))
    for name in dir(np.ndarray):
        if not name.startswith("_") and not hasattr(kind, name):
            hint = f"x.data.{name}, outside the graph"
            setattr(kind, name, _missing(f".{name}, but its array has", hint))


def _missing(what: str, hint: str) -> property:
    def tell(self: Any) -> Any:
        raise refusal(AttributeError, f"a Tensor has no {what}.", hint)

    return property(tell)
