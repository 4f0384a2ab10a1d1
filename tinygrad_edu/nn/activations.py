"""Functions without parameters, as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.nn.module import Module


class ReLU(Module):
    """y = max(x, 0); its derivative at 0 is 0."""

    def forward(self, x: Any) -> Any:
        return ops.relu(x)


class Tanh(Module):
    """y = tanh x."""

    def forward(self, x: Any) -> Any:
        return np.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ)."""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


class Softmax(Module):
    """y = eˣ / Σ eˣ along an axis. Not before `cross_entropy`, which takes logits."""

    def __init__(self, axis: int = -1):
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return ops.softmax(x, axis=self.axis)
