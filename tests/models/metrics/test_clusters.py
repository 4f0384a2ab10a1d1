"""Metrics of clusterings against scikit-learn's, and against what they must be of simple clusterings."""

import inspect
import itertools
import math

import numpy as np
import pytest

from models import metrics
from tests.models.contract import blobs, labeled_blobs

theirs = pytest.importorskip("sklearn.metrics")
theirs_cluster = pytest.importorskip("sklearn.metrics.cluster")

OF_LABELS = [
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score",
    "homogeneity_completeness_v_measure", "homogeneity_score", "mutual_info_score",
    "normalized_mutual_info_score", "pair_confusion_matrix", "rand_score", "v_measure_score",
]  # fmt: skip
OF_DISTANCES = [
    "silhouette_samples",
    "silhouette_score",
    "calinski_harabasz_score",
    "davies_bouldin_score",
]


def twin(name):
    return getattr(theirs, name, None) or getattr(theirs_cluster, name)


def labelings():
    rng = np.random.default_rng(0)
    for n, classes, clusters in [
        (10, 2, 3),
        (200, 4, 7),
        (1000, 30, 3),
        (500, 500, 20),
        (3000, 10, 10),
    ]:
        true = rng.integers(0, classes, n)
        yield true, np.where(rng.random(n) < 0.3, true % clusters, rng.integers(0, clusters, n))
    yield np.array(["b", "a", "a", "c"]), [3, -1, -1, 5]
    yield np.arange(6), np.arange(6)[::-1]
    yield [0, 0, 1, 1], [0, 1, 0, 1]
    yield [0, 0, 1, 1], [0, 0, 0, 0]
    yield [0, 0, 0], [5, 5, 5]
    yield [0, 1, 2], [0, 0, 0]
    yield [True], [False]


@pytest.mark.parametrize("name", OF_LABELS)
@pytest.mark.parametrize("labels", [*labelings()])
def test_clusterings_and_classes(name, labels):
    ours, expected = getattr(metrics, name)(*labels), twin(name)(*labels)
    # 1e-12 for the logarithms of factorials of thousands, of which scikit-learn has other last digits
    exact = 1e-12 if name.startswith("adjusted_mutual") else 1e-15
    np.testing.assert_allclose(ours, expected, rtol=exact, atol=exact)
    assert type(ours) is type(expected)


@pytest.mark.parametrize("name", [*OF_LABELS, *OF_DISTANCES, "contingency_matrix"])
def test_the_same_arguments(name):
    ours, expected = (inspect.signature(f).parameters for f in (getattr(metrics, name), twin(name)))
    assert [(n, p.default, p.kind) for n, p in ours.items()] == [
        (n, p.default, p.kind) for n, p in expected.items()
    ]


@pytest.mark.parametrize("method", ["min", "geometric", "arithmetic", "max"])
def test_averages_of_entropies(method):
    for labels in labelings():
        for name in ("adjusted_mutual_info_score", "normalized_mutual_info_score"):
            ours = getattr(metrics, name)(*labels, average_method=method)
            assert ours == pytest.approx(twin(name)(*labels, average_method=method), rel=1e-12)
    with pytest.raises(ValueError, match="'average_method' must be 'min', 'geometric'"):
        metrics.normalized_mutual_info_score([0, 1], [0, 1], average_method="mean")


def test_other_arguments():
    true, pred = next(itertools.islice(labelings(), 1, None))
    expected = twin("contingency_matrix")(true, pred)
    np.testing.assert_array_equal(metrics.contingency_matrix(true, pred), expected)
    with_eps = metrics.contingency_matrix(true, pred, eps=0.5)
    np.testing.assert_array_equal(with_eps, twin("contingency_matrix")(true, pred, eps=0.5))
    information = metrics.mutual_info_score(None, None, contingency=expected)
    assert information == twin("mutual_info_score")(true, pred)
    for beta in (0.5, 3.0):
        assert metrics.v_measure_score(true, pred, beta=beta) == pytest.approx(
            theirs.v_measure_score(true, pred, beta=beta), rel=1e-15
        )
    with pytest.raises(ValueError, match="sparse=True is not available"):
        metrics.contingency_matrix(true, pred, sparse=True)


def test_the_expected_information_is_the_mean_over_all_permutations():
    true, pred = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    every = [metrics.mutual_info_score(true, p) for p in itertools.permutations(pred)]
    expected, information = math.fsum(every) / len(every), metrics.mutual_info_score(true, pred)
    entropy = (metrics.mutual_info_score(true, true) + metrics.mutual_info_score(pred, pred)) / 2
    adjusted = (information - expected) / (entropy - expected)
    assert metrics.adjusted_mutual_info_score(true, pred) == pytest.approx(adjusted, rel=1e-13)


