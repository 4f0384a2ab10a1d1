"""Spectral embeddings against scikit-learn's, and the eigenvalue problem that they solve."""

import numpy as np
import pytest

from models import SpectralEmbedding

manifold = pytest.importorskip("sklearn.manifold")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
DATA = {
    "swiss roll": datasets.make_swiss_roll(250, random_state=0)[0],
    "digits": datasets.load_digits().data[:150],
    "few rows": RNG.normal(size=(12, 3)),
}


@pytest.mark.parametrize(
    "settings",
    [{"n_neighbors": 10}, {"affinity": "rbf"}, {"affinity": "rbf", "gamma": 0.05, "n_components": 3}],
)  # fmt: skip
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn(name, settings):
    if (name, settings.get("affinity")) == ("digits", "rbf"):
        settings = settings | {"gamma": 1e-3}  # so that the graph is one part
    ours = SpectralEmbedding(**settings).fit(DATA[name])
    theirs = manifold.SpectralEmbedding(**settings).fit(DATA[name])
    W = theirs.affinity_matrix_
    W = W.toarray() if hasattr(W, "toarray") else W
    np.testing.assert_allclose(ours.affinity_matrix_, W, rtol=1e-9, atol=1e-12)
    sign = np.sign((ours.embedding_ * theirs.embedding_).sum(axis=0))
    assert (sign > 0).all() or name == "few rows"  # where two coordinates are the largest
    np.testing.assert_allclose(ours.embedding_, theirs.embedding_ * sign, atol=1e-7)


def test_what_the_points_solve():
    """(D - W) y = λ D y, and y orthogonal to the constant in the sense of D."""
    model = SpectralEmbedding(3, n_neighbors=10).fit(DATA["digits"])
    W, Y = model.affinity_matrix_ - np.diag(np.diagonal(model.affinity_matrix_)), model.embedding_
    D = np.diag(W.sum(axis=0))
    np.testing.assert_allclose(Y.T @ D @ Y, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.ones(150) @ D @ Y, 0, atol=1e-9)
    λ = np.diagonal(Y.T @ (D - W) @ Y)
    np.testing.assert_allclose((D - W) @ Y, D @ Y * λ, atol=1e-9)


def test_an_affinity_that_is_given():
    X = DATA["few rows"]
    W = np.exp(-((X[:, None] - X) ** 2).sum(axis=2) / 3)
    expected = SpectralEmbedding(affinity="rbf").fit_transform(X)
    ours = SpectralEmbedding(affinity="precomputed")
    np.testing.assert_allclose(ours.fit_transform(W), expected, atol=1e-9)
    assert ours.pairwise
    by_function = SpectralEmbedding(affinity=lambda X: W).fit_transform(X)
    np.testing.assert_allclose(by_function, expected, atol=1e-9)
    D = np.linalg.norm(X[:, None] - X, axis=2)
    near = SpectralEmbedding(affinity="precomputed_nearest_neighbors", n_neighbors=4).fit(D)
    plain = SpectralEmbedding(n_neighbors=4).fit(X)
    np.testing.assert_allclose(near.embedding_, plain.embedding_, atol=1e-9)


def test_two_groups_fall_apart():
    X = np.concatenate([RNG.normal(size=(30, 2)), RNG.normal(size=(30, 2)) + 8])
    Y = SpectralEmbedding(1, affinity="rbf", gamma=0.1).fit_transform(X)[:, 0]
    assert max(Y[:30]) < min(Y[30:]) or min(Y[:30]) > max(Y[30:])


def test_mistakes():
    with pytest.warns(UserWarning, match="Graph is not fully connected"):
        SpectralEmbedding(affinity="precomputed").fit(np.kron(np.eye(2), np.ones((3, 3))))
    with pytest.warns(UserWarning, match="Array is not symmetric"):
        SpectralEmbedding(affinity="precomputed").fit(np.triu(np.ones((4, 4))))
    for W, words in [
        (np.ones((4, 3)), r"must have shape \(4, 4\)"),
        (-np.ones((4, 4)), "0 or more"),
    ]:
        with pytest.raises(ValueError, match=words):
            SpectralEmbedding(affinity="precomputed").fit(W)
    with pytest.raises(ValueError, match="n_neighbors=13, n_samples_fit=12"):
        SpectralEmbedding(n_neighbors=13).fit(DATA["few rows"])
