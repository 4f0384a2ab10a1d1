"""Predictions from the other columns in place of missing values, again and again.

Source: S. van Buuren, K. Groothuis-Oudshoorn, mice: multivariate imputation by chained equations in R (2011).
"""

from typing import Any

import numpy as np

from models.foundation import (
    ConvergenceWarning,
    array,
    boolean,
    choice,
    clone,
    integer,
    learned,
    nonnegative,
    number,
    part,
    warn,
)
from models.foundation.normal import normal_quantile
from models.foundation.randomness import random_state, seed
from models.imputation.missing import Imputer, missing_in
from models.imputation.simple import SimpleImputer
from models.linear.bayesian import BayesianRidge
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import normal_cdf


class IterativeImputer(Imputer):
    """Predicts the missing values of each column from all other columns, and repeats this with the result.

    The first values are those of SimpleImputer. In a round each column is predicted by an estimator that is
    fitted to the rows which have it. Rounds end if no value changes by more than tol · max |x|. `transform`
    applies all fitted estimators in their order. With sample_posterior values are drawn from the predicted
    normal distribution, between min_value and max_value, in place of its mean.
    """

    limit = "max_iter"
    checked_with = {"max_iter": 3, "tol": 1e9}

    estimator: Any = part(
        None, needs="fit predict", doc="predicts a column; None for BayesianRidge()"
    )
    sample_posterior: bool = boolean(
        False, doc="draw values; the estimator has predict(X, return_std=True)"
    )
    max_iter: int = integer(10, at_least=0, doc="largest number of rounds")
    tol: float = nonnegative(1e-3, doc="stop when no value changes by more, relative to max |x|")
    n_nearest_features: int | None = integer(
        None,
        at_least=1,
        doc="predict from so many columns, drawn by their correlation; None for all",
    )
    initial_strategy: str = choice(
        "mean", "median", "most_frequent", "constant", doc="the strategy of SimpleImputer"
    )
    fill_value: Any = number(None, doc="its fill_value")
    imputation_order: str = choice(
        "ascending", "descending", "roman", "arabic", "random",
        doc="the order of the columns: few missing values first or last, left to right, right to left",
    )  # fmt: skip
    skip_complete: bool = boolean(
        False, doc="fit no estimator to columns that were complete in fit"
    )
    min_value: Any = number(-np.inf) | array(doc="the least value, or one for each column")
    max_value: Any = number(np.inf) | array(doc="the largest value, or one for each column")
    verbose: int = integer(0, at_least=0, doc="no effect")
    random_state: Any = seed(doc="seed for random orders and draws")

    initial_imputer_: Any = learned("the SimpleImputer")
    imputation_sequence_: list = learned(
        "(column, columns that predict it, fitted estimator) of each step"
    )
    n_iter_: int = learned("number of rounds")
    n_features_with_missing_: int = learned("number of columns that are predicted in a round")
    _limits_: Any = learned("least and largest value of each column")

    def _fit(self, X):
        rng = random_state(self.random_state)
        mask = missing_in(X, self.missing_values)
        self._learn_missing(mask)
        self.initial_imputer_ = SimpleImputer(
            missing_values=self.missing_values, strategy=self.initial_strategy,
            fill_value=self.fill_value, keep_empty_features=self.keep_empty_features,
        ).fit(X)  # fmt: skip
        self.imputation_sequence_, self.n_iter_ = [], 0
        self._limits_ = self._checked_limits(X.shape[1])
        filled, mask = self._started(X, mask)
        order = self._order(mask, rng)
        self.n_features_with_missing_ = len(order)
        if self.max_iter == 0 or mask.all() or filled.shape[1] == 1:
            return
        chances = self._chances(filled)
        limit = self.tol * np.abs(filled[~mask]).max()
        for round_ in range(1, self.max_iter + 1):
            self.n_iter_ = round_
            before = filled.copy()
            if self.imputation_order == "random":
                order = self._order(mask, rng)
            for j in order:
                if mask[:, j].all():  # an empty column that is kept has nothing to learn from
                    continue
                others = self._others(filled.shape[1], j, chances, rng)
                model = clone(BayesianRidge() if self.estimator is None else self.estimator)
                known = ~mask[:, j]
                _fitted(model, filled[known][:, others], filled[known, j])
                self.imputation_sequence_.append((int(j), others, model))
                self._predict_column(filled, mask, j, others, model, rng)
            if not self.sample_posterior and np.abs(filled - before).max() < limit:
                return
        if not self.sample_posterior:
            text = "[IterativeImputer] Early stopping criterion not reached. Try: raise max_iter, or tol"
            warn(ConvergenceWarning, text)

    def _started(self, X, mask):
        """The columns with values, filled by the first imputer, and where they were missing."""
        filled = np.array(self.initial_imputer_._transform(X), dtype=np.float64)
        return filled, mask[:, self._kept_]

    def _checked_limits(self, width):
        low, high = (
            np.full(width, np.nan if x is None else x, dtype=np.float64)
            if np.ndim(x) == 0
            else np.asarray(x)
            for x in (self.min_value, self.max_value)
        )
        if low.shape != (width,) or high.shape != (width,) or not (low < high).all():
            what = "One (or more) features have min_value >= max_value, or there is not one for each column."
            raise refusal(ValueError, what, "min_value=0, for all columns")
        return low[self._kept_], high[self._kept_]

    def _order(self, mask, rng):
        """The columns in the order in which they are predicted."""
        missing = mask.mean(axis=0)
        columns = np.flatnonzero(missing) if self.skip_complete else np.arange(len(missing))
        if self.imputation_order in ("ascending", "descending"):
            ascending = np.argsort(missing, kind="stable")[len(missing) - len(columns) :]
            return ascending if self.imputation_order == "ascending" else ascending[::-1]
        if self.imputation_order == "random":
            rng.shuffle(columns)
        return columns[::-1] if self.imputation_order == "arabic" else columns

    def _chances(self, filled):
        """P(column i predicts column j), by |correlation|: (features, features), if not all do."""
        if self.n_nearest_features is None or self.n_nearest_features >= filled.shape[1]:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.abs(np.corrcoef(filled.T))
        found = np.clip(np.where(np.isnan(found), 1e-6, found), 1e-6, None)
        np.fill_diagonal(found, 0)
        return found / found.sum(axis=0)

    def _others(self, width, j, chances, rng):
        every = np.arange(width)
        if chances is None:
            return np.delete(every, j)
        return rng.choice(every, self.n_nearest_features, replace=False, p=chances[:, j])

    def _predict_column(self, filled, mask, j, others, model, rng):
        """Replaces the missing values of column j."""
        rows = mask[:, j]
        if not rows.any():
            return
        X, low, high = filled[rows][:, others], self._limits_[0][j], self._limits_[1][j]
        if not self.sample_posterior:
            filled[rows, j] = np.clip(model.predict(X), low, high)
            return
        mean, std = model.predict(X, return_std=True)
        std = np.where(std > 0, std, 1e-300)
        first, last = normal_cdf((low - mean) / std), normal_cdf((high - mean) / std)
        draws = normal_quantile(first + rng.uniform(size=len(mean)) * (last - first))
        filled[rows, j] = np.clip(mean + std * np.where(np.isfinite(draws), draws, 0), low, high)

    def _transform(self, X):
        rng = random_state(self.random_state)
        every = missing_in(X, self.missing_values)
        self._warn_of_empty(self.initial_strategy)
        filled, mask = self._started(X, every)
        for j, others, model in self.imputation_sequence_:
            self._predict_column(filled, mask, j, others, model, rng)
        return self._with_indicator(filled, every)

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        yield cls(max_iter=20, tol=0.1), X, np.arange(60) % 3


def _fitted(model, X, y):
    """Fits the model; an overflow becomes an error."""
    try:
        with np.errstate(over="raise"):
            model.fit(X, y)
    except FloatingPointError as error:
        what = f"the values are too large for {type(model).__name__}, which predicts missing ones."
        raise refusal(ValueError, what, "StandardScaler first") from error
