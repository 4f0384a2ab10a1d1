"""Terms counted in columns that a hash function chooses.

Source: A. Appleby, MurmurHash3 (public domain, 2011); K. Weinberger and others, Feature hashing for large
scale multitask learning (2009).
"""

from typing import Any, Self

import numpy as np

from models.foundation import boolean, choice, data_type, integer
from models.text.analysis import TextTransformer
from models.text.rows import Rows
from tinygrad_edu.diagnostics.words import refusal


class HashingVectorizer(TextTransformer):
    """The counts of terms in the columns |h| mod n_features, h the hash value of the term.

    There is no vocabulary: nothing is learned, and documents may come one at a time. Terms that share a
    column are added; with the signs of h, their sum is 0 on average.
    """

    requires_fit = False

    n_features: int = integer(2**20, at_least=1, at_most=2**31 - 1, doc="number of columns")
    binary: bool = boolean(False, doc="1 in place of all sums that are not 0")
    norm: str | None = choice("l2", "l1", None, doc="divide each row by its norm")
    alternate_sign: bool = boolean(True, doc="count with the sign of h")
    dtype: Any = data_type(np.float64, doc="of the result")

    def fit(self, X: Any, y: Any = None) -> Self:  # type: ignore[override]
        """Checks the parameters and returns self."""
        self._check_parameters()
        self._documents(X)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Checks the parameters and returns self."""
        return self.fit(X)

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # type: ignore[override]
        """The counts of each document."""
        return self.fit(X).transform(X)

    def transform(self, X: Any) -> Any:
        """The counts of each document."""
        self._check_parameters()
        terms, counts, starts = self._terms(X)
        if len(starts) == 1:
            raise refusal(ValueError, "Cannot vectorize empty sequence.", "one document or more")
        hashes, data = hashes_of(terms), counts.astype(np.float64)
        if self.alternate_sign:
            data *= np.where(hashes < 0, -1, 1)
        columns = np.abs(hashes) % self.n_features
        rows = Rows(data, columns, starts, self.n_features).merged()
        if self.binary:
            rows = rows._replace(data=np.ones(len(rows.data)))
        return rows.normalized(self.norm).table(self.sparse_output, self.dtype)

    @classmethod
    def examples(cls, rng):
        yield cls(), ["the cat sat on the mat", "the dog ate my cat"] * 30, None


def hashes_of(terms: list[str]) -> np.ndarray:
    """The hash value of each term, a signed integer of 32 bits, as int64."""
    different = list(dict.fromkeys(terms))
    words = [term.encode() for term in different]
    lengths = np.array([len(word) for word in words], dtype=np.intp)
    found = np.empty(len(words), dtype=np.int64)
    for length in np.unique(lengths):  # of words of equal length all at once
        same = np.flatnonzero(lengths == length)
        joined = b"".join(words[i] for i in same)
        letters = np.frombuffer(joined, dtype=np.uint8).reshape(len(same), length)
        found[same] = murmurhash3(letters)
    number_of = dict(zip(different, found.tolist(), strict=True))
    return np.fromiter(map(number_of.__getitem__, terms), np.int64, len(terms))


def murmurhash3(letters: np.ndarray, seed: int = 0) -> np.ndarray:
    """MurmurHash3 (x86, 32 bits) of each row of bytes, as signed integers."""
    n, length = letters.shape
    whole = length // 4
    with np.errstate(over="ignore"):
        h = np.full(n, seed, dtype=np.uint32)
        blocks = np.ascontiguousarray(letters[:, : 4 * whole]).view("<u4")
        for block in blocks.T:
            h ^= _mixed(block.astype(np.uint32))
            h = _rotated(h, 13) * np.uint32(5) + np.uint32(0xE6546B64)
        if length % 4:
            tail = np.zeros((n, 4), dtype=np.uint8)
            tail[:, : length % 4] = letters[:, 4 * whole :]
            h ^= _mixed(tail.view("<u4")[:, 0].astype(np.uint32))
        h ^= np.uint32(length)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h ^= h >> np.uint32(shift)
            h *= np.uint32(factor)
        h ^= h >> np.uint32(16)
    return h.view(np.int32)


def _mixed(block: np.ndarray) -> np.ndarray:
    return _rotated(block * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)


def _rotated(x: np.ndarray, bits: int) -> np.ndarray:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))
