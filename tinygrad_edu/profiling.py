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
import html
import importlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.autodiff import pull_back
from tinygrad_edu.diagnostics.rules import arguments_read
from tinygrad_edu.diagnostics.words import is_ours, line_of, refusal, user_frame
from tinygrad_edu.modes import thread
from tinygrad_edu.ops import indexing, joining, shapes
from tinygrad_edu.tensor import Op, Tensor, value
from tinygrad_edu.terminal import in_columns, printable, size

__all__ = ["Limits", "Profile", "Record", "Row", "Table", "limits", "profile"]

BETWEEN = "Python between operations"
PRINTED = 30  # rows of a table as text; all are in `rows`
REMEMBERED = 200_000  # results whose lines are kept for the way back
HEAD = ("pass", "ms", "share", "calls", "bytes", "multiply-adds", "GFLOP/s", "GB/s", "of the limit")
# What only moves numbers: it makes no multiply-adds.
MOVES = {row for room in (indexing, joining, shapes) for row in vars(room).values()
         if isinstance(row, Op) and not row.elementwise} - {indexing.scatter_add}  # fmt: skip

clock = time.perf_counter


class Limits(NamedTuple):
    """What this machine can do with numbers of one dtype."""

    gflops: float  # 10⁹ operations a second; a multiply-add is two
    gbs: float  # 10⁹ bytes a second, read and written


class Record(NamedTuple):
    """The costs of one operation in one module, asked for by one line."""

    operation: str  # "matmul", or "d matmul/dx" for what turns dL/dy into dL/dx
    direction: str  # "forward", "backward", or "" for what is neither
    dtype: str  # of the result
    modules: tuple[
        str, ...
    ]  # the modules being called: the outermost by its kind, others by their paths
    line: str  # of the user
    seconds: float  # without those of other operations inside it
    calls: int
    bytes: int  # of the arrays read and written; 0 for a view
    multiply_adds: int


class Row(NamedTuple):
    """A line of a table: the costs of all records of one name and direction."""

    name: str
    direction: str
    seconds: float
    share: float  # of the total, from 0 to 1
    calls: int
    bytes: int
    multiply_adds: int
    gflops: float  # reached: 10⁹ operations a second
    gbs: float  # reached: 10⁹ bytes a second
    percent: float  # of what the machine could do, see `limits`; nan if nothing was counted


class Table:
    """Rows, the slowest first, which print as a table."""

    def __init__(self, what: str, rows: list[Row], total: float, about: str):
        self.what, self.rows, self.total, self.about = what, rows, total, about

    def cells(self) -> list[list[str]]:
        """The table as text, with a head."""
        table = [[self.what, *HEAD]]
        for row in self.rows:
            work = [
                size(row.bytes) if row.bytes else "",
                f"{row.multiply_adds:,}" if row.multiply_adds else "",
                f"{row.gflops:.3g}" if row.gflops else "",
                f"{row.gbs:.3g}" if row.gbs else "",
                "" if math.isnan(row.percent) else f"{row.percent:.0f} %",
            ]
            shown = [f"{1000 * row.seconds:.3f}", f"{100 * row.share:.1f} %"]
            shown.append(f"{row.calls:,}" if row.calls else "")
            table.append([row.name, row.direction, *shown, *work])
        return table

    def __repr__(self) -> str:
        table = self.cells()
        shown = [[cell if len(cell) <= 60 else cell[:57] + "..." for cell in row] for row in table]
        lines = in_columns(shown[: PRINTED + 1], text=2)
        rest = self.rows[PRINTED:]
        if rest:
            share = sum(row.share for row in rest)
            lines.append(f"... and {len(rest)} more rows with {100 * share:.1f} % of the time")
        rule = "─" * max(map(len, lines))
        return printable("\n".join([lines[0], rule, *lines[1:], rule, self.about]))

    def _repr_html_(self) -> str:
        return f"{as_html(self.cells(), text=2)}<p>{html.escape(self.about)}</p>"


