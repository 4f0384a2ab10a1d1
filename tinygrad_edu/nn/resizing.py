"""Layers that make images and sequences larger or smaller. They have no parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.convolution import as_images, changed_settings
from tinygrad_edu.nn.module import Module, module_path
from tinygrad_edu.ops.convolution import check_pairs, check_settings
from tinygrad_edu.tensor import Tensor

KINDS = ("nearest", "bilinear")


class UpSampling2d(Module):
    """(N, H, W, C) -> (N, H a, W b, C), for size = (a, b) or one number for both.

    nearest     every number a b times
    bilinear    along each axis y[i] = (1 - t) x[k] + t x[k + 1], where k + t = (i + ½) / a - ½ is the
                place of the middle of the new pixel among the middles of the old ones; outside of
                these, the number at the edge

    Keras's UpSampling2D. Raises ValueError if x has another number of axes.
    """

    def __init__(self, size: Any = 2, *, interpolation: str = "nearest"):
        self.times = check_settings("UpSampling2d", 2, size, 1, "valid")
        if interpolation not in KINDS:
            raise refusal(
                ValueError,
                f"UpSampling2d(interpolation={interpolation!r}): one of {', '.join(KINDS)}.",
                "interpolation='bilinear'",
            )
        self.size, self.interpolation = size, interpolation

    def forward(self, x: Any) -> Any:
        x = as_images(self, x)
        if self.interpolation == "nearest":
            return repeated(x, *self.times)
        (n, high, wide, channels), (a, b) = x.shape, self.times
        by_rows = between(high, a, x.dtype) @ np.reshape(x, (n, high, wide * channels))
        by_columns = np.reshape(by_rows, (n * high * a, wide, channels))
        return np.reshape(between(wide, b, x.dtype) @ by_columns, (n, high * a, wide * b, channels))

    def __repr__(self) -> str:
        return f"UpSampling2d({', '.join([repr(self.size), *changed_settings(self)])})"


class UpSampling1d(Module):
    """(N, T, C) -> (N, T a, C): every step a times. Keras's UpSampling1D."""

    def __init__(self, size: int = 2):
        check_settings("UpSampling1d", 1, size, 1, "valid")
        self.size = size

    def forward(self, x: Any) -> Any:
        x = np.expand_dims(as_images(self, x, axes=1), 1)
        return np.squeeze(repeated(x, 1, self.size), 1)

    def __repr__(self) -> str:
        return f"UpSampling1d({self.size!r})"


def repeated(x: Any, a: int, b: int) -> Any:
    """Every pixel as a rectangle of a times b of its kind."""
    n, high, wide, channels = x.shape
    apart = np.reshape(x, (n, high, 1, wide, 1, channels))
    return np.reshape(
        np.broadcast_to(apart, (n, high, a, wide, b, channels)), (n, high * a, wide * b, channels)
    )


def between(n: int, times: int, dtype: Any) -> np.ndarray:
    """The matrix (n times, n) that takes numbers to those between them: two weights in each row."""
    place = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    below = np.minimum(place.astype(int), max(n - 2, 0))
    matrix = np.zeros((n * times, n), dtype)
    row = np.arange(n * times)
    matrix[row, below] = 1 - (place - below)
    matrix[row, np.minimum(below + 1, n - 1)] += place - below
    return matrix


class ZeroPadding2d(Module):
    """Zeros around images: (N, H, W, C) -> (N, top + H + bottom, left + W + right, C).

    padding    p, or (along H, along W), each one number or (before, after). Keras's ZeroPadding2D.
    """

    def __init__(self, padding: Any = 1):
        self.padding, self.sides = padding, check_pairs("ZeroPadding2d", 2, padding)

    def forward(self, x: Any) -> Any:
        return np.pad(as_images(self, x), ((0, 0), *self.sides, (0, 0)))

    def __repr__(self) -> str:
        return f"ZeroPadding2d({self.padding!r})"


class ZeroPadding1d(Module):
    """Zeros before and after sequences: (N, T, C) -> (N, before + T + after, C). padding: p, or a pair."""

    def __init__(self, padding: Any = 1):
        self.padding, self.sides = padding, check_pairs("ZeroPadding1d", 1, padding)

    def forward(self, x: Any) -> Any:
        return np.pad(as_images(self, x, axes=1), ((0, 0), *self.sides, (0, 0)))

    def __repr__(self) -> str:
        return f"ZeroPadding1d({self.padding!r})"


class Cropping2d(Module):
    """Rows and columns cut off: (N, H, W, C) -> (N, H - top - bottom, W - left - right, C).

    cropping   as the padding of `ZeroPadding2d`. Raises ValueError if nothing would be left.
    Keras's Cropping2D.
    """

    def __init__(self, cropping: Any = 1):
        self.cropping, self.sides = cropping, check_pairs("Cropping2d", 2, cropping, "cropping")

    def forward(self, x: Any) -> Any:
        return cropped(self, as_images(self, x), self.sides)

    def __repr__(self) -> str:
        return f"Cropping2d({self.cropping!r})"


class Cropping1d(Module):
    """Steps cut off: (N, T, C) -> (N, T - before - after, C). cropping: p, or a pair."""

    def __init__(self, cropping: Any = 1):
        self.cropping, self.sides = cropping, check_pairs("Cropping1d", 1, cropping, "cropping")

    def forward(self, x: Any) -> Any:
        return cropped(self, as_images(self, x, axes=1), self.sides)

    def __repr__(self) -> str:
        return f"Cropping1d({self.cropping!r})"


def cropped(layer: Module, x: Tensor | np.ndarray, sides: tuple) -> Any:
    lengths = x.shape[1:-1]
    if any(n <= sum(side) for n, side in zip(lengths, sides, strict=True)):
        raise refusal(
            ValueError,
            f"{module_path(layer)} got x of shape {x.shape}: cutting {sides} off leaves nothing.",
            "less cropping",
        )
    kept = (slice(a, n - b) for n, (a, b) in zip(lengths, sides, strict=True))
    return x[(slice(None), *kept)]
