"""Bayesian logistic regression against scikit-learn, closed forms and integrals on a grid."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.integrate import quad
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression as Theirs

from models import BayesianLogisticRegression

X, Y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
ONE = np.column_stack([X, np.ones(len(X))])


@pytest.mark.parametrize("alpha", [0.1, 1.0, 30.0])
def test_the_mode_is_that_of_penalized_likelihood(alpha):
    """scikit-learn's, with the intercept as the weight of a column of ones."""
    theirs = Theirs(
        C=1 / alpha, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=1000
    )
    theirs.fit(ONE, Y)
    model = BayesianLogisticRegression(alpha, tol=1e-11).fit(X, Y)
    found = np.append(model.coef_, model.intercept_)
    np.testing.assert_allclose(found, theirs.coef_[0], rtol=1e-6, atol=1e-8)


def test_the_covariance_is_the_inverse_of_the_textbooks_hessian():
    """S⁻¹ = α I + Φᵀ R Φ, R = diag(p (1 - p))   (Bishop 4.97 and 4.143)."""
    model = BayesianLogisticRegression(2.0).fit(X, Y)
    p = 1 / (1 + np.exp(-(X @ model.coef_[0] + model.intercept_[0])))
    precision = 2 * np.eye(31) + (ONE.T * (p * (1 - p))) @ ONE
    np.testing.assert_allclose(model.covariance_ @ precision, np.eye(31), atol=1e-10)


def test_the_prediction_is_the_mean_of_the_sigmoid():
    """∫ σ(a) N(a | μ, σ²) da; the probit approximation is right to about 0.01."""
    model = BayesianLogisticRegression(0.5).fit(X[::20], Y[::20])
    new = X[1:200:20]
    φ = np.column_stack([new, np.ones(len(new))])
    mean = φ @ np.append(model.coef_, model.intercept_)
    deviation = np.sqrt(((φ @ model.covariance_) * φ).sum(axis=1))
    assert deviation.max() > 1
    for p, m, s in zip(model.predict_proba(new)[:, 1], mean, deviation, strict=True):

        def integrand(z, m=m, s=s):
            return np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / (1 + np.exp(-m - s * z))

        assert p == pytest.approx(quad(integrand, -10, 10)[0], abs=0.02)
    sure = 1 / (1 + np.exp(-mean))
    assert (np.abs(model.predict_proba(new)[:, 1] - 0.5) < np.abs(sure - 0.5)).all()
    np.testing.assert_array_equal(model.predict(new), sure > 0.5)


def test_the_evidence_is_nearly_the_integral_of_likelihood_times_prior():
    """With one weight, on a grid; Laplace's method is exact for a normal distribution."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 1))
    y = rng.random(300) < 1 / (1 + np.exp(-1.5 * x[:, 0]))
    model = BayesianLogisticRegression(0.7, fit_intercept=False).fit(x, y)
    w = np.linspace(-1, 5, 20_001)
    log_p = -np.logaddexp(0, -np.outer(2 * y - 1, w) * x).sum(axis=0)
    log_p += np.log(0.7 / (2 * np.pi)) / 2 - 0.35 * w**2
    expected = np.log(np.exp(log_p - log_p.max()).sum() * (w[1] - w[0])) + log_p.max()
    assert model.log_evidence_ == pytest.approx(expected, abs=0.01)
    assert model.covariance_.shape == (1, 1) and model.intercept_ == 0


def test_of_separated_classes_the_posterior_is_proper():
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    model = BayesianLogisticRegression().fit(x, [0, 0, 1, 1])
    p = model.predict_proba([[-1e6], [0.0], [1e6]])[:, 1]
    assert 0 < p[0] < 0.1 and p[1] == pytest.approx(0.5) and 0.9 < p[2] < 1


def test_more_data_make_it_sure():
    model = BayesianLogisticRegression()
    few = np.diag(model.fit(X[:100], Y[:100]).covariance_)
    assert (np.diag(model.fit(X, Y).covariance_) < few).all() and (few < 1).all()


def test_three_classes_are_refused():
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        BayesianLogisticRegression().fit(X, np.arange(len(X)) % 3)
