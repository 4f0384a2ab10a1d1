"""Products of any shape, in the letters of `np.einsum`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import (
    Shape,
    demand_initializer,
    no_product,
    wrong_equation,
    wrong_input,
)
from tinygrad_edu.nn.initializers import glorot_uniform
from tinygrad_edu.nn.layer_tools import as_array, as_called, in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.sized_by_input import SizedByInput

__all__ = ["Dot", "EinsumDense"]


class EinsumDense(SizedByInput):
    """y = einsum(equation, x, W) + b: a Linear along any axes.

    equation       "x,w->y" in letters, one for each axis, as "abc,cd->abd"; x and y may start, or end, with
                   "..." for the axes that W leaves alone
    output_shape   the lengths of the axes of y without the batch and without "...": a number or a tuple,
                   with None where x has the same axis
    bias_axes      the letters of y for which b has a number each; without letters there is no b

    The first x tells the shape of W. Keras's EinsumDense, with the same arguments. Raises ValueError for an
    equation that says no such product, and for an x that does not fit it.

    >>> heads = EinsumDense("abc,cde->abde", (None, 2, 8), bias_axes="de", rng=0)
    >>> heads(np.ones((3, 5, 16))).shape, heads.W.shape, heads.b.shape
    ((3, 5, 2, 8), (16, 2, 8), (2, 8))
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        *,
        bias_axes: str | None = None,
        init: Callable = glorot_uniform,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_initializer(self, init)
        parts = re.fullmatch(r"(\.\.\.)?(\w+)(\.\.\.)?,(\w+)->(\.\.\.)?(\w+)(\.\.\.)?", equation)
        if parts is None or parts[1] != parts[5] or parts[3] != parts[7] or (parts[1] and parts[3]):
            raise wrong_equation(self, equation)
        self.equation, self.output_shape, self.bias_axes = equation, output_shape, bias_axes
        self.letters, self.first, self.last = (parts[2], parts[4], parts[6]), parts[1], parts[3]
        self.inputs = None
        self.make_now_or_later(init, np.random.default_rng(rng), dtype)

    def build_from(self, x: Any) -> None:
        self.first_shape = np.shape(x)
        super().build_from(x)

    def demand_shape(self, shape: Shape) -> None:
        """x has an axis for each letter, as long as that of W."""
        letters, weights, _ = self.letters
        axes = len(shape) if self.first or self.last else len(letters)
        fits = len(shape) == axes >= len(letters)
        if fits and self.built:
            known = dict(zip(weights, self.W.shape, strict=True))
            there = self._lengths(letters, shape)
            fits = all(known.get(letter, n) == n for letter, n in there.items())
        if not fits:
            raise wrong_input(
                self, shape, f"it takes {letters!r} of {self.equation!r}", "x.reshape(...)"
            )

    def _lengths(self, letters: str, shape: Shape) -> dict[str, int]:
        """The length of the axis of each letter."""
        ends = shape[len(shape) - len(letters) :] if self.first else shape[: len(letters)]
        return dict(zip(letters, ends, strict=True))

    def make(self, init: Callable, rng: np.random.Generator, dtype: Any) -> None:
        x, weights, y = self.letters
        lengths = self._lengths(x, self.first_shape)
        given = (
            self.output_shape
            if isinstance(self.output_shape, (tuple, list))
            else (self.output_shape,)
        )
        named = y if self.first else y[1:]  # without the batch
        if len(given) != len(named):
            raise wrong_equation(self, self.equation)
        for letter, n in zip(named, given, strict=True):
            if n is not None and lengths.setdefault(letter, n) != n:
                raise wrong_equation(self, self.equation)
        if not set(weights) <= lengths.keys():
            raise wrong_equation(self, self.equation)
        self.W = Parameter(init(rng, tuple(lengths[letter] for letter in weights), dtype))
        self.b = None
        if self.bias_axes:
            shape = [lengths[letter] if letter in self.bias_axes else 1 for letter in y]
            start = min(map(y.index, self.bias_axes))
            elided = len(self.first_shape) - len(x) if self.last else 0
            self.b = Parameter(np.zeros((*shape[start:], *(1,) * elided), dtype))

    def forward(self, x: Any) -> Any:
        x = in_precision_of(self.W, x)
        self.demand_shape(x.shape)
        y = np.einsum(self.equation, x, self.W)
        return y if self.b is None else y + self.b


class Dot(Module):
    """The product of two inputs along an axis, sample by sample: x (N, ..., d, ...) and y alike.

    axes        the axis of both, or a pair: one of x and one of y; axis 0 is the batch
    normalize   divides both by their length along the axis first: y is the cosine of the angle

    The result has the other axes of x and then those of y, or (N, 1) if there are none. Keras's Dot.
    Raises ValueError if the two axes are not equally long.

    >>> Dot(axes=1)(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[11.]])
    """

    def __init__(self, axes: int | tuple[int, int] = -1, *, normalize: bool = False):
        self.axes, self.normalize = axes, normalize

    def forward(self, x: Any, y: Any) -> Any:
        x, y = as_array(x), as_array(y)
        i, j = self.axes if isinstance(self.axes, (tuple, list)) else (self.axes, self.axes)
        i, j = i % x.ndim, j % y.ndim
        if 0 in (i, j) or len(x) != len(y) or x.shape[i] != y.shape[j]:
            raise no_product(self, x.shape, y.shape)
        if self.normalize:
            x, y = _of_length_1(x, i), _of_length_1(y, j)
        of_x, of_y = "abcdefgh"[: x.ndim], "aijklmno"[: y.ndim]
        of_y = of_y[:j] + of_x[i] + of_y[j + 1 :]
        rest = of_x[:i] + of_x[i + 1 :] + of_y[1:j] + of_y[j + 1 :]
        z = np.einsum(f"{of_x},{of_y}->{rest}", x, y)
        return z if z.ndim > 1 else z[:, None]

    def __repr__(self) -> str:
        return as_called(self)


def _of_length_1(x: Any, axis: int) -> Any:
    squares = np.sum(np.square(x), axis=axis, keepdims=True)
    return x / np.sqrt(np.maximum(squares, 1e-12))
