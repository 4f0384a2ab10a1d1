"""Layers that are random in training: their moments, what they do in eval mode, and what they refuse."""

import numpy as np
import pytest

from tinygrad_edu import nn, no_grad, optim
from tinygrad_edu.nn.noise import kept, survivors

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4))


NOISE = {
    "SpatialDropout1d": lambda: nn.SpatialDropout1d(0.5, rng=3),
    "GaussianNoise": lambda: nn.GaussianNoise(0.5, rng=3),
    "GaussianDropout": lambda: nn.GaussianDropout(0.5, rng=3),
    "AlphaDropout": lambda: nn.AlphaDropout(0.5, rng=3),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_is_drawn_in_training_only(name):
    layer = NOISE[name]()
    y = layer(X)
    assert not np.array_equal(y, X) and not np.array_equal(y, layer(X))
    assert np.array_equal(y, NOISE[name]()(X))  # the same seed, the same draws
    assert layer.eval()(X) is X


def test_dropout_keeps_the_mean_in_training_and_the_numbers_in_eval():
    dropout, x = nn.Dropout(0.25, rng=0), np.ones((400, 500), np.float32)
    y = dropout(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)} and y.dtype == np.float32
    # the share of zeros: 4 standard deviations of 200,000 draws
    assert abs((y == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / x.size)
    assert not np.array_equal(y, dropout(x))  # a new mask each time
    assert dropout.eval()(x) is x
    assert nn.Dropout(0.5, rng=0)([1.0, 1.0]).shape == (2,)


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((40, 5, 4, 50), np.float32)
    layer = nn.SpatialDropout2d(0.25, rng=0)
    y = layer(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)} and y.dtype == np.float32
    assert (y == y[:, :1, :1]).all()  # everywhere in an image the same
    assert abs((y[:, 0, 0] == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2000)
    assert layer.eval()(x) is x
    assert (nn.SpatialDropout1d(0.5, rng=0)(x[0]) != x[0]).any()


N = 200_000


def test_gaussian_noise_has_its_moments():
    noise = nn.GaussianNoise(0.3, rng=0)(np.zeros(N))
    assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(N)
    assert abs(noise.var() - 0.09) < 4 * 0.09 * np.sqrt(2 / N)


def test_gaussian_dropout_has_the_moments_of_dropout():
    factor = nn.GaussianDropout(0.2, rng=0)(np.ones(N))
    assert abs(factor.mean() - 1) < 4 * 0.5 / np.sqrt(N)
    assert abs(factor.var() - 0.25) < 4 * 0.25 * np.sqrt(2 / N)


def test_alpha_dropout_keeps_mean_0_and_variance_1():
    x = RNG.normal(size=N)
    y = nn.AlphaDropout(0.3, rng=0)(x)
    assert abs(y.mean()) < 4 / np.sqrt(N)
    assert abs(y.var() - 1) < 8 / np.sqrt(N)
    values, counts = np.unique(y, return_counts=True)
    dropped = values[counts.argmax()]
    assert abs(counts.max() / N - 0.3) < 4 * np.sqrt(0.21 / N)
    low = -1.7580993408473766
    a = (0.7 * (1 + 0.3 * low * low)) ** -0.5
    assert np.isclose(dropped, a * low - a * low * 0.3, rtol=1e-12)
    assert np.allclose(y[y != dropped], (a * x - a * low * 0.3)[y != dropped], rtol=1e-12)


@pytest.mark.parametrize("kind", [nn.GaussianDropout, nn.AlphaDropout, nn.SpatialDropout2d])
def test_no_noise_is_none(kind):
    x = np.ones((2, 3, 3, 2))
    assert kind(0.0)(x) is x
    assert nn.GaussianNoise(0.0)(x) is x
    with pytest.raises(ValueError, match=rf"{kind.__name__}\(p=1\): p is a probability"):
        kind(1)


def test_noise_keeps_the_precision():
    x = np.ones((2, 3, 4), np.float32)
    for build in NOISE.values():
        assert build()(x).dtype == np.float32
        assert build()(x.tolist()).shape == x.shape


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize("p", [-0.1, 1.0, 2])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="p is a probability, 0 <= p < 1"):
        nn.Dropout(p)


