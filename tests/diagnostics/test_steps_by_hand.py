"""A step by hand, `w -= lr * w.grad`, is refused, and answered with the loop that works."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, no_grad


def after_backward(kind=Tensor):
    w = (
        nn.Parameter(np.array([1.0, 2.0]))
        if kind is nn.Parameter
        else Tensor([1.0, 2.0], requires_grad=True)
    )
    (w * w).sum().backward()
    return w


@pytest.mark.parametrize("kind", [Tensor, nn.Parameter])
def test_a_step_on_a_leaf_is_refused_at_its_line(kind):
    w = after_backward(kind)
    with pytest.raises(
        TypeError, match=r"leave w \(2,\) float64 as it was[^~]*w -= 0.3 \* w.grad[^~]*w.data -= lr"
    ):
        w -= 0.3 * w.grad
    with pytest.raises(TypeError, match=r"w \+= ... would make a new tensor"), no_grad():
        w += 0.3
    assert w.data.tolist() == [1.0, 2.0] and w.grad.tolist() == [2.0, 4.0]


def test_the_loop_of_the_message_works():
    w = Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        loss = (w * w).sum()
        loss.backward()
        w.data -= 0.25 * w.grad
        w.grad = None
    assert w.data.tolist() == [0.125, 0.25]


def test_sums_of_tensors_grow_as_they_did():
    w = after_backward()
    total = 0.0
    total += w.sum()
    total -= (w * w).sum()
    w -= 2 * w  # the operand is a Tensor: part of the computation
    assert float(total) == -2.0 and w.op.name == "subtract"
    x = Tensor([1.0, 2.0], requires_grad=True)
    x -= 1.0  # before any backward(): a shift of the input
    assert x.data.tolist() == [0.0, 1.0] and x.op is not None


def test_a_step_that_made_a_new_tensor_is_explained_when_its_gradient_is_read():
    w = after_backward()
    w = w - 0.3 * w.grad
    (w * w).sum().backward()
    with pytest.warns(UserWarning, match=r"A step is w.data -= lr \* w.grad"):
        assert w.grad is None
