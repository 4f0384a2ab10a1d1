"""The files of checkpoints. Each is complete or absent, and damage to it is noticed.

A checkpoint is one .npz file: the arrays of model, optimizer and callbacks, and beside them `state`, a
JSON text with everything else. (No pickle: unpickling may run a stranger's program.) It is written under
another name and then renamed, which file systems do in one step, so `checkpoint-...npz` is never half a file.
"""

from __future__ import annotations

import os
import re
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.files import DamagedFileError, naming_damage, read_npz, whole_file, write_npz
from tinygrad_edu.files.damage import reason

NAME = re.compile(r"checkpoint-(\d+)\.npz")
# The name that `whole_file` gives to a draft.
DRAFT = re.compile(r"\.checkpoint-\d+\.npz\.[0-9a-f]{16}\.draft")
FORMAT = 2


def found(folder: str) -> list[str]:
    """The paths of all checkpoints in a folder, oldest first; none if there is no such folder."""
    if not os.path.isdir(folder):
        return []
    names = {name: NAME.fullmatch(name) for name in os.listdir(folder)}
    numbered = sorted((int(match[1]), name) for name, match in names.items() if match)
    return [os.path.join(folder, name) for _, name in numbered]


def remove_drafts(folder: str) -> None:
    """Deletes the drafts of checkpoints that killed processes left in a folder, which this one has locked."""
    for entry in os.scandir(folder):
        if DRAFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            os.unlink(entry.path)


def write(path: str, state: dict[str, Any]) -> None:
    """Writes a complete file or none. When this returns, the file is on the disk."""
    import json  # only programs with checkpoints need it

    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_without_arrays({"format": FORMAT, **state}, "", arrays))
    arrays = {"state": np.frombuffer(text.encode(), np.uint8), **arrays}
    folder = os.path.dirname(path)
    with whole_file(path, "wb") as file:
        write_npz(file, arrays)
        file.flush()
        os.fsync(file.fileno())
    if os.name == "posix":  # the new name is on the disk only when the folder is
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)


def read(path: str) -> dict[str, Any]:
    """The state that `write` wrote.

    Raises DamagedFileError for anything else, changed bytes included: each entry of an .npz has a checksum
    (CRC), which is compared when it is read.
    """
    import json

    arrays = read_npz(path, "a checkpoint", describe=_damaged)
    with naming_damage(path, "a checkpoint", _damaged):
        state = json.loads(arrays["state"].tobytes().decode())
        if state["format"] != FORMAT:
            raise ValueError(f"it has the format {state['format']}, known is {FORMAT}")
        for name in ("epoch", "batch", "steps"):
            number = state.get(name, 0)
            if type(number) is not int or number < 0:
                raise ValueError(
                    f"{name}={number!r}, which is not a number of an epoch, batch or step"
                )
        return _with_arrays(state, arrays)


def _damaged(path: Any, kind: str, error: Exception) -> Exception:
    return DamagedFileError(f"{os.fspath(path)!r} is damaged ({reason(error)})")


def newest(folder: str) -> tuple[str, dict[str, Any]] | None:
    """(path, state) of the newest complete checkpoint in a folder; None if it has no checkpoint.

    Warns of damaged ones. Raises DamagedFileError if all are damaged, because starting anew would silently
    lose them; and ValueError for a file.
    """
    if os.path.isfile(folder):
        raise refusal(
            ValueError,
            f"training resumes from the newest checkpoint in a folder, and {folder!r} is a file.",
            f"resume={os.path.dirname(folder) or '.'!r}",
        )
    damaged = []
    for path in reversed(found(folder)):
        try:
            state = read(path)
        except DamagedFileError as error:
            damaged.append(str(error))
        else:
            if damaged:
                warnings.warn(f"{'; '.join(damaged)}; training resumes from {path!r}", stacklevel=2)
            return path, state
    if damaged:
        raise refusal(
            DamagedFileError,
            f"no complete checkpoint to resume from: {'; '.join(damaged)}; nothing was loaded.",
            f"delete {folder!r} to start anew",
        )
    return None


def _without_arrays(state: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """The state with {"npz entry": path} in place of each array, which goes to `arrays`."""
    if isinstance(state, dict):
        inside = f"{path}/" if path else ""
        return {
            name: _without_arrays(part, f"{inside}{name}", arrays) for name, part in state.items()
        }
    if isinstance(state, (list, tuple)):
        return [_without_arrays(part, f"{path}/{i}", arrays) for i, part in enumerate(state)]
    if isinstance(state, (np.ndarray, np.generic)):
        arrays[path] = np.asarray(state)
        return {"npz entry": path}
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    raise refusal(
        TypeError,
        f"a checkpoint keeps arrays, numbers and strings, not {path} = {state!r}.",
        "a state_dict() of what it is made of",
    )


def _with_arrays(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(state, dict):
        if state.keys() == {"npz entry"}:
            return arrays[state["npz entry"]]
        return {name: _with_arrays(part, arrays) for name, part in state.items()}
    return [_with_arrays(part, arrays) for part in state] if isinstance(state, list) else state
