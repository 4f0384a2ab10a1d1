"""The loop: predict, measure, go back, step; and the same without the last two, to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.errors import shortened, user_line
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.tensor import Tensor, no_grad, value
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
        for name, thing, fits, hint in (
            ("model", model, isinstance(model, Module), "nn.Sequential(...)"),
            ("loss", loss, callable(loss) and not isinstance(loss, type), "nn.cross_entropy"),
            (
                "optimizer",
                optimizer,
                isinstance(optimizer, Optimizer),
                "optim.Adam(model.parameters())",
            ),
            (
                "metrics",
                metrics,
                not isinstance(metrics, str) and all(map(callable, metrics)),
                "[accuracy]",
            ),
        ):
            if not fits:
                raise TypeError(
                    f"Trainer({name}={shortened(thing)}): not what it wants."
                    f"{user_line()}\n  Try: {name}={hint}"
                )
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.metrics = {metric.__name__: metric for metric in metrics}
        self.history = History()

    def train_step(self, x: Any, y: Any) -> tuple[float, Any]:
        """One batch: the loss before the step, and the prediction.

        Raises FloatingPointError if the loss is not finite; then nothing has been learned from it.
        """
        prediction = self.model(x)
        loss = self.loss(prediction, y)
        if not np.isfinite(loss.data):
            raise FloatingPointError(self._why_not_finite(loss, x, y))
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
        changed for epochs < 0; FloatingPointError when a loss is not finite, before it is learned from.
        """
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"fit(epochs={epochs!r}): a whole number, 0 or more.{user_line()}")
        if validation is not None and (
            not isinstance(validation, (tuple, list)) or len(validation) != 2
        ):
            raise ValueError(
                f"fit(validation=...) wants a pair, not {type(validation).__name__}.{user_line()}\n  Try: "
                "validation=(x_test, y_test)"
            )
        loader = self._loader(x, y, batch_size=batch_size, shuffle=shuffle, seed=seed)
        shown = Progress(epochs, len(loader)) if progress else None
        for epoch in range(1, epochs + 1):
            self.model.train()
            means = _Means()
            for i, (xb, yb) in enumerate(loader, 1):
                try:
                    loss, prediction = self.train_step(xb, yb)
                except FloatingPointError as error:
                    raise FloatingPointError(f"batch {i} of epoch {epoch}: {error}") from error
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

    def _why_not_finite(self, loss: Tensor, x: Any, y: Any) -> str:
        """Is it the data, the weights, or what the one makes of the other?"""
        head = f"the loss is {loss.item()}, and nothing was learned from it"
        for name, array in (("x", value(x)), ("the targets", value(y))):
            array = np.asarray(array)
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                row = np.argwhere(~np.isfinite(array))[0].tolist()
                return (
                    f"{head}: {name} of this batch has {np.count_nonzero(~np.isfinite(array))} numbers "
                    f"that are not finite, the first at {row}.{user_line()}\n  Try: drop those rows, or fill "
                    "them in"
                )
        for path, parameter in self.model.named_parameters():
            if not np.isfinite(parameter.data).all():
                return (
                    f"{head}: the weights {path} are not finite any more.{user_line()}\n  Try: a smaller "
                    f"learning rate than {self.optimizer.lr}, from new weights"
                )
        return (
            f"{head}: the data and the weights are finite, but the model makes too large numbers of them."
            f"{user_line()}\n  Try: with debug(): to see where, a smaller learning rate than "
            f"{self.optimizer.lr}, or data of size 1"
        )

    def __repr__(self) -> str:
        return (
            f"Trainer({type(self.model).__name__}, {self.loss.__name__}, {self.optimizer!r}, "
            f"{len(self.history)} epochs done)"
        )

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
