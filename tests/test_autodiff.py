"""The way back: what backward() gives, keeps and frees."""

import sys

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.autodiff import unbroadcast

RNG = np.random.default_rng(0)
X = RNG.normal(size=3)
A = RNG.normal(size=(3, 3))


def leaf(x):
    return Tensor(x, requires_grad=True)


# --------------------------------------------------------------------------------------- backward


def test_a_number_used_twice_gets_both_gradients():
    x = leaf(3.0)
    (x * x + x).backward()
    assert x.grad == 7.0


def test_gradients_add_up_over_calls_until_they_are_cleared():
    x = leaf([1.0, 2.0])
    for _ in range(2):
        (x * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_only_leaves_keep_a_gradient():
    x = leaf(2.0)
    y = x * 2
    (y * y).backward()
    assert x.grad == 16.0
    with pytest.warns(
        UserWarning, match=r"is None: an operation made it(.|\n)*y.grad(.|\n)*grad\(f\)"
    ):
        assert y.grad is None
    with pytest.warns(
        UserWarning, match=r"is None: it does not require one(.|\n)*requires_grad=True"
    ):
        assert Tensor(1.0).grad is None
    assert leaf(1.0).grad is None  # before backward(): silently


@pytest.mark.parametrize(
    "f", [lambda a, b: a + b, lambda a, b: a.T + b.reshape(2, 2), lambda a, b: a - b]
)
def test_gradients_share_no_memory_with_each_other_or_the_seed(f):
    a, b = leaf(np.ones((2, 2))), leaf(np.ones((2, 2)))
    seed = np.ones((2, 2))
    f(a, b).backward(seed)
    a.grad *= 5
    assert abs(b.grad).max() == 1 and seed.max() == 1
    seed *= 7
    assert abs(b.grad).max() == 1


def test_the_gradient_of_a_sum_can_be_written_to():
    x = leaf(np.ones((2, 3)))
    x.sum().backward()
    x.grad += 1
    assert x.grad.tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), 12.0), ((4,), [3.0] * 4), ((3, 1), [[4.0]] * 3), ((1, 1), [[12.0]]), ((3, 4), [[1.0] * 4] * 3)],
)  # fmt: skip
def test_broadcasting_is_undone(shape, expected):
    x = leaf(np.ones(shape))
    (x + np.ones((3, 4))).sum().backward()
    assert x.grad.shape == shape and x.grad.tolist() == expected


def test_a_large_sum_over_rows_goes_to_blas_and_is_the_same():
    g = RNG.normal(size=(100, 3, 20))
    assert np.allclose(unbroadcast(g, (20,)), g.sum(axis=(0, 1)), rtol=1e-12)
    assert np.allclose(unbroadcast(g, (3, 20)), g.sum(axis=0), rtol=1e-12)
    assert np.array_equal(unbroadcast(g, (100, 1, 20)), g.sum(axis=1, keepdims=True))


def test_backward_with_a_seed():
    x = leaf(X)
    (A @ x).backward([1.0, 0.0, -1.0])
    assert np.allclose(x.grad, A[0] - A[2], rtol=1e-14)


def test_create_graph_gives_gradients_that_can_be_differentiated():
    x = leaf([1.0, 2.0])
    (x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward(create_graph=True)
    assert x.grad.data.tolist() == [6.0, 12.0]
    second, x.grad = x.grad, None
    second.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_the_results_of_a_shared_part_come_before_it():
    """A diamond 20 high has a million paths; each operation is visited once."""
    x = leaf(1.0)
    y = x
    for _ in range(20):
        y = y + y
    y.backward()
    assert x.grad == 2.0**20


def walk_a_chain(n):
    x = leaf([1.0])
    y = x
    for _ in range(n):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0]


def lines_of(call, *args):
    """How many lines of Python a call executes: unlike its time, the same on every machine."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call(*args)
    finally:
        sys.settrace(before)
    return count


def test_a_chain_of_100_000_operations_does_not_recurse():
    walk_a_chain(100_000)


def test_ten_times_the_operations_are_ten_times_the_lines():
    assert lines_of(walk_a_chain, 10_000) == pytest.approx(
        10 * lines_of(walk_a_chain, 1000), rel=0.1
    )


def test_a_long_graph_that_is_never_walked_can_be_dropped():
    y = leaf([1.0])
    for _ in range(300_000):
        y = y * 1.0
    del y  # would overflow the C stack if every operation freed the one before it in turn


def test_backward_of_many_numbers_wants_a_seed():
    with pytest.raises(ValueError, match=r"Tensor \(3,\) float64 has 3\.") as error:
        (leaf(X) * 2).backward()
    assert ".sum() or .mean() first, or backward(g) with dL/dy of shape (3,)" in str(error.value)
    with pytest.raises(ValueError, match=r"got a gradient of shape \(2,\)"):
        (leaf(X) * 2).backward(np.ones(2))


def test_backward_twice_through_a_freed_graph():
    x = leaf(X)
    y = x * x
    y.sum().backward()
    before = x.grad.copy()
    with pytest.raises(RuntimeError, match=r"was freed by an earlier backward\(\)") as error:
        (y * 2).sum().backward()
    assert "retain_graph=True" in str(error.value) and "test_autodiff.py" in str(error.value)
    assert np.array_equal(x.grad, before)


def test_a_retained_graph_can_be_walked_again():
    x = leaf(X)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert np.allclose(x.grad, 4 * X)


@pytest.mark.parametrize(
    "cut", [lambda x: Tensor(X) * 2, lambda x: x.detach() * 2, lambda x: Tensor(x.data)]
)
def test_backward_of_what_depends_on_nothing(cut):
    with pytest.raises(
        RuntimeError, match="depends on no tensor that requires a gradient"
    ) as error:
        cut(leaf(X)).sum().backward()
    assert "requires_grad=True" in str(error.value) and "detach()" in str(error.value)
