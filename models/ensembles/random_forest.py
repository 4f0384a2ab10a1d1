"""Random forests, and forests of trees with random cuts.

Source: L. Breiman, Random forests, Machine Learning 45 (2001); P. Geurts, D. Ernst, L. Wehenkel, Extremely
randomized trees, Machine Learning 63 (2006).
"""

from typing import Any

import numpy as np

from models.ensembles.forest import Forest
from models.foundation import choice, learned, mapping
from models.foundation.kinds import r_squared
from models.trees.settings import OfClasses, OfNumbers, mappings
from models.trees.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

BY_CHANCE = {
    "check_sample_weight_equivalence_on_dense_data": "which samples a tree draws depends on their order",
    "test_weights_are_repetitions": "which samples a tree draws depends on their order",
    "test_its_twin_gives_the_same_answers": "the twin draws other samples",
}


class ForestOfClasses(Forest, OfClasses):
    """P(y = k | x) = the mean of the fractions of class k in the leaves of x."""

    class_weight: Any = (
        choice(
            None, "balanced", "balanced_subsample",
            doc="weights of the classes, for several targets a list of them; the last: balanced in the "
            "samples that a tree has drawn",
        )
        | mapping()
        | mappings
    )  # fmt: skip

    oob_decision_function_: np.ndarray = learned(
        "P(class) of the samples out of bag, with `oob_score`"
    )

    def _predict_proba(self, X):
        mean = self._mean_value(X)
        return mean[:, 0] if self.n_outputs_ == 1 else self._by_target(mean)

    def _out_of_bag(self, mean, y):
        self.oob_decision_function_ = mean[:, 0] if len(y) == 1 else mean.transpose(0, 2, 1)
        return (y[0] if len(y) == 1 else y.T), self.oob_decision_function_.argmax(axis=1)

    def _oob_default(self, y, predicted):
        """The fraction of samples that are right in all targets."""
        return np.all((y == predicted).reshape(len(y), -1), axis=1).mean()


class ForestOfNumbers(Forest, OfNumbers):
    """y ≈ the mean of the values of the leaves of x."""

    oob_prediction_: np.ndarray = learned("prediction of each sample out of bag, with `oob_score`")

    def _predict(self, X):
        mean = self._mean_value(X)[:, :, 0]
        return mean[:, 0] if self.n_outputs_ == 1 else mean

    def _out_of_bag(self, mean, y):
        self.oob_prediction_ = mean[:, 0, 0] if len(y) == 1 else mean[:, :, 0]
        return (y[0] if len(y) == 1 else y.T), self.oob_prediction_

    def _oob_default(self, y, predicted):
        """R², the mean over the targets."""
        y, predicted = (each.reshape(len(y), -1) for each in (y, predicted))
        return np.mean(r_squared(y, y - predicted, np.ones(len(y))))


class RandomForestClassifier(ForestOfClasses):
    """A forest whose trees learn from samples drawn with replacement, and ask about √(features) features.

    The trees agree in what the data say, and differ by chance. In the mean of many, chance cancels.
    """

    n_estimators = 100
    does_not_apply = BY_CHANCE
    tree_kind = DecisionTreeClassifier
    random_cuts = False
    max_features = "sqrt"


class RandomForestRegressor(ForestOfNumbers):
    """A forest whose trees learn from samples drawn with replacement."""

    n_estimators = 100
    does_not_apply = BY_CHANCE
    tree_kind = DecisionTreeRegressor
    random_cuts = False
    max_features = 1.0


class ExtraTreesClassifier(ForestOfClasses):
    """A forest whose trees learn from all samples, and try a random cut for each of √(features) features."""

    n_estimators = 100
    tree_kind = ExtraTreeClassifier
    random_cuts = True
    max_features = "sqrt"
    bootstrap = False


class ExtraTreesRegressor(ForestOfNumbers):
    """A forest whose trees learn from all samples, and try a random cut for each feature."""

    n_estimators = 100
    tree_kind = ExtraTreeRegressor
    random_cuts = True
    max_features = 1.0
    bootstrap = False
