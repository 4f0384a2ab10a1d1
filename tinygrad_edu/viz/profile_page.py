"""The page about a profile: a flame graph, the tables, and the roofline. It has no script."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Iterator, Sequence

from tinygrad_edu.files import write_text
from tinygrad_edu.profiling import BETWEEN, Limits, Profile, Row, as_html
from tinygrad_edu.viz.report_page import FOLDER, filled

TEMPLATE = os.path.join(FOLDER, "profile_page.html")
KINDS = {"forward": "forward", "backward": "backward", "": "other"}  # direction -> class of a box
HEIGHT = 26  # of a box of the flame graph, in pixels
LETTER, MARGIN = 7.2, 12  # pixels of a letter, and beside a label
WIDE, NARROW = 830, 320  # pixels of the flame graph on a desk and on a telephone
LEAST = 0.001  # the share of the time of a box that is drawn
DOTS = 20  # operations in the roofline, at most
LEFT, RIGHT, TOP, BOTTOM = 62, 508, 14, 322  # of the roofline's axes


def write_profile(path: str | os.PathLike[str], profile: Profile) -> None:
    """Writes the page about a profile: one file, with nothing from the web."""
    tables = {what: profile.by(what) for what in ("operation", "module", "line")}
    rows = tables["operation"].rows
    operations = [row for row in rows if row.direction]
    between = next(row for row in rows if row.name == BETWEEN)
    words = {
        "total": _time(sum(row.seconds for row in rows)),
        "calls": f"{sum(row.calls for row in operations):,}",
        "between": f"{100 * between.share:.0f} %",
        "overhead": _time(profile.overhead),
        "about": tables["operation"].about,
    }
    pictures = {
        "flame": flame_graph(profile),
        "roofline": roofline(rows, profile.limits()),
        **{what: as_html(_numbered(table.cells()), text=3) for what, table in tables.items()},
    }
    write_text(path, filled(TEMPLATE, words, pictures))


def _numbered(cells: list[list[str]]) -> list[list[str]]:
    """A table with the numbers that the dots of the roofline have."""
    head, *rows = cells
    return [["no.", *head], *([str(i), *row] for i, row in enumerate(rows, 1))]


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


# ------------------------------------------------------------------------------------ flame graph


class Box:
    """A module, an operation in it, or what is no operation, with the time of all that is inside."""

    def __init__(self, name: str, kind: str):
        self.name, self.kind, self.seconds, self.calls = name, kind, 0.0, 0
        self.inside: dict[tuple[str, str], Box] = {}

    def add(self, path: Sequence[tuple[str, str]], seconds: float, calls: int) -> None:
        """Adds time to this box and to those on the path (name, kind) into it."""
        self.seconds += seconds
        self.calls += calls
        if path:
            first, *rest = path
            self.inside.setdefault(first, Box(*first)).add(rest, seconds, calls)


def boxes(profile: Profile) -> Box:
    """The time of all, by module and operation, in the order in which they were first called."""
    everything = Box("everything", "other")
    for record in profile.records:
        modules = [(name, "module") for name in record.modules if record.direction]
        path = [*modules, (record.operation, KINDS[record.direction])]
        everything.add(path, record.seconds, record.calls)
    return everything


def flame_graph(profile: Profile) -> str:
    """An `<svg>`: each box is as wide as its share of the time, and stands below what called it."""
    everything = boxes(profile)
    drawn = list(_drawn(everything, 0.0, 0, everything.seconds or 1.0, ""))
    height = HEIGHT * (1 + max(level for level, _ in drawn))
    about = f"Flame graph of {_time(everything.seconds)}, by module and operation; the table below has it all"
    inside = "".join(text for _, text in drawn)
    return f'<svg class="flame" role="img" aria-label="{about}" width="100%" height="{height}">{inside}</svg>'


def _drawn(
    box: Box, start: float, level: int, total: float, outer: str
) -> Iterator[tuple[int, str]]:
    """(level, `<svg>`) of a box that begins after `start` seconds, and of those inside it."""
    share = box.seconds / total
    if share < LEAST and level:
        return
    label = box.name.removeprefix(f"{outer}.") if box.kind == "module" else box.name
    told = f"{box.name}: {_time(box.seconds)}, {100 * share:.1f} %"
    told += f", {box.calls:,} calls" if box.kind in ("forward", "backward") else ""
    texts = "".join(
        f'<text class="{size}" x="6" y="17">{html.escape(shown)}</text>'
        for size, width in (("on-desk", WIDE), ("on-telephone", NARROW))
        if (shown := _fitting(label, share * width))
    )
    yield (
        level,
        (
            f'<svg x="{100 * start / total:.3f}%" y="{HEIGHT * level}" width="{100 * share:.3f}%" '
            f'height="{HEIGHT}"><title>{html.escape(told)}</title>'
            f'<rect class="{box.kind}" width="100%" height="{HEIGHT}"/>{texts}</svg>'
        ),
    )
    for part in box.inside.values():
        yield from _drawn(part, start, level + 1, total, box.name)
        start += part.seconds


def _fitting(label: str, width: float) -> str:
    """A label, or its beginning, in so many pixels; "" if hardly a letter fits."""
    letters = int((width - MARGIN) / LETTER)
    if len(label) <= letters:
        return label
    return f"{label[: letters - 1]}…" if letters >= 5 else ""


# --------------------------------------------------------------------------------------- roofline


def roofline(rows: Sequence[Row], limits: dict[str, Limits]) -> str:
    """An `<svg>`: operations by multiply-adds per byte and GFLOP/s, below what the machine can do.

    The numbers of the dots are those of the rows. A dot grows with its share of the time.
    """
    shown = [(i, row) for i, row in enumerate(rows, 1) if row.gflops and row.gbs][:DOTS]
    if not shown:
        return "<p>No operation with arithmetic was measured.</p>"
    points = [(2 * row.multiply_adds / row.bytes, row.gflops) for _, row in shown]
    corners = [(gflops / gbs, gflops) for gflops, gbs in limits.values()]
    x = _Axis([x for x, _ in points + corners], LEFT, RIGHT)
    y = _Axis([y for _, y in points + corners], BOTTOM, TOP)
    parts = [*_grid(x, y)]
    for name, (gflops, gbs) in limits.items():
        begin = max(x.low, y.low / gbs)
        way = [(begin, begin * gbs), (gflops / gbs, gflops), (x.high, gflops)]
        line = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in way)
        parts.append(f'<polyline class="limit" points="{line}"/>')
        parts.append(
            f'<text class="limit" x="{RIGHT - 4}" y="{y.at(gflops) - 6:.1f}" text-anchor="end">'
            f"{name}: {gflops:.3g} GFLOP/s, {gbs:.3g} GB/s</text>"
        )
    by_size = sorted(zip(shown, points, strict=True), key=lambda dot: -dot[0][1].share)
    for (i, row), (a, b) in by_size:
        radius = 10 + 16 * math.sqrt(row.share)
        told = f"{i}. {row.name}: {b:.3g} GFLOP/s, {row.gbs:.3g} GB/s, {row.percent:.0f} % of the limit"
        parts.append(
            f'<g><title>{html.escape(told)}</title><circle class="{KINDS[row.direction]}" '
            f'cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="{radius:.1f}"/>'
            f'<text x="{x.at(a):.1f}" y="{y.at(b) + 5:.1f}" text-anchor="middle">{i}</text></g>'
        )
    about = (
        f"Roofline: {len(shown)} operations by FLOP for each byte, and GFLOP/s, both logarithmic"
    )
    inside = "".join(parts)
    return f'<svg class="roofline" role="img" aria-label="{about}" viewBox="0 0 520 376">{inside}</svg>'


class _Axis:
    """A logarithmic axis over whole powers of ten, from `start` to `end` in the picture."""

    def __init__(self, numbers: Sequence[float], start: float, end: float):
        first = math.floor(math.log10(min(numbers)) - 0.1)
        last = math.ceil(math.log10(max(numbers)) + 0.3)
        self.powers = range(first, last + 1)
        self.low, self.high = 10.0**first, 10.0**last
        self.start, self.end = start, end

    def at(self, number: float) -> float:
        along = math.log(number / self.low) / math.log(self.high / self.low)
        return self.start + along * (self.end - self.start)


def _grid(x: _Axis, y: _Axis) -> Iterator[str]:
    """Lines and numbers at powers of ten, every second one where there are many, and names."""
    for power in x.powers[:: 1 + len(x.powers) // 7]:
        at = x.at(10.0**power)
        yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{BOTTOM}"/>'
        yield f'<text x="{at:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{10.0**power:g}</text>'
    for power in y.powers[:: 1 + len(y.powers) // 7]:
        at = y.at(10.0**power)
        yield f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 5:.1f}" text-anchor="end">{10.0**power:g}</text>'
    middle = (LEFT + RIGHT) / 2
    yield f'<text x="{middle}" y="{BOTTOM + 44}" text-anchor="middle">FLOP for each byte</text>'
    middle = (TOP + BOTTOM) / 2
    yield f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">GFLOP/s</text>'
