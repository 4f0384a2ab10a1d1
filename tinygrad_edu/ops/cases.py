"""Random inputs to test a row on, inside its domain and away from its kinks.

A draw takes a random generator and shapes, and returns one float64 array per shape. A row's `cases` is a
function that turns draws into a list of (inputs, params), which gradient checks and documentation use.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Cases = list[tuple[tuple[Any, ...], dict[str, Any]]]


def real(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    return [rng.normal(size=shape) for shape in shapes]


def positive(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    return [rng.uniform(0.4, 2.5, size=shape) for shape in shapes]


def nonzero(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    return [x * rng.choice([-1.0, 1.0], size=x.shape) for x in positive(rng, *shapes)]


def inside_unit(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    return [rng.uniform(-0.8, 0.8, size=shape) for shape in shapes]


def apart(rng: np.random.Generator, *shapes: tuple) -> list[np.ndarray]:
    """Arrays in which no two numbers are close to each other or to 0: no ties, no kinks."""
    sizes = [math.prod(shape) for shape in shapes]
    n = (
        sum(sizes) + sum(sizes) % 2
    )  # an even number of values leaves out the middle of the range, 0
    numbers = rng.permutation(np.linspace(-2, 2, n))[: sum(sizes)]
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def broadcasting(draw: Callable, arity: int) -> Callable[[np.random.Generator], Cases]:
    """Cases with equal shapes, shapes that broadcast, and single numbers."""
    patterns: Any = {
        1: [((3, 4),), ((),), ((2, 0),)],
        2: [((3, 4), (3, 4)), ((3, 1), (4,)), ((2, 3), ()), ((), (3,)), ((), ())],
        3: [((3, 4), (3, 4), (3, 4)), ((2, 3), (3,), ()), ((3,), (2, 1), (1, 3))],
    }[arity]
    return lambda rng: [(tuple(draw(rng, *shapes)), {}) for shapes in patterns]


def each(draw: Callable, *cases: Any) -> Callable[[np.random.Generator], Cases]:
    """One case per (shape, shape, ..., params)."""
    return lambda rng: [(tuple(draw(rng, *shapes)), params) for *shapes, params in cases]
