"""from_keras: models as people write them in Keras, and the same numbers here."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.twins import Graph, compare, from_keras, to_keras
from tinygrad_edu.twins.keras_export import floatx
from tinygrad_edu.twins.keras_import import Reader

LIMIT = 1e-12
R = np.random.default_rng(0)
X = R.normal(size=(6, 5))
STEPS = R.normal(size=(4, 7, 6))
IMAGES = R.normal(size=(3, 12, 11, 3))
WORDS = R.integers(1, 9, (4, 7)).astype(np.int32)
PADDED = np.where(np.arange(7) < np.array([[7], [4], [2], [5]]), WORDS, 0).astype(np.int32)


# Each takes keras.layers and keras, and returns a model and its inputs.


def perceptron(L: Any, keras: Any) -> Any:
    dense = L.Dense(8, "relu", kernel_regularizer="l2", kernel_constraint="non_neg", name="first")
    return keras.Sequential([
        L.Input((5,)), dense, L.BatchNormalization(momentum=0.5), L.Dropout(0),
        L.Dense(7, activation=L.LeakyReLU(negative_slope=0.5)), L.Activation("linear"),
        L.Dense(4, activation="softplus", use_bias=False), L.ELU(), L.Dense(3, "softmax"),
    ]), [X]  # fmt: skip


def inception(L: Any, keras: Any) -> Any:
    x = L.Input(IMAGES.shape[1:])
    y = L.Conv2D(8, 3, strides=2, padding="same", activation="tanh")(x)
    a = L.Conv2D(4, (1, 3), padding="same")(y)
    b = L.MaxPooling2D(3, strides=1, padding="same")(y)
    y = L.Concatenate()([a, b, L.SeparableConv2D(4, 3, padding="same", activation="elu")(y)])
    y = L.BatchNormalization(axis=3)(y)
    z = L.DepthwiseConv2D(3, padding="same")(y)
    y = L.Average()([y, z, keras.ops.tanh(y) * z - 2 * y])
    y = L.ZeroPadding2D(((1, 0), (2, 1)))(L.UpSampling2D((1, 2))(y))
    return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling2D()(y))), [IMAGES]


def translator(L: Any, keras: Any) -> Any:
    """An encoder whose states a decoder starts from: two inputs, two outputs."""
    said, heard = L.Input((7, 6), name="said"), L.Input((None, 6), name="heard")
    _, h, c = L.LSTM(5, return_state=True, name="encoder")(said)
    y = L.LSTM(5, return_sequences=True, name="decoder")(heard, initial_state=[h, c])
    y = L.Bidirectional(L.GRU(3, return_sequences=True, reset_after=False), merge_mode="sum")(y)
    return keras.Model([said, heard], [L.Dense(4, name="words")(y), h]), [STEPS, STEPS[:, :3]]


def siamese(L: Any, keras: Any) -> Any:
    """A model used as a layer, twice, and a layer with an activation, shared."""
    inner = keras.Sequential([L.Input((5,)), L.Dense(6, "gelu"), L.LayerNormalization()])
    a, b = L.Input((5,)), L.Input((5,))
    shared = L.Dense(4, "sigmoid", name="shared")
    apart = L.Subtract()([shared(inner(a)), shared(inner(b))])
    return keras.Model([a, b], L.Dense(1)(apart * apart)), [X, X[::-1]]


def in_models(L: Any, keras: Any) -> Any:
    """A functional model of two inputs and two outputs, within another, within a Sequential."""
    a, b = L.Input((5,)), L.Input((5,))
    pair = keras.Model([a, b], [L.Add()([a, L.Dense(5)(b)]), L.Maximum()([a, b])], name="pair")
    x = L.Input((5,))
    one, other = pair([x, keras.ops.relu(x)])
    middle = keras.Model(x, L.Multiply()([one, L.Dense(5, name="deep")(other)]), name="middle")
    return keras.Sequential([L.Input((5,)), L.Dense(5), middle, L.Dense(2, name="last")]), [X]


def transformer(L: Any, keras: Any) -> Any:
    x = L.Input((7,), dtype="int32")
    y = L.Embedding(9, 8)(x)
    seen = L.MultiHeadAttention(2, 4, value_dim=3, name="look")(y, y, use_causal_mask=True)
    y = L.LayerNormalization(epsilon=1e-6)(y + seen)
    other = L.MultiHeadAttention(2, 4, name="other")
    y = y + other(query=y, value=L.Dense(6)(seen))
    y = L.Add()([y, L.Dense(8)(L.Dense(16, "relu")(L.RMSNormalization()(y)))])
    return keras.Model(x, y), [WORDS]


def padded(L: Any, keras: Any) -> Any:
    return keras.Sequential([
        L.Input((7,), dtype="int32"), L.Embedding(9, 8, mask_zero=True), L.Dropout(0),
        L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Dense(5, "tanh"),
        L.GRU(3), L.Dense(2),
    ]), [PADDED]  # fmt: skip


def padded_and_functional(L: Any, keras: Any) -> Any:
    x = L.Input((7,), dtype="int32")
    y = L.LSTM(4, return_sequences=True)(L.Embedding(9, 8, mask_zero=True)(x))
    return keras.Model(x, L.SimpleRNN(3)(L.Dense(5)(y))), [PADDED]


def mask_that_ends(L: Any, keras: Any) -> Any:
    return keras.Sequential([
        L.Input((7,), dtype="int32"), L.Embedding(9, 8, mask_zero=True), L.SpatialDropout1D(0),
        L.Identity(), L.LSTM(6), L.Reshape((3, 2)), L.GRU(2),
    ]), [PADDED]  # fmt: skip


def masked_attention(L: Any, keras: Any) -> Any:
    x, allowed = L.Input((7, 6)), L.Input((7, 7), dtype="bool")
    y = L.MultiHeadAttention(1, 4)(x, x, attention_mask=allowed)
    return keras.Model([x, allowed], y), [STEPS, R.random((4, 7, 7)) < 0.7]


def in_time(L: Any, keras: Any) -> Any:
    """A network for each picture of a film, cells above each other, attention of several kinds."""
    film = L.Input((4, 6, 5, 3))
    small = keras.Sequential([L.Input((6, 5, 3)), L.Conv2D(4, 3, activation="tanh"), L.Flatten()])
    y = L.TimeDistributed(L.Dense(6, "relu"))(L.TimeDistributed(small, name="each")(film))
    y = L.RNN([L.LSTMCell(5), L.GRUCell(4, use_bias=False)], return_sequences=True)(y)
    y = L.GroupQueryAttention(4, 4, 2, use_bias=False)(y, y) + L.AdditiveAttention()([y, y])
    y = L.Bidirectional(L.SimpleRNN(3, use_bias=False, return_sequences=True), merge_mode="mul")(y)
    return keras.Model(film, L.GlobalAveragePooling1D(keepdims=True)(y)), [
        R.normal(size=(2, 4, 6, 5, 3))
    ]


def masked_mean(L: Any, keras: Any) -> Any:
    return keras.Sequential([
        L.Input((7,), dtype="int32"), L.Embedding(9, 8, mask_zero=True), L.BatchNormalization(),
        L.GlobalAveragePooling1D(),
    ]), [PADDED]  # fmt: skip


MODELS = [
    in_time, masked_mean,
    perceptron, inception, translator, siamese, in_models, transformer, padded,
    padded_and_functional, mask_that_ends, masked_attention,
]  # fmt: skip


def built(make: Any, keras: Any, dtype: str = "float64") -> tuple[Any, list[np.ndarray]]:
    """The model, with no weight at a 0 or a 1."""
    keras.utils.clear_session()
    with floatx(keras, dtype):
        model, inputs = make(keras.layers, keras)
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.uniform(0.1, 0.9, weight.shape) * rng.choice([1, 1, -1], weight.shape)
                      if "moving" not in weight.path else rng.uniform(0.5, 1.5, weight.shape))  # fmt: skip
    return model, inputs


def numbers(y: Any) -> list[np.ndarray]:
    several = y if isinstance(y, (tuple, list)) else [y]
    return [np.asarray(z.data if hasattr(z, "requires_grad") else z) for z in several]


def away(a: Any, b: Any) -> float:
    pairs = list(zip(numbers(a), numbers(b), strict=True))
    assert all(p.shape == q.shape and p.dtype == q.dtype for p, q in pairs)
    return max(float(np.abs(p - q).max()) for p, q in pairs)


def called(model: Any, inputs: list[np.ndarray], **more: Any) -> Any:
    return model(inputs if len(inputs) > 1 else inputs[0], **more)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", MODELS)
def test_the_same_numbers(keras: Any, exact: None, make: Any, training: bool) -> None:
    theirs, inputs = built(make, keras)
    ours = from_keras(theirs).train(training)
    before = [w.numpy() for w in theirs.weights]
    assert away(ours(*inputs), called(theirs, inputs, training=training)) <= LIMIT
    for weight, start in zip(theirs.weights, before, strict=True):
        weight.assign(start)
    twin = to_keras(from_keras(theirs), None if isinstance(ours, Graph) else inputs[0].shape[1:])
    same = called(theirs, inputs, training=training)
    for weight, start in zip(theirs.weights, before, strict=True):
        weight.assign(start)
    assert away(called(twin, inputs, training=training), same) <= LIMIT


@pytest.mark.parametrize("make", MODELS)
def test_a_file_says_the_same_without_keras(keras: Any, tmp_path: Path, make: Any) -> None:
    theirs, inputs = built(make, keras, "float32")
    theirs.compile("adam", "mse")
    theirs.save(tmp_path / "model.keras")
    np.savez(tmp_path / "inputs.npz", *inputs)
    program = """
