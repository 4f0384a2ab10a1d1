"""What an optimizer remembers, as a flat dict of arrays and numbers: for checkpoints, out and in again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, shortened


def state_of(optimizer: Any) -> dict[str, Any]:
    """The state, with copies of the arrays: see `Optimizer.state_dict`."""
    state: dict[str, Any] = {
        "optimizer": type(optimizer).__name__,
        "t": optimizer.t,
        "calls": optimizer.calls,
    }
    for where, lr in optimizer.learning_rates():
        if hasattr(lr, "state_dict"):
            state |= {f"{where}.{name}": kept for name, kept in lr.state_dict().items()}
        elif not callable(lr):
            state[where] = float(lr)
    state |= {name: getattr(optimizer, name) for name in optimizer.scalars}
    return state | {name: array.copy() for name, array in _arrays(optimizer).items()}


def load_state(optimizer: Any, state: Mapping[str, Any], source: str) -> None:
    """Loads a state, or raises ValueError and changes nothing: see `Optimizer.load_state_dict`."""
    new = check_state(
        state_of(optimizer), state, f"{source} is not of this {type(optimizer).__name__}"
    )
    for where, lr in optimizer.learning_rates():
        if hasattr(lr, "load_state_dict"):
            start = f"{where}."
            lr.load_state_dict(
                {name.removeprefix(start): new[name] for name in new if name.startswith(start)}
            )
        elif not callable(lr):
            if where == "lr":
                optimizer.lr = new[where]
            else:
                optimizer.groups[int(where.split(".")[1])]["lr"] = new[where]
    for name in ("t", "calls", *optimizer.scalars):
        setattr(optimizer, name, new[name])
    for name, array in _arrays(optimizer).items():
        array[...] = new[name]


def _arrays(optimizer: Any) -> dict[str, np.ndarray]:
    """ "m.3" -> a view of the state m of parameter 3, for every state and parameter."""
    index = {id(p): i for i, p in enumerate(optimizer.parameters)}
    arrays: dict[str, np.ndarray] = {}
    for flat in optimizer.flat_parameters:
        for i, p in enumerate(flat.parameters):
            named = dict(flat.states_of(i))
            if optimizer.accumulate > 1:
                named["accumulated"] = flat.total[flat.places[i]].reshape(p.shape)
                named["has_accumulated"] = flat.summed[i : i + 1]
            arrays |= {f"{name}.{index[id(p)]}": array for name, array in named.items()}
    return arrays


def check_state(mine: Mapping[str, Any], given: Mapping[str, Any], wrong: str) -> dict[str, Any]:
    """The given state, if it has the names, shapes, dtypes and kinds of numbers of `mine`.

    Numbers and words may come as arrays without axes, as they do out of an .npz file. Raises ValueError
    that says what is `wrong`, and lists every difference.
    """
    new: dict[str, Any] = dict(given)
    differences = [f"{name} is missing" for name in mine if name not in new]
    for name in new:
        if name not in mine:
            differences.append(f"{name} has no place in it")
            continue
        here: Any = mine[name]
        there: Any = new[name]
        if isinstance(here, np.ndarray):
            there = np.asarray(there)
            if there.shape != here.shape or there.dtype != here.dtype:
                differences.append(
                    f"{name} is {there.shape} {there.dtype}, here {here.shape} {here.dtype}"
                )
            continue
        if isinstance(there, np.ndarray) and there.ndim == 0:
            new[name] = there = there.item()
        fits, wanted = _fits(name, here, there)
        if not fits:
            differences.append(f"{name} is {shortened(there)}, here {wanted}")
    if differences:
        raise refusal(
            ValueError,
            f"{wrong}; nothing was loaded:\n  " + "\n  ".join(differences),
            "one made with the same settings, on the same parameters",
        )
    return new


def _fits(name: str, here: Any, there: Any) -> tuple[bool, str]:
    """Can a number or word stand where `here` stands? And what can, in words."""
    is_number = isinstance(there, (int, float, np.number)) and not math.isnan(there)
    if isinstance(here, str):
        return there == here, repr(here)
    if isinstance(here, int):
        return isinstance(there, (int, np.integer)) and int(there) >= 0, "a whole number"
    if name.split(".")[-1] == "lr":
        return is_number and float(there) > 0, "a positive number"
    return is_number, "a number"
