"""Embeddings against Keras in float64: results, gradients and starts."""

import numpy as np
import pytest

from tests.nn.agreement import RNG, assert_functions_agree, randomized, set_weights
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
EXACT = {"dtype": np.float64}


@pytest.mark.parametrize("vocab", [6, 300])  # either side of the two ways back
def test_embedding(vocab):
    layer = randomized(nn.Embedding(vocab, 3, mask_zero=True, rng=0, **EXACT))
    twin = keras.layers.Embedding(vocab, 3, mask_zero=True, dtype="float64")
    twin.build(None)
    set_weights(twin, layer.parameters())
    ids = RNG.integers(0, vocab, (4, 70))
    assert_functions_agree(
        lambda: layer(ids), lambda: twin(ids), layer.parameters(), twin.trainable_variables
    )
    assert np.array_equal(layer.compute_mask(ids), twin.compute_mask(ids))
    assert (
        nn.Embedding(4, 3).compute_mask(ids)
        is keras.layers.Embedding(4, 3).compute_mask(ids)
        is None
    )


def test_the_numbers_that_an_embedding_starts_from():
    W = keras.layers.Embedding(50, 40)
    W.build(None)
    for start in (W.get_weights()[0], nn.Embedding(50, 40, rng=0).W.data):
        assert 0.049 < abs(start).max() <= 0.05
