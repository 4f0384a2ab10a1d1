"""Stacking: a last model that learns from what others predict of rows that they have not seen.

Source: D. Wolpert, Stacked generalization (1992); L. Breiman, Stacked regressions (1996).
"""

from typing import Any, ClassVar

import numpy as np

from models.bayes.gaussian import GaussianNB
from models.ensembles.members import Named, members
from models.foundation import (
    Classifier,
    Regressor,
    boolean,
    choice,
    integer,
    learned,
    part,
    where,
)
from models.foundation.meta import fit_clone
from models.foundation.transformer import Transformer
from models.generalized.logistic import LogisticRegression
from models.linear.least_squares import LinearRegression
from models.linear.ridge import Ridge
from models.linear.ridge_cv import RidgeCV
from models.selection.search import cv_parameter
from models.selection.validation import cross_val_predict
from tinygrad_edu.diagnostics.words import refusal

METHODS = ("predict_proba", "decision_function", "predict")


class Stacking(Named, Transformer):
    """What the classifier and the regressor share.

    The last model is fitted to what the members predict of each row when it was not among their training
    rows (cross-validation); then the members are fitted to all rows.
    """

    does_not_apply: ClassVar = {
        "test_*": "passes data on to its members, for which these tests are"
    }
    all_by_position = True
    keeps_zero_weights = True  # splits count all rows

    estimators: Any = members("the models, with names")
    final_estimator: Any = choice(None, doc="the last model") | part(needs="fit predict")
    cv: Any = cv_parameter() | choice("prefit", doc="fitted members: none is fitted again")
    passthrough: bool = boolean(False, doc="gives the last model X as well")
    verbose: int = integer(0, at_least=0, doc="accepted, and means nothing here") | boolean(False)

    final_estimator_: Any = learned("the fitted last model")
    stack_method_: list[str] = learned("what each member is asked for")
    _widths_: list[int] = learned("how many columns each member gives")

    default: ClassVar[Any]

    def _fit(self, X, y, weight):
        present = self._present()
        if self.cv == "prefit":
            self._take_members([member for _, member in present])
        else:
            self._fit_members(X, y, weight)
        self.stack_method_ = [self._method(name, model) for name, model in present]
        params = None if np.all(weight == 1) else {"sample_weight": weight}
        found = []
        for (_, member), fitted, method in zip(
            present, self.estimators_, self.stack_method_, strict=True
        ):
            if self.cv == "prefit":
                found.append(getattr(fitted, method)(X))
                continue
            how = {"cv": self.cv, "n_jobs": self.n_jobs, "params": params, "method": method}
            found.append(cross_val_predict(member, X, y, **how))
        self.final_estimator_ = fit_clone(self._last, self._joined(found, X), y, weight)

    def _method(self, name, model):
        """What a member is asked for: of a regressor, predictions."""
        chosen = getattr(self, "stack_method", "predict")
        asked = METHODS if chosen == "auto" else (chosen,)
        for method in asked:
            if hasattr(model, method):
                return method
        what = f"Underlying estimator {name} does not implement the method {chosen}."
        raise refusal(ValueError, what, "stack_method='auto'")

    def _joined(self, found, X):
        """The columns of all members; of two classes, only the probability of the second."""
        columns = []
        for values, method in zip(found, self.stack_method_, strict=True):
            values = np.asarray(values).reshape(len(values), -1)
            two = method == "predict_proba" and values.shape[1] == 2
            columns.append(values[:, 1:] if two else values)
        self._widths_ = [values.shape[1] for values in columns]
        return np.hstack([*columns, np.asarray(X)] if self.passthrough else columns)

    def _transform(self, X):
        pairs = zip(self.estimators_, self.stack_method_, strict=True)
        return self._joined([getattr(model, method)(X) for model, method in pairs], X)

    def _names_out(self, names):
        found = []
        for name, width in zip(self._names_present(), self._widths_, strict=True):
            stem = f"{type(self).__name__.lower()}_{name}"
            found += [stem] if width == 1 else [f"{stem}{i}" for i in range(width)]
        return [*found, *names] if self.passthrough else found

    def _predict(self, X):
        return np.asarray(self.final_estimator_.predict(self._transform(X)))

    @property
    def _last(self):
        """The last model, fitted or not."""
        chosen = self.default if self.final_estimator is None else self.final_estimator
        return vars(self).get("final_estimator_", chosen)


class StackingClassifier(Stacking, Classifier):
    """The class that a last classifier predicts from what the members predict: by default, of probabilities.

    The members and the last model learn the numbers of the classes, 0 to K - 1, in the order of `classes_`.
    """

    default = LogisticRegression()

    estimators: Any = members("the models, with names")
    final_estimator = None
    stack_method: str = choice(
        "auto", *METHODS, doc="what to ask the members for; 'auto': the first they have"
    )

    @where("_last.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | x) by the last model."""
        return self.final_estimator_.predict_proba(self._transform(self._check(X)))

    @where("_last.predict_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log P(class | x) by the last model."""
        return self.final_estimator_.predict_log_proba(self._transform(self._check(X)))

    @where("_last.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The scores of the classes by the last model."""
        return self.final_estimator_.decision_function(self._transform(self._check(X)))

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        pairs = [("bayes", GaussianNB()), ("line", LogisticRegression())]
        yield cls(pairs), X, np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])


class StackingRegressor(Stacking, Regressor):
    """What a last regressor predicts from what the members predict."""

    default = RidgeCV()

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        yield cls([("line", LinearRegression()), ("ridge", Ridge(10.0))]), X, X[:, 0] ** 2 + X[:, 1]
