"""Incremental principal components: equal to scikit-learn's, and to PCA where nothing is cut off."""

import numpy as np
import pytest

from models import PCA, IncrementalPCA

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
DATA = {
    name: getattr(datasets, f"load_{name}")().data
    for name in ("iris", "wine", "digits", "diabetes", "breast_cancer")
}
DATA["few rows"] = RNG.normal(size=(7, 12))
DATA["far from the origin"] = RNG.normal(size=(200, 4)) * [1, 2, 3, 4] + 1e5
ATTRIBUTES = (
    "explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_", "var_",
    "noise_variance_",
)  # fmt: skip


def assert_same(ours, theirs, X):
    assert ours.n_samples_seen_ == theirs.n_samples_seen_
    assert ours.n_components_ == theirs.n_components_
    for name in ATTRIBUTES:
        a, b = getattr(ours, name), getattr(theirs, name)
        least = 1e-12 * np.abs(X).max() if name == "mean_" else 1e-10 * np.max(b)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=least, err_msg=name)
    real = theirs.singular_values_ > 1e-10 * theirs.singular_values_[0]
    np.testing.assert_allclose(ours.components_[real], theirs.components_[real], atol=1e-8)
    if not ours.whiten:  # theirs is then another
        np.testing.assert_allclose(
            ours.get_covariance(), theirs.get_covariance(), atol=1e-9 * ours.explained_variance_[0]
        )
    Z = theirs.transform(X)
    np.testing.assert_allclose(ours.transform(X)[:, real], Z[:, real], atol=1e-7 * np.abs(Z).max())
    np.testing.assert_allclose(
        ours.inverse_transform(Z), theirs.inverse_transform(Z), atol=1e-8 * np.abs(X).max()
    )


@pytest.mark.parametrize("settings", [{}, {"batch_size": 40}, {"whiten": True, "batch_size": 33}])
@pytest.mark.parametrize("k", [None, 3])
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn(name, k, settings):
    X = DATA[name]
    if settings.get("whiten") and k is None:
        settings = {**settings, "whiten": False}  # directions without variance are arbitrary
    ours = IncrementalPCA(k, **settings).fit(X)
    assert_same(ours, decomposition.IncrementalPCA(k, **settings).fit(X), X)


def test_batch_by_batch_as_scikit_learn():
    X = DATA["wine"]
    ours, theirs = IncrementalPCA(3), decomposition.IncrementalPCA(3)
    for batch in np.array_split(X, [20, 21, 90]):
        ours.partial_fit(batch)
        theirs.partial_fit(batch)
        assert_same(ours, theirs, X)


def test_with_all_components_it_is_pca():
    X = DATA["breast_cancer"]
    ours, whole = IncrementalPCA(batch_size=50).fit(X), PCA(svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.singular_values_, whole.singular_values_, rtol=1e-8)
    np.testing.assert_allclose(ours.get_covariance(), np.cov(X.T), atol=1e-9 * np.cov(X.T).max())


def test_mistakes():
    with pytest.raises(ValueError, match="n_components=13 invalid for n_features=12"):
        IncrementalPCA(13).fit(DATA["few rows"])
    with pytest.raises(ValueError, match="must be less or equal to the batch number of samples 7"):
        IncrementalPCA(8).partial_fit(DATA["few rows"])
    model = IncrementalPCA(2).fit(DATA["few rows"])
    with pytest.raises(ValueError, match="n_components=3, and 2 in the batches before"):
        model.set_params(n_components=3).partial_fit(DATA["few rows"])
    with pytest.raises(ValueError, match="n_samples=1"):
        IncrementalPCA().fit(DATA["few rows"][:1])
