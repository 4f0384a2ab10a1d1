"""Weights in the safetensors format, in which models are exchanged: names, dtypes, shapes, and bytes.

Such a file contains no program, and PyTorch, JAX and Rust read it as well. The safetensors package of its
designers writes and reads it.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.files import DamagedFileError, naming_damage, whole_file
from tinygrad_edu.files.damage import reason
from tinygrad_edu.nn import Module
from tinygrad_edu.twins.optional import optional

Model = TypeVar("Model", bound=Module)


def save_safetensors(module: Module, path: str | os.PathLike) -> None:
    """Writes parameters and buffers under their paths ("0.W"), a whole new file or none.

    The layouts are ours: PyTorch's Linear has the transpose of W. The new file is read and compared before
    it replaces an old one. Raises FileNotFoundError if there is no such folder, ImportError without the
    safetensors package.
    """
    numpy = optional("safetensors.numpy", "this format (not model.save('weights.npz'))", "weights")
    # safetensors 0.8 writes the memory of an array without regard to its strides.
    arrays = {where: np.ascontiguousarray(a) for where, a in module.state_dict().items()}
    with whole_file(path, "wb") as draft:
        numpy.save_file(arrays, draft.name, metadata={"writer": "tinygrad_edu"})
        read = numpy.load_file(draft.name)
        if any(read[where].tobytes() != a.tobytes() for where, a in arrays.items()):
            raise OSError(
                f"{os.path.basename(path)!r} came back from the disk with other numbers; it was not kept"
            )


def load_safetensors(module: Model, path: str | os.PathLike, *, strict: bool = True) -> Model:
    """Sets parameters and buffers from a file of safetensors, and returns the module.

    strict   the names must be the same on both sides; otherwise names that only one side has are ignored

    Raises ValueError that lists every difference in names, shapes and dtypes, and DamagedFileError, a
    ValueError, if the file is damaged or something else; then nothing has been changed. ImportError without
    the safetensors package.
    """
    numpy = optional("safetensors.numpy", "this format (not model.load('weights.npz'))", "weights")
    with open(path, "rb"), naming_damage(path, "a file of safetensors", _damaged):
        state = numpy.load_file(path)
    return module.load_state_dict(state, source=repr(os.fspath(path)), strict=strict)


def _damaged(path: Any, kind: str, error: Exception) -> Exception:
    return refusal(
        DamagedFileError,
        f"{os.fspath(path)!r} is not {kind}, only a part of one, or of numbers that NumPy does not have "
        f"({reason(error)}); nothing was loaded.",
        "a file written by save_safetensors(model, path)",
    )
