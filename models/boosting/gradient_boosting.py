"""Gradient boosting: trees that predict what the scores lack, one after the other.

Source: J. Friedman, Greedy function approximation: a gradient boosting machine (2001), and Stochastic
gradient boosting (2002); T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd
edition (ESL), section 10.10.
"""

import copy
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.boosting.booster import Booster
from models.boosting.classifier import BoostingClassifier
from models.boosting.derivatives import gradient_and_curvature
from models.boosting.losses import LOSSES, huber_loss, quantile_loss
from models.boosting.steps import downhill, line_search, scores_of, started
from models.foundation import (
    Regressor,
    boolean,
    choice,
    fit_clone,
    function,
    integer,
    learned,
    nonnegative,
    number,
    part,
    seed,
)
from models.trees.criteria import SquaredError
from models.trees.table import Ranks
from models.trees.tree import DecisionTreeRegressor
from tinygrad_edu.diagnostics.words import refusal

LEAF = -1


def of_trees(name: str) -> Any:
    """A parameter that all trees get."""
    return copy.copy(DecisionTreeRegressor._parameters[name])


NO_CURVATURE = 1e-150  # of a leaf, which then stays as it is
OF_TREES = (
    "max_depth", "min_samples_split", "min_samples_leaf", "min_weight_fraction_leaf", "max_features",
    "max_leaf_nodes", "min_impurity_decrease", "ccp_alpha",
)  # fmt: skip


def naive_boosting(x: list[float], y: list[float], rounds: int, rate: float = 0.1) -> list[float]:
    """The scores of the squared error after some rounds of trees with one cut. Read this first."""
    mean = sum(y) / len(y)
    f = [mean] * len(y)
    for _ in range(rounds):
        best: Any = (np.inf,)
        for cut in sorted(set(x))[:-1]:
            step = {}
            for side in (True, False):
                errors = [
                    yi - fi for xi, yi, fi in zip(x, y, f, strict=True) if (xi <= cut) == side
                ]
                step[side] = sum(errors) / len(errors)
            loss = sum((yi - fi - step[xi <= cut]) ** 2 for xi, yi, fi in zip(x, y, f, strict=True))
            best = min(best, (loss, cut, step), key=lambda found: found[0])
        _, cut, step = best
        f = [fi + rate * step[xi <= cut] for xi, fi in zip(x, f, strict=True)]
    return f


