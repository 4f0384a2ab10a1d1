"""Cross-validation: an estimator is fitted to the training rows of each split, and judged by the others."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.meta import clone, fresh
from models.foundation.parallel import each
from models.foundation.randomness import random_state as generator
from models.foundation.sklearn_bridge import FitFailedWarning, kind_of, warn
from models.metrics.reading import array, same_length
from models.metrics.scorers import SeveralScorers, check_scoring, words_of
from models.selection.splitters import check_cv
from tinygrad_edu.diagnostics.words import refusal

RESPONSES = ("decision_function", "predict_proba", "predict_log_proba")


def cross_validate(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: Any = None,
    pre_dispatch: Any = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: Any = np.nan,
) -> dict[str, Any]:
    """Scores of the splits: {"test_score": (splits,), "fit_time": ..., "score_time": ...}.

    scoring       a name, a scorer, or several: then test_NAME in place of test_score; None: estimator.score
    cv            a number of folds (stratified for a classifier), a splitter, or pairs (train, test)
    params        arguments of `fit`; those with a value for each row are split like X
    error_score   the score where `fit` fails, with a warning; "raise" raises the error

    verbose and pre_dispatch are accepted and mean nothing here.
    """
    splits = splits_of(cv, X, y, groups, estimator)
    scorer = check_scoring(estimator, scoring, raise_exc=error_score == "raise")
    how = {"error_score": error_score, "train_too": return_train_score, "keep": return_estimator}
    done = each(
        fit_and_score,
        [(clone(estimator), X, y, scorer, pair, None, params, None, how) for pair in splits],
        n_jobs,
    )
    report_failures(done, error_score)
    results = {name: np.array([one[name] for one in done]) for name in ("fit_time", "score_time")}
    if return_estimator:
        results["estimator"] = [one["estimator"] for one in done]  # type: ignore[assignment]
    if return_indices:
        train, test = zip(*splits, strict=True)
        results["indices"] = {"train": train, "test": test}  # type: ignore[assignment]
    for part in ("test", "train") if return_train_score else ("test",):
        for name, scores in by_name([one[part] for one in done], error_score).items():
            results[f"{part}_{name}"] = scores
    return results


def splits_of(
    cv: Any, X: Any, y: Any, groups: Any, estimator: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pairs (train, test) of row numbers."""
    same_length(X, y, groups)
    splitter = check_cv(cv, y, classifier=kind_of(estimator) == "classifier")
    given = {} if groups is None else {"groups": groups}
    return list(splitter.split(X, y, **given))


def cross_val_score(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: Any = None,
    pre_dispatch: Any = None,
    error_score: Any = np.nan,
) -> np.ndarray:
    """The score of each split, by one scorer: (splits,). The arguments are those of cross_validate."""
    scorer = {"score": check_scoring(estimator, scoring)}
    return cross_validate(
        estimator, X, y, groups=groups, scoring=scorer, cv=cv, n_jobs=n_jobs, params=params,
        error_score=error_score,
    )["test_score"]  # fmt: skip


def fit_and_score(
    estimator: Any,
    X: Any,
    y: Any,
    scorer: Any,
    pair: tuple[Any, Any],
    parameters: Any,
    params: Any,
    weight: Any,
    how: dict[str, Any],
) -> dict[str, Any]:
    """What one fit and its scores give: test, train, fit_time, score_time, error."""
    train, test = pair
    if parameters:
        estimator.set_params(**{name: fresh(value) for name, value in parameters.items()})
    found: dict[str, Any] = {"error": None}
    start = time.perf_counter()
    try:
        estimator.fit(*rows_of(estimator, X, y, train), **split_arguments(params, X, train))
    except Exception as error:
        if how["error_score"] == "raise":
            raise
        failed = how["error_score"]
        several = isinstance(scorer, SeveralScorers)
        scores = dict.fromkeys(scorer.scorers, failed) if several else failed
        found |= {
            "error": words_of(error),
            "test": scores,
            "train": scores,
            "score_time": 0.0,
        }
        return found | {"fit_time": time.perf_counter() - start, "estimator": estimator}
    middle = time.perf_counter()
    for part, rows in (("test", test), ("train", train)) if how["train_too"] else (("test", test),):
        more = {} if weight is None else {"sample_weight": array(weight)[rows]}
        data = rows_of(estimator, X, y, rows, train)
        found[part] = _score(estimator, data, scorer, more, how["error_score"])
    end = time.perf_counter()
    found |= {"fit_time": middle - start, "score_time": end - middle}
    return found | ({"estimator": estimator} if how["keep"] else {})


