"""The shapes of a picture, drawn on a page as SVG and with matplotlib: lines, areas, dots, boxes and words.

The unit is a pixel of the page; y grows downwards. A color is a name in look.css, so that a page is light or
dark. A shape with a `key` moves smoothly to where the shape with the same key is in the next frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.files.look import light_colors
from tinygrad_edu.viz.curves import literal, optional

SMALL = 12.5  # the smallest font: on a telephone the picture shrinks to 0.72
MOST = 400  # points: more would hide each other, and make the page slow
LETTER = 0.55  # the mean width of a letter, in heights of the font

Element = tuple[str, dict[str, str], str]  # the tag, the attributes and the text


def color_of(k: int) -> str:
    """The color of a class, a cluster or a state."""
    return f"c{k % 10}"


@dataclass(frozen=True)
class Line:
    """A line through points; with `fill`, the area within it."""

    points: Sequence[tuple[float, float]]
    color: str = "ink"
    width: float = 1.5
    fill: str = ""
    opacity: float = 1.0
    dashed: bool = False
    key: str = ""

    def element(self) -> Element:
        path = "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in self.points)
        look: dict[str, str] = {
            "d": path + "Z" * bool(self.fill),
            "fill": _paint(self.fill),
        }
        if self.width:
            look |= {"stroke": _paint(self.color), "stroke-width": _short(self.width)}
        if self.dashed:
            look["stroke-dasharray"] = "4 4"
        return "path", look | _opacity(self.opacity), ""

    def plot(self, ax: Any, scale: float) -> list[Any]:
        x, y = np.transpose(self.points)
        colors, drawn = light_colors(), []
        if self.fill:
            drawn += ax.fill(x, y, color=colors[self.fill], alpha=self.opacity, linewidth=0)
        if self.width:
            style = "--" if self.dashed else "-"
            look = {"color": colors[self.color], "linewidth": scale * self.width}
            drawn += ax.plot(x, y, style, alpha=self.opacity, **look)
        return drawn


@dataclass(frozen=True)
class Dot:
    """A circle."""

    x: float
    y: float
    radius: float = 4.0
    fill: str = "ink"
    edge: str = "card"
    width: float = 0.7
    opacity: float = 1.0
    key: str = ""

    def element(self) -> Element:
        look = {"cx": _short(self.x), "cy": _short(self.y), "r": _short(self.radius)}
        paint = {"fill": _paint(self.fill)}
        border = {"stroke": _paint(self.edge), "stroke-width": _short(self.width)}
        return "circle", look | paint | border | _opacity(self.opacity), ""

    def plot(self, ax: Any, scale: float) -> list[Any]:
        colors = light_colors()
        circle = optional("matplotlib.patches").Circle(
            (self.x, self.y), self.radius, facecolor=colors[self.fill] if self.fill else "none",
            edgecolor=colors[self.edge], linewidth=scale * self.width, alpha=self.opacity,
        )  # fmt: skip
        return [ax.add_patch(circle)]


@dataclass(frozen=True)
class Box:
    """A rectangle with its upper left corner at (x, y)."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "card"
    edge: str = ""
    line: float = 1.0
    opacity: float = 1.0
    round: float = 0.0
    key: str = ""

    def element(self) -> Element:
        names = ("x", "y", "width", "height")
        look = {name: _short(getattr(self, name)) for name in names}
        look["fill"] = _paint(self.fill)
        if self.round:
            look["rx"] = _short(self.round)
        if self.edge:
            look |= {"stroke": _paint(self.edge), "stroke-width": _short(self.line)}
        return "rect", look | _opacity(self.opacity), ""

    def plot(self, ax: Any, scale: float) -> list[Any]:
        colors, patches = light_colors(), optional("matplotlib.patches")
        form = "square,pad=0" if not self.round else f"round,pad=0,rounding_size={self.round}"
        box = patches.FancyBboxPatch(
            (self.x, self.y), self.width, self.height, boxstyle=form, facecolor=colors[self.fill],
            edgecolor=colors[self.edge] if self.edge else "none", linewidth=scale * self.line,
            alpha=self.opacity, zorder=len(ax.get_children()) / 1e4 + 2,
        )  # fmt: skip
        return [ax.add_patch(box)]


@dataclass(frozen=True)
class Text:
    """Words. (x, y) is the middle of their height, and their start, middle or end."""

    x: float
    y: float
    words: str
    size: float = 13.0
    anchor: str = "middle"
    color: str = "ink"
    bold: bool = False
    halo: bool = False  # a border in the color of the paper, on lines
    key: str = ""

    def element(self) -> Element:
        look: dict[str, str] = {
            "x": _short(self.x), "y": _short(self.y + 0.35 * self.size), "font-size": _short(self.size),
            "text-anchor": self.anchor, "fill": _paint(self.color),
        }  # fmt: skip
        if self.bold:
            look["font-weight"] = "600"
        if self.halo:
            look |= {"stroke": _paint("card"), "stroke-width": "4", "paint-order": "stroke"}
            look["stroke-linejoin"] = "round"
        return "text", look, self.words

    def plot(self, ax: Any, scale: float) -> list[Any]:
        colors = light_colors()
        side = {"start": "left", "middle": "center", "end": "right"}[self.anchor]
        words = ax.text(
            self.x, self.y, literal(self.words), ha=side, va="center_baseline", color=colors[self.color],
            fontsize=0.92 * scale * self.size, fontweight="bold" if self.bold else "normal",
        )  # fmt: skip
        if self.halo:
            stroke = optional("matplotlib.patheffects").withStroke
            words.set_path_effects([stroke(linewidth=4 * scale, foreground=colors["card"])])
        return [words]


