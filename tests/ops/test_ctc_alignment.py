"""The sum over alignments: its rule against autodiff."""

import numpy as np

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops.ctc_alignment import plain_ctc

RNG = np.random.default_rng(0)
N, K = 5, 4
WEIGHTS = RNG.uniform(0.1, 2, size=N)
TEXTS = np.array([[1, 1, 2], [3, 2, 0], [2, 0, 0], [0, 0, 0], [1, 2, 1]])
FRAMES = RNG.normal(size=(N, 5, K))


def test_forward_backward_is_backward():
    """The row's rule, from α and β, is what autodiff makes of α alone."""
    grads = []
    for f in (ops.ctc, plain_ctc):
        x = Tensor(FRAMES, requires_grad=True)
        f(x, TEXTS, np.array([4, 5, 2, 3, 5]), np.array([3, 2, 1, 0, 3])).backward(WEIGHTS)
        grads.append(x.grad)
    assert np.allclose(*grads, rtol=0, atol=1e-13)