def test_noise_refuses_a_standard_deviation_below_0():
    with pytest.raises(ValueError, match=r"GaussianNoise\(std=-1\): 0 or more"):
        nn.GaussianNoise(-1)


def test_spatial_dropout_takes_images():
    with pytest.raises(
        ValueError, match=r"SpatialDropout2d.*it takes images \(N, H, W, C\)(.|\n)*Try: "
    ):
        nn.Sequential(nn.SpatialDropout2d(0.5))(np.ones((2, 8, 8), np.float32))


def learner(*layers):
    model = nn.Sequential(nn.Linear(3, 3, rng=0), *layers, nn.Linear(3, 1, rng=1))
    return model, optim.SGD(model.parameters(), lr=0.1)


@pytest.mark.parametrize("layer", [nn.Dropout(0.5, rng=0), nn.BatchNorm(3), nn.GaussianNoise(0.1)])
def test_modes_that_were_forgotten_are_said(layer):
    """Learning in eval mode, and predicting in training mode: a warning each, at the user's line."""
    model, optimizer = learner(layer)
    x = np.random.default_rng(0).normal(size=(4, 3))

    def learn():
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()

    learn()
    with pytest.warns(
        UserWarning, match=r"layer 1, .* in training mode inside no_grad(.|\n)*eval\(\)"
    ) as told, no_grad():  # fmt: skip
        model(x)
    assert "test_noise.py" in str(told[0].message)
    model.eval()
    with no_grad():
        model(x)
    with pytest.warns(UserWarning, match="this Sequential learns in eval mode") as told:
        learn()
    assert told[0].filename == __file__
    model.train()
    learn()  # and nothing of what is right is warned of
    model.eval()(x)
    model.train()
    learn()


def test_what_is_meant_is_not_warned_of():
    x = np.random.default_rng(0).normal(size=(4, 3))
    model, optimizer = learner(nn.BatchNorm(3))
    model[1].eval()  # frozen statistics, while the rest learns
    model(x).sum().backward()
    optimizer.step()
    other, other_optimizer = learner(nn.Dropout(0.5, rng=0))
    other(x).sum().backward()
    model.eval()(x)  # of another model
    other_optimizer.step()
    with no_grad():
        nn.Dropout(0.5, rng=0)(x)  # a layer alone


@pytest.mark.parametrize("source", [np.random.PCG64, np.random.MT19937, np.random.PCG64DXSM])
@pytest.mark.parametrize("p", [1e-9, 0.1, 0.5, 1 - 1e-7, 1 - 1e-12])
@pytest.mark.parametrize("drawn_before", [0, 1])
@pytest.mark.parametrize("shape", [(3, 4), (100, 100), (10_001,), (0, 3)])
def test_bits_are_compared_as_the_floats_made_of_them(source, p, drawn_before, shape):
    """The same numbers survive as by rng.random, and the next draw is the same."""
    by_bits, by_floats = (np.random.Generator(source(5)) for _ in range(2))
    for rng in (by_bits, by_floats):
        rng.random(drawn_before, dtype=np.float32)  # an odd number leaves half of 64 bits
    expected = by_floats.random(shape, dtype=np.float32) >= p
    assert np.array_equal(survivors(by_bits, p, shape), expected)
    assert np.array_equal(
        by_bits.random(3, dtype=np.float32), by_floats.random(3, dtype=np.float32)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_factors_of_dropout_have_the_precision_of_the_input(dtype):
    factors = kept(np.random.default_rng(0), 0.3, (50, 4), dtype)
    assert factors.dtype == dtype
    assert set(factors.ravel().tolist()) == {0.0, float(dtype(1) / dtype(0.7))}