import sys
import numpy as np
from tinygrad_edu.twins import from_keras

model = from_keras("model.keras").eval()
inputs = list(np.load("inputs.npz").values())
y = model(*inputs)
np.savez("outputs.npz", *(z.data for z in (y if isinstance(y, tuple) else (y,))))
assert not {"keras", "tensorflow", "pickle5"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=tmp_path)
    outputs = list(np.load(tmp_path / "outputs.npz").values())
    assert away(outputs, from_keras(theirs).eval()(*inputs)) == 0
    assert away(outputs, called(theirs, inputs, training=False)) <= 1e-5


def test_a_network_that_others_built(keras: Any) -> None:
    """MobileNetV2, 150 layers of Keras's own making."""
    keras.utils.clear_session()
    with floatx(keras, "float64"):
        theirs = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=10)
    ours: Any = from_keras(theirs)
    assert sum(p.data.size for p in ours.parameters()) == sum(
        w.numpy().size for w in theirs.trainable_weights
    )
    x = R.normal(size=(8, 32, 32, 3))
    y = theirs(x, training=True)
    assert np.ptp(np.asarray(y), axis=0).min() > 1e-3, "it answers to what it sees"
    assert away(ours(x), y) <= 1e-10


# --- models within models, layers applied twice ---


def as_output(L: Any, keras: Any) -> Any:
    i, j = L.Input((5,)), L.Input((5,))
    inner = keras.Model(i, [L.Dense(5)(i), L.Dense(3)(i)], name="inner")
    return keras.Model(j, inner(j)), [X]


