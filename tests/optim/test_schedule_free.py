"""ScheduleFreeAdamW against the algorithm of the paper, and what it refuses."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim


def test_schedule_free_steps_follow_the_paper():
    """Algorithm 1, with x, y and z kept apart: the parameters are y, and what it is judged by is x."""
    rng = np.random.default_rng(0)
    p = nn.Parameter(rng.normal(size=3))
    optimizer = optim.ScheduleFreeAdamW([p], 0.1, betas=(0.75, 0.9), eps=0.01)
    z, x, v = p.data.copy(), p.data.copy(), np.zeros(3)
    with optimizer.averaged():
        assert np.array_equal(p.data, x), "before the first step they are the same"
    for t in range(1, 9):
        y = 0.25 * z + 0.75 * x
        np.testing.assert_allclose(p.data, y, rtol=1e-13)
        p.grad = g = p.data + rng.normal(size=3)
        v = 0.9 * v + 0.1 * g * g
        z = z - 0.1 * g / (np.sqrt(v / (1 - 0.9**t)) + 0.01)
        x = (1 - 1 / t) * x + 1 / t * z
        optimizer.step()
        data, kept = p.data, p.data.copy()
        with optimizer.averaged():
            np.testing.assert_allclose(p.data, x, rtol=1e-12)
        assert p.data is data and np.array_equal(data, kept)
    optimizer.keep()
    np.testing.assert_allclose(p.data, x, rtol=1e-12)
    with optimizer.averaged():
        np.testing.assert_allclose(p.data, x, rtol=1e-12)


def test_schedule_free_starts_from_weights_loaded_after_it_was_made():
    p = nn.Parameter([1.0])
    optimizer = optim.ScheduleFreeAdamW([p], 0.5, eps=1e-300)
    p.data[...] = 5
    p.grad = np.ones(1)
    optimizer.step()
    assert p.data.tolist() == [4.5]


def test_an_average_is_not_kept_of_weights_with_a_constraint():
    p = nn.Parameter([1.0, 1.0])
    optimizer = optim.ScheduleFreeAdamW([p], 0.75)
    p.constraint = nn.NonNegative()
    p.grad = np.ones(2)
    with pytest.raises(
        ValueError, match=r"NonNegative.* of .*\(2,\).* would make wrong; nothing was"
    ):
        optimizer.step()
    assert optimizer.t == 0 and p.data.tolist() == [1, 1]


def test_arrays_that_were_assigned_since_the_last_step_count():
    p = nn.Parameter([1.0])
    optimizer = optim.ScheduleFreeAdamW([p], 0.5, betas=(0.5, 0.9), eps=1e-300)
    p.grad = np.ones(1)
    optimizer.step()  # z = 0.5
    p.data = np.array([8.0])
    with optimizer.averaged():
        assert p.data.tolist() == [(8 - 0.5 * 0.5) / 0.5]
    assert p.data.tolist() == [8.0]
    p.data = np.array([4.0])
    optimizer.forget_average()
    with optimizer.averaged():
        assert p.data.tolist() == [4.0]
