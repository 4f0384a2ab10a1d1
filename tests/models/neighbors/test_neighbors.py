"""NearestNeighbors and the predictors, beside scikit-learn's and the naive text."""

import copy
import sys

import numpy as np
import pytest

import models
from models.neighbors.classification import naive_k_neighbors

neighbors = pytest.importorskip("sklearn.neighbors")
datasets = pytest.importorskip("sklearn.datasets")

rng = np.random.default_rng(0)
X, Q = rng.normal(size=(150, 4)), rng.normal(size=(40, 4))
Y = (X @ rng.normal(size=(4, 2)) + 0.3 * rng.normal(size=(150, 2))).round(3)
LABELS = np.array(["a", "b", "c"])[np.digitize(Y, [-1, 1])]


def both(name, *data, **settings):
    settings = copy.deepcopy(settings)  # theirs adds p to metric_params
    return (
        getattr(models, name)(**settings).fit(*data),
        getattr(neighbors, name)(**settings).fit(*data),
    )


def inverse(d):
    return 1 / (1 + d)


WEIGHTS = ["uniform", "distance", inverse, None]
METRICS = [
    {}, {"p": 1}, {"p": 3}, {"metric": "cosine", "algorithm": "brute"}, {"metric": "chebyshev"},
    {"metric": "minkowski", "metric_params": {"w": [1, 2, 0, 1.0]}}, {"metric": "canberra"},
    {"metric": "seuclidean", "metric_params": {"V": [1, 2, 3, 4.0]}},
]  # fmt: skip


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("metric", METRICS)
def test_k_neighbors(weights, metric):
    for y in (Y[:, 0], Y):
        ours, theirs = both("KNeighborsRegressor", X, y, weights=weights, **metric)
        np.testing.assert_allclose(ours.predict(Q), theirs.predict(Q), rtol=1e-12)
        assert ours.score(Q, Y[:40].reshape(40, -1)[:, : y[:1].size].reshape(40, *y.shape[1:])) <= 1
        assert ours.effective_metric_ == theirs.effective_metric_
    for y in (LABELS[:, 0], LABELS):
        ours, theirs = both("KNeighborsClassifier", X, y, weights=weights, **metric)
        np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
        np.testing.assert_allclose(ours.predict_proba(Q), theirs.predict_proba(Q), atol=1e-12)
        assert ours.outputs_2d_ == theirs.outputs_2d_


@pytest.mark.parametrize("weights", WEIGHTS)
def test_radius_neighbors(weights):
    settings = {"weights": weights, "radius": 1.6}
    near = Q[np.linalg.norm(Q[:, None] - X, axis=2).min(axis=1) < 1.5]
    for y in (Y[:, 0], Y):
        ours, theirs = both("RadiusNeighborsRegressor", X, y, **settings)
        np.testing.assert_allclose(ours.predict(near), theirs.predict(near), rtol=1e-12)
    for y in (LABELS[:, 0], LABELS):
        ours, theirs = both("RadiusNeighborsClassifier", X, y, **settings)
        np.testing.assert_array_equal(ours.predict(near), theirs.predict(near))
        np.testing.assert_allclose(ours.predict_proba(near), theirs.predict_proba(near), atol=1e-12)


@pytest.mark.parametrize("label", ["most_frequent", "a", "z", ["b", "a"]])
@pytest.mark.filterwarnings("ignore:Outlier label z")
def test_rows_without_neighbors_get_the_outlier_label(label):
    far = np.concatenate([Q[:5], Q[:3] + 100])
    y = LABELS if isinstance(label, list) else LABELS[:, 0]
    ours, theirs = both("RadiusNeighborsClassifier", X, y, radius=3.0, outlier_label=label)
    np.testing.assert_array_equal(ours.predict(far), theirs.predict(far))
    np.testing.assert_allclose(ours.predict_proba(far), theirs.predict_proba(far), atol=1e-12)
    assert ours.outlier_label_ == theirs.outlier_label_


def test_rows_without_neighbors_are_errors_or_nan():
    model = models.RadiusNeighborsClassifier().fit(X, LABELS[:, 0])
    with pytest.raises(ValueError, match=r"No neighbors found for test samples \[1\]"):
        model.predict([X[0], X[0] + 100])
    with pytest.raises(TypeError, match="The dtype of outlier_label 3 is inconsistent"):
        models.RadiusNeighborsClassifier(outlier_label=3).fit(X, LABELS[:, 0])
    with pytest.raises(ValueError, match="The length of outlier_label"):
        models.RadiusNeighborsClassifier(outlier_label=["a", "b"]).fit(X, LABELS[:, 0])
    numbers = models.RadiusNeighborsRegressor().fit(X, Y)
    with pytest.warns(UserWarning, match="no neighbors within specified radius; predicting NaN"):
        assert np.isnan(numbers.predict([X[0] + 100])).all()


def test_equal_rows_count_alone_by_distance():
    A, y = np.array([[0.0], [0.0], [1.0]]), [0, 1, 1]
    model = models.KNeighborsClassifier(3, weights="distance").fit(A, y)
    np.testing.assert_array_equal(model.predict_proba([[0.0]]), [[0.5, 0.5]])
    with pytest.raises(ValueError, match="All neighbors of some sample is getting zero weights"):
        models.KNeighborsClassifier(3, weights=np.zeros_like).fit(A, y).predict(A)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_the_naive_text_says_the_same(name):
    A, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    A, y = A[::3], y[::3]
    model = models.KNeighborsClassifier().fit(A, y)
    expected = [naive_k_neighbors(A.tolist(), y.tolist(), row, 5) for row in A.tolist()]
    np.testing.assert_array_equal(model.predict(A), expected)