def test_pairs_are_counted():
    true, pred = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    counted = np.zeros((2, 2), dtype=int)
    for i, j in itertools.permutations(range(6), 2):
        counted[int(true[i] == true[j]), int(pred[i] == pred[j])] += 1
    np.testing.assert_array_equal(metrics.pair_confusion_matrix(true, pred), counted)


@pytest.mark.parametrize("name", OF_DISTANCES)
def test_clusterings_without_classes(name, monkeypatch):
    X, labels = labeled_blobs(300, 4, 5, apart=2.0)
    labels[0] = 77  # alone in its cluster
    for found, codes in [(X, labels), (X + 50, labels.astype(str)), (X[:40].tolist(), [0, 1] * 20)]:
        ours, expected = getattr(metrics, name)(found, codes), twin(name)(found, codes)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
        assert type(ours) is type(expected)
    monkeypatch.setattr("models.metrics.clusters.BLOCK", 1000)
    np.testing.assert_allclose(getattr(metrics, name)(X, labels), twin(name)(X, labels), rtol=1e-12)


def test_silhouettes_of_other_distances():
    X, labels = labeled_blobs(60, 4, 5, apart=2.0)
    D = np.abs(X[:, None] - X).sum(axis=2)
    expected = theirs.silhouette_samples(D, labels, metric="precomputed")
    ours = metrics.silhouette_samples(D, labels, metric="precomputed")
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    by_function = metrics.silhouette_samples(X, labels, metric=lambda x, y: np.abs(x - y).sum())
    np.testing.assert_allclose(by_function, expected, rtol=1e-12)
    some = metrics.silhouette_score(X, labels, sample_size=40, random_state=3)
    rows = np.random.default_rng(3).permutation(60)[:40]
    assert some == metrics.silhouette_score(X[rows], labels[rows])
    same = metrics.silhouette_score(D, labels, metric="precomputed", sample_size=40, random_state=3)
    np.fill_diagonal(D, 1)
    with pytest.raises(ValueError, match="non-zero elements on the diagonal"):
        metrics.silhouette_samples(D, labels, metric="precomputed")
    assert same == metrics.silhouette_score(
        X[rows], labels[rows], metric=lambda x, y: np.abs(x - y).sum()
    )


@pytest.mark.parametrize("metric", ["manhattan", "cosine", "chebyshev", "seuclidean", "canberra"])
def test_silhouettes_of_named_metrics(metric, monkeypatch):
    X, labels = labeled_blobs(120, 4, 5, apart=2.0)
    expected = theirs.silhouette_samples(X, labels, metric=metric)
    np.testing.assert_allclose(
        metrics.silhouette_samples(X, labels, metric=metric), expected, rtol=1e-9
    )
    monkeypatch.setattr("models.metrics.clusters.BLOCK", 1000)
    np.testing.assert_allclose(
        metrics.silhouette_samples(X, labels, metric=metric), expected, rtol=1e-9
    )
    minkowski = {"metric": "minkowski", "p": 3}
    np.testing.assert_allclose(
        metrics.silhouette_samples(X, labels, **minkowski),
        theirs.silhouette_samples(X, labels, **minkowski),
        rtol=1e-9,
    )


@pytest.mark.parametrize("name", OF_DISTANCES)
def test_equal_points(name):
    for X, labels in [
        (np.zeros((4, 2)), [0, 0, 1, 1]),
        (np.repeat([[0.0, 0], [1, 1]], 3, axis=0), [0] * 3 + [1] * 3),
    ]:
        np.testing.assert_allclose(getattr(metrics, name)(X, labels), twin(name)(X, labels))


@pytest.mark.parametrize("name", OF_DISTANCES)
def test_numbers_of_labels(name):
    X = blobs(6, 4, 5, apart=2.0)
    for labels in ([0] * 6, list(range(6))):
        with pytest.raises(ValueError, match=f"Number of labels is {len({*labels})}. Valid values"):
            getattr(metrics, name)(X, labels)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        getattr(metrics, name)(X, [0, 1])
    with pytest.raises(ValueError, match="NaN or infinity"):
        getattr(metrics, name)(X * np.nan, [0, 1] * 3)


@pytest.mark.parametrize("name", OF_LABELS)
def test_bad_labels(name):
    metric = getattr(metrics, name)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 3\]"):
        metric([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match=r"labels_pred must be 1D: shape is \(1, 2\)"):
        metric([0, 1], [[0, 1]])
    with pytest.raises(ValueError, match="labels_true contains NaN"):
        metric([0, np.nan], [0, 1])
    with pytest.warns(UserWarning, match="expects discrete values but received continuous values"):
        metric([0, 0.5], [0, 1])
