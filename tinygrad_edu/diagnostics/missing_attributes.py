"""Answers names that a Tensor or this package does not have, but NumPy, PyTorch or Keras has, with a hint."""

from __future__ import annotations

import importlib
import types
from collections.abc import Collection
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import METHODS, NN, OF_NUMPY, OF_OPS, PACKAGE, TENSOR
from tinygrad_edu.diagnostics.words import no_such_name, refusal


def answer_missing(kind: type) -> None:
    """Gives a class properties that raise AttributeError with what to write instead.

    (A `__getattr__` would slow down every other attribute.)
    """
    for name, hint in TENSOR.items():
        setattr(kind, name, _missing(f".{name}", hint))
    for name in OF_NUMPY:
        setattr(kind, name, _missing(f".{name}()", f"np.{name}(x)"))
    for name in OF_OPS:
        setattr(kind, name, _missing(f".{name}()", f"tinygrad_edu.ops.{name}(x)"))
    for name in dir(np.ndarray):
        if not name.startswith("_") and not hasattr(kind, name):
            hint = f"x.data.{name}, outside the graph"
            setattr(kind, name, _missing(f".{name}, but its array has", hint))


def _missing(what: str, hint: str) -> property:
    def tell(self: Any) -> Any:
        raise refusal(AttributeError, f"a Tensor has no {what}.", hint)

    return property(tell)


def refuse_words_of_others(method: str, given: Collection[str]) -> None:
    """Raises TypeError for x.sum(dim=1), which is PyTorch's word for an axis."""
    for name in given:
        if name in METHODS:
            what = f"{method} of a Tensor has no argument {name!r}."
            raise refusal(TypeError, what, f"{METHODS[name]}=, as in NumPy")


def not_in_package(name: str, known: Collection[str]) -> Exception:
    """The error of tinygrad_edu.zeros, say, with where it is: in NumPy, or in a package of this one."""
    hints = dict(PACKAGE)
    for room in ("training", "optim", "nn", "ops"):
        if name in getattr(importlib.import_module(f"tinygrad_edu.{room}"), "__all__", ()):
            hints.setdefault(name, f"{room}.{name}, after: from tinygrad_edu import {room}")
    if hasattr(np, name):
        hints.setdefault(name, f"np.{name}, as Tensors and arrays are made and combined by NumPy")
    if name in NN:
        hints.setdefault(name, f"nn: {NN[name]}")
    return no_such_name("tinygrad_edu", name, known, hints)


def answer_call(module: types.ModuleType, hint: str) -> None:
    """Gives a module a call that is refused: tinygrad_edu.tensor([1.0]) is PyTorch's."""

    class NotAFunction(types.ModuleType):
        def __call__(self, *_: Any, **__: Any) -> Any:
            raise refusal(TypeError, f"{module.__name__} is a module.", hint)

    module.__class__ = NotAFunction
