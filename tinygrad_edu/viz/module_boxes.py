"""The calls of modules as boxes around their operations, and blocks that repeat as boxes around those."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tinygrad_edu.diagnostics.words import on_one_line
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.viz.nodes import Group

# What repeats is boxed if it does so three times, with 24 operations in all. (A step of more than 128
# operations and boxes is not recognized.)
REPEATS, OPERATIONS, PERIOD = 3, 24, 128


class Box:
    """One call of a module, or, without a module, a block that repeats or one of its steps."""

    def __init__(self, label: str, kind: str, outer: Any, module: Any = None):
        self.label, self.kind, self.outer, self.module = label, kind, outer, module
        self.level: int = outer.level + (module is not None) if outer else 0  # modules around
        self.collapsed = False  # one node for all its operations?
        self.repeats = 0
        self.inside: list[Any] = []  # operations and boxes, in order
        self.number: int | None = None  # its place among the groups


def place_of(outer: Module | None, module: Module) -> tuple[str, str]:
    """Where a module is in the one around it, and what it is: ("0", "Linear(2, 3), frozen")."""
    around = outer.named_modules() if outer is not None else ()
    path = next((path for path, inner in around if inner is module), "")
    learned = [*module.parameters()]
    frozen = bool(learned) and not any(p.requires_grad for p in learned)
    return path, on_one_line(module) + ", frozen" * frozen


class Boxes:
    """The calls of modules, as boxes within boxes.

    Operations come in the order in which they were made, so a module that is met again after another
    one has been called again; and so has one whose scope is another tuple, as each call makes its own.
    """

    def __init__(self, depth: int | None) -> None:
        self.depth = depth
        self.top = Box("", "", None)
        self.open: list[tuple[Box, Any]] = []  # the calls of the last operation, and their scopes
        self.calls: Counter[tuple] = Counter()
        self.paths: dict[tuple, tuple[str, str]] = {}
        self.kinds: dict[Any, int] = {}  # a number for each content of a box, see `_look`
        self.looks: dict[Box, tuple[int, int]] = {}

    def of(self, y: Tensor) -> Box:
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

    def _called(self, outer: Box, module: Module) -> Box:
        which = outer.module, module
        if which not in self.paths:
            self.paths[which] = place_of(outer.module, module)
        path, kind = self.paths[which]
        self.calls[which] += 1
        again = f", call {self.calls[which]}" if self.calls[which] > 1 else ""
        return Box((f"{path}: {kind}" if path else kind) + again, kind, outer, module)

    def groups(self) -> list[Group]:
        """The boxes as groups, outer before inner, in the order of the calls."""
        groups: list[Group] = []
        waiting = self.top.inside[::-1]
        while waiting:
            box = waiting.pop()
            if isinstance(box, Box) and not box.collapsed:
                box.number = len(groups)
                groups.append(Group(box.label, box.outer.number, box.repeats))
                waiting += box.inside[::-1]
        return groups

    # ---- what repeats

    def roll(self, homes: dict[Tensor, Box]) -> None:
        """Puts modules or operations that repeat, one after the other, into a box of their own."""
        waiting = [self.top]
        while waiting:
            box = waiting.pop()
            waiting += [part for part in box.inside if isinstance(part, Box)]
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
        if not isinstance(thing, Box):
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


def _rolled(outer: Box, parts: list[Any], period: int, homes: dict[Tensor, Box]) -> Box:
    """A box around repetitions: of a single thing, or of steps, each in a box of its own."""
    repeats, first = len(parts) // period, parts[0]
    kind = "step" if period > 1 else first.kind if isinstance(first, Box) else first.op.name
    rolled = Box(f"{kind} × {repeats:,}", kind, outer)
    rolled.repeats = repeats
    homes_of = [rolled] * repeats
    if period > 1:
        homes_of = rolled.inside = [Box(f"step {k + 1}", kind, rolled) for k in range(repeats)]
    for i, part in enumerate(parts):
        home = homes_of[i // period]
        home.inside.append(part)
        if isinstance(part, Box):
            part.outer = home
        else:
            homes[part] = home
    return rolled
