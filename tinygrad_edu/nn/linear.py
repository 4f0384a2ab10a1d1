"""The layer that everything else is made from: a matrix and a bias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_initializer, demand_sizes, demand_width
from tinygrad_edu.nn.initializers import glorot_uniform
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.tensor import Tensor

__all__ = ["Linear"]


class Linear(SizedByInput):
    """y = x W + b.    x: (..., inputs), W: (inputs, outputs), b: (outputs,), y: (..., outputs)

    Keras's Dense, with the same layout. W starts from `init`, b from zeros. `rng` is a seed or a
    numpy.random.Generator. If inputs is None, the first x tells it. x is converted to the precision of W
    (float32 by default): a model keeps its own dtype. Raises ValueError if the last axis of x is not
    `inputs` long.
    """

    def __init__(
        self,
        inputs: int | None,
        outputs: int,
        *,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs, outputs=outputs)
        demand_initializer(self, init)
        self.inputs, self.outputs, self.bias = inputs, outputs, bias
        self.make_now_or_later(init, np.random.default_rng(rng), dtype)

    def make(self, init: Callable, rng: np.random.Generator, dtype: Any) -> None:
        self.W = Parameter(init(rng, (self.inputs, self.outputs), dtype))
        self.b = Parameter(np.zeros(self.outputs, dtype)) if self.bias else None

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.W, x)
        demand_width(self, x.shape)
        y = x @ self.W
        return y if self.b is None else y + self.b
