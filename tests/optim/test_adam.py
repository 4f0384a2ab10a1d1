"""Adam and its family against their formulas."""

import numpy as np
import pytest

from tinygrad_edu import optim
from tinygrad_edu.optim.flat_parameters import CHUNK


def plain_adam(w, grads, lr=0.001, betas=(0.9, 0.999), eps=1e-7):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        alpha = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
        w = w - alpha * m / (np.sqrt(v) + eps)
    return w


@pytest.mark.parametrize("settings", [{}, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}])
@pytest.mark.parametrize("shapes", [[(3, 4), (4,), ()], [(CHUNK + 5,), (2, 3)]])
def test_ten_steps_follow_the_formula(settings, shapes, stepped, draw):
    start, gradients = draw(shapes, 10)
    ended = stepped(lambda p: optim.Adam(p, **settings), start, gradients)
    for i, w in enumerate(ended):
        expected = plain_adam(start[i], [step[i] for step in gradients], **settings)
        np.testing.assert_allclose(w, expected, rtol=1e-13, atol=1e-14)


def test_lamb_steps_are_as_long_as_lr_times_the_parameter(stepped, draw):
    start, gradients = draw([(3, 4), (4,), (5, 2)], 1)
    ended = stepped(lambda p: optim.LAMB(p, 0.01), start, gradients)
    for a, b in zip(ended, start, strict=True):
        assert np.linalg.norm(a - b) == pytest.approx(0.01 * np.linalg.norm(b), rel=1e-12)
    # A parameter of zeros has no length: it takes Adam's own step.
    (ended,) = stepped(
        lambda p: optim.LAMB(p, 0.01), [np.zeros(4)], [[np.array([1.0, -2.0, 0.5, 1e-3])]]
    )
    np.testing.assert_allclose(ended, [-0.01, 0.01, -0.01, -0.01], rtol=1e-3)
