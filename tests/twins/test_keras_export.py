"""to_keras: the same numbers out of both models, forward, backward and backward again."""

import random
import re
import sys
from functools import partial
from typing import Any, cast

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops
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
from tinygrad_edu.nn.initializers import glorot_uniform
from tinygrad_edu.twins import Graph, from_keras, to_keras
from tinygrad_edu.twins.graph import Call, Reference
from tinygrad_edu.twins.keras_export import build_twin
from tinygrad_edu.twins.layer_table import ARRANGING, LAYERS
from tinygrad_edu.twins.training import LOSSES, keras_loss

LIMIT = 1e-10


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


@pytest.fixture
def tf(keras: Any) -> Any:
    return pytest.importorskip("tensorflow")


def linear(inputs: int, outputs: int, seed: int, **settings: Any) -> Linear:
    """A float64 layer whose b is not zero, so that a twin without it would be noticed."""
    layer = Linear(inputs, outputs, rng=seed, dtype=np.float64, **settings)
    if layer.b is not None:
        layer.b.data[...] = np.random.default_rng(seed).normal(size=outputs)
    return layer


def away(a: Any, b: Any) -> float:
    a, b = (np.asarray(z.data if isinstance(z, Tensor) else z) for z in (a, b))
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    return float(np.abs(a - b).max())


# --- every layer ---

R = np.random.default_rng(0)
X = R.normal(size=(5, 4))
X3 = R.normal(size=(5, 3, 4))
STEPS = R.normal(size=(2, 9, 4))
IMAGES = R.normal(size=(2, 8, 7, 4))
WORDS = R.integers(0, 9, (3, 5))
VOLUMES = R.normal(size=(2, 4, 5, 6, 4))
WITH_KINK = np.concatenate([X, np.zeros((1, 4))])
F64: dict[str, Any] = {"dtype": np.float64}
NEW: dict[str, Any] = {"dtype": np.float64, "rng": 0}


def both_ways(kind: Any, **settings: Any) -> Any:
    return nn.Bidirectional(
        kind(4, 3, **settings, **NEW), kind(4, 3, go_backwards=True, **settings, **NEW)
    )


