"""Tokenizers: no text is changed, and byte pairs are those of the plain definition."""

import json
import re
import string
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.data import DataLoader
from tinygrad_edu.data.text import WORDS, BytePairTokenizer, CharTokenizer, token_windows
from tinygrad_edu.files import DamagedFileError

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
any_text = st.text()
LEARNED = BytePairTokenizer.train(README, merges=200)


def naive_merges(text: str, limit: int) -> list[tuple[int, int]]:
    """Byte-pair encoding by its definition: count everything again before every merge."""
    words = [list(word.encode()) for word in WORDS.findall(text)]
    merges: list[tuple[int, int]] = []
    while len(merges) < limit:
        counts: Counter = Counter()
        for word in words:
            counts.update(pairwise(word))
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        for word in words:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = [256 + len(merges)]
                i += 1
        merges.append(best)
    return merges


# --- byte pairs ---


def test_merges_are_those_of_the_definition() -> None:
    assert LEARNED.merges == naive_merges(README, 200)


@given(st.text("ab c", max_size=60), st.integers(1, 20))
def test_merges_of_small_texts_are_those_of_the_definition(text: str, limit: int) -> None:
    assert BytePairTokenizer.train(text, merges=limit).merges == naive_merges(text, limit)


def test_the_example_of_the_paper() -> None:
    # Sennrich et al., figure 1: low, lower, newest, widest; "es" first, then "est"
    text = " low" * 5 + " lower" * 2 + " newest" * 6 + " widest" * 3
    pieces = BytePairTokenizer.train(text, merges=4).pieces[256:]
    assert pieces[:2] == [b"es", b"est"]


@given(any_text)
def test_byte_pairs_change_no_text(text: str) -> None:
    assert LEARNED.decode(LEARNED.encode(text)) == text
    assert "".join(WORDS.findall(text)) == text


@settings(max_examples=30)
@given(any_text, st.integers(1, 30))
def test_whatever_it_learned_from(text: str, limit: int) -> None:
    tokenizer = BytePairTokenizer.train(text, merges=limit)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_encoding_replays_the_merges_in_order() -> None:
    ids = LEARNED.encode(README)
    words = [list(word.encode()) for word in WORDS.findall(README)]
    for i, pair in enumerate(LEARNED.merges):
        for word in words:
            j = 0
            while j < len(word) - 1:
                if (word[j], word[j + 1]) == pair:
                    word[j : j + 2] = [256 + i]
                j += 1
    assert ids.tolist() == [piece for word in words for piece in word]
    assert ids.dtype == np.int64
    assert len(ids) < 0.6 * len(README.encode())


def test_merging_stops_when_no_pair_occurs_twice() -> None:
    assert BytePairTokenizer.train("abc").merges == []
    assert BytePairTokenizer.train("").merges == []
    assert len(BytePairTokenizer.train("", merges=1)) == 256


def test_repeated_letters_merge_from_the_left() -> None:
    tokenizer = BytePairTokenizer.train("aaaaa", merges=1)
    assert tokenizer.encode("aaaaa").tolist() == [256, 256, 97]


def test_a_text_without_blanks_is_cut_into_words_of_bounded_length() -> None:
    for text in ("ACGT" * 1000, "!?" * 1000, " " * 1000, "\n\n" * 1000 + "end"):
        words = WORDS.findall(text)
        assert "".join(words) == text
        assert max(map(len, words)) <= 65


def test_what_a_model_writes_may_be_no_text() -> None:
    assert LEARNED.decode([0xE6, 97]) == "�a"
    assert LEARNED.decode([]) == ""


# --- characters ---


