"""The error of files that are damaged or of another kind than expected."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class DamagedFileError(ValueError):
    """Raised for a file that is damaged, incomplete or of another kind. The message names the file."""


@contextmanager
def naming_damage(
    path: str | os.PathLike[str],
    kind: str,
    describe: Callable[[str | os.PathLike[str], str, Exception], Exception] | None = None,
) -> Iterator[None]:
    """Context in which a file is parsed: an error that its content causes becomes a DamagedFileError.

    kind       what the file should be: "a tokenizer"
    describe   (path, kind, error) -> the error to raise, if it needs other words

    A changed byte can cause any error: zlib.error, KeyError, OverflowError, RecursionError, ... The file is
    opened before, so that a missing file remains a FileNotFoundError. A MemoryError remains what it is.
    """
    try:
        yield
    except (DamagedFileError, MemoryError):
        raise
    except Exception as error:
        raise (describe or _described)(path, kind, error) from error


def _described(path: str | os.PathLike[str], kind: str, error: Exception) -> Exception:
    return DamagedFileError(f"{os.fspath(path)} is not {kind}, or is damaged: {reason(error)}")


def reason(error: Exception) -> str:
    """What an error says, on one line; with its kind if that is not one that says it in a sentence."""
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else text[:297] + "..."
    if type(error) is ValueError and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
