"""Embeddings: `lookup` takes rows of a table by id, and its adjoint `add_rows` sums rows by id."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.tensor import Op, op


def _lookup(W: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return W[ids]


OFTEN = 8  # so many rows of one id are summed by a product with ones


def _add_rows(g: np.ndarray, ids: np.ndarray, vocab: int = 0) -> np.ndarray:
    """The sum of the rows of g with each id.

    The rows are sorted by id. An id that is frequent gets a product with ones, by BLAS. The others are summed
    together: first the first row of each, then the second of those that have one, and so on.
    """
    ids, g = ids.reshape(-1), g.reshape(-1, g.shape[-1])
    y = np.zeros((vocab, g.shape[-1]), g.dtype)
    if not ids.size:
        return y
    order = np.argsort(ids, kind="stable")
    ids, g = ids[order], g[order]
    first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    number = np.diff(first, append=len(ids))
    sums = g[first]
    for k in range(1, min(OFTEN, number.max().item())):
        more = np.flatnonzero((number > k) & (number <= OFTEN))
        sums[more] += g[first[more] + k]
    ones = np.ones(len(g), g.dtype)
    for i in np.flatnonzero(number > OFTEN).tolist():
        start, n = first[i], number[i]
        np.matmul(ones[:n], g[start : start + n], out=sums[i])
    y[ids[first]] = sums
    return y


def _cases(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (real(rng, (4, 3))[0], np.array([[0, 3, 3], [1, 0, 3]])),
        (real(rng, (300, 1))[0], np.array([7, 299, 7, 0])),
        (real(rng, (300, 2))[0], np.zeros((2, 0), int)),
    ]


def _add_rows_cases(rng: np.random.Generator) -> Cases:
    return [((W[ids], ids), {"vocab": len(W)}) for W, ids in _cases(rng)]


lookup: Op = op(
    _lookup, lambda g, y, W, ids: add_rows(g, ids, vocab=W.shape[0]), None,
    name="lookup", formula="W[ids]", linear=True, cases=lambda rng: [(c, {}) for c in _cases(rng)],
)  # fmt: skip
add_rows: Op = op(
    _add_rows, lambda g, y, u, ids, vocab=0: lookup(g, ids), None,
    name="add_rows", formula="Σ of the rows of u with the same id", linear=True, cases=_add_rows_cases,
)  # fmt: skip