@given(any_text.filter(len))
def test_characters_change_no_text(text: str) -> None:
    tokenizer = CharTokenizer.train(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert ids.tolist() == [sorted(set(text)).index(c) for c in text]
    assert len(tokenizer) == len(set(text))


def test_an_empty_text_is_no_numbers() -> None:
    tokenizer = CharTokenizer("abc")
    assert tokenizer.encode("").shape == (0,)
    assert tokenizer.decode(tokenizer.encode("")) == ""


# --- files ---


@pytest.mark.parametrize(
    "tokenizer", [LEARNED, CharTokenizer(string.printable + "é日😀")], ids=repr
)
def test_saved_and_loaded(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "tokenizer.json")
    again = type(tokenizer).load(tmp_path / "tokenizer.json")
    assert len(again) == len(tokenizer)
    text = string.printable
    np.testing.assert_array_equal(again.encode(text), tokenizer.encode(text))


def test_repr() -> None:
    assert repr(LEARNED) == "BytePairTokenizer(456 pieces, 200 of them learned)"
    assert repr(CharTokenizer("abcabc")) == "CharTokenizer(3 characters)"


# --- windows ---


def test_windows_and_what_follows() -> None:
    x, y = token_windows(np.arange(11), 3)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    np.testing.assert_array_equal(y, x + 1)
    x, y = token_windows(list(range(10)), 3)
    assert y.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert token_windows(np.arange(4), 3)[1].tolist() == [[1, 2, 3]]


def test_windows_at_any_distance() -> None:
    x, y = token_windows(np.arange(8), 4, stride=1)
    assert x[:, 0].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(y, x + 1)
    assert token_windows(np.arange(20), 4, stride=6)[0][:, 0].tolist() == [0, 6, 12]


def test_windows_cost_no_memory_and_go_into_a_loader() -> None:
    ids = np.arange(1001)
    x, y = token_windows(ids, 100, stride=1)
    assert np.shares_memory(x, ids) and np.shares_memory(y, ids)
    for xb, yb in DataLoader(x, y, shuffle=True, seed=0):
        np.testing.assert_array_equal(yb, xb + 1)


# --- refusals ---


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: CharTokenizer("abc").encode("abd"),
            "CharTokenizer.encode: character 2, 'd', is not among the 3 that it knows; train it on a "
            "text that has it, or use BytePairTokenizer, which knows every text",
        ),
        (
            lambda: CharTokenizer("abc").decode([0, 3]),
            "CharTokenizer.decode got 3: ids go from 0 to 2",
        ),
        (
            lambda: CharTokenizer("abc").decode([-1]),
            "CharTokenizer.decode got -1: ids go from 0 to 2",
        ),
        (
            lambda: LEARNED.decode([456]),
            "BytePairTokenizer.decode got 456: ids go from 0 to 455",
        ),
        (
            lambda: LEARNED.decode([[1, 2]]),
            "BytePairTokenizer.decode got ids of shape (1, 2) and type int64: it takes one sequence of "
            "integers; decode a batch row by row",
        ),
        (
            lambda: LEARNED.decode([0.5]),
            "BytePairTokenizer.decode got ids of shape (1,) and type float64: it takes one sequence of "
            "integers; decode a batch row by row",
        ),
        (
            lambda: BytePairTokenizer([(97, 98), (257, 97)]),
            "BytePairTokenizer: merge 1 joins pieces 257 and 97, but only 257 pieces exist at that point",
        ),
        (
            lambda: BytePairTokenizer.train("text", merges=0),
            "BytePairTokenizer.train got merges=0: it must be at least 1, such as merges=32",
        ),
        (
            lambda: token_windows([1, 2, 3], 3),
            "token_windows got ids of shape (3,): windows of length=3 and the id after each need "
            "one sequence of at least 4",
        ),
        (
            lambda: token_windows([[1, 2, 3]], 1),
            "token_windows got ids of shape (1, 3): windows of length=1 and the id after each need "
            "one sequence of at least 2",
        ),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=exactly(message)):
        call()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kind": "characters"}', "no json"])
def test_other_files(content: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    for kind, tokenizer in (("characters", CharTokenizer), ("byte pairs", BytePairTokenizer)):
        message = f"{path} is not a tokenizer of {kind}: pass a file that save() has written"
        with pytest.raises(DamagedFileError, match="^" + re.escape(message)):
            tokenizer.load(path)


def crafted(path: Path, **content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("merges", "words"),
    [
        (
            [[97, 97], *([256 + i, 256 + i] for i in range(30))],
            "makes a piece of more than 257 bytes",
        ),
        ([[97, 300]], "joins pieces 97 and 300"),
        ([[97, -1]], "joins pieces 97 and -1"),
        ([[97, 97.5]], "TypeError"),
        ([[97]], "not enough values"),
        ([97], "TypeError"),
        ({"a": 1}, "TypeError"),
        (None, "TypeError"),
    ],
)
def test_merges_that_training_cannot_learn(tmp_path: Path, merges: Any, words: str) -> None:
    path = crafted(tmp_path / "a", kind="byte pairs", merges=merges)
    with pytest.raises(DamagedFileError, match=f"^{path} is not a tokenizer .*{words}"):
        BytePairTokenizer.load(path)


def test_the_longest_word_is_learned_as_one_piece(tmp_path: Path) -> None:
    text = " " + "\U00020000" * 64
    tokenizer = BytePairTokenizer.train(text * 2, merges=1000)
    tokenizer.save(tmp_path / "a")
    assert len(BytePairTokenizer.load(tmp_path / "a").encode(text)) == 1


@pytest.mark.parametrize(
    "vocabulary", [["b", "a"], ["a", "a"], ["ab"], "ab", [1, 2], None, [["a"]]]
)
def test_vocabularies_that_would_shift_the_ids(tmp_path: Path, vocabulary: Any) -> None:
    path = crafted(tmp_path / "a", kind="characters", vocabulary=vocabulary)
    with pytest.raises(DamagedFileError, match=f"^{path} is not a tokenizer of characters: pass a"):
        CharTokenizer.load(path)


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    LEARNED.save(path)
    text = path.read_text()
    for place in [m.start() for m in re.finditer(r"\d", text)][::97]:
        digit = str((int(text[place]) + 1) % 10)
        path.write_text(text[:place] + digit + text[place + 1 :])
        with pytest.raises(DamagedFileError):
            BytePairTokenizer.load(path)


def test_a_file_without_a_checksum_is_older(tmp_path: Path) -> None:
    path = crafted(tmp_path / "a", kind="byte pairs", merges=[[97, 98]])
    assert BytePairTokenizer.load(path).encode("ab").tolist() == [256]
