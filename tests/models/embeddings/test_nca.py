"""Neighborhood components analysis: scikit-learn's objective and gradient, and its optimum."""

import numpy as np
import pytest

from models import NeighborhoodComponentsAnalysis
from models.embeddings import nca
from models.embeddings.nca import discriminants
from tinygrad_edu import value_and_grad

neighbors = pytest.importorskip("sklearn.neighbors")
datasets = pytest.importorskip("sklearn.datasets")
Theirs = neighbors.NeighborhoodComponentsAnalysis


def data(name="wine"):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.mark.parametrize("k", [1, 2, 13])
def test_loss_and_gradient_are_scikit_learns(k):
    X, y = data()
    A = 0.3 * np.random.default_rng(0).normal(size=(k, 13))
    n, theirs = len(X), Theirs()
    theirs.n_iter_ = 1
    objective, gradient = theirs._loss_grad_lbfgs(A.ravel(), X, y[:, None] == y, -1.0)
    model = NeighborhoodComponentsAnalysis()
    ours = value_and_grad(lambda A: model.loss(X, y, np.ones(n), A))(A)
    assert float(ours[0]) == pytest.approx(objective / n, rel=1e-12)
    np.testing.assert_allclose(ours[1].ravel(), gradient / n, rtol=0, atol=1e-10)


@pytest.mark.parametrize("block", [7, 500])
def test_the_gradient_in_blocks_is_that_of_the_loss(block, monkeypatch):
    monkeypatch.setattr(nca, "BLOCK", block)
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(50, 4)), rng.integers(0, 3, size=50), rng.uniform(size=50)
    model = NeighborhoodComponentsAnalysis(3, init="identity")
    packing = model._packing(X, y, weight)

    def objective(vector):
        return model.loss(X, y, weight, **packing.unpack(vector))

    point = rng.normal(size=12)
    value, gradient = value_and_grad(objective)(point)
    fast_value, fast = model._value_and_grad(objective, packing, X, y, weight)(point)
    assert fast_value == pytest.approx(float(value), rel=1e-13)
    np.testing.assert_allclose(fast, gradient, rtol=1e-10, atol=1e-14)


def test_the_loss_is_the_probability_that_one_neighbor_votes_right():
    X, y = data("iris")
    X, y, A = X[::10], y[::10], np.eye(2, 4)
    right = 0.0
    for i in range(len(X)):
        near = np.exp([-((A @ (X[i] - x)) ** 2).sum() for x in X])
        near[i] = 0
        right += near[y == y[i]].sum() / near.sum()
    ours = NeighborhoodComponentsAnalysis().loss(X, y, np.ones(len(X)), A)
    assert float(ours) == pytest.approx(-right / len(X), rel=1e-12)


def test_the_optimum_is_scikit_learns_from_the_same_start():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + 0.8 * rng.normal(size=300) > 0).astype(int)
    A = Theirs(2, init="pca", max_iter=200).fit(X, y).components_
    theirs = Theirs(2, init=A, tol=1e-14, max_iter=5000).fit(X, y)
    ours = NeighborhoodComponentsAnalysis(2, init=A, tol=1e-8, max_iter=200, solver="newton").fit(
        X, y
    )
    expected = theirs.components_.T @ theirs.components_  # the metric: A itself may be rotated
    found = ours.components_.T @ ours.components_
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["iris", "wine"])
@pytest.mark.parametrize("init", ["auto", "pca", "lda", "identity"])
def test_the_starts_are_scikit_learns(name, init):
    X, y = data(name)
    model = NeighborhoodComponentsAnalysis(2, init=init)
    ours = model.start(X, y, np.ones(len(X)))["components"]
    theirs = Theirs(2, init=init)
    theirs.random_state_ = np.random.RandomState(0)
    expected = theirs._initialize(X, y, init)
    sign = np.sign((ours * expected).sum(axis=1))[:, None]  # of a direction, it has no meaning
    np.testing.assert_allclose(sign * ours, expected, atol=1e-8)


def test_discriminants_of_collinear_columns():
    X, y = data()
    both = discriminants(np.hstack([X, X[:, :1]]), y)
    assert np.isfinite(both).all()
    D = both @ np.hstack([X, X[:, :1]]).T
    np.testing.assert_allclose(np.abs(D), np.abs(discriminants(X, y) @ X.T), atol=1e-8)


def test_neighbors_vote_better_after_it():
    X, y = data()
    X = np.hstack([X, 3 * np.random.default_rng(0).normal(size=(len(X), 5))])  # columns of noise
    model = NeighborhoodComponentsAnalysis(2, random_state=0).fit(X[::2], y[::2])
    knn = neighbors.KNeighborsClassifier(3)
    before = knn.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    after = knn.fit(model.transform(X[::2]), y[::2]).score(model.transform(X[1::2]), y[1::2])
    assert after > before


@pytest.mark.filterwarnings("ignore:.*stopped after 5 steps")
def test_labels_may_be_words_and_the_origin_does_not_matter():
    X, y = data("iris")
    plain = NeighborhoodComponentsAnalysis(2, max_iter=5).fit(X, y)
    words = NeighborhoodComponentsAnalysis(2, max_iter=5).fit(
        X + 64.0, np.array(["a", "b", "c"])[y]
    )
    np.testing.assert_allclose(words.components_, plain.components_, rtol=1e-8)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"n_components": 14}, "n_components=14 is more than the 13 features"),
        ({"init": np.ones((2, 3))}, r"init should be finite numbers of shape \(2, 13\)"),
        ({"init": np.ones((2, 13)), "n_components": 3}, r"shape \(3, 13\)"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NeighborhoodComponentsAnalysis(**settings).fit(*data())
