"""The derivative table. A file is a chapter; every row is a NumPy function beside its derivatives.

Most rows answer to the NumPy function itself (`np.tanh(x)`); those that NumPy does not have are
exported here (`from tinygrad_edu.ops import softmax`). All of them work on arrays as well.
"""

from __future__ import annotations

from tinygrad_edu.ops import (  # noqa: F401  (imported for their rows)
    elementwise,
    indexing,
    linear_algebra,
    reductions,
    shapes,
)
from tinygrad_edu.ops.convolution import (
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    fold,
    unfold,
)
from tinygrad_edu.ops.elementwise import identity
from tinygrad_edu.ops.indexing import scatter_add
from tinygrad_edu.ops.neural import (
    cross_entropy,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
)
from tinygrad_edu.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from tinygrad_edu.ops.shapes import unbroadcast
from tinygrad_edu.tensor import ROWS, Op


def rows() -> list[Op]:
    """Every row of the table, each once."""
    return list({id(row): row for row in ROWS.values() if isinstance(row, Op)}.values())


__all__ = [
    "avg_pool1d", "avg_pool2d", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d",
    "cross_entropy", "fold", "identity", "log_softmax", "logsumexp", "max_pool1d", "max_pool2d",
    "relu", "rows", "scatter_add", "sigmoid", "softmax", "softplus", "unbroadcast", "unfold",
]  # fmt: skip
