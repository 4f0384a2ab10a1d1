"""Where parameters start: variances as documented, ends where they are cut off, and right angles.

Bounds are four standard errors of the statistic, over 90,000 draws.
"""

from functools import partial

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.nn import initializers as start

MATRIX, KERNEL = (300, 300), (3, 3, 50, 200)

# initializer -> variance from (fan in, fan out), and how many standard deviations it reaches
SPREAD = {
    start.glorot_uniform: (lambda a, b: 2 / (a + b), 3**0.5),
    start.glorot_normal: (lambda a, b: 2 / (a + b), 2 / start.TRUNCATED_STD),
    start.he_uniform: (lambda a, b: 2 / a, 3**0.5),
    start.he_normal: (lambda a, b: 2 / a, 2 / start.TRUNCATED_STD),
    start.lecun_uniform: (lambda a, b: 1 / a, 3**0.5),
    start.lecun_normal: (lambda a, b: 1 / a, 2 / start.TRUNCATED_STD),
    start.VarianceScaling(0.3, "fan_out", "uniform"): (lambda a, b: 0.3 / b, 3**0.5),
    start.VarianceScaling(3.0, "fan_avg", "untruncated_normal"): (lambda a, b: 6 / (a + b), None),
}


def assert_has(w, variance, reach=None, mean=0.0):
    n = w.size
    assert abs(w.mean() - mean) < 4 * np.sqrt(variance / n)
    fourth = ((w - w.mean()) ** 4).mean()
    assert abs(w.var() - variance) < 4 * np.sqrt((fourth - variance**2) / n)
    if reach is not None:
        limit = reach * np.sqrt(variance)
        assert abs(w - mean).max() <= limit * (1 + 1e-12)
        assert abs(w - mean).max() > 0.995 * limit  # it goes that far


@pytest.mark.parametrize("initializer", SPREAD, ids=repr)
@pytest.mark.parametrize(
    ("shape", "fans"),
    [(MATRIX, (300, 300)), ((100, 900), (100, 900)), (KERNEL, (450, 1800))],
    ids=str,
)
def test_variances(initializer, shape, fans):
    variance, reach = SPREAD[initializer]
    w = initializer(np.random.default_rng(0), shape, np.float64)
    assert w.shape == shape
    assert_has(w, variance(*fans), reach)


def test_fans_are_those_of_keras():
    assert start.fans((3, 3, 16, 32)) == (144, 288)
    assert start.fans((5, 8, 2)) == (40, 10)
    assert start.fans((7,)) == (7, 7) and start.fans(()) == (1, 1)
    assert start.fans((3, 3, 16, 1)) == (144, 9)  # of a depthwise kernel, (kh, kw, in, multiplier)


def test_without_fans():
    rng = np.random.default_rng(1)
    assert_has(start.random_normal(rng, MATRIX, np.float64, mean=2, std=0.5), 0.25, mean=2)
    assert_has(start.random_uniform(rng, MATRIX, np.float64), 0.1**2 / 12, 3**0.5)
    uniform = start.random_uniform(rng, MATRIX, np.float64, low=1, high=3)
    assert_has(uniform, 1 / 3, 3**0.5, mean=2)
    cut = start.truncated_normal(rng, MATRIX, np.float64, mean=1, std=0.1)
    assert_has(cut, (0.1 * start.TRUNCATED_STD) ** 2, 2 / start.TRUNCATED_STD, mean=1)


def test_the_standard_deviation_of_a_normal_cut_off_at_2():
    """Var = 1 - 4 φ(2) / (2 Φ(2) - 1), and what the table of Φ says."""
    phi, inside = np.exp(-2) / np.sqrt(2 * np.pi), 0.954499736103642
    assert np.isclose(start.TRUNCATED_STD**2, 1 - 4 * phi / inside, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 2, 4), (1, 1, 3, 7)])
def test_orthogonal(shape):
    w = start.orthogonal(np.random.default_rng(0), shape, np.float64, gain=2).reshape(-1, shape[-1])
    product = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    assert np.allclose(product, 4 * np.eye(len(product)), atol=1e-13)


def test_orthogonal_prefers_no_side():
    """Each entry is above 0 as often as below: without the signs of R the diagonal would not be."""
    rng = np.random.default_rng(0)
    drawn = np.stack([start.orthogonal(rng, (3, 3), np.float64) for _ in range(1000)])
    assert abs((drawn > 0).mean(0) - 0.5).max() < 4 * 0.5 / np.sqrt(1000)


def test_orthogonal_needs_rows_and_columns():
    with pytest.raises(ValueError, match=r"orthogonal: \(3,\) has no rows and columns"):
        start.orthogonal(np.random.default_rng(0), (3,), np.float64)


@pytest.mark.parametrize(
    "initializer",
    [*SPREAD, start.truncated_normal, start.random_normal, start.random_uniform, start.orthogonal,
     start.constant, start.zeros, start.ones],
    ids=repr,
)  # fmt: skip
def test_dtype_and_seed(initializer):
    one, other = (initializer(np.random.default_rng(3), (4, 5), np.float32) for _ in range(2))
    assert one.dtype == np.float32 and np.array_equal(one, other)


def test_settings_come_with_partial():
    layer = nn.Linear(3, 2, init=partial(start.constant, value=0.5))
    assert (layer.W.data == 0.5).all()
    assert (nn.Conv2d(3, 2, 3, init=start.ones).W.data == 1).all()


def test_variance_scaling_refuses():
    with pytest.raises(ValueError, match="VarianceScaling.scale=0.: a positive number"):
        start.VarianceScaling(0)
    with pytest.raises(ValueError, match="mode='fan'.: 'fan_in' or 'fan_out' or 'fan_avg'"):
        start.VarianceScaling(1, "fan")
    with pytest.raises(ValueError, match="distribution='normal'.: 'uniform' or"):
        start.VarianceScaling(1, "fan_in", "normal")
