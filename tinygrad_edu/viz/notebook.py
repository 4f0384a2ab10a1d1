"""How objects look in a notebook: HTML beside the text of their repr, and never an error.

A Tensor shows its numbers, its gradient and how it was made; a Module the boxes within boxes that it is;
a History its curves; a row of the derivative table its formula and rules; an estimator what it was told
and what it has learned. Whatever comes from a name, a repr or an array is escaped.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.diagnostics.words import shortened
from tinygrad_edu.explaining import explain
from tinygrad_edu.nn import Module, Sequential
from tinygrad_edu.nn.summary import size
from tinygrad_edu.tensor import Op, Tensor, made_at, value
from tinygrad_edu.training import History
from tinygrad_edu.training.progress import cell_number
from tinygrad_edu.viz import picture
from tinygrad_edu.viz.curves import BLUE, ORANGE, inline, learning_curve, new_axes
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.nodes import number, printable
from tinygrad_edu.viz.render import RED

ROWS, COLUMNS = 8, 8  # of a table of numbers; the middle of more is left out
MOST_NUMBERS = 1_000_000  # whose mean and range are worth the wait
MOST_OPERATIONS = 24  # of a graph that is drawn without being asked for
SECONDS = 5  # for a picture that nobody asked for
MOST_BOXES = 200  # of a Module
MOST_CURVES = 4

PALE = "opacity:.65"
MONO = "font-family:monospace"
PAD = "padding:.1em .5em"


def view(thing: Any) -> str | None:
    """The HTML of a thing, or None if its text is enough. Never raises: it shows the error instead."""
    if _is_above(thing):
        return None
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a letter that a font lacks, say: browsers have others
            shown = _html(thing)
    except Exception as error:
        shown = f"<pre>{escape(_repr(thing))}</pre>{_line(f'no picture of it: {_text(_told(error), 200)}')}"
    return f'<div class="tinygrad-edu">{shown}</div>'


def _html(thing: Any) -> str:
    if isinstance(thing, Tensor):
        return _tensor(thing)
    if isinstance(thing, Module):
        return _module(thing)
    if isinstance(thing, History):
        return _history(thing)
    if isinstance(thing, Op):
        return explain(thing)._repr_html_()
    return _estimator(thing)


def _repr(thing: Any) -> str:
    try:
        return repr(thing)
    except Exception as error:
        return f"<{type(thing).__name__}, whose repr fails: {_told(error)}>"


def _told(error: Exception) -> str:
    try:
        return printable(f"{type(error).__name__}: {error}", 200)
    except Exception:  # an error that cannot even be told
        return type(error).__name__


# ---------------------------------------------------------------------------------------------- words


def _text(words: Any, longest: int = 80) -> str:
    return escape(printable(str(words), longest))


def _heading(title: str, about: str = "") -> str:
    return f'<div><b>{title}</b> <span style="{PALE}">{about}</span></div>'


def _line(words: str) -> str:
    return f'<div style="{PALE}">{words}</div>'


def _table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of `<td>` elements, or of words for them."""
    lines = []
    for row in rows:
        cells = (
            c if c.startswith("<t") else f'<td style="{PAD};text-align:left">{c}</td>' for c in row
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="{MONO};border-collapse:collapse;margin:.3em 0">{"".join(lines)}</table>'


# --------------------------------------------------------------------------------------------- Tensor


def _tensor(x: Tensor) -> str:
    title = _text(x.name) if x.name else type(x).__name__
    kind = f"{type(x).__name__} " if x.name else ""
    parts = [_heading(title, f"{kind}{x.shape} {x.dtype}"), _numbers(x.data)]
    if x.op is None and x.requires_grad:
        parts.append(_gradient(x, title))
    elif x.op is not None:
        parts.append(_made(x))
    return "".join(parts)


def _gradient(x: Tensor, title: str) -> str:
    if x._grad is None:
        return _line("gradient not computed: call backward()")
    return _heading(f"dL/d{title}", "its gradient") + _numbers(np.asarray(value(x._grad)))


def _made(x: Tensor) -> str:
    if x.op is FREED:
        return _line("backward() has freed the graph of how it was made")
    row: Any = x.op
    words = f"made by {_text(row.name)}{_text(made_at(x).replace(chr(10), ' '), 160)}"
    if not _is_small(x):
        return _line(f"{words}; its graph is larger than is drawn unasked: viz.Graph(...) draws it")
    made = Graph(x)
    try:
        drawn = picture.svg(made, seconds=SECONDS)
    except Exception as error:  # no graphviz, or it fails
        return _line(words) + f"<pre>{escape(made.text())}</pre>" + _line(_text(error, 300))
    # The picture is drawn on light paper, whatever the colors of the page.
    paper = "background:#fff;display:inline-block;padding:.3em;border-radius:.4em;max-width:100%"
    return _line(words) + f'<div style="{paper};overflow:auto">{drawn}</div>'


def _is_small(x: Tensor) -> bool:
    """Is the graph quickly drawn: few operations, and few numbers of which to find mean and range?"""
    found, waiting, numbers = {x}, [x], 0
    while waiting:
        y = waiting.pop()
        for part in y.inputs:
            numbers += np.size(value(part))
            if isinstance(part, Tensor) and part.op and part not in found:
                found.add(part)
                waiting.append(part)
        if len(found) > MOST_OPERATIONS or numbers > MOST_NUMBERS:
            return False
    return True


def _numbers(x: np.ndarray) -> str:
    """An array as a table: its last two axes, the middle left out, and what they all have in common."""
    if x.size == 0:
        return _line("no numbers")
    plane = x[(0,) * max(x.ndim - 2, 0)].reshape((1, -1) if x.ndim < 2 else x.shape[-2:])
    rows, columns = _picked(plane.shape[0], ROWS), _picked(plane.shape[1], COLUMNS)
    most = float(_sizes(plane, rows, columns).max(initial=0))
    body = [[_cell(None if None in (i, j) else plane[i, j], most) for j in columns] for i in rows]
    about = []
    if x.ndim > 2:
        about.append(f"shown is [{', '.join('0' * (x.ndim - 2))}]")
    if x.dtype.kind == "f" and x.size > 4:
        about.append(_spread(x))
    return _table(body) + (_line("; ".join(about)) if about else "")


def _picked(n: int, most: int) -> list[int | None]:
    """Which of n rows are shown, None for those left out."""
    if n <= most:
        return [*range(n)]
    return [*range(most // 2), None, *range(n - most // 2, n)]


def _sizes(plane: np.ndarray, rows: list, columns: list) -> np.ndarray:
    part = plane[np.ix_([i for i in rows if i is not None], [j for j in columns if j is not None])]
    sizes = np.abs(part.astype(part.dtype if part.dtype.kind in "fc" else np.float64))
    return sizes[np.isfinite(sizes)]


def _cell(x: Any, most: float) -> str:
    """A `<td>`: blue for positive, orange for negative, the larger the deeper, and red for no number."""
    if x is None:
        return f'<td style="text-align:center;{PALE}">⋯</td>'
    is_bool, style = isinstance(x, np.bool_), f"{PAD};text-align:right"
    if not is_bool and not np.isfinite(x):
        style += f";color:{RED};font-weight:bold"
    elif not is_bool and most > 0:
        size_of_it = abs(complex(x))  # Python's: -128 has no size among 8-bit integers
        depth = round(255 * 0.5 * min(size_of_it / most, 1.0))
        color = ORANGE if np.real(x) < 0 else BLUE
        style += f";background:{color}{depth:02x}" if depth else ""
    return f'<td style="{style}">{escape(number(x))}</td>'


def _spread(x: np.ndarray) -> str:
    if x.size > MOST_NUMBERS:
        return f"{x.size:,} numbers"
    finite = x[np.isfinite(x)].astype(np.float64)
    bad = x.size - finite.size
    words = f'<b style="color:{RED}">{bad:,} of {x.size:,} not finite</b>' if bad else ""
    if not finite.size:
        return words
    told = (
        f"mean {finite.mean():.3g}, standard deviation {finite.std():.3g}, "
        f"from {finite.min():.3g} to {finite.max():.3g}"
    )
    return f"{told}; {words}" if words else told


# --------------------------------------------------------------------------------------------- Module


def _module(model: Module) -> str:
    """Boxes within boxes; of equal neighbors one, and how many."""
    left = iter(range(MOST_BOXES))
    return _box("", model, 1, left) + _line(_total(model))


def _total(model: Module) -> str:
    try:
        parameters = model.parameters()
    except RuntimeError as error:  # a layer that waits for its first input
        return _text(str(error).partition("\n")[0], 300)
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    words = f"{sum(p.size for p in parameters):,} parameters, "
    words += size(sum(p.data.nbytes for p in parameters))
    return words + (f"; {frozen:,} of them frozen" if frozen else "")


def _box(path: str, module: Module, times: int, left: Iterator[int]) -> str:
    if next(left, None) is None:
        return ""
    inside = module.inner_modules()
    kind = type(module).__name__ if inside else repr(module)
    title = (f'<span style="{PALE}">{_text(path)}:</span> ' if path else "") + _text(kind)
    title += f" <b>× {times}</b>" if times > 1 else ""
    own = {id(p): p for p in vars(module).values() if isinstance(p, Tensor)}
    chips = " ".join(
        f'<span style="{PALE};{MONO};white-space:nowrap">{_text(p.name or type(p).__name__)} '
        f"{p.shape}</span>"
        for p in own.values()
    )
    style = (
        "border:1px solid #8090a0;border-radius:.5em;padding:.15em .6em;margin:.15em 0;"
        "width:fit-content;background:#8090a014"
    )
    if not inside:
        return f'<div style="{style}">{title} {chips}</div>'
    # in a Sequential what comes first is called first; elsewhere forward() alone knows the order
    between = '<div style="line-height:1;padding-left:1em">↓</div>' if isinstance(
        module, Sequential) else ""  # fmt: skip
    boxes = [_box(name, part, n, left) for name, part, n in _rolled(inside)]
    shown = [box for box in boxes if box]
    if len(shown) < len(boxes):
        shown.append(_line(f"and {len(boxes) - len(shown):,} more"))
    return f'<details open style="{style}"><summary>{title} {chips}</summary>{between.join(shown)}</details>'


def _rolled(inside: list[tuple[str, Module]]) -> Iterator[tuple[str, Module, int]]:
    """(path, module, how many): neighbors that look the same are one."""
    looks = [repr(module) for _, module in inside]
    start = 0
    for end in range(1, len(inside) + 1):
        if end == len(inside) or looks[end] != looks[start]:
            path, module = inside[start]
            times = end - start
            yield f"{path} to {inside[end - 1][0]}" if times > 1 else path, module, times
            start = end


# -------------------------------------------------------------------------------------------- History


def _history(history: History) -> str:
    if not len(history):
        return _line("History: no epoch yet, call fit()")
    names = [name for name in history.names if not name.startswith("val_")][:MOST_CURVES]
    try:
        curves = "".join(_curve(history, name) for name in names)
    except ImportError as error:
        curves = _line(_text(error, 300))
    rows = [["", "first", "last", "smallest", "largest"]]
    for name, kept in history.epochs.items():
        extremes = [f"{kept[i]:.4f} (epoch {i + 1})" for i in (np.argmin(kept), np.argmax(kept))]
        rows.append([_text(name), f"{kept[0]:.4f}", f"{kept[-1]:.4f}", *extremes])
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    return _heading("History", f"of {epochs}") + curves + _table(rows)


def _curve(history: History, name: str) -> str:
    numbers = history[name]
    about = f"{name} over {len(numbers)} epochs, from {numbers[0]:.4f} to {numbers[-1]:.4f}"
    return inline(learning_curve(history, name, ax=new_axes(4.4, 2.8)), about)


def _is_above(thing: Any) -> bool:
    """Are these the curves, all of them, that this very cell has shown while it trained?"""
    if not isinstance(thing, History) or thing.cell is None:
        return False
    return thing.cell == (cell_number(), len(thing))


# ----------------------------------------------------------------------------------------- estimators


def _estimator(model: Any) -> str:
    """What it was told, in bold where that is not the default; and what it has learned."""
    defaults = model._defaults()
    told = []
    for name, given in model.get_params(deep=False).items():
        words = _text(shortened(given))
        told.append(
            [_text(name), words if repr(given) == repr(defaults[name]) else f"<b>{words}</b>"]
        )
    learned = [
        [_text(name), _learned(kept)]
        for name, kept in vars(model).items()
        if name.endswith("_") and not name.startswith("_")
    ]
    parts = [_heading(_text(type(model).__name__)), _table(told) if told else ""]
    if learned:
        return "".join([*parts, _line("learned by fit"), _table(learned)])
    return "".join([*parts, _line("not fitted: call fit(...)")])


def _learned(kept: Any) -> str:
    if not isinstance(kept, np.ndarray):
        return _text(shortened(kept))
    if kept.ndim and kept.size <= COLUMNS:
        return _text(" ".join(np.array2string(kept, precision=4, separator=", ").split()), 120)
    spread = _spread(kept) if kept.dtype.kind == "f" and kept.size else ""
    return f"{kept.shape} {kept.dtype}" + (f": {spread}" if spread else "")
