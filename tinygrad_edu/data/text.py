"""From text to whole numbers and back: characters, or pieces that byte-pair encoding learns.

Both tokenizers give every text back exactly as it was: decode(encode(text)) == text.
"""

from __future__ import annotations

import heapq
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, SupportsIndex

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.loader import _whole_number

Pair = tuple[int, int]


class CharTokenizer:
    """A number for each character: its place in the sorted `vocabulary`.

        tokenizer = CharTokenizer.train(text)
        ids = tokenizer.encode(text)                   # (n,) of int64, 0 .. len(tokenizer) - 1
        assert tokenizer.decode(ids) == text

    Raises ValueError for a character or a number that is not in the vocabulary.
    """

    def __init__(self, vocabulary: Iterable[str]):
        self.vocabulary = tuple(sorted(set(vocabulary)))
        wrong = next((c for c in self.vocabulary if len(c) != 1), None)
        if wrong is not None:
            raise ValueError(f"CharTokenizer got {wrong!r}: its vocabulary is single characters")
        if not self.vocabulary:
            raise ValueError("CharTokenizer got no characters: pass the text that it is to know")
        self._codes = np.array([ord(c) for c in self.vocabulary], np.uint32)

    @classmethod
    def train(cls, text: str) -> CharTokenizer:
        """The characters that occur in the text."""
        return cls(set(text))

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"CharTokenizer({len(self)} characters)"

    def encode(self, text: str) -> NDArray[np.int64]:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ids = np.minimum(np.searchsorted(self._codes, codes), len(self) - 1)
        unknown = np.flatnonzero(self._codes[ids] != codes)
        if len(unknown):
            i = int(unknown[0])
            raise ValueError(
                f"CharTokenizer.encode: character {i}, {text[i]!r}, is not among the {len(self)} that it "
                "knows; train it on a text that has it, or use BytePairTokenizer, which knows every text"
            )
        return ids.astype(np.int64)

    def decode(self, ids: ArrayLike) -> str:
        ids = _demand_ids("CharTokenizer.decode", ids, len(self))
        return self._codes[ids].tobytes().decode("utf-32-le", "surrogatepass")

    def save(self, path: str | os.PathLike[str]) -> None:
        _save(path, {"kind": "characters", "vocabulary": self.vocabulary})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CharTokenizer:
        return cls(_load(path, "characters", "vocabulary"))


# A text falls apart into words with the blank before them, runs of punctuation, and other white space, whose
# last blank goes with the word that follows. Pieces never cross these borders (the idea is GPT-2's). No word
# is longer than 64, so that a text without blanks does not become one word of a million letters.
WORDS = re.compile(r" ?\w{1,64}| ?[^\w\s]{1,64}|\s{1,64}(?!\S)|\s{1,64}")


