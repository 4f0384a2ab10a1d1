"""Layers that keep one number of each window, or of each channel. They have no parameters.

Windows, ties and padding are the business of `tinygrad_edu/ops/pooling.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_images, named
from tinygrad_edu.nn.layer_tools import as_array, as_called
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.sequence_checks import demand_place_mask
from tinygrad_edu.ops.convolution import check_settings
from tinygrad_edu.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from tinygrad_edu.ops.reductions import narrow, wide
from tinygrad_edu.ops.volumes import avg_pool3d, max_pool3d
from tinygrad_edu.tensor import value

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "GlobalAvgPool1d",
    "GlobalAvgPool2d",
    "GlobalAvgPool3d",
    "GlobalMaxPool1d",
    "GlobalMaxPool2d",
    "GlobalMaxPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]


class _Pool(Module):
    """What the pools share: their windows."""

    axes: int  # of a window: 1 for sequences, 2 for images, 3 for volumes
    operation: Callable

    def __init__(self, size: Any = 2, *, stride: Any = None, padding: Any = "valid"):
        steps = size if stride is None else stride
        check_settings(type(self).__name__, self.axes, size, steps, padding)
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        demand_images(self, x.shape, self.axes)
        return named(self, self.operation, x, self.size, self.stride, self.padding)

    def __repr__(self) -> str:
        return as_called(self)


class MaxPool2d(_Pool):
    """The largest number in each window, channel by channel: (N, H, W, C) -> (N, rows, columns, C).

    size       the size of the windows: a number, or a pair (along H, along W)
    stride     the step from one window to the next; by default the size, so that windows do not overlap
    padding    as in `Conv2d`; cells of the padding are never the largest

    Equal largest cells of a window share its gradient equally. Raises ValueError if x has another number
    of axes, or no window fits.
    """

    axes, operation = 2, staticmethod(max_pool2d)


class MaxPool1d(_Pool):
    """`MaxPool2d` along the steps of sequences: (N, T, C) -> (N, steps, C)."""

    axes, operation = 1, staticmethod(max_pool1d)


class MaxPool3d(_Pool):
    """`MaxPool2d` of volumes: (N, D, H, W, C); size and stride are a number, or three of them."""

    axes, operation = 3, staticmethod(max_pool3d)


class AvgPool2d(_Pool):
    """The mean of each window, channel by channel; settings are those of `MaxPool2d`.

    The mean is over the cells of the image: padding is not counted.
    """

    axes, operation = 2, staticmethod(avg_pool2d)


class AvgPool1d(_Pool):
    """`AvgPool2d` along the steps of sequences: (N, T, C) -> (N, steps, C)."""

    axes, operation = 1, staticmethod(avg_pool1d)


class AvgPool3d(_Pool):
    """`AvgPool2d` of volumes: (N, D, H, W, C); size and stride are a number, or three of them."""

    axes, operation = 3, staticmethod(avg_pool3d)


# ---------------------------------------------------------------------------- one number for a channel


class GlobalAvgPool2d(Module):
    """The mean of each channel: (N, H, W, C) -> (N, C). (Lin et al. 2014, "Network in network", 3.2.)

    keepdims   keeps the other axes, with length 1: (N, 1, 1, C)

    A mask (N, H, W) is False at places that do not count, such as padding; a channel without any place
    gives 0.
    """

    axes = 2

    def __init__(self, *, keepdims: bool = False):
        self.keepdims = keepdims

    def forward(self, x: Any, mask: Any = None) -> Any:
        x = as_array(x)
        demand_images(self, x.shape, self.axes)
        about = {"axis": tuple(range(1, 1 + self.axes)), "keepdims": self.keepdims}
        if mask is None:
            return self.pooled(x, **about)
        mask = np.asarray(value(mask))
        demand_place_mask(self, mask, x.shape[:-1])
        return self.pooled_where(mask[..., None], x, **about)

    def pooled(self, x: Any, **about: Any) -> Any:
        return np.mean(x, **about)

    def pooled_where(self, mask: np.ndarray, x: Any, **about: Any) -> Any:
        numbers = wide(x)
        count = np.maximum(np.sum(mask, **about), 1).astype(numbers.dtype)
        return narrow(np.sum(np.where(mask, numbers, 0), **about) / count, x)

    def __repr__(self) -> str:
        return as_called(self)


class GlobalAvgPool1d(GlobalAvgPool2d):
    """`GlobalAvgPool2d` of sequences: (N, T, C) -> (N, C), with a mask (N, T)."""

    axes = 1


class GlobalAvgPool3d(GlobalAvgPool2d):
    """`GlobalAvgPool2d` of volumes: (N, D, H, W, C) -> (N, C)."""

    axes = 3


class GlobalMaxPool2d(GlobalAvgPool2d):
    """The largest number of each channel: (N, H, W, C) -> (N, C). Ties share the gradient equally.

    keepdims and masks are those of `GlobalAvgPool2d`.
    """

    def pooled(self, x: Any, **about: Any) -> Any:
        return np.max(x, **about)

    def pooled_where(self, mask: np.ndarray, x: Any, **about: Any) -> Any:
        largest = np.max(np.where(mask, x, -np.inf), **about)
        return np.where(np.any(mask, **about), largest, 0)


class GlobalMaxPool1d(GlobalMaxPool2d):
    """`GlobalMaxPool2d` of sequences: (N, T, C) -> (N, C), with a mask (N, T)."""

    axes = 1


class GlobalMaxPool3d(GlobalMaxPool2d):
    """`GlobalMaxPool2d` of volumes: (N, D, H, W, C) -> (N, C)."""

    axes = 3


# -------------------------------------------------------------------------- windows of any image's size


class AdaptiveAvgPool2d(Module):
    """The mean of each of rows · columns windows, whatever the size of the images: (N, rows, columns, C).

    output_size   (rows, columns), or one number for both

    Window i of n along an axis of length L reaches from ⌊i L / n⌋ to ⌈(i + 1) L / n⌉; neighbors may share
    a row. Keras's AdaptiveAveragePooling2D, PyTorch's AdaptiveAvgPool2d.
    """

    axes = 2
    operation: Callable = staticmethod(np.mean)

    def __init__(self, output_size: Any):
        self.output_size = output_size
        self.windows = check_settings(type(self).__name__, self.axes, output_size, 1, "valid")

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        demand_images(self, x.shape, self.axes)
        around = tuple(range(1, 1 + self.axes))
        y = [
            self.operation(x[(slice(None), *window)], axis=around)
            for window in itertools.product(*map(parts, x.shape[1:-1], self.windows))
        ]
        return np.reshape(np.stack(y, axis=1), (len(x), *self.windows, x.shape[-1]))

    def __repr__(self) -> str:
        return as_called(self)


def parts(length: int, n: int) -> list[slice]:
    """n parts of an axis, which overlap where they cannot be equal."""
    return [slice(i * length // n, -(-(i + 1) * length // n)) for i in range(n)]


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """`AdaptiveAvgPool2d` of sequences: (N, T, C) -> (N, output_size, C)."""

    axes = 1


class AdaptiveAvgPool3d(AdaptiveAvgPool2d):
    """`AdaptiveAvgPool2d` of volumes, with an output_size of three numbers, or one for all."""

    axes = 3


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """The largest number of each of rows · columns windows: see `AdaptiveAvgPool2d`."""

    operation = staticmethod(np.max)


class AdaptiveMaxPool1d(AdaptiveMaxPool2d):
    """`AdaptiveMaxPool2d` of sequences: (N, T, C) -> (N, output_size, C)."""

    axes = 1


class AdaptiveMaxPool3d(AdaptiveMaxPool2d):
    """`AdaptiveMaxPool2d` of volumes, with an output_size of three numbers, or one for all."""

    axes = 3
