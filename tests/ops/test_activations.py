"""The fused binary cross-entropy against the plain one."""

import numpy as np

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
