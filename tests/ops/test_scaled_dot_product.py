"""Attention weights and the GELU of transformers: fast forms against plain ones."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops.scaled_dot_product import plain_attention_weights

RNG = np.random.default_rng(0)


SEEN = np.array([[True, False, True], [False, False, False], [True, True, True]])


def draw(*shape):
    return RNG.normal(size=shape)


@pytest.mark.parametrize("mask", [None, SEEN, np.tri(3, dtype=bool)], ids=["all", "some", "causal"])
def test_the_fast_form_equals_the_plain_one(mask):
    """Weights, gradients and gradients of gradients."""
    arrays, u = (draw(2, 3, 4), draw(2, 3, 4)), draw(2, 3, 3)

    def outcome(weights):
        q, k = (Tensor(a, requires_grad=True) for a in arrays)
        y = weights(q, k, mask)
        (y * u).sum().backward(create_graph=True)
        first = q.grad, k.grad
        q.grad = k.grad = None
        (first[0] * arrays[1] + first[1] * arrays[0]).sum().backward()
        return y.data, first[0].data, first[1].data, q.grad, k.grad

    for one, other in zip(
        outcome(ops.attention_weights), outcome(plain_attention_weights), strict=True
    ):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-13)


def test_weights_are_shares():
    q, k = draw(2, 3, 4), draw(2, 5, 4)
    weights = ops.attention_weights(q, k)
    assert weights.shape == (2, 3, 5) and np.allclose(weights.sum(axis=-1), 1)
    weights = ops.attention_weights(q[:, :, :], q, SEEN)
    assert np.array_equal(weights != 0, np.broadcast_to(SEEN, (2, 3, 3)))
    assert np.allclose(weights.sum(axis=-1), [1, 0, 1])


def test_large_scores_do_not_overflow():
    with np.errstate(over="raise", invalid="raise"):
        q = np.array([[1e3, 0], [0, -1e3]], np.float32)
        weights = ops.attention_weights(q, q, np.tri(2, dtype=bool))
    assert np.array_equal(weights, np.eye(2))


ADDITIVE = np.where(SEEN, 0.0, -1e9)


@pytest.mark.parametrize("kind", [float, np.float32, int])
@pytest.mark.parametrize("settings", [{}, {"soft_cap": 2.0}])
@pytest.mark.parametrize("function", [lambda x, **k: ops.attention(x, x, x, **k), None])
def test_a_mask_of_numbers_is_refused_and_told_where_numbers_go(function, settings, kind):
    x = draw(3, 4)
    function = function or (lambda x, **k: ops.attention_weights(x, x, **k))
    for mask, words in ((SEEN.astype(kind), r"mask\.astype"), (ADDITIVE.astype(kind), "mask == 0")):
        with pytest.raises(TypeError, match=rf"got a mask of [\s\S]*{words}[\s\S]*or bias=mask"):
            function(x, mask=mask, **settings)


def test_what_the_refusal_of_numbers_advises_is_the_same_attention():
    """A query that may attend to nothing is left out: with numbers it attends to all alike."""
    x, rows = draw(3, 4), [0, 2]
    right = ops.attention(x, x, x, SEEN)[rows]
    assert np.allclose(ops.attention(x, x, x, ADDITIVE == 0)[rows], right)
    assert np.allclose(ops.attention(x, x, x, SEEN.astype(float).astype(bool))[rows], right)
    assert np.allclose(ops.attention(x, x, x, bias=ADDITIVE)[rows], right)
