"""Layers whose first x tells their size: until then they wait, and a wrong x leaves them waiting."""

import pickle

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.training.checkpoint import generators


def test_the_first_input_tells_a_layer_its_size():
    model = nn.Sequential(
        nn.Linear(None, 4, rng=0), nn.ReLU(), nn.Linear(None, 2, bias=False, rng=1)
    )
    assert repr(model[0]) == "Linear(None, 4)"
    with pytest.raises(
        RuntimeError, match=r"layer 0, Linear\(None, 4\) has no parameters before"
    ) as e:
        model.parameters()
    assert "model.build(x.shape[1:])" in str(e.value)
    assert model.build((3,)) is model
    told = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, bias=False, rng=1))
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(model(x).data, told(x).data)
    assert list(model.state_dict()) == list(told.state_dict())
    with pytest.raises(ValueError, match="the last axis must be 3"):
        model(np.ones((5, 4)))


def test_a_size_is_known_only_after_a_whole_first_call():
    model = nn.Sequential(nn.Linear(None, 4, rng=0), nn.Linear(5, 2))
    with pytest.raises(ValueError, match="the last axis must be 5"):
        model(np.ones((2, 3)))
    assert model[0].W.shape == (3, 4)  # that layer was called, and it is whole


class Scale(SizedByInput):
    """y = x s, with one s for each number of the last axis."""

    def __init__(self, inputs=None, *, start=1.0):
        self.inputs = inputs
        self.make_now_or_later(start)

    def make(self, start):
        if self.inputs > 9:
            raise ValueError("too wide")
        self.s = nn.Parameter(np.full(self.inputs, start))

    def forward(self, x):
        self.demand_shape(np.shape(x))
        return x * self.s


def test_a_layer_of_ones_own():
    now, later = Scale(3, start=0.5), Scale(start=0.5)
    assert now.s.data.tolist() == [0.5] * 3 and now.built and not later.built
    assert later(np.ones((2, 3))).data.tolist() == [[0.5] * 3] * 2
    assert later.inputs == 3 and later.built and repr(now) == repr(later) == "Scale(3)"
    with pytest.raises(
        ValueError, match=r"Scale\(3\) \(sized by its first x .2, 3. at test_"
    ) as error:
        later(np.ones((2, 4)))
    assert "the last axis must be 3" in str(error.value)


# a first x that cannot be right -> one that can
WRONG = {
    "Linear": (lambda: nn.Linear(None, 2), (), (4,)),
    "Conv2d": (lambda: nn.Conv2d(None, 2, 3), (8, 8), (1, 8, 8, 3)),
    "BatchNorm": (nn.BatchNorm, (3,), (2, 3)),
    "LSTM": (lambda: nn.LSTM(None, 2), (5, 4), (1, 5, 4)),
    "LSTMCell": (lambda: nn.LSTMCell(None, 2), (1, 5, 4), (5, 4)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(None, 2, 2), (5, 4), (1, 5, 4)),
    "refused by make": (Scale, (2, 10), (2, 3)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_first_x_leaves_a_layer_waiting(name):
    make, wrong, right = WRONG[name]
    layer = make()
    before = repr(layer)
    with pytest.raises(ValueError):
        layer(np.ones(wrong))
    assert not layer.built and layer.inputs is None and repr(layer) == before
    layer(np.ones(right))
    assert layer.built and layer.inputs == right[-1] and layer.parameters()


def test_a_generator_waits_with_the_layer_and_goes_when_it_was_used():
    layer = nn.Linear(None, 2, rng=0)
    again = pickle.loads(pickle.dumps(layer))
    assert len(generators(layer)) == len(generators(again)) == 1
    x = np.ones((1, 3))
    assert np.array_equal(layer(x).data, again(x).data)  # both drew the same numbers
    assert not generators(layer) and not generators(nn.Linear(3, 2, rng=0))
    kept = nn.Linear(3, 2, init=lambda rng, shape, dtype: np.ones(shape, dtype))
    assert pickle.loads(pickle.dumps(kept)).W.data.all()  # a lambda cannot be pickled