class BytePairTokenizer:
    """Pieces of words by byte-pair encoding: the most frequent pair of neighbors becomes a piece, again
    and again.

        tokenizer = BytePairTokenizer.train(text, merges=512)
        ids = tokenizer.encode("any text, even 日本語")  # (n,) of int64, 0 .. len(tokenizer) - 1

    merges[i] is the pair of pieces that makes piece 256 + i; pieces 0 to 255 are the bytes, so that no text
    is unknown. A text is encoded as it was learned: within each word, the earliest merge that fits comes
    first. Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016;
    on bytes: Radford et al., Language Models are Unsupervised Multitask Learners, 2019.

    Raises ValueError for merges of pieces that are not there yet, and for numbers that are no piece.
    """

    def __init__(self, merges: Iterable[Iterable[int]]):
        self.merges: list[Pair] = []
        self.pieces = [bytes([b]) for b in range(256)]
        for pair in merges:
            a, b = pair
            if not 0 <= min(a, b) <= max(a, b) < len(self.pieces):
                raise ValueError(
                    f"BytePairTokenizer: merge {len(self.merges)} is of pieces {a} and {b}, and only "
                    f"{len(self.pieces)} pieces are there by then"
                )
            self.merges.append((a, b))
            self.pieces.append(self.pieces[a] + self.pieces[b])
        self._made = {pair: 256 + i for i, pair in enumerate(self.merges)}
        self._known: dict[str, list[int]] = {}  # words that were encoded before

    @classmethod
    def train(cls, text: str, *, merges: SupportsIndex = 512) -> BytePairTokenizer:
        """Learns up to `merges` pairs from the text; fewer, if no pair is left that occurs twice.

        Of equally frequent pairs the one with the smaller numbers comes first: the same text always gives
        the same pieces.
        """
        limit = _whole_number("BytePairTokenizer.train", "merges", merges)
        counts = Counter(WORDS.findall(text))
        words = [list(_bytes_of(word)) for word in counts]
        times = list(counts.values())
        # How often each pair occurs, and in which words: a merge changes the counts of a few words only.
        occurs: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)
        for i, word in enumerate(words):
            for pair in pairwise(word):
                occurs[pair] += times[i]
                where[pair].add(i)

        learned: list[Pair] = []
        # The most frequent pair is at the top of the heap. Counts change; an entry whose count is no longer
        # the pair's own is skipped, because the right one was pushed when it changed.
        heap = [(-count, pair) for pair, count in occurs.items()]
        heapq.heapify(heap)
        while heap and len(learned) < limit:
            count, best = heapq.heappop(heap)
            if -count != occurs[best]:
                continue
            if -count < 2:
                break
            piece = 256 + len(learned)
            learned.append(best)
            changed: set[Pair] = set()
            for i in where.pop(best):
                word = words[i]
                for pair in pairwise(word):
                    occurs[pair] -= times[i]
                    changed.add(pair)
                words[i] = word = _merged(word, best, piece)
                for pair in pairwise(word):
                    occurs[pair] += times[i]
                    where[pair].add(i)
                    changed.add(pair)
            for pair in changed:
                heapq.heappush(heap, (-occurs[pair], pair))
        return cls(learned)

    def __len__(self) -> int:
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"BytePairTokenizer({len(self)} pieces, {len(self.merges)} of them learned)"

    def encode(self, text: str) -> NDArray[np.int64]:
        ids: list[int] = []
        for word in WORDS.findall(text):
            if word not in self._known:
                if len(self._known) > 100_000:
                    self._known.clear()
                self._known[word] = self._encode_word(word)
            ids += self._known[word]
        return np.array(ids, np.int64)

    def _encode_word(self, word: str) -> list[int]:
        ids = list(_bytes_of(word))
        while len(ids) > 1:
            pairs = pairwise(ids)
            first = min(pairs, key=lambda pair: self._made.get(pair, len(self)))
            if first not in self._made:
                break
            ids = _merged(ids, first, self._made[first])
        return ids

    def decode(self, ids: ArrayLike) -> str:
        """The text of these pieces. Bytes that are no UTF-8, as a model may write them, become "�"."""
        numbers = _demand_ids("BytePairTokenizer.decode", ids, len(self))
        data = b"".join([self.pieces[i] for i in numbers.tolist()])
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        _save(path, {"kind": "byte pairs", "merges": self.merges})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BytePairTokenizer:
        return cls(_load(path, "byte pairs", "merges"))


def token_windows(
    ids: ArrayLike, length: SupportsIndex, *, stride: SupportsIndex | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Windows of a long sequence, and the same windows one step later: what a language model predicts.

    ids: (n,); x, y: (windows, length) with y[i, t] the number that follows x[i, t]. Windows start `stride`
    apart, by default one where the other ends; a rest that fills no window is left out. x and y are
    views: they cost no memory, and a memory-mapped `ids` stays on disk.

    Raises ValueError if ids is not one sequence of more than `length` numbers.
    """
    ids = np.asarray(ids)
    length = _whole_number("token_windows", "length", length)
    stride = length if stride is None else _whole_number("token_windows", "stride", stride)
    if ids.ndim != 1 or len(ids) <= length:
        raise ValueError(
            f"token_windows got ids of shape {ids.shape}: windows of length={length} with the number after "
            f"them need one sequence of at least {length + 1}"
        )
    return (
        sliding_window_view(ids[:-1], length)[::stride],
        sliding_window_view(ids[1:], length)[::stride],
    )


def _bytes_of(word: str) -> bytes:
    # Python's strings may hold halves of surrogate pairs, which UTF-8 does not allow.
    return word.encode("utf-8", "surrogatepass")


def _merged(ids: list[int], pair: Pair, piece: int) -> list[int]:
    """`ids` with `piece` in place of every occurrence of `pair`, from left to right."""
    result, i, last = [], 0, len(ids) - 1
    while i <= last:
        if i < last and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            result.append(piece)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def _demand_ids(caller: str, ids: ArrayLike, size: int) -> NDArray[Any]:
    ids = np.asarray(ids)
    if ids.size == 0:
        return np.zeros(0, np.int64)
    if ids.dtype.kind not in "iu" or ids.ndim != 1:
        raise ValueError(
            f"{caller} got ids of shape {ids.shape} and type {ids.dtype}: it takes one sequence of whole "
            "numbers; decode a batch row by row"
        )
    wrong = ids[(ids < 0) | (ids >= size)]
    if len(wrong):
        raise ValueError(f"{caller} got {wrong[0]}: its numbers go from 0 to {size - 1}")
    return ids


def _save(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    text = json.dumps(content)  # before the file is opened: a failure leaves an old file as it was
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _load(path: str | os.PathLike[str], kind: str, key: str) -> Any:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        content = json.loads(text)
        if content["kind"] == kind:
            return content[key]
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"{os.fspath(path)} is no tokenizer of {kind}: pass a file that save() has written"
    )
