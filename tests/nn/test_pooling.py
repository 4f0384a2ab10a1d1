"""Pools: results by hand, and what they refuse.

(Derivatives: test_every_layer.py. That they equal Keras's: test_keras_pooling.py)
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn


def test_results_by_hand():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    assert nn.MaxPool2d()(x).ravel().tolist() == [5, 7, 13, 15]
    assert nn.AvgPool2d(2)(x).ravel().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert nn.GlobalAvgPool2d()(x).tolist() == [[7.5]] and nn.GlobalMaxPool2d()(x).tolist() == [
        [15]
    ]
    assert nn.MaxPool2d(2)(x.tolist()).shape == (1, 2, 2, 1)


def test_repr():
    assert repr(nn.MaxPool2d()) == "MaxPool2d(2)"
    assert (
        repr(nn.AvgPool1d(3, stride=1, padding="same")) == "AvgPool1d(3, stride=1, padding='same')"
    )
    assert repr(nn.GlobalAvgPool2d()) == "GlobalAvgPool2d()"


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (
            nn.MaxPool2d(2),
            (2, 8, 8),
            "layer 0, MaxPool2d(2), got x of shape (2, 8, 8): it takes images",
        ),
        (
            nn.GlobalAvgPool1d(),
            (2, 8),
            "layer 0, GlobalAvgPool1d(), got x of shape (2, 8): it takes seq",
        ),
        (nn.AvgPool2d(9), (2, 8, 8, 1), "a window of (9, 9) is larger than the image, (8, 8)"),
    ],
)
def test_an_x_that_does_not_fit(layer, shape, words):
    with pytest.raises(ValueError) as caught:
        nn.Sequential(layer)(np.zeros(shape))
    message = str(caught.value)
    assert message.startswith("layer 0, ") and words in message
    assert "at test_pooling.py:" in message and "Try: " in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 0}, "MaxPool2d(size=0): size is a whole number from 1"),
        ({"stride": 0}, "MaxPool2d(stride=0): stride is a whole number from 1"),
        ({"padding": "causal"}, "MaxPool2d(padding='causal'): padding is one of valid, same"),
    ],
)
def test_settings_are_refused_before_there_is_an_x(settings, words):
    with pytest.raises(ValueError) as caught:
        nn.MaxPool2d(**settings)
    assert words in str(caught.value)


@pytest.mark.parametrize("kind", [nn.GlobalAvgPool1d, nn.GlobalMaxPool1d])
def test_padding_is_not_pooled(kind):
    """Not even if it is NaN; and of nothing the pool is 0."""
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    mask = np.array([[1, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], bool)
    x[~mask] = np.nan
    t = Tensor(x, requires_grad=True)
    y = kind()(t, mask=mask)
    y.sum().backward()
    pooled = np.mean if kind is nn.GlobalAvgPool1d else np.max
    assert np.allclose(y.data, [pooled(x[0, ::2], axis=0), x[1, 2], [0, 0]], rtol=1e-15)
    assert np.isfinite(t.grad).all() and not t.grad[~mask].any()
    with pytest.raises(ValueError, match=r"a mask of shape \(4, 3\) for x with places \(3, 4\)"):
        kind()(x, mask=mask.T)
    with pytest.raises(TypeError, match="a mask of float64"):
        kind()(x, mask=mask.astype(float))


def test_volumes_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"it takes volumes \(N, D, H, W, C\)(.|\n)*x\[..., None\]"
    ):
        nn.MaxPool3d()(np.ones((1, 2, 2, 2)))
    with pytest.raises(
        ValueError, match=r"window of \(3, 3, 3\) is larger than the volume \(2, 4, 4\)"
    ):
        nn.AvgPool3d(3)(np.ones((1, 2, 4, 4, 1)))
    with pytest.raises(ValueError, match="size is a whole number from 1, or three of them"):
        nn.MaxPool3d((2, 2))
    with pytest.raises(ValueError, match="each p or .before, after., none below 0"):
        nn.MaxPool3d(2, padding=(1, 1))


def test_the_largest_of_a_volume_shares_its_gradient():
    x = Tensor(np.ones((1, 2, 2, 2, 1)), requires_grad=True)
    nn.MaxPool3d()(x).sum().backward()
    assert np.array_equal(x.grad, np.full(x.shape, 1 / 8))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["AvgPool", "GlobalAvgPool", "AdaptiveAvgPool"])
def test_means_of_large_numbers_in_float16(kind, axes):
    x = Tensor(np.full((1, *[4] * axes, 2), 60_000, np.float16), requires_grad=True)
    pool = getattr(nn, f"{kind}{axes}d")
    settings = {
        "AvgPool": [{"size": 2}, {"size": 3, "padding": "same"}],
        "GlobalAvgPool": [{}],
        "AdaptiveAvgPool": [{"output_size": 2}],
    }[kind]
    means = [pool(**setting)(x) for setting in settings]
    if kind == "GlobalAvgPool":
        means.append(pool()(x, np.ones(x.shape[:-1], bool)))
    for y in means:
        assert y.dtype == np.float16 and (y.data == np.float16(60_000)).all()
        x.grad = None
        y.backward(np.ones(y.shape))
        assert x.grad.dtype == np.float16 and np.isclose(x.grad.sum(), y.size, rtol=1e-2)
