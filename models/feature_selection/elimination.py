"""Elimination of the least important features, again and again.

Source: I. Guyon, J. Weston, S. Barnhill, V. Vapnik, Gene selection for cancer classification using support
vector machines (2002).
"""

from typing import Any

import numpy as np

from models.feature_selection.importances import getter, importances
from models.feature_selection.selector import Selector
from models.foundation import fit_clone, function, integer, learned, number, part, warn, where
from models.foundation.fields import Parameter
from models.foundation.parallel import each
from models.foundation.validation import refuse_swapped
from models.trees.tree import DecisionTreeClassifier
from tinygrad_edu.diagnostics.words import refusal


def folds(default: int | None) -> Any:
    """The parameter for the splits of cross-validation."""
    number_ = integer(
        None, at_least=2, doc="number of folds, None for 5; a splitter; or pairs of rows"
    )
    splitter = Parameter(default, lambda x: hasattr(x, "split") or _is_iterable(x), "a splitter")
    return Parameter(default, number_.test, number_.words, number_.doc) | splitter


def _is_iterable(x: Any) -> bool:
    return hasattr(x, "__iter__") and not isinstance(x, (str, type, dict))


def scoring() -> Any:
    """The parameter for how well a model does."""
    named = Parameter(None, lambda x: isinstance(x, str), "the name of a scorer")
    return function(None, doc="a scorer or its name; None for the score of the model") | named


class Elimination(Selector):
    """A model for features, of which the least important are left out; it predicts with the others."""

    estimator: Any = part(doc="the model, which learns importances")
    step: Any = integer(
        1, at_least=1, doc="number, or fraction, of columns left out in a step"
    ) | number(above=0, below=1)
    verbose: int = integer(0, at_least=0, doc="no effect")
    importance_getter: Any = getter()

    estimator_: Any = learned("the model, fitted to the columns that are kept")
    n_features_: int = learned("number of columns that are kept")
    ranking_: np.ndarray = learned(
        "1 for a column that is kept, 2 for the last that was left out, and so on"
    )
    support_: np.ndarray = learned("which columns are kept: (features,)")

    def _mask(self):
        return self.support_

    def _eliminate(self, X, y, least, score=None):
        """Sets support_, ranking_ and estimator_; returns the steps, if there is a score.

        A step is (number of columns, score, support, ranking). least: number of columns that is kept. score:
        (fitted model, columns) -> number.
        """
        if X.shape[1] < 2:
            what = f"Found array with {X.shape[1]} feature(s) while a minimum of 2 is required."
            raise refusal(ValueError, what, "a model of this feature, without selection")
        d, steps = X.shape[1], []
        support, ranking = np.ones(d, dtype=bool), np.ones(d, dtype=int)
        step = self.step if isinstance(self.step, (int, np.integer)) else int(max(1, self.step * d))
        while True:
            columns = np.flatnonzero(support)
            model = fit_clone(self.estimator, X[:, columns], y)
            if score is not None:
                steps.append((len(columns), score(model, columns), support.copy(), ranking.copy()))
            if len(columns) <= least:
                break
            found = importances(model, self.importance_getter) ** 2
            order = np.argsort(found if found.ndim == 1 else found.sum(axis=0), kind="stable")
            support[columns[order[: min(step, len(columns) - least)]]] = False
            ranking[~support] += 1
        self.estimator_, self.support_, self.ranking_ = model, support, ranking
        self.n_features_ = int(support.sum())
        return steps

    @property
    def several_targets(self):  # type: ignore[override]
        return getattr(self.estimator, "several_targets", True)

    @property
    def classes_(self) -> np.ndarray:
        """The classes of the model."""
        return self.estimator_.classes_

    @where("estimator.predict")
    def predict(self, X: Any) -> np.ndarray:
        """What the model predicts from the columns that are kept."""
        return self.estimator_.predict(self._selected(X))

    @where("estimator.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | x) by the model."""
        return self.estimator_.predict_proba(self._selected(X))

    @where("estimator.predict_log_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log P(class | x) by the model."""
        return self.estimator_.predict_log_proba(self._selected(X))

    @where("estimator.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The scores of the classes by the model."""
        return self.estimator_.decision_function(self._selected(X))

    @where("estimator.score")
    def score(self, X: Any, y: Any = None, **given: Any) -> float:
        """The score of the model on the columns that are kept."""
        refuse_swapped(X, y, self)
        return self.estimator_.score(self._selected(X), y, **given)

    def _selected(self, X):
        return self._transform(self._check(X))

    @classmethod
    def examples(cls, rng):
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        X[:, :2] += y[:, None]
        yield cls(DecisionTreeClassifier(max_depth=3)), X, y


class RFE(Elimination):
    """Fits the model, leaves out its least important columns, and repeats this until few are left.

    The importance is w², or Σ w² over several classes or targets, or the square of that of a tree.
    """

    n_features_to_select: Any = integer(
        None, at_least=1, doc="number, or fraction, of columns that are kept; None for half of them"
    ) | number(above=0, at_most=1.0)

    def _fit(self, X, y):
        d, wanted = X.shape[1], self.n_features_to_select
        if wanted is None:
            wanted = d // 2
        elif not isinstance(wanted, (int, np.integer)):
            wanted = int(d * wanted)
        if wanted > d:
            text = (
                f"Found n_features_to_select={wanted} > n_features={d}. There will be no feature "
                "selection and all features will be kept."
            )
            warn(UserWarning, text)
        self._eliminate(X, y, wanted)


class RFECV(Elimination):
    """RFE, which keeps as many columns as give the best score in cross-validation.

    In each split all eliminations see the training rows alone: were the columns chosen first, with all rows,
    the scores would promise too much.
    """

    min_features_to_select: int = integer(1, at_least=1, doc="the least number of columns")
    cv: Any = folds(None)
    scoring: Any = scoring()
    n_jobs: Any = integer(None, doc="number of processes for the splits, through joblib")

    cv_results_: dict = learned("number of features, mean, deviation and score of each split")

    def _fit(self, X, y):
        from models.metrics.scorers import check_scoring
        from models.selection.validation import splits_of

        scorer = check_scoring(self.estimator, self.scoring)
        splits = [
            (self, X, y, scorer, *pair) for pair in splits_of(self.cv, X, y, None, self.estimator)
        ]
        steps = each(_eliminated, splits, self.n_jobs)
        scores = np.array([[step[1] for step in split] for split in steps])[:, ::-1]
        sizes = np.array([step[0] for step in steps[0]])[::-1]
        best = int(sizes[np.argmax(scores.sum(axis=0))])
        self._eliminate(X, y, best)
        self.cv_results_ = {
            "mean_test_score": scores.mean(axis=0),
            "std_test_score": scores.std(axis=0),
        }
        for i, split in enumerate(steps):
            self.cv_results_[f"split{i}_test_score"] = scores[i]
            self.cv_results_[f"split{i}_support"] = np.array([step[2] for step in split])[::-1]
            self.cv_results_[f"split{i}_ranking"] = np.array([step[3] for step in split])[::-1]
        self.cv_results_["n_features"] = sizes


def _eliminated(selector, X, y, scorer, train, test):
    """The steps of an elimination with the training rows, judged by the test rows."""
    least = min(selector.min_features_to_select, X.shape[1])
    judge = selector._copy(with_learned=False)
    return judge._eliminate(
        X[train],
        y[train],
        least,
        lambda model, columns: scorer(model, X[test][:, columns], y[test]),
    )
