"""UMAP: its fuzzy graph row by row, its forces as gradients of its loss, and umap-learn if installed."""

import numpy as np
import pytest

from models import TSNE, UMAP
from models.embeddings.embedding import Embedding
from models.embeddings.umap import NEAR, curve, memberships, spectral
from tinygrad_edu import grad
from tinygrad_edu.gradcheck import gradcheck

datasets = pytest.importorskip("sklearn.datasets")
manifold = pytest.importorskip("sklearn.manifold")


def digits(n=200):
    return datasets.load_digits(return_X_y=True)[0][:n]


def cloud(n=40, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def ready(**settings):
    model = UMAP(**settings)
    model.a_, model.b_ = curve(model.spread, model.min_dist)
    return model


@pytest.mark.parametrize("k", [3, 8])
def test_memberships_add_up_to_the_logarithm_of_the_neighbors(k):
    X = cloud()
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    A = memberships(D, k)
    np.testing.assert_allclose(A.sum(axis=1), np.log2(k), atol=1e-5)
    assert ((A > 0).sum(axis=1) == k - 1).all() and (np.diag(A) == 0).all()
    nearest = np.argsort(D, axis=1)[:, 1]
    np.testing.assert_array_equal(A[np.arange(40), nearest], 1)
    for i in range(40):  # e^(-(d - ρ) / σ), with one σ in a row
        near = np.argsort(D[i])[2:k]
        σ = -(D[i, near] - D[i, nearest[i]]) / np.log(A[i, near])
        np.testing.assert_allclose(σ, σ[0], rtol=1e-8)


def test_the_graph_is_the_union_or_the_intersection():
    X = cloud()
    union, both, mixed = (UMAP(n_neighbors=5, set_op_mix_ratio=r).pairs(X) for r in (1.0, 0.0, 0.3))
    A = memberships(np.linalg.norm(X[:, None] - X[None], axis=2), 5)
    np.testing.assert_allclose(union, 1 - (1 - A) * (1 - A.T), atol=1e-4)
    np.testing.assert_allclose(both, A * A.T, atol=1e-4)
    np.testing.assert_allclose(mixed, 0.3 * union + 0.7 * both, atol=1e-12)


@pytest.mark.parametrize("min_dist, spread", [(0.1, 1.0), (0.0, 1.0), (0.5, 2.0)])
def test_a_and_b_are_least_squares(min_dist, spread):
    optimize = pytest.importorskip("scipy.optimize")
    d = np.linspace(0, 3 * spread, 300)
    wanted = np.where(d < min_dist, 1, np.exp(-(d - min_dist) / spread))
    expected, _ = optimize.curve_fit(
        lambda d, a, b: 1 / (1 + a * d ** (2 * b)), d, wanted, xtol=1e-13
    )
    np.testing.assert_allclose(curve(spread, min_dist), expected, rtol=1e-6)


def test_without_sampling_the_loss_is_the_cross_entropy():
    model = ready(negative_sample_rate=None, n_neighbors=5)
    W, Y = model.pairs(cloud(12)), cloud(12, 2, 1)
    D = ((Y[:, None] - Y[None]) ** 2).sum(axis=2) + NEAR
    v = 1 / (1 + model.a_ * D**model.b_)
    entropy = -(W * np.log(v) + (1 - W) * np.log(1 - v))
    assert float(model.loss(W, Y)) == pytest.approx(
        entropy[np.triu_indices(12, 1)].sum(), rel=1e-10
    )


@pytest.mark.parametrize("rate", [None, 5])
def test_the_derivatives_of_the_loss(rate):
    model = ready(negative_sample_rate=rate, n_neighbors=4)
    W, Y = model.pairs(cloud(8)), 5 * cloud(8, 2, 1)  # far apart, where differences are accurate
    report = gradcheck(lambda Y: model.loss(W, Y), Y)
    assert report, report


def test_the_forces_are_gradients_of_sampled_terms_of_the_loss():
    model = ready(repulsion_strength=0.7)
    Y, rng = cloud(30, 2), np.random.default_rng(1)
    i, j, other = rng.integers(30, size=9), rng.integers(30, size=9), rng.integers(30, size=(9, 5))
    a, b = model.a_, model.b_

    def attraction(head):
        D = ((head - Y[j]) ** 2).sum(axis=1) + NEAR
        return np.log1p(a * D**b).sum()

    def repulsion(head):
        D = ((head[:, None] - Y[other]) ** 2).sum(axis=2) + NEAR
        return 0.7 * (np.log1p(a * D**b) - np.log(a) - b * np.log(D)).sum()

    pull, push = model.forces(Y, i, j, other)
    np.testing.assert_allclose(pull, -grad(attraction)(Y[i]), rtol=0, atol=1e-10)
    np.testing.assert_allclose(push.sum(axis=1), -grad(repulsion)(Y[i]), rtol=0, atol=1e-10)


def test_the_expected_force_is_the_gradient_of_the_loss():
    """Over all edges by their weight, and all points as samples: what `sampling` does on average."""
    model = ready(n_neighbors=5)
    X, n = cloud(), 40
    W, Y = model.pairs(X), cloud(n, 2, 1)
    head, tail = np.nonzero(W)
    everyone = np.tile(np.arange(n), (len(head), 1))
    pull, push = model.forces(Y, head, tail, everyone)
    w, force = W[head, tail][:, None], np.zeros_like(Y)
    np.add.at(force, head, w * pull)  # each edge is in both directions
    np.add.at(force, head, w * model.negative_sample_rate * push.mean(axis=1))
    _, gradient = model.slope(W, Y)
    head_only = np.zeros_like(Y)  # the other half of the gradient moves the sampled point
    degree = W.sum(axis=1)
    D = ((Y[:, None] - Y[None]) ** 2).sum(axis=2) + NEAR
    strength = 2 * model.b_ / (D * (1 + model.a_ * D**model.b_))
    pairs = strength[:, :, None] * (Y[:, None] - Y[None]) * model.negative_sample_rate / n
    head_only += (degree[:, None, None] * pairs).sum(axis=1)
    symmetric = ((degree[:, None] + degree)[:, :, None] / 2 * pairs).sum(axis=1)
    np.testing.assert_allclose(force - head_only + symmetric, -gradient, rtol=0, atol=1e-10)


def test_the_start_is_smooth_on_the_graph():
    W = UMAP().pairs(digits())
    Y = spectral(W, 2)
    degree = W.sum(axis=1)
    L = np.eye(200) - W / np.sqrt(degree[:, None] * degree)
    values = np.linalg.eigvalsh(L)
    np.testing.assert_allclose(L @ Y, Y * values[1:3], atol=1e-10)


@pytest.mark.parametrize("solver", ["sampling", "gains", "lbfgs"])
def test_neighbors_stay_neighbors(solver):
    X = digits()
    model = UMAP(solver=solver, random_state=0, n_epochs=150).fit(X)
    assert manifold.trustworthiness(X, model.embedding_, n_neighbors=10) > 0.96
    again = UMAP(solver=solver, random_state=0, n_epochs=150).fit_transform(X)
    np.testing.assert_array_equal(model.embedding_, again)


def test_one_optimizer_and_different_losses():
    """What is different between embeddings is the loss: the gradient and the solver are the same code."""
    from models import MDS

    X = digits(80)
    for model in (TSNE(perplexity=15), MDS(), UMAP(random_state=0)):
        model.set_params(solver="lbfgs")
        model.fit(X)
        assert type(model).by_line_search is Embedding.by_line_search
        assert model.trace_.loss[-1] < model.trace_.loss[0]
        assert manifold.trustworthiness(X, model.embedding_, n_neighbors=8) > 0.85


@pytest.mark.parametrize("settings", [
    {"n_neighbors": 15, "set_op_mix_ratio": 1.0, "local_connectivity": 1.0},
    {"n_neighbors": 5, "set_op_mix_ratio": 0.5, "local_connectivity": 1.0},
    {"n_neighbors": 10, "set_op_mix_ratio": 0.0, "local_connectivity": 2.5},
])  # fmt: skip
def test_graph_a_and_b_are_those_of_umap_learn(settings):
    umap = pytest.importorskip("umap")
    X, k = cloud(300, 5), settings["n_neighbors"]
    theirs, *_ = umap.umap_.fuzzy_simplicial_set(
        X, random_state=np.random.RandomState(0), metric="euclidean", **settings
    )
    np.testing.assert_allclose(UMAP(**settings).pairs(X), theirs.toarray(), atol=2e-5)
    np.testing.assert_allclose(curve(1.0, 0.1), umap.umap_.find_ab_params(1.0, 0.1), rtol=1e-6)
    assert k == settings["n_neighbors"]


def test_it_is_as_good_as_umap_learn():
    umap = pytest.importorskip("umap")
    X = digits(500)
    theirs = umap.UMAP(random_state=0).fit(X).embedding_.astype(float)
    ours = UMAP(random_state=0).fit(X)
    expected = float(ours.loss(ours.graph_, theirs))
    assert float(ours.loss(ours.graph_, ours.embedding_)) == pytest.approx(expected, rel=0.03)
    better = UMAP(random_state=0, solver="lbfgs").fit(X)
    assert float(better.loss(better.graph_, better.embedding_)) < expected


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"n_neighbors": 41}, "n_neighbors=41, more than n_samples=40"),
        ({"negative_sample_rate": None}, "it draws such samples"),
        ({"init": np.zeros((3, 2))}, r"init should be finite numbers of shape \(40, 2\)"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        UMAP(**settings).fit(cloud())
    assert "Try: " in str(error.value)


def test_given_a_b_and_precomputed_distances():
    X = cloud()
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    same = {"random_state": 0, "n_epochs": 20, "n_neighbors": 5}
    plain = UMAP(**same).fit(X)
    given = UMAP(a=plain.a_, b=plain.b_, metric="precomputed", **same).fit(D)
    np.testing.assert_allclose(given.graph_, plain.graph_, atol=1e-8)
    assert (given.a_, given.b_) == (plain.a_, plain.b_)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_new_rows_among_their_neighbors(metric):
    X, y = datasets.load_digits(return_X_y=True)
    X, y, new, labels = X[:400], y[:400], X[400:500], y[400:500]
    model = UMAP(n_epochs=100, metric=metric, random_state=0).fit(X)
    before = model.embedding_.copy()
    placed = model.transform(new)
    near = np.linalg.norm(placed[:, None] - before[None], axis=2).argmin(axis=1)
    assert np.mean(y[near] == labels) > 0.85
    np.testing.assert_array_equal(model.transform(X), before)  # they stay where they were
    np.testing.assert_array_equal(model.embedding_, before)
    mixed = model.transform(np.concatenate([new[3:5], X[:1] * -1.0 * -1.0]))
    np.testing.assert_allclose(mixed[:2], placed[3:5], atol=1e-6)
    np.testing.assert_array_equal(mixed[2], before[0])


def test_new_rows_move_to_a_lower_loss():
    """The loss of a row alone, with the points of fit: from the mean of its neighbors it falls."""
    X = digits(300)
    none = {"negative_sample_rate": None, "repulsion_strength": 0.05, "solver": "gains"}
    model = UMAP(n_epochs=150, random_state=0, **none)
    model.fit(X[:250])
    A, fixed = model._memberships_of(X[250:]), model.embedding_
    np.testing.assert_allclose(A.sum(axis=1), np.log2(15), atol=1e-4)

    def loss(Y):
        D = ((Y[:, None] - fixed) ** 2).sum(axis=2) + NEAR
        v = 1 / (1 + model.a_ * D**model.b_)
        return -(A * np.log(v) + 0.05 * (1 - A) * np.log(1 - v)).sum(axis=1)

    start, end = A @ fixed / A.sum(axis=1, keepdims=True), model.transform(X[250:])
    assert (loss(end) <= loss(start) + 1e-9).mean() > 0.95
    assert loss(end).mean() < loss(start).mean() - 0.1
    slopes = grad(lambda Y: loss(Y).sum())(start)
    pull, push = model.between(start[:, None], fixed)
    expected = -(A[..., None] * pull + (1 - A)[..., None] * push).sum(axis=1)
    np.testing.assert_allclose(slopes, expected, rtol=1e-8, atol=1e-8)


def test_new_rows_by_their_distances():
    X = cloud(60)
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    by_rows = UMAP(n_epochs=30, init="random", random_state=0).fit(X[:50])
    by_distances = UMAP(n_epochs=30, init="random", random_state=0, metric="precomputed")
    by_distances.fit(D[:50, :50])
    placed = by_distances.transform(D[45:, :50])
    np.testing.assert_array_equal(placed[:5], by_distances.embedding_[45:])
    A = by_distances._memberships_of(D[50:, :50])
    np.testing.assert_allclose(A, by_rows._memberships_of(X[50:]), atol=1e-6)
