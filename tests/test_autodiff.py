"""The way back, and the functions of functions, against closed forms and against each other."""

import time

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, hvp, jacobian, jvp, no_grad, value_and_grad, vjp
from tinygrad_edu.tensor import Op

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
    assert x.grad == 16.0 and y.grad is None


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


def seconds_for_a_chain(n):
    x = leaf([1.0])
    y = x
    for _ in range(n):
        y = y * 1.0
    start = time.perf_counter()
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    return time.perf_counter() - start


def test_a_chain_of_100_000_operations_neither_recurses_nor_slows_down():
    """Ten times the operations in about ten times the time; a quadratic walk would take a hundred."""
    short = min(seconds_for_a_chain(10_000) for _ in range(3))
    assert seconds_for_a_chain(100_000) < 40 * short


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


# ------------------------------------------------------------------------- functions of functions


def f(x):
    return np.sin(x @ A @ x) + np.exp(x).sum()


def gradient_of_f(x):
    return np.cos(x @ A @ x) * (A + A.T) @ x + np.exp(x)


def hessian_of_f(x):
    s, q = A + A.T, x @ A @ x
    return np.cos(q) * s - np.sin(q) * np.outer(s @ x, s @ x) + np.diag(np.exp(x))


def close(a, b):
    return np.allclose(a, b, rtol=1e-12, atol=1e-13)


def test_against_the_derivatives_by_hand():
    v = RNG.normal(size=3)
    assert close(grad(f)(X), gradient_of_f(X))
    assert close(hessian(f)(X), hessian_of_f(X))
    assert close(hvp(f, (X,), (v,)), hessian_of_f(X) @ v)
    assert close(jvp(f, (X,), (v,))[1], gradient_of_f(X) @ v)
    assert close(jacobian(grad(f))(X), hessian_of_f(X))
    value, gradient = value_and_grad(f)(X)
    assert close(value, f(X)) and close(gradient, gradient_of_f(X))


def test_arrays_give_arrays_numbers_numbers_and_tensors_tensors():
    y, pullback = vjp(f, X)
    results = [grad(f)(X), hessian(f)(X), hvp(f, (X,), (X,)), pullback(1.0)[0], jacobian(np.sin)(X)]
    assert {type(r) for r in results} == {np.ndarray}
    assert isinstance(y, float) and isinstance(grad(np.sin)(1.0), float)
    assert isinstance(value_and_grad(f)(X)[0], float)
    assert isinstance(jvp(f, (X,), (X,))[1], float)
    t = Tensor(X)
    results = [
        grad(f)(t),
        hessian(f)(t),
        hvp(f, (t,), (X,)),
        hvp(f, (X,), (t,)),
        *jvp(f, (t,), (X,)),
    ]
    assert {type(r) for r in results} == {Tensor}
    assert type(pullback(Tensor(1.0))[0]) is Tensor
    assert grad(f)(X.astype(np.float32)).dtype == np.float32


def test_the_original_is_left_alone():
    t = leaf(X)
    grad(f)(t)
    assert t.grad is None
    x = X.copy()
    g = grad(lambda x: x.sum())(x)
    g += 1
    assert np.array_equal(x, X)


def test_argnums():
    def product(x, w, scale=1.0):
        return (x * w * scale).sum()

    assert grad(product, 1)(2.0, 5.0) == 2.0
    assert grad(product, -1)(2.0, 5.0) == 2.0
    assert grad(product, (0, 1))(2.0, 5.0) == (5.0, 2.0)
    assert grad(product)(2.0, 5.0, scale=3.0) == 15.0
    assert jacobian(np.multiply, (0, 1))(2.0, 5.0) == (5.0, 2.0)
    assert value_and_grad(product, (1,))(2.0, 5.0) == (10.0, (2.0,))
    with pytest.raises(ValueError, match="argument 2, but the function was called with 2"):
        grad(product, 2)(2.0, 5.0)


def test_derivatives_of_every_order():
    g = np.sin
    for expected in (np.cos(1.0), -np.sin(1.0), -np.cos(1.0), np.sin(1.0), np.cos(1.0)):
        g = grad(g)
        assert close(g(1.0), expected)


def test_nested_derivatives_do_not_confuse_their_variables():
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: jvp(lambda y: x * y, (x,), (1.0,))[1] * x)(3.0) == 6.0


def test_a_pullback_is_differentiable_in_the_point_and_in_the_cotangent():
    cube = lambda x: x**3
    assert close(grad(lambda p: vjp(cube, p)[1](1.0)[0])(2.0), 12.0)
    assert close(grad(lambda g: vjp(cube, 2.0)[1](g)[0])(1.0), 12.0)
    point, cotangent = leaf(2.0), leaf(5.0)
    vjp(cube, point)[1](cotangent)[0].backward()
    assert close(point.grad, 60.0) and close(cotangent.grad, 12.0)


