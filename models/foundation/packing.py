"""Named parameters as one vector, which a solver moves, and back."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation.constraints import Free


class Packing:
    """The free numbers of all parameters in one vector. start: name -> array or constraint."""

    def __init__(self, start: Mapping[str, Any]):
        self.parameters = {n: p if isinstance(p, Free) else Free(p) for n, p in start.items()}
        sizes = [parameter.free().size for parameter in self.parameters.values()]
        ends = itertools.accumulate(sizes, initial=0)
        places = [slice(a, b) for a, b in itertools.pairwise(ends)]
        self.places = dict(zip(self.parameters, places, strict=True))

    def vector(self) -> np.ndarray:
        """The start as one vector."""
        return np.concatenate([p.free().ravel() for p in self.parameters.values()])

    def move(self, values: Mapping[str, Any]) -> None:
        """Starts at these values, except for parameters whose shape is another."""
        for name, parameter in self.parameters.items():
            value = values.get(name)
            if hasattr(value, "toarray"):  # weights that were made sparse
                value = value.toarray()  # type: ignore[union-attr]
            if value is not None and np.shape(value) == parameter.shape:
                self.parameters[name] = parameter.at(value)

    def unpack(self, vector: Any) -> dict[str, Any]:
        """The parameters by name, in their shapes: arrays of an array, Tensors of a Tensor."""
        return {name: p.value(z) for name, p, z in self._with_names(vector)}

    def cut(self, vector: Any) -> list[Any]:
        """The free numbers of each parameter, in its shape."""
        return [
            vector[self.places[name]].reshape(np.shape(p.free()))
            for name, p in self.parameters.items()
        ]

    def _with_names(self, vector: Any) -> Any:
        return zip(self.parameters, self.parameters.values(), self.cut(vector), strict=True)

    def prox(self, prox: Any, vector: np.ndarray, step: float) -> np.ndarray:
        """prox(name, w, step) of every unconstrained parameter; the others stay."""
        parts = [
            prox(name, z, step) if type(p) is Free else z for name, p, z in self._with_names(vector)
        ]
        return np.concatenate([np.ravel(part) for part in parts])
