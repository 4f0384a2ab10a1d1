"""A number for each category."""

from typing import Any

import numpy as np

from models.foundation import choice, data_type, integer
from models.foundation.fields import Parameter
from models.preprocessing.categories import GroupingEncoder, is_nan
from tinygrad_edu.diagnostics.words import refusal

A_NAN = Parameter(np.nan, is_nan, "NaN")


class OrdinalEncoder(GroupingEncoder):
    """The number of each value's category, from 0 in the order of the categories.

    NaN becomes encoded_missing_value. Unknown categories, which fit has not seen, are an error, or become
    unknown_value with handle_unknown="use_encoded_value".
    """

    dtype: Any = data_type(np.float64, doc="of the numbers")
    handle_unknown: str = choice("error", "use_encoded_value", doc="what unknown categories do")
    unknown_value: Any = integer(None, doc="the number of unknown categories, or NaN") | A_NAN
    encoded_missing_value: Any = A_NAN | integer(doc="the number of NaN")

    def _fit(self, X):
        self._check_unknown_value()
        self._learn_categories(X, unknown=self.handle_unknown != "error")
        self._learn_groups(X, ignore_nan=True)
        self._check_numbers()

    def _check_unknown_value(self):
        used = self.handle_unknown == "use_encoded_value"
        if not used and self.unknown_value is not None:
            what = (
                "unknown_value should only be set when handle_unknown is 'use_encoded_value', got "
                f"{self.unknown_value}."
            )
            raise refusal(TypeError, what, "handle_unknown='use_encoded_value'")
        if used and self.unknown_value is None:
            what = "unknown_value should be an integer or np.nan when handle_unknown is "
            raise refusal(TypeError, f"{what}'use_encoded_value', got None.", "unknown_value=-1")
        if is_nan(self.unknown_value) and np.dtype(self.dtype).kind != "f":
            what = "When unknown_value is np.nan, the dtype parameter should be a float dtype. Got "
            raise refusal(ValueError, f"{what}{self.dtype}.", "dtype=float, or unknown_value=-1")

    def _check_numbers(self):
        """Raises ValueError if unknown_value or encoded_missing_value is the number of a category too."""
        for j, categories in enumerate(self.categories_):
            missing = is_nan(categories[-1])
            n = len(self._grouped(j)) - (missing and self._groups_[j] is None)
            if self.unknown_value is not None and 0 <= self.unknown_value < n:
                what = f"The used value for unknown_value {self.unknown_value} is one of the values already "
                raise refusal(
                    ValueError, f"{what}used for encoding the seen categories.", "unknown_value=-1"
                )
            if missing and is_nan(self.encoded_missing_value) and np.dtype(self.dtype).kind != "f":
                what = f"There are missing values in column {self._column(j)}, which dtype={self.dtype} "
                raise refusal(ValueError, f"{what}cannot be.", "encoded_missing_value=-1")
            if missing and 0 <= self.encoded_missing_value < n:
                what = f"encoded_missing_value ({self.encoded_missing_value}) is already used to encode a "
                what += f"known category in column {self._column(j)}."
                raise refusal(ValueError, what, "encoded_missing_value=-1")

    def _transform(self, X):
        numbers = self._numbers(X, unknown=self.handle_unknown != "error")
        found = numbers.astype(self.dtype)
        for j, (groups, categories) in enumerate(zip(self._groups_, self.categories_, strict=True)):
            if groups is not None:
                found[:, j] = np.append(groups, 0)[numbers[:, j]]  # 0 for NaN and for unknown
            if is_nan(categories[-1]):
                found[numbers[:, j] == len(categories) - 1, j] = self.encoded_missing_value
        if self.unknown_value is not None:
            found[numbers < 0] = self.unknown_value
        return found

    def _for_unknown(self):
        return "handle_unknown='use_encoded_value', unknown_value=-1"

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The categories again: None for unknown ones."""
        numeric = self._numeric(X, len(self.categories_), allow_nan=True)
        return np.stack([self._original(j, x) for j, x in enumerate(numeric.T)], axis=1)

    def _original(self, j, numbers):
        """A column of categories from their numbers."""
        categories = self._grouped(j)
        unknown, missing = (
            np.isnan(numbers) if is_nan(value) else numbers == value
            for value in (self.unknown_value, self.encoded_missing_value)
        )
        if not is_nan(self.categories_[j][-1]):
            missing = np.zeros(len(numbers), dtype=bool)
        unknown = unknown & ~missing & (self.unknown_value is not None)
        known = ~(unknown | missing)
        wrong = known & ~((numbers >= 0) & (numbers < len(categories)))
        if wrong.any():
            what = f"{numbers[wrong][0]} is the number of no category of column {self._column(j)}."
            raise refusal(ValueError, what, "what transform(X) has returned")
        column = categories[np.where(known, numbers, 0).astype(np.intp)]
        if missing.any():
            column[missing] = np.nan
        if self.unknown_value is not None:
            column = column.astype(object)
            column[unknown] = None
        return column

    def _names_out(self, names):
        return names

    @classmethod
    def examples(cls, rng):
        yield cls(), rng.integers(0, 3, (60, 4)).astype(float), np.arange(60) % 3
