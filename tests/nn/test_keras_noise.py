"""Layers of noise in eval mode against Keras in float64: values and gradients."""

import pytest

from tests.nn.agreement import assert_layers_agree, draw
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (lambda: nn.SpatialDropout2d(0.5), lambda: K.SpatialDropout2D(0.5), (2, 4, 5, 3)),
        (lambda: nn.GaussianNoise(0.5), lambda: K.GaussianNoise(0.5), (2, 4)),
    ],
)  # fmt: skip
def test_layers_without_parameters(ours, theirs, shape):
    assert_layers_agree(ours(), theirs(), draw(*shape))
