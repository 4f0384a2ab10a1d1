"""Layers that make images and sequences larger or smaller. They have no parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_images, demand_one_of, demand_rest
from tinygrad_edu.nn.layer_tools import as_array, as_called
from tinygrad_edu.nn.module import Module
from tinygrad_edu.ops.convolution import check_pairs, check_settings

__all__ = [
    "Cropping1d",
    "Cropping2d",
    "UpSampling1d",
    "UpSampling2d",
    "ZeroPadding1d",
    "ZeroPadding2d",
]


class _Resizing(Module):
    """What the layers of this file share: x is images (axes = 2) or sequences (axes = 1)."""

    axes = 2

    def accepted(self, x: Any) -> Any:
        x = as_array(x)
        demand_images(self, x.shape, self.axes)
        return x

    def __repr__(self) -> str:
        return as_called(self)


class UpSampling2d(_Resizing):
    """(N, H, W, C) -> (N, H a, W b, C), for size = (a, b) or one number for both.

    nearest     repeats every number a b times
    bilinear    along each axis y[i] = (1 - t) x[k] + t x[k + 1], where k + t = (i + ½) / a - ½ is the
                center of the new pixel among the centers of the old ones; beyond the first and the last
                center, the number at the edge

    Keras's UpSampling2D. Raises ValueError if x has another number of axes.
    """

    def __init__(self, size: Any = 2, *, interpolation: str = "nearest"):
        self.times = check_settings("UpSampling2d", 2, size, 1, "valid")
        demand_one_of(self, ("nearest", "bilinear"), interpolation=interpolation)
        self.size, self.interpolation = size, interpolation

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        if self.interpolation == "nearest":
            return repeated(x, *self.times)
        (n, high, wide, channels), (a, b) = x.shape, self.times
        by_rows = between(high, a, x.dtype) @ np.reshape(x, (n, high, wide * channels))
        by_columns = np.reshape(by_rows, (n * high * a, wide, channels))
        return np.reshape(between(wide, b, x.dtype) @ by_columns, (n, high * a, wide * b, channels))


class UpSampling1d(_Resizing):
    """(N, T, C) -> (N, T a, C): every step a times. Keras's UpSampling1D."""

    axes = 1

    def __init__(self, size: int = 2):
        check_settings("UpSampling1d", 1, size, 1, "valid")
        self.size = size

    def forward(self, x: Any) -> Any:
        x = np.expand_dims(self.accepted(x), 1)
        return np.squeeze(repeated(x, 1, self.size), 1)


def repeated(x: Any, a: int, b: int) -> Any:
    """Every pixel as a rectangle of a times b equal pixels."""
    n, high, wide, channels = x.shape
    apart = np.reshape(x, (n, high, 1, wide, 1, channels))
    return np.reshape(
        np.broadcast_to(apart, (n, high, a, wide, b, channels)), (n, high * a, wide * b, channels)
    )


def between(n: int, times: int, dtype: Any) -> np.ndarray:
    """The matrix (n · times, n) of linear interpolation: two weights in each row."""
    place = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    below = np.minimum(place.astype(int), max(n - 2, 0))
    matrix = np.zeros((n * times, n), dtype)
    row = np.arange(n * times)
    matrix[row, below] = 1 - (place - below)
    matrix[row, np.minimum(below + 1, n - 1)] += place - below
    return matrix


class ZeroPadding2d(_Resizing):
    """Zeros around images: (N, H, W, C) -> (N, top + H + bottom, left + W + right, C).

    padding    p, or (along H, along W), each one number or (before, after). Keras's ZeroPadding2D.
    """

    def __init__(self, padding: Any = 1):
        self.padding = padding
        self.sides = check_pairs(type(self).__name__, self.axes, padding)

    def forward(self, x: Any) -> Any:
        return np.pad(self.accepted(x), ((0, 0), *self.sides, (0, 0)))


class ZeroPadding1d(ZeroPadding2d):
    """Zeros before and after sequences: (N, T, C) -> (N, before + T + after, C). padding: p, or a pair."""

    axes = 1


class Cropping2d(_Resizing):
    """Cuts rows and columns off: (N, H, W, C) -> (N, H - top - bottom, W - left - right, C).

    cropping   like the padding of `ZeroPadding2d`. Raises ValueError if nothing would be left.
    Keras's Cropping2D.
    """

    def __init__(self, cropping: Any = 1):
        self.cropping = cropping
        self.sides = check_pairs(type(self).__name__, self.axes, cropping, "cropping")

    def forward(self, x: Any) -> Any:
        x = self.accepted(x)
        demand_rest(self, x.shape, self.sides)
        rest = (slice(a, n - b) for n, (a, b) in zip(x.shape[1:-1], self.sides, strict=True))
        return x[(slice(None), *rest)]


class Cropping1d(Cropping2d):
    """Cuts steps off: (N, T, C) -> (N, T - before - after, C). cropping: p, or a pair."""

    axes = 1
