"""What pruning and quantization refuse. See `checks.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, warn
from tinygrad_edu.nn.checks import demand_each, demand_one_of, layer_name


def demand_finite_weights(function: str, path: str, w: np.ndarray) -> None:
    if not np.isfinite(w).all():
        n = np.sum(~np.isfinite(w))
        what = f"{function}: {n:,} of {w.size:,} weights of layer {path or 0} are not finite."
        raise refusal(ValueError, what, "a model whose training did not diverge")


def demand_prunable(
    model: Any, layers: Mapping[str, Any], fraction: Any, by: str, within: str
) -> None:
    """There are weights to prune, all of them finite, and the settings exist."""
    demand_each(
        "prune", lambda f: 0 <= f <= 1, "a fraction of the weights, 0 to 1", fraction=fraction
    )
    demand_one_of("prune", ("weight", "unit"), by=by)
    demand_one_of("prune", ("model", "layer"), within=within)
    if not layers:
        what = f"prune: {type(model).__name__} has no Linear and no convolution, whose weights could be 0."
        raise refusal(ValueError, what, "the model itself: prune(model, 0.9)")
    for path, layer in layers.items():
        demand_finite_weights("prune", path, layer.W.data)
        if by == "unit" and layer.unit_axes == (-2,) and layer.groups > 1:
            what = f"prune: the units of {layer!r} share axes of W with its groups"
            raise refusal(ValueError, f"{what}.", "by='weight'")


def warn_of_layers_without_weights(zeros: Mapping[str, tuple[int, int]]) -> None:
    empty = [path or "this layer" for path, (none, size) in zeros.items() if none == size]
    if empty:
        warn(
            f"prune left no weight in {', '.join(empty)}: what follows no longer depends on x.",
            "a smaller fraction, or within='layer', the same fraction of each layer",
            stacklevel=3,
        )


def demand_quantizable(model: Any, layers: Mapping[str, Any], known: tuple[type, ...]) -> None:
    """There is a layer whose weights can be rounded."""
    kinds = {type(layer) for layer in layers.values()}
    if not kinds.isdisjoint(known):
        return
    names = sorted({kind.__name__ for kind in kinds if kind.__name__.startswith("Quantized")})
    what = f"quantize: {type(model).__name__} has no Linear, convolution or Embedding"
    if names:
        what += f" but those that are quantized already ({', '.join(names)})"
    raise refusal(ValueError, f"{what}.", "the model that was trained: nn.quantize(model)")


def demand_prediction(layer: Any, learns: bool = False) -> None:
    """Quantized weights are whole numbers, which no gradient moves."""
    if layer.training or learns:
        what = f"{layer_name(layer)} has quantized weights, which cannot learn"
        hint = "model.eval() for predictions; to train, the model it was made of, and nn.quantize again"
        raise refusal(RuntimeError, f"{what}.", hint)
