"""The configuration of a run in words: everything that decides its numbers, so that runs can be compared.

What training changes is left out, and so are the initial weights: without a seed, they are different in
every start of a program. Functions are told apart by their names alone.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training.batches import Grouped, arrays_of
from tinygrad_edu.training.callbacks import Training
from tinygrad_edu.training.random_states import Generators

SAMPLE = 1_000_000  # numbers; of larger arrays, about 65,536 evenly spaced ones are compared


def configuration(trainer: Training, random: Generators) -> dict[str, str]:
    """fact -> words, for a run that is about to begin and will draw from these random generators."""
    run, optimizer = trainer.run, trainer.optimizer
    told = {
        f"layer {path}" if path else "model": words(module)
        for path, module in trainer.model.named_modules()
    }
    for path, p in trainer.model.named_parameters():
        rules = [words(rule) for rule in (p.regularizer, p.constraint) if rule is not None]
        told[f"parameter {path}"] = " ".join([f"{p.shape} {p.dtype}", *rules])
    told["loss"] = words(trainer.loss)
    settings = {name: setting for name, setting in optimizer.settings().items() if name != "lr"}
    told["optimizer"] = _call(type(optimizer).__name__, settings)
    told |= {rate_called(where): words(lr) for where, lr in optimizer.learning_rates()}
    for i, group in enumerate(optimizer.groups):
        if "weight_decay" in group:
            told[f"weight decay of group {i}"] = words(group["weight_decay"])
    told["batches"] = loader_words(run.loader)
    told |= {f"data {name}": data for name, data in data_words(run.loader)}
    told |= {f"validation data {name}": data for name, data in data_words(run.validation)}
    for path, rng in random.items():
        order = path == "loader._rng"
        told["order of the batches" if order else f"random generator {path}"] = words(rng)
    told["numbers in the history"] = ", ".join(run.names)
    return told | {f"metric {name}": words(metric) for name, metric in trainer.metrics.items()}


def differences(was: dict[str, str], now: dict[str, str]) -> list[str]:
    """A line for each fact that differs, with both values."""
    told = []
    for fact in {**was, **now}:
        old, new = was.get(fact, "not there"), now.get(fact, "not there")
        if old != new:
            line = f"{fact}: was {old}, is {new}"
            told.append(line if len(line) < 100 else f"{fact}:\n    was {old}\n    is  {new}")
    return told


def rate_called(where: str) -> str:
    """The fact of a learning rate; `where` as in the state of an optimizer: "lr", "groups.1.lr"."""
    return "learning rate" if where == "lr" else f"learning rate of group {where.split('.')[1]}"


def loader_words(loader: Any) -> str:
    """The kind of a loader, and how many batches it has; of what size, as far as that is known."""
    if isinstance(loader, (DataLoader, Grouped)):
        return repr(loader)
    told = f"{type(loader).__name__}, {len(loader)} batches"
    if hasattr(loader, "functions"):
        told += f" through {words(loader.functions)}"
    return f"{told} of {loader_words(loader.loader)}" if hasattr(loader, "loader") else told


def data_words(loader: Any) -> Iterator[tuple[str, str]]:
    """(name, words) for each array that the batches are taken from, as far as these are known."""
    if isinstance(loader, (list, tuple)):
        parts = "".join(words(part) for batch in loader for part in batch)
        yield "in all batches", f"checksum {zlib.crc32(parts.encode()):08x}"
    else:
        yield from ((name, words(array)) for name, array in arrays_of(loader))


@recursive_repr()
def words(thing: Any) -> str:
    """An array by its shape and checksum, a function by its name, an object by its kind and settings."""
    if isinstance(thing, (np.ndarray, Tensor)):
        return _array(value(thing))
    if isinstance(thing, np.random.Generator):
        return f"{type(thing.bit_generator).__name__} of {_seed(thing)}"
    if isinstance(thing, dict):
        thing = list(thing.items())
    if isinstance(thing, (list, tuple, set, frozenset)):
        if len(thing) > 1000:
            return f"{type(thing).__name__} of {len(thing)}"
        parts = [words(part) for part in thing]
        return f"[{', '.join(sorted(parts) if isinstance(thing, (set, frozenset)) else parts)}]"
    if isinstance(thing, functools.partial):
        return _call(words(thing.func), {**dict(enumerate(thing.args)), **thing.keywords})
    if hasattr(thing, "__name__"):
        return getattr(thing, "__qualname__", thing.__name__)
    if hasattr(thing, "__dict__"):
        return _call(type(thing).__name__, _settings(thing))
    told = repr(thing)
    if len(told) > 200:
        return f"{type(thing).__name__} (checksum {zlib.crc32(told.encode()):08x})"
    return type(thing).__name__ if " at 0x" in told else told  # an address says nothing


def _call(name: str, settings: Mapping[Any, Any]) -> str:
    told = [f"{n}={words(part)}" for n, part in settings.items() if not str(n).startswith("_")]
    return f"{name}({', '.join(told)})"


def _settings(thing: Any) -> dict[str, Any]:
    """The attributes that training does not change. What is inside a module, has facts of its own."""
    if isinstance(thing, Module):
        inside = (Module, Tensor, np.ndarray, np.random.Generator)
        changing = {name for name, part in thing.children() if isinstance(part, inside)}
        settings = dict(thing.children())
        changing |= {"training", "built", "sample_shapes"}
    else:
        settings = vars(thing)
        changing = set(thing.state_dict()) if hasattr(thing, "state_dict") else set()
    return {name: part for name, part in settings.items() if name not in changing}


def _array(array: np.ndarray) -> str:
    told = f"{array.shape} {array.dtype}"
    if array.dtype.hasobject:
        return told
    if array.size <= 4:
        return f"{told} {array.tolist()}"
    step = 1 if array.size <= SAMPLE else array.size // 65_536
    return f"{told} (checksum {zlib.crc32(array.flat[::step].tobytes()):08x})"


def _seed(rng: np.random.Generator) -> str:
    """The seed that a generator was made from, which drawing does not change."""
    sequence: Any = rng.bit_generator.seed_seq
    entropy = getattr(sequence, "entropy", None)
    if entropy is None or (isinstance(entropy, int) and entropy >= 2**96):
        return "no seed"  # without one, NumPy takes 128 bits from the system
    return f"seed {entropy}" + "".join(f", child {i}" for i in sequence.spawn_key)
