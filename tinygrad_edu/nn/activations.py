"""Activations as modules. Only PReLU has parameters.

The functions themselves are NumPy's, or are in `tinygrad_edu.ops`. Defaults are those of Keras's layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.nn.checks import demand_not_negative, demand_positive, demand_samples_fit
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "HardShrink",
    "HardSiLU",
    "HardSigmoid",
    "HardTanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "SoftShrink",
    "Softmax",
    "Softplus",
    "Softsign",
    "SparsePlus",
    "SparseSigmoid",
    "Sparsemax",
    "Squareplus",
    "Tanh",
    "TanhShrink",
    "Threshold",
]

# ----------------------------------------------------------------------------------- straight lines


class ReLU(Module):
    """y = max(x, 0), and at most `max_value` if there is one; its derivative at both ends is 0.

    ReLU(max_value=6) is known as ReLU6. Raises ValueError unless max_value > 0.
    """

    def __init__(self, max_value: float | None = None):
        if max_value is not None:
            demand_positive(self, max_value=max_value)
        self.max_value = max_value

    def forward(self, x: Any) -> Any:
        if self.max_value is None:
            return ops.relu(x)
        return ops.capped_relu(x, max_value=self.max_value)


class LeakyReLU(Module):
    """y = x where x > 0, else negative_slope · x. Maas et al. 2013."""

    def __init__(self, negative_slope: float = 0.3):
        demand_not_negative(self, negative_slope=negative_slope)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


class PReLU(Module):
    """y = x where x > 0, else alpha · x, with an alpha that is learned and starts at 0.

    shape   the shape of alpha: that of one sample or of its last axes, with a 1 along an axis that shares
            alpha, as in PReLU((1, 1, 16)) for images of 16 channels

    He et al. 2015.

    Raises ValueError if alpha does not fit the samples of x.
    """

    def __init__(self, shape: int | tuple[int, ...], *, dtype: Any = np.float32):
        self.alpha = Parameter(np.zeros(shape, dtype))

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.alpha, x)
        demand_samples_fit(self, x.shape, self.alpha.shape)
        return ops.relu(x) - self.alpha * ops.relu(-x)

    def __repr__(self) -> str:
        return f"PReLU({self.alpha.shape})"


class HardSigmoid(Module):
    """y = min(max(x + 3, 0), 6) / 6."""

    def forward(self, x: Any) -> Any:
        return ops.hard_sigmoid(x)


class HardSiLU(Module):
    """y = x min(max(x + 3, 0), 6) / 6; also known as hard swish."""

    def forward(self, x: Any) -> Any:
        return ops.hard_silu(x)


class HardTanh(Module):
    """y = min(max(x, -1), 1); its derivative at both ends is 0. Collobert 2004."""

    def forward(self, x: Any) -> Any:
        return np.where(np.abs(x) < 1, x, np.sign(x))


class SparseSigmoid(Module):
    """y = min(max((x + 1) / 2, 0), 1): the Sparsemax of [x, 0]. Martins and Astudillo 2016."""

    def forward(self, x: Any) -> Any:
        return ops.capped_relu(x + 1, max_value=2.0) / 2


class Threshold(Module):
    """y = x where x > threshold, else `value`, with derivative 0."""

    def __init__(self, threshold: float, value: float = 0.0):
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        return np.where(x > self.threshold, x, self.value)


class HardShrink(Module):
    """y = x where |x| > threshold, else 0: treats small numbers as noise.

    Donoho and Johnstone 1994. Raises ValueError unless threshold ≥ 0.
    """

    def __init__(self, threshold: float = 0.5):
        demand_not_negative(self, threshold=threshold)
        self.threshold = threshold

    def forward(self, x: Any) -> Any:
        return np.where(np.abs(x) > self.threshold, x, 0.0)


class SoftShrink(HardShrink):
    """y = sign(x) max(|x| - threshold, 0): shrinks all numbers, without a jump, as an L1 penalty does."""

    def forward(self, x: Any) -> Any:
        return x - np.clip(x, -self.threshold, self.threshold)


# ----------------------------------------------------------------------------------- smooth curves


class Tanh(Module):
    """y = tanh x."""

    def forward(self, x: Any) -> Any:
        return np.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ). Do not put it before `binary_cross_entropy`, which takes logits."""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


