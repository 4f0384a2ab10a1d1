"""What models attend to: the same numbers as scikit-learn's, from the same seeds."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pandas")

from sklearn import inspection
from sklearn.datasets import load_diabetes, load_iris

import models
from models.inspection import partial_dependence, permutation_importance

DIABETES = load_diabetes(return_X_y=True, as_frame=True)
IRIS = load_iris(return_X_y=True)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scoring": "neg_mean_absolute_error", "n_repeats": 3},
        {"scoring": ["r2", "neg_max_error"]},
        {"max_samples": 0.5},
        {"max_samples": 60},
        {"sample_weight": np.linspace(1, 3, 442)},
        {"n_jobs": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("as_frame", [True, False])
def test_permutation_importance_as_scikit_learns(settings, as_frame):
    X, y = DIABETES
    X = X if as_frame else X.to_numpy()
    model = models.Ridge(alpha=0.1).fit(X, y)
    ours = permutation_importance(model, X, y, random_state=3, **settings)
    theirs = inspection.permutation_importance(model, X, y, random_state=3, **settings)
    several = isinstance(settings.get("scoring"), list)
    for name in settings["scoring"] if several else [None]:
        a, b = (ours[name], theirs[name]) if name else (ours, theirs)
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_allclose(a[key], b[key], rtol=1e-9, atol=1e-12)


def test_a_feature_that_the_model_does_not_use_has_no_importance():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    model = models.LinearRegression().fit(X[:, :2] @ np.eye(2, 3), X[:, 0])
    found = permutation_importance(model, X, X[:, 0], random_state=0)
    assert found.importances_mean[0] > 1 and abs(found.importances_mean[2]) < 1e-12
    with pytest.raises(ValueError, match="max_samples must be <= n_samples: 101 of 100 rows"):
        permutation_importance(model, X, X[:, 0], max_samples=101)


@pytest.mark.parametrize("kind", ["average", "both"])
@pytest.mark.parametrize(
    ("features", "settings"),
    [
        ([2], {"grid_resolution": 12}),
        ([0, 8], {"grid_resolution": 5, "percentiles": (0.1, 0.8)}),
        ([1], {}),
        ([3], {"custom_values": {3: np.array([-0.05, 0.0, 0.1])}}),
        ([1], {"categorical_features": [1], "sample_weight": np.linspace(1, 2, 442)}),
    ],
    ids=str,
)
def test_partial_dependence_as_scikit_learns(features, settings, kind):
    X, y = DIABETES[0].to_numpy(), DIABETES[1]
    model = models.KernelRidge(kernel="rbf", alpha=0.1).fit(X, y)
    ours = partial_dependence(model, X, features, kind=kind, **settings)
    theirs = inspection.partial_dependence(
        model, X, features, kind=kind, method="brute", **settings
    )
    assert ours.keys() == theirs.keys()
    for a, b in zip(ours.grid_values, theirs.grid_values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    for name in ("average", "individual")[: 1 + (kind == "both")]:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_of_classes_there_is_a_curve_for_each_but_one_of_two(classes):
    X, y = IRIS[0][IRIS[1] < classes], IRIS[1][IRIS[1] < classes]
    model = models.LogisticRegression().fit(X, y)
    ours = partial_dependence(model, X, 2, grid_resolution=7)
    theirs = inspection.partial_dependence(model, X, [2], grid_resolution=7)
    assert ours.average.shape == (classes if classes > 2 else 1, 7)
    np.testing.assert_allclose(ours.average, theirs.average, rtol=1e-9)
    score = partial_dependence(model, X, 2, grid_resolution=7, response_method="decision_function")
    expected = inspection.partial_dependence(
        model, X, [2], grid_resolution=7, response_method="decision_function"
    )
    np.testing.assert_allclose(score.average, expected.average, rtol=1e-9)


def test_frames_are_asked_by_name():
    X, y = DIABETES
    model = models.Ridge().fit(X, y)
    ours = partial_dependence(model, X, ["bmi", "s5"], grid_resolution=4)
    by_number = partial_dependence(model, X, [2, 8], grid_resolution=4)
    np.testing.assert_array_equal(ours.average, by_number.average)
    slope = np.diff(ours.average[0], axis=0) / np.diff(ours.grid_values[0])[:, None]
    np.testing.assert_allclose(slope, model.coef_[2])  # that of a linear model is its coefficient


@pytest.mark.parametrize(
    ("features", "settings", "message"),
    [
        (["weight"], {}, "X has no feature 'weight': its features are 'age'"),
        ([10], {}, "X has no feature 10"),
        ([0], {"percentiles": (0.9, 0.1)}, "are not two ascending fractions"),
        ([0], {"grid_resolution": 1}, "'grid_resolution' must be strictly greater than 1"),
        ([0], {"percentiles": (0.5, 0.5001), "grid_resolution": 9}, "too close to each other"),
    ],
)
def test_what_is_wrong_is_said(features, settings, message):
    X, y = DIABETES
    with pytest.raises(ValueError, match=message):
        partial_dependence(models.Ridge().fit(X, y), X, features, **settings)


def test_integer_columns_are_refused():
    X = np.arange(20).reshape(10, 2)
    model = models.Ridge().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="The column 0 contains integer data"):
        partial_dependence(model, X, [0])


def test_no_repeats():
    X = np.arange(12.0).reshape(6, 2)
    with pytest.raises(ValueError, match="n_repeats must be 1 or more(?s:.*)Try: "):
        permutation_importance(models.Ridge().fit(X, X[:, 0]), X, X[:, 0], n_repeats=0)
