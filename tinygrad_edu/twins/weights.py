"""Weights out of the files that Keras writes, with h5py alone: no Keras, no TensorFlow, no pickle.

`.keras` is an archive of `config.json` (what the layers are) and `model.weights.h5` (their arrays). A
`.weights.h5` has the arrays alone: the group `layers/dense_1/vars` holds those of the second Dense. The
old `.h5` has a group for each layer by its name, and in a whole model the config as an attribute.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn import Module
from tinygrad_edu.twins.graph import Merge
from tinygrad_edu.twins.layer_table import (
    ARRANGING,
    LAYERS,
    ROWS,
    Row,
    inner,
    join,
    kept_in,
    kind_of,
)

Model = TypeVar("Model", bound=Module)


def load_keras_weights(module: Model, path: str | os.PathLike) -> Model:
    """Sets parameters and buffers of a module from a file that Keras wrote, and returns the module.

    path   of a whole model (`.keras`, or the old `.h5`) or of weights alone (`.weights.h5`)

    The module is any whose layers Keras has: a Sequential, a Graph, or a class of your own. Layers find
    their arrays by name, if the name in Keras of each of them is its path here (as in files of
    `to_keras(module)`, or of a Keras class with the same attributes); otherwise in order: the second Linear
    gets what the second Dense has. So layers of one kind must stand in the same order on both sides.
    Activations and whatever else has no weights do not count. What the file says of optimizers and metrics
    is passed over.

    Raises ValueError that lists every difference in layers, shapes and dtypes if the file does not fit, and
    ValueError if it is damaged or something else; then nothing has been changed. ImportError without h5py.

    >>> model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    >>> load_keras_weights(model, "mnist.keras")  # doctest: +SKIP
    """
    mine = list(_layers_with_weights(module))
    with KerasFile(path) as file:
        stored = file.stored()
        pairs, wrong = _pairs(mine, stored, module, file.ordered)
        for ours, theirs in pairs:
            wrong += _differences(ours, theirs)
        wrong += _without_layer(module, mine)
        if wrong:
            raise ValueError(
                f"{file.name} is not of this {type(module).__name__}; nothing was loaded:\n  "
                + "\n  ".join(wrong)
                + f"{user_line()}\n  Try: a module of the same layers, in the same order"
                + (", and model.astype(...)" if any("model's is float" in w for w in wrong) else "")
                + ("" if file.ordered else ", or a .keras file, which tells the order of layers")
            )
        arrays = [[file.read(array) for array in theirs.arrays] for _, theirs in pairs]
    for (ours, _), new in zip(pairs, arrays, strict=True):
        for kept, array in zip(ours.kept, new, strict=True):
            kept.data[...] = array.reshape(kept.shape)
    return module


# ----------------------------------------------------------------------------------- what is where


class Place(NamedTuple):
    """Where a layer stands: its names, from model to model, and its group in a weight file."""

    names: tuple[str, ...] = ()
    group: str = ""

    def __str__(self) -> str:
        return ".".join(self.names) or "the model itself"


class Stored(NamedTuple):
    """A layer in a file: the words it may be called by, its class ("" if nobody says), its arrays."""

    names: set[str]
    word: str
    group: str
    arrays: list[Any]


class Ours(NamedTuple):
    """A layer of ours that has weights."""

    path: str
    layer: Any
    row: Row
    kept: list[Any]

    @property
    def word(self) -> str:
        return snake_case(self.row.keras)


# Where arrays lie within the group of a layer, in the order of our rows.
PARTS = list(dict.fromkeys(part for row in ROWS for part in row.files))


def inside(config: dict[str, Any], place: Place) -> Iterator[tuple[dict[str, Any], Place]]:
    """(layer, its place) in a model's config; its group is its class, with a number if there are several."""
    seen: Counter[str] = Counter()
    for entry in config["layers"]:
        group = place.group
        if not is_operation(entry):
            group = f"{place.group}layers/{_numbered(snake_case(entry['class_name']), seen)}/"
        yield entry, Place((*place.names, entry["config"]["name"]), group)


def _numbered(word: str, seen: Counter[str]) -> str:
    seen[word] += 1
    return f"{word}_{seen[word] - 1}" if seen[word] > 1 else word


