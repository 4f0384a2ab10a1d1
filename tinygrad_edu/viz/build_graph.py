"""Reading the notes that operations leave on their results, once, into plain `Node`s.

The order of things: find the operations; put each into the box of the module call that it happened in;
roll up boxes and steps that repeat each other; walk back, to see what arrives where; and write it all
down as nodes, boxes and arrivals.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.diagnostics.words import describe, line_made, on_one_line, refusal, shortened
from tinygrad_edu.explaining import Explanation, explain
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.viz.backward_steps import local_derivative, steps_back
from tinygrad_edu.viz.nodes import Arrival, Group, Node, Snapshot, snapshot

MANY = 8  # a leaf with more uses than this is drawn beside each of them
ALIKE = 3  # so many in a row that repeat each other are rolled up,
ROLLED = 24  # if these are so many operations or more
GIVEN = "input"  # the name of an array without one that a module was given
PERIOD = 128  # operations and boxes that a step may have, to be seen as one that repeats


class Reader:
    """Reads the graph of a Tensor into nodes, groups, steps (the way back) and two sentences.

    note         what cannot be shown, or ""
    no_gradient  why nodes have no gradient, or ""
    """

    def __init__(self, result: Tensor, depth: int | None, roll: bool, limit: int):
        self.result = result
        self.operations = _operations(result, depth, limit)
        self.boxes = _Boxes(depth)
        self.homes = {y: self.boxes.of(y) for y in self.operations}
        if roll:
            self.boxes.roll(self.homes)
        self.groups = self.boxes.groups()
        self.leaves = _Leaves(self.operations)
        self.nodes: list[Node] = []
        self.numbers: dict[Tensor, int] = {}  # of the operations that have their node already
        self.kept: dict[Tensor, Snapshot] = {}
        self.rows: dict[int, Explanation | None] = {}
        self.lines: dict[Any, str] = {}
        self.gradients: dict[Tensor, Snapshot] = {}
        self.note = _note(self.operations, result)
        self.no_gradient = _no_gradient(self.operations, result)
        walk = self._walk() if self.operations and not self.no_gradient else []
        self.watched = bool(walk)
        self._write()
        self.steps = [step for step in map(self._arrival, walk) if step]

    # The way back.

    def _walk(self) -> list[tuple]:
        walk = []
        self.gradients = {self.result: snapshot(np.ones_like(self.result.data))}
        try:
            with np.errstate(all="ignore"):
                for step in steps_back(self.result):
                    y, x = step.y, step.x
                    home = self.homes[y]
                    if home.closed and (self.homes.get(x) is home or isinstance(x, Parameter)):
                        continue
                    came = snapshot(step.contribution)
                    before, after = None, came
                    if step.before is not None:
                        before = self.gradients.get(x) or snapshot(step.before)
                        after = snapshot(step.after)
                    self.gradients[x] = after
                    local = None if home.closed else local_derivative(y, step.i)
                    kept = None if local is None else snapshot(local)
                    walk.append((y, step.i, x, came, before, after, kept))
        except Exception as error:  # a rule's: what was computed forwards is still shown
            self.gradients = {}
            said = (str(error).splitlines() or [type(error).__name__])[0]
            self.no_gradient = f"gradient not computed: {said}"
            return []
        return walk

    def _arrival(self, step: tuple) -> Arrival | None:
        y, i, x, came, before, after, local = step
        node = self.numbers[y]
        inputs = self.nodes[node].inputs
        if self.homes[y].closed:
            source = self.numbers.get(x, self.leaves.numbers.get(x))
            if source not in inputs:
                return None
            i = inputs.index(source)
        return Arrival(node, i, inputs[i], came, before, after, local)

    # Into nodes.

    def _write(self) -> None:
        inside: list[Tensor] = []  # a collapsed module: its operations until now
        for y, after in zip_longest(self.operations, self.operations[1:]):
            home = self.homes[y]
            if not home.closed:
                self._write_operation(y, home)
            else:
                inside.append(y)
                if after is None or self.homes[after] is not home:
                    self._write_module(inside, home)
                    inside = []
        if not self.nodes:
            self._write_leaf(self.result, self.result.name or "Tensor", None)

    def _write_operation(self, y: Tensor, home: _Box) -> None:
        inputs = []
        for i, x in enumerate(y.inputs):
            found = self.numbers.get(x) if isinstance(x, Tensor) else None
            if found is None:
                found = self.leaves.number(x)
            if found is None:
                group = home.of_leaf(x, y.scope, self.leaves)
                found = self._write_leaf(x, self.leaves.title(y, i), group)
            inputs.append(found)
        freed = y.op is FREED
        kind = "freed" if freed else "result" if y is self.result else "operation"
        title = "made by freed operations" if freed else getattr(y.op, "name", "")
        settings = ", ".join(f"{name}={_setting(x)}" for name, x in _settings(y))
        self._add(y, kind, title, settings, inputs, home.number, self._row(y), self._line(y))

    def _write_module(self, inside: list[Tensor], home: _Box) -> None:
        """One node for all the operations of a call, with the value of the last of them."""
        inputs: list[int] = []
        within = set(inside)
        learned = set()
        for y in inside:
            for i, x in enumerate(y.inputs):
                if not isinstance(x, Tensor) or x in within:
                    continue
                if isinstance(x, Parameter):
                    learned.add(x)
                    continue
                found = self.numbers.get(x)
                if found is None and (x.name or x.requires_grad):
                    found = self.leaves.number(x)
                    if found is None:
                        group = home.outer.of_leaf(x, y.scope[: home.level - 1], self.leaves)
                        found = self._write_leaf(x, self.leaves.title(y, i), group)
                if found is not None and found not in inputs:
                    inputs.append(found)
        many = "1 operation" if len(inside) == 1 else f"{len(inside):,} operations"
        if learned:
            many += f", {sum(x.size for x in learned):,} parameters"
        self._add(inside[-1], "module", home.label, many, inputs, home.outer.number)
        self.numbers |= dict.fromkeys(inside, len(self.nodes) - 1)

    def _write_leaf(self, x: Any, title: str, group: int | None) -> int:
        kind = "constant"
        if isinstance(x, Tensor):
            kind = "data" if x.name else "constant"
            if x.requires_grad:
                kind = "parameter" if isinstance(x, Parameter) else "variable"
        if kind == "constant" and title == GIVEN:
            kind = "data"
        about = self._snapshot(x)
        self._add(x, kind, title or about.words, "", [], group)
        self.leaves.remember(x, len(self.nodes) - 1)
        return len(self.nodes) - 1

    def _add(
        self, x: Any, kind: str, title: str, settings: str, inputs: list[int], group: int | None,
        row: Explanation | None = None, line: str = "",
    ) -> None:  # fmt: skip
        number, gradient, same = len(self.nodes), None, len(self.nodes)
        if isinstance(x, Tensor):
            gradient = self.gradients.get(x)
            if gradient is None and not self.watched and x._grad is not None:
                gradient = snapshot(value(x._grad))  # left by an earlier backward()
            same = self.leaves.first.setdefault(x, number)
            if x.op:
                self.numbers[x] = number
        self.nodes.append(
            Node(
                number, kind, title, settings, self._snapshot(x), tuple(inputs), group, gradient, row,
                line, (x.name or "") if isinstance(x, Tensor) and x.op else "", same,
            )
        )  # fmt: skip

    def _snapshot(self, x: Any) -> Snapshot:
        if not isinstance(x, Tensor):
            return snapshot(x)
        if x not in self.kept:
            self.kept[x] = snapshot(x.data)
        return self.kept[x]

    def _row(self, y: Tensor) -> Explanation | None:
        if y.op is FREED or y.op is None:
            return None
        if id(y.op) not in self.rows:
            try:
                self.rows[id(y.op)] = explain(y.op)
            except Exception:  # a row of the user's, whose source cannot be read
                self.rows[id(y.op)] = Explanation(f"{y.op.name}:  y = {y.op.formula}", ())
        return self.rows[id(y.op)]

    def _line(self, y: Tensor) -> str:
        if y.created_at not in self.lines:
            self.lines[y.created_at] = line_made(y).removeprefix("\n  at ")
        return self.lines[y.created_at]


# ------------------------------------------------------------------------------------ reading the notes


def _operations(result: Tensor, depth: int | None, limit: int) -> list[Tensor]:
    """Every Tensor made by an operation that the result depends on, oldest first.

    Refuses more than `limit` nodes; those inside modules deeper than `depth` will be collapsed, and do
    not count.
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
                "Graph(loss, depth=1), which makes each module that a model calls one node "
                "(what repeats itself outside of modules belongs into one); the graph of a "
                "smaller part (fewer time steps, one layer's output); or Graph(loss, "
                "limit=...)",
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


