"""Files and folders that are written completely or not at all.

They are written as a draft beside their place, and renamed at the end, which file systems do in one step. A
draft has a random name and is created as a new file (`O_EXCL`), so that a link that waits under its name is
never followed, and nothing that already exists is overwritten or deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

Path = str | os.PathLike[str]


@contextmanager
def whole_file(path: Path, mode: str = "w", **options: Any) -> Iterator[IO[Any]]:
    """Context with a new file, open to be written, which gets the name `path` at the end.

    mode, options   as those of `open`: "w" or "wb", and encoding, newline, ...
    The path of the draft is `file.name`.

    After an error the draft is deleted and an older file is unchanged. Raises FileNotFoundError if the
    folder does not exist.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder!r} to save {name!r} in")
    draft = draft_of(path)
    with _in_the_name_of(path, draft):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        new = os.open(draft, flags, 0o666)
        try:
            with open(draft, mode, opener=lambda *_: new, **options) as file:
                yield file
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[str]:
    """Context with the path of a new folder, which gets the name `path` at the end.

    `path` may be an empty folder, but nothing else. After an error the draft is deleted with all that is in
    it. Folders above `path` are created.
    """
    import shutil

    draft = draft_of(path)
    os.makedirs(os.path.dirname(draft), exist_ok=True)
    with _in_the_name_of(path, draft):
        os.mkdir(draft)
        try:
            yield draft
            if os.name == "nt" and os.path.isdir(path):
                os.rmdir(path)  # Windows does not rename to the name of an empty folder
            os.rename(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Writes a whole new file of UTF-8 or none."""
    with whole_file(path, encoding="utf-8", newline="") as file:
        file.write(text)


def draft_of(path: Path) -> str:
    """A new name for the draft of `path`, in the same folder."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(folder, f".{name[:100]}.{os.urandom(8).hex()}.draft")


@contextmanager
def _in_the_name_of(path: Path, draft: str) -> Iterator[None]:
    """Errors name the path that the caller knows, and not the draft."""
    try:
        yield
    except OSError as error:
        for attribute in ("filename", "filename2"):
            with suppress(TypeError):
                name = os.fspath(getattr(error, attribute) or "")
                if isinstance(name, str) and name.startswith(draft):
                    setattr(error, attribute, os.fspath(path) + name[len(draft) :])
        raise
