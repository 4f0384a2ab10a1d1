"""Pools against Keras in float64: values and gradients."""

import itertools

import pytest

from tests.nn.agreement import assert_layers_agree, draw
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers
PADS = ("valid", "same")


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [*itertools.product((2, (3, 1)), (None, 1, (2, 3)), PADS)]
)
def test_pools(size, stride, padding):
    for ours, theirs in ((nn.MaxPool2d, K.MaxPooling2D), (nn.AvgPool2d, K.AveragePooling2D)):
        assert_layers_agree(
            ours(size, stride=stride, padding=padding),
            theirs(size, stride, padding),
            draw(2, 7, 8, 3),
        )
    if not isinstance(size, tuple) and not isinstance(stride, tuple):
        for ours, theirs in ((nn.MaxPool1d, K.MaxPooling1D), (nn.AvgPool1d, K.AveragePooling1D)):
            assert_layers_agree(
                ours(size, stride=stride, padding=padding),
                theirs(size, stride, padding),
                draw(2, 7, 3),
            )


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (nn.GlobalAvgPool2d, K.GlobalAveragePooling2D, (2, 4, 5, 3)),
        (nn.GlobalAvgPool1d, K.GlobalAveragePooling1D, (2, 4, 3)),
        (nn.GlobalMaxPool2d, K.GlobalMaxPooling2D, (2, 4, 5, 3)),
        (nn.GlobalMaxPool1d, K.GlobalMaxPooling1D, (2, 4, 3)),
    ],
)  # fmt: skip
def test_layers_without_parameters(ours, theirs, shape):
    assert_layers_agree(ours(), theirs(), draw(*shape))
