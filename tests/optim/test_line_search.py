"""The line search: the strong Wolfe conditions, lengths far from one, and trials that overflow."""

import numpy as np
import pytest

from tinygrad_edu import value_and_grad
from tinygrad_edu.optim.directions import LBFGS
from tinygrad_edu.optim.line_search import wolfe_step


def test_every_step_meets_the_strong_wolfe_conditions():
    derived = value_and_grad(lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
    w = np.array([-1.2, 1.0, 0.5])
    direction, lengths = LBFGS(), []
    for _ in range(30):
        value, g = derived(w)
        p = direction(w, g)
        step = wolfe_step(derived, w, p, value, g)
        after, after_g = derived(w + step.length * p)
        assert after <= value + 1e-4 * step.length * (g @ p) + 1e-15
        assert abs(after_g @ p) <= 0.9 * abs(g @ p)
        assert (step.value, step.slope) == (after, after_g @ p)
        lengths.append(step.length)
        w = w + step.length * p
    assert min(lengths) < 1 <= max(lengths)  # some of them had to be searched for


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_it_finds_its_length_far_from_one(scale):
    """f(α) = -α / (α² + 2), a test function of Moré and Thuente (1994), stretched."""

    def f(x):
        a = x[0] / scale
        return -a / (a * a + 2)

    derived = value_and_grad(f)
    value, g = derived(np.zeros(1))
    step = wolfe_step(derived, np.zeros(1), np.ones(1), value, g, curvature=0.1)
    assert scale / 2 < step.length
    assert step.value <= 1e-4 * step.length * g[0] and abs(step.slope) <= 0.1 * abs(g[0])


def test_a_first_step_that_is_too_long_may_overflow():
    def f(x):
        return (np.exp(x) - x).sum()

    derived = value_and_grad(f)
    value, g = derived(np.array([-1.0]))
    step = wolfe_step(derived, np.array([-1.0]), np.array([1e6]), value, g)
    assert np.isfinite(step.value) and step.value < value


@pytest.mark.parametrize("outside", [(np.nan, 1.0), (-np.inf, -1.0), (-5.0, np.nan)])
def test_it_steps_back_from_what_is_not_finite(outside):
    def derived(x):
        return (x[0] ** 2, 2 * x) if abs(x[0]) <= 2 else (outside[0], np.full(1, outside[1]))

    step = wolfe_step(derived, np.ones(1), np.full(1, -16.0), 1.0, np.full(1, 2.0))
    assert 0 <= step.value < 1 and abs(step.slope) <= 0.9 * 32


def test_uphill_there_is_no_step():
    def derived(x):
        return x[0] ** 2, 2 * x

    assert wolfe_step(derived, np.ones(1), np.ones(1), *derived(np.ones(1))) is None
    assert wolfe_step(derived, np.ones(1), np.full(1, np.nan), *derived(np.ones(1))) is None


def test_a_trial_may_warn():
    def derived(x):  # x - ln x; the first trial is at 0
        return x[0] - np.log(x[0]), 1 - 1 / x

    step = wolfe_step(derived, np.full(1, 2.0), np.full(1, -2.0), *derived(np.full(1, 2.0)))
    assert 0 < 2 - 2 * step.length < 2 and step.value < 2 - np.log(2)
