"""Generators from what `random_state` may be, and numbers as scikit-learn draws them.

`generator` is for what draws numbers of its own. `random_state` is for what gives the same splits and data as
scikit-learn for the same seed.
"""

from typing import Any

import numpy as np

from models.foundation.fields import Parameter
from tinygrad_edu.diagnostics.words import refusal


def generator(seed: Any) -> np.random.Generator:
    """numpy.random.default_rng(seed), also for a RandomState: then both go on with the same stream."""
    if isinstance(seed, np.random.RandomState):
        return np.random.Generator(seed._bit_generator)  # NumPy 2.2 does so itself
    return np.random.default_rng(seed)


def random_state(seed: Any) -> np.random.RandomState:
    """NumPy's older generator: RandomState(seed); a RandomState itself; None for the global one.

    The newer `numpy.random.Generator` draws other numbers from the same seed. One that is given draws the
    seed.
    """
    if seed is None:
        return np.random.mtrand._rand  # the one that np.random.seed seeds
    if isinstance(seed, np.random.RandomState):
        return seed
    if isinstance(seed, np.random.Generator):
        return np.random.RandomState(int(seed.integers(2**32)))
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= seed < 2**32:
        return np.random.RandomState(int(seed))
    what = f"{seed!r} cannot be used to seed a numpy.random.RandomState instance."
    raise refusal(ValueError, what, "random_state=0, any other integer ≥ 0, or None")


def without_repetition(population: int, number: int, rng: np.random.RandomState) -> list[int]:
    """Different numbers below `population`. The three ways are those of scikit-learn, for the same draws."""
    part = number / population if population else 1.0
    if 0.01 < part < 0.99:
        return rng.permutation(population)[:number].tolist()
    if part < 0.2:  # few of many: draw again if drawn before
        found: dict[int, None] = {}
        while len(found) < number:
            found[int(rng.randint(population))] = None
        return list(found)
    kept = list(range(number))  # reservoir sampling
    for later in range(number, population):
        place = rng.randint(0, later + 1)
        if place < number:
            kept[place] = later
    return kept


def shuffled(rng: np.random.RandomState, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays with their rows in the same random order."""
    rows = np.arange(len(arrays[0]))
    rng.shuffle(rows)
    return tuple(array[rows] for array in arrays)


def seed(*, doc: str = "seed or generator, for reproducible results") -> Any:
    """A parameter that `generator` and `random_state` accept. None gives different numbers every time."""
    return Parameter(None, _is_seed, "an integer ≥ 0, a generator of NumPy or None", doc)


def _is_seed(x: Any) -> bool:
    if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        return bool(x >= 0)
    return x is None or isinstance(x, (np.random.Generator, np.random.RandomState))
