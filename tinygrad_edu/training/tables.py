"""Data frames, sparse matrices and text as data of a model: read as numbers, or refused by name.

Frames are known by what they have, not by their kind: pandas and polars are not imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.frame_rows import hint_for_word
from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.training.structure import leaves


def is_sparse(x: Any) -> bool:
    return hasattr(x, "toarray") and hasattr(x, "nnz")


def columns_of(x: Any) -> list[str] | None:
    """The names of the columns, if x is a data frame."""
    names = getattr(x, "columns", None)
    return None if names is None or not hasattr(x, "shape") else [str(name) for name in names]


def numbers(name: str, x: Any) -> Any:
    """x or y as it is, but as an array of numbers if its elements are objects.

    Raises TypeError for a sparse matrix; ValueError for text and missing values, with the place of the first.
    """
    if is_sparse(x):
        mega = np.prod(x.shape) * x.dtype.itemsize / 2**20
        raise refusal(
            TypeError,
            f"{name} {x.shape} is a sparse {type(x).__name__}, and a network takes arrays.",
            f"x.toarray(), which takes {mega:,.1f} MiB",
        )
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise _ragged(name, x) from error
    if array.dtype.kind not in "OUS" or (array.dtype.kind in "US" and name == "x"):
        return x  # a model may take words
    if array.dtype.kind == "O" and all(map(_is_number, array.flat)):
        return array.astype(float)
    raise _not_numbers(name, x, array)


def _ragged(name: str, x: Any) -> Exception:
    """The error of rows of different lengths, which make no array."""
    lengths = [np.size(row) if np.isscalar(row) else len(row) for row in x]
    i = next((i for i, n in enumerate(lengths) if n != lengths[0]), 0)
    inside = f": row 0 has {lengths[0]}, and row {i} has {lengths[i]}" if i else " inside"
    what = f"{name} has rows of different lengths{inside}."
    return refusal(ValueError, what, "zeros to fill the rows up, and a mask of what is real")


def _not_numbers(name: str, x: Any, array: np.ndarray) -> Exception:
    """The error of the first element that is no number."""
    bad = [i for i, element in np.ndenumerate(array) if not _is_number(element)]
    what = array[bad[0]]
    at = place(x, bad[0])
    if isinstance(what, str):
        hint = (
            "numbers in place of the words: a column for each, as pandas.get_dummies makes them"
            if name == "x"
            else "np.unique(y, return_inverse=True)[1], if these are classes; then the loss is "
            "nn.cross_entropy, of a classifier"
        )
        hint = hint_for_word(what, hint)
        return refusal(
            ValueError, f"{name} has text, {shortened(str(what))} in {at}, and not numbers.", hint
        )
    if hasattr(what, "year"):
        hint = "days, as in (frame['date'] - frame['date'].min()).dt.days; or year and month as columns"
        return refusal(ValueError, f"{name} has dates, the first in {at}, and not numbers.", hint)
    return refusal(
        ValueError,
        f"{name} has {len(bad)} values that are no numbers, the first {what!r} in {at}.",
        "frame.dropna(), or frame.fillna(...) with a number",
    )


def _is_number(element: Any) -> bool:
    try:
        return not isinstance(element, str) and (float(element), True)[1]
    except (TypeError, ValueError):
        return False


def columns_by_part(x: Any) -> dict[str, list[str]]:
    """ "x" -> the names of its columns, if it is a data frame; for a tuple or dict "x[0]", "x['left']"."""
    found = {name: columns_of(part) for name, part in leaves(x)}
    return {name: columns for name, columns in found.items() if columns}


def columns_of_fit(known: dict[str, list[str]], x: Any) -> dict[str, list[str]]:
    """The columns that a model is trained on, from now on. Those of an earlier `fit` must be the same."""
    demand_columns(known, x)
    return known | columns_by_part(x)


def demand_columns(known: dict[str, list[str]], x: Any) -> None:
    """Refuses data frames whose columns are not those of training, in their order."""
    for name, columns in columns_by_part(x).items():
        wanted = known.get(name, columns)
        if columns == wanted:
            continue
        missing = [column for column in wanted if column not in columns]
        if missing:
            what = f"has no column {missing[0]!r}, which the model was trained on"
        elif len(columns) > len(wanted):
            new = next(column for column in columns if column not in wanted)
            what = f"has a column {new!r}, which the model was not trained on"
        else:
            i = next(
                i for i, pair in enumerate(zip(columns, wanted, strict=True)) if len({*pair}) > 1
            )
            what = (
                f"has the column {columns[i]!r} in place {i}, where {wanted[i]!r} was in training"
            )
        raise refusal(ValueError, f"{name} {what}.", f"{name}[{shortened(wanted)}]")


def place(x: Any, index: tuple[int, ...]) -> str:
    """Where an element is: row 3, column 1; or in a frame, row 'b' (number 3), column 'age'."""
    row = f"row {index[0]}"
    labels = getattr(x, "index", None)
    if labels is not None and not callable(labels) and str(labels[index[0]]) != str(index[0]):
        row = f"row {labels[index[0]]!r} (number {index[0]})"
    names = columns_of(x)
    if names and len(index) > 1:
        return f"{row}, column {names[index[1]]!r}"
    if len(index) == 2:
        return f"{row}, column {index[1]}"
    return row if len(index) == 1 else f"{row}, at {list(index[1:])} in it"