def applied_again(L: Any, keras: Any) -> Any:
    """The result of the second call, and of the third, of a model that was called before."""
    i, j = L.Input((5,)), L.Input((5,))
    inner = keras.Model(i, L.Dense(5, "tanh")(i), name="inner")
    inner(L.Input((5,)))
    once = inner(j)
    return keras.Model(j, [inner(inner(once)), once, L.Dense(2)(once)]), [X]


def two_levels(L: Any, keras: Any) -> Any:
    i, j, k = (L.Input((5,)) for _ in range(3))
    inner = keras.Model(i, [L.Dense(5)(i), L.Dense(3)(i)], name="inner")
    middle = keras.Model(j, inner(inner(j)[0]), name="middle")
    return keras.Model(k, [*middle(middle(k)[0]), k]), [X]


def shared_across_models(L: Any, keras: Any) -> Any:
    """One layer with an activation, inside a model, around it, and in a Sequential beside it."""
    shared = L.Dense(5, "tanh", name="shared")
    i, j = L.Input((5,)), L.Input((5,))
    inner = keras.Model(i, shared(i), name="inner")
    beside = keras.Sequential([L.Input((5,)), shared, L.Dense(5)], name="beside")
    return keras.Model(j, shared(beside(inner(shared(j))))), [X]


