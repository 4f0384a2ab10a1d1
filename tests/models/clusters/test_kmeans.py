"""k-means against scikit-learn's from the same centers, and against what theory says of it."""

import numpy as np
import pytest

import models
from models import KMeans
from models.clusters.kmeans import naive_kmeans
from models.foundation import ConvergenceWarning, traced
from models.foundation import lloyd as by_lloyd
from models.foundation.lloyd import Followed, lloyd, nearest, plus_plus
from tinygrad_edu import grad, hessian

cluster = pytest.importorskip("sklearn.cluster")

FEWER = (
    r"Number of distinct clusters \(2\) found smaller than n_clusters \(3\). Possibly due to dup"
)


def data(n=400, p=4, k=5, seed=0, apart=3.0):
    rng = np.random.default_rng(seed)
    centers = apart * rng.normal(size=(k, p))
    labels = rng.integers(0, k, size=n)
    return centers[labels] + rng.normal(size=(n, p)), rng


def inertia(centers, X, weight):
    """J(c) = Σ w min_k ‖x - c_k‖², written on Tensors."""
    apart = X[:, None, :] - centers
    return (weight * np.min((apart * apart).sum(axis=2), axis=1)).sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("tol, max_iter", [(1e-4, 300), (0.05, 300), (0, 300), (0, 3)])
def test_the_same_clusters_as_scikit_learn_from_the_same_centers(weighted, tol, max_iter):
    X, rng = data()
    start = X[rng.choice(len(X), 5, replace=False)]
    # Their tolerance is of the unweighted variance, which is the same for weights of mean one.
    weight = rng.integers(1, 4, size=len(X)).astype(float) if weighted else None
    same = {"init": start, "tol": tol if not weighted else 0, "max_iter": max_iter}
    ours = KMeans(5, **same).fit(X, sample_weight=weight)
    theirs = cluster.KMeans(5, n_init=1, **same).fit(X, sample_weight=weight)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-10)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.n_iter_ == theirs.n_iter_ > 1
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-12)
    new = data(seed=1)[0]
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new), atol=1e-10)
    assert ours.score(new) == pytest.approx(theirs.score(new), rel=1e-12)


def test_lloyds_step_is_newtons_step_on_the_inertia():
    """∂J/∂c_k = 2 n_k (c_k - mean_k), and ∂²J/∂c_k² = 2 n_k I: c - gradient / (2 n_k) = mean."""
    X, rng = data(n=60)
    weight = rng.uniform(0.5, 2, size=60)
    start = X[:5]
    gradient = grad(inertia)(start, X, weight)

    labels = ((X[:, None] - start) ** 2).sum(axis=2).argmin(axis=1)
    n = np.bincount(labels, weight, minlength=5)
    H = hessian(inertia)(start, X, weight).reshape(20, 20)
    np.testing.assert_allclose(H, np.diag(np.repeat(2 * n, 4)), atol=1e-10)

    step = KMeans(5, init=start, max_iter=1, tol=0).fit(X, sample_weight=weight)
    np.testing.assert_allclose(
        step.cluster_centers_, start - gradient / (2 * n[:, None]), atol=1e-12
    )


def test_at_the_end_the_gradient_of_the_inertia_is_zero():
    X, _ = data()
    model = KMeans(5, tol=0, random_state=0).fit(X)
    weight = np.ones(len(X))
    assert np.abs(grad(inertia)(model.cluster_centers_, X, weight)).max() < 1e-10
    assert model.inertia_ == pytest.approx(float(inertia(model.cluster_centers_, X, weight)))


def test_every_step_lowers_the_inertia():
    X, _ = data(apart=0.5)
    start = X[:5]
    values = []
    for steps in range(1, 13):
        model = KMeans(5, init=start, max_iter=steps, tol=0).fit(X)
        values.append(model.inertia_)
        assert model.n_iter_ == steps
    assert (np.diff(values) < 0).all()


def test_far_from_the_origin_no_digits_are_lost():
    """At 1e8 squares are 1e16 and their last digit is 2: the product form would see nothing."""
    X, _ = data(n=100)
    near = KMeans(5, init=X[:5], tol=0).fit(X)
    far = KMeans(5, init=X[:5] + 1e8, tol=0).fit(X + 1e8)
    np.testing.assert_array_equal(far.labels_, near.labels_)
    np.testing.assert_array_equal(far.predict(X + 1e8), near.labels_)
    assert far.inertia_ == pytest.approx(near.inertia_, rel=1e-6)
    np.testing.assert_allclose(far.transform(X + 1e8), near.transform(X), atol=1e-6)


