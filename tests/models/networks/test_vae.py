"""VAE: a linear one reaches the likelihood of probabilistic PCA, and its bounds are bounds."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris
from sklearn.decomposition import PCA

from models import VAE
from models.foundation import NotFittedError
from tinygrad_edu import value_and_grad

# The tests say how near they are themselves.
pytestmark = pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")

IRIS = load_iris().data
LINEAR = {"hidden_layer_sizes": (), "random_state": 0}


class Exact(VAE):
    """With ε = ±√k e_j, whose mean is 0 and covariance I: of quadratic functions the mean is exact."""

    def noise(self, samples):
        k = self.n_components
        points = np.sqrt(k) * np.concatenate([np.eye(k), -np.eye(k)])
        return np.repeat(points[:, None], samples, axis=1)


@pytest.mark.parametrize("k", [1, 2])
def test_a_linear_one_reaches_the_likelihood_of_probabilistic_pca(k):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2)) @ rng.normal(size=(2, 4)) + 0.5 * rng.normal(size=(90, 4))
    model = Exact(k, tol=1e-7, max_iter=2000, **LINEAR).fit(X)
    # Tipping, Bishop 1999, equation 8: the maximum of the likelihood, in closed form
    λ = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    v = λ[k:].mean()
    best = -(4 * np.log(2 * np.pi) + np.log(λ[:k]).sum() + (4 - k) * np.log(v) + 4) / 2
    np.testing.assert_allclose(-model.trace_.loss[-1], best, rtol=1e-8)
    np.testing.assert_allclose(model.noise_variance_, v, rtol=1e-4)
    plane = np.linalg.qr(model.decoder_[-1][0].T)[0]
    cosines = np.linalg.svd(PCA(k).fit(X).components_ @ plane)[1]
    np.testing.assert_allclose(cosines, 1, rtol=1e-6)
    # Then q is the true posterior, and every draw of z gives log p(x) itself.
    W, b = model.decoder_[-1]
    C = W.T @ W + model.noise_variance_ * np.eye(4)
    log_p = -(4 * np.log(2 * np.pi) + np.linalg.slogdet(C)[1]) / 2
    log_p = log_p - np.einsum("ni,ij,nj->n", X - b, np.linalg.inv(C), X - b) / 2
    np.testing.assert_allclose(model.score_samples(X), log_p, rtol=1e-3)
    np.testing.assert_allclose(model.score(X), best, rtol=1e-6)


def test_importance_draws_close_the_gap_between_elbo_and_log_p():
    """With a posterior that is wrong on purpose."""
    model = Exact(2, tol=1e-3, max_iter=500, **LINEAR).fit(IRIS)
    model.encoder_[-1][1][2:] += 1.0  # σ² too large by a factor of e
    W, b = model.decoder_[-1]
    C = W.T @ W + model.noise_variance_ * np.eye(4)
    log_p = -(4 * np.log(2 * np.pi) + np.linalg.slogdet(C)[1]) / 2
    log_p = log_p - np.einsum("ni,ij,nj->n", IRIS - b, np.linalg.inv(C), IRIS - b).mean() / 2
    layers = {"encoder_W0": model.encoder_[0][0], "encoder_b0": model.encoder_[0][1]}
    layers |= {"decoder_W0": W, "decoder_b0": b, "noise_variance": model.noise_variance_}
    elbo = -model.loss(IRIS, None, np.ones(150), **layers)
    assert elbo < log_p - 0.2
    assert abs(model.set_params(n_importance=10_000).score(IRIS) - log_p) < 0.02


def test_the_elbo_is_that_of_the_paper():
    """Written out for one row and one draw."""
    rng = np.random.default_rng(0)
    model = VAE(1, n_draws=1, hidden_layer_sizes=())
    A, c, D, d = rng.normal(size=(4, 2)), rng.normal(size=2), rng.normal(size=(1, 4)), np.ones(4)
    layers = {"encoder_W0": A, "encoder_b0": c, "decoder_W0": D, "decoder_b0": d}
    x, ε = IRIS[0], model.noise(1)[0, 0]
    μ, log_σ2 = x @ A + c
    z = μ + np.exp(log_σ2 / 2) * ε
    squares = np.sum((x - z @ D - d) ** 2)
    KL = (μ**2 + np.exp(log_σ2) - 1 - log_σ2) / 2
    gaussian = -squares / (2 * 0.5) - 2 * np.log(2 * np.pi * 0.5)
    found = model.loss(x[None], None, np.ones(1), noise_variance=0.5, **layers)
    np.testing.assert_allclose(found, KL - gaussian, rtol=1e-12)
    p = 1 / (1 + np.exp(-(z @ D + d)))
    x = np.array([0.0, 1.0, 1.0, 0.25])
    μ, log_σ2 = x @ A + c
    p = 1 / (1 + np.exp(-((μ + np.exp(log_σ2 / 2) * ε) @ D + d)))
    bernoulli = np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))
    KL = (μ**2 + np.exp(log_σ2) - 1 - log_σ2) / 2
    model.set_params(likelihood="bernoulli")
    found = model.loss(x[None], None, np.ones(1), **layers)
    np.testing.assert_allclose(found, KL - bernoulli, rtol=1e-12)


def test_samples_have_the_distribution_of_the_model():
    model = Exact(2, tol=1e-3, max_iter=500, **LINEAR).fit(IRIS)
    drawn = model.sample(40_000)
    W, b = model.decoder_[-1]
    np.testing.assert_allclose(drawn.mean(axis=0), b, atol=0.05)
    C = W.T @ W + model.noise_variance_ * np.eye(4)
    np.testing.assert_allclose(np.cov(drawn.T), C, atol=0.1)
    np.testing.assert_array_equal(model.sample(3), model.sample(3))
    with pytest.raises(NotFittedError):
        VAE().sample()


def test_bernoulli_rows_are_zeros_and_ones_and_others_are_refused():
    X = (IRIS.mean(axis=0) < IRIS).astype(float)
    model = VAE(1, likelihood="bernoulli", tol=1e-3, **LINEAR).fit(X)
    assert {*model.sample(50).ravel()} == {0.0, 1.0} and model.noise_variance_ is None
    means = model.inverse_transform(model.transform(X))
    assert ((means > 0) & (means < 1)).all() and np.mean((means > 0.5) == (X > 0)) > 0.85
    with pytest.raises(ValueError, match=r"X has numbers from 0\.1 to 7\.9[\s\S]*X from 0 to 1"):
        VAE(likelihood="bernoulli").fit(IRIS)


def test_adam_with_new_noise_comes_near():
    settings = {"solver": "adam", "n_draws": 1, "batch_size": 50, "max_iter": 300}
    model = VAE(1, **settings, **LINEAR).fit(IRIS)
    λ = np.linalg.eigvalsh(np.cov(IRIS.T, bias=True))[::-1]
    best = -(4 * np.log(2 * np.pi) + np.log(λ[0]) + 3 * np.log(λ[1:].mean()) + 4) / 2
    assert best - 0.1 < model.score(IRIS) < best + 1e-3
    assert "_rng_" not in vars(model)


def test_numbers_whose_density_would_overflow_are_refused():
    with pytest.raises(ValueError, match=r"X varies by 1\.1e-150 only[\s\S]*StandardScaler"):
        VAE().fit(IRIS * 1e-150)
    assert np.isfinite(VAE(1, tol=1e50, **LINEAR).fit(IRIS * 1e-60).score(IRIS * 1e-60))


def test_a_weight_is_a_number_of_repetitions():
    """Of the start, the loss and its gradient; which of many minima follows, rounding decides."""
    weight = np.random.default_rng(0).integers(0, 4, len(IRIS))
    rows = np.repeat(np.arange(len(IRIS)), weight)
    model = Exact(2, hidden_layer_sizes=(5,), random_state=0)

    def at_the_start(X, given):
        data = {"y": None} | model._read(X, None, given)
        packing = model._packing(**data)
        slope = value_and_grad(lambda w: model.loss(**data, **packing.unpack(w)))
        return packing.vector(), *slope(packing.vector())

    both = at_the_start(IRIS, weight), at_the_start(IRIS[rows], None)
    for x, y in zip(*both, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)
