"""Layers that keep one number of each window, or of each channel. They have no parameters.

The windows, and what happens to ties and padding, stand in `tinygrad_edu/ops/pooling.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.convolution import as_images, changed_settings, named
from tinygrad_edu.nn.module import Module
from tinygrad_edu.ops.convolution import check_settings
from tinygrad_edu.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d


class _Pool(Module):
    """What the pools share: their windows."""

    axes: int

    def __init__(self, size: Any = 2, *, stride: Any = None, padding: Any = "valid"):
        steps = size if stride is None else stride
        check_settings(type(self).__name__, self.axes, size, steps, padding)
        self.size, self.stride, self.padding = size, stride, padding

    def pooled(self, pool: Callable, x: Any) -> Any:
        return named(
            self, pool, as_images(self, x, self.axes), self.size, self.stride, self.padding
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([repr(self.size), *changed_settings(self)])})"


class MaxPool2d(_Pool):
    """The largest number under each window, channel by channel: (N, H, W, C) -> (N, rows, columns, C).

    size       of the windows: a number, or a pair (along H, along W)
    stride     from window to window; the size, if not given, so that windows do not overlap
    padding    as of `Conv2d`; cells that are not there never are the largest

    Where several cells of a window are the largest they share its gradient equally. Raises ValueError
    if x has another number of axes, or no window fits.
    """

    axes = 2

    def forward(self, x: Any) -> Any:
        return self.pooled(max_pool2d, x)


class MaxPool1d(_Pool):
    """`MaxPool2d` along the steps of sequences: (N, T, C) -> (N, steps, C)."""

    axes = 1

    def forward(self, x: Any) -> Any:
        return self.pooled(max_pool1d, x)


class AvgPool2d(_Pool):
    """The mean under each window, channel by channel; settings are those of `MaxPool2d`.

    The mean is over the cells that are there: padding is not counted.
    """

    axes = 2

    def forward(self, x: Any) -> Any:
        return self.pooled(avg_pool2d, x)


class AvgPool1d(_Pool):
    """`AvgPool2d` along the steps of sequences: (N, T, C) -> (N, steps, C)."""

    axes = 1

    def forward(self, x: Any) -> Any:
        return self.pooled(avg_pool1d, x)


class GlobalAvgPool2d(Module):
    """The mean of each channel: (N, H, W, C) -> (N, C). (Lin et al. 2014, "Network in network", 3.2.)"""

    def forward(self, x: Any) -> Any:
        return np.mean(as_images(self, x), axis=(1, 2))


class GlobalAvgPool1d(Module):
    """The mean of each channel of sequences: (N, T, C) -> (N, C)."""

    def forward(self, x: Any) -> Any:
        return np.mean(as_images(self, x, axes=1), axis=1)


class GlobalMaxPool2d(Module):
    """The largest number of each channel: (N, H, W, C) -> (N, C). Ties share the gradient equally."""

    def forward(self, x: Any) -> Any:
        return np.max(as_images(self, x), axis=(1, 2))


class GlobalMaxPool1d(Module):
    """The largest number of each channel of sequences: (N, T, C) -> (N, C)."""

    def forward(self, x: Any) -> Any:
        return np.max(as_images(self, x, axes=1), axis=1)
