"""Weights in the format that models are exchanged in: a header of names, dtypes and shapes, and bytes.

Nothing in such a file is a program, PyTorch, JAX and Rust read it as well, and it is written and read by
the safetensors package of those who designed it.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.files import whole_file
from tinygrad_edu.nn import Module

Model = TypeVar("Model", bound=Module)


def save_safetensors(module: Module, path: str | os.PathLike) -> None:
    """Writes parameters and buffers under their paths ("0.W"), a whole new file or none.

    The layouts are ours: PyTorch's Linear has the transpose of W. What was written is read again, and
    compared, before it takes the place of a file that is there. Raises FileNotFoundError if there is no
    such folder, ImportError without the safetensors package.
    """
    numpy = _import_safetensors()
    # safetensors 0.8 writes the memory of an array as it lies there, whatever its strides say.
    arrays = {where: np.ascontiguousarray(a) for where, a in module.state_dict().items()}
    with whole_file(path) as draft:
        numpy.save_file(arrays, draft, metadata={"writer": "tinygrad_edu"})
        read = numpy.load_file(draft)
        if any(read[where].tobytes() != a.tobytes() for where, a in arrays.items()):
            raise OSError(
                f"{os.path.basename(path)!r} came back from the disk with other numbers; it was not kept"
            )


def load_safetensors(module: Model, path: str | os.PathLike, *, strict: bool = True) -> Model:
    """Sets parameters and buffers from a file of safetensors, and returns the module.

    strict   the names must be the same on both sides; without it, what only one of them has is left

    Raises ValueError that lists every difference in names, shapes and dtypes, and ValueError if the file
    is damaged or something else; then nothing has been changed. ImportError without the safetensors package.
    """
    numpy = _import_safetensors()
    from safetensors import SafetensorError

    with open(path, "rb"):  # for the usual words if there is no such file, or no right to read it
        pass
    try:
        state = numpy.load_file(path)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise refusal(
            ValueError,
            f"{os.fspath(path)!r} is not a file of safetensors, only a part of one, or of "
            f"numbers that NumPy has not ({why}); nothing was loaded.",
            "a file written by save_safetensors(model, path)",
        ) from error
    return module.load_state_dict(state, source=repr(os.fspath(path)), strict=strict)


def _import_safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise refusal(
            ImportError,
            "safetensors is not installed.",
            "python -m pip install -e '.[weights]' in the folder of this project, or "
            "model.save('weights.npz'), which needs NumPy alone",
        ) from error
    return safetensors.numpy
