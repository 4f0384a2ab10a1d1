"""Layers that lay one small kernel over every place of an image or a sequence.

Layouts are channels-last, as in Keras: images (N, H, W, C), sequences (N, T, C). What a convolution
computes, and the three words for its padding, stand in `tinygrad_edu/ops/convolution.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.initializers import demand_initializer, glorot_uniform
from tinygrad_edu.nn.linear import demand_sizes, in_precision_of
from tinygrad_edu.nn.module import Module, Parameter, module_path
from tinygrad_edu.ops.convolution import (
    check_settings,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
)
from tinygrad_edu.tensor import Tensor, value

Rng = np.random.Generator | int | None


class _Convolution(Module):
    """What the layers of this file share: settings, kernels W (from `init`) and biases b (from 0)."""

    axes: int  # that a kernel lies along: 2 of images, 1 of sequences
    words: tuple[str, ...] = ("valid", "same")  # for the padding

    def __init__(
        self,
        inputs: int | None,
        size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        bias: bool,
        init: Callable,
        rng: Rng,
        dtype: Any,
        **sizes: Any,
    ):
        demand_sizes(self, inputs=inputs, **sizes)
        demand_initializer(self, init)
        kind = type(self).__name__
        kernel = check_settings(kind, self.axes, size, stride, padding, dilation, self.words)
        self.inputs: Any = inputs
        for name, number in sizes.items():
            setattr(self, name, number)
        self.size, self.stride, self.padding, self.dilation = size, stride, padding, dilation
        self.bias = bias
        self._start = kernel, init, np.random.default_rng(rng), dtype
        self.make_when_known(inputs)

    def channels(self, inputs: int) -> tuple[tuple[int, int], int]:
        """The last two axes of W, and the length of b."""
        raise NotImplementedError

    def make(self, inputs: int) -> None:
        last_axes, outputs = self.channels(inputs)
        kernel, init, rng, dtype = self.__dict__.pop("_start")
        self.inputs = inputs
        self.W = Parameter(init(rng, (*kernel, *last_axes), dtype))
        self.b = Parameter(np.zeros(outputs, dtype)) if self.bias else None

    def size_in(self, shape: tuple[int, ...]) -> int:
        demand_images(self, shape, self.axes)
        return shape[-1]

    def apply_kernel(self, convolution: Callable, x: Any, w: Any, **settings: Any) -> Tensor:
        """convolution(x, w), with x in our precision and of a shape that fits."""
        x = in_precision_of(self.W, x)
        demand_images(self, x.shape, self.axes, self.inputs)
        return named(self, convolution, x, w, self.stride, self.padding, self.dilation, **settings)

    def __repr__(self) -> str:
        sizes = (
            getattr(self, name) for name in ("inputs", "outputs", "size") if hasattr(self, name)
        )
        return f"{type(self).__name__}({', '.join([*map(repr, sizes), *changed_settings(self)])})"


def changed_settings(layer: Module) -> list[str]:
    """The keyword arguments of a layer that are not the usual ones, as its repr shows them."""
    constructor: Any = type(layer).__init__
    usual = constructor.__kwdefaults__.items()
    return [
        f"{name}={getattr(layer, name)!r}"
        for name, default in usual
        if name not in ("init", "rng", "dtype") and getattr(layer, name) != default
    ]


class Conv2d(_Convolution):
    """y[n, p, q, o] = b[o] + Σ x[n, p s + i d, q s + j d, c] W[i, j, c, o] over the kernel (i, j) and c.

    x: (N, H, W, inputs), W: (kh, kw, inputs / groups, outputs), y: (N, rows, columns, outputs)

    size       of the kernel: a number, or a pair (along H, along W); so are:
    stride     the step s from window to window
    dilation   the step d from tap to tap within a window
    padding    "valid": none, rows = ⌊(H - (kh - 1) d - 1) / s⌋ + 1;
               "same": zeros so that rows = ⌈H / s⌉, the odd one at the end;
               p, or (along H, along W), each one number or (before, after): so many zeros
    groups     inputs and outputs in so many parts, each of which sees only its own

    Keras's Conv2D and its layout. W starts from `init`, b from zeros; with inputs=None the first x
    tells it. Raises ValueError if x has another number of axes or channels, or is smaller than the
    kernel. (Goodfellow et al. 2016, section 9.1.)
    """

    axes = 2

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
        super().__init__(
            inputs, size, stride, padding, dilation, bias, init, rng, dtype,
            outputs=outputs, groups=groups,
        )  # fmt: skip

    outputs: int
    groups: int

    def channels(self, inputs: int) -> tuple[tuple[int, int], int]:
        for name, number in (("inputs", inputs), ("outputs", self.outputs)):
            if number % self.groups:
                raise refusal(
                    ValueError,
                    f"{self!r}: groups={self.groups} must divide inputs={inputs} and "
                    f"outputs={self.outputs}, but {name} leaves {number % self.groups}.",
                    "groups=1",
                )
        return (inputs // self.groups, self.outputs), self.outputs

    def forward(self, x: Any) -> Tensor:
        return self.apply_kernel(conv2d, x, self.W, groups=self.groups, b=self.b)


class Conv1d(Conv2d):
    """`Conv2d` along one axis: x (N, T, inputs), W (k, inputs / groups, outputs), y (N, steps, outputs).

    padding may also be "causal": zeros before the first step alone, so that y[t] depends on nothing
    later than x[t] (van den Oord et al. 2016, "WaveNet", figure 2); in numbers it is p or (before, after).
    """

    axes = 1
    words = ("valid", "same", "causal")

    def forward(self, x: Any) -> Tensor:
        return self.apply_kernel(conv1d, x, self.W, groups=self.groups, b=self.b)


class DepthwiseConv2d(_Convolution):
    """Every channel by itself: y[..., c m + k] = b[c m + k] + Σ x[n, p s + i d, q s + j d, c] W[i, j, c, k].

    x: (N, H, W, inputs), W: (kh, kw, inputs, m), y: (N, rows, columns, inputs m), with m = `multiplier`

    The settings are those of `Conv2d`, of which this is the case groups=inputs, with the kernels in
    Keras's order. (Chollet 2017, "Xception".)
    """

    axes = 2
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
        super().__init__(
            inputs, size, stride, padding, dilation, bias, init, rng, dtype, multiplier=multiplier
        )

    def channels(self, inputs: int) -> tuple[tuple[int, int], int]:
        return (inputs, self.multiplier), inputs * self.multiplier

    def as_groups(self) -> Any:
        """W as the kernel of a convolution in groups of one channel."""
        kernel = self.W.shape[: self.axes]
        return np.reshape(self.W, (*kernel, 1, self.inputs * self.multiplier))

    def forward(self, x: Any) -> Tensor:
        return self.apply_kernel(conv2d, x, self.as_groups(), groups=self.inputs, b=self.b)


class DepthwiseConv1d(DepthwiseConv2d):
    """`DepthwiseConv2d` along one axis: x (N, T, inputs), W (k, inputs, m), y (N, steps, inputs m)."""

    axes = 1
    words = ("valid", "same", "causal")

    def forward(self, x: Any) -> Tensor:
        return self.apply_kernel(conv1d, x, self.as_groups(), groups=self.inputs, b=self.b)


class SeparableConv2d(Module):
    """First every channel by itself, then all channels at every place: pointwise(depthwise(x)).

    depthwise: DepthwiseConv2d(inputs, size), without a bias; pointwise: Conv2d(inputs m, outputs, 1)

    Where `Conv2d` has kh kw · inputs · outputs weights this has (kh kw + outputs) inputs m. The settings
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

    def forward(self, x: Any) -> Tensor:
        return self.pointwise(self.depthwise(x))


