"""Networks with a memory: they read a sequence step by step, and keep what they read in a state.

A cell takes one step; a layer is a cell that reads all steps. `tinygrad_edu/ops/recurrent.py` has the
formulas, first those of a step and then those of whole sequences.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import (
    Shape,
    demand_axes,
    demand_layers,
    demand_one_of,
    demand_probability,
    demand_sizes,
    note_mode,
)
from tinygrad_edu.nn.initializers import glorot_uniform, orthogonal
from tinygrad_edu.nn.layer_tools import as_array, in_precision_of
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.noise import kept
from tinygrad_edu.nn.sequence_checks import (
    demand_cell,
    demand_one_step,
    demand_same_batch,
    demand_same_units,
    demand_sequences,
    demand_states,
    demand_step_mask,
    demand_two_directions,
)
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.ops.recurrent import along_time, gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from tinygrad_edu.tensor import value

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedCells",
    "TimeDistributed",
]


class RecurrentCell(SizedByInput):
    """One step of SimpleRNN, LSTM or GRU, for a loop over time by hand.    x: (N, inputs)

        h = None
        for t in range(x.shape[1]):
            h = cell(x[:, t], h)

    The result is the state after the step: h (N, units), or for an LSTMCell (h, c). `states` is the state
    before the step; without it, all states are 0. The layer of the same name is a cell with a loop of its
    own, which is faster; both have the same parameters under the same names.

    W (inputs, gates · units) starts from glorot_uniform, U (units, gates · units) orthogonal, b from
    zeros, or is left out with bias=False; `rng` is a seed or a numpy.random.Generator. If inputs is None,
    the first x tells it. Raises ValueError for shapes that do not fit.
    """

    gates: int
    states: tuple[str, ...] = ("h",)
    cell: Callable

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        bias: bool = True,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs, units=units)
        self.inputs, self.units, self.bias = inputs, units, bias
        self.make_now_or_later(np.random.default_rng(rng), dtype)

    def make(self, rng: np.random.Generator, dtype: Any) -> None:
        width = self.gates * self.units
        self.W = Parameter(glorot_uniform(rng, (self.inputs, width), dtype))
        self.U = Parameter(orthogonal(rng, (self.units, width), dtype))
        self.b = Parameter(self.first_bias(dtype)) if self.bias else None

    def weights(self) -> tuple[Any, Any, Any]:
        """W, U and b, or zeros instead of a bias that the layer does not have."""
        b = np.zeros_like(self.first_bias(self.W.dtype)) if self.b is None else self.b
        return self.W, self.U, b

    def first_bias(self, dtype: Any) -> np.ndarray:
        return np.zeros(self.gates * self.units, dtype)

    def demand_shape(self, shape: Shape) -> None:
        demand_one_step(self, shape)

    def step(self, x: Any, *states: Any) -> Any:
        """The states after one step of x (N, inputs), from the states before it, (N, units) each."""
        return type(self).cell(x, *states, *self.weights())

    def forward(self, x: Any, states: Any = None) -> Any:
        x = in_precision_of(self.W, x)
        self.demand_shape(x.shape)
        after = self.step(x, *self._states(states, len(x), "states", "the step before gave"))
        return after if len(self.states) > 1 else after[0]

    def output(self, states: Any) -> Any:
        """h, of what a step returned."""
        return states[0] if len(self.states) > 1 else states

    def _states(self, given: Any, n: int, called: str, giver: str) -> list[Any]:
        """The states before, (N, units) each; zeros if none are given."""
        wanted = n, self.units
        if given is None:
            return [np.zeros(wanted, self.W.dtype) for _ in self.states]
        states = given if isinstance(given, (tuple, list)) else (given,)
        demand_states(self, [np.shape(state) for state in states], wanted, called, giver)
        return [in_precision_of(self.W, state) for state in states]


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
        bias: bool = True,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        self.reset_after = reset_after
        super().__init__(inputs, units, bias=bias, rng=rng, dtype=dtype)

    def first_bias(self, dtype: Any) -> np.ndarray:
        return np.zeros((2, 3 * self.units) if self.reset_after else 3 * self.units, dtype)


class Recurrent(RecurrentCell):
    """What SimpleRNN, LSTM and GRU share.    x: (N, T, inputs); y: (N, units), or (N, T, units)

    return_sequences    y is the state h after every step, instead of the last one only
    return_state        the last states follow y: (y, h), or for an LSTM (y, h, c)
    go_backwards        reads the steps from the last to the first (y has them in that order)
    stateful            a call starts from the last states of the call before (without a gradient to it),
                        until `reset_state()`
    dropout             in training, the probability to drop a number of x, the same ones at all steps
    recurrent_dropout   likewise of h, where U is applied to it; slower, as it goes step by step (Gal and
                        Ghahramani 2016)

    The states start from zeros, or from `initial_state`: h (N, units), or for an LSTM (h, c). `mask` (N, T)
    is False at steps to be skipped: there the state stays as it was, and so does y (which is 0 before the
    first step that counts). For the parameters and the other arguments see `RecurrentCell`.

    Raises ValueError for shapes that do not fit, TypeError for a mask that does not hold truth values.
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
        stateful: bool = False,
        bias: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_probability(self, dropout=dropout, recurrent_dropout=recurrent_dropout)
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful = go_backwards, stateful
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        rng = np.random.default_rng(rng)
        self.rng: Any = rng if dropout or recurrent_dropout else None
        self.reset_state()
        RecurrentCell.__init__(self, inputs, units, bias=bias, rng=rng, dtype=dtype)

    def reset_state(self) -> None:
        """The next call starts from zeros again, if the layer is stateful."""
        self.last: Any = None

    def draw(self, rng: np.random.Generator) -> None:
        super().draw(rng)
        self.rng = self.rng and rng

    def forward(self, x: Any, initial_state: Any = None, mask: Any = None) -> Any:
        x = in_precision_of(self.W, x)
        self.demand_shape(x.shape)
        n, started = len(x), initial_state is not None
        if not started and self.last is not None:
            demand_same_batch(self, len(self.last[0]), n)
            initial_state = self.last
        states = self._states(initial_state, n, "initial_state", "return_state=True gives")
        steps = slice(None, None, -1 if self.go_backwards else None)
        if mask is not None:
            mask = np.asarray(value(mask))
            demand_step_mask(self, mask, x.shape[:2])
            mask = mask.T[steps, :, None]
        if self.rng is not None:
            note_mode(self)
        if self.training and self.dropout:
            x = x * kept(self.rng, self.dropout, (n, 1, self.inputs), self.W.dtype)
        x = np.swapaxes(x, 0, 1)[steps]
        if self.training and self.recurrent_dropout:
            keep = kept(self.rng, self.recurrent_dropout, (n, self.units), self.W.dtype)
            cell = functools.partial(type(self).cell, keep=keep)
            outputs, last = along_time(cell, x, states, self.weights(), mask)
        else:
            outputs, last = type(self).sequence(x, *states, *self.weights(), mask=mask)
        if self.stateful:
            self.last = [value(state).copy() for state in last]
        y = outputs if self.return_sequences else last[0]
        if mask is not None and started:
            begun = np.logical_or.accumulate(mask)
            y = y * (begun if self.return_sequences else begun[-1]).astype(y.dtype)
        y = np.swapaxes(y, 0, 1) if self.return_sequences else y
        return (y, *last) if self.return_state else y

    def demand_shape(self, shape: Shape) -> None:
        demand_sequences(self, shape)


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
    """h' = z h + (1 - z) a at every step, with the gates, the parameters and reset_after of GRUCell.

    See `Recurrent` for the other arguments. Cho et al. 2014.
    """

    sequence = staticmethod(gru)

    def __init__(
        self,
        inputs: int | None,
        units: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        reset_after: bool = True,
        bias: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        self.reset_after = reset_after
        Recurrent.__init__(
            self, inputs, units, return_sequences=return_sequences, return_state=return_state,
            go_backwards=go_backwards, stateful=stateful, bias=bias, dropout=dropout,
            recurrent_dropout=recurrent_dropout, rng=rng, dtype=dtype,
        )  # fmt: skip


class Bidirectional(Module):
    """Two recurrent layers, one of which reads x from its end: y = [forward, backward], side by side.

    backward   a layer with go_backwards=True; its output for a step is joined with that of `forward`
    merge      "concat": side by side; "sum": added; "ave": their mean; "mul": multiplied

    With return_sequences y is 0 at steps that the mask skips. With return_state in both layers the states
    of `forward` follow y, then those of `backward`; `initial_state` has the same order. Schuster and
    Paliwal 1997; Keras's Bidirectional.

    Raises ValueError if the two do not read in opposite directions, or return different things.

    >>> both = Bidirectional(LSTM(3, 8, rng=0), LSTM(3, 8, go_backwards=True, rng=1))
    >>> both(np.zeros((2, 5, 3))).shape
    (2, 16)
    """

    def __init__(self, forward: Recurrent, backward: Recurrent, *, merge: str = "concat"):
        demand_two_directions(forward, backward, Recurrent)
        demand_one_of(self, ("concat", "sum", "ave", "mul"), merge=merge)
        if merge != "concat":
            demand_same_units(forward, backward)
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
        y = self.merged(y, back)
        if mask is not None and self.forwards.return_sequences:
            y = y * np.asarray(value(mask))[:, :, None].astype(y.dtype)
        return (y, *last, *last_back) if self.forwards.return_state else y

    def merged(self, y: Any, back: Any) -> Any:
        if self.merge == "concat":
            return np.concatenate([y, back], axis=-1)
        if self.merge == "mul":
            return y * back
        return y + back if self.merge == "sum" else (y + back) / 2


class StackedCells(Module):
    """Cells one above another, as a single cell: each takes the output h of the one below.

    The state is a tuple of the state of each. Keras's StackedRNNCells; without a loop by hand, layers one
    after another do the same.

    >>> cells = StackedCells(LSTMCell(3, 8, rng=0), GRUCell(8, 4, rng=1))
    >>> RNN(cells, return_sequences=True)(np.zeros((2, 5, 3))).shape
    (2, 5, 4)
    """

    def __init__(self, *cells: Any):
        self.cells = list(cells)
        for i, cell in enumerate(cells):
            demand_cell(self, cell, f"cell {i}")

    def forward(self, x: Any, states: Any = None) -> tuple:
        after = []
        for cell, state in zip(self.cells, states or [None] * len(self.cells), strict=True):
            after.append(cell(x, state))
            x = cell.output(after[-1])
        return tuple(after)

    def output(self, states: Any) -> Any:
        return self.cells[-1].output(states[-1])


class RNN(Module):
    """Runs a cell over all steps of x (N, T, inputs), one after the other: the loop of `RecurrentCell`.

    cell    SimpleRNNCell, LSTMCell, GRUCell, StackedCells, or a Module of your own with forward(x, states),
            which gives the states after a step, and output(states), which gives y of it

    return_sequences, return_state and go_backwards are those of `LSTM`, which is faster. Keras's RNN.
    """

    def __init__(
        self,
        cell: Any,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
    ):
        demand_cell(self, cell, "cell")
        self.cell, self.return_sequences = cell, return_sequences
        self.return_state, self.go_backwards = return_state, go_backwards

    def forward(self, x: Any, initial_state: Any = None) -> Any:
        x = as_array(x)
        demand_axes(self, x.shape, 2)
        states, outputs = initial_state, []
        steps = range(x.shape[1])
        for t in reversed(steps) if self.go_backwards else steps:
            states = self.cell(x[:, t], states)
            outputs.append(self.cell.output(states))
        y = np.stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return (y, states) if self.return_state else y


class TimeDistributed(Module):
    """The same layer at every step: x (N, T, ...) -> y (N, T, ...), as if all steps were samples.

    Keras's TimeDistributed. (Linear and normalizations of the last axis need none.)
    """

    def __init__(self, layer: Callable):
        demand_layers(self, [layer], "TimeDistributed(Conv2d(1, 8, 3))")
        self.layer = layer

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        n, steps = x.shape[:2]
        y = self.layer(np.reshape(x, (n * steps, *x.shape[2:])))
        return np.reshape(y, (n, steps, *y.shape[1:]))
