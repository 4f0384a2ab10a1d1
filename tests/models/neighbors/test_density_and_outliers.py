"""KernelDensity, LocalOutlierFactor and NearestCentroid beside scikit-learn's."""

from math import lgamma, log, pi

import numpy as np
import pytest

from models import KernelDensity, LocalOutlierFactor, NearestCentroid
from models.neighbors.density import log_integral, log_kernel
from tests.models.contract import checks_of

neighbors = pytest.importorskip("sklearn.neighbors")
datasets = pytest.importorskip("sklearn.datasets")

rng = np.random.default_rng(0)
X, Q = rng.normal(size=(200, 3)), 1.3 * rng.normal(size=(50, 3))
KERNELS = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"]


# ---- KernelDensity


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("bandwidth", [0.3, 2.0, "scott", "silverman"])
@pytest.mark.parametrize("d", [1, 3])
def test_densities(kernel, bandwidth, d):
    settings = {"kernel": kernel, "bandwidth": bandwidth}
    for weight in (None, rng.random(200)):
        ours = KernelDensity(**settings).fit(X[:, :d], sample_weight=weight)
        theirs = neighbors.KernelDensity(**settings).fit(X[:, :d], sample_weight=weight)
        assert ours.bandwidth_ == pytest.approx(theirs.bandwidth_, rel=1e-15)
        found, expected = (m.score_samples(Q[:, :d]) for m in (ours, theirs))
        near = expected > -30  # theirs has rounding errors in place of 0
        assert (found[~near] < -30).all()
        np.testing.assert_allclose(found[near], expected[near], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(ours.score(X[:9, :d]), theirs.score(X[:9, :d]), rtol=1e-10)


@pytest.mark.parametrize("kernel", sorted({*KERNELS} - {"cosine"}))
@pytest.mark.parametrize("metric", ["manhattan", "chebyshev"])
def test_densities_by_other_distances(kernel, metric):
    settings = {"kernel": kernel, "metric": metric}
    ours, theirs = KernelDensity(**settings).fit(X), neighbors.KernelDensity(**settings).fit(X)
    found, expected = np.exp(ours.score_samples(Q)), np.exp(theirs.score_samples(Q))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 3, 6, 40])
def test_every_kernel_integrates_to_1(kernel, d):
    """In polar coordinates, with the surface of the sphere: that of the cosine for an even d too."""
    r, step = np.linspace(
        0, 1 if kernel not in ("gaussian", "exponential") else 200, 2_000_001, retstep=True
    )
    with np.errstate(divide="ignore"):
        log_f = log_kernel(r, kernel) - log_integral(kernel, d)
        log_f += (d - 1) * np.log(r) if d > 1 else 0
    surface = log(d) + d / 2 * log(pi) - lgamma(d / 2 + 1)
    f = np.exp(log_f + surface)
    whole = step * (f.sum() - (f[0] + f[-1]) / 2)
    assert whole == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("kernel", ["gaussian", "tophat"])
def test_samples_have_the_moments_of_the_density(kernel):
    weight = np.arange(1.0, 201.0)
    model = KernelDensity(kernel=kernel, bandwidth=0.7).fit(X, sample_weight=weight)
    drawn = model.sample(40_000, random_state=0)
    assert drawn.shape == (40_000, 3)
    mean = weight @ X / weight.sum()
    spread = 0.49 * (
        1 if kernel == "gaussian" else 1 / 5
    )  # of a ball in 3 dimensions: r² / (d + 2)
    cov = np.cov(X.T, aweights=weight, ddof=0) + spread * np.eye(3)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), cov, atol=0.04)
    if kernel == "tophat":
        assert np.isfinite(model.score_samples(drawn)).all()
    with pytest.raises(NotImplementedError, match="'gaussian' and 'tophat'"):
        KernelDensity(kernel="linear").fit(X).sample()


def test_far_away_the_density_is_0_or_tiny():
    assert (KernelDensity(kernel="linear").fit(X).score_samples(Q + 100) == -np.inf).all()
    far = KernelDensity(bandwidth=0.1).fit(X).score_samples(Q + 100)
    np.testing.assert_allclose(
        far, neighbors.KernelDensity(bandwidth=0.1).fit(X).score_samples(Q + 100), rtol=1e-10
    )


