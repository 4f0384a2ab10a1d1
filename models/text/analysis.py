"""A document as a list of terms."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, choice, function, warn
from models.foundation.fields import Parameter
from models.foundation.sparse import sparse_output
from models.text.stop_words import ENGLISH_STOP_WORDS
from tinygrad_edu.diagnostics.words import refusal

WORD = r"(?u)\b\w\w+\b"
SAME_WORD = r"\w\w+"  # the same words in less time: a search from the left finds them whole
SPACES = re.compile(r"\s\s+")


def _is_range(x: Any) -> bool:
    return (
        isinstance(x, (tuple, list))
        and len(x) == 2
        and all(isinstance(n, int) and n > 0 for n in x)
    )


def _text(default: Any, doc: str) -> Any:
    return Parameter(default, lambda x: isinstance(x, str), "a string", doc)


class TextTransformer(Transformer):
    """Splits documents into terms. A subclass counts them.

    The steps: read and decode the document; lower case, accents; words, by a regular expression; without
    stop words; and n words in a row as one term. A function in place of a step replaces it.
    """

    reads = "anything"
    does_not_apply = {"*": "X is a list of documents, not a table; tests/models/text"}

    input: str = choice(
        "content", "filename", "file", doc="what a document is: text, a path or a file"
    )
    encoding: str = _text("utf-8", "of bytes and files")
    decode_error: str = choice("strict", "ignore", "replace", doc="for bytes that are no text")
    strip_accents: Any = choice(None, "ascii", "unicode") | function(
        doc="remove accents, and with 'ascii' everything that is not ASCII"
    )
    lowercase: bool = boolean(True, doc="convert to lower case")
    preprocessor: Any = function(None, doc="text -> text, in place of lower case and accents")
    tokenizer: Any = function(None, doc="text -> words, in place of token_pattern")
    stop_words: Any = choice(None, "english") | Parameter(
        None,
        lambda x: isinstance(x, (list, set, frozenset)),
        "a list or set of words",
        "words to leave out",
    )
    token_pattern: Any = Parameter(
        WORD, lambda x: x is None or isinstance(x, str), "a regular expression", "matches a word"
    )
    ngram_range: Any = Parameter(
        (1, 1),
        _is_range,
        "two integers ≥ 1",
        "least and largest number of words, or characters, of a term",
    )
    analyzer: Any = choice("word", "char", "char_wb") | function(
        doc="a term is made of words, characters, or characters inside words; or a function: text -> terms"
    )
    sparse_output: Any = sparse_output()

    def build_analyzer(self) -> Callable[[Any], Iterable[str]]:
        """A function: document -> terms."""
        decode = self.decode
        if callable(self.analyzer):
            analyzer = self.analyzer
            return lambda document: analyzer(decode(document))
        preprocess, terms = self.build_preprocessor(), self._build_terms()
        return lambda document: terms(preprocess(decode(document)))

    def decode(self, doc: Any) -> str:
        """The text of a document: a string, or bytes, a path or a file, as the parameter `input` says."""
        if self.input == "filename":
            doc = Path(doc).read_bytes()
        elif self.input == "file":
            doc = doc.read()
        if isinstance(doc, bytes):
            doc = doc.decode(self.encoding, self.decode_error)
        if not isinstance(doc, str):
            what = f"{doc!r} is an invalid document, expected byte or unicode string."
            raise refusal(ValueError, what, "'' in place of missing documents: X.fillna('')")
        return doc

    def build_preprocessor(self) -> Callable[[str], str]:
        """A function: text -> text in lower case and without accents, if asked for."""
        if self.preprocessor is not None:
            return self.preprocessor
        strip = {"ascii": strip_accents_ascii, "unicode": strip_accents_unicode, None: None}
        accents: Any = (
            self.strip_accents if callable(self.strip_accents) else strip[self.strip_accents]
        )
        if accents is None:
            return str.lower if self.lowercase else str
        return (lambda text: accents(text.lower())) if self.lowercase else accents

    def build_tokenizer(self) -> Callable[[str], list[str]]:
        """A function: text -> words."""
        if self.tokenizer is not None:
            return self.tokenizer
        pattern = re.compile(SAME_WORD if self.token_pattern == WORD else self.token_pattern)
        if pattern.groups > 1:
            what = "More than 1 capturing group in token pattern. Only a single group should be captured."
            raise refusal(ValueError, what, "(?:...) for the other groups")
        return pattern.findall

    def get_stop_words(self) -> frozenset | None:
        """The words that are left out, or None."""
        if self.stop_words is None:
            return None
        return (
            ENGLISH_STOP_WORDS if isinstance(self.stop_words, str) else frozenset(self.stop_words)
        )

    def _build_terms(self) -> Callable[[str], list[str]]:
        """A function: preprocessed text -> terms."""
        low, high = self.ngram_range
        if self.analyzer != "word":
            pieces = _within_words if self.analyzer == "char_wb" else _characters
            return lambda text: pieces(SPACES.sub(" ", text), low, high)
        words, stop = self.build_tokenizer(), self.get_stop_words()
        if stop is None and (low, high) == (1, 1):
            return words
        stop = stop or frozenset()
        self._warn_of_stop_words(stop, words)
        return lambda text: _words([word for word in words(text) if word not in stop], low, high)

    def _warn_of_stop_words(self, stop: frozenset, words: Callable) -> None:
        """Warns of stop words that become other words, which are not left out."""
        if self.tokenizer is not None or self.preprocessor is not None:
            return
        preprocess = self.build_preprocessor()
        others = {found for word in stop for found in words(preprocess(word))} - stop
        if others:
            warn(
                UserWarning,
                "Your stop_words may be inconsistent with your preprocessing. Tokenizing the stop words "
                f"generated tokens {sorted(others)} not in stop_words.",
            )

    def _terms(self, raw_documents: Any) -> tuple[list, np.ndarray, np.ndarray]:
        """The different terms of each document, one after the other; their counts; where each starts."""
        analyze = self.build_analyzer()
        terms: list[str] = []
        counts: list[int] = []
        starts = [0]
        for document in self._documents(raw_documents):
            counted = Counter(analyze(document))
            terms += counted
            counts += counted.values()
            starts.append(len(terms))
        return terms, np.array(counts, dtype=np.int64), np.array(starts)

    def _documents(self, raw_documents: Any) -> Iterable:
        if isinstance(raw_documents, (str, bytes)):
            what = "Iterable over raw text documents expected, string object received."
            raise refusal(ValueError, what, "[text], for one document")
        low, high = self.ngram_range
        if low > high:
            what = f"Invalid value for ngram_range={self.ngram_range} lower boundary larger than the upper."
            raise refusal(ValueError, what, f"ngram_range={(high, low)}")
        if self.tokenizer is not None and self.token_pattern is not None:
            what = "The parameter 'token_pattern' will not be used since 'tokenizer' is not None'"
            warn(UserWarning, what)
        return raw_documents


def _words(words: list[str], low: int, high: int) -> list[str]:
    """From low to high words in a row, joined by a space."""
    if high == 1:
        return words
    terms: list[str] = []
    for n in range(low, min(high, len(words)) + 1):
        terms += map(" ".join, zip(*(words[i:] for i in range(n)), strict=False))
    return terms


def _characters(text: str, low: int, high: int) -> list[str]:
    """From low to high characters in a row."""
    sizes = range(low, min(high, len(text)) + 1)
    return [text[i : i + n] for n in sizes for i in range(len(text) - n + 1)]


def _within_words(text: str, low: int, high: int) -> list[str]:
    """From low to high characters in a row inside a word, which has a space at each end."""
    terms = []
    for word in text.split():
        padded = f" {word} "
        for n in range(low, high + 1):
            terms += [padded[i : i + n] for i in range(max(len(padded) - n, 0) + 1)]
            if n >= len(padded):  # a short word counts once
                break
    return terms


def strip_accents_unicode(s: str) -> str:
    """The text without accents: é becomes e."""
    if s.isascii():
        return s
    return "".join(c for c in unicodedata.normalize("NFKD", s) if not unicodedata.combining(c))


def strip_accents_ascii(s: str) -> str:
    """The text without accents, and without what is then not ASCII."""
    return unicodedata.normalize("NFKD", s).encode("ASCII", "ignore").decode("ASCII")
