"""Where the time goes: `with profile() as p:` measures every operation, forward and backward.

`Op.__call__` has its forward run by `Profile.forward`, and the walk back its rules by `Profile.pull_back`.
Both take the time, and count bytes and multiply-adds from the shapes. What is measured is added up by
operation, module and line of the user (`records`); `by` adds these up further.

How good a time is, the machine tells (the roofline model of Williams, Waterman and Patterson 2009): an
operation with n multiply-adds on m bytes takes at least max(n / N, m / M) seconds if the processor makes N
multiply-adds and memory delivers M bytes in a second.
"""

from __future__ import annotations

import functools
import importlib
import linecache
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.autodiff import pull_back
from tinygrad_edu.diagnostics.words import is_ours, line_of, refusal, user_frame
from tinygrad_edu.modes import thread
from tinygrad_edu.profiling.costs import (
    Line,
    bytes_moved,
    derivative,
    products,
    products_back,
    values_read,
)
from tinygrad_edu.profiling.machine import Limits, limits, measured_as
from tinygrad_edu.profiling.table import NAMES, Paths, Record, Row, Table, row_of
from tinygrad_edu.tensor import Op, Tensor, value

BETWEEN = "Python between operations"
REMEMBERED = 200_000  # results whose lines are kept for the way back

clock = time.perf_counter


class _Running(NamedTuple):
    """An operation that is being measured."""

    direction: str
    scope: tuple  # the modules that it belongs to
    depth: int  # the number of modules that were being called when it began
    line: Any  # file and number, or the text of a line
    inside: list[float]  # the seconds of what is measured inside it


