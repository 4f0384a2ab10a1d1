"""Pictures written as text: CSV files with a row of pixels for each picture, as Kaggle publishes MNIST."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.bundled import Dataset
from tinygrad_edu.files import DamagedFileError, open_text, whole_file
from tinygrad_edu.files.text import why_not_text

MOST_CLASSES = 65_536  # what uint16 can tell apart


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int | None = "label",
    shape: tuple[int, ...] | None = None,
) -> Any:
    """A table of pixels from 0 to 255, one row per picture, with a column for its class.

        train = read_csv("train.csv", shape=(28, 28))                 # label, pixel0, ..., pixel783
        x_test = read_csv("test.csv", label=None, shape=(28, 28))     # pixel0, ..., pixel783

    label   the column of the classes: its name in the header, or its index, counted from 0, which a file
            without a header needs. None if the file has pixels only, as test sets have
    shape   of one picture; without it, x is the table (n, columns)

    Returns a Dataset, x: (n, *shape) of uint8 and y: (n,) of int64; with label=None the array x alone. The
    first line is a header if it has letters.

    The text is UTF-8, or UTF-16 with a mark at its start.

    Raises FileNotFoundError; TypeError for a label that is True or False; ValueError for a label column that
    is missing, or there twice, and, with line and column, for a row whose length differs from the first and
    for a cell that is not an integer from 0 to 255; DamagedFileError, a ValueError, for a file that is not
    text.
    """
    path = os.fspath(path)
    if isinstance(label, bool):
        raise TypeError(
            f"read_csv got label={label}: label is the name or the number of a column, as label='label' "
            "or label=0, or None if the file has pixels only"
        )
    names, has_header = first_line(path, "read_csv")
    if isinstance(label, str):
        _demand_once(label, names, "read_csv", path)
    if not has_header:
        names = [f"column {i}" for i in range(len(names))]
    place: Any = names.index(label) if isinstance(label, str) and label in names else label
    if place is not None and place not in range(len(names)):
        raise ValueError(
            f"read_csv: {path} has no column {label!r}; its columns are {listed(names)}; pass the right "
            "name, or an index such as label=0, or label=None if it has pixels only"
        )
    pixels = len(names) - (place is not None)
    if shape is not None and (pixels == 0 or np.prod(shape) != pixels):
        raise ValueError(
            f"read_csv got shape={shape}, which is {np.prod(shape)} pixels, and {path} has {pixels} in a "
            f"row; {'is one of its columns the label' if place is None else 'are shape and label right'}?"
        )

    try:
        with opened(path, "read_csv") as file:
            if has_header:
                next(file)
            lines = map(_demand_ascii, file)
            table = np.loadtxt(
                lines, np.uint16, comments=None, delimiter=",", quotechar='"', ndmin=2
            )
        if table.shape[1] != len(names):
            raise ValueError("its rows are not as long as its first line")
        y = np.zeros(len(table), np.int64)
        if place is not None:
            y[:] = table[:, place]
            table[:, place] = 0  # the others are pixels
        if table.max() > 255:
            raise ValueError("a pixel is above 255")
    except (ValueError, OverflowError) as error:
        # loadtxt is fast, but its errors do not give the line. The file is read again to find it.
        _raise_at_first_wrong_cell(path, has_header, place, names)
        raise ValueError(f"read_csv: {path}: {error}") from None
    x = table.astype(np.uint8)
    if place is not None:
        x = np.delete(x, place, axis=1)
    x = x.reshape(len(x), *(shape or x.shape[1:]))
    if place is None:
        return x
    classes = tuple(str(k) for k in range(y.max() + 1))
    del names[place]
    return Dataset(os.path.basename(path), x, y, tuple(names), classes, f"read from {path}")


def write_csv(path: str | os.PathLike[str], x: NDArray[Any], y: NDArray[Any] | None = None) -> None:
    """Writes the table that `read_csv` reads, as Kaggle publishes MNIST: label, pixel0, pixel1, ...

    x: (n, ...) of integers from 0 to 255, y: (n,) of integers, or None for a test set without labels. A
    whole new file or none. Raises ValueError for other numbers, and for x and y of different lengths.
    """
    table = np.asarray(x)
    if table.dtype.kind not in "iu" or table.size == 0 or table.min() < 0 or table.max() > 255:
        raise ValueError(
            f"write_csv takes pixels that are integers from 0 to 255, not {table.dtype} "
            + (f"from {table.min()} to {table.max()}" if table.size else f"of shape {np.shape(x)}")
            + "; np.rint(255 * x).astype(np.uint8) converts numbers from 0 to 1"
        )
    table = table.reshape(len(table), -1)
    names = [f"pixel{i}" for i in range(table.shape[1])]
    if y is not None:
        y = np.asarray(y)
        if y.shape != (len(table),) or y.dtype.kind not in "iu":
            raise ValueError(
                f"write_csv takes an integer label for each of {len(table)} pictures, not y of shape "
                f"{y.shape}, {y.dtype}"
            )
        names, table = ["label", *names], np.column_stack([y, table])
    with whole_file(path, encoding="utf-8") as file:
        file.write(",".join(names) + "\n")
        for row in table:  # four times as fast as np.savetxt
            file.write(",".join(map(str, row.tolist())) + "\n")


def first_line(path: str, caller: str) -> tuple[list[str], bool]:
    """The cells of the first line of a CSV file, and whether it is a header, that is, has letters.

    Raises ValueError if the first line is empty, and if there are no rows below a header.
    """
    with opened(path, caller) as file:
        names = [cell.strip() for cell in next(csv.reader(file), [])]
        has_header = any(letter.isalpha() for name in names for letter in name)
        if has_header and not any(line.strip() for line in file):
            raise ValueError(f"{caller}: {path} has a header and no rows")
    if not names:
        raise ValueError(f"{caller}: {path} is empty, or its first line is")
    return names, has_header


def _demand_once(name: str, header: list[str], caller: str, path: str) -> None:
    places = [i for i, column in enumerate(header) if column == name]
    if len(places) > 1:
        raise ValueError(
            f"{caller}: {path} has {len(places)} columns called {name!r}, numbers "
            f"{' and '.join(map(str, places))}; give them different names"
        )


def read_rows(path: str, columns: list[str], caller: str) -> list[list[str]]:
    """The cells in these columns of a CSV file with a header, as text. No cell may be empty."""
    header, _ = first_line(path, caller)
    rows = []
    with opened(path, caller) as file:
        reader = csv.reader(file)
        next(reader)
        for name in columns:
            if name not in header:
                raise ValueError(
                    f"{caller}: {path} has no column {name!r}; its columns are {listed(header)}"
                )
            _demand_once(name, header, caller, path)
        for row in filter(None, reader):
            if len(row) != len(header):
                raise ValueError(
                    f"{caller}: line {reader.line_num} of {path} has {len(row)} columns and the header "
                    f"{len(header)}"
                )
            cells = [row[header.index(name)].strip() for name in columns]
            if not all(cells):
                lacks = " or its ".join(columns)
                raise ValueError(f"{caller}: line {reader.line_num} of {path} lacks its {lacks}")
            rows.append(cells)
    return rows


@contextmanager
def opened(path: str, caller: str) -> Iterator[IO[str]]:
    """Context with a CSV file, open to be read. Raises FileNotFoundError and DamagedFileError for it."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{caller}: there is no file {path}")
    try:
        with open_text(path, newline="") as file:
            yield file
    except (csv.Error, UnicodeError) as error:
        why = why_not_text(path, error) if isinstance(error, UnicodeError) else error
        raise DamagedFileError(f"{caller}: {path} is not a CSV file: {why}") from None


