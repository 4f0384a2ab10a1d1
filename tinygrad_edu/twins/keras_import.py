"""Our model from a Keras model, or from a file of one: `to_keras` in the other direction.

Keras describes a model in nested dicts, its *config*: the class and arguments of each layer, and in a
functional model the calls. A `.keras` file holds the same config as JSON, beside the arrays. So one reader
serves both, and reading a file needs no Keras.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import refusal, shortened, user_line
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.recurrent import Recurrent
from tinygrad_edu.twins.graph import MERGES, Call, Graph, Merge, Reference
from tinygrad_edu.twins.implicit_masks import OF_MASKED, passes_masks, with_masks
from tinygrad_edu.twins.keras_export import import_keras
from tinygrad_edu.twins.layer_table import (
    KEPT,
    ROWS,
    Row,
    as_list,
    kept_in,
    statistics_of_steps,
    variables_of,
)
from tinygrad_edu.twins.weights import (
    is_functional,
    is_model,
    is_operation,
    read_file,
    snake_case,
)

Place = tuple[str, ...]  # names of layers, from model to model


def from_keras(model: Any) -> Module:
    """Our model that computes what a Keras model does, with the same weights.

    model   a Sequential or functional Keras model; or the path of a `.keras` file, which is read with
            h5py alone: neither Keras nor TensorFlow is imported

    A Sequential becomes a `nn.Sequential`, and a functional model a `Graph` whose layers have Keras's names.
    Models within models stay nested, and a layer that several models share is shared here, too. (A file
    does not tell that two models share a layer.) `activation="relu"` of a Dense or a convolution becomes a
    layer after it. Weights are copies, bit for bit, in Keras's dtype; regularizers, constraints and frozen
    layers are kept. Keras passes the mask of an Embedding(mask_zero=True) on implicitly; here it becomes an
    argument of each layer that uses it (so a Sequential with such an Embedding becomes a `Graph`).

    Raises TypeError with the list of everything that has no counterpart here: layer, class and reason;
    ValueError for a model without weights yet, and for a file that is damaged or something else;
    FileNotFoundError, ImportError without h5py.

    >>> twin = to_keras(nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh()))  # doctest: +SKIP
    >>> from_keras(twin)  # doctest: +SKIP
    Sequential(
      0: Linear(4, 8)
      1: Tanh()
    )
    """
    if not isinstance(model, (str, os.PathLike)):
        config = _config_of(model)
        layers = list(_layers_of(model))
        arrays = {place: [np.asarray(v.numpy()) for v in layer.weights] for place, layer in layers}
        first = {id(layer): place for place, layer in reversed(layers)}
        return Reader(arrays, {place: first[id(layer)] for place, layer in layers}).read(config)
    file = read_file(model)
    if file.config is None:
        raise refusal(
            ValueError,
            f"{file.name} does not tell what the layers are as .keras files do.",
            "load_keras_weights(model, path), with the same layers; or save as .keras in Keras",
        )
    return Reader({layer.place: layer.arrays for layer in file.layers}).read(file.config)


def _config_of(model: Any) -> dict[str, Any]:
    keras = import_keras() if "keras" in sys.modules else None
    if keras is None or not isinstance(model, keras.Model):
        raise refusal(
            TypeError,
            f"from_keras takes a Keras model or the path of a .keras file, not {shortened(model)}.",
            "from_keras(keras.Sequential([layer])) for a layer alone",
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise refusal(
            ValueError,
            f"the Sequential {model.name!r} has no weights before it knows the size of its input.",
            "keras.Input(shape) as its first layer, or model.build((None, ...))",
        )
    # Keras cannot write down an activation that was set to None later.
    parts = [
        part for _, layer in _layers_of(model) for part in (layer, getattr(layer, "cell", None))
    ]
    without = [part for part in parts if part and vars(part).get("activation", "") is None]
    try:
        for part in without:
            part.activation = keras.activations.linear
        return _with_repeated(model, keras.saving.serialize_keras_object(model))
    except NotImplementedError as error:  # raised for one layer: name all that it may be
        foreign = [
            f"{place[-1]}: {type(layer).__name__} is a class of its own, which Keras cannot write down"
            for place, layer in _layers_of(model)
            if not type(layer).__module__.startswith("keras.")
        ]
        raise _refusal(foreign) from error
    finally:
        for part in without:
            part.activation = None


def _layers_of(model: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """(place, layer) of the layers that are not models, those in inner models included."""
    for layer in model.layers:
        here = (*place, layer.name)
        inner = next(
            (m for m in (layer, getattr(layer, "layer", None)) if hasattr(m, "layers")), None
        )
        yield from [(here, layer)] if inner is None else _layers_of(inner, here)


def _with_repeated(model: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The config with the layers that a Sequential applies several times, which Keras writes down once."""
    if not is_model(entry):
        return entry
    named = {inner["config"]["name"]: inner for inner in entry["config"]["layers"]}
    for layer in model.layers:
        named[layer.name] = _with_repeated(layer, named[layer.name])
    layers = list(named.values())
    if "input_layers" not in entry["config"]:
        names = {layer.name for layer in model.layers}
        layers = [inner for name, inner in named.items() if name not in names]
        layers += [named[layer.name] for layer in model.layers]
    return {**entry, "config": {**entry["config"], "layers": layers}}


