"""LogisticRegressionCV against scikit-learn and against single fits of LogisticRegression."""

import warnings

import numpy as np
import pytest

from models import LogisticRegression, LogisticRegressionCV

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

STRICT = {"tol": 1e-10, "max_iter": 20_000}


def standardized(load):
    X, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def twin(X, y, weight=None, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        solver = settings.pop("solver", "newton-cholesky")
        model = linear_model.LogisticRegressionCV(solver=solver, **STRICT | settings)
        return model.fit(X, y, sample_weight=weight)


def assert_same(ours, theirs, rtol=1e-6):
    for name in ("Cs_", "C_", "coef_", "intercept_", "scores_", "coefs_paths_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        if not isinstance(found, dict):
            found, expected = {"": found}, {"": expected}
        assert found.keys() == expected.keys()
        for label in found:
            assert np.shape(found[label]) == np.shape(expected[label]), name
            size = np.abs(expected[label]).max()
            np.testing.assert_allclose(
                found[label], expected[label], rtol, rtol * size, err_msg=name
            )


@pytest.mark.parametrize("load", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_the_same_as_scikit_learn_on_real_data(load, scoring):
    X, y = standardized(load)
    same = {"Cs": np.logspace(-4, 2, 6), "scoring": scoring}
    ours, theirs = LogisticRegressionCV(**same, **STRICT).fit(X, y), twin(X, y, **same)
    assert_same(ours, theirs)
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    np.testing.assert_array_equal(LogisticRegressionCV(Cs=2).fit(X, y).Cs_, [1e-4, 1e4])
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("load", ["iris", "breast_cancer"])
def test_both_forms_of_what_is_learned(refit, fit_intercept, legacy, load):
    X, y = standardized(load)
    X = X[:, :4]
    same = {"refit": refit, "fit_intercept": fit_intercept, "use_legacy_attributes": legacy}
    same |= {"Cs": [0.01, 1.0, 100.0], "cv": 3, "class_weight": "balanced", "l1_ratios": (0.0,)}
    weight = np.random.default_rng(0).uniform(0.1, 2, len(y))
    ours = LogisticRegressionCV(**same, **STRICT).fit(X, y, weight)
    theirs = twin(X, y, weight, **same)
    assert_same(ours, theirs)
    assert np.shape(ours.n_iter_) == np.shape(theirs.n_iter_)
    np.testing.assert_array_equal(ours.l1_ratio_, theirs.l1_ratio_)
    np.testing.assert_array_equal(ours.l1_ratios_, theirs.l1_ratios_)


def test_several_l1_ratios():
    X, y = standardized("wine")
    same = {
        "Cs": [0.05, 0.5],
        "l1_ratios": [0.0, 0.5, 1.0],
        "solver": "saga",
        "scoring": "neg_log_loss",
    }
    rows = np.random.default_rng(0).permutation(len(y))[:90]
    ours = LogisticRegressionCV(**same, **STRICT).fit(X[rows], y[rows])
    assert_same(ours, twin(X[rows], y[rows], **same), rtol=1e-5)
    assert ours.scores_[0].shape == (5, 2, 3) and ours.l1_ratio_.shape == (3,)
    by_name = LogisticRegressionCV(penalty="l1", Cs=[0.5], solver="saga", **STRICT).fit(X, y)
    single = LogisticRegression(C=0.5, l1_ratio=1, solver="saga", **STRICT).fit(X, y)
    np.testing.assert_allclose(by_name.coef_, single.coef_, atol=1e-7)
    assert by_name.l1_ratio_.tolist() == [1.0] * 3 and (by_name.coef_ == 0).any()


def test_a_path_is_made_of_single_fits():
    X, y = standardized("breast_cancer")
    half = np.arange(len(y)) < 300
    splits = [(np.flatnonzero(half), np.flatnonzero(~half))]
    model = LogisticRegressionCV(Cs=[0.1, 1.0], cv=splits, **STRICT).fit(X, y)
    for k, C in enumerate(model.Cs_):
        single = LogisticRegression(C=C, **STRICT).fit(X[half], y[half])
        path = model.coefs_paths_[1][0, k]
        np.testing.assert_allclose(path[:-1], single.coef_[0], atol=1e-7)
        assert path[-1] == pytest.approx(single.intercept_[0], abs=1e-7)
        assert model.scores_[1][0, k] == single.score(X[~half], y[~half])
    best = LogisticRegression(C=model.C_[0], **STRICT).fit(X, y)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-7)


def test_words_as_labels_and_a_class_that_a_fold_lacks():
    X, y = standardized("iris")
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LogisticRegressionCV(Cs=3, scoring="neg_log_loss").fit(X, words)
    assert {*model.scores_} == {*words} and {*model.predict(X)} == {*words}
    assert model.score(X, words) < 0
    blocks = [(np.flatnonzero(y != k), np.flatnonzero(y == k)) for k in range(3)]
    lacking = LogisticRegressionCV(Cs=[0.1], cv=blocks, scoring="neg_log_loss").fit(X, words)
    assert np.isfinite(lacking.scores_["setosa"]).all()
    assert lacking.coefs_paths_["setosa"].shape == (3, 1, 5)
    two = LogisticRegressionCV(Cs=[0.1], scoring="f1").fit(X, np.where(y == 0, "no", "yes"))
    assert two.scores_["yes"].shape == (5, 1)


def test_a_score_without_weights_says_that_it_ignores_them():
    X, y = standardized("breast_cancer")
    plain = LogisticRegressionCV(Cs=[1.0], scoring=lambda model, X, y: model.score(X, y))
    with pytest.warns(UserWarning, match="does not support sample_weight"):
        plain.fit(X, y, np.arange(len(y)) % 3)


def test_refusals():
    X, y = standardized("iris")
    with pytest.raises(ValueError, match="'l1_ratio' parameter .* Got 2.0"):
        LogisticRegressionCV(l1_ratios=[0.5, 2.0], solver="saga").fit(X, y)
    with pytest.raises(ValueError, match="penalty has kinks"):
        LogisticRegressionCV(l1_ratios=[0.5]).fit(X, y)
