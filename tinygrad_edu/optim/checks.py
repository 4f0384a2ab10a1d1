"""What optimizers and schedules refuse: settings out of their range, and what is not a parameter."""

from __future__ import annotations

import inspect
import itertools
import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal, shortened
from tinygrad_edu.nn.module import Module, Parameter

LearningRate = float | Callable[[Any], float]  # a number, or a schedule: step -> number


# Numbers.


def check_number(name: str, number: Any, wanted: str, fits: Callable[[Any], bool]) -> Any:
    """The number, if it is finite and fits. Raises ValueError otherwise, with what is wanted.

    A NumPy number becomes a Python number, which does not change the precision of arrays.
    """
    if not isinstance(number, numbers.Real) or not math.isfinite(number) or not fits(number):
        hint = ""
        if isinstance(number, str):
            hint = "the number itself, without quotes"
        elif name.startswith("lr"):
            hint = "lr=0.001"
        raise refusal(ValueError, f"{name} must be {wanted}, not {number!r}.", hint)
    return number.item() if isinstance(number, np.generic) else number


def check_positive(name: str, number: Any) -> Any:
    return check_number(name, number, "a positive number", lambda x: x > 0)


def check_not_negative(name: str, number: Any) -> Any:
    return check_number(name, number, "0 or more", lambda x: x >= 0)


def check_fraction(name: str, number: Any) -> Any:
    """The number, if it is from 0 to below 1, as a momentum or the β of a running mean must be."""
    return check_number(name, number, "from 0 to below 1", lambda x: 0 <= x < 1)


def check_whole(name: str, number: Any, least: int) -> int:
    """The number, if it is a whole one and not below `least`."""
    wanted = f"a whole number, {least} or more"
    return check_number(
        name, number, wanted, lambda x: isinstance(x, (int, np.integer)) and bool(x >= least)
    )


def check_pair(
    name: str, pair: Any, check: Callable[[str, Any], Any], example: str
) -> tuple[float, float]:
    """The pair, if it is two numbers that pass the check."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise refusal(ValueError, f"{name} must be two numbers, as {example}, not {pair!r}.")
    return check(f"{name}[0]", pair[0]), check(f"{name}[1]", pair[1])


def check_betas(betas: Any, example: str = "(0.9, 0.999)") -> tuple[float, float]:
    return check_pair("betas", betas, check_fraction, example)


def check_lr(name: str, lr: Any) -> LearningRate:
    return lr if callable(lr) else check_positive(name, lr)


def rate_at(lr: LearningRate, t: int) -> float:
    """The learning rate of step t."""
    if not callable(lr):
        return lr
    return check_number(f"lr({t})", lr(t), "a number, 0 or more", lambda x: x >= 0)


def check_weight_decay(name: str, decay: Any) -> float | None:
    return None if decay is None else check_not_negative(name, decay)


def check_clipping(**limits: float | None) -> None:
    """At most one of the limits is given, and it is positive."""
    given = [name for name, limit in limits.items() if limit is not None]
    for name in given:
        check_positive(name, limits[name])
    if len(given) > 1:
        raise refusal(
            ValueError,
            f"a gradient is clipped in one way, not by {' and '.join(given)}.",
            f"{given[-1]} alone",
        )


# Parameters, and groups of them.


def check_groups(
    parameters: Any, optimizer: str, group_settings: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The groups as new dicts, of parameters that are each in one group; a plain list is one group."""
    if isinstance(parameters, Module):
        raise refusal(
            TypeError,
            f"{optimizer} takes parameters, not the {type(parameters).__name__} itself.",
            f"{optimizer}(model.parameters())",
        )
    if isinstance(parameters, dict) and "parameters" not in parameters:
        raise refusal(
            TypeError,
            f"{optimizer} takes parameters, not a dict of {shortened([*parameters])}: its numbers may be "
            "copies, as in state_dict().",
            f"{optimizer}(model.parameters())",
        )
    if isinstance(parameters, (Parameter, dict)):
        what = "group" if isinstance(parameters, dict) else "parameter"
        raise refusal(TypeError, f"{optimizer} takes a list of {what}s.", f"[{what}]")
    given = list(parameters)
    if not any(isinstance(group, dict) for group in given):
        return [{"parameters": check_parameters(given, optimizer)}]
    groups = [_check_group(i, group, optimizer, group_settings) for i, group in enumerate(given)]
    seen: set[int] = set()
    for i, group in enumerate(groups):
        for p in group["parameters"]:
            if id(p) in seen:
                raise refusal(
                    ValueError,
                    f"{optimizer}: {describe(p)} of group {i} is in an earlier group, too.",
                    "each parameter in one group",
                )
            seen.add(id(p))
    return groups


