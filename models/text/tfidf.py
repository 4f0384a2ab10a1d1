"""Counts of terms, weighted by how rare a term is.

Source: C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval (2008), section 6.2.
"""

from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, choice, data_type, learned
from models.foundation.parametrized import Parametrized
from models.foundation.sparse import sparse_output
from models.text.counts import CountVectorizer
from models.text.rows import Rows, rows_of


class Weighting(Parametrized):
    """The parameters and formulas of TF-IDF."""

    norm: str | None = choice("l2", "l1", None, doc="divide each row by its norm")
    use_idf: bool = boolean(True, doc="multiply by idf")
    smooth_idf: bool = boolean(True, doc="count one more document, which has every term")
    sublinear_tf: bool = boolean(False, doc="1 + ln tf in place of tf")

    idf_: np.ndarray = learned("idf of each term: (terms,)")

    def _learn_idf(self, rows: Rows) -> None:
        if self.use_idf:
            documents = np.bincount(rows.columns, minlength=rows.width) + float(self.smooth_idf)
            n = len(rows.starts) - 1 + int(self.smooth_idf)
            with np.errstate(divide="ignore"):
                self.idf_ = np.log(n / documents) + 1

    def _weighted(self, rows: Rows) -> Rows:
        data = rows.data.astype(np.float64)
        if self.sublinear_tf:
            data = np.log(data) + 1
        if self.use_idf:
            data = data * self.idf_[rows.columns]
        return rows._replace(data=data).normalized(self.norm)


class TfidfTransformer(Weighting, Transformer):
    """Counts of terms as tf · idf: how often the term is in the document, times how rare it is.

        idf = ln (n / df) + 1            smooth: ln ((1 + n) / (1 + df)) + 1

    of n documents, of which df have the term (Manning equation 6.7 and 6.8, with another 1). Then each row
    is divided by its norm. X may be a sparse matrix of SciPy.
    """

    accepts_sparse = True

    sparse_output: Any = sparse_output()

    def _fit(self, X):
        self._learn_idf(rows_of(X))

    def _transform(self, X):
        return self._weighted(rows_of(X)).table(self.sparse_output, np.float64)

    def _names_out(self, names):
        return names

    @classmethod
    def examples(cls, rng):
        yield cls(), rng.gamma(1.0, size=(60, 4)), np.arange(60) % 3


class TfidfVectorizer(Weighting, CountVectorizer):
    """CountVectorizer, followed by TfidfTransformer."""

    dtype: Any = data_type(np.float64, doc="of the result")

    def _learn_terms(self, terms, data, starts):
        rows = super()._learn_terms(terms, data, starts)
        self._learn_idf(rows)
        return rows

    def _finished(self, rows):
        return super()._finished(self._weighted(rows))