CASES: dict[str, tuple[Any, np.ndarray]] = {
    "Linear": (lambda: linear(4, 3, 0), X),
    "Linear without bias": (lambda: linear(4, 3, 0, bias=False), X),
    "EinsumDense": (
        lambda: nn.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="e", **NEW).build((3, 4)), X3,
    ),
    "RepeatVector": (lambda: nn.RepeatVector(3), X),
    "Dot": (
        lambda: Graph(
            {"look": linear(4, 4, 0), "dot": nn.Dot(axes=2, normalize=True)},
            [Call("q", "look", (Reference("x"),)), Call("y", "dot", (Reference("q"), Reference("x")))],
            ["x"], [Reference("y")], [(3, 4)],
        ), X3,
    ),
    "Linear of sequences": (lambda: linear(4, 2, 0), X3),
    "Embedding": (lambda: nn.Embedding(9, 4, **NEW), WORDS),
    "Embedding of padding": (lambda: nn.Embedding(9, 4, mask_zero=True, **NEW), WORDS),
    "Positions": (lambda: nn.Positions(11, 4, **NEW), STEPS),
    "Positions of words": (
        lambda: Sequential(nn.Embedding(9, 4, **NEW), nn.Positions(7, 4, **NEW), linear(4, 2, 0)), WORDS,
    ),
    "Conv2d": (lambda: nn.Conv2d(4, 6, (3, 2), stride=2, padding="same", **NEW), IMAGES),
    "Conv2d, dilated": (lambda: nn.Conv2d(4, 6, 3, dilation=2, bias=False, **NEW), IMAGES),
    "Conv1d": (lambda: nn.Conv1d(4, 6, 3, padding="causal", **NEW), STEPS),
    "DepthwiseConv2d": (lambda: nn.DepthwiseConv2d(4, 3, multiplier=2, **NEW), IMAGES),
    "DepthwiseConv1d": (lambda: nn.DepthwiseConv1d(4, 3, **NEW), STEPS),
    "SeparableConv2d": (
        lambda: nn.SeparableConv2d(4, 5, 3, padding="same", multiplier=2, **NEW), IMAGES,
    ),
    "SeparableConv1d": (lambda: nn.SeparableConv1d(4, 5, 3, bias=False, **NEW), STEPS),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(4, 5, 3, stride=2, padding="same", **NEW), IMAGES,
    ),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 5, 3, stride=2, **NEW), STEPS),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), IMAGES),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, stride=2, padding="same"), STEPS),
    "AvgPool2d": (lambda: nn.AvgPool2d((2, 3), padding="same"), IMAGES),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), STEPS),
    "GlobalAvgPool2d": (nn.GlobalAvgPool2d, IMAGES),
    "GlobalAvgPool1d": (nn.GlobalAvgPool1d, STEPS),
    "GlobalMaxPool2d": (nn.GlobalMaxPool2d, IMAGES),
    "GlobalMaxPool1d": (nn.GlobalMaxPool1d, STEPS),
    "UpSampling2d": (lambda: nn.UpSampling2d((2, 3)), IMAGES),
    "UpSampling1d": (lambda: nn.UpSampling1d(2), STEPS),
    "ZeroPadding2d": (lambda: nn.ZeroPadding2d(((1, 2), (0, 3))), IMAGES),
    "ZeroPadding1d": (lambda: nn.ZeroPadding1d((1, 2)), STEPS),
    "Cropping2d": (lambda: nn.Cropping2d((1, 2)), IMAGES),
    "Cropping1d": (lambda: nn.Cropping1d(2), STEPS),
    "Conv3d": (lambda: nn.Conv3d(4, 3, (2, 1, 2), padding="same", stride=2, **NEW), VOLUMES),
    "ConvTranspose2d with more rows": (
        lambda: nn.ConvTranspose2d(4, 5, 3, stride=2, output_padding=1, **NEW), IMAGES,
    ),
    "GlobalAvgPool3d": (nn.GlobalAvgPool3d, VOLUMES),
    "GlobalMaxPool3d": (lambda: nn.GlobalMaxPool3d(keepdims=True), VOLUMES),
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(4), STEPS),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((3, 2)), IMAGES),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(4), STEPS),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d((3, 2)), IMAGES),
    "BatchNorm": (lambda: nn.BatchNorm(4, **F64), IMAGES),
    "BatchNorm of axis 1": (lambda: nn.BatchNorm(8, axis=1, **F64), IMAGES),
    "SpectralNorm": (lambda: nn.SpectralNorm(nn.Conv2d(4, 3, 2, **NEW), rng=0), IMAGES),
    "BatchNorm without gamma": (lambda: nn.BatchNorm(4, scale=False, momentum=0.9, **F64), X),
    "BatchNorm in use": (lambda: nn.BatchNorm(4, eps=0.01, **F64).eval(), X),
    "LayerNorm": (lambda: nn.LayerNorm(4, **F64), STEPS),
    "LayerNorm without beta": (lambda: nn.LayerNorm(4, center=False, **F64), STEPS),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4, **F64), IMAGES),
    "InstanceNorm": (lambda: nn.InstanceNorm(4, **F64), IMAGES),
    "RMSNorm": (lambda: nn.RMSNorm(4, **F64), STEPS),
    "SimpleRNN": (lambda: nn.SimpleRNN(4, 3, **NEW), STEPS),
    "LSTM": (lambda: nn.LSTM(4, 3, return_sequences=True, **NEW), STEPS),
    "GRU": (lambda: nn.GRU(4, 3, go_backwards=True, **NEW), STEPS),
    "GRU as first published": (lambda: nn.GRU(4, 3, reset_after=False, **NEW), STEPS),
    "Bidirectional": (lambda: both_ways(nn.LSTM, return_sequences=True), STEPS),
    "Bidirectional sum": (
        lambda: nn.Bidirectional(
            nn.GRU(4, 3, **NEW), nn.GRU(4, 3, go_backwards=True, **NEW), merge="sum"
        ),
        STEPS,
    ),
    "Bidirectional mean": (
        lambda: nn.Bidirectional(
            nn.SimpleRNN(4, 3, bias=False, **NEW), nn.SimpleRNN(4, 3, go_backwards=True, **NEW),
            merge="ave",
        ), STEPS,
    ),
    "LSTM without bias, with dropout": (
        lambda: nn.LSTM(4, 3, bias=False, dropout=0.5, recurrent_dropout=0.5, **NEW).eval(), STEPS,
    ),
    "RNN": (lambda: nn.RNN(nn.GRUCell(4, 3, **NEW), return_sequences=True), STEPS),
    "StackedCells": (
        lambda: nn.RNN(
            nn.StackedCells(nn.LSTMCell(4, 3, **NEW), nn.SimpleRNNCell(3, 2, bias=False, **NEW)),
            go_backwards=True,
        ), STEPS,
    ),
    "TimeDistributed model": (
        lambda: nn.TimeDistributed(Sequential(nn.Conv1d(4, 3, 2, **NEW), nn.LayerNorm(3, **F64))), IMAGES,
    ),
    "TimeDistributed": (
        lambda: Sequential(nn.TimeDistributed(nn.Conv1d(4, 3, 2, **NEW)), Tanh()), IMAGES,
    ),
    "MultiHeadAttention": (
        lambda: nn.MultiHeadAttention(4, 2, 4, value_dim=3, causal=True, **NEW), STEPS,
    ),
    "attention without bias": (
        lambda: nn.MultiHeadAttention(4, 2, 4, bias=False, dropout=0.5, **NEW).eval(), STEPS,
    ),
    "GroupedQueryAttention": (
        lambda: nn.GroupedQueryAttention(4, 4, 2, 4, causal=True, **NEW), STEPS,
    ),
    "AdditiveAttention": (lambda: nn.AdditiveAttention(4, causal=True, **NEW), STEPS),
    "attention between layers": (
        lambda: Sequential(linear(4, 4, 1), nn.MultiHeadAttention(4, 1, 4, **NEW), Tanh()), STEPS,
    ),
    "TransformerBlock": (
        lambda: Sequential(
            nn.Embedding(9, 4, **NEW),
            nn.TransformerBlock(4, 1, activation=ops.relu, causal=True, **NEW),
            nn.LayerNorm(4, **F64),
        ),
        WORDS,
    ),
    "TransformerBlock as it comes": (lambda: nn.TransformerBlock(4, 1, **NEW), STEPS),
    "TransformerBlock, post": (
        lambda: nn.TransformerBlock(4, 1, activation=Tanh(), norm="post", dropout=0.5, **NEW).eval(),
        STEPS,
    ),
    "Residual": (lambda: nn.Residual(Sequential(linear(4, 4, 0), Tanh())), STEPS),
    "Residual with a projection": (
        lambda: Sequential(
            nn.Conv2d(4, 6, 1, **NEW),
            nn.Residual(Sequential(nn.Conv2d(6, 3, 1, rng=1, **F64), Tanh()), nn.Conv2d(6, 3, 1, **NEW)),
            ReLU(),
        ),
        IMAGES,
    ),
    "Concatenate": (
        lambda: Sequential(nn.Concatenate(linear(4, 2, 0), Sequential(linear(4, 3, 1), Tanh()))), X3,
    ),
    "ReLU": (ReLU, WITH_KINK),
    "ReLU6": (lambda: ReLU(6), 10 * X),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.25), X),
    "PReLU": (lambda: nn.PReLU((1, 1, 4), **F64), IMAGES),
    "PReLU by channels": (lambda: nn.PReLU(4, **F64), IMAGES),
    "ELU": (lambda: nn.ELU(0.5), X),
    "SELU": (nn.SELU, X),
    "SiLU": (nn.SiLU, X),
    "Mish": (nn.Mish, X),
    "Softplus": (nn.Softplus, X),
    "Softsign": (nn.Softsign, X),
    "HardSigmoid": (nn.HardSigmoid, 4 * X),
    "HardSiLU": (nn.HardSiLU, 4 * X),
    "HardTanh": (nn.HardTanh, 4 * X),
    "HardShrink": (nn.HardShrink, X),
    "HardShrink by 0.25": (lambda: nn.HardShrink(0.25), X),
    "SoftShrink": (nn.SoftShrink, X),
    "TanhShrink": (nn.TanhShrink, X),
    "Threshold": (lambda: nn.Threshold(0.25, -2.0), X),
    "SoftShrink by 0.25": (lambda: nn.SoftShrink(0.25), X),
    "CELU": (nn.CELU, X),
    "CELU by 0.5": (lambda: nn.CELU(0.5), X),
    "Squareplus": (nn.Squareplus, X),
    "Squareplus by 1": (lambda: nn.Squareplus(1.0), X),
    "SparsePlus": (nn.SparsePlus, X),
    "SparseSigmoid": (nn.SparseSigmoid, X),
    "LogSigmoid": (nn.LogSigmoid, X),
    "LogSoftmax": (nn.LogSoftmax, X),
    "GLU": (nn.GLU, X),
    "GELU": (nn.GELU, X),
    "GELU by tanh": (lambda: nn.GELU(approximate=True), X),
    "Tanh": (Tanh, X),
    "Sigmoid": (Sigmoid, 20 * X),
    "Softmax": (Softmax, X),
    "Softmax along axis 1": (lambda: Softmax(axis=1), X3),
    "Dropout": (lambda: Dropout(0.4, rng=0).eval(), X),
    "SpatialDropout2d": (lambda: nn.SpatialDropout2d(0.4).eval(), IMAGES),
    "SpatialDropout1d": (lambda: nn.SpatialDropout1d(0.4).eval(), STEPS),
    "GaussianNoise": (lambda: nn.GaussianNoise(0.4).eval(), X),
    "GaussianDropout": (lambda: nn.GaussianDropout(0.4).eval(), X),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.4).eval(), X),
    "Flatten": (Flatten, X3),
    "Reshape": (lambda: nn.Reshape(2, -1), IMAGES),
    "Permute": (lambda: nn.Permute(3, 1, 2), IMAGES),
    "Sequential": (lambda: Sequential(linear(4, 6, 0), Tanh(), linear(6, 2, 1)), X),
    "nested Sequential": (
        lambda: Sequential(
            Flatten(),
            Sequential(
                linear(12, 5, 0), Sequential(ReLU()), Sequential(linear(5, 5, 1), Sigmoid())
            ),
            linear(5, 2, 2),
        ),
        X3,
    ),
}  # fmt: skip


