"""Machine learning to read: a Tensor is a NumPy array that remembers how it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_edu import ipython
from tinygrad_edu.functional import (
    checkpoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from tinygrad_edu.memory import keep_pages
from tinygrad_edu.modes import debug, no_grad
from tinygrad_edu.scanning import scan
from tinygrad_edu.tensor import Tensor, op
from tinygrad_edu.vectorizing import vmap
from tinygrad_edu.version import __version__

keep_pages()


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext tinygrad_edu` does: for an IPython that was started after this import."""
    ipython.register(shell)


ipython.register(ipython.shell())

if TYPE_CHECKING:
    from tinygrad_edu.blas import blas_threads
    from tinygrad_edu.compiler import compile
    from tinygrad_edu.explaining import explain
    from tinygrad_edu.profiling import profile

__all__ = [
    "Tensor", "__version__", "blas_threads", "checkpoint", "compile", "debug", "explain", "grad", "hessian",
    "hvp", "jacobian", "jvp", "no_grad", "op", "profile", "scan", "value_and_grad", "vjp", "vmap",
]  # fmt: skip


WAITING = {
    "blas_threads": "blas",
    "compile": "compiler",
    "explain": "explaining",
    "profile": "profiling",
}
ROOMS = (
    "compiler", "data", "distributed", "gradcheck", "nn", "ops", "optim", "training", "twins", "viz",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """What is imported when somebody asks for it: not everybody needs it, and it takes its time."""
    import importlib

    if name in WAITING:
        return getattr(importlib.import_module(f"tinygrad_edu.{WAITING[name]}"), name)
    if name in ROOMS:
        return importlib.import_module(f"tinygrad_edu.{name}")
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tinygrad_edu.diagnostics.missing_attributes import not_in_package

    raise not_in_package(name, [*__all__, *ROOMS])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *ROOMS})
