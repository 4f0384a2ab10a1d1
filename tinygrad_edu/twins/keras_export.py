"""The same model in Keras, with the same weights. `layer_table.py` lists which layer is what."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import Module
from tinygrad_edu.twins.graph import Graph, Merge, Reference
from tinygrad_edu.twins.layer_table import (
    ARRANGING,
    KEPT,
    LAYERS,
    as_layer,
    as_list,
    demand_supported,
    join,
    kept_in,
    kind_of,
    leaves,
    variables_of,
)


def to_keras(model: Module, input_shape: Sequence[int] | None = None, *, seed: int = 0) -> Any:
    """The Keras model that computes what `model` does, with the same weights.

    input_shape   of one sample, without the batch axis; not needed if the first layer is Linear, after
                  model.build(shape), or if the model is a Graph with input_shapes
    seed          of Keras's own random draws (Dropout)

    A Sequential or a single layer becomes a keras.Sequential; other arrangements of layers (Residual,
    TransformerBlock, Graph, ...) become functional models. The dtype is that of the parameters (float64
    without any), layers are named by our paths, and the weights are copies: training one model does not
    change the other. Regularizers and constraints are kept, and frozen layers are not trainable. Masks are
    arguments, as in our model, never implicit (mask_zero is off in the twin). Keras's global settings do not
    change.

    Raises TypeError with the list of all layers that have no counterpart, such as classes with a forward of
    their own; ValueError if the input shape is missing or does not fit, or parameters differ in dtype;
    ImportError without Keras.

    >>> from tinygrad_edu.nn import Linear, Sequential, Tanh
    >>> model = Sequential(Linear(4, 8, rng=0), Tanh(), Linear(8, 3, rng=1))
    >>> twin = to_keras(model)  # doctest: +SKIP
    >>> [layer.name for layer in twin.layers], twin.output_shape  # doctest: +SKIP
    (['0', '1', '2'], (None, 3))
    """
    return build_twin(model, input_shape, seed)[0]


def build_twin(
    model: Module, input_shape: Sequence[int] | None = None, seed: int = 0
) -> tuple[Any, dict[str, Any]]:
    """The Keras model, and path of a parameter or buffer ("0.W") -> Keras's variable."""
    builder = Builder(model, input_shape, seed)
    with floatx(builder.keras, builder.dtype):
        return builder.model(), builder.variables()


