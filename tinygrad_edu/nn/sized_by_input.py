"""Layers whose first input may tell their size, as in Linear(None, 10)."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.nn.checks import Shape, demand_width
from tinygrad_edu.nn.layer_tools import as_called
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.module_checks import unknown_start

# Takes the place of a random generator that has been used, which is not to be saved with a layer.
GENERATOR = np.random.Generator


def _with_generator(start: tuple, rng: Any) -> tuple:
    """The arguments of `make`, with this generator."""
    return tuple(rng if s is GENERATOR or isinstance(s, GENERATOR) else s for s in start)


class SizedByInput(Module):
    """A layer whose parameters depend on `inputs`, the length of the last axis of x.

    The constructor of a subclass sets its attributes, `inputs` among them, and ends with
    `self.make_now_or_later(...)`. The subclass defines `make(...)`, which creates the parameters from the
    same arguments: at once, or, if inputs is None, when the layer is called with its first x.

    >>> from tinygrad_edu.nn import Parameter
    >>> class Scale(SizedByInput):
    ...     def __init__(self, inputs=None, *, start=1.0):
    ...         self.inputs = inputs
    ...         self.make_now_or_later(start)
    ...
    ...     def make(self, start):
    ...         self.scale = Parameter(np.full(self.inputs, start))
    ...
    ...     def forward(self, x):
    ...         self.demand_shape(np.shape(x))
    ...         return x * self.scale
    >>> scale = Scale(start=0.5)
    >>> scale(np.ones((1, 2)))
    Tensor([[0.5, 0.5]], made by multiply)
    >>> scale
    Scale(2)
    """

    inputs: Any  # a whole number, or None while it is unknown

    def make_now_or_later(self, *start: Any) -> None:
        """Calls make(*start) now, or, if inputs is None, in the first call of the layer."""
        self.built, self._start = False, start
        if self.inputs is not None:
            self._make()

    def make(self, *start: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no make(self, ...) yet")

    def demand_shape(self, shape: Shape) -> None:
        """Refuses an x whose last axis is not `inputs` long (of any length while `inputs` is None)."""
        demand_width(self, shape)

    def build_from(self, x: Any) -> None:
        shape = np.shape(x)
        self.demand_shape(shape)
        self.inputs = shape[-1]
        try:
            self._make()
        except Exception:
            self.inputs = None  # the next x may fit
            raise
        self._sized_by = " ".join(f"sized by its first x {shape}{user_line()}".split())

    def _make(self) -> None:
        self.make(*self._start)
        self.built = True
        self._start = _with_generator(self._start, GENERATOR)

    def draw(self, rng: np.random.Generator) -> None:
        own = {name: p for name, p in vars(self).items() if isinstance(p, Parameter)}
        if "_start" not in vars(self):
            raise unknown_start(self)
        start = _with_generator(self._start, rng)
        if not self.built:
            self._start = start
        elif own and start != self._start:
            again = copy.copy(self)
            again.make(*start)
            for name, parameter in own.items():
                parameter.data[...] = vars(again)[name].data

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, for copies and pickles; but pickle refuses functions that have no name."""
        state = vars(self).copy()
        if self.built and any("<" in getattr(s, "__qualname__", "") for s in self._start):
            del state["_start"]
        return state

    def __repr__(self) -> str:
        return as_called(self)
