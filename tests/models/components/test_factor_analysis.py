"""Factor analysis against scikit-learn, and against the gradient of its likelihood."""

import numpy as np
import pytest

from models import FactorAnalysis
from models.components.factor_analysis import log_density
from tinygrad_edu import grad

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")
DATA = {name: getattr(datasets, f"load_{name}")().data for name in ("iris", "wine")}


@pytest.mark.parametrize("rotation", [None, "varimax", "quartimax"])
@pytest.mark.parametrize("name, k", [("iris", 1), ("wine", 1), ("wine", 2)])
def test_the_same_as_scikit_learn(name, k, rotation):
    X = DATA[name] / DATA[name].std(axis=0)
    same = {"svd_method": "lapack", "tol": 1e-4, "max_iter": 10_000, "rotation": rotation}
    ours, theirs = FactorAnalysis(k, **same).fit(X), decomposition.FactorAnalysis(k, **same).fit(X)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loglike_, theirs.loglike_, rtol=1e-9)
    np.testing.assert_allclose(ours.noise_variance_, theirs.noise_variance_, rtol=1e-7)
    np.testing.assert_allclose(ours.get_covariance(), theirs.get_covariance(), atol=1e-8)
    np.testing.assert_allclose(ours.get_precision(), theirs.get_precision(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.abs(ours.transform(X)), np.abs(theirs.transform(X)), atol=1e-6)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-8)


def test_at_the_end_the_gradient_of_the_likelihood_is_zero():
    X = DATA["wine"] / DATA["wine"].std(axis=0)
    model = FactorAnalysis(2, tol=1e-10, max_iter=10_000).fit(X)

    def likelihood(W, log_ψ):
        return log_density(X, model.mean_, W, np.exp(log_ψ)).mean()

    for slope in grad(likelihood, (0, 1))(model.components_, np.log(model.noise_variance_)):
        assert np.abs(slope).max() < 1e-6
    assert model.loglike_[-1] == pytest.approx(len(X) * model.score(X), rel=1e-9)
    assert (np.diff(model.loglike_) > -1e-8).all()


def test_it_finds_factors_that_are_there():
    rng = np.random.default_rng(0)
    W, ψ = rng.normal(size=(2, 6)), rng.uniform(0.1, 1, size=6)
    X = rng.normal(size=(20_000, 2)) @ W + rng.normal(size=(20_000, 6)) * np.sqrt(ψ)
    model = FactorAnalysis(2, noise_variance_init=np.full(6, 0.5)).fit(X)
    np.testing.assert_allclose(model.get_covariance(), W.T @ W + np.diag(ψ), atol=0.1)
    np.testing.assert_allclose(model.noise_variance_, ψ, atol=0.1)


def test_mistakes():
    with pytest.raises(ValueError, match="n_components=5 is more than the 4 features"):
        FactorAnalysis(5).fit(DATA["iris"])
    with pytest.raises(ValueError, match=r"noise_variance_init has shape \(3,\)"):
        FactorAnalysis(2, noise_variance_init=[1, 1, 1]).fit(DATA["iris"])