class Builder:
    """Makes one Keras layer for each of ours, and assembles them in one of two ways."""

    def __init__(self, model: Module, input_shape: Sequence[int] | None = None, seed: int = 0):
        demand_supported(model)
        self.ours, self.dtype = model, dtype_of(model)
        self.shape = _shape_of_sample(model, input_shape, self.dtype)
        self.start_dtype = input_dtype(model, self.dtype)
        self.keras = import_keras()
        self.draws = np.random.default_rng(seed)
        self.made: dict[str, tuple[Any, Any]] = {}  # path -> (Keras's layer, ours)
        self.models: dict[str, Any] = {}  # path -> Keras's model
        # In the flat way: path -> output of that layer. None for nested models.
        self.results: dict[str, Any] | None = None

    # The two ways.

    def model(self) -> Any:
        """Models within models, as ours is: what `to_keras` returns."""
        if kind_of(self.ours) in ARRANGING:
            return self._model(self.ours, "", self.starts())
        layers = [*self.starts(), self._block(self.ours, "", self.shape, self.start_dtype)]
        return self.keras.Sequential(layers, name=type(self.ours).__name__)

    def flat(self) -> tuple[Any, list[str]]:
        """One model of the same layers that returns the output of each; and their paths."""
        self.results = {}
        (start,) = self.starts()
        end = self.call(self.ours, "", start)
        paths, results = list(self.results), list(self.results.values())
        self.results = None
        return self.keras.Model(start, [*results, end]), paths

    def starts(self) -> list[Any]:
        """The inputs of the whole model."""
        if isinstance(self.ours, Graph) and len(self.ours.inputs) > 1:
            shapes, dtypes = self.ours.input_shapes, input_dtypes(self.ours, self.dtype)
        else:
            shapes, dtypes = [self.shape], [self.start_dtype]
        return [self.keras.Input(s, dtype=d) for s, d in zip(shapes, dtypes, strict=True)]

    def variables(self) -> dict[str, Any]:
        """Path in our model -> Keras's variable, into which our values are copied."""
        paths = {id(kept): path for path, kept in _named(self.ours)}
        found = {}
        for theirs, ours in self.made.values():
            if not ours.trainable:
                theirs.trainable = False
            if any(kind_of(part) in ARRANGING for part in vars(ours).values()):
                continue  # a model at every step, whose layers are here by themselves
            order = LAYERS[kind_of(ours)].order  # type: ignore[index]
            for variable, kept in zip(order(theirs.weights), kept_in(ours), strict=True):
                variable.assign(kept.data.reshape(variable.shape))
                found[paths[id(kept)]] = variable
        return {path: found[path] for path in paths.values()}

    # The parts.

    def call(self, layer: Any, path: str, *xs: Any, **keywords: Any) -> Any:
        """The output of a layer."""
        kind = kind_of(layer)
        if kind is Merge:
            return self._merge(layer, path, xs)
        if kind in ARRANGING:
            if self.results is not None:
                return PUT_TOGETHER[kind](self, layer, path, *xs)
            return self._model(layer, path, [self._like(x) for x in xs])(*_one_or_list(xs))
        twin = self.leaf(layer, path, tuple(xs[0].shape[1:]))
        how = LAYERS[kind].call(layer)  # type: ignore[index]
        apply = twin if how is None else partial(how, self.keras, twin, layer)
        y = apply(*xs, **keywords)
        if self.results is not None:
            self.results[path] = y
        return y

    def _merge(self, layer: Merge, path: str, xs: Any) -> Any:
        if layer.kind == "NotEqual" or not all(map(self.keras.utils.is_keras_tensor, xs)):
            name = re.sub("(.)([A-Z])", r"\1_\2", layer.kind).lower()
            return reduce(getattr(self.keras.ops, name), xs)  # its layers take no plain numbers
        axis = {"axis": layer.axis} if layer.kind == "Concatenate" else {}
        return getattr(self.keras.layers, layer.kind)(name=path, **axis)(list(xs))

    def _like(self, x: Any) -> Any:
        """An input like x, for an inner model."""
        return self.keras.Input(tuple(x.shape[1:]), dtype=x.dtype)

    def _model(self, layer: Any, path: str, starts: list[Any]) -> Any:
        """A model, or one to be used as a layer; made once."""
        if path not in self.models:
            name = path or type(layer).__name__
            make = self._sequential if kind_of(layer) is nn.Sequential else self._functional
            self.models[path] = make(layer, path, starts, name)
        return self.models[path]

    def _block(self, layer: Any, path: str, shape: tuple, dtype: Any) -> Any:
        """A Keras layer, or a model to be used as one, of one input."""
        kind = kind_of(layer)
        if kind in ARRANGING or (kind and LAYERS[kind].call(layer)):
            return self._model(layer, path, [self.keras.Input(shape, dtype=dtype)])
        return self.leaf(layer, path, shape)

    def _sequential(self, layer: Any, path: str, starts: list[Any], name: str) -> Any:
        (start,) = blocks = list(starts)
        shape, dtype = tuple(start.shape[1:]), start.dtype
        for i, inside in enumerate(layer.layers):
            blocks.append(self._block(inside, join(path, i), shape, dtype))
            shape = tuple(blocks[-1].compute_output_shape((None, *shape))[1:])
            dtype = self.dtype if kind_of(inside) is nn.Embedding else dtype
        return self.keras.Sequential(blocks, name=name)

    def _functional(self, layer: Any, path: str, starts: list[Any], name: str) -> Any:
        put_together = PUT_TOGETHER.get(kind_of(layer), Builder.call)
        end = put_together(self, layer, path, *starts)
        return self.keras.Model(*_one_or_list(starts), end, name=name)

    def leaf(self, layer: Any, path: str, shape: tuple) -> Any:
        """The Keras layer for one of ours that arranges no others, made once."""
        if path not in self.made:
            name = path or kind_of(layer).__name__  # type: ignore[union-attr]
            self.made[path] = self._keras_layer(layer, shape, name), layer
        return self.made[path][0]

    def _keras_layer(self, layer: Any, shape: tuple, name: str) -> Any:
        row = LAYERS[kind_of(layer)]  # type: ignore[index]
        given = {theirs: attrgetter(ours)(layer) for ours, theirs in row.settings.items()}
        given |= {**row.always, **row.theirs(layer, shape)}
        for ours, theirs in row.parts.items():
            part = getattr(layer, ours)
            inner = shape[1:] if row.ours is nn.TimeDistributed else shape
            made = [
                self._part(p, inner, f"{name}.{ours}{i or ''}") for i, p in enumerate(as_list(part))
            ]
            given[theirs] = made if isinstance(part, list) else made[0]
        # Two Dropouts of one seed would drop the same places. Initializers need a seed too: without one,
        # the first weights (which ours replace) would be drawn from Python's global random numbers.
        seed = int(self.draws.integers(2**31))
        if row.draws:
            given["seed"] = seed
        for variable, start in row.variables.items():
            if start is not None:
                given[f"{variable}_initializer"] = getattr(self.keras.initializers, start)(
                    seed=seed
                )
        for parameter, variable in [] if row.parts else variables_of(layer):
            for word, module, known in KEPT:
                kept = getattr(parameter, word)
                if kept is not None:
                    kind, *names = known[type(kept)]
                    make = getattr(getattr(self.keras, module), kind)
                    given[f"{variable}_{word}"] = make(**{n: getattr(kept, n) for n in names})
        return getattr(self.keras.layers, row.keras)(name=name, dtype=self.dtype, **given)

    def _part(self, layer: Any, shape: tuple, name: str) -> Any:
        """The Keras layer, or the model, inside another layer."""
        if kind_of(layer) not in ARRANGING:
            return self._keras_layer(layer, shape, name)
        results, self.results = self.results, None  # nested, in either way
        made = self._model(layer, name, [self.keras.Input(shape, dtype=self.dtype)])
        self.results = results
        return made


