"""The search for good parameters: each candidate is cross-validated, and the best is fitted to all rows.

Source: J. Bergstra, Y. Bengio, Random search for hyper-parameter optimization (2012), for random candidates.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from models.foundation import (
    boolean,
    clone,
    integer,
    learned,
    part,
    where,
)
from models.foundation.examples import named, numbers
from models.foundation.fields import REQUIRED, Parameter
from models.foundation.meta import fresh
from models.foundation.parallel import each
from models.foundation.randomness import seed
from models.foundation.sklearn_bridge import kind_of, warn
from models.foundation.wrapper import Wrapper
from models.metrics.scorers import SeveralScorers, check_scoring, takes_weights
from models.selection.grids import ParameterGrid, ParameterSampler
from models.selection.splitters import check_cv
from models.selection.validation import by_name, fit_and_score, report_failures
from tinygrad_edu.diagnostics.words import refusal


def grid_parameter(doc: str) -> Any:
    """A dict name -> values, or a list of such dicts."""

    def test(x: Any) -> bool:
        return isinstance(x, dict) or (isinstance(x, list) and all(isinstance(d, dict) for d in x))

    return Parameter(REQUIRED, test, "a dict name -> values, or a list of such dicts", doc)


def scoring_parameter() -> Any:
    """A name, a function, or several of them."""

    def test(x: Any) -> bool:
        return isinstance(x, (str, list, tuple, set, dict)) or callable(x)

    words = "a name, a scorer, a list or a dict of them"
    return Parameter(None, test, words, "names of scores, or scorers; None for estimator.score")


def cv_parameter(default: Any = None) -> Any:
    """A number of folds, a splitter, or pairs."""

    def test(x: Any) -> bool:
        if isinstance(x, (bool, str, type)):
            return False
        if isinstance(x, (int, np.integer)):
            return bool(x >= 2)
        return x is None or hasattr(x, "split") or isinstance(x, (list, tuple, Iterator))

    words = "an integer ≥ 2, a splitter, pairs (train, test) or None"
    return Parameter(
        default, test, words, "the splits; a number of folds is stratified for a classifier"
    )


class Search(Wrapper):
    """The base of the searches. A subclass writes `_candidates`, the sets of parameters to try."""

    estimator: Any = part(doc="whose parameters are searched")
    scoring: Any = scoring_parameter()
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")
    refit: Any = boolean(
        True, doc="fit the best to all rows, by the score of this name"
    ) | Parameter(
        True, lambda x: isinstance(x, str) or callable(x), "a name of a score or a function"
    )
    cv: Any = cv_parameter()
    verbose: int = integer(0, at_least=0, doc="accepted, prints nothing")
    error_score: Any = Parameter(
        np.nan,
        lambda x: (isinstance(x, str) and x == "raise") or isinstance(x, (int, float, np.number)),
        "a number or 'raise'",
        "the score where fit fails",
    )
    return_train_score: bool = boolean(False, doc="also score the training rows")

    cv_results_: dict = learned("scores of all candidates: name -> (candidates,)")
    best_estimator_: Any = learned("the best candidate, fitted to all rows")
    best_params_: dict = learned("the parameters of the best candidate")
    best_score_: float = learned("its mean score over the splits")
    best_index_: int = learned("its number in cv_results_")
    classes_: np.ndarray = learned("the classes, of a classifier")
    scorer_: Any = learned("the scorer, or name -> scorer")
    n_splits_: int = learned("number of splits")
    refit_time_: float = learned("seconds of the last fit, to all rows")
    multimetric_: bool = learned("were there several scores?")

    def _candidates(self) -> Iterable[dict[str, Any]]:
        raise NotImplementedError

    def _fit_parts(self, X, y, *, groups=None, **params):
        scorer = self._scorer()
        weight = params.get("sample_weight")
        if weight is not None and not takes_weights(scorer):
            text = f"The scoring {scorer} does not support sample_weight, which {type(self).__name__} got."
            warn(UserWarning, f"{text} Try: another score")
            weight = None
        splitter = check_cv(self.cv, y, classifier=kind_of(self.estimator) == "classifier")
        given = {} if groups is None else {"groups": groups}
        self.n_splits_ = splitter.get_n_splits(X, y, **given)
        self._tried: Any = {"candidates": [], "done": [], "more": {}}
        evaluation = scorer, X, y, given, params, weight
        self._run(splitter, evaluation)
        tried = vars(self).pop("_tried")
        results = self._results(**tried)
        first = tried["done"][0]["test"]
        self.multimetric_ = isinstance(first, dict)
        self._check_refit(first)
        self.cv_results_ = results
        several = isinstance(scorer, SeveralScorers)
        self.scorer_ = scorer.scorers if several else scorer
        self._choose(results)
        if self.refit is not False:
            self._refit(X, y, params)

    def _run(self, splitter, evaluation):
        self._evaluate(list(self._candidates()), splitter, evaluation)

    def _evaluate(self, candidates, splitter, evaluation, **more):
        """Cross-validates these candidates, and adds the results to those tried before."""
        scorer, X, y, given, params, weight = evaluation
        splits = list(splitter.split(X, y, **given))
        how = {
            "error_score": self.error_score,
            "train_too": self.return_train_score,
            "keep": False,
        }
        work = [
            (clone(self.estimator), X, y, scorer, pair, candidate, params, weight, how)
            for candidate in candidates
            for pair in splits
        ]
        if not work:
            what = "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            raise refusal(ValueError, what, "cv=5, and a value for a parameter")
        done = each(fit_and_score, work, self.n_jobs)
        report_failures(done, self.error_score)
        self._tried["candidates"] += candidates
        self._tried["done"] += done
        for name, value in more.items():
            self._tried["more"].setdefault(name, []).extend([value] * len(candidates))

    def _scorer(self):
        scorer = check_scoring(self.estimator, self.scoring, raise_exc=self.error_score == "raise")
        if isinstance(scorer, SeveralScorers):
            self._check_refit(scorer.scorers)
        return scorer

    def _check_refit(self, scores):
        """Raises ValueError if there are several scores, and refit does not name one."""
        named = (
            isinstance(self.refit, str) and self.refit in scores
            if isinstance(scores, dict)
            else True
        )
        if not named and self.refit is not False and not callable(self.refit):
            what = (
                "For multi-metric scoring, the parameter refit must be set to a scorer key or a callable to "
                f"refit an estimator with the best parameter setting. {self.refit!r} was passed."
            )
            raise refusal(ValueError, what, f"refit={next(iter(scores))!r}, or refit=False")

    def _results(self, candidates, done, more):
        results = {name: np.asarray(values) for name, values in more.items()}

        def keep(name, values, splits=True):
            table = np.array(values, dtype=np.float64).reshape(len(candidates), -1)
            if splits:
                for number, column in enumerate(table.T):
                    results[f"split{number}_{name}"] = column
            results[f"mean_{name}"] = mean = np.average(table, axis=1)
            deviation = table - mean[:, None]
            results[f"std_{name}"] = np.sqrt(np.average(deviation**2, axis=1))
            if splits and not np.isfinite(mean).all():
                kind = name.partition("_")[0]
                warn(UserWarning, f"One or more of the {kind} scores are non-finite: {mean}")
            return mean

        keep("fit_time", [one["fit_time"] for one in done], splits=False)
        keep("score_time", [one["score_time"] for one in done], splits=False)
        results |= masked(candidates) | {"params": candidates}
        tested = by_name([one["test"] for one in done], self.error_score)
        trained = self.return_train_score and by_name([o["train"] for o in done], self.error_score)
        for name, scores in tested.items():
            results[f"rank_test_{name}"] = ranks(keep(f"test_{name}", scores))
            if trained:
                keep(f"train_{name}", trained[name])
        return results

    def _choose(self, results):
        """Sets best_index_, best_score_ and best_params_, if there is a best."""
        if self.multimetric_ and self.refit is False:
            return
        name = self.refit if self.multimetric_ else "score"
        self.best_index_ = self._best_index(results, name)
        if not callable(self.refit):
            self.best_score_ = float(results[f"mean_test_{name}"][self.best_index_])
        self.best_params_ = results["params"][self.best_index_]

    def _best_index(self, results, name):
        if not callable(self.refit):
            return int(results[f"rank_test_{name}"].argmin())
        index = self.refit(results)
        if not isinstance(index, (int, np.integer)) or not 0 <= index < len(results["params"]):
            what = (
                f"best_index_ returned by refit is {index!r}: it must be the number of a candidate."
            )
            raise refusal(
                IndexError, what, "refit=lambda results: int(results['mean_test_score'].argmax())"
            )
        return int(index)

    def _refit(self, X, y, params):
        chosen = {name: fresh(value) for name, value in self.best_params_.items()}
        self.best_estimator_ = clone(self.estimator).set_params(**chosen)
        start = time.perf_counter()
        self.best_estimator_.fit(*([X] if y is None else [X, y]), **params)
        self.refit_time_ = time.perf_counter() - start
        self._note_columns_of(self.best_estimator_)
        if hasattr(self.best_estimator_, "classes_"):
            self.classes_ = self.best_estimator_.classes_

    # ---- what the best one says ----------------------------------------------------------------

    @property
    def best(self) -> Any:
        """The best estimator; before fit the one that was given. Raises AttributeError if refit=False."""
        if self.refit is False:
            what = (
                f"this {type(self).__name__} has refit=False, so it has no fitted estimator and "
                "cannot predict."
            )
            raise refusal(
                AttributeError, what, "refit=True, or estimator.set_params(**search.best_params_)"
            )
        return vars(self).get("best_estimator_", self.estimator)

    def _fitted_best(self) -> Any:
        self._require_fit()
        return self.best

    @where("best.predict")
    def predict(self, X: Any) -> Any:
        """What the best estimator predicts of X."""
        return self._fitted_best().predict(X)

    @where("best.predict_proba")
    def predict_proba(self, X: Any) -> Any:
        """P(class | x) by the best estimator."""
        return self._fitted_best().predict_proba(X)

    @where("best.predict_log_proba")
    def predict_log_proba(self, X: Any) -> Any:
        """log P(class | x) by the best estimator."""
        return self._fitted_best().predict_log_proba(X)

    @where("best.decision_function")
    def decision_function(self, X: Any) -> Any:
        """The scores of the classes by the best estimator."""
        return self._fitted_best().decision_function(X)

    @where("best.score_samples")
    def score_samples(self, X: Any) -> Any:
        """The score of each row by the best estimator."""
        return self._fitted_best().score_samples(X)

    @where("best.transform")
    def transform(self, X: Any) -> Any:
        """X, transformed by the best estimator."""
        return self._fitted_best().transform(X)

    @where("best.inverse_transform")
    def inverse_transform(self, X: Any) -> Any:
        """X, transformed back by the best estimator."""
        return self._fitted_best().inverse_transform(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The score of the best estimator, by the scorer of the search."""
        best = self._fitted_best()
        scorer = self.scorer_
        if isinstance(scorer, dict):
            scorer = scorer[self.refit]
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        found = scorer(best, X, *([] if y is None else [y]), **more)
        return found[self.refit] if self.multimetric_ and isinstance(found, dict) else found

    @classmethod
    def examples(cls, rng):
        """A search over the penalty of a linear model."""
        ridge = named("Ridge")
        X = rng.normal(size=(60, 4))
        kind: Any = cls
        search = kind(ridge(), {"alpha": [0.1, 1.0]}, error_score="raise")
        if "n_iter" in cls._parameters:
            search.set_params(n_iter=2)
        if "n_candidates" in cls._parameters:
            search.set_params(n_candidates=2)
        yield search, X, numbers(X, rng, ridge)


