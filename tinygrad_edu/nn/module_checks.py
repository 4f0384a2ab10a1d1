"""What a module refuses: calls without a result, unknown attributes, weights of another model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import ATTRIBUTES
from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.nn.checks import layer_name


def no_value(module: Any) -> Exception:
    """The error of a forward that returns None."""
    what = f"{layer_name(module)} gave None: its forward returns nothing."
    return refusal(TypeError, what, "return y at the end of forward")


def unbuilt(path: str, layer: Any) -> Exception:
    """The error of parameters that are asked for before a layer knows the size of its input."""
    return refusal(
        RuntimeError,
        f"{f'layer {path}, ' if path else ''}{layer!r} has no parameters before it knows the size of "
        "its input.",
        "model.build(x.shape[1:]), or model(x) once, before its parameters are asked for",
    )


def no_attribute(module: Any, name: str) -> Exception:
    """The error of a missing attribute, with its name in this library if other libraries have it."""
    kind = type(module).__name__
    if name in ATTRIBUTES:
        return refusal(AttributeError, f"a {kind} has no .{name}.", ATTRIBUTES[name])
    return AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=module)


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


def demand_state(
    module: Any,
    kept: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    source: str,
    strict: bool,
) -> None:
    """Names, shapes and precisions of a state are those of the module; the error lists all differences.

    strict   without it, names may be missing on either side
    """
    wrong = [
        f"{path} {p.shape} is missing" for path, p in kept.items() if strict and path not in arrays
    ]
    for path, new in arrays.items():
        if path not in kept:
            if strict:
                wrong.append(f"{path} {new.shape} has no place in the model")
        elif new.shape != kept[path].shape:
            wrong.append(f"{path} is {new.shape}, the model's is {kept[path].shape}")
        elif not np.can_cast(new.dtype, kept[path].dtype):
            wrong.append(f"{path} is {new.dtype}, the model's is {kept[path].dtype}")
    if wrong:
        lists = "\n  ".join(wrong)
        less_precise = any("the model's is float" in line for line in wrong)
        raise refusal(
            ValueError,
            f"{source} is not of this {type(module).__name__}; nothing was loaded:\n  {lists}",
            f"a model built just as the one that was saved"
            f"{', or model.astype(...)' if less_precise else ''}",
        )
