"""How often each term occurs in a document."""

import itertools
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from models.foundation import boolean, data_type, integer, learned, number
from models.foundation.fields import Parameter
from models.foundation.sklearn_bridge import not_fitted
from models.text.analysis import TextTransformer
from models.text.rows import Rows, rows_of
from tinygrad_edu.diagnostics.words import refusal


def _is_vocabulary(x: Any) -> bool:
    return isinstance(x, Mapping) or (hasattr(x, "__iter__") and not isinstance(x, (str, type)))


class CountVectorizer(TextTransformer):
    """A column for each term of the documents of `fit`, with how often it occurs.

    Terms in more documents than max_df or fewer than min_df are left out: counts, or fractions of all
    documents. `transform` leaves out terms that `fit` has not seen.
    """

    max_df: Any = number(1.0, at_least=0, at_most=1.0) | integer(
        at_least=1, doc="the largest number of documents, or fraction of them, that have a term"
    )
    min_df: Any = integer(
        1, at_least=1, doc="the least number of documents, or fraction of them, that have a term"
    ) | number(at_least=0, at_most=1.0)
    max_features: int | None = integer(None, at_least=1, doc="keep the terms that occur most often")
    vocabulary: Any = Parameter(
        None,
        _is_vocabulary,
        "a dict or a list of terms",
        "terms -> columns, or the terms in their order",
    )
    binary: bool = boolean(False, doc="1 in place of all counts above 0")
    dtype: Any = data_type(np.int64, doc="of the counts")

    vocabulary_: dict = learned("term -> its column")
    fixed_vocabulary_: bool = learned("was the vocabulary given?")

    def fit(self, raw_documents: Any, y: Any = None) -> Self:  # type: ignore[override]
        """Learns the terms of documents, an iterable of strings, and returns self. y is ignored."""
        self._learn_documents(raw_documents)
        return self

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:  # type: ignore[override]
        """Learns the terms of documents, and returns the counts of each. y is ignored."""
        return self._contained(self._finished(self._learn_documents(raw_documents)), None)

    def transform(self, raw_documents: Any) -> Any:
        """The counts of the terms in each document."""
        self._check_parameters()
        rows = self._counted(*self._counts_of(raw_documents), self._known_vocabulary())
        return self._contained(self._finished(rows), None)

    def _finished(self, rows: Rows) -> Any:
        """The result of `transform`."""
        return rows.table(self.sparse_output, self.dtype)

    def _learn_documents(self, raw_documents: Any) -> Rows:
        """Learns from documents, and returns their counts."""
        self._check_parameters()
        learner = self._copy(with_learned=False)
        rows = learner._learn_terms(*learner._counts_of(raw_documents))
        self._take_over(learner)
        return rows

    def _counts_of(self, raw_documents: Any) -> tuple[list, np.ndarray, np.ndarray]:
        terms, counts, starts = self._terms(raw_documents)
        return terms, np.ones_like(counts) if self.binary else counts, starts

    def _learn_terms(self, terms: list, data: np.ndarray, starts: np.ndarray) -> Rows:
        """Sets the vocabulary, and returns the counts."""
        if self.vocabulary is not None:
            return self._counted(terms, data, starts, self._known_vocabulary())
        self.fixed_vocabulary_ = False
        known = sorted(set(terms))
        if not known:
            what = "empty vocabulary; perhaps the documents only contain stop words."
            raise refusal(ValueError, what, "longer documents, or fewer stop_words")
        rows = self._counted(terms, data, starts, {term: i for i, term in enumerate(known)})
        kept = self._frequent(rows)
        self.vocabulary_ = {known[i]: n for n, i in enumerate(np.flatnonzero(kept).tolist())}
        if kept.all():
            return rows
        renumbered = (np.cumsum(kept) - 1)[rows.columns]
        return rows._replace(columns=renumbered, width=int(kept.sum())).keep(kept[rows.columns])

    def _counted(
        self, terms: list, data: np.ndarray, starts: np.ndarray, vocabulary: Mapping
    ) -> Rows:
        """The counts of the terms in the vocabulary."""
        numbers = map(vocabulary.get, terms, itertools.repeat(-1))
        rows = Rows(data, np.fromiter(numbers, np.intp, len(terms)), starts, len(vocabulary))
        known = rows.columns >= 0
        return rows if known.all() else rows.keep(known)

    def _frequent(self, rows: Rows) -> np.ndarray:
        """Which terms are in neither too many nor too few documents, and among those that occur most."""
        n = len(rows.starts) - 1
        limits = (self.max_df, self.min_df)
        most, least = (x if isinstance(x, (int, np.integer)) else x * n for x in limits)
        if most < least:
            what = "max_df corresponds to < documents than min_df."
            raise refusal(ValueError, what, f"max_df={self.min_df!r}, or more")
        documents = np.bincount(rows.columns, minlength=rows.width)
        kept = (documents <= most) & (documents >= least)
        if self.max_features is not None and kept.sum() > self.max_features:
            totals = np.bincount(rows.columns, rows.data, rows.width).astype(np.int64)
            largest = (-totals[kept]).argsort()[: self.max_features]
            places = np.flatnonzero(kept)[largest]
            kept = np.zeros(rows.width, dtype=bool)
            kept[places] = True
        if not kept.any():
            what = "After pruning, no terms remain. Try a lower min_df or a higher max_df."
            raise refusal(ValueError, what, "min_df=1, max_df=1.0")
        return kept

    def _known_vocabulary(self) -> Mapping:
        """`vocabulary_`: learned, or that of the parameter."""
        if "vocabulary_" not in vars(self):
            if self.vocabulary is None:
                raise not_fitted(self)
            given: Any = self.vocabulary
            if not isinstance(given, Mapping):
                terms = sorted(given) if isinstance(given, (set, frozenset)) else list(given)
                if len(set(terms)) < len(terms):
                    twice = next(term for term in terms if terms.count(term) > 1)
                    raise refusal(
                        ValueError, f"Duplicate term in vocabulary: {twice!r}.", "each term once"
                    )
                given = {term: i for i, term in enumerate(terms)}
            if sorted(given.values()) != list(range(len(given))) or not given:
                what = f"a vocabulary of {len(given)} terms, whose columns are not 0, 1, 2, ..."
                raise refusal(ValueError, what, "a list of terms")
            self.fixed_vocabulary_, self.vocabulary_ = True, dict(given)
        return self.vocabulary_

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """For each row of counts the terms that are not 0."""
        terms = self.get_feature_names_out().astype(str)
        rows = rows_of(X)
        return np.split(terms[rows.columns], rows.starts[1:-1])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The terms, in the order of the columns. The argument is ignored."""
        vocabulary = self._known_vocabulary()
        return np.array(sorted(vocabulary, key=vocabulary.__getitem__), dtype=object)

    @classmethod
    def examples(cls, rng):
        yield cls(), ["the cat sat on the mat", "the dog ate my cat"] * 30, None
