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
    on_one_line,
    refusal,
)
from tinygrad_edu.explaining import Explanation, explain
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.nn.calls import Call
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.viz.backward_steps import local_derivative, steps_back
from tinygrad_edu.viz.nodes import Arrival, GraphData, Group, Node, Snapshot, snapshot
from tinygrad_edu.viz.rounding import rounded_product, rounded_result, rounded_sum
from tinygrad_edu.viz.settings import axes_in_words, settings_of

LIMIT = 5000  # nodes; a larger picture can be drawn, but not read
MANY = 8  # a leaf with more uses than this is drawn beside each of them
INPUT = "input"  # the title of an array without a name that a module was given

# What repeats is boxed if it does so three times, with 24 operations in all. (A step of more than 128
# operations and boxes is not recognized.)
REPEATS, OPERATIONS, PERIOD = 3, 24, 128


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
        boxes = _Boxes(depth)
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

    def _write_nodes(self, top: _Box) -> None:
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

    def _inputs(self, made: list[Tensor], home: _Box) -> Iterator[int]:
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

    def _box(self, x: Any, box: _Box, scope: tuple[Module, ...]) -> _Box:
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

    def _write_operation(self, y: Tensor, home: _Box, inputs: list[int]) -> None:
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

    def _write_module(self, made: list[Tensor], home: _Box, inputs: list[int]) -> None:
        """One node for all the operations of a call, with the value of the last of them."""
        learned = {x for y in made for x in y.inputs if isinstance(x, Parameter)}
        about = "1 operation" if len(made) == 1 else f"{len(made):,} operations"
        if learned:
            about += f", {sum(x.size for x in learned):,} parameters"
        inputs = [*dict.fromkeys(inputs)]
        self._add(made[-1], "module", home.label, about, inputs, home.outer.number)

    def _write_unrecorded(self, x: Any, title: str, box: _Box) -> int:
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

    def _write_layer(self, scope: tuple, value: Snapshot, box: _Box) -> int:
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
        label = ": ".join(filter(None, _path(box.module, module)))
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


def _within(box: _Box, level: int) -> _Box:
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


# ------------------------------------------------------------------------------------- boxes of calls


class _Box:
    """One call of a module, or, without a module, a block that repeats or one of its steps."""

    def __init__(self, label: str, kind: str, outer: Any, module: Any = None):
        self.label, self.kind, self.outer, self.module = label, kind, outer, module
        self.level: int = outer.level + (module is not None) if outer else 0  # modules around
        self.collapsed = False  # one node for all its operations?
        self.repeats = 0
        self.inside: list[Any] = []  # operations and boxes, in order
        self.number: int | None = None  # its place among the groups


def _path(outer: Module | None, module: Module) -> tuple[str, str]:
    """Where a module is in the one around it, and what it is: ("0", "Linear(2, 3), frozen")."""
    around = outer.named_modules() if outer is not None else ()
    path = next((path for path, inner in around if inner is module), "")
    learned = [*module.parameters()]
    frozen = bool(learned) and not any(p.requires_grad for p in learned)
    return path, on_one_line(module) + ", frozen" * frozen


