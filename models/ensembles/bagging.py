"""Bagging: the mean of models of random rows, which varies less than one of them.

Source: L. Breiman, Bagging predictors (1996); T. Ho, The random subspace method (1998): random features.
"""

from typing import Any, ClassVar

import numpy as np

from models.ensembles.members import DrawsRows, seeded
from models.foundation import (
    Classifier,
    Regressor,
    boolean,
    choice,
    integer,
    learned,
    number,
    part,
    seed,
    takes_weights,
    warn,
    where,
)
from models.foundation.kinds import r_squared
from models.foundation.parallel import each, seeds
from models.foundation.randomness import generator
from models.trees.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tinygrad_edu.diagnostics.words import refusal


class Bagging(DrawsRows):
    """What the classifier and the regressor share: the draws."""

    does_not_apply: ClassVar = {
        "test_weights_are_repetitions": "draws rows at random",
        "test_its_twin_gives_the_same_answers": "draws rows at random",
        "check_sample_weight_equivalence_on_dense_data": "draws rows at random",
    }

    all_by_position = True

    estimator: Any = choice(None, doc="the model; None: a tree") | part(needs="fit predict")
    n_estimators: int = integer(10, at_least=1, doc="number of models")
    max_samples: Any = (
        integer(None, at_least=1, doc="rows of each model: a number, or a part; None: as many as there are")
        | number(above=0, at_most=1)
    )  # fmt: skip
    max_features: Any = (
        number(1.0, above=0, at_most=1, doc="features of each model: a part, or a number")
        | integer(at_least=1)
    )  # fmt: skip
    bootstrap: bool = boolean(True, doc="draw rows with replacement")
    bootstrap_features: bool = boolean(False, doc="draw features with replacement")
    oob_score: bool = boolean(False, doc="judge each row by the models that did not draw it")
    warm_start: bool = boolean(False, doc="keep the models of the last fit, and add more")
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1: all processors")
    random_state: Any = seed()
    verbose: int = integer(0, at_least=0, doc="accepted, and means nothing here") | boolean(False)

    estimator_: Any = learned("the unfitted model that is cloned")
    estimators_: list[Any] = learned("the fitted models")
    estimators_samples_: list[Any] = learned("the rows that each drew")
    estimators_features_: list[Any] = learned("the features that each drew")
    oob_score_: float = learned("the score of rows by the models that did not draw them")

    default: ClassVar[Any]
    _judge: ClassVar[Any]  # (X, y): sets what oob_score asks for

    @property
    def _member(self):
        return self.default if self.estimator is None else self.estimator

    def _fit(self, X, y, weight):
        rows, features = self._sizes(X, weight)
        if "estimators_" not in vars(self):  # else a warm start
            self._rng_ = generator(self.random_state)
            self.estimators_, self.estimators_samples_, self.estimators_features_ = [], [], []
            self._drawn_: list[Any] = []
        more = self.n_estimators - len(self.estimators_)
        if more < 0:
            what = f"n_estimators={self.n_estimators} must be larger or equal to len(estimators_)="
            what += f"{len(self.estimators_)} when warm_start==True."
            raise refusal(ValueError, what, f"n_estimators={len(self.estimators_)}")
        self.estimator_ = self._member
        draw = {
            "rows": rows,
            "features": features,
            "again": (self.bootstrap, self.bootstrap_features),
        }
        part = None if np.all(weight == weight[0]) else weight / weight.sum()
        work = [(self.estimator_, X, y, part, draw, seed) for seed in seeds(self._rng_, more)]
        fitted = each(fit_member, work, self.n_jobs)
        self.estimators_ = self.estimators_ + [model for model, _, _ in fitted]
        drawn = [rows for _, rows, _ in fitted]
        self._drawn_ = self._drawn_ + drawn
        self.estimators_samples_ = self.estimators_samples_ + [self._in_X(rows) for rows in drawn]
        self.estimators_features_ = self.estimators_features_ + [chosen for _, _, chosen in fitted]
        if self.oob_score:
            self._judge(X, y)

    def _sizes(self, X, weight):
        """How many rows and features a model draws."""
        n, width = X.shape
        rows = n if self.max_samples is None else self.max_samples
        rows = rows if isinstance(rows, (int, np.integer)) else max(1, int(rows * weight.sum()))
        if not self.bootstrap and rows > n:
            what = f"Effective max_samples={rows} must be <= n_samples={n} to be able to sample without "
            what += "replacement."
            raise refusal(ValueError, what, "bootstrap=True")
        features = self.max_features
        if isinstance(features, float):
            features = max(1, int(features * width))
        if features > width:
            raise refusal(
                ValueError, "max_features must be <= n_features.", f"max_features={width}"
            )
        if self.oob_score and not self.bootstrap:
            what = "Out of bag estimation only available if bootstrap=True."
            raise refusal(ValueError, what, "oob_score=False")
        if self.oob_score and self.warm_start:
            what = "Out of bag estimate only available if warm_start=False."
            raise refusal(ValueError, what, "oob_score=False")
        return rows, features

    def _mean(self, X, answer):
        """The mean of what the models answer for their features of X."""
        pairs = zip(self.estimators_, self.estimators_features_, strict=True)
        return sum(answer(model, X[:, columns]) for model, columns in pairs) / len(self.estimators_)

    def _out_of_bag(self, X, answer):
        """For each row the mean over the models that did not draw it; 0 and a warning if all did."""
        total, counts = 0.0, np.zeros(len(X))
        parts = zip(self.estimators_, self.estimators_features_, self._drawn_, strict=True)
        for model, columns, rows in parts:
            outside = np.ones(len(X))
            outside[rows] = 0
            total = total + (answer(model, X[:, columns]).T * outside).T
            counts += outside
        if not counts.all():
            text = "Some inputs do not have OOB scores. This probably means too few estimators were used to "
            warn(
                UserWarning, text + "compute any reliable oob estimates. Try: a larger n_estimators"
            )
        return (total.T / np.maximum(counts, 1)).T  # type: ignore[attr-defined]


