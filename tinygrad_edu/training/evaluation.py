"""What a Trainer does without learning: loss and metrics on data, and predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import FIT
from tinygrad_edu.diagnostics.words import answering
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.loss_reduction import counting
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.ranks import loss_of_share, mean_of_ranks
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training import batches, diagnosis
from tinygrad_edu.training.heads import one
from tinygrad_edu.training.history import History
from tinygrad_edu.training.running_metrics import Means
from tinygrad_edu.training.structure import joined, mapped, rows_of
from tinygrad_edu.training.world import World


class Evaluation:
    """Base of the Trainer: its model, loss and metrics, on data that nothing is learned from."""

    model: Module
    loss: Callable[..., Any]
    metrics: dict[str, Callable]
    optimizer: Optimizer
    world: World
    first: float | None
    run: Any
    columns: dict[str, list[str]]
    history: History
    callbacks: list[Any]
    stop_training: bool

    @answering(FIT)
    def evaluate(
        self, x: Any, y: Any = None, *, sample_weight: Any = None, batch_size: int = 1024
    ) -> dict[str, float]:
        """Loss and metrics on data, in eval mode, with `optimizer.averaged()`; whatever the batch size."""
        self._prepare()
        diagnosis.look_at_new_data(self, x)
        weight = batches.weights_of(y, sample_weight, None, self.dtype)
        return self._evaluate(batches.loader_of(x, y, weight, batch_size=batch_size))

    def _evaluate(self, loader: Any) -> dict[str, float]:
        means = Means(self.metrics, self.loss)
        with self._in_use():
            for batch in batches.batches_of(loader):
                with self.world.shared(*batch) as (x, y, *weight):
                    loss, prediction = self._loss(x, y, *weight)
                    number = mean_of_ranks(loss.item())
                    means.add(rows_of(y), number, prediction, y, self.counted)
        return means.final()

    def predict(self, x: Any, *, batch_size: int = 1024) -> Any:
        """The output for all of x, in eval mode, with `optimizer.averaged()`: an array, a tuple or a dict."""
        diagnosis.look_at_new_data(self, x)
        loader = batches.arrays_loader(x, batch_size=batch_size)
        with self._in_use():
            return joined([mapped(value, batches.output_of(self.model, b)) for (b,) in loader])

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Context for evaluation: eval mode, averaged weights, and no graph is recorded."""
        training = self.model.training
        self.model.eval()
        try:
            with no_grad(), self.optimizer.averaged():
                yield
        finally:
            if training:
                self.model.train()

    def _loss(self, x: Any, y: Any, weight: Any = None) -> tuple[Tensor, Any]:
        """The loss of a batch, and the prediction as arrays. Sets `counted`, what the loss is a mean over."""
        if not (weight is None or self.takes_weights):
            raise diagnosis.no_weights(self.loss)
        prediction = batches.output_of(self.model, x)
        with counting() as counts:
            weights = {} if weight is None else {"sample_weight": weight}
            loss = loss_of_share(self.loss, prediction, y, **weights)
        self.counted = one(counts)
        return (loss + self.model.penalty() if self.penalized else loss), mapped(value, prediction)

    def _prepare(self) -> None:
        """Finds out once per `fit` what would take too long to find out for every batch."""
        self.penalized = isinstance(self.model.penalty(), Tensor)  # does it have any regularizer?
        self.buffers = [buffer for _, buffer in self.model.named_buffers()]
        dtypes = (parameter.dtype for _, parameter in self.model.named_parameters())
        self.dtype = next(dtypes, np.dtype(np.float32))  # of the model, and so of sample weights
        self.first = None
        self.takes_weights = diagnosis.takes_weights(self.loss)
