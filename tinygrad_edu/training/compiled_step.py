"""The first half of a training step, from a batch to gradients, replayed by `compile`."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.compiler import compile
from tinygrad_edu.nn.loss_reduction import counting
from tinygrad_edu.tensor import value
from tinygrad_edu.training.batches import output_of
from tinygrad_edu.training.heads import Heads, one
from tinygrad_edu.training.structure import mapped


class CompiledStep:
    """(loss, prediction) of a batch, as `Trainer._loss` gives it, but with the gradients computed, too."""

    def __init__(self, trainer: Any):
        self.trainer = trainer

        def gradients(x: Any, y: Any, weight: Any) -> tuple:
            prediction = output_of(trainer.model, x)
            weighted = {} if weight is None else {"sample_weight": weight}
            with counting() as counts:
                loss = trainer.loss(prediction, y, **weighted)
            loss = loss + trainer.model.penalty() if trainer.penalized else loss
            if loss.requires_grad:
                trainer.optimizer.zero_grad()
                loss.backward()
            heads = dict(trainer.loss.latest) if isinstance(trainer.loss, Heads) else None
            return loss, prediction, one(counts), heads

        self.gradients = compile(gradients)

    def __call__(self, x: Any, y: Any, weight: Any = None) -> tuple[Any, Any]:
        loss, prediction, self.trainer.counted, heads = self.gradients(x, y, weight)
        if heads is not None:
            self.trainer.loss.latest = heads
        return loss, mapped(value, prediction)
