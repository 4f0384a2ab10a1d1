"""Attention and transformer blocks against Keras in float64: results, gradients, training."""

import itertools

import numpy as np
import pytest

from tests.nn.agreement import (
    RNG,
    assert_functions_agree,
    assert_trained_alike,
    close,
    draw,
    randomized,
    set_weights,
)
from tinygrad_edu import nn, ops

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
EXACT = {"dtype": np.float64}


SEEN = RNG.random((2, 5, 5)) < 0.5
SEEN[:, :, 0] = True  # every step may look at something
KEYS = np.array([[True, True, False, True, False], [True] * 5])


def attention_pair(**settings):
    layer = randomized(nn.MultiHeadAttention(6, 3, 4, rng=0, **settings, **EXACT))
    twin = keras.layers.MultiHeadAttention(
        3, 4, value_dim=settings.get("value_dim"), dtype="float64"
    )
    return layer, twin


@pytest.mark.parametrize("value_dim", [None, 2])
@pytest.mark.parametrize(
    ("causal", "mask", "key_mask"),
    [*itertools.product([False, True], [None, SEEN], [None, KEYS]), (False, SEEN[1], None)],
)
def test_self_attention(causal, mask, key_mask, value_dim):
    layer, twin = attention_pair(causal=causal, value_dim=value_dim)
    twin.build((None, 5, 6), (None, 5, 6))
    set_weights(twin, layer.parameters())
    theirs = None if mask is None else np.broadcast_to(mask, (2, 5, 5))
    assert_functions_agree(
        lambda x: layer(x, mask=mask, key_mask=key_mask),
        lambda x: twin(x, x, attention_mask=theirs, value_mask=key_mask, use_causal_mask=causal),
        layer.parameters(), in_our_order(twin), draw(2, 5, 6),
    )  # fmt: skip


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_weights_are_returned(bias, causal):
    layer = randomized(nn.MultiHeadAttention(6, 3, 4, bias=bias, causal=causal, rng=0, **EXACT))
    twin = keras.layers.MultiHeadAttention(3, 4, use_bias=bias)
    twin.build((None, 5, 6), (None, 5, 6))
    set_weights(twin, layer.parameters())
    assert_functions_agree(
        lambda x: layer(x, return_attention_scores=True),
        lambda x: twin(x, x, return_attention_scores=True, use_causal_mask=causal),
        layer.parameters(), in_our_order(twin), draw(2, 5, 6),
    )  # fmt: skip


@pytest.mark.parametrize("key_mask", [None, KEYS])
@pytest.mark.parametrize(
    ("bias", "causal", "key_heads"), [(True, False, 2), (False, True, 1), (True, True, 4)]
)
def test_grouped_queries(bias, causal, key_heads, key_mask):
    layer = nn.GroupedQueryAttention(6, 4, key_heads, 4, bias=bias, causal=causal, rng=0, **EXACT)
    randomized(layer)
    twin = keras.layers.GroupQueryAttention(4, 4, key_heads, use_bias=bias)  # 1 / √4 is exact
    twin.build((None, 5, 6), (None, 5, 6))
    set_weights(twin, layer.parameters())
    parts = (twin._query_dense, twin._key_dense, twin._value_dense, twin._output_dense)
    assert_functions_agree(
        lambda x: layer(x, key_mask=key_mask, return_attention_scores=True),
        lambda x: twin(x, x, value_mask=key_mask, use_causal_mask=causal, return_attention_scores=True),
        layer.parameters(), [w for part in parts for w in part.trainable_variables], draw(2, 5, 6),
    )  # fmt: skip


@pytest.mark.parametrize("key_mask", [None, KEYS])
@pytest.mark.parametrize(("scale", "causal"), [(True, False), (True, True), (False, False)])
def test_additive_attention(scale, causal, key_mask):
    layer = nn.AdditiveAttention(6, scale=scale, causal=causal, rng=0, **EXACT)
    twin = keras.layers.AdditiveAttention(use_scale=scale)
    twin.build([(None, 4, 6), (None, 5, 6)])
    set_weights(twin, layer.parameters())
    masks = None if key_mask is None else [None, tf.constant(key_mask)]
    assert_functions_agree(
        lambda x, c: layer(x, c, key_mask=key_mask, return_attention_scores=True),
        lambda x, c: twin([x, c], mask=masks, use_causal_mask=causal, return_attention_scores=True),
        layer.parameters(), twin.trainable_variables, draw(2, 4, 6), draw(2, 5, 6),
    )  # fmt: skip


