"""What all optimizers share: the parameters as one long vector, updated piece by piece.

An optimizer reads like its paper if it may speak of one vector w and its gradient g. So the parameters
are laid end to end in one array, of which each `parameter.data` becomes a view; a step copies the
gradients into another such array and calls `update` on pieces that fit into the processor's cache. (For
a small network this also saves most of the time: a dozen NumPy calls a step, instead of a dozen a
parameter.)
"""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import refuse_unknown, user_line
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.tensor import describe, value

PIECE = 32_768  # numbers; a few vectors of this length fit into a second-level cache


class Optimizer:
    """Base of optimizers. A new one gives `states` and `update`.

    parameters   what `model.parameters()` gives
    lr           the learning rate; may be changed at any time
    t            steps taken

    Raises TypeError for anything but Parameters and for arguments that the optimizer does not have;
    ValueError for a learning rate that is not a positive number.
    """

    states: tuple[str, ...] = ()  # names of the vectors that `update` remembers, zero at first

    def __new__(cls, *args: Any, **kwargs: Any) -> Optimizer:
        refuse_unknown(cls, kwargs)
        return super().__new__(cls)

    def __init__(self, parameters: Iterable[Parameter], lr: float):
        self.lr = in_range("lr", lr, "a positive number", lambda x: x > 0)
        self.parameters = _demand_parameters(parameters, type(self).__name__)
        self.t = 0
        self._vectors = [
            _Vector([p for p in self.parameters if p.dtype == dtype], self.states)
            for dtype in dict.fromkeys(p.dtype for p in self.parameters)
        ]

    def __repr__(self) -> str:
        names = [n for n in inspect.signature(type(self).__init__).parameters if hasattr(self, n)]
        settings = [f"{n}={getattr(self, n)!r}" for n in names if n != "parameters"]
        return f"{type(self).__name__}({', '.join(settings)})"

    def zero_grad(self) -> None:
        """Forgets the gradients, which backward() would otherwise add to."""
        for parameter in self.parameters:
            parameter._grad = None

    def step(self) -> None:
        """Changes every parameter that has a gradient. Raises RuntimeError if none has."""
        if all(p._grad is None for p in self.parameters):
            raise RuntimeError(
                f"{type(self).__name__}.step(): none of the {len(self.parameters)} parameters has a "
                f"gradient.{user_line()}\n  Try: loss.backward() before it, with a loss that is "
                "computed from these very parameters"
            )
        self.t += 1
        self.begin_step()
        for vector in self._vectors:
            for piece in vector.pieces_with_gradients():
                self.update(*piece)

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on besides the parameters."""
        moving = {
            f"{vector.w.dtype}.{name}": state.copy()
            for vector in self._vectors
            for name, state in zip(self.states, vector.states, strict=True)
        }
        return {"t": self.t, "lr": self.lr, **moving}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        mine = self.state_dict()
        if state.keys() != mine.keys() or any(np.shape(state[k]) != np.shape(mine[k]) for k in mine):
            raise ValueError(f"the state is not of this {type(self).__name__}.{user_line()}")
        self.t, self.lr = state["t"], state["lr"]
        for vector in self._vectors:
            for name, kept in zip(self.states, vector.states, strict=True):
                kept[...] = state[f"{vector.w.dtype}.{name}"]

    def begin_step(self) -> None:
        """What is the same for all numbers of a step, such as a bias correction that depends on t."""

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        """Changes a piece of w, given its gradient g, in place. tmp is memory to compute in."""
        raise NotImplementedError


class _Vector:
    """Parameters of one dtype, end to end in `w`, with their gradients in `g` and states beside them."""

    def __init__(self, parameters: list[Parameter], states: tuple[str, ...]):
        self._lay_out(parameters)
        self.states = [np.zeros_like(self.w) for _ in states]

    def _lay_out(self, parameters: list[Parameter]) -> None:
        size, dtype = sum(p.size for p in parameters), parameters[0].dtype
        self.parameters = parameters
        self.w, self.g = np.empty(size, dtype), np.zeros(size, dtype)
        self.tmp = np.empty(min(size, PIECE), dtype)
        self.places: list[slice] = []
        self.views: list[tuple[np.ndarray, np.ndarray]] = []
        start = 0
        for p in parameters:
            place = slice(start, start + p.size)
            views = self.w[place].reshape(p.shape), self.g[place].reshape(p.shape)
            views[0][...] = p.data
            p.data = views[0]
            self.places.append(place)
            self.views.append(views)
            start = place.stop

    def __getstate__(self) -> Any:
        return self.parameters, self.states

    def __setstate__(self, kept: Any) -> None:
        """A copy, or what was pickled, needs views of its own: copied views are no views any more."""
        parameters, self.states = kept
        self._lay_out(parameters)

    def pieces_with_gradients(self) -> Any:
        """(w, g, tmp, *states), piece by piece, for the parameters that have a gradient.

        Neighbours that have one make a run, from `start` to `stop`; a parameter without ends it. (As a
        rule there is one run: everything.)
        """
        start = stop = 0
        for p, place, (w, g) in zip(self.parameters, self.places, self.views, strict=True):
            if p.data is not w:  # somebody assigned to .data: their numbers count
                if p.data.shape != w.shape or p.data.dtype != w.dtype:
                    raise ValueError(
                        f"{describe(p)} was {w.shape} {w.dtype} when the optimizer was made."
                        f"{user_line()}\n  Try: a new optimizer after changing the model"
                    )
                w[...] = p.data
                p.data = w
            if p._grad is None:
                yield from self._pieces(start, stop)
                start = place.stop
            else:
                g[...] = value(p._grad)
            stop = place.stop if p._grad is not None else start
        yield from self._pieces(start, stop)

    def _pieces(self, start: int, stop: int) -> Any:
        for i in range(start, stop, PIECE):
            part = slice(i, min(i + PIECE, stop))
            yield (self.w[part], self.g[part], self.tmp[: part.stop - i],
                   *(state[part] for state in self.states))  # fmt: skip


def _demand_parameters(parameters: Any, called: str) -> list[Parameter]:
    if isinstance(parameters, Module):
        raise TypeError(
            f"{called} takes parameters, not the {type(parameters).__name__} itself.{user_line()}"
            f"\n  Try: {called}(model.parameters())"
        )
    if isinstance(parameters, Parameter):
        raise TypeError(f"{called} takes a list of parameters.{user_line()}\n  Try: [parameter]")
    unique = list({id(p): p for p in parameters}.values())
    for p in unique:
        if not isinstance(p, Parameter):
            raise TypeError(
                f"{called} got {describe(p)}, of type {type(p).__name__}, which is not a Parameter and "
                f"would not be learned.{user_line()}\n  Try: Parameter(array)"
            )
    if not unique:
        raise ValueError(
            f"{called} got no parameters.{user_line()}\n  Try: model.parameters(), where the model has "
            "Parameters (not plain arrays) or layers as attributes"
        )
    return unique


def in_range(name: str, number: Any, wanted: str, fits: Any) -> Any:
    """The number, if it is one and fits; ValueError otherwise."""
    if not isinstance(number, numbers.Real) or not math.isfinite(number) or not fits(number):
        raise ValueError(f"{name} must be {wanted}, not {number!r}.{user_line()}")
    return number
