"""The fused binary cross-entropy against the plain one."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.ops import activations

RNG = np.random.default_rng(0)
X, OTHER = RNG.normal(size=(2, 5, 4))
P = RNG.uniform(0.35, 0.65, size=(5, 4))


def test_the_fused_binary_cross_entropy_is_the_plain_one():
    for f in (activations.binary_cross_entropy, activations.plain_binary_cross_entropy):
        x, t = Tensor(X, requires_grad=True), Tensor(P, requires_grad=True)
        y = f(x, t)
        y.backward(OTHER)
        if f is activations.binary_cross_entropy:
            fused = y.data, x.grad, t.grad
    for one, two in zip(fused, (y.data, x.grad, t.grad), strict=True):
        assert np.allclose(one, two, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("shape", "axis"), [((5, 0), -1), ((0, 5), 0), ((0,), 0), ((2, 0, 0), 1)])
def test_a_softmax_of_nothing_is_nothing_and_the_logarithm_of_its_sum_is_that_of_0(shape, axis):
    for f in (activations.softmax, activations.log_softmax, activations.logsumexp):
        x = Tensor(np.zeros(shape), requires_grad=True)
        y = f(x, axis=axis)
        assert y.shape == (
            shape if f is not activations.logsumexp else np.sum(x.data, axis=axis).shape
        )
        assert np.all(y.data == -np.inf)
        y.sum().backward()
        assert x.grad.shape == shape


@pytest.mark.parametrize("axis", [0, -1])
def test_the_softmax_of_one_number_is_constant(axis):
    x = Tensor(3.0, requires_grad=True)
    for f, value in ((activations.softmax, 1.0), (activations.log_softmax, 0.0)):
        y = f(x, axis=axis)
        y.backward()
        assert y.item() == value
        assert x.grad == 0


def test_cross_entropy_of_more_samples_than_float16_counts():
    x = np.random.default_rng(0).normal(size=(70_000, 3)).astype(np.float16)
    grads = []
    for dtype in (np.float16, np.float32):
        leaf = Tensor(x.astype(dtype), requires_grad=True)
        activations.cross_entropy(leaf, np.zeros(len(x), int)).backward()
        grads.append(leaf.grad)
    assert np.allclose(*grads, rtol=0, atol=2**-24) and grads[0].any()  # float16 has steps of 2⁻²⁴


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_in_parts_are_the_rows_at_once(name, axis, dtype, monkeypatch):
    """Bit for bit, also for a gradient that is a view of one number, and next to a row of infinities."""
    function = getattr(activations, name)
    x = (3 * np.random.default_rng(0).normal(size=(5, 7, 4))).astype(dtype)
    if np.dtype(dtype).kind == "f":
        x[0, 0], x[1, 1, 0], x[2, 2, 1] = -np.inf, np.inf, 50
    found = []
    for cache in (2**18, 40):
        monkeypatch.setattr(activations, "CACHE", cache)
        if np.dtype(dtype).kind != "f":
            found.append([function(x, axis=axis)])
            continue
        grads = []
        for g in (np.broadcast_to(x.dtype.type(2), x.shape), np.arange(140.0).reshape(x.shape)):
            tensor = Tensor(x, requires_grad=True)
            y = function(tensor, axis=axis)
            y.backward(g.astype(dtype))
            grads += [y.data, tensor.grad]
        found.append(grads)
    for at_once, in_parts in zip(*found, strict=True):
        assert np.asarray(in_parts).dtype == np.asarray(at_once).dtype
        assert np.array_equal(in_parts, at_once, equal_nan=True)
