"""Keras, and Keras without what it rounds."""

from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


@pytest.fixture
def exact(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GELU of TensorFlow without constants that are rounded to float32, whatever x is."""
    import tensorflow as tf

    def gelu(x: Any, approximate: bool = False) -> Any:
        if approximate:
            return x * tf.sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))
        return x * tf.math.erfc(-x * np.sqrt(0.5)) / 2

    monkeypatch.setattr(tf.nn, "gelu", gelu)
