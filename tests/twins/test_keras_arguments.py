"""Every argument of every layer of Keras that has a row: converted with equal numbers, or refused by name."""

import inspect
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.twins import from_keras
from tinygrad_edu.twins.graph import MERGES
from tinygrad_edu.twins.implicit_masks import PASS_MASKS, TAKE_MASKS
from tinygrad_edu.twins.keras_export import floatx
from tinygrad_edu.twins.layer_table import ROWS

LIMITS = {"float64": 1e-10, "float32": 1e-5}
ROUNDED = 1e-6  # where Keras rounds a constant to float32
SHAPES = {"1D": (7, 4), "2D": (6, 7, 4), "3D": (5, 6, 7, 4)}
NAMES = [
    name
    for name in dict.fromkeys([*(row.keras for row in ROWS), *MERGES])
    if name != "NotEqual" and not name.endswith(("Cell", "Cells"))
]

# What a layer needs, and the arguments that other cases of it start from.
NEEDED: dict[str, dict[str, Any]] = {
    "Dense": {"units": 3}, "Embedding": {"input_dim": 9, "output_dim": 4}, "Flatten": {},
    "GroupNormalization": {"groups": 2}, "MultiHeadAttention": {"num_heads": 2, "key_dim": 4},
    "Reshape": {"target_shape": (4, 7)}, "Permute": {"dims": (2, 1)}, "Activation": {"activation": "tanh"},
    "GaussianNoise": {"stddev": 0.5}, "LeakyReLU": {"negative_slope": 0.25},
    "Bidirectional": {"layer": ("LSTM", {"units": 3})}, "RNN": {"cell": ("GRUCell", {"units": 3})},
    "GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
    "SpectralNormalization": {"layer": ("Dense", {"units": 3, "activation": "tanh"})},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": (7, 3), "bias_axes": "d"},
    "RepeatVector": {"n": 2}, "Dot": {"axes": 2},
    "TimeDistributed": {"layer": ("Dense", {"units": 3, "activation": "tanh"})},
}  # fmt: skip
NEEDED_BY_WORD = {
    "Conv": {"filters": 4, "kernel_size": 3}, "Transpose": {"filters": 4, "kernel_size": 3, "strides": 2},
    "Depthwise": {"kernel_size": 3}, "Pooling": {"pool_size": 2}, "Adaptive": {"output_size": 2},
    "Global": {}, "Dropout": {"rate": 0.5}, "SimpleRNN": {"units": 3}, "LSTM": {"units": 3},
    "GRU": {"units": 3},
}  # fmt: skip

