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
