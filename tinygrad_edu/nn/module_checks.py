"""What a module refuses: calls without a result, unknown attributes, weights of another model."""

from __future__ import annotations

import types
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import ATTRIBUTES
from tinygrad_edu.diagnostics.words import alike, describe, refusal, warn
from tinygrad_edu.modes import thread
from tinygrad_edu.nn.checks import layer_name


def no_value(module: Any) -> Exception:
    """The error of a forward that returns None."""
    what = f"{layer_name(module)} gave None: its forward returns nothing."
    return refusal(TypeError, what, "return y at the end of forward")


def demand_model(function: str, model: Any) -> None:
    """A function of models is given one, and not a class or an array."""
    if isinstance(model, type) or not hasattr(type(model), "named_modules"):
        raise refusal(
            TypeError, f"{function}: {model!r} is not a Module.", f"{function}(model, ...)"
        )


def no_forward(module: Any) -> Exception:
    """The error of a module without a forward, with the method that may have been meant for one."""
    kind = type(module)
    own = [n for n, method in vars(kind).items() if callable(method) and n != "forward"]
    meant = [name for name in own if name in ("call", "__forward__")] or alike("forward", own)
    hint = "def forward(self, x): ..."
    if meant:
        hint = f"forward instead of {meant[0]}, which nothing calls"
    return refusal(NotImplementedError, f"{kind.__name__} has no forward(self, x) yet.", hint)


def unbuilt(path: str, layer: Any) -> Exception:
    """The error of parameters that are asked for before a layer knows the size of its input."""
    return refusal(
        RuntimeError,
        f"{f'layer {path}, ' if path else ''}{layer!r} has no parameters before it knows the size of "
        "its input.",
        "model.build(x.shape[1:]), or model(x) once, before its parameters are asked for",
    )


def unknown_start(layer: Any) -> Exception:
    """The error of drawing weights again with an initializer that was lost."""
    what = f"{layer!r} is a copy, and its initializer, a lambda, was not copied."
    return refusal(RuntimeError, what, "an initializer made by def, or the layer made anew")


def no_attribute(module: Any, name: str) -> Exception:
    """The error of a missing attribute, with its name in this library if other libraries have it."""
    kind = type(module).__name__
    if name in ATTRIBUTES:
        return refusal(AttributeError, f"a {kind} has no .{name}.", ATTRIBUTES[name])
    for meant in ("_init_", "__init", "init", "__int__", "_init__", "__init_"):
        if meant in vars(type(module)):
            what = f"{kind!r} object has no attribute {name!r}: {meant} was not called."
            return refusal(AttributeError, what, f"def __init__(self), instead of {meant}")
    return AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=module)


ITERATORS = (types.GeneratorType, map, filter, zip)
UNSEEN = (set, frozenset, *ITERATORS)  # where a module does not look for layers


def demand_no_hiding(module: Any, name: str, new: Any) -> None:
    """Refuses what would hide a method, unless it is a function; and layer.requires_grad = False."""
    kind = type(module).__name__
    if name == "requires_grad":
        raise refusal(
            AttributeError,
            f"a {kind} has no requires_grad; its parameters have.",
            f"layer.trainable = {bool(new)}",
        )
    if not callable(new) or hasattr(new, "named_modules"):
        raise refusal(
            AttributeError,
            f"{kind}.{name} is a method of every module; {type(new).__name__} in its place would hide it.",
            f"another name: self.own_{name}",
        )


def demand_no_slip(module: Any, name: str, new: Any) -> None:
    """Refuses layers where a module does not look, and warns of a Tensor to be learned that is no Parameter.

    An iterator of layers would be empty after one forward.
    """
    kind = type(module).__name__
    if isinstance(new, UNSEEN):
        _demand_seen(kind, name, new)
    elif new.requires_grad and new.op is None:
        warn(
            f"{kind}.{name} is a Tensor that requires a gradient, and no Parameter: no optimizer will "
            "change it.",
            f"self.{name} = nn.Parameter(numbers)",
            stacklevel=3,
        )
    elif new.requires_grad and module not in thread.mode.scope:  # not kept by a forward
        warn(
            f"{kind}.{name} is the result of {new.op.name}, and no Parameter: it is computed once, and no "
            "optimizer will change it.",
            f"self.{name} = nn.Parameter(numbers), or the {new.op.name} in forward",
            stacklevel=3,
        )


