"""Rows of whole sequences: the fast forms against the cells, and one walk back for all rules of a row."""

import gc
import weakref

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hvp, ops
from tinygrad_edu.ops import recurrent

RNG = np.random.default_rng(0)


def draw(*shape):
    return RNG.normal(size=shape)


# fast row, cell, number of gates, names of the states, shape of b without its last axis
ROWS = {
    "rnn": (ops.rnn, recurrent.rnn_cell, 1, 1, ()),
    "lstm": (ops.lstm, recurrent.lstm_cell, 4, 2, ()),
    "gru": (ops.gru, recurrent.gru_cell, 3, 1, (2,)),
    "gru before": (ops.gru, recurrent.gru_cell, 3, 1, ()),
}


def numbers(gates, states, bias, steps=4, n=3, inputs=2, units=2):
    shapes = [(steps, n, inputs), *[(n, units)] * states, (inputs, gates * units)]
    return [draw(*s) for s in (*shapes, (units, gates * units), (*bias, gates * units))]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_fast_form_equals_the_cells_along_time(row, masked):
    """Outputs, last states, gradients and gradients of gradients."""
    fast, cell, gates, states, bias = row
    arrays = numbers(gates, states, bias)
    mask = RNG.random((4, 3, 1)) < 0.6 if masked else None
    u, last_u, v = draw(4, 3, 2), draw(states, 3, 2), [draw(*a.shape) for a in arrays]

    def plain(x, *rest):
        return recurrent.along_time(cell, x, rest[:states], rest[states:], mask)

    def outcome(run):
        tensors = [Tensor(a, requires_grad=True) for a in arrays]
        y, last = run(*tensors)
        total = (y * u).sum() + sum((s * w).sum() for s, w in zip(last, last_u, strict=True))
        total.backward(create_graph=True)
        first = [t.grad for t in tensors]
        for t in tensors:
            t.grad = None
        sum((g * w).sum() for g, w in zip(first, v, strict=True)).backward()
        return [
            y.data,
            *(s.data for s in last),
            *(g.data for g in first),
            *(t.grad for t in tensors),
        ]

    for one, other in zip(outcome(lambda *a: fast(*a, mask=mask)), outcome(plain), strict=True):
        assert one.shape == other.shape
        assert np.allclose(one, other, rtol=1e-11, atol=1e-12)


def test_the_walk_back_is_taken_once_and_then_forgotten():
    calls = []
    once = recurrent.Once(lambda g, y, x: calls.append(1) or g * y * x)
    g, y, other = np.ones(3), np.ones(3), np.zeros(3)
    first = once(g, y, 2.0)
    assert once(g, y, 2.0) is first and len(calls) == 1
    once(g, other, 2.0)
    once(other, y, 2.0)
    assert len(calls) == 3
    result = weakref.ref(once(g, y, 2.0))
    del g, first
    gc.collect()
    assert result() is None and once.known is None


def test_tensors_are_not_remembered():
    once = recurrent.Once(lambda g, y: g * y)
    g = Tensor(np.ones(3), requires_grad=True)
    once(g, np.ones(3))
    assert once.known is None


@pytest.mark.parametrize(
    ("f", "gates", "states"), [(ops.rnn, 1, 1), (ops.lstm, 4, 2), (ops.gru, 3, 1)]
)
def test_a_mask_of_numbers_is_refused(f, gates, states):
    arrays = [np.ones((4, 2, 3)), *[np.zeros((2, 2))] * states]
    arrays += [np.ones((3, 2 * gates)), np.ones((2, 2 * gates)), np.ones(2 * gates)]
    with pytest.raises(
        TypeError, match=rf"{f.__name__} got a mask of float64[\s\S]*astype\(bool\)"
    ):
        f(*arrays, mask=np.ones((4, 2, 1)))


def test_slopes_of_an_rnn_whose_states_are_rounded_to_1():
    x = np.array([20.0, -25.0, 0.3]).reshape(3, 1, 1)
    W, U, b = np.ones((1, 1)), np.full((1, 1), 2.0), np.zeros(1)
    f = lambda x: recurrent.rnn(x, np.zeros((1, 1)), W, U, b)[0][2].sum()
    h1, h2 = 1.0, -1.0
    z = np.array([20.0, -25.0 + 2 * h1, 0.3 + 2 * h2])
    first, second, third = 1 / np.cosh(z) ** 2
    right = [third * 2 * second * 2 * first, third * 2 * second, third]
    np.testing.assert_allclose(grad(f)(x).ravel(), right, rtol=1e-13)
    moved = np.array([0.0, 1.0, 0.0]).reshape(3, 1, 1)
    curvature = -2 * np.tanh(z[1]) * second * 2 * third + second**2 * 4 * -2 * np.tanh(z[2]) * third
    found = hvp(f, (x,), (moved,)).ravel()
    np.testing.assert_allclose(found[1], curvature, rtol=1e-12)
