"""The record of a training."""

from __future__ import annotations


class History:
    """Loss and metrics of every epoch: `history["loss"]` is a list with one number per epoch.

    `history.names` lists what there is.
    """

    # (number of the notebook cell that has shown the curves already, of how many epochs)
    cell: tuple[int | None, int] | None = None

    def __init__(self) -> None:
        self.epochs: dict[str, list[float]] = {}

    def add(self, values: dict[str, float]) -> None:
        for name, number in values.items():
            self.epochs.setdefault(name, []).append(number)

    @property
    def names(self) -> list[str]:
        return list(self.epochs)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.epochs:
            raise KeyError(f"no {name!r} in this history; there is {', '.join(self.names)}")
        return self.epochs[name]

    def __len__(self) -> int:
        """The number of epochs."""
        return max(map(len, self.epochs.values()), default=0)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {numbers[-1]:.4f}" for name, numbers in self.epochs.items())
        epochs = "1 epoch" if len(self) == 1 else f"{len(self)} epochs"
        return f"History of {epochs}: {last}"
