"""Sets of parameters to search: all combinations of listed values, or random ones."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from models.foundation.randomness import random_state as generator
from models.foundation.randomness import without_repetition
from models.foundation.sklearn_bridge import warn
from tinygrad_edu.diagnostics.words import refusal


class ParameterGrid:
    """All combinations of the values: {"a": [1, 2], "b": [3]} -> {"a": 1, "b": 3}, {"a": 2, "b": 3}.

    A list of such dicts gives the combinations of each.
    """

    def __init__(self, param_grid: Any):
        self.param_grid = [param_grid] if isinstance(param_grid, Mapping) else list(param_grid)
        for grid in self.param_grid:
            if not isinstance(grid, dict):
                what = f"Parameter grid is not a dict ({grid!r})."
                raise refusal(TypeError, what, "{'alpha': [0.1, 1.0]}")
            for name, values in grid.items():
                _check_values(name, values)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for grid in self.param_grid:
            names = sorted(grid)
            for values in itertools.product(*(grid[name] for name in names)):
                yield dict(zip(names, values, strict=True))

    def __len__(self) -> int:
        return sum(math.prod(map(len, grid.values())) for grid in self.param_grid)

    def __getitem__(self, number: int) -> dict[str, Any]:
        for grid in self.param_grid:
            names = sorted(grid)
            shape = [len(grid[name]) for name in names]
            if number < math.prod(shape):
                places = np.unravel_index(number, shape) if shape else ()
                chosen = zip(names[::-1], places[::-1], strict=True)  # in the order of scikit-learn
                return {name: grid[name][i] for name, i in chosen}
            number -= math.prod(shape)
        raise IndexError("ParameterGrid index out of range")


def _check_values(name: str, values: Any) -> None:
    if isinstance(values, np.ndarray) and values.ndim > 1:
        what = f"Parameter array for {name!r} should be one-dimensional, got shape {values.shape}."
        raise refusal(ValueError, what, f"{{'{name}': list_of_values}}")
    if not isinstance(values, (list, tuple, range, np.ndarray)):
        what = (
            f"Parameter grid for parameter {name!r} needs to be a list or a numpy array, but got {values!r} "
            f"(of type {type(values).__name__}) instead."
        )
        raise refusal(TypeError, what, f"{{'{name}': [{values!r}]}}")
    if len(values) == 0:
        what = f"Parameter grid for parameter {name!r} need to be a non-empty sequence, got: {values!r}."
        raise refusal(ValueError, what, f"{{'{name}': [first, second]}}")


class ParameterSampler:
    """n_iter random combinations of lists, or of distributions with a method `rvs`, as in scipy.stats.

    From lists alone no combination is drawn twice.
    """

    def __init__(self, param_distributions: Any, n_iter: int, *, random_state: Any = None):
        one = isinstance(param_distributions, Mapping)
        self.param_distributions = [param_distributions] if one else list(param_distributions)
        for each in self.param_distributions:
            if not isinstance(each, dict):
                what = f"Parameter distribution is not a dict ({each!r})."
                raise refusal(TypeError, what, "{'alpha': [0.1, 1.0]}")
            for name, values in each.items():
                if not hasattr(values, "rvs") and not hasattr(values, "__iter__"):
                    what = (
                        f"Parameter grid for parameter {name!r} is not iterable or a distribution "
                        f"({values!r})."
                    )
                    raise refusal(TypeError, what, f"{{'{name}': [{values!r}]}}")
        self.n_iter, self.random_state = n_iter, random_state

    def _lists(self) -> bool:
        return not any(hasattr(v, "rvs") for d in self.param_distributions for v in d.values())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rng = generator(self.random_state)
        if self._lists():
            grid = ParameterGrid(self.param_distributions)
            if len(grid) < self.n_iter:
                warn(
                    UserWarning,
                    f"The total space of parameters {len(grid)} is smaller than n_iter={self.n_iter}. "
                    f"Running {len(grid)} iterations. For exhaustive searches, use GridSearchCV.",
                )
            yield from (grid[number] for number in without_repetition(len(grid), len(self), rng))
            return
        for _ in range(self.n_iter):
            chosen: Any = rng.choice(self.param_distributions)
            yield {
                name: values.rvs(random_state=rng)
                if hasattr(values, "rvs")
                else values[rng.randint(len(values))]
                for name, values in sorted(chosen.items())
            }

    def __len__(self) -> int:
        if self._lists():
            return min(self.n_iter, len(ParameterGrid(self.param_distributions)))
        return self.n_iter