def repeated(L: Any, keras: Any) -> Any:
    """A Sequential that applies a layer and a model twice, which its config lists once."""
    again, inner = L.Dense(5), keras.Sequential([L.Input((5,)), L.Dense(5, "tanh")])
    layers = [L.Input((5,)), again, inner, again, L.ReLU(), inner, L.Dense(2)]
    x = L.Input((5,))
    return keras.Model(x, keras.Sequential(layers)(x)), [X]


def repeated_and_masked(L: Any, keras: Any) -> Any:
    again = L.LSTM(8, return_sequences=True)
    layers = [L.Embedding(9, 8, mask_zero=True), again, L.Dense(8), again, L.GRU(3)]
    return keras.Sequential([L.Input((7,), dtype="int32"), *layers]), [PADDED]


def from_the_middle(L: Any, keras: Any) -> Any:
    x = L.Dense(5)(L.Input((7,)))
    y = keras.ops.concatenate([x, L.Identity()(x), keras.ops.elu(x, alpha=0.5)], axis=1)
    return keras.Model(x, L.Dense(2)(y)), [X]


NESTED = [
    as_output, applied_again, two_levels, shared_across_models, repeated, repeated_and_masked,
    from_the_middle,
]  # fmt: skip


@pytest.mark.parametrize("make", NESTED)
def test_values_and_gradients_of_nested_models(keras: Any, make: Any) -> None:
    import tensorflow as tf

    theirs, inputs = built(make, keras)
    ours = from_keras(theirs)
    y = ours(*inputs)
    with tf.GradientTape() as tape:
        z = called(theirs, inputs)
        total = sum(tf.reduce_sum(part * part) for part in (z if isinstance(z, list) else [z]))
    assert away(y, z) <= LIMIT
    sum((part * part).sum() for part in (y if isinstance(y, tuple) else (y,))).backward()
    variables = [v.value for v in theirs.trainable_variables]
    gradients = tape.gradient(total, variables)
    mine = {p.data.tobytes(): p.grad for p in ours.parameters()}
    assert len(mine) == len(ours.parameters()) == len(variables), "shared weights are shared here"
    for variable, gradient in zip(variables, gradients, strict=True):
        found = mine[np.asarray(variable).tobytes()]
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.abs(found - gradient).max() <= LIMIT * max(1, np.abs(gradient).max())


@pytest.mark.parametrize(
    "make", [m for m in NESTED if not m.__name__.startswith(("shared", "rep"))]
)
def test_nested_models_from_a_file(keras: Any, tmp_path: Path, make: Any) -> None:
    theirs, inputs = built(make, keras)
    theirs.save(tmp_path / "model.keras")
    assert away(from_keras(tmp_path / "model.keras")(*inputs), called(theirs, inputs)) <= LIMIT


def test_attention_shared_by_two_models_has_one_causality(keras: Any) -> None:
    L = keras.layers
    look = L.MultiHeadAttention(1, 4)
    x, y = L.Input((7, 6)), L.Input((7, 6))
    inner = keras.Model(x, look(x, x), name="inner")
    told = refused(keras.Model(y, look(inner(y), y, use_causal_mask=True)))
    assert "called both with and without use_causal_mask" in told


def test_an_activation_that_was_taken_away(keras: Any) -> None:
    L = keras.layers
    dense, cell = L.Dense(3, "tanh"), L.SimpleRNN(3)
    dense.activation = cell.cell.activation = None
    theirs = keras.Sequential([L.Input((7, 6)), dense])
    assert str(from_keras(theirs)).count("\n") == 2, "a Linear and nothing else"
    assert away(from_keras(theirs)(STEPS.astype("float32")), theirs(STEPS)) <= 1e-6
    assert dense.activation is None
    told = refused(keras.Sequential([L.Input((7, 6)), cell]))
    assert "SimpleRNN with activation='linear' (here it is 'tanh')" in told
    assert cell.cell.activation is None


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
def test_an_activation_that_is_a_program(keras: Any) -> None:
    L = keras.layers
    told = refused(keras.Sequential([L.Input((5,)), L.Dense(3, activation=lambda x: 2 * x)]))
    assert ": Dense with activation=a function of Python" in told


