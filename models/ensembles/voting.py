"""Voting: models of any kind, each fitted to all rows, and the mean or the majority of what they say.

Source: L. Lam, C. Suen, Application of majority voting to pattern recognition (1997).
"""

from typing import Any, ClassVar

import numpy as np

from models.bayes.gaussian import GaussianNB
from models.ensembles.members import Named, is_dropped
from models.foundation import Classifier, Regressor, array, boolean, choice
from models.foundation.sklearn_bridge import kind_of
from models.foundation.transformer import Transformer
from models.generalized.logistic import LogisticRegression
from models.linear.least_squares import LinearRegression
from models.linear.ridge import Ridge
from tinygrad_edu.diagnostics.words import refusal


class Voting(Named, Transformer):
    """What the classifier and the regressor share."""

    does_not_apply: ClassVar = {
        "test_*": "passes data on to its members, for which these tests are"
    }

    weights: Any = array(None, doc="of the members; None: equal")
    verbose: bool = boolean(False, doc="accepted, and means nothing here")

    def _fit(self, X, y, weight):
        if self.weights is not None and len(self.weights) != len(self.estimators):
            what = "Number of `estimators` and weights must be equal; got "
            what += f"{len(self.weights)} weights, {len(self.estimators)} estimators."
            raise refusal(ValueError, what, "a weight for each estimator")
        for name, member in self._present():
            if kind_of(member) not in (self.kind, None):
                what = f"The estimator {type(member).__name__} should be a {self.kind}: member {name!r}."
                raise refusal(
                    ValueError,
                    what,
                    "VotingClassifier of classifiers, VotingRegressor of regressors",
                )
        self._fit_members(X, y, weight)

    def _shares(self):
        """The weights of the members that are present; their sum is 1."""
        present = [not is_dropped(member) for member in self.named_estimators_.values()]
        weights = np.ones(len(present)) if self.weights is None else np.asarray(self.weights, float)
        return weights[present] / weights[present].sum()

    def _names_out(self, names):
        return [f"{type(self).__name__.lower()}_{name}" for name in self._names_present()]

    def _says(self, X):
        """What each member predicts: (samples, members)."""
        return np.stack([np.asarray(member.predict(X)) for member in self.estimators_], axis=1)


class VotingClassifier(Voting, Classifier):
    """argmax_k of the votes: one for what each member predicts ("hard"), or its probabilities ("soft").

    `transform` gives what the members say: numbers of classes (samples, members), or probabilities.
    """

    voting: str = choice("hard", "soft", doc="whether to count predictions or probabilities")
    flatten_transform: bool = boolean(
        True,
        doc="probabilities as (samples, members · classes); otherwise (members, samples, classes)",
    )

    def _predict(self, X):
        if self.voting == "soft":
            return self._probabilities(X).argmax(axis=1)
        votes = self._says(X)[:, :, None] == np.arange(len(self.classes_))
        return np.argmax(self._shares() @ votes, axis=1)

    def _probabilities(self, X):
        return np.tensordot(self._shares(), self._of_members(X), axes=1)

    def _of_members(self, X):
        return np.stack([member.predict_proba(X) for member in self.estimators_])

    @property
    def _predict_proba(self):
        if self.voting == "hard":
            raise AttributeError("votes are no probabilities")
        return self._probabilities

    @classmethod
    def examples(cls, rng):
        for voting in ("hard", "soft"):
            X = rng.normal(size=(60, 4))
            members = [("nb", GaussianNB()), ("line", LogisticRegression())]
            yield cls(members, voting=voting), X, np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])

    def _transform(self, X):
        if self.voting == "hard":
            return self._says(X)
        p = self._of_members(X)
        return np.concatenate([*p], axis=1) if self.flatten_transform else p

    def _names_out(self, names):
        if self.voting == "hard":
            return super()._names_out(names)
        if not self.flatten_transform:
            what = "get_feature_names_out is not supported when `voting='soft'` and "
            what += "`flatten_transform=False`."
            raise refusal(ValueError, what, "flatten_transform=True")
        classes = range(len(self.classes_))
        return [f"votingclassifier_{name}{k}" for name in self._names_present() for k in classes]


class VotingRegressor(Voting, Regressor):
    """ŷ = the mean of what the members predict, by their weights. `transform` gives what each predicts."""

    def _predict(self, X):
        return self._says(X) @ self._shares()

    def _transform(self, X):
        return self._says(X)

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        yield (
            cls([("line", LinearRegression()), ("ridge", Ridge())], weights=[1, 2]),
            X,
            X[:, 0] ** 2 + X[:, 1],
        )
