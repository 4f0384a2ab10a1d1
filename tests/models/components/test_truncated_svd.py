"""The truncated decomposition against scikit-learn's and NumPy's, of dense and sparse data."""

import numpy as np
import pytest

from models import TruncatedSVD

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")
sparse = pytest.importorskip("scipy.sparse")

RNG = np.random.default_rng(0)
DATA = {
    name: getattr(datasets, f"load_{name}")().data
    for name in ("iris", "wine", "digits", "diabetes", "breast_cancer")
}
DATA["few rows"] = RNG.normal(size=(6, 12))
DATA["condition 1e8"] = RNG.normal(size=(200, 5)) * 10.0 ** np.arange(0, -10, -2)
DATA["far from the origin"] = RNG.normal(size=(200, 4)) * [1, 2, 3, 4] + 1e6
DATA["sparse"] = sparse.random_array((300, 40), density=0.1, rng=0, format="csr")
ATTRIBUTES = ("singular_values_", "explained_variance_", "explained_variance_ratio_")


@pytest.mark.parametrize("algorithm", ["randomized", "arpack"])
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learns_exact_one(name, algorithm):
    X = DATA[name]
    k = 3
    ours = TruncatedSVD(k, algorithm=algorithm).fit(X)
    theirs = decomposition.TruncatedSVD(k, algorithm="arpack").fit(X)
    for attribute in ATTRIBUTES:
        rtol = 1e-5 if name == "far from the origin" and attribute != "singular_values_" else 1e-9
        np.testing.assert_allclose(
            getattr(ours, attribute), getattr(theirs, attribute), rtol=rtol, atol=1e-14
        )
    size = np.abs(theirs.transform(X)).max()
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-7)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-8 * size)
    Z = ours.transform(X)
    np.testing.assert_allclose(ours.inverse_transform(Z), Z @ ours.components_)


def test_small_singular_values_keep_their_digits():
    """XᵀX alone would lose them: 1e-8² is beyond the 16 digits."""
    U, V = (np.linalg.qr(RNG.normal(size=shape))[0] for shape in [(200, 4), (4, 4)])
    s = np.array([1, 1e-3, 1e-6, 1e-9])
    model = TruncatedSVD(4).fit(U * s @ V)
    np.testing.assert_allclose(model.singular_values_, s, rtol=1e-5)
    np.testing.assert_allclose(np.abs(model.components_), np.abs(V), atol=1e-5)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_many_columns_are_approximated(form):
    decay = np.exp(-np.arange(700) / 10)
    X = RNG.normal(size=(800, 700)) * decay
    s = np.linalg.svd(X, compute_uv=False)[:5]
    model = TruncatedSVD(5, random_state=0).fit(form(X))
    np.testing.assert_allclose(model.singular_values_, s, rtol=1e-6)
    exact = TruncatedSVD(5, algorithm="arpack").fit(X)
    np.testing.assert_allclose(exact.singular_values_, s, rtol=1e-12)
    error = np.linalg.norm(X - model.inverse_transform(model.transform(X)))
    rest = np.sqrt((X * X).sum() - (s * s).sum())
    assert error == pytest.approx(rest, rel=1e-6)  # Eckart and Young


def test_mistakes():
    with pytest.raises(ValueError, match=r"n_components\(13\) must be <= n_features\(12\)"):
        TruncatedSVD(13).fit(DATA["few rows"])
    with pytest.raises(ValueError, match="the squares of the numbers in X"):
        TruncatedSVD(1).fit([[1e200, 1.0], [0.0, 1.0]])
