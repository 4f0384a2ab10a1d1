"""Layers whose first input may tell their size, as in Linear(None, 10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.nn.checks import Shape, demand_width
from tinygrad_edu.nn.layer_tools import as_called
from tinygrad_edu.nn.module import Module
from tinygrad_edu.tensor import value


class SizedByInput(Module):
    """A layer whose parameters depend on the length of the last axis of x, its `inputs`.

    The constructor of a subclass ends with `self.make_now_or_later(inputs, ...)`, and the subclass defines
    `make(inputs, ...)`, which creates the parameters from the same arguments: at once, or, if inputs is
    None, when the layer is called with its first x.

    >>> from tinygrad_edu.nn import Parameter
    >>> class Scale(SizedByInput):
    ...     def __init__(self, inputs=None, *, start=1.0):
    ...         self.make_now_or_later(inputs, start)
    ...
    ...     def make(self, inputs, start):
    ...         self.scale = Parameter(np.full(inputs, start))
    ...
    ...     def forward(self, x):
    ...         return x * self.scale
    >>> Scale(3, start=0.5).scale
    Parameter([0.5, 0.5, 0.5], name='scale')
    >>> scale = Scale(start=0.5)
    >>> scale(np.ones((1, 2))), scale.inputs
    (Tensor([[0.5, 0.5]], made by multiply), 2)
    """

    inputs: Any  # a whole number, or None before it is known

    def make_now_or_later(self, inputs: int | None, *start: Any) -> None:
        """Calls make(inputs, *start) now, or, if inputs is None, in the first call of the layer."""
        self.inputs, self._start, self.built = inputs, start, False
        if inputs is not None:
            self._make(inputs)

    def make(self, inputs: int, *start: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no make(self, inputs, ...) yet")

    def demand_shape(self, shape: Shape) -> None:
        """Refuses an x whose last axis is not `inputs` long (of any length while `inputs` is None)."""
        demand_width(self, shape)

    def build_from(self, x: Any) -> None:
        shape = np.shape(value(x))
        self.demand_shape(shape)
        self._make(shape[-1])
        self._sized_by = " ".join(f"sized by its first x {shape}{user_line()}".split())

    def __repr__(self) -> str:
        return as_called(self)

    def _make(self, inputs: int) -> None:
        self.make(inputs, *self._start)
        self.inputs, self.built = inputs, True
        del self._start  # a random generator is not to be saved with the layer
