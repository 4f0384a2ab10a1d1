"""Volumes: convolution and pooling along three axes, made of what is done with images.

Layouts are channels-last, as in Keras: volumes (N, D, H, W, C), kernels (kd, kh, kw, in, out). A window of
depth kd is kd windows of images, one behind the other. So a convolution is a sum of kd convolutions of
images, one for each slice of the kernel, and every derivative is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.ops.convolution import Padding, conv2d, each_axis, padding_sides, refuse
from tinygrad_edu.ops.reductions import narrow, wide
from tinygrad_edu.tensor import Tensor

# --------------------------------------------------------------------------- what people call


def conv3d(
    x: Any, w: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1, groups: int = 1,
    b: Any = None,
) -> Any:  # fmt: skip
    """`conv2d` along three axes: x (N, D, H, W, C), w (kd, kh, kw, C / groups, O), y (N, ..., O).

    stride, dilation   a number, or three of them, along D, H and W
    padding            a word, or along each axis a number of zeros or (before, after)

    Raises ValueError if the shapes or settings do not fit.
    """
    w = w if isinstance(w, Tensor) else np.asarray(w)
    if len(w.shape) != 5:
        what = f"kernels are (kd, kh, kw, in, out), and w has {len(w.shape)} axes"
        refuse("conv3d", (w, "w"), what, "np.expand_dims for an axis of length 1")
    x, size, stride, dilation = _asked("conv3d", x, w.shape[:3], stride, padding, dilation)
    deep = (x.shape[1] - (size[0] - 1) * dilation[0] - 1) // stride[0] + 1
    y: Any = None
    for i in range(size[0]):
        images = _every(x, 1, i * dilation[0], stride[0], deep)
        flat = np.reshape(images, (len(x) * deep, *x.shape[2:]))
        part = conv2d(flat, w[i], stride[1:], "valid", dilation[1:], groups, None if i else b)
        y = part if y is None else y + part
    return np.reshape(y, (len(x), deep, *y.shape[1:]))


def max_pool3d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """The largest number under each window of x (N, D, H, W, C), channel by channel.

    Arguments are those of `max_pool2d`, with three numbers instead of two; ties share the gradient, too.
    """
    x, size, stride, _ = _asked("max_pool3d", x, size, _or(size, stride), padding, fill=-np.inf)
    return np.max(np.stack([*_taps(x, size, stride)]), axis=0)


def avg_pool3d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """The mean under each window of x (N, D, H, W, C), channel by channel; padding does not count."""
    x = _volumes("avg_pool3d", x)
    numbers, sums = wide(x), []
    cells = np.ones((1, *x.shape[1:-1], 1), numbers.dtype)
    for volume in (numbers, cells):
        volume, taps, steps, _ = _asked("avg_pool3d", volume, size, _or(size, stride), padding)
        sums.append(sum(_taps(volume, taps, steps)))
    return narrow(sums[0] / sums[1], x)


def _or(size: Any, stride: Any) -> Any:
    return size if stride is None else stride


def _taps(x: Any, size: tuple[int, ...], stride: tuple[int, ...]) -> Iterator[Any]:
    """For each cell of a window, the numbers under it in all windows."""
    for tap in np.ndindex(*size):
        y = x
        for axis in range(3):
            count = (x.shape[1 + axis] - size[axis]) // stride[axis] + 1
            y = _every(y, 1 + axis, tap[axis], stride[axis], count)
        yield y


def _every(x: Any, axis: int, first: int, step: int, count: int) -> Any:
    """So many numbers along an axis, from the first one in steps."""
    return x[(slice(None),) * axis + (slice(first, first + (count - 1) * step + 1, step),)]


# ------------------------------------------------------------------ what was asked, and if it can be


def _volumes(called: str, x: Any) -> Any:
    x = x if isinstance(x, Tensor) else np.asarray(x)
    if len(x.shape) != 5:
        hint = "x[..., None] for volumes of one channel" if len(x.shape) == 4 else "x.reshape(...)"
        what = f"volumes are (N, D, H, W, C), and x has {len(x.shape)} axes"
        refuse(called, (x, "x"), what, hint)
    return x


def _asked(
    called: str,
    x: Any,
    size: Any,
    stride: Any,
    padding: Padding,
    dilation: Any = 1,
    fill: float = 0,
) -> tuple[Any, tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(x with its padding, size, stride, dilation); raises if no window fits."""
    x = _volumes(called, x)
    size, stride, dilation = (
        each_axis(called, name, given, 3)
        for name, given in (("size", size), ("stride", stride), ("dilation", dilation))
    )
    span = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    sides = padding_sides(called, padding, x.shape[1:4], span, stride)
    if any(map(any, sides)):
        x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
    if any(k > n for k, n in zip(span, x.shape[1:4], strict=True)):
        what = f"a window of {tuple(span)} is larger than the volume {x.shape[1:4]}"
        refuse(called, (x, "x"), what, 'a smaller window, or padding="same"')
    return x, size, stride, dilation
