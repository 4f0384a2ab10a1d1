"""Recurrent layers: cells in a loop, states, masks and derivatives to order two, and what is refused.

That they equal Keras's is tested in test_keras_recurrent.py.
"""

import functools

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, nn, vmap
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.nn import recurrent as recurrent_layers

RNG = np.random.default_rng(0)
MASK = np.array([[True, True, True], [False, True, False]])


def draw(*shape):
    return RNG.normal(size=shape)


LAYERS = {
    "SimpleRNN": nn.SimpleRNN,
    "LSTM": nn.LSTM,
    "GRU": nn.GRU,
    "GRU before": lambda *a, **k: nn.GRU(*a, reset_after=False, **k),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_derivatives_of_every_layer_to_order_two(make):
    layer = make(2, 2, return_sequences=True, go_backwards=True, rng=0, dtype=np.float64)
    states = [draw(2, 2) for _ in layer.states]
    report = gradcheck(
        lambda x, *s: layer(x, initial_state=s, mask=MASK),
        draw(2, 3, 2), *states, wrt=layer.parameters(),
    )  # fmt: skip
    assert report, report


def test_derivatives_of_two_directions_and_two_layers():
    both = nn.Bidirectional(
        nn.GRU(2, 2, return_sequences=True, rng=0, dtype=np.float64),
        nn.GRU(2, 2, return_sequences=True, go_backwards=True, rng=1, dtype=np.float64),
    )
    model = nn.Sequential(both, nn.LSTM(4, 1, rng=2, dtype=np.float64))
    report = gradcheck(model, draw(2, 3, 2), wrt=model.parameters())
    assert report, report


CELLS = {
    "SimpleRNN": nn.SimpleRNNCell,
    "LSTM": nn.LSTMCell,
    "GRU": nn.GRUCell,
    "GRU before": lambda *a, **k: nn.GRUCell(*a, reset_after=False, **k),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_loop_over_a_cell_is_the_layer(name):
    """Of the same seed, and through state_dict: they start from the same numbers under the same names."""
    layer = LAYERS[name](3, 4, return_sequences=True, return_state=True, rng=0, dtype=np.float64)
    cell = CELLS[name](None, 4, rng=0, dtype=np.float64)
    x, u = draw(2, 5, 3), draw(2, 5, 4)
    y, *last = layer(x)
    states, outputs = None, []
    for t in range(5):
        states = cell(x[:, t], states)
        outputs.append(states[0] if isinstance(states, tuple) else states)
    assert np.allclose(np.stack(outputs, 1).data, y.data, rtol=1e-12, atol=1e-14)
    for one, other in zip(states if len(last) > 1 else [states], last, strict=True):
        assert np.allclose(one.data, other.data, rtol=1e-12, atol=1e-14)
    (np.stack(outputs, 1) * u).sum().backward()
    (y * u).sum().backward()
    for (name, p), (its, q) in zip(cell.named_parameters(), layer.named_parameters(), strict=True):
        assert name == its and np.allclose(p.grad, q.grad, rtol=1e-11, atol=1e-13)
    cell.load_state_dict(layer.state_dict())


def test_a_cell_shows_itself_and_keeps_its_precision():
    assert repr(nn.LSTMCell(3, 4)) == "LSTMCell(3, 4)"
    assert repr(nn.GRUCell(3, 4, reset_after=False)) == "GRUCell(3, 4, reset_after=False)"
    assert not isinstance(nn.GRUCell(3, 4), recurrent_layers.Recurrent)
    h, c = nn.LSTMCell(3, 4, rng=0)(draw(2, 3), [draw(2, 4), draw(2, 4)])
    assert h.dtype == c.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "states", "words"),
    [
        ((2, 5, 3), None, r"got x of shape \(2, 5, 3\): it takes one step(.|\n)*x\[:, t\], or LSTM"),
        ((3,), None, r"got x of shape \(3,\)(.|\n)*Try: x\[None\] for one sequence"),
        ((2, 5), None, r"got x of shape \(2, 5\)(.|\n)*Try: LSTMCell\(5, 4\) here"),
        ((2, 3), np.ones((2, 4)), r"got states of shape \(2, 4\): it takes h, c, \(2, 4\) each(.|\n)*"
                                  r"Try: states=\(h, c\), as the step before gave them"),
    ],
)  # fmt: skip
def test_what_a_cell_refuses(shape, states, words):
    with pytest.raises(ValueError, match=r"^LSTMCell\(3, 4\) " + words):
        nn.LSTMCell(3, 4, rng=0)(np.ones(shape), states)


def test_a_sequence_can_be_read_in_two_parts():
    layer = nn.LSTM(3, 4, return_state=True, rng=0, dtype=np.float64)
    x = draw(2, 6, 3)
    whole, (_, *state) = layer(x), layer(x[:, :2])
    for one, other in zip(layer(x[:, 2:], initial_state=state), whole, strict=True):
        assert np.allclose(one.data, other.data, rtol=1e-13, atol=0)


