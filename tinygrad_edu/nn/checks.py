"""What layers refuse: arguments that make no layer, and inputs whose shape does not fit.

A layer calls each of these with one line, so that its own file shows its formula. A function here raises
the error of one kind of mistake: what the layer got, what it takes, and what to try. Checks of sequences
are in `sequence_checks.py`, those of losses in `loss_checks.py`.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import module_called, refusal, warn
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


def wrong_argument(owner: Any, takes: str, hint: str = "", **given: Any) -> Exception:
    """The error of an argument that makes no layer: `Dropout(p=2): p is a probability, 0 <= p < 1.`

    owner    the layer, or the name of a function
    """
    name = owner if isinstance(owner, str) else type(owner).__name__
    call = ", ".join(f"{argument}={number!r}" for argument, number in given.items())
    return refusal(ValueError, f"{name}({call}): {takes}.", hint)


def demand_each(owner: Any, fits: Callable, takes: str, hint: str = "", **given: Any) -> None:
    """Refuses the first argument that does not fit; `takes` says what fits."""
    for argument, number in given.items():
        if not fits(number):
            raise wrong_argument(owner, takes, hint, **{argument: number})


def demand_positive(owner: Any, **numbers: Any) -> None:
    demand_each(owner, lambda n: n > 0, "a positive number", **numbers)


def demand_not_negative(owner: Any, **numbers: Any) -> None:
    demand_each(owner, lambda n: n >= 0, "0 or more", **numbers)


def demand_finite(owner: Any, **numbers: Any) -> None:
    def fits(n: Any) -> Any:
        return isinstance(n, Real) and math.isfinite(n) and float(n) >= 0

    demand_each(owner, fits, "a finite number, 0 or more", **numbers)


def demand_probability(owner: Any, **numbers: Any) -> None:
    """A probability to drop something: not 1, which would leave nothing."""
    for name, p in numbers.items():
        takes = f"{name} is a probability, 0 <= {name} < 1"
        demand_each(owner, lambda p: 0 <= p < 1, takes, **{name: p})


def demand_eps(owner: Any, eps: Any) -> None:
    takes = "0 or more; it prevents a division 0 / 0"
    demand_each(owner, lambda eps: eps >= 0, takes, "eps=0.001", eps=eps)


def demand_momentum(owner: Any, momentum: Any) -> None:
    takes = "the share of the old statistics that is kept, from 0 to 1"
    demand_each(owner, lambda m: 0 <= m <= 1, takes, "momentum=0.99", momentum=momentum)


def demand_one_of(owner: Any, known: Sequence[str], **given: Any) -> None:
    for name, word in given.items():
        if word not in known:
            takes = " or ".join(map(repr, known))
            raise wrong_argument(owner, takes, f"{name}={known[0]!r}", **{name: word})


def demand_sizes(owner: Any, **sizes: Any) -> None:
    """Widths, numbers of channels and the like are 1 or more; `inputs` may be None, for "find out"."""

    def fits(n: Any) -> Any:
        return isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 1

    if sizes.get("inputs", 0) is None:
        del sizes["inputs"]
    demand_each(owner, fits, "a whole number, 1 or more", **sizes)


def demand_initializer(layer: Any, init: Any) -> None:
    """An initializer is a function, and not the name of one."""
    if not callable(init):
        raise refusal(
            TypeError,
            f"{type(layer).__name__}(init={init!r}): a function (rng, shape, dtype) -> array.",
            "glorot_uniform, he_normal or zeros from tinygrad_edu.nn.initializers",
        )


def demand_interval(owner: Any, least: float, most: float, rate: float) -> None:
    """The norms that a constraint allows run from the least to the most, and it goes part of the way."""
    demand_finite(owner, min_value=least, max_value=most, rate=rate)
    if least > most:
        raise wrong_argument(owner, "the other way round", min_value=least, max_value=most)
    demand_each(owner, lambda r: r <= 1, "a fraction of the way, 0 to 1", rate=rate)


def demand_layers(layer: Any, layers: Sequence[Any], example: str, least: int = 0) -> None:
    """Every layer is a module or a function, not a class and not a list of layers."""
    kind = type(layer).__name__
    if len(layers) < least:
        raise refusal(TypeError, f"{kind}() of nothing.", "two layers or more")
    for i, inner in enumerate(layers):
        if not callable(inner) or isinstance(inner, type):
            what = f"{kind}: layer {i} is {inner!r}, which is not a module."
            raise refusal(TypeError, what, example)


def demand_branches(layer: Any, f: Any, projection: Any) -> None:
    """The two sides of a Residual are modules or functions; the projection may be missing."""
    for name, part in (("f", f), ("projection", projection)):
        if not callable(part) and not (name == "projection" and part is None):
            what = f"{type(layer).__name__}({name}={part!r}): a Module or a function."
            raise refusal(TypeError, what, "Residual(Sequential(...))")


def wrong_equation(layer: Any, equation: str) -> Exception:
    """The error of letters that say no product of x and weights."""
    takes = "'x,w->y' with one letter for each axis, all of y and w in x or in the output_shape"
    what = f"{type(layer).__name__}({equation!r}, {layer_setting(layer, 'output_shape')}): {takes}"
    return refusal(ValueError, f"{what}.", "EinsumDense('abc,cd->abd', (None, 64))")


def layer_setting(layer: Any, name: str) -> Any:
    """An attribute of a layer, if it has got that far."""
    return vars(layer).get(name, "...")


def demand_linear(layer: Any, inner: Any) -> None:
    """The layer inside is a Linear, and knows its size."""
    if type(inner).__name__ != "Linear" or not inner.built:
        what = f"{type(layer).__name__}: {inner!r} is not a Linear that knows its inputs"
        raise refusal(TypeError, f"{what}.", "LoRALinear(Linear(64, 32), rank=4)")


def demand_matrix(layer: Any, inner: Any) -> None:
    """The layer inside has weights W, of two axes or more."""
    if np.ndim(getattr(inner, "W", 0)) < 2:
        what = f"{type(layer).__name__}: {inner!r} has no matrix W of its own"
        raise refusal(TypeError, f"{what}.", "Linear, a convolution or Embedding inside")


def demand_sample_shape(layer: Any, shape: Shape) -> None:
    """The lengths of the axes of a sample, of which one may be -1."""
    whole = all(isinstance(n, (int, np.integer)) and n >= -1 for n in shape)
    if not whole or shape.count(-1) > 1:
        takes = "the lengths of the axes of a sample, at most one of them -1"
        raise refusal(ValueError, f"{type(layer).__name__}{shape}: {takes}.", "Reshape(7, 7, 32)")


def demand_permutation(layer: Any, axes: Shape) -> None:
    """Each axis of a sample, once. They count from 1, because axis 0 is the batch."""
    if sorted(axes) != list(range(1, len(axes) + 1)):
        takes = f"each of the axes 1 to {max(len(axes), 1)}, once"
        raise refusal(ValueError, f"{type(layer).__name__}{axes}: {takes}.", "Permute(2, 1)")


def demand_groups(layer: Any, groups: int, **channels: int) -> None:
    """A number of groups divides the channels on both sides of a convolution."""
    for name, number in channels.items():
        if number % groups:
            both = " and ".join(f"{name}={number}" for name, number in channels.items())
            what = f"groups={groups} must divide {both}, but {name} leaves {number % groups}"
            raise refusal(ValueError, f"{layer!r}: {what}.", "groups=1")


def demand_equal_groups(layer: Any, channels: int, groups: int) -> None:
    if channels % groups:
        what = f"{channels} channels do not make {groups} groups of the same size"
        hint = f"groups={math.gcd(channels, groups)}"
        raise refusal(ValueError, f"{layer_name(layer)}: {what}.", hint)


# ------------------------------------------------------------------------------------ training and eval


def note_mode(layer: Any) -> None:
    """Warns of a layer of a model that is in training mode inside `no_grad`, which is how one predicts.

    A model in eval mode outside `no_grad` is remembered: an optimizer that steps next warns of it.
    """
    mode = thread.mode
    if not layer.training:
        if mode.recording and mode.scope and not mode.scope[0].training:
            mode.evaluated = weakref.ref(mode.scope[0])
        return
    mode.evaluated = None
    if len(mode.scope) > 1 and not mode.scope[-2].training:
        _warn_if_out_of_reach(layer, mode.scope[0])
    elif not mode.recording and len(mode.scope) > 1:
        warn(
            f"{layer_name(layer)} is in training mode inside no_grad: it uses the batch, or random numbers, "
            "and the same x may give another y.",
            "model.eval() before predictions, and model.train() before training goes on",
            stacklevel=2,
        )


def _warn_if_out_of_reach(layer: Any, model: Any) -> None:
    """Warns of a layer in training mode that is no part of its model, which is in eval mode."""
    if all(module is not layer for _, module in model.named_modules()):
        warn(
            f"this {layer!r} is in training mode inside a {type(model).__name__} in eval mode: it is no "
            "part of it, and so eval() did not reach it.",
            "the layer made in __init__, as an attribute of self, and not in forward",
            stacklevel=3,
        )


def learning_in_eval_mode(parameters: Sequence[Any]) -> None:
    """Warns if the model of these parameters, which are about to be changed, was called in eval mode."""
    model, thread.mode.evaluated = thread.mode.evaluated(), None
    learned = {id(p) for p in parameters}
    if model is not None and any(id(p) in learned for p in model.parameters()):
        warn(
            f"this {type(model).__name__} learns in eval mode: it was called without dropout, and with the "
            "moving averages of its batch norms.",
            "model.train() before a loop by hand; fit() and evaluate() end in eval mode",
            stacklevel=3,
        )


def one_value(layer: Any, shape: Shape) -> None:
    """Warns of a batch with one value for each channel, whose variance is 0."""
    warn(
        f"{layer_got(layer)} x of shape {shape} in training mode: one value for each channel has the "
        "variance 0, so y does not depend on x.",
        "model.eval() for predictions; in training a batch_size that leaves no batch of one sample, or "
        "LayerNorm",
        stacklevel=2,
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
    """x is images (N, H, W, C), or with axes=1 sequences and with axes=3 volumes, of so many channels."""
    if len(shape) == axes + 2 and channels in (None, shape[-1]):
        return
    kinds = ("sequences", "(N, T, C)"), ("images", "(N, H, W, C)"), ("volumes", "(N, D, H, W, C)")
    what, layout = kinds[axes - 1]
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
    added = "x" if layer.projection is None else "the projection of x"
    what = f"f makes {y} of x {x}, and {added} {shortcut} cannot be added to it"
    hint = f"Residual(f, projection), with {projection}"
    raise refusal(ValueError, f"{layer_name(layer)}: {what}.", hint)


def no_product(layer: Any, x: Shape, y: Shape) -> Exception:
    """The error of two inputs whose axes do not fit together."""
    what = f"x {x} and y {y} have no product along axes={layer.axes} (axis 0 is the batch)"
    return refusal(
        ValueError, f"{layer_name(layer)}: {what}.", "Dot(axes=(1, 2)), two equal lengths"
    )


def not_side_by_side(layer: Any, shapes: Sequence[Shape]) -> Exception:
    """The error of results that differ in another axis than the one they are joined along."""
    results = ", ".join(map(str, shapes))
    what = f"results of {results} do not fit side by side along axis {layer.axis}"
    return refusal(ValueError, f"{layer_name(layer)}: {what}.", "padding='same' in every branch")


def demand_batch(layer: Any, shape: Shape) -> None:
    """There is a batch to learn the mean and the variance of."""
    if 0 in shape:
        raise refusal(ValueError, f"{layer_got(layer)} an empty batch, {shape}, to learn from.")


def demand_finite_variance(layer: Any, shape: Shape, variance: np.ndarray) -> None:
    half = layer.moving_variance.dtype == np.float16
    if half:  # ends at 65504, a standard deviation of 256
        with np.errstate(over="ignore"):
            variance = variance.astype(np.float16)
    bad = np.flatnonzero(~np.isfinite(variance))
    if bad.size:
        raise refusal(
            ValueError,
            f"{layer_got(layer)} x of shape {shape} with NaN, infinity or too large numbers in "
            f"{bad.size} of {layer.inputs} channels, the first {bad[0]}; the moving statistics are "
            "as they were.",
            "a smaller learning rate, and np.isfinite(x).all()"
            + ("; dtype=np.float32, as float16 has no variance above 65504" if half else ""),
        )
