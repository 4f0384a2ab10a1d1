"""The elastic net as a penalty of logistic regression, against scikit-learn."""

import numpy as np
import pytest

from models import LogisticRegression
from tests.models.generalized.test_logistic import classes_data

linear_model = pytest.importorskip("sklearn.linear_model")


def both(n_classes, weighted=True, theirs=None, **settings):
    """Our model and scikit-learn's, iterated to convergence. theirs: settings that differ there."""
    X, y, rng = classes_data(n_classes)
    weight = rng.uniform(0, 2, size=len(y)) if weighted else None
    ours = LogisticRegression(tol=1e-12, max_iter=20_000, **settings).fit(X, y, weight)
    settings = {**settings, "tol": 1e-12, "max_iter": 200_000, **(theirs or {})}
    return ours, linear_model.LogisticRegression(**settings).fit(X, y, weight)


def assert_equal(ours, theirs):
    largest = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-6 * largest)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_kinks_agree_with_scikit_learn(n_classes, fit_intercept, l1_ratio):
    settings = {"C": 0.1, "fit_intercept": fit_intercept, "solver": "saga", "random_state": 0}
    ours, theirs = both(n_classes, l1_ratio=l1_ratio, **settings)
    assert_equal(ours, theirs)
    if l1_ratio == 1:
        assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).all() and (ours.coef_ == 0).any()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", ["newton-cholesky", "sag", "saga", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("C", [0.1, np.inf])
def test_smooth_penalties_agree_with_scikit_learn(n_classes, solver, C):
    ours, theirs = both(n_classes, solver=solver, C=C, theirs={"solver": "newton-cholesky"})
    assert_equal(ours, theirs)
    assert ours.n_iter_.shape == theirs.n_iter_.shape == (1,)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("intercept_scaling", [1.0, 3.0])
def test_liblinear_penalizes_the_intercept(l1_ratio, intercept_scaling):
    settings = {"solver": "liblinear", "C": 0.2, "l1_ratio": l1_ratio, "random_state": 0}
    ours, theirs = both(2, intercept_scaling=intercept_scaling, **settings)
    assert_equal(ours, theirs)
    free, _ = both(2, C=0.2, l1_ratio=l1_ratio, solver="saga")
    assert np.abs(ours.intercept_ - free.intercept_).max() > 1e-3


def test_liblinear_is_for_two_classes():
    X, y, _ = classes_data(3)
    with pytest.raises(
        ValueError, match=r"'liblinear' is for two classes, and y has 3\.[\s\S]*lbfgs"
    ):
        LogisticRegression(solver="liblinear").fit(X, y)


@pytest.mark.parametrize(
    "penalty, same",
    [
        ("l2", {"l1_ratio": 0.0}),
        ("l1", {"l1_ratio": 1.0}),
        ("elasticnet", {"l1_ratio": 0.0}),
        (None, {"C": np.inf}),
    ],
)
def test_names_of_penalties(penalty, same):
    X, y, _ = classes_data(2)
    named = LogisticRegression(penalty=penalty, solver="saga", tol=1e-10, max_iter=1000).fit(X, y)
    other = LogisticRegression(solver="saga", tol=1e-10, max_iter=1000, **same).fit(X, y)
    np.testing.assert_array_equal(named.coef_, other.coef_)


@pytest.mark.parametrize(
    "settings, ignored",
    [
        ({"penalty": None, "C": 0.5}, "penalty=None ignores C=0.5"),
        ({"penalty": None, "l1_ratio": 0.5}, "penalty=None ignores l1_ratio=0.5"),
        ({"penalty": "l2", "l1_ratio": 0.5}, "penalty='l2' ignores l1_ratio=0.5"),
        ({"penalty": "l1", "l1_ratio": 0.5, "solver": "saga"}, "penalty='l1' ignores l1_ratio=0.5"),
    ],
)
def test_contradictions_warn(settings, ignored):
    X, y, _ = classes_data(2)
    with pytest.warns(UserWarning, match=f"LogisticRegression: {ignored}. Try: "):
        LogisticRegression(max_iter=1000, **settings).fit(X, y)


def test_kinks_need_a_proximal_solver():
    X, y, _ = classes_data(2)
    with pytest.raises(ValueError, match=r"its penalty has kinks[\s\S]*solver='proximal'"):
        LogisticRegression(l1_ratio=0.5).fit(X, y)
    same = {"l1_ratio": 0.5, "tol": 1e-10, "max_iter": 1000}
    ours = LogisticRegression(solver="proximal", **same).fit(X, y)
    np.testing.assert_array_equal(
        ours.coef_, LogisticRegression(solver="saga", **same).fit(X, y).coef_
    )


def test_a_warm_start_goes_on_from_the_last_fit_even_if_it_is_sparse():
    X, y, _ = classes_data(3)
    same = {"l1_ratio": 1.0, "C": 0.1, "solver": "saga", "tol": 1e-8, "max_iter": 1000}
    model = LogisticRegression(warm_start=True, **same).fit(X, y)
    first, coef = model.n_iter_[0], model.coef_
    again = model.sparsify().fit(X, y)
    assert again.n_iter_[0] < first / 2
    np.testing.assert_allclose(again.coef_, coef, atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparsify_changes_no_answer(n_classes):
    X, y, _ = classes_data(n_classes)
    model = LogisticRegression(l1_ratio=1.0, C=0.1, solver="saga", max_iter=1000).fit(X, y)
    coef, scores, p = model.coef_, model.decision_function(X), model.predict_proba(X)
    assert model.sparsify() is model and model.coef_.nnz == np.count_nonzero(coef)
    np.testing.assert_allclose(model.decision_function(X), scores, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-14)
    assert model.score(X, y) == np.mean(model.predict(X) == y)
    np.testing.assert_array_equal(model.densify().densify().coef_, coef)
    with pytest.raises(AttributeError, match="is not fitted yet, so it has no coef_"):
        LogisticRegression().sparsify()


def test_a_scalar_weight_scales_all_samples():
    X, y, _ = classes_data(2)
    same = {"tol": 1e-10, "max_iter": 1000}
    twice = LogisticRegression(**same).fit(X, y, sample_weight=2)
    np.testing.assert_allclose(
        twice.coef_, LogisticRegression(C=2.0, **same).fit(X, y).coef_, rtol=1e-6
    )


def test_the_number_of_jobs_changes_nothing():
    X, y, _ = classes_data(2)
    found = [LogisticRegression(n_jobs=n, random_state=n).fit(X, y).coef_ for n in (None, 2)]
    np.testing.assert_array_equal(*found)
