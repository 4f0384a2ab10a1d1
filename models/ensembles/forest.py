"""Forests: trees that differ by chance, and the mean of their answers.

Source: L. Breiman, Random forests, Machine Learning 45 (2001); T. Hastie, R. Tibshirani, J. Friedman, The
Elements of Statistical Learning, 2nd edition (ESL), chapter 15.
"""

from typing import Any, ClassVar

import numpy as np

from models.ensembles.members import Draws, DrawsRows
from models.foundation import boolean, function, integer, learned, nonnegative, positive, warn
from models.foundation.parallel import each, seeds
from models.foundation.randomness import generator
from models.foundation.targets import class_weights
from models.trees.growing import grow
from models.trees.pruning import pruned
from models.trees.settings import Growing
from models.trees.structure import joined
from tinygrad_edu.diagnostics.words import refusal

TOGETHER = 2**15  # samples of all the trees that are grown, or asked, at once


class Forest(DrawsRows, Growing):
    """`n_estimators` trees. A subclass names the class of its trees, and says what their values mean.

    Small trees are grown together (see `trees.growing`). Every group of trees has its own seed, so `n_jobs`
    does not change the forest.

    Of equally good questions one is asked at random, because nodes of two rows have many: trees that always
    asked about the first feature would be too much alike.
    """

    tree_kind: ClassVar[Any]
    # (mean value of each sample, y) -> y and its prediction, as scores take them; sets the oob_ attributes
    _out_of_bag: ClassVar[Any]
    _oob_default: ClassVar[Any]  # the score of these two

    n_estimators: int = integer(100, at_least=1, doc="number of trees")
    bootstrap: bool = boolean(
        True, doc="each tree learns from samples drawn with replacement; otherwise from all"
    )
    oob_score: Any = (
        boolean(
            False, doc="score every sample by the trees that have not drawn it (out of bag): True, or a "
            "function of (y, prediction), which gets classes as numbers from 0",
        )
        | function()
    )  # fmt: skip
    n_jobs: int | None = integer(
        None, doc="number of processes (needs joblib); None for one, -1 for all processors"
    )
    verbose: int = nonnegative(0, doc="accepted for scikit-learn's sake: nothing is printed")
    warm_start: bool = boolean(False, doc="keep the trees of the last fit, and add what is missing")
    max_samples: Any = (
        integer(
            None,
            at_least=1,
            doc="how many samples a tree draws, as a number or a fraction; None for all",
        )
        | positive()
    )

    estimators_: list = learned("the trees")
    feature_importances_: np.ndarray = learned(
        "(features,): the mean of the importances in the trees, normalized to sum 1"
    )
    n_outputs_: int = learned("number of targets")
    oob_score_: float = learned("score of the samples out of bag, with `oob_score`")

    def _fit(self, X, y, weight):
        if not self.bootstrap and (self.max_samples is not None or self.oob_score):
            name = "oob_score=True" if self.oob_score else "max_samples"
            what = f"{name} needs bootstrap=True: without it every tree learns from all samples."
            raise refusal(ValueError, what, f"{type(self).__name__}(bootstrap=True)")
        y = y.reshape(len(X), -1).T
        trees = vars(self).get("estimators_", [])
        number = self.n_estimators - len(trees)
        if number < 0:
            what = f"n_estimators={self.n_estimators} must be larger or equal to the {len(trees)} trees of "
            raise refusal(
                ValueError, what + "the last fit, with warm_start=True.", "a larger n_estimators"
            )
        if number == 0:
            what = "Warm-start fitting without increasing n_estimators does not fit new trees."
            warn(UserWarning, f"{what} Try: a larger n_estimators")
        table, criterion = self._table(X), self._criterion(y)
        limits = self._limits(table, self._drawn(weight) if self.bootstrap else weight.sum(), y)
        limits = limits._replace(random_ties=True)
        batch = 1 if self.max_leaf_nodes is not None else max(1, TOGETHER // len(X))
        size = self._drawn(weight) if self.bootstrap else None
        chance = None if (weight == 1).all() else weight / weight.sum()
        draws = [
            Draws(seed, several, len(X), size, True, chance)
            for seed, several in seeded_groups(self.random_state, len(trees), number, batch)
        ]
        items = [(self, table, criterion, y, weight, limits, some) for some in draws]
        grown = [tree for group in each(_grow, items, self.n_jobs) for tree in group]
        self.n_outputs_ = len(y)
        self.estimators_ = trees + [self._as_estimator(tree, limits.max_features) for tree in grown]
        self.feature_importances_ = self._importances()
        self._draws_ = vars(self).get("_draws_", []) + [(some, self._rows_) for some in draws]
        if self.oob_score:
            self._judge_out_of_bag(X, y)

    @property
    def estimators_samples_(self):
        """For each tree the samples that it has drawn, as numbers of rows of X; they are drawn again here."""
        self._require_fit()
        return samples_of(self._draws_)

    def _weights_of_trees(self, draws, rng, y, weight):
        """Yields for each tree how often it has drawn each sample, (samples,)."""
        for drawn in draws.by(rng):
            if not self.bootstrap:
                yield weight
                continue
            counts = np.bincount(drawn, minlength=len(weight)).astype(np.float64)
            factor: Any = 1.0
            if getattr(self, "class_weight", None) == "balanced_subsample":
                for codes, k in zip(y, np.atleast_1d(vars(self)["n_classes_"]), strict=True):
                    factor = (
                        factor * class_weights("balanced", np.arange(k), codes, counts, self)[codes]
                    )
            yield counts * factor

    def _drawn(self, weight):
        """How many samples a tree draws."""
        if self.max_samples is None or isinstance(self.max_samples, (int, np.integer)):
            return self.max_samples or len(weight)
        return max(1, int(self.max_samples * weight.sum()))

    def _as_estimator(self, tree, max_features):
        """A tree as an estimator of its own."""
        shared = self.tree_kind._parameters.keys() & self._parameters.keys()
        model = self.tree_kind(**{name: getattr(self, name) for name in shared - {"class_weight"}})
        for name in ("classes_", "n_classes_", "n_features_in_", "is_categorical_", "_categories_"):
            if name in vars(self):
                setattr(model, name, getattr(self, name))
        model._adopt(tree, max_features)
        return model

    def _importances(self):
        found = [e.feature_importances_ for e in self.estimators_ if e.tree_.node_count > 1]
        total = np.sum(found, axis=0) if found else np.zeros(self.n_features_in_)
        return total / (total.sum() or 1.0)

    # ---- answers -------------------------------------------------------------------------------

    def _mean_value(self, X):
        """The mean over the trees of the value of the leaf of each row, (samples, outputs, classes)."""
        total: Any = 0.0
        for tree, leaves, _ in leaves_of(self.estimators_, X):
            for leaf in leaves.T:
                total = total + tree.value[leaf]
        return total / len(self.estimators_)

    def _judge_out_of_bag(self, X, y):
        """Sets oob_score_, and the prediction for each sample by the trees that have not drawn it."""
        total = np.zeros((len(X), *self.estimators_[0].tree_.value.shape[1:]))
        number = np.zeros(len(X))
        drawn = (rows for draws, _ in self._draws_ for rows in draws.again())
        for rows, estimator in zip(drawn, self.estimators_, strict=True):
            out = np.setdiff1d(np.arange(len(X)), rows)
            if len(out):
                tree = estimator.tree_
                total[out] += tree.value[tree.apply(X[out])]
                number[out] += 1
        if not number.all():
            what = f"{np.count_nonzero(number == 0)} samples do not have OOB scores: all trees drew them."
            warn(UserWarning, f"{what} Try: more trees")
        mean = total / np.maximum(number, 1)[:, None, None]
        score = self.oob_score if callable(self.oob_score) else self._oob_default
        self.oob_score_ = float(score(*self._out_of_bag(mean, y)))

    def apply(self, X):
        """(samples, trees): the number of the leaf in which each row of X ends."""
        X = self._check(X)
        found = [leaves - roots for _, leaves, roots in leaves_of(self.estimators_, X)]
        return np.concatenate(found, axis=1)

    def decision_path(self, X):
        """(samples, nodes of all trees), sparse (SciPy's), and where the nodes of each tree begin."""
        X = self._check(X)
        paths = [estimator.tree_.decision_path(X) for estimator in self.estimators_]
        from scipy.sparse import hstack

        return hstack(paths).tocsr(), np.cumsum([0, *(path.shape[1] for path in paths)])


def seeded_groups(random_state, kept, number, size):
    """(seed, size) of each group of new trees that are grown together, after those that are kept."""
    sizes = [min(size, number - start) for start in range(0, number, size)]
    rng = generator(random_state)
    rng.integers(0, 2, kept)  # other seeds than those of the trees that are kept
    return list(zip(seeds(rng, len(sizes)), sizes, strict=True))


def leaves_of(estimators, X):
    """Yields some trees as one, the leaves of X in each of them, (samples, trees), and their roots."""
    at_once = max(1, TOGETHER // len(X))
    for start in range(0, len(estimators), at_once):
        tree, roots = joined([e.tree_ for e in estimators[start : start + at_once]])
        yield tree, tree.apply(X, roots), roots


def samples_of(draws):
    """The rows of each member, of pairs (Draws, numbers that these rows have in X, or None)."""
    return [
        drawn if rows is None else rows[drawn] for group, rows in draws for drawn in group.again()
    ]


def _grow(forest, table, criterion, y, weight, limits, draws):
    """Some trees of a forest, grown together."""
    rng = np.random.default_rng(draws.seed)
    weights = forest._weights_of_trees(draws, rng, y, weight)
    trees = grow(table, criterion, y, weights, limits, rng)
    return [pruned(tree, forest.ccp_alpha) for tree in trees] if forest.ccp_alpha else trees
