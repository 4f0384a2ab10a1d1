"""The variational mixture against scikit-learn's from the same start."""

import numpy as np
import pytest

from models import BayesianGaussianMixture
from models.mixtures import gaussians

mixture = pytest.importorskip("sklearn.mixture")

RNG = np.random.default_rng(0)
APART = 6 * RNG.normal(size=(3, 3))
X = RNG.normal(size=(300, 3)) * [1, 2, 0.5] + APART[RNG.integers(0, 3, 300)]


class Same(mixture.BayesianGaussianMixture):
    """scikit-learn's, from given responsibilities."""

    def _initialize_parameters(self, X, random_state, xp=None):
        self._initialize(X, R)


R = np.eye(5)[RNG.integers(0, 5, 300)] * 0.5 + 0.1


class Ours(BayesianGaussianMixture):
    def _first_responsibilities(self, X, weight, rng):
        return R.T


LEARNED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_", "mean_precision_",
           "weight_concentration_", "degrees_of_freedom_", "lower_bound_", "covariance_prior_")  # fmt: skip


@pytest.mark.parametrize("form", gaussians.FORMS)
@pytest.mark.parametrize("kind", ["dirichlet_process", "dirichlet_distribution"])
@pytest.mark.parametrize("priors", [False, True])
def test_the_same_as_scikit_learn_from_the_same_start(kind, form, priors):
    same = {
        "covariance_type": form,
        "weight_concentration_prior_type": kind,
        "tol": 1e-4,
        "max_iter": 500,
    }
    if priors:
        prior = gaussians.unit(form, 1, 3)
        same |= {
            "weight_concentration_prior": 0.01, "mean_precision_prior": 0.3, "mean_prior": [1.0, 0, 0],
            "degrees_of_freedom_prior": 4.5, "covariance_prior": prior if form == "tied" else prior[0],
        }  # fmt: skip
    ours, theirs = Ours(5, **same).fit(X), Same(n_components=5, **same).fit(X)
    assert ours.n_iter_ == theirs.n_iter_ > 2
    for name in LEARNED:
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * np.abs(b).max(), err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-8)
    assert (np.diff(ours.lower_bounds_) > -1e-6).all()


def test_components_that_are_not_needed_get_no_weight():
    model = BayesianGaussianMixture(
        8, max_iter=2000, random_state=0, weight_concentration_prior=1e-3
    ).fit(X)
    assert (model.weights_ > 0.05).sum() == 3
    rows, components = model.sample(1000)
    assert rows.shape == (1000, 3) and components.shape == (1000,)


def test_a_warm_start_goes_on():
    once = BayesianGaussianMixture(3, tol=1e-8, max_iter=500, random_state=0).fit(X)
    twice = BayesianGaussianMixture(3, tol=1.0, random_state=0, warm_start=True).fit(X)
    twice.set_params(tol=1e-8, max_iter=500).fit(X)
    np.testing.assert_allclose(twice.means_, once.means_, atol=1e-4)


def test_mistakes():
    with pytest.raises(ValueError, match="'degrees_of_freedom_prior' should be greater than 2"):
        BayesianGaussianMixture(2, degrees_of_freedom_prior=1.0).fit(X)
    with pytest.raises(ValueError, match=r"'mean_prior' should have the shape of \(3,\)"):
        BayesianGaussianMixture(2, mean_prior=[1.0]).fit(X)