def is_operation(entry: dict[str, Any]) -> bool:
    """Is it a function of keras.ops and not a layer?"""
    return ".ops." in (entry.get("module") or "")


def is_model(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("config"), dict) and "layers" in entry["config"]


def snake_case(name: str) -> str:
    """MaxPooling2D -> max_pooling2d, PReLU -> p_re_lu: Keras's name of a group."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


# ------------------------------------------------------------------------------------------- files


class KerasFile:
    """A file that Keras wrote, open to be read. For use with `with`.

    ordered   does the file tell in which order the layers stand?
    """

    def __init__(self, path: str | os.PathLike):
        self.path, self.name = path, repr(os.fspath(path))
        self.h5py = _import_h5py()
        # for the usual words if there is no such file, or no right to read it
        with open(path, "rb"):
            pass
        with self.complaints():
            self.told: Any = None
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    self.told = json.loads(archive.read("config.json"))
                    self.file = self.h5py.File(io.BytesIO(archive.read("model.weights.h5")))
            else:
                self.file = self.h5py.File(path)
                if "model_config" in self.file.attrs:
                    self.told = json.loads(self.file.attrs["model_config"])
            self.root = self.file.get("model_weights", self.file)
            self.old = "layer_names" in self.root.attrs or "layer_names0" in self.root.attrs
        self.ordered = self.old or bool(self.told and is_model(self.told))

    def __enter__(self) -> KerasFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self.file.close()

    @contextmanager
    def complaints(self) -> Iterator[None]:
        """Turns what readers say of a damaged file into one sentence."""
        try:
            yield
        except (OSError, KeyError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
            why = " ".join(str(error).split())
            raise refusal(
                ValueError,
                f"{self.name} is not a weight file of Keras, or only a part of one ({why}); "
                "nothing was loaded.",
                "a file of model.save('x.keras') or model.save_weights('x.weights.h5')",
            ) from error

    def config(self) -> dict[str, Any]:
        if self.told is None or self.old:
            raise refusal(
                ValueError,
                f"{self.name} does not tell what the layers are as .keras files do.",
                "load_keras_weights(model, path), with the same layers; or save as .keras in Keras",
            )
        return self.told

    def arrays(self, place: Place, row: Row) -> list[np.ndarray]:
        """The weights of a layer, in Keras's order."""
        with self.complaints():
            found = [a for part in row.files for a in self._in_group(place.group + part)]
        return [self.read(array) for array in found]

    def read(self, array: Any) -> np.ndarray:
        with self.complaints():
            return np.asarray(array[()])

    def stored(self) -> list[Stored]:
        """Every layer with weights: in the order of the model if it is told, else by name."""
        with self.complaints():
            if not (self.told and is_model(self.told)):
                return list(self._old_groups() if self.old else self._groups())
            found = self._of_config(self.told["config"], Place())
            return [stored for stored in found if stored.arrays]

    def _of_config(self, config: dict[str, Any], place: Place) -> Iterator[Stored]:
        for entry, where in inside(config, place):
            if is_model(entry):
                yield from self._of_config(entry["config"], where)
            elif not is_operation(entry):
                arrays = self._old(where) if self.old else [
                    a for part in PARTS for a in self._in_group(where.group + part)
                ]  # fmt: skip
                names = {where.names[-1], ".".join(where.names)}
                group = "/".join(where.names) if self.old else where.group.strip("/")
                yield Stored(names, snake_case(entry["class_name"]), group, arrays)

    def _in_group(self, group: str) -> list[Any]:
        """The arrays of layers/dense/vars, as they are numbered."""
        variables = self.file.get(f"{group.rstrip('/')}/vars", {})
        return [self._checked(variables[key]) for key in sorted(variables, key=int)]

    def _groups(self) -> Iterator[Stored]:
        """The layers of a file that holds arrays alone."""
        found: dict[str, None] = {}
        self.file.visit(lambda name: found.setdefault(name) if name.endswith("/vars") else None)
        layers: dict[str, list[Any]] = {}
        for name in found:
            group = name.removesuffix("/vars")
            part = max((p for p in PARTS if p and group.endswith(f"/{p}")), key=len, default="")
            group = group.removesuffix(f"/{part}") if part else group
            if group.split("/")[0] in NOT_LAYERS or "seed_generator" in group:
                continue
            if self._in_group(name.removesuffix("/vars")):
                layers.setdefault(group, [])
        for group in sorted(layers, key=_by_numbers):
            arrays = [a for part in PARTS for a in self._in_group(f"{group}/{part}")]
            own = group.split("/")
            names = [self._name("/".join(own[: i + 1])) for i in range(len(own))]
            called = [name for name in names if name]
            attributes = ".".join(part for part in own if part != "layers")
            words = {called[-1] if called else "", ".".join(called), attributes} - {""}
            yield Stored(words, re.sub(r"_\d+$", "", own[-1]), group, arrays)

    def _name(self, group: str) -> str:
        variables = self.file.get(f"{group}/vars")
        return "" if variables is None else str(variables.attrs.get("name", ""))

    def _old_groups(self) -> Iterator[Stored]:
        for name in _words(self.root, "layer_names"):
            arrays = self._old(Place((name,)))
            if arrays:
                yield Stored({name}, "", name, arrays)

    def _old(self, place: Place) -> list[Any]:
        """The arrays of a layer in an old file, where what is in a model stands in the model's group."""
        first, last = place.names[0], place.names[-1]
        if first not in self.root:
            return []
        group = self.root[first]
        words = _words(group, "weight_names")
        if len(place.names) > 1:
            words = [word for word in words if last in word.split("/")[:-1]]
        return [self._checked(group[word]) for word in words]

    def _checked(self, array: Any) -> Any:
        """An array whose numbers are in this file and not, by a link, somewhere else on the machine."""
        if not isinstance(array, self.h5py.Dataset) or array.external or array.is_virtual:
            raise ValueError(f"{getattr(array, 'name', array)} is no array of this file")
        if array.file != self.file:
            raise ValueError(f"{array.name} lies in another file")
        return array


