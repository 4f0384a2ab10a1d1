"""A loss minimized on batches of rows, by any optimizer of `tinygrad_edu.optim`."""

import functools
from typing import Any

import numpy as np

from tinygrad_edu import optim, value_and_grad
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


def descend(model: Any, packing: Any, X: Any, y: Any, weight: Any, trace: Any) -> Minimum:
    """Epochs over all rows in a new order, in batches, until the gradient on all rows is within tol.

    A batch stands for all rows: its weights are scaled so that they add up to the weight of all. So its
    loss is, on average over the batches, near the loss of all, penalties included.
    """
    rng = np.random.default_rng(model.random_state)
    free = [Parameter(z) for z in packing.cut(packing.vector())]
    learned = [p for p in free if p.size]
    optimizer = optimizers()[model.solver](learned, lr=model.learning_rate)
    size = len(X) if model.batch_size is None else min(model.batch_size, len(X))

    def loss(rows: Any, scale: float, free: Any) -> Any:
        values = zip(packing.parameters.items(), free, strict=True)
        parameters = {name: p.value(z) for (name, p), z in values}
        return model.loss(X[rows], y if y is None else y[rows], weight[rows] * scale, **parameters)

    def on_all_rows(vector: Any) -> Any:
        return model.loss(X, y, weight, **packing.unpack(vector))

    def judge() -> tuple[np.ndarray, float, np.ndarray]:
        with optimizer.averaged():
            point = np.concatenate([p.data.ravel() for p in free])
        value, gradient = value_and_grad(on_all_rows)(point)
        return point, float(value), gradient

    point, value, gradient = judge()
    trace(0, value, np.abs(gradient).max())
    epoch = 0
    while np.abs(gradient).max() > model.tol and epoch < model.max_iter:
        order = rng.permutation(len(X))
        for start in range(0, len(X), size):
            rows = order[start : start + size]
            optimizer.zero_grad()
            loss(rows, weight.sum() / weight[rows].sum(), free).backward()
            optimizer.step()
        epoch += 1
        point, value, gradient = judge()
        trace(epoch, value, np.abs(gradient).max())
    converged = bool(np.abs(gradient).max() <= model.tol)
    return Minimum(point, value, gradient, epoch, converged, [])
