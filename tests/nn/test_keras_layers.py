"""Layers of images and sequences against Keras in float64: values, gradients, moving statistics.

Our parameters, in the order in which a layer assigns them, are the weights of the Keras layer.
"""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, optim

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
K = keras.layers

LIMIT = 1e-10
RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True, scope="module")
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def draw(*shape):
    return RNG.normal(size=shape)


def kept(layer):
    """Parameters, then buffers: as Keras orders its weights."""
    return [*layer.parameters(), *(buffer for _, buffer in layer.named_buffers())]


def assert_agree(ours, theirs, x, training=False, limit=LIMIT):
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


ABOUT = {"dtype": np.float64, "rng": 0}
PADS = ("valid", "same")


@pytest.mark.parametrize(
    ("stride", "dilation", "padding"),
    [s for s in itertools.product((1, 2, (3, 1)), (1, 2, (2, 3)), PADS) if 1 in s[:2]],
)
def test_conv2d(stride, dilation, padding):
    size = (2, 2) if isinstance(dilation, tuple) and padding == "valid" else (3, 2)
    settings = {"padding": padding, "use_bias": stride == 1}
    assert_agree(
        nn.Conv2d(
            3, 4, size, stride=stride, dilation=dilation, padding=padding, bias=stride == 1, **ABOUT
        ),
        K.Conv2D(4, size, strides=stride, dilation_rate=dilation, **settings),
        draw(2, 9, 7, 3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stride", "groups", "padding"), [*itertools.product((1, 2), (2, 6), PADS)]
)
def test_conv2d_in_groups(stride, groups, padding):
    """TensorFlow differentiates grouped convolutions on no CPU: one Keras layer for each group."""
    ours = nn.Conv2d(6, 12, 3, stride=stride, groups=groups, padding=padding, **ABOUT)
    x, each = draw(2, 7, 8, 6), 12 // groups
    mine = Tensor(x, requires_grad=True)
    y = ours(mine)
    g = draw(*y.shape)
    y.backward(g)
    for k in range(groups):
        a, b = slice(k * 6 // groups, (k + 1) * 6 // groups), slice(k * each, (k + 1) * each)
        theirs = K.Conv2D(each, 3, strides=stride, padding=padding)
        theirs.build((2, 7, 8, 6 // groups))
        theirs.set_weights([ours.W.data[..., b], ours.b.data[b]])
        watched = tf.constant(x[..., a])
        with tf.GradientTape() as tape:
            tape.watch(watched)
            their_y = theirs(watched)
            loss = tf.reduce_sum(their_y * g[..., b])
        dx, dw, db = tape.gradient(loss, [watched, *theirs.trainable_variables])
        for one, other in (
            (y.data[..., b], their_y), (mine.grad[..., a], dx), (ours.W.grad[..., b], dw),
            (ours.b.grad[b], db),
        ):  # fmt: skip
            assert np.abs(one - other.numpy()).max() < LIMIT
    whole = K.Conv2D(12, 3, strides=stride, groups=groups, padding=padding)
    whole.build(x.shape)
    assert [tuple(w.shape) for w in whole.weights] == [p.shape for p in ours.parameters()]


@pytest.mark.parametrize(
    ("stride", "dilation", "padding"),
    [(1, 1, "same"), (2, 1, "same"), (2, 1, "valid"), (1, 2, "causal"), (3, 1, "causal"), (1, 3, "same")],
)  # fmt: skip
def test_conv1d(stride, dilation, padding):
    assert_agree(
        nn.Conv1d(3, 4, 3, stride=stride, dilation=dilation, padding=padding, **ABOUT),
        K.Conv1D(4, 3, strides=stride, dilation_rate=dilation, padding=padding),
        draw(2, 11, 3),
    )


@pytest.mark.parametrize(
    ("stride", "dilation", "padding", "multiplier"),
    [(1, 1, "same", 1), (2, 1, "same", 2), (2, 1, "valid", 1), (1, 2, "valid", 2), (1, 2, "same", 1)],
)  # fmt: skip
def test_depthwise_and_separable(stride, dilation, padding, multiplier):
    settings = {
        "stride": stride,
        "dilation": dilation,
        "padding": padding,
        "multiplier": multiplier,
    }
    theirs = {
        "strides": stride, "dilation_rate": dilation, "padding": padding,
        "depth_multiplier": multiplier,
    }  # fmt: skip
    x = draw(2, 9, 8, 3)
    assert_agree(
        nn.DepthwiseConv2d(3, (3, 3), **settings, **ABOUT), K.DepthwiseConv2D((3, 3), **theirs), x
    )
    assert_agree(
        nn.SeparableConv2d(3, 5, (3, 3), **settings, **ABOUT),
        K.SeparableConv2D(5, (3, 3), **theirs),
        x,
    )
    x = draw(2, 9, 3)
    assert_agree(nn.DepthwiseConv1d(3, 3, **settings, **ABOUT), K.DepthwiseConv1D(3, **theirs), x)
    assert_agree(
        nn.SeparableConv1d(3, 5, 3, **settings, **ABOUT), K.SeparableConv1D(5, 3, **theirs), x
    )


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [s for s in itertools.product(((3, 3), (2, 1)), (1, 2, (3, 1), 4), PADS)],
)
def test_conv_transpose2d(size, stride, padding):
    assert_agree(
        nn.ConvTranspose2d(3, 4, size, stride=stride, padding=padding, **ABOUT),
        K.Conv2DTranspose(4, size, strides=stride, padding=padding),
        draw(2, 5, 4, 3),
    )


@pytest.mark.parametrize(("stride", "padding"), [*itertools.product((1, 2), PADS)])
def test_conv_transpose1d(stride, padding):
    assert_agree(
        nn.ConvTranspose1d(3, 4, 3, stride=stride, padding=padding, **ABOUT),
        K.Conv1DTranspose(4, 3, strides=stride, padding=padding),
        draw(2, 5, 3),
    )


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [*itertools.product((2, (3, 1)), (None, 1, (2, 3)), PADS)]
)
def test_pools(size, stride, padding):
    for ours, theirs in ((nn.MaxPool2d, K.MaxPooling2D), (nn.AvgPool2d, K.AveragePooling2D)):
        assert_agree(
            ours(size, stride=stride, padding=padding),
            theirs(size, stride, padding),
            draw(2, 7, 8, 3),
        )
    if not isinstance(size, tuple) and not isinstance(stride, tuple):
        for ours, theirs in ((nn.MaxPool1d, K.MaxPooling1D), (nn.AvgPool1d, K.AveragePooling1D)):
            assert_agree(
                ours(size, stride=stride, padding=padding),
                theirs(size, stride, padding),
                draw(2, 7, 3),
            )


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (nn.GlobalAvgPool2d, K.GlobalAveragePooling2D, (2, 4, 5, 3)),
        (nn.GlobalAvgPool1d, K.GlobalAveragePooling1D, (2, 4, 3)),
        (nn.GlobalMaxPool2d, K.GlobalMaxPooling2D, (2, 4, 5, 3)),
        (nn.GlobalMaxPool1d, K.GlobalMaxPooling1D, (2, 4, 3)),
        (lambda: nn.UpSampling2d((2, 3)), lambda: K.UpSampling2D((2, 3)), (2, 4, 5, 3)),
        (lambda: nn.UpSampling1d(3), lambda: K.UpSampling1D(3), (2, 4, 3)),
        (nn.ZeroPadding2d, K.ZeroPadding2D, (2, 4, 5, 3)),
        (lambda: nn.ZeroPadding2d(((1, 2), (0, 3))), lambda: K.ZeroPadding2D(((1, 2), (0, 3))),
         (2, 4, 5, 3)),
        (lambda: nn.ZeroPadding1d((1, 2)), lambda: K.ZeroPadding1D((1, 2)), (2, 4, 3)),
        (lambda: nn.Cropping2d((1, 2)), lambda: K.Cropping2D((1, 2)), (2, 4, 5, 3)),
        (lambda: nn.Cropping1d((1, 2)), lambda: K.Cropping1D((1, 2)), (2, 4, 3)),
        (lambda: nn.Reshape(3, -1), lambda: K.Reshape((3, -1)), (2, 4, 6)),
        (lambda: nn.Permute(3, 1, 2), lambda: K.Permute((3, 1, 2)), (2, 4, 5, 3)),
        (lambda: nn.SpatialDropout2d(0.5), lambda: K.SpatialDropout2D(0.5), (2, 4, 5, 3)),
        (lambda: nn.GaussianNoise(0.5), lambda: K.GaussianNoise(0.5), (2, 4)),
    ],
)  # fmt: skip
def test_layers_without_parameters(ours, theirs, shape):
    assert_agree(ours(), theirs(), draw(*shape))


