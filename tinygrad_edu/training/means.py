"""What an epoch is judged by, batch by batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class Means:
    """Running means over samples of the loss and the metrics.

    A metric with the attribute `whole` (the area under a curve, say) is no mean over batches: for these
    all predictions are kept until the end of the epoch.
    """

    def __init__(self, metrics: Mapping[str, Callable[[Any, Any], float]]):
        self.names = ["loss", *metrics]
        self.whole = {name: m for name, m in metrics.items() if getattr(m, "whole", False)}
        self.metrics = [(name, m) for name, m in metrics.items() if name not in self.whole]
        self.samples = 0
        self.totals = dict.fromkeys((name for name in self.names if name not in self.whole), 0.0)
        self.seen: list[tuple[Any, Any]] = []  # (prediction, target), if any metric wants the whole

    def add(self, n: int, loss: float, prediction: Any, y: Any) -> None:
        self.samples += n
        totals = self.totals
        totals["loss"] += n * loss
        for name, metric in self.metrics:
            totals[name] += n * float(metric(prediction, y))
        if self.whole:
            self.seen.append((np.array(prediction), np.array(y)))

    def values(self) -> dict[str, float]:
        """The means so far; of the whole there is nothing to say yet."""
        return {name: total / self.samples for name, total in self.totals.items()}

    def final(self) -> dict[str, float]:
        values = self.values()
        if self.whole:
            prediction, y = self._all_seen()
            values |= {name: float(metric(prediction, y)) for name, metric in self.whole.items()}
        return {name: values[name] for name in self.names}

    def _all_seen(self) -> list[np.ndarray]:
        return [np.concatenate(parts) for parts in zip(*self.seen, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        return {"samples": self.samples, "totals": self.totals, "seen": self._all_seen()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.totals = state["samples"], state["totals"]
        self.seen = [tuple(state["seen"])] if state["seen"] else []


def name_of(function: Callable) -> str:
    """The name of a loss or metric, also through functools.partial."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)
