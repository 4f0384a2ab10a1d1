"""Learning rates that change with time: functions of t, the number of steps made before.

    optimizer = Adam(model.parameters(), lr=Warmup(Cosine(0.01, 10_000), 500))

The first step uses schedule(0). Any function of t will do.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tinygrad_edu.diagnostics.migration_hints import SCHEDULE
from tinygrad_edu.diagnostics.words import no_such_name, refusal
from tinygrad_edu.optim.checks import LearningRate, check_not_negative, check_number, check_positive
from tinygrad_edu.optim.state import check_state

RANGES = {  # of settings that mean the same in every schedule
    "lr": ("a positive number", lambda x: x > 0),
    "steps": ("a positive number of steps", lambda x: x > 0),
    "rate": ("a positive number", lambda x: x > 0),
    "end": ("0 or more", lambda x: x >= 0),
    "start": ("0 or more", lambda x: x >= 0),
    "power": ("a positive number", lambda x: x > 0),
    "alpha": ("from 0 to 1", lambda x: 0 <= x <= 1),
    "longer": ("1 or more", lambda x: x >= 1),
    "lower": ("above 0 and not above 1", lambda x: 0 < x <= 1),
    "warm": ("between 0 and 1", lambda x: 0 < x < 1),
    "rise": ("1 or more", lambda x: x >= 1),
    "fall": ("1 or more", lambda x: x >= 1),
}


@dataclass(eq=False)
class Schedule:
    """Base of schedules: checks the settings."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in RANGES:
                name = f"{type(self).__name__}({field.name}=...)"
                check_number(name, getattr(self, field.name), *RANGES[field.name])

    def __call__(self, t: float) -> float:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # copying and pickling ask for these
        raise no_such_name(f"the schedule {type(self).__name__}", name, dir(type(self)), SCHEDULE)


@dataclass(eq=False)
class Exponential(Schedule):
    """lr rate^(t / steps). Keras's ExponentialDecay."""

    lr: float
    steps: float
    rate: float

    def __call__(self, t: float) -> float:
        return self.lr * self.rate ** (t / self.steps)


@dataclass(eq=False)
class Step(Schedule):
    """lr rate^⌊t / steps⌋: constant for `steps` steps, then lower. Exponential in stairs."""

    lr: float
    steps: float
    rate: float = 0.1

    def __call__(self, t: float) -> float:
        return self.lr * self.rate ** (t // self.steps)


@dataclass(eq=False)
class InverseTime(Schedule):
    """lr / (1 + rate t / steps): infinite in sum, finite in the sum of squares, as Robbins and Monro (1951)
    require. Keras's InverseTimeDecay.
    """

    lr: float
    steps: float
    rate: float = 1.0

    def __call__(self, t: float) -> float:
        return self.lr / (1 + self.rate * t / self.steps)


@dataclass(eq=False)
class PiecewiseConstant(Schedule):
    """values[0] while t ≤ boundaries[0], values[1] while t ≤ boundaries[1], ..., then values[-1]."""

    boundaries: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            raise refusal(
                ValueError,
                f"PiecewiseConstant: {len(self.boundaries)} boundaries lie between "
                f"{len(self.boundaries) + 1} values, not {len(self.values)}.",
            )
        if list(self.boundaries) != sorted(self.boundaries):
            raise refusal(ValueError, f"PiecewiseConstant: boundaries {self.boundaries} must grow.")
        for i, number in enumerate(self.values):
            check_number(f"PiecewiseConstant(values[{i}])", number, *RANGES["end"])

    def __call__(self, t: float) -> float:
        return self.values[bisect.bisect_left(self.boundaries, t)]


@dataclass(eq=False)
class Polynomial(Schedule):
    """(lr - end)(1 - t / steps)^power + end, then `end`: a straight line if power = 1.

    cycle   instead of staying at `end`, jump to the polynomial with 2, 3, ... times `steps`
    """

    lr: float
    steps: float
    end: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __call__(self, t: float) -> float:
        steps = self.steps
        if self.cycle:
            steps *= max(1, math.ceil(t / steps))
        return (self.lr - self.end) * (1 - min(t / steps, 1)) ** self.power + self.end


@dataclass(eq=False)
class Cosine(Schedule):
    """From lr to alpha lr along half a cosine wave, then constant:

        lr ((1 - alpha) ½ (1 + cos(π t / steps)) + alpha)

    Loshchilov and Hutter 2017. Keras's CosineDecay; for its warm-up, wrap it in Warmup.
    """

    lr: float
    steps: float
    alpha: float = 0.0

    def __call__(self, t: float) -> float:
        wave = 0.5 * (1 + math.cos(math.pi * min(t / self.steps, 1)))
        return self.lr * ((1 - self.alpha) * wave + self.alpha)


@dataclass(eq=False)
class CosineRestarts(Schedule):
    """Cosine with restarts: each `longer` times as long as the one before, from `lower` times its height.

    Loshchilov and Hutter 2017 (SGDR). Keras's CosineDecayRestarts, its t_mul and m_mul.
    """

    lr: float
    steps: float
    longer: float = 2.0
    lower: float = 1.0
    alpha: float = 0.0

    def __call__(self, t: float) -> float:
        if self.longer == 1:
            restarts, t = divmod(t, self.steps)
            steps = self.steps
        else:
            restarts, steps = 0, self.steps
            while t >= steps:
                t, steps, restarts = t - steps, steps * self.longer, restarts + 1
        wave = 0.5 * (1 + math.cos(math.pi * t / steps)) * self.lower**restarts
        return self.lr * ((1 - self.alpha) * wave + self.alpha)


@dataclass(eq=False)
class Warmup(Schedule):
    """A straight line from `start` to the first value of `after`, in `steps` steps; then `after`.

    after   a number or another schedule, whose t counts from the end of the warm-up
    """

    after: LearningRate
    steps: float
    start: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.after):
            check_number("Warmup(after=...)", self.after, *RANGES["lr"])

    def __call__(self, t: float) -> float:
        early = t < self.steps
        target = self.after(0 if early else t - self.steps) if callable(self.after) else self.after
        return self.start + (target - self.start) * t / self.steps if early else target

    def state_dict(self) -> dict[str, Any]:
        return self.after.state_dict() if hasattr(self.after, "state_dict") else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if hasattr(self.after, "load_state_dict"):
            self.after.load_state_dict(state)


