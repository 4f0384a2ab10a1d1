"""Distances: scikit-learn's and SciPy's for every metric, and exact differences where products cancel."""

import numpy as np
import pytest

from models.neighbors.distances import METRICS, NAMES, metric_of, pairwise_distances

metrics = pytest.importorskip("sklearn.metrics")
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(23, 5)), rng.normal(size=(17, 5))
PLAIN = [name for name in METRICS if name not in ("haversine", "infinity", "nan_euclidean")]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("other", [True, False])
@pytest.mark.filterwarnings("ignore:Data was converted to boolean")
def test_named_metrics(name, other):
    A, B = (X > 0, Y > 0) if METRICS[name].prepare is METRICS["dice"].prepare else (X, Y)
    A, B = (np.round(A), np.round(B)) if name == "hamming" else (A, B)
    found = pairwise_distances(A, B if other else None, metric=name)
    expected = metrics.pairwise_distances(A, B if other else None, metric=name)
    if not other and name == "russellrao":
        np.fill_diagonal(expected, np.diagonal(found))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "name, params",
    [
        ("minkowski", {"p": 3}), ("minkowski", {"p": 1.5, "w": [1, 2, 0, 3, 0.5]}),
        ("minkowski", {"p": 0.5}), ("minkowski", {"p": 2, "w": [1, 2, 0, 3, 0.5]}),
        ("minkowski", {"p": 1}), ("seuclidean", {"V": [1, 2, 3, 4, 5.0]}),
        ("mahalanobis", {"VI": np.linalg.inv(np.cov(X.T))}),
    ],
)  # fmt: skip
def test_metrics_with_parameters(name, params):
    found = pairwise_distances(X, Y, metric=name, **params)
    expected = metrics.pairwise_distances(X, Y, metric=name, **params)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["seuclidean", "mahalanobis"])
def test_parameters_are_estimated_from_the_rows(name):
    expected = metrics.pairwise_distances(X, metric=name)
    np.testing.assert_allclose(pairwise_distances(X, metric=name), expected, atol=1e-12)
    with pytest.raises(ValueError, match="parameter is required"):
        pairwise_distances(X, Y, metric=name)


def test_haversine():
    A, B = X[:, :2] / 3, Y[:, :2] / 3
    found = pairwise_distances(A, B, metric="haversine")
    np.testing.assert_allclose(found, metrics.pairwise_distances(A, B, "haversine"), atol=1e-12)
    with pytest.raises(ValueError, match="needs two columns"):
        pairwise_distances(X, metric="haversine")


def test_missing_values():
    A = np.where(rng.random(X.shape) < 0.3, np.nan, X)
    A[0] = np.nan
    found = pairwise_distances(A, metric="nan_euclidean")
    expected = metrics.pairwise_distances(A, metric="nan_euclidean")
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_function_and_precomputed():
    found = pairwise_distances(X, Y, metric=lambda a, b, c: c * abs(a - b).max(), c=2)
    np.testing.assert_allclose(found, 2 * pairwise_distances(X, Y, "chebyshev"))
    D = pairwise_distances(X, Y)
    assert (pairwise_distances(D, metric="precomputed") == D).all()


def test_near_points_far_from_the_origin_keep_their_digits():
    steps = np.arange(8.0)[:, None] * 2.0**-20
    A = 1e8 + np.repeat(steps, 6, axis=1)
    A = np.concatenate([A, A + 1e6])
    expected = np.sqrt(((A[:, None] - A) ** 2).sum(axis=2))
    np.testing.assert_allclose(pairwise_distances(A), expected, rtol=1e-14)
    angle = np.array([0.0, 1e-9])
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert pairwise_distances(circle, metric="cosine")[0, 1] == pytest.approx(5e-19, rel=1e-6)


def test_rows_without_a_direction():
    A = np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    np.testing.assert_array_equal(pairwise_distances(A, metric="cosine")[0], [0, 1, 0])
    np.testing.assert_allclose(pairwise_distances(A + 3, metric="correlation")[0], [0, 1, 0])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"metric": "euclidian"}, "(?s)Metric 'euclidian' not valid.*Try: euclidean"),
        ({"p": 3}, "metric='euclidean' has no parameter p"),
        ({"metric": "minkowski", "V": [1]}, "metric='minkowski' has no parameter V"),
        ({"metric": "minkowski", "p": 0}, "needs p > 0"),
        ({"metric": "minkowski", "w": [1, 2]}, "2 weights for 5 features"),
        ({"metric": "minkowski", "w": [-1.0] * 5}, "negative"),
        ({"metric": "mahalanobis", "VI": -np.eye(5)}, "negative eigenvalue"),
        ({"metric": "mahalanobis", "VI": np.eye(3)}, "3 features, and X has 5"),
        ({"Y": X[:, :2]}, "Incompatible dimension"),
        ({"Y": X[0]}, "expects Y of shape"),
        ({"Y": X * np.nan}, "Input Y contains NaN"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        pairwise_distances(X, **arguments)


def test_every_name_makes_a_metric():
    given = {"seuclidean": {"V": [1.0]}, "mahalanobis": {"V": [[1.0]]}}
    for name in set(NAMES) - {"precomputed"}:
        assert callable(metric_of(name, None, given.get(name)).between)
