"""Optimizers against their formulas, written out plainly; against Keras in tests/twins."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.optimizer import PIECE

RNG = np.random.default_rng(0)


def plain_sgd(w, grads, lr=0.01, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for g in grads:
        v = momentum * v - lr * g
        w = w + (momentum * v - lr * g if nesterov else v)
    return w


def plain_adam(w, grads, lr=0.001, betas=(0.9, 0.999), eps=1e-7):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        alpha = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
        w = w - alpha * m / (np.sqrt(v) + eps)
    return w


@pytest.mark.parametrize(
    ("make", "plain", "settings"),
    [
        (optim.SGD, plain_sgd, {}),
        (optim.SGD, plain_sgd, {"lr": 0.1, "momentum": 0.9}),
        (optim.SGD, plain_sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        (optim.Adam, plain_adam, {}),
        (optim.Adam, plain_adam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    ],
)
@pytest.mark.parametrize("shapes", [[(3, 4), (4,), ()], [(PIECE + 5,), (2, 3)]])
def test_ten_steps_follow_the_formula(make, plain, settings, shapes):
    start = [RNG.normal(size=shape) for shape in shapes]
    parameters = [nn.Parameter(w) for w in start]
    optimizer = make(parameters, **settings)
    grads = [[RNG.normal(size=shape) for shape in shapes] for _ in range(10)]
    for step in grads:
        for p, g in zip(parameters, step, strict=True):
            p.grad = g
        optimizer.step()
    for i, p in enumerate(parameters):
        expected = plain(start[i], [step[i] for step in grads], **settings)
        assert p.shape == shapes[i]
        assert np.allclose(p.data, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_parameters_of_two_precisions_keep_theirs(make):
    single, double = nn.Parameter(np.ones(3, np.float32)), nn.Parameter(np.ones(3))
    optimizer = make([single, double])
    single.grad, double.grad = np.ones(3, np.float32), np.ones(3)
    optimizer.step()
    assert single.dtype == np.float32 and double.dtype == np.float64
    assert np.allclose(single.data, double.data, rtol=1e-6) and double.data[0] < 1


@pytest.mark.parametrize("without", [0, 1, 2])
def test_a_parameter_without_gradient_stays_with_its_states(without):
    parameters = [nn.Parameter(np.ones(2)) for _ in range(3)]
    optimizer = optim.Adam(parameters, lr=0.1)
    for p in parameters:
        p.grad = np.ones(2)
    optimizer.step()
    before = [p.data.copy() for p in parameters]
    parameters[without].grad = None
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
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
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


def test_zero_grad_and_the_learning_rate_can_change():
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([p, p])  # twice the same counts once
    p.grad = np.ones(1)
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.lr = 0.5
    p.grad = np.ones(1)
    optimizer.step()
    assert p.data.tolist() == [0.5] and optimizer.t == 1
    assert len(optimizer.parameters) == 1


# ----------------------------------------------------------------------- refusals, and their words


def test_an_unknown_argument_is_refused_with_those_that_exist():
    p = nn.Parameter([1.0])
    with pytest.raises(TypeError, match="Adam has no argument 'learning_rate'") as error:
        optim.Adam([p], learning_rate=0.1)
    assert "parameters, lr, betas, eps" in str(error.value)
    with pytest.raises(TypeError, match="SGD has no argument 'betas'"):
        optim.SGD([p], betas=(0.9, 0.9))


@pytest.mark.parametrize("lr", [0, -0.1, "0.1", None, float("nan"), float("inf")])
def test_a_learning_rate_is_a_positive_number(lr):
    p = nn.Parameter([1.0])
    before = p.data
    with pytest.raises(ValueError, match=f"lr must be a positive number, not {lr!r}"):
        optim.SGD([p], lr)
    assert p.data is before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: optim.SGD(p, momentum=1.0), "momentum must be from 0 to below 1, not 1.0"),
        (lambda p: optim.Adam(p, betas=(0.9, 2)), r"betas\[1\] must be from 0 to below 1, not 2"),
        (
            lambda p: optim.Adam(p, betas=0.9),
            r"betas must be two numbers, as \(0.9, 0.999\), not 0.9",
        ),
        (lambda p: optim.Adam(p, betas=(0.9, 0.9, 0.9)), "betas must be two numbers"),
        (lambda p: optim.SGD(p, nesterov=True), "looks ahead by the momentum, which is 0"),
        (lambda p: optim.Adam(p, eps=0), "eps must be a positive number, not 0"),
    ],
)
def test_other_settings_have_their_ranges(make, words):
    with pytest.raises(ValueError, match=words):
        make([nn.Parameter([1.0])])


def test_an_optimizer_shows_its_settings():
    p = nn.Parameter([1.0])
    assert repr(optim.SGD([p], momentum=0.5)) == "SGD(lr=0.01, momentum=0.5, nesterov=False)"
    assert repr(optim.Adam([p])) == ("Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-07, amsgrad=False)")


def test_only_parameters_can_be_learned():
    with pytest.raises(
        TypeError, match=r"got \(3,\) float64, of type ndarray, which is not a Parameter"
    ):
        optim.SGD([np.ones(3)])
    with pytest.raises(TypeError, match=r"not the Linear itself(.|\n)*model\.parameters\(\)"):
        optim.SGD(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="takes a list of parameters"):
        optim.SGD(nn.Parameter([1.0]))
    with pytest.raises(ValueError, match=r"got no parameters(.|\n)*not plain arrays"):
        optim.SGD(nn.Tanh().parameters())


def test_a_step_without_any_gradient_is_refused_and_not_counted():
    optimizer = optim.SGD([nn.Parameter([1.0])])
    with pytest.raises(RuntimeError, match="none of the 1 parameters has a gradient"):
        optimizer.step()
    assert optimizer.t == 0
