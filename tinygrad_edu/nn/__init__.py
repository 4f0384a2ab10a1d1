"""Neural networks: modules with parameters, and losses.

A file is a family of layers. The names in its `__all__` are the names of `nn`.
"""

# ruff: noqa: F403
from typing import TYPE_CHECKING

from tinygrad_edu.nn import summary  # noqa: F401  (it gives modules their methods `summary` and `build`)
from tinygrad_edu.nn.activations import *
from tinygrad_edu.nn.attention import *
from tinygrad_edu.nn.containers import *
from tinygrad_edu.nn.convolution import *
from tinygrad_edu.nn.ctc_loss import *
from tinygrad_edu.nn.distillation import *
from tinygrad_edu.nn.einsum import *
from tinygrad_edu.nn.embedding import *
from tinygrad_edu.nn.generation import *
from tinygrad_edu.nn.linear import *
from tinygrad_edu.nn.losses import *
from tinygrad_edu.nn.module import *
from tinygrad_edu.nn.noise import *
from tinygrad_edu.nn.normalization import *
from tinygrad_edu.nn.pooling import *
from tinygrad_edu.nn.pruning import *
from tinygrad_edu.nn.quantization import *
from tinygrad_edu.nn.recurrent import *
from tinygrad_edu.nn.regularizers import *
from tinygrad_edu.nn.resizing import *

__all__ = [
    name
    for name, thing in globals().items()
    if getattr(thing, "__module__", "").startswith(f"{__name__}.")
]

if not TYPE_CHECKING:  # a type checker would think that every name exists

    def __getattr__(name):
        from tinygrad_edu.diagnostics.migration_hints import NN
        from tinygrad_edu.diagnostics.words import no_such_name

        raise no_such_name("nn", name, __all__, NN)
