"""One column of zeros and ones for each category."""

from typing import Any

import numpy as np

from models.foundation import choice, data_type, function, learned, sequence
from models.foundation.sklearn_bridge import output_container
from models.foundation.sparse import mostly_zeros, sparse_output
from models.preprocessing.categories import GroupingEncoder, is_nan, warn_of_unknown
from tinygrad_edu.diagnostics.words import refusal


class OneHotEncoder(GroupingEncoder):
    """For each category a column, which is 1 in the rows that have it, and 0 in the others.

    The columns of a frame may be text or numbers; NaN and None are categories as well. With drop, one
    category of a column is all zeros, so that the columns are linearly independent of a constant.

    An unknown category, which fit has not seen, is an error; or with handle_unknown all zeros ("ignore"), or
    the infrequent category if the column has one ("infrequent_if_exist"; "warn" says so).

    Different from scikit-learn: the default sparse_output="auto" returns an array while it is not large,
    since most models here compute with arrays. It answers toarray() as a sparse matrix does.
    """

    twin_settings = {"sparse_output": False}

    drop: Any = choice(None, "first", "if_binary") | sequence(
        doc="no column for the first category; the same if there are two; or a category of each column"
    )
    sparse_output: Any = sparse_output()
    dtype: Any = data_type(np.float64, doc="of the new columns")
    handle_unknown: str = choice(
        "error", "ignore", "infrequent_if_exist", "warn", doc="what to do with unknown categories"
    )
    feature_name_combiner: Any = choice("concat") | function(
        doc="makes the name of a column from the feature and the category; by default color_red"
    )

    drop_idx_: Any = learned("number of the dropped category of each column, or None")

    def _fit(self, X):
        self._learn_categories(X, unknown=self.handle_unknown != "error")
        self._learn_groups(X, ignore_nan=False)
        self._widths_ = np.array([len(self._grouped(j)) for j in range(X.shape[1])])
        self._learn_drop()

    def _learn_drop(self):
        """Sets `drop_idx_`, and `_dropped_`: of each column the group without a new column, or -1."""
        self.drop_idx_, self._dropped_ = None, np.full(len(self.categories_), -1)
        if self.drop is None:
            return
        if isinstance(self.drop, str):
            self._dropped_[(self._widths_ == 2) | (self.drop == "first")] = 0
            first = [0 if g is None else np.flatnonzero(g == 0)[0] for g in self._groups_]
            dropped = [i if d == 0 else None for i, d in zip(first, self._dropped_, strict=True)]
        else:
            dropped = self._chosen()
            for j, i in enumerate(dropped):
                groups = self._groups_[j]
                self._dropped_[j] = i if groups is None else groups[i]
        self.drop_idx_ = np.array(dropped, dtype=object)

    def _chosen(self):
        """The numbers of the categories that the parameter `drop` lists."""
        if len(self.drop) != len(self.categories_):
            what = "`drop` should have length equal to the number of features "
            what += f"({len(self.categories_)}), got {len(self.drop)}."
            raise refusal(ValueError, what, "a category of each column, or drop='first'")
        numbers = []
        for j, (value, categories) in enumerate(zip(self.drop, self.categories_, strict=True)):
            same = [
                i for i, c in enumerate(categories) if c == value or (is_nan(c) and is_nan(value))
            ]
            if not same:
                what = "The following categories were supposed to be dropped, but were not found in the "
                what += f"training data.\nCategory: {value!r}, Feature: {j}."
                raise refusal(ValueError, what, f"one of {categories[:5].tolist()}")
            infrequent = vars(self).get("infrequent_categories_", {j: None})[j]
            if infrequent is not None and value in infrequent.tolist():
                what = (
                    f"Unable to drop category {value!r} from feature {j} because it is infrequent."
                )
                raise refusal(ValueError, what, "a frequent category, or drop='first'")
            numbers += same
        return numbers

    def _transform(self, X):
        numbers = self._numbers(X, unknown=self.handle_unknown != "error")
        known = numbers >= 0
        all_known = bool(known.all())
        if not all_known:
            self._replace_unknown(numbers, known)
        for j, groups in enumerate(self._groups_):
            if groups is not None:
                numbers[:, j] = groups[numbers[:, j]]
        if self.drop is not None:
            known &= numbers != self._dropped_
            numbers -= (numbers > self._dropped_) & (self._dropped_ >= 0)
            all_known = False
        ends = np.cumsum(self._new_columns())
        numbers += ends - self._new_columns()
        n, d = numbers.shape
        columns = numbers.ravel() if all_known else numbers[known]
        starts = d * np.arange(n + 1) if all_known else np.append(0, np.cumsum(known.sum(axis=1)))
        ones = np.ones(len(columns), dtype=self.dtype)
        return mostly_zeros(ones, columns, starts, (n, int(ends[-1])), self._output())

    def _output(self):
        framed = self.sparse_output == "auto" and output_container(self) != "default"
        return False if framed else self.sparse_output

    def _new_columns(self):
        return self._widths_ - (self._dropped_ >= 0)

    def _replace_unknown(self, numbers, known):
        """Unknown values become an infrequent one, if the column has any and the parameter says so."""
        columns = np.flatnonzero(~known.all(axis=0))
        infrequent = self.handle_unknown in ("infrequent_if_exist", "warn")
        if self.handle_unknown == "warn" or self.drop is not None:
            warn_of_unknown(
                columns.tolist(),
                "the infrequent category." if self.handle_unknown == "warn" else "all zeros",
            )
        for j in columns:
            groups = self._groups_[j] if infrequent else None
            rows = ~known[:, j]
            numbers[rows, j] = 0 if groups is None else np.argmax(groups)
            known[rows, j] = groups is not None

    def inverse_transform(self, X: Any) -> np.ndarray:
        """The categories again: for all zeros the dropped one, or None if it was unknown."""
        numeric = self._numeric(X, len(self.get_feature_names_out()))
        parts = np.split(numeric, np.cumsum(self._new_columns())[:-1], axis=1)
        return np.stack([self._original(j, part) for j, part in enumerate(parts)], axis=1)

    def _original(self, j, ones):
        """A column of categories from its columns of ones."""
        categories, dropped = self._grouped(j), self._dropped_[j]
        if ones.shape[1] == 0:
            return np.repeat(categories, len(ones))
        kept = categories if dropped < 0 else np.delete(categories, dropped)
        column = kept[ones.argmax(axis=1)]
        zeros = ones.sum(axis=1) == 0
        if dropped >= 0:
            column[zeros] = categories[dropped]
        elif zeros.any():
            infrequent = self.handle_unknown != "ignore" and self._groups_[j] is not None
            if self.handle_unknown == "error" or infrequent:
                what = f"Samples {np.flatnonzero(zeros)[:5].tolist()} can not be inverted when drop=None and "
                what += f"handle_unknown={self.handle_unknown!r} because they contain all zeros."
                raise refusal(ValueError, what, "what transform(X) has returned")
            column = column.astype(object)
            column[zeros] = None
        return column

    def _names_out(self, names):
        combined = self.feature_name_combiner
        for j, name in enumerate(names):
            categories = self._grouped(j)
            if self._dropped_[j] >= 0:
                categories = np.delete(categories, self._dropped_[j])
            for category in categories:
                made = f"{name}_{category}" if combined == "concat" else combined(name, category)
                if not isinstance(made, str):
                    what = "When `feature_name_combiner` is a callable, it should return a Python string. "
                    raise refusal(TypeError, f"{what}Got {type(made)} instead.", "str(...)")
                yield made

    @classmethod
    def examples(cls, rng):
        yield cls(), rng.integers(0, 3, (60, 4)).astype(float), np.arange(60) % 3