NOT_LAYERS = ("optimizer", "metrics", "_metrics", "compile_metrics", "loss_tracker")


def _words(group: Any, name: str) -> list[str]:
    """A list of words among the attributes; a long one stands there in pieces."""
    pieces = [group.attrs[name]] if name in group.attrs else []
    while f"{name}{len(pieces)}" in group.attrs:
        pieces.append(group.attrs[f"{name}{len(pieces)}"])
    words = [word for piece in pieces for word in piece]
    return [word.decode() if isinstance(word, bytes) else str(word) for word in words]


def _by_numbers(group: str) -> list[tuple[str, int]]:
    """dense, dense_2, dense_10: in this order."""
    parts = (re.fullmatch(r"(.*?)(?:_(\d+))?", part) for part in group.split("/"))
    return [(part[1], int(part[2] or 0)) for part in parts if part]


def _import_h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise refusal(
            ImportError,
            "weight files of Keras are read with h5py, which is not installed.",
            "python -m pip install -e '.[weights]' in the folder of this project",
        ) from error
    return h5py


# -------------------------------------------------------------------------------------- our side


def _layers_with_weights(module: Module) -> Iterator[Ours]:
    """The outermost layers that Keras has, in a module of any kind."""
    outer: list[str] = []
    for path, layer in module.named_modules():
        if any(path.startswith(f"{known}.") or not known for known in outer):
            continue
        kind = kind_of(layer)
        if kind is None or kind in ARRANGING:
            continue
        outer.append(path)
        kept = kept_in(layer)
        if kept:
            yield Ours(path, layer, LAYERS[kind], kept)


def _without_layer(module: Module, mine: list[Ours]) -> list[str]:
    """Parameters that are in no layer which Keras has."""
    known = {id(kept) for ours in mine for kept in ours.kept}
    kept = [*module.named_parameters(), *module.named_buffers()]
    return [
        f"{path} {k.shape} is in none of the layers that Keras has"
        for path, k in kept if id(k) not in known
    ]  # fmt: skip