def rows_of(estimator: Any, X: Any, y: Any, rows: Any, train: Any = None) -> list[Any]:
    """[X] or [X, y] of some rows; of a matrix of kernels between the rows and the training rows."""
    table = frames.take_rows(X, rows)
    if _is_pairwise(estimator):
        table = np.asarray(table)[:, rows if train is None else train]
    return [table] if y is None else [table, frames.take_rows(y, rows)]


def _is_pairwise(estimator: Any) -> bool:
    if hasattr(estimator, "reason_against"):
        return bool(estimator.pairwise)
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and tags().input_tags.pairwise


def split_arguments(params: Any, X: Any, rows: Any) -> dict[str, Any]:
    """Arguments of fit: those with a value for each row of X, for these rows."""
    n = frames.samples(X)
    long = {
        name
        for name, value in (params or {}).items()
        if not isinstance(value, (str, dict)) and hasattr(value, "__len__") and len(value) == n
    }
    return {
        name: frames.take_rows(value, rows) if name in long else value
        for name, value in (params or {}).items()
        if value is not None
    }


def _score(estimator, data, scorer, more, error_score):
    try:
        scores = scorer(estimator, *data, **more)
    except Exception as error:
        if error_score == "raise" or isinstance(scorer, SeveralScorers):
            raise
        return _failed(error_score, words_of(error))
    if not isinstance(scores, dict):
        return _as_number(scores, scorer)
    return {
        name: _failed(error_score, score) if isinstance(score, str) else _as_number(score, name)
        for name, score in scores.items()
    }


def _failed(error_score, text):
    what = (
        "Scoring failed. The score on this train-test partition for these parameters will be set to"
    )
    warn(UserWarning, f"{what} {error_score}. Details: \n{text}")
    return error_score


def _as_number(score, name):
    if np.ndim(score) == 0 and isinstance(score, (int, float, np.number, np.ndarray)):
        return float(score)
    what = f"scoring must return a number, got {score!r} ({type(score)}) instead. (scorer={name})"
    raise refusal(ValueError, what, "a function (estimator, X, y) -> float")


def report_failures(done: list[dict[str, Any]], error_score: Any) -> None:
    """Warns if some fits failed; raises ValueError if all did."""
    errors = Counter(one["error"] for one in done if one["error"] is not None)
    failed = sum(errors.values())
    if not failed:
        return
    details = "\n".join(
        f"{'-' * 80}\n{n} fits failed with the following error:\n{text}"
        for text, n in errors.items()
    )
    if failed == len(done):
        what = f"All the {failed} fits failed. It is very likely that your model is misconfigured.\n{details}"
        raise refusal(ValueError, what, "error_score='raise', which shows the first error")
    warn(
        FitFailedWarning,
        f"{failed} fits failed out of a total of {len(done)}. The score on these train-test partitions for "
        f"these parameters will be set to {error_score}. Try: error_score='raise', which shows the first "
        f"error\n{details}",
    )


def by_name(scores: list[Any], error_score: Any = np.nan) -> dict[str, np.ndarray]:
    """The scores of the splits, one array for each scorer."""
    first = next((each for each in scores if isinstance(each, dict)), None)
    if first is None:
        return {"score": np.array(scores)}
    return {
        name: np.array([each[name] if isinstance(each, dict) else error_score for each in scores])
        for name in first
    }


# ---- predictions ---------------------------------------------------------------------------------


def cross_val_predict(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: Any = None,
    pre_dispatch: Any = None,
    method: str = "predict",
) -> Any:
    """What estimators that have not seen a row predict of it, for all rows of X, in their order.

    method   "predict", "predict_proba", "decision_function", ...; a column for each class of y, even if the
             training rows of a split lack it

    The splits must have each row in exactly one test set.
    """
    splits = splits_of(cv, X, y, groups, estimator)
    tested = np.concatenate([test for _, test in splits])
    if not np.array_equal(np.sort(tested), np.arange(frames.samples(X))):
        what = "cross_val_predict only works for partitions: each row in exactly one test set."
        raise refusal(ValueError, what, "cv=5, or KFold()")
    if method in RESPONSES and y is not None:
        y = _codes(array(y))
    work = [(clone(estimator), X, y, pair, params, method) for pair in splits]
    parts = each(_fit_and_predict, work, n_jobs)
    place = np.empty(len(tested), dtype=np.intp)
    place[tested] = np.arange(len(tested))
    if isinstance(parts[0], list):  # several targets
        return [np.concatenate(column)[place] for column in zip(*parts, strict=True)]
    return frames.below(parts)[place]