# --- what a model looks like here ---


def test_what_it_becomes(keras: Any) -> None:
    ours = from_keras(built(perceptron, keras)[0])
    assert (
        str(ours)
        == """Sequential(
  0: Linear(5, 8)
  1: ReLU()
  2: BatchNorm(8, momentum=0.5)
  3: Dropout(p=0)
  4: Linear(8, 7)
  5: LeakyReLU(negative_slope=0.5)
  6: Linear(7, 4, bias=False)
  7: Softplus()
  8: ELU(alpha=1.0)
  9: Linear(4, 3)
  10: Softmax(axis=-1)
)"""
    )
    assert isinstance(ours[0].W.constraint, nn.NonNegative)
    assert vars(ours[0].W.regularizer) == {"l1": 0, "l2": 0.01}
    assert (
        str(from_keras(built(siamese, keras)[0]))
        == """Graph(input_layer_1, input_layer_2 ->
  sequential = Sequential(
    0: Linear(5, 6)
    1: GELU(approximate=False)
    2: LayerNorm(6)
  )(input_layer_1)
  sequential, call 2 = Sequential(
    0: Linear(5, 6)
    1: GELU(approximate=False)
    2: LayerNorm(6)
  )(input_layer_2)
  shared = Linear(6, 4)(sequential)
  shared_sigmoid = Sigmoid()(shared)
  shared, call 2 = Linear(6, 4)(sequential, call 2)
  shared_sigmoid, call 2 = Sigmoid()(shared, call 2)
  subtract = Merge('Subtract')(shared_sigmoid, shared_sigmoid, call 2)
  multiply = Merge('Multiply')(subtract, subtract)
  dense_1 = Linear(4, 1)(multiply)
  -> dense_1
)"""
    )


def test_what_is_frozen_stays_so(keras: Any) -> None:
    L = keras.layers
    inner = keras.Sequential([L.Input((4,)), L.Dense(3), L.BatchNormalization()])
    inner.trainable = False
    outer = keras.Sequential([L.Input((3,)), L.Dense(3), L.Dense(3)])
    outer.trainable = False
    outer.layers[
        0
    ].trainable = True  # which Keras does not look at, as the model around it is frozen
    both = L.Bidirectional(L.LSTM(2), trainable=False)
    deaf = from_keras(keras.Sequential([L.Input((7, 6)), both]))
    assert not any(p.requires_grad for p in deaf.parameters()) and not both.trainable_weights
    layers = [L.Input((4,)), inner, outer, L.Dense(2), L.Dense(2, trainable=False)]
    model = keras.Sequential(layers)
    learned = [path for path, p in from_keras(model).named_parameters() if p.requires_grad]
    assert learned == ["1.0.W", "1.0.b", "2.W", "2.b"]
    assert len(model.trainable_weights) == 4
    bare = L.BatchNormalization(center=False, scale=False, trainable=False)
    told = refused(keras.Sequential([L.Input((4,)), bare]))
    assert "BatchNormalization frozen, without gamma and beta to freeze here" in told


@pytest.mark.parametrize("make", [inception, transformer, padded])
def test_compared_with_what_it_came_from(keras: Any, make: Any) -> None:
    """Graphs, masks and shared layers in training: `compare` goes by the paths that Keras's names are."""
    theirs, (x,) = built(make, keras)
    ours = from_keras(theirs)
    y = R.normal(size=np.shape(theirs(x)))
    batches = [(x, y)] * 10
    optimizer = optim.Adam(ours.parameters(), 0.01, betas=(0.875, 0.9990234375))
    report = compare(ours, nn.mse, optimizer, batches)
    assert report.tolerance == 1e-10
    assert max(report.max_difference().values()) <= 1e-10
    assert report.ours.losses[-1] < report.ours.losses[0]


def test_training_one_leaves_the_other(keras: Any) -> None:
    theirs, _ = built(perceptron, keras, "float32")
    before = [w.numpy() for w in theirs.weights]
    ours = from_keras(theirs)
    for parameter in ours.parameters():
        assert parameter.dtype == np.float32
        parameter.data += 1
    assert all(np.array_equal(w.numpy(), b) for w, b in zip(theirs.weights, before, strict=True))