def _demand_ascii(line: str) -> str:
    """The line. np.loadtxt takes some letters of other scripts for digits, and crashes at others."""
    if not line.isascii():
        raise ValueError(f"{line.strip()[:60]!r} is not a row of numbers")
    return line


def _raise_at_first_wrong_cell(
    path: str, has_header: bool, place: int | None, names: list[str]
) -> None:
    with opened(path, "read_csv") as file:
        reader = csv.reader(file)
        if has_header:
            next(reader)
        for row in filter(None, reader):
            where = f"read_csv: line {reader.line_num} of {path}"
            if len(row) != len(names):
                raise ValueError(
                    f"{where} has {len(row)} columns, and the first line has {len(names)}"
                )
            for i, cell in enumerate(row):
                kind, limit = ("class", MOST_CLASSES) if i == place else ("pixel", 256)
                digits = cell.isascii() and cell.strip().isdecimal() and len(cell) < 99
                if not (digits and int(cell) < limit):
                    raise ValueError(
                        f"{where} has {cell[:99]!r} in column {names[i]!r}: a {kind} is an integer from 0 to "
                        f"{limit - 1}"
                    )


def listed(names: Sequence[str]) -> str:
    """The names for a sentence: 'a', 'b', ..., 'z'."""
    shown = [repr(name) for name in names]
    return ", ".join(shown if len(shown) <= 12 else shown[:10] + ["...", shown[-1]]) or "none"
