"""Numbers for words, and for places in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn.linear import demand_sizes, in_precision_of
from tinygrad_edu.nn.module import Module, Parameter, module_path
from tinygrad_edu.ops.embedding import lookup
from tinygrad_edu.tensor import Tensor, value


class Embedding(Module):
    """y = W[ids]: a learned row for each of `vocab` words.    ids: (...) whole numbers, y: (..., size)

    W (vocab, size) starts uniform in ±0.05, as in Keras; `rng` is a seed or a numpy.random.Generator.
    With mask_zero the id 0 is padding, and `compute_mask(ids)` tells the layers that follow.

    Raises TypeError unless ids are whole numbers, ValueError for an id outside 0 ... vocab - 1.

    >>> words = Embedding(100, 8, mask_zero=True, rng=0)
    >>> ids = np.array([[5, 17, 0]])
    >>> words(ids).shape, words.compute_mask(ids)
    ((1, 3, 8), array([[ True,  True, False]]))
    """

    takes = np.int64

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
        start = np.random.default_rng(rng).uniform(-0.05, 0.05, (vocab, size))
        self.W = Parameter(start.astype(dtype))

    def compute_mask(self, ids: Any) -> np.ndarray | None:
        """False where ids is padding; None if no id is."""
        return np.asarray(value(ids)) != 0 if self.mask_zero else None

    def forward(self, ids: Any) -> Tensor:
        ids = np.asarray(value(ids))
        if ids.dtype.kind not in "iu":
            raise refusal(
                TypeError,
                f"{module_path(self)} got ids of shape {ids.shape} {ids.dtype}: it takes whole "
                "numbers.",
                "ids.astype(int)",
            )
        if ids.size and (ids.min() < 0 or ids.max() >= self.vocab):
            raise refusal(
                ValueError,
                f"{module_path(self)} got ids of shape {ids.shape} from {ids.min()} to "
                f"{ids.max()}, but its {self.vocab} words are 0 to {self.vocab - 1}.",
                f"Embedding({ids.max() + 1}, {self.size}), or an id for unknown words",
            )
        return lookup(self.W, ids)


def sinusoidal_positions(length: int, size: int, dtype: Any = np.float32) -> np.ndarray:
    """P[t, 2j] = sin(t / 10000^(2j/size)), P[t, 2j + 1] = cos of the same: (length, size).

    A step to t + s turns each pair by an angle that depends on s alone. Vaswani et al. 2017, section 3.5.
    """
    angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, size, 2) / size)
    table = np.empty((length, size))
    table[:, ::2], table[:, 1::2] = np.sin(angle), np.cos(angle[:, : size // 2])
    return table.astype(dtype)


def rotary(x: Any, base: float = 10000.0) -> Any:
    """Turns the pair (x[t, j], x[t, j + d/2]) by the angle t / base^(2j/d).    x: (..., T, d), d even

    Then q[s] · k[t] depends on their distance s - t alone. Su et al. 2021, eq. 34.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]])).round(3)
    array([[1.   , 0.   ],
           [0.54 , 0.841]])
    """
    steps, size = x.shape[-2:]
    if size % 2:
        raise refusal(
            ValueError,
            f"rotary: x of shape {x.shape} has an odd last axis, which does not make pairs.",
            f"{size + 1} numbers a head",
        )
    half = size // 2
    angle = np.arange(steps)[:, None] / base ** (np.arange(half) / half)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


class Positions(Module):
    """y = x + W[0 ... T - 1]: where in the sequence x stands, learned.    x: (N, T, size), T <= length

    W (length, size) starts uniform in ±0.05. For places that are not learned: x +
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
        start = np.random.default_rng(rng).uniform(-0.05, 0.05, (length, size))
        self.W = Parameter(start.astype(dtype))

    def forward(self, x: Any) -> Tensor:
        x = in_precision_of(self.W, x)
        if x.ndim < 2 or x.shape[-1] != self.size or x.shape[-2] > self.length:
            raise ValueError(
                f"{module_path(self)} got x of shape {x.shape}: it takes (N, T, {self.size}), T up to "
                f"{self.length}.{user_line()}\n  Try: "
                + (
                    f"Positions({x.shape[-2]}, {x.shape[-1]}) here"
                    if x.ndim > 1
                    else "x[None], if it is one step"
                )
            )
        return x + self.W[: x.shape[-2]]