Shape = Line | Dot | Box | Text


def elements(shapes: Iterable[Shape]) -> list[Element]:
    """The SVG elements of shapes. A shape without a key is known by its kind and number."""
    found, counts = [], dict.fromkeys(("path", "circle", "rect", "text"), 0)
    for shape in shapes:
        tag, look, words = shape.element()
        if not shape.key:
            counts[tag] += 1
        found.append((tag, {"data-key": shape.key or f"{tag}{counts[tag]}"} | look, words))
    return found


def some(n: int) -> np.ndarray:
    """The numbers of the points that are drawn, of n: all, or MOST of them at equal distances."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST)).astype(int))


def of_many(n: int) -> str:
    """A sentence that says that not all points are drawn, or ""."""
    return f" Of {n:,} points {MOST} are drawn." if n > MOST else ""


def fitted(words: str, size: float, width: float) -> float:
    """The size of the font at which words are at most so wide."""
    return min(size, width / (LETTER * max(1, len(words))))


class Panel:
    """A part of the picture with axes of its own: data to pixels, and the axes as shapes.

    x, y, width, height   where its plot lies
    across, up            (smallest, largest) number of each axis
    log                   is the horizontal axis logarithmic?
    """

    def __init__(
        self,
        place: tuple[float, float, float, float],
        across: tuple[float, float],
        up: tuple[float, float],
        log: bool = False,
    ):
        self.left, self.top, self.width, self.height = place
        self.across, self.up, self.log = across, up, log

    def x(self, x: Any) -> Any:
        low, high = self.across
        if self.log:
            x, low, high = np.log(x), np.log(low), np.log(high)
        return self.left + self.width * (np.asarray(x) - low) / ((high - low) or 1.0)

    def y(self, y: Any) -> Any:
        low, high = self.up
        y = self.top + self.height * (high - np.asarray(y)) / ((high - low) or 1.0)
        return np.clip(y, self.top - 2, self.top + self.height + 2)

    def points(self, x: Any, y: Any) -> list[tuple[float, float]]:
        return list(zip(self.x(x).tolist(), self.y(y).tolist(), strict=True))

    def axes(self, across: str = "", up: str = "", numbers: bool = True) -> list[Shape]:
        """Both axes with their names and numbers (of the horizontal one only if asked for)."""
        bottom, shapes = self.top + self.height, list[Shape]()
        for tick in _ticks(*self.across, log=self.log) if numbers else ():
            x = float(self.x(tick))
            shapes.append(Text(x, bottom + 13, f"{tick:g}", SMALL, color="pale"))
            shapes.append(Line([(x, bottom), (x, bottom + 3)], "edge", 1))
        for tick in _ticks(*self.up, most=max(2, int(self.height / 34))):
            y = float(self.y(tick))
            shapes.append(Line([(self.left, y), (self.left + self.width, y)], "line", 1))
            shapes.append(Text(self.left - 6, y, f"{tick:g}", SMALL, "end", "pale"))
        shapes.append(Line([(self.left, bottom), (self.left + self.width, bottom)], "edge", 1))
        if across:
            middle = self.left + self.width / 2
            shapes.append(Text(middle, bottom + 31, across, SMALL, color="pale"))
        if up:
            shapes.append(Text(self.left, self.top - 12, up, SMALL, "start", "pale"))
        return shapes


def reach(*numbers: Any, share: float = 0.06) -> tuple[float, float]:
    """From a little below the smallest number to a little above the largest."""
    low = min(float(np.min(x)) for x in numbers)
    high = max(float(np.max(x)) for x in numbers)
    margin = share * ((high - low) or abs(low) or 1.0)
    return low - margin, high + margin


def _ticks(low: float, high: float, most: int = 6, log: bool = False) -> list[float]:
    """Round numbers between two others."""
    if log:
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        found = [m * 10.0**p for p in powers for m in (1, 3)]
        return [float(f"{x:.3g}") for x in found if low <= x <= high]
    rough = (high - low) / most or 1.0
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= 0.999 * rough)
    first = int(np.ceil(low / step - 1e-9))
    return [float(f"{k * step:.6g}") for k in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _short(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".")


def _paint(color: str) -> str:
    return f"var(--{color})" if color else "none"


def _opacity(share: float) -> dict[str, str]:
    return {} if share == 1 else {"opacity": _short(share)}
