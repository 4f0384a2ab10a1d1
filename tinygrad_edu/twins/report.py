"""The report of a comparison: where two training runs diverge, and how long they took."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.files import write_text
from tinygrad_edu.files.look import look
from tinygrad_edu.terminal import printable
from tinygrad_edu.twins.optional import optional

# Two correct programs that add in another order agree to about this accuracy after 50 steps.
TOLERANCES = {"float64": 1e-10, "float32": 1e-5}
KINDS = ("outputs", "losses", "gradients", "weights")  # in the order in which a step computes them
COLUMNS = ("outputs", "gradients", "weights")  # of the tables
OVER = "largest difference in"  # the heading over these columns


@dataclass
class Run:
    """The numbers of one side. Step k (from 1) has its loss and gradients at [k - 1].

    losses       (steps,), each before its step
    gradients    path -> (steps, *shape), of that loss
    weights      path -> (steps + 1, *shape); [0] is the common start, [k] is after step k. Includes buffers,
                 such as moving means
    seconds      (steps,), of each step: forward, backward and the optimizer
    memory       the most bytes by which the process grew while this side was built and trained; None where
                 that cannot be measured
    """

    losses: Any = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)
    seconds: Any = field(default_factory=list)
    memory: int | None = None

    def as_arrays(self) -> Run:
        """The collected lists, each as one array."""
        return Run(
            np.array(self.losses),
            {path: np.stack(steps) for path, steps in self.gradients.items()},
            {path: np.stack(steps) for path, steps in self.weights.items()},
            np.array(self.seconds),
            self.memory,
        )


class Divergence(NamedTuple):
    """The first step at which two runs differ by more than a tolerance.

    kind          "outputs", "losses", "gradients" or "weights": the first of them, in the order of a step
    path          the first layer whose output differs, or the parameter that differs most (for "losses",
                  whose gradient does)
    difference    the largest difference of that kind
    """

    step: int
    kind: str
    path: str
    difference: float


class Report:
    """Two runs side by side: `ours` and `keras`, see `Run`; `print(report)` shows the table.

    A difference is max |ours - Keras's|, divided by the largest |Keras's| of the same array if that
    exceeds 1: absolute for ordinary weights, relative for large numbers. NaN on one side only is an
    infinite difference.

    outputs     path of a layer -> (steps,), differences between its outputs, in the order of the model
    layers      path -> description of the layer
    notes       what a reader of the numbers needs to know, as lines of text
    """

    def __init__(
        self,
        ours: Run,
        keras: Run,
        *,
        outputs: Mapping[str, Any] | None = None,
        layers: Mapping[str, str] | None = None,
        tolerance: float = TOLERANCES["float64"],
        about: str = "",
        notes: Iterable[str] = (),
    ):
        self.ours, self.keras = ours.as_arrays(), keras.as_arrays()
        self.outputs = {path: np.asarray(d) for path, d in (outputs or {}).items()}
        self.layers = dict(layers or {})
        self.tolerance, self.about = tolerance, about
        self.notes = list(notes)

    def __len__(self) -> int:
        """The number of steps."""
        return len(self.ours.losses)

    def differences(self, kind: str) -> dict[str, np.ndarray]:
        """path -> (steps,): "outputs" by layer, "gradients" and "weights" by parameter; "losses" has the
        one path "loss"."""
        if kind not in KINDS:
            raise refusal(ValueError, f"there are differences in {', '.join(KINDS)}, not {kind!r}")
        if kind == "outputs":
            return self.outputs
        if kind == "losses":
            return {"loss": difference(self.ours.losses, self.keras.losses)}
        ours, keras = getattr(self.ours, kind), getattr(self.keras, kind)
        start = 1 if kind == "weights" else 0  # weights[0] is the common start
        return {path: difference(ours[path][start:], keras[path][start:]) for path in ours}

    def largest(self, kind: str) -> np.ndarray:
        """(steps,): the largest difference of a kind at each step."""
        parts = list(self.differences(kind).values())
        return np.max(parts, axis=0) if parts else np.zeros(len(self))

    def max_difference(self) -> dict[str, float]:
        """The largest difference of each kind: {"outputs": ..., "losses": ..., ...}."""
        return {kind: float(self.largest(kind).max()) for kind in KINDS}

    def first_divergence(self, tolerance: float | None = None) -> Divergence | None:
        """Where the runs first differ by more than the tolerance; None if they never do."""
        tolerance = self.tolerance if tolerance is None else tolerance
        beyond = {kind: self.largest(kind) > tolerance for kind in KINDS}
        found = [(int(np.argmax(beyond[kind])), kind) for kind in KINDS if beyond[kind].any()]
        if not found:
            return None
        i, kind = min(found, key=lambda pair: pair[0])  # of one step, the first kind
        parts = self.differences("gradients" if kind == "losses" else kind)
        path = max(parts, key=lambda path: parts[path][i])
        if kind == "outputs":  # the layers after the first one inherit its difference
            path = next(path for path in parts if parts[path][i] > tolerance)
        return Divergence(i + 1, kind, path, float(self.largest(kind)[i]))

    def by_layer(self) -> dict[str, dict[str, float]]:
        """path -> {"outputs": ..., "gradients": ..., "weights": ...}: the largest differences of each layer
        over all steps, in the order of the model, of what the layer has."""
        found: dict[str, dict[str, float]] = {path: {} for path in self.layers}
        for kind in COLUMNS:
            for where, sizes in self.differences(kind).items():
                path = where if kind == "outputs" else where.rpartition(".")[0]
                while path not in found and path:  # a parameter may be in a part of the layer
                    path = path.rpartition(".")[0]
                if path in found:
                    found[path][kind] = max(found[path].get(kind, 0.0), float(sizes.max()))
        return found

    def milliseconds(self) -> dict[str, float] | None:
        """The time of the fastest step of each side, {"ours": ..., "keras": ...}."""
        if not len(self.ours.seconds):
            return None
        return {"ours": 1000 * self.ours.seconds.min(), "keras": 1000 * self.keras.seconds.min()}

    # Text.

    def __str__(self) -> str:
        widths = (5, 17, 17, 11, 11, 11)
        head, *lines = (
            "".join(f"{cell:>{n}}" for cell, n in zip(row, widths, strict=False))
            for row in self._table()
        )
        over = f"{OVER:>63}"
        rule = "─" * len(head)
        lines = [self.about, "", over, head, rule, *lines, rule, *self._conclusions()]
        return printable("\n".join(lines))

    __repr__ = __str__

    def _columns(self) -> list[str]:
        return [kind for kind in COLUMNS if kind != "outputs" or self.outputs]

    def _table(self) -> list[list[str]]:
        """The head, and a row for each step that is shown."""
        divergence = self.first_divergence()
        columns = {kind: self.largest(kind) for kind in self._columns()}
        steps = range(1, len(self) + 1)
        if len(self) > 12:  # then 1, 2, 5, 10, 20, 50, ..., the last, and where they diverge
            shown = {d * 10**n for n in range(len(str(len(self)))) for d in (1, 2, 5)}
            shown |= {len(self), divergence.step if divergence else 1}
            steps = sorted(shown & set(steps))  # type: ignore[assignment]
        rows = [
            [f"{k}", f"{self.ours.losses[k - 1]:.10g}", f"{self.keras.losses[k - 1]:.10g}",
             *(short(column[k - 1]) for column in columns.values())]
            for k in steps
        ]  # fmt: skip
        return [["step", "our loss", "Keras's loss", *columns], *rows]

    def _conclusions(self) -> list[str]:
        lines = [self._verdict()]
        took = self.milliseconds()
        if took is not None:
            lines.append(
                f"A step takes {took['ours']:.3g} ms here and {took['keras']:.3g} ms in Keras "
                "(the fastest of each)."
            )
        if self.ours.memory is not None and self.keras.memory is not None:
            lines.append(
                f"The process grew by at most {self.ours.memory / 1e6:.1f} MB here and "
                f"{self.keras.memory / 1e6:.1f} MB in Keras, not counting libraries."
            )
        return lines + self.notes

    def _verdict(self) -> str:
        divergence, largest = self.first_divergence(), self.max_difference()
        kinds = [kind for kind in KINDS if kind != "outputs" or self.outputs]
        sizes = "largest in " + ", ".join(f"{kind} {short(largest[kind])}" for kind in kinds)
        if divergence is None:
            return f"They agree in all {len(self)} steps: no difference exceeds {self.tolerance:g} ({sizes})."
        step, kind, path, size = divergence
        reason = {
            "outputs": "the forward pass differs, first in the output of",
            "losses": "the forward pass differs (a layer or the loss); the gradient that differs most is of",
            "gradients": "the losses agree but not the backward pass: look at the gradient of",
            "weights": "the gradients agree but not the optimizer's step: look at",
        }[kind]
        if kind == "losses" and self.outputs:
            reason = "the layers agree but not the loss; the gradient that differs most is of"
        layer = self.layers.get(path) if kind == "outputs" else ""
        return (
            f"They diverge at step {step}, where {kind} differ by {short(size)}, more than "
            f"{self.tolerance:g}:\n  {reason} {path or 'the model'}{layer and f', {layer}'}.\n  ({sizes}.)"
        )

    # Pictures.

    def plot(self, ax: Any = None) -> Any:
        """The largest differences by step, on a logarithmic axis; a difference of 0 has no point.

        Draws on the matplotlib axes `ax`, or on new ones, and returns them; nothing is shown. Raises
        ImportError without matplotlib.
        """
        if ax is None:
            figure = optional("matplotlib.figure", "a picture of the report", "viz")
            ax = figure.Figure(figsize=(6.4, 3.6), layout="constrained").add_subplot()
        steps = np.arange(1, len(self) + 1)
        colors = {
            "outputs": "#8a8a8a",
            "losses": "#3b82c4",
            "gradients": "#e07b39",
            "weights": "#4a9d5b",
        }
        for kind in [*self._columns(), "losses"]:
            largest = self.largest(kind)
            seen = np.where((largest > 0) & np.isfinite(largest), largest, np.nan)
            ax.plot(steps, seen, color=colors[kind], marker=".", linewidth=1.5, label=kind)
        limit = f"limit, {self.tolerance:g}"
        ax.axhline(self.tolerance, color="#b03030", linestyle="--", label=limit)
        ax.set(yscale="log", xlabel="step", ylabel="largest difference")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        # Beside the curves, because they may reach into any corner.
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return ax

    def to_html(self, path: str | os.PathLike | None = None) -> str:
        """The report as a page without scripts or anything from the web; also written to `path`, if given."""
        return html_page("Keras", self._repr_html_(), path)

    def _repr_html_(self) -> str:
        """For notebooks: the conclusions, and a table by step and one by layer."""
        parts = [
            STYLE,
            *(f"<p>{html.escape(line)}</p>" for line in (self.about, *self._conclusions())),
        ]
        parts.append(html_table("Step by step", self._table(), 3, over=OVER))
        if self.layers:
            rows = [
                [
                    path or "the model",
                    self.layers[path],
                    *(short(d[k]) if k in d else "" for k in COLUMNS),
                ]
                for path, d in self.by_layer().items()
            ]
            head = ["layer", "description", *COLUMNS]
            parts.append(
                html_table(
                    "Layer by layer, over all steps", [head, *rows], 2, words=True, over=OVER
                )
            )
        return "\n".join(['<div class="twins">', *parts, "</div>"])


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison with {library}</title>
<style>
{look}main {{ max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 3rem; }}
h1 {{ font-size: clamp(1.6rem, 5vw, 2.3rem); line-height: 1.2; margin: 0 0 .8rem; }}
.twins div {{ background: var(--card); border: 1px solid var(--line); border-radius: 12px; }}
.twins div {{ padding: 1rem; }}
@media (max-width: 40rem) {{ main {{ padding: 1rem .6rem }} .twins div {{ padding: .5rem }} }}
</style>
</head>
<body>
<main>
<h1>Comparison with {library}</h1>
{report}
</main>
</body>
</html>
"""
# Tables shrink on a narrow screen, and scroll if they are still too wide; colors are those of the page.
STYLE = """<style>
.twins div { overflow-x: auto; margin: 1.5rem 0 }
.twins table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.twins caption { text-align: left; font-weight: bold; padding: .2rem 0 }
.twins th, .twins td { padding: .15rem .6rem; text-align: right; vertical-align: top }
.twins tr > :first-child { padding-left: 0 }
.twins th { font-weight: normal; color: var(--pale, inherit) }
.twins th[colspan] { text-align: center }
.twins td { white-space: nowrap }
.twins thead tr:last-child th { border-bottom: 1px solid }
.twins .name { text-align: left; white-space: normal; overflow-wrap: break-word }
@media (max-width: 40rem) {
  .twins table { font-size: .68rem; width: 100% }
  .twins th, .twins td { padding: .2rem .15rem }
}
</style>"""


