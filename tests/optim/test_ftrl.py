"""Ftrl against its special cases, and against a search for the least cost."""

import numpy as np

from tinygrad_edu import nn, optim


def test_without_penalties_it_is_adagrad_or_sgd(stepped, draw):
    """For weights that start at 0."""
    shapes = [(3, 4), (5,)]
    zeros, (_, gradients) = [np.zeros(shape) for shape in shapes], draw(shapes, 20)
    for make, other in [
        (lambda p: optim.Ftrl(p, 0.1), lambda p: optim.Adagrad(p, 0.1, eps=1e-300)),
        (lambda p: optim.Ftrl(p, 0.1, lr_power=0), lambda p: optim.SGD(p, 0.1)),
    ]:
        ours, theirs = stepped(make, zeros, gradients), stepped(other, zeros, gradients)
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x, y, rtol=0, atol=1e-13)


def test_the_leader_is_the_weight_of_least_cost():
    """By trying: the sum that the docstring says it is the least of, for three gradients."""
    l1, l2, beta, s, n0, lr = 0.5, 0.25, 0.125, 0.0625, 0.5, 0.25
    p = nn.Parameter([0.25, -1.0])
    optimizer = optim.Ftrl([p], lr, l1=l1, l2=l2, beta=beta, shrinkage=s, initial=n0)
    z, n = np.zeros(2), np.full(2, n0)
    for g in np.array([[1.5, 0.75], [-1.25, 2.0], [0.25, -0.5]]):
        before = p.data.copy()
        p.grad = g
        optimizer.step()
        z += g + 2 * s * before - (np.sqrt(n + g * g) - np.sqrt(n)) / lr * before
        n += g * g
        w = np.linspace(-2, 2, 400_001)[:, None]
        cost = z * w + l1 * abs(w) + l2 * w**2 + (np.sqrt(n) + beta) / (2 * lr) * w**2
        np.testing.assert_allclose(p.data, w[cost.argmin(axis=0), 0], rtol=0, atol=1e-5)
    assert p.data[0] == 0 and p.data[1] != 0, "l1 makes weights exactly 0"


def test_the_leader_stays_where_nothing_was_seen_and_where_lr_is_0():
    p = nn.Parameter([1.0, 2.0])
    optimizer = optim.Ftrl([p], lambda t: 0.5 * (t > 0), initial=0)
    for expected in ([1, 2], [1, 2 - 0.5]):
        p.grad = np.array([0.0, 3.0])
        optimizer.step()
        assert p.data.tolist() == expected
