"""Parameters of a loss that may not be any number, as functions of free numbers that a solver may move.

    start(...)  →  {"coef": np.zeros(5), "scale": Positive(1.0), "share": Bounded(0.5, 0, 1)}

A solver sees the free numbers z; the loss sees the parameters, and the chain rule does the rest.
"""

from typing import Any

import numpy as np


class Free:
    """Any numbers: the parameter is z itself. A plain array in `start` means this."""

    def __init__(self, start: Any):
        self.start = np.asarray(start, dtype=np.float64)
        self.shape = self.start.shape

    def free(self) -> np.ndarray:
        """The free numbers z of the start."""
        return self.start

    def value(self, z: Any) -> Any:
        """The parameter, of free numbers z: an array, or a Tensor of a Tensor."""
        return z

    def at(self, start: Any) -> "Free":
        """The same constraint with another start, such as the result of an earlier fit."""
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
        share = (self.start - self.low) / (self.high - self.low)
        return np.log(share / (1 - share))

    def value(self, z: Any) -> Any:
        return self.low + (self.high - self.low) / (1 + np.exp(-z))


class Fixed(Free):
    """Numbers that are not learned: there is no z."""

    def free(self) -> np.ndarray:
        return np.zeros(0)

    def value(self, z: Any) -> Any:
        return self.start

    def at(self, start: Any) -> "Free":
        return self
