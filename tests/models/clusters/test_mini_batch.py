"""k-means by batches against k-means, scikit-learn's, and what the updates must give."""

import numpy as np
import pytest

from models import KMeans, MiniBatchKMeans
from tests.models.contract import blobs

cluster = pytest.importorskip("sklearn.cluster")


@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_as_scikit_learns(weighted):
    X = blobs(3000, 4, 5)
    start = X[:5]
    rng = np.random.default_rng(1)
    weight = rng.uniform(0.5, 2, len(X)) if weighted else np.ones(len(X))
    same = {"init": start, "reassignment_ratio": 0}
    ours, theirs = MiniBatchKMeans(5, **same), cluster.MiniBatchKMeans(5, n_init=1, **same)
    for i in range(0, len(X), 300):
        for model in (ours, theirs):
            model.partial_fit(X[i : i + 300], sample_weight=weight[i : i + 300])
        np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-10)
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-10)
    assert ours.n_steps_ == theirs.n_steps_ == 10


def test_a_center_is_the_mean_of_all_points_given_to_it():
    X = blobs(3000, 4, 5)
    model = MiniBatchKMeans(3, init=X[:3], reassignment_ratio=0)
    given = [[] for _ in range(3)]
    for i in range(0, len(X), 500):
        before = getattr(model, "cluster_centers_", X[:3]) if i else X[:3]
        for x in X[i : i + 500]:
            given[np.argmin(((x - before) ** 2).sum(axis=1))].append(x)
        model.partial_fit(X[i : i + 500])
    means = [np.mean(points, axis=0) for points in given]
    np.testing.assert_allclose(model.cluster_centers_, means, rtol=1e-10)


@pytest.mark.parametrize("settings", [{}, {"init": "random"}, {"batch_size": 100}, {"tol": 1e-2}])
def test_scores_over_ten_seeds_are_scikit_learns(settings):
    X = blobs(3000, 4, 8, apart=1.5)
    ours = [MiniBatchKMeans(8, random_state=s, **settings).fit(X) for s in range(10)]
    theirs = [cluster.MiniBatchKMeans(8, random_state=s, **settings).fit(X) for s in range(10)]
    best = KMeans(8, n_init=5, random_state=0).fit(X).inertia_
    a, b = (np.array([m.inertia_ for m in models]) for models in (ours, theirs))
    assert (a >= 0.999 * best).all() and a.mean() < 1.1 * best
    noise = np.hypot(a.std(), b.std()) / np.sqrt(10)
    assert abs(a.mean() - b.mean()) < 4 * noise + 0.01 * best
    for model in ours:
        assert model.inertia_ == pytest.approx(-model.score(X), rel=1e-12)
        assert model.n_iter_ == np.ceil(
            model.n_steps_ * min(settings.get("batch_size", 1024), 3000) / 3000
        )


def test_estimated_inertia():
    X = blobs(3000, 4, 5)
    exact = MiniBatchKMeans(5, random_state=0).fit(X)
    estimated = MiniBatchKMeans(5, random_state=0, compute_labels=False).fit(X)
    np.testing.assert_array_equal(exact.cluster_centers_, estimated.cluster_centers_)
    assert exact.inertia_ != estimated.inertia_ == pytest.approx(exact.inertia_, rel=0.1)


def test_centers_of_few_points_move():
    X = blobs(3000, 4, 5)
    far = np.vstack([X[:4], np.full((1, 4), 1e3)])
    stuck = MiniBatchKMeans(5, init=far, reassignment_ratio=0, random_state=0).fit(X)
    moved = MiniBatchKMeans(5, init=far, random_state=0).fit(X)
    assert len({*stuck.labels_}) == 4 and len({*moved.labels_}) == 5


def test_weights_draw_the_batches():
    X = np.array([[0.0], [1.0], [10.0], [11.0]] * 50)
    weight = np.where(X[:, 0] == 11, 0.25, 1.0)
    model = MiniBatchKMeans(2, random_state=0, max_iter=500, max_no_improvement=None)
    centers = np.sort(model.fit(X, sample_weight=weight).cluster_centers_[:, 0])
    np.testing.assert_allclose(centers, [0.5, 10.2], atol=0.03)


def test_messages(capsys):
    X = blobs(200, 4, 5)
    with pytest.warns(RuntimeWarning, match="init_size=3 should be larger than n_clusters=5"):
        MiniBatchKMeans(5, init_size=3, random_state=0).fit(X)
    with pytest.raises(ValueError, match="n_samples=4 should be >= n_clusters=5"):
        MiniBatchKMeans(5).partial_fit(X[:4])
    MiniBatchKMeans(5, random_state=0, verbose=True).fit(X)
    assert capsys.readouterr().out.startswith("MiniBatchKMeans   batch 1 of 100   inertia ")