class GradientBoosting(Booster):
    """What the regressor and the classifier share."""

    learning_rate: float = nonnegative(0.1, doc="ν, by which the values of trees are multiplied")
    n_estimators: int = integer(100, at_least=1, doc="trees; of several classes, as many for each")
    subsample: float = number(
        1.0, above=0, at_most=1, doc="part of the rows, drawn for each iteration"
    )
    criterion: str = choice(
        "deprecated",
        "squared_error",
        "friedman_mse",
        doc="of the trees; all choose the same questions",
    )
    min_samples_split: Any = of_trees("min_samples_split")
    min_samples_leaf: Any = of_trees("min_samples_leaf")
    min_weight_fraction_leaf: float = of_trees("min_weight_fraction_leaf")
    max_depth: int | None = integer(3, at_least=1, optional=True, doc="largest number of levels")
    min_impurity_decrease: float = of_trees("min_impurity_decrease")
    init: Any = choice(None, "zero", doc="what to start from; None: the best constant") | part()
    random_state: Any = seed()
    max_features: Any = of_trees("max_features")
    verbose: int = integer(0, at_least=0, doc="1 prints a line for each iteration") | boolean(False)
    max_leaf_nodes: int | None = of_trees("max_leaf_nodes")
    warm_start: bool = boolean(False, doc="keep the trees of the last fit, and add more")
    validation_fraction: float = number(
        0.1, above=0, below=1, doc="rows held out, to know when to stop"
    )
    n_iter_no_change: int | None = integer(
        None, at_least=1, doc="iterations without a lower loss that end it"
    )
    tol: float = nonnegative(1e-4, doc="what counts as lower")
    ccp_alpha: float = of_trees("ccp_alpha")

    estimators_: np.ndarray = learned("(iterations, trees of each): DecisionTreeRegressor")
    n_estimators_: int = learned("number of iterations")
    init_: Any = learned("the constant scores, or the fitted init")
    train_score_: np.ndarray = learned("the loss of the training rows after each iteration")
    oob_improvement_: np.ndarray = learned(
        "by how much the loss of the rows left out fell, with subsample < 1"
    )
    oob_scores_: np.ndarray = learned("the loss of the rows left out, with subsample < 1")
    oob_score_: float = learned("the last of them")
    feature_importances_: np.ndarray = learned("(features,): the mean over the trees")
    max_features_: int = learned("number of features searched per node")

    _loss: ClassVar[Any]  # a Loss or a function of the user, by the parameter
    _encoded: ClassVar[Any]  # y as losses take it
    _from_init: ClassVar[Any]  # the scores that the predictions of init mean

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(n_estimators=10), X, y

    # ---- fit -------------------------------------------------------------------------------------

    def _fit(self, X, y, weight):
        more = "_trees_" in vars(self)  # a warm start
        if more and self.n_estimators < self.n_estimators_:
            what = (
                f"n_estimators={self.n_estimators} must be larger or equal to estimators_.shape[0]="
            )
            what += f"{self.n_estimators_} when warm_start==True."
            raise refusal(ValueError, what, f"n_estimators={self.n_estimators_ + 100}")
        labels, y = y, self._encoded(y)
        weights = None if np.all(weight == 1) else weight
        train: Any = slice(None)
        held: Any = None
        if not more:
            self._draw_seeds()
        if self.n_iter_no_change is not None:
            train, held = self._train_and_held(labels)
            outside = X[held], y[held], weight[held]
        X, y, weight, labels = X[train], y[train], weight[train], labels[train]
        weights = None if weights is None else weights[train]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if not more:
                self._start(X, y, weights, labels)
            f = self._scores(X)
            rows = Rows(X, y, weight, f, Ranks(X))
            lowest = np.full(self.n_iter_no_change or 1, np.inf)
            f_held: Any = None if held is None else self._scores(outside[0])
            while len(self._trees_) < self.n_estimators:
                i = len(self._trees_)
                self._add_trees(rows)
                if held is None:
                    continue
                self._add(self._trees_[-1], outside[0], f_held)
                loss = self._factor * self._loss_.mean(f_held, *outside[1:])
                if not (loss + self.tol < lowest).any():
                    break
                lowest[i % len(lowest)] = loss
        self._describe()

    def _start(self, X, y, weight, labels):
        self._trees_ = []
        self.train_score_ = np.zeros(0)
        self.n_estimators_ = 0
        if self.subsample < 1:
            self.oob_improvement_, self.oob_scores_ = np.zeros(0), np.zeros(0)
        name = type(self).__name__
        self._loss_, constant = started(self._loss(), y, weight, name)
        self.n_trees_per_iteration_ = np.size(constant)
        if self.init is None:
            self.init_ = constant
        elif isinstance(self.init, str):
            self.init_ = np.zeros_like(constant)
        else:
            self.init_ = fit_clone(self.init, X, labels, weight)

    def _add_trees(self, rows):
        """One tree, or one for each class. rows.f moves on."""
        X, y, weight, f, table = rows.X, rows.y, rows.weight, rows.f, rows.table
        inside = np.ones(len(X), dtype=bool)
        if self.subsample < 1:
            number = max(1, int(self.subsample * len(X)))
            inside[self._rng_.permutation(len(X))[number:]] = False
            outside = f[~inside], y[~inside], weight[~inside]
            before = self._factor * self._loss_.mean(*outside)
        if self._loss_.adapt is not None:
            self._loss_ = self._loss_.adapt(f, y, weight)
        chosen = np.flatnonzero(inside)
        table = table if inside.all() else of_rows(table, chosen)
        g, h = gradient_and_curvature(self._loss_, f, y)
        start = f.copy()
        trees = []
        for k in range(self.n_trees_per_iteration_):
            at = scores_of(f, k)
            tree = DecisionTreeRegressor(**{name: getattr(self, name) for name in OF_TREES})
            tree.set_params(random_state=int(self._rng_.integers(2**31)))
            tree.n_features_in_ = X.shape[1]
            tree._grow_from(table, SquaredError(1), -g[at][None, chosen], weight[chosen])
            leaf = tree.tree_.apply(X)
            if not self._loss_.constant_curvature:
                self._set_leaves(tree.tree_, leaf, chosen, g[at], h[at], start, y, weight, at)
            f[at] += self.learning_rate * tree.tree_.value[leaf, 0, 0]
            trees.append(tree)
        self._trees_ = [*self._trees_, trees]
        self.n_estimators_ += 1
        self._note_losses(f, y, weight, inside, before if self.subsample < 1 else None)

    def _set_leaves(self, tree, leaf, chosen, g, h, f, y, weight, at):
        """Replaces the mean gradients in the leaves: by a step of Newton's method, or by the least loss."""
        if self._loss_.newton:
            G, H = (
                np.bincount(leaf[chosen], (weight * d)[chosen], tree.node_count) for d in (g, h)
            )
            step = np.where(np.abs(H) < NO_CURVATURE * weight.sum(), 0.0, -self._slower * G / H)
            if self._loss_.guarded:
                data = f[chosen], y[chosen], weight[chosen]
                step = downhill(self._loss_, *data, leaf[chosen], step, at)
            tree.value[:, 0, 0] = np.where(tree.children_left == LEAF, step, tree.value[:, 0, 0])
            return
        order = chosen[np.argsort(leaf[chosen], kind="stable")]
        leaves, starts = np.unique(leaf[order], return_index=True)
        rows = np.split(order, starts[1:])
        tree.value[leaves, 0, 0] = line_search(self._loss_, f, y, weight, rows, at)

    @property
    def _factor(self):
        """Of the losses that are reported: scikit-learn doubles some."""
        doubled = LOSSES["squared_error"], LOSSES["log_loss"]
        return 2.0 if self._loss_ in doubled else 1.0

    @property
    def _slower(self):
        """The (K - 1) / K of Friedman's algorithm 6, for K classes."""
        K = self.n_trees_per_iteration_
        return (K - 1) / K if self._loss_ == LOSSES["softmax"] else 1.0

    def _note_losses(self, f, y, weight, inside, before):
        loss = self._factor * self._loss_.mean(f[inside], y[inside], weight[inside])
        self.train_score_ = np.append(self.train_score_, loss)
        if self.verbose:
            print(f"{type(self).__name__}   iteration {self.n_estimators_:>4}   loss {loss:.8g}")
        if before is not None:
            self.oob_score_ = self._factor * self._loss_.mean(
                f[~inside], y[~inside], weight[~inside]
            )
            previous = self.oob_scores_[-1] if len(self.oob_scores_) else before
            self.oob_scores_ = np.append(self.oob_scores_, self.oob_score_)
            self.oob_improvement_ = np.append(self.oob_improvement_, previous - self.oob_score_)

    def _describe(self):
        self.estimators_ = np.empty((len(self._trees_), self.n_trees_per_iteration_), dtype=object)
        for i, trees in enumerate(self._trees_):
            self.estimators_[i] = trees
        grown = [
            tree.tree_ for trees in self._trees_ for tree in trees if tree.tree_.node_count > 1
        ]
        parts = [tree.compute_feature_importances(normalize=False) for tree in grown]
        total = np.sum(parts, axis=0) if parts else np.zeros(self.n_features_in_)
        self.feature_importances_ = total / (total.sum() or 1.0)
        self.max_features_ = self._trees_[0][0].max_features_

    # ---- after fit -------------------------------------------------------------------------------

    def _starting_scores(self, X):
        if hasattr(self.init_, "predict"):
            return self._from_init(X)
        return self._repeated(self.init_, len(X))

    def _for_trees(self, X):
        return X

    def _added(self, tree, X):
        return self.learning_rate * tree.tree_.value[tree.tree_.apply(X), 0, 0]

    def _scores(self, X):
        return self._sum(X)

    def apply(self, X: Any) -> np.ndarray:
        """The leaf of each row of X in each tree: (samples, iterations), of a classifier (..., classes)."""
        X = self._check(X)
        leaves = np.array([[tree.tree_.apply(X) for tree in trees] for trees in self._trees_])
        return leaves[:, 0].T if self.kind == "regressor" else leaves.transpose(2, 0, 1)


