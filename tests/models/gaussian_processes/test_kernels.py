"""Kernels against scikit-learn's: values, derivatives, parameters, θ, words."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.gaussian_process import kernels as theirs

from models.foundation import clone
from models.gaussian_processes import kernels as ours
from models.gaussian_processes.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Matern,
    Sum,
    WhiteKernel,
)
from models.gaussian_processes.pairs import (
    Alone,
    Below,
    from_below,
    lower_triangle,
    squared_distances,
)
from tinygrad_edu.gradcheck import gradcheck

EXPRESSIONS = [
    "RBF()",
    "RBF([1, 2.0, 0.5])",
    "RBF([1, 2.0, 0.5], [(1e-2, 1e2), (0.1, 10), (1, 3)])",
    "Matern(1.3, nu=0.5)",
    "Matern(1.3, nu=1.5)",
    "Matern(1.3, (1e-3, 1e3), 2.5)",
    "Matern([1.3, 1, 2.0], nu=0.5)",
    "Matern([1.3, 1, 2.0], nu=1.5)",
    "Matern([1.3, 1, 2.0], nu=2.5)",
    "Matern(2.0, nu=np.inf)",
    "RationalQuadratic(0.8, 1.7)",
    "ExpSineSquared(1.2, 3.0)",
    "DotProduct(0.4) ** 2",
    "2.5 * RBF() + 3",
    "ConstantKernel(2.0, (1e-3, 1e3)) * RBF(0.7, (1e-2, 1e2)) + WhiteKernel(0.1)",
    "RBF(1.0, 'fixed') * DotProduct()",
    "WhiteKernel(2) * RBF() + WhiteKernel(0.1, 'fixed')",
    "Matern(1.3, nu=2.5) + ExpSineSquared() * RationalQuadratic()",
]
RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(7, 3)), RNG.normal(size=(4, 3))
X[3] = X[5]  # equal rows are different observations


def both(expression):
    return tuple(eval(expression, vars(module) | {"np": np}) for module in (ours, theirs))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values_and_derivatives_are_scikit_learns(expression):
    kernel, twin = both(expression)
    K, gradient = kernel(X, eval_gradient=True)
    expected, expected_gradient = twin(X, eval_gradient=True)
    np.testing.assert_allclose(K, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(kernel(X, Z), twin(X, Z), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(kernel.diag(X), twin.diag(X), rtol=1e-12)
    np.testing.assert_array_equal(kernel.below(Below(X)), lower_triangle(K))
    np.testing.assert_allclose(kernel.alone(Alone(X)), np.diagonal(K), rtol=1e-14)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_parameters_and_words_are_scikit_learns(expression):
    kernel, twin = both(expression)
    assert repr(kernel) == repr(twin)
    assert kernel.get_params().keys() == twin.get_params().keys()
    assert kernel.n_dims == twin.n_dims and kernel.is_stationary() == twin.is_stationary()
    np.testing.assert_array_equal(kernel.theta, twin.theta)
    np.testing.assert_array_equal(kernel.bounds, twin.bounds)
    for h, expected in zip(kernel.hyperparameters, twin.hyperparameters, strict=True):
        assert (h.name, h.n_elements, h.fixed) == (
            expected.name,
            expected.n_elements,
            expected.fixed,
        )
    moved = kernel.clone_with_theta(kernel.theta + 0.5)
    np.testing.assert_allclose(moved.theta, twin.clone_with_theta(twin.theta + 0.5).theta)
    assert moved != kernel and kernel == both(expression)[0] == clone(kernel)
    assert pickle.loads(pickle.dumps(kernel)) == kernel


def test_parameters_of_parts():
    kernel = ConstantKernel(2.0) * RBF() + WhiteKernel()
    kernel.set_params(k1__k2__length_scale=3.0, k2=WhiteKernel(5.0))
    assert isinstance(kernel, Sum)
    assert kernel.get_params()["k1__k2__length_scale"] == 3.0 and kernel.k2.noise_level == 5.0
    with pytest.raises(ValueError, match="Invalid parameter 'k3__x'"):
        kernel.set_params(k3__x=1)


def test_random_functions_of_a_matern_kernel_become_smooth():
    """ν = ∞ is the RBF kernel, and the finite ν come closer to it."""
    r = np.linspace(0, 3, 50)[:, None]
    smooth = RBF()(r, r[:1])
    np.testing.assert_array_equal(Matern(nu=np.inf)(r, r[:1]), smooth)
    gaps = [np.abs(Matern(nu=nu)(r, r[:1]) - smooth).max() for nu in (0.5, 1.5, 2.5)]
    assert gaps[0] > gaps[1] > gaps[2] > 0.01


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: RBF(-1.0)(X), "'length_scale' parameter of RBF must be a number > 0 or an array"),
        (lambda: (2 * RBF([1.0, 0.0, 1.0]))(X), "'length_scale' parameter of RBF"),
        (lambda: Matern(nu=0.7)(X), "'nu' parameter of Matern must be one of 1.5, 0.5, 2.5, inf"),
        (lambda: RBF(1.0, (3, 2))(X), "'length_scale_bounds' parameter of RBF must be a pair"),
        (lambda: RBF(1.0, "free")(X), "'length_scale_bounds' parameter"),
        (lambda: RBF([1.0, 2.0])(X), r"must have the same number of dimensions as data \(2!=3\)"),
        (lambda: RBF([1, 2], [(1, 2)] * 3).bounds, "Bounds on length_scale should have either 1 or 2"),
        (lambda: RBF().clone_with_theta([1.0, 2.0]), "Should be 1; given are 2"),
        (lambda: RBF()(X, Z, eval_gradient=True), "Gradient can only be evaluated when Y is None"),
    ],
)  # fmt: skip
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n  at test_kernels.py" in str(error.value) and "\n  Try: " in str(error.value)


@pytest.mark.parametrize("row", [squared_distances, lower_triangle, from_below], ids=str)
def test_the_rules_of_the_rows(row):
    for inputs, _ in row.cases(np.random.default_rng(1)):
        assert gradcheck(row, *inputs)


def test_far_and_equal_rows_have_finite_covariances_and_derivatives():
    far = np.array([[0.0, 0.0], [0.0, 0.0], [1e150, -1e150]])
    for kernel in (
        RBF([1.0, 2]),
        Matern(nu=1.5),
        Matern([1.0, 2], nu=0.5),
        ours.RationalQuadratic(),
    ):
        K, gradient = kernel(far, eval_gradient=True)
        np.testing.assert_allclose(K, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], atol=1e-100)
        assert np.isfinite(gradient).all()


def test_kernels_stand_in_expressions_with_numbers():
    K = (1 + 2 * DotProduct(0.0))(X)
    np.testing.assert_allclose(K, 1 + 2 * X @ X.T)