def fit_member(estimator, X, y, part, draw, seed):
    """A model, fitted to random rows and features; and which they were."""
    rng = np.random.default_rng(seed)
    rows_again, features_again = draw["again"]
    columns = rng.choice(X.shape[1], draw["features"], replace=features_again)
    columns = columns if len(columns) < X.shape[1] or features_again else np.arange(X.shape[1])
    rows = rng.choice(len(X), draw["rows"], replace=rows_again, p=part)
    model = seeded(estimator, rng)
    if takes_weights(model):
        counts = np.bincount(rows, minlength=len(X)).astype(np.float64)
        return model.fit(X[:, columns], y, sample_weight=counts), rows, columns
    return model.fit(X[rows][:, columns], y[rows]), rows, columns


class BaggingClassifier(Bagging, Classifier):
    """P(class | x) = the mean of the probabilities of models, each fitted to rows drawn at random.

    A model without probabilities has one vote. `oob_decision_function_` has for each row the mean over the
    models that did not draw it.
    """

    default = DecisionTreeClassifier()

    n_classes_: int = learned("number of classes")
    oob_decision_function_: np.ndarray = learned(
        "P(class | row) by the models that did not draw it"
    )

    def _fit(self, X, y, weight):
        self.n_classes_ = len(self.classes_)
        super()._fit(X, y, weight)

    def _judge(self, X, y):
        self.oob_decision_function_ = self._out_of_bag(X, self._answer)
        self.oob_score_ = float(np.mean(self.oob_decision_function_.argmax(axis=1) == y))

    def _answer(self, model, X):
        """P(class | x) by one model, whose classes are numbers of ours; it may not have met all of them."""
        p = np.zeros((len(X), self.n_classes_))
        if hasattr(model, "predict_proba"):
            p[:, model.classes_] = model.predict_proba(X)
        else:
            p[np.arange(len(X)), model.predict(X)] = 1
        return p

    def _predict_proba(self, X):
        return self._mean(X, self._answer)

    def _predict(self, X):
        return self._predict_proba(X).argmax(axis=1)

    @where("_member.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The mean of the decision functions of the models, which must have met all classes."""
        return self._mean(self._check(X), lambda model, X: model.decision_function(X))


class BaggingRegressor(Bagging, Regressor):
    """ŷ = the mean of the predictions of models, each fitted to rows drawn at random.

    `oob_prediction_` has for each row the mean over the models that did not draw it.
    """

    default = DecisionTreeRegressor()

    oob_prediction_: np.ndarray = learned(
        "the prediction of each row by the models that did not draw it"
    )

    def _judge(self, X, y):
        self.oob_prediction_ = self._out_of_bag(X, self._answer)
        errors = (y - self.oob_prediction_)[:, None]
        self.oob_score_ = float(r_squared(y[:, None], errors, np.ones(len(y)))[0])

    def _answer(self, model, X):
        return np.asarray(model.predict(X))

    def _predict(self, X):
        return self._mean(X, self._answer)
