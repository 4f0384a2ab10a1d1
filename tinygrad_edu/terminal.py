"""Text for terminals whose encoding has few characters: cp1252 and cp437 (Windows), ASCII (containers)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

ASCII = {
    "─": "-", "━": "=", "╌": ".", "│": "|", "└": "`", "├": "+", "±": "+-", "°": " degrees", "·": "*",
    "×": "x", "…": "...", "→": "->", "←": "<-", "∂": "d", "∫": "integral ", "√": "sqrt ", "∛": "cbrt ",
    "Σ": "sum ", "Π": "prod ", "∞": "inf", "⌊": "floor(", "⌋": ")", "α": "alpha", "β": "beta",
    "γ": "gamma", "ε": "epsilon", "π": "pi", "ψ": "psi", "Γ": "Gamma", "Φ": "Phi", "−": "-", "≤": "<=",
    "≥": ">=", "≠": "!=", "“": '"', "”": '"', "’": "'", "–": "-",
}  # fmt: skip


def printable(text: str, stream: Any = None) -> str:
    """The text as a stream, by default stdout, can show it: `-` for `─` and so on where necessary."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _in_ascii(text)
    return text


def in_columns(table: list[list[str]], text: int) -> list[str]:
    """Lines of aligned columns: the first `text` of them to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            f"{cell:<{w}}" if i < text else f"{cell:>{w}}"
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]


def size(count: int) -> str:
    for unit, bytes_of_it in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= bytes_of_it:
            return f"{count / bytes_of_it:,.1f} {unit}"
    return f"{count} bytes"


def make_printable(stream: Any) -> None:
    """Has a stream show other characters for those that its encoding does not have, instead of failing."""
    import codecs

    def shown(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        return _in_ascii(error.object[error.start : error.end]), error.end

    if hasattr(stream, "reconfigure"):
        codecs.register_error("tinygrad_edu.printable", shown)
        stream.reconfigure(errors="tinygrad_edu.printable")


def ends_with_its_reader(main: Callable[..., int]) -> Callable[..., int]:
    """Decorator of a program: where the reader of its output, such as `head`, has ended, it ends silently."""

    @functools.wraps(main)
    def run(*args: Any) -> int:
        try:
            try:
                return main(*args)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()  # here, and not when Python ends
        except BrokenPipeError:
            sys.stdout = None  # Python would try again to write what is left
            return 1

    return run


def _in_ascii(text: str) -> str:
    import unicodedata

    shown, above = "", False
    for character in text:
        raised = unicodedata.decomposition(character).startswith("<super>")
        parts = unicodedata.normalize("NFKD", character)  # the 2 of ², e and an accent of é
        plain = "".join(c if c.isascii() else ASCII.get(c, "") for c in parts)
        shown += "^" if raised and not above else ""
        shown += ASCII.get(character) or plain or "?"
        above = raised
    return shown