class LogSigmoid(Module):
    """y = ln(1 / (1 + e⁻ˣ)), without overflow."""

    def forward(self, x: Any) -> Any:
        return ops.log_sigmoid(x)


class TanhShrink(Module):
    """y = x - tanh x: flat around 0, and x ∓ 1 far from it."""

    def forward(self, x: Any) -> Any:
        return ops.tanh_shrink(x)


class Softplus(Module):
    """y = ln(1 + eˣ), a smooth ReLU."""

    def forward(self, x: Any) -> Any:
        return ops.softplus(x)


class Squareplus(Module):
    """y = (x + √(x² + b)) / 2, a smooth ReLU without exponentials; y(0) = √b / 2. Barron 2021.

    Raises ValueError unless b > 0.
    """

    def __init__(self, b: float = 4.0):
        demand_positive(self, b=b)
        self.b = b

    def forward(self, x: Any) -> Any:
        size = np.where(x > 0, x, -x)
        far = 0.5 * size + 0.5 * np.hypot(x, self.b**0.5)
        return np.where(x > 0, far, self.b / 4 / far)  # the product of y(x) and y(-x) is b / 4


class SparsePlus(Module):
    """y = 0 up to -1, (x + 1)² / 4 up to 1, and then x: a ReLU whose corner is a parabola.

    Its derivative is SparseSigmoid.
    """

    def forward(self, x: Any) -> Any:
        return np.square(np.clip(x + 1, 0, 2)) / 4 + ops.relu(x - 1)


class Softsign(Module):
    """y = x / (1 + |x|)."""

    def forward(self, x: Any) -> Any:
        return ops.softsign(x)


class ELU(Module):
    """y = x where x > 0, else alpha (eˣ - 1). Clevert et al. 2016."""

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(x, alpha=self.alpha)


class CELU(Module):
    """y = x where x > 0, else alpha (exp(x / alpha) - 1): an ELU whose slope is 1 at 0. Barron 2017.

    Raises ValueError unless alpha > 0.
    """

    def __init__(self, alpha: float = 1.0):
        demand_positive(self, alpha=alpha)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return self.alpha * ops.elu(x / self.alpha)


class SELU(Module):
    """y = λ elu(x) with α = 1.6733, λ = 1.0507: keeps mean 0 and variance 1. Klambauer et al. 2017."""

    def forward(self, x: Any) -> Any:
        return ops.selu(x)


class GELU(Module):
    """y = x Φ(x), with the normal distribution Φ; `approximate` uses a tanh. Hendrycks and Gimpel 2016."""

    def __init__(self, approximate: bool = False):
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return ops.gelu_tanh(x) if self.approximate else ops.gelu(x)


class SiLU(Module):
    """y = x / (1 + e⁻ˣ); also known as swish."""

    def forward(self, x: Any) -> Any:
        return ops.silu(x)


class Mish(Module):
    """y = x tanh(ln(1 + eˣ)). Misra 2020."""

    def forward(self, x: Any) -> Any:
        return ops.mish(x)


# ----------------------------------------------------------------------------------- along an axis


class _AlongAxis(Module):
    """What the next layers share: the axis that their operation works along."""

    operation: Callable

    def __init__(self, axis: int = -1):
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return self.operation(x, axis=self.axis)


class Softmax(_AlongAxis):
    """y = eˣ / Σ eˣ along an axis. Do not put it before `cross_entropy`, which takes logits."""

    operation = staticmethod(ops.softmax)


class LogSoftmax(_AlongAxis):
    """y = x - ln Σ eˣ along an axis."""

    operation = staticmethod(ops.log_softmax)


class Sparsemax(_AlongAxis):
    """The probabilities nearest to x along an axis, many of them exactly 0: see `ops.sparsemax`."""

    operation = staticmethod(ops.sparsemax)


class GLU(_AlongAxis):
    """y = a sigmoid(b), with the two halves a and b of x along an axis: half as many outputs as inputs."""

    operation = staticmethod(ops.glu)
