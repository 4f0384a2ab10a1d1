"""Play: the same graph with other numbers, computed before the reader asks for it.

    Graph(loss).save("loss.html", play={"a": (-3, 3)})     a slider for a: all values and gradients follow
    Graph(loss).save("loss.html", rate=0.1)                a button: one step of gradient descent

A graph records which operation made what from what, so it can be computed again with another number in a
leaf. This is done here, by the operations and derivative rules that made the graph; the page only chooses
among the results.

What left the graph stays as it was: the condition `x > 0` in `np.where(x > 0, x, 0)` is a plain array, and is
not computed again. (The page says so.) `ops.relu(x)` and `np.maximum(x, 0)` have no such condition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED, gradients
from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.terminal import printable
from tinygrad_edu.viz.build_graph import Reader
from tinygrad_edu.viz.nodes import GraphData

MOST_OPERATIONS = 300  # of a graph that is computed again
MOST_NUMBERS = 100_000  # in its leaves, which are copied
MOST_MOVED = 9  # numbers of a leaf: each gets a slider
POINTS = 61  # of a slider
MOST_POINTS = 1001
STEPS = 20  # of gradient descent


@dataclass
class Slider:
    """One number of a leaf, and the graph at each of its points.

    node     the leaf
    place    of the number in the array of the leaf; () of a single number
    points   the numbers that it takes, in ascending order, among them its own
    start    the place of its own
    graphs   one for each point
    kept     operations that use a condition or an index of plain arrays, which stays as it was recorded
    """

    node: int
    place: tuple[int, ...]
    points: list[float]
    start: int
    graphs: list[GraphData]
    kept: list[int]


@dataclass
class Play:
    """What a reader can do with the numbers of a graph.

    rate      the learning rate of the steps of gradient descent
    descent   the graph after 0, 1, 2, ... steps
    """

    sliders: list[Slider] = field(default_factory=list)
    rate: float | None = None
    descent: list[GraphData] = field(default_factory=list)


class Recording:
    """The operations that made a Tensor, kept so that they can be computed again.

    It keeps copies of the leaves, and is not touched by `backward()` or by an optimizer.
    """

    def __init__(self, reader: Reader):
        self.settings = reader.settings
        self.twins: dict[Tensor, Tensor] = {}
        self.operations: list[Tensor] = []
        for y in reader.operations:
            inputs = tuple(self._kept(x) for x in y.inputs)
            self.twins[y] = _twin(y, y.data, inputs)
            self.operations.append(self.twins[y])
        self.result = self._kept(reader.result)
        self.nodes = {
            node.number: self.twins[x]
            for node, x in zip(reader.nodes, reader.tensors, strict=True)
            if isinstance(x, Tensor) and x in self.twins
        }

    def _kept(self, x: Any) -> Any:
        if isinstance(x, Tensor) and x not in self.twins:
            self.twins[x] = _twin(x, x.data.copy(), ())
        return self.twins[x] if isinstance(x, Tensor) else x

    def again(self, leaves: Mapping[Tensor, np.ndarray]) -> dict[Tensor, Tensor]:
        """Computes with other arrays in some leaves: by each Tensor that depends on them, the new one."""
        made: dict[Tensor, Tensor] = {x: _twin(x, data, ()) for x, data in leaves.items()}
        with np.errstate(all="ignore"):
            for y in self.operations:
                if any(isinstance(x, Tensor) and x in made for x in y.inputs):
                    inputs = tuple(made.get(x, x) if isinstance(x, Tensor) else x for x in y.inputs)
                    row: Any = y.op
                    data = np.asarray(row.forward(*map(value, inputs), **y.params)).view()
                    data.setflags(write=False)  # as the array of every result
                    made[y] = _twin(y, data, inputs)
        return made

    def graph(self, leaves: Mapping[Tensor, np.ndarray]) -> GraphData:
        """The graph with other arrays in some leaves."""
        result = self.again(leaves).get(self.result, self.result)
        return Reader(result, *self.settings).graph

    def made_from(self, leaves: Sequence[Tensor]) -> list[Tensor]:
        """The operations whose results depend on the leaves."""
        found = dict.fromkeys(leaves)
        for y in self.operations:
            if any(isinstance(x, Tensor) and x in found for x in y.inputs):
                found[y] = None
        return list(found)[len(leaves) :]


def recorded(reader: Reader) -> Recording | None:
    """What is needed to compute a graph again; None of a large graph, and of one that was freed."""
    operations = reader.operations
    leaves = {x for y in operations for x in y.inputs if isinstance(x, Tensor) and not x.op}
    if len(operations) > MOST_OPERATIONS or sum(x.size for x in leaves) > MOST_NUMBERS:
        return None
    return None if any(y.op is FREED for y in operations) else Recording(reader)


def _twin(x: Tensor, data: np.ndarray, inputs: tuple) -> Tensor:
    """A Tensor that was made as x, from other inputs."""
    twin = type(x).__new__(type(x))
    for name in ("created_at", "name", "op", "order", "params", "requires_grad", "scope"):
        setattr(twin, name, getattr(x, name))
    twin.data, twin.inputs, twin._grad, twin.checksums = data, inputs, None, ()
    return twin


def computed(
    graph: GraphData,
    recording: Recording | None,
    play: Mapping[str, Sequence[float]] | None,
    rate: float | None,
) -> Play | None:
    """All that the page of a graph can show; None if nothing is to be played with.

    play   name of a leaf: (smallest, largest), or (smallest, largest, number of points)
    rate   learning rate of the steps of gradient descent
    """
    if play is None and rate is None:
        return None
    if play is not None and not isinstance(play, Mapping):
        raise refusal(
            TypeError,
            f"play={shortened(play)}: which leaves can be moved, and how far.",
            'play={"a": (-3, 3)}',
        )
    if recording is None:
        raise _not_recorded(graph)
    sliders: list[Slider] = []
    for name, limits in (play or {}).items():
        sliders += _sliders(graph, recording, name, limits)
    descent = [] if rate is None else _descent(graph, recording, rate)
    return Play(sliders, rate, descent)


def _not_recorded(graph: GraphData) -> Exception:
    kinds = {node.kind for node in graph.nodes}
    if "freed" in kinds:
        what = "backward() has freed this graph, so it cannot be computed again."
        hint = "Graph(loss).save(...) before backward(), or backward(retain_graph=True)"
    elif "failed" in kinds:
        what = "an operation of this graph failed, so it cannot be computed again."
        hint = "the page without play= and rate="
    else:
        what = (
            f"the graph is too large to compute it for each point: play takes at most {MOST_OPERATIONS} "
            f"operations and {MOST_NUMBERS:,} numbers in the leaves."
        )
        hint = "the graph of a smaller part, of fewer examples, or of a smaller model"
    return refusal(ValueError, what, hint)


# ------------------------------------------------------------------------------------------ sliders


def _sliders(graph: GraphData, recording: Recording, name: str, limits: Any) -> Iterator[Slider]:
    """A slider for each number of a leaf."""
    number, leaf = _leaf(graph, recording, name)
    low, high, count = _limits(name, limits)
    used = recording.made_from([leaf])
    _demand_no_randomness(used, f"{name!r} goes")
    numbers = {y: node for node, y in recording.nodes.items()}
    kept = [numbers[y] for y in used if _has_plain_condition(y) and y in numbers]
    for place in np.ndindex(leaf.shape):
        own = float(leaf.data[place])
        points = [float(x) for x in np.linspace(low, high, count).round(12).astype(leaf.dtype)]
        points = sorted({*points, own})
        graphs = []
        for point in points:
            data = leaf.data.copy()
            data[place] = point
            graphs.append(_graph(graph, recording, {leaf: data}, f"{name} = {point:.4g}"))
        yield Slider(number, place, points, points.index(own), graphs, kept)


def _leaf(graph: GraphData, recording: Recording, name: str) -> tuple[int, Tensor]:
    """The leaf of this name, and its first node."""
    named = [node for node in graph.nodes if node.leaf and node.number in recording.nodes]
    found = {node.same: recording.nodes[node.same] for node in named if node.title == name}
    if len(found) == 1:
        number, leaf = found.popitem()
        _demand_movable(name, leaf)
        return number, leaf
    if found:
        raise refusal(
            ValueError,
            f"{len(found)} leaves of the graph are called {name!r}.",
            f'a name of its own for the one to move, as in model[0].W.name = "first {printable(name)}"',
        )
    if any(node.leaf and node.title == name for node in graph.nodes):
        raise refusal(
            ValueError,
            f"play: {name!r} is a plain array, which has no derivative.",
            f'Tensor(..., requires_grad=True, name="{printable(name)}") in its place',
        )
    names = ", ".join(dict.fromkeys(printable(node.title) for node in named)) or "none with a name"
    raise refusal(
        ValueError,
        f"play: the graph has no leaf called {shortened(name)}; it has {names}.",
        'one of these, or a name for a leaf: Tensor(2.0, requires_grad=True, name="a")',
    )


def _demand_movable(name: str, leaf: Tensor) -> None:
    if leaf.dtype.kind != "f":
        raise refusal(
            ValueError,
            f"play: {name!r} holds {leaf.dtype}, and only floating point numbers move continuously.",
            "a leaf of floats; to compare a few whole numbers, save a graph of each",
        )
    if leaf.size > MOST_MOVED or not leaf.size:
        raise refusal(
            ValueError,
            f"play: {name!r} has {leaf.size:,} numbers, and each would get a slider: there may be 1 to "
            f"{MOST_MOVED}.",
            "a single number that it is multiplied by, as in (a * W) with "
            'a = Tensor(1.0, requires_grad=True, name="a")',
        )


def _limits(name: str, limits: Any) -> tuple[float, float, int]:
    try:
        low, high, count = (*limits, POINTS)[:3] if len(limits) in (2, 3) else ()
        low, high, count = float(low), float(high), int(count)
    except (TypeError, ValueError):
        low = high = math.nan
        count = 0
    if not (math.isfinite(high - low) and low < high and 2 <= count <= MOST_POINTS):
        raise refusal(
            ValueError,
            f"play={{{name!r}: {shortened(limits)}}}: the smallest and the largest number, and if you like "
            f"the number of points, from 2 to {MOST_POINTS}.",
            f"play={{{name!r}: (-3, 3)}}",
        )
    return low, high, count


def _demand_no_randomness(operations: list[Tensor], who: str) -> None:
    for y in operations:
        for module in y.scope:
            if module.training and getattr(module, "rng", None) is not None:
                raise refusal(
                    ValueError,
                    f"{who} through {type(module).__name__}, which draws new random numbers each time, so "
                    "no point could be compared with another.",
                    "model.eval() before the loss is computed",
                )


def _has_plain_condition(y: Tensor) -> bool:
    """Does the operation use a plain array of booleans, which may have been computed from a leaf?"""
    parts = [part for x in y.params.values() for part in (x if isinstance(x, tuple) else (x,))]
    return any(isinstance(x, np.ndarray) and x.dtype == bool for x in (*y.inputs, *parts))


def _graph(
    graph: GraphData, recording: Recording, leaves: Mapping[Tensor, np.ndarray], where: str
) -> GraphData:
    """The graph with other leaves; it has the same nodes and steps."""
    try:
        other = recording.graph(leaves)
    except Exception as error:  # NumPy's, of a matrix that is singular there
        raise refusal(
            ValueError, f"play: at {where} the graph cannot be computed: {error}.", "another range"
        ) from error
    if len(other.nodes) != len(graph.nodes) or len(other.steps) != len(graph.steps):
        raise refusal(
            ValueError,
            f"play: at {where} the backward pass is another: {other.no_gradient or 'it has other steps'}.",
            "another range",
        )
    return other


# ---------------------------------------------------------------------------------- gradient descent


def _descent(graph: GraphData, recording: Recording, rate: Any) -> list[GraphData]:
    """The graph after 0, 1, 2, ... steps, in which each leaf w with a gradient becomes w - rate · dL/dw."""
    try:
        is_rate = math.isfinite(rate) and rate > 0
    except TypeError:
        is_rate = False
    if not is_rate:
        raise refusal(
            ValueError, f"rate={shortened(rate)}: a learning rate is above 0.", "rate=0.1"
        )
    learned = [x for x in recording.twins.values() if not x.op and x.requires_grad]
    if graph.no_gradient or not graph.steps or not learned:
        why = graph.no_gradient or "nothing that the result was made from requires a gradient"
        raise refusal(
            ValueError,
            f"rate={rate}: there is no way down: {why}.",
            "a loss, which is a single number, of a Tensor with requires_grad=True",
        )
    _demand_no_randomness(recording.made_from(learned), "the loss goes")
    arrays = {x: x.data for x in learned}
    graphs = []
    for k in range(STEPS + 1):
        graphs.append(_graph(graph, recording, arrays, f"step {k}"))
        made = recording.again(arrays)
        loss = made[recording.result]
        with np.errstate(all="ignore"):
            slopes = gradients({loss: np.ones_like(loss.data)}, [made[x] for x in learned])
            arrays = {x: arrays[x] - rate * g.data for x, g in zip(learned, slopes, strict=True)}
    return graphs