# Values of an argument other than its default. A tuple that begins with a name is made by Keras.
VALUES: dict[str, list[Any]] = {
    "units": [5], "filters": [8], "input_dim": [11], "output_dim": [5], "mask_zero": [True],
    "activation": [None, "softmax", "gelu", "exponential", "relu6", ("layers.LeakyReLU", 0.25)],
    "recurrent_activation": ["hard_sigmoid", "tanh"], "use_bias": [False], "lora_rank": [1],
    "kernel_size": [2, 1], "strides": [2], "padding": ["same"], "data_format": ["channels_first"],
    "dilation_rate": [2], "groups": [2, 4], "depth_multiplier": [2], "output_padding": [1, 0],
    "pool_size": [3], "output_size": [3], "keepdims": [True], "size": [3], "cropping": [2, 0],
    "interpolation": ["bilinear", "bicubic"], "axis": [1, -2, [1, -1]], "momentum": [0.5],
    "epsilon": [0.125, 0.0], "center": [False], "scale": [False], "renorm": [True],
    "renorm_clipping": [{"rmax": 2.0}], "dropout": [0.5], "recurrent_dropout": [0.5],
    "return_sequences": [True], "return_state": [True], "go_backwards": [True], "stateful": [True],
    "reset_after": [False], "zero_output_for_mask": [True], "merge_mode": ["sum", "mul", "ave", None],
    "layer": [("GRU", {"units": 4, "return_sequences": True})],
    "backward_layer": [("LSTM", {"units": 3, "go_backwards": True, "activation": "relu"}),
                       ("LSTM", {"units": 3, "go_backwards": True})],
    "cell": [("LSTMCell", {"units": 3, "use_bias": False})],
    "n": [3], "axes": [1, -1, (2, 2)], "normalize": [True],
    "gptq_unpacked_column_size": [5], "equation": ["abc,cd->abd"], "bias_axes": [None, "bd"],
    "power_iterations": [3], "head_dim": [16], "num_query_heads": [2], "num_key_value_heads": [1, 4],
    "use_scale": [False],
    "num_heads": [1], "key_dim": [16], "value_dim": [3], "output_shape": [5, (2, 3)],
    "attention_axes": [1, (1, 2)], "sliding_window": [2], "use_gate": [True],
    "target_shape": [(2, -1), (28,)], "dims": [(1, 2)], "rate": [0.25, 0.0], "stddev": [0.25],
    "noise_shape": [(None, 1, 4)], "max_value": [0.5], "negative_slope": [0.125], "threshold": [0.25],
    "alpha": [0.5], "shared_axes": [[1], [1, 2], [2]], "activity_regularizer": ["l1"],
    "trainable": [False], "dtype": ["float32", "mixed_float16"],
}  # fmt: skip
OTHER_VALUES: dict[tuple[str, str], list[Any]] = {
    ("MaxPooling2D", "pool_size"): [3, (2, 3), (1, 2)], ("Conv2D", "kernel_size"): [(2, 3), 1],
    ("Conv2D", "strides"): [2, (2, 1)], ("Conv2D", "dilation_rate"): [2, (1, 2)],
    ("Conv1D", "padding"): ["same", "causal"],
    ("DepthwiseConv2D", "strides"): [2], ("SeparableConv2D", "strides"): [2],
    ("ZeroPadding1D", "padding"): [2, (0, 3)], ("ZeroPadding2D", "padding"): [2, (1, 2), ((0, 1), (2, 0))],
    ("Cropping1D", "cropping"): [2, (0, 3)], ("Cropping2D", "cropping"): [1, (1, 2), ((0, 1), (2, 0))],
    ("UpSampling2D", "size"): [3, (1, 2)], ("BatchNormalization", "axis"): [1, 2, 3, -2],
    ("LayerNormalization", "axis"): [1, 3, [1, 2], [3]], ("GroupNormalization", "axis"): [3, 2, 1, -2],
    ("GroupNormalization", "groups"): [1, 4, -1, 2], ("RMSNormalization", "axis"): [1, 2, [1, 2], [2]],
    ("Softmax", "axis"): [1, -2, 2, (1, 2)], ("Concatenate", "axis"): [1, 2, -2],
    ("Activation", "activation"): [
        "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus",
        "softsign",
        "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "celu",
        "squareplus", "sparse_plus", "sparse_sigmoid", "sparsemax", "log_sigmoid", "log_softmax", "softmax",
        "sigmoid", "glu", "threshold", "exponential", "swish", None, ("layers.ReLU", 0.5),
        ("layers.PReLU",),
    ],
    ("EinsumDense", "output_shape"): [(None, 2)],
    ("EinsumDense", "equation"): ["abc,cd->abd", "abc,bcd->abd"], ("EinsumDense", "bias_axes"): ["bd", None],
    ("SpectralNormalization", "layer"): [("Conv1D", {"filters": 3, "kernel_size": 2, "use_bias": False})],
    ("TimeDistributed", "layer"): [("LayerNormalization", {}), ("Dense", {"units": 2})],
    ("LSTM", "activation"): ["relu", None, "linear"], ("GRU", "activation"): ["relu", None],
    ("SimpleRNN", "activation"): ["relu", None, "linear"], ("AlphaDropout", "noise_shape"): [(None, 1, 4)],
}  # fmt: skip

# Arguments that change nothing here. They are set together, in one case for each layer.
NO_EFFECT: dict[str, Any] = {
    "lora_alpha": 2, "weights": None, "renorm_momentum": 0.5, "synchronized": True, "seed": 3,
    "unroll": True,
    "unit_forget_bias": False, "use_cudnn": False, "flash_attention": False, "quantization_config": None,
    "name": "other",
}  # fmt: skip
# Keras itself refuses these, cannot compute them on a CPU, or (trainable=False of a layer that is made of
# others) trains the weights all the same. It makes the weights of LoRA in float32 always.
NOT_IN_KERAS = {
    ("Conv2DTranspose", "dilation_rate"), ("Conv1DTranspose", "dilation_rate"),
    ("SpatialDropout1D", "trainable"), ("SpatialDropout2D", "trainable"), ("Bidirectional", "trainable"),
    ("MultiHeadAttention", "trainable"), ("GroupQueryAttention", "trainable"), ("RNN", "trainable"),
    ("TimeDistributed", "trainable"), ("SpectralNormalization", "trainable"), ("Embedding", "dtype"),
    ("Dense", "lora_rank"),
}  # fmt: skip