def test_masks_are_given_by_name(keras: Any) -> None:
    ours: Any = from_keras(built(padded, keras)[0])
    assert [c.layer for c in ours.calls if "mask" in c.keywords] == ["bidirectional", "gru"]
    ours: Any = from_keras(built(mask_that_ends, keras)[0])
    assert [c.layer for c in ours.calls if "mask" in c.keywords] == ["lstm"]


# --- refusals ---


def test_all_that_is_unsupported_comes_at_once(keras: Any) -> None:
    keras.utils.clear_session()
    L = keras.layers
    x = L.Input((7, 6))
    y = L.LSTM(4, recurrent_activation="relu", activation="relu", return_sequences=True)(x)
    y = L.TimeDistributed(L.Dense(4, activation="exponential"), name="often")(y)
    y = keras.Sequential([L.Lambda(lambda x: x), L.Conv1D(2, 3)], name="inner")(y)
    y = L.Dense(4, activity_regularizer="l1", kernel_regularizer="orthogonal_regularizer")(y)
    y = L.LayerNormalization(axis=1)(keras.ops.sin(y))
    y = L.MultiHeadAttention(2, 4, use_gate=True)(y, y)
    y = L.MaxPooling1D(2, data_format="channels_first")(y)
    y = L.Dense(4, activation="exponential", dtype="mixed_float16")(y)
    with pytest.raises(TypeError) as refusal:
        from_keras(keras.Model(x, y))
    head, *lines = str(refusal.value).split("\n")
    assert head == "from_keras has no counterpart for 9 of the layers:"
    assert lines[:9] == [
        "  lstm: LSTM with activation='relu' (here it is 'tanh'), "
        "recurrent_activation='relu' (here it is 'sigmoid')",
        "  often: TimeDistributed with activation='exponential'",
        "  inner.lambda: Lambda is a function of Python",
        "  dense_1: Dense with activity_regularizer=L1",
        "  sin: Sin (of keras.ops) has no counterpart",
        "  layer_normalization: LayerNormalization with axis=1 (here it is -1)",
        "  multi_head_attention: MultiHeadAttention with use_gate=True",
        "  max_pooling1d: MaxPooling1D with data_format='channels_first' (here it is 'channels_last')",
        "  dense_2: Dense with the dtype policy mixed_float16 (float32 or float64)",
    ]
    assert "test_from_keras.py" in lines[9]
    assert "tinygrad_edu.twins.layer_table.ROWS" in lines[10]


def refused(model: Any) -> str:
    with pytest.raises(TypeError) as refusal:
        from_keras(model)
    return str(refusal.value)


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask:UserWarning")
def test_masks_that_nobody_sees(keras: Any) -> None:
    """Keras hands them on at run time, without a word in the config: never to be computed wrongly."""
    L = keras.layers
    x = L.Input((7,), dtype="int32")
    y = L.Embedding(9, 8, mask_zero=True)(x)
    assert "at the steps of padding" in refused(keras.Model(x, L.MultiHeadAttention(2, 4)(y, y)))
    words = keras.Sequential([x, L.Embedding(9, 8, mask_zero=True)], name="words")
    look = L.MultiHeadAttention(2, 4)
    assert "at the steps of padding" in refused(keras.Model(x, look(query=y, value=y)))
    told = refused(keras.Model(x, L.LSTM(3)(words(x))))
    assert "words: a model whose mask passes, implicitly, to the model around it" in told
    inner = keras.Sequential([L.Input((7, 8)), L.LSTM(3)], name="inner")
    assert "inner: Sequential called with mask" in refused(keras.Model(x, inner(y)))
    for layer in (inner, L.RNN(L.GRUCell(3))):
        model = keras.Sequential([x, L.Embedding(9, 8, mask_zero=True), layer])
        assert "called with mask" in refused(model)


def test_calls_that_have_no_counterpart(keras: Any) -> None:
    L = keras.layers
    x = L.Input((7, 6))
    look = L.MultiHeadAttention(1, 4)
    told = refused(keras.Model(x, look(x, x) + look(x, x, use_causal_mask=True)))
    assert "called both with and without use_causal_mask" in told
    told = refused(keras.Model(x, L.MultiHeadAttention(1, 4)(x, x, key=keras.ops.relu(x))))
    assert "called with a key that is not the value" in told


