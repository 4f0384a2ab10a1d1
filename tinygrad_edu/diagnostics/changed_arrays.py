"""Notices an array that is changed between a computation and its backward().

The backward pass reads arrays again, so they must be as they were. The result of a recorded operation is
read-only: NumPy refuses a change at the line that tries it. The user's own arrays stay writable. A checksum
of each one that a rule will read is kept on the recorded operation, and compared before the walk begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, made_at, named
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node


def checksum(x: np.ndarray) -> bytes:
    """Bytes that tell an array from what it was before.

    All numbers of an array of up to 1024; of a larger one 512, at even distances, which shows any change
    of the whole array. In `debug()` all numbers always.
    """
    if x.size <= 1024 or thread.mode.debug:
        return x.tobytes()
    return (x.reshape(-1) if x.flags.c_contiguous else x.flat)[:: x.size // 512].tobytes()


def checksums(used: Iterable[int], arrays: Sequence) -> list[tuple[int, bytes]]:
    """(number, checksum) of each input that a rule reads, which `used` says, and the user can change.

    The results of other operations are left out, unless they show an array of the user: as a reshaped
    leaf does.
    """
    found = []
    for i in used:
        x = arrays[i]
        if type(x) is np.ndarray and (
            x.flags.writeable or (x.base is not None and _can_change(x.base))
        ):
            found.append((i, checksum(x)))
    return found


def _can_change(base: Any) -> bool:
    """Whether what owns the memory of a read-only array allows changes."""
    return not isinstance(base, np.ndarray) or base.flags.writeable


def demand_unchanged(y: Node) -> None:
    """Raises RuntimeError if a recorded operation, or an input of it, is not as it was."""
    if y.data.flags.writeable:
        raise RuntimeError(
            f"{describe(y, 'a result')}, made{made_at(y)}, has other data now: .data was replaced before "
            f"backward(), which needs the result of {y.op.name} as it was\n"
            "  Try: a new Tensor for the new numbers, or np.where(mask, new, x) inside the computation"
        )
    i = changed_input(y)
    if i is not None:
        raise RuntimeError(
            f"{describe(*named(y.op, y.inputs)[i])} was changed after {y.op.name} had used it and "
            f"before backward(), which needs it as it was; made{made_at(y)}\n"
            "  Try: change it after backward(), or compute with a copy of it"
        )


def changed_input(y: Node) -> int | None:
    """The number of an input that is not as it was, of those whose checksums were kept."""
    for i, before in y.checksums:
        x = y.inputs[i]
        if checksum(x.data if isinstance(x, Node) else x) != before:
            return i
    return None
