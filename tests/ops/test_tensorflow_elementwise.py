"""Gradients of the elementwise and reduction chapters against TensorFlow's, in float64, to ten digits."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops import special

tf = pytest.importorskip("tensorflow")
keras_ops = pytest.importorskip("keras").ops

RNG = np.random.default_rng(5)
REAL = RNG.normal(size=(3, 4))
POSITIVE = RNG.uniform(0.4, 2.5, size=(3, 4))
INSIDE = RNG.uniform(-0.9, 0.9, size=(3, 4))
ROW = RNG.normal(size=4)
PAIR = (REAL, ROW)
ZEROS = np.where(RNG.random((3, 4)) < 0.3, 0.0, REAL)
TIES = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [5.0, 1.0, 4.0, 5.0]])
m, two = tf.math, tf.constant(2, tf.float64)

# (NumPy's or ours, TensorFlow's, inputs)
ELEMENTWISE = [
    (np.add, m.add, PAIR), (np.subtract, m.subtract, PAIR), (np.multiply, m.multiply, PAIR),
    (np.divide, m.divide, PAIR), (np.negative, m.negative, (REAL,)), (np.positive, tf.identity, (REAL,)),
    (np.reciprocal, m.reciprocal, (POSITIVE,)), (np.remainder, m.floormod, (3 * REAL, POSITIVE + 1)),
    (np.remainder, m.floormod, (3 * REAL, -POSITIVE)), (np.square, m.square, (REAL,)),
    (np.sqrt, m.sqrt, (POSITIVE,)), (np.power, m.pow, (POSITIVE, REAL)),
    (np.float_power, m.pow, (POSITIVE, ROW)), (np.cbrt, lambda x: m.sign(x) * m.abs(x) ** (1 / 3), (REAL,)),
    (np.hypot, lambda x, w: m.sqrt(x * x + w * w), PAIR),
    (np.exp, m.exp, (REAL,)), (np.exp2, lambda x: two**x, (REAL,)),
    (np.expm1, m.expm1, (REAL,)), (np.log, m.log, (POSITIVE,)), (np.log1p, m.log1p, (INSIDE,)),
    (np.log2, keras_ops.log2, (POSITIVE,)), (np.log10, keras_ops.log10, (POSITIVE,)),
    (np.logaddexp, keras_ops.logaddexp, PAIR),
    (np.logaddexp2, lambda x, w: m.log(two**x + two**w) / m.log(two), PAIR),
    (np.sin, m.sin, (REAL,)), (np.cos, m.cos, (REAL,)), (np.tan, m.tan, (INSIDE,)),
    (np.arcsin, m.asin, (INSIDE,)), (np.arccos, m.acos, (INSIDE,)), (np.arctan, m.atan, (REAL,)),
    (np.arctan2, m.atan2, PAIR), (np.sinh, m.sinh, (REAL,)), (np.cosh, m.cosh, (REAL,)),
    (np.tanh, m.tanh, (REAL,)), (np.arcsinh, m.asinh, (REAL,)), (np.arccosh, m.acosh, (1 + POSITIVE,)),
    (np.arctanh, m.atanh, (INSIDE,)), (np.deg2rad, lambda x: x * (np.pi / 180), (REAL,)),
    (np.rad2deg, lambda x: x * (180 / np.pi), (REAL,)),
    (np.sinc, lambda x: m.sin(np.pi * x) / (np.pi * x), (REAL,)),
    (np.abs, m.abs, (ZEROS,)), (np.fabs, m.abs, (REAL,)), (np.maximum, m.maximum, PAIR),
    (np.minimum, m.minimum, PAIR), (np.fmax, m.maximum, PAIR), (np.fmin, m.minimum, PAIR),
    (lambda x: np.clip(x, -0.5, 0.7), lambda x: tf.clip_by_value(x, -0.5, 0.7), (REAL,)),
    (lambda x: np.clip(x, 1.0, 3.0), lambda x: tf.clip_by_value(x, 1.0, 3.0), (TIES,)),
    (lambda x, w: np.where(REAL > 0, x, w), lambda x, w: tf.where(REAL > 0, x, w), PAIR),
    (np.i0, m.bessel_i0, (REAL,)),
    (special.erf, m.erf, (REAL,)), (special.erfc, m.erfc, (REAL,)),
    (special.lgamma, m.lgamma, (POSITIVE,)),
    (special.digamma, m.digamma, (POSITIVE,)),
    (lambda x: special.polygamma(x, n=3), lambda x: m.polygamma(np.float64(3), x), (POSITIVE,)),
    (ops.sigmoid, m.sigmoid, (REAL,)), (ops.softplus, m.softplus, (REAL,)), (ops.relu, tf.nn.relu, (ZEROS,)),
    (special.log_sigmoid, m.log_sigmoid, (REAL,)), (special.silu, tf.nn.silu, (REAL,)),
    # tf.nn.gelu rounds its constants to float32, whatever x is
    (special.gelu, lambda x: x * m.erfc(-x / m.sqrt(two)) / 2, (REAL,)),
    (special.gelu_tanh, lambda x: x * m.sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3)), (REAL,)),
    (special.mish, lambda x: x * m.tanh(m.softplus(x)), (REAL,)),
]  # fmt: skip

AXES = [None, 0, -1, (0, 1)]
REDUCTIONS = [
    (np.sum, m.reduce_sum, REAL), (np.prod, m.reduce_prod, REAL), (np.prod, m.reduce_prod, ZEROS),
    (np.mean, m.reduce_mean, REAL), (np.var, m.reduce_variance, REAL), (np.std, m.reduce_std, REAL),
    (np.max, m.reduce_max, REAL), (np.max, m.reduce_max, TIES), (np.min, m.reduce_min, REAL),
    (np.min, m.reduce_min, TIES),
    (np.ptp, lambda x, a, k: m.reduce_max(x, a, k) - m.reduce_min(x, a, k), REAL),
    (ops.logsumexp, m.reduce_logsumexp, REAL),
    (np.median, lambda x, a, k: keras_ops.median(x, a, k), REAL),
    (lambda x, axis, keepdims: np.quantile(x, 0.375, axis, keepdims=keepdims),
     lambda x, a, k: keras_ops.quantile(x, 0.375, a, keepdims=k), REAL),
]  # fmt: skip

RUNNING = [
    (lambda x: np.cumsum(x, 0), lambda x: m.cumsum(x, 0), REAL),
    (lambda x: np.cumsum(x, -1), lambda x: m.cumsum(x, -1), REAL),
    (lambda x: np.cumsum(x), lambda x: m.cumsum(tf.reshape(x, [-1])), REAL),
    (lambda x: np.cumprod(x, 0), lambda x: m.cumprod(x, 0), REAL),
    (lambda x: np.cumprod(x, 1), lambda x: m.cumprod(x, 1), REAL),
    (lambda x: ops.suffix_sum(x, axis=1), lambda x: m.cumsum(x, 1, reverse=True), REAL),
    (lambda x: np.diff(x, axis=0), lambda x: x[1:] - x[:-1], REAL),
    (lambda x: np.polyval([2.0, 0.5, -1.0], x),
     lambda x: m.polyval([tf.constant(c, tf.float64) for c in (2.0, 0.5, -1.0)], x), REAL),
    (lambda x: np.linspace(x[0], x[1], 5), lambda x: tf.linspace(x[0], x[1], 5), REAL),
    (lambda x: np.copy(x), tf.identity, REAL),
    (lambda x: np.corrcoef(x), lambda x: keras_ops.corrcoef(x), REAL),
    (lambda x: np.nancumsum(np.where(ZEROS == 0, np.nan, x), axis=1),
     lambda x: m.cumsum(tf.where(ZEROS == 0, tf.zeros_like(x), x), 1), REAL),
    (ops.softmax, tf.nn.softmax, REAL), (ops.log_softmax, tf.nn.log_softmax, REAL),
    (lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0, 4.0]),
     lambda x: keras_ops.average(x, axis=1, weights=tf.constant([1.0, 2.0, 3.0, 4.0], tf.float64)), REAL),
]  # fmt: skip


def compare(ours, theirs, inputs):
    rng = np.random.default_rng(1)
    ts = [Tensor(x, requires_grad=True) for x in inputs]
    vs = [tf.Variable(x, dtype=tf.float64) for x in inputs]
    y = ours(*ts)
    u = rng.normal(size=y.shape)
    y.backward(u)
    with tf.GradientTape() as tape, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own, about NumPy
        expected = theirs(*vs)
        loss = tf.reduce_sum(expected * u)
    assert expected.dtype == tf.float64 and tuple(expected.shape) == y.shape
    assert np.allclose(y.data, expected.numpy(), rtol=1e-10, atol=1e-12)
    for t, g in zip(ts, tape.gradient(loss, vs), strict=True):
        assert np.allclose(t.grad, tf.convert_to_tensor(g).numpy(), rtol=1e-10, atol=1e-10)


def named(table):
    return [
        pytest.param(*line, id=f"{getattr(line[0], '__name__', getattr(line[0], 'name', ''))}-{i}")
        for i, line in enumerate(table)
    ]


@pytest.mark.parametrize(("ours", "theirs", "inputs"), named(ELEMENTWISE))
def test_elementwise(ours, theirs, inputs):
    compare(ours, theirs, inputs)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize(("ours", "theirs", "x"), named(REDUCTIONS))
def test_reductions(ours, theirs, x, axis, keepdims):
    compare(
        lambda t: ours(t, axis=axis, keepdims=keepdims), lambda v: theirs(v, axis, keepdims), (x,)
    )


@pytest.mark.parametrize(("ours", "theirs", "x"), named(RUNNING))
def test_along_an_axis(ours, theirs, x):
    compare(ours, theirs, (x,))
