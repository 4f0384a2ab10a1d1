"""Decision trees: CART, exact and greedy.

Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, Classification and Regression Trees (1984);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 9.2.
"""

from collections.abc import Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from models.foundation import (
    Estimator,
    Regressor,
    array,
    choice,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    seed,
)
from models.foundation.fields import Parameter
from models.trees.criteria import Entropy, Gini, Poisson, SquaredError
from models.trees.growing import Limits, grow
from models.trees.pruning import cost_complexity, pruned
from models.trees.structure import Tree
from models.trees.table import Columns, Ranks
from models.trees.targets import SeveralTargets
from tinygrad_edu.diagnostics.words import refusal


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


class DecisionTree(Estimator):
    """Each node is split by the question  x[feature] ≤ threshold  with the largest gain,

        gain = w I - w_left I_left - w_right I_right     over every feature and every cut,

    where I is the impurity of a node and w its weight, until the node is pure or one of the limits is met.
    A cut is midway between two neighboring values. Values are compared in float32, as in scikit-learn (unless
    they exceed its range), and differences below 1e-7 are ignored.

    Ties: among equally good questions the first feature wins, and among its cuts the lowest. Gains that
    differ by less than 1e-10 of the impurity are equal. (scikit-learn takes the first of a random order.)

    Missing values (NaN) go to the side where they bring the larger gain. In a node that had none in fit, they
    go where the most samples went.
    """

    allow_nan = True
    several_targets = True

    n_classes_: Any  # of a classifier

    splitter: str = choice(
        "best", "random", doc="tries every cut, or for each feature one random cut (extra-trees)"
    )
    max_depth: int | None = integer(
        None, at_least=1, doc="largest number of levels; None for no limit"
    )
    min_samples_split: float = integer(
        2, at_least=2, doc="a node with fewer samples, or less than this fraction, is a leaf"
    ) | number(above=0, below=1)
    min_samples_leaf: float = integer(
        1,
        at_least=1,
        doc="smallest number, or fraction, of samples in a leaf, regardless of weights",
    ) | number(above=0, below=1)
    min_weight_fraction_leaf: float = number(
        0.0, at_least=0, at_most=0.5, doc="smallest fraction of the weight in a leaf"
    )
    max_features: Any = (
        choice(
            None, "sqrt", "log2", doc="features searched per node (number, fraction), drawn anew for each"
        )
        | integer(at_least=1)
        | number(above=0, at_most=1)
    )  # fmt: skip
    random_state: Any = seed()
    max_leaf_nodes: int | None = integer(
        None, at_least=2, doc="number of leaves at which growing stops, which then goes best first"
    )
    min_impurity_decrease: float = nonnegative(
        0.0, doc="smallest gain of a question, as a fraction of the whole weight"
    )
    ccp_alpha: float = nonnegative(0.0, doc="cost of a leaf in cost-complexity pruning")
    monotonic_cst: Any = array(
        None, doc="(features,): 1 if the prediction may not fall in the feature, -1 rise, 0 free"
    )

    tree_: Tree = learned("the nodes, as arrays")
    feature_importances_: np.ndarray = learned(
        "(features,): the fraction of the decrease in impurity due to each feature"
    )
    max_features_: int = learned("number of features searched per node")
    n_outputs_: int = learned("number of targets")

    def _grow(self, criterion, X, y, weight):
        """y: (outputs, samples)"""
        self._grow_from(self._table(X), criterion, y, weight)

    def _table(self, X):
        return Columns(X) if self.splitter == "random" else Ranks(X)

    def _grow_from(self, table, criterion, y, weight):
        limits = self._limits(table, weight, y)
        rng = np.random.default_rng(self.random_state)
        self.n_outputs_, self.max_features_ = len(y), limits.max_features
        tree = grow(table, criterion, y, weight, limits, rng)
        self.tree_ = pruned(tree, self.ccp_alpha) if self.ccp_alpha else tree
        self.feature_importances_ = self.tree_.compute_feature_importances()

    def _limits(self, table, weight, y):
        features, samples = table.codes.shape
        leaf = _number(self.min_samples_leaf, samples)
        return Limits(
            max_features=_number_of_features(self.max_features, features),
            max_depth=self.max_depth,
            min_samples_split=max(2, _number(self.min_samples_split, samples)),
            min_samples_leaf=leaf,
            min_weight_leaf=self.min_weight_fraction_leaf * weight.sum(),
            max_leaf_nodes=self.max_leaf_nodes,
            min_impurity_decrease=self.min_impurity_decrease,
            random_cuts=self.splitter == "random",
            monotonic=self._monotonic(features, len(y)),
        )

    def _monotonic(self, features, outputs):
        if self.monotonic_cst is None:
            return None
        signs = np.asarray(self.monotonic_cst)
        if signs.shape != (features,) or not np.isin(signs, (-1, 0, 1)).all():
            what = f"monotonic_cst must be {features} numbers -1, 0 or 1, one per feature."
            raise refusal(ValueError, f"{what} Got {self.monotonic_cst!r}.", f"[0] * {features}")
        if outputs > 1 or (self.kind == "classifier" and self.n_classes_ > 2):
            what = "Monotonicity constraints are not supported with multiple outputs or classes."
            raise refusal(ValueError, what, "monotonic_cst=None")
        return signs.astype(np.int8)

    def apply(self, X):
        """The number of the leaf in which each row of X ends."""
        return self.tree_.apply(self._check(X))

    def decision_path(self, X):
        """(samples, nodes), sparse (SciPy's): 1 for each node on the way of a row of X."""
        X = self._check(X)
        return self.tree_.decision_path(X)

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