def test_a_jvp_is_differentiable_in_the_point_and_in_the_tangent():
    cube = lambda x: x**3
    assert close(grad(lambda p: jvp(cube, (p,), (1.0,))[1])(2.0), 12.0)
    assert close(grad(lambda t: jvp(cube, (2.0,), (t,))[1])(1.0), 12.0)
    assert close(jvp(grad(cube), (2.0,), (1.0,))[1], 12.0)
    assert close(jvp(lambda x: jvp(cube, (x,), (1.0,))[1], (2.0,), (1.0,))[1], 12.0)


def test_an_hvp_is_differentiable_in_the_tangent():
    g = grad(lambda v: hvp(lambda x: (x**3).sum(), (X,), (v,)).sum())(X)
    assert close(g, 6 * X)


def test_hvp_over_several_arguments_is_of_the_whole_hessian():
    def h(x, w):
        return (x * w * w).sum()

    dx, dw = hvp(h, (2.0, 3.0), (1.0, 10.0))
    assert (dx, dw) == (2 * 3 * 10, 2 * 3 + 2 * 2 * 10)


def test_jacobian_has_the_axes_of_the_result_then_of_the_argument():
    j = jacobian(lambda x: np.stack([x * 2, x * x]))(X)
    assert j.shape == (2, 3, 3)
    assert close(j, np.stack([2 * np.eye(3), np.diag(2 * X)]))
    assert jacobian(np.sin)(np.zeros((0,))).shape == (0, 0)


@pytest.mark.parametrize(
    "constant", [lambda x: 3.0, lambda x: Tensor(2.0), lambda x: np.sign(x).sum()]
)
def test_a_constant_has_derivative_zero(constant):
    assert grad(constant)(X).tolist() == [0.0, 0.0, 0.0]
    assert hessian(lambda x: x.sum())(X).tolist() == np.zeros((3, 3)).tolist()


def test_a_pullback_can_be_called_again_and_leaves_its_argument_alone():
    _, pullback = vjp(lambda x: x + 0.0, X)
    g = np.ones(3)
    first = pullback(g)[0]
    first += 1
    assert pullback(g)[0].tolist() == [1.0, 1.0, 1.0] and g.tolist() == [1.0, 1.0, 1.0]


def test_derivatives_inside_no_grad():
    with no_grad():
        assert grad(np.sin)(0.0) == 1.0
        assert not (leaf(X) * 2).requires_grad


def test_a_function_that_fails_leaves_no_trace():
    def broken(x):
        raise KeyError("broken")

    with pytest.raises(KeyError):
        grad(broken)(X)
    assert isinstance(grad(f)(X), np.ndarray)  # not counted as being inside another derivative


def test_only_what_leads_to_the_argument_is_computed():
    def never(g, y, x, w):
        raise AssertionError("nobody asked for the derivative in w")

    times = Op(lambda x, w: x * w, lambda g, y, x, w: g * w, never, name="times")
    w = leaf(X)
    assert np.array_equal(grad(lambda x: times(x, w).sum())(X), X)


def test_the_walk_does_not_look_behind_the_argument():
    point = leaf(X) * 2
    (point * point).sum().backward()  # frees the history of the point
    assert np.array_equal(grad(lambda x: x.sum())(point.detach()).data, np.ones(3))
    with pytest.raises(RuntimeError, match="was freed"):
        (point * 2).sum().backward()
    assert np.array_equal(grad(lambda x: x.sum())(point).data, np.ones(3))


def test_closed_over_parameters_get_no_gradient():
    w = leaf(X)
    assert np.array_equal(grad(lambda x: (x * w).sum())(X), X)
    assert w.grad is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: grad(np.sin)(X), r"a single number .* but sin returned shape \(3,\)"),
        (lambda: vjp(np.sin, X)[1](np.ones(2)), r"result of shape \(3,\) got .*shape \(2,\)"),
        (lambda: jvp(f, (X,), (np.ones(2),)), r"primals \[\(3,\)\], tangents \[\(2,\)\]"),
        (lambda: hvp(f, (X,), (X, X)), r"a tangent has the shape of its primal"),
    ],
)
def test_wrong_shapes_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_other_refusals():
    with pytest.raises(TypeError, match="argument 0 .* only floating point"):
        grad(lambda x: x * x)(3)
    with pytest.raises(TypeError, match=r"takes tuples, also of one: jvp\(f, \(x,\), \(v,\)\)"):
        jvp(f, X, X)