def as_html(cells: list[list[str]], text: int) -> str:
    """A table whose first columns are text and whose others are numbers, with a head."""
    head, *rows = cells
    kinds = [""] * text + [' class="number"'] * (len(head) - text)
    titles = "".join(f"<th{kind}>{name}</th>" for kind, name in zip(kinds, head, strict=True))
    body = ""
    for row in rows:
        about = zip(kinds, head, row, strict=True)
        shown = "".join(f'<td{k} data-name="{n}">{html.escape(c)}</td>' for k, n, c in about)
        body += f"<tr>{shown}</tr>"
    return f'<table class="layers"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


class Step(NamedTuple):
    """What a line of a generated function does."""

    operation: str
    direction: str
    dtype: str
    line: str  # of the user
    bytes: int
    multiply_adds: int


class _Running(NamedTuple):
    """An operation that is being measured."""

    direction: str
    scope: tuple  # the modules that it belongs to
    depth: int  # the number of modules that were being called when it began
    line: tuple[str, int]  # file and number
    inside: list[float]  # the seconds of what is measured inside it


class Profile:
    """What `profile()` measured. Printed, or as the last line of a cell, it is a table by operation.

    total     seconds inside the block, without those that measuring took
    rows      the rows of that table, see `Row`
    records   the costs in detail, by operation, module and line, see `Record`
    overhead  the seconds that measuring took
    """

    def __init__(self) -> None:
        self._costs: dict[
            tuple, list
        ] = {}  # what and where -> seconds, calls, bytes, multiply-adds
        self._running: list[_Running] = []
        self._lines: dict[int, tuple[str, int]] = {}  # the order of a result -> the user's line
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
            moved = _bytes(arrays, y)
            return y, moved, _products(row, arrays, params, y) if moved else 0

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
            read = _read(rule)
            gx = np.asarray(value(gx))
            moved = _bytes([x for k, x in enumerate(arrays) if read is None or k in read], gx)
            return gx, moved, _products_back(row, i, arrays, y.params, gx) if moved else 0

        running = _Running(direction, scope, depth, self._line_of(y), [0.0])
        name = derivative(row, i)
        return self._measure(entered, name, running, work, args, params, costs)

    def part(self, name: str, function: Callable, *args: Any) -> Any:
        """function(*args), measured as a whole, for what is no operation: the step of an optimizer."""
        entered, mode = clock(), thread.mode
        running = _Running("", tuple(mode.scope), len(mode.scope), _users_line(), [0.0])
        mode.profile = None
        try:
            return self._measure(entered, name, running, function, args, {}, lambda _: (None, 0, 0))
        finally:
            mode.profile = self

    def replay(
        self, program: Callable, args: tuple, steps: Mapping[str, Sequence[Step | None]]
    ) -> Any:
        """program(*args), a generated function, with each of its lines measured as one operation.

        steps   the file of a generated function -> what each line does, from the first line below `def` on.
                None for lines that do nothing of their own, and for `return`
        """
        depth = len(thread.mode.scope)
        running = _Running("forward", tuple(thread.mode.scope), depth, ("", 0), [0.0])
        entered = since = clock()
        step: Step | None = None

        def line(frame: Any, event: str, _: Any) -> Any:
            nonlocal step, since
            ended, lines = clock(), steps[frame.f_code.co_filename]
            at = frame.f_lineno - frame.f_code.co_firstlineno - 1
            new = lines[at] if event == "line" and 0 <= at < len(lines) else None
            if step is not None:
                costs = ended - since - running.inside[0], int(new is not step), 0, 0
                if new is not step:  # several lines may be one operation
                    costs = *costs[:2], step.bytes, step.multiply_adds
                self._note(
                    (step.operation, step.direction, step.dtype, running.scope, step.line), costs
                )
            step, running.inside[0], since = new, 0.0, clock()
            self.overhead += since - ended
            return line

        def call(frame: Any, event: str, _: Any) -> Any:
            return line if frame.f_code.co_filename in steps else None

        before = sys.gettrace()
        self._running.append(running)
        sys.settrace(call)
        try:
            return program(*args)
        finally:
            sys.settrace(before)
            self._running.remove(running)
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
        total, paths = self.total, _Paths()
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
        rows = [_row_of(*key, group, total) for key, group in groups.items()]
        rows.sort(key=lambda row: -row.seconds)
        return Table(what, rows, total, self._about(records))

    def limits(self) -> dict[str, Limits]:
        """dtype -> what the machine can do, for the dtypes of the operations. See `limits`."""
        before = clock()
        dtypes = dict.fromkeys(record.dtype for record in self.records if record.bytes)
        found = {dtype: limits(dtype) for dtype in dtypes}
        if self._began is not None:
            self.overhead += clock() - before
        return found

    def _about(self, records: list[Record]) -> str:
        told = f"{1000 * sum(record.seconds for record in records):.3f} ms"
        told += f", and {1000 * self.overhead:.3f} ms of measuring"
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

    Raises RuntimeError inside another profile().

    >>> x = Tensor(np.ones((2, 3)), requires_grad=True)
    >>> with profile() as p:
    ...     (x @ np.ones((3, 4))).sum().backward()
    >>> [(row.name, row.multiply_adds) for row in sorted(p.rows) if row.name[-6:] == "matmul"]
    [('matmul', 24)]
    """
    return Profile()


# --------------------------------------------------------------------------------- what is counted


def derivative(row: Op, i: int) -> str:
    """What a rule is called: `d matmul/dx`; `d concatenate`, whose inputs have no names."""
    if row.variadic_rule or i >= len(row.inputs):
        return f"d {row.name}"
    return f"d {row.name}/d{row.inputs[i]}"


def _bytes(read: Iterable[Any], y: Any) -> int:
    """Bytes of the arrays read and of the result; 0 for a view, for which nothing is read or written."""
    arrays = [x for x in read if isinstance(x, np.ndarray)]
    if isinstance(y, np.ndarray) and any(np.may_share_memory(x, y) for x in arrays):
        return 0
    return sum(map(_bytes_of, arrays)) + y.nbytes


def _bytes_of(x: np.ndarray) -> int:
    """The bytes of an array in memory: one that is repeated by broadcasting is there once."""
    if 0 not in x.strides:
        return x.nbytes
    return x.itemsize * math.prod(
        n for n, step in zip(x.shape, x.strides, strict=True) if step or not n
    )


def _products(row: Op, arrays: Sequence, params: Mapping[str, Any], y: Any) -> int:
    """Multiply-adds of a forward: as the row says, or one for each element of the largest array."""
    if row in MOVES:
        return 0
    shapes = [np.shape(x) for x in arrays]
    told = row.multiply_adds(np.shape(y), *shapes, **params) if row.multiply_adds else 0
    return int(told) or max(math.prod(shape) for shape in (np.shape(y), *shapes))


def _products_back(
    row: Op, i: int, arrays: Sequence, params: Mapping[str, Any], gx: np.ndarray
) -> int:
    """Multiply-adds of a rule.

    The two rules of a product of two factors take a product each. A recurrent row has four factors for two
    products. A bias (b) and a cell state (c) are no factors.
    """
    if row in MOVES:
        return 0
    g, y, *inputs = arrays
    factors = [name for name in row.inputs if row.linear or name not in ("b", "c")]
    names = row.inputs[i : i + 1]  # empty for one of any number of inputs
    if row.multiply_adds and set(names) <= set(factors):
        told = int(row.multiply_adds(np.shape(y), *map(np.shape, inputs), **params))
        told = told * 2 // max(len(factors), 2)
        if told:
            return told
    return max(g.size, gx.size)


@functools.lru_cache(4096)
def _read(rule: Callable) -> set[int] | None:
    return arguments_read(rule)


def _users_line() -> tuple[str, int]:
    frame = user_frame()
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)


def _text_of(line: Any) -> str:
    """`train.py:12:  loss.backward()`"""
    if isinstance(line, str):
        return line
    return line_of(*line).removeprefix("\n  at ") if line[1] else ""


# ------------------------------------------------------------------------------------- grouping


class _Paths:
    """Names of modules: of an outermost one its kind, with a number if several are of that kind."""

    def __init__(self) -> None:
        self.roots: dict[Any, str] = {}
        self.inside: dict[Any, dict[Any, str]] = {}

    def of(self, scope: tuple) -> tuple[str, ...]:
        """The outermost module by its name, and the others by their paths in it."""
        if not scope:
            return ()
        root, *others = scope
        if root not in self.roots:
            kind = type(root).__name__
            alike = sum(type(known) is type(root) for known in self.roots)
            self.roots[root] = kind if not alike else f"{kind} {alike + 1}"
            self.inside[root] = {module: path for path, module in root.named_modules()}
        paths = self.inside[root]
        return self.roots[root], *(paths.get(m) or type(m).__name__ for m in others)


def _module_name(record: Record, several: bool) -> str:
    """The path of the innermost module, after the name of the outermost if there are several of these."""
    if not record.direction:
        return record.operation
    if not record.modules:
        return "(no module)"
    root, *inner = record.modules
    if not inner:
        return root
    return f"{root}: {inner[-1]}" if several else inner[-1]


NAMES: dict[str, Callable[[Record, bool], str]] = {
    "operation": lambda record, _: record.operation,
    "module": _module_name,
    "line": lambda record, _: record.line or ("(not asked for in here)" if record.direction else
                                              record.operation),
}  # fmt: skip


def _row_of(name: str, direction: str, records: Sequence[Record], total: float) -> Row:
    seconds = sum(record.seconds for record in records)
    moved = sum(record.bytes for record in records)
    products = sum(record.multiply_adds for record in records)
    rates = (2e-9 * products / seconds, 1e-9 * moved / seconds) if seconds else (0.0, 0.0)
    least = sum(map(least_seconds, records))
    percent = 100 * least / seconds if least and seconds else math.nan
    share = seconds / total if total else 0.0
    calls = sum(record.calls for record in records)
    return Row(name, direction, seconds, share, calls, moved, products, *rates, percent)


# --------------------------------------------------------------------------- what the machine can do


def least_seconds(record: Record) -> float:
    """The time that the machine needs for a record at its limits."""
    if not record.bytes:
        return 0.0
    gflops, gbs = limits(record.dtype)
    return max(2e-9 * record.multiply_adds / gflops, 1e-9 * record.bytes / gbs)


def limits(dtype: Any = "float32") -> Limits:
    """What this machine reaches: a product of large matrices, and a sum of arrays larger than its cache.

    Measured once for each dtype, in about 0.1 s. A dtype without fast products (float16, integers) has the
    limits of float32. Small arrays stay in the cache, which is faster than memory: an operation on them may
    exceed these limits.
    """
    name = np.dtype(dtype).name
    return _measured_limits(name if name in ("float64", "complex64", "complex128") else "float32")


@functools.cache
def _measured_limits(dtype: str) -> Limits:
    n = 768 if dtype == "float32" else 512
    x = np.ones((n, n), dtype)
    product = np.empty_like(x)
    gflops = 2e-9 * n**3 / _best_seconds(lambda: np.matmul(x, x, out=product))
    a = np.ones(24 * 2**20 // np.dtype(dtype).itemsize, dtype)
    b, total = a.copy(), np.empty_like(a)
    gbs = 3e-9 * a.nbytes / _best_seconds(lambda: np.add(a, b, out=total))
    return Limits(gflops, gbs)


def _best_seconds(work: Callable[[], Any], enough: float = 0.04) -> float:
    work()  # memory is given out, and the library wakes its threads
    best, start = math.inf, clock()
    while best == math.inf or clock() - start < enough:
        began = clock()
        work()
        best = min(best, clock() - began)
    return best
