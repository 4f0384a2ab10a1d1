"""Recurrent layers, attention and embeddings against Keras in float64: results, gradients, training."""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops, optim

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

LIMIT = 1e-10
RNG = np.random.default_rng(5)
EXACT = {"dtype": np.float64}


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    """Without this Keras rounds the inputs of a model to float32."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def draw(*shape):
    return RNG.normal(size=shape)


def randomized(module):
    """Also what starts from 0 or 1 gets numbers of its own."""
    for parameter in module.parameters():
        parameter.data[...] += 0.3 * draw(*parameter.shape)
    return module


def close(ours, theirs):
    ours, theirs = np.asarray(getattr(ours, "data", ours)), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < LIMIT


def assert_agree(ours, theirs, parameters, weights, *arrays):
    """The same results, and the same gradients of Σ <u, y> in the arrays and the parameters.

    ours, theirs: *arrays -> results. parameters, weights: in the same order, of the same sizes.
    """
    mine = [Tensor(a, requires_grad=True) for a in arrays]
    results = ours(*mine)
    results = results if isinstance(results, tuple) else (results,)
    us = [draw(*y.shape) for y in results]
    for parameter in parameters:
        parameter.grad = None
    sum((y * u).sum() for y, u in zip(results, us, strict=True)).backward()
    constants = [tf.constant(a) for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch(constants)
        their_results = theirs(*constants)
        if not isinstance(their_results, (tuple, list)):
            their_results = [their_results]
        loss = sum(tf.reduce_sum(y * u) for y, u in zip(their_results, us, strict=True))
    for y, their_y in zip(results, their_results, strict=True):
        close(y, their_y)
    gradients = tape.gradient(loss, [*constants, *(w.value for w in weights)])
    for t, gradient in zip([*mine, *parameters], gradients, strict=True):
        close(t.grad, tf.reshape(tf.convert_to_tensor(gradient), t.shape))


def set_weights(layer, parameters):
    """Our numbers, in the shapes of Keras."""
    shapes = [w.shape for w in layer.weights]
    layer.set_weights([p.data.reshape(s) for p, s in zip(parameters, shapes, strict=True)])
    return layer


# ------------------------------------------------------------------------------------- recurrent

KINDS = {
    "SimpleRNN": (nn.SimpleRNN, keras.layers.SimpleRNN, {}),
    "LSTM": (nn.LSTM, keras.layers.LSTM, {}),
    "GRU": (nn.GRU, keras.layers.GRU, {}),
    "GRU before": (nn.GRU, keras.layers.GRU, {"reset_after": False}),
}
MASK = np.array([[True] * 5, [True, False, True, True, False], [False, False, True, False, True]])


def pair(kind, **settings):
    ours, theirs, more = KINDS[kind]
    layer = randomized(ours(4, 3, rng=1, **settings, **more, **EXACT))
    twin = theirs(3, dtype="float64", **settings, **more)
    twin.build((None, 5, 4))
    return layer, set_weights(twin, layer.parameters())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("returned", [(), ("return_state",), ("return_sequences", "return_state")])
@pytest.mark.parametrize("kind", KINDS)
def test_recurrent(kind, returned, go_backwards, started, masked):
    settings = dict.fromkeys(returned, True) | {"go_backwards": go_backwards}
    layer, twin = pair(kind, **settings)
    mask = MASK if masked else None
    states = [draw(3, 3) for _ in layer.states] if started else []
    assert_agree(
        lambda x, *s: layer(x, initial_state=s or None, mask=mask),
        lambda x, *s: twin(x, initial_state=list(s) or None, mask=mask),
        layer.parameters(), twin.trainable_variables, draw(3, 5, 4), *states,
    )  # fmt: skip


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("returned", [(), ("return_sequences", "return_state")])
@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_bidirectional(kind, merge, returned, masked):
    settings = dict.fromkeys(returned, True)
    (one, forward), (two, backward) = (
        pair(kind, **settings),
        pair(kind, go_backwards=True, **settings),
    )
    layer = nn.Bidirectional(one, two, merge=merge)
    twin = keras.layers.Bidirectional(forward, merge, backward_layer=backward, dtype="float64")
    twin.build((None, 5, 4))
    set_weights(twin, layer.parameters())
    mask = MASK if masked else None
    states = [draw(3, 3) for _ in range(2 * len(one.states))] if returned else []
    assert_agree(
        lambda x, *s: layer(x, initial_state=s or None, mask=mask),
        lambda x, *s: twin(x, initial_state=list(s) or None, mask=mask),
        layer.parameters(), twin.trainable_variables, draw(3, 5, 4), *states,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_one_step(kind):
    layer, twin = pair(kind)
    x, states = draw(3, 4), [draw(3, 3) for _ in layer.states]
    _, theirs = twin.cell(tf.constant(x), [tf.constant(s) for s in states])
    for mine, their in zip(layer.step(x, *states), theirs, strict=True):
        close(mine, their)
    ours, _, more = KINDS[kind]
    cell = getattr(nn, f"{ours.__name__}Cell")(4, 3, dtype=np.float64, **more)
    cell.load_state_dict(layer.state_dict())
    after = cell(x, states)
    for mine, their in zip(after if len(states) > 1 else [after], theirs, strict=True):
        close(mine, their)


def test_the_numbers_that_layers_start_from():
    """The same distributions as Keras's: bounds, and exactly what is not random."""
    for kind in KINDS:
        ours, theirs, more = KINDS[kind]
        layer, twin = ours(40, 30, rng=0, **more), theirs(30, dtype="float32", **more)
        twin.build((None, 5, 40))
        W, U, b = twin.get_weights()
        assert np.array_equal(layer.b.data, b) and layer.b.dtype == b.dtype
        limit = np.sqrt(6 / (40 + W.shape[1]))
        assert 0.99 * limit < abs(layer.W.data).max() <= limit and abs(W).max() <= limit
        for u in (U, layer.U.data):
            assert np.allclose(u @ u.T, np.eye(30), atol=1e-5)
    W = keras.layers.Embedding(50, 40)
    W.build(None)
    for start in (W.get_weights()[0], nn.Embedding(50, 40, rng=0).W.data):
        assert 0.049 < abs(start).max() <= 0.05


