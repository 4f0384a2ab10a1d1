"""Principal components against scikit-learn, the likelihood of probabilistic PCA, and an autoencoder."""

import numpy as np
import pytest

from models import PCA
from models.components.pca import naive_pca
from tinygrad_edu import grad

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
DATA = {
    name: getattr(datasets, f"load_{name}")().data
    for name in ("iris", "wine", "digits", "diabetes", "breast_cancer")
}
DATA["few rows"] = RNG.normal(size=(5, 12))
DATA["condition 1e8"] = RNG.normal(size=(200, 6)) @ np.diag(
    10.0 ** np.arange(0, -10, -2)[[0, 1, 2, 3, 4, 4]]
)
DATA["far from the origin"] = RNG.normal(size=(200, 4)) * [1, 2, 3, 4] + 1e6


@pytest.mark.parametrize("k", [None, 2, 0.9, "mle"])
@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "auto"])
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn(name, solver, k):
    X = DATA[name]
    if name == "few rows" and (k == "mle" or solver == "covariance_eigh"):
        pytest.skip("refused by both, or of rank 4: the other directions are arbitrary")
    if (name, k) == ("digits", "mle"):
        pytest.skip("theirs is slow")
    judge = "full" if name == "far from the origin" else solver  # theirs loses digits there
    ours = PCA(k, svd_solver=solver).fit(X)
    theirs = decomposition.PCA(k, svd_solver=judge).fit(X)
    assert ours.n_components_ == theirs.n_components_ and ours.n_samples_ == theirs.n_samples_
    # variances below 1e-16 of the largest are rounding errors of both
    real = theirs.explained_variance_ > 1e-14 * theirs.explained_variance_[0]
    for attribute in ("explained_variance_", "explained_variance_ratio_", "singular_values_"):
        a, b = getattr(ours, attribute), getattr(theirs, attribute)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8 * b.max())
    np.testing.assert_allclose(
        np.abs(ours.components_[real]), np.abs(theirs.components_[real]), atol=1e-7
    )
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.noise_variance_, theirs.noise_variance_, rtol=1e-6, atol=1e-12)
    size = np.abs(X - X.mean(axis=0)).max()
    np.testing.assert_allclose(
        ours.transform(X)[:, real], theirs.transform(X)[:, real], atol=1e-7 * size
    )
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)),
                               theirs.inverse_transform(theirs.transform(X)), atol=1e-7 * size)  # fmt: skip


def test_the_naive_version_finds_the_same():
    X = DATA["iris"]
    model = PCA(3).fit(X)
    for i, (variance, direction) in enumerate(naive_pca(X.tolist(), 3)):
        assert variance == pytest.approx(model.explained_variance_[i], rel=1e-10)
        np.testing.assert_allclose(np.abs(direction), np.abs(model.components_[i]), atol=1e-10)


@pytest.mark.parametrize("name", ["iris", "wine", "diabetes"])
def test_the_density_is_scikit_learns(name):
    X = DATA[name]
    ours, theirs = PCA(2).fit(X), decomposition.PCA(2).fit(X)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-8)
    np.testing.assert_allclose(
        ours.get_covariance(), theirs.get_covariance(), rtol=1e-9, atol=1e-12
    )
    precision = theirs.get_precision()
    np.testing.assert_allclose(ours.get_precision(), precision, atol=1e-9 * np.abs(precision).max())
    whitened = PCA(2, whiten=True).fit(X)
    np.testing.assert_array_equal(whitened.score_samples(X), ours.score_samples(X))
    np.testing.assert_allclose(np.cov(whitened.transform(X).T), np.eye(2), atol=1e-10)
    back = decomposition.PCA(2, whiten=True).fit(X)
    np.testing.assert_allclose(
        whitened.inverse_transform(whitened.transform(X)),
        back.inverse_transform(back.transform(X)),
        rtol=1e-8,
    )


