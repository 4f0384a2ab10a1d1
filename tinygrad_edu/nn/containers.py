"""Modules that arrange: layers one after another or side by side, and arrays in another shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import function_name
from tinygrad_edu.nn.checks import (
    demand_addable,
    demand_axes,
    demand_branches,
    demand_layers,
    demand_permutation,
    demand_sample_shape,
    demand_size_of_sample,
    demand_sizes,
    not_side_by_side,
)
from tinygrad_edu.nn.layer_tools import as_array, as_called
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.module_checks import alike_starts
from tinygrad_edu.tensor import value

__all__ = ["Concatenate", "Flatten", "Permute", "RepeatVector", "Reshape", "Residual", "Sequential"]


class _Arrangement(Module):
    """Base of what holds modules and functions: its repr shows both, though np.tanh is no module."""

    def layers_shown(self) -> list[tuple[str, str]]:
        return [
            (path, repr(layer) if isinstance(layer, Module) else function_name(layer))
            for path, layer in self.children()
            if callable(layer)
        ]


class Sequential(_Arrangement):
    """y = layer_n(... layer_1(layer_0(x))). A layer is a Module or any function of one argument.

    seed   draws the starting weights of all layers from one generator, instead of an `rng` for each: see
           `Module.initialize`

    `model[0]` is the first layer, `model[:2]` a Sequential of the first two, which it shares, and
    `model[0] = layer` replaces one. Warns of layers whose weights are equal because they had the same seed.

    >>> from tinygrad_edu.nn import Linear
    >>> model = Sequential(Linear(2, 8), np.tanh, Linear(8, 1), seed=0)
    >>> len(model[:2])
    2
    """

    def __init__(self, *layers: Callable, seed: np.random.Generator | int | None = None):
        demand_layers(
            self, layers, "Sequential(Linear(64, 10), ReLU()), layers as arguments, with brackets"
        )
        self.layers = list(layers)
        if seed is not None:
            self.initialize(seed)
        alike_starts(self)

    def children(self) -> Iterator[tuple[str, Any]]:
        """The layers under their numbers: `0.W` and not `layers.0.W`."""
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, i: int | slice) -> Any:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]

    def __setitem__(self, i: int, layer: Callable) -> None:
        demand_layers(self, (layer,), "model[2] = ReLU()")
        self.layers[i] = layer

    def __len__(self) -> int:
        return len(self.layers)


class Residual(_Arrangement):
    """y = projection(x) + f(x), or x + f(x) without a projection.

    f            a Module or any function of one argument
    projection   brings x to the shape of f(x), where it differs: Linear, or Conv2d of size 1

    The gradient passes f unchanged, however deep f is. Raises ValueError if the shapes of both terms
    differ (they are not broadcast). (He et al. 2016, eq. 1 and 2.)
    """

    def __init__(self, f: Callable, projection: Callable | None = None):
        demand_branches(self, f, projection)
        self.f, self.projection = f, projection

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        y, shortcut = self.f(x), x if self.projection is None else self.projection(x)
        demand_addable(self, x.shape, y.shape, shortcut.shape)
        return shortcut + y


class Concatenate(_Arrangement):
    """The same x through several layers, and their results side by side: (f(x), g(x), ...) along an axis.

    (Szegedy et al. 2015, figure 2: an Inception module.) Raises ValueError if the results differ in any
    other axis.
    """

    def __init__(self, *layers: Callable, axis: int = -1):
        demand_layers(
            self,
            layers,
            "Concatenate(Conv2d(64, 32, 1), Conv2d(64, 32, 3, padding='same'))",
            least=1,
        )
        self.layers, self.axis = list(layers), axis

    def children(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        parts = [layer(x) for layer in self.layers]
        try:
            return np.concatenate(parts, axis=self.axis)
        except ValueError as error:
            raise not_side_by_side(self, [np.shape(value(part)) for part in parts]) from error


class Flatten(Module):
    """(N, ...) -> (N, the product of the rest), in the order of memory."""

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (len(x), -1))


class Reshape(Module):
    """(N, ...) -> (N, *shape), in the order of memory; one length may be -1, for the remaining numbers."""

    def __init__(self, *shape: int):
        demand_sample_shape(self, shape)
        self.shape = shape

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        demand_size_of_sample(self, x.shape, self.shape)
        known = math.prod(n for n in self.shape if n >= 0)
        rest = math.prod(x.shape[1:]) // known if known else 0
        return np.reshape(x, (x.shape[0], *(rest if n == -1 else n for n in self.shape)))

    def __repr__(self) -> str:
        return as_called(self)


class Permute(Module):
    """(N, axes 1, 2, ...) in another order: Permute(2, 1) makes (N, C, T) of (N, T, C).

    Axis 0 is the batch, and stays. Keras's Permute.
    """

    def __init__(self, *axes: int):
        demand_permutation(self, axes)
        self.axes = axes

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        demand_axes(self, x.shape, len(self.axes))
        return np.transpose(x, (0, *self.axes))

    def __repr__(self) -> str:
        return as_called(self)


class RepeatVector(Module):
    """(N, D) -> (N, n, D): the same vector at each of n steps. Keras's RepeatVector."""

    def __init__(self, n: int):
        demand_sizes(self, n=n)
        self.n = n

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        demand_axes(self, x.shape, 1)
        return np.repeat(x[:, None], self.n, axis=1)

    def __repr__(self) -> str:
        return as_called(self)