def test_scores_with_a_bias():
    """Keras has none in the layer: its function, around the same queries, keys and values."""
    layer = randomized(nn.MultiHeadAttention(6, 3, 4, rng=0, **EXACT))
    x, bias = draw(2, 5, 6), draw(3, 5, 5)
    q, k, v = (part(x).data.reshape(2, 5, 3, 4) for part in (layer.query, layer.key, layer.value))
    y = keras.ops.dot_product_attention(q, k, v, bias=bias[None]).numpy().reshape(2, 5, 12)
    close(layer(x, score_bias=bias), layer.output(y).data)


def in_our_order(twin):
    parts = (twin.query_dense, twin.key_dense, twin.value_dense, twin.output_dense)
    return [w for part in parts for w in part.trainable_variables]


def test_a_step_that_may_look_at_nothing():
    """Keras gives the mean of all values in the fast way and 0 in the one that is asked for weights."""
    layer, twin = attention_pair()
    twin.build((None, 5, 6), (None, 5, 6))
    for w, p in zip(in_our_order(twin), layer.parameters(), strict=True):
        w.assign(p.data.reshape(w.shape))
    mask = SEEN.copy()
    mask[0, 2] = False
    assert_functions_agree(
        lambda x: layer(x, mask=mask),
        lambda x: twin(x, x, attention_mask=mask, return_attention_scores=True)[0],
        layer.parameters(), in_our_order(twin), draw(2, 5, 6),
    )  # fmt: skip


@pytest.mark.parametrize("key_mask", [None, KEYS])
@pytest.mark.parametrize("causal", [False, True])
def test_cross_attention(causal, key_mask):
    layer, twin = attention_pair(context_inputs=7, causal=causal)
    twin.build((None, 4, 6), (None, 5, 7))
    for w, p in zip(in_our_order(twin), layer.parameters(), strict=True):
        w.assign(p.data.reshape(w.shape))
    assert_functions_agree(
        lambda x, c: layer(x, c, key_mask=key_mask),
        lambda x, c: twin(x, c, value_mask=key_mask, use_causal_mask=causal),
        layer.parameters(), in_our_order(twin), draw(2, 4, 6), draw(2, 5, 7),
    )  # fmt: skip


EPSILON = 2.0**-10  # exact in float32, which Keras rounds it to


def keras_block(block, activation, steps, size, hidden):
    """The block as Keras users write it."""
    layers = keras.layers
    attention = block.attention
    x = keras.Input((steps, size), dtype="float64")
    parts = [
        layers.LayerNormalization(epsilon=EPSILON, dtype="float64"),
        layers.MultiHeadAttention(attention.heads, attention.key_dim, dtype="float64"),
        layers.LayerNormalization(epsilon=EPSILON, dtype="float64"),
        layers.Dense(hidden, activation, dtype="float64"),
        layers.Dense(size, dtype="float64"),
    ]
    norm1, attend, norm2, up, down = parts
    if block.norm == "pre":
        seen = norm1(x)
        y = x + attend(seen, seen, use_causal_mask=attention.causal)
        y = y + down(up(norm2(y)))
    else:
        y = norm1(x + attend(x, x, use_causal_mask=attention.causal))
        y = norm2(y + down(up(y)))
    model = keras.Model(x, y)
    variables = [w for part in parts for w in (
        in_our_order(part) if part is attend else part.trainable_variables)]  # fmt: skip
    for w, p in zip(variables, block.parameters(), strict=True):
        w.assign(p.data.reshape(w.shape))
    return model, variables


# Keras's own, with constants that are not rounded to float32 on the way.
ROOT = tf.constant([2.0, 2 / np.pi], tf.float64) ** 0.5
CUBIC = tf.constant(0.044715, tf.float64)
ACTIVATIONS = {
    "gelu": (ops.gelu, lambda x: x / 2 * (1 + tf.math.erf(x / ROOT[0]))),
    "gelu_tanh": (
        ops.gelu_tanh,
        lambda x: x / 2 * (1 + tf.math.tanh(ROOT[1] * (x + CUBIC * x * x * x))),
    ),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_transformer_block(norm, causal, activation):
    ours, theirs = ACTIVATIONS[activation]
    block = nn.TransformerBlock(
        8, 2, hidden=10, norm=norm, causal=causal, activation=ours, eps=EPSILON, rng=0, **EXACT
    )
    model, variables = keras_block(randomized(block), theirs, 5, 8, 10)
    assert_functions_agree(block, model, block.parameters(), variables, draw(2, 5, 8))


def transformer_model():
    block = nn.TransformerBlock(4, 1, hidden=8, causal=True, eps=EPSILON, rng=0, **EXACT)
    activation = ACTIVATIONS["gelu_tanh"][1]
    twin, variables = keras_block(block, activation, 7, 4, 8)
    return block, twin, variables


def test_fifty_steps_of_training():
    assert_trained_alike(*transformer_model())
