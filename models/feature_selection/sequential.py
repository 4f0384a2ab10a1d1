"""Features that are added, or left out, one by one."""

from typing import Any

import numpy as np

from models.feature_selection.elimination import folds, scoring
from models.feature_selection.selector import Selector
from models.foundation import choice, integer, learned, number, part
from models.foundation.parallel import each
from models.trees.tree import DecisionTreeClassifier
from tinygrad_edu.diagnostics.words import refusal


class SequentialFeatureSelector(Selector):
    """Adds the column that improves the score in cross-validation most, again and again; or leaves one out.

    "auto" keeps half of the columns, or with tol as many as improve the score by tol or more.
    """

    estimator: Any = part(needs="fit", doc="the model")
    n_features_to_select: Any = (
        choice("auto", doc="number, or fraction, of columns that are kept")
        | integer(at_least=1)
        | number(above=0, at_most=1.0)
    )
    tol: float | None = number(None, doc="the least improvement of the score by a column")
    direction: str = choice("forward", "backward", doc="add columns, or leave them out")
    scoring: Any = scoring()
    cv: Any = folds(5)
    n_jobs: Any = integer(None, doc="number of processes for the columns, through joblib")

    support_: np.ndarray = learned("which columns are kept: (features,)")
    n_features_to_select_: int = learned("number of columns that are kept")

    def _fit(self, X, y=None):
        forward = self.direction == "forward"
        wanted, d = self._wanted(X.shape[1]), X.shape[1]
        if self.tol is not None and self.tol < 0 and forward:
            what = f"tol must be strictly positive when doing forward selection, got {self.tol}."
            raise refusal(ValueError, what, "tol=None, or direction='backward'")
        chosen, before = np.zeros(d, dtype=bool), -np.inf
        stops = self.tol is not None and self.n_features_to_select == "auto"
        for _ in range(wanted if forward or self.n_features_to_select == "auto" else d - wanted):
            candidates = np.flatnonzero(~chosen)
            masks = [chosen | (np.arange(d) == j) for j in candidates]
            items = [(self, X[:, mask if forward else ~mask], y) for mask in masks]
            scores = each(_mean_score, items, self.n_jobs)
            best = int(np.argmax(scores))
            if stops and scores[best] - before < self.tol:
                break
            chosen[candidates[best]], before = True, scores[best]
        self.support_ = chosen if forward else ~chosen
        self.n_features_to_select_ = int(self.support_.sum())

    def _wanted(self, d):
        """The number of columns to keep, or to leave out with "auto"."""
        if d < 2:
            what = f"Found array with {d} feature(s) while a minimum of 2 is required."
            raise refusal(ValueError, what, "a model of this feature, without selection")
        wanted = self.n_features_to_select
        if wanted == "auto":
            return d // 2 if self.tol is None else d - 1
        if isinstance(wanted, (int, np.integer)):
            if wanted >= d:
                what = f"n_features_to_select must be < n_features, got {wanted} of {d}."
                raise refusal(ValueError, what, f"n_features_to_select={d - 1}")
            return wanted
        return int(d * wanted)

    def _mask(self):
        return self.support_

    @classmethod
    def examples(cls, rng):
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        X[:, :2] += y[:, None]
        yield cls(DecisionTreeClassifier(max_depth=2, random_state=0), cv=3), X, y


def _mean_score(selector, X, y):
    from models.selection.validation import cross_val_score

    scores = cross_val_score(selector.estimator, X, y, scoring=selector.scoring, cv=selector.cv)
    return float(np.mean(scores))
