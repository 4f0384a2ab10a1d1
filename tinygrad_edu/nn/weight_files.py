"""Weights in files: a state, path -> array, as .npz (arrays only, no pickle)."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from tinygrad_edu.diagnostics.words import alike, refusal
from tinygrad_edu.files import DamagedFileError, read_npz, whole_file, write_npz
from tinygrad_edu.files.damage import reason

Path = str | os.PathLike


def write_weights(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Writes a state as a whole new file, or none."""
    demand_own_format(path, "save")
    with whole_file(path, "wb") as file:
        write_npz(file, state)


def read_weights(path: Path, most: int = 0) -> dict[str, np.ndarray]:
    """The state in a file of `write_weights`, or that of the model in a checkpoint of a training.

    most   how many bytes a compressed file may unfold to

    Raises FileNotFoundError if there is no such file, DamagedFileError (a ValueError) if it is something
    else, incomplete or changed.
    """
    demand_own_format(path, "load")
    if not os.path.exists(path):
        raise no_such_file(path)
    state = read_npz(path, "a weight file", most=most, describe=not_a_weight_file)
    if "state" in state and any(name.startswith("model/") for name in state):  # a checkpoint
        state = {
            name.removeprefix("model/"): array
            for name, array in state.items() if name.startswith("model/")
        }  # fmt: skip
    return state


# ----------------------------------------------------------------------------------------- what is refused


def demand_own_format(path: Path, verb: str) -> None:
    """Refuses the endings of other formats: an .npz file with such a name would mislead its next reader."""
    ending = os.path.splitext(os.fspath(path))[1]
    hints = {
        ".safetensors": f"tinygrad_edu.twins.{verb}_safetensors(model, path)",
        ".keras": "tinygrad_edu.twins.load_keras_weights(model, path)",
        ".h5": "tinygrad_edu.twins.load_keras_weights(model, path)",
    }
    if ending in hints:
        no_writer = verb == "save" and ending != ".safetensors"
        hint = "model.save('weights.npz')" if no_writer else hints[ending]
        what = f"{verb}({os.fspath(path)!r}): a module's own format is .npz."
        raise refusal(ValueError, what, hint)


def no_such_file(path: Path) -> Exception:
    """The error of a missing file, with files of similar names in the same folder."""
    folder, name = os.path.split(os.path.abspath(path))
    there = os.listdir(folder) if os.path.isdir(folder) else []
    near = alike(name, there) or [n for n in there if n.endswith(".npz")]
    return refusal(
        FileNotFoundError,
        f"there is no file {os.fspath(path)!r}, in {folder!r}; nothing was loaded.",
        ", ".join(sorted(near)[:5]) or "a file written by model.save(path)",
    )


def not_a_weight_file(
    path: Path, kind: str, error: Exception, hint: str = "a file written by model.save(path)"
) -> Exception:
    return refusal(
        DamagedFileError,
        f"{os.fspath(path)!r} is not {kind}, or only a part of one ({reason(error)}); nothing was loaded.",
        hint,
    )