# TensorFlow has these in float32 only.
POOLS_OF_VOLUMES = [
    nn.MaxPool3d((1, 2, 2)), nn.AvgPool3d(2, padding="same"), nn.AdaptiveAvgPool3d((2, 3, 1)),
    nn.AdaptiveMaxPool3d(2),
]  # fmt: skip


def made(name: str) -> tuple[Any, np.ndarray]:
    """The model, with numbers of which none is a 0 or a 1: whatever is left out is to be noticed."""
    make, x = CASES[name]
    model = make()
    rng = np.random.default_rng(3)
    for _, parameter in model.named_parameters():
        signs = rng.choice([1, -1], parameter.shape)
        parameter.data[...] = signs * rng.uniform(0.2, 1.2, parameter.shape)
    for _, buffer in model.named_buffers():  # one of them is a variance
        buffer.data[...] = rng.uniform(0.5, 1.5, buffer.shape)
    return model, x


def exact_gelu(x: Any, approximate: bool = False) -> Any:
    """tf.nn.gelu rounds its constants to float32, whatever x is."""
    import tensorflow as tf

    if approximate:
        return x * tf.sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))
    return x * tf.math.erfc(-x * np.sqrt(0.5)) / 2


def test_every_layer_of_nn_is_in_the_table(keras: Any) -> None:
    """But for one: the rows of Keras's sparsemax are no probabilities (3.15), and ours are."""
    kinds = [thing for name in nn.__all__ if isinstance(thing := getattr(nn, name), type)]
    layers = {k for k in kinds if issubclass(k, Module) and k is not Module}
    assert layers - {*LAYERS, *ARRANGING} == {nn.Sparsemax}
    assert np.allclose(nn.Sparsemax()(X).sum(axis=-1), 1)
    theirs = keras.ops.convert_to_numpy(keras.ops.sparsemax(X)).sum(axis=-1)
    assert not np.allclose(theirs, 1), "Keras has mended it: a row for Sparsemax can be written"


