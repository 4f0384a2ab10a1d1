"""Text files in the encodings in which they come."""

from __future__ import annotations

import os
from typing import IO

from tinygrad_edu.files.damage import DamagedFileError

# The first bytes of a file, and what that says. UTF-32 starts like UTF-16.
MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
ARCHIVES = {
    b"\x1f\x8b": "compressed with gzip; unpack it first (gunzip)",
    b"PK\3\4": "a .zip file or a spreadsheet; unpack it, or save the sheet as CSV, first",
    b"BZh": "compressed with bzip2; unpack it first (bunzip2)",
    b"\xfd7zXZ": "compressed with xz; unpack it first (unxz)",
}


def open_text(path: str | os.PathLike[str], newline: str | None = None) -> IO[str]:
    """A text file, open to be read: UTF-8, or UTF-16 or UTF-32 with the mark that tells them apart.

    Raises DamagedFileError, with what to do, for an archive and for text without such a mark that is not
    UTF-8. The rest of the file may still hold bytes that are no text; see `why_not_text`.
    """
    with open(path, "rb") as file:
        start = file.read(4096)
    for mark, said in ARCHIVES.items():
        if start.startswith(mark):
            raise DamagedFileError(f"{os.fspath(path)} is {said}")
    encoding = next((said for mark, said in MARKS.items() if start.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in start:
        raise DamagedFileError(
            f"{os.fspath(path)} has zero bytes, as binary files have, and UTF-16 without a mark; save it as "
            "UTF-8"
        )
    return open(path, encoding=encoding, newline=newline)


def why_not_text(path: str | os.PathLike[str], error: UnicodeError) -> str:
    """Why a file could not be read as text: the line of the first byte that is not UTF-8."""
    if not isinstance(error, UnicodeDecodeError) or not error.encoding.startswith("utf-8"):
        return f"it is not in the encoding that its first bytes announce ({error})"
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as wrong:
                shown = line.decode("latin-1").strip()[:60]
                return (
                    f"byte 0x{line[wrong.start]:02X} in line {number} is not UTF-8; read as Latin-1, the "
                    f"line is {shown!r}; save the file as UTF-8"
                )
    return str(error)
