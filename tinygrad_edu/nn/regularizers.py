"""Penalties, which are added to the loss, and constraints, which restrict the values of parameters.

They are attributes of a Parameter: `layer.W.regularizer = L2(1e-4)`, `layer.W.constraint = MaxNorm(2)`. A
regularizer maps a parameter to a number, and `model.penalty()` is their sum; a constraint maps an array to
an allowed one, after each step of the optimizer. The formulas are Keras's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_finite, demand_interval
from tinygrad_edu.nn.layer_tools import ShownAsCalled
from tinygrad_edu.ops.norms import length
from tinygrad_edu.ops.reductions import narrow, wide
from tinygrad_edu.tensor import value

__all__ = ["L1", "L1L2", "L2", "MaxNorm", "MinMaxNorm", "NonNegative", "UnitNorm"]

EPSILON = 1e-7  # added to norms before a division

# ----------------------------------------------------------------------------------------- penalties


class L1L2(ShownAsCalled):
    """l1 Σ |w| + l2 Σ w². (No ½ before the squares, so that weight decay λ is l2 = λ / 2.)

    Raises ValueError for a factor that is not a finite number, 0 or more.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        demand_finite(self, l1=l1, l2=l2)
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, w: Any) -> Any:
        penalty, x = 0.0, wide(w)
        if self.l1:
            penalty = penalty + self.l1 * np.abs(x).sum()
        if self.l2:
            penalty = penalty + self.l2 * np.square(x).sum()
        return narrow(penalty, w) if self.l1 or self.l2 else penalty


class L1(L1L2):
    """l1 Σ |w|: pulls parameters to 0, many of them exactly (lasso)."""

    def __init__(self, l1: float = 0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    """l2 Σ w²: pulls parameters to 0 in proportion to their size (ridge)."""

    def __init__(self, l2: float = 0.01):
        super().__init__(l2=l2)


# --------------------------------------------------------------------------------------- constraints


class NonNegative(ShownAsCalled):
    """max(w, 0)"""

    def __call__(self, w: np.ndarray) -> np.ndarray:
        return np.maximum(w, 0)


class MinMaxNorm(ShownAsCalled):
    """w scaled so that its norm n along `axis` moves between two values, by a fraction `rate` of the way.

    w (rate · clip(n, min_value, max_value) + (1 - rate) n) / (n + 1e-7)

    axis   the axis, or axes, of one vector: 0 in (inputs, outputs), for the weights into one unit, and
           (0, 1, 2) in the kernel of a convolution

    Raises ValueError unless 0 <= min_value <= max_value and 0 <= rate <= 1.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | tuple[int, ...] = 0,
    ):
        demand_interval(self, min_value, max_value, rate)
        self.min_value, self.max_value = float(min_value), float(max_value)
        self.rate, self.axis = float(rate), axis

    def __call__(self, w: np.ndarray) -> np.ndarray:
        x = wide(w)
        norm = value(length(x, axis=self.axis, keepdims=True))
        wanted = np.clip(norm, self.min_value, self.max_value)
        return narrow(x * ((self.rate * wanted + (1 - self.rate) * norm) / (norm + EPSILON)), w)


class MaxNorm(MinMaxNorm):
    """w scaled so that its norm along `axis` is at most `max_value`. Srivastava et al. 2014, section 5.1."""

    def __init__(self, max_value: float = 2.0, axis: int | tuple[int, ...] = 0):
        super().__init__(0.0, max_value, axis=axis)


class UnitNorm(MinMaxNorm):
    """w scaled so that its norm along `axis` is 1."""

    def __init__(self, axis: int | tuple[int, ...] = 0):
        super().__init__(1.0, 1.0, axis=axis)
