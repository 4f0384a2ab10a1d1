"""Normalizations: moments of what comes out, moving averages, and what is refused.

(Derivatives: test_every_layer.py. That they equal Keras's: test_keras_normalization.py)
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn

RNG = np.random.default_rng(0)
F64 = {"dtype": np.float64}


def drawn(build):
    """A layer whose parameters and statistics are no zeros and ones."""
    layer = build()
    for tensor in [*layer.parameters(), *(buffer for _, buffer in layer.named_buffers())]:
        tensor.data[...] = RNG.uniform(0.5, 1.5, tensor.shape)
    return layer


def test_what_comes_out_has_mean_0_and_variance_1():
    x = (50 + 3 * RNG.normal(size=(8, 6, 6, 4))).astype(np.float32)
    for layer, axes in (
        (nn.BatchNorm(eps=0), (0, 1, 2)), (nn.LayerNorm(eps=0), -1),
        (nn.GroupNorm(1, eps=0), (1, 2, 3)), (nn.InstanceNorm(eps=0), (1, 2)),
    ):  # fmt: skip
        y = layer(x).data
        assert y.dtype == np.float32 and y.shape == x.shape
        assert abs(y.mean(axes)).max() < 1e-3 and abs(y.var(axes) - 1).max() < 1e-3
    y = nn.RMSNorm(eps=0)(x).data
    assert np.allclose((y * y).mean(-1), 1, rtol=1e-5)


def test_groups_of_all_and_of_one():
    x = RNG.normal(size=(3, 4, 4, 6))
    about = {"center": False, "scale": False, **F64}
    one, each = nn.GroupNorm(1, 6, **about)(x), nn.GroupNorm(6, 6, **about)(x)
    flat = nn.LayerNorm(96, **about)(x.reshape(3, 96))
    assert np.allclose(one, flat.reshape(x.shape), rtol=1e-12, atol=1e-12)
    assert np.allclose(each, nn.InstanceNorm(6, **about)(x), rtol=1e-12, atol=1e-12)


class TestWhatBatchNormRemembers:
    x = 1 + 2 * RNG.normal(size=(6, 3, 2))

    def test_in_training_it_moves_a_little(self):
        layer = nn.BatchNorm(2, momentum=0.9, **F64)
        layer(self.x)
        assert np.allclose(layer.moving_mean.data, 0.1 * self.x.mean((0, 1)), rtol=1e-13)
        assert np.allclose(layer.moving_variance.data, 0.9 + 0.1 * self.x.var((0, 1)), rtol=1e-13)
        assert [path for path, _ in layer.named_buffers()] == ["moving_mean", "moving_variance"]

    def test_in_eval_it_is_used_and_stays(self):
        layer = nn.BatchNorm(2, momentum=0, **F64)
        y = layer(self.x).data
        again = layer.eval()(self.x)
        assert np.allclose(y, again.data, rtol=1e-12)  # all of it was remembered
        before = layer.state_dict()
        layer(self.x + 7)
        assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())
        assert np.array_equal(layer(self.x[:1]).data, again.data[:1])  # samples for themselves

    def test_frozen_is_as_eval(self):
        layer = drawn(lambda: nn.BatchNorm(2, **F64))
        wanted = layer.eval()(self.x).data
        layer.train().freeze()
        before = layer.state_dict()
        assert np.array_equal(layer(self.x).data, wanted)
        assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())
        layer.unfreeze()
        assert not np.allclose(layer(self.x).data, wanted)

    def test_the_graph_does_not_see_it_move(self):
        layer, x = drawn(lambda: nn.BatchNorm(2, **F64)), Tensor(self.x, requires_grad=True)
        y = layer.eval()(x)
        slope = layer.gamma.data / np.sqrt(layer.moving_variance.data + 1e-3)
        layer.train()(self.x)
        layer.moving_variance.data[...] = 100
        y.sum().backward()
        assert np.allclose(x.grad, slope, rtol=1e-13)

    def test_float32_stays_float32(self):
        layer = nn.BatchNorm(2)
        assert layer(self.x).dtype == layer.eval()(self.x).dtype == np.float32
        assert {b.dtype for _, b in layer.named_buffers()} == {np.dtype(np.float32)}

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_bad_numbers_move_nothing(self, bad):
        layer = nn.Sequential(nn.BatchNorm(2))
        x = self.x.copy()
        x[2, 1, 1] = bad
        before = layer.state_dict()
        with np.errstate(invalid="ignore"), pytest.raises(ValueError) as caught:
            layer(x)
        message = str(caught.value)
        assert "layer 0, BatchNorm(2), got x of shape (6, 3, 2) with NaN, infinity" in message
        assert (
            "in 1 of 2 channels, the first 1" in message and "at test_normalization.py" in message
        )
        assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())

    def test_an_empty_batch(self):
        layer = nn.BatchNorm(2)
        with pytest.raises(ValueError, match=r"BatchNorm\(2\) got an empty batch, \(0, 2\)"):
            layer(np.ones((0, 2)))
        assert layer.eval()(np.ones((0, 2))).shape == (0, 2)


def test_empty_batches_of_the_others():
    for layer in (nn.LayerNorm(3), nn.RMSNorm(3), nn.GroupNorm(3, 3), nn.InstanceNorm(3)):
        assert layer(np.ones((0, 2, 3))).shape == (0, 2, 3)


def test_numbers_without_floats_are_taken_in_our_precision():
    plain = nn.LayerNorm(3, center=False, scale=False)
    assert plain([[1, 2, 3]]).dtype == np.float32
    assert plain(np.ones((2, 3))).dtype == np.float64


def test_repr():
    assert repr(nn.BatchNorm(3, momentum=0.9)) == "BatchNorm(3, momentum=0.9)"
    assert repr(nn.BatchNorm()) == "BatchNorm(None)"
    assert repr(nn.LayerNorm(3, eps=1e-5, scale=False)) == "LayerNorm(3, eps=1e-05, scale=False)"
    assert repr(nn.GroupNorm(2, 6)) == "GroupNorm(2, 6)" and repr(nn.RMSNorm(4)) == "RMSNorm(4)"


@pytest.mark.parametrize(
    ("layer", "shape", "wanted", "hint"),
    [
        (nn.BatchNorm(3), (4, 5), "it takes (N, ..., 3)", "BatchNorm(5) here"),
        (nn.BatchNorm(3), (4, 3, 5, 5), "it takes (N, ..., 3)", "np.transpose(x, (0, 2, 3, 1))"),
        (nn.BatchNorm(), (3,), "it takes (N, ..., channels)", "x[None], if it is one sample"),
        (nn.LayerNorm(3), (2, 4), "it takes (..., 3)", "LayerNorm(4) here"),
        (nn.InstanceNorm(3), (4, 3), "it takes (N, at least one axis, 3)", "x[None]"),
    ],
)
def test_an_x_that_does_not_fit(layer, shape, wanted, hint):
    with pytest.raises(ValueError) as caught:
        nn.Sequential(layer)(np.zeros(shape))
    message = str(caught.value)
    assert f"layer 0, {layer!r}, got x of shape {shape}: {wanted}" in message
    assert f"Try: {hint}" in message and "at test_normalization.py:" in message


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.BatchNorm(0), r"BatchNorm\(inputs=0\): a whole number"),
        (
            lambda: nn.BatchNorm(3, momentum=1.5),
            r"momentum=1.5\): the share(.|\n)*Try: momentum=0.99",
        ),
        (lambda: nn.LayerNorm(3, eps=-1), r"LayerNorm\(eps=-1\): 0 or more"),
        (lambda: nn.GroupNorm(4, 6), r"6 channels do not make 4 groups(.|\n)*Try: groups=2"),
        (lambda: nn.GroupNorm(0, 6), r"GroupNorm\(groups=0\): a whole number"),
    ],
)
def test_settings_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_groups_that_do_not_fit_leave_the_layer_as_it_was():
    layer = nn.GroupNorm(4)
    with pytest.raises(ValueError, match="6 channels do not make 4 groups"):
        layer(np.ones((2, 6)))
    assert layer(np.ones((2, 8))).shape == (2, 8)


def test_one_value_has_no_variance():
    layer = nn.BatchNorm(2)
    with pytest.warns(
        UserWarning, match=r"BatchNorm.2. got x of shape .1, 2.(.|\n)*variance 0(.|\n)*model.eval"
    ):
        y = layer(np.ones((1, 2)))
    assert not y.data.any()
    layer(np.ones((1, 3, 2)))
    layer.eval()(np.ones((1, 2)))


@pytest.mark.parametrize("mask", [None, np.ones(20, bool)])
def test_a_variance_beyond_float16_is_refused(mask):
    layer = nn.BatchNorm(2, dtype=np.float16)
    x = np.outer(np.linspace(-1, 1, 20), [1, 400]).astype(np.float16)
    layer(x, mask)  # a variance of 59,000
    before = layer.moving_variance.data.copy()
    with pytest.raises(ValueError, match=r"1 of 2 channels, the first 1(.|\n)*dtype=np.float32"):
        layer(2 * x, mask)
    assert np.array_equal(layer.moving_variance.data, before) and np.isfinite(before).all()
