"""Every algorithm finds what sorting all distances finds: the same numbers, ties by number."""

import pickle

import numpy as np
import pytest

from models.neighbors import brute
from models.neighbors.distances import METRICS, pairwise_distances
from models.neighbors.search import Search, k_nearest, within_radius
from models.neighbors.space_tree import BallTree, KDTree

ALGORITHMS = ["brute", "kd_tree", "ball_tree"]


def sorted_distances(X, Q, k, **metric):
    D = pairwise_distances(Q, X, **metric)
    number = np.argsort(D, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(D, number, axis=1), number


def cloud(n=500, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("k", [1, 5, 60, 500])
def test_the_nearest(algorithm, d, k):
    X, Q = cloud(500, d), 1.5 * cloud(80, d, 1)
    distance, number = k_nearest(X, k, Q, algorithm=algorithm, leaf_size=7)
    expected, numbers = sorted_distances(X, Q, k)
    np.testing.assert_array_equal(number, numbers)
    np.testing.assert_allclose(distance, expected, rtol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "metric",
    [
        {"metric": "manhattan"}, {"metric": "chebyshev"}, {"metric": "minkowski", "p": 3},
        {"metric": "minkowski", "w": [1, 0, 2.0]}, {"metric": "seuclidean", "V": [1, 2, 3.0]},
        {"metric": "mahalanobis", "V": np.cov(cloud().T)}, {"metric": "sqeuclidean"},
        {"metric": "cosine"}, {"metric": "correlation"},
    ],
)  # fmt: skip
def test_metrics(algorithm, metric):
    X, Q = cloud(), cloud(50, seed=1)
    distance, number = k_nearest(X, 4, Q, algorithm=algorithm, leaf_size=9, **metric)
    expected, numbers = sorted_distances(X, Q, 4, **metric)
    np.testing.assert_array_equal(number, numbers)
    np.testing.assert_allclose(distance, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
@pytest.mark.parametrize("metric", ["hamming", "canberra", "jaccard", "rogerstanimoto"])
def test_metrics_without_axes_have_ties(algorithm, metric):
    X, Q = np.round(cloud(200, 5)), np.round(cloud(30, 5, 1))
    distance, number = k_nearest(X, 6, Q, metric, algorithm, leaf_size=9)
    expected, numbers = sorted_distances(X, Q, 6, metric=metric)
    np.testing.assert_array_equal(number, numbers)
    np.testing.assert_array_equal(distance, expected)


@pytest.mark.parametrize("algorithm", ["brute", "ball_tree"])
def test_a_function_and_a_sphere(algorithm):
    X, Q = cloud(60, 2) / 3, cloud(10, 2, 1) / 3
    for metric in ("haversine", lambda a, b: np.abs(a - b).sum()):
        found = k_nearest(X, 3, Q, metric, algorithm, leaf_size=5)
        expected = sorted_distances(X, Q, 3, metric=metric)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_grid_full_of_ties(algorithm):
    X = np.stack(np.meshgrid(*[np.arange(12.0)] * 2), axis=2).reshape(-1, 2)
    X = np.concatenate([X, X])  # every point twice
    _, number = k_nearest(X, 9, X, algorithm=algorithm, leaf_size=5)
    _, numbers = sorted_distances(X, X, 9)
    np.testing.assert_array_equal(number, numbers)
    starts, inside, _ = within_radius(X, 2.0, algorithm=algorithm, leaf_size=5)
    rows, columns = np.nonzero(pairwise_distances(X) <= 2)
    np.testing.assert_array_equal(inside, columns)
    np.testing.assert_array_equal(np.diff(starts), np.bincount(rows))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("d", [2, 9])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_within_a_radius(algorithm, d, metric):
    X, Q = cloud(400, d), cloud(60, d, 1)
    D = pairwise_distances(Q, X, metric)
    radius = np.quantile(D, 0.05)
    starts, numbers, distances = within_radius(X, radius, Q, metric, algorithm, 10)
    rows, columns = np.nonzero(radius >= D)
    np.testing.assert_array_equal(numbers, columns)
    np.testing.assert_array_equal(np.diff(starts), np.bincount(rows, minlength=60))
    np.testing.assert_allclose(distances, D[rows, columns], rtol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [1e150, 1e-150, 1.0])
@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_any_size_and_place(algorithm, size, shift):
    X = (cloud(300, 7) + shift) * size
    distance, number = k_nearest(X, 5, algorithm=algorithm)
    exact = np.sqrt((((X[:, None] - X) / size) ** 2).sum(axis=2))
    np.fill_diagonal(exact, np.inf)
    numbers = np.argsort(exact, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(number, numbers)
    np.testing.assert_allclose(
        distance / size, np.take_along_axis(exact, numbers, axis=1), rtol=1e-12
    )


@pytest.mark.parametrize("spread", [1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3])
def test_two_clusters_far_apart_need_all_digits(spread):
    """In float32, and even in float64 products, rows of a cluster are equally far, or nearly."""
    X = np.concatenate([cloud(100, 6) * spread, cloud(100, 6, 1) * spread + 1.0])
    _, number = k_nearest(X, 3, X, algorithm="brute")
    exact = ((X[:, None] - X) ** 2).sum(axis=2)
    np.testing.assert_array_equal(number, np.argsort(exact, axis=1, kind="stable")[:, :3])


def test_rows_at_the_very_limit_are_within():
    X = cloud(40, 8)
    D = METRICS["sqeuclidean"].of_all(X, X)  # from the differences
    for i in range(40):
        for j in range(0, 40, 3):
            _, numbers, _ = within_radius(X, D[i, j], X[i : i + 1], "sqeuclidean", "brute")
            assert j in numbers and len(numbers) == (D[i] <= D[i, j]).sum()


def test_blocks_are_small(monkeypatch):
    monkeypatch.setattr(brute, "BLOCK", 1000)
    X = cloud(300, 6)
    found = k_nearest(X, 5, X, algorithm="brute")
    np.testing.assert_allclose(found, sorted_distances(X, X, 5), rtol=1e-12)
    assert len(within_radius(X, 1.0, algorithm="brute")[0]) == 301


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_row_is_not_its_own_neighbor(algorithm):
    X = np.repeat(cloud(20, 2), 4, axis=0)
    distance, number = k_nearest(X, 2, algorithm=algorithm)
    assert (distance == 0).all() and (number != np.arange(80)[:, None]).all()
    _, number = k_nearest(np.zeros((9, 2)), 3, algorithm=algorithm)
    assert number.shape == (9, 3) and all(len({*row}) == 3 for row in number)
    starts, _, _ = Search(X, algorithm=algorithm).own_within(0.0)
    assert (np.diff(starts) == 3).all()


def test_precomputed():
    X = cloud(40, 3)
    D = pairwise_distances(X)
    np.testing.assert_array_equal(k_nearest(D, 4, metric="precomputed"), k_nearest(X, 4))
    found = within_radius(D, 0.8, metric="precomputed")
    for ours, expected in zip(found, within_radius(X, 0.8), strict=True):
        np.testing.assert_array_equal(ours, expected)
    with pytest.raises(ValueError, match="must be square. Input is a 40x3"):
        k_nearest(X, 4, metric="precomputed")
    with pytest.raises(ValueError, match=r"Negative values .* at \(0, 0\)"):
        k_nearest(D - 1, 4, metric="precomputed")


@pytest.mark.parametrize("kind", [KDTree, BallTree])
def test_trees_beside_those_of_scikit_learn(kind):
    neighbors = pytest.importorskip("sklearn.neighbors")
    X, Q = cloud(300, 3), cloud(20, 3, 1)
    ours, theirs = kind(X, leaf_size=8), getattr(neighbors, kind.__name__)(X, leaf_size=8)
    np.testing.assert_allclose(ours.query(Q, k=5), theirs.query(Q, k=5), rtol=1e-12)
    np.testing.assert_array_equal(
        ours.query_radius(Q, 0.7, count_only=True), theirs.query_radius(Q, 0.7, count_only=True)
    )
    radii = np.linspace(0.1, 1, 20)
    ours_found = ours.query_radius(Q, radii, return_distance=True, sort_results=True)
    expected = theirs.query_radius(Q, radii, return_distance=True, sort_results=True)
    for a, b in zip(ours_found, expected, strict=True):
        for row, wanted in zip(a, b, strict=True):
            np.testing.assert_allclose(row, wanted)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.query(Q, k=2), ours.query(Q, k=2))
    assert all((row == np.sort(row)).all() for row in ours.query_radius(Q, 1.0))


@pytest.mark.parametrize("kind", [KDTree, BallTree])
def test_trees_refuse(kind):
    tree = kind(cloud(30))
    for wrong, message in (
        (lambda: kind(np.zeros(3)), "finite numbers of shape"),
        (lambda: kind([[np.nan]]), "finite numbers"),
        (lambda: kind(cloud(), leaf_size=0), "leaf_size must be greater than or equal to 1"),
        (lambda: kind(cloud(), metric="braycurtis"), "cannot bound metric='braycurtis'"),
        (lambda: kind(cloud(), metric="minkowski", p=-1), "p > 0"),
        (lambda: tree.query(cloud(5), k=31), "k must be less than or equal"),
        (lambda: tree.query(cloud(5, 2)), "query data dimension must match"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


def test_most_leaves_are_not_visited(monkeypatch):
    tree = KDTree(cloud(4000, 2), leaf_size=20)
    compared = []
    whole = KDTree._compare
    monkeypatch.setattr(
        KDTree,
        "_compare",
        lambda self, q, i, leaf: compared.append(len(i)) or whole(self, q, i, leaf),
    )
    tree.query(cloud(50, 2, 1), k=3)
    assert sum(compared) < 50 * 8 < 50 * len(tree.members) / 10


def test_names_that_carry_no_index():
    assert {name for name, m in METRICS.items() if m.root is None} == {
        "braycurtis", "nan_euclidean", "dice", "russellrao", "yule",
    }  # fmt: skip
    with pytest.raises(ValueError, match="n_neighbors=9, n_samples_fit=5"):
        k_nearest(cloud(5), 9, cloud(5))
    with pytest.raises(ValueError, match="n_neighbors=5, n_samples_fit=5"):
        k_nearest(cloud(5), 5)
