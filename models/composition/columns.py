"""Different transformers for different columns of a table, as of numbers and of words."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.composition.pipeline import Named, fit_and_transform, named_after_classes
from models.composition.progress import timed
from models.composition.union import joined_names, transformed, unfitted, weighted
from models.foundation import Transformer, boolean, integer, learned, mapping, nonnegative
from models.foundation.examples import named
from models.foundation.fields import REQUIRED, Parameter
from models.foundation.frames import beside, column_names, frame_of, is_frame, listed
from models.foundation.parallel import each
from models.foundation.sklearn_bridge import output_container
from models.foundation.wrapper import Wrapper
from tinygrad_edu.diagnostics.words import refusal


def _are_triples(x: Any) -> bool:
    if not isinstance(x, (list, tuple)) or not all(
        isinstance(t, (list, tuple)) and len(t) == 3 for t in x
    ):
        return False
    names = [name for name, *_ in x]
    good = all(isinstance(name, str) and "__" not in name for name in names)
    return good and len({*names}) == len(names) and all(_is_remainder(part) for _, part, _ in x)


def _is_remainder(x: Any) -> bool:
    return (isinstance(x, str) and x in ("drop", "passthrough")) or hasattr(x, "fit")


class ColumnTransformer(Wrapper, Transformer):
    """Different transformers for different columns, the results side by side.

    Columns are a name, a number, a list or a slice of them, a mask, or a function of X, such as
    make_column_selector(dtype_include=...). In a data frame they are found by their names, in any order.
    """

    transformers: Any = Parameter(
        REQUIRED,
        _are_triples,
        "a list of (name, transformer, columns) in this order, all names different",
        "the transformers; 'drop' leaves columns out, 'passthrough' keeps them",
    )
    remainder: Any = Parameter(
        "drop", _is_remainder, "'drop', 'passthrough' or a transformer", "of all other columns"
    )
    sparse_threshold: float = nonnegative(
        0.3, doc="a result with a smaller part of values that are not 0 stays sparse, if a part is"
    )
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")
    transformer_weights: Any = mapping(None, doc="name of a transformer -> factor of its columns")
    verbose: bool = boolean(False, doc="print how long each transformer took to fit")
    verbose_feature_names_out: bool = boolean(True, doc="begin names with that of the transformer")

    transformers_: list = learned("(name, fitted transformer, columns); the remainder at the end")
    output_indices_: dict = learned("name of a transformer -> slice of the columns of the result")
    sparse_output_: bool = learned("is the result a sparse matrix?")
    _parts_: list = learned("(name, fitted transformer, columns) of those that give columns")

    kind = None
    does_not_apply: ClassVar = {
        **Wrapper.does_not_apply,
        "check_dataframe_column_names_consistency": "finds columns by their names, in any order",
    }

    @property
    def named_transformers_(self) -> Named:
        """Name -> fitted transformer."""
        self._require_fit()
        return Named({name: part for name, part, _ in self.transformers_})

    def _parts(self) -> dict[str, Any]:
        triples = self.transformers if _are_triples(self.transformers) else []
        parts = {name: part for name, part, _ in triples}
        return parts | ({} if isinstance(self.remainder, str) else {"remainder": self.remainder})

    def _replace_part(self, name: str, part: Any) -> None:
        self.transformers = [(n, part if n == name else p, c) for n, p, c in self.transformers]

    def _fit_parts(self, X, y, **params):
        X = _as_table(X, type(self).__name__)
        self._note_columns(X, y)
        columns = list(self.feature_names_in_) if "feature_names_in_" in vars(self) else None
        width = X.shape[1]
        self.n_features_in_ = width
        triples, used = [], set()
        for name, part, given in self.transformers:
            chosen = _columns(given(X) if callable(given) else given, columns, width)
            used |= {*np.atleast_1d(chosen).tolist()}
            triples.append((name, part, chosen))
        rest = np.array([i for i in range(width) if i not in used], dtype=np.intp)
        triples.append(("remainder", self.remainder, rest))
        fitted = [triple for triple in triples if not _is_nothing(*triple[1:])]
        work = [
            (unfitted(name, part), _take(X, chosen), y, params, said)
            for (name, part, chosen), said in zip(fitted, self._said(fitted), strict=True)
        ]
        done = iter(each(_fit_transform, work, self.n_jobs))
        self.transformers_, self._parts_, self.output_indices_ = [], [], {}
        tables, start = [], 0
        for name, part, chosen in triples:
            if _is_nothing(part, chosen):
                self.output_indices_[name] = slice(0, 0)
            else:
                part, table = next(done)
                tables.append(_two_axes(table, name))
                self._parts_.append((name, part, chosen))
                stop = start + tables[-1].shape[1]
                self.output_indices_[name], start = slice(start, stop), stop
            if name != "remainder" or len(rest):
                asked = [columns[i] for i in np.atleast_1d(chosen)] if columns else chosen
                self.transformers_.append((name, part, asked))
        self.sparse_output_ = self._is_sparse(tables)
        self._last = tables  # for fit_transform

    def _said(self, triples):
        """What `verbose` prints of each part, or None."""
        said = [
            f"({i} of {len(triples)}) Processing {name}" for i, (name, *_) in enumerate(triples, 1)
        ]
        return said if self.verbose else [None] * len(said)

    def _is_sparse(self, tables):
        if not any(hasattr(table, "tocsr") for table in tables):
            return False
        filled = sum(t.nnz if hasattr(t, "nnz") else np.count_nonzero(t) for t in tables)
        return filled / sum(t.shape[0] * t.shape[1] for t in tables) < self.sparse_threshold

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fits, and returns the results side by side."""
        self._check_parameters()
        learner = self._copy(with_learned=False)
        learner._fit_parts(X, y, **params)
        tables = vars(learner).pop("_last")
        self._take_over(learner)
        return self._joined(tables, X)

    def transform(self, X: Any) -> Any:
        """The results of all transformers, side by side."""
        self._require_fit()
        table, places = self._in_order(X)
        work = [(part, _take(table, places[chosen])) for _, part, chosen in self._parts_]
        return self._joined(each(transformed, work, self.n_jobs), X)

    def _joined(self, tables, X):
        names = [name for name, *_ in self._parts_]
        checked = map(_two_axes, tables, names)
        scaled = weighted(checked, names, self.transformer_weights)
        if not scaled:
            return np.zeros((len(X), 0))
        container = output_container(self)
        if container != "default" and not any(hasattr(table, "tocsr") for table in scaled):
            return frame_of(scaled, container, self.get_feature_names_out(), like=X)
        found = beside(scaled)
        if hasattr(found, "tocsr") and not self.sparse_output_:
            found = found.toarray()
        return self._contained(found, X)

    def _in_order(self, X):
        """X as a table, and the place in it of each column of fit. Raises ValueError for missing ones."""
        X = _as_table(X, type(self).__name__)
        known = vars(self).get("feature_names_in_")
        names = column_names(X)
        if known is not None and names is not None:
            needed = {known[i] for _, _, chosen in self._parts_ for i in np.atleast_1d(chosen)}
            missing = [name for name in known if name in needed and name not in {*names}]
            if missing:
                what = f"columns are missing: {{{listed(missing)}}}: they were there in fit."
                raise refusal(ValueError, what, "a data frame with the columns of fit")
            place = {name: i for i, name in enumerate(names)}
            return X, np.array([place.get(name, -1) for name in known])
        if X.shape[1] != self.n_features_in_:
            what = (
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input."
            )
            raise refusal(ValueError, what, "the same columns as in fit")
        return X, np.arange(self.n_features_in_)

    def _names_out(self, names):
        return joined_names(
            [
                (name, part.get_feature_names_out(names[np.atleast_1d(chosen)]))
                for name, part, chosen in self._parts_
            ],
            self.verbose_feature_names_out,
        )

    def __sklearn_tags__(self) -> Any:
        from models.foundation import sklearn_bridge

        found = sklearn_bridge.tags(self)
        parts = [part for _, part, _ in self.transformers if not isinstance(part, str)]
        found.input_tags.allow_nan = all(
            sklearn_bridge.tags_of_part(part, True).input_tags.allow_nan for part in parts
        )
        return found

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Two columns scaled, the others kept."""
        kind: Any = cls
        parts = [("scaled", named("StandardScaler")(), slice(0, 2))]
        yield kind(parts, remainder="passthrough"), rng.normal(size=(60, 4)), np.arange(60) % 2


def _as_table(X: Any, name: str) -> Any:
    if is_frame(X) or hasattr(X, "tocsr"):
        return X
    found = np.asarray(X)
    if found.ndim != 2:
        what = f"{name} expects X of shape (samples, features), got shape {found.shape}. Reshape your data."
        raise refusal(ValueError, what, "X.reshape(-1, 1) if it is one feature")
    for axis, things in enumerate(("sample", "feature")):
        if found.shape[axis] == 0:
            what = f"Found array with 0 {things}(s) (shape={found.shape}) while a minimum of 1 is required."
            raise refusal(ValueError, what, "X.shape, right before this line")
    return found


def _columns(given: Any, names: list[str] | None, width: int) -> Any:
    """The column numbers of a name, a number, a list, a slice or a mask; one number for a single column."""
    if isinstance(given, (str, int, np.integer)) and not isinstance(given, bool):
        return _number(given, names, width)
    if isinstance(given, slice):
        start, stop = given.start, given.stop
        if isinstance(start, str) or isinstance(stop, str):  # names, both ends included
            start = None if start is None else _number(start, names, width)
            stop = None if stop is None else _number(stop, names, width) + 1
        return np.arange(width)[slice(start, stop, given.step)]
    found = np.asarray(given) if len(given) else np.array([], dtype=np.intp)
    if found.dtype == bool:
        return np.flatnonzero(found)
    return np.array([_number(each, names, width) for each in found.tolist()], dtype=np.intp)


def _number(column: Any, names: list[str] | None, width: int) -> int:
    if isinstance(column, str):
        if names is None:
            what = f"Specifying the columns using strings is only supported for dataframes: {column!r}."
            raise refusal(ValueError, what, "the numbers of the columns, from 0")
        if column not in names:
            what = f"A given column is not a column of the dataframe: {column!r}."
            raise refusal(ValueError, what, listed(names))
        return names.index(column)
    if not -width <= column < width:
        what = f"column {column} is out of range: X has {width} columns."
        raise refusal(ValueError, what, f"a number from 0 to {width - 1}")
    return int(column) % width


def _take(X: Any, chosen: Any) -> Any:
    if hasattr(X, "iloc"):
        return X.iloc[:, chosen]
    if hasattr(X, "tocsr"):
        return X.tocsr()[:, np.atleast_1d(chosen)]
    if is_frame(X):  # polars
        names = [X.columns[i] for i in np.atleast_1d(chosen)]
        return X[names[0]] if np.ndim(chosen) == 0 else X[names]
    return X[:, chosen]


def _is_nothing(part: Any, chosen: Any) -> bool:
    return (isinstance(part, str) and part == "drop") or np.size(chosen) == 0


def _fit_transform(part: Any, X: Any, y: Any, params: Any, said: str | None) -> tuple[Any, Any]:
    with timed("ColumnTransformer", said):
        return part, fit_and_transform(part, X, y, params)


def _two_axes(table: Any, name: str) -> Any:
    if len(getattr(table, "shape", ())) == 2:
        return table
    what = (
        f"The output of the {name!r} transformer should be 2D (numpy array, scipy sparse array, "
        "dataframe)."
    )
    raise refusal(
        ValueError, what, f"a list of columns for it, such as [{name!r}], in place of one column"
    )


def make_column_transformer(
    *pairs: Any,
    remainder: Any = "drop",
    sparse_threshold: float = 0.3,
    n_jobs: int | None = None,
    verbose: bool = False,
    verbose_feature_names_out: bool = True,
) -> ColumnTransformer:
    """A ColumnTransformer of pairs (transformer, columns), named after their classes."""
    names = [name for name, _ in named_after_classes([part for part, _ in pairs])]
    triples = [(name, *pair) for name, pair in zip(names, pairs, strict=True)]
    return ColumnTransformer(
        triples, remainder=remainder, sparse_threshold=sparse_threshold, n_jobs=n_jobs, verbose=verbose,
        verbose_feature_names_out=verbose_feature_names_out,
    )  # fmt: skip


class make_column_selector:
    """A function of a data frame: the names of its columns whose name or type fits.

    pattern                       a regular expression that the name contains
    dtype_include, dtype_exclude  types, as pandas.DataFrame.select_dtypes takes them
    """

    def __init__(
        self, pattern: str | None = None, *, dtype_include: Any = None, dtype_exclude: Any = None
    ):
        self.pattern, self.dtype_include, self.dtype_exclude = pattern, dtype_include, dtype_exclude

    def __call__(self, frame: Any) -> list[str]:
        """The names of the columns."""
        if not hasattr(frame, "iloc"):
            what = "make_column_selector can only be applied to pandas dataframes."
            raise refusal(ValueError, what, "the names or numbers of the columns")
        row = frame.iloc[:1]
        if self.dtype_include is not None or self.dtype_exclude is not None:
            row = row.select_dtypes(include=self.dtype_include, exclude=self.dtype_exclude)
        names = row.columns.tolist()
        return [n for n in names if self.pattern is None or re.search(self.pattern, n)]
