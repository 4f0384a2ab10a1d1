"""Logistic regression whose penalty is chosen by cross-validation.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (2009),
sections 4.4.4 and 7.10.
"""

import copy
import inspect
from typing import Any

import numpy as np

from models.foundation import (
    array,
    boolean,
    choice,
    integer,
    learned,
    mapping,
    positive,
    seed,
    warn,
)
from models.foundation.fields import Parameter
from models.generalized.logistic import LogisticClassifier, LogisticRegression
from models.metrics.scorers import get_scorer, takes_weights
from models.selection.cross_validated import CrossValidated

OF_EACH_FIT = (
    "penalty", "fit_intercept", "dual", "solver", "tol", "max_iter", "intercept_scaling", "random_state",
    "verbose",
)  # fmt: skip


class LogisticRegressionCV(LogisticClassifier, CrossValidated):
    """LogisticRegression with the C, and the ρ of `l1_ratios`, whose score in the folds is best on average.

    For each fold and ρ, the whole path of C is fitted to the other folds, each W being the start for the
    next: it is quickest if C ascends. The scores are accuracies unless `scoring` is set, and count with
    sample weights, but not with those of classes. The first of equally good C is taken.

    With `refit`, the model is then fitted to all rows. Otherwise it is the mean of the models of the
    folds, each with the C and ρ that are best in that fold.

    With use_legacy_attributes=False, as in scikit-learn from 1.10, C_ and l1_ratio_ are numbers, and arrays
    take the place of dicts: scores_ and n_iter_ of shape (folds, ratios, Cs), and coefs_paths_ with two more
    axes (classes, features + 1).
    """

    twin_settings = {
        "solver": "newton-cholesky", "penalty": "deprecated", "l1_ratios": (0.0,), "scoring": "accuracy",
        "use_legacy_attributes": False, "tol": 1e-10, "max_iter": 10_000,
    }  # fmt: skip
    twin_tolerance = 1e-6
    checked_with = {"cv": 3}

    Cs: Any = integer(10, at_least=1, doc="how many C from 1e-4 to 1e4, or which") | array(
        at_least=0
    )
    l1_ratios: Any = Parameter(
        None, lambda x: x is None, "None", "ρ, the part of ‖W‖₁ in the penalty, to try; None for 0"
    ) | array(at_least=0)
    penalty: str = choice(
        "elasticnet", "l2", "l1", doc="'l2' is l1_ratios=(0,), 'l1' is l1_ratios=(1,)"
    )
    fit_intercept: bool = boolean(True, doc="add an intercept b; otherwise b = 0")
    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    scoring: Any = Parameter(
        None,
        lambda x: x is None or isinstance(x, str) or (callable(x) and not isinstance(x, type)),
        "a name or a scorer",
        "what the best C has most of; None for accuracy",
    )
    solver: Any = choice("lbfgs") | LogisticRegression._parameters["solver"]
    tol: float = positive(1e-4, doc="stop when no element of the gradient is larger")
    max_iter: int = integer(100, at_least=1, doc="largest number of iterations for each C")
    refit: bool = boolean(True, doc="fit the best to all rows")
    intercept_scaling: float = positive(1.0, doc="for 'liblinear': divides b in the penalty")
    random_state: Any = seed(doc="shuffles the rows for batches")
    dual: bool = boolean(False, doc="no effect: both problems have the same minimum")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")
    verbose: bool | int = boolean(False, doc="print a line per iteration") | integer(at_least=0)
    use_legacy_attributes: bool = boolean(True, doc="False: arrays in place of dicts, see above")

    Cs_: np.ndarray = learned("the C that were tried: (Cs,)")
    l1_ratios_: np.ndarray = learned("the ρ that were tried: (ratios,)")
    C_: Any = learned("the best C, for each row of W")
    l1_ratio_: Any = learned("the best ρ, for each row of W")
    scores_: Any = learned("class -> score in each fold, the same for all: (folds, Cs[, ratios])")
    coefs_paths_: Any = learned("class -> its w and b: (folds, Cs[, ratios], features + 1)")
    n_iter_: np.ndarray = learned("number of iterations: (1, folds, Cs[, ratios])")

    def _weights_with_classes(self, y, weight):
        return weight  # those of scores; `_fit` multiplies them for the fits

    def _fit(self, X, y, weight):
        each = super()._weights_with_classes(y, weight)
        self.Cs_ = np.asarray(
            np.logspace(-4, 4, self.Cs) if np.ndim(self.Cs) == 0 else self.Cs, dtype=np.float64
        )
        ratios = [None] if self.l1_ratios is None else np.ravel(self.l1_ratios).tolist()
        of_penalty: dict[str, float] = {"l2": 0.0, "l1": 1.0}
        self.l1_ratios_ = np.array([of_penalty.get(self.penalty, ρ or 0.0) for ρ in ratios])
        paths, scores = [], []
        for train, test in self._folds(X, y, weight):
            of_fold = [self._path(ρ, X[train], y[train], each[train]) for ρ in ratios]
            paths.append(of_fold)
            data = X[test], self.classes_[y[test]], weight[test]
            scores.append([[self._score(model, *data) for model in path] for path in of_fold])
        self.scores_ = np.array(scores)
        self.coefs_paths_ = np.array([[[w_and_b(m) for m in p] for p in fold] for fold in paths])
        steps = [[[m.n_iter_[0] for m in path] for path in fold] for fold in paths]
        self.n_iter_ = np.maximum(steps, 1)  # 0 if the start was the minimum
        if self.refit:
            self._fit_best(ratios, X, y, each)
        else:
            self._average()
        if self.use_legacy_attributes:
            self._keep_by_class()

    def _path(self, ρ, X, y, weight):
        """A model for every C."""
        model, found = self._model(ρ), []
        for model.C in self.Cs_.tolist():
            model._fit(X, y, weight)
            found.append(copy.copy(model))
        return found

    def _model(self, ρ):
        same = {name: getattr(self, name) for name in OF_EACH_FIT}
        model = LogisticRegression(l1_ratio=ρ, warm_start=True, **same)
        model._check_parameters()
        model.classes_, model.n_features_in_ = self.classes_, self.n_features_in_
        return model

    def _score(self, model, X, y, weight):
        scorer, more = get_scorer(self.scoring or "accuracy"), {}
        if not (weight == 1).all():
            if takes_weights(scorer):
                more["sample_weight"] = weight
            else:
                name = type(self).__name__
                text = f"The scoring {scorer} does not support sample_weight, which {name} got."
                warn(UserWarning, f"{text} Try: another score")
        # A fold may lack a class, which the metric must know of.
        known = inspect.signature(scorer.metric).parameters if hasattr(scorer, "metric") else {}
        if "labels" in known and "labels" not in scorer.settings:
            more["labels"] = self.classes_
            if "pos_label" in {*known} - {*scorer.settings} and len(self.classes_) == 2:
                more["pos_label"] = self.classes_[-1]
        return scorer(model, X, y, **more)

    def _fit_best(self, ratios, X, y, weight):
        """The best C and ρ on average, and the fit to all rows. It starts at the mean of the folds."""
        mean = self.scores_.sum(axis=0).T
        c, r = np.unravel_index(np.argmax(mean), mean.shape)
        self.C_, self.l1_ratio_ = float(self.Cs_[c]), float(self.l1_ratios_[r])
        model, present = self._model(ratios[r]), weight > 0
        model.C = self.C_
        model.coef_, model.intercept_ = self._split(self.coefs_paths_[:, r, c].mean(axis=0))
        model._fit(X[present], y[present], weight[present])
        self.coef_, self.intercept_ = model.coef_, model.intercept_

    def _average(self):
        """The mean of the models that are best in each fold, and of their C and ρ."""
        by_fold = np.swapaxes(self.scores_, 1, 2).reshape(len(self.scores_), -1)
        c, r = np.unravel_index(by_fold.argmax(axis=1), (len(self.Cs_), len(self.l1_ratios_)))
        self.C_, self.l1_ratio_ = float(self.Cs_[c].mean()), float(self.l1_ratios_[r].mean())
        best = self.coefs_paths_[np.arange(len(c)), r, c].mean(axis=0)
        self.coef_, self.intercept_ = self._split(best)

    def _split(self, rows):
        """W and b of the rows (w, b)."""
        if not self.fit_intercept:
            return rows, np.zeros(len(rows))
        return rows[:, :-1], rows[:, -1]

    def _keep_by_class(self):
        """As in scikit-learn before 1.10: class -> array, with an axis for ρ only if l1_ratios is set."""
        chosen = 0 if self.l1_ratios is None else slice(None)
        classes = self.classes_[-len(self.coef_) :].tolist()
        scores = np.swapaxes(self.scores_, 1, 2)[:, :, chosen]
        paths = np.swapaxes(self.coefs_paths_, 1, 2)[:, :, chosen]
        self.scores_ = {label: scores.copy() for label in classes}
        self.coefs_paths_ = {label: paths[..., k, :] for k, label in enumerate(classes)}
        self.n_iter_ = np.swapaxes(self.n_iter_, 1, 2)[None][..., chosen]
        self.C_ = np.full(len(classes), self.C_)
        self.l1_ratio_ = np.full(len(classes), self.l1_ratio_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score that `scoring` names on X and y; accuracy by default."""
        if self.scoring is None:
            return super().score(X, y, sample_weight)
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(get_scorer(self.scoring)(self, X, y, **more))


def w_and_b(model):
    """The rows (w, b) of a model, without b if it has none."""
    if not model.fit_intercept:
        return model.coef_
    return np.column_stack([model.coef_, model.intercept_])
