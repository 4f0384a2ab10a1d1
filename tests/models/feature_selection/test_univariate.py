"""Scores of features, their probabilities and the selections by them, against scikit-learn and SciPy."""

import numpy as np
import pytest

import models
from models import feature_selection as ours
from models.feature_selection.tails import chi2_tail, f_tail
from tests.models.contract import assert_clear

theirs = pytest.importorskip("sklearn.feature_selection")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
WINE = datasets.load_wine(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)
COUNTS = RNG.poisson(3.0, size=(80, 6)) * (RNG.random(6) > 0.2), RNG.choice(["a", "b", "c"], 80)


# ---- probabilities -------------------------------------------------------------------------------


@pytest.mark.parametrize("m, n", [(1, 1), (1, 5), (2, 3), (3, 146), (9, 1000), (50, 20)])
def test_f_is_scipys_to_twelve_digits(m, n):
    special = pytest.importorskip("scipy.special")
    F = np.concatenate([[0.0, 0.1, 0.5, 1, 2, 10, 100, 1e5], RNG.uniform(0, 20, 50)])
    expected = special.fdtrc(m, n, F)
    # SciPy's distance from the true value, as mpmath finds, is larger than ours where both differ most
    np.testing.assert_allclose(f_tail(F, m, n), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    "m, n, F", [(1, 20000, 0.804), (1, 1e6, 3.0), (50, 1e6, 3.733), (1, 1, 1e-12)]
)
def test_f_of_many_rows_to_thirteen_digits(m, n, F):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(40):
        x = mpmath.mpf(n) / (mpmath.mpf(n) + mpmath.mpf(m) * mpmath.mpf(F))
        expected = mpmath.betainc(mpmath.mpf(n) / 2, mpmath.mpf(m) / 2, 0, x, regularized=True)
        assert abs(mpmath.mpf(float(f_tail(F, m, n))) / expected - 1) < 2e-13


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 100, 1000])
def test_chi2_is_scipys_to_twelve_digits(n):
    special = pytest.importorskip("scipy.special")
    x = np.concatenate([[0.0, 1e-10, 0.1, 1, 5, 20, 100, 500], RNG.uniform(0, 100, 50)])
    np.testing.assert_allclose(chi2_tail(x, n), special.chdtrc(n, x), rtol=1e-12, atol=1e-300)


def test_the_ends():
    for tail in (lambda x: f_tail(x, 2, 3), lambda x: chi2_tail(x, 2)):
        np.testing.assert_array_equal(tail([-1.0, 0.0, np.inf, np.nan]), [1, 1, 0, np.nan])


# ---- scores --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, data, settings",
    [
        ("f_classif", WINE, {}),
        ("f_regression", DIABETES, {}),
        ("f_regression", DIABETES, {"center": False}),
        ("r_regression", DIABETES, {}),
        ("r_regression", DIABETES, {"center": False}),
        ("chi2", COUNTS, {}),
        ("chi2", WINE, {}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning:sklearn")
def test_scores_are_scikit_learns(name, data, settings):
    found, expected = (
        np.stack(getattr(library, name)(*data, **settings)) for library in (ours, theirs)
    )
    known = np.isfinite(expected)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-10)


def test_one_table_for_each_class():
    X, y = WINE
    found = ours.f_oneway(*(X[y == k] for k in range(3)))
    np.testing.assert_allclose(found, theirs.f_classif(X, y), rtol=1e-10)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e8 / 3])
def test_features_that_are_constant_or_perfect(constant):
    y = np.arange(30) % 2
    X = np.column_stack([np.full(30, constant), y, RNG.random(30)])
    F, p = ours.f_classif(X, y)
    assert F[0] == 0 and p[0] == 1 and F[1] == np.finfo(float).max and p[1] == 0
    F, p = ours.f_regression(X[:, 1:], y)
    assert F[0] == np.finfo(float).max or F[0] > 1e15
    if constant == 0:
        assert ours.f_regression(X, y)[0][0] == 0 and ours.f_regression(X, y)[1][0] == 1
        assert np.isnan(ours.r_regression(X, y, force_finite=False)[0])


