"""Gaussian mixtures against scikit-learn's from the same start, and its gradient."""

import numpy as np
import pytest

from models import GaussianMixture
from models.mixtures import gaussians
from tinygrad_edu import grad, value_and_grad
from tinygrad_edu.ops import logsumexp

mixture = pytest.importorskip("sklearn.mixture")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)) * [1, 2, 0.5] + 3 * RNG.normal(size=(4, 3))[RNG.integers(0, 4, 300)]
every_form = pytest.mark.parametrize("form", gaussians.FORMS)
LEARNED = ("weights_", "means_", "covariances_", "precisions_", "lower_bound_", "lower_bounds_")


def start(data, K, form):
    spread = gaussians.unit(form, K, data.shape[1]) / data.var(axis=0).mean()
    means = data[np.linspace(0, len(data) - 1, K).astype(int)]
    return {"weights_init": np.full(K, 1 / K), "means_init": means, "precisions_init": spread}


@pytest.mark.parametrize("load", ["load_iris", "load_wine", "load_breast_cancer"])
@every_form
def test_the_same_as_scikit_learn_from_the_same_start(form, load):
    data = getattr(datasets, load)().data
    same = {"covariance_type": form, "tol": 1e-6, "max_iter": 500} | start(data, 3, form)
    ours, theirs = (
        made(3, **same).fit(data) for made in (GaussianMixture, mixture.GaussianMixture)
    )
    assert ours.n_iter_ == theirs.n_iter_ > 3
    # a covariance with condition number 1e11 loses as many digits in its inverse
    for name in LEARNED:
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8 * np.abs(b).max(), err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(data), theirs.predict_proba(data), atol=1e-7)
    np.testing.assert_allclose(ours.score_samples(data), theirs.score_samples(data), rtol=1e-7)
    np.testing.assert_array_equal(ours.predict(data), theirs.predict(data))
    assert ours.bic(data) == pytest.approx(theirs.bic(data), rel=1e-9)
    assert ours.aic(data) == pytest.approx(theirs.aic(data), rel=1e-9)


@every_form
def test_the_cholesky_factors_are_scikit_learns(form):
    same = {"covariance_type": form, "max_iter": 3, "tol": 0} | start(X, 4, form)
    with pytest.warns(UserWarning, match="stopped after 3 rounds"):
        ours = GaussianMixture(4, **same).fit(X)
    with pytest.warns(UserWarning, match="did not converge"):
        theirs = mixture.GaussianMixture(4, **same).fit(X)
    np.testing.assert_allclose(ours.precisions_cholesky_, theirs.precisions_cholesky_, atol=1e-10)


# ---- the likelihood as a loss -------------------------------------------------------------------


def parameters(form, K=4):
    rng = np.random.default_rng(1)
    _, means, covariances = gaussians.moments(form, X, rng.dirichlet(np.ones(K), len(X)).T, 1e-3)
    return rng.dirichlet(5 * np.ones(K)), means + rng.normal(size=means.shape), covariances


def log_likelihood(log_π, means, Σ):
    return logsumexp(log_π[:, None] + gaussians.log_densities_of_tensors(X, means, Σ), axis=0).sum()


@every_form
def test_responsibilities_are_a_gradient_and_rounds_are_steps_along_it(form):
    """∂ℓ/∂log π_k = Σ_i r_ki, and the new mean is μ + Σ (∂ℓ/∂μ) / N_k."""
    π, means, covariances = parameters(form)
    Σ = gaussians.matrices(form, covariances, 4, 3)
    d_log_π, d_means = grad(log_likelihood, (0, 1))(np.log(π), means, Σ)
    model = GaussianMixture(4, covariance_type=form)
    log_p, r = model.expect(X, weights=π, means=means, covariances=covariances)
    assert log_p.sum() == pytest.approx(float(log_likelihood(np.log(π), means, Σ)), rel=1e-12)
    N = r.sum(axis=1)
    np.testing.assert_allclose(d_log_π, N, rtol=1e-10)
    new = model.maximize(X, np.ones(len(X)), r)
    step = means + np.einsum("kij,kj->ki", Σ, d_means) / N[:, None]
    np.testing.assert_allclose(new["means"], step, rtol=1e-10)
    np.testing.assert_allclose(new["weights"], N / len(X), rtol=1e-10)


