"""Our model from a Keras model, or from a file of one: `to_keras`, the other way.

Keras tells of a model in nested dicts, its *config*: the class of each layer, its arguments, and in a
functional model the calls, as "the third result of lstm, called for the first time". A `.keras` file
holds the same config as JSON, beside the arrays. So one reader does for both, and the file needs no
Keras.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import refusal, shortened, user_line
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.recurrent import Recurrent
from tinygrad_edu.twins.graph import MERGES, Call, Graph, Merge, Reference
from tinygrad_edu.twins.keras_export import import_keras
from tinygrad_edu.twins.layer_table import KEPT, ROWS, Row, kept_in, variables_of
from tinygrad_edu.twins.weights import KerasFile, Place, inside, is_model, is_operation


def from_keras(model: Any) -> Module:
    """Our model that computes what a Keras model does, with the same weights.

    model   a Sequential or functional Keras model; or the path of a `.keras` file, which is read with
            h5py alone: neither Keras nor TensorFlow is imported

    A Sequential becomes a `nn.Sequential`, a functional model a `Graph` whose layers have Keras's names,
    and models within models stay what they are. `activation="relu"` of a Dense or a convolution becomes
    a layer of its own behind it. Weights are copies, bit for bit, in the dtype that they have in Keras;
    regularizers, constraints and what is frozen come along. A mask that an Embedding(mask_zero=True) hands
    on in secret is given to each layer by name (so a Sequential with one becomes a `Graph`).

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
    if isinstance(model, (str, os.PathLike)):
        with KerasFile(model) as file:
            return Reader(file.arrays).read(file.config())
    return Reader(_arrays_of(model)).read(_config_of(model))


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
    try:
        return keras.saving.serialize_keras_object(model)
    except NotImplementedError as error:
        # some layer does not tell of itself: name all that may be it
        foreign = [
            f"{layer.name}: {type(layer).__name__} is a class of its own, which Keras cannot write down"
            for layer in _layers_of(model)
            if not type(layer).__module__.startswith("keras.")
        ]
        raise _refusal(foreign) from error


