"""What was measured as rows of tables: by operation, by module, and by the user's line."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tinygrad_edu.profiling.machine import limits
from tinygrad_edu.terminal import in_columns, printable, size

PRINTED = 30  # rows of a table as text; all are in `rows`
HEAD = ("pass", "ms", "share", "calls", "bytes", "multiply-adds", "GFLOP/s", "GB/s", "of the limit")


class Record(NamedTuple):
    """The costs of one operation in one module, asked for by one line."""

    operation: str  # "matmul", or "d matmul/dx" for what turns dL/dy into dL/dx
    direction: str  # "forward", "backward", or "" for what is neither
    dtype: str  # of the result
    modules: tuple[str, ...]  # being called: the outermost by its kind, the others by their paths
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


# ------------------------------------------------------------------------------------- grouping


class Paths:
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


def row_of(name: str, direction: str, records: Sequence[Record], total: float) -> Row:
    seconds = sum(record.seconds for record in records)
    moved = sum(record.bytes for record in records)
    products = sum(record.multiply_adds for record in records)
    rates = (2e-9 * products / seconds, 1e-9 * moved / seconds) if seconds else (0.0, 0.0)
    least = sum(map(least_seconds, records))
    percent = 100 * least / seconds if least and seconds else math.nan
    share = seconds / total if total else 0.0
    calls = sum(record.calls for record in records)
    return Row(name, direction, seconds, share, calls, moved, products, *rates, percent)


def least_seconds(record: Record) -> float:
    """The time that the machine needs for a record at its limits."""
    if not record.bytes:
        return 0.0
    gflops, gbs = limits(record.dtype)
    return max(2e-9 * record.multiply_adds / gflops, 1e-9 * record.bytes / gbs)
