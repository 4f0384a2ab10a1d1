"""Importances and dependences: scikit-learn's numbers."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.inspection as theirs
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge

import models
from models import inspection

X, Y = load_diabetes(return_X_y=True)
I, K = load_iris(return_X_y=True)
RIDGE = Ridge().fit(X, Y)
CASES = [
    {}, {"n_repeats": 3, "scoring": "neg_mean_absolute_error"}, {"max_samples": 0.4}, {"max_samples": 100},
    {"sample_weight": np.arange(442.0)}, {"n_jobs": 2},
]  # fmt: skip


@pytest.mark.parametrize("given", CASES)
def test_importances(given):
    ours, expected = (
        m.permutation_importance(RIDGE, X, Y, random_state=3, **given) for m in (inspection, theirs)
    )
    assert ours.keys() == expected.keys()
    for key in expected:
        np.testing.assert_allclose(ours[key], expected[key], rtol=1e-10, atol=1e-13)


def test_importances_of_frames_and_several_scores():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pandas.DataFrame(X, columns=list("abcdefghij"))
    model = models.Ridge().fit(frame, Y)
    scores = ["r2", "neg_mean_squared_error"]
    ours = inspection.permutation_importance(model, frame, Y, scoring=scores, random_state=0)
    expected = theirs.permutation_importance(
        Ridge().fit(frame, Y), frame, Y, scoring=scores, random_state=0
    )
    for name in scores:
        np.testing.assert_allclose(
            ours[name].importances, expected[name].importances, rtol=1e-8, atol=1e-9
        )
    table = polars.DataFrame({name: X[:, i] for i, name in enumerate("abcdefghij")})
    same = inspection.permutation_importance(model, table, Y, scoring="r2", random_state=0)
    np.testing.assert_allclose(same.importances, ours["r2"].importances)


@pytest.mark.parametrize("kind", ["average", "individual", "both"])
@pytest.mark.parametrize(
    "given",
    [
        {"features": [2]}, {"features": [2, 3], "grid_resolution": 5},
        {"features": 8, "percentiles": (0.1, 0.8)},
        {"features": [2], "sample_weight": np.arange(442.0), "grid_resolution": 7},
        {"features": [1], "custom_values": {1: [0.0, 0.05]}},
        {"features": [1, 2], "categorical_features": [1], "grid_resolution": 4},
    ],
)  # fmt: skip
def test_dependences_of_a_regressor(given, kind):
    ours, expected = (
        m.partial_dependence(RIDGE, X, kind=kind, **given) for m in (inspection, theirs)
    )
    assert ours.keys() == expected.keys()
    for a, b in zip(ours.grid_values, expected.grid_values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    for key in {*expected} - {"grid_values"}:
        np.testing.assert_allclose(ours[key], expected[key], rtol=1e-10)


@pytest.mark.parametrize("method", ["auto", "decision_function"])
def test_dependences_of_a_classifier(method):
    pandas = pytest.importorskip("pandas")
    for rows in (slice(0, 100), slice(0, 150)):
        frame = pandas.DataFrame(I[rows], columns=list("abcd"))
        model = LogisticRegression(max_iter=500).fit(frame, K[rows])
        given = {"response_method": method, "kind": "both", "grid_resolution": 6}
        ours = inspection.partial_dependence(model, frame, ["c"], **given)
        expected = theirs.partial_dependence(model, frame, ["c"], **given)
        np.testing.assert_allclose(ours.average, expected.average)
        np.testing.assert_allclose(ours.individual, expected.individual)


def test_mistakes():
    for call, message in {
        lambda: inspection.permutation_importance(
            RIDGE, X, Y, max_samples=999
        ): "max_samples must be <=",
        lambda: inspection.partial_dependence(RIDGE, X, [17]): r"must be in \[0, 9\]",
        lambda: inspection.partial_dependence(RIDGE, X, ["age"]): "'age' not in feature_names",
        lambda: inspection.partial_dependence(
            models.KMeans(), X, [0]
        ): "fitted regressor or classifier",
        lambda: inspection.partial_dependence(RIDGE, X, [0], kind="all"): "no such kind",
    }.items():
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "Try: " in str(error.value)
