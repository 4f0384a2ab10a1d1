"""Records of names and values as rows of numbers."""

import itertools
import numbers
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, data_type, learned
from models.foundation.fields import Parameter
from models.foundation.sparse import sparse_output
from models.text.rows import Rows, rows_of
from tinygrad_edu.diagnostics.words import refusal


class DictVectorizer(Transformer):
    """Dicts as rows: a column for each name with a number, and for each name with a word.

    {"city": "Rome", "year": 1960} has 1 in the column "city=Rome" and 1960 in the column "year". A list of
    words counts each of them. Names that `fit` has not seen are left out.
    """

    reads = "anything"
    twin_settings = {"sparse": False}
    does_not_apply = {"*": "X is a list of dicts, not a table; tests/models/text"}

    dtype: Any = data_type(np.float64, doc="of the numbers")
    separator: str = Parameter(
        "=", lambda x: isinstance(x, str), "a string", "stands between a name and its word"
    )  # type: ignore[assignment]
    sparse: Any = sparse_output()
    sort: bool = boolean(
        True, doc="sort the columns by name; otherwise in the order of the records"
    )

    feature_names_: list = learned("the names of the columns")
    vocabulary_: dict = learned("name -> column")

    def _fit(self, X):
        self._learn_names(self._entries(X)[0])

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """Learns the names of the columns, and returns the row of each dict. y is ignored."""
        self._check_parameters()
        entries = self._entries(X)
        learner = self._copy(with_learned=False)
        learner._learn_names(entries[0])
        return self._take_over(learner)._contained(self._table(*entries), None)

    def _learn_names(self, names: list) -> None:
        different = dict.fromkeys(names)
        self.feature_names_ = sorted(different) if self.sort else [*different]
        self.vocabulary_ = {name: i for i, name in enumerate(self.feature_names_)}

    def _entries(self, X: Any) -> tuple[list, list, list]:
        """The names and the numbers of all records, one after the other, and where each record starts."""
        names: list = []
        data: list[float] = []
        starts = [0]
        for record in _records(X):
            for name, value in self._items(record):
                names.append(name)
                data.append(value)
            starts.append(len(names))
        return names, data, starts

    def _items(self, record: Mapping) -> Iterator[tuple[Any, Any]]:
        """(name of a column, number) for each entry of a record."""
        if not isinstance(record, Mapping):
            what = f"a record must be a dict, got {type(record).__name__}: {record!r}."
            raise refusal(
                TypeError, what, "[{'color': 'red', 'size': 2.5}, ...], a dict for each row"
            )
        for name, value in record.items():
            if type(value) is float or type(value) is int:
                yield name, value
            elif isinstance(value, str):
                yield f"{name}{self.separator}{value}", 1
            elif isinstance(value, numbers.Number) or value is None:
                yield name, np.nan if value is None else value
            elif isinstance(value, Iterable) and not isinstance(value, Mapping):
                for word in value:
                    if not isinstance(word, str):
                        raise _unsupported(name, value, f"a list with {type(word).__name__}")
                    yield f"{name}{self.separator}{word}", 1
            else:
                raise _unsupported(name, value, type(value).__name__)

    def _transform(self, X):
        return self._table(*self._entries(X))

    def _table(self, names: list, data: list, starts: list) -> Any:
        if len(starts) == 1:
            raise refusal(ValueError, "Sample sequence X is empty.", "one record or more")
        numbers = map(self.vocabulary_.get, names, itertools.repeat(-1))
        columns = np.fromiter(numbers, np.intp, len(names))
        rows = Rows(
            np.array(data, dtype=np.float64), columns, np.array(starts), len(self.vocabulary_)
        )
        return rows.keep(columns >= 0).merged().table(self.sparse, self.dtype)

    def inverse_transform(self, X: Any, dict_type: Any = dict) -> list:
        """Each row as a dict of its numbers that are not 0."""
        self._require_fit()
        rows = rows_of(X)
        items = [
            (self.feature_names_[j], x)
            for j, x in zip(rows.columns.tolist(), rows.data, strict=True)
        ]
        ends = rows.starts[1:]
        return [dict_type(items[a:b]) for a, b in zip(rows.starts, ends, strict=False)]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns. The argument is ignored."""
        self._require_fit()
        return np.array([str(name) for name in self.feature_names_], dtype=object)

    def restrict(self, support: Any, indices: bool = False) -> "DictVectorizer":
        """Keeps only some columns: a mask, or with indices=True their numbers. Changes and returns self."""
        self._require_fit()
        places = np.asarray(support) if indices else np.flatnonzero(support)
        self.feature_names_ = [self.feature_names_[i] for i in places]
        self.vocabulary_ = {name: i for i, name in enumerate(self.feature_names_)}
        return self

    @classmethod
    def examples(cls, rng):
        yield cls(), [{"city": "Rome", "year": 1960.0}, {"city": "Oslo"}] * 30, None


def _records(X: Any) -> Iterable[Mapping]:
    return [X] if isinstance(X, Mapping) else X


def _unsupported(name: Any, value: Any, kind: str) -> Exception:
    what = f"Unsupported value type {kind} for {name!r}: {value!r}."
    return refusal(TypeError, what, "a number, a string or a list of strings")
