"""The loss and the metrics of an epoch, batch by batch."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.training import metrics as ours


class Means:
    """Loss and metrics, averaged over the samples of an epoch.

    Metrics marked `whole` (the area under a curve, say) are no means over batches: they are computed once
    per epoch, and all predictions are kept until then.
    """

    def __init__(self, metrics: Mapping[str, Callable[[Any, Any], float]]):
        self.names = ["loss", *metrics]
        self.whole = {n: m for n, m in metrics.items() if getattr(function_of(m), "whole", False)}
        self.averaged = {name: m for name, m in metrics.items() if name not in self.whole}
        self.samples = 0
        self.totals = dict.fromkeys(["loss", *self.averaged], 0.0)
        self.seen: list[tuple[Any, Any]] = []  # (prediction, target), if any metric is `whole`

    def add(self, n: int, loss: float, prediction: Any, y: Any) -> None:
        """Adds a batch of n samples."""
        self.samples += n
        self.totals["loss"] += n * loss
        for name, metric in self.averaged.items():
            self.totals[name] += n * number(name, metric(prediction, y))
        if self.whole:
            if not self.seen:
                self._try(prediction, y)
            self.seen.append((np.array(prediction), np.array(y)))

    def _try(self, prediction: Any, y: Any) -> None:
        """Tries our `whole` metrics on the first batch, so that a wrong one fails now, not after an epoch.

        Metrics of others are not tried: they may fail only because a batch has few samples.
        """
        for name, metric in self.whole.items():
            if function_of(metric).__module__ == ours.__name__:
                with contextlib.suppress(ours.TooFewError):
                    number(name, metric(prediction, y))

    def values(self) -> dict[str, float]:
        """The means so far, without the metrics that are `whole`."""
        return {name: total / self.samples for name, total in self.totals.items()}

    def final(self) -> dict[str, float]:
        """All numbers of the epoch."""
        values = self.values()
        if self.whole:
            prediction, y = self._all_seen()
            values |= {n: number(n, metric(prediction, y)) for n, metric in self.whole.items()}
        return {name: values[name] for name in self.names}

    def _all_seen(self) -> list[np.ndarray]:
        return [np.concatenate(parts) for parts in zip(*self.seen, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        return {"samples": self.samples, "totals": self.totals, "seen": self._all_seen()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.totals = state["samples"], state["totals"]
        self.seen = [tuple(state["seen"])] if state["seen"] else []


def function_of(function: Callable) -> Callable:
    """The function inside functools.partial, which has the name and the mark `whole`."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def name_of(function: Callable) -> str:
    function = function_of(function)
    return getattr(function, "__name__", type(function).__name__)


def number(name: str, metric: Any) -> float:
    """A metric as a float. Raises TypeError if it is several numbers."""
    if np.ndim(metric):
        raise refusal(
            TypeError,
            f"the metric {name} gives {np.shape(metric)} numbers, and training shows one.",
            "a function around it that gives their mean, or one of them",
        )
    return float(metric)
