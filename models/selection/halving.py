"""Successive halving: all candidates get few resources, and the best third of them three times as many.

Source: K. Jamieson, A. Talwalkar, Non-stochastic best arm identification and hyperparameter optimization
(2016); L. Li et al., Hyperband (2018).
"""

from math import ceil, floor, log
from typing import Any

import numpy as np

from models.foundation import boolean, choice, integer, learned, part, positive
from models.foundation.fields import Parameter
from models.foundation.frames import samples
from models.foundation.randomness import random_state as generator
from models.foundation.randomness import seed
from models.foundation.sklearn_bridge import kind_of
from models.metrics.reading import array
from models.selection.grids import ParameterGrid, ParameterSampler
from models.selection.search import Search, cv_parameter, grid_parameter
from tinygrad_edu.diagnostics.words import refusal


class Subsampled:
    """A splitter that keeps a random part of the training and test rows of another."""

    def __init__(self, splitter: Any, part: float, random_state: Any):
        self.splitter, self.part, self.random_state = splitter, part, random_state

    def split(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Yields (train, test)."""
        for pair in self.splitter.split(X, y, **given):
            yield tuple(self._some(rows) for rows in pair)

    def _some(self, rows):
        order = np.arange(len(rows))
        generator(self.random_state).shuffle(order)
        return np.asarray(rows)[order[: int(self.part * len(rows))]]


class HalvingSearch(Search):
    """The base of both searches by successive halving."""

    factor: float = positive(3, doc="the best 1 / factor stay, with factor times the resources")
    resource: Any = Parameter(
        "n_samples", lambda x: isinstance(x, str), "'n_samples' or the name of a parameter",
        "what the candidates get more of: rows, or a parameter of the estimator, such as max_iter",
    )  # fmt: skip
    max_resources: Any = choice("auto", doc="the most; 'auto' for all rows") | integer(at_least=1)
    min_resources: Any = choice(
        "exhaust", "smallest",
        doc="the first; 'exhaust': so that the last round has the most; 'smallest': as few as make sense",
    ) | integer(at_least=1)  # fmt: skip
    aggressive_elimination: bool = boolean(
        False, doc="repeat the first rounds, so that few candidates are left for the last one"
    )
    cv: Any = cv_parameter(5)
    return_train_score: bool = boolean(True, doc="also score the training rows")
    random_state: Any = seed()

    n_resources_: list = learned("resources of each round")
    n_candidates_: list = learned("candidates in each round")
    n_remaining_candidates_: int = learned("candidates after the last round")
    n_required_iterations_: int = learned("rounds until less than `factor` candidates are left")
    n_possible_iterations_: int = learned("rounds until the resources are exhausted")
    n_iterations_: int = learned("rounds")
    min_resources_: int = learned("resources of the first round")
    max_resources_: int = learned("the most resources of a round")

    def _run(self, splitter, evaluation):
        _, X, y, given, *_ = evaluation
        self._resources(splitter, X, y, given)
        candidates = list(self._candidates())
        if self.resource != "n_samples" and any(self.resource in each for each in candidates):
            what = f"Cannot use parameter {self.resource} as the resource: it is searched as well."
            raise refusal(ValueError, what, "resource='n_samples'")
        required = 1 + floor(log(len(candidates), self.factor))
        if self.min_resources == "exhaust":
            last = int(self.max_resources_ // self.factor ** (required - 1))
            self.min_resources_ = max(self.min_resources_, last)
        possible = 1 + floor(log(self.max_resources_ // self.min_resources_, self.factor))
        rounds = required if self.aggressive_elimination else min(possible, required)
        self.n_resources_, self.n_candidates_ = [], []
        for step in range(rounds):
            power = max(0, step - required + possible) if self.aggressive_elimination else step
            amount = min(int(self.factor**power * self.min_resources_), self.max_resources_)
            self.n_resources_.append(amount)
            self.n_candidates_.append(len(candidates))
            chosen = splitter
            if self.resource == "n_samples":
                chosen = Subsampled(splitter, amount / samples(X), self.random_state)
            else:
                candidates = [{**each, self.resource: amount} for each in candidates]
            self._evaluate(candidates, chosen, evaluation, iter=step, n_resources=amount)
            candidates = self._best_of_round(candidates)
        self.n_remaining_candidates_ = len(candidates)
        self.n_required_iterations_, self.n_possible_iterations_ = required, possible
        self.n_iterations_ = rounds

    def _best_of_round(self, candidates):
        """The best 1 / factor, in ascending order; NaN is worst."""
        done = self._tried["done"][-len(candidates) * self.n_splits_ :]
        scores = np.mean(
            np.array([one["test"] for one in done]).reshape(len(candidates), -1), axis=1
        )
        order = np.roll(np.argsort(scores), np.count_nonzero(np.isnan(scores)))
        return [candidates[i] for i in order[-ceil(len(candidates) / self.factor) :]]

    def _resources(self, splitter, X, y, given):
        if not isinstance(getattr(splitter, "random_state", 0), (int, np.integer)) and getattr(
            splitter, "shuffle", True
        ):
            what = "The cv parameter must yield consistent folds across calls to split()."
            raise refusal(ValueError, what, "its random_state=0, or shuffle=False")
        of_rows = self.resource == "n_samples"
        if not of_rows and self.resource not in self.estimator.get_params():
            name = type(self.estimator).__name__
            what = (
                f"Cannot use resource={self.resource} which is not supported by estimator {name}."
            )
            raise refusal(ValueError, what, "resource='n_samples', or a parameter of the estimator")
        if self.max_resources == "auto" and not of_rows:
            what = "resource can only be 'n_samples' when max_resources='auto'."
            raise refusal(ValueError, what, f"max_resources=100, the largest {self.resource}")
        self.max_resources_ = samples(X) if self.max_resources == "auto" else self.max_resources
        self.min_resources_ = self.min_resources
        if isinstance(self.min_resources, str):
            self.min_resources_ = 1
            if of_rows:
                classes = len(np.unique(array(y))) if kind_of(self.estimator) == "classifier" else 1
                self.min_resources_ = 2 * splitter.get_n_splits(X, y, **given) * classes
        if not 0 < self.min_resources_ <= self.max_resources_:
            what = (
                f"min_resources_={self.min_resources_} is greater than "
                f"max_resources_={self.max_resources_}; n_samples={samples(X)}."
            )
            raise refusal(ValueError, what, "more rows, fewer folds, or a smaller min_resources")

    def _best_index(self, results, name):
        if callable(self.refit):
            return super()._best_index(results, name)
        last = np.flatnonzero(results["iter"] == np.max(results["iter"]))
        scores = results["mean_test_score"][last]
        return int(last[0 if np.isnan(scores).all() else np.nanargmax(scores)])


class HalvingGridSearchCV(HalvingSearch):
    """Every combination of listed parameters with few rows, and the better ones with more and more rows."""

    estimator: Any = part(doc="whose parameters are searched")
    param_grid: Any = grid_parameter("name of a parameter -> list of its values")

    def _candidates(self):
        return ParameterGrid(self.param_grid)


class HalvingRandomSearchCV(HalvingSearch):
    """Random sets of parameters with few rows, and the better ones with more and more rows."""

    estimator: Any = part(doc="whose parameters are searched")
    param_distributions: Any = grid_parameter("name of a parameter -> its values or distribution")
    n_candidates: Any = choice(
        "exhaust",
        doc="candidates of the first round; 'exhaust': so many that the last uses all resources",
    ) | integer(at_least=1)
    min_resources: Any = choice(
        "smallest", "exhaust", doc="the first; 'smallest': as few as make sense"
    ) | integer(at_least=1)

    def _candidates(self):
        number = self.n_candidates
        if number == "exhaust":
            if self.min_resources == "exhaust":
                what = "n_candidates and min_resources cannot be both set to 'exhaust'."
                raise refusal(ValueError, what, "n_candidates=30")
            number = self.max_resources_ // self.min_resources_
        return ParameterSampler(self.param_distributions, number, random_state=self.random_state)
