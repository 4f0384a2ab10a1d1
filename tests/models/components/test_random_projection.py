"""Random projections: their moments, the distances that they keep, and the bound of the lemma."""

import numpy as np
import pytest

from models import GaussianRandomProjection, SparseRandomProjection
from models.components.random_projection import johnson_lindenstrauss_min_dim
from models.foundation.lloyd import squares

theirs = pytest.importorskip("sklearn.random_projection")
sparse = pytest.importorskip("scipy.sparse")

RNG = np.random.default_rng(0)
BOTH = [
    GaussianRandomProjection,
    SparseRandomProjection,
    lambda *args, **settings: SparseRandomProjection(*args, density=1.0, **settings),
    lambda *args, **settings: SparseRandomProjection(*args, density=1 / 3, **settings),
]


def test_the_bound_is_scikit_learns():
    for n, eps in [(1e6, 0.5), (1e6, [0.5, 0.1, 0.01]), ([1e4, 1e5, 1e6], 0.1)]:
        np.testing.assert_array_equal(
            johnson_lindenstrauss_min_dim(n, eps=eps),
            theirs.johnson_lindenstrauss_min_dim(n, eps=eps),
        )
    for n, eps in [(100, 0.0), (100, 1.0), (0, 0.1)]:
        with pytest.raises(ValueError, match="The JL bound is defined for"):
            johnson_lindenstrauss_min_dim(n, eps=eps)


@pytest.mark.parametrize("kind", BOTH)
def test_lengths_are_right_on_average_and_entries_independent(kind):
    """E RᵀR = I, and the variance of an entry is 1/k."""
    model = kind(400, random_state=0).fit(np.zeros((2, 1000)))
    R = model.components_
    G = R[:, :50].T @ R[:, :50]
    off = G[~np.eye(50, dtype=bool)]
    assert np.abs(off).max() < 6 / np.sqrt(400)
    assert R.mean() == pytest.approx(0, abs=5 / np.sqrt(400 * R.size))
    assert R.var() == pytest.approx(1 / 400, rel=0.03)
    if isinstance(model, SparseRandomProjection):
        p = model.density_
        assert np.mean(R != 0) == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / R.size))
        np.testing.assert_allclose(np.abs(R[R != 0]), 1 / np.sqrt(p * 400))


@pytest.mark.parametrize("kind", BOTH)
def test_distances_are_kept_as_the_lemma_says(kind):
    X = RNG.normal(size=(30, 2000))
    i, j = np.triu_indices(30, 1)
    model = kind("auto", eps=0.3, random_state=1)
    Z = model.fit_transform(X)
    assert Z.shape == (30, theirs.johnson_lindenstrauss_min_dim(30, eps=0.3))
    ratio = squares(Z[i] - Z[j]) / squares(X[i] - X[j])
    assert ratio.min() > 0.7 and ratio.max() < 1.3


@pytest.mark.parametrize("kind", BOTH)
def test_the_inverse_has_the_same_projection(kind):
    X = RNG.normal(size=(20, 30))
    for keeps in (False, True):
        model = kind(5, random_state=0, compute_inverse_components=keeps).fit(X)
        Z = model.transform(X)
        np.testing.assert_allclose(model.transform(model.inverse_transform(Z)), Z, atol=1e-10)
        assert hasattr(model, "inverse_components_") == keeps


@pytest.mark.parametrize("density", ["auto", 1 / 3, 1.0])
def test_a_seed_gives_scikit_learns_numbers(density):
    X = RNG.normal(size=(20, 200))
    ours = GaussianRandomProjection(7, random_state=3).fit(X)
    expected = theirs.GaussianRandomProjection(7, random_state=3).fit(X)
    np.testing.assert_array_equal(ours.components_, expected.components_)
    ours = SparseRandomProjection(7, density=density, random_state=3).fit(X)
    expected = theirs.SparseRandomProjection(7, density=density, random_state=3).fit(X)
    R = expected.components_
    np.testing.assert_allclose(ours.components_, R.toarray() if hasattr(R, "toarray") else R)
    np.testing.assert_allclose(ours.transform(X), expected.transform(X), atol=1e-12)


def test_sparse_rows_are_projected_as_dense_ones():
    X = sparse.random_array((20, 30), density=0.2, rng=0, format="csr")
    model = SparseRandomProjection(4, random_state=0).fit(X)
    np.testing.assert_allclose(model.transform(X), model.transform(X.toarray()), atol=1e-12)


def test_mistakes():
    with pytest.raises(
        ValueError, match="eps=0.1 and n_samples=50 lead to .* larger than the original"
    ):
        GaussianRandomProjection().fit(np.ones((50, 3)))
    with pytest.raises(ValueError, match="which is invalid"):
        SparseRandomProjection().fit(np.ones((1, 3)))
    with pytest.warns(UserWarning, match="n_features < n_components \\(3 < 5\\)"):
        GaussianRandomProjection(5).fit(np.ones((4, 3)))
