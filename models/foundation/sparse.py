"""Tables that are mostly zeros, as a transformer returns them: an array, or a matrix of SciPy."""

from typing import Any

import numpy as np

from models.foundation.parameters import choice
from tinygrad_edu.diagnostics.words import refusal

LARGE = 2**26  # numbers: half a gigabyte as float64


class Table(np.ndarray):
    """An array that also answers `toarray()`, for programs that expect a sparse matrix."""

    def toarray(self) -> np.ndarray:
        """The same numbers as a plain array."""
        return np.asarray(self)


def sparse_output() -> Any:
    """The parameter for `mostly_zeros`."""
    return choice(
        "auto", True, False,
        doc="the result is a sparse matrix, which needs SciPy, or an array; 'auto' for an array that answers "
        "toarray(), if it has at most 2**26 numbers",
    )  # fmt: skip


def mostly_zeros(
    data: np.ndarray, columns: np.ndarray, starts: np.ndarray, shape: tuple[int, int], output: Any
) -> Any:
    """The table that has data[k] in column columns[k] of row i, for starts[i] ≤ k < starts[i + 1].

    output: True for a matrix of SciPy in CSR form, False for an array, "auto" as `sparse_output` says.
    """
    if output is True or (output == "auto" and shape[0] * shape[1] > LARGE):
        return _csr(data, columns, starts, shape)
    found = np.zeros(shape, dtype=data.dtype)
    found[np.repeat(np.arange(shape[0]), np.diff(starts)), columns] = data
    return found.view(Table) if output == "auto" else found


def constant_where(mask: np.ndarray, value: Any) -> Any:
    """A matrix of SciPy in CSR form that has the value where the mask is true, and 0 elsewhere."""
    starts = np.append(0, np.cumsum(mask.sum(axis=1)))
    return _csr(np.full(starts[-1], value), np.nonzero(mask)[1], starts, mask.shape)


def dense(X: Any) -> np.ndarray:
    """A matrix of SciPy, a `Table`, an array or a list of rows as an array."""
    return X.toarray() if hasattr(X, "toarray") else np.asarray(X)


def _csr(data: np.ndarray, columns: np.ndarray, starts: np.ndarray, shape: tuple[int, int]) -> Any:
    try:
        from scipy.sparse import csr_matrix
    except ImportError:
        what = f"a sparse matrix of shape {shape} needs the library SciPy, which is not installed."
        raise refusal(ImportError, what, "pip install scipy, or sparse_output=False") from None
    small = max(len(data), shape[1]) < 2**31
    kind = np.int32 if small else np.int64
    found = csr_matrix((data, columns.astype(kind), starts.astype(kind)), shape=shape)
    found.sort_indices()
    return found
