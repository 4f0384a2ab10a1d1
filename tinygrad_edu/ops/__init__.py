"""The derivative table. Each file is a chapter; each row is a NumPy function beside its derivatives.

Most rows are used through the NumPy function itself (`np.tanh(x)`). Functions that NumPy does not have are
exported here (`from tinygrad_edu.ops import softmax`). All of them also work on arrays.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tinygrad_edu.autodiff import unbroadcast
from tinygrad_edu.ops import (  # noqa: F401  (imported for their rows)
    complex,
    decompositions,
    elementwise,
    fft,
    indexing,
    interpolation,
    joining,
    linear_algebra,
    norms,
    polynomials,
    products,
    reductions,
    shapes,
    special,
    statistics,
    ufunc_methods,
)
from tinygrad_edu.ops.activations import (
    binary_cross_entropy,
    capped_relu,
    cross_entropy,
    elu,
    glu,
    hard_sigmoid,
    hard_silu,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    selu,
    softmax,
    softplus,
    softsign,
    sparsemax,
)
from tinygrad_edu.ops.elementwise import circle, cosine, identity, sech2, sigmoid
from tinygrad_edu.ops.indexing import add_at, put, put_along_axis, scatter_add
from tinygrad_edu.ops.linear_algebra import expm, solve_triangular
from tinygrad_edu.ops.reductions import recurrence, suffix_sum
from tinygrad_edu.ops.special import (
    bell,
    bessel_i,
    digamma,
    erf,
    erfc,
    erfinv,
    gelu,
    gelu_tanh,
    lgamma,
    log_cosh,
    log_sigmoid,
    mish,
    normal_cdf,
    polygamma,
    silu,
    tanh_shrink,
)
from tinygrad_edu.tensor import ROWS, Op

if TYPE_CHECKING:
    from tinygrad_edu.ops.convolution import (
        conv1d,
        conv2d,
        conv_transpose1d,
        conv_transpose2d,
        fold,
        unfold,
    )
    from tinygrad_edu.ops.ctc_alignment import ctc
    from tinygrad_edu.ops.embedding import add_rows, lookup
    from tinygrad_edu.ops.normalization import normalize
    from tinygrad_edu.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
    from tinygrad_edu.ops.recurrent import gru, lstm, rnn
    from tinygrad_edu.ops.scaled_dot_product import attention, attention_weights
    from tinygrad_edu.ops.state_space import linear_recurrence

# Chapters without NumPy functions are imported when one of their names is first used.
LATER = {
    "scaled_dot_product": ("attention", "attention_weights"),
    "convolution": (
        "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "fold", "unfold",
    ),
    "normalization": ("normalize",),
    "embedding": ("add_rows", "lookup"),
    "ctc_alignment": ("ctc",),
    "pooling": ("avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"),
    "recurrent": ("gru", "lstm", "rnn"),
    "state_space": ("linear_recurrence",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for chapter, names in LATER.items():
        if name in names:
            return getattr(importlib.import_module(f"tinygrad_edu.ops.{chapter}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def rows() -> list[Op]:
    """All rows of the table, without repetition."""
    for chapter in LATER:
        importlib.import_module(f"tinygrad_edu.ops.{chapter}")
    return list({id(row): row for row in ROWS.values() if isinstance(row, Op)}.values())


__all__ = [
    "add_at", "add_rows", "attention", "attention_weights", "avg_pool1d", "avg_pool2d", "bell",
    "bessel_i", "binary_cross_entropy", "capped_relu", "circle", "conv1d", "conv2d", "conv_transpose1d",
    "conv_transpose2d", "cosine", "cross_entropy", "ctc", "digamma", "elu", "erf", "erfc", "erfinv", "expm",
    "fold", "gelu", "gelu_tanh", "glu", "gru", "hard_sigmoid", "hard_silu", "identity", "leaky_relu",
    "lgamma", "linear_recurrence", "log_cosh", "log_sigmoid", "log_softmax", "logsumexp", "lookup", "lstm",
    "max_pool1d", "max_pool2d", "mish", "normal_cdf", "normalize", "polygamma", "put", "put_along_axis",
    "recurrence", "relu", "rnn", "rows", "scatter_add", "sech2", "selu", "sigmoid", "silu", "softmax",
    "softplus", "softsign", "solve_triangular", "sparsemax",
    "suffix_sum", "tanh_shrink", "unbroadcast", "unfold",
]  # fmt: skip
