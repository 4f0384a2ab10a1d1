"""Tokenizers: text to integers and back, by characters or by the pieces that byte-pair encoding learns.

Both give every text back exactly as it was: decode(encode(text)) == text.
"""

from __future__ import annotations

import heapq
import operator
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, SupportsIndex, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.checks import whole_number
from tinygrad_edu.files import DamagedFileError, naming_damage
from tinygrad_edu.files.damage import reason
from tinygrad_edu.files.json_files import read_json, write_checked_json

Pair = tuple[int, int]
T = TypeVar("T")


class CharTokenizer:
    """The id of a character is its index in the sorted `vocabulary`.

        tokenizer = CharTokenizer.train(text)
        ids = tokenizer.encode(text)                   # (n,) of int64, 0 .. len(tokenizer) - 1
        assert tokenizer.decode(ids) == text

    Raises ValueError for a character or an id that is not in the vocabulary.
    """

    def __init__(self, vocabulary: Iterable[str]):
        self.vocabulary = tuple(sorted(set(vocabulary)))
        self._ids = {character: i for i, character in enumerate(self.vocabulary)}

    @classmethod
    def train(cls, text: str) -> CharTokenizer:
        """A tokenizer of the characters that occur in the text."""
        return cls(text)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"CharTokenizer({len(self)} characters)"

    def encode(self, text: str) -> NDArray[np.int64]:
        try:
            return np.array([self._ids[character] for character in text], np.int64)
        except KeyError as unknown:
            character = unknown.args[0]
            raise ValueError(
                f"CharTokenizer.encode: character {text.index(character)}, {character!r}, is not among the "
                f"{len(self)} that it knows; train it on a text that has it, or use BytePairTokenizer, which "
                "knows every text"
            ) from None

    def decode(self, ids: ArrayLike) -> str:
        numbers = _checked_ids("CharTokenizer.decode", ids, len(self))
        return "".join([self.vocabulary[i] for i in numbers])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a whole new file of JSON, or none."""
        write_checked_json(path, {"kind": "characters", "vocabulary": self.vocabulary})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CharTokenizer:
        """The tokenizer in a file of `save`. Raises DamagedFileError, a ValueError, for any other file."""
        return _load(path, "characters", "vocabulary", cls._of_file)

    @classmethod
    def _of_file(cls, vocabulary: Any) -> CharTokenizer:
        tokenizer = cls(vocabulary)
        if list(tokenizer.vocabulary) != vocabulary or any(len(c) != 1 for c in vocabulary):
            raise ValueError("its vocabulary is not a sorted list of different characters")
        return tokenizer


# The text is first split, as in GPT-2, into words with the blank before them, runs of punctuation, and other
# white space, whose last blank belongs to the next word. Pieces never cross these borders. No word is longer
# than 64 letters, so that a text without blanks does not become one word of a million letters.
WORDS = re.compile(r" ?\w{1,64}| ?[^\w\s]{1,64}|\s{1,64}(?!\S)|\s{1,64}")
LONGEST = 1 + 64 * 4  # bytes in a word, as a character of UTF-8 has up to four


class BytePairTokenizer:
    """Byte-pair encoding: the most frequent pair of neighboring pieces becomes a new piece, again and again.

        tokenizer = BytePairTokenizer.train(text, merges=512)
        ids = tokenizer.encode("any text, even 日本語")  # (n,) of int64, 0 .. len(tokenizer) - 1

    Pieces 0 to 255 are the bytes, so no text is unknown; merges[i] is the pair that makes piece 256 + i. To
    encode a word, the earliest merge that applies is applied first, as in training. Sennrich, Haddow and
    Birch, Neural Machine Translation of Rare Words with Subword Units, 2016; on bytes: Radford et al.,
    Language Models are Unsupervised Multitask Learners, 2019.

    Raises ValueError for a merge of pieces that do not exist yet or are longer than a word, and for ids that
    are no piece.
    """

    def __init__(self, merges: Iterable[Iterable[int]]):
        self.merges: list[Pair] = []
        self.pieces = [bytes([b]) for b in range(256)]
        for pair in merges:
            a, b = map(operator.index, pair)
            if not 0 <= min(a, b) <= max(a, b) < len(self.pieces):
                raise ValueError(
                    f"BytePairTokenizer: merge {len(self.merges)} joins pieces {a} and {b}, but only "
                    f"{len(self.pieces)} pieces exist at that point"
                )
            if len(self.pieces[a]) + len(self.pieces[b]) > LONGEST:
                raise ValueError(
                    f"BytePairTokenizer: merge {len(self.merges)} makes a piece of more than {LONGEST} "
                    "bytes, which no word has"
                )
            self.merges.append((a, b))
            self.pieces.append(self.pieces[a] + self.pieces[b])
        self._made = {pair: 256 + i for i, pair in enumerate(self.merges)}

    @classmethod
    def train(cls, text: str, *, merges: SupportsIndex = 512) -> BytePairTokenizer:
        """Learns up to `merges` pairs from the text; fewer if no pair is left that occurs twice.

        Among equally frequent pairs the one with the smaller numbers is merged first, so the same text always
        gives the same pieces.
        """
        limit = whole_number("BytePairTokenizer.train", "merges", merges)
        counts = Counter(WORDS.findall(text))
        words = [list(word.encode()) for word in counts]
        times = list(counts.values())
        # How often each pair occurs, and in which words, because a merge changes only a few words.
        occurs: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)

        def count(i: int, sign: int = 1) -> None:
            for pair in pairwise(words[i]):
                occurs[pair] += sign * times[i]
                where[pair].add(i)
                changed.add(pair)

        changed: set[Pair] = set()
        for i in range(len(words)):
            count(i)

        learned: list[Pair] = []
        # The most frequent pair is at the top of the heap. When the count of a pair changes, it is pushed
        # again, and its outdated entry is skipped when its turn comes.
        heap: list[tuple[int, Pair]] = []
        while len(learned) < limit:
            for pair in changed:
                heapq.heappush(heap, (-occurs[pair], pair))
            while heap and -heap[0][0] != occurs[heap[0][1]]:
                heapq.heappop(heap)
            if not heap or heap[0][0] > -2:
                break
            _, best = heapq.heappop(heap)
            learned.append(best)
            changed.clear()
            for i in where.pop(best):
                count(i, -1)
                words[i] = _merged(words[i], best, 255 + len(learned))
                count(i)
        return cls(learned)

    def __len__(self) -> int:
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"BytePairTokenizer({len(self)} pieces, {len(self.merges)} of them learned)"

    def encode(self, text: str) -> NDArray[np.int64]:
        words = WORDS.findall(text)
        known = {word: self._encode_word(word) for word in set(words)}
        return np.array([piece for word in words for piece in known[word]], np.int64)

    def _encode_word(self, word: str) -> list[int]:
        ids = list(word.encode())
        while len(ids) > 1:
            pairs = pairwise(ids)
            first = min(pairs, key=lambda pair: self._made.get(pair, len(self)))
            if first not in self._made:
                break
            ids = _merged(ids, first, self._made[first])
        return ids

    def decode(self, ids: ArrayLike) -> str:
        """The text of these pieces. Bytes that are not UTF-8, which a model may produce, become "�"."""
        numbers = _checked_ids("BytePairTokenizer.decode", ids, len(self))
        return b"".join([self.pieces[i] for i in numbers]).decode(errors="replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a whole new file of JSON, or none."""
        write_checked_json(path, {"kind": "byte pairs", "merges": self.merges})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BytePairTokenizer:
        """The tokenizer in a file of `save`. Raises DamagedFileError, a ValueError, for any other file."""
        return _load(path, "byte pairs", "merges", cls)


