"""Adafactor by hand, and where it is exact."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim


@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_adafactor_by_hand(threshold):
    """The first step remembers nothing: v is g² + ε₁ as far as its rows and columns tell."""
    W, b = nn.Parameter([[2.0, 2.0], [2.0, -2.0]]), nn.Parameter([1.0, 1.0])
    optimizer = optim.Adafactor([W, b], 0.5, eps=(1e-30, 4.0), clip_threshold=threshold)
    W.grad, b.grad = np.array([[1.0, 3.0], [5.0, 7.0]]), np.array([3.0, -0.25])
    before = W.data.copy()
    optimizer.step()
    rows, columns = np.array([[5.0], [37.0]]), np.array([13.0, 29.0])
    u = W.grad / np.sqrt(rows * columns / 21)
    size = np.sqrt(np.mean(u**2))
    assert 0.5 < size < 1, "too long a step for the one threshold only"
    u *= 0.5 / size if threshold == 0.5 else 1
    np.testing.assert_allclose(W.data, before - 0.5 * 4 * u, rtol=1e-14)  # ε₂ > rms(w) = 2
    np.testing.assert_allclose(
        b.data, [1 - 2 * threshold, 1 + 2 * threshold], rtol=1e-14
    )  # its own v
    state = optimizer.state_dict()
    assert [state[f"{name}.0"].shape for name in "rcv"] == [(2,), (2,), (0,)]
    assert [state[f"{name}.1"].shape for name in "rcv"] == [(0,), (0,), (2,)]
    assert state["r.0"].tolist() == [5, 37] and state["c.0"].tolist() == [13, 29]


def test_adafactor_knows_a_matrix_of_rank_one_exactly():
    """g² = r cᵀ is found from its rows and columns: u = sign g, whatever the step is."""
    rng = np.random.default_rng(0)
    p = nn.Parameter(rng.normal(size=(3, 4, 5)))  # three matrices
    optimizer = optim.Adafactor([p], 1e-3)
    g = np.exp(rng.normal(size=(3, 4, 1)) + rng.normal(size=(3, 1, 5)))
    g *= rng.choice([-1, 1], g.shape)
    for _ in range(3):
        before = p.data.copy()
        p.grad = g
        optimizer.step()
        step = 1e-3 * np.sqrt(np.mean(before**2))
        np.testing.assert_allclose(before - p.data, step * np.sign(g), rtol=1e-9)
    kept = sum(
        a.size for name, a in optimizer.state_dict().items() if name[:2] in ("r.", "c.", "v.")
    )
    assert kept == 3 * (4 + 5)