HEADS = ("MultiHeadAttention", "GroupQueryAttention")
RECURRENT = ("SimpleRNN", "LSTM", "GRU")
# argument -> the layers that may refuse values of it; () for all.
REFUSED: dict[str, tuple[str, ...]] = {
    "activation": (), "activity_regularizer": (), "dtype": (), "data_format": (),
    **{f"{variable}_regularizer": () for variable in (
        "kernel", "bias", "recurrent", "depthwise", "pointwise", "embeddings", "gamma", "beta", "alpha",
    )},
    "kernel_constraint": HEADS, "bias_constraint": HEADS, "use_gate": HEADS, "sliding_window": HEADS,
    "lora_rank": ("Embedding", "EinsumDense"), "gptq_unpacked_column_size": ("EinsumDense",),
    "interpolation": ("UpSampling2D",), "noise_shape": ("Dropout", "AlphaDropout"),
    "axis": ("LayerNormalization", "GroupNormalization", "RMSNormalization"),
    "renorm": ("BatchNormalization",), "renorm_clipping": ("BatchNormalization",),
    "recurrent_activation": RECURRENT, "stateful": ("RNN",), "return_state": ("RNN",),
    "zero_output_for_mask": ("RNN",),
    "merge_mode": ("Bidirectional",),
    "backward_layer": ("Bidirectional",), "output_shape": ("MultiHeadAttention",),
    "attention_axes": ("MultiHeadAttention",),
}  # fmt: skip


def values_of(name: str, argument: str) -> list[Any]:
    if argument.endswith("_regularizer") and argument != "activity_regularizer":
        return [("regularizers.L1L2", 2**-7, 2**-6), "orthogonal_regularizer"]
    if argument.endswith("_constraint"):
        return [("constraints.MinMaxNorm", 0.5, 2.0, 0.25, 0)]
    return OTHER_VALUES.get((name, argument), VALUES.get(argument, []))


def needed(name: str) -> dict[str, Any]:
    if name in NEEDED:
        return NEEDED[name]
    words = [word for word in NEEDED_BY_WORD if word in name]
    return NEEDED_BY_WORD[words[-1]] if words else {}


