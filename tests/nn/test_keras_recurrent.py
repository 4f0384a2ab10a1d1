"""Recurrent layers against Keras in float64: results, gradients, starts and a training."""

import numpy as np
import pytest

from tests.nn.agreement import (
    assert_functions_agree,
    assert_trained_alike,
    close,
    draw,
    randomized,
    set_weights,
)
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
EXACT = {"dtype": np.float64}


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
    assert_functions_agree(
        lambda x, *s: layer(x, initial_state=s or None, mask=mask),
        lambda x, *s: twin(x, initial_state=list(s) or None, mask=mask),
        layer.parameters(), twin.trainable_variables, draw(3, 5, 4), *states,
    )  # fmt: skip


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("returned", [(), ("return_sequences", "return_state")])
@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
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
    assert_functions_agree(
        lambda x, *s: layer(x, initial_state=s or None, mask=mask),
        lambda x, *s: twin(x, initial_state=list(s) or None, mask=mask),
        layer.parameters(), twin.trainable_variables, draw(3, 5, 4), *states,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_without_bias(kind):
    ours, theirs, more = KINDS[kind]
    layer = randomized(ours(4, 3, bias=False, rng=1, **more, **EXACT))
    twin = theirs(3, use_bias=False, dtype="float64", **more)
    twin.build((None, 5, 4))
    set_weights(twin, layer.parameters())
    assert_functions_agree(layer, twin, layer.parameters(), twin.trainable_variables, draw(2, 5, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_dropout(kind, monkeypatch):
    """With given masks, as both draw their own: of x and of h, at all steps the same."""
    layer, twin = pair(kind, dropout=0.3, recurrent_dropout=0.2)
    masks = {4: draw(3, 4), 3: draw(3, 3)}
    count = getattr(twin.cell, "dropout_mask_count", None)

    def theirs(x, rate):
        mask = tf.constant(masks[x.shape[-1]])
        return mask if count is None else [mask] * count

    monkeypatch.setattr(twin.cell, "_create_dropout_mask", theirs)
    ours = lambda rng, p, shape, dtype: masks[shape[-1]].reshape(shape)
    monkeypatch.setattr("tinygrad_edu.nn.recurrent.kept", ours)
    assert_functions_agree(
        layer,
        lambda x: twin(x, training=True),
        layer.parameters(),
        twin.trainable_variables,
        draw(3, 5, 4),
    )
    layer.eval()
    assert_functions_agree(layer, twin, layer.parameters(), twin.trainable_variables, draw(3, 5, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_stateful(kind):
    ours, theirs, more = KINDS[kind]
    layer = randomized(ours(4, 3, stateful=True, rng=1, **more, **EXACT))
    twin = theirs(3, stateful=True, dtype="float64", **more)
    twin.build((2, 5, 4))
    set_weights(twin, layer.parameters())
    for _ in range(3):
        assert_functions_agree(
            layer, twin, layer.parameters(), twin.trainable_variables, draw(2, 5, 4)
        )
    layer.reset_state()
    twin.reset_states()
    x = draw(2, 5, 4)
    close(layer(x), twin(x))


@pytest.mark.parametrize(
    "settings", [{}, {"return_sequences": True}, {"go_backwards": True}], ids=str
)
def test_stacked_cells(settings):
    made = (
        nn.LSTMCell(4, 3, rng=0, **EXACT),
        nn.GRUCell(3, 2, rng=1, **EXACT),
        nn.SimpleRNNCell(2, 5, **EXACT),
    )
    layer = randomized(nn.RNN(nn.StackedCells(*made), return_state=True, **settings))
    C = keras.layers
    cells = C.LSTMCell(3), C.GRUCell(2), C.SimpleRNNCell(5)
    twin = C.RNN(C.StackedRNNCells(cells), return_state=True, **settings)
    twin.build((None, 6, 4))
    set_weights(twin, layer.parameters())

    def ours(x):
        y, ((h, c), g, s) = layer(x)
        return y, h, c, g, s

    def theirs(x):
        y, (h, c), g, s = twin(x)
        return (
            y,
            h,
            c,
            g[0] if isinstance(g, (list, tuple)) else g,
            s[0] if isinstance(s, (list, tuple)) else s,
        )

    assert_functions_agree(
        ours, theirs, layer.parameters(), twin.trainable_variables, draw(2, 6, 4)
    )


def test_time_distributed():
    layer = randomized(nn.TimeDistributed(nn.Conv2d(2, 3, 2, rng=0, **EXACT)))
    twin = keras.layers.TimeDistributed(keras.layers.Conv2D(3, 2))
    twin.build((2, 3, 4, 5, 2))
    set_weights(twin, layer.parameters())
    x = draw(2, 3, 4, 5, 2)
    assert_functions_agree(layer, twin, layer.parameters(), twin.trainable_variables, x)


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


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_fifty_steps_of_training(kind):
    assert_trained_alike(*recurrent_model(kind))
