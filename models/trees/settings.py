"""What trees and forests have in common: their parameters, and how these limit the growth."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from models.foundation import (
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
from models.foundation.categories import WithCategories, some_columns
from models.foundation.fields import Parameter
from models.trees.criteria import AbsoluteError, Entropy, Gini, Poisson, SquaredError
from models.trees.growing import Limits
from models.trees.table import Columns, Ranks
from models.trees.targets import SeveralTargets
from tinygrad_edu.diagnostics.words import refusal


class Growing(WithCategories):
    """The limits of growth. A subclass says whether its cuts are random."""

    _most_categories = 4096

    allow_nan = True
    several_targets = True
    random_cuts: ClassVar[Any]
    _criterion: ClassVar[Any]

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
    categorical_features: Any = some_columns(
        None, doc="columns of categories; 'from_dtype': those whose type in a frame says so"
    )

    def _table(self, X):
        known = self._categories_
        numbers = None if known is None else np.array([n or 0 for n in known.numbers()])
        return (Columns if self.random_cuts else Ranks)(X, numbers)

    def _limits(self, table, whole, y):
        """whole: the weight of all samples of a tree."""
        features, samples = table.codes.shape
        leaf = _number(self.min_samples_leaf, samples)
        return Limits(
            max_features=number_of_features(self.max_features, features),
            max_depth=self.max_depth,
            min_samples_split=max(2, _number(self.min_samples_split, samples)),
            min_samples_leaf=leaf,
            min_weight_leaf=self.min_weight_fraction_leaf * whole,
            max_leaf_nodes=self.max_leaf_nodes,
            min_impurity_decrease=self.min_impurity_decrease,
            random_cuts=self.random_cuts,
            random_ties=self.random_cuts,
            monotonic=self._monotonic(table, len(y)),
        )

    def _monotonic(self, table, outputs):
        if self.monotonic_cst is None:
            return None
        features = len(table.codes)
        signs = np.asarray(self.monotonic_cst)
        if signs.shape != (features,) or not np.isin(signs, (-1, 0, 1)).all():
            what = f"monotonic_cst must be {features} numbers -1, 0 or 1, one per feature."
            raise refusal(ValueError, f"{what} Got {self.monotonic_cst!r}.", f"[0] * {features}")
        if outputs > 1 or vars(self).get("n_classes_", 1) > 2:
            what = "Monotonicity constraints are not supported with multiple outputs or classes."
            raise refusal(ValueError, what, "monotonic_cst=None")
        if signs[table.are_categories(np.arange(features))].any():
            what = "Categorical features cannot have monotonic constraints."
            raise refusal(ValueError, what, "0 for these features")
        return signs.astype(np.int8)


def _number(given, samples):
    """A number of samples, given as such or as a fraction."""
    return int(given) if isinstance(given, (int, np.integer)) else int(np.ceil(given * samples))


def number_of_features(given, features):
    """How many features are searched: all, √ or log₂ of them, a number, or a fraction."""
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


class OfClasses(SeveralTargets):
    """Trees whose leaves hold fractions of classes."""

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
    n_classes_: Any = learned("number of classes, for several targets an array")

    def _criterion(self, y):
        return (Gini if self.criterion == "gini" else Entropy)(np.atleast_1d(self.n_classes_))


class OfNumbers(Growing, Regressor):
    """Trees whose leaves hold means, or medians."""

    criterion: str = choice(
        "squared_error", "friedman_mse", "absolute_error", "poisson",
        doc="impurity I: the variance of y (both first names, which choose the same), the mean of "
        "|y - median|, or the mean Poisson deviance, for y ≥ 0",
    )  # fmt: skip

    def _criterion(self, y):
        if np.abs(y).max() > 1e150:
            what = "y has values beyond 1e150, whose squares are infinite."
            raise refusal(ValueError, what, "y / np.abs(y).max()")
        if self.criterion == "poisson":
            _require_counts(y)
            return Poisson(len(y))
        return (AbsoluteError if self.criterion == "absolute_error" else SquaredError)(len(y))

    def _table(self, X):
        if self.criterion == "absolute_error" and np.isnan(X).any():
            what = "Input X contains NaN, and criterion='absolute_error' does not accept missing values."
            raise refusal(
                ValueError, what, "criterion='squared_error', or fill in the missing values"
            )
        return super()._table(X)


def _require_counts(y):
    if (y < 0).any():
        what = "Some value(s) of y are negative which is not allowed for Poisson regression."
        raise refusal(ValueError, what, "criterion='squared_error'")
    if y.sum() <= 0:
        what = "Sum of y is not positive which is necessary for Poisson regression."
        raise refusal(ValueError, what, "criterion='squared_error'")