def _demand_seen(kind: str, name: str, new: Any) -> None:
    """Refuses a set with layers or parameters, and iterators, which may have some."""
    inside = []
    if not isinstance(new, ITERATORS):
        learned = ("named_modules", "requires_grad")
        inside = [type(x).__name__ for x in new if any(hasattr(x, a) for a in learned)]
    if inside or isinstance(new, ITERATORS):
        of = f" of {inside[0]}" if inside else ", which is empty after its first use"
        raise refusal(
            TypeError,
            f"{kind}.{name} is a {type(new).__name__}{of}: a module finds its layers in lists, tuples and "
            "dicts, and would not learn these.",
            f"self.{name} = [...], a list",
        )


def demand_kept(module: Any, name: str, old: Any, new: Any) -> None:
    """A parameter or buffer may be replaced by another one or by None, but not by an array."""
    kind = type(old)
    if isinstance(new, kind) or new is None:
        return
    lost = "what is saved" if kind.__name__ == "Buffer" else "training"
    raise refusal(
        TypeError,
        f"{type(module).__name__}.{name} is {describe(old, f'a {kind.__name__}')}; assigning "
        f"{type(new).__name__} would take it out of {lost}.",
        f".{name}.data[...] = numbers to set its value, or .{name} = {kind.__name__}(numbers)",
    )


def below(prefix: str, arrays: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    """The part of a state whose paths start with the prefix, under the rest of their paths."""
    start = prefix and prefix.rstrip(".") + "."
    part = {path[len(start) :]: new for path, new in arrays.items() if path.startswith(start)}
    if arrays and not part:
        first = sorted({path.partition(".")[0] for path in arrays})
        what = f"{source} has no path that starts with {start!r}; nothing was loaded."
        raise refusal(ValueError, what, f"prefix={' or '.join(map(repr, first[:5]))}")
    return part


def fitting(
    module: Any,
    kept: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    source: str,
    strict: bool,
) -> dict[str, np.ndarray]:
    """The arrays of a state whose names, shapes and precisions are those of the module.

    strict   all of them must fit, and none may be missing; otherwise, a warning lists the differences
    """
    wrong = [f"{path} {p.shape} is missing" for path, p in kept.items() if path not in arrays]
    fit = {}
    for path, new in arrays.items():
        if path not in kept:
            wrong.append(f"{path} {new.shape} has no place in the model")
        elif new.shape != kept[path].shape:
            wrong.append(f"{path} is {new.shape}, the model's is {kept[path].shape}")
        elif not np.can_cast(new.dtype, kept[path].dtype):
            wrong.append(f"{path} is {new.dtype}, the model's is {kept[path].dtype}")
        else:
            fit[path] = new
    lists = "\n  ".join(wrong)
    if wrong and (strict or not fit):
        hint = "a model built just as the one that was saved"
        if any("the model's is float" in line for line in wrong):
            hint += ", or model.astype(...)"
        if strict and fit:
            hint += "; strict=False to load what fits"
        what = f"{source} is not of this {type(module).__name__}; nothing was loaded:\n  {lists}"
        raise refusal(ValueError, what, hint)
    if wrong:
        loaded = f"{source}: {len(fit)} of {len(kept)} arrays of this {type(module).__name__} were"
        warnings.warn(f"{loaded} loaded; the rest does not fit:\n  {lists}", stacklevel=3)
    return fit


def alike_starts(module: Any) -> None:
    """Warns of weights of one shape that start from the same random numbers: their layers had one seed."""
    first: dict[tuple, tuple[str, Any]] = {}
    pairs = []
    for path, layer in module.named_modules():
        for name, weights in vars(layer).items():
            if not getattr(weights, "requires_grad", False) or weights.ndim < 2:
                continue
            some = weights.data.reshape(-1)[:16]
            if (some == some[:1]).all():
                continue  # zeros, say
            start = weights.shape, weights.dtype, some.tobytes()
            there, same = first.setdefault(start, (f"{path}.{name}", weights))
            if same is not weights:  # two layers may share a parameter
                pairs.append(f"{path}.{name} starts as {there}")
    if pairs:
        warn(
            f"{type(module).__name__}: weights are equal, as their layers had the same seed: "
            f"{', '.join(pairs[:3])}{', ...' if len(pairs) > 3 else ''}.",
            "one seed for the whole model, Sequential(..., seed=0), or another one for each layer",
            stacklevel=3,
        )