@dataclass(eq=False)
class OneCycle(Schedule):
    """Up and down once, along half waves: from lr / rise to lr in the share `warm` of `steps`, then down
    to lr / rise / fall at the last step.

    Smith and Topin 2018; PyTorch's OneCycleLR, where lr is max_lr and the last step is t = steps - 1.
    """

    lr: float
    steps: float
    warm: float = 0.3
    rise: float = 25.0
    fall: float = 1e4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warm * self.steps <= 1:
            raise refusal(
                ValueError,
                f"OneCycle: a share {self.warm} of {self.steps} steps leaves no step to rise in.",
                "more steps, or a larger warm",
            )

    def __call__(self, t: float) -> float:
        start, top, last = self.lr / self.rise, self.warm * self.steps - 1, self.steps - 1
        if t <= top:
            return start + (self.lr - start) * _half_wave(t / top)
        return self.lr + (start / self.fall - self.lr) * _half_wave(
            min((t - top) / (last - top), 1)
        )


def _half_wave(x: float) -> float:
    """From 0 to 1, flat at both ends."""
    return 0.5 * (1 - math.cos(math.pi * x))


class ReduceOnPlateau:
    """lr, until the observed value stops improving; then lr · factor, and so on.

        plateau = ReduceOnPlateau(0.01)
        optimizer = SGD(model.parameters(), lr=plateau)
        ...                                             # an epoch
        plateau.observe(validation_loss)

    With a Trainer, the callback `training.Observe(plateau, "val_loss")` calls `observe` after each epoch.

    factor      lr ← max(lr · factor, min_lr)
    patience    observations without improvement before that
    min_delta   a smaller change is no improvement; NaN never is one
    cooldown    observations after a reduction that do not count
    mode        "min" if less is better, as for a loss; "max" if more is, as for an accuracy

    Keras's callback ReduceLROnPlateau. Raises ValueError for settings out of their range.
    """

    def __init__(
        self,
        lr: float,
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        mode: str = "min",
    ):
        self.start = self.lr = check_positive("lr", lr)
        self.factor = check_number("factor", factor, "between 0 and 1", lambda x: 0 < x < 1)
        self.patience = check_not_negative("patience", patience)
        self.min_delta = check_not_negative("min_delta", min_delta)
        self.cooldown = check_not_negative("cooldown", cooldown)
        self.min_lr = check_not_negative("min_lr", min_lr)
        if mode not in ("min", "max"):
            raise refusal(ValueError, f'mode must be "min" or "max", not {mode!r}.')
        self.mode = mode
        self.best = math.inf if mode == "min" else -math.inf
        self.waited, self.resting = 0, 0

    def __call__(self, t: float) -> float:
        return self.lr

    def __repr__(self) -> str:
        return f"ReduceOnPlateau({self.lr}, factor={self.factor}, patience={self.patience})"

    def observe(self, value: float) -> bool:
        """Takes note of a value, usually once an epoch. Returns whether the learning rate was reduced."""
        if self.resting:
            self.resting -= 1
            self.waited = 0
        better = value - self.best if self.mode == "max" else self.best - value
        if better > self.min_delta:
            self.best, self.waited = float(value), 0
        elif not self.resting:
            self.waited += 1
            if self.waited >= self.patience and self.lr > self.min_lr:
                self.lr = max(self.lr * self.factor, self.min_lr)
                self.waited, self.resting = 0, self.cooldown
                return True
        return False

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("lr", "best", "waited", "resting")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises ValueError that lists every difference; then nothing has been changed."""
        vars(self).update(
            check_state(self.state_dict(), state, "the state is not of this schedule")
        )