def test_every_layer_has_a_case() -> None:
    kinds = {kind.__name__ for kind in (*LAYERS, *ARRANGING) if not kind.__name__.endswith("Cell")}
    assert kinds - {"Graph", "Merge", "LoRALinear"} <= {
        *CASES,
        *(type(pool).__name__ for pool in POOLS_OF_VOLUMES),
    }


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(tf: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.nn, "gelu", exact_gelu)
    model, x = made(name)
    twin, variables = build_twin(model, x.shape[1:])
    words = x.dtype.kind == "i"
    tensor = x if words else Tensor(x, requires_grad=True)
    y = model(tensor)
    g = np.random.default_rng(2).normal(size=y.shape)
    y.backward(g)

    watched = tf.constant(x)
    inputs = [] if words else [watched]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        theirs = twin(watched, training=model.training)
    learned = {path: variables[path].value for path, _ in model.named_parameters()}
    to_inputs, to_weights = tape.gradient(
        theirs, [inputs, learned], output_gradients=tf.constant(g)
    )

    assert away(y, theirs) <= LIMIT
    if not words:
        assert away(tensor.grad, to_inputs[0]) <= LIMIT
    kept = dict(model.named_parameters()) | dict(model.named_buffers())
    assert kept.keys() == variables.keys()
    for path, gradient in to_weights.items():
        gradient = tf.convert_to_tensor(gradient).numpy().reshape(kept[path].shape)
        assert away(kept[path].grad, gradient) <= LIMIT, path
    for path, buffer in model.named_buffers():
        assert away(buffer, variables[path]) <= LIMIT, path


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(tf: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.nn, "gelu", exact_gelu)
    model, x = made(name)
    twin = to_keras(model, x.shape[1:])
    back = from_keras(twin)
    again = to_keras(back, x.shape[1:])
    mine, theirs = (sorted(a.tobytes() for a in m.state_dict().values()) for m in (model, back))
    assert mine == theirs, "weights come back bit for bit"
    for training in (model.training, False):
        model.train(training), back.train(training)
        y = model(x)
        assert away(y, back(x)) <= 1e-12
        there = twin(x, training=training)
        assert away(again(x, training=training), there) <= 1e-12