class ConvTranspose2d(_Convolution):
    """Every cell of x paints the kernel, times its value, onto a larger image: `Conv2d`, way back.

    x: (N, H, W, inputs), W: (kh, kw, outputs, inputs), y: (N, rows, columns, outputs)

    padding    "valid": rows = H s + max((kh - 1) d + 1 - s, 0); "same": rows = H s; numbers: so many
               rows and columns are cut off what is painted

    The other settings are those of `Conv2d`. Keras's Conv2DTranspose. (Dumoulin and Visin 2016,
    section 4.)
    """

    axes = 2
    outputs: int

    def __init__(
        self,
        inputs: int | None,
        outputs: int,
        size: Any,
        *,
        stride: Any = 1,
        padding: Any = "valid",
        dilation: Any = 1,
        bias: bool = True,
        init: Callable = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ):
        super().__init__(
            inputs, size, stride, padding, dilation, bias, init, rng, dtype, outputs=outputs
        )

    def channels(self, inputs: int) -> tuple[tuple[int, int], int]:
        return (self.outputs, inputs), self.outputs

    def forward(self, x: Any) -> Tensor:
        y: Any = self.apply_kernel(conv_transpose2d, x, self.W)
        return y if self.b is None else y + self.b


class ConvTranspose1d(ConvTranspose2d):
    """`ConvTranspose2d` along one axis: x (N, T, inputs), W (k, outputs, inputs), y (N, steps, outputs)."""

    axes = 1

    def forward(self, x: Any) -> Tensor:
        y: Any = self.apply_kernel(conv_transpose1d, x, self.W)
        return y if self.b is None else y + self.b


# ------------------------------------------------------------------------- what does not fit, and why


def demand_images(
    layer: Module, shape: tuple[int, ...], axes: int = 2, channels: int | None = None
) -> None:
    """Refuses anything but images (N, H, W, C), or sequences (N, T, C) if axes = 1, of so many channels."""
    what, layout = [("sequences", "(N, T, C)"), ("images", "(N, H, W, C)")][axes - 1]
    if len(shape) == axes + 2 and channels in (None, shape[-1]):
        return
    wanted = f"{what} {layout}" + (f" with C = {channels}" if channels else "")
    hint = f"Reshape(...) before this layer, to {layout}"
    if len(shape) == axes + 1:
        hint = f"x[None], if it is one {what[:-1]}"
        if channels in (None, 1):
            hint = "x[..., None], if the channel axis is missing"
    elif len(shape) == axes + 2 and shape[1] == channels:
        moved = (0, *range(2, axes + 2), 1)
        hint = f"np.transpose(x, {moved}), if the channels come first in x"
    elif len(shape) == axes + 2:
        hint = (
            f"{type(layer).__name__}({shape[-1]}, ...) here, or a layer before it that gives {channels} "
            "channels"
        )
    raise refusal(
        ValueError, f"{module_path(layer)} got x of shape {shape}: it takes {wanted}.", f"{hint}"
    )


def named(layer: Module, function: Callable, *args: Any, **settings: Any) -> Any:
    """function(...), and the path of the layer in front of what it refuses."""
    try:
        return function(*args, **settings)
    except ValueError as error:
        raise ValueError(f"{path_of(layer)}: {error}") from error


def path_of(layer: Module) -> str:
    """The name of a layer as it stands before a colon."""
    return module_path(layer).rstrip(",")


def as_images(layer: Module, x: Any, axes: int = 2) -> Any:
    """x as an array or Tensor, if it has the axes of images (2) or sequences (1)."""
    x = x if isinstance(x, Tensor) else np.asarray(value(x))
    demand_images(layer, x.shape, axes)
    return x
