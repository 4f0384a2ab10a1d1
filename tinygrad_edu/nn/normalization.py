"""Layers that shift and scale what goes through them to mean 0 and variance 1.

They differ in the numbers that a mean is taken over. `tinygrad_edu/ops/normalization.py` has what they
compute, in the plain form and in the fast one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.convolution import changed_settings, path_of
from tinygrad_edu.nn.linear import demand_sizes
from tinygrad_edu.nn.module import Buffer, Module, Parameter, module_path
from tinygrad_edu.ops.normalization import moments, normalize
from tinygrad_edu.tensor import Tensor, value


class _normalization(Module):
    """What the layers of this file share: ε, a scale gamma (from 1) and an offset beta (from 0).

    Both are of the length of x's last axis, `inputs`; with inputs=None the first x tells it.
    """

    axes = 2  # that an x must have at least

    def __init__(
        self, inputs: int | None, eps: float, center: bool, scale: bool, dtype: Any, **sizes: Any
    ):
        demand_sizes(self, inputs=inputs, **sizes)
        if not eps >= 0:
            raise refusal(
                ValueError,
                f"{type(self).__name__}(eps={eps!r}): a number from 0, which keeps the "
                "division from 0 / 0.",
                "eps=0.001",
            )
        self.inputs: Any = inputs
        for name, number in sizes.items():
            setattr(self, name, number)
        self.eps, self.center, self.scale = eps, center, scale
        self.dtype = np.dtype(dtype)
        self.make_when_known(inputs)

    def make(self, inputs: int) -> None:
        self.inputs = inputs
        self.gamma = Parameter(np.ones(inputs, self.dtype)) if self.scale else None
        self.beta = Parameter(np.zeros(inputs, self.dtype)) if self.center else None

    def size_in(self, shape: tuple[int, ...]) -> int:
        self.demand(shape, "channels")
        return shape[-1]

    def demand(self, shape: tuple[int, ...], channels: Any) -> None:
        if len(shape) < self.axes or channels not in ("channels", shape[-1]):
            layout = f"({['..., ', 'N, ..., ', 'N, at least one axis, '][self.axes - 1]}{channels})"
            moved = (0, *range(2, len(shape)), 1)
            hint = f"{type(self).__name__}({shape[-1] if shape else 1}) here"
            if len(shape) < self.axes:
                hint = "x[None], if it is one sample"
            elif len(shape) > 2 and shape[1] == channels:
                hint = f"np.transpose(x, {moved}), if the channels come first in x"
            raise refusal(
                ValueError,
                f"{module_path(self)} got x of shape {shape}: it takes {layout}.",
                f"{hint}",
            )

    def checked(self, x: Any) -> Any:
        """x in our precision (in its own, if we have no numbers) and of a shape that fits."""
        x = x if isinstance(x, Tensor) else np.asarray(x)
        dtypes = [kept.dtype for kept in vars(self).values() if isinstance(kept, Tensor)]
        dtypes += [x.dtype if x.dtype.kind == "f" else self.dtype]
        x = x if x.dtype == dtypes[0] else x.astype(dtypes[0])
        self.demand(x.shape, self.inputs)
        return x

    def normalized(self, x: Any, shape: tuple[int, ...], **settings: Any) -> Any:
        """gamma (x - μ) / σ + beta, the means over the axes 1 and 3 of x in that shape of four axes."""
        gamma = np.ones(self.inputs, x.dtype) if self.gamma is None else self.gamma
        beta = np.zeros(self.inputs, x.dtype) if self.beta is None else self.beta
        y = normalize(np.reshape(x, shape), gamma, beta, eps=self.eps, **settings)
        return np.reshape(y, x.shape)

    def __repr__(self) -> str:
        sizes = [repr(getattr(self, name)) for name in ("groups", "inputs") if hasattr(self, name)]
        return f"{type(self).__name__}({', '.join([*sizes, *changed_settings(self)])})"


class BatchNorm(_normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with the mean μ and the variance σ² of each channel.

    x: (N, ..., inputs), one channel at each place of the last axis; means are over all other axes

    In training μ and σ² are those of the batch, and part of what is differentiated; and they move what
    is remembered of them: moving_mean becomes momentum · moving_mean + (1 - momentum) · μ, and
    moving_variance likewise (with the variance that divides by n, as everywhere here). In eval, and if
    the layer is frozen, μ and σ² are the moving ones, and nothing moves.

    Keras's BatchNormalization and its defaults. (PyTorch's momentum is the weight of the *new*
    statistics, 1 - momentum, and its moving variance divides by n - 1.) A bias in the layer before has
    no effect: `bias=False` there. Raises ValueError for a batch in which a channel has no mean: an empty
    one, or one with NaN or infinity. (Ioffe and Szegedy 2015, algorithms 1 and 2.)
    """

    momentum: float

    def __init__(
        self,
        inputs: int | None = None,
        *,
        momentum: float = 0.99,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        if not 0 <= momentum <= 1:
            raise refusal(
                ValueError,
                f"BatchNorm(momentum={momentum!r}): the share that is kept of the old "
                "statistics, from 0 to 1.",
                "momentum=0.99",
            )
        self.momentum = momentum
        super().__init__(inputs, eps, center, scale, dtype)

    def make(self, inputs: int) -> None:
        super().make(inputs)
        self.moving_mean = Buffer(np.zeros(inputs, self.dtype))
        self.moving_variance = Buffer(np.ones(inputs, self.dtype))

    @property
    def frozen(self) -> bool:
        """Has it parameters, and none of them learns?"""
        own = [p for p in (self.gamma, self.beta) if p is not None]
        return bool(own) and not any(p.requires_grad for p in own)

    def forward(self, x: Any) -> Any:
        x = self.checked(x)
        if not self.training or self.frozen:
            return self.by_what_is_remembered(x)
        rows = (1, x.size // self.inputs, self.inputs, 1)
        known = self.statistics(value(x), rows)
        y = self.normalized(x, rows, known=known)
        for moving, new in zip((self.moving_mean, self.moving_variance), known, strict=True):
            moving.data[...] = self.momentum * moving.data + (1 - self.momentum) * new.reshape(-1)
        return y

    def statistics(self, x: np.ndarray, rows: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """μ and σ² of the batch, if they are numbers."""
        if not x.size:
            raise refusal(
                ValueError, f"{module_path(self)} got an empty batch, {x.shape}, to learn from."
            )
        mean, variance = moments(x.reshape(rows))
        bad = np.flatnonzero(~np.isfinite(variance))
        if bad.size:
            raise refusal(
                ValueError,
                f"{module_path(self)} got x of shape {x.shape} with NaN, infinity or too large "
                f"numbers in {bad.size} of {self.inputs} channels, the first {bad[0]}; the "
                "moving statistics are as they were.",
                "a smaller learning rate, and np.isfinite(x).all()",
            )
        return mean, variance

    def by_what_is_remembered(self, x: Any) -> Any:
        scale: Any = 1 / np.sqrt(self.moving_variance.data + self.eps)
        if self.gamma is not None:
            scale = scale * self.gamma
        shift = -self.moving_mean.data * scale
        return x * scale + (shift if self.beta is None else shift + self.beta)


class LayerNorm(_normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of the last axis of every x alone.

    x: (..., inputs). The same in training and in eval. Keras's LayerNormalization with its ε of 0.001.
    Raises ValueError if the last axis of x is not `inputs` long. (Ba, Kiros and Hinton 2016, section 3.)
    """

    axes = 1

    def __init__(
        self,
        inputs: int | None = None,
        *,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(inputs, eps, center, scale, dtype)

    def forward(self, x: Any) -> Any:
        x = self.checked(x)
        return self.normalized(x, (x.size // self.inputs, 1, 1, self.inputs))


class RMSNorm(_normalization):
    """y = gamma x / √(mean of x² + ε), the mean over the last axis of every x alone.

    x: (..., inputs). Layer normalization without the shift. Keras's RMSNormalization with its ε of 1e-6.
    Raises ValueError if the last axis of x is not `inputs` long. (Zhang and Sennrich 2019, eq. 4.)
    """

    axes = 1

    def __init__(
        self,
        inputs: int | None = None,
        *,
        eps: float = 1e-6,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(inputs, eps, False, scale, dtype)

    def forward(self, x: Any) -> Any:
        x = self.checked(x)
        return self.normalized(x, (x.size // self.inputs, 1, 1, self.inputs), centered=False)


class GroupNorm(_normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of each group of channels of each sample.

    x: (N, ..., inputs); neighboring channels, inputs / groups of them, are a group. The same in training
    and in eval. groups=1 takes all of a sample together, groups=inputs is `InstanceNorm`. Keras's
    GroupNormalization. Raises ValueError if groups does not divide the channels. (Wu and He 2018.)
    """

    groups: int

    def __init__(
        self,
        groups: int = 32,
        inputs: int | None = None,
        *,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(inputs, eps, center, scale, dtype, groups=groups)

    def make(self, inputs: int) -> None:
        if inputs % self.groups:
            raise refusal(
                ValueError,
                f"{path_of(self)}: {inputs} channels do not make {self.groups} groups of the "
                "same size.",
                f"groups={math.gcd(inputs, self.groups)}",
            )
        super().make(inputs)

    def forward(self, x: Any) -> Any:
        x = self.checked(x)
        places = math.prod(x.shape[1:-1])
        return self.normalized(x, (len(x), places, self.groups, self.inputs // self.groups))


class InstanceNorm(_normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of each channel of each sample.

    x: (N, ..., inputs), with at least one axis to take means over: `GroupNorm` with a group for each
    channel. (Ulyanov, Vedaldi and Lempitsky 2016.)
    """

    axes = 3

    def __init__(
        self,
        inputs: int | None = None,
        *,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(inputs, eps, center, scale, dtype)

    def forward(self, x: Any) -> Any:
        x = self.checked(x)
        return self.normalized(x, (len(x), math.prod(x.shape[1:-1]), self.inputs, 1))