def _number(given, samples):
    """A number of samples, given as such or as a fraction."""
    return int(given) if isinstance(given, (int, np.integer)) else int(np.ceil(given * samples))


def _number_of_features(given, features):
    if given is None:
        return features
    if given in ("sqrt", "log2"):
        return max(1, int(getattr(np, given)(features)))
    if isinstance(given, (int, np.integer)):
        return min(int(given), features)
    return max(1, int(given * features))


def _are_mappings(value):
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


mappings = Parameter(None, _are_mappings, "a list of dicts, one per target")


class DecisionTreeClassifier(DecisionTree, SeveralTargets):
    """P(y = k | x) = the fraction of class k among the training samples in the leaf of x."""

    criterion: str = choice(
        "gini", "entropy", "log_loss",
        doc="impurity I: 1 - Σ p_k², or -Σ p_k log₂ p_k (both other names)",
    )  # fmt: skip
    class_weight: Any = (
        choice(None, "balanced", doc="weights of the classes, for several targets a list of them")
        | mapping()
        | mappings
    )

    classes_: Any = learned("the classes in ascending order, for several targets a list of arrays")
    n_classes_: Any = learned("number of classes, for several targets a list")

    def _fit(self, X, y, weight):
        n_classes = np.atleast_1d(self.n_classes_)
        criterion = Gini(n_classes) if self.criterion == "gini" else Entropy(n_classes)
        self._grow(criterion, X, y, weight)

    def _predict_proba(self, X):
        return self._by_target(self.tree_.predict(X))


class DecisionTreeRegressor(DecisionTree, Regressor):
    """y ≈ the mean of y over the training samples in the leaf of x."""

    criterion: str = choice(
        "squared_error", "friedman_mse", "poisson",
        doc="impurity I: the variance of y (both first names, which choose the same), or the mean Poisson "
        "deviance, for y ≥ 0",
    )  # fmt: skip

    def _fit(self, X, y, weight):
        y = y.reshape(len(y), -1).T
        if self.criterion == "poisson":
            _require_counts(y)
        kind = Poisson if self.criterion == "poisson" else SquaredError
        self._grow(kind(len(y)), X, y, weight)

    def _predict(self, X):
        return self.tree_.predict(X)[..., 0]


def _require_counts(y):
    if (y < 0).any():
        what = "Some value(s) of y are negative which is not allowed for Poisson regression."
        raise refusal(ValueError, what, "criterion='squared_error'")
    if y.sum() <= 0:
        what = "Sum of y is not positive which is necessary for Poisson regression."
        raise refusal(ValueError, what, "criterion='squared_error'")


class ExtraTreeClassifier(DecisionTreeClassifier):
    """A DecisionTreeClassifier that tries one random cut for each of √(features) random features.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """

    splitter = "random"
    max_features = "sqrt"


class ExtraTreeRegressor(DecisionTreeRegressor):
    """A DecisionTreeRegressor that tries one random cut for each feature.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """

    splitter = "random"
    max_features = 1.0