@pytest.mark.parametrize("pool", POOLS_OF_VOLUMES, ids=repr)
def test_pools_of_volumes(tf: Any, keras: Any, pool: Any) -> None:
    x = VOLUMES.astype(np.float32)
    (theirs,) = to_keras(pool, x.shape[1:]).layers
    layer = type(theirs).from_config({**theirs.get_config(), "dtype": "float32"})
    back = from_keras(keras.Sequential([keras.Input(x.shape[1:]), layer]))[0]
    assert {**vars(back), "stride": None} == {**vars(pool), "stride": None}
    tensor, watched = Tensor(x, requires_grad=True), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        theirs = layer(watched)
    y = back(tensor)
    g = np.random.default_rng(2).normal(size=y.shape).astype(np.float32)
    y.backward(g)
    assert away(y, theirs) <= 1e-6
    assert (
        away(tensor.grad, tape.gradient(theirs, watched, output_gradients=tf.constant(g))) <= 1e-6
    )


def test_dropout_keeps_its_probability_and_its_seeds(keras: Any) -> None:
    model = Sequential(Linear(4, 4, rng=0), Dropout(0.25), Dropout(0.25))
    ones = np.ones((1000, 4), np.float32)
    first, second = (to_keras(model, seed=3).layers[1:3] for _ in range(2))
    a, b, again = (np.asarray(layer(ones, training=True)) for layer in (*first, second[0]))
    np.testing.assert_allclose(np.unique(a), [0, 1 / 0.75], rtol=1e-6)
    assert abs(np.mean(a == 0) - 0.25) < 0.03
    assert np.array_equal(a, again), "the same seed, the same draws"
    assert not np.array_equal(a, b), "two layers that drop the same places are one layer"


# --- every loss ---

LOGITS = np.random.default_rng(3).normal(size=(6, 4))
OTHER = LOGITS[::-1] ** 2
CLASS = np.array([0, 3, 1, 1, 2, 0])
ONE_HOT = np.eye(4)[CLASS]
BITS = (LOGITS[::-1] > 0).astype(float)
ROWS = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
TARGET_ROWS = ROWS[::-1].copy()
LOSS_CASES: dict[str, tuple[Any, np.ndarray, np.ndarray]] = {
    "cross_entropy": (cross_entropy, LOGITS, CLASS),
    "cross_entropy of certainty": (cross_entropy, 500 * LOGITS, CLASS),
    "cross_entropy of sequences": (cross_entropy, X3, np.arange(15).reshape(5, 3) % 4),
    "cross_entropy, rows": (cross_entropy, LOGITS, TARGET_ROWS),
    "cross_entropy, smooth": (partial(cross_entropy, label_smoothing=0.125), LOGITS, CLASS),
    "cross_entropy, smooth rows": (partial(cross_entropy, label_smoothing=0.125), LOGITS, ONE_HOT),
    "cross_entropy of p": (partial(cross_entropy, from_probabilities=True), ROWS, CLASS),
    "mse": (mse, LOGITS, OTHER),
    "mse of images": (mse, X3, X3[::-1] ** 2),
    "mae": (nn.mae, LOGITS, OTHER),
    "huber": (partial(nn.huber, delta=0.5), LOGITS, OTHER),
    "poisson": (nn.poisson, LOGITS**2, OTHER),
    "cosine_similarity": (nn.cosine_similarity, LOGITS, OTHER),
    "binary_cross_entropy": (nn.binary_cross_entropy, LOGITS, BITS),
    "binary_cross_entropy of p": (
        partial(nn.binary_cross_entropy, from_probabilities=True, label_smoothing=0.25), ROWS, BITS,
    ),
    "binary_focal_cross_entropy": (partial(nn.binary_focal_cross_entropy, gamma=3.0), LOGITS, BITS),
    "focal_cross_entropy": (nn.focal_cross_entropy, LOGITS, CLASS),
    "focal_cross_entropy, rows": (
        partial(nn.focal_cross_entropy, gamma=1.0, alpha=0.5), LOGITS, ONE_HOT,
    ),
    "hinge": (nn.hinge, LOGITS, BITS),
    "squared_hinge": (nn.squared_hinge, LOGITS, 2 * BITS - 1),
    "categorical_hinge": (nn.categorical_hinge, LOGITS, CLASS),
    "kl_divergence": (nn.kl_divergence, ROWS, TARGET_ROWS),
    "log_cosh": (nn.log_cosh, LOGITS, OTHER),
    "mape": (nn.mape, LOGITS, OTHER),
    "msle": (nn.msle, OTHER, OTHER[::-1]),
    "dice": (nn.dice, ROWS, BITS),
    "dice of each": (partial(nn.dice, axis=1), ROWS, BITS),
    "tversky": (partial(nn.tversky, alpha=0.25, beta=0.75), ROWS, BITS),
}  # fmt: skip


