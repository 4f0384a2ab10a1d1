"""Layers that are random in training, and return x in eval mode.

`rng` is a seed or a numpy.random.Generator.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from tinygrad_edu.modes import recorded
from tinygrad_edu.nn.checks import (
    Shape,
    demand_images,
    demand_not_negative,
    demand_probability,
    note_mode,
)
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.module import Module
from tinygrad_edu.ranks import draw_for_all

__all__ = [
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1d",
    "SpatialDropout2d",
]


class Dropout(Module):
    """In training, each number is 0 with probability p and x / (1 - p) otherwise; in eval mode, y = x.

    Inverted dropout: the expected value is x in both modes. Srivastava et al. 2014. Raises ValueError
    unless 0 <= p < 1.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | int | None = None):
        demand_probability(self, p=p)
        self.p = p
        self.draw(np.random.default_rng(rng))

    def draw(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def forward(self, x: Any) -> Any:
        note_mode(self)
        return self.noisy(as_array(x)) if self.training and self.p else x

    def noisy(self, x: Any) -> Any:
        return x * self.factors(self.drawn(x.shape), x.dtype)

    @recorded
    def factors(self, shape: Shape, dtype: Any) -> np.ndarray:
        """What x is multiplied by."""
        return kept(self.rng, self.p, shape, dtype)

    def drawn(self, shape: Shape) -> Shape:
        """The shape of the random numbers, of which each is for one or more numbers of x."""
        return shape


def kept(rng: np.random.Generator, p: float, shape: Shape, dtype: Any) -> np.ndarray:
    """Factors 0 with probability p, and 1 / (1 - p) otherwise."""
    dtype = np.dtype(dtype).type
    survive = draw_for_all(lambda shape: survivors(rng, p, shape), shape)
    return np.multiply(survive, dtype(1) / dtype(1 - p), dtype=dtype)


def survivors(rng: np.random.Generator, p: float, shape: Shape) -> np.ndarray:
    """rng.random(shape, np.float32) >= p: True with probability 1 - p.

    The generator makes a float32 of the upper 24 of 32 random bits; here the bits themselves are compared,
    without being converted. PCG64 makes 64 bits at a time, and it is twice as fast to take them so. Both give
    the same truth values, and leave the generator in the same state.
    """
    size, source = math.prod(shape), rng.bit_generator
    if size < 10_000 or size % 2 or type(source) is not np.random.PCG64 or sys.byteorder == "big":
        return rng.random(shape, dtype=np.float32) >= p
    state: Any = source.state
    if state["has_uint32"]:  # half of the last 64 bits is still to come
        return rng.random(shape, dtype=np.float32) >= p
    bits = source.random_raw(size // 2).view(np.uint32)
    least = math.ceil(float(np.float32(p)) * 2**24) << 8
    return (bits > np.uint32(least - 1)).reshape(shape)


class SpatialDropout2d(Dropout):
    """`Dropout` of whole channels: in (N, H, W, C) all of a channel is 0 with probability p.

    Neighboring pixels are so alike that one of them alone is hardly missed. (Tompson et al. 2015, section
    3.2.)
    """

    axes = 2

    def forward(self, x: Any) -> Any:
        demand_images(self, np.shape(x), self.axes)
        return super().forward(x)

    def drawn(self, shape: Shape) -> Shape:
        return (shape[0], *(1,) * self.axes, shape[-1])


class SpatialDropout1d(SpatialDropout2d):
    """`Dropout` of whole channels of sequences: in (N, T, C) all of a channel is 0 with probability p."""

    axes = 1


class GaussianNoise(Module):
    """In training y = x + ε, with a normal ε of standard deviation `std`; in eval mode y = x.

    Raises ValueError if std is below 0. (Bishop 1995: about the same as a penalty on slopes.)
    """

    def __init__(self, std: float, *, rng: np.random.Generator | int | None = None):
        demand_not_negative(self, std=std)
        self.std = std
        self.draw(np.random.default_rng(rng))

    def draw(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def forward(self, x: Any) -> Any:
        note_mode(self)
        if not self.training or self.std == 0:
            return x
        x = as_array(x)
        return x + self.noise(x.shape, x.dtype)

    @recorded
    def noise(self, shape: Shape, dtype: Any) -> np.ndarray:
        """ε."""
        return draw_for_all(lambda shape: self.rng.normal(0, self.std, shape), shape).astype(dtype)


class GaussianDropout(Dropout):
    """In training y = x ε, with a normal ε of mean 1 and Dropout's variance p / (1 - p); in eval y = x.

    (Srivastava et al. 2014, section 10.)
    """

    @recorded
    def factors(self, shape: Shape, dtype: Any) -> np.ndarray:
        std = math.sqrt(self.p / (1 - self.p))
        return draw_for_all(lambda shape: self.rng.normal(1, std, shape), shape).astype(dtype)


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELUs.

    y = a x + b, or a α' + b with probability p, where α' = -λ α ≈ -1.758 is the lowest value of SELU,
    a = ((1 - p)(1 + p α'²))^(-1/2) and b = -a α' p. In eval mode y = x. (Klambauer et al. 2017, "New
    dropout technique".)
    """

    def noisy(self, x: Any) -> Any:
        lowest = -1.0507009873554805 * 1.6732632423543772
        a = ((1 - self.p) * (1 + self.p * lowest**2)) ** -0.5
        b = -a * lowest * self.p
        keep = self.factors(x.shape, x.dtype)
        return x * (a * keep) + (a * lowest * (1 - keep) + b)

    @recorded
    def factors(self, shape: Shape, dtype: Any) -> np.ndarray:
        survive = draw_for_all(lambda shape: survivors(self.rng, self.p, shape), shape)
        return survive.astype(dtype)
