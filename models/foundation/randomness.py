"""Random numbers as scikit-learn draws them, so that a seed gives the same splits and data there."""

from typing import Any

import numpy as np

from models.foundation.fields import Parameter
from tinygrad_edu.diagnostics.words import refusal


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


def draws(default: Any = None, *, doc: str = "seed or generator, for reproducible results") -> Any:
    """A parameter that `random_state` accepts."""

    def test(x: Any) -> bool:
        if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
            return bool(x >= 0)
        return x is None or isinstance(x, (np.random.Generator, np.random.RandomState))

    return Parameter(default, test, "an integer ≥ 0, a generator of NumPy or None", doc)