# ---- LocalOutlierFactor


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"n_neighbors": 5}, {"contamination": 0.1}, {"p": 1}, {"metric": "chebyshev"},
        {"algorithm": "ball_tree", "n_neighbors": 35}, {"n_neighbors": 250},
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:n_neighbors .* is greater than the total number")
def test_outlier_factors(settings):
    for A in (X, datasets.load_wine().data):
        if settings.get("metric") == "chebyshev" and A is not X:
            continue  # many rows of wine are at the same distance
        ours = LocalOutlierFactor(**settings)
        theirs = neighbors.LocalOutlierFactor(**settings)
        np.testing.assert_array_equal(ours.fit_predict(A), theirs.fit_predict(A))
        factors = [m.negative_outlier_factor_ for m in (ours, theirs)]
        np.testing.assert_allclose(*factors, rtol=1e-10)
        assert ours.offset_ == pytest.approx(theirs.offset_, rel=1e-10)
        assert ours.n_neighbors_ == theirs.n_neighbors_
        new = A + 0.1
        ours.set_params(novelty=True).fit(A)
        theirs.set_params(novelty=True).fit(A)
        np.testing.assert_allclose(ours.score_samples(new), theirs.score_samples(new), rtol=1e-10)
        np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


def test_methods_exist_for_novelty_or_for_the_rows_of_fit():
    own, new = LocalOutlierFactor(), LocalOutlierFactor(novelty=True)
    for name in ("predict", "decision_function", "score_samples"):
        assert hasattr(new, name) and not hasattr(own, name)
    assert hasattr(own, "fit_predict") and not hasattr(new, "fit_predict")
    with pytest.raises(AttributeError, match=r"(?s)has no predict\..*Try: fit_predict"):
        own.fit(X).predict(X)


def test_many_equal_rows_are_noticed():
    A = np.concatenate([np.zeros((30, 1)), [[0.1], [5.0]]])
    with pytest.warns(UserWarning, match="Duplicate values are leading to incorrect results"):
        LocalOutlierFactor(5).fit(A)


@pytest.mark.parametrize("check", [*checks_of(LocalOutlierFactor(novelty=True))])
def test_the_checks_of_scikit_learn_with_novelty(check):
    check(LocalOutlierFactor(novelty=True))


# ---- NearestCentroid


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("priors", ["uniform", "empirical"])
@pytest.mark.parametrize("shrink", [None, 0.3, 2.0])
def test_centroids(name, priors, shrink):
    A, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    for metric in ("euclidean", "manhattan"):
        settings = {"priors": priors, "shrink_threshold": shrink, "metric": metric}
        ours, theirs = (
            NearestCentroid(**settings).fit(A, y),
            neighbors.NearestCentroid(**settings).fit(A, y),
        )
        for learned in ("centroids_", "deviations_", "within_class_std_dev_", "class_prior_"):
            found, expected = getattr(ours, learned), getattr(theirs, learned)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(ours.predict(A), theirs.predict(A))
        if metric == "euclidean":
            for method in ("decision_function", "predict_proba"):
                found, expected = (getattr(m, method)(A) for m in (ours, theirs))
                np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
        else:
            assert not hasattr(ours, "predict_proba") and not hasattr(ours, "decision_function")


def test_priors():
    y = np.arange(200) % 3
    given = [0.2, 0.3, 0.5]
    np.testing.assert_array_equal(NearestCentroid(priors=given).fit(X, y).class_prior_, given)
    with pytest.warns(UserWarning, match="The priors do not sum to 1"):
        assert NearestCentroid(priors=[1, 1, 2]).fit(X, y).class_prior_.sum() == 1
    with pytest.raises(ValueError, match="priors must be non-negative"):
        NearestCentroid(priors=[-0.5, 0.5, 1]).fit(X, y)
    with pytest.raises(ValueError, match=r"priors has shape \(2,\), for 3 classes"):
        NearestCentroid(priors=[0.5, 0.5]).fit(X, y)
    with pytest.raises(ValueError, match="All features have zero variance"):
        NearestCentroid().fit(np.ones((6, 2)), y[:6])
