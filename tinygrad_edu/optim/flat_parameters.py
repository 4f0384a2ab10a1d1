"""The parameters of a model laid end to end in one array, which an optimizer updates chunk by chunk.

An optimizer reads like its paper if it may speak of one vector w and its gradient g. It is also faster: a
small network takes a dozen NumPy calls a step instead of a dozen for each parameter, and a large one is
updated in chunks that stay in the processor's cache from one NumPy call to the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.tensor import value

CHUNK = 32_768  # numbers; a few vectors of this length fit into a second-level cache
CACHE_LINE = 64  # bytes

# w, g, memory to compute in, name -> state
Chunk = tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]


class FlatParameters:
    """Parameters of one group and dtype, with their gradients and the states of their optimizer.

    w, g         the parameters and copies of their gradients, each end to end in one vector; every
                 `parameter.data` is a view of its part of w
    states       name -> vector like g; with per_parameter a list, for each parameter name -> array
    moving       for each parameter: has it a gradient in this step?
    constrained  has any parameter a constraint?

    Of float16 parameters, which `is_narrow` says, g and the states are float32: the square of 1e-4 would be 0
    in float16, and so would an ε of 1e-8.
    """

    def __init__(
        self,
        group: dict[str, Any],
        parameters: list[Parameter],
        initial_states: Callable[[np.ndarray], dict[str, np.ndarray]],
        *,
        per_parameter: bool,
        accumulates: bool,
    ):
        self.group, self.parameters, self.per_parameter = group, parameters, per_parameter
        self._lay_out()
        # Given w, and not g, as states may start from the weights; in the precision of g.
        self.states: Any = (
            [initial_states(w.astype(g.dtype, copy=False)) for w, g in self.views]
            if per_parameter
            else initial_states(self.w.astype(self.g.dtype, copy=False))
        )
        self.moving, self.constrained = [False] * len(parameters), False
        summed = len(self.w) if accumulates else 0
        self.total = np.zeros(summed, self.g.dtype)  # the sum of the gradients accumulated so far
        self.summed = np.zeros(len(parameters), bool)  # which parameters have a gradient in it
        self.all_chunks = self._cut(0, len(self.w))

    def _lay_out(self) -> None:
        size, dtype = sum(p.size for p in self.parameters), self.parameters[0].dtype
        self.w, self.g = np.empty(size, dtype), np.zeros(size, precision_of_steps(dtype))
        self.is_narrow = self.g.dtype != dtype
        largest = max(p.size for p in self.parameters) if self.per_parameter else CHUNK
        self.scratch = aligned(min(size, largest), self.g.dtype)
        ends = [0, *itertools.accumulate(p.size for p in self.parameters)]
        self.places = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
        self.views = [
            (self.w[place].reshape(p.shape), self.g[place].reshape(p.shape))
            for p, place in zip(self.parameters, self.places, strict=True)
        ]
        for p, (w, _) in zip(self.parameters, self.views, strict=True):
            w[...] = p.data
            p.data = w

    def gather(self) -> bool:
        """Copies the gradients of the parameters into g. Has any parameter a gradient?"""
        moving, constrained = [], False
        for p, (w, g) in zip(self.parameters, self.views, strict=True):
            if p.data is not w:
                self._adopt(p, w)
            grad = p._grad
            if grad is not None and grad is not g:  # averaged over ranks, it is in g already
                g[...] = grad if type(grad) is np.ndarray else value(grad)
            moving.append(grad is not None)
            if p.constraint is not None:
                constrained = True
        self.moving, self.constrained = moving, constrained
        return True in moving

    def gradients(self) -> list[np.ndarray]:
        """The gradients of this step, as views of g in the shapes of their parameters."""
        return [g for _, g in itertools.compress(self.views, self.moving)]

    def adopt_weights(self) -> None:
        """Takes over the arrays that were assigned to `parameter.data` since the last step."""
        for p, (w, _) in zip(self.parameters, self.views, strict=True):
            if p.data is not w:
                self._adopt(p, w)

    @staticmethod
    def _adopt(p: Parameter, w: np.ndarray) -> None:
        if p.data.shape != w.shape or p.data.dtype != w.dtype:
            raise refusal(
                ValueError,
                f"{describe(p)} was {w.shape} {w.dtype} when the optimizer was made.",
                "a new optimizer after changing the model",
            )
        w[...] = p.data
        p.data = w

    def apply_constraints(self) -> None:
        """Applies the constraints of the parameters that have a gradient."""
        for p in itertools.compress(self.parameters, self.moving):
            if p.constraint is not None:
                p.data[...] = value(p.constraint(p.data))

    # Gradients that are accumulated over several calls of `step`.

    def add_gradients(self) -> None:
        """Adds the gradients of this step to their sum."""
        for place in itertools.compress(self.places, self.moving):
            self.total[place] += self.g[place]
        self.summed |= self.moving

    def take_mean(self, n: int) -> bool:
        """Makes g the sum / n, and begins a new sum. Has any parameter a gradient in it?"""
        np.divide(self.total, n, out=self.g)
        self.moving = self.summed.tolist()
        self.total[...] = 0
        self.summed[...] = False
        return True in self.moving

    # What `update` is called with.

    def chunks(self) -> list[Chunk]:
        """The parameters that have a gradient, in chunks or one by one, with all that goes with them.

        Usually all of them have one, and the chunks are those cut in advance.
        """
        if False not in self.moving:
            return self.all_chunks
        if self.per_parameter:
            return list(itertools.compress(self.all_chunks, self.moving))
        places = itertools.compress(self.places, self.moving)
        return [chunk for place in places for chunk in self._cut(place.start, place.stop)]

    def states_of(self, i: int) -> dict[str, np.ndarray]:
        """The states of parameter i, as views in its shape."""
        if self.per_parameter:
            return self.states[i]
        place, shape = self.places[i], self.parameters[i].shape
        return {name: state[place].reshape(shape) for name, state in self.states.items()}

    def _cut(self, start: int, stop: int) -> list[Chunk]:
        if self.per_parameter:
            return [
                (w, g, self.scratch[: w.size].reshape(w.shape), states)
                for (w, g), states in zip(self.views, self.states, strict=True)
            ]
        chunks = []
        for a, b in itertools.pairwise([*range(start, stop, CHUNK), stop]):
            states = {name: state[a:b] for name, state in self.states.items()}
            chunks.append((self.w[a:b], self.g[a:b], self.scratch[: b - a], states))
        return chunks

    # A copy needs views of its own: views that are copied or pickled are separate arrays.

    def __getstate__(self) -> Any:
        views = ("w", "g", "scratch", "places", "views", "all_chunks")
        return {name: kept for name, kept in vars(self).items() if name not in views}

    def __setstate__(self, kept: Any) -> None:
        vars(self).update(kept)
        self._lay_out()
        self.all_chunks = self._cut(0, len(self.w))


def precision_of_steps(dtype: np.dtype) -> np.dtype:
    """The dtype in which steps are computed: that of the parameters, but float32 for float16."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """An empty vector that begins with a cache line. NumPy's own may not, and are slower to write to."""
    memory = np.empty(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * dtype.itemsize].view(dtype)
