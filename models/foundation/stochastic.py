"""Minimizes a loss on batches of rows, by any optimizer of `tinygrad_edu.optim`."""

import functools
from typing import Any

import numpy as np

from models.foundation.randomness import generator
from tinygrad_edu import optim, value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim.minimize import Minimum
from tinygrad_edu.optim.optimizer import Optimizer


@functools.cache
def optimizers() -> dict[str, type[Optimizer]]:
    """Lower-case name -> optimizer."""
    found = {name.lower(): getattr(optim, name) for name in optim.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
    }


def descend(model: Any, packing: Any, X: Any, y: Any, weight: Any, note: Any) -> Minimum:
    """Epochs over all rows in random order, in batches, until the gradient on all rows is within tol.

    A batch represents all rows: its weights are scaled to add up to the weight of all rows. So its loss is,
    on average over the batches, close to the loss of all rows, including penalties. After each epoch
    `note(epoch, loss, max |gradient|, free numbers)` is called.
    """
    rng = generator(model.random_state)
    free = [Parameter(z) for z in packing.cut(packing.vector())]
    learned = [p for p in free if p.size]
    optimizer = optimizers()[model.solver](learned, lr=model.learning_rate)
    size = len(X) if model.batch_size is None else min(model.batch_size, len(X))

    def loss_of(rows: np.ndarray) -> Any:
        values = zip(packing.parameters.items(), free, strict=True)
        parameters = {name: p.value(z) for (name, p), z in values}
        scaled = weight[rows] * (weight.sum() / weight[rows].sum())
        return model.objective(X[rows], y if y is None else y[rows], scaled, **parameters)

    def loss_of_all(vector: Any) -> Any:
        return model.objective(X, y, weight, **packing.unpack(vector))

    for epoch in range(model.max_iter + 1):
        if epoch > 0:
            order = rng.permutation(len(X))
            for start in range(0, len(X), size):
                optimizer.zero_grad()
                loss_of(order[start : start + size]).backward()
                optimizer.step()
        with optimizer.averaged():
            point = np.concatenate([p.data.ravel() for p in free])
        with np.errstate(all="ignore"):
            value, gradient = value_and_grad(loss_of_all)(point)
        steepest = float(np.abs(gradient).max())
        note(epoch, value, steepest, point)
        if not (np.isfinite(value) and np.isfinite(steepest)):
            raise _diverged(model, epoch)
        if steepest <= model.tol:
            break
    return Minimum(point, float(value), gradient, epoch, steepest <= model.tol, [])


def _diverged(model: Any, epoch: int) -> Exception:
    return refusal(
        FloatingPointError,
        f"{type(model).__name__}(solver={model.solver!r}): the loss or its gradient is not finite after "
        f"{epoch} epochs with learning_rate={model.learning_rate}.",
        "a smaller learning_rate, features of a common size (StandardScaler), or solver='lbfgs'",
    )
