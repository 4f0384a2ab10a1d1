"""Categories: the different values of a column in order, and for each value the number of its category.

Missing values are categories too, after the others: None, then NaN.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from models.foundation import Transformer, integer, learned, number, sequence, warn
from models.foundation.columns import Columns
from models.foundation.parameters import choice
from models.foundation.sparse import dense
from tinygrad_edu.diagnostics.words import refusal


def categories_of(column: np.ndarray) -> np.ndarray:
    """The different values of a column, in ascending order."""
    if column.dtype.kind not in "OUS":
        span = _span(column)
        if span is None:
            return np.unique(column)
        counts = np.bincount(column.astype(np.int64) - span[0])
        return (np.flatnonzero(counts) + span[0]).astype(column.dtype)
    values = set(column.tolist())
    missing: list = [None] if None in values else []
    missing += [np.nan] if any(v != v for v in values if isinstance(v, float)) else []
    present = (v for v in values if v is not None and v == v)
    try:
        ordered = sorted(present)
    except TypeError:
        kinds = sorted({type(value).__name__ for value in values})
        raise refusal(
            TypeError,
            "Encoders require their input argument must be uniformly strings or numbers. Got "
            f"{kinds}, which have no common order.",
            "X.astype(str), or numbers for all of them",
        ) from None
    found = np.empty(len(ordered) + len(missing), dtype=column.dtype)
    found[:] = ordered + missing
    return found


def numbers_of(column: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """For each value the number of its category; -1 if it is not among the categories."""
    if column.dtype.kind in "OUS" or categories.dtype.kind in "OUS":
        return _looked_up(column.tolist(), categories.tolist())
    span = _span(categories, most=len(column)) if column.dtype.kind in "iu" else None
    if span is not None:  # a table of the numbers in between
        low, high = span
        number_of = np.full(high - low + 2, -1, dtype=np.intp)  # the last is for those outside
        number_of[categories.astype(np.int64) - low] = np.arange(len(categories))
        outside = (column < low) | (column > high)
        return number_of[np.where(outside, high - low + 1, column.astype(np.int64) - low)]
    numbers = np.minimum(np.searchsorted(categories, column), len(categories) - 1)
    found = categories[numbers]
    known = found == column
    if not known.all():
        if is_nan(categories[-1]):
            known |= np.isnan(found) & np.isnan(column)
        numbers = np.where(known, numbers, -1)
    return numbers


def _span(integers: np.ndarray, most: int = 0) -> tuple[int, int] | None:
    """The least and the largest integer, if there are few numbers in between."""
    if integers.dtype.kind not in "iu" or not len(integers):
        return None
    low, high = int(integers.min()), int(integers.max())
    fits = low > -(2**62) and high < 2**62 and high - low < 4 * max(len(integers), most)
    return (low, high) if fits else None


def _looked_up(values: list, categories: list) -> np.ndarray:
    number_of = {category: i for i, category in enumerate(categories)}
    try:  # of all values at once, without a test
        return np.fromiter(map(number_of.__getitem__, values), np.intp, len(values))
    except KeyError:
        nan = len(categories) - 1 if is_nan(categories[-1]) else -1
        get = number_of.get
        found = ((nan if v != v else -1) if (i := get(v)) is None else i for v in values)
        return np.fromiter(found, np.intp, len(values))


def is_nan(value: Any) -> bool:
    """Is it NaN, not None or another missing value?"""
    return isinstance(value, (float, np.floating)) and bool(value != value)


class CategoryEncoder(Transformer):
    """Learns the categories of each column. A subclass replaces each value by numbers."""

    reads = "categories"
    allow_nan = True

    categories: Any = choice("auto") | sequence(
        doc="those of fit; or for each column a list of them, in ascending order if they are numbers"
    )

    categories_: list = learned("the categories of each column, in ascending order")

    def _learn_categories(self, X: Columns, unknown: bool) -> None:
        """Sets `categories_`. unknown: may X have others than those of the parameter?"""
        if isinstance(self.categories, str):
            self.categories_ = [categories_of(column) for column in X.columns]
            return
        if len(self.categories) != X.shape[1]:
            what = "Shape mismatch: if categories is an array, it has to be of shape (n_features,). It has "
            what += f"{len(self.categories)} lists, and X has {X.shape[1]} columns."
            raise refusal(ValueError, what, "categories='auto', or a list for each column")
        given = zip(self.categories, X.columns, strict=True)
        self.categories_ = [_given(*pair, j) for j, pair in enumerate(given)]
        if not unknown:
            self._numbers(X, "fit")

    def _numbers(self, X: Columns, when: str = "transform", unknown: bool = False) -> np.ndarray:
        """The number of each value's category, (samples, features).

        For an unknown value -1, or, without `unknown`, an error.
        """
        numbers = np.empty(X.shape, dtype=np.intp)
        for j, (column, categories) in enumerate(zip(X.columns, self.categories_, strict=True)):
            found = numbers[:, j] = numbers_of(column, categories)
            if not unknown and found.min() < 0:
                others = categories_of(column[found < 0]).tolist()
                listed = f"[{', '.join(map(repr, others[:5]))}{', ...' if len(others) > 5 else ''}]"
                raise refusal(
                    ValueError,
                    f"Found unknown categories {listed} in column {self._column(j)} during {when}: the "
                    f"first is in row {int(np.argmax(found < 0))}.",
                    f"{type(self).__name__}({self._for_unknown()})",
                )
        return numbers

    def _for_unknown(self) -> str:
        """The parameter that accepts unknown categories."""
        return "handle_unknown='ignore'"

    def _column(self, j: int) -> str:
        names = vars(self).get("feature_names_in_")
        return str(j) if names is None else f"{j} ({names[j]!r})"

    def _numeric(self, X: Any, width: int, allow_nan: bool = False) -> np.ndarray:
        """What was encoded, as an array of numbers."""
        self._require_fit()
        found = np.asarray(dense(X), dtype=np.float64)
        if found.ndim != 2 or found.shape[1] != width:
            what = "Shape of the passed X data is not correct. Expected "
            what += f"{width} columns, got shape {found.shape}."
            raise refusal(ValueError, what, "what transform(X) has returned")
        if not allow_nan and not np.isfinite(found.sum()):
            what = "Input X contains NaN or infinity: transform returns neither."
            raise refusal(ValueError, what, "what transform(X) has returned")
        return found


def _given(given: Any, column: np.ndarray, j: int) -> np.ndarray:
    """The categories of a column as the user lists them."""
    text = column.dtype.kind in "OUS"
    categories = np.array(given, dtype=object if text else column.dtype)
    if categories.ndim != 1 or not len(categories):
        what = f"The categories of column {j} are {given!r}."
        raise refusal(ValueError, what, "a list of values")
    if any(map(is_nan, categories[:-1])):
        what = "Nan should be the last element in user provided categories, see categories "
        raise refusal(ValueError, f"{what}{given!r} in column #{j}.", "NaN at the end")
    if len(categories) != len(categories_of(categories)):
        what = f"In column {j}, the predefined categories contain duplicate elements."
        raise refusal(ValueError, what, "list(dict.fromkeys(categories))")
    if not text and (np.sort(categories)[: len(categories) - 1] != categories[:-1]).any():
        what = f"Unsorted categories are not supported for numerical categories: {given!r} of column {j}."
        raise refusal(ValueError, what, "sorted(categories)")
    return categories


class GroupingEncoder(CategoryEncoder):
    """An encoder that can group the infrequent categories of a column as one.

    Infrequent are those below min_frequency, and, of more than max_categories, those with the lowest counts.
    """

    min_frequency: Any = integer(
        None, at_least=1, doc="the least count, or fraction of the rows, of a category by itself"
    ) | number(above=0, below=1)
    max_categories: int | None = integer(
        None,
        at_least=1,
        doc="the largest number of categories of a column, with that of the infrequent",
    )

    infrequent_categories_: list = learned(
        "of each column, None if there are none; if they are grouped"
    )

    def _learn_groups(self, X: Columns, ignore_nan: bool) -> None:
        """Sets `_groups_`: of each column, category number -> group number, or None without groups.

        The infrequent are the last group. ignore_nan: the category NaN stays by itself.
        """
        self._groups_: list = [None] * len(self.categories_)
        if self.min_frequency is None and self.max_categories is None:
            return
        numbers = self._numbers(X, "fit", unknown=True)
        found: list = [None] * len(self.categories_)
        for j, categories in enumerate(self.categories_):
            n = len(categories) - (ignore_nan and is_nan(categories[-1]))
            present = numbers[:, j][numbers[:, j] >= 0]
            infrequent = self._infrequent(np.bincount(present, minlength=n)[:n], len(numbers))
            if infrequent.any():
                found[j] = categories[:n][infrequent]
                self._groups_[j] = np.where(
                    infrequent, n - infrequent.sum(), np.cumsum(~infrequent) - 1
                )
        self.infrequent_categories_ = found

    def _infrequent(self, counts: np.ndarray, samples: int) -> np.ndarray:
        least: Any = self.min_frequency or 0
        infrequent = counts < (least if isinstance(least, (int, np.integer)) else least * samples)
        most = self.max_categories
        if most is not None and most < len(counts) - infrequent.sum() + 1:
            by_count = np.argsort(counts, kind="stable")
            infrequent[by_count[: len(counts) - (most - 1)]] = True
        return infrequent

    def _grouped(self, j: int) -> np.ndarray:
        """The categories of a column, the infrequent ones as one."""
        groups = self._groups_[j]
        if groups is None:
            return self.categories_[j]
        alone = self.categories_[j][: len(groups)][groups < groups.max()]
        return np.concatenate([alone.astype(object), ["infrequent_sklearn"]])


def warn_of_unknown(columns: Iterable[int], become: str) -> None:
    """Warns that columns have values which `fit` has not seen, and what becomes of them."""
    text = f"Found unknown categories in columns {[*columns]} during transform. These unknown categories "
    warn(UserWarning, f"{text}will be encoded as {become}")