def masked(candidates: list[dict[str, Any]]) -> dict[str, Any]:
    """param_NAME -> the value of each candidate, masked where a candidate has none."""
    found = {}
    for name in dict.fromkeys(name for candidate in candidates for name in candidate):
        present = [i for i, candidate in enumerate(candidates) if name in candidate]
        values = [candidates[i][name] for i in present]
        try:
            kind = np.array(values).dtype if np.ndim(values) == 1 else np.dtype(object)
        except ValueError:  # lists of different lengths
            kind = np.dtype(object)
        column = np.ma.MaskedArray(
            np.empty(len(candidates), object if kind.kind == "U" else kind), mask=True
        )
        for i, value in zip(present, values, strict=True):
            column[i] = value
        found[f"param_{name}"] = column
    return found


def ranks(means: np.ndarray) -> np.ndarray:
    """1 for the largest, equal ranks for equal means, the last for NaN."""
    filled = np.where(np.isnan(means), -np.inf, means)
    return (1 + (filled[:, None] < filled).sum(axis=1)).astype(np.int32)


class GridSearchCV(Search):
    """Cross-validates every combination of listed parameters, and fits the best one to all rows."""

    estimator: Any = part(doc="whose parameters are searched")
    param_grid: Any = grid_parameter("name of a parameter -> list of its values")

    def _candidates(self):
        return ParameterGrid(self.param_grid)


class RandomizedSearchCV(Search):
    """Cross-validates random sets of parameters, and fits the best one to all rows.

    Values are lists, or distributions with a method `rvs`, as those of scipy.stats.
    """

    estimator: Any = part(doc="whose parameters are searched")
    param_distributions: Any = grid_parameter("name of a parameter -> its values or distribution")
    n_iter: int = integer(10, at_least=1, doc="number of candidates")
    random_state: Any = seed()

    def _candidates(self):
        return ParameterSampler(
            self.param_distributions, self.n_iter, random_state=self.random_state
        )
