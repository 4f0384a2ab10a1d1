"""RidgeCV against scikit-learn, and its leave-one-out formula against leaving one out."""

import numpy as np
import pytest

from models import Ridge, RidgeCV
from models.linear.ridge_cv import left_out_errors

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5)) * [1.0, 3.0, 0.1, 5.0, 2.0] + [0, 10.0, 0, -3.0, 1.0]
Y = RNG.normal(size=(30, 2)) + X[:, :2] * 0.3
WEIGHT = RNG.uniform(0.1, 3, size=30)
ALPHAS = [0.01, 0.5, 10.0, 300.0]


@pytest.mark.parametrize("rows, columns", [(30, 5), (30, 1), (6, 5), (5, 5), (4, 5), (2, 5)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_formula_leaves_one_out(rows, columns, fit_intercept, weighted):
    A, y = X[:rows, :columns], Y[:rows]
    weight = WEIGHT[:rows] if weighted else np.ones(rows)
    for α, errors in zip(ALPHAS, left_out_errors(A, y, weight, ALPHAS, fit_intercept), strict=True):
        for i in range(rows):
            others = np.arange(rows) != i
            model = Ridge(α, fit_intercept=fit_intercept).fit(A[others], y[others], weight[others])
            expected = y[i] - model.predict(A[[i]])[0]
            np.testing.assert_allclose(errors[i] / np.sqrt(weight[i]), expected, rtol=1e-9)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine", "breast_cancer", "digits"])
def test_the_same_as_scikit_learn_on_real_data(load):
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    alphas = np.geomspace(1e-3, 1e3, 7)
    same = {"alphas": alphas, "store_cv_results": True}
    ours, theirs = RidgeCV(**same).fit(A, y), linear_model.RidgeCV(**same).fit(A, y)
    assert ours.alpha_ == theirs.alpha_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-9)
    np.testing.assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7)


@pytest.mark.parametrize("targets", [None, 2])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize(
    "scoring", [None, "r2", "neg_mean_squared_error", "neg_mean_absolute_error"]
)
def test_the_same_as_scikit_learn(targets, fit_intercept, weighted, per_target, scoring):
    if per_target and targets is None and scoring:
        pytest.skip("scikit-learn fails")
    y = Y[:, 0] if targets is None else Y
    same = {
        "alphas": ALPHAS, "fit_intercept": fit_intercept, "alpha_per_target": per_target, "scoring": scoring,
        "store_cv_results": True,
    }  # fmt: skip
    weight = WEIGHT if weighted else None
    ours, theirs = RidgeCV(**same).fit(X, y, weight), linear_model.RidgeCV(**same).fit(X, y, weight)
    for name in ("alpha_", "best_score_", "cv_results_", "coef_", "intercept_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert np.shape(found) == np.shape(expected), name
        weights_count_here = per_target and weighted and scoring and name == "best_score_"
        if not weights_count_here:
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    "cv", [3, 5, [(np.arange(20), np.arange(20, 30)), (np.arange(9, 30), np.arange(9))]]
)
@pytest.mark.parametrize("scoring", [None, "neg_mean_squared_error"])
@pytest.mark.parametrize("weighted", [True, False])
def test_folds(cv, scoring, weighted):
    same = {"alphas": ALPHAS, "cv": cv, "scoring": scoring}
    weight = WEIGHT if weighted else None
    ours, theirs = RidgeCV(**same).fit(X, Y, weight), linear_model.RidgeCV(**same).fit(X, Y, weight)
    assert ours.alpha_ == theirs.alpha_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8)


def test_splitters_of_scikit_learn_and_generators_give_the_folds():
    selection = pytest.importorskip("sklearn.model_selection")
    splitter = selection.KFold(4, shuffle=True, random_state=0)
    by_splitter = RidgeCV(ALPHAS, cv=splitter).fit(X, Y[:, 0])
    by_generator = RidgeCV(ALPHAS, cv=splitter.split(X)).fit(X, Y[:, 0])
    assert by_splitter.best_score_ == by_generator.best_score_
    same_as_default = RidgeCV(ALPHAS, cv=selection.KFold(5)).fit(X, Y[:, 0])
    assert same_as_default.best_score_ == RidgeCV(ALPHAS, cv=5).fit(X, Y[:, 0]).best_score_


def test_a_row_of_weight_zero_is_not_there():
    weight = np.r_[0.0, WEIGHT[1:]]
    without = RidgeCV(ALPHAS).fit(X[1:], Y[1:], WEIGHT[1:])
    with_it = RidgeCV(ALPHAS).fit(X, Y, weight)
    np.testing.assert_allclose(with_it.coef_, without.coef_, rtol=1e-12)
    assert with_it.best_score_ * 30 == pytest.approx(without.best_score_ * 29, rel=1e-12)
    splits = [(np.arange(15), np.arange(15, 30)), (np.arange(15, 30), np.arange(15))]
    assert RidgeCV(ALPHAS, cv=splits).fit(X, Y, weight).alpha_ in ALPHAS


def test_messages():
    y = Y[:, 0]
    for settings, message in (
        ({"alphas": [0.0, 1.0]}, r"alphas of RidgeCV\(cv=None\) must be > 0, got 0"),
        (
            {"cv": 3, "store_cv_results": True},
            "cv!=None and store_cv_results=True are incompatible",
        ),
        (
            {"cv": 3, "alpha_per_target": True},
            "cv!=None and alpha_per_target=True are incompatible",
        ),
        (
            {"cv": 31},
            "Cannot have number of splits n_splits=31 greater than the number of samples: n_sam",
        ),
        ({"cv": [([], [1])]}, "cv has a part without rows"),
        ({"cv": "five"}, "'cv' parameter of RidgeCV must be an integer"),
    ):
        with pytest.raises(ValueError, match=message):
            RidgeCV(**settings).fit(X, y)
    with pytest.raises(ValueError, match="only 1 sample"):
        RidgeCV().fit(X[:1], y[:1])
