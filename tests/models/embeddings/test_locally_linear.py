"""Locally linear embeddings against scikit-learn's, and their own definitions."""

import numpy as np
import pytest

from models import LocallyLinearEmbedding
from models.embeddings.locally_linear import weights

manifold = pytest.importorskip("sklearn.manifold")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
DATA = {
    "swiss roll": datasets.make_swiss_roll(200, random_state=0)[0],
    "digits": datasets.load_digits().data[:150],
}
METHODS = ["standard", "ltsa", "hessian", "modified"]


@pytest.mark.parametrize("c", [1, 2])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn_but_for_signs(name, method, c):
    X, same = DATA[name], {"n_neighbors": 12, "method": method, "n_components": c}
    ours = LocallyLinearEmbedding(**same).fit(X)
    theirs = manifold.LocallyLinearEmbedding(eigen_solver="dense", **same).fit(X)
    sign = np.sign((ours.embedding_ * theirs.embedding_).sum(axis=0))
    np.testing.assert_allclose(ours.embedding_, theirs.embedding_ * sign, atol=1e-6)
    assert ours.reconstruction_error_ == pytest.approx(theirs.reconstruction_error_, rel=1e-5)
    new = X[:10] + 0.01
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new) * sign, atol=1e-6)


def test_the_weights_are_the_best_that_sum_to_one():
    X, near = RNG.normal(size=(1, 3)), RNG.normal(size=(1, 6, 3))
    w = weights(X, near, 1e-3)[0]
    assert w.sum() == pytest.approx(1)
    Z = near[0] - X
    G = Z @ Z.T + 1e-3 * np.trace(Z @ Z.T) * np.eye(6)
    slope = G @ w  # Lagrange: the same for every weight
    np.testing.assert_allclose(slope, slope[0])
    three = weights(X, near[:, :4], 0.0)[0]  # 4 points in space give any x exactly
    np.testing.assert_allclose(three @ near[0, :4], X[0], atol=1e-10)
    shortest = np.linalg.pinv(np.vstack([near[0].T, np.ones(6)])) @ np.append(X[0], 1)
    np.testing.assert_allclose(weights(X, near, 0.0)[0], shortest, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_plane_in_space_comes_back_as_a_plane(method):
    plane = RNG.uniform(size=(150, 2))
    X = plane @ np.linalg.qr(RNG.normal(size=(3, 2)))[0].T
    Y = LocallyLinearEmbedding(method=method, n_neighbors=12, reg=1e-9).fit_transform(X)
    design = np.column_stack([plane, np.ones(150)])
    left = Y - design @ np.linalg.lstsq(design, Y, rcond=None)[0]
    limit = 1e-4 if method == "modified" else 1e-12  # that one has a regularization of its own
    assert (left**2).sum() < limit
    np.testing.assert_allclose(Y.T @ Y, np.eye(2), atol=1e-9)


def test_mistakes():
    X = RNG.normal(size=(100, 4))
    with pytest.raises(ValueError, match="output dimension must be less than or equal to input"):
        LocallyLinearEmbedding(n_components=5).fit(X)
    with pytest.raises(ValueError, match="'hessian' needs n_neighbors >= 6"):
        LocallyLinearEmbedding(method="hessian").fit(X)
    with pytest.raises(ValueError, match="n_samples = 100, n_neighbors=100"):
        LocallyLinearEmbedding(n_neighbors=100).fit(X)