def _refusal(wrong: list[str]) -> TypeError:
    return TypeError(
        f"from_keras has no counterpart for {len(wrong)} of the layers:\n  "
        + "\n  ".join(wrong)
        + f"{user_line()}\n  Try: a layer that tinygrad_edu.twins.layer_table.ROWS lists, or add a row there"
    )


class Refused(Exception):
    """A layer has no counterpart, for this reason."""


class Reader:
    """Makes a layer of ours for each layer of a config, and notes in `wrong` what it cannot make.

    arrays   the weights of the layers, in Keras's order
    first    place of a layer -> the first of its places, if it is used in several models
    """

    def __init__(
        self, arrays: Mapping[Place, list[np.ndarray]], first: Mapping[Place, Place] | None = None
    ):
        self.arrays, self.first, self.wrong = arrays, first or {}, dict[Place, str]()
        self.made: dict[Place, list[Module]] = {}  # by first place
        self.policy: str | None = None  # the dtype of the layers

    def read(self, entry: dict[str, Any]) -> Module:
        if not is_model(entry):
            raise refusal(
                TypeError,
                "from_keras reads Sequential and functional models, but "
                f"{entry.get('class_name')} is a class with a call() of its own, which is a "
                "program.",
                "the same layers as a functional model; or that class as a nn.Module, and "
                "load_keras_weights",
            )
        made = self.model(entry["config"], ())
        if self.wrong:
            raise _refusal(list(self.wrong.values()))
        return made

    def model(self, config: dict[str, Any], place: Place) -> Module:
        if "input_layers" not in config:
            masked = with_masks(config, within=bool(place))
            if masked is None:
                entries = [(entry, (*place, entry["config"]["name"])) for entry in config["layers"]]
                return nn.Sequential(*(layer for e, p in entries for _, layer in self.steps(e, p)))
            config = masked
        return self.positions(config, place) if _is_positions(config) else self.graph(config, place)

    def refuse(self, place: Place, why: str) -> None:
        """Notes why a layer has no counterpart; the first reason, if there are several."""
        self.wrong.setdefault(place, f"{'.'.join(place) or 'the model itself'}{why}")

    # ---- a functional model

    def graph(self, config: dict[str, Any], place: Place) -> Module:
        """The layers, and their calls in an order in which every result is there when it is needed."""
        layers: dict[str, Module] = {}
        results: dict[tuple[str, int], Reference] = {}  # (layer, which call) -> result
        shapes: dict[str, tuple[int | None, ...]] = {}
        waiting = []
        functional: set[str] = set()
        taken = {entry["config"]["name"] for entry in config["layers"]}
        for entry in config["layers"]:
            name, nodes = entry["config"]["name"], entry["inbound_nodes"]
            where = (*place, name)
            if any(not isinstance(node, dict) for node in nodes):
                raise refusal(
                    ValueError,
                    f"the calls of {'.'.join(where)} are written in the format of Keras 2.",
                    "load the model in Keras 3 and save it again",
                )
            if entry["class_name"] == "InputLayer":
                results[name, 0] = Reference(name)
                shapes[name] = tuple(entry["config"]["batch_shape"][1:])
                continue
            steps = self.steps(entry, where, nodes)
            steps[1:] = [(_free(name, taken), layer) for name, layer in steps[1:]]
            layers |= dict(steps)
            waiting += [(where, entry, steps, i, node) for i, node in enumerate(nodes)]
            if is_functional(entry):
                functional.add(name)

        calls: list[Call] = []
        masked: set[tuple[str, int]] = set()  # results that carry an implicit mask
        while waiting:
            ready = [w for w in waiting if all(h[:2] in results for h in _histories(w[-1]))]
            if not ready:
                names = ", ".join(".".join(where) for where, *_ in waiting)
                raise refusal(ValueError, f"these calls wait for each other: {names}.")
            for where, entry, steps, i, node in ready:
                result = where[-1], i
                results[result] = self.call(where, entry, steps, i, node, results, layers, calls)
                given = {name: x for name, x in node["kwargs"].items() if "mask" not in name}
                comes = any(h[:2] in masked for h in _histories([node["args"], given]))
                if comes and steps and isinstance(steps[0][1], ATTENTION):
                    self.refuse(where, f": {entry['class_name']} {OF_MASKED}")
                if entry["config"].get("mask_zero") or (comes and passes_masks(entry)):
                    masked.add(result)
            waiting = [w for w in waiting if w not in ready]
        ends = [  # here, and only here, Keras counts the definition of a functional model as its call 0
            (name, call - (name in functional), part)
            for name, call, part in _references(config["output_layers"])
        ]
        if place and any(end[:2] in masked for end in ends):
            self.refuse(place, ": a model whose mask passes, implicitly, to the model around it")
        outputs = [_at(end, results, layers) for end in ends]
        inputs = [name for name, *_ in _references(config["input_layers"])]
        return Graph(layers, calls, inputs, outputs, [shapes[name] for name in inputs])

    def call(
        self,
        where: Place,
        entry: Any,
        steps: Any,
        i: int,
        node: Any,
        results: Any,
        layers: Any,
        calls: Any,
    ) -> Reference:
        """Adds the calls of a layer and of the activation after it; returns the last result."""
        try:
            arguments, keywords = _given(entry, steps, node, results, layers)
        except Refused as why:
            self.refuse(where, f": {entry['class_name']} {why}")
            arguments, keywords = [Reference("")], {}
        result = arguments[0]  # of Activation("linear"), which has no steps
        for name, _ in steps:
            result = Reference(name if i == 0 else f"{name}, call {i + 1}")
            calls.append(Call(result.result, name, tuple(arguments), keywords))
            arguments, keywords = [result], {}
        return result

    def positions(self, config: dict[str, Any], place: Place) -> Module:
        """nn.Positions, from the small model that `to_keras` makes of it."""
        (own,) = (e["config"] for e in config["layers"] if e["class_name"] == "Embedding")
        (table,) = self.arrays[*place, own["name"]]
        made = nn.Positions(*table.shape, dtype=table.dtype)
        made.W.data[...] = table
        return made if own["trainable"] else made.freeze()

    # ---- one layer

    def steps(self, entry: Any, place: Place, nodes: Any = ()) -> list[tuple[str, Module]]:
        """(name, layer) of a layer and of its activation; empty if it does nothing."""
        first = self.first.get(place, place)
        new = first not in self.made
        try:
            made = self.made[first] if not new else self.layers(entry, place)
            self.made[first] = made
            if made and isinstance(made[0], ATTENTION) and nodes:
                _set_causal(made[0], nodes, new)
        except Refused as why:
            self.refuse(place, f": {entry['class_name']} {why}")
            made = [nn.Sequential()]
        if not made:
            return []
        names = [f"{place[-1]}_{type(after).__name__.lower()}" for after in made[1:]]
        return list(zip([place[-1], *names], made, strict=True))

    def layers(self, entry: Any, place: Place) -> list[Any]:
        """Our layer for one of Keras, and that of its activation; empty if it does nothing."""
        kind, config = entry["class_name"], dict(entry["config"])
        if kind in ("InputLayer", "Identity"):
            return []
        if is_model(entry):
            return [self.model(config, place)]
        if is_operation(entry):
            return [_operation(kind, config)]
        policy = _policy(config)
        self.policy = self.policy or policy
        if policy not in (None, "float32", "float64"):
            raise Refused(f"with the dtype policy {policy} (float32 or float64)")
        if policy not in (None, self.policy):
            raise Refused(f"with dtype={policy!r} in a model of {self.policy}")
        if kind in MERGES and kind != "NotEqual":
            return [Merge(kind, *([config["axis"]] if kind == "Concatenate" else []))]
        if kind == "Activation":
            return _activation(config["activation"])
        after, inner = [], {"class_name": kind, "config": config}
        if kind in WRAPPERS:
            inner = config["layer"] = {**config["layer"], "config": dict(config["layer"]["config"])}
        if kind == "TimeDistributed" and is_model(inner):
            return [_at_every_step(nn.TimeDistributed(self.model(inner["config"], place)))]
        if config.get("axis") in (_rank(entry) - 1, [_rank(entry) - 1]):
            config["axis"] = -1
        if inner["class_name"] not in ACTIVATION_INSIDE and "activation" in inner["config"]:
            after = _activation(inner["config"].pop("activation"))
        row, arrays = _row_of(kind, config), self.arrays.get(place, [])
        arrays = row.order(arrays) if arrays else []
        layer = self.leaf(row, entry, config, arrays)
        if arrays:
            raise Refused(f"which has further weights of {', '.join(str(a.shape) for a in arrays)}")
        return [_at_every_step(layer), *after]

    def leaf(self, row: Row, entry: Any, config: dict, arrays: list[np.ndarray]) -> Any:
        """Our layer for one of Keras, with the first of the weights, which it takes off the list."""
        _demand_known(row, config)
        trainable = config.get("trainable", True)
        if row.parts:
            made = self.composed(row, config, arrays)
            return made if trainable else made.freeze()
        given = _settings(row, config)
        shapes = [array.shape for array in arrays]
        if row.inputs:
            try:
                given["inputs"] = row.inputs(shapes, config)
            except IndexError as error:
                raise Refused(
                    "has no weights: build the model (a file stores a layer that two models share once)"
                ) from error
            if given["inputs"] is None:  # a layer without weights
                given["inputs"] = _channels(entry)
        # Of a class, Python 3.11.2 would give the signature of Module.__new__.
        takes = inspect.signature(row.ours.__init__).parameters
        if arrays and ("dtype" in takes or row.ours is nn.LoRALinear):
            given["dtype"] = arrays[0].dtype
        layer = _made(row, given, config)
        if isinstance(layer, nn.EinsumDense) and arrays:
            layer.build(tuple(n or 1 for n in entry["build_config"]["input_shape"][1:]))
        if isinstance(layer, nn.BatchNorm) and not (layer.parameters() or trainable):
            raise Refused("frozen, without gamma and beta to freeze here")
        kept = kept_in(layer)
        own, arrays[:] = arrays[: len(kept)], arrays[len(kept) :]
        if [k.data.size for k in kept] != [array.size for array in own]:
            raise Refused(f"whose weights are {', '.join(map(str, shapes))}")
        for mine, array in zip(kept, own, strict=True):
            mine.data[...] = array.reshape(mine.shape)
        _set_regularizers(layer, row, config)
        return layer if trainable else layer.freeze()

    def composed(self, row: Row, config: dict, arrays: list[np.ndarray]) -> Any:
        """Our layer that is made of others."""
        parts = []
        for argument in row.parts.values():
            for entry in as_list(config[argument]):
                kind = entry["class_name"]
                settings = {**entry["config"], "zero_output_for_mask": False}  # as in Bidirectional
                try:
                    parts.append(self.leaf(_row_of(kind, settings), entry, settings, arrays))
                except Refused as why:
                    raise Refused(f"with {argument}={kind} {why}") from why
        settings = _settings(row, config)
        layer = _made(row._replace(made=lambda given: row.ours(*parts, **given)), settings, config)
        for name, buffer in layer.named_buffers():
            if "." not in name:  # of its own; those of the parts are set
                buffer.data[...] = arrays.pop(0)
        return layer


