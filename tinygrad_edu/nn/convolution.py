"""Layers that apply one small kernel at every place of an image or a sequence.

Layouts are channels-last, as in Keras: images (N, H, W, C), sequences (N, T, C), volumes (N, D, H, W, C).
The operations themselves, and the three words for padding, are in `tinygrad_edu/ops/convolution.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import (
    Shape,
    demand_groups,
    demand_images,
    demand_initializer,
    demand_sizes,
    named,
)
from tinygrad_edu.nn.initializers import glorot_uniform
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.ops.convolution import (
    check_settings,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
)
from tinygrad_edu.ops.volumes import conv3d
from tinygrad_edu.tensor import Tensor

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "DepthwiseConv1d",
    "DepthwiseConv2d",
    "SeparableConv1d",
    "SeparableConv2d",
]

Rng = np.random.Generator | int | None


class _Convolution(SizedByInput):
    """What the layers of this file share: settings, kernels W (from `init`) and biases b (from 0)."""

    axes: int  # of a kernel: 1 for sequences, 2 for images, 3 for volumes
    unit_axes: tuple[int, ...] = (-1,)  # the axes of W that number the outputs
    words: tuple[str, ...] = ("valid", "same")  # for the padding
    convolution: Callable  # the operation

    def __init__(
        self,
        inputs: int | None,
        windows: tuple[Any, Any, Any, Any],
        bias: bool,
        init: Callable,
        rng: Rng,
        dtype: Any,
        **sizes: Any,
    ):
        demand_sizes(self, inputs=inputs, **sizes)
        demand_initializer(self, init)
        kernel = check_settings(type(self).__name__, self.axes, *windows, self.words)
        self.size, self.stride, self.padding, self.dilation = windows
        self.inputs, self.bias = inputs, bias
        vars(self).update(sizes)
        self.make_now_or_later(kernel, init, np.random.default_rng(rng), dtype)

    def channels(self) -> tuple[tuple[int, int], int]:
        """The last two axes of W, and the length of b."""
        raise NotImplementedError

    def make(self, kernel: Shape, init: Callable, rng: Any, dtype: Any) -> None:
        last_axes, outputs = self.channels()
        self.W = Parameter(init(rng, (*kernel, *last_axes), dtype))
        self.b = Parameter(np.zeros(outputs, dtype)) if self.bias else None

    def demand_shape(self, shape: Shape) -> None:
        demand_images(self, shape, self.axes, self.inputs)

    def convolve(self, x: Any, w: Any, **settings: Any) -> Any:
        """The operation, on an x of a fitting shape and in the precision of the layer."""
        x = in_precision_of(self.W, x)
        self.demand_shape(x.shape)
        windows = self.stride, self.padding, self.dilation
        return named(self, self.convolution, x, w, *windows, **settings)


class Conv2d(_Convolution):
    """y[n, p, q, o] = b[o] + Σ x[n, p s + i d, q s + j d, c] W[i, j, c, o] over the kernel (i, j) and c.

    x: (N, H, W, inputs), W: (kh, kw, inputs / groups, outputs), y: (N, rows, columns, outputs)

    size       the size of the kernel: a number, or a pair (along H, along W), like the next two
    stride     the step s from one window to the next
    dilation   the step d between the cells of a window
    padding    "valid": none, rows = ⌊(H - (kh - 1) d - 1) / s⌋ + 1;
               "same": zeros so that rows = ⌈H / s⌉, with an odd zero at the end;
               p, or (along H, along W), each one number or (before, after): the numbers of zeros
    groups     splits inputs and outputs into so many parts; each output sees the inputs of its own part

    Keras's Conv2D, with the same layout. W starts from `init`, b from zeros; if inputs is None, the first
    x tells it. Raises ValueError if x has another number of axes or channels, or is smaller than the
    kernel. (Goodfellow et al. 2016, section 9.1.)
    """

    axes, convolution = 2, staticmethod(conv2d)
    outputs: int
    groups: int

    def __init__(
        self,
        inputs: int | None,
        outputs: int,
        size: Any,
        *,
        stride: Any = 1,
        padding: Any = "valid",
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ):
        windows = size, stride, padding, dilation
        super().__init__(inputs, windows, bias, init, rng, dtype, outputs=outputs, groups=groups)

    def channels(self) -> tuple[tuple[int, int], int]:
        demand_groups(self, self.groups, inputs=self.inputs, outputs=self.outputs)
        return (self.inputs // self.groups, self.outputs), self.outputs

    def forward(self, x: Any) -> Tensor:
        return self.convolve(x, self.W, groups=self.groups, b=self.b)


class Conv1d(Conv2d):
    """`Conv2d` along one axis: x (N, T, inputs), W (k, inputs / groups, outputs), y (N, steps, outputs).

    padding may also be "causal": zeros only before the first step, so that y[t] depends on nothing later
    than x[t] (van den Oord et al. 2016, "WaveNet", figure 2). As numbers it is p or (before, after).
    """

    axes, convolution = 1, staticmethod(conv1d)
    words = ("valid", "same", "causal")


class Conv3d(Conv2d):
    """`Conv2d` along three axes: x (N, D, H, W, inputs), W (kd, kh, kw, inputs / groups, outputs).

    size, stride and dilation are a number or three, along D, H and W; padding is a word, or along each
    axis a number or (before, after). Keras's Conv3D.
    """

    axes, convolution = 3, staticmethod(conv3d)


class DepthwiseConv2d(_Convolution):
    """Each channel on its own: y[..., c m + k] = b[c m + k] + Σ x[n, p s + i d, q s + j d, c] W[i, j, c, k].

    x: (N, H, W, inputs), W: (kh, kw, inputs, m), y: (N, rows, columns, inputs m), with m = `multiplier`

    The settings are those of `Conv2d`. This is its special case groups=inputs, with the kernels in Keras's
    order. (Chollet 2017, "Xception".)
    """

    axes, convolution = 2, staticmethod(conv2d)
    unit_axes = (-2, -1)
    multiplier: int

    def __init__(
        self,
        inputs: int | None,
        size: Any,
        *,
        multiplier: int = 1,
        stride: Any = 1,
        padding: Any = "valid",
        dilation: Any = 1,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ):
        windows = size, stride, padding, dilation
        super().__init__(inputs, windows, bias, init, rng, dtype, multiplier=multiplier)

    def channels(self) -> tuple[tuple[int, int], int]:
        return (self.inputs, self.multiplier), self.inputs * self.multiplier

    def forward(self, x: Any) -> Tensor:
        kernel = self.W.shape[: self.axes]
        w = np.reshape(self.W, (*kernel, 1, self.inputs * self.multiplier))  # groups of one channel
        return self.convolve(x, w, groups=self.inputs, b=self.b)


class DepthwiseConv1d(DepthwiseConv2d):
    """`DepthwiseConv2d` along one axis: x (N, T, inputs), W (k, inputs, m), y (N, steps, inputs m)."""

    axes, convolution = 1, staticmethod(conv1d)
    words = ("valid", "same", "causal")


class SeparableConv2d(Module):
    """Each channel on its own, then all channels at each place: y = pointwise(depthwise(x)).

    depthwise: DepthwiseConv2d(inputs, size), without a bias; pointwise: Conv2d(inputs m, outputs, 1)

    `Conv2d` has kh kw · inputs · outputs weights, this layer has (kh kw + outputs) inputs m. The settings
    are those of `DepthwiseConv2d`. Keras's SeparableConv2D. (Chollet 2017, "Xception", section 3.)
    """

    kinds: tuple[type, type] = (DepthwiseConv2d, Conv2d)

    def __init__(
        self,
        inputs: int | None,
        outputs: int,
        size: Any,
        *,
        multiplier: int = 1,
        stride: Any = 1,
        padding: Any = "valid",
        dilation: Any = 1,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs, outputs=outputs, multiplier=multiplier)
        depthwise, pointwise = self.kinds
        common = {"init": init, "rng": np.random.default_rng(rng), "dtype": dtype}
        self.depthwise = depthwise(
            inputs, size, multiplier=multiplier, stride=stride, padding=padding, dilation=dilation,
            bias=False, **common,
        )  # fmt: skip
        middle = None if inputs is None else inputs * multiplier
        self.pointwise = pointwise(middle, outputs, 1, bias=bias, **common)

    def forward(self, x: Any) -> Tensor:
        return self.pointwise(self.depthwise(x))


class SeparableConv1d(SeparableConv2d):
    """`SeparableConv2d` along one axis: x (N, T, inputs), y (N, steps, outputs)."""

    kinds = (DepthwiseConv1d, Conv1d)


class ConvTranspose2d(_Convolution):
    """Each cell of x adds the kernel, times its value, to a larger image: the gradient of `Conv2d` in x.

    x: (N, H, W, inputs), W: (kh, kw, outputs / groups, inputs), y: (N, rows, columns, outputs)

    padding          "valid": rows = H s + max((kh - 1) d + 1 - s, 0); "same": rows = H s; numbers: so many
                     rows and columns of the result are cut off
    output_padding   from 0 to s - 1: so many more rows at the end, because images of several sizes have a
                     convolution of the size of x. A number or a pair; see `ops.conv_transpose2d`

    The other settings are those of `Conv2d`. Keras's Conv2DTranspose. (Dumoulin and Visin 2016,
    section 4.)
    """

    axes, convolution = 2, staticmethod(conv_transpose2d)
    unit_axes = (-2,)
    outputs: int
    groups: int
    output_padding: Any

    def __init__(
        self,
        inputs: int | None,
        outputs: int,
        size: Any,
        *,
        stride: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ):
        self.output_padding = output_padding
        windows = size, stride, padding, dilation
        super().__init__(inputs, windows, bias, init, rng, dtype, outputs=outputs, groups=groups)

    def channels(self) -> tuple[tuple[int, int], int]:
        demand_groups(self, self.groups, inputs=self.inputs, outputs=self.outputs)
        return (self.outputs // self.groups, self.inputs), self.outputs

    def forward(self, x: Any) -> Tensor:
        more = {"groups": self.groups, "output_padding": self.output_padding}
        y = self.convolve(x, self.W, **more)
        return y if self.b is None else y + self.b


class ConvTranspose1d(ConvTranspose2d):
    """`ConvTranspose2d` along one axis: x (N, T, inputs), W (k, outputs / groups, inputs)."""

    axes, convolution = 1, staticmethod(conv_transpose1d)
