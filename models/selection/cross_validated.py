"""Cross-validation inside an estimator: its parameter `cv`, and the folds that it means."""

import itertools
from typing import Any, ClassVar

import numpy as np

from models.foundation import Estimator, integer
from models.foundation.fields import Parameter
from models.selection.splitters import check_cv
from tinygrad_edu.diagnostics.words import refusal


def _are_splits(cv: Any) -> bool:
    """Is it a list or an iterator of pairs, or an object with a method `split`?"""
    if isinstance(cv, (list, tuple)):
        return len(cv) > 0 and all(isinstance(x, (list, tuple)) and len(x) == 2 for x in cv)
    return not isinstance(cv, (str, type)) and (hasattr(cv, "split") or hasattr(cv, "__next__"))


def _index(rows: Any) -> np.ndarray:
    """Row numbers, or a mask."""
    found = np.asarray(rows)
    return found if found.size else found.astype(np.intp)


class CrossValidated(Estimator):
    """An estimator that chooses some of its settings by cross-validation."""

    does_not_apply: ClassVar = {
        "test_weights_are_repetitions": "leaves rows out, however often they count",
    }

    keeps_zero_weights = True  # splits count all rows

    cv: Any = integer(None, at_least=2, doc="the folds; None for the default") | Parameter(
        None, _are_splits, "pairs (train, test) of row numbers, or an object with split(X, y)"
    )

    def _folds(self, X, y, weight):
        """The pairs (train, test) of row numbers, without training rows of weight 0.

        An integer k, and None for 5, means k folds of neighboring rows, as equal as possible; of a classifier
        with the same part of each class.
        """
        splitter = check_cv(self.cv, y, classifier=self.kind == "classifier")
        rows, pairs = np.arange(len(X)), splitter.split(X, y)
        found = [(rows[_index(train)], rows[_index(test)]) for train, test in pairs]
        if not found or not all(weight[i].any() for i in itertools.chain(*found)):
            what = f"{type(self).__name__}: cv has a part without rows, or with rows of weight 0 alone."
            raise refusal(ValueError, what, "splits with training and test rows in each")
        return [(train[weight[train] > 0], test) for train, test in found]
