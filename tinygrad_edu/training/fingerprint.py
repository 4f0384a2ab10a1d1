"""What a training run is, in words: by these a checkpoint is known to be of this run and of no other.

Everything that decides the numbers of a run is told by a string, so that two runs can be laid side by side
and each difference shown. What changes while it trains is left out, as are the weights it begins with: where
nobody gave a seed, these are drawn anew by every start of a program.
"""

from __future__ import annotations

import functools
import types
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.diagnostics.words import is_ours
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.module import KEPT, Buffer, Parameter
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training.batches import Grouped
from tinygrad_edu.training.running_metrics import name_of

if TYPE_CHECKING:
    from tinygrad_edu.training.trainer import Trainer

SAMPLE = 1_000_000  # numbers; of a larger array about 65,536, at even distances, are looked at


def facts(trainer: Trainer, random: dict[str, np.random.Generator]) -> dict[str, str]:
    """what -> in words, of a run that is about to begin and draws from these random generators."""
    run, optimizer = trainer.run, trainer.optimizer
    told = {
        f"layer {path}" if path else "model": _module(module)
        for path, module in trainer.model.named_modules()
    }
    told["loss"] = words(trainer.loss)
    told["optimizer"] = _optimizer(optimizer)
    told |= {rate_called(where): words(lr) for where, lr in optimizer.learning_rates()}
    for i, group in enumerate(optimizer.groups):
        if "weight_decay" in group:
            told[f"weight decay of group {i}"] = words(group["weight_decay"])
    told["batches"] = in_words(run.loader)
    told |= {f"data {name}": words(array) for name, array in _arrays(run.loader)}
    told |= {f"validation data {name}": words(array) for name, array in _arrays(run.validation)}
    told |= {draws(path): words(rng) for path, rng in random.items()}
    told["numbers to watch"] = ", ".join(run.names)
    told |= {f"metric {name}": words(metric) for name, metric in trainer.metrics.items()}
    return told


def differences(was: dict[str, str], now: dict[str, str]) -> list[str]:
    """Each fact that is not the same, before and now."""
    told = []
    for what in {**was, **now}:
        old, new = was.get(what, "not there"), now.get(what, "not there")
        if old != new:
            line = f"{what}: was {old}, is {new}"
            told.append(line if len(line) < 100 else f"{what}:\n    was {old}\n    is  {new}")
    return told


def rate_called(where: str) -> str:
    """What a learning rate is called; `where` as in the state of an optimizer: "lr", "groups.1.lr"."""
    return "learning rate" if where == "lr" else f"learning rate of group {where.split('.')[1]}"


def draws(path: str) -> str:
    """What a random generator of a run is called."""
    return "order of the batches" if path == "loader._rng" else f"random generator {path}"


def in_words(loader: Any) -> str:
    """How many batches of how many, as far as it is known."""
    if isinstance(loader, (DataLoader, Grouped)):
        return repr(loader)
    told = f"{type(loader).__name__}, {len(loader)} batches"
    if hasattr(loader, "functions"):
        told += f" through {words(loader.functions)}"
    return f"{told} of {in_words(loader.loader)}" if hasattr(loader, "loader") else told


def words(thing: Any) -> str:
    """A setting: numbers and strings as they are, arrays by shape and checksum, objects by their settings."""
    return _words(thing, ())


def _words(thing: Any, outer: tuple[int, ...]) -> str:
    if isinstance(thing, (str, bytes)) and len(thing) > 200:
        return f"{type(thing).__name__} of {len(thing)} (checksum {zlib.crc32(repr(thing).encode()):08x})"
    if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes, np.generic)):
        return repr(thing.item() if isinstance(thing, np.generic) else thing)
    if isinstance(thing, (np.ndarray, Tensor)):
        return _array(thing.data if isinstance(thing, Tensor) else thing)
    if isinstance(thing, np.random.Generator):
        return f"{type(thing.bit_generator).__name__} of {_seed(thing)}"
    if id(thing) in outer:
        return "..."
    outer = (*outer, id(thing))
    if isinstance(thing, (list, tuple, set, frozenset, dict)) and len(thing) > 1000:
        return f"{type(thing).__name__} of {len(thing)}"
    if isinstance(thing, (list, tuple, set, frozenset)):
        inside = [_words(part, outer) for part in thing]
        return f"[{', '.join(sorted(inside) if isinstance(thing, (set, frozenset)) else inside)}]"
    if isinstance(thing, dict):
        return f"{{{', '.join(f'{name}: {_words(part, outer)}' for name, part in thing.items())}}}"
    if isinstance(thing, functools.partial):
        given = [_words(part, outer) for part in thing.args]
        given += [f"{name}={_words(part, outer)}" for name, part in thing.keywords.items()]
        return f"{_words(thing.func, outer)}({', '.join(given)})"
    if isinstance(thing, types.MethodType):
        return f"{_words(thing.__self__, outer)}.{thing.__name__}"
    if isinstance(thing, types.FunctionType):
        return _function(thing, outer)
    if isinstance(thing, (type, types.BuiltinFunctionType, np.ufunc)) or not hasattr(
        thing, "__dict__"
    ):
        return getattr(thing, "__name__", type(thing).__name__)
    if isinstance(thing, Module):
        return _module(thing)
    changing = thing.state_dict() if hasattr(thing, "state_dict") else {}
    return _with_settings(
        type(thing),
        {name: part for name, part in vars(thing).items() if name not in changing},
        outer,
    )


