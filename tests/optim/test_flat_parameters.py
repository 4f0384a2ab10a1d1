"""Parameters as one vector: views, chunks, copies, and arrays assigned from outside."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.flat_parameters import CHUNK


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_parameters_of_two_precisions_keep_theirs(make):
    single, double = nn.Parameter(np.ones(3, np.float32)), nn.Parameter(np.ones(3))
    optimizer = make([single, double])
    single.grad, double.grad = np.ones(3, np.float32), np.ones(3)
    optimizer.step()
    assert single.dtype == np.float32 and double.dtype == np.float64
    assert np.allclose(single.data, double.data, rtol=1e-6) and double.data[0] < 1


@pytest.mark.parametrize("make", [optim.Adam, optim.LAMB])
@pytest.mark.parametrize("without", [0, 1, 2])
def test_a_parameter_without_gradient_stays_with_its_states(make, without):
    parameters = [nn.Parameter(np.ones(2)) for _ in range(3)]
    optimizer = make(parameters, lr=0.1)
    for p in parameters:
        p.grad = np.ones(2)
    optimizer.step()
    before = [p.data.copy() for p in parameters]
    for i, p in enumerate(parameters):
        p.grad = None if i == without else np.ones(2)
    optimizer.step()
    moved = [not np.array_equal(p.data, b) for p, b in zip(parameters, before, strict=True)]
    assert moved == [i != without for i in range(3)]


def test_numbers_assigned_between_steps_count():
    p = nn.Parameter(np.ones(2))
    optimizer = optim.SGD([p], lr=1.0)
    p.data = np.array([5.0, 6.0])
    p.grad = np.ones(2)
    optimizer.step()
    assert p.data.tolist() == [4.0, 5.0]


def test_a_model_that_changed_its_precision_is_refused():
    layer = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(layer.parameters())
    layer.astype(np.float64)
    layer(np.ones((1, 2))).sum().backward()
    with pytest.raises(
        ValueError, match=r"W \(2, 2\) float64 was \(2, 2\) float32 when the optimizer"
    ):
        optimizer.step()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.Adafactor])
def test_a_copy_of_a_model_and_its_optimizer_trains_as_the_original_does(again, make):
    def step(layer, optimizer):
        (layer(np.ones((1, 2))) * 3).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    layer = nn.Linear(2, 2, rng=0)
    optimizer = make(layer.parameters(), lr=0.1)
    step(layer, optimizer)
    other, its_optimizer = again((layer, optimizer))
    step(layer, optimizer)
    assert not np.array_equal(layer.W.data, other.W.data)
    step(other, its_optimizer)
    assert np.array_equal(layer.W.data, other.W.data) and its_optimizer.t == 2


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_the_groups_of_a_copy_are_its_own(again):
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([{"parameters": [p], "lr": 0.5}])
    other = again(optimizer)
    other.groups[0]["lr"] = 0.25
    for each in (optimizer, other):
        each.parameters[0].grad = np.ones(1)
        each.step()
    assert (p.data[0], other.parameters[0].data[0]) == (0.5, 0.75)


@pytest.mark.parametrize("again", [lambda x: x, copy.deepcopy])
@pytest.mark.parametrize("make", [optim.Adam, optim.LAMB])
def test_the_memory_to_compute_in_begins_with_a_cache_line(again, make):
    """Writing to it may take twice as long otherwise."""
    parameters = [nn.Parameter(np.ones(shape, np.float32)) for shape in [(3, 5), (CHUNK + 1,)]]
    (flat,) = again(make(parameters)).flat_parameters
    assert flat.scratch.ctypes.data % 64 == 0 and flat.scratch.dtype == np.float32
    assert flat.scratch.size == (CHUNK if make is optim.Adam else CHUNK + 1)