def _codes(y: np.ndarray) -> np.ndarray:
    if y.ndim == 1:
        return np.unique(y, return_inverse=True)[1]
    return np.stack([np.unique(column, return_inverse=True)[1] for column in y.T], axis=1)


def _fit_and_predict(estimator, X, y, pair, params, method):
    train, test = pair
    estimator.fit(*rows_of(estimator, X, y, train), **split_arguments(params, X, train))
    if not hasattr(estimator, method):
        what = f"{type(estimator).__name__} has no method {method!r}."
        raise refusal(AttributeError, what, "method='predict'")
    found = getattr(estimator, method)(rows_of(estimator, X, None, test, train)[0])
    if method not in RESPONSES or y is None:
        return found
    if isinstance(found, list):
        columns = zip(estimator.classes_, found, y.T, strict=True)
        return [all_classes(known, p, len(np.unique(t)), method) for known, p, t in columns]
    number = len(np.unique(y)) if y.ndim == 1 else y.shape[1]
    return all_classes(estimator.classes_, found, number, method)


def all_classes(known: Any, found: np.ndarray, number: int, method: str) -> np.ndarray:
    """A column for each of the classes, those that are not known with probability 0 or the lowest score."""
    if len(known) == number:
        return found
    warn(
        RuntimeWarning,
        f"Number of classes in training fold ({len(known)}) does not match total number of classes "
        f"({number}). Results may not be appropriate for your use case. Try: StratifiedKFold, or fewer folds",
    )
    if method == "decision_function" and (found.ndim == 1 or found.shape[1] != len(known)):
        what = (
            f"Only {len(known)} class/es in training fold, but {number} in overall dataset. This is not "
            "supported for decision_function with imbalanced folds."
        )
        raise refusal(ValueError, what, "StratifiedKFold, fewer folds, or method='predict_proba'")
    lowest = 0.0 if method == "predict_proba" else np.finfo(found.dtype).min
    table = np.full((len(found), number), lowest)
    table[:, np.asarray(known)] = found
    return table


# ---- curves --------------------------------------------------------------------------------------


