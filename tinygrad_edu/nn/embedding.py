"""Vectors for words, and for their places in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.modes import thread
from tinygrad_edu.nn.checks import demand_sizes
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.sequence_checks import demand_even, demand_ids, demand_places
from tinygrad_edu.ops.embedding import lookup
from tinygrad_edu.tensor import Tensor, value

__all__ = ["Embedding", "Positions", "rotary", "sinusoidal_positions"]


class Embedding(Module):
    """y = W[ids]: a learned row for each of `vocab` words.    ids: (...) whole numbers, y: (..., size)

    W (vocab, size) starts uniform in ±0.05, as in Keras; `rng` is a seed or a numpy.random.Generator.
    With mask_zero the id 0 is padding, and `compute_mask(ids)` gives the mask for the layers that follow.

    Raises TypeError unless ids are whole numbers, ValueError for an id outside 0 ... vocab - 1.

    >>> words = Embedding(100, 8, mask_zero=True, rng=0)
    >>> ids = np.array([[5, 17, 0]])
    >>> words(ids).shape, words.compute_mask(ids)
    ((1, 3, 8), array([[ True,  True, False]]))
    """

    takes = np.int64
    unit_axes = (0,)  # the axis of W that numbers the words

    def __init__(
        self,
        vocab: int,
        size: int,
        *,
        mask_zero: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, vocab=vocab, size=size)
        self.vocab, self.size, self.mask_zero = vocab, size, mask_zero
        self.W = Parameter(np.empty((vocab, size), dtype))
        self.draw(np.random.default_rng(rng))

    def draw(self, rng: np.random.Generator) -> None:
        self.W.data[...] = rng.uniform(-0.05, 0.05, self.W.shape)

    def compute_mask(self, ids: Any) -> np.ndarray | None:
        """False where ids is padding; None if no id is."""
        return np.asarray(value(ids)) != 0 if self.mask_zero else None

    def forward(self, ids: Any) -> Tensor:
        ids = ids if getattr(ids, "as_array", False) else np.asarray(value(ids))
        demand_ids(self, ids)
        return lookup(self.W, ids)


def sinusoidal_positions(length: int, size: int, dtype: Any = np.float32) -> np.ndarray:
    """P[t, 2j] = sin(t / 10000^(2j/size)), P[t, 2j + 1] = cos of the same: (length, size).

    From t to t + s each pair turns by an angle that depends on s alone. Vaswani et al. 2017, section 3.5.
    """
    angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, size, 2) / size)
    table = np.empty((length, size))
    table[:, ::2], table[:, 1::2] = np.sin(angle), np.cos(angle[:, : size // 2])
    return table.astype(dtype)


def rotary(x: Any, base: float = 10000.0, *, start: int = 0) -> Any:
    """Turns the pair (x[t, j], x[t, j + d/2]) by the angle (start + t) / base^(2j/d).

    x: (..., T, d), d even. Then q[s] · k[t] depends on their distance s - t alone. start is the position
    of the first step. Su et al. 2021, eq. 34.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]])).round(3)
    array([[1.   , 0.   ],
           [0.54 , 0.841]])
    """
    demand_even("rotary", x.shape)
    steps, size = x.shape[-2:]
    half = size // 2
    angle = np.arange(start, start + steps)[:, None] / base ** (np.arange(half) / half)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


class Positions(Module):
    """y = x + W[0 ... T - 1]: adds a learned vector for each position.    x: (N, T, size), T <= length

    W (length, size) starts uniform in ±0.05. Positions that are not learned: x +
    sinusoidal_positions(T, size). Raises ValueError for a longer sequence.
    """

    def __init__(
        self,
        length: int,
        size: int,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, length=length, size=size)
        self.length, self.size = length, size
        self.W = Parameter(np.empty((length, size), dtype))
        self.draw(np.random.default_rng(rng))

    def draw(self, rng: np.random.Generator) -> None:
        self.W.data[...] = rng.uniform(-0.05, 0.05, self.W.shape)

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.W, x)
        demand_places(self, x.shape)
        start = 0 if thread.mode.cache is None else thread.mode.cache.start
        return x + self.W[start : start + x.shape[-2]]