# ----------------------------------------------------- layers that arrange others, in Keras's layers


def _sequence(builder: Builder, layer: Any, path: str, x: Any) -> Any:
    for i, inside in enumerate(layer.layers):
        x = builder.call(inside, join(path, i), x)
    return x


def _residual(builder: Builder, layer: Any, path: str, x: Any) -> Any:
    past = x
    if layer.projection is not None:
        past = builder.call(layer.projection, join(path, "projection"), x)
    return builder.keras.layers.Add()([past, builder.call(layer.f, join(path, "f"), x)])


def _concatenate(builder: Builder, layer: Any, path: str, x: Any) -> Any:
    parts = [builder.call(part, join(path, i), x) for i, part in enumerate(layer.layers)]
    if len(parts) == 1:
        return parts[0]
    return builder.keras.layers.Concatenate(axis=layer.axis)(parts)


def _transformer_block(builder: Builder, layer: Any, path: str, x: Any) -> Any:
    def apply(x: Any, *names: str) -> Any:
        for name in names:
            dropout = name[:7] == "dropout"
            if not dropout or layer.dropout.p:
                part = layer.dropout if dropout else as_layer(getattr(layer, name))
                x = builder.call(part, join(path, name), x)
        return x

    attention, feed_forward = ("attention", "dropout1"), ("up", "activation", "down", "dropout2")
    add = builder.keras.layers.Add
    if layer.norm == "pre":
        x = add()([x, apply(x, "norm1", *attention)])
        return add()([x, apply(x, "norm2", *feed_forward)])
    x = apply(add()([x, apply(x, *attention)]), "norm1")
    return apply(add()([x, apply(x, *feed_forward)]), "norm2")


def _graph(builder: Builder, layer: Graph, path: str, *xs: Any) -> Any:
    def apply(name: str, *arguments: Any, **keywords: Any) -> Any:
        return builder.call(layer.layers[name], join(path, name), *arguments, **keywords)

    ends = layer.results(xs, apply)
    return ends[0] if len(ends) == 1 else ends


def _one_or_list(xs: Sequence[Any]) -> list[Any]:
    """The arguments of a Keras model: one tensor, or one list of them."""
    return [xs[0] if len(xs) == 1 else list(xs)]


PUT_TOGETHER: dict[Any, Callable[..., Any]] = {
    nn.Sequential: _sequence,
    nn.Residual: _residual,
    nn.Concatenate: _concatenate,
    nn.TransformerBlock: _transformer_block,
    Graph: _graph,
}


