"""The features with the best scores, each judged by itself."""

from typing import Any

import numpy as np

from models.feature_selection.scores import f_classif, target_of
from models.feature_selection.selector import Selector
from models.foundation import choice, function, integer, learned, number, warn
from tinygrad_edu.diagnostics.words import refusal


class UnivariateSelector(Selector):
    """Keeps columns by the score of each. The score function sees the rows of `fit` alone.

    So that a test set stays one, fit in a pipeline, not before the split: features that were chosen
    because they fit the targets of the test rows promise too much.
    """

    score_func: Any = function(f_classif, doc="X, y -> scores, or (scores, p)")

    scores_: np.ndarray = learned("score of each column: (features,)")
    pvalues_: Any = learned("p of each column, (features,); None if the function returns no p")

    def _fit(self, X, y):
        found = self.score_func(X, y)
        pair = isinstance(found, (list, tuple)) and len(found) == 2
        self.scores_, self.pvalues_ = found if pair else (found, None)
        self.scores_ = np.asarray(self.scores_)
        if self.scores_.shape != (X.shape[1],):
            what = f"score_func returned scores of shape {self.scores_.shape} for {X.shape[1]} columns."
            raise refusal(ValueError, what, "scores, or (scores, p), with a number for each column")
        if self.pvalues_ is None and self._chooses_by_p():
            name = getattr(self.score_func, "__name__", repr(self.score_func))
            what = f"{type(self).__name__} chooses by p, and {name} returns scores without p."
            raise refusal(
                ValueError, what, "SelectKBest, or f_classif or f_regression as score_func"
            )

    def _chooses_by_p(self):
        return hasattr(self, "alpha")

    def _read_targets(self, y, samples):
        return target_of(y, samples, self)

    @classmethod
    def examples(cls, rng):
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        X[:, :2] += y[:, None]
        yield cls(**cls.checked_with), X, y


def _ordered(scores: np.ndarray) -> np.ndarray:
    """The scores with NaN as the lowest."""
    return np.where(np.isnan(scores), -np.inf, scores)


class SelectKBest(UnivariateSelector):
    """Keeps the k columns with the highest scores; of equal ones the last."""

    checked_with = {"k": 2}

    score_func = f_classif
    k: Any = integer(10, at_least=0, doc="number of columns, or all") | choice("all")

    def _fit(self, X, y):
        if self.k != "all" and self.k > X.shape[1]:
            text = f"k={self.k} is greater than n_features={X.shape[1]}. All the features will be returned."
            warn(UserWarning, text)
        super()._fit(X, y)

    def _mask(self):
        if self.k == "all":
            return np.ones(len(self.scores_), dtype=bool)
        return _best(self.scores_, self.k)


def _best(scores: np.ndarray, k: int) -> np.ndarray:
    mask = np.zeros(len(scores), dtype=bool)
    if k > 0:
        mask[np.argsort(_ordered(scores), kind="stable")[-k:]] = True
    return mask


class SelectPercentile(UnivariateSelector):
    """Keeps the columns with the highest scores, a percentage of all."""

    checked_with = {"percentile": 50}

    score_func = f_classif
    percentile: float = number(
        10, at_least=0, at_most=100, doc="percentage of columns that is kept"
    )

    def _mask(self):
        scores = _ordered(self.scores_)
        if self.percentile in (0, 100):
            return np.full(len(scores), self.percentile == 100)
        threshold = np.percentile(scores, 100 - self.percentile)
        mask = scores > threshold
        equal = np.flatnonzero(scores == threshold)
        mask[equal[: int(len(scores) * self.percentile / 100) - mask.sum()]] = True
        return mask


class SelectFpr(UnivariateSelector):
    """Keeps the columns with p < α, which a fraction α of the useless ones has as well."""

    score_func = f_classif
    alpha: float = number(0.05, at_least=0, at_most=1, doc="α, the false positive rate")

    def _mask(self):
        return self.pvalues_ < self.alpha


class SelectFdr(UnivariateSelector):
    """Keeps as many columns as possible, of which about a fraction α is useless.

    These are those with p ≤ p_k for the largest k with p_k ≤ α k / d, in ascending order of p, of d columns
    (Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, 1995).
    """

    score_func = f_classif
    alpha: float = number(0.05, at_least=0, at_most=1, doc="α, the false discovery rate")

    def _mask(self):
        d = len(self.pvalues_)
        p = np.sort(self.pvalues_)
        small = p[p <= self.alpha / d * np.arange(1, d + 1)]
        return self.pvalues_ <= small.max() if len(small) else np.zeros(d, dtype=bool)


class SelectFwe(UnivariateSelector):
    """Keeps the columns with p < α / d, of d columns: even one useless one is kept with probability ≤ α."""

    score_func = f_classif
    alpha: float = number(0.05, at_least=0, at_most=1, doc="α, the family-wise error rate")

    def _mask(self):
        return self.pvalues_ < self.alpha / len(self.pvalues_)


MODES = {
    "percentile": (SelectPercentile, "percentile"),
    "k_best": (SelectKBest, "k"),
    "fpr": (SelectFpr, "alpha"),
    "fdr": (SelectFdr, "alpha"),
    "fwe": (SelectFwe, "alpha"),
}


class GenericUnivariateSelect(UnivariateSelector):
    """Keeps columns in the way that a parameter names, so that a search can choose among the ways."""

    checked_with = {"mode": "k_best", "param": 2}

    score_func = f_classif
    mode: str = choice(
        *MODES, doc="that of SelectPercentile, SelectKBest, SelectFpr, SelectFdr or SelectFwe"
    )
    param: Any = number(1e-5, at_least=0, doc="its percentile, k or alpha, or all") | choice("all")

    def _chooses_by_p(self):
        return MODES[self.mode][1] == "alpha"

    def _mask(self):
        kind, name = MODES[self.mode]
        selector = kind(score_func=self.score_func, **{name: self.param})
        selector._check_parameters()
        selector.scores_, selector.pvalues_ = self.scores_, self.pvalues_
        return selector._mask()
