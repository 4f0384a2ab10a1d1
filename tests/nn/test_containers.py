"""Modules that arrange, and noise in training: shapes, derivatives to order two, refusals.

Sequential, Flatten and Dropout are tested in test_layers.py; that the others equal Keras's is tested in
test_keras_layers.py.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
ABOUT = {"dtype": np.float64, "rng": 0}
X = RNG.normal(size=(2, 3, 4))

LAYERS = {
    "Reshape": lambda: nn.Reshape(2, -1),
    "Permute": lambda: nn.Permute(2, 1),
    "Residual": lambda: nn.Residual(nn.Sequential(nn.Linear(4, 4, **ABOUT), nn.Tanh())),
    "Residual, projected": lambda: nn.Residual(nn.Linear(4, 3, **ABOUT), nn.Linear(4, 3, **ABOUT)),
    "Concatenate": lambda: nn.Concatenate(nn.Tanh(), nn.Linear(4, 2, **ABOUT)),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_to_order_two(name, training):
    layer = LAYERS[name]().train(training)
    report = gradcheck(lambda x: np.tanh(layer(x)), X, wrt=layer.parameters())
    assert report, report


NOISE = {
    "SpatialDropout1d": lambda: nn.SpatialDropout1d(0.5, rng=3),
    "GaussianNoise": lambda: nn.GaussianNoise(0.5, rng=3),
    "GaussianDropout": lambda: nn.GaussianDropout(0.5, rng=3),
    "AlphaDropout": lambda: nn.AlphaDropout(0.5, rng=3),
}


@pytest.mark.parametrize("name", NOISE)
def test_derivatives_of_noise_to_order_two(name):
    assert gradcheck(lambda x: np.tanh(NOISE[name]()(x)), X)  # the same draws each time
    layer = NOISE[name]().eval()
    assert layer(X) is X
    assert gradcheck(lambda x: np.tanh(layer(x)), X)


def test_reshape_and_permute():
    assert nn.Reshape(4, 3)(X).shape == (2, 4, 3) and nn.Reshape(-1)(Tensor(X)).shape == (2, 12)
    assert nn.Reshape(2, -1, 3)(np.ones((0, 12))).shape == (0, 2, 2, 3)
    assert np.array_equal(nn.Permute(2, 1)(X), X.transpose(0, 2, 1))
    assert repr(nn.Reshape(2, -1)) == "Reshape(2, -1)" and repr(nn.Permute(2, 1)) == "Permute(2, 1)"


def test_residual_is_its_formula():
    f, projection = nn.Linear(4, 3, **ABOUT), nn.Linear(4, 3, dtype=np.float64, rng=1)
    y = nn.Residual(f, projection)(X)
    assert np.allclose(y.data, f(X).data + projection(X).data, rtol=1e-15)
    assert np.array_equal(nn.Residual(np.tanh)(X), X + np.tanh(X))
    block = nn.Residual(f, projection)
    assert [path for path, _ in block.named_parameters()] == [
        "f.W", "f.b", "projection.W", "projection.b",
    ]  # fmt: skip


def test_concatenate_is_side_by_side():
    block = nn.Concatenate(nn.Tanh(), np.square, nn.Linear(4, 2, **ABOUT))
    y = block(X)
    assert y.shape == (2, 3, 10) and np.array_equal(y.data[..., 4:8], X * X)
    assert nn.Concatenate(np.tanh, np.tanh, axis=1)(X).shape == (2, 6, 4)
    assert [path for path, _ in block.named_parameters()] == ["2.W", "2.b"]


# ---------------------------------------------------------------------------------- noise in training


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


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.Reshape(2, -2), ValueError, r"Reshape\(2, -2\): the lengths"),
        (lambda: nn.Reshape(-1, -1), ValueError, "at most one of them -1"),
        (lambda: nn.Reshape((2, 3)), ValueError, r"the lengths(.|\n)*Try: Reshape\(7, 7, 32\)"),
        (lambda: nn.Permute(0, 1), ValueError, r"Permute\(0, 1\): each of the axes 1 to 2, once"),
        (lambda: nn.Permute(1, 1), ValueError, "each of the axes 1 to 2, once"),
        (lambda: nn.Residual(3), TypeError, r"Residual\(f=3\): a Module or a function"),
        (lambda: nn.Residual(np.tanh, 3), TypeError, r"Residual\(projection=3\)"),
        (lambda: nn.Concatenate(np.tanh, 3), TypeError, "layer 1 is 3, which is not a module"),
        (lambda: nn.Concatenate(nn.Tanh), TypeError, "layer 0 is .* not a module"),
        (nn.Concatenate, TypeError, r"Concatenate\(\) of nothing"),
        (lambda: nn.GaussianNoise(-1), ValueError, r"GaussianNoise\(std=-1\): 0 or more"),
    ],
)  # fmt: skip
def test_what_cannot_be_arranged(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (nn.Reshape(5, 2), (3, 12), "Reshape(5, 2), got x of shape (3, 12): a sample has 12 numbers"),
        (nn.Reshape(5, -1), (3, 12), "Try: a shape of 12 numbers in all, or Reshape(..., -1)"),
        (nn.Reshape(2), (), "got x of shape ()"),
        (nn.Permute(2, 1), (3, 12), "got x of shape (3, 12): it takes the batch and 2 more axes"),
        (nn.Residual(nn.Linear(4, 1)), (2, 4),
         "f makes (2, 1) of x (2, 4), and x (2, 4) cannot be added to it"),
        (nn.Residual(nn.Linear(4, 1)), (2, 4), "Try: Residual(f, projection), with Linear(4, 1)"),
        (nn.Residual(nn.Conv2d(2, 5, 3, stride=2, padding="same")), (1, 8, 8, 2),
         "with Conv2d(2, 5, 1, stride=2)"),
        (nn.Residual(np.tanh, nn.Linear(4, 1)), (2, 4), "and the projection of x (2, 1) cannot be added"),
        (nn.Concatenate(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 1)), (1, 8, 8, 2),
         "results of (1, 6, 6, 2), (1, 8, 8, 2) do not fit side by side along axis -1"),
        (nn.SpatialDropout2d(0.5), (2, 8, 8), "it takes images (N, H, W, C)"),
    ],
)  # fmt: skip
def test_an_x_that_does_not_fit(layer, shape, words):
    with pytest.raises(ValueError) as caught:
        nn.Sequential(layer)(np.ones(shape, np.float32))
    message = str(caught.value)
    assert message.startswith("layer 0, ") and words in message
    assert "at test_containers.py:" in message and "Try: " in message
