"""Notices an array that is changed between a computation and its backward().

The backward pass reads the user's arrays again, so they must be as they were. A checksum of each array that
a rule will read is kept on the recorded operation, and compared before the walk begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, made_at, named
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node, value


def checksum(x: np.ndarray) -> bytes:
    """Bytes that tell an array from what it was before.

    All numbers of an array of up to 1024; of a larger one 512, at even distances, which shows any change
    of the whole array. In `debug()` all numbers always.
    """
    if x.size <= 1024 or thread.mode.debug:
        return x.tobytes()
    return (x.reshape(-1) if x.flags.c_contiguous else x.flat)[:: x.size // 512].tobytes()


def checksums(row: Any, inputs: Sequence, arrays: Sequence) -> list[tuple[int, bytes]]:
    """(number, checksum) of each input that a rule reads and the user can change.

    The results of other operations are left out: they belong to the graph.
    """
    used = range(len(inputs)) if row.variadic_rule else row.inputs_used
    found = []
    for i in used:
        if type(arrays[i]) is np.ndarray and not (isinstance(inputs[i], Node) and inputs[i].op):
            found.append((i, checksum(arrays[i])))
    return found


def demand_unchanged(y: Node) -> None:
    """Raises RuntimeError if an input of a recorded operation is not as it was."""
    for i, before in y.checksums:
        if checksum(value(y.inputs[i])) != before:
            raise RuntimeError(
                f"{describe(*named(y.op, y.inputs)[i])} was changed after {y.op.name} had used it and "
                f"before backward(), which needs it as it was; made{made_at(y)}\n"
                "  Try: change it after backward(), or compute with a copy of it"
            )