# ------------------------------------------------------------------------------------- embedding


@pytest.mark.parametrize("vocab", [6, 300])  # either side of the two ways back
def test_embedding(vocab):
    layer = randomized(nn.Embedding(vocab, 3, mask_zero=True, rng=0, **EXACT))
    twin = keras.layers.Embedding(vocab, 3, mask_zero=True, dtype="float64")
    twin.build(None)
    set_weights(twin, layer.parameters())
    ids = RNG.integers(0, vocab, (4, 70))
    assert_agree(
        lambda: layer(ids), lambda: twin(ids), layer.parameters(), twin.trainable_variables
    )
    assert np.array_equal(layer.compute_mask(ids), twin.compute_mask(ids))
    assert (
        nn.Embedding(4, 3).compute_mask(ids)
        is keras.layers.Embedding(4, 3).compute_mask(ids)
        is None
    )


# ------------------------------------------------------------------------------------- attention

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
    assert_agree(
        lambda x: layer(x, mask=mask, key_mask=key_mask),
        lambda x: twin(x, x, attention_mask=theirs, value_mask=key_mask, use_causal_mask=causal),
        layer.parameters(), in_our_order(twin), draw(2, 5, 6),
    )  # fmt: skip


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
    assert_agree(
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
    assert_agree(
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
    assert_agree(block, model, block.parameters(), variables, draw(2, 5, 8))


# ------------------------------------------------------------------------------------- training


def recurrent_model(kind):
    ours, theirs, more = KINDS[kind]
    model = nn.Sequential(ours(4, 6, rng=0, **more, **EXACT), nn.Linear(6, 3, rng=1, **EXACT))
    twin = keras.Sequential(
        [
            keras.Input((7, 4)),
            theirs(6, dtype="float64", **more),
            keras.layers.Dense(3, dtype="float64"),
        ]
    )
    set_weights(twin, model.parameters())
    return model, twin, twin.trainable_variables


def transformer_model(_):
    block = nn.TransformerBlock(4, 1, hidden=8, causal=True, eps=EPSILON, rng=0, **EXACT)
    activation = ACTIVATIONS["gelu_tanh"][1]
    twin, variables = keras_block(block, activation, 7, 4, 8)
    return block, twin, variables


@pytest.mark.parametrize(
    ("make", "kind"),
    [(recurrent_model, "LSTM"), (recurrent_model, "GRU"), (transformer_model, "transformer")],
    ids=["LSTM", "GRU", "transformer"],
)
def test_fifty_steps_of_training(make, kind):
    """The same losses and the same weights, step by step, with Adam."""
    model, twin, variables = make(kind)
    betas, lr, eps = (0.875, 0.9990234375), 2.0**-7, 2.0**-23  # exact in float32 again
    optimizer = optim.Adam(model.parameters(), lr=lr, betas=betas, eps=eps)
    twin.compile(keras.optimizers.Adam(lr, *betas, eps), "mse", jit_compile=False)
    for _ in range(50):
        x = draw(5, 7, 4)
        y = draw(*model(x).shape)
        loss = nn.mse(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        twin.reset_metrics()
        assert abs(loss.item() - twin.train_on_batch(x, y)) < 1e-6  # it may be reported in float32
    for p, w in zip(model.parameters(), variables, strict=True):
        close(p, tf.reshape(w.value, p.shape))
