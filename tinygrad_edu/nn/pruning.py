"""Pruning: the weights that matter least become 0, and stay 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.compression_checks import demand_prunable, warn_of_layers_without_weights
from tinygrad_edu.nn.convolution import _Convolution
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.module_checks import demand_model
from tinygrad_edu.tensor import value

__all__ = ["prune", "sparsity"]


class Pruned:
    """The constraint that pruning leaves: 0 where `mask` is False, after the constraint from before."""

    def __init__(self, mask: np.ndarray, before: Callable | None = None):
        self.mask, self.before = mask, before

    def __call__(self, w: np.ndarray) -> np.ndarray:
        w = w if self.before is None else value(self.before(w))
        return np.where(self.mask, w, w.dtype.type(0))

    def __repr__(self) -> str:
        before = "" if self.before is None else f", {self.before!r}"
        return f"Pruned({np.sum(~self.mask):,} of {self.mask.size:,}{before})"


class Sparsity(dict):
    """path of a layer -> (weights that are 0, weights). `fraction` is that of all, and str() a table."""

    @property
    def fraction(self) -> float:
        return sum(zeros for zeros, _ in self.values()) / sum(size for _, size in self.values())

    def __str__(self) -> str:
        sums = tuple(sum(counts) for counts in zip(*self.values(), strict=True))
        rows = [(path or "(this layer)", *counts) for path, counts in self.items()]
        rows.append(("all", *sums))
        width = max(len(path) for path, *_ in rows)
        return "\n".join(
            f"{path:<{width}}  {zeros:>10,} of {size:>10,} weights are 0  {zeros / size:>6.1%}"
            for path, zeros, size in rows
        )


def prune(model: Module, fraction: float, *, by: str = "weight", within: str = "model") -> Sparsity:
    """Sets a fraction of the weights to 0, those of the smallest magnitude, and returns the `sparsity`.

    Weights are the W of every Linear and convolution inside the model. They stay 0 while training goes on:
    each W gets a constraint, which the optimizer applies after each step. Pruning more and training again, in
    turn, keeps accuracy longer than pruning at once (Han et al. 2015, section 3).

    by        "weight": single weights, by |w|. "unit": outputs with all their weights and their bias, by
              the root mean square of their weights; so an output is the constant 0 and could be left out
    within    "model": the smallest of all; "layer": the same fraction of each layer

    round(fraction · n) of n are 0 afterwards, those that were 0 before among them. By unit, leave the last
    layer out, whose units are the classes: `prune(model[:-1], 0.5, by="unit")`. A file of weights has the
    zeros, but not the constraints: the same call after `load` sets the same zeros again.

    Raises ValueError for a fraction that is not within 0 ... 1, without any such layer, and for weights that
    are not finite; then nothing has been changed. Warns of a layer that is left without weights. LeCun,
    Denker and Solla 1990 (by curvature); Han et al. 2015; Li et al. 2017 (units).

    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), seed=0)
    >>> print(prune(model, 0.75, within="layer"))
    0            24 of         32 weights are 0   75.0%
    2            12 of         16 weights are 0   75.0%
    all          36 of         48 weights are 0   75.0%
    """
    demand_model("prune", model)
    layers = prunable(model)
    demand_prunable(model, layers, fraction, by, within)
    scores = [importance(layer, by) for layer in layers.values()]
    groups = [scores] if within == "model" else [[score] for score in scores]
    masks = [mask for group in groups for mask in largest(group, fraction)]
    for layer, mask in zip(layers.values(), masks, strict=True):
        _keep(layer.W, np.broadcast_to(mask, layer.W.shape))
        if by == "unit" and layer.b is not None:
            _keep(layer.b, mask.reshape(-1))
    zeros = sparsity(model)
    warn_of_layers_without_weights(zeros)
    return zeros


def sparsity(model: Module) -> Sparsity:
    """How many weights of each Linear and convolution inside a model are 0."""
    demand_model("sparsity", model)
    counts = {path: layer.W.data for path, layer in prunable(model).items()}
    return Sparsity({path: (w.size - np.count_nonzero(w), w.size) for path, w in counts.items()})


def prunable(model: Module) -> dict[str, Any]:
    """path -> layer, of every Linear and convolution; one that shares its W with another comes once."""
    model.parameters()  # refuses a model that waits for its first input
    found = {
        path: layer
        for path, layer in model.named_modules()
        if isinstance(layer, (Linear, _Convolution)) and isinstance(vars(layer).get("W"), Parameter)
    }
    first = {id(layer.W): path for path, layer in reversed(found.items())}
    return {path: layer for path, layer in found.items() if first[id(layer.W)] == path}


def importance(layer: Any, by: str) -> np.ndarray:
    """|w| of each weight; or the root mean square of each unit, with 1 along the other axes of W."""
    w = np.abs(layer.W.data.astype(np.float64))
    if by == "weight":
        return w
    units = [axis % w.ndim for axis in layer.unit_axes]
    others = tuple(axis for axis in range(w.ndim) if axis not in units)
    return np.sqrt(np.mean(w * w, axis=others, keepdims=True))


def largest(scores: list[np.ndarray], fraction: float) -> list[np.ndarray]:
    """Which scores stay: all but the round(fraction · n) smallest of all arrays; of equal ones, the last."""
    flat = np.concatenate([score.reshape(-1) for score in scores])
    kept = np.ones(flat.size, bool)
    kept[np.argsort(flat, kind="stable")[: round(fraction * flat.size)]] = False
    parts = np.split(kept, np.cumsum([score.size for score in scores])[:-1])
    return [part.reshape(score.shape) for part, score in zip(parts, scores, strict=True)]


def _keep(parameter: Parameter, mask: np.ndarray) -> None:
    """Sets a parameter to 0 where the mask is False, now and after each step."""
    before = parameter.constraint
    if isinstance(before, Pruned):
        mask, before = mask & before.mask, before.before
    parameter.constraint = Pruned(mask.copy(), before)
    parameter.data[~mask] = 0
