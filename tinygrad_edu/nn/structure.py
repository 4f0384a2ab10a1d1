"""Modules that arrange: one after another, another shape, some left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.nn.module import Module
from tinygrad_edu.tensor import Tensor


class Sequential(Module):
    """y = layer_n(... layer_1(layer_0(x))). A layer is a Module or any function of one argument."""

    def __init__(self, *layers: Callable):
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                raise TypeError(
                    f"Sequential: layer {i} is {layer!r}, which is not a module.{user_line()}\n"
                    "  Try: Sequential(Linear(64, 10), ReLU()), layers as arguments, with brackets"
                )
        self.layers = list(layers)

    def children(self) -> Iterator[tuple[str, Any]]:
        """The layers go by their numbers: `0.W` and not `layers.0.W`."""
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, i: int) -> Callable:
        return self.layers[i]

    def __len__(self) -> int:
        return len(self.layers)


class Flatten(Module):
    """(N, ...) -> (N, the product of the rest), in the order of memory."""

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (len(x), -1))


class Dropout(Module):
    """In training, each number is 0 with probability p and x / (1 - p) otherwise; in eval, y = x.

    Inverted dropout: the expected value is x in both. `rng` is a seed or a numpy.random.Generator.
    Srivastava et al. 2014. Raises ValueError unless 0 <= p < 1.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | int | None = None):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout(p={p}): p is a probability, 0 <= p < 1.{user_line()}")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x)
        keep = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return x * (keep.astype(x.dtype) / (1 - self.p))