# ------------------------------------------------------------------------------- reading one layer

ATTENTION = (nn.MultiHeadAttention, nn.AdditiveAttention)
# Layers around another one, whose activation becomes a layer after them.
WRAPPERS = {"TimeDistributed", "SpectralNormalization"}
# Layers whose activation is part of their formula.
ACTIVATION_INSIDE = {"SimpleRNN", "LSTM", "GRU", "Activation"}
# Arguments that do not change what is computed.
OF_NO_EFFECT = {
    "name", "trainable", "dtype", "seed", "shared_axes", "unroll", "implementation", "use_cudnn",
    "unit_forget_bias", "renorm_momentum", "batch_shape", "batch_input_shape",
    "layer", "backward_layer", "cell", "cells", "flash_attention", "synchronized",
}  # fmt: skip
UNKNOWN = {
    "Lambda": "is a function of Python",
    "Masking": "passes on a mask of vectors (Embedding(mask_zero=True) is known)",
}
# Functions of keras.ops of two results.
BINARY = {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "NotEqual"}


def _row_of(kind: str, config: dict[str, Any]) -> Row:
    """The row of a class in Keras that fits the settings best."""
    rows = [row for row in ROWS if row.keras == kind]
    if not rows:
        raise Refused(UNKNOWN.get(kind, "has no row"))
    return min(rows, key=lambda row: len(_other_than(row.always, config)))


