"""Modules that arrange: one after another, another shape, some left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.convolution import as_images, path_of
from tinygrad_edu.nn.module import Module, module_path
from tinygrad_edu.tensor import Tensor, value


class Sequential(Module):
    """y = layer_n(... layer_1(layer_0(x))). A layer is a Module or any function of one argument."""

    def __init__(self, *layers: Callable):
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                raise refusal(
                    TypeError,
                    f"Sequential: layer {i} is {layer!r}, which is not a module.",
                    "Sequential(Linear(64, 10), ReLU()), layers as arguments, with brackets",
                )
        self.layers = list(layers)

    def children(self) -> Iterator[tuple[str, Any]]:
        """The layers go by their numbers: `0.W` and not `layers.0.W`."""
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, i: int) -> Callable:
        return self.layers[i]

    def __len__(self) -> int:
        return len(self.layers)


class Flatten(Module):
    """(N, ...) -> (N, the product of the rest), in the order of memory."""

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (len(x), -1))


class Dropout(Module):
    """In training, each number is 0 with probability p and x / (1 - p) otherwise; in eval, y = x.

    Inverted dropout: the expected value is x in both. `rng` is a seed or a numpy.random.Generator.
    Srivastava et al. 2014. Raises ValueError unless 0 <= p < 1.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | int | None = None):
        if not 0 <= p < 1:
            raise refusal(
                ValueError, f"{type(self).__name__}(p={p}): p is a probability, 0 <= p < 1."
            )
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x)
        keep = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return x * (keep.astype(x.dtype) / (1 - self.p))


class Reshape(Module):
    """(N, ...) -> (N, *shape), in the order of memory; one length may be -1, for what is left."""

    def __init__(self, *shape: int):
        self.shape = tuple(shape)
        if not all(isinstance(n, (int, np.integer)) and n >= -1 for n in shape) or (
            self.shape.count(-1) > 1
        ):
            raise refusal(
                ValueError,
                f"Reshape{self.shape}: the lengths of the axes of a sample, at most one of "
                "them -1.",
                "Reshape(7, 7, 32)",
            )

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else np.asarray(x)
        known = math.prod(n for n in self.shape if n >= 0)
        size = math.prod(x.shape[1:])
        fits = size == known if -1 not in self.shape else known and size % known == 0
        if x.ndim == 0 or not fits:
            raise refusal(
                ValueError,
                f"{module_path(self)} got x of shape {x.shape}: a sample has {size} numbers.",
                f"a shape of {size} numbers in all, or Reshape(..., -1)",
            )
        rest = size // known if known else 0
        return np.reshape(x, (x.shape[0], *(rest if n == -1 else n for n in self.shape)))

    def __repr__(self) -> str:
        return f"Reshape({', '.join(map(repr, self.shape))})"


class Permute(Module):
    """(N, axes 1, 2, ...) in another order: Permute(2, 1) makes (N, C, T) of (N, T, C).

    Axis 0 is the batch, and stays. Keras's Permute.
    """

    def __init__(self, *axes: int):
        self.axes = tuple(axes)
        if sorted(axes) != list(range(1, len(axes) + 1)):
            raise refusal(
                ValueError,
                f"Permute{self.axes}: each of the axes 1 to {max(len(axes), 1)}, once.",
                "Permute(2, 1)",
            )

    def forward(self, x: Any) -> Any:
        if np.ndim(value(x)) != len(self.axes) + 1:
            raise refusal(
                ValueError,
                f"{module_path(self)} got x of shape {np.shape(value(x))}: it takes the batch "
                f"and {len(self.axes)} more axes.",
                "as many numbers as a sample has axes",
            )
        return np.transpose(x, (0, *self.axes))

    def __repr__(self) -> str:
        return f"Permute({', '.join(map(repr, self.axes))})"


class Residual(Module):
    """y = projection(x) + f(x), where the projection is y = x if there is none.

    f            a Module or any function of one argument
    projection   what brings x to the shape of f(x), where that is another: Linear, or Conv2d of size 1

    The gradient goes past f as it is, however deep f is. Raises ValueError if the shapes of both sides
    differ (they are not broadcast). (He et al. 2016, eq. 1 and 2.)
    """

    def __init__(self, f: Callable, projection: Callable | None = None):
        for name, part in (("f", f), ("projection", projection)):
            if not callable(part) and not (name == "projection" and part is None):
                raise refusal(
                    TypeError,
                    f"Residual({name}={part!r}): a Module or a function.",
                    "Residual(Sequential(...))",
                )
        self.f, self.projection = f, projection

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else np.asarray(x)
        y, past = self.f(x), x if self.projection is None else self.projection(x)
        if y.shape != past.shape:
            raise refusal(
                ValueError,
                f"{path_of(self)}: f makes {y.shape} of x {x.shape}, and "
                f"{'x' if self.projection is None else 'the projection of x'} {past.shape} "
                "cannot be added to it.",
                f"Residual(f, projection), with {_projection(x.shape, y.shape)}",
            )
        return past + y