def test_targets_that_do_not_tell():
    X = RNG.random((6, 2))
    for call, words in (
        (lambda: ours.f_classif(X, np.zeros(6)), "y has one class only: 0.0"),
        (lambda: ours.chi2(X, ["a"] * 6), "y has one class only: 'a'"),
        (lambda: ours.f_classif(X, np.arange(6)), "6 rows of 6 classes"),
        (lambda: ours.chi2(-X, np.arange(6)), "must be non-negative"),
        (lambda: ours.f_classif(X * np.nan, np.arange(6)), "Input X contains NaN"),
        (lambda: ours.f_classif(X, np.arange(5)), "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            call()
        assert_clear(error.value)


# ---- selections ----------------------------------------------------------------------------------

NOISY = np.hstack([WINE[0], RNG.normal(size=(178, 30))]), WINE[1]


@pytest.mark.parametrize(
    "name, settings",
    [
        ("SelectKBest", {}),
        ("SelectKBest", {"k": 3}),
        ("SelectKBest", {"k": "all"}),
        ("SelectPercentile", {}),
        ("SelectPercentile", {"percentile": 33}),
        ("SelectPercentile", {"percentile": 100}),
        ("SelectFpr", {}),
        ("SelectFdr", {}),
        ("SelectFdr", {"alpha": 0.5}),
        ("SelectFwe", {"alpha": 0.01}),
        ("GenericUnivariateSelect", {}),
        ("GenericUnivariateSelect", {"mode": "k_best", "param": 4}),
        ("GenericUnivariateSelect", {"mode": "fdr", "param": 0.1}),
        ("VarianceThreshold", {}),
        ("VarianceThreshold", {"threshold": 1.0}),
    ],
)
def test_selections_are_scikit_learns(name, settings):
    X, y = NOISY
    model = getattr(models, name)(**settings).fit(X, y)
    other = getattr(theirs, name)(**settings).fit(X, y)
    np.testing.assert_array_equal(model.get_support(), other.get_support())
    np.testing.assert_array_equal(model.get_support(indices=True), other.get_support(indices=True))
    Z = other.transform(X)
    np.testing.assert_array_equal(model.transform(X), Z)
    np.testing.assert_array_equal(model.inverse_transform(Z), other.inverse_transform(Z))
    np.testing.assert_array_equal(model.get_feature_names_out(), other.get_feature_names_out())


def test_selections_for_numbers_and_for_counts():
    for score, data in (("f_regression", DIABETES), ("chi2", COUNTS), ("r_regression", DIABETES)):
        found, expected = (
            library(getattr(functions, score), k=3).fit(*data).get_support()
            for library, functions in ((models.SelectKBest, ours), (theirs.SelectKBest, theirs))
        )
        np.testing.assert_array_equal(found, expected)


def test_nothing_left_and_too_many_wanted():
    X, y = RNG.normal(size=(40, 3)), np.arange(40) % 2
    with pytest.warns(UserWarning, match="No features were selected"):
        assert models.SelectFwe(alpha=1e-9).fit_transform(X, y).shape == (40, 0)
    with pytest.warns(UserWarning, match=r"k=9 is greater than n_features=3"):
        models.SelectKBest(k=9).fit(X, y)
    with pytest.raises(
        ValueError, match=r"No feature in X meets the variance threshold 9\.0"
    ) as error:
        models.VarianceThreshold(9).fit(X)
    assert_clear(error.value)


def test_variance_of_constants_with_missing_values():
    X = np.column_stack(
        [np.full(20, 0.1), RNG.normal(size=20), np.where(np.arange(20) < 5, np.nan, 7)]
    )
    model, other = models.VarianceThreshold().fit(X), theirs.VarianceThreshold().fit(X)
    np.testing.assert_array_equal(model.get_support(), other.get_support())
    np.testing.assert_allclose(model.variances_, other.variances_, rtol=1e-12)


def test_scores_that_do_not_fit():
    X, y = RNG.uniform(size=(6, 2)), np.array([0.5, 1, 2, 0, 1, 2])
    for choose in (models.SelectFpr, models.SelectFdr, models.SelectFwe):
        with pytest.raises(ValueError, match="r_regression returns scores without p") as error:
            choose(ours.r_regression).fit(X, y)
        assert_clear(error.value)
    with pytest.raises(ValueError, match="returns scores without p"):
        models.GenericUnivariateSelect(ours.r_regression, mode="fdr").fit(X, y)
    with pytest.raises(ValueError, match="Unknown label type: continuous") as error:
        ours.chi2(X, y)
    assert_clear(error.value)
    with pytest.raises(ValueError, match=r"2 sample\(s\) while a minimum of 3") as error:
        ours.f_regression(X[:2], y[:2])
    assert_clear(error.value)


def test_a_score_function_with_too_few_scores():
    X, y = RNG.normal(size=(6, 2)), np.arange(6) % 2
    with pytest.raises(ValueError, match=r"scores of shape \(1,\) for 2 columns") as error:
        models.SelectKBest(lambda X, y: [1.0], k=1).fit(X, y)
    assert_clear(error.value)
