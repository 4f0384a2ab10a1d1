"""Muon: singular values by an explicit decomposition, and steps by hand."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.muon import orthogonalized


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_muon_makes_the_singular_values_alike(shape):
    """The singular vectors stay; s goes through the quintic of each round."""
    x = np.random.default_rng(0).normal(size=shape)
    U, S, Vt = np.linalg.svd(x, full_matrices=False)
    s = S / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    np.testing.assert_allclose(orthogonalized(x), U * s @ Vt, atol=1e-12)
    assert s.min() > 0.6 and s.max() < 1.3 and S.max() / S.min() > 2


def test_muon_by_hand():
    W, b = nn.Parameter(np.eye(2)), nn.Parameter(np.zeros(2))
    optimizer = optim.Muon([W, b], 0.5, weight_decay=0.25, rounds=0, momentum=0.5, nesterov=False)
    W.grad, b.grad = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([1.0, -1.0])
    optimizer.step()
    step = 0.5 * 0.2 * np.sqrt(2) * np.diag([3.0, 4.0]) / 5
    np.testing.assert_allclose(W.data, np.eye(2) * (1 - 0.5 * 0.25) - step, atol=1e-8)
    np.testing.assert_allclose(b.data, [-0.5, 0.5], atol=1e-5)  # Adam's first step