def _layers_of(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield from _layers_of(layer) if hasattr(layer, "layers") else (layer,)


def _arrays_of(model: Any) -> Callable[[Place, Row], list[np.ndarray]]:
    def arrays(place: Place, row: Row) -> list[np.ndarray]:
        layer = model
        for name in place.names:
            layer = layer.get_layer(name)
        return [np.asarray(variable.numpy()) for variable in layer.weights]

    return arrays


def _refusal(wrong: list[str]) -> TypeError:
    return TypeError(
        f"from_keras has no counterpart for {len(wrong)} of the layers:\n  "
        + "\n  ".join(wrong)
        + f"{user_line()}\n  Try: a layer that tinygrad_edu.twins.layer_table.ROWS lists, or add a row there"
    )


class Refused(Exception):
    """Why a layer has no counterpart."""


class Reader:
    """Makes a layer of ours for each of a config, and notes in `wrong` what it cannot make.

    arrays   (place, row) -> the weights of a layer, in Keras's order
    """

    def __init__(self, arrays: Callable[[Place, Row], list[np.ndarray]]):
        self.arrays, self.wrong = arrays, dict[Place, str]()

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
        made = self.model(entry, Place())
        if self.wrong:
            raise _refusal(list(self.wrong.values()))
        return made

    def model(self, entry: dict[str, Any], place: Place) -> Module:
        config = entry["config"]
        masked = "input_layers" not in config and _with_masks(config, bool(place.names))
        if masked or "input_layers" in config:
            return self.graph(masked or config, place)
        within = inside(config, place)
        return nn.Sequential(*(layer for e, p in within for _, layer in self.steps(e, p, [])))

    def refuse(self, place: Place, why: str) -> None:
        """Notes the first of the reasons, if there are several."""
        self.wrong.setdefault(place, f"{place}{why}")

    # ---- a functional model

    def graph(self, config: dict[str, Any], place: Place) -> Module:
        """Calls in an order in which every result is there when it is needed."""
        if _is_positions(config):
            return self.positions(config, place)
        layers: dict[str, Module] = {}
        results: dict[tuple[str, int], Reference] = {}
        shapes: dict[str, tuple[int | None, ...]] = {}
        waiting = []
        taken = {entry["config"]["name"] for entry in config["layers"]}
        for entry, where in inside(config, place):
            name, nodes = where.names[-1], entry["inbound_nodes"]
            if any(not isinstance(node, dict) for node in nodes):
                raise refusal(
                    ValueError,
                    f"the calls of {where} are told in the words of Keras 2.",
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
        calls: list[Call] = []
        masked: set[tuple[str, int]] = set()
        while waiting:
            ready = [w for w in waiting if all(h[:2] in results for h in _histories(w[-1]))]
            if not ready:
                raise refusal(
                    ValueError,
                    f"the calls of {place} wait for each other: "
                    f"{', '.join(str(w[0]) for w in waiting)}.",
                )
            for where, entry, steps, i, node in ready:
                made = self.called(where, entry, steps, i, node, results, layers)
                results[where.names[-1], i] = made[-1][0]
                calls += [call for _, call in made if call]
                told = {name: x for name, x in node["kwargs"].items() if "mask" not in name}
                comes = any(h[:2] in masked for h in _histories([node["args"], told]))
                if comes and entry["class_name"] == "MultiHeadAttention":
                    self.refuse(where, f": MultiHeadAttention {OF_MASKED}")
                if entry["config"].get("mask_zero") or (comes and _passes_masks(entry)):
                    masked.add((where.names[-1], i))
            waiting = [w for w in waiting if w not in ready]
        if place.names and any(h[:2] in masked for h in _references(config["output_layers"])):
            self.refuse(place, ": a model whose mask goes on, unseen, to the model around it")
        ends = [_at(h, results, layers) for h in _references(config["output_layers"])]
        names = [name for name, *_ in _references(config["input_layers"])]
        return Graph(layers, calls, names, ends, [shapes[name] for name in names])

    def called(
        self, where: Place, entry: Any, steps: Any, i: int, node: Any, results: Any, layers: Any
    ) -> list[tuple[Reference, Call | None]]:
        """The calls of a layer and of the activation behind it; the last result is that of both."""
        try:
            arguments, keywords = _given(entry, steps, node, results, layers)
        except Refused as why:
            self.refuse(where, f": {entry['class_name']} {why}")
            arguments, keywords = [Reference("")], {}
        if not steps:  # Activation("linear")
            return [(arguments[0], None)]
        made: list[tuple[Reference, Call | None]] = []
        for name, _ in steps:
            result = Reference(name if i == 0 else f"{name}, call {i + 1}")
            made.append((result, Call(result.result, name, tuple(arguments), keywords)))
            arguments, keywords = [result], {}
        return made

    def positions(self, config: dict[str, Any], place: Place) -> Module:
        """What `to_keras` makes of Positions, back."""
        ((entry, where),) = (
            found for found in inside(config, place) if found[0]["class_name"] == "Embedding"
        )
        (table,) = self.arrays(where, next(row for row in ROWS if row.keras == "Embedding"))
        made = nn.Positions(*table.shape, dtype=table.dtype)
        made.W.data[...] = table
        return made if entry["config"]["trainable"] else made.freeze()

    # ---- one layer

    def steps(self, entry: Any, place: Place, nodes: list) -> list[tuple[str, Module]]:
        """(name, layer) of a layer and of its activation; of nothing at all, if it does nothing."""
        try:
            return self._steps(entry, place, nodes)
        except Refused as why:
            self.refuse(place, f": {entry['class_name']} {why}")
        except (TypeError, ValueError) as error:  # our own layer refuses its arguments
            told = str(error).split("\n")[0]
            self.refuse(place, f": {entry['class_name']}, of which {told}")
        return [(place.names[-1], nn.Sequential())]

    def _steps(self, entry: Any, place: Place, nodes: list) -> list[tuple[str, Module]]:
        kind, config, name = entry["class_name"], dict(entry["config"]), place.names[-1]
        if kind == "InputLayer":
            return []
        if is_model(entry):
            return [(name, self.model(entry, place))]
        if is_operation(entry):
            return [(name, _operation(kind, config))]
        if kind in MERGES and kind != "NotEqual":
            return [(name, Merge(kind, *([config["axis"]] if kind == "Concatenate" else [])))]
        if kind == "Activation":
            return _activation(config["activation"], name)
        behind = []
        if kind not in SPEAK_FOR_THEMSELVES and "activation" in config:
            behind = _activation(config.pop("activation"), name)
            behind = [(f"{name}_{type(layer).__name__.lower()}", layer) for _, layer in behind]
        row = _row_of(kind, config)
        layer = self.leaf(row, entry, config, self.arrays(place, row))
        if isinstance(layer, nn.MultiHeadAttention):
            causal = {bool(node["kwargs"].get("use_causal_mask")) for node in nodes}
            if len(causal) > 1:
                raise Refused("called both with and without use_causal_mask")
            layer.causal = causal == {True}
        return [(name, layer), *behind]

    def leaf(self, row: Row, entry: Any, config: dict, arrays: list[np.ndarray]) -> Any:
        """Our layer for one of Keras, with its weights."""
        _demand_plain(row, entry, config)
        shapes = [array.shape for array in arrays]
        if row.ours is nn.Bidirectional:
            half, parts = len(arrays) // 2, []
            for name, own in (("layer", arrays[:half]), ("backward_layer", arrays[half:])):
                part = config[name]
                settings = {**part["config"], "zero_output_for_mask": False}  # as in ours
                parts.append(self.leaf(_row_of(part["class_name"], settings), part, settings, own))
            both = nn.Bidirectional(*parts, merge=config["merge_mode"])
            return both if config.get("trainable", True) else both.freeze()
        given = {
            ours.rpartition(".")[2]: _plain(theirs, config[theirs])
            for ours, theirs in row.settings.items()
        }
        if row.inputs:
            try:
                given["inputs"] = row.inputs(shapes, config)
            except IndexError as error:
                raise Refused("has no weights yet: build the model") from error
        if arrays and "dtype" in inspect.signature(row.ours).parameters:
            given["dtype"] = arrays[0].dtype
        layer: Any = row.made(given) if row.made else row.ours(**given)
        if isinstance(layer, nn.BatchNorm) and not (layer.parameters() or config["trainable"]):
            raise Refused("frozen, without gamma and beta to freeze here")
        if arrays:
            kept = kept_in(layer)
            if [k.data.size for k in kept] != [a.size for a in arrays]:
                raise Refused(f"whose weights are {', '.join(map(str, shapes)) or 'missing'}")
            for mine, array in zip(kept, arrays, strict=True):
                mine.data[...] = array.reshape(mine.shape)
            _keep(layer, row, config)
        return layer if config.get("trainable", True) else layer.freeze()


# ------------------------------------------------------------------------------ reading a config

# Layers whose activation is a part of their formula, and those that are nothing else.
SPEAK_FOR_THEMSELVES = ("SimpleRNN", "LSTM", "GRU", "Activation")
# What tells how weights were drawn, or how the same is computed in another way.
OF_NO_EFFECT = {
    "name", "trainable", "dtype", "seed", "shared_axes", "unroll", "implementation", "use_cudnn",
    "unit_forget_bias", "renorm_momentum", "batch_shape", "batch_input_shape",
    "layer", "backward_layer", "flash_attention",
}  # fmt: skip
BINARY = {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "NotEqual"}
UNARY = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Silu": "silu",
    "Softplus": "softplus",
}
# Functions whose arguments have the same names here.
OF_SETTINGS: dict[str, type[Module]] = {
    "Gelu": nn.GELU,
    "Softmax": nn.Softmax,
    "HardShrink": nn.HardShrink,
    "SoftShrink": nn.SoftShrink,
    "Celu": nn.CELU,
    "Squareplus": nn.Squareplus,
}


def _references(thing: Any) -> list[tuple[str, int, int]]:
    """(layer, which call, which result) of one, a list, or a dict of them."""
    if isinstance(thing, dict):
        return [r for part in thing.values() for r in _references(part)]
    if thing and isinstance(thing[0], str):
        name, call, part = thing[:3]
        return [(name, call, part)]
    return [r for part in thing for r in _references(part)]


def _histories(thing: Any) -> Iterator[tuple[str, int, int]]:
    """The results that a call needs, wherever they stand in its arguments."""
    if isinstance(thing, dict):
        if thing.get("class_name") == "__keras_tensor__":
            yield tuple(thing["config"]["keras_history"])
        else:
            for part in thing.values():
                yield from _histories(part)
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from _histories(part)


def _at(history: tuple[str, int, int], results: Any, layers: dict[str, Any]) -> Reference:
    name, call, part = history
    several = _gives_several(layers.get(name))
    return Reference(results[name, call].result, part) if several else results[name, call]


def _free(name: str, taken: set[str]) -> str:
    """A name for the activation behind a layer, which no layer of Keras's has."""
    while name in taken:
        name += "_"
    return name


def _gives_several(layer: Any) -> bool:
    if isinstance(layer, Graph):
        return len(layer.outputs) > 1
    layer = layer.forwards if isinstance(layer, nn.Bidirectional) else layer
    return isinstance(layer, Recurrent) and layer.return_state


# ------------------------------------------------------------------------------- reading one layer


def _row_of(kind: str, config: dict[str, Any]) -> Row:
    rows = [row for row in ROWS if row.keras == kind]
    if not rows:
        raise Refused(UNKNOWN.get(kind, "has no row"))
    return next((row for row in rows if not _other_than(row.always, config, None)), rows[0])


UNKNOWN = {
    "Lambda": "is a function of Python",
    "TimeDistributed": "is a loop over steps (a Dense or an Activation takes sequences without it)",
    "Masking": "hands on a mask of vectors (Embedding(mask_zero=True) is known)",
}


def _other_than(always: dict[str, Any], config: dict[str, Any], rank: int | None) -> list[str]:
    """What is not as in our layer, which has one value for it."""
    other = []
    for name, value in always.items():
        given = config.get(name, value)
        given = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
        same = given == value or (name == "axis" and rank is not None and given == value + rank)
        if not same and not (name == "attention_axes" and given is None):
            other.append(f"{name}={given!r} (here it is {value!r})")
    return other


def _demand_plain(row: Row, entry: dict[str, Any], config: dict[str, Any]) -> None:
    """Refuses every argument that our layer does not have, unless it is off."""
    policy = config.get("dtype")
    policy = policy["config"]["name"] if isinstance(policy, dict) else policy
    if policy not in (None, "float32", "float64"):
        raise Refused(f"with the dtype policy {policy} (float32 or float64)")
    shape = (entry.get("build_config") or {}).get("input_shape")
    rank = len(shape) if shape and not isinstance(shape[0], (list, tuple)) else None
    wrong = _other_than(row.always, config, rank)
    kept = [f"{word}_{theirs}" for word in row.variables for _, theirs, *_ in KEPT]
    known = {*row.settings.values(), *row.always, *kept, *OF_NO_EFFECT}
    for name, value in config.items():
        off = value in (None, False, 0, "auto") or value == []
        if name not in known and not name.endswith("_initializer") and not off:
            wrong.append(f"{name}={shortened(_in_words(value))}")
    if wrong:
        raise Refused(f"with {', '.join(wrong)}")


def _in_words(thing: Any) -> Any:
    """L2(l2=0.01), of the dict that Keras writes for it."""
    if isinstance(thing, dict) and "class_name" in thing:
        return _Words(thing["class_name"])
    return thing


class _Words(str):
    __repr__ = str.__str__


def _plain(name: str, value: Any) -> Any:
    """3 for (3, 3) and for [3], where our layers take either."""
    if isinstance(value, (list, tuple)):
        value = tuple(_plain("", part) for part in value)
        if name in ("kernel_size", "strides", "dilation_rate", "pool_size", "axis", "size"):
            return value[0] if len(set(value)) == 1 and isinstance(value[0], int) else value
    return value


def _activation(given: Any, name: str) -> list[tuple[str, Module]]:
    """(name, layer) of an activation by its name, or given as a layer; of "linear", nothing."""
    if given in (None, "linear"):
        return []
    if isinstance(given, dict) and given.get("class_name") == "function":
        given = given["config"]
    if isinstance(given, dict):
        row = _row_of(given["class_name"], given["config"])
        if row.variables:
            raise Refused(f"with the activation {given['class_name']}, which has weights")
        _demand_plain(row, given, given["config"])
        settings = {a: _plain(b, given["config"][b]) for a, b in row.settings.items()}
        return [(name, row.ours(**settings))]
    found = [
        row for row in ROWS if row.always.get("activation") == given and row.keras == "Activation"
    ]
    if not found:
        raise Refused(f"with activation={given!r}")
    return [(name, found[0].made({}) if found[0].made else found[0].ours())]


def _operation(kind: str, config: dict[str, Any]) -> Module:
    """A function of keras.ops that was called on a result: x + y, keras.ops.relu(x)."""
    settings = {
        name: value for name, value in config.items() if name != "name" and value is not None
    }
    if kind in BINARY and not settings:
        return Merge(kind)
    if kind in UNARY and not settings:
        return _activation(UNARY[kind], "")[0][1]
    if kind in OF_SETTINGS:
        return OF_SETTINGS[kind](**settings)
    if kind == "Threshold":
        return nn.Threshold(settings["threshold"], settings["default_value"])
    told = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    raise Refused(f"(of keras.ops){f' with {told}' if told else ''} has no counterpart")


def _keep(layer: Any, row: Row, config: dict[str, Any]) -> None:
    """Gives the parameters of a layer Keras's regularizers and constraints."""
    told = [
        (word, ours, known, config[f"{word}_{theirs}"])
        for word in row.variables
        for ours, theirs, _, known in KEPT
        if config.get(f"{word}_{theirs}")
    ]
    if told and len(layer.parameters()) > len(row.variables):
        raise Refused(f"with a {told[0][1]} of {told[0][0]}")
    parameters = {word: parameter for parameter, word in variables_of(layer)}
    for word, ours, known, given in told:
        entry = next((e for e in known if e.keras == given["class_name"]), None)
        if entry is None:
            raise Refused(f"with the {ours} {given['class_name']}")
        settings = {a: _plain("axis", given["config"][b]) for a, b in entry.settings.items()}
        setattr(parameters[word], ours, entry.ours(**settings))


# ---------------------------------------------------------------------------------- reading a call


def _given(
    entry: dict[str, Any], steps: list, node: dict[str, Any], results: Any, layers: Any
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call of ours, by place and by name."""

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
    if isinstance(layer, nn.MultiHeadAttention):
        return _of_attention(arguments, keywords)
    takes: tuple[str, ...] = ()
    if isinstance(layer, (Recurrent, nn.Bidirectional)):
        takes = ("initial_state", "mask")
    elif isinstance(layer, (Graph, nn.Sequential)) or entry["class_name"] in MERGES:
        arguments = _flat(arguments)
    elif not is_operation(entry) and len(arguments) != 1:
        raise Refused(f"called with {len(arguments)} arguments")
    foreign = [name for name in keywords if name not in takes]
    if foreign:
        raise Refused(f"called with {', '.join(foreign)}")
    return arguments, keywords


def _nothing(thing: Any) -> bool:
    """None, False, or a list of them: one mask for each of several inputs, say, and none is there."""
    return all(map(_nothing, thing)) if isinstance(thing, (list, tuple)) else thing in (None, False)


def _of_attention(arguments: list, keywords: dict) -> tuple[list[Any], dict[str, Any]]:
    given = dict(zip(("query", "value", "key"), arguments, strict=False)) | keywords
    query, value = given.pop("query"), given.pop("value")
    if given.pop("key", value) != value:
        raise Refused("called with a key that is not the value")
    words = {"attention_mask": "mask", "value_mask": "key_mask", "key_mask": "key_mask"}
    masks = {words[name]: given.pop(name) for name in list(given) if name in words}
    if given:
        raise Refused(f"called with {', '.join(given)}")
    return [query] if value == query else [query, value], masks


def _flat(things: Any) -> list[Any]:
    """Keras gives several results as a list, a tuple or a dict."""
    if isinstance(things, dict):
        return _flat(list(things.values()))
    if isinstance(things, Reference) or not isinstance(things, (list, tuple)):
        return [things]
    return [one for part in things for one in _flat(part)]


# -------------------------------------------------------------------------------------- and masks

# Layers of one result for each step, to which the mask of what goes in fits as well: Keras hands it on.
PASS_MASKS = {
    "SimpleRNN", "LSTM", "GRU", "Bidirectional", "MultiHeadAttention", "Dense", "Dropout",
    "LayerNormalization", "BatchNormalization", "GroupNormalization", "Activation", "ReLU", "LeakyReLU",
    "PReLU", "ELU", "Softmax", "GaussianNoise", "GaussianDropout", "AlphaDropout", "TimeDistributed",
    *MERGES,
}  # fmt: skip
TAKE_MASKS = {
    "SimpleRNN", "LSTM", "GRU", "Bidirectional", "BatchNormalization", "Softmax", "TimeDistributed",
    "GlobalAveragePooling1D", "Sequential", "Functional",
}  # fmt: skip
OF_MASKED = (
    "of what an Embedding(mask_zero=True) masks: at the steps of padding Keras gives an average there, "
    "and here it is 0"
)


def _with_masks(config: dict[str, Any], within: bool) -> dict[str, Any] | None:
    """A Sequential in which a layer gets a mask, as a functional model that says so; else None.

    In a Sequential the mask goes from layer to layer unseen, beside the numbers; the config of a
    functional model has it as an argument. (`within` another model a mask may also leave this one.)
    """
    layers = config["layers"]
    first = next((i for i, entry in enumerate(layers) if entry["config"].get("mask_zero")), None)
    behind = [] if first is None else layers[first + 1 :]
    takes = any(entry["class_name"] in TAKE_MASKS for entry in behind)
    if first is None or not (takes or within):
        return None

    def result(name: str) -> dict[str, Any]:
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    last, masked, told = "", "", []
    if layers[0]["class_name"] != "InputLayer":
        shape = config.get("build_input_shape") or [None, None]
        start = {"name": "input", "batch_shape": shape}
        layers = [{"class_name": "InputLayer", "config": start}, *layers]
    for entry in layers:
        name, kind = entry["config"]["name"], entry["class_name"]
        nodes = []
        if last:
            mask = {"mask": result(masked)} if masked and kind in TAKE_MASKS else {}
            nodes = [{"args": [result(last)], "kwargs": mask}]
        told.append({**entry, "inbound_nodes": nodes})
        masked = masked if _passes_masks(entry) else ""
        if entry["config"].get("mask_zero"):
            node = {"args": [result(last), 0], "kwargs": {}}
            told.append({
                "module": "keras.src.ops.numpy", "class_name": "NotEqual",
                "config": {"name": f"{name}_mask"}, "inbound_nodes": [node],
            })  # fmt: skip
            masked = f"{name}_mask"
        last = name
    start = layers[0]["config"]["name"]
    return {**config, "layers": told, "input_layers": [start, 0, 0], "output_layers": [last, 0, 0]}


def _passes_masks(entry: dict[str, Any]) -> bool:
    own = entry["config"].get("layer", entry)["config"]
    passes = entry["class_name"] in PASS_MASKS and not is_operation(entry)
    return passes and own.get("return_sequences", True)


def _is_positions(config: dict[str, Any]) -> bool:
    """Is it the small model that `to_keras` makes of nn.Positions?"""
    kinds = ["Add", "Cumsum", "Embedding", "GetItem", "InputLayer", "OnesLike", "Subtract"]
    return sorted(entry["class_name"] for entry in config["layers"]) == kinds
