"""Isomap against scikit-learn's, its shortest paths against SciPy's, and a rolled-up plane."""

import numpy as np
import pytest

from models import Isomap
from models.embeddings.isomap import shortest_paths
from models.embeddings.neighborhood import connected

manifold = pytest.importorskip("sklearn.manifold")
datasets = pytest.importorskip("sklearn.datasets")
csgraph = pytest.importorskip("scipy.sparse.csgraph")

RNG = np.random.default_rng(0)
DATA = {
    "swiss roll": datasets.make_swiss_roll(250, random_state=0)[0],
    "digits": datasets.load_digits().data[:150],
    "few rows": RNG.normal(size=(12, 3)),
}


def assert_same(ours, theirs, X, new):
    np.testing.assert_allclose(ours.dist_matrix_, theirs.dist_matrix_, rtol=1e-9, atol=1e-12)
    size = np.abs(theirs.embedding_).max()
    np.testing.assert_allclose(ours.embedding_, theirs.embedding_, atol=1e-7 * size)
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new), atol=1e-7 * size)
    assert ours.reconstruction_error() == pytest.approx(theirs.reconstruction_error(), rel=1e-7)


@pytest.mark.parametrize("solver", ["auto", "dense"])
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn(name, solver):
    X = DATA[name]
    ours = Isomap(n_neighbors=8, eigen_solver=solver).fit(X)
    assert_same(ours, manifold.Isomap(n_neighbors=8).fit(X), X, X[:10] + 0.01)


@pytest.mark.parametrize(
    "settings",
    [{"n_neighbors": None, "radius": 7.0}, {"metric": "manhattan", "n_components": 3}, {"p": 3},
     {"n_neighbors": 20}],
)  # fmt: skip
def test_other_settings(settings):
    X = DATA["swiss roll"]
    assert_same(Isomap(**settings).fit(X), manifold.Isomap(**settings).fit(X), X, X[:10] + 0.01)


def test_precomputed_distances():
    X = DATA["few rows"]
    D = np.linalg.norm(X[:, None] - X, axis=2)
    ours, plain = Isomap(metric="precomputed").fit(D), Isomap().fit(X)
    np.testing.assert_allclose(ours.embedding_, plain.embedding_, atol=1e-9)
    assert ours.pairwise and not plain.pairwise


@pytest.mark.filterwarnings("ignore:Changing the sparsity structure")
@pytest.mark.parametrize("metric", ["minkowski", "precomputed"])
def test_parts_without_a_path_between_them_are_joined(metric):
    X = np.concatenate(
        [RNG.normal(size=(20, 2)), RNG.normal(size=(20, 2)) + 30, RNG.normal(size=(20, 2)) - 40]
    )
    given = X if metric == "minkowski" else np.linalg.norm(X[:, None] - X, axis=2)
    with pytest.warns(UserWarning, match="The number of connected components .* is 3 > 1"):
        ours = Isomap(metric=metric).fit(given)
    with pytest.warns(UserWarning):
        theirs = manifold.Isomap(metric=metric).fit(given)
    np.testing.assert_allclose(ours.dist_matrix_, theirs.dist_matrix_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n, edges", [(5, 6), (40, 100), (150, 2000), (60, 0)])
def test_the_shortest_paths_are_scipys(n, edges):
    D = np.full((n, n), np.inf)
    order = RNG.permutation(n)
    D[order[1:], order[:-1]] = RNG.random(n - 1)  # a path through all
    i, j = RNG.integers(0, n, (2, edges))
    D[i, j] = RNG.random(edges)
    D = np.minimum(D, D.T)
    np.fill_diagonal(D, 0)
    expected = csgraph.shortest_path(np.where(np.isfinite(D), D, 0), directed=False)
    np.testing.assert_allclose(shortest_paths(D), expected, atol=1e-12)


def test_the_parts_of_a_graph_are_numbered():
    edges = np.zeros((6, 6), bool)
    edges[0, 3] = edges[3, 5] = edges[4, 1] = True
    np.testing.assert_array_equal(connected(edges), [0, 1, 2, 0, 1, 0])


def test_a_rolled_up_plane_is_unrolled():
    """The first coordinate grows with the angle of the roll."""
    X, angle = datasets.make_swiss_roll(1000, random_state=0)
    Y = Isomap(n_neighbors=7).fit_transform(X)
    length = angle * np.sqrt(1 + angle**2) + np.arcsinh(angle)
    assert abs(np.corrcoef(Y[:, 0], length)[0, 1]) > 0.99


def test_mistakes():
    X = DATA["few rows"]
    with pytest.raises(ValueError, match="Both n_neighbors and radius are provided"):
        Isomap(radius=1.0).fit(X)
    with pytest.raises(ValueError, match="neither n_neighbors nor radius"):
        Isomap(n_neighbors=None).fit(X)
    with pytest.raises(ValueError, match="n_samples = 12, n_neighbors=12"):
        Isomap(n_neighbors=12).fit(X)
    model = Isomap(n_neighbors=None, radius=5.0).fit(X)
    with pytest.raises(ValueError, match="row 1 of X has no neighbor within radius=5.0"):
        model.transform([X[0], X[0] + 100])
