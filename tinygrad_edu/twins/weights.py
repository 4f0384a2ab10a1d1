"""Weights from the files that Keras writes, read with h5py alone: no Keras, no TensorFlow, no pickle.

`.keras` is an archive of `config.json` (the layers) and `model.weights.h5` (their arrays). A `.weights.h5`
has the arrays alone: the group `layers/dense_1/vars` holds those of the second Dense. The old `.h5` has a
group for each layer by its name, and for a whole model the config as an attribute.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.files import naming_damage
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.weight_files import not_a_weight_file
from tinygrad_edu.twins.layer_table import ARRANGING, LAYERS, ROWS, Row, join, kind_of
from tinygrad_edu.twins.optional import optional

Model = TypeVar("Model", bound=Module)


def load_keras_weights(module: Model, path: str | os.PathLike) -> Model:
    """Sets parameters and buffers of a module from a file that Keras wrote, and returns the module.

    path   of a whole model (`.keras`, or the old `.h5`) or of weights alone (`.weights.h5`)

    The module is any whose layers Keras has: a Sequential, a Graph, or a class of your own. A layer finds
    its arrays by name, if every layer's name in Keras is its path here (as in files of `to_keras(module)`,
    or of a Keras class with the same attributes); otherwise by order: the second Linear gets the arrays of
    the second Dense. So layers of one kind must be in the same order on both sides. Layers without weights
    do not count, and the state of optimizers and metrics is ignored.

    Raises ValueError that lists every difference in layers, shapes and dtypes if the file does not fit, and
    ValueError if it is damaged or something else; then nothing has been changed. ImportError without h5py.

    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    >>> load_keras_weights(model, "mnist.keras")  # doctest: +SKIP
    """
    mine = list(_layers_with_weights(module))
    file = read_file(path)
    pairs, wrong = _pairs(mine, file)
    pairs = [
        (ours, theirs._replace(arrays=ours.row.order(theirs.arrays))) for ours, theirs in pairs
    ]
    for ours, theirs in pairs:
        wrong += _differences(ours, theirs)
    known = {id(kept) for ours in mine for kept in ours.kept.values()}
    wrong += [
        f"{path} {kept.shape} is in none of the layers that Keras has"
        for path, kept in _kept(module).items() if id(kept) not in known
    ]  # fmt: skip
    if wrong:
        hints = ["a module of the same layers, in the same order"]
        hints += ["model.astype(...)"] if any("model's is float" in w for w in wrong) else []
        hints += [] if file.ordered else ["a .keras file, which tells the order of layers"]
        raise ValueError(
            f"{file.name} does not fit this {type(module).__name__}; nothing was loaded:\n  "
            + "\n  ".join(wrong)
            + f"{user_line()}\n  Try: {', or '.join(hints)}"
        )
    for ours, theirs in pairs:
        for kept, array in zip(ours.kept.values(), theirs.arrays, strict=True):
            kept.data[...] = array.reshape(kept.shape)
    return module


# ------------------------------------------------------------------------------------------- files


class Stored(NamedTuple):
    """A layer in a file.

    place   its names from model to model, where there is a config
    words   the paths that a module of ours may have it under
    kind    its class in snake_case, "" if the file does not tell
    group   where its arrays are
    """

    place: tuple[str, ...]
    words: set[str]
    kind: str
    group: str
    arrays: list[np.ndarray]


class KerasFile(NamedTuple):
    """What a file of Keras holds: the config, if it has one in today's form, and the layers with arrays."""

    name: str
    config: dict[str, Any] | None
    layers: list[Stored]
    ordered: bool  # are the layers in the order of the model?


# The groups within the group of a layer that hold its arrays, in the order of Keras's weights.
PARTS = list(dict.fromkeys(part for row in ROWS for part in row.files))
DAMAGED = functools.partial(
    not_a_weight_file, hint="a file of model.save('x.keras') or model.save_weights('x.weights.h5')"
)
MOST_BYTES = 1 << 32  # that a part of a .keras file may unfold to
NOT_LAYERS = ("optimizer", "metrics", "_metrics", "compile_metrics", "loss_tracker")


