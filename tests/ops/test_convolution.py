"""Convolution and pooling: the fast way against the plain one, and what is said when shapes do not fit.

Differences to order two, float32 and adjointness of every row are in test_rows.py; TensorFlow is asked
in test_tensorflow_convolution.py.
"""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import (
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    convolution,
    fold,
    max_pool1d,
    max_pool2d,
    pooling,
    unfold,
)

RNG = np.random.default_rng(0)


def draw(*shape, dtype=np.float64):
    return RNG.normal(size=shape).astype(dtype)


def results(f, *arrays):
    """f, and its gradients for some fixed dL/dy."""
    ts = [Tensor(a, requires_grad=True) for a in arrays]
    y = f(*ts)
    y.backward(np.sin(np.arange(y.size)).reshape(y.shape))
    return [y.data, *(t.grad for t in ts)]


def assert_same(f, plain, *arrays, tolerance=1e-12):
    for mine, other in zip(results(f, *arrays), results(plain, *arrays), strict=True):
        assert mine.shape == other.shape
        assert np.allclose(mine, other, rtol=tolerance, atol=tolerance)


SETTINGS = [
    {"stride": stride, "padding": padding, "dilation": dilation}
    for stride, padding, dilation in itertools.product(
        (1, 2, (3, 1)), ("valid", "same", ((2, 0), (1, 4))), (1, (2, 3))
    )
]


