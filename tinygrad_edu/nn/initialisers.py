"""The numbers that parameters start from: (rng, shape, dtype) -> array."""

from __future__ import annotations

from typing import Any

import numpy as np


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> np.ndarray:
    """Uniform in ±√(6 / (inputs + outputs)): signals and gradients keep their variance.

    Glorot and Bengio 2010, eq. 16; the default of Keras.
    """
    inputs, outputs = shape
    limit = np.sqrt(6 / (inputs + outputs))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def he_normal(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> np.ndarray:
    """Normal with variance 2 / inputs: for ReLU, which lets half of the signal through.

    He et al. 2015, eq. 10 (the plain normal; Keras cuts it off at two standard deviations).
    """
    return (rng.normal(size=shape) * np.sqrt(2 / shape[0])).astype(dtype)


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Columns (or rows, if there are more columns) of length 1, at right angles to each other.

    The Q of a normal matrix, with the signs that make R's diagonal positive (Saxe et al. 2014).
    """
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diagonal(r) < 0, -1, 1)
    return (q if rows >= columns else q.T).astype(dtype)


def zeros(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.zeros(shape, dtype)
