"""Fully connected layers: x → a(x W + b), one after the other."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.foundation.fields import Parameter
from tinygrad_edu.ops import relu, sigmoid, softplus

ACTIVATIONS: dict[str, Any] = {
    "tanh": np.tanh, "relu": relu, "logistic": sigmoid, "softplus": softplus, "identity": lambda x: x,
}  # fmt: skip

Layers = Sequence[tuple[Any, Any]]  # (W, b) of each


def sizes(default: Any, doc: str) -> Any:
    """A parameter: the units of each hidden layer, () for none."""

    def test(x: Any) -> bool:
        if not isinstance(x, (tuple, list)):
            return False
        return all(isinstance(n, (int, np.integer)) and n >= 1 and n is not True for n in x)

    return Parameter(default, test, "a tuple of integers ≥ 1", doc)


def glorot(units: Sequence[int], rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Layers between these numbers of units: W uniform within √(6 / (n + m)), b = 0 (Glorot, Bengio 2010)."""
    layers = []
    for n, m in itertools.pairwise(units):
        bound = np.sqrt(6 / (n + m))
        layers.append((rng.uniform(-bound, bound, (n, m)), np.zeros(m)))
    return layers


def forward(x: Any, layers: Layers, activation: str) -> Any:
    """The output for every row of x; the last layer has no activation."""
    a = ACTIVATIONS[activation]
    for W, b in layers[:-1]:
        x = a(x @ W + b)
    W, b = layers[-1]
    return x @ W + b


def named(prefix: str, layers: Layers) -> dict[str, Any]:
    """The layers of a network, or of a part of it, as parameters: encoder_W0, encoder_b0, ..."""
    pairs = {f"{prefix}W{i}": W for i, (W, _) in enumerate(layers)}
    return pairs | {f"{prefix}b{i}": b for i, (_, b) in enumerate(layers)}


def layers_of(prefix: str, parameters: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The layers from the parameters that `named` made."""
    depth = sum(name.startswith(f"{prefix}W") for name in parameters)
    return [(parameters[f"{prefix}W{i}"], parameters[f"{prefix}b{i}"]) for i in range(depth)]
