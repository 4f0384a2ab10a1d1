"""Constrained parameters of a loss, as functions of free numbers that a solver may move.

    start(...)  →  {"coef": np.zeros(5), "scale": Positive(1.0), "rate": Bounded(0.5, 0, 1)}

A solver changes the free numbers z, the loss depends on the parameters, and the chain rule connects them.
"""

from typing import Any

import numpy as np


class Free:
    """Any numbers: the parameter is z itself. This is the meaning of a plain array in `start`."""

    def __init__(self, start: Any):
        self.start = np.asarray(start, dtype=np.float64)
        self.shape = self.start.shape

    def free(self) -> np.ndarray:
        """The free numbers z of the start."""
        return self.start

    def value(self, z: Any) -> Any:
        """The parameter as a function of z: an array, or a Tensor for a Tensor."""
        return z

    def at(self, start: Any) -> "Free":
        """The same constraint with a new start, such as the result of an earlier fit."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), start=np.asarray(start, dtype=np.float64))
        return other


class Positive(Free):
    """Numbers above 0: exp z."""

    def free(self) -> np.ndarray:
        return np.log(self.start)

    def value(self, z: Any) -> Any:
        return np.exp(z)


class Bounded(Free):
    """Numbers between low and high: low + (high - low) / (1 + e⁻ᶻ)."""

    def __init__(self, start: Any, low: float, high: float):
        super().__init__(start)
        self.low, self.high = low, high

    def free(self) -> np.ndarray:
        part = (self.start - self.low) / (self.high - self.low)
        return np.log(part / (1 - part))

    def value(self, z: Any) -> Any:
        return self.low + (self.high - self.low) / (1 + np.exp(-z))


class Fixed(Free):
    """Numbers that are not learned: they have no z."""

    def free(self) -> np.ndarray:
        return np.zeros(0)

    def value(self, z: Any) -> Any:
        return self.start

    def at(self, start: Any) -> "Free":
        return self
