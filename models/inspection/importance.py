"""Permutation importance: how much worse a fitted model becomes if a column of X is shuffled.

Source: L. Breiman, Random forests (2001), section 10.
"""

from typing import Any

import numpy as np

from models.datasets.real import Bunch
from models.foundation import frames
from models.foundation.parallel import each
from models.foundation.randomness import random_state as generator
from models.foundation.randomness import without_repetition
from models.metrics.reading import array, same_length
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
    max_samples: Any = 1.0,
) -> Any:
    """importances (columns, repeats), importances_mean and importances_std of each column of X.

    importance    score for X - score for X with that column shuffled
    scoring       a name or a scorer; of several, a dict name -> importances
    max_samples   rows for each shuffling: a part, or a number
    """
    same_length(X, y, sample_weight)
    X = X if frames.is_frame(X) else np.asarray(X)
    n = frames.samples(X)
    rows = max_samples if isinstance(max_samples, (int, np.integer)) else int(max_samples * n)
    if not 0 < rows <= n:
        what = f"max_samples must be <= n_samples: {max_samples} of {n}."
        raise refusal(ValueError, what, "max_samples=1.0")
    scorer = check_scoring(estimator, scoring)
    seed = generator(random_state).randint(np.iinfo(np.int32).max + 1)
    plain = _score(scorer, estimator, X, y, sample_weight)
    work = [
        (estimator, X, y, sample_weight, column, seed, n_repeats, scorer, rows)
        for column in range(X.shape[1])
    ]
    shuffled = each(_scores, work, n_jobs)
    if not isinstance(plain, dict):
        return _bunch(plain, np.array(shuffled))
    return {
        name: _bunch(score, np.array([[one[name] for one in column] for column in shuffled]))
        for name, score in plain.items()
    }


def _score(scorer, estimator, X, y, weight):
    return scorer(estimator, X, y, **({} if weight is None else {"sample_weight": weight}))


def _scores(estimator, X, y, weight, column, seed, n_repeats, scorer, rows):
    """The scores for X with one column shuffled."""
    rng = generator(seed)
    if rows < frames.samples(X):
        chosen = np.array(without_repetition(frames.samples(X), rows, rng))
        X, y = frames.take_rows(X, chosen), frames.take_rows(y, chosen)
        weight = None if weight is None else array(weight)[chosen]
    order, scores = np.arange(rows), []
    place = np.arange(rows)  # where the values of the column come from, after all shuffles
    for _ in range(n_repeats):
        rng.shuffle(order)
        place = place[order]
        scores.append(_score(scorer, estimator, with_column(X, column, place), y, weight))
    return scores


def with_column(X: Any, column: int, values: Any, rows: bool = True) -> Any:
    """A copy of X, in which a column has its values of other rows; not `rows`: this value in all rows."""
    if hasattr(X, "iloc"):
        made, name = X.copy(), X.columns[column]
        made[name] = X.iloc[values, column].to_numpy() if rows else values
        return made
    if frames.is_frame(X):  # polars
        name = X.columns[column]
        new = X[name][values] if rows else X[name].clear().extend_constant(values, len(X))
        return X.with_columns(new.alias(name))
    made = X.copy()
    made[:, column] = X[values, column] if rows else values
    return made


def _bunch(plain, shuffled):
    importances = plain - shuffled
    return Bunch(
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        importances=importances,
    )