@pytest.mark.parametrize("algorithm", ["auto", "brute", "kd_tree", "ball_tree"])
def test_methods_of_nearest_neighbors(algorithm):
    ours, theirs = both("NearestNeighbors", X, n_neighbors=4, radius=1.2, algorithm=algorithm)
    for given in (None, Q):
        for a, b in zip(ours.kneighbors(given), theirs.kneighbors(given), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        np.testing.assert_array_equal(
            ours.kneighbors(given, 7, return_distance=False),
            theirs.kneighbors(given, 7, return_distance=False),
        )
        found = ours.radius_neighbors(given, sort_results=True)
        expected = theirs.radius_neighbors(given, sort_results=True)
        for a, b in zip(found, expected, strict=True):
            for row, wanted in zip(a, b, strict=True):
                np.testing.assert_allclose(row, wanted, rtol=1e-12)
        for mode in ("connectivity", "distance"):
            for name in ("kneighbors_graph", "radius_neighbors_graph"):
                graph = getattr(ours, name)(given, mode=mode)
                expected = getattr(theirs, name)(given, mode=mode)
                assert graph.format == "csr"
                np.testing.assert_allclose(graph.toarray(), expected.toarray(), rtol=1e-12)


def test_precomputed_distances():
    D = np.linalg.norm(X[:, None] - X, axis=2)
    other = np.linalg.norm(Q[:, None] - X, axis=2)
    plain = models.KNeighborsClassifier().fit(X, LABELS[:, 0])
    model = models.KNeighborsClassifier(metric="precomputed").fit(D, LABELS[:, 0])
    assert model.pairwise and not plain.pairwise
    np.testing.assert_array_equal(model.predict(other), plain.predict(Q))


def test_missing_values():
    A = np.where(rng.random(X.shape) < 0.2, np.nan, X)
    ours, theirs = both("KNeighborsRegressor", A, Y, metric="nan_euclidean")
    np.testing.assert_allclose(ours.predict(A), theirs.predict(A), rtol=1e-12)
    with pytest.raises(ValueError, match="NaN"):
        models.KNeighborsRegressor().fit(A, Y)
    A[0] = np.nan  # no feature in common with any row
    distance, number = models.NearestNeighbors(metric="nan_euclidean").fit(A).kneighbors(A[:2])
    assert np.isinf(distance[0]).all() and number[0].tolist() == [0, 1, 2, 3, 4]
    assert np.isfinite(distance[1]).all()


def test_what_cannot_be_found(monkeypatch):
    model = models.NearestNeighbors().fit(X)
    for wrong, kind, message in (
        (lambda: model.kneighbors(Q, 151), ValueError, "n_neighbors=151, n_samples_fit=150"),
        (lambda: model.kneighbors(n_neighbors=150), ValueError, "Expected n_neighbors < n_samples"),
        (lambda: model.kneighbors(Q, 0), ValueError, "Expected n_neighbors > 0. Got 0"),
        (lambda: model.kneighbors(Q, 2.5), TypeError, "does not take float value"),
        (lambda: model.kneighbors_graph(Q, mode="x"), ValueError, "Unsupported mode"),
        (lambda: model.radius_neighbors(Q, return_distance=False, sort_results=True), ValueError, "must"),
        (lambda: models.KNeighborsRegressor(9).fit(X[:8], Y[:8]), ValueError, "n_neighbors=9, n_s"),
        (lambda: models.NearestNeighbors(p=0.5, algorithm="kd_tree").fit(X), ValueError, "0 < p < 1"),
        (lambda: models.NearestNeighbors(metric="cosin").fit(X), ValueError, "'metric' parameter"),
        (lambda: models.NearestNeighbors().kneighbors(), ValueError, "not fitted"),
    ):  # fmt: skip
        with pytest.raises(kind, match=message):
            wrong()
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="needs the library SciPy"):
        model.kneighbors_graph()


def test_a_column_of_labels_is_one_column():
    model = models.KNeighborsClassifier().fit(X, LABELS[:, :1])
    assert model.predict(Q).shape == (40,) and not model.outputs_2d_
    assert model.score(X, LABELS[:, :1]) == model.score(X, LABELS[:, 0]) > 0.8
    several = models.KNeighborsClassifier().fit(X, LABELS)
    assert several.score(X, LABELS) == (several.predict(X) == LABELS).all(axis=1).mean()


def test_weights_of_another_shape():
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
    model = models.KNeighborsClassifier(2, weights=lambda distances: distances[:1]).fit(X, y)
    with pytest.raises(ValueError, match="returned 2 numbers for 12 distances.(?s:.*)Try: "):
        model.predict(X)


def test_its_own_rows_need_no_columns_with_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [0.0, 1.0, 3.0], "b": [0.0, 0.0, 0.0]})
    model = models.NearestNeighbors(n_neighbors=1).fit(frame)
    assert model.kneighbors(return_distance=False).tolist() == [[1], [0], [1]]  # without a warning
    assert models.KernelDensity().fit(frame).sample(2, random_state=0).shape == (2, 2)