# ------------------------------------------------------------------------------ facts about models


def dtype_of(model: Module) -> str:
    """The name of the dtype of all parameters; float64 if there are none."""
    dtypes = {str(parameter.dtype) for parameter in model.parameters()} or {"float64"}
    if len(dtypes) > 1:
        each = ", ".join(f"{path} {p.dtype}" for path, p in model.named_parameters())
        raise refusal(
            ValueError,
            f"a twin has one dtype, but the parameters have several: {each}.",
            "model.astype(np.float64)",
        )
    return dtypes.pop()


def input_dtype(model: Module, dtype: str) -> str:
    """int32 if the first layer is an Embedding, otherwise the model's dtype."""
    if isinstance(model, Graph):
        return input_dtypes(model, dtype)[0]
    return "int32" if kind_of(next(leaves(model))[1]) is nn.Embedding else dtype


def input_dtypes(graph: Graph, dtype: str) -> list[str]:
    """The same for each input of a graph."""

    def of(name: str) -> str:
        users = [graph.layers[c.layer] for c in graph.calls if Reference(name) in c.arguments]
        users = [user for user in users if kind_of(user) is not Merge]
        return "int32" if any(input_dtype(user, dtype) == "int32" for user in users) else dtype

    return [of(name) for name in graph.inputs]


def copy_without_hooks(model: Module) -> Module:
    """A copy without hooks: using it changes nothing in the model, not even its random generators."""
    twin = copy.deepcopy(model)
    for _, module in twin.named_modules():
        module.hooks = ()
    return twin


def _named(model: Module) -> Iterator[tuple[str, Any]]:
    """(path, parameter or buffer): all parameters, then all buffers."""
    yield from model.named_parameters()
    yield from model.named_buffers()


def _shape_of_sample(
    model: Module, input_shape: Sequence[int] | None, dtype: str
) -> tuple[int, ...]:
    """The shape of one sample, inferred, or checked by a forward pass of zeros."""
    if isinstance(model, Graph) and model.input_shapes and input_shape is None:
        return model.input_shapes[0]  # type: ignore[return-value]
    if isinstance(model, Graph) and len(model.inputs) > 1:
        raise refusal(
            ValueError,
            f"a Graph of the inputs {', '.join(model.inputs)} knows their shapes by itself.",
            "Graph(..., input_shapes=[one for each]), and to_keras(model)",
        )
    if input_shape is None and len(model.sample_shapes) == 1:
        (input_shape,) = model.sample_shapes
    if input_shape is None:
        path, first = next(leaves(model))
        if kind_of(first) is not nn.Linear:
            raise refusal(
                ValueError,
                f"to_keras needs the shape of one sample: {path or 'the model'}, a {first!r}, "
                "takes any.",
                "to_keras(model, input_shape=x.shape[1:])",
            )
        return (first.inputs,)
    if not isinstance(input_shape, Sequence):
        raise refusal(
            TypeError,
            f"input_shape={input_shape!r} is the shape of one sample, a tuple without the "
            "batch axis.",
            "input_shape=x.shape[1:]",
        )
    with no_grad():  # our layers raise clear errors, where a Dense would accept any width
        zeros = np.zeros((1, *input_shape), input_dtype(model, dtype))
        copy_without_hooks(model).eval()(zeros)
    return tuple(input_shape)


# ------------------------------------------------------------------------------------- Keras itself


def import_keras() -> Any:
    """The keras module; ImportError that says what to install if it (or its backend) is missing."""
    # TensorFlow prints two dozen lines about hardware, unless this variable is set.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        raise refusal(
            ImportError,
            f"a twin needs Keras and TensorFlow, about 3 GB ({error}).",
            "python -m pip install -e '.[compare]' in the folder of this project, on a Python "
            "for which TensorFlow is built",
        ) from error
    return keras


@contextmanager
def floatx(keras: Any, dtype: str) -> Iterator[None]:
    """Context with another default dtype of Keras.

    Keras has two settings that must agree: `floatx` for losses and the learning rate, and the dtype policy
    for layers, which copies `floatx` when the first layer is made.
    """
    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_floatx(before[1])
