"""Binomial regression against statsmodels and logistic regression."""

import numpy as np
import pytest

from models import BinomialRegressor, LogisticRegression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
TRIALS = RNG.integers(1, 9, size=120)
SUCCESSES = RNG.binomial(TRIALS, 1 / (1 + np.exp(-X @ [0.7, -0.4, 0.0] - 0.3)))
BOTH = np.column_stack([SUCCESSES, TRIALS - SUCCESSES])
THOROUGH = {"tol": 1e-11, "max_iter": 500}


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_the_same_as_statsmodels(solver):
    api = pytest.importorskip("statsmodels.api")
    ours = BinomialRegressor(alpha=0, solver=solver, **THOROUGH).fit(X, BOTH)
    theirs = api.GLM(BOTH, api.add_constant(X), family=api.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose([ours.intercept_, *ours.coef_], theirs.params, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.fittedvalues, rtol=1e-6)
    explained = 1 - theirs.deviance / theirs.null_deviance
    assert ours.score(X, BOTH) == pytest.approx(explained, rel=1e-6)


def test_grouped_trials_are_single_trials():
    """The same as a logistic regression with a row for each trial; its penalty is 1 / (C Σ s)."""
    rows = np.repeat(np.arange(120), TRIALS)
    won = np.concatenate([np.arange(n) < k for n, k in zip(TRIALS, SUCCESSES, strict=True)])
    ours = BinomialRegressor(alpha=0.1, **THOROUGH).fit(X, BOTH)
    single = LogisticRegression(C=1 / (0.1 * len(rows)), **THOROUGH).fit(X[rows], won)
    np.testing.assert_allclose(ours.coef_, single.coef_[0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.predict(X), single.predict_proba(X)[:, 1], rtol=1e-8)


def test_three_ways_to_say_the_same():
    successes = np.minimum(SUCCESSES, 5)
    columns = BinomialRegressor(**THOROUGH).fit(X, np.column_stack([successes, 5 - successes]))
    given = BinomialRegressor(n_trials=5, **THOROUGH).fit(X, successes)
    fractions = BinomialRegressor(n_trials=1, **THOROUGH).fit(X, successes / 5, sample_weight=5)
    largest = BinomialRegressor(**THOROUGH).fit(X, successes)
    for other in (given, fractions, largest):
        np.testing.assert_allclose(other.coef_, columns.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(given.predict(X), 5 * columns.predict(X), rtol=1e-8)
    assert [m.n_trials_ for m in (columns, given, fractions, largest)] == [1, 5, 1, 5]


def test_rows_without_trials_say_nothing():
    more = np.vstack([X, 100 * X[:5]])
    same = BinomialRegressor(**THOROUGH).fit(more, np.vstack([BOTH, np.zeros((5, 2))]))
    np.testing.assert_allclose(
        same.coef_, BinomialRegressor(**THOROUGH).fit(X, BOTH).coef_, rtol=1e-7, atol=1e-10
    )
    with pytest.raises(ValueError, match="no row has a trial"):
        BinomialRegressor().fit(X, np.zeros((120, 2)))


def test_bad_columns_are_named():
    with pytest.raises(ValueError, match="is for targets ≥ 0, and y has -1.0 in row 0"):
        BinomialRegressor().fit(X, BOTH - [[0, TRIALS[0] - SUCCESSES[0] + 1]])
    with pytest.raises(ValueError, match=r"y should be a 1d array.*\(120, 3\)"):
        BinomialRegressor().fit(X, np.ones((120, 3)))
