"""Normalizations against Keras in float64: values, gradients, moving statistics, and a training."""

import numpy as np
import pytest

from tests.nn.agreement import (
    LIMIT,
    RNG,
    assert_functions_agree,
    assert_layers_agree,
    draw,
    kept,
    randomized,
)
from tinygrad_edu import nn, optim

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers
ABOUT = {"dtype": np.float64, "rng": 0}


NORMS = {
    "batch": (lambda n, **s: nn.BatchNorm(n, **s), K.BatchNormalization),
    "layer": (lambda n, **s: nn.LayerNorm(n, **s), K.LayerNormalization),
    "group": (lambda n, **s: nn.GroupNorm(3, n, **s), lambda **s: K.GroupNormalization(3, **s)),
    "instance": (nn.InstanceNorm, lambda **s: K.GroupNormalization(-1, **s)),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize("shape", [(4, 5, 3, 6), (5, 4, 6), (7, 6)])
@pytest.mark.parametrize("settings", [{}, {"center": False}, {"scale": False}])
def test_normalizations(kind, shape, settings, training):
    if kind == "instance" and len(shape) == 2:
        pytest.skip("nothing to take a mean of")
    ours, theirs = NORMS[kind]
    x = 3 + 2 * draw(*shape)
    assert_layers_agree(ours(6, dtype=np.float64, **settings), theirs(**settings), x, training)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("axis", [1, 2, -2, -1, 3])
def test_batch_norm_along_any_axis(axis, training):
    shape = (3, 4, 5, 6)
    ours, theirs = (
        nn.BatchNorm(shape[axis], axis=axis, dtype=np.float64),
        K.BatchNormalization(axis),
    )
    assert_layers_agree(ours, theirs, 3 + 2 * draw(*shape), training)
    later = nn.BatchNorm(axis=axis)
    later(draw(*shape))
    assert later.inputs == shape[axis]


@pytest.mark.parametrize("settings", [{}, {"center": False}, {"scale": False}])
@pytest.mark.parametrize("shape", [(3, 4, 5), (6, 5), (2, 3, 2, 5)])
def test_batch_norm_with_a_mask(shape, settings):
    ours, theirs = nn.BatchNorm(5, dtype=np.float64, **settings), K.BatchNormalization(**settings)
    theirs.build(shape)
    mask = RNG.random(shape[:-1]) < 0.6
    parameters = randomized(ours).parameters()
    for w, tensor in zip(theirs.weights, kept(ours), strict=True):
        w.assign(tensor.data)
    assert_functions_agree(
        lambda x: ours(x, mask=mask), lambda x: theirs(x, training=True, mask=tf.constant(mask)),
        parameters, theirs.trainable_variables, 3 + draw(*shape),
    )  # fmt: skip
    for tensor, weights in zip(kept(ours), theirs.get_weights(), strict=True):
        assert np.abs(tensor.data - weights).max() < LIMIT


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize(
    ("inner", "twin", "shape"),
    [
        (lambda: nn.Linear(4, 3, **ABOUT), lambda: K.Dense(3), (5, 4)),
        (lambda: nn.Conv2d(2, 3, 2, **ABOUT), lambda: K.Conv2D(3, 2), (2, 4, 4, 2)),
    ],
)  # fmt: skip
def test_spectral_norm(inner, twin, shape, iterations):
    ours = randomized(nn.SpectralNorm(inner(), power_iterations=iterations, rng=0))
    theirs = K.SpectralNormalization(twin(), power_iterations=iterations)
    theirs.build(shape)
    in_their_order = [ours.layer.W, ours.u, ours.layer.b]
    theirs.set_weights([tensor.data for tensor in in_their_order])
    for training in (False, True, True, False):
        ours.train(training)
        assert_functions_agree(
            ours, lambda x, training=training: theirs(x, training=training),
            ours.parameters(), theirs.trainable_variables, draw(*shape),
        )  # fmt: skip
        for mine, their in zip(in_their_order, theirs.get_weights(), strict=True):
            assert np.abs(mine.data - their).max() < LIMIT


def test_two_calls_of_a_spectral_norm_in_one_graph():
    """As of a critic that sees real and made samples: each call has its own weights."""
    layer = nn.SpectralNorm(nn.Linear(4, 3, **ABOUT), rng=0)
    x = draw(2, 5, 4)
    one = layer(x[0])
    first = layer.layer.W.data
    two = layer(x[1])
    (one.sum() + two.sum()).backward()
    assert np.allclose(layer.layer.W.grad, np.repeat(x.sum(axis=(0, 1))[:, None], 3, axis=1))
    assert not np.array_equal(first, layer.layer.W.data)
    with pytest.raises(TypeError, match=r"SpectralNorm: ReLU\(\) has no matrix W"):
        nn.SpectralNorm(nn.ReLU())


@pytest.mark.parametrize("shape", [(4, 5, 6), (7, 6)])
def test_rms_norm(shape):
    assert_layers_agree(nn.RMSNorm(6, dtype=np.float64), K.RMSNormalization(), 2 + draw(*shape))


def test_frozen_batch_norm_remembers_and_does_not_learn():
    ours, theirs = nn.BatchNorm(3, dtype=np.float64), K.BatchNormalization()
    x = 1 + draw(4, 5, 3)
    theirs.build(x.shape)
    start = [draw(3), draw(3), draw(3), abs(draw(3))]
    for tensor, numbers in zip(kept(ours), start, strict=True):
        tensor.data[...] = numbers
    theirs.set_weights(start)
    theirs.trainable = False
    ours.freeze()
    assert np.abs(ours(x).data - theirs(x, training=True).numpy()).max() < LIMIT
    for tensor, weights in zip(kept(ours), theirs.get_weights(), strict=True):
        assert np.array_equal(tensor.data, weights)


def test_parameters_come_in_the_order_of_keras():
    names = {
        K.BatchNormalization: ["gamma", "beta", "moving_mean", "moving_variance"],
        K.LayerNormalization: ["gamma", "beta"],
    }
    for (kind, wanted), ours in zip(names.items(), (nn.BatchNorm(3), nn.LayerNorm(3)), strict=True):
        layer = kind()
        layer.build((2, 3))
        assert [w.name for w in layer.weights] == wanted == [tensor.name for tensor in kept(ours)]


@pytest.mark.parametrize("momentum", [0.99, 0.875])
def test_a_network_with_batch_norm_and_pools_goes_the_same_way(momentum):
    """50 steps of Adam (its settings exact in float32): every weight and every moving statistic.

    No biases before a normalization: their gradient is 0 but for rounding, which Adam makes steps of.
    """
    ours = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding="same", bias=False, **ABOUT),
        nn.BatchNorm(4, momentum=momentum, dtype=np.float64), nn.ReLU(), nn.MaxPool2d(2),
        nn.SeparableConv2d(4, 5, 3, stride=2, padding="same", bias=False, **ABOUT),
        nn.BatchNorm(5, dtype=np.float64), nn.Tanh(), nn.AvgPool2d(2, stride=1), nn.Flatten(),
        nn.Linear(5, 3, **ABOUT),
    )  # fmt: skip
    theirs = keras.Sequential([
        keras.Input((8, 7, 2)), K.Conv2D(4, 3, padding="same", use_bias=False),
        K.BatchNormalization(momentum=momentum), K.ReLU(), K.MaxPooling2D(2),
        K.SeparableConv2D(5, 3, strides=2, padding="same", use_bias=False),
        K.BatchNormalization(), K.Activation("tanh"), K.AveragePooling2D(2, 1), K.Flatten(), K.Dense(3),
    ])  # fmt: skip
    state = [tensor.data for _, tensor in ours._kept()]
    theirs.set_weights(state)
    theirs.compile(
        keras.optimizers.Adam(0.01, 0.875, 0.9990234375),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    optimizer = optim.Adam(ours.parameters(), 0.01, betas=(0.875, 0.9990234375), eps=1e-7)
    rng = np.random.default_rng(1)
    start = [numbers.copy() for numbers in state]
    for _ in range(50):
        x, y = rng.normal(size=(6, 8, 7, 2)), rng.integers(0, 3, 6)
        optimizer.zero_grad()
        nn.cross_entropy(ours(x), y).backward()
        optimizer.step()
        theirs.train_on_batch(x, y)
    now = [tensor.data for _, tensor in ours._kept()]
    for before, mine, weights in zip(start, now, theirs.get_weights(), strict=True):
        assert np.abs(mine - before).max() > 1e-3, "or nothing has been learned"
        assert np.abs(mine - weights).max() < LIMIT
    x = rng.normal(size=(6, 8, 7, 2))
    assert np.abs(ours.eval()(x).data - theirs(x, training=False).numpy()).max() < LIMIT
