"""The plan: what is left to do of a tape, where each result is written, and the function that does it.

    dropped   a step whose result nobody reads, that has been done before, or that reads constants alone
    views     x.T of an array with a fixed place is made once
    memory    results that nobody sees outside get places in one block of memory, which calls share. Two that
              are not needed at the same time may get the same place, and x + b is written over x if x is not
              needed afterwards

What the user or an optimizer gets, he may keep: it is a new array each time. The order of the operations and
the layouts of arrays are those of the tape, and so are the bits.

A condition of the plan (the answer to an `if` inside a row, the layout of an array from outside) may not
hold. Then the replay is left for the rest of the tape, called row by row.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import math
import re
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.compiler.tape import Step, Tape, slots_in
from tinygrad_edu.optim.flat_parameters import CACHE_LINE, aligned

SLOT = re.compile(r"\bv(\d+)\b")
CONSTANT = re.compile(r"\bk\d+\b")
SMALL = 1 << 18  # bytes: a larger result is computed again rather than kept
_number = itertools.count(1).__next__


class Plan:
    """A tape as a function: `replay(*arrays)`.

    steps    what is done, in this order
    memory   bytes of the block that holds the results
    left     how many replays left the plan
    """

    def __init__(self, tape: Tape, results: str):
        self.tape, self.results, self.left = tape, results, 0
        self.same = dict(tape.same)
        self.names = dict(tape.names)
        self.notes: dict[int, str] = {}  # slot -> where its result is, for `explain`
        self.arguments = [f"a{i}" for i in range(tape.arguments)]
        self.rests: dict[int, Callable] = {}  # row -> the tape from there on
        self.plain = self._plain()
        self.steps = [s for step in tape.steps for s in self._inside(step)]
        self._share()
        self._drop()
        self._place()
        self.replay = self._program()

    # The tape row by row, without a plan.

    def _plain(self) -> list[list[Step]]:
        """For each row of the tape its steps, or itself where an opened one asks for numbers."""
        rows: list[list[Step]] = []
        same: dict[int, int] = {}
        for row in self.tape.steps:
            asks = row.opened is None or any(step.asks for step in row.opened)
            if not asks:
                same[row.makes] = self.tape.same[row.makes]
            elif row.opened:
                same[self.tape.same[row.makes]] = row.makes
            rows.append([row] if asks or row.opened is None else row.opened)
        self.plain_same = same
        alive = {_find(same, slot) for slot in slots_in(self.results)}
        self.alive = [alive]  # before each row: what is read from there on
        for steps in reversed(rows):
            alive = alive | {_find(same, slot) for step in steps for slot in step.reads}
            alive -= {step.makes for step in steps}
            self.alive.insert(0, alive)
        return rows

    def rest(self, row: int) -> Callable:
        """The tape from this row on, as a function of the arrays that it needs."""
        if row not in self.rests:
            self.rests[row] = self._rest(row)
        return self.rests[row]

    def _rest(self, row: int) -> Callable:
        given = [f"v{slot}" for slot in sorted(self.alive[row])]
        if not row:
            given = self.arguments
        steps = [step for rows in self.plain[row:] for step in rows]
        reads = [{_find(self.plain_same, slot) for slot in step.reads} for step in steps]
        texts = [f"v{step.makes} = {_renamed(self.plain_same, step.text)}" for step in steps]
        results = _renamed(self.plain_same, self.results)
        return self._defined("rest", given, *_forgetting(steps, texts, reads, results, {}))

    def leave(self, row: int, *arrays: Any) -> Any:
        self.left += 1
        return self.rest(row)(*arrays)

    # The steps of the plan.

    def _inside(self, step: Step) -> Iterable[Step]:
        if step.opened is not None:
            return step.opened
        y = step.y
        if y is None or not y.array or step.text.startswith("a"):
            return [step]
        # What comes from outside may have another layout in a replay.
        name = self._named(y.dtype)
        text = f"v{step.makes}.shape == {y.shape} and v{step.makes}.dtype == {name}"
        text += f" and v{step.makes}.strides == {y.strides}"
        if step.loads:  # the same array as before has the same layout
            text = f"v{step.makes} is {self._named(eval(step.text, self.names))} or {text}"
        check = Step(
            step.name, text, -1, (step.makes,), line=step.line, asks=True, row=step.row + 1
        )
        return [step, check]

    def _named(self, x: Any) -> str:
        name = f"p{len(self.names)}"
        self.names[name] = x
        return name

    def _reads(self, step: Step) -> set[int]:
        """The slots that a step reads; a condition reads what is needed if it does not hold."""
        reads = {_find(self.same, slot) for slot in step.reads}
        if step.asks:
            reads |= {self._now(slot) for slot in self.alive[step.row]}
        return reads

    def _now(self, slot: int) -> int:
        return _find(self.same, slot)

    def _root(self, slot: int) -> int:
        """The slot that owns the memory of this one."""
        slot = self._now(slot)
        while (step := self.by_slot.get(slot)) and step.view_of is not None:
            slot = self._now(step.view_of)
        return slot

    def _share(self) -> None:
        """Finds what leaves the plan; computes nothing twice, and no constants."""
        self.by_slot = {step.makes: step for step in self.steps if not step.asks}
        seen_outside = set(slots_in(self.results))
        for step in self.steps:
            if self._is_row(step) and (step.effect or step.y is None or _foreign(step, self.tape)):
                seen_outside.update(step.reads)
        self.outside = {self._root(slot) for slot in seen_outside}
        equal: dict[Any, str] = {}  # the numbers of a small constant -> its first name
        done: dict[str, int] = {}
        kept = []
        for step in self.steps:
            text = CONSTANT.sub(lambda k: self._first(k[0], equal), _renamed(self.same, step.text))
            if step.asks:
                if text not in done:
                    kept.append(step)
                done[text] = step.makes
            elif self._is_row(step):
                kept.append(step)
            elif (source := self._source(step, text)) is not None:
                self.same[step.makes] = source
                if step.makes in self.outside:
                    self.outside.add(source)
            elif self._root(step.makes) in self.outside:
                kept.append(step)
            elif all(f"v{self._now(slot)}" in self.names for slot in step.reads):
                self.names[f"v{step.makes}"] = eval(_renamed(self.same, step.text), self.names)
            elif text in done and step.y.nbytes <= SMALL:
                self.same[step.makes] = done[text]
            else:
                done[text] = step.makes
                kept.append(step)
        self.steps = kept

    def _is_row(self, step: Step) -> bool:
        """Is it a row of the tape, and not a step inside of one?"""
        return not step.asks and step is self.tape.steps[step.row]

    def _first(self, name: str, equal: dict[Any, str]) -> str:
        """The name of the first constant with these numbers."""
        x = self.names[name]
        if type(x) is not np.ndarray or x.nbytes > SMALL:
            return name
        return equal.setdefault((x.dtype, x.shape, x.strides, x.tobytes()), name)

    def _source(self, step: Step, text: str) -> int | None:
        """The slot whose numbers a step only repeats: 1 times x, or the copy of what nobody else will see."""
        reads = [self._now(slot) for slot in step.reads]
        if text.endswith(".copy()") and len(reads) == 1 and step.makes in self.outside:
            made = self.by_slot[reads[0]]
            alone = made.view_of is None and made.writes and reads[0] not in self.outside
            return reads[0] if alone and made.y.layout() == step.y.layout() else None
        if step.makes in self.outside or not step.elementwise:
            return None
        if self.names.get(text.partition("(")[0]) is np.multiply and len(reads) == 2:
            for one, x in (reads, reads[::-1]):
                value, y = self.names.get(f"v{one}"), self.by_slot[x].y
                same = y is not None and y.array and y.layout() == step.y.layout()
                if same and type(value) is np.ndarray and np.all(value == 1):
                    return x
        return None

    def _drop(self) -> None:
        needed = {self._now(slot) for slot in slots_in(self.results)}
        kept = []
        for step in reversed(self.steps):
            inner = step.loads or not self._is_row(step)
            if (
                inner
                and step.makes not in needed
                and not (step.asks and self._matters(step, needed))
            ):
                continue
            needed |= self._reads(step)
            kept.append(step)
        self.steps = kept[::-1]

    def _matters(self, check: Step, needed: set[int]) -> bool:
        """Is a condition about something that is used?"""
        return check.makes != -1 or check.reads[0] in needed

    # Memory.

    def _place(self) -> None:
        """Gives results their places in one block, the large ones only if that takes no more memory."""
        last: dict[int, int] = {}
        for i, step in enumerate(self.steps):
            for slot in self._reads(step):
                last[self._root(slot)] = i
        last |= dict.fromkeys(self.outside, len(self.steps))
        blocks = self._blocks(last, math.inf)
        if self._most(last, blocks) > self._eagerly():
            blocks = self._blocks(last, SMALL)
        places, self.memory = _places({id(block): block for block in blocks.values()})
        self.block = aligned(self.memory, np.dtype(np.uint8))
        for slot, block in blocks.items():
            y, start = self.by_slot[slot].y, places[id(block)]
            memory = self.block[start : start + y.nbytes].view(y.dtype)
            self.names[f"v{slot}"] = memory.reshape(y.shape, order=y.order)
            self.notes.setdefault(slot, f"at {start:,}")
        kept = []
        for step in self.steps:  # views of what has a fixed place
            fixed = step.view_of is not None and f"v{self._root(step.makes)}" in self.names
            if fixed and all(f"v{self._now(slot)}" in self.names for slot in step.reads):
                self.names[f"v{step.makes}"] = eval(_renamed(self.same, step.text), self.names)
            else:
                kept.append(step)
        self.steps = kept

    def _blocks(self, last: dict[int, int], limit: float) -> dict[int, list[int]]:
        """slot -> [bytes, first step, last step] of a piece of memory, which may be that of several slots."""
        blocks: dict[int, list[int]] = {}
        self.notes.clear()
        for i, step in enumerate(self.steps):
            y = step.y
            if not step.writes or not y.owner or not y.order or y.nbytes > limit or not y.nbytes:
                continue
            if step.makes in self.outside:
                continue
            for slot in map(self._now, step.reads):
                over = step.elementwise or slot == self._now(step.reads[0])  # `put`: only its first
                fits = slot in blocks and self.by_slot[slot].y.layout() == y.layout()
                if fits and over and last[slot] == i:
                    blocks[step.makes] = blocks[slot]
                    self.notes[step.makes] = f"over v{slot}"
                    break
            else:
                blocks[step.makes] = [y.nbytes, i, i]
            blocks[step.makes][2] = max(i, last.get(step.makes, i))
        return blocks

    def _most(self, last: dict[int, int], blocks: dict[int, list[int]]) -> int:
        """The most bytes at any time: those of the block, and of the results that are not in it."""
        _, memory = _places({id(block): block for block in blocks.values()})
        return memory + _most(self.steps, last, blocks)

    def _eagerly(self) -> int:
        """The most bytes without compile: there all results stay until the rules that read them."""
        last = {slot: step.row for step in self.tape.steps for slot in step.reads}
        last |= dict.fromkeys(slots_in(self.results), len(self.tape.steps))
        return _most(self.tape.steps, last)

    # The program.

    def text(self, step: Step) -> str:
        """The line of a step, for readers."""
        text = _renamed(self.same, step.text)
        return f"if not ({text}): leave" if step.asks else f"v{step.makes} = {text}"

    def about(self, step: Step) -> str:
        if step.asks:
            return "the plan depends on it"
        note = self.notes.get(step.makes)
        return step.about() + (f", {note}" if note else "")

    def _program(self) -> Callable:
        texts = []
        for step in self.steps:
            text, name = _renamed(self.same, step.text), f"v{step.makes}"
            if step.asks:
                self.names[f"leave{step.row}"] = functools.partial(self.leave, step.row)
                given = [self._given(slot) for slot in sorted(self.alive[step.row])]
                texts.append(f"if not ({text}): return leave{step.row}({', '.join(given)})")
            elif name in self.names:
                texts.append(text[:-1] + step.writes.format(name) + ")")
            else:
                texts.append(f"{name} = {text}")
        results = _renamed(self.same, self.results)
        reads = [self._reads(step) for step in self.steps]
        lines, steps = _forgetting(self.steps, texts, reads, results, self.names)
        lock = threading.Lock()
        self.names |= {"taken": lock.acquire, "release": lock.release, "plainly": self._plainly}
        lines = [
            f"if not taken(False): return plainly({', '.join(self.arguments)})", "try:",
            *("    " + line for line in lines), "finally:", "    release()",
        ]  # fmt: skip
        return self._defined("replay", self.arguments, lines, [None, None, *steps])

    def _plainly(self, *arrays: Any) -> Any:
        """Another thread is in the plan, whose memory is its own as long."""
        return self.rest(0)(*arrays)

    def _given(self, slot: int) -> str:
        name = f"v{self._now(slot)}"
        return f"{name}.copy('K')" if type(self.names.get(name)) is np.ndarray else name

    def _defined(self, name: str, given: list[str], lines: list[str], steps: list) -> Callable:
        lines = [f"def {name}({', '.join(given)}):", *("    " + line for line in lines)]
        file, source = f"<tape {_number()}>", "\n".join(lines)
        linecache.cache[file] = len(source), None, [f"{line}\n" for line in lines], file
        defined: dict[str, Any] = {}
        exec(compile(source, file, "exec"), self.names, defined)
        weakref.finalize(self, linecache.cache.pop, file, None)
        self.tape.lines[file] = steps
        return defined[name]


def _most(steps: list[Step], last: dict[int, int], placed: Any = ()) -> int:
    """The most bytes at any time of results that have no place in the block."""
    change = [0] * (max(last.values(), default=0) + len(steps) + 2)
    for i, step in enumerate(steps):
        new = step.y is not None and step.view_of is None and not step.loads
        if new and step.makes not in placed:
            change[i] += step.y.nbytes
            change[last.get(step.makes, i) + 1] -= step.y.nbytes
    return max(itertools.accumulate(change))


def _forgetting(
    steps: list[Step], texts: list[str], reads: list[set[int]], results: str, fixed: Any
) -> tuple[list[str], list[Any]]:
    """Lines that forget an array after its last use, and their steps."""
    last: dict[int, int] = {}
    for i, step in enumerate(steps):
        last |= dict.fromkeys({step.makes} | reads[i], i)
    for slot in slots_in(results):
        last.pop(slot, None)
    lines: list[str] = []
    found: list[Any] = []
    for i, (step, text) in enumerate(zip(steps, texts, strict=True)):
        done = [f"v{slot}" for slot in sorted({step.makes} | reads[i]) if last.get(slot) == i]
        done = [name for name in done if name not in fixed and not step.asks]
        lines += [text, " = ".join(done) + " = None"] if done else [text]
        found += [step, step] if done else [step]
    return [*lines, f"return {results}"], found


def _renamed(same: dict[int, int], text: str) -> str:
    return SLOT.sub(lambda found: f"v{_find(same, int(found[1]))}", text)


def _find(same: dict[int, int], slot: int) -> int:
    while slot in same:
        slot = same[slot]
    return slot


def _foreign(step: Step, tape: Tape) -> bool:
    """Is it a function of the user, who may keep what it is given?"""
    for name in re.findall(r"\bk\d+\b", step.text):
        f = getattr(tape.names[name], "func", tape.names[name])
        root = (getattr(f, "__module__", None) or "numpy").partition(".")[0]
        if callable(f) and root not in ("numpy", "tinygrad_edu", "_operator", "builtins"):
            return True
    return False


def _places(blocks: dict[int, list[int]]) -> tuple[dict[int, int], int]:
    """Where each block begins, and how many bytes there are: the largest first, each as low as possible."""
    places: dict[int, int] = {}
    taken: list[tuple[int, int, int, int]] = []  # first step, last step, start, end
    for key, (size, first, last) in sorted(blocks.items(), key=lambda item: -item[1][0]):
        size = -(-size // CACHE_LINE) * CACHE_LINE
        start = 0
        beside = sorted((t[2], t[3]) for t in taken if t[0] <= last and t[1] >= first)
        for low, high in beside:
            if low - start >= size:
                break
            start = max(start, high)
        places[key] = start
        taken.append((first, last, start, start + size))
    return places, max((t[3] for t in taken), default=0)
