"""The record of a training."""

from __future__ import annotations

import importlib
from typing import Any


class History(dict[str, list[float]]):
    """Loss and metrics of every epoch, by name: `history["loss"]` has one number per epoch.

    A dict, so `history.keys()`, `for name in history`, `"loss" in history` and `pandas.DataFrame(history)`
    work with the names; but `len(history)` is the number of epochs.
    """

    # (number of the notebook cell that has shown the curves already, of how many epochs)
    cell: tuple[int | None, int] | None = None

    def add(self, values: dict[str, float]) -> None:
        """Adds the numbers of an epoch."""
        for name, number in values.items():
            self.setdefault(name, []).append(number)

    @property
    def names(self) -> list[str]:
        return list(self)

    @property
    def history(self) -> dict[str, list[float]]:
        """The numbers as a plain dict, by Keras's name."""
        return dict(self)

    def plot(self, name: str = "loss", *, ax: Any = None) -> Any:
        """Draws the learning curve (see `viz.learning_curve`) and returns its matplotlib axes."""
        curves = importlib.import_module("tinygrad_edu.viz.curves")  # a layer above this one
        return curves.learning_curve(self, name, ax=ax)

    def __missing__(self, name: str) -> list[float]:
        raise KeyError(f"no {name!r} in this history; there is {', '.join(self)}")

    def __len__(self) -> int:
        """The number of epochs."""
        return max(map(len, self.values()), default=0)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {numbers[-1]:.4f}" for name, numbers in self.items())
        epochs = "1 epoch" if len(self) == 1 else f"{len(self)} epochs"
        return f"History of {epochs}: {last}"
