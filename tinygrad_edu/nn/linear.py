"""The layer that everything else is made from: a matrix and a bias."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn.initializers import demand_initializer, glorot_uniform
from tinygrad_edu.nn.module import Module, Parameter, module_path
from tinygrad_edu.tensor import Tensor


class Linear(Module):
    """y = x W + b.    x: (..., inputs), W: (inputs, outputs), b: (outputs,), y: (..., outputs)

    Keras's Dense and its layout. W starts from `init`, b from zeros. `rng` is a seed or a
    numpy.random.Generator. x is taken in the precision of W (float32 by default): a model's dtype is
    its own. With inputs=None the first x tells it. Raises ValueError if the last axis of x is not
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
        self.inputs: Any = inputs
        self.outputs, self.bias = outputs, bias
        self._start = init, np.random.default_rng(rng), dtype
        self.make_when_known(inputs)

    def make(self, inputs: int) -> None:
        init, rng, dtype = self.__dict__.pop("_start")
        self.inputs = inputs
        self.W = Parameter(init(rng, (inputs, self.outputs), dtype))
        self.b = Parameter(np.zeros(self.outputs, dtype)) if self.bias else None

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.W, x)
        if x.ndim == 0 or x.shape[-1] != self.inputs:
            raise ValueError(
                f"{module_path(self)} got x of shape {x.shape}: the last axis must be {self.inputs}."
                f"{user_line()}" + _what_to_try(x.shape, self.inputs)
            )
        y = x @ self.W
        return y if self.b is None else y + self.b

    def __repr__(self) -> str:
        return f"Linear({self.inputs}, {self.outputs}{'' if self.bias else ', bias=False'})"


def demand_sizes(layer: Module, **sizes: Any) -> None:
    """Refuses widths, numbers of channels and the like below 1; `inputs` may be None, for "find out"."""
    for name, size in sizes.items():
        if size is None and name == "inputs":
            continue
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise refusal(
                ValueError, f"{type(layer).__name__}({name}={size!r}): a whole number, 1 or more."
            )


def in_precision_of(parameter: Parameter, x: Any) -> Any:
    """x as an array or Tensor of the parameter's dtype."""
    if not isinstance(x, (Tensor, np.ndarray)):
        x = np.asarray(x)
    return x if x.dtype == parameter.dtype else x.astype(parameter.dtype)


def _what_to_try(shape: tuple[int, ...], width: int) -> str:
    if len(shape) > 2 and math.prod(shape[1:]) == width:
        return "\n  Try: Flatten() before this layer"
    hint = f"\n  Try: Linear({shape[-1] if shape else 1}, ...) here, or a layer before it that gives {width}"
    swapped = len(shape) == 2 and shape[0] == width
    return hint + ("; or x.T, if samples and features are swapped" if swapped else "")