def test_padding_at_the_end_changes_nothing():
    layer = nn.GRU(3, 4, rng=0, dtype=np.float64)
    x, long = draw(2, 3, 3), draw(2, 5, 3)
    long[:, :3] = x
    mask = np.array([[True] * 3 + [False] * 2] * 2)
    assert np.array_equal(layer(long, mask=mask).data, layer(x).data)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_a_models_precision_is_its_own(make):
    layer = make(3, 4, return_state=True, rng=0)
    states = [draw(2, 4) for _ in layer.states]
    for x in (draw(2, 5, 3), draw(2, 5, 3).tolist(), Tensor(draw(2, 5, 3))):
        results = layer(x, initial_state=states, mask=np.ones((2, 5), bool))
        assert {y.dtype for y in results} == {np.dtype(np.float32)}
        results[0].sum().backward()
        assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


def test_the_size_of_the_input_may_be_found_out():
    model = nn.Sequential(nn.LSTM(None, 4, return_sequences=True, rng=0), nn.GRU(None, 2, rng=1))
    assert model.build((5, 3)).state_dict()["0.W"].shape == (3, 16)
    assert model[1].W.shape == (4, 6)


def test_the_same_seed_gives_the_same_weights():
    a, b, c = (nn.LSTM(3, 4, rng=seed).W.data for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_a_gradient_that_two_layers_share_is_not_mistaken():
    """The rule of + hands the same g to both of its inputs."""
    layer = nn.SimpleRNN(2, 2, return_sequences=True, rng=0, dtype=np.float64)

    def total(one, two):
        return np.sum((layer(one) + layer(two)) * U)

    one, two, U = draw(1, 3, 2), draw(1, 3, 2), draw(1, 3, 2)
    together = grad(total, (0, 1))(one, two)
    assert np.array_equal(together[0], grad(lambda x: np.sum(layer(x) * U))(one))
    assert np.array_equal(together[1], grad(lambda x: np.sum(layer(x) * U))(two))


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((5, 4), r"x\[None\] for one sequence"),
        ((5, 3, 4), r"np.swapaxes\(x, 1, 2\), if time is the last axis"),
        ((5, 7, 4), r"LSTM\(4, 2\) here"),
        ((5, 0, 3), "one step or more"),
        ((5,), r"x.reshape\(...\) to \(N, T, 3\)"),
    ],
)
def test_sequences_that_do_not_fit(shape, hint):
    model = nn.Sequential(nn.LSTM(3, 2, rng=0))
    with pytest.raises(ValueError) as error:
        model(np.ones(shape))
    said = str(error.value)
    assert said.startswith(
        f"layer 0, LSTM(3, 2), got x of shape {shape}: it takes (N, T, 3), T from 1"
    )
    assert "test_recurrent.py" in said
    with pytest.raises(ValueError, match=f"Try: .*{hint}"):
        model(np.ones(shape))


@pytest.mark.parametrize(
    ("mask", "error", "words"),
    [
        (
            np.ones((3, 2), bool),
            ValueError,
            r"\(3, 2\) for 2 sequences of 3 .* \(2, 3\)(.|\n)*mask.T",
        ),
        (np.ones((2, 4), bool), ValueError, r"\(2, 4\) for 2(.|\n)*one truth value for each step"),
        (np.ones((2, 3)), TypeError, r"a mask of float64(.|\n)*mask.astype\(bool\)"),
    ],
)
def test_masks_that_do_not_fit(mask, error, words):
    with pytest.raises(error, match=rf"GRU\(4, 2, return_state=True\) got a mask of (shape )?.*{words}"
                       if error is ValueError else words):  # fmt: skip
        nn.GRU(4, 2, return_state=True, rng=0)(np.ones((2, 3, 4)), mask=mask)


def test_initial_states_that_do_not_fit():
    layer = nn.LSTM(4, 2, rng=0)
    with pytest.raises(
        ValueError, match=r"of shape \(2, 3\) and \(2, 2\): it takes h, c, \(2, 2\) each"
    ):
        layer(np.ones((2, 3, 4)), initial_state=[np.ones((2, 3)), np.ones((2, 2))])
    with pytest.raises(ValueError, match=r"of shape \(2, 2\): (.|\n)*initial_state=\(h, c\)"):
        layer(np.ones((2, 3, 4)), initial_state=np.ones((2, 2)))


def test_sizes_that_are_none():
    with pytest.raises(ValueError, match=r"LSTM\(units=0\)"):
        nn.LSTM(3, 0)


