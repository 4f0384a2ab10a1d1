"""What the graph of the first loss shows: targets that broadcast, layers that are not learned, softmax twice.

Each of these is warned of. The graph also tells how large the matrix products are, and so how many threads
pay for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.autodiff import history
from tinygrad_edu.blas import choose_threads
from tinygrad_edu.diagnostics.words import describe, line_made, on_one_line, warn
from tinygrad_edu.nn import Parameter
from tinygrad_edu.nn.losses import cross_entropy, focal_cross_entropy
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training.callbacks import Training
from tinygrad_edu.training.heads import function_of


def look_at_first_batch(trainer: Training, loss: Tensor, prediction: Any, y: Any) -> None:
    nodes = history([loss])[::-1]  # from the loss back to the first layer
    choose_threads(_largest_product(nodes))
    _warn_of_broadcast(nodes, y)
    _warn_of_lost_parameters(trainer, nodes)
    _warn_of_one_class(trainer.loss, nodes, prediction)
    _warn_of_probabilities(trainer.loss, nodes, prediction)


def _largest_product(nodes: list[Tensor]) -> int:
    """Multiply-adds of the largest operation."""
    found = [
        node.op.multiply_adds(node.shape, *map(np.shape, node.inputs), **node.params)
        for node in nodes
        if node.op and node.op.multiply_adds
    ]
    return max(map(int, found), default=0)


def _warn_of_broadcast(nodes: list[Tensor], y: Any) -> None:
    """Warns of a loss in which predictions (n, 1) and targets (n,) have met as a table (n, n)."""
    n = len(y) if isinstance(y, np.ndarray) and y.ndim == 1 else 0
    for node in nodes if n > 1 else ():
        if node.shape == (n, n) and sorted(map(np.shape, node.inputs)) == [(n,), (n, 1)]:
            warn(
                f"the loss compares predictions ({n}, 1) with targets ({n},): NumPy broadcasts them to a "
                f"table ({n}, {n}) of each prediction with each target.",
                "prediction[:, 0], or y[:, None]",
                stacklevel=3,
                line=line_made(node),
            )
            return


def _warn_of_lost_parameters(trainer: Training, nodes: list[Tensor]) -> None:
    """Warns of parameters that the loss depends on, but that nobody learns.

    They belong to layers that are made anew in every forward, or that a model keeps where it does not look.
    """
    held = {id(p) for p in trainer.model.parameters()}
    held |= {id(p) for p in trainer.optimizer.parameters}
    lost = {
        id(x): (x, node)
        for node in nodes
        for x in node.inputs
        if isinstance(x, Parameter) and x.requires_grad and id(x) not in held
    }
    if lost:
        p, node = [*lost.values()][-1]
        layer = f" of {on_one_line(node.scope[-1])}" if node.scope else ""
        warn(
            f"the loss depends on {len(lost)} parameters that are not part of the model, and so are never "
            f"learned: {describe(p)}{layer}.",
            "its layer made in __init__, as an attribute or in a list or dict of self; freeze() or "
            "no_grad() for another model",
            stacklevel=3,
            line=line_made(node),
        )


def _warn_of_one_class(loss: Any, nodes: list[Tensor], prediction: Any) -> None:
    """Warns of a softmax over a single number, which is 1, whatever the number."""
    if not isinstance(prediction, np.ndarray) or prediction.shape[-1:] != (1,):
        return
    softmax = any(node.data is prediction and node.op is ops.softmax for node in nodes)
    if softmax or function_of(loss) is cross_entropy:
        warn(
            f"predictions {prediction.shape} are of one class, and the softmax of one number is always 1: "
            "nothing can be learned.",
            "one output without softmax, and binary_cross_entropy; or as many outputs as classes",
            stacklevel=3,
        )


def _warn_of_probabilities(loss: Any, nodes: list[Tensor], prediction: Any) -> None:
    """Warns of predictions that have the sum 1, where the loss takes logits, however they were made."""
    kind = function_of(loss)
    settings = getattr(loss, "keywords", {})
    if kind not in (cross_entropy, focal_cross_entropy) or settings.get("from_probabilities"):
        return
    if not isinstance(prediction, np.ndarray) or prediction.shape[-1] < 2 or prediction.min() < 0:
        return
    told = any(isinstance(x, Tensor) and x.op is ops.softmax for x in nodes[0].inputs)
    if not told and np.abs(prediction.sum(axis=-1) - 1).max() < 1e-3:
        warn(
            f"{kind.__name__} takes logits, but these predictions are probabilities, with the sum 1 in each "
            "row: softmax is applied twice, and learning will be slow.",
            f"the model without its last softmax, or functools.partial({kind.__name__}, "
            "from_probabilities=True)",
            stacklevel=3,
        )
