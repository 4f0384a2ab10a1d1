"""The loop: predict, measure, go back, step; and the same without the last two, to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.tensor import Tensor, no_grad, user_line
from tinygrad_edu.training.history import History
from tinygrad_edu.training.progress import Progress


class Trainer:
    """Trains a model: `fit`, `evaluate`, `predict`, as in Keras.

    loss       (prediction, target) -> Tensor, the mean over the batch
    metrics    functions (prediction, target) -> number, shown and kept under their names
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        *,
        metrics: Sequence[Callable[[Any, Any], float]] = (),
    ):
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.metrics = {metric.__name__: metric for metric in metrics}
        self.history = History()

    def train_step(self, x: Any, y: Any) -> tuple[float, Any]:
        """One batch: the loss before the step, and the prediction."""
        prediction = self.model(x)
        loss = self.loss(prediction, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item(), prediction.data

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        validation: tuple[Any, Any] | None = None,
        progress: bool = True,
    ) -> History:
        """Trains for some epochs on arrays x, y (or on a DataLoader, given as x) and returns the history.

        The values shown are means over the batches as they were seen, as in Keras; those of
        `validation`, an (x, y) that is not trained on, are taken at the end of each epoch.

        Raises ValueError for an empty loader or x and y of different lengths, and before anything has
        changed for epochs < 0; FloatingPointError when the loss is not finite any more.
        """
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"fit(epochs={epochs!r}): a whole number, 0 or more.{user_line()}")
        loader = self._loader(x, y, batch_size=batch_size, shuffle=shuffle, seed=seed)
        shown = Progress(epochs, len(loader)) if progress else None
        for epoch in range(1, epochs + 1):
            self.model.train()
            means = _Means()
            for i, (xb, yb) in enumerate(loader, 1):
                loss, prediction = self.train_step(xb, yb)
                if not np.isfinite(loss):
                    raise FloatingPointError(
                        f"the loss became {loss} in batch {i} of epoch {epoch}.{user_line()}\n  Try: a "
                        f"smaller learning rate than {self.optimizer.lr}, and a look for NaN in the data"
                    )
                means.add(len(xb), loss, prediction, yb, self.metrics)
                if shown:
                    shown.batch(epoch, i, means.values())
            values = means.values()
            if validation is not None:
                judged = self.evaluate(*validation)
                values |= {f"val_{name}": number for name, number in judged.items()}
            self.history.add(values)
            if shown:
                shown.epoch(epoch, values)
        return self.history

    def evaluate(self, x: Any, y: Any = None, *, batch_size: int = 1024) -> dict[str, float]:
        """Loss and metrics on data, in eval mode; nothing is learned."""
        loader = self._loader(x, y, batch_size=batch_size)
        means = _Means()
        training = self.model.training
        self.model.eval()
        try:
            with no_grad():
                for xb, yb in loader:
                    prediction = self.model(xb)
                    loss = self.loss(prediction, yb).item()
                    means.add(len(xb), loss, prediction.data, yb, self.metrics)
        finally:
            self.model.train(training)
        return means.values()

    def predict(self, x: Any, *, batch_size: int = 1024) -> np.ndarray:
        """The model's output for all of x, in eval mode, as one array."""
        training = self.model.training
        self.model.eval()
        try:
            with no_grad():
                parts = [self.model(xb).data for (xb,) in DataLoader(x, batch_size=batch_size)]
        finally:
            self.model.train(training)
        return np.concatenate(parts)

    def _loader(self, x: Any, y: Any, **settings: Any) -> DataLoader:
        if isinstance(x, DataLoader):
            if y is not None:
                raise ValueError(
                    f"a DataLoader has its own targets, and y was given too.{user_line()}"
                    "\n  Try: the loader alone, or x and y"
                )
            return x
        if y is None:
            raise ValueError(
                f"what is x to be compared with? y is missing.{user_line()}\n  Try: (x, y)"
            )
        return DataLoader(x, y, **settings)


class _Means:
    """Running means over samples, batch by batch."""

    def __init__(self) -> None:
        self.samples = 0
        self.totals: dict[str, float] = {}

    def add(
        self, n: int, loss: float, prediction: Any, y: Any, metrics: dict[str, Callable]
    ) -> None:
        self.samples += n
        self.totals["loss"] = self.totals.get("loss", 0.0) + n * loss
        for name, metric in metrics.items():
            self.totals[name] = self.totals.get(name, 0.0) + n * metric(prediction, y)

    def values(self) -> dict[str, float]:
        return {name: total / self.samples for name, total in self.totals.items()}
