"""CTC against Keras and TensorFlow, which compute it in float32."""

from typing import Any

import numpy as np
import pytest

from tests.nn.agreement import keras_values, our_values
from tinygrad_edu import Tensor, nn

keras: Any = pytest.importorskip("keras")
tf: Any = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(0)
WEIGHTS = RNG.uniform(0.1, 2, size=6)


def test_ctc():
    """Keras computes CTC in float32 even in float64 (test_ctc_loss.py has an exact reference)."""
    x = RNG.normal(size=(5, 12, 6))
    labels = RNG.integers(1, 6, size=(5, 4))
    labels[1, 2:] = labels[2, :] = 0
    for w in (None, WEIGHTS[:5]):
        theirs = keras_values(
            keras.losses.CTC(dtype="float64"), x, labels, None if w is None else tf.constant(w)
        )
        ours = our_values(nn.ctc, x, labels, sample_weight=w)
        for a, b in zip(ours, theirs, strict=True):
            assert a.shape == b.shape and np.allclose(a, b, rtol=2e-6, atol=2e-6)


def test_ctc_of_samples_of_different_lengths_and_another_blank():
    x = RNG.normal(size=(4, 9, 5)).astype(np.float32)
    labels = np.array([[0, 1, 1], [2, 4, 4], [3, 0, 4], [0, 0, 0]])
    times, lengths = np.array([9, 5, 7, 6]), np.array([3, 1, 2, 3])
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = tf.nn.ctc_loss(labels, watched, lengths, times, logits_time_major=False, blank_index=4)
    mine = Tensor(x, requires_grad=True)
    found = nn.ctc(mine, labels, times=times, blank=4, reduction="none")
    found.backward(np.ones(4))
    assert found.dtype == np.float32
    assert np.allclose(found.data, y.numpy(), rtol=1e-5)
    assert np.allclose(mine.grad, tape.gradient(y, watched).numpy(), atol=1e-5)
