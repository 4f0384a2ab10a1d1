"""Embeddings: `lookup` takes rows of a table by id, and its adjoint `add_rows` sums rows by id."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.tensor import Op, op


def _lookup(W: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return W[ids]


def _add_rows(g: np.ndarray, ids: np.ndarray, vocab: int = 0) -> np.ndarray:
    """The sum of the rows of g with each id."""
    ids, g = ids.reshape(-1), g.reshape(-1, g.shape[-1])
    if vocab <= 256:  # few rows: a product with the one-hot matrix is faster than sorting
        one_hot = np.zeros((ids.size, vocab), g.dtype)
        one_hot[np.arange(ids.size), ids] = 1
        return one_hot.T @ g
    y = np.zeros((vocab, g.shape[-1]), g.dtype)
    if ids.size:
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
        first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
        y[ids[first]] = np.add.reduceat(g[order], first, axis=0)
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