def test_the_inertia_is_of_differences():
    """‖x‖² - 2 x·c + ‖c‖² would be a difference of numbers of 1e16, whose last digit is 2."""
    X = np.array([[-1e8], [1 - 1e8], [1e8], [1e8 + 1]])
    model = KMeans(2, init=X[[0, 3]]).fit(X)
    assert model.inertia_ == 1.0 and model.score(X) == -1.0


def test_an_empty_cluster_takes_the_farthest_point():
    """The third center is nobody's nearest; the point at 9 is the farthest from its center."""
    X = np.array([[0.0], [1.0], [2.0], [9.0], [20.0], [21.0]])
    start = np.array([[1.0], [20.5], [1000.0]])
    one = KMeans(3, init=start, max_iter=1, tol=0).fit(X)
    np.testing.assert_allclose(one.cluster_centers_, [[1.0], [20.5], [9.0]])
    theirs = cluster.KMeans(3, init=start, n_init=1).fit(X)
    ours = KMeans(3, init=start).fit(X)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-12)
    assert len(np.unique(ours.labels_)) == 3


def test_fewer_different_rows_than_clusters():
    X = np.repeat([[0.0, 0], [5, 5]], 4, axis=0)
    for init in ("k-means++", "random"):
        with pytest.warns(ConvergenceWarning, match=FEWER):
            model = KMeans(3, init=init, random_state=0).fit(X)
        assert model.inertia_ == 0
        assert np.isfinite(model.cluster_centers_).all()


def test_the_last_point_of_a_cluster_may_move_too():
    """At first 9 is the farthest from its center, and all that its cluster has."""
    X = np.array([[0.0], [0.0], [9.0]])
    with pytest.warns(ConvergenceWarning, match=FEWER):
        model = KMeans(3, init=[[0.0], [8.9], [1000.0]]).fit(X)
    assert model.inertia_ == 0
    assert set(model.cluster_centers_[:, 0]) == {0.0, 9.0}


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_the_best_of_several_starts(init):
    X, _ = data(k=8, apart=1.0)
    rng = np.random.default_rng(5)
    one = KMeans(8, init=init, n_init=1, random_state=rng)
    single = [one.fit(X).inertia_ for _ in range(6)]
    best = KMeans(8, init=init, n_init=6, random_state=5).fit(X)
    assert best.inertia_ == min(single) < max(single)


