"""Layers that arrange arrays against Keras in float64: values and gradients."""

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
        (lambda: nn.Reshape(3, -1), lambda: K.Reshape((3, -1)), (2, 4, 6)),
        (lambda: nn.Permute(3, 1, 2), lambda: K.Permute((3, 1, 2)), (2, 4, 5, 3)),
    ],
)  # fmt: skip
def test_layers_without_parameters(ours, theirs, shape):
    assert_layers_agree(ours(), theirs(), draw(*shape))
