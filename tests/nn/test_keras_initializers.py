"""Every layer starts from the same distributions of numbers as in Keras."""

import numpy as np
import pytest

from tests.nn.agreement import kept
from tinygrad_edu import nn
from tinygrad_edu.nn.initializers import VarianceScaling

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers


def two_samples(one, other):
    """Kolmogorov and Smirnov's distance of two samples, and what it exceeds once in 10,000 times."""
    one, other = np.sort(one.reshape(-1)), np.sort(other.reshape(-1))
    at = np.concatenate([one, other])
    shares = [np.searchsorted(s, at, side="right") / s.size for s in (one, other)]
    n = one.size * other.size / (one.size + other.size)
    return abs(shares[0] - shares[1]).max(), np.sqrt(-np.log(1e-4 / 2) / 2 / n)


# ours, Keras's and the shape of the input; wide, so that many numbers are drawn
STARTS = {
    "Linear": (lambda: nn.Linear(300, 200, rng=0), lambda: K.Dense(200), (2, 300)),
    "Conv2d": (lambda: nn.Conv2d(40, 60, (3, 5), rng=0), lambda: K.Conv2D(60, (3, 5)), (2, 9, 9, 40)),
    "Conv2d, groups": (
        lambda: nn.Conv2d(40, 80, 5, groups=2, rng=0), lambda: K.Conv2D(80, 5, groups=2), (2, 9, 9, 40),
    ),
    "Conv1d": (lambda: nn.Conv1d(80, 90, 4, rng=0), lambda: K.Conv1D(90, 4), (2, 9, 80)),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(30, 70, 4, rng=0), lambda: K.Conv2DTranspose(70, 4), (2, 9, 9, 30),
    ),
    "ConvTranspose1d": (
        lambda: nn.ConvTranspose1d(90, 70, 4, rng=0), lambda: K.Conv1DTranspose(70, 4), (2, 9, 90),
    ),
    "DepthwiseConv2d": (
        lambda: nn.DepthwiseConv2d(200, 5, multiplier=4, rng=0),
        lambda: K.DepthwiseConv2D(5, depth_multiplier=4), (2, 9, 9, 200),
    ),
    "DepthwiseConv1d": (
        lambda: nn.DepthwiseConv1d(500, 9, multiplier=4, rng=0),
        lambda: K.DepthwiseConv1D(9, depth_multiplier=4), (2, 9, 500),
    ),
    "SeparableConv2d": (
        lambda: nn.SeparableConv2d(200, 100, 5, multiplier=2, rng=0),
        lambda: K.SeparableConv2D(100, 5, depth_multiplier=2), (2, 9, 9, 200),
    ),
    "SeparableConv1d": (
        lambda: nn.SeparableConv1d(500, 100, 9, multiplier=2, rng=0),
        lambda: K.SeparableConv1D(100, 9, depth_multiplier=2), (2, 9, 500),
    ),
    "SimpleRNN": (lambda: nn.SimpleRNN(150, 120, rng=0), lambda: K.SimpleRNN(120), (2, 3, 150)),
    "LSTM": (lambda: nn.LSTM(90, 60, rng=0), lambda: K.LSTM(60), (2, 3, 90)),
    "GRU": (lambda: nn.GRU(90, 60, rng=0), lambda: K.GRU(60), (2, 3, 90)),
    "GRU before": (
        lambda: nn.GRU(90, 60, reset_after=False, rng=0), lambda: K.GRU(60, reset_after=False), (2, 3, 90),
    ),
    "Embedding": (lambda: nn.Embedding(300, 90, rng=0), lambda: K.Embedding(300, 90), (2, 3)),
    "MultiHeadAttention": (
        lambda: nn.MultiHeadAttention(90, 6, 20, value_dim=30, rng=0),
        lambda: K.MultiHeadAttention(6, 20, value_dim=30), (2, 3, 90),
    ),
    "BatchNorm": (lambda: nn.BatchNorm(5), K.BatchNormalization, (2, 5)),
    "LayerNorm": (lambda: nn.LayerNorm(5), K.LayerNormalization, (2, 5)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 6), lambda: K.GroupNormalization(2), (2, 4, 6)),
    "RMSNorm": (lambda: nn.RMSNorm(5), K.RMSNormalization, (2, 5)),
    "PReLU": (lambda: nn.PReLU((3, 5)), K.PReLU, (2, 3, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", STARTS)
def test_every_layer_starts_as_keras_starts_it(name):
    """The same distribution of every weight: the same limits, and no place where the shares differ."""
    ours, theirs, shape = STARTS[name]
    ours, theirs = ours(), theirs()
    keras.utils.set_random_seed(0)
    theirs.build(*[shape] * (1 + (name == "MultiHeadAttention")))  # who asks, and who answers
    for tensor, weights in zip(kept(ours), theirs.get_weights(), strict=True):
        mine, weights = np.asarray(tensor.data, np.float64), np.asarray(weights)
        assert mine.size == weights.size, tensor.name
        if np.ptp(weights) == 0 or (mine.ndim == 1 and "LSTM" in name):  # zeros, ones, and LSTM's b
            assert np.array_equal(mine.reshape(weights.shape), weights), tensor.name
            continue
        distance, limit = two_samples(mine, weights)
        assert distance < limit < 0.04, (tensor.name, mine.std(), weights.std())
        if tensor.name != "U":  # of an orthogonal matrix the largest number is a matter of chance
            assert abs(mine).max() == pytest.approx(abs(weights).max(), rel=0.03)


@pytest.mark.parametrize("distribution", ["uniform", "truncated_normal", "untruncated_normal"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_variance_scaling_is_that_of_keras(mode, distribution):
    settings, shape = (0.7, mode, distribution), (3, 5, 40, 60)
    mine = VarianceScaling(*settings)(np.random.default_rng(0), shape, np.float64)
    theirs = np.asarray(keras.initializers.VarianceScaling(*settings, seed=0)(shape))
    distance, limit = two_samples(mine, theirs)
    assert distance < limit and mine.std() == pytest.approx(theirs.std(), rel=0.01)