def test_every_loss_has_a_case() -> None:
    assert {loss.__name__ for loss in LOSSES} <= set(LOSS_CASES)


@pytest.mark.parametrize("name", LOSS_CASES)
def test_losses(keras: Any, tf: Any, name: str) -> None:
    loss, prediction, target = LOSS_CASES[name]
    ours = Tensor(prediction, requires_grad=True)
    value = loss(ours, target)
    value.backward()
    watched = tf.constant(prediction)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        theirs = keras_loss(keras, loss, "float64", target)(target, watched)
    limit = 2e-8 if name == "log_cosh" else LIMIT  # Keras rounds its ln 2 to float32
    assert away(value, theirs) <= limit * max(1, abs(value.item()))
    assert away(ours.grad, tape.gradient(theirs, watched)) <= LIMIT


# --- derivatives of derivatives ---


def test_a_gradient_penalty(tf: Any) -> None:
    """L = mse(f(x), y) + mean |df/dx|²: its gradient in the weights differentiates twice."""
    model = Sequential(
        linear(3, 8, 0),
        Tanh(),
        linear(8, 8, 1),
        Sigmoid(),
        linear(8, 4, 2),
        Softmax(),
        linear(4, 1, 3),
    )
    twin, variables = build_twin(model)
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))

    tensor = Tensor(x, requires_grad=True)
    prediction = model(tensor)
    prediction.sum().backward(create_graph=True)
    slope = tensor.grad
    for parameter in model.parameters():
        parameter.grad = None
    penalty = (slope * slope).sum() / len(x)
    loss = mse(prediction, y) + penalty
    loss.backward()

    watched = tf.constant(x)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(watched)
            theirs = twin(watched)
            total = tf.reduce_sum(theirs)
        slopes = inner.gradient(total, watched)
        their_penalty = tf.reduce_sum(slopes * slopes) / len(x)
        their_loss = tf.reduce_mean(tf.square(theirs - y)) + their_penalty
    gradients = outer.gradient(their_loss, variables, unconnected_gradients="zero")

    assert penalty.item() > 1e-3, "or nothing of second order is tested"
    assert away(loss, their_loss) <= 1e-9
    for path, parameter in model.named_parameters():
        assert away(parameter.grad, gradients[path]) <= 1e-9, path


# --- what the twin is ---


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_equal_to_the_bit_and_copies(keras: Any, dtype: Any) -> None:
    model = Sequential(Linear(4, 3, rng=0, dtype=dtype), ReLU(), Linear(3, 2, rng=1, dtype=dtype))
    twin = to_keras(model)
    ours, theirs = list(model.state_dict().values()), twin.get_weights()
    assert [w.dtype for w in theirs] == [np.dtype(dtype)] * 4
    assert all(map(np.array_equal, ours, theirs))
    assert np.asarray(twin(X.astype(dtype))).dtype == dtype
    twin.set_weights([w + 1 for w in theirs])
    assert all(map(np.array_equal, ours, model.state_dict().values()))


