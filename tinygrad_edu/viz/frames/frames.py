"""Frames: a picture that changes step by step, as a page and with matplotlib."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.files import write_text
from tinygrad_edu.files.look import look
from tinygrad_edu.viz.curves import axes_for
from tinygrad_edu.viz.frames.shapes import Shape, elements
from tinygrad_edu.viz.nodes import printable
from tinygrad_edu.viz.page_files import packed, page_file, program

PAGE = "frames/page/"
PIXELS = 96  # to the inch
CELL = 620  # pixels: the height of a page in a notebook


@dataclass(frozen=True)
class Frame:
    """One step: its title, a sentence with its numbers, and the shapes of its picture.

    at   the place in the picture that matters now: where the picture is too wide for the screen, the page
         scrolls there
    """

    title: str
    words: str
    shapes: Sequence[Shape]
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class Series:
    """A sequence of frames of one size. The page offers all series of a picture by their names."""

    name: str
    width: float
    height: float
    frames: Sequence[Frame]


class Frames:
    """A picture that changes step by step.

        frames = viz.kmeans_frames(model, X)
        frames.save("kmeans.html")     # a page with a slider, which needs no network
        frames.plot(3)                 # one frame, with matplotlib
        print(frames[3].words)

    title, about   what the picture shows, and a sentence about it
    series         one sequence of frames or several, as the ways of several samples
    choice         what the series differ in, such as "sample"

    A frame is a number from 0 on, negative from the end, and by default the last. Functions take the name
    of the series if it is not the first. In a notebook the page appears below the cell.
    """

    def __init__(self, title: str, about: str, series: Sequence[Series], choice: str = ""):
        self.title, self.about, self.series, self.choice = title, about, list(series), choice

    def __len__(self) -> int:
        return len(self.series[0].frames)

    def __getitem__(self, step: int) -> Frame:
        return self._found(step, None)[1]

    def __repr__(self) -> str:
        return f"<{len(self)} frames of {self.title!r}; .save('frames.html') or .plot(step)>"

    def plot(self, step: int = -1, *, series: str | None = None, ax: Any = None) -> Any:
        """Draws a frame on matplotlib's axes, which it returns."""
        found, frame = self._found(step, series)
        ax = axes_for(ax, found.width / PIXELS, found.height / PIXELS)
        ax.set(xlim=(0, found.width), ylim=(found.height, 0), aspect="equal")
        ax.set_axis_off()
        ax.figure.draw_without_rendering()  # the layout, which decides how large the axes are
        extent = ax.get_window_extent()
        inches = min(extent.width / found.width, extent.height / found.height) / ax.figure.dpi
        scale = 72 * inches  # points in a pixel
        for place, shape in enumerate(frame.shapes):
            for drawn in shape.plot(ax, scale):
                drawn.set(clip_on=False, zorder=2 + place / len(frame.shapes))
        return ax

    def svg(self, step: int = -1, *, series: str | None = None) -> str:
        """A frame as an SVG file."""
        found, frame = self._found(step, series)
        colors = look().split("}")[0] + "}"
        drawn = "\n".join(_as_text(*element) for element in elements(frame.shapes))
        wide, high = f"{found.width:g}", f"{found.height:g}"
        size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
        style = f"<style>{colors} text {{ font-family: Helvetica, Arial, sans-serif; }}</style>"
        about = html.escape(f"{self.title}: {frame.title}. {frame.words}")
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{about}">'
        return f"{head}\n{style}\n{drawn}\n</svg>\n"

    def html(self) -> str:
        """The page."""
        numbers: dict[str, int] = {}  # of elements: most are the same in many frames

        def written(frame: Frame) -> list[Any]:
            drawn = map(_json, elements(frame.shapes))
            found = [numbers.setdefault(element, len(numbers)) for element in drawn]
            return [frame.title, frame.words, frame.at, found]

        series = [
            {
                "name": s.name,
                "width": s.width,
                "height": s.height,
                "frames": list(map(written, s.frames)),
            }
            for s in self.series
        ]
        known = {"title": self.title, "about": self.about, "choice": self.choice, "series": series}
        listed = "".join(
            f"<li><b>{html.escape(f.title)}</b> {html.escape(f.words)}</li>"
            for f in self.series[0].frames
        )
        parts = {
            "title": html.escape(printable(self.title)),
            "unpack": program("page/unpack.js"),
            "style": packed(look() + page_file(PAGE + "frames.css")),
            "program": packed(program(PAGE + "frames.js")),
            "frames": packed(f'{{"elements": [{",".join(numbers)}], {_json(known)[1:]}'),
            "list": listed,
        }
        return re.sub(r"{{(\w+)}}", lambda part: parts[part[1]], page_file(PAGE + "frames.html"))

    def save(
        self, path: str | os.PathLike[str], step: int = -1, *, series: str | None = None
    ) -> None:
        """Writes the page (.html), or a frame as a picture (.svg, .png, .pdf).

        Raises ValueError for another ending; ImportError for .png and .pdf without matplotlib.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending == ".html":
            write_text(path, self.html())
        elif ending == ".svg":
            write_text(path, self.svg(step, series=series))
        elif ending in (".png", ".pdf"):
            from tinygrad_edu.viz.curves import new_axes

            found = self._found(step, series)[0]
            ax = new_axes(found.width / PIXELS, found.height / PIXELS)
            self.plot(step, series=series, ax=ax).figure.savefig(path, dpi=2 * PIXELS)
        else:
            what = f"frames cannot be saved as {os.fspath(path)!r}."
            raise refusal(ValueError, what, "a path that ends in .html, .svg, .png or .pdf")

    def _repr_html_(self) -> str:
        page = html.escape(self.html())
        return f'<iframe srcdoc="{page}" style="width: 100%; height: {CELL}px; border: 0"></iframe>'

    def _found(self, step: int, series: str | None) -> tuple[Series, Frame]:
        names = [s.name for s in self.series]
        if series is not None and series not in names:
            what = (
                f"there is no series {shortened(series)}; there are {', '.join(map(repr, names))}."
            )
            raise refusal(ValueError, what, f"series={names[0]!r}")
        found = self.series[0 if series is None else names.index(series)]
        n = len(found.frames)
        if not -n <= step < n:
            raise refusal(IndexError, f"frame {step} of {n}.", f"a number from 0 to {n - 1}")
        return found, found.frames[step]


def _as_text(tag: str, look: dict[str, str], words: str) -> str:
    attributes = "".join(f' {name}="{html.escape(what)}"' for name, what in look.items())
    return f"<{tag}{attributes}>{html.escape(words)}</{tag}>"


def _json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, separators=(",", ":"), default=float)