class TestTheFastWayIsThePlainWay:
    @pytest.mark.parametrize("settings", SETTINGS, ids=str)
    @pytest.mark.parametrize(
        ("image", "kernel", "groups"),
        [
            ((7, 8, 1), (3, 2, 1, 4), 1),  # few numbers in a row of a patch: the other arrangement
            ((7, 8, 16), (3, 2, 16, 3), 1),
            ((7, 8, 4), (3, 2, 2, 6), 2),
            ((7, 8, 40), (2, 2, 20, 2), 2),
            ((7, 8, 3), (3, 2, 1, 3), 3),  # depthwise
            ((7, 8, 3), (3, 2, 1, 6), 3),  # two outputs per channel
        ],
        ids=["one-channel", "channels", "groups", "wide-groups", "depthwise", "multiplier"],
    )
    def test_conv2d(self, image, kernel, groups, settings):
        assert_same(
            lambda x, w: conv2d(x, w, groups=groups, **settings),
            lambda x, w: convolution.plain_conv2d(x, w, groups=groups, **settings),
            draw(3, *image), draw(*kernel),
        )  # fmt: skip

    @pytest.mark.parametrize("settings", SETTINGS, ids=str)
    def test_conv_transpose2d(self, settings):
        if settings["padding"] not in ("valid", "same"):
            settings = {**settings, "padding": ((1, 0), (0, 1))}
        assert_same(
            lambda x, w: conv_transpose2d(x, w, **settings),
            lambda x, w: convolution.plain_conv_transpose2d(x, w, **settings),
            draw(2, 4, 5, 3), draw(3, 2, 2, 3),
        )  # fmt: skip

    @pytest.mark.parametrize("stride", [1, 2])
    @pytest.mark.parametrize("cache", [1, 14_000, 200_000])  # 1 row; 2 or 3 rows; 3 images, then 2
    def test_when_images_are_cut_into_rows(self, cache, stride, monkeypatch):
        x, w = draw(5, 9, 6, 16), draw(3, 3, 16, 4)
        plain = results(lambda x, w: convolution.plain_conv2d(x, w, stride, "same"), x, w)
        monkeypatch.setattr(convolution, "CACHE", cache)
        for a, b in zip(
            results(lambda x, w: conv2d(x, w, stride, "same"), x, w), plain, strict=True
        ):
            assert np.allclose(a, b, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("groups", [2, 4])
    def test_when_grouped_images_are_cut(self, groups, monkeypatch):
        x, w = draw(5, 6, 6, 4), draw(3, 3, 4 // groups, 4)
        plain = results(lambda x, w: convolution.plain_conv2d(x, w, 2, groups=groups), x, w)
        monkeypatch.setattr(convolution, "CACHE", 500)
        for a, b in zip(
            results(lambda x, w: conv2d(x, w, 2, groups=groups), x, w), plain, strict=True
        ):
            assert np.allclose(a, b, rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("size", [1, 2, (3, 2)])
    @pytest.mark.parametrize("stride", [None, 1, 3])
    def test_pools(self, size, stride):
        x = draw(2, 7, 8, 3)
        x[0, :3, :3] = 2.0  # ties
        for fast, plain in (
            (max_pool2d, pooling.plain_max_pool2d), (avg_pool2d, pooling.plain_avg_pool2d),
        ):  # fmt: skip
            assert_same(
                lambda x, fast=fast: fast(x, size, stride),
                lambda x, plain=plain: plain(x, size, stride),
                x,
            )

    @pytest.mark.parametrize("outputs", [3, 6])
    def test_depthwise_strides_along_one_axis(self, outputs):
        """Only along W do they end a run of numbers."""
        x, w = draw(2, 6, 8, 3), draw(3, 2, 1, outputs)
        for stride in ((1, 2), (2, 1)):
            assert_same(
                lambda x, w, s=stride: conv2d(x, w, s, "same", groups=3),
                lambda x, w, s=stride: convolution.plain_conv2d(x, w, s, "same", groups=3),
                x, w,
            )  # fmt: skip

    @pytest.mark.parametrize("groups", [1, 2, 4])
    def test_an_offset(self, groups):
        x, w, b = draw(2, 6, 5, 4), draw(3, 2, 4 // groups, 8), draw(8)
        assert_same(
            lambda x, w, b: conv2d(x, w, 2, "same", groups=groups, b=b),
            lambda x, w, b: convolution.plain_conv2d(x, w, 2, "same", groups=groups) + b,
            x, w, b,
        )  # fmt: skip
        assert_same(
            lambda x, w, b: conv1d(x, w, 2, "causal", b=b),
            lambda x, w, b: conv1d(x, w, 2, "causal") + b,
            x[0], draw(2, 4, 8), b,
        )  # fmt: skip

    def test_an_offset_of_another_precision(self):
        x, w = draw(1, 4, 4, 2, dtype=np.float32), draw(2, 2, 2, 3, dtype=np.float32)
        assert conv2d(x, w, b=np.ones(3, np.float32)).dtype == np.float32
        assert conv2d(x, w, b=draw(3)).dtype == np.float64

    def test_a_convolution_by_hand(self):
        """Four nested sums, written out."""
        x, w = draw(2, 5, 6, 2), draw(2, 3, 2, 3)
        y = conv2d(x, w, stride=(1, 2), padding=((1, 0), (0, 2)), dilation=(2, 1))
        zeros = np.zeros((2, 6, 8, 2))
        zeros[:, 1:, :6] = x
        assert y.shape == (2, 4, 3, 3)
        for n, p, q, o in np.ndindex(y.shape):
            by_hand = sum(
                zeros[n, p + 2 * i, 2 * q + j, c] * w[i, j, c, o] for i, j, c in np.ndindex(2, 3, 2)
            )
            assert np.isclose(y[n, p, q, o], by_hand, rtol=1e-13, atol=1e-13)


class TestShapesAtTheEdge:
    def test_fold_counts_how_often_a_cell_is_seen(self):
        x = np.ones((1, 3, 3, 1))
        assert fold(unfold(x, 2), (3, 3))[0, :, :, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]

    @pytest.mark.parametrize(
        ("short", "whole"),
        [(1, ((1, 1), (1, 1))), ((1, 2), ((1, 1), (2, 2))), ((2, (0, 1)), ((2, 2), (0, 1)))],
    )
    def test_padding_in_short(self, short, whole):
        x, w = draw(2, 5, 6, 3), draw(3, 2, 3, 4)
        assert np.array_equal(conv2d(x, w, padding=short), conv2d(x, w, padding=whole))

    def test_padding_of_sequences_in_short(self):
        x, w = draw(2, 6, 3), draw(2, 3, 4)
        assert np.array_equal(conv1d(x, w, padding=1), conv1d(x, w, padding=(1, 1)))

    def test_no_images(self):
        for groups in (1, 4):
            y, dx, dw = results(
                lambda x, w, groups=groups: conv2d(x, w, 2, groups=groups),
                np.zeros((0, 5, 5, 4)), draw(3, 3, 4 // groups, 4),
            )  # fmt: skip
            assert y.shape == (0, 2, 2, 4) and dx.shape == (0, 5, 5, 4)
            assert not dw.any()
        for pool in (max_pool2d, avg_pool2d):
            assert results(lambda x, pool=pool: pool(x, 2), np.zeros((0, 5, 5, 4)))[1].size == 0

    @pytest.mark.parametrize("groups", [1, 2, 6])
    def test_arrays_that_are_not_contiguous(self, groups):
        whole, kernels = draw(3, 10, 6, 9), draw(4, 6 // groups, 3, 3)
        x = np.transpose(whole, (0, 3, 1, 2))[:, ::2, ::-1, :]  # channels were not the last axis
        x, w = x[..., :6], np.transpose(kernels[:2].repeat(3, 0), (3, 2, 1, 0))
        assert not x.flags.c_contiguous and not w.flags.c_contiguous
        for pad in ("valid", "same"):
            there = results(lambda x, w, pad=pad: conv2d(x, w, 1, pad, groups=groups), x, w)
            copied = results(
                lambda x, w, pad=pad: conv2d(x, w, 1, pad, groups=groups), x.copy(), w.copy()
            )
            assert all(np.allclose(a, b, atol=1e-13) for a, b in zip(there, copied, strict=True))

    def test_a_gradient_that_is_a_view(self):
        """sum() sends back one number, broadcast: strides of 0."""
        x, w = draw(2, 5, 5, 3), draw(3, 3, 3, 2)
        one, other = Tensor(w, requires_grad=True), Tensor(w, requires_grad=True)
        conv2d(x, one, 2).sum().backward()
        y = conv2d(x, other, 2)
        y.backward(np.ones(y.shape))
        assert np.allclose(one.grad, other.grad, rtol=1e-13)

    def test_inputs_and_gradients_are_left_as_they_were(self):
        x, w, g = draw(2, 4, 4, 3), draw(3, 3, 3, 2), draw(2, 4, 4, 2)
        before = x.copy(), w.copy(), g.copy()
        conv2d(Tensor(x, requires_grad=True), Tensor(w, requires_grad=True), 1, "same").backward(g)
        max_pool2d(Tensor(x, requires_grad=True), 1).sum().backward()
        assert all(np.array_equal(a, b) for a, b in zip((x, w, g), before, strict=True))

    def test_a_pool_of_one_cell_is_a_new_array(self):
        x = draw(1, 2, 2, 1)
        assert not np.shares_memory(max_pool2d(x, 1), x)

    def test_lists_will_do(self):
        x, w = [[[[2.0]]]], [[[[3.0]]]]
        for f in (conv2d, conv_transpose2d):
            assert f(x, w).tolist() == [[[[6.0]]]]
        assert conv_transpose1d(x[0], w[0]).tolist() == [[[6.0]]]
        assert max_pool2d(x, 1).tolist() == fold(unfold(x, 1), [1, 1]).tolist() == x

    def test_dtypes(self):
        single, double = draw(1, 4, 4, 2, dtype=np.float32), draw(3, 3, 2, 2)
        assert conv2d(single, double).dtype == np.float64
        assert conv2d(single, double.astype(np.float32)).dtype == np.float32
        assert avg_pool2d(single, 3, 1, "same").dtype == np.float32
        assert max_pool2d(np.array([[[[3], [-5]]]]), 2, padding="same").tolist() == [[[[3]]]]
        below = conv2d(np.ones((1, 2, 2, 1), int), np.ones((2, 2, 1, 1), int))
        assert below.dtype == int and below.item() == 4


class TestSequences:
    def test_causal_looks_back_only(self):
        x, w = draw(1, 8, 2), draw(3, 2, 2)
        y = conv1d(x, w, padding="causal", dilation=2)
        later = x.copy()
        later[:, 5:] += 1.0
        changed = conv1d(later, w, padding="causal", dilation=2) != y
        assert y.shape == (1, 8, 2)
        assert not changed[:, :5].any() and changed[:, 5:].all()

    def test_they_are_images_of_one_row(self):
        x, w = draw(2, 9, 4), draw(3, 4, 5)
        for f, g, kernel in (
            (conv1d, conv2d, w),
            (conv_transpose1d, conv_transpose2d, w.swapaxes(1, 2)),
        ):
            for padding in ("valid", "same", (1, 0)):
                pairs = padding if isinstance(padding, str) else ((0, 0), padding)
                wide = g(x[:, None], kernel[None], (1, 2), pairs)[:, 0]
                assert np.array_equal(f(x, kernel, 2, padding), wide)
        for f, g in ((max_pool1d, max_pool2d), (avg_pool1d, avg_pool2d)):
            assert np.array_equal(f(x, 3, 2, "same"), g(x[:, None], (1, 3), (1, 2), "same")[:, 0])

    def test_derivatives_to_order_two(self):
        x, w = draw(1, 6, 2), draw(2, 2, 2)
        report = gradcheck(lambda x, w: conv1d(x, w, 2, "causal"), x, w)
        assert report, report
        report = gradcheck(lambda x, w: conv_transpose1d(x, w, 2, "same"), x, w)
        assert report, report


def test_third_derivatives():
    """(x * w)³ summed: the third derivative along one kernel number is 6 Σ x³ under it."""
    x, w = draw(1, 4, 5, 1), np.zeros((2, 2, 1, 1))

    def along(t):
        tap = np.zeros((2, 2, 1, 1))
        tap[1, 0] = 1.0
        return np.sum(conv2d(x, w + t * tap) ** 3)

    third = grad(grad(grad(along)))(0.7)
    assert np.isclose(third, 6 * np.sum(x[:, 1:, :-1] ** 3), rtol=1e-12)


def test_ties_in_a_window_share_the_gradient():
    x = Tensor(np.array([1.0, 3.0, 3.0, 3.0]).reshape(1, 2, 2, 1), requires_grad=True)
    max_pool2d(x, 2).backward(np.full((1, 1, 1, 1), 6.0))
    assert x.grad.ravel().tolist() == [0.0, 2.0, 2.0, 2.0]


def test_more_ties_than_a_byte_can_count():
    x = Tensor(np.ones((1, 16, 16, 1)), requires_grad=True)
    max_pool2d(x, 16).backward(np.full((1, 1, 1, 1), 512.0))
    assert (x.grad == 2.0).all()


def test_padding_takes_no_share_of_a_tie():
    """Windows of zeros are what relu leaves behind, and padding looks like zeros."""
    x = Tensor(np.zeros((1, 3, 3, 1)), requires_grad=True)
    max_pool2d(x, 2, padding="same").sum().backward()
    assert x.grad.ravel().tolist() == [0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5, 1.0]


def test_padding_is_never_the_largest_and_never_counted():
    x = Tensor(-np.arange(1.0, 10).reshape(1, 3, 3, 1), requires_grad=True)
    y = max_pool2d(x, 2, padding="same")
    assert y.data.ravel().tolist() == [-1.0, -3.0, -7.0, -9.0]
    y.sum().backward()
    assert x.grad.ravel().tolist() == [1, 0, 1, 0, 0, 0, 1, 0, 1]
    assert avg_pool2d(x, 2, padding="same").data.ravel().tolist() == [-3.0, -4.5, -7.5, -9.0]


def refusal(f, *args, **kwargs):
    with pytest.raises(ValueError) as caught:
        f(*args, **kwargs)
    message = str(caught.value)
    assert "\n  at test_convolution.py:" in message  # the user's own line
    return message


class TestRefusals:
    x, w = np.zeros((2, 8, 8, 3)), np.zeros((3, 3, 3, 4))

    def test_the_channel_axis_is_missing(self):
        message = refusal(conv2d, np.zeros((2, 28, 28)), np.zeros((3, 3, 1, 4)))
        assert "conv2d(x (2, 28, 28) float64)" in message
        assert "images are (N, H, W, C), and x has 3 axes: is the channel axis missing" in message
        assert "Try: x[..., None] for images of one channel (x[None], if x is one image" in message
        message = refusal(conv1d, np.zeros((2, 28)), np.zeros((3, 1, 4)))
        assert "sequences are (N, T, C)" in message and "x[..., None]" in message
        assert "x has 5 axes" in refusal(max_pool2d, np.zeros((1, 1, 4, 4, 1)), 2)

    def test_channels_that_do_not_agree(self):
        message = refusal(conv2d, Tensor(self.x, name="photos"), np.zeros((3, 3, 1, 4)))
        assert "conv2d(photos (2, 8, 8, 3) float64, w (3, 3, 1, 4) float64)" in message
        assert "x has 3 channels (its last axis), but w takes 1 (axis 2)" in message
        assert "Try: w of shape (3, 3, 3, 4)" in message
        first = refusal(conv2d, np.zeros((2, 3, 8, 8)), self.w)
        assert "np.transpose(x, (0, 2, 3, 1)), if the channels come first in x" in first
        transposed = refusal(conv_transpose2d, self.x, np.zeros((3, 3, 3, 4)))
        assert "w takes 4 (axis 3)" in transposed and "w of shape (3, 3, 3, 3)" in transposed
        grouped = refusal(conv2d, np.zeros((1, 4, 5, 6)), np.zeros((2, 2, 6, 6)), groups=2)
        assert "w takes 6 (axis 2) times groups=2" in grouped

    def test_a_kernel_with_the_wrong_number_of_axes(self):
        message = refusal(conv2d, self.x, np.zeros((3, 3, 4)))
        assert "kernels are (kh, kw, in, out), and w has 3 axes" in message
        message = refusal(conv_transpose1d, np.zeros((2, 8, 3)), np.zeros((3, 4)))
        assert "kernels are (k, out, in), and w has 2 axes" in message
        assert "a kernel without a tap" in refusal(conv2d, self.x, np.zeros((0, 3, 3, 4)))

    def test_a_kernel_larger_than_the_image(self):
        message = refusal(conv2d, np.zeros((1, 2, 8, 3)), self.w)
        assert "a window of (3, 3) is larger than the image, (2, 8)" in message
        assert 'Try: a smaller window, or padding="same"' in message
        message = refusal(conv2d, self.x, self.w, dilation=5, padding=((1, 1), (0, 0)))
        assert "with dilation (5, 5) spanning (11, 11)" in message
        assert "the image with its padding, (10, 8)" in message
        assert "than the sequence, (2,)" in refusal(conv1d, np.zeros((1, 2, 3)), self.w[0])
        assert "a window of (9, 9)" in refusal(avg_pool2d, self.x, 9)

    @pytest.mark.parametrize("stride", [0, -1, 1.5, (1, 0), (1, 2, 3), "2", True])
    def test_strides(self, stride):
        message = refusal(conv2d, self.x, self.w, stride)
        assert f"stride={stride!r}" in message
        assert "stride is a whole number from 1, or a pair of them" in message
        assert "Try: stride=1" in message

    def test_other_numbers_below_one(self):
        assert "dilation is a whole" in refusal(conv2d, self.x, self.w, dilation=0)
        assert "size is a whole number" in refusal(max_pool2d, self.x, 0)
        assert "stride is a whole number from 1." in refusal(conv1d, self.x[0], self.w[0], (1, 2))

    def test_groups(self):
        message = refusal(conv2d, np.zeros((1, 5, 5, 6)), np.zeros((3, 3, 2, 4)), groups=3)
        assert "groups=3 must divide the channels of x (6) and the outputs of w (4)" in message
        assert "a divisor of 2" in message
        assert "groups=0" in refusal(conv2d, self.x, self.w, groups=0)

    @pytest.mark.parametrize(
        "padding", [-1, 0.5, (1, 1, 1), (1, (1, -1)), ((1, 1), (1, 0.5)), None]
    )
    def test_padding_that_is_not_pairs(self, padding):
        message = refusal(conv2d, self.x, self.w, padding=padding)
        assert (
            "padding is a word or p or (along H, along W), each p or (before, after), none below 0"
            in message
        )

    def test_an_offset_that_does_not_fit(self):
        message = refusal(conv2d, self.x, self.w, b=np.ones(3))
        assert "b (3,) float64): b is one number for each of the 4 outputs" in message
        assert "Try: b of shape (4,)" in message

    def test_padding_by_an_unknown_word(self):
        message = refusal(conv2d, self.x, self.w, padding="causal")
        assert "padding is one of valid, same." in message
        assert "valid, same, causal" in refusal(conv1d, self.x[0], self.w[0], padding="full")

    def test_a_pool_of_nothing_but_padding(self):
        message = refusal(max_pool2d, self.x, 2, padding=((2, 0), (0, 0)))
        assert "with 2 cells of padding a window of 2 would see nothing else" in message

    def test_a_transposed_convolution_cut_to_nothing(self):
        message = refusal(conv_transpose1d, np.zeros((1, 2, 3)), np.zeros((2, 4, 3)), 1, (2, 1))
        assert "padding=(2, 1) cuts off all that w paints" in message

    def test_patches_that_do_not_fit_the_image(self):
        message = refusal(fold, np.zeros((1, 2, 2, 2, 2, 1)), (4, 4))
        assert (
            "an image (4, 4) has (3, 3) windows of (2, 2) with these settings, and not (2, 2)"
            in message
        )
        assert "patches are (N, rows, columns, kh, kw, C)" in refusal(
            fold, np.zeros((1, 2, 2)), (4, 4)
        )