def _check_group(
    i: int, group: Any, optimizer: str, group_settings: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(group, dict) or "parameters" not in group:
        raise refusal(
            TypeError,
            f"{optimizer}: groups are dicts with parameters, group {i} is {shortened(group)}.",
            '{"parameters": [...], "lr": 0.001}',
        )
    for name, setting in group.items():
        if name != "parameters" and name not in group_settings:
            raise refusal(
                TypeError,
                f"{optimizer}: group {i} has no setting {name!r}.",
                ", ".join(group_settings),
            )
        if name == "lr":
            check_lr(f"lr of group {i}", setting)
        if name == "weight_decay":
            check_weight_decay(f"weight_decay of group {i}", setting)
    inside = group["parameters"]
    inside = inside.parameters() if isinstance(inside, Module) else inside
    return group | {"parameters": check_parameters(inside, optimizer)}


def check_parameters(parameters: Iterable[Any], called: str) -> list[Parameter]:
    """The parameters, each once; TypeError for anything else, ValueError if there are none."""
    unique = list({id(p): p for p in parameters}.values())
    for p in unique:
        if not isinstance(p, Parameter):
            is_named = isinstance(p, (tuple, str))
            raise refusal(
                TypeError,
                f"{called} got {describe(p)}, of type {type(p).__name__}, which is not a "
                "Parameter and would not be learned.",
                "model.parameters(), without names" if is_named else "Parameter(array)",
            )
    if not unique:
        raise refusal(
            ValueError,
            f"{called} got no parameters.",
            "model.parameters(), where the model has Parameters (not plain arrays) or layers "
            "as attributes",
        )
    return unique


# Errors of a step.


def norm_not_finite(optimizer: Any) -> Exception:
    return refusal(
        FloatingPointError,
        f"{type(optimizer).__name__}.step(): a gradient that is infinite or NaN cannot be "
        "clipped to a length; nothing was changed.",
        "clip_value, or with debug(): to see where it comes from",
    )


def demand_squares(optimizer: Any, flats: Iterable[Any]) -> None:
    """Raises FloatingPointError for finite gradients whose squares overflow."""
    for flat in flats:
        most = float(np.finfo(flat.g.dtype).max) ** 0.5
        moving = itertools.compress(flat.parameters, flat.moving)
        for p, g in zip(moving, flat.gradients(), strict=True):
            largest = np.abs(g).max(initial=0)
            if most < largest < math.inf:
                raise refusal(
                    FloatingPointError,
                    f"{type(optimizer).__name__}.step(): the gradient of {describe(p)} goes up to "
                    f"{largest:.3g}; in {g.dtype} its square is infinite, and the step would be 0. Nothing "
                    "was changed.",
                    "clip_norm=1.0, and inputs and a loss of ordinary size",
                )


# Signatures.


def spell_out_settings(cls: type) -> None:
    """Replaces `**settings` in the signature of cls.__init__ by the keywords of the base class.

    So help() shows them, and an argument that the class does not have is refused with those that it has.
    """
    init: Any = vars(cls).get("__init__")
    takes = inspect.signature(init).parameters if init else {}
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        *own, _ = takes.values()
        base = inspect.signature(cls.__mro__[1].__init__).parameters.values()  # type: ignore[misc]
        own += [p for p in base if p.kind is p.KEYWORD_ONLY and p.name not in takes]
        init.__signature__ = inspect.Signature(own)