def _pairs(
    mine: list[Ours], stored: list[Stored], module: Module, ordered: bool
) -> tuple[list[tuple[Ours, Stored]], list[str]]:
    """Who gets what, and what is left over on either side."""
    by_name = {ours.path: [s for s in stored if ours.path in s.names] for ours in mine}
    if all(len(found) == 1 for found in by_name.values()):
        pairs = [(ours, by_name[ours.path][0]) for ours in mine]
    elif ordered or all(s.group.count("layers/") <= 1 for s in stored):
        pairs = _by_order(mine, stored)
    else:
        groups = {path: group for path, group in _groups_of(module, "", "")}
        at = {s.group: s for s in stored}
        pairs = [(o, at[groups[o.path]]) for o in mine if groups.get(o.path) in at]
    got = {id(ours.layer) for ours, _ in pairs}
    used = {theirs.group for _, theirs in pairs}
    wrong = [
        f"{o.path or 'the model'}, {o.layer!r}: the file has no {o.row.keras} left for it"
        for o in mine if id(o.layer) not in got
    ]  # fmt: skip
    wrong += [
        f"{s.group} of the file, with {_shapes(s.arrays)}, has no place in the model"
        for s in stored if s.group not in used
    ]  # fmt: skip
    return pairs, wrong


def _by_order(mine: list[Ours], stored: list[Stored]) -> list[tuple[Ours, Stored]]:
    """The first Linear gets the first Dense, and so on; without classes, the first gets the first."""
    if not all(s.word for s in stored):
        return list(zip(mine, stored, strict=False))
    pairs = []
    left = list(stored)
    for ours in mine:
        found = next((s for s in left if s.word == ours.word), None)
        if found is not None:
            left.remove(found)
            pairs.append((ours, found))
    return pairs


def _groups_of(layer: Any, path: str, group: str) -> Iterator[tuple[str, str]]:
    """(path, group) of our layers in the file of a Keras model that is nested as ours is."""
    seen: Counter[str] = Counter()
    for name, part in inner(layer) or []:
        kind = kind_of(part)
        if kind is None or kind is Merge:
            continue
        word = "sequential" if kind is nn.Sequential else "functional"
        word = word if kind in ARRANGING else snake_case(LAYERS[kind].keras)
        inside_it = f"{group}layers/{_numbered(word, seen)}"
        yield join(path, name), inside_it
        yield from _groups_of(part, join(path, name), f"{inside_it}/")


def _differences(ours: Ours, theirs: Stored) -> Iterator[str]:
    names = _names_of(ours)
    if len(theirs.arrays) != len(ours.kept):
        told = ", ".join(f"{n} {k.shape}" for n, k in zip(names, ours.kept, strict=True))
        yield f"{told}: {theirs.group} of the file has {_shapes(theirs.arrays)}"
        return
    for name, kept, shape, array in zip(
        names, ours.kept, keras_shapes(ours.layer, ours.kept), theirs.arrays, strict=True
    ):
        if array.shape not in (shape, (1,) * (array.ndim - len(shape)) + shape):
            yield f"{name} is {array.shape} in {theirs.group} of the file, the model's is {shape}"
        elif not np.can_cast(array.dtype, kept.dtype):
            yield f"{name} is {array.dtype} in {theirs.group} of the file, the model's is {kept.dtype}"


def keras_shapes(layer: Any, kept: list[Any]) -> list[tuple[int, ...]]:
    """The shapes that Keras gives our weights: those of attention have an axis for the heads."""
    if not isinstance(layer, nn.MultiHeadAttention):
        return [k.shape for k in kept]
    looks, says = (layer.heads, layer.key_dim), (layer.heads, layer.value_dim)
    own, other = layer.inputs, layer.context_inputs
    return [
        (own, *looks), looks, (other, *looks), looks, (other, *says), says, (*says, own), (own,)
    ]  # fmt: skip


def _names_of(ours: Ours) -> list[str]:
    """The paths of what a layer keeps, in the order of `kept_in`."""
    paths = {
        id(k): path for path, k in (*ours.layer.named_parameters(), *ours.layer.named_buffers())
    }
    return [join(ours.path, paths[id(kept)]) for kept in ours.kept]


def _shapes(arrays: list[Any]) -> str:
    return ", ".join(f"{array.shape} {array.dtype}" for array in arrays) or "nothing"