def test_statistics_of_each_step_are_not_those_of_all(keras: Any) -> None:
    L = keras.layers
    inner = keras.Sequential([L.Input((6,)), L.Dense(3), L.BatchNormalization()])
    for layer in (inner, L.BatchNormalization()):
        told = refused(keras.Sequential([L.Input((7, 6)), L.TimeDistributed(layer)]))
        assert (
            "TimeDistributed with a BatchNorm inside, which Keras gives one step at a time" in told
        )


def test_lora(keras: Any) -> None:
    L = keras.layers
    dense = L.Dense(3, "tanh")
    theirs = keras.Sequential([L.Input((5,)), dense])
    dense.enable_lora(2, lora_alpha=3.0)
    dense.lora_kernel_b.assign(R.normal(size=(2, 3)))
    ours = from_keras(theirs)
    assert str(ours).count("LoRALinear") == 1
    assert sum(p.size for p in ours.parameters() if p.requires_grad) == 3 + 2 * 5 + 2 * 3
    assert away(ours(X.astype("float32")), theirs(X)) <= 1e-6


def test_layers_that_may_have_no_weights(keras: Any) -> None:
    L = keras.layers
    none = {"center": False, "scale": False}
    layers = [L.LayerNormalization(**none), L.GroupNormalization(2, **none), L.Dense(3)]
    model = keras.Sequential([L.Input((7, 6)), *layers])
    x = STEPS.astype(np.float32)
    assert away(from_keras(model)(x), model(x)) <= 1e-5
    told = refused(keras.Sequential([L.Input((7, 6)), L.LSTM(3, zero_output_for_mask=True)]))
    assert "LSTM with zero_output_for_mask=True" in told


def test_a_name_that_is_taken(keras: Any) -> None:
    L = keras.layers
    x = L.Input((5,))
    y = L.Dense(4, name="a_relu")(L.Dense(3, "relu", name="a")(x))
    model = keras.Model(x, y)
    assert away(from_keras(model)(X), model(X)) <= 1e-6


def test_a_reason_is_enough(keras: Any) -> None:
    L = keras.layers
    x = L.Input((7, 6))
    y = L.LSTM(6, activation="relu")(x, initial_state=[x[:, 0], x[:, 1]])
    told = refused(keras.Model(x, y))
    assert told.count("lstm") == 1
    assert told.count("get_item: GetItem (of keras.ops) has no counterpart") == 1


def test_the_words_of_keras_2() -> None:
    node = [["input_1", 0, 0, {}]]
    entry = {"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "dense"}, "inbound_nodes": [node]},
    ], "input_layers": ["input_1", 0, 0], "output_layers": ["dense", 0, 0]}}  # fmt: skip
    with pytest.raises(ValueError, match="in the format of Keras 2(.|\n)*save it again"):
        Reader({}).read(entry)


def test_classes_that_are_programs(keras: Any) -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    class Odd(keras.layers.Layer):
        def __init__(self, function: Any):
            super().__init__(name="odd")
            self.function = function

        def call(self, x: Any) -> Any:
            return self.function(x)

    assert "Own is a class with a call() of its own" in refused(Own())
    x = keras.Input((3,))
    told = refused(keras.Model(x, Odd(abs)(x)))
    assert "odd: Odd is a class of its own, which Keras cannot write down" in told


def test_a_model_without_weights_yet(keras: Any) -> None:
    with pytest.raises(ValueError, match=r"no weights before it knows.*\n.*\n.*keras.Input"):
        from_keras(keras.Sequential([keras.layers.Dense(3)]))


def test_something_else_than_a_model() -> None:
    with pytest.raises(TypeError, match=r"takes a Keras model or the path.*not Linear\(2, 3\)"):
        from_keras(nn.Linear(2, 3))


def test_files_that_do_not_tell(keras: Any, tmp_path: Path) -> None:
    theirs, _ = built(perceptron, keras)
    theirs.save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(ValueError, match=re.escape("does not tell what the layers are")):
        from_keras(tmp_path / "x.weights.h5")
