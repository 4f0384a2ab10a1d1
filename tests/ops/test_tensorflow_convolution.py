"""Convolution and pooling against TensorFlow in float64: results and gradients, setting by setting."""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.ops import (
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    max_pool1d,
    max_pool2d,
)

tf = pytest.importorskip("tensorflow")

LIMIT = 1e-10
RNG = np.random.default_rng(3)


def assert_agree(ours, theirs, *arrays):
    """The same values, and the same gradients of <g, y> for a random g."""
    mine = [Tensor(a, requires_grad=True) for a in arrays]
    y = ours(*mine)
    g = RNG.normal(size=y.shape)
    y.backward(g)
    variables = [tf.constant(a) for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        their_y = theirs(*variables)
        loss = tf.reduce_sum(their_y * g)
    assert y.shape == tuple(their_y.shape)
    assert np.abs(y.data - their_y.numpy()).max() < LIMIT
    for t, theirs_gradient in zip(mine, tape.gradient(loss, variables), strict=True):
        assert np.abs(t.grad - theirs_gradient.numpy()).max() < LIMIT


def draw(*shape):
    return RNG.normal(size=shape)


def square(stride):
    return stride if isinstance(stride, tuple) else (stride, stride)


PADDINGS = ["valid", "same", ((2, 1), (0, 3))]


def tf_padding(padding):
    return padding.upper() if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]


@pytest.mark.parametrize("padding", PADDINGS, ids=str)
@pytest.mark.parametrize("stride", [1, 2, (3, 2), 4])  # 4: larger than the kernel
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 3)])
@pytest.mark.parametrize("image", [(8, 9), (7, 5)])
def test_conv2d(image, kernel, stride, padding):
    assert_agree(
        lambda x, w: conv2d(x, w, stride, padding),
        lambda x, w: tf.nn.conv2d(x, w, square(stride), tf_padding(padding)),
        draw(2, *image, 3), draw(*kernel, 3, 4),
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("dilation", [2, (1, 3)])
def test_conv2d_dilated(dilation, padding):
    """TensorFlow pads and shuffles, and then convolves undilated: its gradient takes that way too."""
    assert_agree(
        lambda x, w: conv2d(x, w, 1, padding, dilation),
        lambda x, w: tf.nn.convolution(x, w, padding=padding.upper(), dilations=square(dilation)),
        draw(2, 9, 8, 3), draw(3, 2, 3, 4),
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "groups"), [*itertools.product([1, 2], [2, 3])])
def test_conv2d_in_groups(stride, groups, padding):
    """Each group by itself: TensorFlow differentiates grouped convolutions on no CPU."""

    def theirs(x, w):
        pairs = zip(tf.split(x, groups, -1), tf.split(w, groups, -1), strict=True)
        return tf.concat([tf.nn.conv2d(a, b, stride, padding.upper()) for a, b in pairs], -1)

    x, w = draw(2, 8, 7, 6), draw(3, 3, 6 // groups, 12)
    assert_agree(lambda x, w: conv2d(x, w, stride, padding, groups=groups), theirs, x, w)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise(multiplier, stride, padding):
    """TensorFlow's kernel is (kh, kw, in, multiplier): ours, (kh, kw, 1, in multiplier), reshaped."""
    assert_agree(
        lambda x, w: conv2d(x, np.reshape(w, (3, 2, 1, 4 * multiplier)), stride, padding, groups=4),
        lambda x, w: tf.nn.depthwise_conv2d(x, w, (1, stride, stride, 1), padding.upper()),
        draw(2, 8, 7, 4), draw(3, 2, 4, multiplier),
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, (3, 1), 4])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 1)])
def test_conv_transpose2d(kernel, stride, padding):
    """Sizes as Keras computes them, which TensorFlow wants to be told."""
    x, w = draw(2, 4, 5, 3), draw(*kernel, 2, 3)
    more = [
        max(k - s, 0) * (padding == "valid") for k, s in zip(kernel, square(stride), strict=True)
    ]
    size = [n * s + m for n, s, m in zip((4, 5), square(stride), more, strict=True)]
    assert_agree(
        lambda x, w: conv_transpose2d(x, w, stride, padding),
        lambda x, w: tf.nn.conv2d_transpose(x, w, (2, *size, 2), square(stride), padding.upper()),
        x, w,
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_conv1d(stride, dilation, padding):
    def theirs(x, w):
        if padding == "causal":
            x = tf.pad(x, [(0, 0), (2 * dilation, 0), (0, 0)])
        word = "SAME" if padding == "same" else "VALID"
        return tf.nn.convolution(x, w, stride, word, dilations=dilation)

    assert_agree(
        lambda x, w: conv1d(x, w, stride, padding, dilation), theirs, draw(2, 9, 3), draw(3, 3, 4)
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv_transpose1d(padding):
    steps = 15 if padding == "valid" else 14
    assert_agree(
        lambda x, w: conv_transpose1d(x, w, 2, padding),
        lambda x, w: tf.nn.conv1d_transpose(x, w, (2, steps, 4), 2, padding.upper()),
        draw(2, 7, 3), draw(3, 4, 3),
    )  # fmt: skip


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [None, 1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, (1, 2)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(max_pool2d, "max_pool2d"), (avg_pool2d, "avg_pool2d")],
    ids=["max", "avg"],
)
def test_pools(ours, theirs, size, stride, padding):
    step = size if stride is None else stride
    assert_agree(
        lambda x: ours(x, size, stride, padding),
        lambda x: getattr(tf.nn, theirs)(x, square(size), square(step), padding.upper()),
        draw(2, 7, 8, 3),
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("ours", "theirs"), [(max_pool1d, "max_pool1d"), (avg_pool1d, "avg_pool1d")], ids=["max", "avg"]
)
def test_pools_of_sequences(ours, theirs, padding):
    assert_agree(
        lambda x: ours(x, 3, 2, padding),
        lambda x: getattr(tf.nn, theirs)(x, 3, 2, padding.upper()),
        draw(2, 8, 3),
    )
