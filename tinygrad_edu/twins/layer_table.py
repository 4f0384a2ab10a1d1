"""Which layer is what in Keras: one row for each, read in both directions.

`to_keras` reads a row from left to right, `from_keras` from right to left, and `load_keras_weights` looks up
where a file keeps the weights. A new layer is one row.

The layouts of this library are Keras's, so weights are copied as they are: our parameters, then buffers, in
the order of their assignment, are the weights of the Keras layer in its order, at most in another shape of
the same memory. (Keras's attention has an axis for the heads.)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.recurrent import Recurrent, RecurrentCell
from tinygrad_edu.tensor import Op
from tinygrad_edu.twins.graph import Graph, Merge

Shape = tuple[int, ...]


class Row(NamedTuple):
    """A layer of ours and its counterpart in Keras.

    ours        our class
    keras       the name of the class in keras.layers
    settings    our attribute (after a dot, also our argument) -> Keras's argument
    inputs      (shapes of Keras's weights, its settings) -> our argument `inputs`, if we have one
                (for attention a pair with context_inputs, for PReLU the shape of alpha)
    always      Keras's arguments that have one value in ours
    variables   Keras's names of our parameters, in order: "kernel" has a kernel_initializer (the class
                given here, if it is random), a kernel_regularizer and a kernel_constraint
    files       the groups in a weight file that hold the layer's arrays, in order
    draws       True if Keras's layer takes a seed
    theirs      (our layer, shape of a sample) -> further arguments of Keras's layer
    made        (our settings, dtype and inputs) -> our layer, unless it is ours(**settings)
    call        our layer -> (keras, Keras layer, ours, x, ...) -> y, unless it is layer(x)
    parts       attribute of ours that holds another layer, or a list of them -> Keras's argument
    refuse      our layer -> why Keras has no such layer, or ""
    order       Keras's weights -> the same in the order of ours
    shapes      our layer -> the shapes of Keras's weights, unless they are ours
    rounds      our layer -> name and value of numbers that Keras rounds to float32 even in float64
                (π stands for constants of formulas)
    """

    ours: type[Module]
    keras: str
    settings: dict[str, str] = {}
    inputs: Callable[[list[Shape], dict], Any] | None = None
    always: dict[str, Any] = {}
    variables: dict[str, str | None] = {}
    files: tuple[str, ...] = ("",)
    draws: bool = False
    theirs: Callable[[Any, Shape], dict[str, Any]] = lambda layer, shape: {}
    made: Callable[[dict[str, Any]], Module] | None = None
    call: Callable[[Any], Callable[..., Any] | None] = lambda layer: None
    parts: dict[str, str] = {}
    refuse: Callable[[Any], str] = lambda layer: ""
    order: Callable[[list[Any]], list[Any]] = list
    shapes: Callable[[Any], list[Shape]] = lambda layer: []
    rounds: Callable[[Any], dict[str, float]] = lambda layer: {}


# ---------------------------------------------------------------------------------- what rows share


def _words_for_padding(layer: Any) -> str:
    if isinstance(layer.padding, str):
        return ""
    return f"padding={layer.padding!r}, where Keras has words (put a ZeroPadding layer before it)"


def _last_axis(layer: Any) -> str:
    return "" if layer.axis == -1 else f"axis={layer.axis}, where Keras has the last"


def _convolution(ours: type[Module], keras: str, **more: Any) -> Row:
    """A convolution: the last axis but one of a kernel is the input channels."""
    settings = {"size": "kernel_size", "stride": "strides", "padding": "padding",
                "dilation": "dilation_rate", "bias": "use_bias"}  # fmt: skip
    common: dict[str, Any] = {
        "settings": settings | more.pop("settings"),
        "inputs": lambda shapes, config: shapes[0][-2] * config.get("groups", 1),
        "variables": {"kernel": "GlorotUniform", "bias": None},
        "always": {"data_format": "channels_last"},
        "refuse": _words_for_padding,
    }
    return Row(ours, keras, **(common | more))


def _pool(ours: type[Module], keras: str) -> Row:
    return Row(
        ours, keras, {"size": "pool_size", "stride": "strides", "padding": "padding"},
        always={"data_format": "channels_last"}, refuse=_words_for_padding,
    )  # fmt: skip


def _per_channel(ours: type[Module], keras: str, settings: tuple[str, ...], **more: Any) -> Row:
    """A normalization: eps and these settings, with parameters for each channel."""
    parts = {"scale": "gamma", "center": "beta"}
    common: dict[str, Any] = {
        "settings": {"eps": "epsilon"} | {name: name for name in settings},
        "inputs": lambda shapes, config: shapes[0][0] if shapes else None,
        "always": {"axis": -1},
        "variables": {parts[name]: None for name in parts if name in settings},
    }
    return Row(ours, keras, **(common | more))


def _cell(ours: type[Module], *settings: str, **more: Any) -> Row:
    """A recurrent cell, or a layer that runs it over all steps."""
    gates = {} if "SimpleRNN" in ours.__name__ else {"recurrent_activation": "sigmoid"}
    return Row(
        ours, ours.__name__, {"bias": "use_bias"} | {name: name for name in ("units", *settings)},
        inputs=lambda shapes, config: shapes[0][0],
        always={"activation": "tanh", **gates},
        variables={"kernel": "GlorotUniform", "recurrent": "Orthogonal", "bias": None},
        draws=True, **more,
    )  # fmt: skip


def _recurrent(ours: type[Module], *settings: str) -> Row:
    settings += ("return_sequences", "return_state", "go_backwards", "stateful")
    why = "stateful=True, for which Keras has to know the size of the batches"
    return _cell(
        ours, *settings, "dropout", "recurrent_dropout", files=("cell",),
        refuse=lambda layer: why if layer.stateful else "",
    )  # fmt: skip


def _activation(
    ours: type[Module], name: str, defaults: dict[str, Any] | None = None, **more: Any
) -> Row:
    """An activation that Keras has by name, for the defaults of its settings (our names, Keras's order).

    For other settings Keras has a function: keras.ops.celu(x, 0.5).
    """

    def call(layer: Any) -> Callable[..., Any] | None:
        settings = [getattr(layer, setting) for setting in defaults or ()]
        if settings == list((defaults or {}).values()):
            return None
        return lambda keras, twin, layer, x: getattr(keras.ops, name)(x, *settings)

    return Row(ours, "Activation", always={"activation": name}, call=call, **more)


def _vector_last(weights: list[Any]) -> list[Any]:
    """Of SpectralNormalization, which has the kernel (in a file twice), the vector u and then the bias."""
    return [*weights[:1], *(w for w in weights[2:] if len(w.shape) == 1), *weights[1:2]]


def statistics_of_steps(layer: Any) -> str:
    """Keras calls the layer inside a TimeDistributed step by step, ours takes all steps at once."""
    kinds = [type(module) for _, module in layer.named_modules()]
    told = [kind.__name__ for kind in (nn.BatchNorm, nn.SpectralNorm) if kind in kinds]
    return f"a {told[0]} inside, which Keras gives one step at a time" if told else ""


def _shared_axes(layer: Any, shape: Shape) -> dict[str, Any]:
    alpha = (1,) * (len(shape) - layer.alpha.ndim) + layer.alpha.shape
    shared = [i for i, (a, n) in enumerate(zip(alpha, shape, strict=True), 1) if a == 1 != n]
    return {"shared_axes": shared or None}


def _look_at(
    keras: Any, twin: Any, layer: Any, x: Any, context: Any = None, mask: Any = None,
    key_mask: Any = None,
) -> Any:  # fmt: skip
    context = x if context is None else context
    masks = {"attention_mask": mask, "value_mask": key_mask}
    return twin(x, context, use_causal_mask=layer.causal, **masks)


def _with_low_rank(settings: dict[str, Any]) -> Module:
    rank, alpha = settings.pop("rank"), settings.pop("alpha")
    return nn.LoRALinear(nn.Linear(**settings), rank, alpha=alpha)


def _compare_with(
    keras: Any, twin: Any, layer: Any, x: Any, context: Any = None, key_mask: Any = None
) -> Any:
    context = x if context is None else context
    masks = None if key_mask is None else [None, key_mask]
    return twin([x, context], mask=masks, use_causal_mask=layer.causal)


def _count_steps(keras: Any, twin: Any, layer: Any, x: Any) -> Any:
    """Keras has no layer for positions, but an Embedding can look up 0, 1, 2, ..."""
    steps = keras.ops.cumsum(keras.ops.ones_like(x[:, :, 0], dtype="int32"), axis=1) - 1
    return keras.layers.Add()([x, twin(steps)])


def _shapes_of_attention(layer: Any) -> list[Shape]:
    """Keras has an axis for the heads."""
    asks, looks = (layer.heads, layer.key_dim), (layer.key_heads, layer.key_dim)
    gives, says = (layer.key_heads, layer.value_dim), (layer.heads, layer.value_dim)
    own, other = (layer.inputs,), (layer.context_inputs,)
    kernels = (own + asks, other + looks, other + gives, says + own)
    return [
        shape for pair in zip(kernels, (asks, looks, gives, own), strict=True)
        for shape in pair[: 1 + layer.bias]
    ]  # fmt: skip


def _look(ours: type[Module], keras: str, settings: dict[str, str], **more: Any) -> Row:
    """Attention with heads; `inputs` is a pair with the number of inputs of the context."""

    names = ("query_dense", "key_dense", "value_dense", "output_dense")

    def refuse(layer: Any) -> str:
        wrong = {"rotary=True": layer.rotary, f"soft_cap={layer.soft_cap}": layer.soft_cap}
        return ", ".join(told for told, given in wrong.items() if given)

    return Row(
        ours, keras, settings | {"key_dim": settings.get("key_dim", "key_dim"), "bias": "use_bias",
                                 "dropout.p": "dropout"},
        variables={"kernel": "GlorotUniform", "bias": None}, draws=True,
        files=tuple(mark + name for mark in ("", "_") for name in names),
        call=lambda layer: _look_at, shapes=_shapes_of_attention, refuse=refuse,
        rounds=lambda layer: {"1/√key_dim": layer.key_dim**-0.5}, **more,
    )  # fmt: skip


def _attention(settings: dict[str, Any]) -> Module:
    settings["inputs"], settings["context_inputs"] = settings["inputs"]
    return nn.MultiHeadAttention(dropout=settings.pop("p"), **settings)


# -------------------------------------------------------------------------------------------- rows

ROWS: list[Row] = [
    Row(
        nn.Linear, "Dense", {"outputs": "units", "bias": "use_bias"},
        inputs=lambda shapes, config: shapes[0][0], always={"lora_rank": None},
        variables={"kernel": "GlorotUniform", "bias": None},
    ),
    Row(
        nn.LoRALinear, "Dense",
        {"layer.outputs": "units", "layer.bias": "use_bias", "rank": "lora_rank", "alpha": "lora_alpha"},
        inputs=lambda shapes, config: shapes[0][0],
        variables={"kernel": "GlorotUniform", "bias": None}, made=_with_low_rank,
        refuse=lambda layer: "alpha, and float64, which Keras (3.15) loses in a new layer: layer.merged()",
    ),
    Row(
        nn.EinsumDense, "EinsumDense",
        {"equation": "equation", "output_shape": "output_shape", "bias_axes": "bias_axes"},
        variables={"kernel": "GlorotUniform", "bias": None},
    ),
    Row(
        nn.Dot, "Dot", {"axes": "axes", "normalize": "normalize"},
        call=lambda layer: lambda keras, twin, layer, *xs: twin(list(xs)),
    ),
    Row(
        nn.Embedding, "Embedding",
        {"vocab": "input_dim", "size": "output_dim", "mask_zero": "mask_zero"},
        variables={"embeddings": "RandomUniform"},
        # Keras would pass the mask on implicitly; in ours a mask is an argument
        theirs=lambda layer, shape: {"mask_zero": False},
    ),
    Row(
        nn.Positions, "Embedding", {"length": "input_dim", "size": "output_dim"},
        variables={"embeddings": "RandomUniform"}, call=lambda layer: _count_steps,
    ),
    # ---- images and sequences
    _convolution(nn.Conv2d, "Conv2D", settings={"outputs": "filters", "groups": "groups"}),
    _convolution(nn.Conv1d, "Conv1D", settings={"outputs": "filters", "groups": "groups"}),
    _convolution(nn.Conv3d, "Conv3D", settings={"outputs": "filters", "groups": "groups"}),
    _convolution(
        nn.DepthwiseConv2d, "DepthwiseConv2D", settings={"multiplier": "depth_multiplier"},
        variables={"depthwise": "GlorotUniform", "bias": None},
    ),
    _convolution(
        nn.DepthwiseConv1d, "DepthwiseConv1D", settings={"multiplier": "depth_multiplier"},
        variables={"depthwise": "GlorotUniform", "bias": None},
    ),
    *(
        Row(
            ours, keras,
            {"pointwise.outputs": "filters", "depthwise.size": "kernel_size",
             "depthwise.stride": "strides", "depthwise.padding": "padding",
             "depthwise.dilation": "dilation_rate", "depthwise.multiplier": "depth_multiplier",
             "pointwise.bias": "use_bias"},
            inputs=lambda shapes, config: shapes[0][-2],
            always={"data_format": "channels_last"},
            variables={"depthwise": "GlorotUniform", "pointwise": "GlorotUniform", "bias": None},
            refuse=lambda layer: _words_for_padding(layer.depthwise),
        )
        for ours, keras in ((nn.SeparableConv2d, "SeparableConv2D"), (nn.SeparableConv1d, "SeparableConv1D"))
    ),
    *(
        _convolution(
            ours, keras, settings={"outputs": "filters", "output_padding": "output_padding"},
            inputs=lambda shapes, config: shapes[0][-1],
            refuse=lambda layer: _words_for_padding(layer) or ("groups" if layer.groups > 1 else ""),
        )
        for ours, keras in ((nn.ConvTranspose2d, "Conv2DTranspose"), (nn.ConvTranspose1d, "Conv1DTranspose"))
    ),
    _pool(nn.MaxPool2d, "MaxPooling2D"),
    _pool(nn.MaxPool1d, "MaxPooling1D"),
    _pool(nn.MaxPool3d, "MaxPooling3D"),
    _pool(nn.AvgPool2d, "AveragePooling2D"),
    _pool(nn.AvgPool1d, "AveragePooling1D"),
    _pool(nn.AvgPool3d, "AveragePooling3D"),
    *(
        Row(ours, keras, {setting: setting}, always={"data_format": "channels_last"})
        for ours, keras, setting in (
            (nn.GlobalAvgPool2d, "GlobalAveragePooling2D", "keepdims"),
            (nn.GlobalAvgPool1d, "GlobalAveragePooling1D", "keepdims"),
            (nn.GlobalAvgPool3d, "GlobalAveragePooling3D", "keepdims"),
            (nn.GlobalMaxPool2d, "GlobalMaxPooling2D", "keepdims"),
            (nn.GlobalMaxPool1d, "GlobalMaxPooling1D", "keepdims"),
            (nn.GlobalMaxPool3d, "GlobalMaxPooling3D", "keepdims"),
            (nn.AdaptiveAvgPool2d, "AdaptiveAveragePooling2D", "output_size"),
            (nn.AdaptiveAvgPool1d, "AdaptiveAveragePooling1D", "output_size"),
            (nn.AdaptiveAvgPool3d, "AdaptiveAveragePooling3D", "output_size"),
            (nn.AdaptiveMaxPool2d, "AdaptiveMaxPooling2D", "output_size"),
            (nn.AdaptiveMaxPool1d, "AdaptiveMaxPooling1D", "output_size"),
            (nn.AdaptiveMaxPool3d, "AdaptiveMaxPooling3D", "output_size"),
        )
    ),
    Row(
        nn.UpSampling2d, "UpSampling2D", {"size": "size", "interpolation": "interpolation"},
        always={"data_format": "channels_last"},
        rounds=lambda layer: {"bilinear": np.pi} if layer.interpolation == "bilinear" else {},
    ),
    Row(nn.UpSampling1d, "UpSampling1D", {"size": "size"}),
    Row(nn.ZeroPadding2d, "ZeroPadding2D", {"padding": "padding"}, always={"data_format": "channels_last"}),
    Row(nn.ZeroPadding1d, "ZeroPadding1D", {"padding": "padding"}, always={"data_format": "channels_last"}),
    Row(nn.Cropping2d, "Cropping2D", {"cropping": "cropping"}, always={"data_format": "channels_last"}),
    Row(nn.Cropping1d, "Cropping1D", {"cropping": "cropping"}),
    # ---- normalizations
    _per_channel(nn.BatchNorm, "BatchNormalization", ("momentum", "center", "scale", "axis"), always={}),
    _per_channel(nn.LayerNorm, "LayerNormalization", ("center", "scale")),
    _per_channel(
        nn.InstanceNorm, "GroupNormalization", ("center", "scale"), always={"axis": -1, "groups": -1}
    ),
    _per_channel(nn.GroupNorm, "GroupNormalization", ("groups", "center", "scale")),
    _per_channel(
        nn.RMSNorm, "RMSNormalization", (),
        refuse=lambda layer: "" if layer.scale else "scale=False",
    ),
    # ---- sequences
    _recurrent(nn.SimpleRNN),
    _recurrent(nn.LSTM),
    _recurrent(nn.GRU, "reset_after"),
    _cell(nn.SimpleRNNCell),
    _cell(nn.LSTMCell),
    _cell(nn.GRUCell, "reset_after"),
    # made of layers that have rows of their own
    Row(
        nn.Bidirectional, "Bidirectional", {"merge": "merge_mode"},
        files=("forward_layer/cell", "backward_layer/cell"),
        parts={"forwards": "layer", "backwards": "backward_layer"},
    ),
    Row(
        nn.RNN, "RNN", {"return_sequences": "return_sequences", "go_backwards": "go_backwards"},
        always={"return_state": False}, parts={"cell": "cell"},
        refuse=lambda layer: "return_state=True" if layer.return_state else "",
    ),
    Row(nn.StackedCells, "StackedRNNCells", parts={"cells": "cells"}),
    Row(
        nn.TimeDistributed, "TimeDistributed", files=("layer", "layer/cell"), parts={"layer": "layer"},
        refuse=statistics_of_steps,
    ),
    Row(
        nn.SpectralNorm, "SpectralNormalization", {"power_iterations": "power_iterations"},
        files=("", "layer"), parts={"layer": "layer"}, order=_vector_last,
    ),
    _look(
        nn.MultiHeadAttention, "MultiHeadAttention", {"heads": "num_heads", "value_dim": "value_dim"},
        inputs=lambda shapes, config: (shapes[0][0], shapes[1 + config["use_bias"]][0]),
        always={"attention_axes": 1}, made=_attention,
    ),
    _look(
        nn.GroupedQueryAttention, "GroupQueryAttention",
        {"heads": "num_query_heads", "key_heads": "num_key_value_heads", "key_dim": "head_dim"},
        inputs=lambda shapes, config: shapes[0][0],
        made=lambda s: nn.GroupedQueryAttention(dropout=s.pop("p"), **s),
    ),
    Row(
        nn.AdditiveAttention, "AdditiveAttention", {"has_scale": "use_scale", "dropout.p": "dropout"},
        inputs=lambda shapes, config: shapes[0][0] if shapes else None,
        variables={"scale": None}, call=lambda layer: _compare_with,
        made=lambda s: nn.AdditiveAttention(scale=s.pop("has_scale"), dropout=s.pop("p"), **s),
    ),
    # ---- shapes and noise
    Row(nn.Flatten, "Flatten", always={"data_format": "channels_last"}),
    Row(nn.Reshape, "Reshape", {"shape": "target_shape"}, made=lambda s: nn.Reshape(*s["shape"])),
    Row(nn.RepeatVector, "RepeatVector", {"n": "n"}),
    Row(nn.Permute, "Permute", {"axes": "dims"}, made=lambda s: nn.Permute(*s["axes"])),
    Row(nn.Dropout, "Dropout", {"p": "rate"}, draws=True),
    Row(nn.SpatialDropout2d, "SpatialDropout2D", {"p": "rate"}, draws=True,
        always={"data_format": "channels_last"}),
    Row(nn.SpatialDropout1d, "SpatialDropout1D", {"p": "rate"}, draws=True),
    Row(nn.GaussianNoise, "GaussianNoise", {"std": "stddev"}, draws=True),
    Row(nn.GaussianDropout, "GaussianDropout", {"p": "rate"}, draws=True),
    Row(nn.AlphaDropout, "AlphaDropout", {"p": "rate"}, draws=True),
    # ---- activations: first those with a layer of their own in Keras
    Row(nn.ReLU, "ReLU", {"max_value": "max_value"}, always={"negative_slope": 0.0, "threshold": 0.0}),
    Row(nn.LeakyReLU, "LeakyReLU", {"negative_slope": "negative_slope"},
        rounds=lambda layer: {"negative_slope": layer.negative_slope}),
    Row(
        nn.PReLU, "PReLU", inputs=lambda shapes, config: shapes[0], theirs=_shared_axes,
        variables={"alpha": None}, made=lambda s: nn.PReLU(s["inputs"], dtype=s["dtype"]),
    ),
    Row(nn.ELU, "ELU", {"alpha": "alpha"}, rounds=lambda layer: {"alpha": layer.alpha}),
    Row(nn.Softmax, "Softmax", {"axis": "axis"}),
    _activation(nn.ReLU, "relu"),
    _activation(nn.ReLU, "relu6", made=lambda s: nn.ReLU(6)),
    _activation(nn.LeakyReLU, "leaky_relu", made=lambda s: nn.LeakyReLU(0.2)),
    _activation(nn.ELU, "elu"),
    _activation(nn.Softmax, "softmax"),
    _activation(nn.Tanh, "tanh"),
    _activation(nn.Sigmoid, "sigmoid"),
    _activation(nn.SELU, "selu"),
    _activation(
        nn.GELU, "gelu", {"approximate": False},
        rounds=lambda layer: {"gelu": np.pi},
    ),
    _activation(nn.SiLU, "silu"),
    _activation(nn.Mish, "mish"),
    _activation(nn.Softplus, "softplus"),
    _activation(nn.Softsign, "softsign"),
    _activation(nn.HardSigmoid, "hard_sigmoid"),
    _activation(nn.HardSiLU, "hard_silu"),
    _activation(nn.HardTanh, "hard_tanh"),
    _activation(nn.HardShrink, "hard_shrink", {"threshold": 0.5}),
    _activation(nn.SoftShrink, "soft_shrink", {"threshold": 0.5}),
    _activation(nn.TanhShrink, "tanh_shrink"),
    _activation(nn.Threshold, "threshold", {"threshold": None, "value": None}),
    _activation(nn.CELU, "celu", {"alpha": 1.0}),
    _activation(nn.Squareplus, "squareplus", {"b": 4.0}),
    _activation(nn.SparsePlus, "sparse_plus"),
    _activation(nn.SparseSigmoid, "sparse_sigmoid"),
    _activation(nn.LogSigmoid, "log_sigmoid"),
    _activation(nn.LogSoftmax, "log_softmax", refuse=_last_axis),
    _activation(nn.GLU, "glu", refuse=_last_axis),
    # ---- what Keras has as an argument of its ReLU
    Row(nn.LeakyReLU, "ReLU", {"negative_slope": "negative_slope"},
        always={"max_value": None, "threshold": 0.0}),
    Row(nn.Threshold, "ReLU", {"threshold": "threshold"},
        always={"max_value": None, "negative_slope": 0.0}),
]  # fmt: skip

# The row to use for a layer of ours: the first of its class.
LAYERS: dict[type[Module], Row] = {row.ours: row for row in reversed(ROWS)}


# ------------------------------------------------------------------- regularizers and constraints

# (attribute of a Parameter and ending in Keras, module of Keras,
#  our class -> name of Keras's class and its arguments, which are our attributes)
KEPT: list[tuple[str, str, dict[type, tuple[str, ...]]]] = [
    ("regularizer", "regularizers", {
        nn.L1: ("L1", "l1"),
        nn.L2: ("L2", "l2"),
        nn.L1L2: ("L1L2", "l1", "l2"),
    }),
    ("constraint", "constraints", {
        nn.NonNegative: ("NonNeg",),
        nn.MaxNorm: ("MaxNorm", "max_value", "axis"),
        nn.UnitNorm: ("UnitNorm", "axis"),
        nn.MinMaxNorm: ("MinMaxNorm", "min_value", "max_value", "rate", "axis"),
    }),
]  # fmt: skip


# ------------------------------------------------------------------ walking through models, refusals


def inner(layer: Any) -> list[tuple[str, Any]] | None:
    """(name, layer) of the parts of a layer that arranges others, None for any other layer."""
    kind = kind_of(layer)
    if kind in (nn.Sequential, nn.Concatenate):
        return [(str(i), part) for i, part in enumerate(layer.layers)]
    if kind is nn.Residual:
        return [(name, part) for name, part in vars(layer).items()
                if name in ("f", "projection") and part is not None]  # fmt: skip
    if kind is nn.TransformerBlock:
        names = ("norm1", "attention", "norm2", "up", "activation", "down", "dropout")
        return [(name, as_layer(getattr(layer, name))) for name in names]
    if kind is Graph:
        return [(name, part) for name, part in layer.layers.items() if kind_of(part) is not Merge]
    return None


def as_layer(function: Any) -> Any:
    """The layer that computes a function, if there is one."""
    return FUNCTIONS.get(function.name, function) if isinstance(function, Op) else function


FUNCTIONS: dict[str, Module] = {  # by name: a copy of a model has copies of rows
    "relu": nn.ReLU(),
    "sigmoid": nn.Sigmoid(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate=True),
}


def leaves(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, layer) of every layer that arranges no others, usually in the order of application."""
    parts = inner(layer)
    if not parts:
        yield path, layer
        return
    for name, part in parts:
        yield from leaves(part, join(path, name))


def kind_of(layer: Any) -> type[Module] | None:
    """The class whose formula a layer computes: its own, or one from which it inherits every method."""
    own = type(layer)
    for i, kind in enumerate(own.__mro__):
        if kind in LAYERS or kind in ARRANGING:
            functions = {
                n for c in own.__mro__[:i] for n, f in vars(c).items() if inspect.isfunction(f)
            }
            return kind if functions <= {"__init__", "__repr__"} else None
    return None


ARRANGING = (nn.Sequential, nn.Concatenate, nn.Residual, nn.TransformerBlock, Graph, Merge)


def variables_of(layer: Any) -> list[tuple[Any, str]]:
    """(parameter, Keras's name for it) of a layer."""
    words = list(LAYERS[kind_of(layer)].variables)  # type: ignore[index]
    parameters = layer.parameters()
    if {p.name for p in parameters} <= set(words):
        return [(p, p.name) for p in parameters]
    return list(zip(parameters, words, strict=False))


def kept_in(layer: Any) -> list[Any]:
    """The parameters of a layer, then its buffers: the order of Keras's weights."""
    return [*layer.parameters(), *(buffer for _, buffer in layer.named_buffers())]


def demand_supported(model: Any) -> None:
    """Raises TypeError that lists every layer of the model that has no counterpart in Keras."""
    wrong = [f"{path or 'the model itself'}: {why}" for path, why in _unsupported(model)]
    if wrong:
        raise TypeError(
            f"to_keras has no counterpart for {len(wrong)} of the layers:\n  "
            + "\n  ".join(wrong)
            + f"{user_line()}\n  Try: layers that tinygrad_edu.twins.layer_table.ROWS lists, put together by "
            "nn.Sequential, nn.Residual, nn.Concatenate or twins.Graph"
        )


def _unsupported(model: Any) -> Iterator[tuple[str, str]]:
    owner: dict[int, str] = {}
    for path, layer in leaves(model):
        kind = kind_of(layer)
        if kind in ARRANGING:
            yield path, f"a {kind.__name__} without layers"
            continue
        if kind is None:
            yield path, _called(layer)
            continue
        why = _why_not(layer, LAYERS[kind])
        if issubclass(kind, RecurrentCell) and not issubclass(kind, Recurrent):
            yield path, f"{layer!r}, a cell, without nn.RNN around it"
        elif why:
            yield path, f"{' '.join(repr(layer).split())} with {why}"
        for parameter in layer.parameters():
            where = owner.setdefault(id(parameter), path)
            if where != path:
                yield path, f"{layer!r} shares a parameter with {where}"
                break


def _why_not(layer: Any, row: Row) -> str:
    for name in row.parts:
        for part in as_list(getattr(layer, name)):
            kind = kind_of(part)
            if kind is None:
                return f"a layer of the class {type(part).__name__}"
            if kind in ARRANGING:
                why = next((f"{path}: {why}" for path, why in _unsupported(part)), "")
            else:
                why = _why_not(part, LAYERS[kind])
            if why:
                return why
    for parameter in [] if row.parts else layer.parameters():
        for word, _, known in KEPT:
            kept = getattr(parameter, word)
            if kept is not None and len(layer.parameters()) > len(row.variables):
                return f"a {word} of {parameter.name}"
            if kept is not None and type(kept) not in known:
                return f"{parameter.name}.{word} = {kept!r}"
    return row.refuse(layer)


def as_list(thing: Any) -> list[Any]:
    return thing if isinstance(thing, list) else [thing]


def _called(layer: Any) -> str:
    if isinstance(layer, Module):
        return f"{type(layer).__name__}, whose forward is a program that only Python understands"
    return f"the function {getattr(layer, '__name__', repr(layer))}"


def join(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)
