"""Functions of functions, against closed forms and against each other."""

import warnings
from typing import NamedTuple

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, hvp, jacobian, jvp, nn, no_grad, value_and_grad, vjp
from tinygrad_edu.tensor import Op

RNG = np.random.default_rng(0)
X = RNG.normal(size=3)
A = RNG.normal(size=(3, 3))


def leaf(x):
    return Tensor(x, requires_grad=True)


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
        (lambda: grad(np.sin)(X), r"a single number, but sin returned shape \(3,\)"),
        (lambda: vjp(np.sin, X)[1](np.ones(2)), r"result of shape \(3,\) got .*shape \(2,\)"),
        (
            lambda: jvp(f, (X,), (np.ones(2),)),
            r"primals have \[\(3,\)\] and the tangents \[\(2,\)\]",
        ),
        (lambda: hvp(f, (X,), (X, X)), r"a tangent must have the shape of its primal"),
    ],
)
def test_wrong_shapes_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_other_refusals():
    with pytest.raises(TypeError, match="argument 0 .* only floating point"):
        grad(lambda x: x * x)(3)
    with pytest.raises(
        TypeError, match=r"takes tuples, even for one argument: jvp\(f, \(x,\), \(v,\)\)"
    ):
        jvp(f, X, X)


# ------------------------------------------------------------------------------------------- trees


class Line(NamedTuple):
    slope: float
    offset: float


def test_arguments_may_be_trees_and_the_gradient_looks_like_them():
    def loss(model, x):
        return (model["scale"] * np.tanh(x @ model["layers"][0] + model["layers"][1])).sum()

    model = {"layers": [A, X], "scale": 2.0}
    g = grad(loss)(model, X)
    assert list(g) == ["layers", "scale"] and isinstance(g["layers"], list)
    slope = 1 - np.tanh(X @ A + X) ** 2
    assert close(g["layers"][0], 2 * np.outer(X, slope))
    assert close(g["layers"][1], 2 * slope)
    assert isinstance(g["scale"], float) and close(g["scale"], np.tanh(X @ A + X).sum())

    both = grad(loss, (0, 1))(model, X)
    assert close(both[0]["scale"], g["scale"]) and close(both[1], 2 * A @ slope)
    assert grad(lambda line: line.slope * 3 + line.offset)(Line(1.0, 2.0)) == Line(3.0, 1.0)


def test_results_may_be_trees():
    def f(x, w):
        return {"product": x * w, "sums": (x.sum(), [w.sum()])}

    y, pullback = vjp(f, X, 2.0)
    assert close(y["product"], X * 2) and y["sums"] == (X.sum(), [2.0])
    dx, dw = pullback({"product": np.ones(3), "sums": (10.0, [100.0])})
    assert close(dx, np.full(3, 12.0)) and close(dw, X.sum() + 100)
    y, change = jvp(f, (X, 2.0), (np.ones(3), 1.0))
    assert close(change["product"], 2 + X) and change["sums"] == (3.0, [1.0])
    shared = vjp(lambda x: (x, x), 3.0)[1]
    assert shared((1.0, 10.0)) == (11.0,)


def test_hvp_and_jacobian_of_trees():
    def f(p):
        return (p["a"] ** 3).sum() + p["a"].sum() * p["b"]

    (product,) = (hvp(f, ({"a": X, "b": 2.0},), ({"a": np.ones(3), "b": 10.0},)),)
    assert close(product["a"], 6 * X + 10) and close(product["b"], 3.0)
    j = jacobian(lambda p: p["a"] * p["b"])({"a": X, "b": 2.0})
    assert close(j["a"], 2 * np.eye(3)) and close(j["b"], X)