def test_bilinear_upsampling():
    """TensorFlow computes this in float32, whatever it is given."""
    for size, shape in (((2, 3), (2, 4, 5, 3)), ((3, 2), (1, 1, 2, 1))):
        assert_agree(
            nn.UpSampling2d(size, interpolation="bilinear"),
            K.UpSampling2D(size, interpolation="bilinear"), draw(*shape), limit=3e-5,
        )  # fmt: skip


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
    assert_agree(ours(6, dtype=np.float64, **settings), theirs(**settings), x, training)


@pytest.mark.parametrize("shape", [(4, 5, 6), (7, 6)])
def test_rms_norm(shape):
    assert_agree(nn.RMSNorm(6, dtype=np.float64), K.RMSNormalization(), 2 + draw(*shape))


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


def two_samples(one, other):
    """Kolmogorov and Smirnov's distance of two samples, and what it exceeds once in 10,000 times."""
    one, other = np.sort(one.reshape(-1)), np.sort(other.reshape(-1))
    at = np.concatenate([one, other])
    shares = [np.searchsorted(s, at, side="right") / s.size for s in (one, other)]
    n = one.size * other.size / (one.size + other.size)
    return abs(shares[0] - shares[1]).max(), np.sqrt(-np.log(1e-4 / 2) / 2 / n)


