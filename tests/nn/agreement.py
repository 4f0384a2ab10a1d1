"""Our layers and functions beside those of Keras: the same numbers, and the same gradients."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, optim

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

LIMIT = 1e-10
RNG = np.random.default_rng(5)


def draw(*shape):
    return RNG.normal(size=shape)


def kept(layer):
    """Parameters, then buffers: as Keras orders its weights."""
    return [*layer.parameters(), *(buffer for _, buffer in layer.named_buffers())]


def assert_layers_agree(ours, theirs, x, training=False, limit=LIMIT):
    """The same values; the same gradients of <g, y> in x and in every parameter; the same buffers."""
    ours.train(training)
    theirs.build(x.shape)
    for tensor in kept(ours):  # no zeros or ones: whatever is left out is to be noticed
        tensor.data[...] = RNG.uniform(0.5, 1.5, tensor.shape) * RNG.choice([1, -1], tensor.shape)
    for _, buffer in ours.named_buffers():
        buffer.data[...] = abs(buffer.data)  # one of them is a variance
    theirs.set_weights([tensor.data for tensor in kept(ours)])
    mine = Tensor(x, requires_grad=True)
    y = ours(mine)
    g = RNG.normal(size=y.shape)
    y.backward(g)
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        their_y = theirs(watched, training=training)
        loss = tf.reduce_sum(their_y * g)
    assert y.shape == tuple(their_y.shape) and y.dtype == np.float64
    assert np.abs(y.data - their_y.numpy()).max() < limit
    to_x, *to_weights = tape.gradient(loss, [watched, *theirs.trainable_variables])
    assert np.abs(mine.grad - to_x.numpy()).max() < limit
    for parameter, gradient in zip(ours.parameters(), to_weights, strict=True):
        assert np.abs(parameter.grad - gradient.numpy()).max() < limit * 10, parameter.name
    for tensor, weights in zip(kept(ours), theirs.get_weights(), strict=True):
        assert np.abs(tensor.data - weights).max() < limit, tensor.name


def assert_functions_agree(ours, theirs, parameters, weights, *arrays):
    """The same results, and the same gradients of Σ <u, y> in the arrays and the parameters.

    ours, theirs: *arrays -> results. parameters, weights: in the same order, of the same sizes.
    """
    mine = [Tensor(a, requires_grad=True) for a in arrays]
    results = ours(*mine)
    results = results if isinstance(results, tuple) else (results,)
    us = [draw(*y.shape) for y in results]
    for parameter in parameters:
        parameter.grad = None
    sum((y * u).sum() for y, u in zip(results, us, strict=True)).backward()
    constants = [tf.constant(a) for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch(constants)
        their_results = theirs(*constants)
        if not isinstance(their_results, (tuple, list)):
            their_results = [their_results]
        loss = sum(tf.reduce_sum(y * u) for y, u in zip(their_results, us, strict=True))
    for y, their_y in zip(results, their_results, strict=True):
        close(y, their_y)
    gradients = tape.gradient(loss, [*constants, *(w.value for w in weights)])
    for t, gradient in zip([*mine, *parameters], gradients, strict=True):
        close(t.grad, tf.reshape(tf.convert_to_tensor(gradient), t.shape))


def close(ours, theirs):
    ours, theirs = np.asarray(getattr(ours, "data", ours)), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < LIMIT


def assert_close(ours, theirs, limit=1e-10):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype == np.float64 and a.shape == b.shape
        assert np.isfinite(a).all()
        assert np.abs(a - b).max(initial=0) <= limit * max(1, np.abs(b).max(initial=0))


def set_weights(layer, parameters):
    """Our numbers, in the shapes of Keras."""
    shapes = [w.shape for w in layer.weights]
    layer.set_weights([p.data.reshape(s) for p, s in zip(parameters, shapes, strict=True)])
    return layer


def randomized(module):
    """Also what starts from 0 or 1 gets numbers of its own."""
    for parameter in module.parameters():
        parameter.data[...] += 0.3 * draw(*parameter.shape)
    return module


def named(thing):
    """The same name in every run: most of Keras's things show where they lie in memory."""
    return repr(thing).partition(" at 0x")[0]


def steps(shape):
    return np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(tuple(shape))


def keras_values(loss, prediction, target, sample_weight=None):
    """Keras's loss, and the gradient of its sum (times 1, 2, ... where it is a table)."""
    watched = tf.constant(prediction)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = loss(tf.constant(target), watched, sample_weight=sample_weight)
        y = tf.convert_to_tensor(y)
        total = tf.reduce_sum(y * tf.constant(steps(y.shape)))
    g = tape.gradient(total, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return y.numpy(), g.numpy()


def our_values(loss, prediction, target, **settings):
    x = Tensor(prediction, requires_grad=True)
    y = loss(x, target, **settings)
    y.backward(steps(y.shape))
    return y.data, x.grad


def assert_trained_alike(model, twin, variables):
    """The same losses and the same weights after 50 steps of Adam on random numbers (N, 7, 4)."""
    betas, lr, eps = (0.875, 0.9990234375), 2.0**-7, 2.0**-23  # exact in float32 again
    optimizer = optim.Adam(model.parameters(), lr=lr, betas=betas, eps=eps)
    twin.compile(keras.optimizers.Adam(lr, *betas, eps), "mse", jit_compile=False)
    for _ in range(50):
        x = draw(5, 7, 4)
        y = draw(*model(x).shape)
        loss = nn.mse(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        twin.reset_metrics()
        assert abs(loss.item() - twin.train_on_batch(x, y)) < 1e-6  # it may be reported in float32
    for p, w in zip(model.parameters(), variables, strict=True):
        close(p, tf.reshape(w.value, p.shape))