def _no_gradient(operations: list[Tensor], result: Tensor) -> str:
    """Why there is no way back to be watched, or ""."""
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


# ----------------------------------------------------------------------------------------------- boxes


class _Box:
    """One call of a module, or, without a module, things that repeat each other."""

    def __init__(self, label: str, kind: str, outer: Any, module: Any = None):
        self.label, self.kind, self.outer, self.module = label, kind, outer, module
        self.level: int = outer.level + (module is not None) if outer else 0  # modules around
        self.closed = False  # is it to be one node?
        self.repeats = 0
        self.inside: list[Any] = []  # operations and boxes, in order
        self.number: int | None = None

    def of_leaf(self, x: Any, scope: tuple[Module, ...], leaves: _Leaves) -> int | None:
        """The group of a leaf beside an operation in this box, which was made in this scope.

        Parameters and constants stand where they are used, data where they were made: what is fed
        into a module stays outside of it, and so does what is fed into more than one step.
        """
        if not isinstance(x, Tensor) or isinstance(x, Parameter):
            return self.number
        level = 0
        for made, used in zip(x.scope, scope, strict=False):
            if made is not used:
                break
            level += 1
        box = self
        fed = leaves.uses[x] <= MANY and (leaves.uses[x] > 1 or x.requires_grad)
        while box.outer and (box.level > level or (box.module is None and fed)):
            box = box.outer
        return box.number