def test_names_are_our_paths_and_the_input_shape_is_told(keras: Any) -> None:
    twin = to_keras(Sequential(Linear(4, 3), Sequential(Tanh(), Linear(3, 2))))
    assert [layer.name for layer in twin.layers] == ["0", "1"]
    assert [layer.name for layer in twin.layers[1].layers] == ["1.0", "1.1"]
    assert (twin.name, twin.input_shape) == ("Sequential", (None, 4))
    assert to_keras(Linear(4, 3)).input_shape == (None, 4)
    assert to_keras(Sequential(nn.Flatten(), Linear(4, 3)).build((2, 2))).input_shape == (
        None,
        2,
        2,
    )


def test_a_twin_can_be_saved_and_trained_on(keras: Any, tmp_path: Any) -> None:
    model = Sequential(linear(4, 3, 0), Sequential(Tanh(), linear(3, 2, 1)))
    twin = to_keras(model)
    twin.save(tmp_path / "twin.keras")
    again = keras.saving.load_model(tmp_path / "twin.keras")
    assert away(model(X), again(X)) <= LIMIT
    twin.compile("sgd", "mse", jit_compile=False)
    before = twin.get_weights()
    twin.fit(X, X[:, :2], verbose=0)
    assert not np.array_equal(before[0], twin.get_weights()[0])


def test_a_subclass_that_only_builds_is_what_it_inherits(keras: Any) -> None:
    class MLP(Sequential):
        def __init__(self) -> None:
            super().__init__(linear(4, 3, 0), Tanh())

    model = MLP()
    assert away(model(X), to_keras(model)(X)) <= LIMIT


def test_nothing_else_changes(keras: Any) -> None:
    called: list[Any] = []
    model: Any = Sequential(Linear(4, 3, rng=0), Dropout(0.5, rng=0), Linear(3, 2, rng=1))
    model.hooks = (lambda *_: called.append(1),)
    model[0].W.grad = np.ones((4, 3), np.float32)
    before = model.state_dict()
    draws = model[1].rng.bit_generator.state
    for floatx in ("float32", "float64"):
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy("mixed_float16")
        try:
            pythons, numpys = random.getstate(), np.random.get_state(legacy=False)
            to_keras(model, (4,))
            assert keras.config.floatx() == floatx
            assert keras.config.dtype_policy().name == "mixed_float16"
            with pytest.raises(ValueError, match="last axis must be 4"):
                to_keras(model, (5,))
            assert keras.config.floatx() == floatx
            assert random.getstate() == pythons, "Python's global random numbers were moved on"
            assert str(np.random.get_state(legacy=False)) == str(numpys)
        finally:
            keras.config.set_floatx("float32")
            keras.config.set_dtype_policy("float32")
    assert all(np.array_equal(before[path], p.data) for path, p in model.named_parameters())
    assert np.all(model[0].W.grad == 1)
    assert model.training
    assert not called
    assert model[1].rng.bit_generator.state == draws


def test_settings_come_back_after_an_error(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(layer: Any, shape: Any) -> Any:
        raise RuntimeError("while it is being built")

    monkeypatch.setitem(LAYERS, Tanh, LAYERS[Tanh]._replace(theirs=fails))
    before = keras.config.floatx(), keras.config.dtype_policy().name
    with pytest.raises(RuntimeError, match="while it is being built"):
        to_keras(Sequential(linear(4, 3, 0), Tanh()))
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before


# --- where weights start ---


def test_glorot_uniform_has_the_limits_of_keras(keras: Any) -> None:
    """Both draw evenly from ±√(6 / (in + out)): of 200,000 draws the largest tell the limit."""
    shape = (500, 400)
    limit = np.sqrt(6 / 900)
    ours = glorot_uniform(np.random.default_rng(0), shape, np.float64)
    theirs = np.asarray(keras.initializers.GlorotUniform(seed=0)(shape))
    for drawn in (ours, theirs):
        assert -limit * (1 + 1e-6) <= drawn.min() < -limit * (1 - 1e-4)
        assert limit * (1 - 1e-4) < drawn.max() <= limit * (1 + 1e-6)
        assert abs(drawn.std() - limit / np.sqrt(3)) < 0.01 * limit
    dense = keras.layers.Dense(4)
    assert isinstance(dense.kernel_initializer, keras.initializers.GlorotUniform)
    assert isinstance(dense.bias_initializer, keras.initializers.Zeros)
    layer = Linear(500, 400, rng=0)
    assert layer.b is not None
    assert not layer.b.data.any()
    assert limit * (1 - 1e-4) < layer.W.data.max() <= limit * (1 + 1e-6)


# --- refusals: all of them without Keras, so before its ten seconds ---


@pytest.fixture
def no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)


