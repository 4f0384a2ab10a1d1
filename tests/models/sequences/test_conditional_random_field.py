"""The linear-chain conditional random field: all label sequences, logistic regression, its gradient."""

import itertools

import numpy as np
import pytest

from models import LinearChainCRF, LogisticRegression
from models.sequences.lengths import Sequences
from tinygrad_edu import Tensor

RNG = np.random.default_rng(0)
LENGTHS = [30, 1, 20, 49]
X = RNG.normal(size=(100, 3))
STATES = np.cumsum(RNG.random(100) < 0.2) % 3  # a label stays for some steps
LABELS = np.array(["noun", "verb", "other"])[STATES]
X[:, 0] += STATES
SEQUENCES = np.split(X, np.cumsum(LENGTHS)[:-1])
TAGS = np.split(LABELS, np.cumsum(LENGTHS)[:-1])
FITTED = LinearChainCRF(C=2.0, tol=1e-7, max_iter=1000).fit(X, LABELS, LENGTHS)


def test_probabilities_against_all_sequences_of_labels():
    x, W, A, a = X[:5], FITTED.coef_, FITTED.transitions_, FITTED.start_
    paths = np.array([*itertools.product(range(3), repeat=5)])
    scores = a[paths[:, 0]] + A[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    scores += (x @ W.T)[np.arange(5), paths].sum(axis=1)
    log_p = scores - np.logaddexp.reduce(scores)
    best = paths[np.argmax(log_p)]
    np.testing.assert_array_equal(FITTED.predict(x), FITTED.classes_[best])
    assert FITTED.log_likelihood(x, FITTED.classes_[best]) == pytest.approx(log_p.max(), abs=1e-10)
    marginals = np.stack([np.exp(log_p) @ (paths == k) for k in range(3)], axis=1)
    np.testing.assert_allclose(FITTED.predict_proba(x), marginals, atol=1e-12)


def test_the_gradient_is_expected_minus_observed_counts():
    model = FITTED._copy(with_learned=True)
    data = model._read(X, LABELS, None, lengths=LENGTHS)
    W, A, a = (Tensor(RNG.normal(size=s), requires_grad=True) for s in ((3, 3), (3, 3), (3,)))
    model.loss(**data, coef=W, transitions=A, start=a).backward()
    model.coef_, model.transitions_, model.start_ = W.data, A.data, a.data
    y, first = data["y"], data["X"].first
    p = model.predict_proba(X, LENGTHS)
    observed = np.eye(3)[y]
    np.testing.assert_allclose(W.grad, ((p - observed).T @ X + W.data / 2) / 100, atol=1e-10)
    np.testing.assert_allclose(
        a.grad, ((p - observed)[first].sum(axis=0) + a.data / 2) / 100, atol=1e-10
    )
    moves = np.flatnonzero(~first)
    seen = observed[moves - 1].T @ observed[moves]
    expected = (A.grad * 100 - A.data / 2) + seen
    assert expected.sum() == pytest.approx(len(moves), abs=1e-10)
    assert (expected >= 0).all()
    np.testing.assert_allclose(expected.sum(axis=0), p[moves].sum(axis=0), atol=1e-10)
    np.testing.assert_allclose(expected.sum(axis=1), p[moves - 1].sum(axis=0), atol=1e-10)


def test_at_the_maximum_expected_counts_are_observed_counts_but_for_the_penalty():
    difference = (
        FITTED.predict_proba(X, LENGTHS) - np.eye(3)[FITTED._read(X, LABELS, None)["y"]]
    ).T @ X
    np.testing.assert_allclose(difference, -FITTED.coef_ / 2, atol=1e-4)


def test_sequences_of_one_step_are_logistic_regression():
    ones = [1] * 100
    crf = LinearChainCRF(C=0.7, tol=1e-7, max_iter=1000).fit(X, LABELS, ones)
    logistic = LogisticRegression(C=0.7, tol=1e-9, max_iter=1000, fit_intercept=False)
    with_ones = np.column_stack([X, np.ones(100)])
    logistic.fit(with_ones, LABELS)
    np.testing.assert_allclose(crf.coef_, logistic.coef_[:, :3], atol=1e-5)
    np.testing.assert_allclose(crf.start_, logistic.coef_[:, 3], atol=1e-5)
    np.testing.assert_allclose(crf.transitions_, 0, atol=1e-12)
    np.testing.assert_allclose(
        crf.predict_proba(X, ones), logistic.predict_proba(with_ones), atol=1e-6
    )


def test_lists_and_lengths_are_the_same():
    listed = LinearChainCRF(C=2.0, tol=1e-7, max_iter=1000).fit(SEQUENCES, TAGS)
    np.testing.assert_array_equal(listed.coef_, FITTED.coef_)
    np.testing.assert_array_equal(listed.predict(SEQUENCES), FITTED.predict(X, LENGTHS))
    assert listed.score(SEQUENCES, TAGS) == FITTED.score(X, LABELS, LENGTHS)
    alone = np.concatenate([FITTED.predict(part) for part in SEQUENCES])
    np.testing.assert_array_equal(alone, FITTED.predict(X, LENGTHS))
    total = sum(FITTED.log_likelihood(x, y) for x, y in zip(SEQUENCES, TAGS, strict=True))
    assert FITTED.log_likelihood(X, LABELS, LENGTHS) == pytest.approx(total, abs=1e-10)


def test_neighbors_help():
    blurred = X + RNG.normal(size=X.shape)
    crf = LinearChainCRF().fit(blurred, LABELS, LENGTHS)
    alone = LogisticRegression().fit(blurred, LABELS).score(blurred, LABELS)
    assert crf.score(blurred, LABELS, LENGTHS) > alone + 0.05


@pytest.mark.parametrize("solver", ["newton", "cg", "newton-cg"])
def test_every_solver_finds_the_minimum(solver):
    found = LinearChainCRF(C=2.0, solver=solver, tol=1e-7, max_iter=1000).fit(X, LABELS, LENGTHS)
    np.testing.assert_allclose(found.coef_, FITTED.coef_, atol=1e-4)
    np.testing.assert_allclose(found.predict_proba(X), FITTED.predict_proba(X), atol=1e-4)


def test_errors():
    model = LinearChainCRF()
    with pytest.raises(ValueError, match="lengths add up to 7, and X has 100 samples"):
        model.fit(X, LABELS, [3, 4])
    with pytest.raises(
        ValueError, match=r"the sequences in X have \[30, 1, 20, 49\] steps, and those in y"
    ):
        model.fit(SEQUENCES, TAGS[::-1])
    with pytest.raises(ValueError, match="a list of sequences, and lengths as well"):
        model.fit(SEQUENCES, TAGS, LENGTHS)
    with pytest.raises(ValueError, match="different numbers of features"):
        model.fit([X[:3], X[:3, :2]], [LABELS[:3]] * 2)
    with pytest.raises(ValueError, match="'never'"):
        FITTED.log_likelihood(X, np.full(100, "never"))
    assert isinstance(model._read(X, LABELS, None)["X"], Sequences) and len(Sequences(X, X)) == 100
