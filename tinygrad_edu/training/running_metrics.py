"""The loss and the metrics of an epoch, batch by batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import thread
from tinygrad_edu.training import metrics as ours
from tinygrad_edu.training.heads import Heads, function_of
from tinygrad_edu.training.structure import joined, mapped


class Means:
    """Loss and metrics, averaged over the samples of an epoch.

    Metrics marked `whole` (the area under a curve, say) are no means over batches: they are computed once
    per epoch, and all predictions are kept until then.

    loss    if it is that of several outputs, each has its own mean, and "loss" is their weighted sum
    """

    def __init__(self, metrics: Mapping[str, Callable[[Any, Any], float]], loss: Any = None):
        self.names = ["loss", *metrics]
        self.heads = loss if isinstance(loss, Heads) else None
        self.whole = {n: m for n, m in metrics.items() if getattr(function_of(m), "whole", False)}
        self.averaged = {name: m for name, m in metrics.items() if name not in self.whole}
        self.samples = 0
        self.totals = dict.fromkeys(["loss", *self.averaged], 0.0)  # the sums of number * count
        self.counts = dict.fromkeys(["loss", *self.averaged], 0.0)
        self.seen: list[tuple[Any, Any]] = []  # (prediction, target), if any metric is `whole`

    def add(
        self, n: int, loss: float, prediction: Any, y: Any, counted: float | None = None
    ) -> None:
        """Adds a batch of n samples.

        counted   what the loss is a mean over, if not over n samples: the number of those that are not
                  ignored, or the sum of their weights
        """
        share = thread.mode.share
        self.samples += n if share is None else share.n
        if self.heads:
            loss -= self.heads.total()  # what is left is the penalty
        self._add("loss", loss, n if counted is None else counted)
        for name, metric in self.averaged.items():
            mean = number(name, metric(prediction, y))
            # What the loss of one output is a mean over, is known when it is computed.
            self._add(name, mean, n if self.heads is None else self.heads.counted(metric, n))
        if self.whole:
            if not self.seen:
                self._try(prediction, y)
            copied = np.array if share is None else share.gathered
            self.seen.append((mapped(copied, prediction), mapped(copied, y)))

    def _add(self, name: str, mean: float, count: float) -> None:
        if thread.mode.share is not None:
            mean, count = thread.mode.share.mean_of(mean, count)
        self.totals[name] += mean * count
        self.counts[name] += count

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
        values = {name: total / (self.counts[name] or 1) for name, total in self.totals.items()}
        if self.heads:
            values["loss"] += self.heads.total(values)
        return values

    def final(self) -> dict[str, float]:
        """All numbers of the epoch."""
        values = self.values()
        if self.whole:
            prediction, y = self._all_seen()
            values |= {n: number(n, metric(prediction, y)) for n, metric in self.whole.items()}
        return {name: values[name] for name in self.names}

    def _all_seen(self) -> list[Any]:
        return [joined(parts) for parts in zip(*self.seen, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        seen = self._all_seen()
        return {"samples": self.samples, "totals": self.totals, "counts": self.counts, "seen": seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.totals, self.counts = state["samples"], state["totals"], state["counts"]
        seen = [tuple(part) if isinstance(part, list) else part for part in state["seen"]]
        self.seen = [(seen[0], seen[1])] if seen else []


def number(name: str, metric: Any) -> float:
    """A metric as a float. Raises TypeError if it is several numbers."""
    if np.ndim(metric):
        raise refusal(
            TypeError,
            f"the metric {name} gives {np.shape(metric)} numbers, and training shows one.",
            "a function around it that gives their mean, or one of them",
        )
    return float(metric)