def _with_settings(kind: type, settings: dict[str, Any], outer: tuple[int, ...]) -> str:
    told = [f"{name}={_words(part, outer)}" for name, part in settings.items() if name[:1] != "_"]
    return f"{kind.__name__}({', '.join(told)}){_text_of_class(kind)}"


def _module(module: Module) -> str:
    """One module by its own settings and the shapes of what it keeps; those inside it have their own."""
    settings = {
        name: part
        for name, part in _settings(module)
        if name not in ("training", "built", "sample_shapes")
        and not isinstance(part, (Tensor, np.ndarray, np.random.Generator))
    }
    kept = [f"{name} {_kept(part)}" for name, part in module.children() if isinstance(part, KEPT)]
    return _with_settings(type(module), settings, ()) + (f" with {', '.join(kept)}" if kept else "")


def _settings(module: Module) -> Iterator[tuple[str, Any]]:
    for name, part in module.children():
        inside = part.values() if isinstance(part, dict) else part
        if isinstance(part, (list, tuple, dict)) and any(
            isinstance(one, (Module, *KEPT)) for one in inside
        ):
            named = part.items() if isinstance(part, dict) else enumerate(part)
            yield from (
                (f"{name}.{i}", one) for i, one in named if not isinstance(one, (Module, *KEPT))
            )
        elif not isinstance(part, (Module, *KEPT)):
            yield (f"layer {name}" if name.isdecimal() else name), part


def _kept(tensor: Parameter | Buffer) -> str:
    rules = [
        words(rule)
        for rule in (getattr(tensor, "regularizer", None), getattr(tensor, "constraint", None))
        if rule is not None
    ]
    return f"{tensor.shape} {tensor.dtype}" + "".join(f" {rule}" for rule in rules)


def _optimizer(optimizer: Any) -> str:
    """Its kind and settings, but for the learning rates."""
    settings = {name: part for name, part in optimizer.settings().items() if name != "lr"}
    return _with_settings(type(optimizer), settings, ())


def _array(array: np.ndarray) -> str:
    told = f"{array.shape} {array.dtype}"
    if array.dtype.hasobject:
        return told
    if array.size <= 4:
        return f"{told} {array.tolist()}"
    if array.size > SAMPLE:
        flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
        array = flat[:: -(-array.size // 65_536)]
    return f"{told} (checksum {zlib.crc32(np.ascontiguousarray(array).tobytes()):08x})"


def _arrays(loader: Any) -> Iterator[tuple[str, Any]]:
    """(name, array) of what the batches of a loader are cut from, as far as it is known."""
    if isinstance(loader, DataLoader):
        yield from zip(("x", "y", "sample weights"), loader.arrays, strict=False)
    elif isinstance(loader, Grouped):
        inputs = loader.names or [f"x[{i}]" for i in range(loader.inputs)]
        yield from zip((*inputs, "y", "sample weights"), loader.loader.arrays, strict=False)
    elif isinstance(loader, (list, tuple)):
        parts = [words(value(part)) for batch in loader for part in batch]
        yield "in all batches", np.frombuffer("".join(parts).encode(), np.uint8)
    elif hasattr(loader, "loader"):
        yield from _arrays(loader.loader)


def _seed(rng: np.random.Generator) -> str:
    """The seed that a generator was made from, which drawing does not change."""
    sequence: Any = rng.bit_generator.seed_seq
    entropy = getattr(sequence, "entropy", None)
    if entropy is None or (isinstance(entropy, int) and entropy >= 2**96):
        return "no seed"  # what NumPy draws from the system then has 128 bits
    return f"seed {entropy}" + "".join(f", child {i}" for i in sequence.spawn_key)


def _function(function: types.FunctionType, outer: tuple[int, ...]) -> str:
    """A function of this package by its name, one of the user's by its text as well."""
    if is_ours(function.__code__.co_filename):
        return name_of(function)
    inside = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    given = [*inside, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    told = ", ".join(_words(part, outer) for part in given)
    return f"{name_of(function)}({told}){_text(function.__code__)}"


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that has no value yet
        return False


def _text_of_class(kind: type) -> str:
    """A checksum of what a class of the user's computes."""
    forward: Any = getattr(kind, "forward", None) or vars(kind).get("__call__")
    code = getattr(forward, "__code__", None)
    return "" if code is None or is_ours(code.co_filename) else _text(code)


def _text(code: types.CodeType) -> str:
    return f" (program {zlib.crc32(repr(_read(code)).encode()):08x})"


def _read(code: types.CodeType) -> tuple:
    constants = [
        _read(c) if isinstance(c, types.CodeType)
        else sorted(map(repr, c)) if isinstance(c, frozenset) else c  # whose order is another each time
        for c in code.co_consts
    ]  # fmt: skip
    return code.co_code, code.co_names, constants
