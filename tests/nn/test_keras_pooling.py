"""Pools against Keras in float64: values and gradients."""

import itertools

import numpy as np
import pytest

from tests.nn.agreement import assert_functions_agree, assert_layers_agree, close, draw
from tinygrad_edu import nn

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.usefixtures("keras_in_float64")
K = keras.layers
PADS = ("valid", "same")


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [*itertools.product((2, (3, 1)), (None, 1, (2, 3)), PADS)]
)
def test_pools(size, stride, padding):
    for ours, theirs in ((nn.MaxPool2d, K.MaxPooling2D), (nn.AvgPool2d, K.AveragePooling2D)):
        assert_layers_agree(
            ours(size, stride=stride, padding=padding),
            theirs(size, stride, padding),
            draw(2, 7, 8, 3),
        )
    if not isinstance(size, tuple) and not isinstance(stride, tuple):
        for ours, theirs in ((nn.MaxPool1d, K.MaxPooling1D), (nn.AvgPool1d, K.AveragePooling1D)):
            assert_layers_agree(
                ours(size, stride=stride, padding=padding),
                theirs(size, stride, padding),
                draw(2, 7, 3),
            )


def of_windows(x, size, stride, padding, of):
    """The pool of volumes as a definition: NaN around x, and `of` of every window without NaN."""
    if padding == "same":
        more = [
            max((-(-n // s) - 1) * s + k - n, 0)
            for n, k, s in zip(x.shape[1:4], size, stride, strict=True)
        ]
        sides = [(m // 2, m - m // 2) for m in more]
        x = np.pad(x, [(0, 0), *sides, (0, 0)], constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2, 3))
    a, b, c = stride
    return of(windows[:, ::a, ::b, ::c], axis=(-1, -2, -3))


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [*itertools.product(((2, 2, 2), (3, 1, 2)), ((2, 2, 2), (1, 1, 1), (2, 3, 1)), PADS)],
)
def test_pools_of_volumes(size, stride, padding):
    """TensorFlow has them in float32 only. (Gradients: test_every_layer.py)"""
    x = draw(2, 5, 4, 6, 3)
    for ours, theirs, of in (
        (nn.MaxPool3d, K.MaxPooling3D, np.nanmax), (nn.AvgPool3d, K.AveragePooling3D, np.nanmean),
    ):  # fmt: skip
        y = ours(size, stride=stride, padding=padding)(x)
        assert np.allclose(y, of_windows(x, size, stride, padding, of), rtol=1e-13, atol=0)
        single = x.astype(np.float32)
        twin = theirs(size, stride, padding, dtype="float32")(single).numpy()
        assert np.allclose(ours(size, stride=stride, padding=padding)(single), twin, atol=1e-6)


SHAPES = {1: (2, 4, 3), 2: (2, 4, 5, 3), 3: (2, 4, 5, 3, 2)}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axes", SHAPES)
def test_global_pools(axes, keepdims):
    for ours, theirs in (
        ("GlobalAvgPool", "GlobalAveragePooling"),
        ("GlobalMaxPool", "GlobalMaxPooling"),
    ):
        mine, other = getattr(nn, f"{ours}{axes}d"), getattr(K, f"{theirs}{axes}D")
        assert_layers_agree(mine(keepdims=keepdims), other(keepdims=keepdims), draw(*SHAPES[axes]))


def test_a_masked_mean():
    mask = np.array([[True, False, True, True], [False, True, False, False]])
    ours, theirs = nn.GlobalAvgPool1d(), K.GlobalAveragePooling1D()
    assert_functions_agree(
        lambda x: ours(x, mask=mask),
        lambda x: theirs(x, mask=tf.constant(mask)),
        [],
        [],
        draw(2, 4, 3),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("axes", SHAPES)
def test_adaptive_pools(axes, size):
    """Values alone: Keras's gradient of the largest has numbers like 1e247 in it, on TensorFlow."""
    sizes = (size, 2, 3)[:axes] if axes > 1 else size
    for ours, theirs in (("AvgPool", "AveragePooling"), ("MaxPool", "MaxPooling")):
        mine, other = getattr(nn, f"Adaptive{ours}{axes}d"), getattr(K, f"Adaptive{theirs}{axes}D")
        if axes < 3:
            x = draw(*SHAPES[axes])
            close(mine(sizes)(x), other(sizes)(x))
        else:  # TensorFlow has them in float32 only
            x = draw(*SHAPES[axes]).astype(np.float32)
            assert np.allclose(mine(sizes)(x), other(sizes, dtype="float32")(x), atol=1e-6)