def _projection(one: tuple[int, ...], other: tuple[int, ...]) -> str:
    if len(one) == 4 and len(other) == 4:
        stride = -(-one[1] // max(other[1], 1))
        stepping = f", stride={stride}" if stride > 1 else ""
        return f"Conv2d({one[-1]}, {other[-1]}, 1{stepping})"
    return f"Linear({one[-1]}, {other[-1]})"


class Concatenate(Module):
    """The same x through several layers, and their results side by side: (f(x), g(x), ...) along an axis.

    (Szegedy et al. 2015, figure 2: an Inception module.) Raises ValueError if the results differ in any
    other axis.
    """

    def __init__(self, *layers: Callable, axis: int = -1):
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                raise refusal(
                    TypeError,
                    f"Concatenate: layer {i} is {layer!r}, which is not a module.",
                    "Concatenate(Conv2d(64, 32, 1), Conv2d(64, 32, 3, padding='same'))",
                )
        if not layers:
            raise refusal(TypeError, "Concatenate() of nothing.", "two layers or more")
        self.layers, self.axis = list(layers), axis

    def children(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        parts = [layer(x) for layer in self.layers]
        try:
            return np.concatenate(parts, axis=self.axis)
        except ValueError as error:
            shapes = ", ".join(str(np.shape(value(part))) for part in parts)
            raise refusal(
                ValueError,
                f"{path_of(self)}: results of {shapes} do not fit side by side along axis "
                f"{self.axis}.",
                "padding='same' in every branch",
            ) from error


# --------------------------------------------------------------------------------- noise in training


class SpatialDropout2d(Dropout):
    """`Dropout` of whole channels: in (N, H, W, C) all of a channel is 0 with probability p.

    Neighbors are so alike that a pixel dropped alone is hardly missed. (Tompson et al. 2015, section 3.2.)
    """

    axes = 2

    def forward(self, x: Any) -> Any:
        x = as_images(self, x, self.axes)
        if not self.training or self.p == 0:
            return x
        shape = (x.shape[0], *(1,) * self.axes, x.shape[-1])
        keep = self.rng.random(shape, dtype=np.float32) >= self.p
        return x * (keep.astype(x.dtype) / (1 - self.p))


class SpatialDropout1d(SpatialDropout2d):
    """`Dropout` of whole channels of sequences: in (N, T, C) all of a channel is 0 with probability p."""

    axes = 1

    def forward(self, x: Any) -> Any:
        return super().forward(x)


class GaussianNoise(Module):
    """In training y = x + ε, ε normal with standard deviation `std`; in eval y = x.

    Raises ValueError if std is below 0. (Bishop 1995: about the same as a penalty on slopes.)
    """

    def __init__(self, std: float, *, rng: np.random.Generator | int | None = None):
        if not std >= 0:
            raise refusal(ValueError, f"GaussianNoise(std={std!r}): a number from 0.")
        self.std, self.rng = std, np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.std == 0:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x)
        return x + self.rng.normal(0, self.std, x.shape).astype(x.dtype)


class GaussianDropout(Dropout):
    """In training y = x ε, ε normal with mean 1 and variance p / (1 - p), that of Dropout; in eval y = x.

    (Srivastava et al. 2014, section 10.)
    """

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x)
        return x * self.rng.normal(1, math.sqrt(self.p / (1 - self.p)), x.shape).astype(x.dtype)


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELUs.

    y = a x + b, or a α' + b with probability p, where α' = -λ α ≈ -1.758 is the lowest value of SELU,
    a = ((1 - p)(1 + p α'²))^(-1/2) and b = -a α' p. In eval y = x. (Klambauer et al. 2017, "New dropout
    technique".)
    """

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x)
        lowest = -1.0507009873554805 * 1.6732632423543772
        a = ((1 - self.p) * (1 + self.p * lowest**2)) ** -0.5
        b = -a * lowest * self.p
        keep = (self.rng.random(x.shape, dtype=np.float32) >= self.p).astype(x.dtype)
        return x * (a * keep) + (a * lowest * (1 - keep) + b)
