"""Permutation importance.

Source: L. Breiman, Random forests, Machine Learning 45 (2001), section 10; A. Fisher, C. Rudin, F. Dominici,
All models are wrong, but many are useful, JMLR 20 (2019).
"""

from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.bunch import Bunch
from models.foundation.parallel import each
from models.foundation.randomness import random_state as generator
from models.inspection.columns import column, table, with_column
from models.metrics.scorers import check_scoring
from tinygrad_edu.diagnostics.words import refusal


def permutation_importance(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    random_state: Any = None,
    sample_weight: Any = None,
    max_samples: float = 1.0,
) -> Bunch:
    """How much the score falls when one column is shuffled, which unties it from y and from the others.

        importance_j = score(X) - mean over repeats of score(X with column j shuffled)

    estimator     fitted
    X, y          data to judge by: those of a test set, unless you ask what training has used
    scoring       as in cross_validate; None for estimator.score. Several give a dict of results
    max_samples   rows drawn for each feature, as a number or a fraction

    The result has `importances` (features, repeats), `importances_mean` and `importances_std` (features,).
    The same `random_state` shuffles as scikit-learn's. Two columns that say the same both seem unimportant.

    Raises ValueError for max_samples above the number of rows.
    """
    X = table(X)
    n = frames.samples(X)
    seed = generator(random_state).randint(np.iinfo(np.int32).max + 1)
    whole = isinstance(max_samples, (int, np.integer))
    rows = int(max_samples) if whole else int(max_samples * n)
    if not 1 <= rows <= n:
        what = f"max_samples must be <= n_samples: {max_samples} of {n} rows."
        raise refusal(ValueError, what, "max_samples=1.0, or another fraction")
    if n_repeats < 1:
        raise refusal(ValueError, f"n_repeats must be 1 or more: got {n_repeats}.", "n_repeats=5")
    score = check_scoring(estimator, scoring)
    data = X, y, sample_weight
    items = [(estimator, data, i, n_repeats, rows, seed, score) for i in range(X.shape[1])]
    baseline, shuffled = _score(score, estimator, *data), each(_of_feature, items, n_jobs)
    if isinstance(baseline, dict):
        return Bunch({
            name: _bunch(baseline[name], [[one[name] for one in of] for of in shuffled])
            for name in baseline
        })  # fmt: skip
    return _bunch(baseline, shuffled)


def _of_feature(estimator, data, i, n_repeats, rows, seed, score):
    """The scores after each shuffling of column i."""
    X, y, weight = data
    rng = np.random.RandomState(seed)
    if rows < frames.samples(X):
        drawn = rng.permutation(frames.samples(X))[:rows]
        X, y = frames.take_rows(X, drawn), frames.take_rows(y, drawn)
        weight = None if weight is None else np.asarray(weight)[drawn]
    order, scores = np.arange(rows), []
    for _ in range(n_repeats):
        rng.shuffle(order)
        X = with_column(X, i, column(X, i)[order])
        scores.append(_score(score, estimator, X, y, weight))
    return scores


def _score(score, estimator, X, y, weight):
    return (
        score(estimator, X, y) if weight is None else score(estimator, X, y, sample_weight=weight)
    )


def _bunch(baseline, shuffled):
    lost = baseline - np.array(shuffled)
    return Bunch(
        importances_mean=lost.mean(axis=1), importances_std=lost.std(axis=1), importances=lost
    )
