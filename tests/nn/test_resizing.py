"""Larger and smaller images: numbers by hand, and what they refuse.

(Derivatives: test_every_layer.py. That they equal Keras's: test_keras_resizing.py)
"""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.nn.resizing import between

RNG = np.random.default_rng(0)


def test_numbers_by_hand():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None]
    assert nn.UpSampling2d((1, 2))(x)[0, :, :, 0].tolist() == [[1, 1, 2, 2], [3, 3, 4, 4]]
    assert nn.UpSampling1d(2)(x[0]).ravel().tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    smooth = nn.UpSampling2d((1, 2), interpolation="bilinear")(x)
    assert smooth[0, :, :, 0].tolist() == [[1, 1.25, 1.75, 2], [3, 3.25, 3.75, 4]]
    assert nn.ZeroPadding2d((0, 1))(x)[0, :, :, 0].tolist() == [[0, 1, 2, 0], [0, 3, 4, 0]]
    assert nn.Cropping2d(((1, 0), 0))(x)[0, :, :, 0].tolist() == [[3, 4]]


@pytest.mark.parametrize(("n", "times"), [(1, 3), (2, 2), (5, 3), (4, 1)])
def test_between_is_linear_interpolation(n, times):
    """np.interp among the middles of the pixels, and the edge outside of them."""
    numbers = RNG.normal(size=n)
    places = (np.arange(n * times) + 0.5) / times
    wanted = np.interp(places, np.arange(n) + 0.5, numbers)
    assert np.allclose(between(n, times, np.float64) @ numbers, wanted, rtol=1e-14, atol=1e-14)


def test_repr_and_precision():
    x = np.ones((1, 4, 4, 1), np.float32)
    layers = [
        nn.UpSampling2d(3, interpolation="bilinear"), nn.UpSampling2d(2), nn.ZeroPadding2d((1, 2)),
        nn.Cropping2d(1),
    ]  # fmt: skip
    assert list(map(repr, layers)) == [
        "UpSampling2d(3, interpolation='bilinear')", "UpSampling2d(2)", "ZeroPadding2d((1, 2))",
        "Cropping2d(1)",
    ]  # fmt: skip
    for layer in layers:
        assert layer(x).dtype == np.float32


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.UpSampling2d(0), r"UpSampling2d\(size=0\): size is a whole number from 1"),
        (lambda: nn.UpSampling2d(2, interpolation="cubic"), "one of nearest, bilinear"),
        (lambda: nn.UpSampling1d((2, 2)), "size is a whole number from 1"),
        (lambda: nn.ZeroPadding2d(-1), r"padding=-1\): padding is p or (.|\n)*Try: padding=1"),
        (lambda: nn.ZeroPadding2d("same"), "padding='same'"),
        (lambda: nn.Cropping1d((1, 2, 3)), r"Cropping1d\(cropping=\(1, 2, 3\)\): cropping is p or"),
    ],
)
def test_settings_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (nn.Cropping2d((2, 0)), (1, 4, 4, 1), "cutting ((2, 2), (0, 0)) off leaves nothing"),
        (nn.UpSampling2d(), (4, 4, 1), "it takes images (N, H, W, C)"),
        (nn.ZeroPadding1d(), (4, 4), "it takes sequences (N, T, C)"),
    ],
)
def test_an_x_that_does_not_fit(layer, shape, words):
    with pytest.raises(ValueError) as caught:
        nn.Sequential(layer)(np.ones(shape))
    message = str(caught.value)
    assert f"layer 0, {layer!r}, got x of shape {shape}" in message and words in message
    assert "at test_resizing.py:" in message and "Try: " in message
