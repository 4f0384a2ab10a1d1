"""The random generators inside a thing, and their states: saved with a run, and set back."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.tensor import Tensor

Generators = dict[str, np.random.Generator]


def generators(thing: Any) -> Generators:
    """path -> random generator, for each one in the attributes of a thing, and in theirs."""
    return dict(_generators(thing, "", set()))


def _generators(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(thing) in seen or isinstance(thing, (type, types.ModuleType, Tensor, np.ndarray)):
        return
    if isinstance(thing, np.random.Generator):
        seen.add(id(thing))
        yield path, thing
        return
    inside: Any
    if isinstance(thing, dict):
        inside = thing.items()
    elif isinstance(thing, (list, tuple)):
        inside = enumerate(thing)
    elif hasattr(thing, "__dict__"):
        inside = vars(thing).items()
    else:
        return
    seen.add(id(thing))
    for name, part in inside:
        if not isinstance(part, (str, int, float)):  # a data set may have a million names
            yield from _generators(part, f"{path}.{name}" if path else str(name), seen)


def states(random: Generators) -> dict[str, Any]:
    return {path: rng.bit_generator.state for path, rng in random.items()}


def set_states(random: Generators, known: dict[str, Any]) -> None:
    for path, state in known.items():
        random[path].bit_generator.state = state