def test_a_seed_is_a_result_and_the_order_of_rows_does_not_matter():
    X, rng = data()
    first, second = (KMeans(5, random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)
    order = rng.permutation(len(X))
    shuffled = KMeans(5, random_state=3).fit(X[order])
    np.testing.assert_allclose(shuffled.cluster_centers_, first.cluster_centers_, atol=1e-10)
    np.testing.assert_array_equal(shuffled.labels_, first.labels_[order])


def test_seeding_draws_by_weight_and_squared_distance():
    """First by weight, then by w D²; chi-squared of 4,000 draws, at one in ten thousand."""
    X = np.array([[0.0], [1.0], [3.0], [7.0]])
    weight = np.array([1.0, 2.0, 1.0, 0.5])
    rng = np.random.default_rng(0)
    pairs = np.array([X[plus_plus(X, weight, 2, rng), 0] for _ in range(4000)])
    drawn = np.array([(pairs[:, 0] == x).sum() for x in X[:, 0]])
    expected = 4000 * weight / weight.sum()
    assert ((drawn - expected) ** 2 / expected).sum() < 21.1

    # Of two candidates, independent draws ∝ w D², the one that leaves less inertia is kept.
    start = 1
    chance = weight * (X[:, 0] - X[start, 0]) ** 2
    chance /= chance.sum()
    nearest = np.minimum((X - X[:, 0]) ** 2, ((X - X[start, 0]) ** 2))
    left = weight @ nearest
    rank = np.argsort(left)
    beaten = np.cumsum(chance[rank][::-1])[::-1]  # this candidate or a worse one
    kept = np.empty(4)
    kept[rank] = beaten**2 - np.append(beaten[1:], 0) ** 2
    seconds = pairs[pairs[:, 0] == X[start, 0], 1]
    drawn = np.array([(seconds == x).sum() for x in X[:, 0]])
    expected = len(seconds) * kept
    possible = expected > 0
    assert drawn[~possible].sum() == 0
    assert ((drawn - expected)[possible] ** 2 / expected[possible]).sum() < 18.5


def test_the_naive_version_finds_the_same_centers():
    X, _ = data(n=80)
    naive = naive_kmeans(X.tolist(), X[:5].tolist())
    np.testing.assert_allclose(
        KMeans(5, init=X[:5], tol=0).fit(X).cluster_centers_, naive, atol=1e-12
    )


def test_the_trace_has_the_centers_of_every_step():
    X, _ = data(apart=0.5)
    with traced():
        model = KMeans(5, init=X[:5], tol=0).fit(X)
    states = model.trace_.states
    assert model.trace_.iteration == list(range(model.n_iter_ + 1))
    np.testing.assert_allclose(states[0].cluster_centers_, X[:5], atol=1e-12)
    assert (
        np.diff(model.trace_.loss) < 0
    ).sum() == model.n_iter_ - 1  # the last step moves nothing
    for steps in (1, 3, model.n_iter_ - 1):
        less = KMeans(5, init=X[:5], tol=0, max_iter=steps).fit(X)
        np.testing.assert_allclose(
            states[steps].cluster_centers_, less.cluster_centers_, atol=1e-12
        )
        np.testing.assert_array_equal(states[steps].labels_, less.labels_)


def test_changes_of_the_sums_leave_no_rounding():
    """At first five points near 1e8 are in the first cluster: sums of 5e8 have no digits below 1e-8."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.uniform(size=95), np.full(5, 1e8), [1.2e8]])[:, None]
    _, centers, steps = lloyd(X, np.ones(101), np.array([[0.5], [2.1e8]]), 0.0, 100)
    assert steps > 1
    np.testing.assert_allclose(centers[0], X[:95].mean(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("p", [1, 3, 20])
def test_followed_labels_are_the_nearest(p, monkeypatch):
    """Of centers that move by less and less, one faster than the others; at last few rows are looked at."""
    X, rng = data(2000, p, apart=1.0)
    X[:50] = X[50]  # duplicates, a center among them
    centers, followed, scored = X[40:46].copy(), Followed(X), []
    scores_of = by_lloyd.scores_of
    monkeypatch.setattr(
        by_lloyd, "scores_of", lambda x, c: scored.append(len(x)) or scores_of(x, c)
    )
    for step in range(40):
        moves = 0.5 * 0.8**step * rng.normal(size=centers.shape)
        moves[0] *= 5
        centers = centers + moves
        labels = followed.labels(centers)
        np.testing.assert_array_equal(labels, nearest(X, centers))
    assert min(scored) < len(X) / 5


def test_followed_labels_keep_the_steps(monkeypatch):
    """The steps are those of a search among all distances, with empty clusters too."""
    X, _ = data(3000, 5, apart=0.3)
    start = np.concatenate([X[:8], np.full((2, 5), 1e3)])
    results = []
    for least in (0, np.inf):
        monkeypatch.setattr(by_lloyd, "LARGE", least)
        results.append(lloyd(X, np.ones(3000), start, 0.0, 300))
    (J, centers, steps), (expected, expected_centers, expected_steps) = results
    assert steps == expected_steps > 20
    np.testing.assert_allclose(J, expected, rtol=1e-14)
    np.testing.assert_allclose(centers, expected_centers, rtol=0, atol=1e-12)


def test_centers_by_a_function():
    X, _ = data()

    def first(X, n_clusters, random_state):
        assert hasattr(random_state, "choice")
        return X[:n_clusters]

    by_function, by_array = KMeans(5, init=first, n_init=1).fit(X), KMeans(5, init=X[:5]).fit(X)
    np.testing.assert_allclose(by_function.cluster_centers_, by_array.cluster_centers_, atol=1e-10)


def test_starts_and_algorithms():
    """n_init="auto" is one start of k-means++, ten random ones; an array is one start."""
    X, _ = data(k=8, apart=1.0)
    for init, n in (("k-means++", 1), ("random", 10)):
        auto = KMeans(8, init=init, random_state=0).fit(X)
        same = KMeans(8, init=init, n_init=n, random_state=0, algorithm="elkan").fit(X)
        assert auto.inertia_ == same.inertia_
    with pytest.warns(RuntimeWarning, match="only one init in KMeans instead of n_init=3"):
        KMeans(8, init=X[:8], n_init=3).fit(X)


def test_centers_of_the_wrong_shape(capsys):
    X, _ = data()
    with pytest.raises(ValueError, match=r"\(4, 4\) does not match the number of clusters 5"):
        KMeans(5, init=X[:4]).fit(X)
    with pytest.raises(
        ValueError, match=r"\(5, 3\) does not match the number of features of the data 4"
    ):
        KMeans(5, init=X[:5, :3]).fit(X)
    KMeans(5, init=X[:5], max_iter=2, verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("KMeans   iteration    0   loss ")


@pytest.mark.parametrize("name", ["KMeans", "FuzzyCMeans", "BisectingKMeans", "MiniBatchKMeans"])
def test_values_with_infinite_squares(name):
    X = np.random.default_rng(0).normal(size=(20, 2)) * 1e160
    with pytest.raises(ValueError, match="squares are infinite(?s:.*)Try: StandardScaler first"):
        getattr(models, name)(2, random_state=0).fit(X)