def read_file(path: str | os.PathLike) -> KerasFile:
    """Reads a file. Raises DamagedFileError, FileNotFoundError, ImportError without h5py."""
    h5py, name = (
        optional("h5py", "reading a weight file of Keras", "weights"),
        repr(os.fspath(path)),
    )
    with open(path, "rb") as opened, naming_damage(path, "a weight file of Keras", DAMAGED):
        config, source = None, path
        if zipfile.is_zipfile(opened):
            with zipfile.ZipFile(opened) as archive:
                config = json.loads(_member(archive, "config.json"))
                source = io.BytesIO(_member(archive, "model.weights.h5"))  # type: ignore[assignment]
        with h5py.File(source) as file:
            if "model_config" in file.attrs:
                config = json.loads(file.attrs["model_config"])
            root = file.get("model_weights", file)
            old = "layer_names" in root.attrs or "layer_names0" in root.attrs
            ordered = old or bool(config and is_model(config))
            if config and is_model(config):
                layers = list(_layers_of_config(config["config"], file, root if old else None))
            elif old:
                names = _words(root, "layer_names")
                layers = [Stored((), {n}, "", n, _old_arrays(file, root, (n,))) for n in names]
            else:
                layers = list(_layers_of_groups(file))
    with_arrays = [layer for layer in layers if layer.arrays]
    return KerasFile(name, None if old else config, with_arrays, ordered)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > MOST_BYTES:
        raise ValueError(
            f"{name} unfolds to {info.file_size:,} bytes; {MOST_BYTES:,} are read at most"
        )
    with archive.open(info) as opened:
        return opened.read(info.file_size)


def _layers_of_config(
    config: dict[str, Any], file: Any, old: Any, place: tuple[str, ...] = (), group: str = ""
) -> Iterator[Stored]:
    """The layers of a model's config.

    old   the root of an old file, otherwise None
    """
    for entry, name in _named_groups(config["layers"]):
        own, config = f"{group}layers/{name}", entry["config"]
        names = (*place, config["name"])
        words = {names[-1], ".".join(names)}
        kind = snake_case(entry["class_name"])
        inner = config.get("layer") or {}  # of TimeDistributed
        cell = (config.get("cell") or {}).get("config", {})
        if is_model(entry):
            yield from _layers_of_config(config, file, old, names, f"{own}/")
        elif is_model(inner):
            yield from _layers_of_config(inner["config"], file, old, names, f"{own}/layer/")
        elif old:
            yield Stored(names, words, kind, "/".join(names), _old_arrays(file, old, names))
        else:
            groups = [
                f"{own}/cell/cells/{cell}" for _, cell in _named_groups(cell.get("cells", ()))
            ]
            arrays = [array for group in groups or [own] for array in _arrays(file, group)]
            yield Stored(names, words, kind, own, arrays)


