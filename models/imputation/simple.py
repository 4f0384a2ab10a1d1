"""One value for all that are missing in a column."""

from typing import Any

import numpy as np

from models.foundation import boolean, choice, function, learned, where
from models.foundation.columns import Columns
from models.foundation.fields import Parameter
from models.imputation.missing import Imputer, missing_in
from models.preprocessing.categories import categories_of, numbers_of
from models.preprocessing.quantiles import Sorted
from tinygrad_edu.diagnostics.words import refusal


class SimpleImputer(Imputer):
    """Replaces missing values by the mean, the median or the most frequent value of their column.

    These are of the rows of `fit`: a value for the test set that was computed with its rows would be a leak.
    With strategy="constant" it is fill_value. Of several most frequent values it is the smallest. A
    column without any value is left out, with a warning, unless keep_empty_features makes it 0.
    """

    strategy: Any = choice("mean", "median", "most_frequent", "constant") | function(
        doc="the value; a function gets those of a column which are not missing"
    )
    fill_value: Any = Parameter(
        None,
        lambda x: not isinstance(x, (list, dict, np.ndarray)),
        "a value",
        "for strategy='constant'; None for 0, or for 'missing_value' among text",
    )
    copy: bool = boolean(True, doc="no effect: X is never changed")

    statistics_: np.ndarray = learned("the value of each column, NaN if it has none: (features,)")

    @property
    def reads(self):
        return "categories" if self.strategy in ("most_frequent", "constant") else "numbers"

    def _fit(self, X):
        mask = missing_in(X, self.missing_values)
        self._learn_missing(mask)
        if not isinstance(X, Columns):
            self.statistics_ = self._statistics(X, mask)
        else:
            each = zip(X.columns, mask.T, strict=True)
            self.statistics_ = _array(self._value(*pair) for pair in each)

    def _statistics(self, X, mask):
        """A number for each column of numbers."""
        if self.strategy == "mean":
            count = (~mask).sum(axis=0)
            found = np.where(mask, 0, X).sum(axis=0) / np.where(count > 0, count, 1)
        elif self.strategy == "median":
            found = Sorted(np.where(mask, np.nan, X)).median()
        else:
            each = zip(X.T, mask.T, strict=True)
            found = np.array([np.nan if m.all() else self.strategy(x[~m]) for x, m in each])
        empty = mask.all(axis=0)
        return np.where(empty, 0 if self.keep_empty_features else np.nan, found)

    def _value(self, column, mask):
        """The most frequent or the constant value of a column."""
        text = column.dtype.kind in "OUS"
        if self.strategy == "constant":
            if mask.all() and not self.keep_empty_features:
                return np.nan
            if self.fill_value is None:
                return "missing_value" if text else 0
            if not text and not np.can_cast(type(self.fill_value), np.float64):
                what = f"fill_value={self.fill_value!r} (of type {type(self.fill_value)!r}) cannot be cast "
                what += f"to the input data that is {column.dtype!r}."
                raise refusal(ValueError, what, "a number, or X.astype(object)")
            return self.fill_value
        if mask.all():
            return 0 if self.keep_empty_features else np.nan
        if not text:
            values, counts = np.unique(column[~mask], return_counts=True)
            return values[counts.argmax()]
        categories = categories_of(column[~mask])
        return categories[np.bincount(numbers_of(column[~mask], categories)).argmax()]

    def _transform(self, X):
        self._warn_of_empty(self.strategy)
        mask, kept = missing_in(X, self.missing_values), self._kept_
        if isinstance(X, Columns):
            filled = [np.where(m, s, x) if m.any() else x for x, m, s in self._columns(X, mask)]
            found = np.stack(filled, axis=1) if filled else np.empty((len(mask), 0))
            return self._with_indicator(found, mask)
        if kept.all():
            return self._with_indicator(np.where(mask, self.statistics_, X), mask)
        present = np.where(mask[:, kept], self.statistics_[kept], X[:, kept])
        return self._with_indicator(present, mask)

    def _columns(self, X, mask):
        """Of each column that is returned: values, mask and statistic. All are objects if one is text."""
        text = any(column.dtype.kind in "OUS" for column in X.columns)
        for j in np.flatnonzero(self._kept_):
            yield (
                X.columns[j].astype(object) if text else X.columns[j],
                mask[:, j],
                self.statistics_[j],
            )

    @property
    def _has_inverse(self):
        if not self.add_indicator:
            raise AttributeError("add_indicator=False")
        return True

    @where("_has_inverse")
    def inverse_transform(self, X: Any) -> np.ndarray:
        """The rows with their missing values again, if add_indicator is set."""
        X = np.asarray(X)
        width = int(self._kept_.sum())
        original = np.full((len(X), len(self._kept_)), self.missing_values, dtype=X.dtype)
        original[:, self._kept_] = X[:, :width]
        for j, missing in zip(self.indicator_.features_, X[:, width:].T, strict=True):
            original[missing.astype(bool), j] = self.missing_values
        return original

    @classmethod
    def examples(cls, rng):
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        yield cls(), X, y
        yield cls(strategy="most_frequent"), np.round(X), y


def _array(values):
    """Numbers as an array of numbers, others as objects."""
    values = [*values]
    whole = all(isinstance(value, (int, float, np.number)) for value in values)
    found = np.empty(len(values), dtype=np.float64 if whole else object)
    found[:] = values
    return found