@pytest.mark.parametrize(
    ("forward", "backward", "settings", "words"),
    [
        ({}, {}, {}, "only it, reads backwards"),
        ({"go_backwards": True}, {"go_backwards": True}, {}, "only it, reads backwards"),
        ({"return_state": True}, {"go_backwards": True}, {}, "return_state differs"),
        ({"return_sequences": True}, {"go_backwards": True}, {}, "return_sequences differs"),
        ({}, {"go_backwards": True}, {"merge": "max"}, "'concat' or 'sum' or 'ave' or 'mul'"),
        (
            {},
            {"go_backwards": True, "units": 5},
            {"merge": "sum"},
            "4 and 5 units do not fit together",
        ),
    ],
)
def test_two_directions_that_do_not_go_together(forward, backward, settings, words):
    units = backward.get("units", 4)
    backward = {k: v for k, v in backward.items() if k != "units"}
    with pytest.raises(ValueError, match=words):
        nn.Bidirectional(nn.LSTM(3, 4, **forward), nn.LSTM(3, units, **backward), **settings)


def test_two_directions_of_something_else():
    with pytest.raises(TypeError, match="is no SimpleRNN, LSTM or GRU"):
        nn.Bidirectional(nn.Linear(3, 4), nn.LSTM(3, 4, go_backwards=True))


@pytest.mark.parametrize(
    "settings", [{}, {"return_sequences": True}, {"go_backwards": True}], ids=str
)
@pytest.mark.parametrize(
    "kind", [nn.SimpleRNN, nn.LSTM, nn.GRU, functools.partial(nn.GRU, reset_after=False)], ids=str
)
def test_padding_may_be_nan(kind, settings):
    """Values and gradients are those of any other padding: nothing of it is read."""
    layer, mask = (
        kind(2, 3, rng=0, **settings),
        np.array([[True, True, False], [False, True, True]]),
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 2)).astype(np.float32)
    found = []
    for padding in (0, 7, np.nan, np.inf):
        x[~mask] = padding
        inputs = Tensor(x, requires_grad=True)
        for parameter in layer.parameters():
            parameter.grad = None
        y = layer(inputs, mask=mask)
        np.square(y).sum().backward()
        found.append([y.data, inputs.grad, *(p.grad for p in layer.parameters())])
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_a_stateful_layer_goes_on():
    """Two halves give what the whole gives, and no gradient goes from one to the other."""
    layer, x = nn.LSTM(2, 3, stateful=True, rng=0), np.random.default_rng(0).normal(size=(2, 6, 2))
    whole = layer(x)
    layer.reset_state()
    first = Tensor(x[:, :3], requires_grad=True)
    layer(first)
    y = layer(x[:, 3:])
    assert np.allclose(y.data, whole.data, atol=1e-6)
    y.sum().backward()
    assert first.grad is None
    with pytest.raises(
        ValueError, match=r"got 5 sequences, .* with the 2 of .*(.|\n)*reset_state\(\)"
    ):
        layer(np.ones((5, 3, 2)))
    layer.summary((6, 2))
    assert len(layer.last[0]) == 2


def test_dropout_draws_one_mask_for_all_steps():
    layer = nn.GRU(2, 3, dropout=0.5, recurrent_dropout=0.5, return_sequences=True, rng=0)
    x = np.ones((1, 4, 2), np.float32)
    assert not np.array_equal(layer(x).data, layer(x).data)
    same, other = (nn.GRU(2, 3, dropout=0.5, recurrent_dropout=0.5, rng=1) for _ in range(2))
    assert np.array_equal(same(x).data, other(x).data)
    layer.eval()
    assert np.array_equal(layer(x).data, nn.GRU(2, 3, return_sequences=True, rng=0)(x).data)
    with pytest.raises(
        ValueError, match="recurrent_dropout=1.0.: recurrent_dropout is a probability"
    ):
        nn.LSTM(2, 3, recurrent_dropout=1.0)


def test_a_cell_of_ones_own_in_a_loop():
    class Sum(nn.Module):
        def forward(self, x, states=None):
            return x if states is None else states + x

        def output(self, states):
            return states

    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    assert np.allclose(nn.RNN(Sum(), return_sequences=True)(x), np.cumsum(x, axis=1))
    with pytest.raises(TypeError, match="RNN: cell is Linear.2, 2., which is not a recurrent cell"):
        nn.RNN(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="StackedCells: cell 1 is"):
        nn.StackedCells(nn.GRUCell(2, 2), nn.GRU)


def test_a_cell_works_for_many_examples_at_once():
    cell = nn.SimpleRNNCell(3, 4, rng=0).astype(np.float64)
    x, h = np.random.default_rng(0).normal(size=(5, 2, 3)), np.ones((5, 2, 4))
    together = vmap(lambda x, h: cell(x, h))(x, h)
    assert np.allclose(together.data, [cell(x[i], h[i]).data for i in range(5)], rtol=1e-14)
