"""Initializers, the numbers that parameters start from: functions (rng, shape, dtype) -> array.

Settings are keywords: `partial(constant, value=0.1)` is an initializer again.

How large weights should be depends on how many products are added up. A matrix (in, out) adds up `in` of
them in the forward pass and `out` in the backward pass; a convolution kernel (kh, kw, in, out) adds up
kh kw in, and kh kw out. These numbers are called fans.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan in, fan out) of weights whose last two axes are inputs and outputs, as Keras counts them.

    >>> fans((784, 10)), fans((3, 3, 16, 32))
    ((784, 10), (144, 288))
    """
    inputs, outputs = (1, 1, *shape)[-2:] if len(shape) != 1 else (shape[0], shape[0])
    taps = math.prod(shape[:-2])
    return max(inputs * taps, 1), max(outputs * taps, 1)


# ------------------------------------------------------------ spread: Var = 1 / fan, in three kinds


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Uniform with variance 2 / (fan in + fan out), in ±√(6 / (fan in + fan out)).

    A compromise: signals and gradients both keep about the same variance from layer to layer. Glorot and
    Bengio 2010, eq. 16; Keras's default.
    """
    return _uniform(rng, shape, dtype, 2 / sum(fans(shape)))


def glorot_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Truncated normal with variance 2 / (fan in + fan out). Glorot and Bengio 2010."""
    return _truncated(rng, shape, dtype, 2 / sum(fans(shape)))


def he_uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Uniform with variance 2 / fan in: for ReLU, which lets half of the signal through."""
    return _uniform(rng, shape, dtype, 2 / fans(shape)[0])


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Truncated normal with variance 2 / fan in: for ReLU, which lets half of the signal through.

    He et al. 2015, eq. 10, but truncated, as in Keras.
    """
    return _truncated(rng, shape, dtype, 2 / fans(shape)[0])


def lecun_uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Uniform with variance 1 / fan in: signals keep their variance in the forward pass."""
    return _uniform(rng, shape, dtype, 1 / fans(shape)[0])


def lecun_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Truncated normal with variance 1 / fan in. LeCun et al. 1998, section 4.6; for SELU."""
    return _truncated(rng, shape, dtype, 1 / fans(shape)[0])


def _uniform(rng: np.random.Generator, shape: tuple, dtype: Any, variance: float) -> np.ndarray:
    limit = np.sqrt(3 * variance)  # ±a has the variance a² / 3
    return rng.uniform(-limit, limit, shape).astype(dtype)


TRUNCATED_STD = (
    0.87962566103423978  # of the standard normal between -2 and 2: √(1 - 4 φ(2) / (2Φ(2) - 1))
)


def _truncated(rng: np.random.Generator, shape: tuple, dtype: Any, variance: float) -> np.ndarray:
    return truncated_normal(rng, shape, dtype, std=math.sqrt(variance) / TRUNCATED_STD)


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
