"""Negative binomial regression against statsmodels, and its limit."""

import numpy as np
import pytest

from models import NegativeBinomialRegressor, PoissonRegressor
from tinygrad_edu import value_and_grad

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 3))
Y = RNG.poisson(RNG.gamma(2.0, np.exp(X @ [0.5, -0.3, 0.0] + 0.7) / 2)).astype(float)
WEIGHT = RNG.integers(1, 4, size=150).astype(float)


@pytest.mark.parametrize("dispersion", [0.1, 0.5, 3.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_as_statsmodels(dispersion, weighted):
    api = pytest.importorskip("statsmodels.api")
    weight = WEIGHT if weighted else np.ones(len(Y))
    ours = NegativeBinomialRegressor(dispersion=dispersion, alpha=0, tol=1e-10).fit(X, Y, weight)
    family = api.families.NegativeBinomial(alpha=dispersion)
    model = api.GLM(Y, api.add_constant(X), family=family, freq_weights=weight)
    theirs = model.fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose([ours.intercept_, *ours.coef_], theirs.params, rtol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.fittedvalues, rtol=1e-6)
    assert weight @ ours.deviance(Y, ours.predict(X)) == pytest.approx(theirs.deviance, rel=1e-8)
    explained = 1 - theirs.deviance / theirs.null_deviance
    assert ours.score(X, Y, weight) == pytest.approx(explained, rel=1e-6)


def test_the_loss_is_the_negative_log_likelihood_but_for_a_constant():
    stats = pytest.importorskip("scipy.stats")
    model = NegativeBinomialRegressor(dispersion=0.7, alpha=0)
    r = 1 / 0.7

    def both(w):
        μ = np.exp(X @ w + 0.2)
        loss = model.loss(X, Y, WEIGHT, w, 0.2) * WEIGHT.sum()
        return loss, -(WEIGHT @ stats.nbinom.logpmf(Y, r, r / (r + μ)))

    (a, b), (c, d) = both(np.array([0.1, -0.4, 0.3])), both(np.array([-0.5, 0.2, 0.1]))
    assert a - c == pytest.approx(b - d, rel=1e-10)


def test_without_dispersion_it_is_poisson():
    """The gradients agree as κ → 0."""
    point = np.array([0.1, -0.4, 0.3])
    gradients = [
        value_and_grad(lambda w, m=m: m.loss(X, Y, WEIGHT, w, 0.2))(point)[1]
        for m in (NegativeBinomialRegressor(dispersion=1e-7), PoissonRegressor())
    ]
    np.testing.assert_allclose(*gradients, rtol=1e-5)
