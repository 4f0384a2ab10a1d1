"""Gradient boosting on histograms: Newton's method, whose steps are trees on binned features.

    f ← f + ν tree(x),        leaf value -G / (H + λ),        G = Σ s g,  H = Σ s h over the rows of the leaf,

with the gradient g and the curvature h of the loss in every row, s the weights and ν the learning rate.

Source: J. Friedman, Greedy function approximation: a gradient boosting machine (2001); T. Chen, C. Guestrin,
XGBoost: a scalable tree boosting system (2016).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.boosting import columns
from models.boosting.bins import Bins
from models.boosting.booster import Booster
from models.boosting.classifier import BoostingClassifier
from models.boosting.derivatives import gradient_and_curvature
from models.boosting.histogram_tree import Grower
from models.boosting.losses import LOSSES, huber_loss, quantile_loss
from models.boosting.steps import downhill, line_search, read_targets, scores_of, started
from models.foundation import (
    Regressor,
    boolean,
    choice,
    function,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    positive,
    seed,
)
from models.foundation.categories import WithCategories, some_columns
from models.foundation.fields import Parameter
from models.metrics.scorers import get_scorer, takes_weights
from tinygrad_edu.diagnostics.words import refusal

MANY = 10_000  # rows, above which early_stopping="auto" stops early


class HistogramBoosting(WithCategories, Booster):
    """What the regressor and the classifier share."""

    allow_nan = True
    does_not_apply: ClassVar = {
        "test_weights_are_repetitions": "min_samples_leaf counts rows, whatever their weights",
        "check_sample_weight_equivalence_on_dense_data": "min_samples_leaf counts rows, not weights",
    }

    learning_rate: float = positive(0.1, doc="ν, by which leaf values are multiplied")
    max_iter: int = integer(100, at_least=1, doc="trees; of several classes, as many for each")
    max_leaf_nodes: int | None = integer(
        31, at_least=2, optional=True, doc="largest number of leaves"
    )
    max_depth: int | None = integer(None, at_least=1, doc="largest number of levels")
    min_samples_leaf: int = integer(20, at_least=1, doc="smallest number of rows in a leaf")
    l2_regularization: float = nonnegative(0.0, doc="λ")
    min_gain_to_split: float = nonnegative(0.0, doc="twice γ: what a split must gain")
    max_features: float = number(
        1.0, above=0, at_most=1, doc="part of the features tried in each node"
    )
    max_bins: int = integer(
        255, at_least=2, at_most=255, doc="bins of a feature, besides that for NaN"
    )
    categorical_features: Any = some_columns("from_dtype", doc="the columns of categories")
    monotonic_cst: Any = columns.signs(
        None, doc="1: predictions grow with the feature, -1: they fall"
    )
    interaction_cst: Any = columns.sets(None, doc="which features may meet on a way to a leaf")
    warm_start: bool = boolean(False, doc="keep the trees of the last fit, and add more")
    early_stopping: Any = choice("auto", doc="stop when the score no longer rises") | boolean(False)
    scoring: Any = Parameter(
        "loss",
        lambda x: x is None or isinstance(x, str) or (callable(x) and not isinstance(x, type)),
        "'loss', the name of a score, a scorer or None",
        "what early stopping looks at; None: score(X, y)",
    )
    validation_fraction: Any = (
        number(0.1, above=0, below=1, optional=True, doc="rows held out for the score; None: score all rows")
        | integer(1, at_least=1)
    )  # fmt: skip
    n_iter_no_change: int = integer(10, at_least=1, doc="trees without a better score that end it")
    tol: float = nonnegative(1e-7, doc="what counts as better")
    verbose: int = integer(0, at_least=0, doc="1 prints a line for each iteration") | boolean(False)
    random_state: Any = seed()

    _loss: ClassVar[Any]  # a Loss or a function of the user, by the parameter
    _encoded: ClassVar[Any]  # y as losses take it; `_decoded` is the opposite
    _decoded: ClassVar[Any]
    _known_: np.ndarray = learned("scores of rows, in the copy that is judged in a fit")

    n_iter_: int = learned("number of iterations")
    do_early_stopping_: bool = learned("was the score watched?")
    train_score_: np.ndarray = learned(
        "score of the training rows at the start and after each iteration"
    )
    validation_score_: np.ndarray = learned("the same of the rows held out")

    @property
    def _most_categories(self):
        return self.max_bins

    # ---- fit -------------------------------------------------------------------------------------

    def _fit(self, X, y, weight):
        more = "_trees_" in vars(self)  # a warm start
        if more and self.max_iter < self.n_iter_:
            what = f"max_iter={self.max_iter} must be larger than or equal to n_iter_={self.n_iter_} when "
            raise refusal(ValueError, what + "warm_start==True.", f"max_iter={self.n_iter_ + 100}")
        if not more:
            self._draw_seeds()
        weights = None if np.all(weight == 1) else weight
        train, held = self._rows_of(X, self._encoded(y), weights, y)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if not more:
                self._start(train)
            for part in filter(None, (train, held)):
                part.bins = self._bins_(part.X)
                part.f = self._sum(part.bins)
            if not more:
                self._note_scores(train, held)
            grower = self._grower(train)
            train.bins = None  # the grower has them in orders of its own
            while self.n_iter_ < self.max_iter and not self._is_over(held):
                self._trees_ = [*self._trees_, self._next_trees(grower, train)]
                self.n_iter_ += 1
                if held:
                    self._add(self._trees_[-1], held.bins, held.f)
                self._note_scores(train, held)

    def _rows_of(self, X, y, weight, labels):
        """The rows to learn from, and those held out, or None."""
        automatic = self.early_stopping == "auto"
        self.do_early_stopping_ = bool(len(X) > MANY if automatic else self.early_stopping)
        if not self.do_early_stopping_ or self.validation_fraction is None:
            return Rows(X, y, weight), None
        parts = self._train_and_held(labels)
        return (Rows(X[i], y[i], None if weight is None else weight[i]) for i in parts)

    def _start(self, train):
        """Bins, the loss and its best constant: all but the trees."""
        known = self._categories_
        categories = [None] * train.X.shape[1] if known is None else known.numbers()
        rng = np.random.default_rng(self._seed_)
        self._bins_ = Bins(train.X, train.weight, self.max_bins, categories, rng)
        self._loss_, self._constant_ = started(
            self._loss(), train.y, train.weight, type(self).__name__
        )
        self.n_trees_per_iteration_ = np.size(self._constant_)
        self._trees_ = []
        self.n_iter_ = 0
        self.train_score_, self.validation_score_ = np.zeros(0), np.zeros(0)

    def _grower(self, train):
        width, name = train.X.shape[1], type(self).__name__
        names = vars(self).get("feature_names_in_")
        monotonic = columns.signs_of(self.monotonic_cst, width, names, name)
        categorical = (
            np.zeros(width, bool) if self.is_categorical_ is None else self.is_categorical_
        )
        if monotonic.any() and self.n_trees_per_iteration_ > 1:
            what = "monotonic constraints are not supported for multiclass classification."
            raise refusal(ValueError, what, "monotonic_cst=None")
        if monotonic[categorical].any():
            what = "Categorical features cannot have monotonic constraints."
            raise refusal(ValueError, what, "0 for these features")
        groups = columns.sets_of(self.interaction_cst, width, name)
        return Grower(train.bins, self._bins_, self, categorical, monotonic, groups, self._rng_)

    def _next_trees(self, grower, train):
        """One tree, or one for each class. train.f moves on."""
        f, y, weight = train.f, train.y, train.weight
        loss = self._loss_ if self._loss_.adapt is None else self._loss_.adapt(f, y, weight)
        g, h = gradient_and_curvature(loss, f, y)
        if loss.constant_curvature or not loss.newton:
            h = np.ones_like(f)
        grown = grown_trees(grower, g, h, weight)
        before = f.copy()
        for k, (tree, leaves) in enumerate(grown):
            at = scores_of(f, k)
            numbers, rows = map(list, zip(*leaves, strict=True))
            if not loss.newton:
                tree.value[numbers] = line_search(loss, before, y, weight, rows, at)
            elif loss.guarded:
                group = np.empty(len(f), dtype=np.intp)
                for number, of in enumerate(rows):
                    group[of] = number
                steps = tree.value[numbers]
                shorter = downhill(loss, before, y, weight, group, steps, at)
                if grower.bounded:  # one factor for all leaves keeps their order
                    shorter = steps * np.min(shorter[steps != 0] / steps[steps != 0], initial=1)
                tree.value[numbers] = shorter
            tree.value[:] *= self.learning_rate
            scores = f[at]  # a view
            for leaf, rows in leaves:
                scores[rows] += tree.value[leaf]
        return [tree for tree, _ in grown]

    # ---- when to stop ----------------------------------------------------------------------------

    def _note_scores(self, train, held):
        if self.verbose:
            loss = self._loss_.mean(train.f, train.y, train.weight)
            print(f"{type(self).__name__}   iteration {self.n_iter_:>4}   loss {loss:.8g}")
        if not self.do_early_stopping_:
            return
        self.train_score_ = np.append(self.train_score_, self._score_of(train))
        if held:
            self.validation_score_ = np.append(self.validation_score_, self._score_of(held))

    def _score_of(self, rows):
        if self.scoring == "loss":
            return -self._loss_.mean(rows.f, rows.y, rows.weight)
        judged: Any = self._copy(with_learned=True)  # knows its scores of these rows already
        judged._known_, judged._categories_ = rows.f, None
        vars(judged).pop("feature_names_in_", None)
        scorer = type(judged).score if self.scoring is None else get_scorer(self.scoring)
        weighted = rows.weight is not None and takes_weights(scorer)
        weights = {"sample_weight": rows.weight} if weighted else {}
        return scorer(judged, rows.X, self._decoded(rows.y), **weights)

    def _is_over(self, held):
        """Is none of the last n_iter_no_change scores better than the one before them?"""
        scores = self.validation_score_ if held else self.train_score_
        if not self.do_early_stopping_ or len(scores) <= self.n_iter_no_change:
            return False
        before, recent = scores[-self.n_iter_no_change - 1], scores[-self.n_iter_no_change :]
        return bool(np.all(recent <= before + self.tol))

    # ---- after fit -------------------------------------------------------------------------------

    def _for_trees(self, X):
        return self._bins_(X)

    def _starting_scores(self, bins):
        return self._repeated(self._constant_, len(bins))

    def _added(self, tree, bins):
        return tree.value[tree.apply(bins)]

    def _scores(self, X):
        return self._known_.copy() if "_known_" in vars(self) else self._sum(self._bins_(X))


class Rows:
    """Some rows: X, y and weight, and in the course of a fit their bins and their scores f."""

    bins: Any
    f: Any

    def __init__(self, X, y, weight):
        self.X, self.y, self.weight = X, y, weight


def grown_trees(grower, g, h, weight):
    """A tree, and (number, rows) of its leaves, for each score."""
    flat = weight is None and bool(np.all(h == 1))
    if weight is not None:
        g, h = ((d.T * weight).T for d in (g, h))
    pairs = zip(np.atleast_2d(g.T), np.atleast_2d(h.T), strict=True)
    return [grower.grow(gk, None if flat else hk) for gk, hk in pairs]


class HistGradientBoostingRegressor(HistogramBoosting, Regressor):
    """f(x) = a sum of trees on binned features, found by Newton's method on any loss (Friedman 2001).

    `loss` is a name or a function of your own, which gives the loss of each row from its score f and its
    target y: `loss=lambda f, y: np.where(y > f, 0.9 * (y - f), 0.1 * (f - y))`. Gradient and curvature come
    from differentiating it. Where it has no curvature, leaves have the value of the least loss. Predictions
    are f, and exp(f) for "poisson" and "gamma".

    With "cox", y has the columns time and event (1, or 0 for a lower bound), and f is the logarithm of the
    hazard; with "lambdarank" the columns relevance and query, and f orders the rows of a query. The score is
    then minus the mean of the loss. X may have missing values: in each node they go where the loss is least.
    """

    loss: Any = choice(
        "squared_error", "absolute_error", "gamma", "poisson", "quantile", "huber", "cox", "lambdarank",
        doc="the loss of (f, y): a name, or a function on Tensors",
    ) | function()  # fmt: skip
    quantile: float | None = number(
        None,
        at_least=0,
        at_most=1,
        doc="which quantile, for 'quantile'; for 'huber' of the errors, 0.9",
    )

    def _loss(self):
        if self.loss == "quantile":
            if self.quantile is None:
                what = "HistGradientBoostingRegressor(loss='quantile') needs quantile."
                raise refusal(ValueError, what, "quantile=0.9")
            return quantile_loss(self.quantile)
        if self.loss == "huber":
            return huber_loss(0.9 if self.quantile is None else self.quantile)
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _read_targets(self, y, samples):
        return read_targets(self, y, samples)

    def _encoded(self, y):
        return y

    _decoded = _encoded

    def _predict(self, X):
        return self._loss_.inverse(self._scores(X))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predictions after each iteration."""
        return self._staged(X, self._loss_.inverse)

    def score(self, X, y, sample_weight=None):
        """R²; for losses over several rows, minus the mean of the loss."""
        if self.loss not in ("cox", "lambdarank"):
            return super().score(X, y, sample_weight)
        f = self.predict(X)
        return -LOSSES[self.loss].mean(f, self._read_targets(y, len(f)))


class HistGradientBoostingClassifier(HistogramBoosting, BoostingClassifier):
    """P(y = 1 | x) = 1 / (1 + exp(-f(x))), f a sum of trees on binned features; softmax f of several classes.

    `loss` is "log_loss" or a function of your own, as for the regressor. Of two classes, f is (rows,) and y
    is 0 or 1; of several, f is (rows, classes), with a tree for each, and y is one-hot.
    """

    loss: Any = (
        choice("log_loss", doc="the loss of (f, y): a name, or a function on Tensors") | function()
    )
    class_weight: Any = choice(None, "balanced", doc="weights of the classes") | mapping()

    def _loss(self):
        if self.loss != "log_loss":
            return self.loss
        return LOSSES["softmax" if len(self.classes_) > 2 else "log_loss"]
