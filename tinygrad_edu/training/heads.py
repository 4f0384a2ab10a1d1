"""Losses and metrics of a model with several outputs, one or more for each output ("head")."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.modes import thread
from tinygrad_edu.nn.loss_reduction import counting
from tinygrad_edu.ranks import loss_of_share, mean_of_ranks


class Heads:
    """The loss of a model with several outputs: L = Σ weight · loss(output, target).

    losses    {output: loss}, for a model that returns a dict, or a tuple of losses, for one that returns a
              tuple; None for an output without a loss. Targets have the same form
    weights   likewise, 1 if left out

    Keras's compile(loss=..., loss_weights=...).
    """

    def __init__(self, losses: Any, weights: Any = None):
        self.losses = {key: loss for key, loss in _items(losses) if loss is not None}
        given = dict(_items(weights or {}))
        if not given.keys() <= self.losses.keys() or not all(map(callable, self.losses.values())):
            raise refusal(
                ValueError,
                f"Trainer(loss={shortened(losses)}, loss_weights={shortened(weights)}): a loss for each "
                "output, and a weight for each loss.",
                'loss={"price": nn.mse, "kind": nn.cross_entropy}, loss_weights={"kind": 0.5}',
            )
        self.weights = {key: float(given.get(key, 1.0)) for key in self.losses}
        # Of the latest batch, for each output: its loss, and what that is a mean over.
        self.latest: dict[Any, tuple[Any, Any]] = {}

    def __call__(self, prediction: Any, target: Any, sample_weight: Any = None) -> Any:
        demand_no_more_targets(prediction, target, self.losses)
        total: Any = 0.0
        for key, loss in self.losses.items():
            y, t = _part(prediction, key, "the model gives"), _part(target, key, "y is")
            weighted = (
                {} if sample_weight is None else {"sample_weight": _weight(sample_weight, key)}
            )
            with counting() as counts:
                value = loss_of_share(loss, y, t, **weighted)
            seen = value.detach() if thread.mode.tape else mean_of_ranks(float(value.data))
            self.latest[key] = seen, one(counts)
            total = total + self.weights[key] * value
        return total

    def total(self, values: Mapping[str, float] | None = None) -> float:
        """The weighted sum of these losses, by default of those of the latest batch."""
        if values is None:
            return sum(self.weights[key] * float(loss) for key, (loss, _) in self.latest.items())
        return sum(weight * values[f"{name(key)}_loss"] for key, weight in self.weights.items())

    def counted(self, metric: Callable, n: int) -> float:
        """What a metric is a mean over, in the latest batch: n, or what the loss of its output counts."""
        counted = self.latest[metric.key][1] if isinstance(metric, _HeadLoss) else None
        return n if counted is None else counted

    def metrics(self, given: Any) -> dict[str, Callable]:
        """price_loss, price_mae, ...: functions (prediction, target) of the outputs together."""
        metrics: dict[str, Callable] = {
            f"{name(key)}_loss": _HeadLoss(self, key) for key in self.losses
        }
        for key, some in _items(given or {}):
            for metric in some if isinstance(some, (list, tuple)) else [some]:
                metrics[f"{name(key)}_{name_of(metric)}"] = _of_head(metric, key)
        return metrics


def compiled(loss: Any, weights: Any, metrics: Any) -> tuple[Callable, dict[str, Callable]]:
    """The loss as one function, and the metrics by their names in the history."""
    if isinstance(loss, (dict, tuple, list)):
        heads = Heads(loss, weights)
        return heads, heads.metrics(metrics)
    if weights is not None:
        raise refusal(
            ValueError,
            f"Trainer(loss_weights={shortened(weights)}): the weights of several losses, and there is one.",
            "a dict or a tuple of losses, one for each output of the model",
        )
    return loss, {name_of(metric): metric for metric in metrics}


class _HeadLoss:
    """A metric: the loss of one output, which has been computed already."""

    def __init__(self, heads: Heads, key: Any):
        self._heads, self.key = heads, key

    def __call__(self, prediction: Any, target: Any) -> float:
        return float(self._heads.latest[self.key][0])


def _of_head(metric: Callable, key: Any) -> Callable:
    @functools.wraps(function_of(metric))  # with its name, and its mark `whole`
    def of_head(prediction: Any, target: Any) -> Any:
        return metric(_part(prediction, key, "the model gives"), _part(target, key, "y is"))

    return of_head


def name(key: Any) -> str:
    return f"output_{key}" if isinstance(key, int) else str(key)


def one(counts: list[float]) -> float | None:
    """What the loss is a mean over, if it took one mean."""
    return counts[0] if len(counts) == 1 else None


def _items(given: Any) -> Iterator[tuple[Any, Any]]:
    return iter(given.items()) if isinstance(given, dict) else enumerate(given)


def _part(whole: Any, key: Any, what: str) -> Any:
    """The output, target or weight of a head. Raises ValueError if there is none."""
    if isinstance(whole, dict) and key in whole:
        return whole[key]
    if isinstance(whole, (tuple, list)) and isinstance(key, int) and key < len(whole):
        return whole[key]
    has = f"one array, {getattr(whole, 'shape', '')}"
    if isinstance(whole, (tuple, list)):
        has = f"a tuple of {len(whole)}"
    elif isinstance(whole, dict):
        has = f"a dict with {', '.join(map(repr, whole))}"
    raise refusal(
        ValueError,
        f"there is a loss or metric for the output {key!r}, but {what} {has}.",
        "losses, outputs and targets that are all dicts with the same names, or all tuples",
    )


def demand_no_more_targets(prediction: Any, target: Any, losses: Mapping[Any, Callable]) -> None:
    """Refuses targets that belong to no output and no loss: nothing would be learned from them."""
    more: list[Any] = []
    if isinstance(prediction, dict) and isinstance(target, dict):
        more = [key for key in target if key not in prediction]
    elif isinstance(prediction, tuple) and isinstance(target, tuple):
        more = [*range(len(prediction), len(target))]
    more = [key for key in more if key not in losses]
    if more:
        raise refusal(
            ValueError,
            f"y has {len(target)} targets, and the model {len(prediction)} outputs: none for the target "
            f"{more[0]!r}.",
            "a target for each output",
        )


def _weight(sample_weight: Any, key: Any) -> Any:
    if isinstance(sample_weight, (tuple, dict)):
        return _part(sample_weight, key, "sample_weight is")
    return sample_weight


def function_of(function: Callable) -> Callable:
    """The function inside functools.partial, which has the name and the mark `whole`."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def name_of(function: Callable) -> str:
    function = function_of(function)
    return getattr(function, "__name__", type(function).__name__)