def _other_than(always: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """The arguments that differ from the one value that they have in our layer."""
    other = []
    for name, value in always.items():
        given = config.get(name, value)
        given = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
        if given != value and not (name == "attention_axes" and given is None):
            other.append(f"{name}={given!r} (here it is {value!r})")
    return other


def _set_causal(layer: Any, nodes: Any, new: bool) -> None:
    """Makes attention causal if all its calls are; a layer that is not new has been called elsewhere."""
    causal = {bool(node["kwargs"].get("use_causal_mask")) for node in nodes}
    if len(causal | (set() if new else {layer.causal})) > 1:
        raise Refused("called both with and without use_causal_mask")
    layer.causal = causal == {True}


def _channels(entry: dict[str, Any]) -> int | None:
    """The length of the last axis of the (first) input."""
    shape = (entry.get("build_config") or {}).get("input_shape") or [None]
    return shape[0][-1] if isinstance(shape[0], (list, tuple)) else shape[-1]


def _rank(entry: dict[str, Any]) -> int:
    """The number of axes of the input, 0 if it is not known."""
    shape = (entry.get("build_config") or {}).get("input_shape") or [[]]
    return 0 if isinstance(shape[0], (list, tuple)) else len(shape)


def _policy(config: dict[str, Any]) -> str | None:
    """The dtype in which a layer computes."""
    policy = config.get("dtype")
    return policy["config"]["name"] if isinstance(policy, dict) else policy


def _demand_known(row: Row, config: dict[str, Any]) -> None:
    """Refuses every argument that our layer does not have, unless it is off."""
    wrong = _other_than(row.always, config)
    kept = [f"{variable}_{word}" for variable in row.variables for word, *_ in KEPT]
    known = {*row.settings.values(), *row.always, *kept, *OF_NO_EFFECT}
    for name, value in config.items():
        off = value in (None, False, 0, "auto") or value == []
        if name not in known and not name.endswith("_initializer") and not off:
            is_object = isinstance(value, dict) and "class_name" in value
            wrong.append(f"{name}={value['class_name'] if is_object else shortened(value)}")
    if wrong:
        raise Refused(f"with {', '.join(wrong)}")


def _settings(row: Row, config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of our layer."""
    settings = {ours.rpartition(".")[2]: theirs for ours, theirs in row.settings.items()}
    return {ours: _plain(theirs, config[theirs]) for ours, theirs in settings.items()}


def _plain(name: str, value: Any) -> Any:
    """Tuples for lists; 3 for (3, 3) and for [3], where our layers take either."""
    if isinstance(value, (list, tuple)):
        value = tuple(_plain("", part) for part in value)
        if name.endswith(("size", "strides", "dilation_rate", "axis")):
            return value[0] if len(set(value)) == 1 and isinstance(value[0], int) else value
    return value


def _made(row: Row, settings: dict[str, Any], config: dict[str, Any]) -> Any:
    try:
        return row.made(settings) if row.made else row.ours(**settings)
    except (TypeError, ValueError) as error:  # our own layer refuses its arguments
        first = str(error).split("\n")[0]
        told = [
            f"{theirs}={shortened(config[theirs])}"
            for ours, theirs in row.settings.items() if ours.rpartition(".")[2] in first
        ]  # fmt: skip
        raise Refused(f"with {', '.join(told) or 'these arguments'}: {first}") from error


def _activation(given: Any) -> list[Module]:
    """The layer of an activation, which is given by its name or as a layer; empty for "linear"."""
    if given in (None, "linear"):
        return []
    if isinstance(given, dict) and given.get("class_name") == "function":
        given = given["config"]
    if isinstance(given, dict) and "class_name" not in given:
        raise Refused("with activation=a function of Python")
    if isinstance(given, dict):
        row = _row_of(given["class_name"], given["config"])
        if row.variables:
            raise Refused(f"with the activation {given['class_name']}, which has weights")
        _demand_known(row, given["config"])
        return [row.ours(**_settings(row, given["config"]))]
    named = _row_of_activation(given)
    if named is None:
        raise Refused(f"with activation={given!r}")
    return [_made(named, {}, {})]


def _at_every_step(layer: Any) -> Any:
    """The layer, unless it is a TimeDistributed that Keras computes in another way."""
    why = statistics_of_steps(layer) if isinstance(layer, nn.TimeDistributed) else ""
    if why:
        raise Refused(f"with {why}")
    return layer


def _row_of_activation(name: str) -> Row | None:
    return next((row for row in ROWS if row.always.get("activation") == name and
                 row.keras == "Activation"), None)  # fmt: skip


def _operation(kind: str, config: dict[str, Any]) -> Module:
    """A function of keras.ops that was called on a result: x + y, keras.ops.relu(x)."""
    settings = {
        {"default_value": "value"}.get(name, name): value
        for name, value in config.items() if name != "name" and value is not None
    }  # fmt: skip
    if kind == "Concatenate":
        return Merge(kind, **settings)
    if kind in BINARY and not settings:
        return Merge(kind)
    row = _row_of_activation(snake_case(kind))
    if row and settings.keys() <= inspect.signature(row.ours.__init__).parameters.keys():
        return row.ours(**settings) if settings else _made(row, {}, {})
    told = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    raise Refused(f"(of keras.ops){f' with {told}' if told else ''} has no counterpart")


def _set_regularizers(layer: Any, row: Row, config: dict[str, Any]) -> None:
    """Gives the parameters of a layer Keras's regularizers and constraints."""
    parameters = {variable: parameter for parameter, variable in variables_of(layer)}
    for variable in row.variables:
        for word, _, known in KEPT:
            given = config.get(f"{variable}_{word}")
            if not given or variable not in parameters:
                continue
            kind = next((ours for ours in known if known[ours][0] == given["class_name"]), None)
            if kind is None or len(layer.parameters()) > len(row.variables):
                raise Refused(f"with {variable}_{word}={given['class_name']}")
            settings = {name: _plain("axis", given["config"][name]) for name in known[kind][1:]}
            setattr(parameters[variable], word, kind(**settings))


# ---------------------------------------------------------------------------------- reading a call


def _references(thing: Any) -> list[tuple[str, int, int]]:
    """(layer, which call, which result) of one, a list, or a dict of them."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if thing and isinstance(thing[0], str):
        return [tuple(thing[:3])]
    return [reference for part in thing for reference in _references(part)]


def _histories(thing: Any) -> Iterator[tuple[str, int, int]]:
    """The results that a call needs, wherever they are in its arguments."""
    if isinstance(thing, dict) and thing.get("class_name") == "__keras_tensor__":
        yield tuple(thing["config"]["keras_history"])
    elif isinstance(thing, (dict, list, tuple)):
        for part in thing.values() if isinstance(thing, dict) else thing:
            yield from _histories(part)


def _at(history: tuple[str, int, int], results: Any, layers: dict[str, Any]) -> Reference:
    name, call, part = history
    several = _gives_several(layers.get(name))
    return Reference(results[name, call].result, part) if several else results[name, call]


def _gives_several(layer: Any) -> bool:
    if isinstance(layer, Graph):
        return len(layer.outputs) > 1
    layer = layer.forwards if isinstance(layer, nn.Bidirectional) else layer
    return isinstance(layer, Recurrent) and layer.return_state


def _free(name: str, taken: set[str]) -> str:
    """A name for an activation that no layer of the model has."""
    while name in taken:
        name += "_"
    return name


def _given(
    entry: dict[str, Any], steps: list, node: dict[str, Any], results: Any, layers: Any
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call of ours, by position and by name."""

    def here(thing: Any) -> Any:
        if isinstance(thing, dict) and thing.get("class_name") == "__keras_tensor__":
            return _at(thing["config"]["keras_history"], results, layers)
        return [here(part) for part in thing] if isinstance(thing, (list, tuple)) else thing

    arguments = [here(thing) for thing in node["args"]]
    keywords = {
        name: here(thing) for name, thing in node["kwargs"].items()
        if not _nothing(thing) and name not in ("training", "use_causal_mask")
    }  # fmt: skip
    layer = steps[0][1] if steps else None
    if isinstance(layer, ATTENTION):
        return _of_attention(_flat(arguments), keywords)
    takes: tuple[str, ...] = ()
    if isinstance(layer, (Recurrent, nn.Bidirectional)):
        takes = ("initial_state", "mask")
    elif isinstance(layer, nn.BatchNorm) or type(layer) is nn.GlobalAvgPool1d:
        takes = ("mask",)
    elif isinstance(layer, (Graph, nn.Sequential, nn.Dot)) or entry["class_name"] in MERGES:
        arguments = _flat(arguments)
    elif not is_operation(entry) and len(arguments) != 1:
        raise Refused(f"called with {len(arguments)} arguments")
    foreign = [name for name in keywords if name not in takes]
    if foreign:
        raise Refused(f"called with {', '.join(foreign)}")
    return arguments, keywords


def _nothing(thing: Any) -> bool:
    """None, False, or a list of them, such as one absent mask for each of several inputs."""
    return all(map(_nothing, thing)) if isinstance(thing, (list, tuple)) else thing in (None, False)


def _of_attention(arguments: list, keywords: dict) -> tuple[list[Any], dict[str, Any]]:
    given = dict(zip(("query", "value", "key"), arguments, strict=False)) | keywords
    query, value = given.pop("query"), given.pop("value")
    if given.pop("key", value) != value:
        raise Refused("called with a key that is not the value")
    words = {"attention_mask": "mask", "value_mask": "key_mask", "key_mask": "key_mask"}
    foreign = [name for name in given if name not in words]
    if foreign:
        raise Refused(f"called with {', '.join(foreign)}")
    masks = {words[name]: mask for name, mask in given.items()}
    return [query] if value == query else [query, value], masks


def _flat(things: Any) -> list[Any]:
    """Several results, which Keras passes as a list, a tuple or a dict."""
    if isinstance(things, dict):
        things = list(things.values())
    if isinstance(things, Reference) or not isinstance(things, (list, tuple)):
        return [things]
    return [one for part in things for one in _flat(part)]


def _is_positions(config: dict[str, Any]) -> bool:
    """True for the small model that `to_keras` makes of nn.Positions."""
    kinds = ["Add", "Cumsum", "Embedding", "GetItem", "InputLayer", "OnesLike", "Subtract"]
    return sorted(entry["class_name"] for entry in config["layers"]) == kinds