class _Boxes:
    """Turns the modules that were being called into boxes: one for each call.

    Operations come in the order in which they were made, so a module that is met again after another
    one has been called again; and so has one whose scope is another tuple, as each call makes its own.
    """

    def __init__(self, depth: int | None) -> None:
        self.depth = depth
        self.top = _Box("", "", None)
        self.open: list[tuple[_Box, Any]] = []  # the calls of the last operation, and their scopes
        self.calls: Counter[tuple] = Counter()
        self.paths: dict[tuple, tuple[str, str]] = {}

    def of(self, y: Tensor) -> _Box:
        """The box of an operation: to be asked in the order in which they were made."""
        scope = y.scope
        shared = 0
        for (box, own), wanted in zip(self.open, scope, strict=False):
            again = shared == len(scope) - 1 and own is not None and own is not scope
            if box.module is not wanted or again:
                break
            shared += 1
        del self.open[shared:]
        for module in scope[shared:]:
            if self.depth is not None and len(self.open) > self.depth:
                break
            outer = self.open[-1][0] if self.open else self.top
            box = self._called(outer, module)
            box.closed = self.depth is not None and len(self.open) == self.depth
            outer.inside.append(box)
            self.open.append((box, None))
        if not self.open:
            self.top.inside.append(y)
            return self.top
        box, own = self.open[-1]
        if len(self.open) == len(scope):
            self.open[-1] = box, scope
        box.inside.append(y)
        return box

    def _called(self, outer: _Box, module: Module) -> _Box:
        which = (outer.module, module)
        if which not in self.paths:
            around = outer.module.named_modules() if outer.module is not None else ()
            path = next((path for path, inner in around if inner is module), "")
            self.paths[which] = path, on_one_line(module)
        path, kind = self.paths[which]
        self.calls[which] += 1
        again = f", call {self.calls[which]}" if self.calls[which] > 1 else ""
        return _Box((f"{path}: {kind}" if path else kind) + again, kind, outer, module)

    def roll(self, homes: dict[Tensor, _Box]) -> None:
        """Puts things that repeat each other, one after the other, into a box of their own."""
        alike = _Alike()
        waiting = [self.top]
        while waiting:
            box = waiting.pop()
            waiting += [part for part in box.inside if isinstance(part, _Box)]
            if box.closed:
                continue
            keys, sizes = zip(*map(alike.look, box.inside), strict=True) if box.inside else ((), ())
            found: list[Any] = []
            i = 0
            while i < len(keys):
                period, repeats = _repeats(keys, sizes, i)
                if repeats == 1:
                    found.append(box.inside[i])
                else:
                    parts = box.inside[i : i + period * repeats]
                    found.append(self._rolled(box, parts, period, homes))
                i += period * repeats
            box.inside = found

    def _rolled(
        self, outer: _Box, parts: list[Any], period: int, homes: dict[Tensor, _Box]
    ) -> _Box:
        repeats = len(parts) // period
        single = period == 1
        first = parts[0]
        kind = (first.kind if isinstance(first, _Box) else first.op.name) if single else "step"
        rolled = _Box(f"{kind} × {repeats:,}", kind, outer)
        rolled.repeats = repeats
        for k in range(repeats):
            part = parts[k * period : (k + 1) * period]
            home = rolled
            if not single:
                home = _Box(f"step {k + 1}", kind, rolled)
                rolled.inside.append(home)
                home.inside = part
            for thing in part:
                if isinstance(thing, _Box):
                    thing.outer = home
                else:
                    homes[thing] = home
            if single:
                rolled.inside += part
        return rolled

    def groups(self) -> list[Group]:
        """The boxes as groups, outer before inner, in the order in which they were called."""
        groups: list[Group] = []
        waiting = self.top.inside[::-1]
        while waiting:
            box = waiting.pop()
            if isinstance(box, _Box) and not box.closed:
                box.number = len(groups)
                groups.append(Group(box.label, box.outer.number, box.repeats))
                waiting += box.inside[::-1]
        return groups