def token_windows(
    ids: ArrayLike, length: SupportsIndex, *, stride: SupportsIndex | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Windows of a long sequence, and the same windows one step later: what a language model predicts.

    ids: (n,); x, y: (windows, length), where y[i, t] is the id that follows x[i, t]. A window starts `stride`
    after the last, by default where that ends; an incomplete last window is dropped. x and y are views: they
    cost no memory, and a memory-mapped `ids` stays on disk.

    Raises ValueError if ids is not one sequence of more than `length` ids.
    """
    ids = np.asarray(ids)
    length = whole_number("token_windows", "length", length)
    stride = length if stride is None else whole_number("token_windows", "stride", stride)
    if ids.ndim != 1 or len(ids) <= length:
        raise ValueError(
            f"token_windows got ids of shape {ids.shape}: windows of length={length} and the id after each "
            f"need one sequence of at least {length + 1}"
        )
    return (
        sliding_window_view(ids[:-1], length)[::stride],
        sliding_window_view(ids[1:], length)[::stride],
    )


def _merged(ids: list[int], pair: Pair, piece: int) -> list[int]:
    """`ids` with `piece` in place of every occurrence of `pair`, from left to right."""
    result, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            result.append(piece)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def _checked_ids(caller: str, ids: ArrayLike, size: int) -> list[int]:
    ids = np.asarray(ids)
    if ids.ndim == 1 and (ids.size == 0 or ids.dtype.kind in "iu"):
        wrong = ids[(ids < 0) | (ids >= size)]
        if len(wrong) == 0:
            return ids.tolist()
        raise ValueError(f"{caller} got {wrong[0]}: ids go from 0 to {size - 1}")
    raise ValueError(
        f"{caller} got ids of shape {ids.shape} and type {ids.dtype}: it takes one sequence of integers; "
        "decode a batch row by row"
    )


def _load(path: str | os.PathLike[str], kind: str, key: str, make: Callable[[Any], T]) -> T:
    """The tokenizer that `make` makes of the content of a file."""
    content = read_json(path, kind, _no_tokenizer)
    with naming_damage(path, kind, _no_tokenizer):
        if content.keys() != {"kind", key} or content["kind"] != kind:
            raise ValueError("it holds something else")
        return make(content[key])


def _no_tokenizer(path: Any, kind: str, error: Exception) -> Exception:
    return DamagedFileError(
        f"{os.fspath(path)} is not a tokenizer of {kind}: pass a file that save() has written "
        f"({reason(error)})"
    )
