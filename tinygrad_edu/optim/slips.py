"""Slips in a training loop that is written by hand: each is refused, or warned of once, at the step.

optimizer.zero_grad()       forgotten, gradients add up; after backward(), they are gone
loss.backward()
optimizer.step()
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal, warn

WITHOUT_STEP = 20  # times in a row that zero_grad() forgets gradients which no step has used


class UsedGradient(np.ndarray):
    """A gradient that a step has used. What backward() adds to it has this type, too.

    user       the id of the optimizer that has used it, or 0
    used       True for the gradient itself, False for a sum with another
    """

    user = 0
    used = False
    zeroed = False  # by grad[...] = 0 or grad.fill(0): a sum with it is a new gradient

    def __array_finalize__(self, other: Any) -> None:
        self.zeroed = getattr(other, "zeroed", False)

    def __setitem__(self, index: Any, given: Any) -> None:
        super().__setitem__(index, given)
        self.user, self.zeroed = 0, not self.any()

    def fill(self, given: Any) -> None:
        super().fill(given)
        self.user, self.zeroed = 0, not self.any()

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def mark_used(optimizer: Any) -> None:
    """Marks the gradients that the first step has used."""
    for p in optimizer.parameters:
        if type(p._grad) is np.ndarray:
            p._grad = p._grad.view(UsedGradient)
            p._grad.used, p._grad.user = True, id(optimizer)


def look_at_gradients(optimizer: Any) -> None:
    """Looks at the gradients of the first two steps. Those of later steps are taken for right."""
    warn_of_idle_parameters(optimizer)
    warn_of_optimizers_of_one_step(optimizer)
    grads = [p._grad for p in optimizer.parameters if type(p._grad) is UsedGradient]
    if any(not (grad.used or grad.zeroed) for grad in grads):
        warn(
            f"{type(optimizer).__name__}.step(): backward() has added the gradients to those of the step "
            "before, which still are there; the step is their sum.",
            "optimizer.zero_grad() before each loss.backward()",
            stacklevel=3,
        )
    new = [p._grad for p in optimizer.parameters if p._grad is not None]
    if optimizer.calls and all(getattr(grad, "user", 0) == id(optimizer) for grad in new):
        warn(
            f"{type(optimizer).__name__}.step(): no backward() since the step before, whose gradients it "
            "uses once more.",
            "one optimizer.step() after each loss.backward()",
            stacklevel=3,
        )
    for p in optimizer.parameters:
        if type(p._grad) is UsedGradient:
            p._grad = p._grad.view(np.ndarray)  # which is faster


def warn_of_idle_parameters(optimizer: Any) -> None:
    """Warns of parameters that had no gradient in either of the first two steps: they will never change."""
    idle = [p for p in optimizer.parameters if p.requires_grad and p._grad is None]
    if optimizer.calls == 0:
        optimizer.idle = {id(p) for p in idle}
        return
    idle = [p for p in idle if id(p) in optimizer.idle]
    if idle:
        told = ", ".join(map(describe, idle[:3])) + (", ..." if len(idle) > 3 else "")
        warn(
            f"{type(optimizer).__name__}.step(): {len(idle)} of {len(optimizer.parameters)} parameters got "
            f"no gradient in two steps, and do not change: {told}. The loss does not depend on them.",
            "an optimizer made after the last layer was replaced; the model without detach() or .data; or "
            "freeze(), if that is meant",
            stacklevel=3,
        )


class _FirstSteps:
    """Optimizers in a row that took their first step, on the same parameters, with the same settings."""

    parameter: Any = staticmethod(lambda: None)  # weak reference to the first parameter
    settings = ""
    number = 0


def warn_of_optimizers_of_one_step(optimizer: Any) -> None:
    """Warns of the third optimizer in a row, of those with a memory, that is made for a single step."""
    row, first = _FirstSteps, optimizer.parameters[0]
    if optimizer.calls or not optimizer.states:
        row.number = 0
        return
    settings = repr(optimizer)
    if row.parameter() is not first or row.settings != settings:
        row.parameter, row.settings, row.number = weakref.ref(first), settings, 0
    row.number += 1
    if row.number == 3:
        warn(
            f"{settings} takes its first step, as two before it on the same parameters, which took no "
            f"second one: each has forgotten its {', '.join(optimizer.states)} of the steps before.",
            "one optimizer, made before the loop",
            stacklevel=3,
        )


def warn_of_missing_steps(optimizer: Any) -> None:
    """Warns of a loop without step(), in which zero_grad() forgets every gradient."""
    warn(
        f"{type(optimizer).__name__}.zero_grad() has forgotten gradients {WITHOUT_STEP} times in a row, and "
        "no step has used them: the parameters do not change.",
        "optimizer.step() after loss.backward()",
        stacklevel=2,
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