def validation_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    param_name: str,
    param_range: Iterable,
    groups: Any = None,
    cv: Any = None,
    scoring: Any = None,
    n_jobs: int | None = None,
    pre_dispatch: Any = None,
    verbose: int = 0,
    error_score: Any = np.nan,
    params: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Training and test scores for values of a parameter: both (values, splits)."""
    splits, values = splits_of(cv, X, y, groups, estimator), list(param_range)
    scorer = check_scoring(estimator, scoring)
    how = {"error_score": error_score, "train_too": True, "keep": False}
    work = [
        (clone(estimator), X, y, scorer, pair, {param_name: value}, params, None, how)
        for pair in splits
        for value in values
    ]
    done = each(fit_and_score, work, n_jobs)
    report_failures(done, error_score)
    train, test = (_table(done, part, len(values)) for part in ("train", "test"))
    return train, test


def _table(done: list[dict[str, Any]], name: str, values: int) -> np.ndarray:
    return np.array([one[name] for one in done]).reshape(-1, values).T


def learning_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    train_sizes: Any = np.linspace(0.1, 1.0, 5),  # noqa: B008  (never changed)
    cv: Any = None,
    scoring: Any = None,
    exploit_incremental_learning: bool = False,
    n_jobs: int | None = None,
    pre_dispatch: Any = None,
    verbose: int = 0,
    shuffle: bool = False,
    random_state: Any = None,
    error_score: Any = np.nan,
    return_times: bool = False,
    params: Any = None,
) -> tuple[np.ndarray, ...]:
    """Scores for training sets of several sizes: (sizes, training scores, test scores), (sizes, splits).

    train_sizes                    parts of the training set, up to 1, or numbers of rows
    exploit_incremental_learning   add the rows by partial_fit, from one size to the next
    return_times                   also (seconds of fit, seconds of scoring)
    """
    if exploit_incremental_learning and not hasattr(estimator, "partial_fit"):
        what = (
            "An estimator must support the partial_fit interface to exploit incremental learning."
        )
        raise refusal(ValueError, what, "exploit_incremental_learning=False")
    splits = splits_of(cv, X, y, groups, estimator)
    sizes = _sizes(train_sizes, len(splits[0][0]))
    scorer = check_scoring(estimator, scoring)
    if shuffle:
        rng = generator(random_state)
        splits = [(rng.permutation(train), test) for train, test in splits]
    names = ("train", "test", "fit_time", "score_time")[: 4 if return_times else 2]
    if exploit_incremental_learning:
        work = [
            (clone(estimator), X, y, scorer, pair, sizes, params, error_score) for pair in splits
        ]
        done = [one for part in each(_by_parts, work, n_jobs) for one in part]
    else:
        how = {"error_score": error_score, "train_too": True, "keep": False}
        fits = [
            (clone(estimator), X, y, scorer, (train[:size], test), None, params, None, how)
            for train, test in splits
            for size in sizes
        ]
        done = each(fit_and_score, fits, n_jobs)
        report_failures(done, error_score)
    return (sizes, *(_table(done, name, len(sizes)) for name in names))


def _sizes(train_sizes: Any, most: int) -> np.ndarray:
    """The numbers of training rows, in ascending order."""
    sizes = np.asarray(train_sizes)
    if sizes.dtype.kind == "f":
        if sizes.min() <= 0 or sizes.max() > 1:
            what = (
                "train_sizes has been interpreted as fractions of the maximum number of training samples and "
                f"must be within (0, 1], but is within [{sizes.min()}, {sizes.max()}]."
            )
            raise refusal(ValueError, what, "train_sizes=np.linspace(0.1, 1, 5)")
        sizes = np.clip((sizes * most).astype(int), 1, most)
    elif sizes.min() <= 0 or sizes.max() > most:
        what = (
            "train_sizes has been interpreted as absolute numbers of training samples and must be within "
            f"(0, {most}], but is within [{sizes.min()}, {sizes.max()}]."
        )
        raise refusal(ValueError, what, "train_sizes=np.linspace(0.1, 1, 5)")
    distinct = np.unique(sizes)
    if len(distinct) < len(sizes):
        warn(
            RuntimeWarning,
            f"Removed duplicate entries from 'train_sizes': {len(distinct)} are left.",
        )
    return distinct


def _by_parts(estimator, X, y, scorer, pair, sizes, params, error_score):
    """What each size gives, if the rows are added by partial_fit."""
    train, test = pair
    classes = {"classes": np.unique(array(y))} if kind_of(estimator) == "classifier" else {}
    found, before = [], 0
    for size in sizes:
        rows = train[before:size]
        start = time.perf_counter()
        estimator.partial_fit(
            *rows_of(estimator, X, y, rows), **classes, **split_arguments(params, X, rows)
        )
        middle = time.perf_counter()
        scores = {
            name: _score(estimator, rows_of(estimator, X, y, part), scorer, {}, error_score)
            for name, part in (("test", test), ("train", train[:size]))
        }
        times = {"fit_time": middle - start, "score_time": time.perf_counter() - middle}
        found.append(scores | times)
        before = size
    return found


def permutation_test_score(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    n_permutations: int = 100,
    n_jobs: int | None = None,
    random_state: Any = 0,
    verbose: int = 0,
    scoring: Any = None,
    params: Any = None,
) -> tuple[float, np.ndarray, float]:
    """(score, scores for shuffled y, p-value): is the score better than by chance?

    The p-value is the part of the scores for shuffled y that are as good, with that of y among them. With
    groups y is shuffled only within each. Source: M. Ojala, G. Garriga, Permutation tests for studying
    classifier performance (2010).
    """
    scorer = check_scoring(estimator, scoring)
    rng = generator(random_state)
    orders = [np.arange(frames.samples(X))]
    for _ in range(n_permutations):
        order = orders[0].copy()
        for group in [None] if groups is None else np.unique(array(groups)):
            rows = ... if group is None else array(groups) == group
            order[rows] = rng.permutation(order[rows])
        orders.append(order)
    work = [
        (clone(estimator), X, frames.take_rows(y, order), scorer, cv, groups, params)
        for order in orders
    ]
    score, *shuffled = each(_mean_score, work, n_jobs)
    scores = np.array(shuffled)
    return score, scores, float((np.sum(scores >= score) + 1) / (n_permutations + 1))


def _mean_score(estimator, X, y, scorer, cv, groups, params):
    scores = []
    for train, test in splits_of(cv, X, y, groups, estimator):
        estimator.fit(*rows_of(estimator, X, y, train), **split_arguments(params, X, train))
        scores.append(scorer(estimator, *rows_of(estimator, X, y, test, train)))
    return np.mean(scores)