def test_has_aux_hands_something_through():
    def f(x):
        return (x * x).sum(), {"kept": x * 2, "words": "as they are"}

    (value, aux), g = value_and_grad(f, has_aux=True)(X)
    assert close(value, X @ X) and close(g, 2 * X)
    assert close(aux["kept"], 2 * X) and type(aux["kept"]) is np.ndarray
    assert aux["words"] == "as they are"
    g, aux = grad(f, has_aux=True)(X)
    assert close(g, 2 * X) and close(aux["kept"], 2 * X)
    _, pullback, aux = vjp(f, X, has_aux=True)
    assert close(pullback(1.0)[0], 2 * X) and close(aux["kept"], 2 * X)
    with pytest.raises(ValueError, match=r"with has_aux, .* must return \(y, aux\)"):
        grad(lambda x: x.sum(), has_aux=True)(X)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_the_jacobian_is_the_same_both_ways(mode):
    def wide(x, w):
        return np.tanh(np.stack([x * w, x @ A, x**3, x]))

    j, k = jacobian(wide, (0, 1), mode)(X, 2.0)
    inner = 1 - np.tanh(np.stack([2 * X, X @ A, X**3, X])) ** 2
    by_hand = np.stack([2 * np.eye(3), A.T, np.diag(3 * X**2), np.eye(3)])
    assert close(j, inner[..., None] * by_hand) and close(k, inner * [X, X * 0, X * 0, X * 0])
    assert jacobian(wide, 0, mode)(Tensor(X), 2.0).data.tolist() == j.tolist()
    assert close(jacobian(grad(f), mode=mode)(X), hessian_of_f(X))


def test_jacobian_refuses_what_it_cannot_do():
    with pytest.raises(
        ValueError, match="takes a function that returns one array, but <lambda> returned 2"
    ):
        jacobian(lambda x: (x, x))(X)
    with pytest.raises(ValueError, match='mode=.sideways.*: "auto", "reverse" or "forward"'):
        jacobian(np.sin, mode="sideways")


def test_forward_mode_goes_through_the_operations_once():
    """ẏ of a chain costs one visit an operation, and nothing is left behind on the arguments."""
    visits = []
    double = Op(
        lambda x: 2 * x,
        lambda g, y, x: (visits.append(1), 2 * g)[1],
        name="double", elementwise=True,
    )  # fmt: skip

    def chain(x):
        for _ in range(50):
            x = double(x) * 0.5
        return x

    assert jvp(chain, (3.0,), (1.0,)) == (3.0, 1.0)
    assert len(visits) == 50


# ------------------------------------------------------------------ functions that use other Tensors


def test_a_derivative_depends_on_the_tensors_that_the_function_uses():
    """d/dx of x · d(xy)/dy = x² is 2x, in whichever way x is differentiated."""
    square = lambda x: x * grad(lambda y: x * y)(2.0)
    x = Tensor(3.0, requires_grad=True)
    square(x).backward()
    assert x.grad == 6.0 == grad(square)(3.0)
    x.grad = None
    y = x * 2  # the result of an operation, and not a leaf
    (y * grad(lambda z: y * z)(2.0)).backward()
    assert x.grad == 24.0


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: grad(f)(x), lambda f, x: value_and_grad(f)(x)[1], lambda f, x: vjp(f, x)[1](1.0)[0],
        lambda f, x: jvp(f, (x,), (np.ones(2),))[1], lambda f, x: jacobian(f)(x),
    ],
)  # fmt: skip
def test_parameters_of_a_model_learn_from_a_derivative(derivative):
    """Of f = Σ sin(w x), Σ df/dx = Σ w cos(w x), which has the derivative cos(w x) - w x sin(w x)."""
    w, x = nn.Parameter(np.array([0.5, -1.0])), np.array([0.3, 0.7])
    f = lambda x: np.sin(w * x).sum()
    total = derivative(f, x).sum()
    assert np.isclose(total.item(), (w.data * np.cos(w.data * x)).sum(), rtol=1e-14)
    total.backward()
    assert close(w.grad, np.cos(w.data * x) - w.data * x * np.sin(w.data * x))
    with no_grad():
        assert not isinstance(derivative(f, x), Tensor)


def test_a_gradient_that_float_has_cut():
    with pytest.warns(UserWarning, match=r"float\(...\) took the number of Tensor"):
        assert grad(lambda x: float(x) ** 2)(3.0) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert grad(lambda x: x * float(x))(3.0) == 3  # meant: one factor is a constant
        assert grad(lambda x: 3.0)(3.0) == 0


def test_what_is_no_function_is_refused_at_once():
    for y in (3.0, Tensor(1.0)):
        with pytest.raises(TypeError, match=r"grad takes a function, not(.|\n)*y.backward\(\)"):
            grad(y)