def test_without_keras(no_keras: None) -> None:
    with pytest.raises(
        ImportError, match=re.escape("python -m pip install -e '.[compare]'")
    ) as refusal:
        to_keras(Linear(4, 3))
    assert "a twin needs Keras and TensorFlow" in str(refusal.value)
    assert "test_keras_export.py" in str(refusal.value)


def test_keras_without_tensorflow_is_no_keras(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """`import keras` fails from inside when its backend is not installed."""
    (tmp_path / "keras.py").write_text("import a_backend_that_is_not_there\n")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="a_backend_that_is_not_there.*\n.*\n.*pip install"):
        to_keras(Linear(4, 3))


class Residual(Module):
    def __init__(self) -> None:
        self.inner = Linear(3, 3)

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Doubled(Linear):
    def forward(self, x: Any) -> Any:
        return np.multiply(2, super().forward(x))


@pytest.mark.filterwarnings("ignore:Sequential. weights are equal:UserWarning")
def test_all_that_is_unsupported_comes_at_once(no_keras: None) -> None:
    tied = Linear(3, 3)
    tied_again = Linear(3, 3)
    tied_again.W = tied.W
    model = Sequential(
        Linear(4, 3),
        np.tanh,
        Sequential(Residual(), ReLU(), Doubled(3, 3)),
        Sequential(),
        tied,
        tied_again,
    )
    with pytest.raises(TypeError) as refusal:
        to_keras(model)
    lines = str(refusal.value).split("\n")
    assert lines[:6] == [
        "to_keras has no counterpart for 5 of the layers:",
        "  1: the function tanh",
        "  2.0: Residual, whose forward is a program that only Python understands",
        "  2.2: Doubled, whose forward is a program that only Python understands",
        "  3: a Sequential without layers",
        "  5: Linear(3, 3) shares a parameter with 4",
    ]
    assert lines[-1] == (
        "  Try: layers that tinygrad_edu.twins.layer_table.ROWS lists, put together by nn.Sequential, "
        "nn.Residual, nn.Concatenate or twins.Graph"
    )


def test_what_keras_has_in_another_way(no_keras: None) -> None:
    inner = Sequential(Linear(4, 3), np.tanh)
    for layer, words in {
        nn.LSTMCell(4, 3): "LSTMCell(4, 3), a cell, without nn.RNN around it",
        nn.TimeDistributed(inner): "with 1: the function tanh",
        nn.LoRALinear(Linear(4, 3), 2): "with alpha, and float64, which Keras (3.15) loses",
        nn.TimeDistributed(nn.BatchNorm(4)): "with a BatchNorm inside, which Keras gives one step",
        nn.LSTM(4, 3, stateful=True): "with stateful=True, for which Keras has to know the size of",
        nn.MultiHeadAttention(4, 2, 4, soft_cap=3.0): "with soft_cap=3.0",
        nn.RNN(nn.LSTMCell(4, 3), return_state=True): "with return_state=True",
        nn.ConvTranspose1d(4, 4, 3, groups=2): "with groups",
    }.items():
        with pytest.raises(TypeError, match=re.escape(words)):
            to_keras(layer, (5, 4))


def test_a_model_of_ones_own_is_not_guessed(no_keras: None) -> None:
    with pytest.raises(TypeError, match="the model itself: Residual"):
        to_keras(Residual(), (3,))


def test_a_layer_without_parameters_may_be_used_twice(keras: Any) -> None:
    relu = ReLU()
    model = Sequential(linear(4, 3, 0), relu, linear(3, 3, 1), relu)
    assert away(model(X), to_keras(model)(X)) <= LIMIT


def test_the_shape_of_a_sample_is_asked_for(no_keras: None) -> None:
    with pytest.raises(ValueError, match=r"0, a Flatten\(\), takes any.*\n.*\n.*x.shape\[1:\]"):
        to_keras(Sequential(Flatten(), Linear(4, 3)))
    with pytest.raises(TypeError, match="input_shape=64 is the shape of one sample, a tuple"):
        to_keras(Linear(64, 3), cast(Any, 64))
    with pytest.raises(ValueError, match=r"layer 1, Linear\(4, 3\), got x of shape \(1, 6\)"):
        to_keras(Sequential(Flatten(), Linear(4, 3)), (2, 3))


def test_several_dtypes(no_keras: None) -> None:
    model = Sequential(Linear(4, 3), Linear(3, 2, dtype=np.float64))
    with pytest.raises(ValueError, match=r"0.W float32.*1.W float64.*\n.*\n.*astype"):
        to_keras(model)