class Rows:
    """The rows to learn from, their scores f, and their ranks, which all trees use."""

    def __init__(self, X, y, weight, f, table):
        self.X, self.y, self.weight, self.f, self.table = X, y, weight, f, table


def of_rows(table: Ranks, rows: np.ndarray) -> Ranks:
    """The ranks of some rows."""
    found = copy.copy(table)
    found.X, found.codes = table.X[rows], np.ascontiguousarray(table.codes[:, rows])
    return found


class GradientBoostingRegressor(GradientBoosting, Regressor):
    """f(x) = a constant + ν Σ tree(x), with each tree fitted to the negative gradient of a loss (Friedman).

    Its leaves then get the values that lower the loss most: means, medians or quantiles of errors; or
    -G / H, one step of Newton's method. `loss` is a name or a function of your own, which gives the loss of
    each row from its score f and its target y, and is differentiated:
    `loss=lambda f, y: np.where(y > f, 0.9 * (y - f), 0.1 * (f - y))`.
    """

    loss: Any = choice(
        "squared_error", "absolute_error", "huber", "quantile",
        doc="the loss of (f, y): a name, or a function on Tensors",
    ) | function()  # fmt: skip
    alpha: float = number(
        0.9, above=0, below=1, doc="the quantile, for 'quantile'; for 'huber' of the errors"
    )

    def _loss(self):
        if self.loss == "quantile":
            return quantile_loss(self.alpha)
        if self.loss == "huber":
            return huber_loss(self.alpha)
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _encoded(self, y):
        return y

    def _from_init(self, X):
        return np.asarray(self.init_.predict(X), dtype=np.float64).reshape(len(X)).copy()

    def _predict(self, X):
        return self._scores(X)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predictions after each iteration."""
        return self._staged(X, lambda f: f)


class GradientBoostingClassifier(GradientBoosting, BoostingClassifier):
    """P(y = 1 | x) = 1 / (1 + exp(-f(x))), f a sum of trees that follow a gradient; softmax f of several.

    `loss` is "log_loss", "exponential" (AdaBoost's, for two classes), or a function of your own, as for the
    regressor. Of two classes, f is (rows,) and y is 0 or 1; of several, f is (rows, classes), with a tree for
    each, and y is one-hot.
    """

    one_class = False
    does_not_apply: ClassVar = {
        "test_its_twin_gives_the_same_answers": "of equally good questions scikit-learn takes a random one",
    }

    loss: Any = (
        choice("log_loss", "exponential", doc="the loss of (f, y): a name, or a function")
        | function()
    )

    n_classes_: int = learned("number of classes")

    def _loss(self):
        self.n_classes_ = len(self.classes_)
        if not isinstance(self.loss, str):
            return self.loss
        if self.loss == "exponential":
            if self.n_classes_ > 2:
                what = "loss='exponential' is only suitable for a binary classification problem, "
                what += f"you have n_classes={self.n_classes_}."
                raise refusal(ValueError, what, "loss='log_loss'")
            return LOSSES["exponential"]
        return LOSSES["softmax" if self.n_classes_ > 2 else "log_loss"]

    def _from_init(self, X):
        p = np.asarray(self.init_.predict_proba(X), dtype=np.float64)
        p = np.clip(p, np.finfo(float).eps, 1 - np.finfo(float).eps)
        if p.shape[1] > 2:
            return np.log(p) - np.log(p).mean(axis=1, keepdims=True)
        f = np.log(p[:, 1] / (1 - p[:, 1]))
        return f / 2 if self.loss == "exponential" else f
