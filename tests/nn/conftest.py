"""What the tests against Keras share."""

import pytest


@pytest.fixture(scope="module")
def keras_in_float64():
    """Without this Keras rounds the inputs and weights of its layers to float32."""
    keras = pytest.importorskip("keras")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before)
    keras.config.set_dtype_policy(before)
