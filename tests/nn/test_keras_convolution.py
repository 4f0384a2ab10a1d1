"""Convolutional layers against Keras in float64: values, and gradients in x and every parameter."""

import itertools

import numpy as np
import pytest

from tests.nn.agreement import LIMIT, assert_layers_agree, close, draw
from tinygrad_edu import Tensor, nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers
ABOUT = {"dtype": np.float64, "rng": 0}
PADS = ("valid", "same")


@pytest.mark.parametrize(
    ("stride", "dilation", "padding"),
    [s for s in itertools.product((1, 2, (3, 1)), (1, 2, (2, 3)), PADS) if 1 in s[:2]],
)
def test_conv2d(stride, dilation, padding):
    size = (2, 2) if isinstance(dilation, tuple) and padding == "valid" else (3, 2)
    settings = {"padding": padding, "use_bias": stride == 1}
    assert_layers_agree(
        nn.Conv2d(
            3, 4, size, stride=stride, dilation=dilation, padding=padding, bias=stride == 1, **ABOUT
        ),
        K.Conv2D(4, size, strides=stride, dilation_rate=dilation, **settings),
        draw(2, 9, 7, 3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stride", "dilation", "padding"),
    [s for s in itertools.product((1, 2, (3, 1, 2)), (1, 2), PADS) if 1 in s[:2]],
)
def test_conv3d(stride, dilation, padding):
    size, bias = (2, 3, 2), stride == 1
    assert_layers_agree(
        nn.Conv3d(
            3, 4, size, stride=stride, dilation=dilation, padding=padding, bias=bias, **ABOUT
        ),
        K.Conv3D(4, size, strides=stride, dilation_rate=dilation, padding=padding, use_bias=bias),
        draw(2, 6, 5, 7, 3),
    )


def test_conv3d_in_groups():
    """Each group is a convolution of its own channels."""
    whole, x = nn.Conv3d(4, 6, 2, groups=2, padding=(1, 0, (0, 2)), **ABOUT), draw(2, 3, 4, 3, 4)
    y = whole(x)
    for k in range(2):
        part = nn.Conv3d(2, 3, 2, padding=(1, 0, (0, 2)), **ABOUT)
        part.W.data[...] = whole.W.data[..., 3 * k : 3 * k + 3]
        close(part(x[..., 2 * k : 2 * k + 2]), y[..., 3 * k : 3 * k + 3].data)


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
    assert_layers_agree(
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
    assert_layers_agree(
        nn.DepthwiseConv2d(3, (3, 3), **settings, **ABOUT), K.DepthwiseConv2D((3, 3), **theirs), x
    )
    assert_layers_agree(
        nn.SeparableConv2d(3, 5, (3, 3), **settings, **ABOUT),
        K.SeparableConv2D(5, (3, 3), **theirs),
        x,
    )
    x = draw(2, 9, 3)
    assert_layers_agree(
        nn.DepthwiseConv1d(3, 3, **settings, **ABOUT), K.DepthwiseConv1D(3, **theirs), x
    )
    assert_layers_agree(
        nn.SeparableConv1d(3, 5, 3, **settings, **ABOUT), K.SeparableConv1D(5, 3, **theirs), x
    )


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [s for s in itertools.product(((3, 3), (2, 1)), (1, 2, (3, 1), 4), PADS)],
)
def test_conv_transpose2d(size, stride, padding):
    assert_layers_agree(
        nn.ConvTranspose2d(3, 4, size, stride=stride, padding=padding, **ABOUT),
        K.Conv2DTranspose(4, size, strides=stride, padding=padding),
        draw(2, 5, 4, 3),
    )


@pytest.mark.parametrize(("stride", "padding"), [*itertools.product((1, 2), PADS)])
def test_conv_transpose1d(stride, padding):
    assert_layers_agree(
        nn.ConvTranspose1d(3, 4, 3, stride=stride, padding=padding, **ABOUT),
        K.Conv1DTranspose(4, 3, strides=stride, padding=padding),
        draw(2, 5, 3),
    )


@pytest.mark.parametrize(
    ("size", "stride", "padding", "more"),
    [(3, 2, "same", 0), (3, 2, "same", 1), (4, 3, "same", 2), (4, 3, "valid", 2), (1, 3, "valid", 1),
     ((2, 5), (2, 3), "valid", (1, 0))],
)  # fmt: skip
def test_output_padding(size, stride, padding, more):
    assert_layers_agree(
        nn.ConvTranspose2d(
            3, 4, size, stride=stride, padding=padding, output_padding=more, **ABOUT
        ),
        K.Conv2DTranspose(4, size, strides=stride, padding=padding, output_padding=more),
        draw(2, 4, 5, 3),
    )
    if isinstance(size, int):
        assert_layers_agree(
            nn.ConvTranspose1d(
                3, 4, size, stride=stride, padding=padding, output_padding=more, **ABOUT
            ),
            K.Conv1DTranspose(4, size, strides=stride, padding=padding, output_padding=more),
            draw(2, 4, 3),
        )


@pytest.mark.parametrize("groups", [2, 4])
def test_transposed_convolutions_in_groups(groups):
    """Each group is a transposed convolution of its own channels. (Keras has no groups there.)"""
    settings = {"stride": 2, "padding": (1, 0), "output_padding": 1, **ABOUT}
    whole, x = nn.ConvTranspose2d(4, 8, 3, groups=groups, **settings), draw(2, 3, 4, 4)
    each, outputs = 4 // groups, 8 // groups
    y = whole(x)
    for k in range(groups):
        part = nn.ConvTranspose2d(each, outputs, 3, **settings)
        part.W.data[...] = whole.W.data[..., k * each : (k + 1) * each]
        close(part(x[..., k * each : (k + 1) * each]), y.data[..., k * outputs : (k + 1) * outputs])
