"""Layers that shift and scale their input to mean 0 and variance 1.

They differ in the numbers that a mean is taken over. `tinygrad_edu/ops/normalization.py` has what they
compute, in a plain form and in a fast one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.modes import recorded, thread
from tinygrad_edu.nn.checks import (
    Shape,
    demand_batch,
    demand_channels,
    demand_eps,
    demand_equal_groups,
    demand_finite_variance,
    demand_matrix,
    demand_momentum,
    demand_sizes,
    note_mode,
    one_value,
)
from tinygrad_edu.nn.initializers import truncated_normal
from tinygrad_edu.nn.layer_tools import as_array, demand_real_numbers
from tinygrad_edu.nn.module import Buffer, Module, Parameter
from tinygrad_edu.nn.sequence_checks import demand_place_mask
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.ops.elementwise import identity
from tinygrad_edu.ops.normalization import moments, normalize
from tinygrad_edu.ops.recurrent import unread
from tinygrad_edu.ranks import sum_over_ranks
from tinygrad_edu.tensor import Tensor, value

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm", "SpectralNorm"]


class _Normalization(SizedByInput):
    """What the layers of this file share: ε, a scale gamma (from 1) and an offset beta (from 0).

    gamma and beta are as long as the last axis of x, `inputs`; if inputs is None, the first x tells it.
    """

    axes = 2  # the least number of axes of x

    def __init__(
        self,
        inputs: int | None = None,
        *,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs)
        demand_eps(self, eps)
        self.inputs, self.eps, self.center, self.scale = inputs, eps, center, scale
        self.dtype = np.dtype(dtype)
        self.make_now_or_later()

    def make(self) -> None:
        self.gamma = Parameter(np.ones(self.inputs, self.dtype)) if self.scale else None
        self.beta = Parameter(np.zeros(self.inputs, self.dtype)) if self.center else None

    def demand_shape(self, shape: Shape) -> None:
        demand_channels(self, shape, self.axes, self.inputs)

    def accepted(self, x: Any) -> Any:
        """x, of a fitting shape, in the precision of the layer (in its own, if the layer has no numbers)."""
        x = as_array(x)
        dtypes = [kept.dtype for kept in vars(self).values() if isinstance(kept, Tensor)]
        dtypes += [x.dtype if x.dtype.kind == "f" else self.dtype]
        if x.dtype != dtypes[0]:
            demand_real_numbers(x)
            x = x.astype(dtypes[0])
        self.demand_shape(x.shape)
        return x

    def normalized(self, x: Any, shape: Shape, **settings: Any) -> Any:
        """gamma (x - μ) / σ + beta, with means over the axes 1 and 3 of x in this shape of four axes."""
        gamma = np.ones(self.inputs, x.dtype) if self.gamma is None else self.gamma
        beta = np.zeros(self.inputs, x.dtype) if self.beta is None else self.beta
        y = normalize(np.reshape(x, shape), gamma, beta, eps=self.eps, **settings)
        return np.reshape(y, x.shape)


class BatchNorm(_Normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with the mean μ and the variance σ² of each channel.

    x: (N, ..., inputs), with one channel at each place of the last axis; means are over all other axes
    mask: the shape of x without its last axis, False at places that do not count for μ and σ², as padding

    axis   the axis of the channels, if it is not the last
    In training μ and σ² are those of the batch, and gradients flow through them. Each batch also updates
    the moving averages: moving_mean becomes momentum · moving_mean + (1 - momentum) · μ, and
    moving_variance likewise (with the variance that divides by n, as everywhere here). In eval mode, and
    if the layer is frozen, μ and σ² are the moving averages, which stay as they are.

    Keras's BatchNormalization, with its defaults. (PyTorch's momentum is the weight of the *new*
    statistics, 1 - momentum, and its moving variance divides by n - 1.) A bias in the layer before has
    no effect: use `bias=False` there. Raises ValueError for a batch in which a channel has no mean: an
    empty one, or one with NaN or infinity. (Ioffe and Szegedy 2015, algorithms 1 and 2.)
    """

    def __init__(
        self,
        inputs: int | None = None,
        *,
        momentum: float = 0.99,
        axis: int = -1,
        eps: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: Any = np.float32,
    ):
        demand_momentum(self, momentum)
        self.momentum, self.axis = momentum, axis
        super().__init__(inputs, eps=eps, center=center, scale=scale, dtype=dtype)

    def make(self) -> None:
        super().make()
        self.moving_mean = Buffer(np.zeros(self.inputs, self.dtype))
        self.moving_variance = Buffer(np.ones(self.inputs, self.dtype))

    @property
    def frozen(self) -> bool:
        """Does the layer have parameters, none of which learns?"""
        own = [p for p in (self.gamma, self.beta) if p is not None]
        return bool(own) and not any(p.requires_grad for p in own)

    def build_from(self, x: Any) -> None:
        super().build_from(np.moveaxis(value(as_array(x)), self.axis, -1))

    def forward(self, x: Any, mask: Any = None) -> Any:
        if self.axis == -1:
            return self.of_channels_last(x, mask)
        x = as_array(x)
        if mask is not None:
            mask = np.broadcast_to(np.asarray(value(mask))[..., None], x.shape)
            mask = np.moveaxis(mask, self.axis, -1)[..., 0]
        return np.moveaxis(
            self.of_channels_last(np.moveaxis(x, self.axis, -1), mask), -1, self.axis
        )

    def of_channels_last(self, x: Any, mask: Any) -> Any:
        x = self.accepted(x)
        if mask is not None:
            mask = np.asarray(value(mask))
            demand_place_mask(self, mask, x.shape[:-1])
            x = unread(x, mask[..., None])
        note_mode(self)
        if not self.training or self.frozen:
            return self.by_moving_averages(x)
        demand_batch(self, x.shape)
        rows = (1, x.size // self.inputs, self.inputs, 1)
        share = thread.mode.share
        if rows[1] == 1 and share is None:
            one_value(self, x.shape)
        if mask is None and share is None:
            mean, variance = self.of_batch(x, rows)
            y = self.normalized(x, rows, known=(mean, variance))
        else:
            counts = None if mask is None else mask.reshape(-1, 1)
            y, mean, variance = self.by_sums(np.reshape(x, rows[1:3]), counts)
            y = np.reshape(y, x.shape)
            demand_finite_variance(self, x.shape, variance)
        self.move_averages(mean, variance)
        return y

    @recorded
    def of_batch(self, x: Any, rows: Shape) -> tuple[np.ndarray, np.ndarray]:
        """(μ, σ²) of x, whose channels are axis 2 of this shape."""
        mean, variance = moments(value(x).reshape(rows))
        demand_finite_variance(self, x.shape, variance)
        return mean, variance

    @recorded
    def move_averages(self, mean: np.ndarray, variance: np.ndarray) -> None:
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.data[...] = self.momentum * moving.data + (1 - self.momentum) * new.reshape(-1)

    def by_sums(self, x: Any, counts: np.ndarray | None) -> tuple[Any, np.ndarray, np.ndarray]:
        """(y, μ, σ²) of rows x (places, inputs), where μ and σ² are those of the rows that count (all: None).

        If ranks share the batch, the sums go over all of them.
        """
        x = x.astype(np.float32) if x.dtype == np.float16 else x  # squares would overflow
        share, of_all = thread.mode.share, lambda total: total
        n = float(len(x) if counts is None else np.count_nonzero(counts))
        if share is not None:
            n, of_all = share.total(n), sum_over_ranks
        if counts is not None:
            n += 1e-7  # as in Keras: against a division by 0
        n = x.dtype.type(n)
        counted = (lambda x: x) if counts is None else (lambda x: np.where(counts, x, 0))
        mean = of_all(np.sum(counted(x), axis=0)) / n
        d = x - mean
        variance = of_all(np.sum(counted(np.square(d)), axis=0)) / n
        y = d / np.sqrt(variance + self.eps)
        y = y if self.gamma is None else y * self.gamma
        y = y if self.beta is None else y + self.beta
        return y.astype(self.dtype), value(mean), value(variance)

    def by_moving_averages(self, x: Any) -> Any:
        scale, mean = self.moving_averages()
        if self.gamma is not None:
            scale = scale * self.gamma
        shift = mean * scale
        return x * scale + (shift if self.beta is None else shift + self.beta)

    @recorded
    def moving_averages(self) -> Any:
        """(1 / σ, -μ) of the moving averages."""
        return 1 / np.sqrt(self.moving_variance.data + self.eps), -self.moving_mean.data


class LayerNorm(_Normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of the last axis of each x alone.

    x: (..., inputs). The same in training and in eval mode. Keras's LayerNormalization, with its ε of
    0.001. Raises ValueError if the last axis of x is not `inputs` long. (Ba, Kiros and Hinton 2016,
    section 3.)
    """

    axes = 1

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        return self.normalized(x, (x.size // self.inputs, 1, 1, self.inputs))


class RMSNorm(_Normalization):
    """y = gamma x / √(mean of x² + ε), with the mean over the last axis of each x alone.

    x: (..., inputs). Layer normalization without the shift. Keras's RMSNormalization, with its ε of 1e-6.
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
        super().__init__(inputs, eps=eps, center=False, scale=scale, dtype=dtype)

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        return self.normalized(x, (x.size // self.inputs, 1, 1, self.inputs), centered=False)


class GroupNorm(_Normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of each group of channels of each sample.

    x: (N, ..., inputs); a group is inputs / groups channels side by side. The same in training and in
    eval mode. groups=1 normalizes a sample as a whole, groups=inputs is `InstanceNorm`. Keras's
    GroupNormalization. Raises ValueError if groups does not divide the channels. (Wu and He 2018.)
    """

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
        demand_sizes(self, groups=groups)
        self.groups = groups
        super().__init__(inputs, eps=eps, center=center, scale=scale, dtype=dtype)

    def make(self) -> None:
        demand_equal_groups(self, self.inputs, self.groups)
        super().make()

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        places = math.prod(x.shape[1:-1])
        return self.normalized(x, (len(x), places, self.groups, self.inputs // self.groups))


class InstanceNorm(_Normalization):
    """y = gamma (x - μ) / √(σ² + ε) + beta, with μ and σ² of each channel of each sample.

    x: (N, ..., inputs), with at least one axis to take means over: `GroupNorm` with a group for each
    channel. (Ulyanov, Vedaldi and Lempitsky 2016.)
    """

    axes = 3

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        return self.normalized(x, (len(x), math.prod(x.shape[1:-1]), self.inputs, 1))


class SpectralNorm(Module):
    """A layer whose weights W are divided by their largest singular value σ before each call in training.

    So the layer stretches no vector by more than 1. σ = |W u| is found by power iteration: a vector u,
    which is kept from call to call, is multiplied by W Wᵀ, `power_iterations` times. W itself becomes
    W / σ, and gradients take σ for a constant, as in Keras's SpectralNormalization. (Miyato et al. 2018,
    algorithm 1. PyTorch's keeps W, and has a gradient through σ.)

    Raises TypeError for a layer without a matrix W.
    """

    def __init__(
        self,
        layer: Any,
        *,
        power_iterations: int = 1,
        rng: np.random.Generator | int | None = None,
    ):
        demand_sizes(self, power_iterations=power_iterations)
        self.layer, self.power_iterations = layer, power_iterations
        self.built, self._rng = False, np.random.default_rng(rng)
        if layer.built:
            self.build_from(None)

    def build_from(self, x: Any) -> None:
        if not self.layer.built:
            self.layer.build_from(x)
        demand_matrix(self, self.layer)
        W = self.layer.W
        self.u = Buffer(truncated_normal(self._rng, (1, W.shape[-1]), W.dtype, std=0.02))
        self.built = True
        del self._rng

    def draw(self, rng: np.random.Generator) -> None:
        if self.built:
            self.u.data[...] = truncated_normal(rng, self.u.shape, self.u.dtype, std=0.02)
        else:
            self._rng = rng

    def forward(self, x: Any) -> Any:
        if not self.training:
            return self.layer(x)
        W = self.layer.W
        W.data = W.data / self.largest_singular_value(W.data.reshape(-1, W.shape[-1]))
        try:  # the layer works on a copy, as another call may change W before the backward pass
            vars(self.layer)["W"] = identity(W)
            return self.layer(x)
        finally:
            vars(self.layer)["W"] = W

    def largest_singular_value(self, W: np.ndarray) -> Any:
        """σ ≈ v W uᵀ, after some steps v = u Wᵀ and u = v W, both of length 1; 1 of zeros."""
        if not W.any():
            return 1.0
        u = self.u.data
        for _ in range(self.power_iterations):
            v = u @ W.T
            v /= np.linalg.norm(v)
            u = v @ W
            u /= np.linalg.norm(u)
        self.u.data = u
        return (v @ W @ u.T).item()
