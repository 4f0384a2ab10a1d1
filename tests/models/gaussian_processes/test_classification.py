"""Gaussian process classification against scikit-learn, derivatives, quadrature and special cases."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.integrate import quad
from scipy.optimize import approx_fprime
from sklearn import gaussian_process as sklearn_gp
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.gaussian_process import kernels as their_kernels

from models import GaussianProcessClassifier
from models.foundation import NotFittedError
from models.gaussian_processes import kernels
from models.gaussian_processes.kernels import RBF, WhiteKernel

X, Y = load_breast_cancer(return_X_y=True)
X, Y = ((X - X.mean(axis=0)) / X.std(axis=0))[:120], Y[:120]
IRIS = load_iris(return_X_y=True)
EXPRESSIONS = [
    "RBF(3.0)",
    "2.0 * RBF(3.0)",
    "ConstantKernel(5.0) * Matern(nu=2.5) + WhiteKernel(0.1)",
]


def both(expression, **settings):
    ours, theirs = (eval(expression, vars(module)) for module in (kernels, their_kernels))
    twin = sklearn_gp.GaussianProcessClassifier(theirs, **settings)
    return GaussianProcessClassifier(ours, **settings), twin


@pytest.mark.filterwarnings("ignore:The optimal value")
@pytest.mark.parametrize("data", [(X, Y), (IRIS[0][::2], IRIS[1][::2])], ids=["two", "three"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_optimum_is_scikit_learns(expression, data):
    ours, theirs = (m.fit(*data) for m in both(expression))
    value, expected = ours.log_marginal_likelihood_value_, theirs.log_marginal_likelihood_value_
    assert value > expected - 1e-7  # they stop a little before the maximum
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(
        ours.predict_proba(data[0]), theirs.predict_proba(data[0]), atol=2e-5
    )
    np.testing.assert_array_equal(ours.predict(data[0]), theirs.predict(data[0]))
    assert repr(ours.kernel_).split("(")[0] == repr(theirs.kernel_).split("(")[0]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_with_fixed_kernel_everything_is_scikit_learns(expression):
    ours, theirs = (m.fit(X, Y) for m in both(expression, optimizer=None))
    new = X[:30] + 0.3
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), rtol=1e-7)
    for found, expected in zip(
        ours.latent_mean_and_variance(new), theirs.latent_mean_and_variance(new), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    mine, twin = ours.estimators_[0], theirs.base_estimator_
    for name in ("X_train_", "y_train_", "pi_", "W_sr_", "L_"):
        np.testing.assert_allclose(getattr(mine, name), getattr(twin, name), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_gradient_of_the_evidence_is_that_of_algorithm_5_1(expression):
    ours, theirs = (m.fit(X, Y) for m in both(expression, optimizer=None))
    theta = ours.kernel_.theta + 0.3
    value, gradient = ours.log_marginal_likelihood(theta, eval_gradient=True)
    expected, expected_gradient = theirs.log_marginal_likelihood(theta, eval_gradient=True)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-7, atol=1e-9)
    differences = approx_fprime(theta, ours.log_marginal_likelihood, 1e-6)
    np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-4)


def test_the_mode_is_where_the_posterior_has_no_slope():
    """f = K (y - π)   (GPML 3.17)."""
    process = GaussianProcessClassifier(3.0 * RBF(3.0), optimizer=None).fit(X, Y).estimators_[0]
    f = process.kernel_(X) @ (process.y_train_ - process.pi_)
    np.testing.assert_allclose(1 / (1 + np.exp(-f)), process.pi_, atol=1e-10)


def test_the_probability_is_the_mean_of_the_sigmoid():
    """∫ σ(f) N(f | mean, variance) df; the sum of five error functions is right to 1e-4."""
    model = GaussianProcessClassifier(25.0 * RBF(3.0), optimizer=None).fit(X, Y)
    new = X[:8] + 1.0
    for p, m, v in zip(
        model.predict_proba(new)[:, 1], *model.latent_mean_and_variance(new), strict=True
    ):

        def integrand(z, m=m, v=v):
            return np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / (1 + np.exp(-m - np.sqrt(v) * z))

        assert p == pytest.approx(quad(integrand, -10, 10)[0], abs=1e-4)


def test_far_from_the_data_nothing_is_known():
    model = GaussianProcessClassifier(RBF(1.0, "fixed")).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X[:1] + 1e6), 0.5, atol=1e-8)
    mean, variance = model.latent_mean_and_variance(X[:1] + 1e6)
    assert mean == 0 and variance == 1


def test_three_classes_have_three_processes():
    model = GaussianProcessClassifier(2.0 * RBF(), optimizer=None).fit(*IRIS)
    assert len(model.estimators_) == 3 and model.kernel_.n_dims == 6
    assert model.kernel_(IRIS[0][:5]).shape == (5, 5, 3)
    theta = model.kernel_.theta
    np.testing.assert_allclose(
        model.log_marginal_likelihood(theta), model.log_marginal_likelihood()
    )
    np.testing.assert_allclose(
        model.log_marginal_likelihood(theta[:2]), model.log_marginal_likelihood()
    )
    for ask, message in {
        lambda: model.latent_mean_and_variance(IRIS[0]): "only supported for binary classification",
        lambda: model.log_marginal_likelihood(
            theta, True
        ): "only supported for binary classification",
        lambda: model.log_marginal_likelihood(
            theta[:3]
        ): "Shape of theta must be either 2 or 6. Got 3",
    }.items():
        with pytest.raises(ValueError, match=message):
            ask()


def test_a_warm_start_needs_fewer_steps_to_the_same_mode():
    model = GaussianProcessClassifier(50.0 * RBF(3.0), optimizer=None, warm_start=True).fit(X, Y)
    cold = model.predict_proba(X)
    model.set_params(max_iter_predict=1)
    np.testing.assert_allclose(model.fit(X, Y).predict_proba(X), cold, atol=1e-12)
    model.set_params(warm_start=False)
    assert np.abs(model.fit(X, Y).predict_proba(X) - cold).max() > 1e-3


def test_what_is_refused():
    with pytest.raises(ValueError, match="needs samples of at least 2 classes"):
        GaussianProcessClassifier().fit(X, np.ones(len(X)))
    with pytest.raises(ValueError, match="'multi_class' parameter"):
        GaussianProcessClassifier(multi_class="one_vs_one").fit(X, Y)
    with pytest.raises(NotFittedError):
        GaussianProcessClassifier(RBF() + WhiteKernel()).log_marginal_likelihood()
