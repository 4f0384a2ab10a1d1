"""Refuses `w -= lr * w.grad` for a leaf: it would make a new tensor, and leave the leaf as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node


def refuse_steps(kind: type) -> None:
    """Gives a class `-=` and `+=` that refuse a step on a leaf, and are otherwise those of Python.

    Python calls `__isub__` for `w -= d`. If that returns NotImplemented, it computes w = w - d.
    """
    kind.__isub__, kind.__iadd__ = _step("-="), _step("+=")  # type: ignore[attr-defined]


def _step(sign: str) -> Callable[[Any, Any], Any]:
    def step(w: Any, change: Any) -> Any:
        after_backward = w._grad is not None or not thread.mode.recording
        if w.op is None and w.requires_grad and after_backward and not isinstance(change, Node):
            raise refusal(
                TypeError,
                f"w {sign} ... would make a new tensor, and leave {describe(w, 'w')} as it was.",
                f"w.data {sign} ... to change its numbers; a loop by hand is\n"
                "    for _ in range(steps):\n"
                "        loss = f(w)\n"
                "        loss.backward()\n"
                "        w.data -= lr * w.grad\n"
                "        w.grad = None",
            )
        return NotImplemented

    return step