def _named_groups(entries: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each layer with the name of its group: its class, numbered if there are several."""
    seen: Counter[str] = Counter()
    for entry in entries:
        if not is_operation(entry):
            kind = snake_case(entry["class_name"])
            yield entry, f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1


def _layers_of_groups(file: Any) -> Iterator[Stored]:
    """The layers of a file that holds arrays alone, sorted by the names and numbers of their groups."""
    groups: set[str] = set()
    names: list[str] = []
    file.visit(names.append)
    for name in names:
        group = name.removesuffix("/vars")
        if name == group or not len(file[name]):
            continue
        if group.split("/")[0] in NOT_LAYERS or "seed_generator" in group:
            continue
        part = max((p for p in PARTS if p and _ends_in(file, group, p)), key=len, default="")
        groups.add(group.removesuffix(f"/{part}") if part else group)
    for group in sorted(groups, key=_by_numbers):
        parts = group.split("/")
        above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        variables = [file[f"{g}/vars"] for g in above if f"{g}/vars" in file]
        names = [str(v.attrs["name"]) for v in variables if v.attrs.get("name")]
        path = ".".join(part for part in parts if part != "layers")
        words = {*names[-1:], ".".join(names), path, f"{path}.layer"}
        yield Stored((), words, re.sub(r"_\d+$", "", parts[-1]), group, _arrays(file, group))


def _ends_in(file: Any, group: str, part: str) -> bool:
    """Is the group such a part of a layer? ("layer" may also be an attribute of a user's class.)"""
    owner = group.removesuffix(f"/{part}")
    return owner != group and (
        not part.startswith("layer") or set(file[owner]) <= {"layer", "vars"}
    )


def _arrays(file: Any, group: str) -> list[np.ndarray]:
    """The arrays of a layer: layers/dense/vars/0, 1, ..., or those of its parts."""
    found = []
    for part in PARTS:
        variables = file.get(f"{group}/{part}/vars".replace("//", "/"), {})
        found += [_read(file, variables[key]) for key in sorted(variables, key=int)]
    return found


def _old_arrays(file: Any, root: Any, names: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays of a layer in an old file, where all layers of an inner model share its group."""
    if names[0] not in root:
        return []
    group = root[names[0]]
    words = _words(group, "weight_names")
    if len(names) > 1:
        words = [word for word in words if names[-1] in word.split("/")[:-1]]
    return [_read(file, group[word]) for word in words]


def _read(file: Any, array: Any) -> np.ndarray:
    """The numbers of an array, which must be in this file and not, by a link, elsewhere on the machine."""
    linked = getattr(array, "external", None) or getattr(array, "is_virtual", True)
    if linked or array.file != file:
        raise ValueError(f"{getattr(array, 'name', array)} is not an array of this file")
    if array.nbytes > 100 * file.id.get_filesize():  # a few bytes can say that they are 10¹² zeros
        raise ValueError(f"{array.name} unfolds to {array.nbytes:,} bytes")
    return np.asarray(array[()])


def _words(group: Any, name: str) -> list[str]:
    """A list of words among the attributes; a long one is stored in pieces."""
    pieces = [group.attrs[name]] if name in group.attrs else []
    while f"{name}{len(pieces)}" in group.attrs:
        pieces.append(group.attrs[f"{name}{len(pieces)}"])
    words = [word for piece in pieces for word in piece]
    return [word.decode() if isinstance(word, bytes) else str(word) for word in words]


def _by_numbers(group: str) -> list[tuple[str, int]]:
    """Sorts dense, dense_2, dense_10 in this order."""
    parts = (re.fullmatch(r"(.*?)(?:_(\d+))?", part) for part in group.split("/"))
    return [(part[1], int(part[2] or 0)) for part in parts if part]


def is_operation(entry: dict[str, Any]) -> bool:
    """True for a function of keras.ops, False for a layer."""
    return ".ops." in (entry.get("module") or "")


def is_model(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("config"), dict) and "layers" in entry["config"]


def is_functional(entry: dict[str, Any]) -> bool:
    return is_model(entry) and "input_layers" in entry["config"]


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d, PReLU -> p_re_lu: Keras's name of a group."""
    name = {"GroupQueryAttention": "GroupedQueryAttention"}.get(
        name, name
    )  # as Keras has it inside
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


# -------------------------------------------------------------------------------------- our side


class Ours(NamedTuple):
    """A layer of ours that has weights: path -> parameter or buffer, in Keras's order."""

    path: str
    layer: Any
    row: Row
    kept: dict[str, Any]


def _kept(module: Module, path: str = "") -> dict[str, Any]:
    both = (*module.named_parameters(), *module.named_buffers())
    return {join(path, name): kept for name, kept in both}


def _layers_with_weights(module: Module) -> Iterator[Ours]:
    """The outermost layers that Keras has, in a module of any kind."""
    outer: list[str] = []
    for path, layer in module.named_modules():
        kind = kind_of(layer)
        if kind is None or kind in ARRANGING:
            continue
        if not any(not known or path.startswith(f"{known}.") for known in outer):
            outer.append(path)
            kept = _kept(layer, path)
            if kept:
                yield Ours(path, layer, LAYERS[kind], kept)


def _pairs(mine: list[Ours], file: KerasFile) -> tuple[list[tuple[Ours, Stored]], list[str]]:
    """Which layer gets which arrays, and what is left over on either side."""
    by_name = [[stored for stored in file.layers if ours.path in stored.words] for ours in mine]
    pairs: list[tuple[Ours, Stored]] = []
    if all(len(found) == 1 for found in by_name):
        pairs = [(ours, found[0]) for ours, found in zip(mine, by_name, strict=True)]
    elif not all(stored.kind for stored in file.layers):
        pairs = list(zip(mine, file.layers, strict=False))
    elif file.ordered or all(stored.group.count("layers/") <= 1 for stored in file.layers):
        left = list(file.layers)
        for ours in mine:  # the first Linear gets the first Dense, and so on
            kind = snake_case(ours.row.keras)
            place = next((i for i, stored in enumerate(left) if stored.kind == kind), None)
            if place is not None:
                pairs.append((ours, left.pop(place)))
    got = {ours.path for ours, _ in pairs}
    used = {theirs.group for _, theirs in pairs}
    wrong = [
        f"{ours.path or 'the model'}, {ours.layer!r}: the file has no {ours.row.keras} left for it"
        for ours in mine if ours.path not in got
    ]  # fmt: skip
    wrong += [
        f"{stored.group} of the file, with {_shapes(stored.arrays)}, has no place in the model"
        for stored in file.layers if stored.group not in used
    ]  # fmt: skip
    return pairs, wrong


def _differences(ours: Ours, theirs: Stored) -> Iterator[str]:
    if len(theirs.arrays) != len(ours.kept):
        told = ", ".join(f"{name} {kept.shape}" for name, kept in ours.kept.items())
        yield f"{told}: {theirs.group} of the file has {_shapes(theirs.arrays)}"
        return
    shapes = ours.row.shapes(ours.layer) or [kept.shape for kept in ours.kept.values()]
    for (name, kept), shape, array in zip(ours.kept.items(), shapes, theirs.arrays, strict=True):
        if array.shape not in (shape, (1,) * (array.ndim - len(shape)) + shape):
            yield f"{name} is {array.shape} in {theirs.group} of the file, the model's is {shape}"
        elif not np.can_cast(array.dtype, kept.dtype):
            yield f"{name} is {array.dtype} in {theirs.group} of the file, the model's is {kept.dtype}"


def _shapes(arrays: list[Any]) -> str:
    return ", ".join(f"{array.shape} {array.dtype}" for array in arrays) or "nothing"
