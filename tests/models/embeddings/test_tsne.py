"""t-SNE: its gradient by the engine and by equation 5, its perplexity, and scikit-learn's exact method."""

import numpy as np
import pytest

from models import TSNE
from models.embeddings.embedding import Embedding
from models.embeddings.tsne import neighbor_probabilities
from tinygrad_edu.gradcheck import gradcheck

datasets = pytest.importorskip("sklearn.datasets")
manifold = pytest.importorskip("sklearn.manifold")


def digits(n=150):
    return datasets.load_digits().data[:n]


def paper_gradient(P, Y):
    """Equation 5: 4 Σ_j (p_ij - q_ij)(y_i - y_j) / (1 + d_ij²)."""
    difference = Y[:, None] - Y[None]
    near = 1 / (1 + (difference**2).sum(axis=2))
    np.fill_diagonal(near, 0)
    Q = near / near.sum()
    return 4 * (((P - Q) * near)[:, :, None] * difference).sum(axis=1)


@pytest.mark.parametrize("size", [1e-4, 1.0, 30.0])
def test_the_gradient_of_the_paper_is_that_of_the_engine(size):
    model = TSNE(perplexity=10)
    P = model.pairs(digits(60))
    Y = size * np.random.default_rng(0).normal(size=(60, 2))
    value, gradient = Embedding.slope(model, P, Y)
    np.testing.assert_allclose(gradient, paper_gradient(P, Y), rtol=0, atol=1e-10)
    near = 1 / (1 + ((Y[:, None] - Y[None]) ** 2).sum(axis=2))
    np.fill_diagonal(near, 0)
    Q, some = near / near.sum(), P > 0
    assert value == pytest.approx((P[some] * np.log(P[some] / Q[some])).sum(), abs=1e-10)


@pytest.mark.parametrize("n", [60, 64, 150])  # one block of rows, or several
@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
@pytest.mark.parametrize("exaggeration", [1.0, 12.0])
def test_the_fast_gradient_is_that_of_the_loss(n, n_components, exaggeration):
    model = TSNE(n_components, perplexity=10)
    P = model.pairs(digits(n))
    Y = np.random.default_rng(0).normal(size=(n, n_components))
    fast = model.gradient(P)(Y, exaggeration)
    engine = Embedding.slope(model, P, Y, exaggeration=exaggeration)
    np.testing.assert_allclose(fast[0], engine[0], rtol=1e-12)
    np.testing.assert_allclose(fast[1], engine[1], rtol=0, atol=1e-12)
    short = P[:6, :6] / P[:6, :6].sum()
    report = gradcheck(lambda Y: model.loss(short, Y, exaggeration), Y[:6])
    assert report, report


def test_scikit_learn_has_another_gradient_in_three_dimensions():
    """Theirs is not the derivative of their loss: a difference quotient decides."""
    from sklearn.manifold._t_sne import _kl_divergence

    model = TSNE(3, perplexity=10)
    P = model.pairs(digits(40))
    Y, one = np.random.default_rng(0).normal(size=(40, 3)), np.eye(120)[0].reshape(40, 3)
    up, down = (model.gradient(P)(Y + h * one)[0] for h in (1e-5, -1e-5))
    quotient = (up - down) / 2e-5
    condensed = P[np.triu_indices(40, 1)]
    theirs = _kl_divergence(Y.ravel(), condensed, 2, 40, 3)
    assert theirs[0] == pytest.approx(model.gradient(P)(Y)[0], rel=1e-10)  # the same loss
    assert model.gradient(P)(Y)[1][0, 0] == pytest.approx(quotient, rel=1e-5)
    assert theirs[1][0] != pytest.approx(quotient, rel=1e-2)


@pytest.mark.parametrize("scale", [1.0, 1e-120, 1e120])
def test_every_row_has_the_perplexity_asked_for(scale):
    D = np.random.default_rng(0).gamma(2.0, size=(80, 80)) * scale
    for perplexity in (2.0, 5.0, 30.0):
        P = neighbor_probabilities(D / scale, perplexity, tol=1e-9)
        assert (np.diag(P) == 0).all()
        np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
        entropy = -(P * np.log(np.where(P > 0, P, 1))).sum(axis=1)
        np.testing.assert_allclose(np.exp(entropy), perplexity, rtol=1e-8)


@pytest.mark.parametrize("scale", [2.0**-490, 2.0**490, 1e-150, 1e150])
def test_the_unit_of_X_does_not_matter(scale):
    X = digits(60)
    tolerance = 0 if np.frexp(scale)[0] == 0.5 else 1e-4  # other steps of the bisection
    np.testing.assert_allclose(TSNE().pairs(X * scale), TSNE().pairs(X), rtol=tolerance)


def test_the_probabilities_are_those_of_scikit_learn():
    from scipy.spatial.distance import squareform
    from sklearn.manifold._t_sne import _joint_probabilities
    from sklearn.metrics import pairwise_distances

    for X in (digits(), datasets.load_wine().data):
        theirs = _joint_probabilities(pairwise_distances(X, squared=True), 30.0, 0)
        ours = TSNE().pairs(X)
        np.testing.assert_allclose(ours, squareform(theirs), rtol=1e-4, atol=1e-12)
        assert ours.sum() == pytest.approx(1, abs=1e-12)
        np.testing.assert_array_equal(ours, ours.T)


