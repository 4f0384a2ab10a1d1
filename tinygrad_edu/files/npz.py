"""Archives of arrays: what np.savez writes, read so that damage is always noticed.

np.load stops at the last number of an array, before the end of the entry, where zipfile would compare the
checksum (CRC-32). So a changed bit in the length of an array's header shifts all its numbers, unnoticed.
Here each entry is read to its end first; the array must fill it exactly.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from tinygrad_edu.files.damage import naming_damage

# The header of an array as NumPy writes it, in numbers and strings: format 1.0 to 3.0. (Records and objects
# are no part of what we save. NumPy's own reader evaluates the header as a Python literal.)
HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[?a-zA-Z]\d*)', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,19}L?(?:, ?|(?=\))))*)\),? *\} *\n"
)


def write_npz(file: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes what np.savez writes, but takes names of every kind ("file" is an argument of np.savez)."""
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def read_npz(
    path: str | os.PathLike[str], kind: str = "an .npz file", *, most: int = 0, describe: Any = None
) -> dict[str, np.ndarray]:
    """The arrays of an archive by their names, copied to memory.

    kind, describe   for the error; see `naming_damage`
    most             how many bytes they may unfold to, if these are more than the file has: what the reader
                     can use. (A compressed archive of 5 MB may contain 5 GB of zeros.)

    Raises DamagedFileError unless every entry is the array of numbers or strings that was written.
    """
    with open(path, "rb") as file, naming_damage(path, kind, describe):
        return _arrays(file, max(most, os.fstat(file.fileno()).st_size))


def _arrays(file: IO[bytes], most: int) -> dict[str, np.ndarray]:
    start = file.read(6)
    if start == b"\x93NUMPY":
        raise ValueError("one array and not an archive of them")
    if start[:2] != b"PK":
        raise ValueError("text, or a pickle" if start else "it is empty")
    import zipfile  # importing it takes longer than a small network's first epoch

    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        file.seek(-22 - len(archive.comment), os.SEEK_END)  # the last record of an archive
        count = int.from_bytes(file.read(22)[10:12], "little")
        if count != len(entries) and count < 0xFFFF:  # which says that there are more
            raise ValueError(f"it should have {count} entries, and {len(entries)} are found")
        unfolded = sum(entry.file_size for entry in entries)
        if unfolded > most:
            raise ValueError(
                f"it unfolds to {unfolded:,} bytes, and what it is read for has {most:,} at most"
            )
        for entry in entries:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"entry {entry.filename!r} is compressed in another way")
            name = entry.filename.removesuffix(".npy")
            if name in arrays or name == entry.filename:
                wrong = "appears twice" if name in arrays else "is not an array"
                raise ValueError(f"entry {entry.filename!r} {wrong}")
            with archive.open(entry) as opened:
                # At the end of an entry, read() compares the checksum. Its size bounds what it unfolds to.
                arrays[name] = _array(name, opened.read(entry.file_size))
    return arrays


def _array(name: str, content: bytes) -> np.ndarray:
    """The array that an entry holds; nothing may be left over."""
    width = 2 if content[6:7] == b"\1" else 4
    start = 8 + width
    end = start + int.from_bytes(content[8:start], "little")
    header = HEADER.fullmatch(content, start, end)
    if content[:6] != b"\x93NUMPY" or content[6:8] not in (b"\1\0", b"\2\0", b"\3\0") or not header:
        raise ValueError(f"entry {name!r} does not have the header of an array of numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(n.rstrip(b"L")) for n in re.findall(rb"\d+L?", header[3]))
    if dtype.hasobject:  # pickled objects, which may run a stranger's program
        raise ValueError(f"entry {name!r} is a pickle, and no array of numbers")
    if dtype.kind == "V":
        raise ValueError(f"entry {name!r} has the type {dtype}, and no numbers")
    if len(content) - end != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"entry {name!r} does not have the size of its array {shape} {dtype}")
    order: Any = "F" if header[2] == b"True" else "C"
    return (
        np.frombuffer(content, dtype, math.prod(shape), end).reshape(shape, order=order).copy(order)
    )
