"""Proportional odds against statsmodels, logistic regression, and sums in plain loops."""

import numpy as np
import pytest

from models import LogisticRegression, OrdinalRegression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3)) * [1.0, 0.3, 4.0]
SCORE = X @ [0.8, -1.0, 0.2] + RNG.logistic(size=200)
Y = np.digitize(SCORE, [-1.5, 0.0, 1.0])
WEIGHT = RNG.integers(1, 4, size=200).astype(float)
THOROUGH = {"tol": 1e-9, "max_iter": 2000}


def test_the_same_as_statsmodels():
    module = pytest.importorskip("statsmodels.miscmodels.ordinal_model")
    ours = OrdinalRegression(**THOROUGH).fit(X, Y)
    model = module.OrderedModel(Y, X, distr="logit")
    theirs = model.fit(method="bfgs", disp=False, gtol=1e-9, maxiter=1000)
    np.testing.assert_allclose(ours.coef_, theirs.params[:3], rtol=1e-6)
    thresholds = model.transform_threshold_params(theirs.params)[1:-1]
    np.testing.assert_allclose(ours.thresholds_, thresholds, rtol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), model.predict(theirs.params), rtol=1e-6)


def test_two_classes_are_logistic_regression():
    y = Y > 1
    ours = OrdinalRegression(alpha=0.01, **THOROUGH).fit(X, y)
    theirs = LogisticRegression(C=1 / (0.01 * len(y)), **THOROUGH).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], rtol=1e-6)
    np.testing.assert_allclose(ours.thresholds_, -theirs.intercept_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)


def test_the_loss_is_the_negative_log_likelihood():
    model = OrdinalRegression(alpha=0.2)
    w, first, gaps = np.array([0.5, -0.2, 0.1]), -1.0, np.array([0.8, 1.5])
    θ = np.array([-np.inf, -1.0, -0.2, 1.3, np.inf])
    up_to = 1 / (1 + np.exp((X @ w)[:, None] - θ))
    p = (up_to[:, 1:] - up_to[:, :-1])[np.arange(200), Y]
    expected = -(WEIGHT @ np.log(p)) / WEIGHT.sum() + 0.1 * (w @ w)
    assert float(model.loss(X, Y, WEIGHT, w, first, gaps)) == pytest.approx(expected, rel=1e-12)


def test_the_odds_are_proportional():
    """The odds of y ≤ k at two x have the same ratio, exp of the difference in η, at every k."""
    model = OrdinalRegression().fit(X, Y)
    up_to = np.cumsum(model.predict_proba(X[:2]), axis=1)[:, :-1]
    odds = up_to / (1 - up_to)
    ratio = np.exp(-(X[0] - X[1]) @ model.coef_)
    np.testing.assert_allclose(odds[0] / odds[1], ratio, rtol=1e-10)


def test_labels_in_ascending_order_are_the_order():
    names = np.array(["a bad", "b fair", "c good", "d best"])
    model, plain = OrdinalRegression().fit(X, names[Y]), OrdinalRegression().fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), names[plain.predict(X)])
    assert (np.diff(plain.thresholds_) > 0).all() and plain.thresholds_.shape == (3,)


def test_without_features_that_matter_it_predicts_the_frequencies():
    model = OrdinalRegression(alpha=1e9, **THOROUGH).fit(X, Y, WEIGHT)
    frequencies = np.bincount(Y, WEIGHT) / WEIGHT.sum()
    np.testing.assert_allclose(model.predict_proba(X), np.tile(frequencies, (200, 1)), rtol=1e-5)
