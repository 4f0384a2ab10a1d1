"""Latent Dirichlet allocation against the steps of scikit-learn's."""

import numpy as np
import pytest

from models import LatentDirichletAllocation

decomposition = pytest.importorskip("sklearn.decomposition")
RNG = np.random.default_rng(0)
TOPICS = RNG.dirichlet(0.1 * np.ones(30), size=3)
X = np.array(
    [RNG.multinomial(80, t) for t in RNG.dirichlet(0.2 * np.ones(3), size=100) @ TOPICS], float
)
TIGHT = {
    "mean_change_tol": 1e-12,
    "max_doc_update_iter": 3000,
    "random_state": 0,
    "total_samples": 100,
}


def twins(**settings):
    """Both after a first step, with the same topics."""
    theirs = decomposition.LatentDirichletAllocation(3, **TIGHT, **settings).partial_fit(X[:50])
    ours = LatentDirichletAllocation(3, **TIGHT, **settings).partial_fit(X[:50])
    ours._set_topics(theirs.components_.copy())
    assert ours.n_batch_iter_ == theirs.n_batch_iter_
    return ours, theirs


def test_steps_answers_and_bounds_are_scikit_learns():
    ours, theirs = twins(doc_topic_prior=0.3)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-8)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-8)
    assert ours.perplexity(X) == pytest.approx(theirs.perplexity(X), rel=1e-8)
    for model in (ours, theirs):
        model.partial_fit(X[50:])
    np.testing.assert_allclose(ours.components_, theirs.components_, rtol=1e-6)


@pytest.mark.parametrize("method", ["batch", "online"])
def test_it_finds_topics_as_good_as_scikit_learns(method):
    same = {"learning_method": method, "max_iter": 60, "random_state": 0, "batch_size": 25}
    ours = LatentDirichletAllocation(3, **same).fit(X)
    theirs = decomposition.LatentDirichletAllocation(3, **same).fit(X)
    assert ours.n_batch_iter_ == theirs.n_batch_iter_ and ours.n_iter_ == 60
    assert ours.perplexity(X) == pytest.approx(theirs.perplexity(X), rel=0.05)
    found = ours.components_ / ours.components_.sum(axis=1, keepdims=True)
    apart = np.abs(found[:, None] - TOPICS).sum(axis=2).min(axis=0)
    assert (apart < 0.35).all()


def test_passes_raise_the_bound():
    bounds = [
        LatentDirichletAllocation(3, max_iter=n, random_state=0).fit(X).score(X)
        for n in range(1, 8)
    ]
    assert (np.diff(bounds) > -1e-3 * abs(bounds[0])).all() and bounds[-1] > bounds[0]
    early = LatentDirichletAllocation(3, max_iter=200, evaluate_every=1, random_state=0).fit(X)
    assert early.n_iter_ < 200
