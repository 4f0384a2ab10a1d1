"""Pictures written as text: a CSV file with a row of pixels for each, as Kaggle gives MNIST."""

from __future__ import annotations

import csv
import itertools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.bundled import Dataset
from tinygrad_edu.files import whole_file

MOST_CLASSES = 65_536


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int | None = "label",
    shape: tuple[int, ...] | None = None,
) -> Any:
    """A table of pixels from 0 to 255, one row per picture, with a column for its class.

        train = read_csv("train.csv", shape=(28, 28))                 # label, pixel0, ..., pixel783
        x_test = read_csv("test.csv", label=None, shape=(28, 28))     # pixel0, ..., pixel783

    label   the column of the classes: its name in the header, or its place, counted from 0, which a file
            without header needs. None if the file has pixels only, as test sets have
    shape   of one picture; without it, x is the table (n, columns)

    Returns a Dataset, x: (n, *shape) of uint8 and y: (n,) of int64 as written; with label=None the array x
    alone. A first line that has something else than numbers is a header.

    Raises FileNotFoundError; ValueError, with row and column, for a label column that is not there, for a
    row that is longer or shorter than the first, and for what is no whole number from 0 to 255.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"read_csv: there is no file {path}")
    with open(path, encoding="utf-8-sig", newline="") as file:
        first = next(csv.reader(file), [])
        header = first if any(not _is_number(cell) for cell in first) else None
        if header and not any(line.strip() for line in file):
            raise ValueError(f"read_csv: {path} has a header and no rows")
    if not first:
        raise ValueError(f"read_csv: {path} is empty, or its first line is")
    place = _place(path, label, header, len(first))
    names = header or [f"column {i}" for i in range(len(first))]
    pixels = len(first) - (place is not None)
    if shape is not None and (pixels == 0 or np.prod(shape) != pixels):
        raise ValueError(
            f"read_csv got shape={shape}, which is {np.prod(shape)} pixels, and {path} has {pixels} in a "
            "row; "
            + ("is one of its columns the label?" if place is None else "check shape and label")
        )

    # One field for the pixels on either side of the label. Small types keep the memory small.
    before = pixels if place is None else place
    fields: list[Any] = [("before", np.uint8, (before,)), ("after", np.uint8, (pixels - before,))]
    if place is not None:
        fields.insert(1, ("label", np.int64))
    fields = [field for field in fields if field[-1] != (0,)]
    try:
        with open(path, encoding="utf-8-sig") as file:
            if header:
                next(file)
            table = np.loadtxt(
                file, np.dtype(fields), comments=None, delimiter=",", quotechar='"', ndmin=1
            )
    except (ValueError, OverflowError) as error:
        # loadtxt is fast, and knows little about where it stumbled. The file is read again for that.
        _explain(path, header, place, len(first), names)
        raise ValueError(f"read_csv: {path}: {error}") from None

    parts = [table[name] for name in ("before", "after") if name in (table.dtype.names or ())]
    x = parts[0].copy() if len(parts) == 1 else np.concatenate(parts, axis=1)
    x = x.reshape(len(x), *(shape or x.shape[1:]))
    if place is None:
        return x
    y = table["label"].copy()
    if y.min() < 0 or y.max() >= MOST_CLASSES:
        _explain(path, header, place, len(first), names)
    return Dataset(
        os.path.basename(path),
        x,
        y,
        tuple(name for i, name in enumerate(names) if i != place),
        tuple(str(k) for k in range(y.max() + 1)),
        f"read from {path}",
    )


def write_csv(path: str | os.PathLike[str], x: NDArray[Any], y: NDArray[Any] | None = None) -> None:
    """The table that `read_csv` reads, as Kaggle gives MNIST: label, pixel0, pixel1, ...

    x: (n, ...) of whole numbers from 0 to 255, y: (n,) of whole numbers, or None for a test set without
    labels. A whole new file or none. Raises ValueError for other numbers, and for x and y of different
    lengths.
    """
    table = np.asarray(x)
    if table.dtype.kind not in "iu" or table.size == 0 or table.min() < 0 or table.max() > 255:
        raise ValueError(
            f"write_csv takes pixels that are whole numbers from 0 to 255, not {table.dtype} "
            + (f"from {table.min()} to {table.max()}" if table.size else f"of shape {np.shape(x)}")
            + "; np.rint(255 * x).astype(np.uint8) makes them from 0 ... 1"
        )
    table = table.reshape(len(table), -1)
    names = [f"pixel{i}" for i in range(table.shape[1])]
    if y is not None:
        y = np.asarray(y)
        if y.shape != (len(table),) or y.dtype.kind not in "iu":
            raise ValueError(
                f"write_csv takes a whole number for each of {len(table)} pictures, not y of shape "
                f"{y.shape}, {y.dtype}"
            )
        names = ["label", *names]
    # Text for each of the few numbers there are, joined: savetxt takes ten times as long.
    words = np.array([str(i) for i in range(256)], object)
    with whole_file(path) as draft, open(draft, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(names) + "\n")
        for i, row in enumerate(table):
            label = "" if y is None else f"{y[i]},"
            file.write(label + ",".join(words[row]) + "\n")


def read_rows(path: str, columns: list[str], caller: str) -> tuple[list[int], list[list[str]]]:
    """These columns of a CSV file with a header, as text: the line of each row, and its cells."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{caller}: there is no file {path}")
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        for name in columns:
            if name not in header:
                raise ValueError(
                    f"{caller}: {path} has no column {name!r}; its columns are {_listed(header)}"
                )
        places = [header.index(name) for name in columns]
        lines, rows = [], []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{caller}: line {reader.line_num} of {path} has {len(row)} columns and the header "
                    f"{len(header)}"
                )
            lines.append(reader.line_num)
            rows.append([row[i].strip() for i in places])
    return lines, rows


def _place(path: str, label: Any, header: list[str] | None, columns: int) -> int | None:
    """Which column the label is."""
    if label is None:
        return None
    if isinstance(label, str):
        if header is None:
            raise ValueError(
                f"read_csv: {path} has no header to find {label!r} in; pass the place of the label column, "
                "such as label=0, or label=None if it has pixels only"
            )
        stripped = [name.strip() for name in header]
        if label not in stripped:
            raise ValueError(
                f"read_csv: {path} has no column {label!r}; its columns are {_listed(header)}; pass the "
                "right name, or label=None if it has pixels only"
            )
        return stripped.index(label)
    if not 0 <= label < columns:
        raise ValueError(
            f"read_csv got label={label}, and {path} has columns 0 to {columns - 1}; count from 0"
        )
    return int(label)


def _explain(
    path: str, header: list[str] | None, place: int | None, columns: int, names: list[str]
) -> None:
    """Goes through the file cell by cell and raises at the first that is wrong."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        for row in itertools.islice(reader, 1 if header else 0, None):
            if not row:
                continue
            where = f"read_csv: line {reader.line_num} of {path}"
            if len(row) != columns:
                raise ValueError(
                    f"{where} has {len(row)} columns, and the first line has {columns}"
                )
            for i, cell in enumerate(row):
                limit = MOST_CLASSES if i == place else 256
                try:
                    fits = 0 <= int(cell) < limit
                except ValueError:
                    fits = False
                if not fits:
                    what = "a class" if i == place else "a pixel"
                    raise ValueError(
                        f"{where} has {cell!r} in column {names[i]!r}: {what} is a whole number from 0 to "
                        f"{limit - 1}"
                    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _listed(names: list[str]) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown if len(shown) <= 8 else shown[:6] + ["...", shown[-1]]) or "none"
