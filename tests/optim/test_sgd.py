"""SGD and Lion against their formulas."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.flat_parameters import CHUNK


def plain_sgd(w, grads, lr=0.01, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for g in grads:
        v = momentum * v - lr * g
        w = w + (momentum * v - lr * g if nesterov else v)
    return w


@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "nesterov": True}],
)
@pytest.mark.parametrize("shapes", [[(3, 4), (4,), ()], [(CHUNK + 5,), (2, 3)]])
def test_ten_steps_follow_the_formula(settings, shapes, stepped, draw):
    start, gradients = draw(shapes, 10)
    ended = stepped(lambda p: optim.SGD(p, **settings), start, gradients)
    for i, w in enumerate(ended):
        expected = plain_sgd(start[i], [step[i] for step in gradients], **settings)
        np.testing.assert_allclose(w, expected, rtol=1e-13, atol=1e-14)


def test_lion_by_hand():
    p = nn.Parameter([1.0, 1.0])
    optimizer = optim.Lion([p], 0.1, betas=(0.5, 0.75))
    for g in ([1.0, -1.0], [-0.5, 0.1]):
        p.grad = np.array(g)
        optimizer.step()
    # m = (0.25, -0.25) after the first; then 0.5 m + 0.5 g = (-0.125, -0.075)
    np.testing.assert_allclose(p.data, [1 - 0.1 + 0.1, 1 + 0.1 + 0.1])
    np.testing.assert_allclose(optimizer.state_dict()["m.0"], [0.0625, -0.1625])
