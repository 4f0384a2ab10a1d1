"""Builds the contents of a graph from the notes that operations leave on their results.

In order: find the operations; put each into the box of the module call that it happened in; box
operations and modules that repeat; write nodes; follow the backward pass.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.diagnostics.changed_arrays import changed_input
from tinygrad_edu.diagnostics.words import (
    describe,
    line_made,
    named,
    refusal,
)
from tinygrad_edu.explaining import Explanation, explain
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.nn.calls import Call
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.viz.backward_steps import local_derivative, steps_back
from tinygrad_edu.viz.module_boxes import Box, Boxes, place_of
from tinygrad_edu.viz.nodes import Arrival, GraphData, Node, Snapshot, snapshot
from tinygrad_edu.viz.rounding import rounded_product, rounded_result, rounded_sum
from tinygrad_edu.viz.settings import axes_in_words, settings_of

LIMIT = 5000  # nodes; a larger picture can be drawn, but not read
MANY = 8  # a leaf with more uses than this is drawn beside each of them
INPUT = "input"  # the title of an array without a name that a module was given


class Reader:
    """Reads the graph of a Tensor.

    graph    its contents
    first    Tensor -> the number of its first node
    """

    def __init__(
        self, result: Tensor, depth: int | None = None, roll: bool = True, limit: int = LIMIT
    ):
        self.result, self.settings = result, (depth, roll, limit)
        self.operations = _operations(result, depth, limit)
        self.uses = Counter(x for y in self.operations for x in y.inputs if isinstance(x, Tensor))
        boxes = Boxes(depth)
        self.homes = {y: boxes.of(y) for y in self.operations}
        if roll:
            boxes.roll(self.homes)
        self.numbers: dict[Tensor, int] = {}  # the nodes that may be drawn as an input again
        self.first: dict[Tensor, int] = {}
        self.snapshot = functools.cache(lambda x: snapshot(x.data))
        self.layers: dict[int, int] = {}  # the node of each call that was not recorded
        self.lines: dict[Any, str] = {}  # the user's line of each place in a program
        self.nodes: list[Node] = []
        self.ordered = 0  # how many of them are operations
        self.tensors: list[Any] = []  # the Tensor or array of each node
        groups = boxes.groups()
        self._write_nodes(boxes.top)
        self.changed = _changed(self.operations)
        why = _no_gradient(self.operations, result)
        if self.changed and not why:
            why = "gradient not computed: numbers were changed after they had been used"
        steps, gradients, failed = self._backward() if self.operations and not why else ([], {}, "")
        for i, x in enumerate(self.tensors):
            if isinstance(x, Tensor):
                gradient = gradients.get(x)
                if not steps and x._grad is not None:  # left by an earlier backward()
                    gradient = snapshot(value(x._grad))
                self.nodes[i] = replace(self.nodes[i], gradient=gradient)
        note = self.changed or _note(self.operations, result)
        self.graph = GraphData(self.nodes, groups, steps, note, why or failed)

    # ---- nodes

    def _write_nodes(self, top: Box) -> None:
        """A node for each operation, or for all operations of a collapsed module; leaves before them."""
        unit = lambda y: id(self.homes[y] if self.homes[y].collapsed else y)
        for _, together in itertools.groupby(self.operations, unit):
            made = [*together]
            home = self.homes[made[0]]
            inputs = [*self._inputs(made, home)]
            if home.collapsed:
                self._write_module(made, home, inputs)
            else:
                self._write_operation(made[0], home, inputs)
            self.numbers |= dict.fromkeys(made, len(self.nodes) - 1)
        if not self.nodes:
            self._write_unrecorded(self.result, self.result.name or "Tensor", top)

    def _inputs(self, made: list[Tensor], home: Box) -> Iterator[int]:
        """The nodes that these operations take; a leaf that has none yet is written."""
        within, box = set(made), home.outer if home.collapsed else home
        for y in made:
            for i, x in enumerate(y.inputs):
                is_tensor = isinstance(x, Tensor)
                if home.collapsed:
                    if not is_tensor or isinstance(x, Parameter) or x in within:
                        continue
                    if not (x in self.numbers or x.name or x.requires_grad):
                        continue
                if is_tensor and x in self.numbers:
                    yield self.numbers[x]
                else:
                    inner = self._box(x, box, y.scope[: box.level])
                    yield self._write_unrecorded(x, _title(y, i), inner)

    def _box(self, x: Any, box: Box, scope: tuple[Module, ...]) -> Box:
        """The box of a leaf that an operation uses in this box, called in this scope.

        Parameters and constants stand where they are used, data where they were made: what is passed
        into a module stays outside of it, and so does what is passed into more than one step.
        """
        if isinstance(x, Tensor) and not isinstance(x, Parameter):
            pairs = zip(x.scope, scope, strict=False)
            level = len([*itertools.takewhile(lambda pair: pair[0] is pair[1], pairs)])
            passed_in = self.uses[x] <= MANY and (self.uses[x] > 1 or x.requires_grad)
            while box.outer and (box.level > level or (box.module is None and passed_in)):
                box = box.outer
        return box

    def _write_operation(self, y: Tensor, home: Box, inputs: list[int]) -> None:
        row: Any = y.op
        settings = settings_of(y)
        kind, title = ("result" if y is self.result else "operation"), row.name
        if row is FREED:
            kind, title = "freed", "freed operations"
        node = self._add(y, kind, title, settings, inputs, home.number)
        if y.created_at not in self.lines:
            self.lines[y.created_at] = line_made(y).removeprefix("\n  at ")
        line = self.lines[y.created_at]
        self.nodes[-1] = replace(
            node,
            row=_explained(row),
            line=line,
            name=y.name or "",
            axes=axes_in_words(y),
            rounding=rounded_result(y),
        )

    def _write_module(self, made: list[Tensor], home: Box, inputs: list[int]) -> None:
        """One node for all the operations of a call, with the value of the last of them."""
        learned = {x for y in made for x in y.inputs if isinstance(x, Parameter)}
        about = "1 operation" if len(made) == 1 else f"{len(made):,} operations"
        if learned:
            about += f", {sum(x.size for x in learned):,} parameters"
        inputs = [*dict.fromkeys(inputs)]
        self._add(made[-1], "module", home.label, about, inputs, home.outer.number)

    def _write_unrecorded(self, x: Any, title: str, box: Box) -> int:
        """A leaf; before it, if no gradient was needed there, the layers that its numbers went through."""
        if not isinstance(x, Tensor) or isinstance(x, Parameter) or x.requires_grad or x.name:
            return self._write_leaf(x, title, box.number)
        if (turned := self._turned(x)) is not None:
            node = self._add(x, "operation", "transpose", "", [turned], box.number)
            self.numbers[x] = node.number
            return node.number
        if len(x.scope) > box.level:
            layer = self._write_layer(x.scope, snapshot(x.data), box)
            self.numbers[x] = self.first[x] = layer
            return layer
        if (given := _given(x)) is not None:  # what a recurrent layer has rearranged, say
            whole = math.prod(given.shape) == x.size
            name = given.name if whole else f"from {given.name}"
            return self._write_leaf(x, name, box.number, "data")
        return self._write_leaf(x, title, box.number)

    def _write_layer(self, scope: tuple, value: Snapshot, box: Box) -> int:
        """The node of a layer in this box whose operations were not recorded, and those before it."""
        call: Any = scope  # of the layer itself, not of one inside
        while len(call) > box.level + 1 and isinstance(call, Call) and call.outer:
            call = call.outer
        if id(call) in self.layers:
            return self.layers[id(call)]
        inputs = []
        for given in getattr(call, "given", ()):
            x = given.tensor()
            if x is not None and x in self.numbers:
                inputs.append(self.numbers[x])
            elif given.name is None and len(given.scope) > box.level:
                seen = snapshot(x.data) if x is not None else _not_kept(given.shape, given.dtype)
                inputs.append(self._write_layer(given.scope, seen, box))
            elif x is not None:
                home = _within(box, len(given.scope))
                inputs.append(self._write_leaf(x, given.name or INPUT, home.number, "data"))
            elif given.name:
                seen, home = _not_kept(given.shape, given.dtype), _within(box, len(given.scope))
                gone = self._add(call, "data", given.name, "", [], home.number, seen)
                inputs.append(gone.number)
        module = scope[box.level]
        size = sum(p.size for p in module.parameters())
        about = f"{size:,} parameters" if size else "no gradient needed"
        label = ": ".join(filter(None, place_of(box.module, module)))
        node = self._add(call, "module", label, about, inputs, box.number, value)
        self.layers[id(call)] = node.number
        return node.number

    def _turned(self, x: Tensor) -> int | None:
        """The node of what x is the transpose of, a view: derivatives of products use it."""
        base = x.data.base
        if base is None or x.ndim < 2:
            return None
        for y, number in self.first.items():
            if (
                not isinstance(y, Tensor)
                or y.ndim < 2
                or not (base is y.data or base is y.data.base)
            ):
                continue
            if any(_same_view(x.data, z) for z in (y.data.T, np.swapaxes(y.data, -1, -2))):
                return number
        return None

    def _write_leaf(self, x: Any, title: str, group: int | None, kind: str = "constant") -> int:
        is_tensor, settings = isinstance(x, Tensor), ""
        if title == INPUT or (is_tensor and x.name):
            kind = "data"
        if is_tensor and x.requires_grad:
            kind = "variable"
        if isinstance(x, Parameter):
            kind, settings = "parameter", "" if x.requires_grad else "frozen"
        node = self._add(x, kind, title, settings, [], group)
        if not title:
            self.nodes[-1] = replace(node, title=node.value.words)
        # A parameter is drawn again beside each use, and so is what is used all over the place. One node
        # for all uses reads worse, and slows the layout down: an unrolled recurrent network of 20 steps
        # takes graphviz 25 s instead of 0.03 s.
        if is_tensor and not isinstance(x, Parameter) and self.uses[x] <= MANY:
            self.numbers[x] = node.number
        return node.number

    def _add(
        self, x: Any, kind: str, title: str, settings: str, inputs: list[int], group: int | None,
        seen: Snapshot | None = None,
    ) -> Node:  # fmt: skip
        number = len(self.nodes)
        is_tensor = isinstance(x, Tensor)
        if seen is None:
            seen = self.snapshot(x) if is_tensor else snapshot(x)
        same = self.first.setdefault(x, number) if is_tensor else number
        node = Node(number, kind, title, settings, seen, tuple(inputs), group, same=same)
        if not node.leaf:
            self.ordered += 1
            node = replace(node, order=self.ordered)
        self.nodes.append(node)
        self.tensors.append(x)
        return node

    # ---- the backward pass

    def _backward(self) -> tuple[list[Arrival], dict[Tensor, Snapshot], str]:
        """The steps that can be seen, the gradient of each tensor, and why there are none."""
        steps: list[Arrival] = []
        gradients = {self.result: snapshot(np.ones_like(self.result.data))}
        try:
            with np.errstate(all="ignore"):
                for step in steps_back(self.result):
                    y, x, home = step.y, step.x, self.homes[step.y]
                    if home.collapsed and (self.homes.get(x) is home or isinstance(x, Parameter)):
                        continue
                    came = after = snapshot(step.contribution)
                    before, rounding = None, rounded_sum(step.before, step.contribution, step.after)
                    if step.before is not None:
                        before = gradients.get(x) or snapshot(step.before)
                        after = snapshot(step.after)
                    gradients[x] = after
                    node = self.nodes[self.numbers[y]]
                    source, local, i = self.numbers.get(x), None, step.i
                    if not home.collapsed:
                        source, derivative = node.inputs[i], local_derivative(y, i)
                        if derivative is not None:
                            local = snapshot(derivative)
                            product = rounded_product(step.upstream, derivative, step.contribution)
                            rounding = " ".join(filter(None, (product, rounding)))
                    elif source in node.inputs:
                        i = node.inputs.index(source)
                    else:
                        continue
                    steps.append(
                        Arrival(node.number, i, source, came, before, after, local, rounding)
                    )
        except Exception as error:  # of a rule: the values are still shown
            said = (str(error).splitlines() or [type(error).__name__])[0]
            return [], {}, f"gradient not computed: {said}"
        return steps, gradients, ""


def _within(box: Box, level: int) -> Box:
    """The box around this one that has so many modules around it."""
    while box.outer and box.level > level:
        box = box.outer
    return box


def _given(x: Tensor) -> Any:
    """The one Tensor with a name that the call was given in which x was made, or the calls around it."""
    scope = x.scope
    while given := getattr(scope, "given", ()):
        named = {g.name: g for g in given if g.name}
        if len(named) == 1:
            return next(iter(named.values()))
        if len(given) > 1 or named:
            return None
        scope = given[0].scope
    return None


def _same_view(x: np.ndarray, y: np.ndarray) -> bool:
    about = [(z.ctypes.data, z.shape, z.strides) for z in (x, y)]
    return about[0] == about[1]


def _not_kept(shape: tuple[int, ...], dtype: np.dtype) -> Snapshot:
    return Snapshot("not kept, as no gradient needs it", shape, str(dtype), True)


@functools.lru_cache(maxsize=512)
def _explained(row: Any) -> Explanation | None:
    if row is FREED:
        return None
    try:
        return explain(row)
    except Exception:  # a row of the user's, whose source cannot be read
        return Explanation(f"{row.name}:  y = {row.formula}", ())


# ---------------------------------------------------------------------------------------- operations


def _operations(result: Tensor, depth: int | None, limit: int) -> list[Tensor]:
    """The Tensors made by operations that the result depends on, oldest first.

    Refuses more than `limit` nodes, not counting those inside modules that `depth` collapses.
    """
    found, waiting, nodes = {result}, [result] if result.op else [], 0
    while waiting:
        y = waiting.pop()
        made = [x for x in y.inputs if isinstance(x, Tensor) and x.op]
        if depth is None or len(y.scope) <= depth:
            nodes += 1 + len(y.inputs) - len(made)
        if nodes > limit:
            raise refusal(
                ValueError,
                f"the graph of {describe(result)} has more than {limit:,} nodes, too many to read.",
                "Graph(loss, depth=1), which draws each module that a model calls as one node "
                "(put what repeats outside of modules into one); the graph of a smaller part "
                "(fewer time steps, one layer's output); or Graph(loss, limit=...)",
            )
        for x in made:
            if x not in found:
                found.add(x)
                waiting.append(x)
    return sorted((y for y in found if y.op), key=attrgetter("order"))


def _note(operations: list[Tensor], result: Tensor) -> str:
    if any(y.op is FREED for y in operations):
        return (
            "backward() has freed this graph, so what came before is gone: draw it before backward(), "
            "or call backward(retain_graph=True)."
        )
    if not operations and not result.requires_grad:
        return (
            "No operation was recorded for this tensor: nothing that it was made from requires a "
            "gradient, or it was made inside no_grad()."
        )
    return ""


def _changed(operations: list[Tensor]) -> str:
    """What is to say if numbers are not what the operations were given or gave, or ""."""
    for y in operations:
        if y.op is FREED or not y.requires_grad:
            continue
        row: Any = y.op
        i, used = changed_input(y), ""
        if y.data.flags.writeable:
            used = f"the result of {row.name} was replaced"
        elif i is not None:
            used = f"{describe(*named(row, y.inputs)[i])} was changed after {row.name} had used it"
        elif not _gives_the_same(y):
            used = f"an input of {row.name} was changed after it had been used"
        if used:
            where = line_made(y).removeprefix("\n  at ")
            used += f" ({where})" * bool(where)
            return f"{used}. So old and new numbers stand side by side: draw the graph before."
    return ""


def _gives_the_same(y: Tensor) -> bool:
    """Does an operation still give its result, if no checksum of its inputs was kept?

    Only of leaves and arrays there may be none, if no rule reads them: as of the b of x + b.
    """
    row: Any = y.op
    kept = {i for i, _ in y.checksums}
    open_to_change = (
        isinstance(x := value(part), np.ndarray) and x.flags.writeable and i not in kept
        for i, part in enumerate(y.inputs)
    )  # fmt: skip
    if not (row.linear or row.elementwise) or not any(open_to_change):
        return True
    try:
        with np.errstate(all="ignore"):
            again = row.forward(*map(value, y.inputs), **y.params)
    except Exception:
        return False
    if y.dtype.kind not in "fc" or np.shape(again) != y.shape:
        return np.array_equal(again, y.data)
    with np.errstate(all="ignore"):
        rounding = 100 * np.finfo(y.dtype).eps  # the batch of a vmap is summed in another order
        off = np.abs(again - y.data) > rounding * np.abs(y.data).max(initial=0)
    return not off.any() and np.array_equal(np.isfinite(again), np.isfinite(y.data))


def _no_gradient(operations: list[Tensor], result: Tensor) -> str:
    """Why there is no backward pass to follow, or ""."""
    if not result.requires_grad:
        return "no gradient: nothing here requires one"
    if not operations:
        kept = result._grad is not None
        return "" if kept else "gradient not computed: call backward() on a loss made from it"
    if any(y.op is FREED for y in operations):
        return "gradient not computed: an earlier backward() has freed the graph"
    if result.size != 1:
        return (
            f"gradient not computed: call backward() on a single number, and this has {result.size:,} "
            "(take .sum() or .mean() of it, or one element)"
        )
    if result.dtype.kind == "c":
        return "gradient not computed: backward() starts from a real number, and this is complex"
    return ""


# ------------------------------------------------------------------------------------------- titles


def _title(y: Tensor, i: int) -> str:
    """The title of input i of an operation: its name, or the operation's name for it, or ""."""
    x, row = y.inputs[i], y.op
    if isinstance(x, Tensor) and (x.name or isinstance(x, Parameter)):
        return x.name or type(x).__name__
    learned = any(isinstance(other, Parameter) for other in y.inputs)
    if y.scope and i == 0 and np.ndim(x) and learned:  # what meets the weights of a module
        return INPUT
    if isinstance(x, Tensor):
        return type(x).__name__
    argument = row.inputs[i] if row and i < len(row.inputs) else ""
    if len(argument) > 2 and argument != "self":  # "labels", but not "x1"
        return argument
    return "array" if np.ndim(x) else ""
