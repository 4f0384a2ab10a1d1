"""Where values are missing, and what imputers have in common."""

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, choice, learned, warn
from models.foundation.columns import Columns
from models.foundation.fields import Parameter
from models.foundation.frames import is_missing, place
from models.foundation.sparse import constant_where
from tinygrad_edu.diagnostics.words import refusal


def missing_value() -> Any:
    """The parameter for the value that stands for a missing one."""
    kinds = (numbers.Real, str)
    return Parameter(
        np.nan,
        lambda x: is_missing(x) or (isinstance(x, kinds) and not isinstance(x, bool)),
        "a number, NaN, None or a string",
        "the value that stands for a missing one",
    )


def missing_in(X: Any, value: Any) -> np.ndarray:
    """Where X, an array or `Columns`, has the value that stands for a missing one: (samples, features)."""
    if isinstance(X, Columns):
        return np.stack([missing_in(column, value) for column in X.columns], axis=1)
    if value is None:
        if X.dtype.kind in "fc":
            return np.isnan(X)
        return X == None if X.dtype == object else np.zeros(X.shape, dtype=bool)  # noqa: E711
    if is_missing(value):
        return X != X if X.dtype.kind in "fO" else np.zeros(X.shape, dtype=bool)
    return np.broadcast_to(value == X, X.shape)


class ReadsMissing(Transformer):
    """Reads X with missing values: NaN is an error if another value stands for a missing one."""

    missing_values: Any = missing_value()

    @property
    def allow_nan(self):
        return is_missing(self.missing_values)

    def _read_table(self, X: Any, y: Any = None) -> Any:
        found = super()._read_table(X, y)
        for j, column in enumerate(found.columns if isinstance(found, Columns) else ()):
            if column.dtype.kind not in "fO":
                continue
            other = (column != column) & ~missing_in(column, self.missing_values)
            if other.any():
                what = (
                    f"Input X contains NaN: the first in {place(X, int(np.argmax(other)), j)}, and "
                    f"missing_values of {type(self).__name__} is {self.missing_values!r}."
                )
                raise refusal(ValueError, what, "missing_values=numpy.nan")
        return found


class MissingIndicator(ReadsMissing):
    """For each column of X with missing values a column that is True where one is missing.

    If, after fit, a value is missing in a column that was complete, transform raises an error.
    """

    reads = "categories"

    features: str = choice("missing-only", "all", doc="columns that had missing values, or all")
    sparse: Any = choice(
        "auto", True, False, doc="return a sparse matrix of SciPy; 'auto' does not"
    )
    error_on_new: bool = boolean(True, doc="raise an error for missing values in complete columns")

    features_: np.ndarray = learned("numbers of the columns that are indicated")

    def _fit(self, X):
        self._learn_features(missing_in(X, self.missing_values))

    def _learn_features(self, mask):
        every = np.arange(mask.shape[1])
        self.features_ = every if self.features == "all" else every[mask.any(axis=0)]

    def _transform(self, X):
        return self._indicated(missing_in(X, self.missing_values))

    def _indicated(self, mask):
        new = np.setdiff1d(np.flatnonzero(mask.any(axis=0)), self.features_)
        if len(new) and self.error_on_new:
            what = f"The features {new} have missing values in transform but have no missing values in fit."
            raise refusal(ValueError, what, "error_on_new=False, or more rows in fit")
        found = mask[:, self.features_]
        return constant_where(found, True) if self.sparse is True else found

    def _names_out(self, names):
        return [f"missingindicator_{name}" for name in names[self.features_]]


class Imputer(ReadsMissing):
    """Replaces missing values. A subclass writes `_fit` and `_transform`, with these methods."""

    add_indicator: bool = boolean(False, doc="append the columns of MissingIndicator")
    keep_empty_features: bool = boolean(False, doc="keep columns without any value, as 0")

    indicator_: Any = learned("a MissingIndicator, None without add_indicator")

    def _learn_missing(self, mask: np.ndarray) -> None:
        """Sets the indicator, and which columns have values."""
        self._kept_ = np.logical_or(~mask.all(axis=0), self.keep_empty_features)
        self.indicator_ = None
        if self.add_indicator:
            self.indicator_ = MissingIndicator(
                missing_values=self.missing_values, error_on_new=False
            )
            self.indicator_.n_features_in_ = mask.shape[1]
            self.indicator_._learn_features(mask)

    def _with_indicator(self, X: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.indicator_ is None:
            return X
        return np.hstack([X, self.indicator_._indicated(mask).astype(X.dtype)])

    def _names_out(self, names: np.ndarray) -> Iterable[str]:
        return [
            *names[self._kept_],
            *([] if self.indicator_ is None else self.indicator_._names_out(names)),
        ]

    def _warn_of_empty(self, strategy: str) -> None:
        if not self._kept_.all():
            names = vars(self).get("feature_names_in_", np.arange(len(self._kept_)))
            warn(
                UserWarning,
                f"Skipping features without any observed values: {names[~self._kept_]}. At least one "
                f"non-missing value is needed for imputation with strategy={strategy!r}.",
            )
