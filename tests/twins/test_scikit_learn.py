"""Estimators beside their namesakes in scikit-learn: the report is true, and the filled twin predicts."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_iris

import models
from models.foundation import NotFittedError
from tinygrad_edu.twins import scikit_learn

NUMBERS, CLASSES = load_diabetes(return_X_y=True), load_iris(return_X_y=True)


def test_the_twin_has_the_same_settings():
    twin = scikit_learn.twin_of(models.Ridge(alpha=2.5, fit_intercept=False))
    assert type(twin).__module__.startswith("sklearn.")
    assert (twin.alpha, twin.fit_intercept) == (2.5, False)


def test_a_comparison_of_what_agrees():
    model = models.Ridge(alpha=2.0)
    report = scikit_learn.compare(model, *NUMBERS)
    assert {row.name for row in report.rows} == {"coef_", "intercept_", "predict", "score"}
    assert report.max_difference() < 1e-12
    np.testing.assert_allclose(report["coef_"].ours, models.Ridge(alpha=2.0).fit(*NUMBERS).coef_)
    # The model itself is not fitted.
    assert not [name for name in vars(model) if name.endswith("_")]
    text = str(report)
    assert "Ridge(alpha=2.0) and scikit-learn" in text and "coef_" in text
    assert "A fit takes" in text and "It needs" in text


def test_a_difference_is_found_and_weights_reach_both():
    X, y = NUMBERS
    weight = np.linspace(0.1, 2, len(X))
    assert scikit_learn.compare(models.Ridge(), X, y, sample_weight=weight).max_difference() < 1e-10
    rough = scikit_learn.compare(models.LogisticRegression(max_iter=400, tol=1e-2), *CLASSES)
    assert 1e-4 < rough["coef_"].difference < 1
    row = scikit_learn.Row("labels", np.array(["a", "b", "b", "b"]), np.array(["a", "b", "b", "a"]))
    assert row.difference == 0.25
    assert scikit_learn.Row("x", [1.0, np.nan], [1.0, 2.0]).difference == np.inf
    assert scikit_learn.Row("x", [8.0, np.inf], [10.0, np.inf]).difference == pytest.approx(0.2)


def test_targets_of_any_name_and_sparse_answers():
    """A chain calls its targets Y, and a graph of neighbors is a sparse matrix."""
    X, y = CLASSES
    chain = scikit_learn.compare(
        models.ClassifierChain(models.LogisticRegression(tol=1e-10)),
        X,
        np.c_[y == 0, y == 2],
        rounds=1,
    )
    graph = scikit_learn.compare(models.KNeighborsTransformer(n_neighbors=3), NUMBERS[0])
    np.testing.assert_array_equal(*(getattr(chain["predict"], side) for side in ("ours", "theirs")))
    assert graph["transform"].ours.shape == (442, 442)
    assert graph["transform"].difference < 1e-12


def test_the_page_has_every_row(tmp_path):
    report = scikit_learn.compare(models.StandardScaler(), NUMBERS[0], rounds=1)
    page = report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    assert page.count("<tr>") == len(report.rows) + 1 and "<script" not in page
    with pytest.raises(KeyError, match=r"no .*coef_.*[\s\S]*one of n_samples_seen_, mean_"):
        report["coef_"]


@pytest.mark.parametrize(
    "model, data",
    [
        (models.LinearRegression(), NUMBERS),
        (models.Ridge(), NUMBERS),
        (models.LogisticRegression(max_iter=400), CLASSES),
        (models.PoissonRegressor(), CLASSES),
        (models.StandardScaler(), CLASSES),
        (models.KMeans(3, random_state=0), CLASSES),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_filled_twin_answers_like_the_model(model, data):
    filled = scikit_learn.to_sklearn(model.fit(*data))
    assert type(filled).__module__.startswith("sklearn.")
    method = "predict" if hasattr(model, "predict") else "transform"
    found, expected = getattr(filled, method)(data[0]), getattr(model, method)(data[0])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_filled_twin_keeps_the_names_of_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(CLASSES[0], columns=["a", "b", "c", "d"])
    filled = scikit_learn.to_sklearn(models.Ridge().fit(table, CLASSES[1]))
    assert list(filled.feature_names_in_) == ["a", "b", "c", "d"]


def test_what_cannot_be_filled_or_has_no_twin_is_refused():
    with pytest.raises(NotFittedError):
        scikit_learn.to_sklearn(models.Ridge())
    machine = models.SVC().fit(*CLASSES)
    with pytest.raises(TypeError, match=r"cannot be filled from outside[\s\S]*twin_of\(model\)"):
        scikit_learn.to_sklearn(machine)
    for wrong in (3, scikit_learn.twin_of(models.Ridge())):
        with pytest.raises(TypeError, match="is not an estimator of models"):
            scikit_learn.compare(wrong, *NUMBERS)

    class Unknown(models.Ridge):
        pass

    with pytest.raises(TypeError, match="scikit-learn has no Unknown"):
        scikit_learn.compare(Unknown(), *NUMBERS)
