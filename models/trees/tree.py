"""Decision trees: CART, exact and greedy.

Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, Classification and Regression Trees (1984);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 9.2.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from models.foundation import choice, learned
from models.foundation.randomness import generator
from models.trees.growing import grow
from models.trees.pruning import cost_complexity, pruned
from models.trees.settings import Growing, OfClasses, OfNumbers
from models.trees.structure import Tree


def naive_question(X: list[list[float]], y: list[int]) -> tuple[int, float]:
    """(feature, threshold) of the best question of one node: all cuts, one by one. Read this first."""

    def gini(labels):  # times the number of labels
        return len(labels) - sum(labels.count(k) ** 2 for k in set(labels)) / max(len(labels), 1)

    best = (np.inf, 0, 0.0)
    for feature in range(len(X[0])):
        values = sorted({x[feature] for x in X})
        for low, high in pairwise(values):
            sides: dict[bool, list[int]] = {True: [], False: []}
            for x, label in zip(X, y, strict=True):
                sides[x[feature] <= low].append(label)
            best = min(best, (gini(sides[True]) + gini(sides[False]), feature, (low + high) / 2))
    return best[1], best[2]


class DecisionTree(Growing):
    """Each node is split by the question  x[feature] ≤ threshold  with the largest gain,

        gain = w I - w_left I_left - w_right I_right     over every feature and every cut,

    where I is the impurity of a node and w its weight, until the node is pure or one of the limits is met.
    A cut is midway between two neighboring values. Values are compared in float32, as in scikit-learn (unless
    they exceed its range), and differences below 1e-7 are ignored.

    Ties: among equally good questions the first feature wins, and among its cuts the lowest; with random
    cuts, and in forests, a random feature. Gains that differ by less than 1e-10 of the impurity are equal.
    (scikit-learn takes the first of a random order.)

    Missing values (NaN) go to the side where they bring the larger gain. In a node that had none in fit, they
    go where the most samples went.

    In a column of `categorical_features` the question is  x[feature] ∈ set, with the set of the largest gain
    (see `trees.categories`, also for when it may be missed). The categories may be numbers or words. One that
    a node has not met in fit goes where missing values go.
    """

    splitter: str = choice(
        "best", "random", doc="tries every cut, or for each feature one random cut (extra-trees)"
    )

    tree_: Tree = learned("the nodes, as arrays")
    feature_importances_: np.ndarray = learned(
        "(features,): the fraction of the decrease in impurity due to each feature"
    )
    max_features_: int = learned("number of features searched per node")
    n_outputs_: int = learned("number of targets")

    @property
    def random_cuts(self):
        return self.splitter == "random"

    def _fit(self, X, y, weight):
        y = y.reshape(len(X), -1).T
        self._grow_from(self._table(X), self._criterion(y), y, weight)

    def _grow_from(self, table, criterion, y, weight):
        """Grows `tree_` from a table that several trees may share. y: (outputs, samples)."""
        limits = self._limits(table, weight.sum(), y)
        rng = generator(self.random_state)
        (tree,) = grow(table, criterion, y, [weight], limits, rng)
        self._adopt(pruned(tree, self.ccp_alpha) if self.ccp_alpha else tree, limits.max_features)

    def _adopt(self, tree, max_features):
        """Takes over a tree that is grown and pruned."""
        self.n_outputs_, self.max_features_ = tree.n_outputs, max_features
        self.tree_, self.feature_importances_ = tree, tree.compute_feature_importances()

    def apply(self, X):
        """The number of the leaf in which each row of X ends."""
        return self.tree_.apply(self._check(X))

    def decision_path(self, X):
        """(samples, nodes), sparse (SciPy's): 1 for each node on the way of a row of X."""
        X = self._check(X)
        return self.tree_.decision_path(X)

    def left_categories(self, node):
        """The categories that go left at a node, in ascending order; None if it asks about a number."""
        numbers = self.tree_.left_categories(node)
        if numbers is None:
            return None
        known = self._categories_.known[self.tree_.feature[node]]
        return known[numbers[numbers < len(known)]]

    def get_depth(self):
        """How many questions the longest way down asks."""
        return self.tree_.max_depth

    def get_n_leaves(self):
        """How many leaves there are."""
        return self.tree_.n_leaves

    def cost_complexity_pruning_path(self, X, y, sample_weight=None):
        """ccp_alphas at which pruning cuts a branch, and the impurities of the trees that are left."""
        whole = self._copy(with_learned=False).set_params(ccp_alpha=0.0)
        steps = cost_complexity(whole.fit(X, y, sample_weight).tree_)
        alphas, impurities = zip(*((alpha, impurity) for alpha, impurity, _ in steps), strict=True)
        return SimpleNamespace(ccp_alphas=np.array(alphas), impurities=np.array(impurities))


class DecisionTreeClassifier(OfClasses, DecisionTree):
    """P(y = k | x) = the fraction of class k among the training samples in the leaf of x."""

    def _predict_proba(self, X):
        return self._by_target(self.tree_.predict(X))


class DecisionTreeRegressor(OfNumbers, DecisionTree):
    """y ≈ the mean of y over the training samples in the leaf of x."""

    def _predict(self, X):
        return self.tree_.predict(X)[..., 0]


class ExtraTreeClassifier(DecisionTreeClassifier):
    """A DecisionTreeClassifier that tries one random cut for each of √(features) random features.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """

    criterion = "gini"
    splitter = "random"
    max_features = "sqrt"


class ExtraTreeRegressor(DecisionTreeRegressor):
    """A DecisionTreeRegressor that tries one random cut for each feature.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """

    criterion = "squared_error"
    splitter = "random"
    max_features = 1.0
