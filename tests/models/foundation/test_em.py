"""Expectation and maximization, on a mixture of two Gaussians with one variance."""

import numpy as np
import pytest

from models.foundation import ConvergenceWarning, Density, clone, integer, learned
from models.foundation.em import EM
from tests.models.contract import checks_of, name_of

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(60, 2)), RNG.normal(size=(40, 2)) + [4, 0]])


class Mixture(EM, Density):
    """p(x) = Σ_k π_k Normal(x; μ_k, σ² I)"""

    n_components: int = integer(2, at_least=1)
    means_: np.ndarray = learned("(components, features)")
    shares_: np.ndarray = learned("(components,)")
    variance_: float = learned("of every component and feature")

    def start(self, X, weight, rng):
        order = np.argsort(X @ rng.standard_normal(X.shape[1]), kind="stable")
        before = np.cumsum(weight[order]) - weight[order]
        at = rng.uniform(size=self.n_components) * weight.sum()
        chosen = order[np.searchsorted(before, at, side="right") - 1]
        shares = np.full(self.n_components, 1 / self.n_components)
        return {"means": X[chosen], "shares": shares, "variance": X.var() + 1e-6}

    def expect(self, X, means, shares, variance):
        squares = ((X[:, None] - means) ** 2).sum(axis=2)
        log_p = (
            np.log(shares)
            - squares / (2 * variance)
            - X.shape[1] / 2 * np.log(2 * np.pi * variance)
        )
        total = np.logaddexp.reduce(log_p, axis=1)
        return total, np.exp(log_p - total[:, None])

    def maximize(self, X, weight, expected):
        r = weight[:, None] * expected
        n = r.sum(axis=0) + 1e-12
        means = r.T @ X / n[:, None]
        squares = ((X[:, None] - means) ** 2).sum(axis=2)
        variance = (r * squares).sum() / (weight.sum() * X.shape[1]) + 1e-6
        return {"means": means, "shares": n / n.sum(), "variance": variance}

    def _score_samples(self, X):
        return self.expect(X, **self._learned_parameters())[0]


def test_it_finds_what_scikit_learn_finds():
    mixture = pytest.importorskip("sklearn.mixture")
    start = np.array([[0.0, 0.0], [3.0, 0.0]])
    theirs = mixture.GaussianMixture(
        1, covariance_type="spherical", means_init=start[:1], reg_covar=1e-6, tol=1e-12
    ).fit(X)
    ours = Mixture(1, tol=1e-12, random_state=0).fit(X)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-10)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-9)
    two = Mixture(2, tol=1e-10, max_iter=500, random_state=0, n_init=3).fit(X)
    order = np.argsort(two.means_[:, 0])
    np.testing.assert_allclose(
        two.means_[order], [X[:60].mean(axis=0), X[60:].mean(axis=0)], atol=0.1
    )
    assert two.converged_ and two.score(X) > ours.score(X)


def test_every_round_raises_the_likelihood():
    model = Mixture(3, tol=1e-9, max_iter=300, random_state=1).fit(X)
    assert (np.diff(model.trace_.loss) <= 1e-12).all()
    assert model.lower_bound_ == -model.trace_.loss[-1] == pytest.approx(model.score(X), rel=1e-8)
    assert model.lower_bound_ <= model.score(X)  # a round ends with better parameters
    assert model.n_iter_ == len(model.trace_)
    assert np.isnan(model.trace_.gradient_norm).all()


def test_of_several_starts_the_best_is_kept():
    settings = {"max_iter": 3000, "tol": 1e-6}
    rng = np.random.default_rng(3)
    single = [Mixture(4, random_state=rng, **settings).fit(X).lower_bound_ for _ in range(5)]
    best = Mixture(4, random_state=3, n_init=5, **settings).fit(X)
    assert best.lower_bound_ == pytest.approx(max(single), rel=1e-12) and max(single) > min(single)


def test_it_says_when_it_has_not_arrived(capsys):
    with pytest.warns(
        ConvergenceWarning, match=r"Mixture stopped after 2 rounds, while log p.*raise max_it"
    ):
        model = Mixture(max_iter=2, tol=0.0, random_state=0, verbose=True).fit(X)
    assert not model.converged_
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("Mixture   iteration    1   loss ")
    warm = model.set_params(max_iter=300, tol=1e-6, warm_start=True, verbose=False)
    before = warm.score(X)
    assert -warm.fit(X).trace_.loss[0] == pytest.approx(before, rel=1e-14)  # it went on
    assert warm.converged_


@pytest.mark.parametrize(
    "estimator, check",
    [
        pytest.param(Mixture(random_state=0), check, id=f"{name_of(check)}-{i}")
        for i, check in enumerate(checks_of(Mixture(random_state=0)))
    ] if pytest.importorskip("sklearn") else [],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_checks(estimator, check):
    check(clone(estimator))