@pytest.mark.parametrize("n_components", [1, 2])
def test_the_first_steps_are_those_of_scikit_learn(n_components):
    """With the same P from the same points. A change of 1e-15 grows tenfold in two steps, in both."""
    from sklearn.manifold._t_sne import _gradient_descent, _kl_divergence

    from models.embeddings.gains import descend
    from models.foundation.iterate import Trace

    model = TSNE(n_components)
    P, n = model.pairs(digits()), 150
    Y = 1e-4 * np.random.default_rng(0).normal(size=(n, n_components))
    condensed = 12 * P[np.triu_indices(n, 1)]
    theirs, _, _ = _gradient_descent(
        _kl_divergence, Y.ravel(), 0, 15, 50, momentum=0.5, learning_rate=50.0,
        args=[condensed, 1, n, n_components],
    )  # fmt: skip
    ours, done, _ = descend(
        lambda Y, value: model.gradient(P)(Y, 12.0), Y, Trace(),
        rate=50.0, momentum=0.5, steps=range(15),
    )  # fmt: skip
    assert done == 15
    np.testing.assert_allclose(ours, theirs.reshape(n, -1), rtol=0, atol=1e-8 * np.abs(ours).max())


def test_it_ends_as_well_as_scikit_learn():
    """From the same points, though rounding leads to other minima."""
    X, ours, theirs = digits(120), [], []
    for seed in range(4):
        start = 1e-4 * np.random.default_rng(seed).normal(size=(120, 2))
        same = {"method": "exact", "init": start, "perplexity": 15, "max_iter": 600}
        a, b = TSNE(**same).fit(X), manifold.TSNE(**same).fit(X)
        assert a.embedding_.shape == b.embedding_.shape and a.learning_rate_ == b.learning_rate_
        ours.append(a.kl_divergence_)
        theirs.append(b.kl_divergence_)
    assert 0.7 < np.mean(ours) / np.mean(theirs) < 1.2


def test_kl_divergence_is_that_of_the_points_and_falls():
    model = TSNE(random_state=0, perplexity=20).fit(digits(100))
    P = model.pairs(digits(100))
    assert model.kl_divergence_ == pytest.approx(model.gradient(P)(model.embedding_)[0], rel=1e-12)
    late = model.trace_.loss[5:]
    assert late[-1] < late[0]
    assert np.linalg.norm(paper_gradient(P, model.embedding_)) < 1e-3


def test_the_same_loss_by_lbfgs():
    X = digits(100)
    a, b = (TSNE(perplexity=15, solver=s, max_iter=2000).fit(X) for s in ("gains", "lbfgs"))
    assert b.kl_divergence_ <= 1.1 * a.kl_divergence_  # another minimum, which is as low or lower
    P = a.pairs(X)
    assert b.kl_divergence_ == pytest.approx(a.gradient(P)(b.embedding_)[0], rel=1e-10)


def test_groups_stay_apart():
    X, y = datasets.load_iris(return_X_y=True)
    Y = TSNE(random_state=0).fit_transform(X)
    D = ((Y[:, None] - Y[None]) ** 2).sum(axis=2)
    np.fill_diagonal(D, np.inf)
    assert (y[D.argmin(axis=1)] == y).mean() > 0.93


def test_barnes_hut_is_exact_here():
    X = digits(60)
    a = TSNE(method="barnes_hut", max_iter=260).fit(X)
    b = TSNE(method="exact", max_iter=260).fit(X)
    np.testing.assert_array_equal(a.embedding_, b.embedding_)


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "cosine", "correlation"])
def test_metrics(metric):
    from sklearn.metrics import pairwise_distances

    from models.embeddings.distances import distances

    X = digits(50)
    D = pairwise_distances(X, metric=metric)
    np.testing.assert_allclose(distances(X, metric), D, atol=1e-10)
    by_function = TSNE(init="random", metric=lambda a, b: np.abs(a - b).sum()).pairs(X[:40])
    np.testing.assert_allclose(by_function, TSNE(metric="manhattan").pairs(X[:40]), atol=1e-12)
    given = TSNE(metric="precomputed", init="random", random_state=0, max_iter=20).fit(D)
    named = TSNE(metric=metric, init="random", random_state=0, max_iter=20).fit(X)
    np.testing.assert_allclose(given.embedding_, named.embedding_, rtol=1e-6)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"perplexity": 60}, r"perplexity \(60\) must be less than n_samples \(60\)"),
        ({"metric": "precomputed", "init": "random"}, "square distance matrix"),
        ({"metric": "cosine", "metric_params": {"p": 1}}, "has no parameters"),
        ({"init": np.zeros((3, 2))}, r"init should be finite numbers of shape \(60, 2\)"),
        ({"n_components": 65}, "n_components=65, more than n_samples=60"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        TSNE(**settings).fit(digits(60))
    assert "Try: " in str(error.value)


def test_precomputed_distances_are_checked():
    D = np.ones((10, 10)) - np.eye(10)
    model = TSNE(perplexity=3, metric="precomputed", init="random")
    with pytest.raises(ValueError, match='init="pca" cannot be used with metric="precomputed"'):
        TSNE(perplexity=3, metric="precomputed").fit(D)
    with pytest.raises(ValueError, match="should contain positive distances: -1.0 in row 0"):
        model.fit(D - 2 * (D * (np.arange(10) == 1)))
    with pytest.raises(ValueError, match="not symmetric"):
        model.fit(np.triu(D))


def test_a_rate_that_is_too_large_is_refused():
    with pytest.raises(
        FloatingPointError, match=r"(?s)not finite after .* a smaller learning_rate"
    ):
        TSNE(learning_rate=1e300).fit(digits(60))
