"""Networks with a memory: a sequence is read step by step, and a state carries on what was read.

A cell takes one step, and a layer is a cell that reads all steps. The formulas are in
`tinygrad_edu/ops/recurrent.py`, first those of a step and then those of whole sequences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn.initializers import glorot_uniform, orthogonal
from tinygrad_edu.nn.linear import demand_sizes, in_precision_of
from tinygrad_edu.nn.module import Module, Parameter, layer_before, module_path
from tinygrad_edu.ops.recurrent import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from tinygrad_edu.tensor import value


class RecurrentCell(Module):
    """One step of SimpleRNN, LSTM or GRU, for a loop over time by hand.    x: (N, inputs)

        h = None
        for t in range(x.shape[1]):
            h = cell(x[:, t], h)

    The result is the state after the step, h (N, units), or of an LSTMCell (h, c); `states` is the one
    before it, and without it all are 0. The layer of that name is a cell with a loop of its own, which is
    faster: both have the same parameters under the same names.

    W (inputs, gates · units) starts from glorot_uniform, U (units, gates · units) orthogonal, b from
    zeros; `rng` is a seed or a numpy.random.Generator. With inputs=None the first x tells it. Raises
    ValueError for shapes that do not fit.
    """

    gates: int
    states: tuple[str, ...] = ("h",)
    cell: Callable

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs, units=units)
        self.inputs: Any = inputs
        self.units = units
        self._start = np.random.default_rng(rng), dtype
        self.make_when_known(inputs)

    def make(self, inputs: int) -> None:
        rng, dtype = self.__dict__.pop("_start")
        self.inputs = inputs
        width = self.gates * self.units
        self.W = Parameter(glorot_uniform(rng, (inputs, width), dtype))
        self.U = Parameter(orthogonal(rng, (self.units, width), dtype))
        self.b = Parameter(self.first_bias(dtype))

    def first_bias(self, dtype: Any) -> np.ndarray:
        return np.zeros(self.gates * self.units, dtype)

    def step(self, x: Any, *states: Any) -> Any:
        """The states after one step: x (N, inputs), each state (N, units). For one that is fed its output."""
        return type(self).cell(x, *states, self.W, self.U, self.b)

    def forward(self, x: Any, states: Any = None) -> Any:
        x = in_precision_of(self.W, x)
        if x.ndim != 2 or x.shape[1] != self.inputs:
            hint = f"{type(self).__name__}({x.shape[-1] if x.ndim else 1}, {self.units}) here"
            if x.ndim == 3:
                hint = (
                    f"x[:, t], or {type(self).__name__.removesuffix('Cell')}, which reads all steps"
                )
            elif x.ndim == 1:
                hint = "x[None] for one sequence"
            raise refusal(
                ValueError,
                f"{module_path(self)} got x of shape {x.shape}: it takes one step, (N, "
                f"{self.inputs}).",
                f"{hint}",
            )
        after = self.step(x, *self._states(states, x.shape[0], "states", "the step before gave"))
        return after if len(self.states) > 1 else after[0]

    def _states(self, given: Any, n: int, called: str, source: str) -> list[Any]:
        """The states before, each (N, units)."""
        wanted = n, self.units
        if given is None:
            return [np.zeros(wanted, self.W.dtype) for _ in self.states]
        states = given if isinstance(given, (tuple, list)) else (given,)
        shapes = [np.shape(value(state)) for state in states]
        if shapes != [wanted] * len(self.states):
            names = ", ".join(self.states)
            raise refusal(
                ValueError,
                f"{module_path(self)} got {called} of shape {' and '.join(map(str, shapes))}: "
                f"it takes {names}, {wanted}{' each' if len(self.states) > 1 else ''}.",
                f"{called}=({names}), as {source} them",
            )
        return [in_precision_of(self.W, state) for state in states]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inputs}, {self.units})"


class SimpleRNNCell(RecurrentCell):
    """h' = tanh(x W + h U + b): see `RecurrentCell` for the arguments. Elman 1990.

    >>> SimpleRNNCell(3, 8, rng=0)(np.zeros((2, 3))).shape
    (2, 8)
    """

    gates, cell = 1, staticmethod(rnn_cell)


class LSTMCell(RecurrentCell):
    """c' = f c + i a, h' = o tanh c', with gates i, f, o = σ(x W + h U + b) and a = tanh(...) alike.

    W (inputs, 4 units), U (units, 4 units) and b (4 units) hold i, f, a, o side by side, and b starts
    from 1 for f: at first nothing is forgotten. See `RecurrentCell` for the arguments. Hochreiter and
    Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    >>> h, c = LSTMCell(3, 8, rng=0)(np.zeros((2, 3)))
    >>> h.shape, c.shape
    ((2, 8), (2, 8))
    """

    gates, cell = 4, staticmethod(lstm_cell)
    states = ("h", "c")

    def first_bias(self, dtype: Any) -> np.ndarray:
        return np.repeat(np.array([0, 1, 0, 0], dtype), self.units)


class GRUCell(RecurrentCell):
    """h' = z h + (1 - z) a, with gates z, r = σ(x W + h U + b) and a = tanh(x W + b₀ + r (h U + b₁)).

    W (inputs, 3 units), U (units, 3 units) and b (2, 3 units) hold z, r, a side by side; b has a row for
    x and one for h. With reset_after=False a = tanh(x W + (r h) U + b) and b (3 units), as first
    published. See `RecurrentCell` for the other arguments. Cho et al. 2014.
    """

    gates, cell = 3, staticmethod(gru_cell)

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        reset_after: bool = True,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        self.reset_after = reset_after
        super().__init__(inputs, units, rng=rng, dtype=dtype)

    def first_bias(self, dtype: Any) -> np.ndarray:
        return np.zeros((2, 3 * self.units) if self.reset_after else 3 * self.units, dtype)

    def __repr__(self) -> str:
        told = super().__repr__()
        return told if self.reset_after else f"{told[:-1]}, reset_after=False)"


class Recurrent(RecurrentCell):
    """What SimpleRNN, LSTM and GRU share.    x: (N, T, inputs); y: (N, units), or (N, T, units)

    return_sequences   y is the state h after every step, and not only after the last
    return_state       y is followed by the last states: (y, h), of an LSTM (y, h, c)
    go_backwards       the steps are read from the last to the first (and y has them in that order)

    Called with x alone it starts from zeros. `initial_state` is another start, h (N, units) or, of an
    LSTM, (h, c). `mask` (N, T) is False at steps to be passed over: the state stays as it was, and so
    does y (which is 0 before the first step that counts). For the parameters and the other arguments
    see `RecurrentCell`.

    Raises ValueError for shapes that do not fit, TypeError for a mask that is not of truth values.
    """

    sequence: Callable

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        self.go_backwards = go_backwards
        self.return_sequences, self.return_state = return_sequences, return_state
        super().__init__(inputs, units, rng=rng, dtype=dtype)

    def forward(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        x = in_precision_of(self.W, x)
        self._demand_sequences(x.shape)
        states = self._states(initial_state, x.shape[0], "initial_state", "return_state=True gives")
        x = np.swapaxes(x, 0, 1)
        steps = slice(None, None, -1 if self.go_backwards else None)
        if mask is not None:
            mask = self._mask(mask, (x.shape[1], x.shape[0])).T[steps, :, None]
        outputs, last = type(self).sequence(x[steps], *states, self.W, self.U, self.b, mask=mask)
        y = outputs if self.return_sequences else last[0]
        if mask is not None and initial_state is not None:
            begun = np.logical_or.accumulate(mask)
            y = y * (begun if self.return_sequences else begun[-1]).astype(y.dtype)
        y = np.swapaxes(y, 0, 1) if self.return_sequences else y
        return (y, *last) if self.return_state else y

    def _demand_sequences(self, shape: tuple[int, ...]) -> None:
        if len(shape) == 3 and shape[2] == self.inputs and shape[1] > 0:
            return
        hint = f"{type(self).__name__}({shape[-1] if shape else 1}, {self.units}) here"
        if len(shape) == 2:
            hint = "x[None] for one sequence; x[:, :, None], if each step is one number"
            path, before = layer_before(self)
            inner = before.forwards if isinstance(before, Bidirectional) else before
            if isinstance(inner, Recurrent) and not inner.return_sequences:
                kind = type(inner).__name__
                hint = (
                    f"{kind}({inner.inputs}, {inner.units}, return_sequences=True) as layer {path}"
                )
        elif len(shape) == 3 and shape[1] == self.inputs:
            hint = "np.swapaxes(x, 1, 2), if time is the last axis of x"
        elif 0 in shape:
            hint = "sequences of one step or more"
        elif len(shape) != 3:
            hint = f"x.reshape(...) to (N, T, {self.inputs})"
        raise refusal(
            ValueError,
            f"{module_path(self)} got x of shape {shape}: it takes (N, T, {self.inputs}), T "
            "from 1.",
            f"{hint}",
        )

    def _mask(self, mask: Any, wanted: tuple[int, int]) -> np.ndarray:
        mask = np.asarray(value(mask))
        if mask.shape != wanted:
            raise ValueError(
                f"{module_path(self)} got a mask of shape {mask.shape} for {wanted[0]} sequences of "
                f"{wanted[1]} steps: it takes {wanted}.{user_line()}\n  Try: "
                + ("mask.T" if mask.shape == wanted[::-1] else "one truth value for each step")
            )
        if mask.dtype != bool:
            raise refusal(
                TypeError,
                f"{module_path(self)} got a mask of {mask.dtype}: it takes truth values.",
                "mask.astype(bool), True at the steps that count",
            )
        return mask

    def __repr__(self) -> str:
        settings = [
            f", {name}=True"
            for name in ("return_sequences", "return_state", "go_backwards")
            if getattr(self, name)
        ]
        return f"{super().__repr__()[:-1]}{''.join(settings)})"


class SimpleRNN(SimpleRNNCell, Recurrent):
    """h' = tanh(x W + h U + b) at every step: see `Recurrent` for the arguments. Elman 1990.

    >>> SimpleRNN(3, 8, rng=0)(np.zeros((2, 5, 3))).shape
    (2, 8)
    """

    sequence = staticmethod(rnn)


class LSTM(LSTMCell, Recurrent):
    """c' = f c + i a, h' = o tanh c' at every step, with the gates and the parameters of LSTMCell.

    See `Recurrent` for the arguments. Hochreiter and Schmidhuber 1997, with the forget gate of Gers et
    al. 2000.

    >>> y, h, c = LSTM(3, 8, return_sequences=True, return_state=True, rng=0)(np.zeros((2, 5, 3)))
    >>> y.shape, h.shape, c.shape
    ((2, 5, 8), (2, 8), (2, 8))
    """

    sequence = staticmethod(lstm)


class GRU(GRUCell, Recurrent):
    """h' = z h + (1 - z) a at every step, with the gates, the parameters and the reset_after of GRUCell.

    See `Recurrent` for the other arguments. Cho et al. 2014.
    """

    sequence = staticmethod(gru)

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        reset_after: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        self.reset_after = reset_after
        Recurrent.__init__(
            self, inputs, units, return_sequences=return_sequences, return_state=return_state,
            go_backwards=go_backwards, rng=rng, dtype=dtype,
        )  # fmt: skip


class Bidirectional(Module):
    """Two recurrent layers, one of which reads x from its end: y = [forward, backward], side by side.

    backward   a layer with go_backwards=True; what it says of a step is put beside what `forward` says of it
    merge      "concat": side by side; "sum": added

    With return_sequences y is 0 at steps that the mask passes over. With return_state in both layers
    the states of `forward` follow y, then those of `backward`; `initial_state` is given in the same order.
    Schuster and Paliwal 1997; Keras's Bidirectional.

    Raises ValueError if the two do not read in opposite directions, or return different things.

    >>> both = Bidirectional(LSTM(3, 8, rng=0), LSTM(3, 8, go_backwards=True, rng=1))
    >>> both(np.zeros((2, 5, 3))).shape
    (2, 16)
    """

    def __init__(self, forward: Recurrent, backward: Recurrent, *, merge: str = "concat"):
        for layer in (forward, backward):
            if not isinstance(layer, Recurrent):
                raise refusal(
                    TypeError,
                    f"Bidirectional: {layer!r} is no SimpleRNN, LSTM or GRU.",
                    "Bidirectional(LSTM(8, 16), LSTM(8, 16, go_backwards=True))",
                )
        if forward.go_backwards or not backward.go_backwards:
            raise refusal(
                ValueError,
                "Bidirectional: the second layer, and only it, reads backwards; got "
                f"{forward!r} and {backward!r}.",
                "go_backwards=True in the second layer",
            )
        for name in ("return_sequences", "return_state"):
            if getattr(forward, name) != getattr(backward, name):
                raise refusal(
                    ValueError,
                    f"Bidirectional: {name} differs in {forward!r} and {backward!r}.",
                    f"the same {name} in both",
                )
        if merge not in ("concat", "sum"):
            raise refusal(ValueError, f"Bidirectional(merge={merge!r}): 'concat' or 'sum'.")
        if merge == "sum" and forward.units != backward.units:
            raise refusal(
                ValueError,
                f"Bidirectional: {forward.units} and {backward.units} units cannot be added.",
                "merge='concat', or the same number of units",
            )
        self.forwards, self.backwards, self.merge = forward, backward, merge

    def forward(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        first, second = None, None
        if initial_state is not None:
            states = len(self.forwards.states)
            first, second = initial_state[:states], initial_state[states:]
        one = self.forwards(x, initial_state=first, mask=mask)
        two = self.backwards(x, initial_state=second, mask=mask)
        (y, *last), (back, *last_back) = (
            (ys if self.forwards.return_state else (ys,)) for ys in (one, two)
        )
        if self.forwards.return_sequences:
            back = back[:, ::-1]
        y = y + back if self.merge == "sum" else np.concatenate([y, back], axis=-1)
        if mask is not None and self.forwards.return_sequences:
            y = y * np.asarray(value(mask))[:, :, None].astype(y.dtype)
        return (y, *last, *last_back) if self.forwards.return_state else y