# ours, Keras's and the shape of the input; wide, so that many numbers are drawn
STARTS = {
    "Linear": (lambda: nn.Linear(300, 200, rng=0), lambda: K.Dense(200), (2, 300)),
    "Conv2d": (lambda: nn.Conv2d(40, 60, (3, 5), rng=0), lambda: K.Conv2D(60, (3, 5)), (2, 9, 9, 40)),
    "Conv2d, groups": (
        lambda: nn.Conv2d(40, 80, 5, groups=2, rng=0), lambda: K.Conv2D(80, 5, groups=2), (2, 9, 9, 40),
    ),
    "Conv1d": (lambda: nn.Conv1d(80, 90, 4, rng=0), lambda: K.Conv1D(90, 4), (2, 9, 80)),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(30, 70, 4, rng=0), lambda: K.Conv2DTranspose(70, 4), (2, 9, 9, 30),
    ),
    "ConvTranspose1d": (
        lambda: nn.ConvTranspose1d(90, 70, 4, rng=0), lambda: K.Conv1DTranspose(70, 4), (2, 9, 90),
    ),
    "DepthwiseConv2d": (
        lambda: nn.DepthwiseConv2d(200, 5, multiplier=4, rng=0),
        lambda: K.DepthwiseConv2D(5, depth_multiplier=4), (2, 9, 9, 200),
    ),
    "DepthwiseConv1d": (
        lambda: nn.DepthwiseConv1d(500, 9, multiplier=4, rng=0),
        lambda: K.DepthwiseConv1D(9, depth_multiplier=4), (2, 9, 500),
    ),
    "SeparableConv2d": (
        lambda: nn.SeparableConv2d(200, 100, 5, multiplier=2, rng=0),
        lambda: K.SeparableConv2D(100, 5, depth_multiplier=2), (2, 9, 9, 200),
    ),
    "SeparableConv1d": (
        lambda: nn.SeparableConv1d(500, 100, 9, multiplier=2, rng=0),
        lambda: K.SeparableConv1D(100, 9, depth_multiplier=2), (2, 9, 500),
    ),
    "SimpleRNN": (lambda: nn.SimpleRNN(150, 120, rng=0), lambda: K.SimpleRNN(120), (2, 3, 150)),
    "LSTM": (lambda: nn.LSTM(90, 60, rng=0), lambda: K.LSTM(60), (2, 3, 90)),
    "GRU": (lambda: nn.GRU(90, 60, rng=0), lambda: K.GRU(60), (2, 3, 90)),
    "GRU before": (
        lambda: nn.GRU(90, 60, reset_after=False, rng=0), lambda: K.GRU(60, reset_after=False), (2, 3, 90),
    ),
    "Embedding": (lambda: nn.Embedding(300, 90, rng=0), lambda: K.Embedding(300, 90), (2, 3)),
    "MultiHeadAttention": (
        lambda: nn.MultiHeadAttention(90, 6, 20, value_dim=30, rng=0),
        lambda: K.MultiHeadAttention(6, 20, value_dim=30), (2, 3, 90),
    ),
    "BatchNorm": (lambda: nn.BatchNorm(5), K.BatchNormalization, (2, 5)),
    "LayerNorm": (lambda: nn.LayerNorm(5), K.LayerNormalization, (2, 5)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 6), lambda: K.GroupNormalization(2), (2, 4, 6)),
    "RMSNorm": (lambda: nn.RMSNorm(5), K.RMSNormalization, (2, 5)),
    "PReLU": (lambda: nn.PReLU((3, 5)), K.PReLU, (2, 3, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", STARTS)
def test_every_layer_starts_as_keras_starts_it(name):
    """The same distribution of every weight: the same limits, and no place where the shares differ."""
    ours, theirs, shape = STARTS[name]
    ours, theirs = ours(), theirs()
    keras.utils.set_random_seed(0)
    theirs.build(*[shape] * (1 + (name == "MultiHeadAttention")))  # who asks, and who answers
    for tensor, weights in zip(kept(ours), theirs.get_weights(), strict=True):
        mine, weights = np.asarray(tensor.data, np.float64), np.asarray(weights)
        assert mine.size == weights.size, tensor.name
        if np.ptp(weights) == 0 or (mine.ndim == 1 and "LSTM" in name):  # zeros, ones, and LSTM's b
            assert np.array_equal(mine.reshape(weights.shape), weights), tensor.name
            continue
        distance, limit = two_samples(mine, weights)
        assert distance < limit < 0.04, (tensor.name, mine.std(), weights.std())
        if tensor.name != "U":  # of an orthogonal matrix the largest number is a matter of chance
            assert abs(mine).max() == pytest.approx(abs(weights).max(), rel=0.03)
