"""What layers refuse: arguments that make no layer, and inputs whose shape does not fit.

A layer calls each of these with one line, so that its own file shows its formula. A function here raises
the error of one kind of mistake: what the layer got, what it takes, and what to try. Checks of sequences
are in `sequence_checks.py`, those of losses in `loss_checks.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import module_called, refusal
from tinygrad_edu.modes import thread

Shape = tuple[int, ...]

# ------------------------------------------------------------------------------ how an error names a layer


def layer_name(layer: Any) -> str:
    """The repr of a layer, with its path if it is called inside a model: `layer encoder.0, Linear(2, 3)`.

    If its first input told its size, the user's line with that input follows in brackets.
    """
    name = module_called((thread.mode.scope[0] if thread.mode.scope else layer, layer))
    sized_by = vars(layer).get("_sized_by")
    return f"{name} ({sized_by})" if sized_by else name


def layer_got(layer: Any) -> str:
    """How a sentence about an input starts: `layer encoder.0, Linear(2, 3), got`."""
    name = layer_name(layer)
    return f"{name}, got" if name.startswith("layer ") else f"{name} got"


def wrong_input(layer: Any, shape: Any, takes: str, hint: str, name: str = "x") -> Exception:
    """The error of an input whose shape does not fit."""
    return refusal(ValueError, f"{layer_got(layer)} {name} of shape {shape}: {takes}.", hint)


def named(layer: Any, function: Callable, *args: Any, **settings: Any) -> Any:
    """function(...), with the name of the layer in front of what the function refuses."""
    try:
        return function(*args, **settings)
    except ValueError as error:
        raise ValueError(f"{layer_name(layer)}: {error}") from error


# -------------------------------------------------------------------------------------------- arguments


def demand_sizes(layer: Any, **sizes: Any) -> None:
    """Widths, numbers of channels and the like are 1 or more; `inputs` may be None, for "find out"."""
    for name, size in sizes.items():
        if size is None and name == "inputs":
            continue
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise refusal(
                ValueError, f"{type(layer).__name__}({name}={size!r}): a whole number, 1 or more."
            )


def demand_initializer(layer: Any, init: Any) -> None:
    """An initializer is a function, and not the name of one."""
    if not callable(init):
        raise refusal(
            TypeError,
            f"{type(layer).__name__}(init={init!r}): a function (rng, shape, dtype) -> array.",
            "glorot_uniform, he_normal or zeros from tinygrad_edu.nn.initializers",
        )


def demand_positive(layer: Any, **numbers: Any) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise refusal(
                ValueError, f"{type(layer).__name__}({name}={number!r}): a positive number."
            )


def demand_not_negative(layer: Any, **numbers: Any) -> None:
    for name, number in numbers.items():
        if not number >= 0:
            raise refusal(ValueError, f"{type(layer).__name__}({name}={number!r}): 0 or more.")


def demand_finite(thing: Any, **numbers: Any) -> None:
    for name, number in numbers.items():
        if not isinstance(number, Real) or not math.isfinite(number) or number < 0:
            raise refusal(
                ValueError,
                f"{type(thing).__name__}({name}={number!r}): a finite number, 0 or more.",
            )


def demand_interval(thing: Any, least: float, most: float, rate: float) -> None:
    """The norms that a constraint allows run from the least to the most, and it goes part of the way."""
    kind = type(thing).__name__
    demand_finite(thing, min_value=least, max_value=most, rate=rate)
    if least > most:
        raise refusal(
            ValueError, f"{kind}(min_value={least}, max_value={most}): the other way round."
        )
    if rate > 1:
        raise refusal(ValueError, f"{kind}(rate={rate}): a fraction of the way, 0 to 1.")


def demand_probability(layer: Any, p: Any) -> None:
    """A probability to drop something: not 1, which would leave nothing."""
    if not 0 <= p < 1:
        raise refusal(ValueError, f"{type(layer).__name__}(p={p}): p is a probability, 0 <= p < 1.")


def demand_one_of(layer: Any, known: Sequence[str], **given: Any) -> None:
    for name, word in given.items():
        if word not in known:
            words = " or ".join(map(repr, known))
            raise refusal(
                ValueError,
                f"{type(layer).__name__}({name}={word!r}): {words}.",
                f"{name}={known[0]!r}",
            )


def demand_eps(layer: Any, eps: Any) -> None:
    if not eps >= 0:
        raise refusal(
            ValueError,
            f"{type(layer).__name__}(eps={eps!r}): 0 or more; it prevents a division 0 / 0.",
            "eps=0.001",
        )


def demand_momentum(layer: Any, momentum: Any) -> None:
    if not 0 <= momentum <= 1:
        raise refusal(
            ValueError,
            f"{type(layer).__name__}(momentum={momentum!r}): the share of the old statistics that "
            "is kept, from 0 to 1.",
            "momentum=0.99",
        )


def demand_layers(layer: Any, layers: Sequence[Any], example: str, least: int = 0) -> None:
    """Every layer is a module or a function, not a class and not a list of layers."""
    kind = type(layer).__name__
    if len(layers) < least:
        raise refusal(TypeError, f"{kind}() of nothing.", "two layers or more")
    for i, inner in enumerate(layers):
        if not callable(inner) or isinstance(inner, type):
            raise refusal(
                TypeError, f"{kind}: layer {i} is {inner!r}, which is not a module.", example
            )


def demand_branches(layer: Any, f: Any, projection: Any) -> None:
    """The two sides of a Residual are modules or functions; the projection may be missing."""
    for name, part in (("f", f), ("projection", projection)):
        if not callable(part) and not (name == "projection" and part is None):
            raise refusal(
                TypeError,
                f"{type(layer).__name__}({name}={part!r}): a Module or a function.",
                "Residual(Sequential(...))",
            )


def demand_sample_shape(layer: Any, shape: Shape) -> None:
    """The lengths of the axes of a sample, of which one may be -1."""
    whole = all(isinstance(n, (int, np.integer)) and n >= -1 for n in shape)
    if not whole or shape.count(-1) > 1:
        raise refusal(
            ValueError,
            f"{type(layer).__name__}{shape}: the lengths of the axes of a sample, at most one of "
            "them -1.",
            "Reshape(7, 7, 32)",
        )


def demand_permutation(layer: Any, axes: Shape) -> None:
    """Each axis of a sample, once. They count from 1, because axis 0 is the batch."""
    if sorted(axes) != list(range(1, len(axes) + 1)):
        raise refusal(
            ValueError,
            f"{type(layer).__name__}{axes}: each of the axes 1 to {max(len(axes), 1)}, once.",
            "Permute(2, 1)",
        )


def demand_groups(layer: Any, groups: int, **channels: int) -> None:
    """A number of groups divides the channels on both sides of a convolution."""
    for name, number in channels.items():
        if number % groups:
            both = " and ".join(f"{name}={number}" for name, number in channels.items())
            raise refusal(
                ValueError,
                f"{layer!r}: groups={groups} must divide {both}, but {name} leaves "
                f"{number % groups}.",
                "groups=1",
            )


def demand_equal_groups(layer: Any, channels: int, groups: int) -> None:
    if channels % groups:
        raise refusal(
            ValueError,
            f"{layer_name(layer)}: {channels} channels do not make {groups} groups of the same size.",
            f"groups={math.gcd(channels, groups)}",
        )


# ---------------------------------------------------------------------------------------------- inputs


def demand_width(layer: Any, shape: Shape) -> None:
    """The last axis of x is `inputs` long; if that is not known yet, x has a last axis."""
    if shape and layer.inputs in (None, shape[-1]):
        return
    if layer.inputs is None:
        raise wrong_input(layer, shape, "it takes an array with at least one axis", "x[None]")
    width, kind = layer.inputs, type(layer).__name__
    hint = f"{kind}({shape[-1] if shape else 1}, ...) here, or a layer before it that gives {width}"
    if len(shape) > 2 and math.prod(shape[1:]) == width:
        hint = "Flatten() before this layer"
    elif len(shape) == 2 and shape[0] == width:
        hint += "; or x.T, if samples and features are swapped"
    raise wrong_input(layer, shape, f"the last axis must be {width}", hint)


def demand_images(layer: Any, shape: Shape, axes: int = 2, channels: int | None = None) -> None:
    """x is images (N, H, W, C), or with axes=1 sequences (N, T, C), of so many channels."""
    if len(shape) == axes + 2 and channels in (None, shape[-1]):
        return
    what, layout = [("sequences", "(N, T, C)"), ("images", "(N, H, W, C)")][axes - 1]
    hint = f"Reshape(...) before this layer, to {layout}"
    if len(shape) == axes + 1:
        hint = f"x[None], if it is one {what[:-1]}"
        if channels in (None, 1):
            hint = "x[..., None], if the channel axis is missing"
    elif len(shape) == axes + 2 and shape[1] == channels:
        hint = channels_last(shape)
    elif len(shape) == axes + 2:
        hint = (
            f"{type(layer).__name__}({shape[-1]}, ...) here, or a layer before it that gives "
            f"{channels} channels"
        )
    takes = f"it takes {what} {layout}" + (f" with C = {channels}" if channels else "")
    raise wrong_input(layer, shape, takes, hint)


def demand_channels(layer: Any, shape: Shape, axes: int, channels: int | None) -> None:
    """The last axis of x are so many channels, and x has at least so many axes (1, 2 or 3)."""
    if len(shape) >= axes and channels in (None, shape[-1]):
        return
    hint = f"{type(layer).__name__}({shape[-1] if shape else 1}) here"
    if len(shape) < axes:
        hint = "x[None], if it is one sample"
    elif len(shape) > 2 and shape[1] == channels:
        hint = channels_last(shape)
    before = ["...", "N, ...", "N, at least one axis"][axes - 1]
    raise wrong_input(layer, shape, f"it takes ({before}, {channels or 'channels'})", hint)


def channels_last(shape: Shape) -> str:
    """What to try if the channels of x are axis 1, as in PyTorch."""
    return f"np.transpose(x, {(0, *range(2, len(shape)), 1)}), if the channels come first in x"


def demand_samples_fit(layer: Any, shape: Shape, alpha: Shape) -> None:
    """alpha has the shape of a sample or of its last axes, or 1 along an axis."""
    sample = shape[1:]
    pairs = zip(alpha[::-1], sample[::-1], strict=False)
    if len(alpha) > len(sample) or not all(a in (1, n) for a, n in pairs):
        takes = f"samples of shape {sample} do not fit alpha {alpha}"
        hint = f"{type(layer).__name__}({sample}), or 1 along an axis that shares alpha"
        raise wrong_input(layer, shape, takes, hint)


def demand_size_of_sample(layer: Any, shape: Shape, wanted: Shape) -> None:
    """A sample has as many numbers as the wanted shape, or a multiple of them if one length is -1."""
    known = math.prod(n for n in wanted if n >= 0)
    size = math.prod(shape[1:])
    fits = size == known if -1 not in wanted else known and size % known == 0
    if not shape or not fits:
        hint = f"a shape of {size} numbers in all, or {type(layer).__name__}(..., -1)"
        raise wrong_input(layer, shape, f"a sample has {size} numbers", hint)


def demand_axes(layer: Any, shape: Shape, count: int) -> None:
    """x has the batch axis and so many more."""
    if len(shape) != count + 1:
        takes = f"it takes the batch and {count} more axes"
        raise wrong_input(layer, shape, takes, "as many numbers as a sample has axes")


def demand_rest(layer: Any, shape: Shape, sides: Sequence[tuple[int, int]]) -> None:
    """Something is left of images or sequences after so much is cut off their sides."""
    if any(n <= sum(side) for n, side in zip(shape[1:-1], sides, strict=True)):
        raise wrong_input(layer, shape, f"cutting {sides} off leaves nothing", "less cropping")


def demand_addable(layer: Any, x: Shape, y: Shape, shortcut: Shape) -> None:
    """f(x) and the shortcut of a Residual have the same shape; nothing is broadcast."""
    if y == shortcut:
        return
    projection = f"Linear({x[-1]}, {y[-1]})"
    if len(x) == len(y) == 4:
        stride = -(-x[1] // max(y[1], 1))
        projection = f"Conv2d({x[-1]}, {y[-1]}, 1{f', stride={stride}' if stride > 1 else ''})"
    raise refusal(
        ValueError,
        f"{layer_name(layer)}: f makes {y} of x {x}, and "
        f"{'x' if layer.projection is None else 'the projection of x'} {shortcut} cannot be added "
        "to it.",
        f"Residual(f, projection), with {projection}",
    )


def not_side_by_side(layer: Any, shapes: Sequence[Shape]) -> Exception:
    """The error of results that differ in another axis than the one they are joined along."""
    return refusal(
        ValueError,
        f"{layer_name(layer)}: results of {', '.join(map(str, shapes))} do not fit side by side "
        f"along axis {layer.axis}.",
        "padding='same' in every branch",
    )


def demand_batch(layer: Any, shape: Shape) -> None:
    """There is a batch to learn the mean and the variance of."""
    if 0 in shape:
        raise refusal(ValueError, f"{layer_got(layer)} an empty batch, {shape}, to learn from.")


def demand_finite_variance(layer: Any, shape: Shape, variance: np.ndarray) -> None:
    bad = np.flatnonzero(~np.isfinite(variance))
    if bad.size:
        raise refusal(
            ValueError,
            f"{layer_got(layer)} x of shape {shape} with NaN, infinity or too large numbers in "
            f"{bad.size} of {layer.inputs} channels, the first {bad[0]}; the moving statistics are "
            "as they were.",
            "a smaller learning rate, and np.isfinite(x).all()",
        )