def difference(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(steps, ...) twice -> (steps,), as the docstring of Report defines it."""
    ours, theirs = (np.asarray(a).reshape(len(a), -1) for a in (ours, theirs))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.where(same, 0, np.abs(ours - theirs)).max(axis=1)
        scale = np.where(np.isfinite(theirs), np.abs(theirs), 0).max(axis=1)
        relative = largest / np.maximum(1, scale)
    return np.where(np.isnan(relative), np.inf, relative)


def short(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in plain text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]


def html_page(library: str, report: str, path: str | os.PathLike | None) -> str:
    """A page around a report; also written to `path`, if given."""
    page = PAGE.format(library=library, look=look(), report=report)
    if path is not None:
        write_text(path, page)
    return page


def html_table(
    caption: str, rows: list[list[str]], names: int, *, words: bool = False, over: str = ""
) -> str:
    """A table of which the first row is the head.

    names   how many columns come before the numbers; words: they are text
    over    a heading over the columns of numbers
    """

    def line(cells: list[str], tag: str) -> str:
        name = ' class="name"' if words else ""
        return "<tr>" + "".join(
            f"<{tag}{name if i < names else ''}>{html.escape(cell)}</{tag}>" for i, cell in enumerate(cells)
        ) + "</tr>"  # fmt: skip

    head, *body = rows
    if over:
        width = len(head) - names
        over = f'<tr><td colspan="{names}"></td><th colspan="{width}">{over}</th></tr>\n'
    lines = "\n".join(line(row, "td") for row in body)
    return (
        f'<div tabindex="0"><table>\n<caption>{html.escape(caption)}</caption>\n<thead>{over}'
        f"{line(head, 'th')}</thead>\n<tbody>{lines}</tbody>\n</table></div>"
    )
