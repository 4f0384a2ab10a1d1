"""The layer that everything else is made from: a matrix and a bias."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_initializer, demand_linear, demand_sizes, demand_width
from tinygrad_edu.nn.initializers import glorot_uniform, he_uniform
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.tensor import Tensor

__all__ = ["Linear", "LoRALinear"]


class Linear(SizedByInput):
    """y = x W + b.    x: (..., inputs), W: (inputs, outputs), b: (outputs,), y: (..., outputs)

    Keras's Dense, with the same layout. W starts from `init`, b from zeros. `rng` is a seed or a
    numpy.random.Generator. If inputs is None, the first x tells it. x is converted to the precision of W
    (float32 by default): a model keeps its own dtype. Raises ValueError if the last axis of x is not
    `inputs` long.
    """

    unit_axes = (-1,)  # the axis of W that numbers the outputs

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


class LoRALinear(Module):
    """y = x (W + alpha / rank · A B) + b: a Linear whose W is frozen, and learns a change of low rank.

    A (inputs, rank) starts from he_uniform and B (rank, outputs) from zeros, so that y is at first that of
    the layer. They have (inputs + outputs) rank numbers, W has inputs · outputs. alpha is `rank` if it is
    left out. `merged()` is a Linear that gives the same. Keras's Dense after enable_lora(rank, alpha). Hu
    et al. 2022, eq. 3.

    >>> tuned = LoRALinear(Linear(64, 32, rng=0), rank=2, rng=1)
    >>> sum(p.size for p in tuned.parameters() if p.requires_grad)  # A, B and b, of 2,304
    224
    """

    def __init__(
        self,
        layer: Linear,
        rank: int,
        *,
        alpha: float | None = None,
        rng: np.random.Generator | int | None = None,
    ):
        demand_sizes(self, rank=rank)
        demand_linear(self, layer)
        self.layer, self.rank, self.alpha = layer, rank, rank if alpha is None else alpha
        layer.W.requires_grad, dtype = False, layer.W.dtype
        self.A = Parameter(he_uniform(np.random.default_rng(rng), (layer.inputs, rank), dtype))
        self.B = Parameter(np.zeros((rank, layer.outputs), dtype))

    def draw(self, rng: np.random.Generator) -> None:
        self.A.data[...] = he_uniform(rng, self.A.shape, self.A.dtype)
        self.B.data[...] = 0

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.A, x)
        return self.layer(x) + x @ self.A @ self.B * (self.alpha / self.rank)

    def merged(self) -> Linear:
        """A Linear with the change added to W."""
        layer = copy.deepcopy(self.layer).unfreeze()
        layer.W.data += self.A.data @ self.B.data * (self.alpha / self.rank)
        return layer