class Profile:
    """What `profile()` measured. Printed, or as the last line of a cell, it is a table by operation.

    total     seconds inside the block, without those that measuring took
    rows      the rows of that table, see `Row`
    records   the costs in detail, by operation, module and line, see `Record`
    overhead  the seconds that measuring took
    """

    def __init__(self) -> None:
        # What and where -> seconds, calls, bytes, multiply-adds.
        self._costs: dict[tuple, list] = {}
        self._running: list[_Running] = []
        self._lines: dict[int, tuple[str, int]] = {}  # the order of a result -> the user's line
        self._replayed: Line | None = None  # the line of a generated function that is running
        self._began: float | None = None
        self._seconds = self.overhead = 0.0

    def __enter__(self) -> Profile:
        if thread.mode.profile is not None:
            raise refusal(RuntimeError, "profile() inside another profile().", "one for the whole")
        thread.mode.profile, self._began = self, clock()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds += clock() - (self._began or 0.0)
        thread.mode.profile, self._began = None, None
        self._running.clear()
        self._lines.clear()

    # Measuring.

    def forward(self, row: Op, has_tensors: bool) -> Callable:
        """`row.forward`, measured, for `Op.__call__`.

        A row that a measured operation calls on plain arrays is a part of that operation.
        """
        if self._running and not has_tensors:
            return row.forward
        return functools.partial(self._forward, row)

    def _forward(self, row: Op, *arrays: Any, **params: Any) -> Any:
        entered, line = clock(), _users_line()
        scope, depth, direction = tuple(thread.mode.scope), len(thread.mode.scope), "forward"
        if (
            self._running and self._running[-1].direction == "backward"
        ):  # derivatives of derivatives
            outer = self._running[-1]
            scope, line, direction = outer.scope + scope[outer.depth :], outer.line, "backward"

        def costs(y: Any) -> tuple[Any, int, int]:
            if len(self._lines) > REMEMBERED:
                self._lines.clear()
            self._lines[Tensor(0.0).order + 1] = line  # the order of the result, which comes next
            moved = bytes_moved(arrays, y)
            return (
                y,
                moved,
                products(row, [*map(np.shape, arrays)], params, np.shape(y)) if moved else 0,
            )

        running = _Running(direction, scope, depth, line, [0.0])
        return self._measure(entered, row.name, running, row.forward, arrays, params, costs)

    def pull_back(self, y: Any, i: int, g: Any, result: Any, inputs: Any) -> Any:
        """`autodiff.pull_back`, measured, for the walk back."""
        if y.op.rule(i) is None:
            return None
        return self._apply(
            "backward", y, i, pull_back, (y, i, g, result, inputs), {}, g, result, inputs
        )

    def push(self, y: Any, i: int, rule: Callable, change: Any, result: Any, inputs: Any) -> Any:
        """A rule applied to the change of an input, measured, for forward mode."""
        args = (change, result, *inputs)
        return self._apply("forward", y, i, rule, args, y.params, change, result, inputs)

    def _apply(
        self,
        direction: str,
        y: Any,
        i: int,
        work: Callable,
        args: tuple,
        params: dict[str, Any],
        g: Any,
        result: Any,
        inputs: Any,
    ) -> Any:
        """Rule number i of a recorded operation, which `work` calls, measured."""
        entered, row, rule = clock(), y.op, y.op.rule(i)
        scope, depth = tuple(y.scope), len(thread.mode.scope)
        if self._running:  # the rule of a `checkpoint` walks back itself
            scope = self._running[-1].scope + scope[self._running[-1].depth :]

        def costs(gx: Any) -> tuple[Any, int, int]:
            arrays = [value(x) for x in (g, result, *inputs)]
            read = values_read(rule)
            gx = np.asarray(value(gx))
            moved = bytes_moved([x for k, x in enumerate(arrays) if read is None or k in read], gx)
            return (
                gx,
                moved,
                products_back(row, i, [*map(np.shape, arrays)], y.params, gx.shape) if moved else 0,
            )

        running = _Running(direction, scope, depth, self._line_of(y), [0.0])
        name = derivative(row, i)
        return self._measure(entered, name, running, work, args, params, costs)

    def part(self, name: str, function: Callable, *args: Any) -> Any:
        """function(*args), measured as a whole, for what is no operation: the step of an optimizer."""
        entered, mode = clock(), thread.mode
        line = self._replayed.line if self._replayed else _users_line()
        running = _Running("", tuple(mode.scope), len(mode.scope), line, [0.0])
        mode.profile = None
        try:
            return self._measure(entered, name, running, function, args, {}, lambda _: (None, 0, 0))
        finally:
            mode.profile = self

    def replay(
        self, program: Callable, args: tuple, lines: Mapping[str, Sequence[Line | None]]
    ) -> Any:
        """program(*args), a function that `compile` has generated, with each of its lines measured.

        lines   its file -> what each line does, from the first below `def` on; None for lines that do nothing
                of their own
        """
        scope = tuple(thread.mode.scope)
        running = _Running("forward", scope, len(scope), ("", 0), [0.0])
        seen: dict[str, Any] = {}
        entered = since = clock()
        number = 0  # of the line that is running

        def line(frame: Any, event: str, _: Any) -> Any:
            nonlocal number, since
            ended, code, now = clock(), frame.f_code, self._replayed
            at = frame.f_lineno - code.co_firstlineno - 1
            below = lines[code.co_filename]
            new = below[at] if event == "line" and 0 <= at < len(below) else None
            if now is not None:
                if now.costs is None:
                    names = {**frame.f_globals, **frame.f_locals}
                    now.look(linecache.getline(code.co_filename, number), names, seen)
                dtype, *costs = now.costs or ("", 0, 0)
                key = now.operation, now.direction, dtype, scope, now.line
                done = (1, *costs) if new is not now else (0, 0, 0)  # the next line belongs to it
                self._note(key, (ended - since - running.inside[0], *done))
            self._replayed, number = new, frame.f_lineno
            running.inside[0], since = 0.0, clock()
            self.overhead += since - ended
            return line

        def call(frame: Any, event: str, _: Any) -> Any:
            return line if frame.f_code.co_filename in lines else None

        before = sys.gettrace()
        self._running.append(running)
        sys.settrace(call)
        try:
            return program(*args)
        finally:
            sys.settrace(before)
            self._running.remove(running)
            self._replayed = None
            if self._running:
                self._running[-1].inside[0] += clock() - entered

    def _note(self, key: tuple, costs: tuple) -> None:
        noted = self._costs.setdefault(key, [0.0, 0, 0, 0])
        for i, cost in enumerate(costs):
            noted[i] += cost

    def _measure(
        self,
        entered: float,
        name: str,
        running: _Running,
        work: Callable,
        args: Any,
        params: dict[str, Any],
        costs: Callable[[Any], tuple[Any, int, int]],
    ) -> Any:
        """work(*args, **params), whose time without that of the operations inside it is noted.

        entered   when measuring began; what it takes itself is no time of the program
        costs     result -> (it as an array, bytes, multiply-adds)
        """
        self._running.append(running)
        began = clock()
        try:
            y = work(*args, **params)
        finally:
            ended = clock()
            self._running.pop()
        array, moved, products = costs(y)
        dtype = str(getattr(array, "dtype", ""))
        key = (name, running.direction, dtype, running.scope, running.line)
        self._note(key, (ended - began - running.inside[0], 1, moved, products))
        left = clock()
        self.overhead += (began - entered) + (left - ended)
        if self._running:
            self._running[-1].inside[0] += left - entered
        return y

    def _line_of(self, y: Any) -> tuple[str, int]:
        """The user's line that asked for a result; ("", 0) if that was before, and not by the user."""
        if y.order in self._lines:
            return self._lines[y.order]
        if y.created_at is None or is_ours(y.created_at[0].co_filename):
            return "", 0
        code, instruction = y.created_at
        return code.co_filename, [*code.co_positions()][instruction // 2][0] or code.co_firstlineno

    # What came out.

    @property
    def total(self) -> float:
        running = 0.0 if self._began is None else clock() - self._began
        return self._seconds + running - self.overhead

    @property
    def records(self) -> list[Record]:
        total, paths = self.total, Paths()
        found = [
            Record(name, direction, dtype, paths.of(scope), _text_of(line), *costs)
            for (name, direction, dtype, scope, line), costs in self._costs.items()
        ]
        between = max(total - sum(record.seconds for record in found), 0.0)
        return [*found, Record(BETWEEN, "", "", (), "", between, 0, 0, 0)]

    @property
    def rows(self) -> list[Row]:
        return self.by("operation").rows

    def by(self, what: str) -> Table:
        """The table by "operation", "module" or "line", the slowest rows first.

        A module is named by its path in the outermost one, and its row is without the modules inside it.
        """
        if what not in NAMES:
            raise refusal(ValueError, f"by({what!r}): there is no such table.", ", ".join(NAMES))
        records = self.records
        roots = {record.modules[0] for record in records if record.modules}
        groups: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            name = NAMES[what](record, len(roots) > 1)
            groups.setdefault((name, record.direction), []).append(record)
        total = sum(record.seconds for record in records)
        rows = [row_of(*key, group, total) for key, group in groups.items()]
        rows.sort(key=lambda row: -row.seconds)
        return Table(what, rows, total, self._about(records))

    def limits(self) -> dict[str, Limits]:
        """dtype -> what the machine can do, for the dtypes of the operations. See `limits`."""
        before = clock()
        dtypes = dict.fromkeys(measured_as(record.dtype) for record in self.records if record.bytes)
        found = {dtype: limits(dtype) for dtype in dtypes}
        if self._began is not None:
            self.overhead += clock() - before
        return found

    def _about(self, records: list[Record]) -> str:
        told = f"{1000 * sum(record.seconds for record in records):.3f} ms"
        told += f", without the {1000 * self.overhead:.3f} ms that measuring took"
        for dtype, (gflops, gbs) in self.limits().items():
            told += f"; this machine's limits in {dtype}: {gflops:.3g} GFLOP/s and {gbs:.3g} GB/s"
        return told

    def __repr__(self) -> str:
        return repr(self.by("operation"))

    def _repr_html_(self) -> str:
        return self.by("operation")._repr_html_()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a page with a flame graph, the tables, and the roofline: one file, without a network."""
        page = importlib.import_module("tinygrad_edu.viz.profile_page")  # a layer above this one
        page.write_profile(path, self)


def profile() -> Profile:
    """Measures where the time goes: `with profile() as p: ...`, and then `p`.

    `p` is a table by operation with the time, the bytes read and written, the multiply-adds, and how near all
    this comes to what the machine can do. `p.by("module")` and `p.by("line")` group the same differently,
    and `p.save("profile.html")` writes a page with a flame graph.

    It measures the thread that enters it. A time is that of an operation itself, without those inside it.
    What is left over is "Python between operations", in which adding up gradients is included. Each element
    of a result that is no product counts as one multiply-add. Where a rule computes several gradients at
    once, the first of them has their time. Numbers do not change. An operation takes some ten microseconds
    longer, of which about one is counted, as Python between operations.

    Of a replay of `compile` it measures every line of the tape, each a call of NumPy. A tape
    knows the user's lines and no modules.

    Raises RuntimeError inside another profile().

    >>> x = Tensor(np.ones((2, 3)), requires_grad=True)
    >>> with profile() as p:
    ...     (x @ np.ones((3, 4))).sum().backward()
    >>> [(row.name, row.multiply_adds) for row in sorted(p.rows) if row.name[-6:] == "matmul"]
    [('matmul', 24)]
    """
    return Profile()


def _users_line() -> tuple[str, int]:
    frame = user_frame()
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)


def _text_of(line: Any) -> str:
    """`train.py:12:  loss.backward()`"""
    if isinstance(line, str):
        return line
    return line_of(*line).removeprefix("\n  at ") if line[1] else ""