def cases_of(layers: Any, name: str) -> list[dict[str, Any]]:
    """Arguments to try: those without effect together, and the values of the others one by one."""
    signature = inspect.signature(getattr(layers, name)).parameters.values()
    named = [p.name for p in signature if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [*(n for n in named if n not in ("name", "dtype")), "trainable", "dtype", "name"]
    together = {n: NO_EFFECT[n] for n in names if n in NO_EFFECT}
    together |= {n: "ones" for n in names if n.endswith("_initializer")}
    cases = [together]
    for argument in names:
        values = values_of(name, argument)
        assert values or argument in together, (
            f"{name} has an argument {argument} that is not tried"
        )
        cases += [{argument: value} for value in values if (name, argument) not in NOT_IN_KERAS]
    return cases


def made_by(keras: Any, value: Any) -> Any:
    """The object that a tuple describes, ("layers.ReLU", 0.5) or ("LSTM", {"units": 3}); else the value."""
    if not isinstance(value, tuple) or not value or not isinstance(value[0], str):
        return value
    if "." not in value[0]:
        return getattr(keras.layers, value[0])(**value[1])
    module, kind = value[0].split(".")
    return getattr(getattr(keras, module), kind)(*value[1:])


def model_and_inputs(
    keras: Any, name: str, settings: dict[str, Any], dtype: str
) -> tuple[Any, list]:
    """A model of one layer whose weights are all different, and inputs for it."""
    rng = np.random.default_rng(0)
    shape = next((SHAPES[d] for d in SHAPES if d in name), (7, 4))
    shape = (
        (6, 8, 4)
        if name in ("BatchNormalization", "LayerNormalization", "GroupNormalization")
        else shape
    )
    shape = (7,) if name in ("Embedding", "RepeatVector") else shape
    count = 2 if name in MERGES or name == "AdditiveAttention" or name == "Dot" else 1
    inputs = [rng.normal(size=(3, *shape)).astype(dtype) for _ in range(count)]
    if name == "Embedding":
        inputs = [rng.integers(0, 9, (3, 7)).astype("int32")]
    with floatx(keras, dtype):
        given = {argument: made_by(keras, value) for argument, value in settings.items()}
        layer = getattr(keras.layers, name)(**given)
        size = 3 if "stateful" in settings else None
        starts = [keras.Input(shape, size, dtype=str(x.dtype)) for x in inputs]
        xs = (
            [keras.layers.Activation("linear")(start) for start in starts]
            if "dtype" in settings
            else starts
        )
        if name in ("MultiHeadAttention", "GroupQueryAttention"):
            model = keras.Model(starts, layer(xs[0], xs[0]))
        else:
            model = keras.Model(starts, layer(xs if count > 1 else xs[0]))
    for weight in model.weights:
        if "seed" not in weight.path:
            signs = rng.choice([1.0, -1.0], weight.shape) if "variance" not in weight.path else 1
            weight.assign(signs * rng.uniform(0.25, 0.75, weight.shape))
    return model, inputs


def as_list(y: Any) -> list[Any]:
    return list(y) if isinstance(y, (tuple, list)) else [y]


def differences(
    model: Any, ours: Any, inputs: list[np.ndarray], training: bool
) -> dict[str, float]:
    """How far outputs, gradients and moving statistics of the two are apart."""
    import tensorflow as tf

    rng = np.random.default_rng(1)
    words = inputs[0].dtype.kind == "i"
    watched = [tf.constant(x) for x in inputs]
    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch([] if words else watched)
        theirs = as_list(model(watched if len(watched) > 1 else watched[0], training=training))
        weights = [rng.normal(size=y.shape).astype(y.dtype.name) for y in theirs]
        loss = sum(tf.reduce_sum(g * y) for g, y in zip(weights, theirs, strict=True))
        loss += sum(model.losses)
    at = [*variables, *([] if words else watched)]
    gradients = tape.gradient(loss, at, unconnected_gradients="zero") if at else []

    tensors = [x if words else Tensor(x, requires_grad=True) for x in inputs]
    mine = as_list(ours.train(training)(*tensors))
    learned = [p for p in ours.parameters() if p.requires_grad]
    for parameter in learned:
        parameter.grad = None
    total = sum((g * y).sum() for g, y in zip(weights, mine, strict=True)) + ours.penalty()
    if at:
        total.backward()
    assert len(learned) == len(variables)
    pairs = {
        f"output {i}": (y.data, np.asarray(z))
        for i, (y, z) in enumerate(zip(mine, theirs, strict=True))
    }
    sources = [*learned, *([] if words else tensors)]
    for i, (source, g) in enumerate(zip(sources, gradients, strict=True)):
        got = np.zeros(source.shape, source.dtype) if source.grad is None else source.grad
        pairs[f"gradient {i}"] = (got, tf.convert_to_tensor(g).numpy().reshape(source.shape))
    moving = [v for v in model.weights if "moving" in v.path or "vector_u" in v.path]
    for (path, buffer), variable in zip(ours.named_buffers(), moving, strict=True):
        pairs[path] = (buffer.data, np.asarray(variable).reshape(buffer.shape))
    for what, (a, b) in pairs.items():
        assert (a.shape, a.dtype) == (b.shape, b.dtype), what
    return {
        k: float((np.abs(a - b) / np.maximum(1, np.abs(b).max())).max())
        for k, (a, b) in pairs.items()
    }


def outcome(keras: Any, name: str, case: dict[str, Any], dtype: str) -> str:
    """ "equal", "refused" by a sentence that names layer and argument, or what is wrong."""
    import tensorflow as tf

    model, inputs = model_and_inputs(keras, name, {**needed(name), **case}, dtype)
    try:
        ours = from_keras(model)
    except TypeError as error:
        told = str(error).splitlines()[1]
        return "refused" if name in told and any(word in told for word in case) else told
    noisy = "Dropout" in name or "Noise" in name or any("dropout" in argument for argument in case)
    try:
        found = differences(model, ours, inputs, training=not noisy)
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError):
        assert (dtype, "Pooling3D" in name) == ("float64", True), "all others have both precisions"
        return "equal"
    limit = ROUNDED if {"leaky_relu", "bilinear"} & set(map(str, case.values())) else LIMITS[dtype]
    return "equal" if max(found.values()) <= limit else f"different: {found}"


@pytest.mark.parametrize("name", NAMES)
def test_every_argument(keras: Any, exact: None, name: str) -> None:
    keras.utils.clear_session()
    wrong, refused = [], []
    for case in cases_of(keras.layers, name):
        for dtype in LIMITS:
            told = outcome(keras, name, case, dtype)
            if told == "refused":
                refused += [argument for argument in case if argument not in refused]
                break
            if told != "equal":
                wrong.append(f"{case} in {dtype}: {told}")
    assert not wrong, "\n".join(wrong)
    assert set(refused) <= {a for a, layers in REFUSED.items() if name in layers or not layers}


def test_masks_go_where_keras_passes_them(keras: Any) -> None:
    """A layer that is missing here would lose the mask of a Sequential, and give other numbers."""
    ends = {"GlobalAveragePooling1D", "Dot"}  # supports_masking, but compute_mask is None
    for name in NAMES:
        settings = {argument: made_by(keras, value) for argument, value in needed(name).items()}
        layer = getattr(keras.layers, name)(**settings)
        assert (layer.supports_masking and name not in ends) == (name in PASS_MASKS), name
        takes = "mask" in inspect.signature(layer.call).parameters
        assert takes == (name in TAKE_MASKS), name