class _Alike:
    """Tells things that have the same content, by a number for each kind of content."""

    def __init__(self) -> None:
        self.kinds: dict[Any, int] = {}
        self.known: dict[int, tuple[int, int]] = {}  # of boxes

    def look(self, thing: Any) -> tuple[int, int]:
        """The number of its kind, and how many operations there are in it."""
        if not isinstance(thing, _Box):
            return self._kind((thing.op, thing.shape, thing.created_at)), 1
        if id(thing) not in self.known:
            inside = [self.look(part) for part in thing.inside]
            kind = self._kind((thing.kind, *(kind for kind, _ in inside)))
            self.known[id(thing)] = kind, sum(size for _, size in inside)
        return self.known[id(thing)]

    def _kind(self, key: Any) -> int:
        return self.kinds.setdefault(key, len(self.kinds))


def _repeats(keys: Any, sizes: Any, i: int) -> tuple[int, int]:
    """(period, repeats) of what repeats itself from place i on; (1, 1) if nothing does, or not enough."""
    best = 1, 1
    for period in range(1, min(PERIOD, (len(keys) - i) // ALIKE) + 1):
        if keys[i] != keys[i + period]:
            continue
        j = i
        while j + period < len(keys) and keys[j] == keys[j + period]:
            j += 1
        repeats = (j - i) // period + 1
        if repeats >= ALIKE and period * repeats > best[0] * best[1]:
            best = period, repeats
    return best if sum(sizes[i : i + best[0] * best[1]]) >= ROLLED else (1, 1)


# ---------------------------------------------------------------------------------------------- leaves


class _Leaves:
    """What no operation made: parameters, data, and the plain arrays and numbers among the inputs.

    A parameter is drawn again beside each use. One node for all of them reads worse, and brings the
    layout program to its knees: an unrolled recurrent network of 20 steps takes it 25 s instead of
    0.03 s. Other leaves are drawn once, as long as they are not used all over the place.
    """

    def __init__(self, operations: Iterable[Tensor]):
        self.uses = Counter(x for y in operations for x in y.inputs if isinstance(x, Tensor))
        self.numbers: dict[Tensor, int] = {}
        self.first: dict[Tensor, int] = {}  # where a tensor is drawn first

    def number(self, x: Any) -> int | None:
        """The node of a leaf that has one already and needs no other."""
        return self.numbers.get(x) if isinstance(x, Tensor) else None

    def remember(self, x: Any, number: int) -> None:
        if isinstance(x, Tensor) and not isinstance(x, Parameter) and self.uses[x] <= MANY:
            self.numbers[x] = number

    def title(self, y: Tensor, i: int) -> str:
        """The name of input i of an operation: its own, or the one that the operation has for it."""
        x, row = y.inputs[i], y.op
        if isinstance(x, Tensor) and (x.name or isinstance(x, Parameter)):
            return x.name or type(x).__name__
        learned = any(isinstance(other, Parameter) for other in y.inputs)
        if y.scope and i == 0 and np.ndim(x) and learned:  # what meets the weights of a module
            return GIVEN
        if isinstance(x, Tensor):
            return type(x).__name__
        argument = row.inputs[i] if row and i < len(row.inputs) else ""
        if len(argument) > 2 and argument != "self":  # "labels", but not "x1"
            return argument
        return "array" if np.ndim(x) else ""


def _settings(y: Tensor) -> Iterable[tuple[str, Any]]:
    """Names and values of an operation's settings as the user wrote them, but for the defaults."""
    for name, x in y.params.items():
        parts = [(name, x, _defaults(y.op.forward).get(name))]  # type: ignore[union-attr]
        if hasattr(x, "_fields"):  # settings in one tuple
            parts = [
                (field, part, x._field_defaults.get(field)) for field, part in x._asdict().items()
            ]
        for field, part, default in parts:
            usual = (
                isinstance(part, (int, str, tuple))
                and type(part) is type(default)
                and part == default
            )
            if part is not None and part is not False and not usual:
                yield field, part


@functools.cache
def _defaults(function: Any) -> dict[str, Any]:
    try:
        return {name: x.default for name, x in inspect.signature(function).parameters.items()}
    except (ValueError, TypeError):  # of a builtin
        return {}


def _setting(x: Any) -> str:
    if isinstance(x, tuple) and any(isinstance(part, np.ndarray) for part in x):
        return f"({', '.join(map(_setting, x))})"
    if isinstance(x, np.ndarray):
        return f"array {x.shape}"
    return str(x) if isinstance(x, np.dtype) else shortened(x)
