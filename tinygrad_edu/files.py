"""Files that are whole or not there: nobody ever reads half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def whole_file(path: str | os.PathLike[str], draft: str | None = None) -> Iterator[str]:
    """The path of a draft to be written, which gets the name `path` once all is in it.

    draft   its path, where that is to be known; otherwise no other process has one of this name

    After an error the draft is gone, and what was there before is as it was. Raises FileNotFoundError if
    there is no folder for it.
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
        if error.filename == draft:  # who asked for `path` knows of no draft
            error.filename = os.fspath(path)
        raise
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