@every_form
def test_the_gradient_finds_what_the_rounds_find(form):
    rounds = GaussianMixture(4, covariance_type=form, tol=1e-13, max_iter=5000, random_state=0).fit(
        X
    )
    slope = GaussianMixture(
        4, covariance_type=form, solver="lbfgs", tol=1e-7, max_iter=2000, random_state=0
    ).fit(X)
    assert slope.converged_ and slope.lower_bound_ == pytest.approx(rounds.lower_bound_, rel=1e-6)
    np.testing.assert_allclose(slope.means_, rounds.means_, atol=1e-3)
    np.testing.assert_allclose(slope.predict_proba(X), rounds.predict_proba(X), atol=1e-3)
    assert slope.lower_bound_ == pytest.approx(slope.score(X), rel=1e-12)


def test_at_the_end_the_gradient_is_zero():
    model = GaussianMixture(4, tol=1e-14, max_iter=5000, random_state=0, reg_covar=0.0).fit(X)
    value, (d_means, d_Σ) = value_and_grad(
        lambda means, Σ: log_likelihood(np.log(model.weights_), means, Σ), (0, 1)
    )(model.means_, model.covariances_)
    assert value == pytest.approx(len(X) * model.score(X), rel=1e-12)
    assert np.abs(d_means).max() < 1e-5 and np.abs(d_Σ + d_Σ.swapaxes(1, 2)).max() < 1e-4


# ---- starts, samples, mistakes ---------------------------------------------------------------------


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
@every_form
def test_every_start_arrives(init, form):
    found = GaussianMixture(
        4, init_params=init, covariance_type=form, n_init=8, max_iter=1000, random_state=0
    ).fit(X)
    best = mixture.GaussianMixture(
        4, covariance_type=form, n_init=20, max_iter=1000, random_state=0
    )
    if init != "random":  # nearly equal means, which rounds hardly separate
        assert found.lower_bound_ > best.fit(X).lower_bound_ - 0.05
    assert (np.diff(found.lower_bounds_) > -1e-6).all() and found.converged_


def test_samples_have_the_moments_of_the_density():
    model = GaussianMixture(3, random_state=0).fit(X)
    rows, components = model.sample(200_000)
    assert rows.shape == (200_000, 3) and (np.diff(components) >= 0).all()
    np.testing.assert_allclose(np.bincount(components) / 200_000, model.weights_, atol=0.01)
    for k in range(3):
        of_k = rows[components == k]
        np.testing.assert_allclose(of_k.mean(axis=0), model.means_[k], atol=0.05)
        np.testing.assert_allclose(np.cov(of_k.T), model.covariances_[k], atol=0.1)


def test_a_warm_start_goes_on():
    whole = GaussianMixture(3, random_state=0, tol=1e-10, max_iter=500).fit(X)
    parts = GaussianMixture(3, random_state=0, tol=1e-3, warm_start=True).fit(X)
    assert parts.lower_bound_ < whole.lower_bound_
    parts.set_params(tol=1e-10, max_iter=500).fit(X)
    np.testing.assert_allclose(parts.means_, whole.means_, atol=1e-4)
    again = parts.set_params(solver="lbfgs").fit(X)
    assert again.trace_.loss[0] == pytest.approx(-whole.score(X), abs=1e-6)


def test_mistakes():
    with pytest.raises(ValueError, match=r"'means_init' should have the shape of \(2, 3\)"):
        GaussianMixture(2, means_init=np.zeros((3, 2))).fit(X)
    with pytest.raises(ValueError, match=r"'weights_init' should be normalized: its sum is 1\.5"):
        GaussianMixture(2, weights_init=[0.5, 1.0]).fit(X)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        GaussianMixture(2, reg_covar=0.0, random_state=0).fit(np.ones((10, 2)))
    with pytest.raises(ValueError, match="it has one start"):
        GaussianMixture(2, solver="adam", n_init=2).fit(X)


# ---- the fast products --------------------------------------------------------------------------


