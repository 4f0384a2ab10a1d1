"""Kernel principal components against scikit-learn's, and PCA."""

import numpy as np
import pytest

from models import PCA, KernelPCA
from models.foundation import NotFittedError

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
IRIS = datasets.load_iris().data
WINE = datasets.load_wine().data
WINE = (WINE - WINE.mean(axis=0)) / WINE.std(axis=0)
MANY = RNG.normal(size=(320, 3)) * [3, 2, 1]


@pytest.mark.parametrize("solver", ["auto", "dense", "arpack"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"kernel": "rbf", "gamma": 0.3}, {"kernel": "poly", "degree": 2}, {"kernel": "cosine"},
     {"kernel": lambda x, y: float(np.exp(-np.abs(x - y).sum()))}],
)  # fmt: skip
@pytest.mark.parametrize("X", [IRIS[::3], WINE[::3], MANY], ids=["iris", "wine", "many rows"])
def test_the_same_as_scikit_learn(X, settings, solver):
    if callable(settings.get("kernel")) and len(X) > 100:
        X = X[:60]
    same = {"n_components": 3, "fit_inverse_transform": True, "alpha": 0.1} | settings
    ours, theirs = (
        KernelPCA(eigen_solver=solver, **same).fit(X),
        decomposition.KernelPCA(**same).fit(X),
    )
    np.testing.assert_allclose(ours.eigenvalues_, theirs.eigenvalues_, rtol=1e-9)
    Z = theirs.transform(X + 0.1)
    np.testing.assert_allclose(ours.transform(X + 0.1), Z, atol=1e-7 * np.abs(Z).max())
    np.testing.assert_allclose(
        ours.fit_transform(X), theirs.fit_transform(X), atol=1e-7 * np.abs(Z).max()
    )
    if settings.get("kernel") != "cosine":
        np.testing.assert_allclose(
            ours.inverse_transform(Z), theirs.inverse_transform(Z), atol=1e-6
        )


def test_all_components():
    ours, theirs = (
        KernelPCA(kernel="rbf").fit(IRIS),
        decomposition.KernelPCA(kernel="rbf").fit(IRIS),
    )
    np.testing.assert_allclose(ours.eigenvalues_[:50], theirs.eigenvalues_[:50], rtol=1e-8)
    assert (ours.eigenvalues_ > 0).all()


def test_the_linear_kernel_is_pca():
    Z, expected = KernelPCA(2).fit_transform(WINE), PCA(2).fit_transform(WINE)
    np.testing.assert_allclose(np.abs(Z), np.abs(expected), atol=1e-8)


def test_a_precomputed_kernel():
    K = WINE @ WINE.T
    model = KernelPCA(3, kernel="precomputed").fit(K)
    assert model.pairwise
    np.testing.assert_allclose(
        np.abs(model.transform(K)), np.abs(KernelPCA(3).fit_transform(WINE)), atol=1e-8
    )


def test_the_inverse_comes_near_to_rows_on_a_circle():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    model = KernelPCA(10, kernel="rbf", gamma=2, fit_inverse_transform=True, alpha=1e-3).fit(X)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X, atol=0.05)


def test_mistakes():
    with pytest.raises(ValueError, match="Cannot fit_inverse_transform with a precomputed kernel"):
        KernelPCA(kernel="precomputed", fit_inverse_transform=True).fit(np.eye(3))
    model = KernelPCA(2).fit(IRIS)
    with pytest.raises(NotFittedError, match="fit_inverse_transform parameter was not set to True"):
        model.inverse_transform(model.transform(IRIS))
    with pytest.raises(ValueError, match="significant negative eigenvalues"):
        KernelPCA(kernel=lambda x, y: -float(x @ y)).fit(IRIS[:20])
    with pytest.raises(ValueError, match="Precomputed matrix must be a square matrix"):
        KernelPCA(kernel="precomputed").fit(IRIS)
