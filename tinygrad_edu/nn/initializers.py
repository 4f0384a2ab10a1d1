"""Initializers, the numbers that parameters start from: functions (rng, shape, dtype) -> array.

Settings of the functions are keywords: `partial(constant, value=0.1)` is an initializer again.

How large weights should be depends on how many products are added up. A matrix (in, out) adds up `in` of
them in the forward pass and `out` in the backward pass; a convolution kernel (kh, kw, in, out) adds up
kh kw in, and kh kw out. These numbers are called fans.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.checks import demand_one_of, demand_positive
from tinygrad_edu.nn.layer_tools import ShownAsCalled


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan in, fan out) of weights whose last two axes are inputs and outputs, as Keras counts them.

    >>> fans((784, 10)), fans((3, 3, 16, 32))
    ((784, 10), (144, 288))
    """
    inputs, outputs = (1, 1, *shape)[-2:] if len(shape) != 1 else (shape[0], shape[0])
    taps = math.prod(shape[:-2])
    return max(inputs * taps, 1), max(outputs * taps, 1)


# ----------------------------------------------------------------- variance = scale / fan, in three kinds


class VarianceScaling(ShownAsCalled):
    """Numbers of mean 0 and variance scale / n, so that signals keep about the same size in every layer.

    mode           n is the fan in ("fan_in"), the fan out ("fan_out") or the mean of both ("fan_avg")
    distribution   "uniform", in ±√(3 scale / n); "truncated_normal", whose numbers more than two standard
                   deviations from 0 are drawn again; or "untruncated_normal"

    Keras's VarianceScaling. The initializers below are special cases. Raises ValueError for other words, or
    unless scale > 0.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
    ):
        demand_positive(self, scale=scale)
        demand_one_of(self, ("fan_in", "fan_out", "fan_avg"), mode=mode)
        kinds = ("uniform", "truncated_normal", "untruncated_normal")
        demand_one_of(self, kinds, distribution=distribution)
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = math.sqrt(self.scale / n)
        if self.distribution == "uniform":  # ±a has the variance a² / 3
            limit = math.sqrt(3) * std
            return random_uniform(rng, shape, dtype, low=-limit, high=limit)
        if self.distribution == "truncated_normal":
            return truncated_normal(rng, shape, dtype, std=std / TRUNCATED_STD)
        return random_normal(rng, shape, dtype, std=std)


# of the standard normal between -2 and 2: √(1 - 4 φ(2) / (2Φ(2) - 1))
TRUNCATED_STD = 0.87962566103423978

# A compromise between signals and gradients. Glorot and Bengio 2010, eq. 16; Keras's default.
glorot_uniform = VarianceScaling(1.0, "fan_avg", "uniform")
glorot_normal = VarianceScaling(1.0, "fan_avg", "truncated_normal")

# For ReLU, which lets half of the signal through. He et al. 2015, eq. 10, but truncated, as in Keras.
he_uniform = VarianceScaling(2.0, "fan_in", "uniform")
he_normal = VarianceScaling(2.0, "fan_in", "truncated_normal")

# Signals keep their variance in the forward pass; for SELU. LeCun et al. 1998, section 4.6.
lecun_uniform = VarianceScaling(1.0, "fan_in", "uniform")
lecun_normal = VarianceScaling(1.0, "fan_in", "truncated_normal")


# --------------------------------------------------------------------------- independent of fans


def truncated_normal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: Any,
    *,
    mean: float = 0.0,
    std: float = 0.05,
) -> np.ndarray:
    """Normal, but numbers more than 2 std from the mean are drawn again. (Which leaves 0.88 std.)"""
    z = rng.normal(size=shape)
    while (far := np.abs(z) > 2).any():
        z[far] = rng.normal(size=np.count_nonzero(far))
    return (mean + std * z).astype(dtype)


def random_normal(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: Any,
    *,
    mean: float = 0.0,
    std: float = 0.05,
) -> np.ndarray:
    """Normal, not truncated."""
    return rng.normal(mean, std, shape).astype(dtype)


def random_uniform(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    dtype: Any,
    *,
    low: float = -0.05,
    high: float = 0.05,
) -> np.ndarray:
    """Uniform between low and high."""
    return rng.uniform(low, high, shape).astype(dtype)


def orthogonal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, *, gain: float = 1.0
) -> np.ndarray:
    """Columns (or rows, if there are more columns) of length `gain`, at right angles to each other.

    All axes but the last are the rows. This is the Q of a random normal matrix, with the signs that make
    the diagonal of R positive, so that every rotation is equally likely (Saxe et al. 2014; Mezzadri 2007).
    Raises ValueError for fewer than two axes.
    """
    if len(shape) < 2:
        raise refusal(
            ValueError,
            f"orthogonal: {shape} has no rows and columns to be at right angles.",
            "random_normal, or a shape of two axes",
        )
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diagonal(r) < 0, -1, 1)
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


def constant(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, *, value: float = 0.0
) -> np.ndarray:
    return np.full(shape, value, dtype)


def zeros(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.zeros(shape, dtype)


def ones(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.ones(shape, dtype)
