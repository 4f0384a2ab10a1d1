"""The same model in Keras, with the same weights.

Three tables say what is what in Keras: `LAYERS`, `OPTIMIZERS` and `LOSSES`. A new one is one entry.
The layouts of this library are Keras's own, so weights go over as they are.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.nn import (
    Dropout,
    Flatten,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    cross_entropy,
    mse,
)
from tinygrad_edu.optim import SGD, Adam, Optimizer
from tinygrad_edu.tensor import no_grad

# ------------------------------------------------------------------------------------------- layers


def _dense(keras: Any, layer: Linear, seed: int, **about: Any) -> Any:
    # Weights are set from ours in the end; without a seed, drawing the first ones would still move
    # Python's global random numbers on.
    start = keras.initializers.GlorotUniform(seed)
    return keras.layers.Dense(
        layer.outputs, use_bias=layer.b is not None, kernel_initializer=start, **about
    )


# kind -> (keras, our layer, a seed, name=, dtype=) -> the Keras layer. Our parameters, in the order in
# which the layer assigns them, are the Keras layer's `weights`, in theirs.
LAYERS: dict[type[Module], Callable[..., Any]] = {
    Linear: _dense,
    ReLU: lambda keras, layer, seed, **about: keras.layers.ReLU(**about),
    Tanh: lambda keras, layer, seed, **about: keras.layers.Activation("tanh", **about),
    Sigmoid: lambda keras, layer, seed, **about: keras.layers.Activation("sigmoid", **about),
    Softmax: lambda keras, layer, seed, **about: keras.layers.Softmax(layer.axis, **about),
    Dropout: lambda keras, layer, seed, **about: keras.layers.Dropout(layer.p, seed=seed, **about),
    Flatten: lambda keras, layer, seed, **about: keras.layers.Flatten(**about),
}

# ----------------------------------------------------------------------------- optimizers and losses


class OptimizerTwin(NamedTuple):
    """build: (keras, our optimizer) -> Keras's.  rounded: settings that Keras rounds to float32."""

    build: Callable[[Any, Any], Any]
    rounded: tuple[str, ...]


def _common(o: Optimizer) -> dict[str, Any]:
    """The settings that every optimizer takes, in Keras's words."""
    return {
        "weight_decay": o.weight_decay,
        "clipvalue": o.clip_value,
        "clipnorm": o.clip_norm,
        "global_clipnorm": o.clip_global_norm,
        "gradient_accumulation_steps": o.accumulate if o.accumulate > 1 else None,
    }


OPTIMIZERS: dict[type[Optimizer], OptimizerTwin] = {
    SGD: OptimizerTwin(
        lambda keras, o: keras.optimizers.SGD(
            float(o.lr), momentum=float(o.momentum), nesterov=o.nesterov, **_common(o)
        ),
        rounded=("momentum",),
    ),
    Adam: OptimizerTwin(
        lambda keras, o: keras.optimizers.Adam(
            float(o.lr),
            beta_1=float(o.betas[0]),
            beta_2=float(o.betas[1]),
            epsilon=float(o.eps),
            amsgrad=o.amsgrad,
            **_common(o),
        ),
        rounded=("betas",),
    ),
}

LOSSES: dict[Callable, Callable[[Any, str], Any]] = {
    cross_entropy: lambda keras, dtype: keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, dtype=dtype
    ),
    mse: lambda keras, dtype: keras.losses.MeanSquaredError(dtype=dtype),
}

# ---------------------------------------------------------------------------------------- the model


def to_keras(model: Module, input_shape: Sequence[int] | None = None, *, seed: int = 0) -> Any:
    """The Keras model that computes what `model` does: a keras.Sequential with the same weights.

    input_shape   of one sample, without the batch axis; may be left out if the first layer is Linear,
                  which tells it
    seed          what Keras's own draws (Dropout) come from

    The dtype is that of the parameters (float64 without any, as in NumPy), layers are named by our
    paths, and the weights are copies: training one model does not move the other. Keras's global
    settings are left as they are.

    Raises TypeError with the list of all layers that have no counterpart; ValueError if the input
    shape is missing, is not one that the model takes, or parameters differ in dtype; ImportError
    without Keras.

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
    """The Keras model, and its variables by the paths of our parameters ("0.W")."""
    demand_supported(model)
    dtype = dtype_of(model)
    shape = _shape_of_sample(model, input_shape, dtype)
    keras = import_keras()
    draws = np.random.default_rng(seed)
    pairs: list[tuple[Any, Module]] = []

    def twin_of(layer: Any, path: str) -> Any:
        if _kind(layer) is Sequential:
            return keras.Sequential(inside(layer, path), name=path)
        kind: Any = _kind(layer)
        own_seed = int(draws.integers(2**31))  # two Dropouts of one seed would drop the same places
        name = path or kind.__name__
        twin = LAYERS[kind](keras, layer, own_seed, name=name, dtype=dtype)
        pairs.append((twin, layer))
        return twin

    def inside(layer: Sequential, path: str) -> list[Any]:
        return [twin_of(inner, _join(path, i)) for i, inner in enumerate(layer.layers)]

    with floatx(keras, dtype):
        start = keras.Input(shape, dtype=dtype)
        layers = inside(model, "") if isinstance(model, Sequential) else [twin_of(model, "")]
        twin = keras.Sequential([start, *layers], name=type(model).__name__)
        paths = {id(parameter): path for path, parameter in model.named_parameters()}
        variables = {}
        for theirs, ours in pairs:
            for variable, parameter in zip(theirs.weights, ours.parameters(), strict=True):
                variable.assign(parameter.data)
                variables[paths[id(parameter)]] = variable
    return twin, variables


def leaves(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, layer) of every layer that is not a Sequential, in the order in which they are applied."""
    if _kind(layer) is Sequential and layer.layers:
        for i, inner in enumerate(layer.layers):
            yield from leaves(inner, _join(path, i))
    else:
        yield path, layer


