"""Slips in a training loop that is written by hand: each is refused, or warned of once, at the step.

optimizer.zero_grad()       forgotten, gradients add up; after backward(), they are gone
loss.backward()
optimizer.step()
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal, user_line


class UsedGradient(np.ndarray):
    """The gradient of one parameter after a step has used it. What backward() adds to it has this type, too.

    used    True for the gradient itself, False for a sum with another
    """

    used = False

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def mark_used(p: Any) -> None:
    """Marks a gradient as used by a step."""
    if type(p._grad) is np.ndarray:
        p._grad = p._grad.view(UsedGradient)
        p._grad.used = True


def warn_of_old_gradients(optimizer: Any, p: Any) -> None:
    """Warns if the gradient of a parameter is the sum of that of the step before and another."""
    if type(p._grad) is UsedGradient and not p._grad.used:
        _warn(
            f"{type(optimizer).__name__}.step(): backward() has added the gradients to those of the step "
            "before, which still are there; the step is their sum.",
            "optimizer.zero_grad() before each loss.backward()",
        )
        optimizer.watched = None  # once is enough


def warn_of_idle_parameters(optimizer: Any) -> None:
    """Warns of parameters that had no gradient in either of the first two steps: they will never change."""
    idle = [p for p in optimizer.parameters if p.requires_grad and p._grad is None]
    if optimizer.calls == 0:
        optimizer.idle = {id(p) for p in idle}
        return
    idle = [p for p in idle if id(p) in optimizer.idle]
    if idle:
        told = ", ".join(map(describe, idle[:3])) + (", ..." if len(idle) > 3 else "")
        _warn(
            f"{type(optimizer).__name__}.step(): {len(idle)} of {len(optimizer.parameters)} parameters got "
            f"no gradient in two steps, and do not change: {told}. The loss does not depend on them.",
            "an optimizer made after the last layer was replaced; the model without detach() or .data; or "
            "freeze(), if that is meant",
        )


def no_gradient(optimizer: Any) -> Exception:
    """The error of a step without any gradient."""
    what = (
        f"{type(optimizer).__name__}.step(): none of the {len(optimizer.parameters)} parameters "
        "has a gradient"
    )
    if optimizer.lost:
        return refusal(
            RuntimeError,
            f"{what}: zero_grad() has forgotten what backward() had computed, before a step used it.",
            "optimizer.zero_grad(), loss.backward(), optimizer.step(), in this order",
        )
    return refusal(
        RuntimeError,
        f"{what}.",
        "loss.backward() before it, with a loss that is computed from these very parameters",
    )


def _warn(what: str, hint: str) -> None:
    warnings.warn(f"{what}{user_line()}\n  Try: {hint}", stacklevel=4)
