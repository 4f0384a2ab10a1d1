"""Layers that change the size of images against Keras in float64: values and gradients."""

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
        (lambda: nn.UpSampling2d((2, 3)), lambda: K.UpSampling2D((2, 3)), (2, 4, 5, 3)),
        (lambda: nn.UpSampling1d(3), lambda: K.UpSampling1D(3), (2, 4, 3)),
        (nn.ZeroPadding2d, K.ZeroPadding2D, (2, 4, 5, 3)),
        (lambda: nn.ZeroPadding2d(((1, 2), (0, 3))), lambda: K.ZeroPadding2D(((1, 2), (0, 3))),
         (2, 4, 5, 3)),
        (lambda: nn.ZeroPadding1d((1, 2)), lambda: K.ZeroPadding1D((1, 2)), (2, 4, 3)),
        (lambda: nn.Cropping2d((1, 2)), lambda: K.Cropping2D((1, 2)), (2, 4, 5, 3)),
        (lambda: nn.Cropping1d((1, 2)), lambda: K.Cropping1D((1, 2)), (2, 4, 3)),
    ],
)  # fmt: skip
def test_layers_without_parameters(ours, theirs, shape):
    assert_layers_agree(ours(), theirs(), draw(*shape))


def test_bilinear_upsampling():
    """TensorFlow computes this in float32, whatever it is given."""
    for size, shape in (((2, 3), (2, 4, 5, 3)), ((3, 2), (1, 1, 2, 1))):
        assert_layers_agree(
            nn.UpSampling2d(size, interpolation="bilinear"),
            K.UpSampling2D(size, interpolation="bilinear"), draw(*shape), limit=3e-5,
        )  # fmt: skip
