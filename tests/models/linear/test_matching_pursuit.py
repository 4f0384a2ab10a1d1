"""Orthogonal matching pursuit against scikit-learn, and its definition."""

import numpy as np
import pytest

from models import LinearRegression, OrthogonalMatchingPursuit, OrthogonalMatchingPursuitCV
from models.foundation import ConvergenceWarning

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine", "breast_cancer", "digits"])
@pytest.mark.parametrize(
    "settings", [{}, {"n_nonzero_coefs": 4}, {"n_nonzero_coefs": 3, "fit_intercept": False}]
)
def test_the_same_as_scikit_learn_on_real_data(load, settings):
    X, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    ours = OrthogonalMatchingPursuit(**settings).fit(X, y)
    theirs = linear_model.OrthogonalMatchingPursuit(**settings).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-8, atol=1e-12)
    assert (ours.n_iter_, ours.n_nonzero_coefs_) == (theirs.n_iter_, theirs.n_nonzero_coefs_)


@pytest.mark.parametrize("settings", [{"n_nonzero_coefs": 5}, {"tol": 3.0}, {"tol": 0.5}])
@pytest.mark.parametrize("targets", [1, 2])
def test_wide_data_and_several_targets(settings, targets):
    X, Y = RNG.normal(size=(30, 80)), RNG.normal(size=(30, targets))
    Y = Y + X[:, :targets] * 3
    ours = OrthogonalMatchingPursuit(**settings).fit(X, Y)
    theirs = linear_model.OrthogonalMatchingPursuit(**settings).fit(X, Y)
    assert (
        ours.coef_.shape == theirs.coef_.shape and ours.n_nonzero_coefs_ == theirs.n_nonzero_coefs_
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-10)
    np.testing.assert_array_equal(ours.n_iter_, theirs.n_iter_)
    if "tol" in settings:
        assert (((Y - ours.predict(X).reshape(Y.shape)) ** 2).sum(axis=0) <= settings["tol"]).all()


def test_all_features_are_least_squares_and_the_chosen_have_no_slope():
    X, y = datasets.load_diabetes(return_X_y=True)
    every = OrthogonalMatchingPursuit(n_nonzero_coefs=10).fit(X, y)
    np.testing.assert_allclose(every.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-9)
    few = OrthogonalMatchingPursuit(n_nonzero_coefs=3).fit(X, y)
    slope = X.T @ (y - few.predict(X))
    assert np.abs(slope[few.coef_ != 0]).max() < 1e-9 and np.count_nonzero(few.coef_) == 3


def test_messages():
    X = RNG.normal(size=(20, 3))
    with pytest.raises(
        ValueError, match="number of atoms cannot be more than the number of features"
    ):
        OrthogonalMatchingPursuit(n_nonzero_coefs=4).fit(X, X[:, 0])
    twice = np.column_stack([X[:, :1], X[:, :1]])
    with pytest.warns(
        ConvergenceWarning, match="stopped after 1 features, of which the others are"
    ):
        model = OrthogonalMatchingPursuit(n_nonzero_coefs=2).fit(twice, X[:, 0] + X[:, 1])
    assert np.count_nonzero(model.coef_) == 1
    exact = OrthogonalMatchingPursuit(n_nonzero_coefs=2).fit(X, X[:, 1])
    np.testing.assert_allclose(exact.coef_, [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize("load", ["diabetes", "wine", "breast_cancer"])
@pytest.mark.parametrize("settings", [{}, {"max_iter": 7, "cv": 3}, {"fit_intercept": False}])
def test_cross_validation_as_in_scikit_learn(load, settings):
    X, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    ours = OrthogonalMatchingPursuitCV(**settings).fit(X[rows], y[rows])
    theirs = linear_model.OrthogonalMatchingPursuitCV(**settings).fit(X[rows], y[rows])
    assert ours.n_nonzero_coefs_ == theirs.n_nonzero_coefs_ and ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7, atol=1e-12)


def test_cross_validation_finds_the_number_of_features_and_counts_weights():
    X = RNG.normal(size=(120, 30))
    y = X[:, [3, 8, 20]] @ [3.0, -2.0, 2.5] + 0.1 * RNG.normal(size=120)
    model = OrthogonalMatchingPursuitCV(max_iter=10).fit(X, y)
    assert {3, 8, 20} <= {*np.flatnonzero(model.coef_)} and model.n_nonzero_coefs_ <= 5
    halves = [(np.arange(60), np.arange(60, 120)), (np.arange(60, 120), np.arange(60))]
    weight = np.where(np.arange(120) < 60, 1, 2)
    rows = np.repeat(np.arange(120), weight)
    repeated = [(np.flatnonzero(rows < 60), np.flatnonzero(rows >= 60))]
    repeated += [repeated[0][::-1]]
    a = OrthogonalMatchingPursuitCV(cv=halves).fit(X, y, weight)
    b = OrthogonalMatchingPursuitCV(cv=repeated).fit(X[rows], y[rows])
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-9)