@every_form
@pytest.mark.parametrize("apart", [1.0, 30.0, 1e8])
def test_distances_and_variances_keep_their_digits_however_far_the_means_are_apart(form, apart):
    """Against the differences x - μ, in the highest precision that NumPy has."""
    rng = np.random.default_rng(2)
    means = apart * rng.integers(-3, 4, size=(4, 3))
    component = np.arange(1000) % 4
    data = means[component] + rng.integers(-5, 6, size=(1000, 3)) / 8  # exact in binary
    R = np.zeros((4, 1000))
    R[component, np.arange(1000)] = rng.uniform(0.5, 1.5, size=1000)
    N, _, covariances = gaussians.moments(form, data, R, 0.0)
    P = gaussians.precision_factors(form, covariances)
    found = gaussians.log_densities(form, data, means, P)[component, np.arange(1000)]

    wide = data.astype(np.longdouble)
    exact_means = R.astype(np.longdouble) @ wide / R.sum(axis=1, dtype=np.longdouble)[:, None]
    errors = wide - exact_means[component]
    if form in ("diag", "spherical"):
        variances = R.astype(np.longdouble) @ errors**2 / N[:, None]
        variances = variances.mean(axis=1) if form == "spherical" else variances
        np.testing.assert_allclose(covariances, variances.astype(float), rtol=1e-7)
    Σ = gaussians.matrices(form, covariances, 4, 3)[component]
    z = (wide - means[component])[:, None].astype(float)
    distances = (z @ np.linalg.inv(Σ) @ z.swapaxes(1, 2))[:, 0, 0]
    log_p = -distances / 2 - np.linalg.slogdet(Σ)[1] / 2 - 1.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(found, log_p, rtol=1e-7)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("far", [1.0, 1e9])
def test_covariances_lose_nothing_by_the_rows_that_are_left_out(weighted, far):
    """A far row, whose responsibility is small and whose square is large, is one of those that count."""
    rng = np.random.default_rng(3)
    data = rng.normal(size=(2000, 3)) + np.repeat([[0, 0, 0], [9, 0, 1]], 1000, axis=0)
    data[0] = [far, -far, far]
    r = 10.0 ** -rng.uniform(0, 40, size=2000)
    r[0] = 1e-18
    R = np.stack([r, 1 - r]) * (rng.uniform(0.1, 5, size=2000) if weighted else 1)
    N, means, covariances = gaussians.moments("full", data, R, 0.0)
    for r, n, mean, found in zip(R, N, means, covariances, strict=True):
        centered = (data - mean).astype(np.longdouble)
        expected = (centered.T * r) @ centered / n
        np.testing.assert_allclose(found, expected.astype(float), rtol=1e-13)
    floor = gaussians._negligible(R, N, means, np.diagonal(covariances, axis1=1, axis2=2), 0.0)
    assert np.count_nonzero(R[0] < floor[0]) > 0


@pytest.mark.parametrize("form", ["diag", "spherical"])
@pytest.mark.parametrize("offset", [0, 30, 1e5])
def test_variances_keep_their_digits_however_far_the_origin_is(form, offset):
    rng = np.random.default_rng(4)
    data, R = rng.normal(size=(700, 3)) + offset, rng.dirichlet(np.ones(3), 700).T
    N, means, found = gaussians.moments(form, data, R, 0.0)
    exact = data.astype(np.longdouble)
    centers = R @ exact / N[:, None]
    variances = (
        np.stack([r @ (exact - c) ** 2 for r, c in zip(R, centers, strict=True)]) / N[:, None]
    )
    expected = variances if form == "diag" else variances.mean(axis=1)
    np.testing.assert_allclose(means, centers.astype(float), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found, expected.astype(float), rtol=1e-12)
    P = gaussians.precision_factors(form, found)
    densities = gaussians.log_densities(form, data, means, P)
    σ = 1 / P.reshape(len(P), -1).astype(np.longdouble)
    z = (exact - means[:, None]) / σ[:, None]
    expected = -0.5 * (z**2 + np.log(2 * np.pi) + 2 * np.log(σ)[:, None]).sum(axis=-1)
    np.testing.assert_allclose(densities, expected.astype(float), rtol=1e-11)
