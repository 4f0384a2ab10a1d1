"""Isolation forest: what is unlike the rest is cut off by few random questions.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation forest, ICDM (2008).
"""

from typing import Any

import numpy as np

from models.ensembles.forest import TOGETHER, leaves_of, samples_of, seeded_groups
from models.ensembles.members import Draws, DrawsRows
from models.foundation import (
    OutlierDetector,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    number,
    seed,
    warn,
)
from models.foundation.parallel import each
from models.trees.criteria import SquaredError
from models.trees.growing import Limits, grow
from models.trees.settings import number_of_features
from models.trees.table import Columns
from models.trees.tree import ExtraTreeRegressor


class IsolationForest(DrawsRows, OutlierDetector):
    """Trees of random cuts: the fewer questions isolate a row, the more it is an outlier.

    With h(x) the mean number of questions that isolate x, the score is

        -2^(-h(x) / c(m)),    c(m) = 2 (log(m - 1) + 0.5772) - 2 (m - 1) / m,

    between -1 for outliers and 0. c(m) is the mean number of steps in a random search tree of the m samples
    that each tree draws. A leaf with n samples, where the depth ends the tree, counts as c(n) more questions.
    """

    allow_nan = True
    does_not_apply = {
        "check_sample_weight_equivalence_on_dense_data": "which samples a tree draws depends on their order",
        "test_weights_are_repetitions": "which samples a tree draws depends on their order",
        "test_its_twin_gives_the_same_answers": "the twin draws other samples and cuts",
    }

    n_estimators: int = integer(100, at_least=1, doc="number of trees")
    max_samples: Any = (
        choice("auto", doc="number, or fraction, of samples that a tree draws; 'auto' for 256")
        | integer(at_least=1)
        | number(above=0, at_most=1)
    )
    contamination: Any = choice(
        "auto", doc="fraction of outliers, which sets `offset_`; 'auto' for an offset of -0.5"
    ) | number(above=0, at_most=0.5)
    max_features: Any = number(
        1.0, above=0, at_most=1, doc="fraction, or number, of the features that a tree draws"
    ) | integer(at_least=1)
    bootstrap: bool = boolean(False, doc="draw samples with replacement")
    n_jobs: int | None = integer(
        None, doc="number of processes (needs joblib); None for one, -1 for all processors"
    )
    random_state: Any = seed()
    verbose: int = nonnegative(0, doc="accepted for scikit-learn's sake: nothing is printed")
    warm_start: bool = boolean(False, doc="keep the trees of the last fit, and add what is missing")

    estimators_: list = learned("the trees")
    estimators_features_: list = learned("the features that each tree has drawn")
    max_samples_: int = learned("number m of samples that each tree has drawn")

    def _fit(self, X, weight):
        samples, features = X.shape
        self.max_samples_ = self._drawn(samples)
        n_features = number_of_features(self.max_features, features)
        trees = vars(self).get("estimators_", [])[: self.n_estimators]
        number = self.n_estimators - len(trees)
        # Without a choice of features, many trees are grown together.
        batch = max(1, TOGETHER // self.max_samples_) if n_features == features else 1
        chance = None if (weight == 1).all() else weight / weight.sum()
        draws = [
            Draws(seed, several, samples, self.max_samples_, self.bootstrap, chance)
            for seed, several in seeded_groups(self.random_state, len(trees), number, batch)
        ]
        items = [(self, X, n_features, some) for some in draws]
        grown = [pair for group in each(_isolate, items, self.n_jobs) for pair in group]
        self.estimators_ = trees + [self._as_estimator(tree) for tree, _ in grown]
        before = vars(self).get("estimators_features_", [])[: len(trees)]
        self.estimators_features_ = before + [chosen for _, chosen in grown]
        self._draws_ = vars(self).get("_draws_", []) + [(some, self._rows_) for some in draws]
        self.offset_ = -0.5

    @property
    def estimators_samples_(self):
        """For each tree the samples that it has drawn, as numbers of rows of X; they are drawn again here."""
        self._require_fit()
        return samples_of(self._draws_)[: len(self.estimators_)]

    def _drawn(self, samples):
        if self.max_samples == "auto":
            return min(256, samples)
        if not isinstance(self.max_samples, (int, np.integer)):
            return max(1, int(self.max_samples * samples))
        if self.max_samples > samples:
            warn(
                UserWarning,
                f"max_samples ({self.max_samples}) is greater than the total number of samples "
                f"({samples}). max_samples will be set to n_samples for estimation. Try: a smaller number",
            )
        return min(int(self.max_samples), samples)

    def _as_estimator(self, tree):
        model = ExtraTreeRegressor(max_features=1, max_depth=_depth(self.max_samples_))
        model.n_features_in_ = tree.n_features
        model._adopt(tree, 1)
        return model

    def _score_samples(self, X):
        questions: Any = 0.0
        for tree, leaves, _ in leaves_of(self.estimators_, X):
            steps = tree.depth + average_path(tree.n_node_samples)
            questions = questions + steps[leaves].sum(axis=1)
        expected = len(self.estimators_) * average_path(np.array([self.max_samples_]))[0]
        return -(2.0 ** -(questions / expected if expected else np.ones(len(X))))


def _isolate(forest, X, n_features, draws):
    """Some trees, grown together, and the features that each of them has drawn."""
    rng = np.random.default_rng(draws.seed)
    samples, features = X.shape
    weights = [np.bincount(drawn, minlength=samples) for drawn in draws.by(rng)]
    chosen = np.arange(features)
    if n_features < features:
        chosen = rng.choice(features, n_features, replace=False)
        X = X[:, chosen]
    y = rng.random((1, samples))  # all different, so that every sample is cut off
    limits = Limits(max_features=1, max_depth=_depth(forest.max_samples_), random_cuts=True)
    trees = grow(Columns(X), SquaredError(1), y, weights, limits, rng)
    for tree in trees:
        tree.n_features = features
        tree.feature = np.where(tree.feature < 0, tree.feature, chosen[np.maximum(tree.feature, 0)])
    return [(tree, chosen) for tree in trees]


def _depth(samples):
    """The depth of a balanced tree."""
    return int(np.ceil(np.log2(max(samples, 2))))


def average_path(n):
    """c(n): the mean number of steps to the end of a random search tree of n samples."""
    n = np.asarray(n, dtype=np.float64)
    large = np.maximum(n, 3)
    c = 2 * (np.log(large - 1) + np.euler_gamma) - 2 * (large - 1) / large
    return np.where(n > 2, c, np.where(n == 2, 1.0, 0.0))
