"""Layers that keep one number of each window, or of each channel. They have no parameters.

Windows, ties and padding are the business of `tinygrad_edu/ops/pooling.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import demand_images, named
from tinygrad_edu.nn.layer_tools import as_array, as_called
from tinygrad_edu.nn.module import Module
from tinygrad_edu.ops.convolution import check_settings
from tinygrad_edu.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "GlobalAvgPool1d",
    "GlobalAvgPool2d",
    "GlobalMaxPool1d",
    "GlobalMaxPool2d",
    "MaxPool1d",
    "MaxPool2d",
]


class _Pool(Module):
    """What the pools share: their windows."""

    axes: int  # of a window: 2 for images, 1 for sequences
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


class AvgPool2d(_Pool):
    """The mean of each window, channel by channel; settings are those of `MaxPool2d`.

    The mean is over the cells of the image: padding is not counted.
    """

    axes, operation = 2, staticmethod(avg_pool2d)


class AvgPool1d(_Pool):
    """`AvgPool2d` along the steps of sequences: (N, T, C) -> (N, steps, C)."""

    axes, operation = 1, staticmethod(avg_pool1d)


class _GlobalPool(Module):
    """What the next layers share: one number of all places of a channel."""

    axes: int
    operation: Callable

    def forward(self, x: Any) -> Any:
        demand_images(self, np.shape(x), self.axes)
        return self.operation(x, axis=tuple(range(1, 1 + self.axes)))


class GlobalAvgPool2d(_GlobalPool):
    """The mean of each channel: (N, H, W, C) -> (N, C). (Lin et al. 2014, "Network in network", 3.2.)"""

    axes, operation = 2, staticmethod(np.mean)


class GlobalAvgPool1d(GlobalAvgPool2d):
    """The mean of each channel of sequences: (N, T, C) -> (N, C)."""

    axes = 1


class GlobalMaxPool2d(_GlobalPool):
    """The largest number of each channel: (N, H, W, C) -> (N, C). Ties share the gradient equally."""

    axes, operation = 2, staticmethod(np.max)


class GlobalMaxPool1d(GlobalMaxPool2d):
    """The largest number of each channel of sequences: (N, T, C) -> (N, C)."""

    axes = 1
