"""Activations against Keras on TensorFlow, in float64: values and gradients."""

import functools
from typing import Any

import numpy as np
import pytest

from tests.nn.agreement import assert_close, named
from tinygrad_edu import Tensor, nn, ops

keras: Any = pytest.importorskip("keras")
tf: Any = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(0)
a = keras.activations
partial = functools.partial


SPREAD = np.concatenate([3 * RNG.normal(size=(6, 4)), [[-1e4, 1e4, -4.5, 7.0]]])


ACTIVATIONS = [
    (nn.ReLU(), a.relu),
    (nn.ReLU(6), a.relu6),
    (nn.ReLU(0.5), partial(a.relu, max_value=0.5)),
    (nn.LeakyReLU(0.25), keras.layers.LeakyReLU(0.25, dtype="float64")),
    (nn.ELU(), a.elu),
    (nn.ELU(0.5), partial(a.elu, alpha=0.5)),
    (nn.SELU(), a.selu),
    (nn.GELU(), None),
    (nn.GELU(approximate=True), None),
    (nn.SiLU(), a.silu),
    (nn.Mish(), a.mish),
    (nn.Softplus(), a.softplus),
    (nn.Softsign(), a.softsign),
    (nn.HardSigmoid(), a.hard_sigmoid),
    (nn.HardSiLU(), a.hard_silu),
    (nn.HardTanh(), a.hard_tanh),
    (nn.HardShrink(), a.hard_shrink),
    (nn.HardShrink(0.3), partial(a.hard_shrink, threshold=0.3)),
    (nn.SoftShrink(), a.soft_shrink),
    (nn.SoftShrink(0.3), partial(a.soft_shrink, threshold=0.3)),
    (nn.TanhShrink(), a.tanh_shrink),
    (nn.Threshold(0.3, -0.7), partial(a.threshold, threshold=0.3, default_value=-0.7)),
    (nn.CELU(), a.celu),
    (nn.CELU(0.3), partial(a.celu, alpha=0.3)),
    (nn.Squareplus(), a.squareplus),
    (nn.Squareplus(0.3), partial(a.squareplus, b=0.3)),
    (nn.SparsePlus(), a.sparse_plus),
    (nn.SparseSigmoid(), a.sparse_sigmoid),
    (nn.LogSigmoid(), a.log_sigmoid),
    (nn.Sigmoid(), a.sigmoid),
    (nn.Tanh(), a.tanh),
    (nn.Softmax(), a.softmax),
    (nn.LogSoftmax(), a.log_softmax),
    (nn.GLU(), a.glu),
    (nn.Softmax(axis=0), partial(a.softmax, axis=0)),
    (nn.LogSoftmax(0), partial(a.log_softmax, axis=0)),
]  # fmt: skip  (Keras's sparsemax does not have the sum 1: test_activations.py)


def _gelu(x, approximate):
    """tf.nn.gelu rounds its constants to float32, whatever x is."""
    if approximate:
        return x * tf.sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))
    return x * tf.math.erfc(-x / tf.sqrt(tf.constant(2.0, tf.float64))) / 2


@pytest.mark.parametrize(("ours", "theirs"), ACTIVATIONS, ids=named)
def test_activations(ours, theirs):
    x = SPREAD[:, :, None] + RNG.normal(size=(1, 1, 2)) / 8
    if theirs is None:
        theirs = partial(_gelu, approximate=ours.approximate)
    watched, mine = tf.constant(x), Tensor(x, requires_grad=True)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = tf.convert_to_tensor(theirs(watched))
    found = ours(mine)
    u = RNG.normal(size=found.shape)
    found.backward(u)
    assert_close(
        (found.data, mine.grad),
        (y.numpy(), tape.gradient(y, watched, output_gradients=tf.constant(u)).numpy()),
    )


def test_a_leaky_relu_leaks_as_much_as_kerass():
    """(TensorFlow rounds the slope to float32.)"""
    x = tf.constant([-1.0])
    assert nn.LeakyReLU().negative_slope == keras.layers.LeakyReLU().negative_slope
    assert np.float32(ops.leaky_relu(-1.0)) == a.leaky_relu(x).numpy()[0]


def test_prelu_shares_alpha_along_axes():
    x = RNG.normal(size=(3, 5, 4, 2))
    for shape, shared in (((5, 4, 2), None), ((1, 1, 2), [1, 2])):
        layer = keras.layers.PReLU(shared_axes=shared, dtype="float64")
        layer.build(x.shape)
        ours = nn.PReLU(shape, dtype=np.float64)
        assert ours.alpha.shape == tuple(layer.alpha.shape) and not ours.alpha.data.any()
        ours.alpha.data[...] = RNG.normal(size=shape)
        layer.alpha.assign(ours.alpha.data)
        watched, mine = tf.constant(x), Tensor(x, requires_grad=True)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            y = layer(watched)
            loss = tf.reduce_sum(y * y)
        found = ours(mine)
        (found * found).sum().backward()
        dx, dalpha = (g.numpy() for g in tape.gradient(loss, [watched, layer.alpha.value]))
        assert_close((found.data, mine.grad, ours.alpha.grad), (y.numpy(), dx, dalpha))
