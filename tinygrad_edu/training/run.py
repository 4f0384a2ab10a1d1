"""The state of a training run, which the trainer advances and callbacks look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_edu.optim import Optimizer
from tinygrad_edu.training.progress import Progress
from tinygrad_edu.training.random_states import Generators
from tinygrad_edu.training.running_metrics import Means
from tinygrad_edu.training.signals import CtrlC


@dataclass
class Run:
    """The state of one call of `fit`."""

    loader: Any
    validation: Any  # what to evaluate on after each epoch, or None
    means: Means  # of the current epoch
    progress: Progress
    first_lr: Any  # the learning rate, or the schedule of it, before the first step
    given: Any = None  # x as `fit` got it
    epochs_before: int = 0  # the length of the history when this call began
    ctrl_c: CtrlC = field(default_factory=CtrlC)
    epoch: int = 1  # the current one
    batch: int = 0  # how many batches of this epoch are done
    steps: int = 0  # how many batches are done in all
    interrupted: bool = False  # by Ctrl-C
    largest_product: int = 0  # multiply-adds, known after the first batch

    # Of interest to checkpoints:
    resumed: str | None = None  # the folder that the run resumes from
    rest: Iterator | None = None  # the batches that are left of a resumed epoch
    configuration: dict[str, str] | None = None  # as it was before the first step
    generators: Generators | None = None  # every random generator that the run draws from
    loader_states: dict[str, Any] = field(default_factory=dict)  # at the start of the epoch

    @property
    def names(self) -> list[str]:
        """The names of the numbers that the history gets for each epoch."""
        names = self.means.names
        return names if self.validation is None else names + [f"val_{name}" for name in names]

    def changing_rate(self, optimizer: Optimizer) -> float | None:
        """The learning rate of the next step, if it has changed or will."""
        changes = callable(optimizer.lr) or optimizer.lr != self.first_lr
        return optimizer.learning_rate if changes else None

    def __str__(self) -> str:
        """How far it has come."""
        if self.batch:
            return f"batch {self.batch} of epoch {self.epoch}"
        return f"epoch {self.epoch - 1}"


class Restored:
    """Context that, if it ends by an error, gives buffers such as moving means the numbers from before."""

    def __init__(self, buffers: list[Any]):
        self.before = [(buffer, buffer.data.copy()) for buffer in buffers]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, Exception):
            for buffer, numbers in self.before:
                buffer.data[...] = numbers