class _Boxes:
    """The calls of modules, as boxes within boxes.

    Operations come in the order in which they were made, so a module that is met again after another
    one has been called again; and so has one whose scope is another tuple, as each call makes its own.
    """

    def __init__(self, depth: int | None) -> None:
        self.depth = depth
        self.top = _Box("", "", None)
        self.open: list[tuple[_Box, Any]] = []  # the calls of the last operation, and their scopes
        self.calls: Counter[tuple] = Counter()
        self.paths: dict[tuple, tuple[str, str]] = {}
        self.kinds: dict[Any, int] = {}  # a number for each content of a box, see `_look`
        self.looks: dict[_Box, tuple[int, int]] = {}

    def of(self, y: Tensor) -> _Box:
        """The box of an operation, which must come after all that are older."""
        scope = y.scope
        shared = 0
        for (box, own), module in zip(self.open, scope, strict=False):
            again = shared == len(scope) - 1 and own is not None and own is not scope
            if box.module is not module or again:
                break
            shared += 1
        del self.open[shared:]
        for module in scope[shared:]:
            if self.depth is not None and len(self.open) > self.depth:
                break
            outer = self.open[-1][0] if self.open else self.top
            box = self._called(outer, module)
            box.collapsed = len(self.open) == self.depth
            outer.inside.append(box)
            self.open.append((box, None))
        box = self.open[-1][0] if self.open else self.top
        if self.open and len(self.open) == len(scope):
            self.open[-1] = box, scope
        box.inside.append(y)
        return box

    def _called(self, outer: _Box, module: Module) -> _Box:
        which = outer.module, module
        if which not in self.paths:
            self.paths[which] = _path(outer.module, module)
        path, kind = self.paths[which]
        self.calls[which] += 1
        again = f", call {self.calls[which]}" if self.calls[which] > 1 else ""
        return _Box((f"{path}: {kind}" if path else kind) + again, kind, outer, module)

    def groups(self) -> list[Group]:
        """The boxes as groups, outer before inner, in the order of the calls."""
        groups: list[Group] = []
        waiting = self.top.inside[::-1]
        while waiting:
            box = waiting.pop()
            if isinstance(box, _Box) and not box.collapsed:
                box.number = len(groups)
                groups.append(Group(box.label, box.outer.number, box.repeats))
                waiting += box.inside[::-1]
        return groups

    # ---- what repeats

    def roll(self, homes: dict[Tensor, _Box]) -> None:
        """Puts modules or operations that repeat, one after the other, into a box of their own."""
        waiting = [self.top]
        while waiting:
            box = waiting.pop()
            waiting += [part for part in box.inside if isinstance(part, _Box)]
            if box.collapsed:
                continue
            looks = [*map(self._look, box.inside)]
            rolled: list[Any] = []
            i = 0
            while i < len(looks):
                period, repeats = _repeats(looks, i)
                parts = box.inside[i : i + period * repeats]
                rolled += parts if repeats == 1 else [_rolled(box, parts, period, homes)]
                i += period * repeats
            box.inside = rolled

    def _look(self, thing: Any) -> tuple[int, int]:
        """A number that things of the same content share, and how many operations there are in it."""
        if not isinstance(thing, _Box):
            return self.kinds.setdefault(
                (thing.op, thing.shape, thing.created_at), len(self.kinds)
            ), 1
        if thing not in self.looks:
            kinds, sizes = zip(*map(self._look, thing.inside), strict=True)
            kind = self.kinds.setdefault((thing.kind, *kinds), len(self.kinds))
            self.looks[thing] = kind, sum(sizes)
        return self.looks[thing]


def _repeats(looks: list[tuple[int, int]], i: int) -> tuple[int, int]:
    """(period, repeats) of what repeats from place i on; (1, 1) if nothing does, or not enough."""
    best = 1, 1
    for period in range(1, min(PERIOD, (len(looks) - i) // REPEATS) + 1):
        j = i
        while j + period < len(looks) and looks[j] == looks[j + period]:
            j += 1
        repeats = (j - i) // period + 1
        if repeats >= REPEATS and period * repeats > best[0] * best[1]:
            best = period, repeats
    operations = sum(size for _, size in looks[i : i + best[0] * best[1]])
    return best if operations >= OPERATIONS else (1, 1)


def _rolled(outer: _Box, parts: list[Any], period: int, homes: dict[Tensor, _Box]) -> _Box:
    """A box around repetitions: of a single thing, or of steps, each in a box of its own."""
    repeats, first = len(parts) // period, parts[0]
    kind = "step" if period > 1 else first.kind if isinstance(first, _Box) else first.op.name
    rolled = _Box(f"{kind} × {repeats:,}", kind, outer)
    rolled.repeats = repeats
    homes_of = [rolled] * repeats
    if period > 1:
        homes_of = rolled.inside = [_Box(f"step {k + 1}", kind, rolled) for k in range(repeats)]
    for i, part in enumerate(parts):
        home = homes_of[i // period]
        home.inside.append(part)
        if isinstance(part, _Box):
            part.outer = home
        else:
            homes[part] = home
    return rolled
