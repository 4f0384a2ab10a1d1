"""Records counted in columns that a hash function chooses."""

import numbers
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from models.foundation import Transformer, boolean, choice, data_type, integer
from models.foundation.sparse import sparse_output
from models.text.hashing import hashes_of
from models.text.rows import Rows
from tinygrad_edu.diagnostics.words import refusal


class FeatureHasher(Transformer):
    """The values of a record in the columns |h| mod n_features, h the hash value of the name.

    {"city": "Rome", "year": 1960} has 1 in the column of "city=Rome" and 1960 in that of "year". As in
    HashingVectorizer nothing is learned, values in one column are added, and they have the signs of h.

    input_type   a record is: "dict", a dict; "pair", a list of (name, value); "string", a list of names
    """

    reads = "anything"
    requires_fit = False
    does_not_apply = {"*": "X is a list of dicts, not a table; tests/models/text"}

    n_features: int = integer(2**20, at_least=1, at_most=2**31 - 1, doc="number of columns")
    input_type: str = choice("dict", "pair", "string", doc="what a record is")
    dtype: Any = data_type(np.float64, doc="of the result")
    alternate_sign: bool = boolean(True, doc="add values with the sign of h")
    sparse_output: Any = sparse_output()

    def fit(self, X: Any = None, y: Any = None) -> Self:  # type: ignore[override]
        """Checks the parameters and returns self."""
        self._check_parameters()
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """The row of each record."""
        return self.fit().transform(X)

    def transform(self, X: Any) -> Any:
        """The row of each record."""
        self._check_parameters()
        names: list[str] = []
        values: list[Any] = []
        starts = [0]
        for record in X:
            for name, value in self._items(record):
                if not isinstance(name, (str, bytes)):
                    what = f"feature names must be strings, not {name!r}."
                    raise refusal(TypeError, what, f"{str(name)!r}")
                if isinstance(name, bytes):
                    name = name.decode()
                if isinstance(value, str):
                    name, value = f"{name}={value}", 1
                if not isinstance(value, (numbers.Real, np.bool_)):
                    what = f"the value of {name!r} must be a number or text, not {value!r}."
                    raise refusal(TypeError, what, "records without that name")
                if value != 0:
                    names.append(name)
                    values.append(value)
            starts.append(len(names))
        if len(starts) == 1:
            raise refusal(ValueError, "Cannot vectorize empty sequence.", "one record or more")
        hashes, data = hashes_of(names), np.array(values, dtype=np.float64)
        if self.alternate_sign:
            data *= np.where(hashes < 0, -1, 1)
        columns = np.abs(hashes) % self.n_features
        rows = Rows(data, columns, np.array(starts), self.n_features).merged()
        if (
            np.dtype(self.dtype).kind in "iu"
            and not (np.abs(rows.data) < np.iinfo(self.dtype).max).all()
        ):
            what = f"a value is not finite, or too large for dtype={np.dtype(self.dtype)}."
            raise refusal(OverflowError, what, "dtype=float")
        return rows.table(self.sparse_output, self.dtype)

    def _items(self, record: Any) -> Any:
        """(name, value) for each entry of a record."""
        if isinstance(record, str) or isinstance(record, Mapping) != (self.input_type == "dict"):
            what = (
                f"input_type={self.input_type!r}, but a record is a {type(record).__name__}: {record!r}. "
                "Samples can not be a single string."
            )
            raise refusal(
                ValueError, what, "input_type='dict' for dicts, 'string' for lists of words"
            )
        if self.input_type == "string":
            return ((name, 1) for name in record)
        if self.input_type == "dict":
            return record.items()
        pairs = [*record]
        for pair in pairs:
            if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
                what = f"input_type='pair', but a record contains {pair!r}."
                raise refusal(ValueError, what, "(name, value) for each entry")
        return pairs

    @classmethod
    def examples(cls, rng):
        yield cls(n_features=8), [{"city": "Rome", "year": 1960.0}, {"city": "Oslo"}] * 30, None
