"""Convolutional layers: what they make of their sizes, and what they refuse.

(Derivatives: test_every_layer.py. That they equal Keras's: test_keras_convolution.py)
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.ops import conv2d

RNG = np.random.default_rng(0)
ABOUT = {"dtype": np.float64, "rng": 0}
IMAGES, SEQUENCES = (2, 5, 4, 2), (2, 6, 2)

LAYERS = {
    "Conv2d": (lambda: nn.Conv2d(2, 3, 3, padding="same", **ABOUT), IMAGES),
    "Conv2d, strides": (lambda: nn.Conv2d(2, 2, (2, 1), stride=(2, 3), padding=(1, (0, 2)), **ABOUT), IMAGES),
    "Conv2d, dilation": (lambda: nn.Conv2d(2, 2, 2, dilation=(3, 2), bias=False, **ABOUT), IMAGES),
    "Conv2d, groups": (lambda: nn.Conv2d(2, 4, 2, groups=2, **ABOUT), IMAGES),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 2, padding="causal", dilation=2, **ABOUT), SEQUENCES),
    "DepthwiseConv2d": (lambda: nn.DepthwiseConv2d(2, 2, multiplier=2, stride=2, **ABOUT), IMAGES),
    "DepthwiseConv1d": (lambda: nn.DepthwiseConv1d(2, 3, padding="same", **ABOUT), SEQUENCES),
    "SeparableConv2d": (lambda: nn.SeparableConv2d(2, 3, 2, multiplier=2, **ABOUT), IMAGES),
    "SeparableConv1d": (lambda: nn.SeparableConv1d(2, 3, 2, padding="causal", **ABOUT), SEQUENCES),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 2, 3, stride=2, **ABOUT), (1, 2, 3, 2)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 2, 2, stride=3, padding="same", **ABOUT), SEQUENCES),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_finds_its_inputs_is_the_same_layer(name):
    build, shape = LAYERS[name]
    told = build()
    kind, settings = type(told), {}
    for setting in ("stride", "padding", "dilation", "groups", "multiplier"):
        source = getattr(told, "depthwise", told)
        if hasattr(source, setting):
            settings[setting] = getattr(source, setting)
    if "Separable" in name:
        late = kind(None, 3, told.depthwise.size, **settings, **ABOUT)
    elif "Depthwise" in name:
        late = kind(None, told.size, **settings, **ABOUT)
    else:
        late = kind(None, told.outputs, told.size, bias=told.bias, **settings, **ABOUT)
    assert "None" in repr(late)
    with pytest.raises(RuntimeError, match="has no parameters before it knows"):
        late.parameters()
    late.build(shape[1:])
    for one, other in zip(told.parameters(), late.parameters(), strict=True):
        assert np.array_equal(one.data, other.data) and one.name == other.name
    assert repr(late) == repr(told)


def test_shapes_of_parameters_and_results():
    x = np.zeros((2, 9, 8, 6), np.float32)
    for layer, shapes, result in (
        (nn.Conv2d(6, 4, (3, 2)), [(3, 2, 6, 4), (4,)], (2, 7, 7, 4)),
        (
            nn.Conv2d(6, 4, 3, stride=2, padding="same", groups=2),
            [(3, 3, 3, 4), (4,)],
            (2, 5, 4, 4),
        ),
        (nn.DepthwiseConv2d(6, 3, multiplier=2), [(3, 3, 6, 2), (12,)], (2, 7, 6, 12)),
        (
            nn.SeparableConv2d(6, 4, 3, multiplier=2),
            [(3, 3, 6, 2), (1, 1, 12, 4), (4,)],
            (2, 7, 6, 4),
        ),
        (nn.ConvTranspose2d(6, 4, 3, stride=2), [(3, 3, 4, 6), (4,)], (2, 19, 17, 4)),
        (
            nn.ConvTranspose2d(6, 4, 3, stride=2, padding="same"),
            [(3, 3, 4, 6), (4,)],
            (2, 18, 16, 4),
        ),
    ):
        assert [p.shape for p in layer.parameters()] == shapes
        y = layer(x)
        assert y.shape == result and y.dtype == np.float32
    assert [name for name, _ in nn.SeparableConv2d(6, 4, 3).named_parameters()] == [
        "depthwise.W", "pointwise.W", "pointwise.b",
    ]  # fmt: skip


def test_a_layer_is_its_formula():
    layer, x = nn.Conv2d(2, 3, 2, stride=2, rng=0, dtype=np.float64), RNG.normal(size=IMAGES)
    layer.b.data[...] = [1, 2, 3]
    assert np.array_equal(layer(x).data, conv2d(x, layer.W.data, 2) + [1, 2, 3])


def test_depthwise_is_a_convolution_in_groups_of_one_channel():
    one = nn.DepthwiseConv2d(3, 2, multiplier=2, rng=0)
    other = nn.Conv2d(3, 6, 2, groups=3, rng=1)
    other.W.data[...] = one.W.data.reshape(2, 2, 1, 6)
    x = RNG.normal(size=(2, 4, 4, 3))
    assert np.array_equal(one(x).data, other(x).data)


def test_a_models_precision_is_its_own():
    layer = nn.Conv2d(1, 2, 2, rng=0)
    for x in (np.ones((1, 3, 3, 1)), np.ones((1, 3, 3, 1), int), [[[[1], [2]], [[3], [4]]]]):
        y = layer(x)
        assert y.dtype == np.float32
        y.sum().backward()
        assert layer.W.grad.dtype == np.float32


def test_repr():
    assert repr(nn.Conv2d(3, 16, 3)) == "Conv2d(3, 16, 3)"
    assert (
        repr(nn.Conv2d(4, 8, (3, 1), stride=2, padding="same", dilation=1, groups=4, bias=False))
        == "Conv2d(4, 8, (3, 1), stride=2, padding='same', groups=4, bias=False)"
    )
    assert repr(nn.Conv1d(None, 8, 3, padding="causal")) == "Conv1d(None, 8, 3, padding='causal')"
    assert repr(nn.DepthwiseConv2d(3, 3, multiplier=2)) == "DepthwiseConv2d(3, 3, multiplier=2)"
    assert repr(nn.SeparableConv2d(3, 4, 3)).splitlines()[1:3] == [
        "  depthwise: DepthwiseConv2d(3, 3, bias=False)", "  pointwise: Conv2d(3, 4, 1)",
    ]  # fmt: skip


# ----------------------------------------------------------------------- refusals, and their words


def refusal(f, *args, kind=ValueError, **kwargs):
    with pytest.raises(kind) as caught:
        f(*args, **kwargs)
    message = str(caught.value)
    assert "\n  at test_convolution.py:" in message  # the user's own line
    return message


@pytest.mark.parametrize(
    ("layer", "shape", "wanted", "hint"),
    [
        (nn.Conv2d(1, 2, 3), (32, 28, 28), "images (N, H, W, C) with C = 1",
         "x[..., None], if the channel axis is missing"),
        (nn.Conv2d(3, 2, 3), (28, 28, 3), "images (N, H, W, C) with C = 3", "x[None], if it is one image"),
        (nn.Conv2d(3, 2, 3), (32, 3, 28, 28), "images (N, H, W, C) with C = 3",
         "np.transpose(x, (0, 2, 3, 1)), if the channels come first in x"),
        (nn.Conv2d(3, 2, 3), (32, 28, 28, 1), "images (N, H, W, C) with C = 3",
         "Conv2d(1, ...) here, or a layer before it that gives 3 channels"),
        (nn.Conv1d(3, 2, 3), (32, 3, 9), "sequences (N, T, C) with C = 3", "np.transpose(x, (0, 2, 1))"),
        (nn.ConvTranspose2d(3, 2, 3), (32, 48), "images (N, H, W, C) with C = 3",
         "Reshape(...) before this layer, to (N, H, W, C)"),
        (nn.DepthwiseConv2d(3, 3), (2, 9, 9, 4), "images (N, H, W, C) with C = 3", "DepthwiseConv2d(4, ...)"),
    ],
)  # fmt: skip
def test_an_x_that_does_not_fit(layer, shape, wanted, hint):
    message = refusal(layer, np.zeros(shape))
    assert f"{layer!r} got x of shape {shape}: it takes {wanted}." in message
    assert f"Try: {hint}" in message


def test_a_layer_deep_inside_is_named_by_its_path():
    model = nn.Sequential(
        nn.Sequential(nn.SeparableConv2d(3, 4, 3, rng=0)), nn.Conv2d(4, 2, 5, rng=0)
    )
    message = refusal(model, np.zeros((2, 8, 8, 1)))
    assert message.startswith(
        "layer 0.0.depthwise, DepthwiseConv2d(3, 3, bias=False), got x of shape"
    )
    message = refusal(model, np.zeros((2, 6, 9, 3)))
    assert message.startswith(
        "layer 1, Conv2d(4, 2, 5): conv2d(x (2, 4, 7, 4) float32, W (5, 5, 4, 2) float32): a "
        "window of (5, 5) is larger than the image, (4, 7)"
    )
    assert 'Try: a smaller window, or padding="same"' in message


def test_what_a_first_x_cannot_tell_leaves_the_layer_as_it_was():
    layer = nn.Conv2d(None, 4, 3, groups=2, rng=0)
    assert "x[..., None]" in refusal(layer, np.zeros((2, 8, 8)))
    message = refusal(layer, np.zeros((2, 8, 8, 3)))
    assert "groups=2 must divide inputs=3 and outputs=4, but inputs leaves 1" in message
    assert layer(np.zeros((2, 8, 8, 6))).shape == (2, 6, 6, 4)
    assert "outputs leaves 1" in refusal(nn.Conv2d, 4, 3, 3, groups=2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stride": 0}, "stride is a whole number from 1"),
        ({"stride": (1, 2, 3)}, "stride is a whole number from 1"),
        ({"dilation": 1.5}, "dilation is a whole number from 1"),
        ({"padding": "causal"}, "padding is one of valid, same."),
        ({"padding": -1}, "padding is a word or p or"),
        ({"groups": 0}, "groups=0): a whole number, 1 or more"),
    ],
)
def test_settings_are_refused_before_there_is_an_x(settings, words):
    message = refusal(nn.Conv2d, None, 4, 3, **settings)
    assert message.startswith("Conv2d(") and words in message


def test_sizes_and_starts_are_refused_too():
    assert "Conv2d(outputs=0): a whole number" in refusal(nn.Conv2d, 3, 0, 3)
    assert "multiplier=0): a whole number" in refusal(nn.SeparableConv2d, 3, 4, 3, multiplier=0)
    assert "size is a whole number from 1" in refusal(nn.Conv1d, 3, 4, (3, 3))
    assert "padding is one of valid, same, causal" in refusal(nn.Conv1d, 3, 4, 3, padding="full")
    message = refusal(nn.Conv2d, 3, 4, 3, init="zeros", kind=TypeError)
    assert "Conv2d(init='zeros'): a function" in message
    with pytest.raises(TypeError, match="Conv2d has no argument 'strides'"):
        nn.Conv2d(3, 4, 3, strides=2)


def test_gradients_flow_to_x_and_parameters():
    layer, x = nn.Conv2d(2, 3, 2, rng=0), Tensor(np.ones(IMAGES, np.float32), requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == IMAGES and (layer.b.grad == 2 * 4 * 3).all()


def test_output_padding_that_cannot_be():
    with pytest.raises(ValueError, match=r"output_padding=2, stride=2(.|\n)*from 0 to stride - 1"):
        nn.ConvTranspose2d(2, 2, 3, stride=2, output_padding=2)(np.ones((1, 2, 2, 2)))
    with pytest.raises(ValueError, match="groups=3 must divide inputs=4 and outputs=6"):
        nn.ConvTranspose2d(4, 6, 3, groups=3)