@pytest.mark.parametrize("n_iter", ["auto", 10])
def test_random_projections_find_the_largest_directions(n_iter):
    X = DATA["digits"]
    exact = PCA(8, svd_solver="full").fit(X)
    random = PCA(8, svd_solver="randomized", iterated_power=n_iter, random_state=0).fit(X)
    np.testing.assert_allclose(random.explained_variance_, exact.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(random.components_[:4], exact.components_[:4], atol=1e-3)
    np.testing.assert_allclose(random.noise_variance_, exact.noise_variance_, rtol=1e-4)
    cut = PCA(8, svd_solver="arpack").fit(X)
    np.testing.assert_allclose(cut.transform(X), exact.transform(X), atol=1e-9)


def test_it_is_the_maximum_of_the_likelihood_of_probabilistic_pca():
    """x = mean + W z + noise: the gradient of Σ log N(x; mean, W Wᵀ + σ² I) vanishes (Bishop 12.45-12.46)."""
    X = DATA["wine"][:, :6]
    model = PCA(2).fit(X)
    n, d = X.shape
    # the likelihood divides by n, and explained_variance_ by n - 1
    Λ, σ2 = model.explained_variance_ * (n - 1) / n, model.noise_variance_ * (n - 1) / n

    def log_likelihood(W, σ2, mean):
        C = W @ W.T + σ2 * np.eye(d)
        Z = X - mean
        return -(np.linalg.slogdet(C)[1] + (np.linalg.solve(C, Z.T) * Z.T).sum() / n) / 2

    W = model.components_.T * np.sqrt(Λ - σ2)
    for slope, size in zip(
        grad(log_likelihood, (0, 1, 2))(W, σ2, model.mean_), (W, σ2, X), strict=True
    ):
        assert np.abs(slope).max() * np.abs(size).max() < 1e-9


def test_a_linear_autoencoder_ends_in_the_same_plane():
    X = DATA["iris"] - DATA["iris"].mean(axis=0)
    model = PCA(2).fit(X)

    def error(D):  # with the best code for the decoder D, z = (D Dᵀ)⁻¹ D x
        return ((X - X @ D.T @ np.linalg.solve(D @ D.T, D)) ** 2).sum() / len(X)

    assert np.abs(grad(error)(model.components_)).max() < 1e-12
    D = np.random.default_rng(0).normal(size=(2, 4))
    for _ in range(2000):
        D = D - 0.05 * grad(error)(D)
    angles = np.linalg.svd(np.linalg.qr(D.T)[0].T @ model.components_.T)[1]
    np.testing.assert_allclose(angles, 1, atol=1e-8)


def test_a_singular_covariance_has_a_finite_density():
    X = np.column_stack([DATA["iris"], DATA["iris"][:, 0]])
    for model in (PCA().fit(X), PCA(2).fit(np.ones((4, 3)))):
        assert np.isfinite(model.score_samples(np.ones((4, model.n_features_in_)))).all()


def test_what_is_not_possible():
    with pytest.raises(ValueError, match="only supported if n_samples >= n_features"):
        PCA("mle").fit(DATA["few rows"])
    with pytest.raises(ValueError, match=r"n_components=6 must be between 0 and min.*=5"):
        PCA(6).fit(DATA["few rows"])
    with pytest.raises(
        ValueError, match=r"n_components=0.5 is not possible with svd_solver='arpack'"
    ):
        PCA(0.5, svd_solver="arpack").fit(DATA["iris"])
    with pytest.raises(ValueError, match="n_samples=1"):
        PCA().fit(DATA["iris"][:1])
    assert PCA(0).fit(DATA["iris"]).transform(DATA["iris"]).shape == (150, 0)


def test_values_with_infinite_squares():
    X = np.random.default_rng(0).normal(size=(20, 2)) * 1e160
    with pytest.raises(ValueError, match="squares are infinite(?s:.*)Try: StandardScaler first"):
        PCA(svd_solver="covariance_eigh").fit(X)


def test_the_precision_of_all_components_is_the_inverse_of_the_covariance():
    """1/σ² of the noise, which is zero, does not take part in it."""
    X = DATA["iris"]
    inverse = np.linalg.inv(np.cov(X.T))
    for settings in ({}, {"whiten": True}):
        found = PCA(**settings).fit(X).get_precision()
        np.testing.assert_allclose(found, inverse, rtol=1e-9, atol=1e-10 * np.abs(inverse).max())
