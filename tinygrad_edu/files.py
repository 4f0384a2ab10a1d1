"""Files that are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def whole_file(path: str | os.PathLike[str], draft: str | None = None) -> Iterator[str]:
    """Context that gives the path of a draft, which is renamed to `path` at the end.

    draft   its path; by default a name that no other process uses

    After an error the draft is deleted and an older file is unchanged. Raises FileNotFoundError if the
    folder does not exist.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder!r} to save {name!r} in")
    if draft is None:
        draft = os.path.join(folder, f".{name}.{os.getpid()}.draft")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        if error.filename == draft:  # the caller does not know the draft
            error.filename = os.fspath(path)
        raise
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
