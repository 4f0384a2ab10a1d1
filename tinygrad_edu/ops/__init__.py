"""The derivative table. A file is a chapter; every row is a NumPy function beside its derivatives.

Most rows answer to the NumPy function itself (`np.tanh(x)`); those that NumPy does not have are
exported here (`from tinygrad_edu.ops import softmax`). All of them work on arrays as well.
"""

from __future__ import annotations

from tinygrad_edu.ops import (  # noqa: F401  (imported for their rows)
    complex,
    decompositions,
    elementwise,
    fft,
    indexing,
    linear_algebra,
    norms,
    reductions,
    shapes,
)
from tinygrad_edu.ops.elementwise import identity
from tinygrad_edu.ops.indexing import scatter_add
from tinygrad_edu.ops.linear_algebra import expm, solve_triangular
from tinygrad_edu.ops.neural import (
    cross_entropy,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
)
from tinygrad_edu.ops.shapes import unbroadcast
from tinygrad_edu.tensor import ROWS, Op


def rows() -> list[Op]:
    """Every row of the table, each once."""
    return list({id(row): row for row in ROWS.values() if isinstance(row, Op)}.values())


__all__ = [
    "cross_entropy", "expm", "identity", "log_softmax", "logsumexp", "relu", "rows", "scatter_add",
    "sigmoid", "softmax", "softplus", "solve_triangular", "unbroadcast",
]  # fmt: skip
