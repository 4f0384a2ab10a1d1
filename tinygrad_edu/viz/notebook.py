"""The HTML that a notebook shows beside the text of an object.

A Tensor shows its numbers, its gradient and how it was made; a Module its parts as boxes within boxes; a
History its curves; a row of the derivative table its formula and rules; an estimator its parameters and what
it has learned. Whatever comes from a name, a repr or an array is escaped.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.diagnostics.words import made_at, shortened
from tinygrad_edu.explaining import explain
from tinygrad_edu.nn import Module, Sequential
from tinygrad_edu.tensor import Op, Tensor, value
from tinygrad_edu.terminal import size
from tinygrad_edu.training import History
from tinygrad_edu.training.progress import cell_number
from tinygrad_edu.viz.curves import BLUE, ORANGE, curve_svg
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.nodes import number, printable, snapshot

RED = "#e03131"  # can be read on light paper and on dark
SHOWN = 8  # rows and columns of an array; of more the middle is left out
MOST_NUMBERS = 1_000_000  # of which mean and range are computed
MOST_OPERATIONS = 24  # of a graph that is drawn without being asked for
SECONDS = 5  # for such a picture
MOST_BOXES = 200  # within the box of a Module
MOST_CURVES = 4

STYLE = """<style>
.tinygrad-edu { overflow-x: auto; }
.tinygrad-edu svg { max-width: 100%; height: auto; }
.tinygrad-edu > svg text { fill: currentColor; }
.tinygrad-edu table { font-family: monospace; border-collapse: collapse; margin: .3em 0; }
.tinygrad-edu td { padding: .1em .5em; text-align: left; }
.tinygrad-edu .number { text-align: right; }
.tinygrad-edu .pale { opacity: .65; }
.tinygrad-edu .box {
  border: 1px solid #8090a0; border-radius: .5em; padding: .15em .6em; margin: .15em 0;
  width: fit-content; background: #8090a014;
}
.tinygrad-edu .then { line-height: 1; padding-left: 1em; }
.tinygrad-edu .paper { /* the picture is drawn on light paper, whatever the colors of the page */
  background: #fff; display: inline-block; padding: .3em; border-radius: .4em;
  max-width: 100%; overflow: auto;
}
</style>"""


def view(thing: Any) -> str | None:
    """The HTML of a thing. None if its text is enough, or if there is no picture of it (then it warns)."""
    if isinstance(thing, History) and thing.cell == (cell_number(), len(thing)):
        return None  # the running cell has shown these curves while it trained
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a letter that a font lacks, say: browsers have others
            shown = next(show for kind, show in VIEWS.items() if isinstance(thing, kind))(thing)
    except Exception as error:
        kinds = type(thing).__name__, type(error).__name__
        warnings.warn("no picture of this {}, which raised {}".format(*kinds), stacklevel=2)
        return None
    return f'{STYLE}<div class="tinygrad-edu">{shown}</div>'


# ---------------------------------------------------------------------------------------------- words


def _text(words: Any, longest: int = 80) -> str:
    return escape(printable(str(words), longest))


def _heading(title: str, about: str = "") -> str:
    return f'<div><b>{title}</b> <span class="pale">{about}</span></div>'


def _pale(words: str) -> str:
    return f'<div class="pale">{words}</div>'


def _table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of `<td>` elements, or of words for them."""
    lines = ("".join(c if c.startswith("<td") else f"<td>{c}</td>" for c in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


# --------------------------------------------------------------------------------------------- Tensor


def _tensor(x: Tensor) -> str:
    kind = type(x).__name__
    title, about = (_text(x.name), f"{kind} ") if x.name else (kind, "")
    shown = _heading(title, f"{about}{x.shape} {x.dtype}") + _numbers(x.data)
    if x.op is not None:
        return shown + _made(x)
    if not x.requires_grad:
        return shown
    if x._grad is None:
        return shown + _pale("gradient not computed: call backward()")
    return shown + _heading(f"dL/d{title}", "its gradient") + _numbers(np.asarray(value(x._grad)))


def _made(x: Tensor) -> str:
    if x.op is FREED:
        return _pale("backward() has freed the graph of how it was made")
    row: Any = x.op
    words = f"made by {_text(row.name)}{_text(made_at(x).replace(chr(10), ' '), 160)}"
    if not _is_small(x):
        return _pale(f"{words}; its graph is large: viz.Graph(...) draws it")
    graph = Graph(x)
    try:
        drawn = graph.svg(seconds=SECONDS)
    except Exception as error:  # no graphviz, or it fails
        return _pale(words) + f"<pre>{escape(graph.text())}</pre>" + _pale(_text(error, 300))
    return _pale(words) + f'<div class="paper">{drawn}</div>'


def _is_small(x: Tensor) -> bool:
    """Is the graph drawn quickly? It has few operations, and few numbers to find mean and range of."""
    found, waiting, numbers = {x}, [x], 0
    while waiting:
        for part in waiting.pop().inputs:
            numbers += np.size(value(part))
            if isinstance(part, Tensor) and part.op and part not in found:
                found.add(part)
                waiting.append(part)
        if len(found) > MOST_OPERATIONS or numbers > MOST_NUMBERS:
            return False
    return True


def _numbers(x: np.ndarray) -> str:
    """A table of the last two axes of an array without the middle; and statistics of all its numbers."""
    if x.size == 0:
        return _pale("no numbers")
    plane = x[(0,) * max(x.ndim - 2, 0)].reshape((1, -1) if x.ndim < 2 else x.shape[-2:])
    rows, columns = map(_picked, plane.shape)
    few = plane[np.ix_(rows, columns)]
    largest = max((abs(complex(y)) for y in few.flat if np.isfinite(y)), default=0)
    cells = [[_cell(y, largest) for y in row] for row in few]
    dots = '<td class="pale">⋯</td>'
    for row in cells if len(columns) < plane.shape[1] else ():
        row.insert(SHOWN // 2, dots)
    if len(rows) < plane.shape[0]:
        cells.insert(SHOWN // 2, [dots] * len(cells[0]))
    about = [f"shown is [{', '.join('0' * (x.ndim - 2))}]"] if x.ndim > 2 else []
    if x.dtype.kind == "f" and x.size > 4:
        about.append(_statistics(x))
    return _table(cells) + (_pale("; ".join(about)) if about else "")


def _picked(n: int) -> list[int]:
    """Which of n rows are shown."""
    return [i for i in range(n) if n <= SHOWN or i < SHOWN // 2 or i >= n - SHOWN // 2]


def _cell(x: Any, largest: float) -> str:
    """A `<td>`: blue for positive, orange for negative, the larger the deeper, and red for no number."""
    style = ""
    if not np.isfinite(x):
        style = f' style="color:{RED};font-weight:bold"'
    elif x != 0 and not isinstance(x, np.bool_):
        color = ORANGE if np.real(x) < 0 else BLUE
        style = f' style="background:{color}{round(127.5 * abs(complex(x)) / largest):02x}"'
    return f'<td class="number"{style}>{escape(number(x))}</td>'


def _statistics(x: np.ndarray) -> str:
    if x.size > MOST_NUMBERS:
        return f"{x.size:,} numbers"
    s, bad = snapshot(x), x.size - np.count_nonzero(np.isfinite(x))
    words = []
    if s.mean is not None:
        words.append(
            f"mean {s.mean:.3g}, standard deviation {s.spread:.3g}, from {s.low:.3g} to {s.high:.3g}"
        )
    if bad:
        words.append(f'<b style="color:{RED}">{bad:,} of {x.size:,} not finite</b>')
    return "; ".join(words)


# --------------------------------------------------------------------------------------------- Module


def _module(model: Module) -> str:
    """Boxes within boxes; of equal neighbors one, and how many."""
    return _box("", model, 1) + _pale(_parameters(model))


def _parameters(model: Module) -> str:
    try:
        parameters = model.parameters()
    except RuntimeError as error:  # a layer that waits for its first input
        return _text(str(error).partition("\n")[0], 300)
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    words = f"{sum(p.size for p in parameters):,} parameters, "
    words += size(sum(p.data.nbytes for p in parameters))
    return words + (f"; {frozen:,} of them frozen" if frozen else "")


def _box(path: str, module: Module, times: int) -> str:
    inside = [*_folded(module.inner_modules())]
    title = f'<span class="pale">{_text(path)}:</span> ' if path else ""
    title += _text(type(module).__name__ if inside else repr(module))
    title += f" <b>× {times}</b>" if times > 1 else ""
    for p in dict.fromkeys(p for p in vars(module).values() if isinstance(p, Tensor)):
        title += f' <code class="pale">{_text(p.name or type(p).__name__)} {p.shape}</code>'
    if not inside:
        return f'<div class="box">{title}</div>'
    # a Sequential calls its parts in order; elsewhere forward() alone knows the order
    between = '<div class="then">↓</div>' if isinstance(module, Sequential) else ""
    boxes = [_box(*part) for part in inside[:MOST_BOXES]]
    if more := len(inside) - len(boxes):
        boxes.append(_pale(f"and {more:,} more"))
    return f'<details open class="box"><summary>{title}</summary>{between.join(boxes)}</details>'


def _folded(inside: list[tuple[str, Module]]) -> Iterator[tuple[str, Module, int]]:
    """(path, module, how many): neighbors with the same repr are one."""
    for _, together in itertools.groupby(inside, lambda part: repr(part[1])):
        (path, module), *others = together
        yield f"{path} to {others[-1][0]}" if others else path, module, 1 + len(others)


# ------------------------------------------------------------------------------ histories, estimators


def _history(history: History) -> str:
    if not len(history):
        return _pale("History: no epoch yet, call fit()")
    names = [name for name in history.names if not name.startswith("val_")][:MOST_CURVES]
    try:
        curves = "".join(curve_svg(history, name) for name in names)
    except ImportError as error:
        curves = _pale(_text(error, 300))
    rows = [["", "first", "last", "smallest", "largest"]]
    for name, kept in history.items():
        extremes = [f"{kept[i]:.4f} (epoch {i + 1})" for i in (np.argmin(kept), np.argmax(kept))]
        rows.append([_text(name), f"{kept[0]:.4f}", f"{kept[-1]:.4f}", *extremes])
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    return _heading("History", f"of {epochs}") + curves + _table(rows)


def _estimator(model: Any) -> str:
    """Its parameters, in bold if not the default; and what it has learned."""
    defaults, parameters = model._defaults(), []
    for name, given in model.get_params(deep=False).items():
        words = _text(shortened(given))
        usual = repr(given) == repr(defaults[name])
        parameters.append([_text(name), words if usual else f"<b>{words}</b>"])
    learned = [
        [_text(name), _learned(kept)]
        for name, kept in vars(model).items()
        if name.endswith("_") and not name.startswith("_")
    ]
    shown = _heading(_text(type(model).__name__)) + (_table(parameters) if parameters else "")
    if not learned:
        return shown + _pale("not fitted: call fit(...)")
    return shown + _pale("learned by fit") + _table(learned)


def _learned(kept: Any) -> str:
    if not isinstance(kept, np.ndarray):
        return _text(shortened(kept))
    if kept.ndim and kept.size <= SHOWN:
        return _text(" ".join(np.array2string(kept, precision=4, separator=", ").split()), 120)
    words = f"{kept.shape} {kept.dtype}"
    return f"{words}: {_statistics(kept)}" if kept.dtype.kind == "f" and kept.size else words


VIEWS: dict[type, Callable[[Any], str]] = {
    Tensor: _tensor,
    Module: _module,
    History: _history,
    Op: lambda row: explain(row)._repr_html_(),
    object: _estimator,
}