def demand_supported(model: Any) -> None:
    """Raises TypeError that lists every layer of the model that has no counterpart in Keras."""
    owner: dict[int, str] = {}
    wrong = []
    for path, layer in leaves(model):
        where, kind = path or "the model itself", _kind(layer)
        if kind is Sequential:
            wrong.append(f"{where}: a Sequential without layers")
        elif kind is None:
            wrong.append(f"{where}: {_called(layer)}")
        else:
            for parameter in layer.parameters():
                if id(parameter) in owner:
                    wrong.append(
                        f"{where}: {layer!r} shares a parameter with {owner[id(parameter)]}"
                    )
                owner[id(parameter)] = where
    if wrong:
        known = ", ".join(["Sequential", *sorted(kind.__name__ for kind in LAYERS)])
        raise TypeError(
            f"to_keras has no counterpart for {len(wrong)} of the layers:\n  "
            + "\n  ".join(wrong)
            + f"{user_line()}\n  Try: {known}; or an entry for it in tinygrad_edu.twins.keras.LAYERS"
        )


def dtype_of(model: Module) -> str:
    """The name of the one dtype of all parameters; float64 if there are none."""
    dtypes = {str(parameter.dtype) for parameter in model.parameters()} or {"float64"}
    if len(dtypes) > 1:
        each = ", ".join(
            f"{path} {parameter.dtype}" for path, parameter in model.named_parameters()
        )
        raise ValueError(
            f"a twin has one dtype, but the parameters have several: {each}.{user_line()}"
            "\n  Try: model.astype(np.float64)"
        )
    return dtypes.pop()


def copy_without_hooks(model: Module) -> Module:
    """A copy to experiment with: no number, mode, random draw or hook of the model is touched by it."""
    twin = copy.deepcopy(model)
    for _, module in twin.named_modules():
        module.hooks = ()
    return twin


def _kind(layer: Any) -> type[Module] | None:
    """The kind that a layer computes as: its class, or one it inherits `forward` from unchanged."""
    kinds: list[type[Module]] = [Sequential, *LAYERS]
    for kind in kinds:
        if isinstance(layer, kind) and type(layer).forward is kind.forward:
            return kind
    return None


def _called(layer: Any) -> str:
    if isinstance(layer, Module):
        return type(layer).__name__
    return f"the function {getattr(layer, '__name__', repr(layer))}"


def _join(path: str, i: int) -> str:
    return f"{path}.{i}" if path else str(i)


def _shape_of_sample(
    model: Module, input_shape: Sequence[int] | None, dtype: str
) -> tuple[int, ...]:
    """The shape of one sample, found out or checked by sending zeros through the model."""
    if input_shape is None:
        path, first = next(leaves(model))
        if not isinstance(first, Linear):
            raise ValueError(
                f"to_keras needs the shape of one sample: {path or 'the model'}, a {first!r}, takes "
                f"any.{user_line()}\n  Try: to_keras(model, input_shape=x.shape[1:])"
            )
        return (first.inputs,)
    if not isinstance(input_shape, Sequence):
        raise TypeError(
            f"input_shape={input_shape!r} is the shape of one sample, a tuple without the batch axis."
            f"{user_line()}\n  Try: input_shape=x.shape[1:]"
        )
    with no_grad():  # a Dense takes whatever width it is built on, a Linear says what is wrong
        copy_without_hooks(model).eval()(np.zeros((1, *input_shape), dtype))
    return tuple(input_shape)


# ------------------------------------------------------------------------------------- Keras itself


def import_keras() -> Any:
    """The keras module; ImportError that says what to install if it (or its backend) is not there."""
    # TensorFlow greets with two dozen lines about hardware; who wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        raise ImportError(
            f"a twin needs Keras and TensorFlow, about 3 GB ({error}).{user_line()}"
            "\n  Try: python -m pip install -e '.[compare]' in the folder of this project, on a Python for "
            "which TensorFlow is built"
        ) from error
    return keras


@contextmanager
def floatx(keras: Any, dtype: str) -> Iterator[None]:
    """Keras's default dtype, for the lines inside and no longer.

    It has two, which must go together: `floatx` decides for losses and for the learning rate, the
    dtype policy for layers; and the second copies the first as soon as any layer is made.
    """
    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_floatx(before[1])
