"""How data sets are returned, as a Bunch or as (X, y), of arrays or of data frames; reading CSV files."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from models.foundation.bunch import Bunch
from models.foundation.frames import frame_of

SETS = Path(__file__).parent / "sets"
MISSING = ("", "NA")


def data_set(
    X: Any,
    y: np.ndarray,
    features: list[str],
    targets: Any,
    description: str,
    return_X_y: bool,
    as_frame: bool,
) -> Any:
    """The data set: a Bunch, or (X, y); of arrays or of data frames of pandas.

    X is an array, or the list of its columns. Columns of text and of numbers together make an array of
    objects; in a data frame each keeps its type.
    """
    columns = X if isinstance(X, list) else [X]
    frame, data, target = None, np.column_stack(columns), y
    if as_frame:
        names = ["target"] if y.ndim == 1 else list(targets)
        data = frame_of(columns, "pandas", features, X)
        column = frame_of([y.reshape(len(y), -1)], "pandas", names, y)
        frame = data.assign(**{name: column[name] for name in names})
        target = frame["target"] if y.ndim == 1 else frame[names]
    if return_X_y:
        return data, target
    found = Bunch(data=data, target=target, frame=frame, feature_names=features, DESCR=description)
    return found if targets is None else Bunch(**found, target_names=targets)


def csv_columns(name: str) -> dict[str, np.ndarray]:
    """The columns of a CSV file in `sets`: float64 if all values are numbers, otherwise objects.

    A missing value, which is an empty field or NA, becomes NaN in both.
    """
    with open(SETS / name, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {
        name: _column(values) for name, values in zip(head, zip(*rows, strict=True), strict=True)
    }


def _column(values: tuple[str, ...]) -> np.ndarray:
    try:
        return np.array([np.nan if value in MISSING else float(value) for value in values])
    except ValueError:
        return np.array([np.nan if value in MISSING else value for value in values], dtype=object)
