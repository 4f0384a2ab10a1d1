"""Products in letters, and LoRA, against Keras in float64: values and gradients."""

import numpy as np
import pytest

from tests.nn.agreement import (
    assert_functions_agree,
    assert_layers_agree,
    draw,
    randomized,
    set_weights,
)
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers
ABOUT = {"dtype": np.float64, "rng": 0}


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "shape"),
    [
        ("ab,bc->ac", 5, "c", (3, 4)),
        ("abc,cd->abd", (None, 5), None, (3, 2, 4)),
        ("abc,cde->abde", (None, 2, 3), "de", (3, 2, 4)),
        ("abc,cde->abde", (None, 2, 3), "e", (3, 2, 4)),
        ("abcd,bde->ace", (None, 5), "e", (2, 3, 4, 2)),
        ("...x,xy->...y", 5, "y", (3, 2, 4)),
        ("ab...,bc->ac...", 5, "c", (3, 4, 2)),
    ],
)
def test_einsum_dense(equation, output_shape, bias_axes, shape):
    x = draw(*shape)
    ours = nn.EinsumDense(equation, output_shape, bias_axes=bias_axes, **ABOUT)
    ours(x)
    assert_layers_agree(ours, K.EinsumDense(equation, output_shape, bias_axes=bias_axes), x)


def test_a_bias_of_shape_2_1():
    """Keras adds the first of its numbers everywhere, on TensorFlow."""
    layer, x = nn.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="d", **ABOUT), draw(3, 2, 4)
    layer(x)
    layer.b.data[...] = [[1], [2]]
    assert np.allclose(layer(x).data, np.einsum("abc,cde->abde", x, layer.W.data) + [[1], [2]])


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("axes", "x", "y"),
    [(1, (3, 4), (3, 4)), ((1, 2), (3, 4, 5), (3, 2, 4)), (2, (3, 4, 5), (3, 2, 5)),
     ((2, 1), (3, 2, 4), (3, 4)), (-1, (3, 4, 5), (3, 2, 5))],
)  # fmt: skip
def test_dot(axes, x, y, normalize):
    theirs = K.Dot(axes, normalize=normalize)
    assert_functions_agree(
        nn.Dot(axes, normalize=normalize), lambda x, y: theirs([x, y]), [], [], draw(*x), draw(*y)
    )


def test_repeat_vector():
    assert_layers_agree(nn.RepeatVector(3), K.RepeatVector(3), draw(2, 4))


@pytest.mark.parametrize("alpha", [None, 3.0])
def test_lora(alpha):
    """Keras keeps A and B in float32 and frozen weights last."""
    ours = nn.LoRALinear(randomized(nn.Linear(4, 3, **ABOUT)), 2, alpha=alpha, rng=1)
    theirs = K.Dense(3)
    theirs.build((None, 4))
    set_weights(theirs, ours.layer.parameters())
    theirs.enable_lora(2, lora_alpha=alpha)
    for mine, their in ((ours.A, theirs.lora_kernel_a), (ours.B, theirs.lora_kernel_b)):
        mine.data[...] = np.round(8 * draw(*mine.shape)) / 8  # exact in float32
        their.assign(mine.data)
    x = draw(5, 4)
    assert_functions_agree(ours, theirs, [ours.layer.b], [theirs.bias], x)
    ours.A.grad = ours.B.grad = None
    (ours(x) * np.arange(3.0)).sum().backward()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(theirs(x) * tf.constant(np.arange(3.0)))
    variables = [theirs.lora_kernel_a.value, theirs.lora_kernel_b.value]
    for mine, their in zip((ours.A, ours.B), tape.gradient(loss, variables), strict=True):
        assert np.allclose(mine.grad, their.numpy(), rtol=1e-6, atol=1e-6)
    assert ours.layer.W.grad is None
    assert np.allclose(ours.merged()(x).data, ours(x).data, rtol=1e-13)
    assert all(p.requires_grad for p in ours.merged().parameters())
