"""Two trainings side by side: where they part, how long they took, and pictures of it."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

# Two correct programs that add in another order agree in about this many digits after 50 steps.
TOLERANCES = {"float64": 1e-10, "float32": 1e-5}


@dataclass
class Run:
    """What one side computed. Step k (from 1) has its loss and gradients at [k - 1].

    losses       (steps,), each before its step
    gradients    path -> (steps, *shape), of that loss
    weights      path -> (steps + 1, *shape); [0] is the common start, [k] is after step k. With what is
                 remembered and not learned, such as moving means
    seconds      (steps,), of each step: forward, backward and the optimizer
    memory       bytes by which the process grew at most while this side was built and trained; None
                 where that cannot be measured
    """

    losses: Any = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)
    seconds: Any = field(default_factory=list)
    memory: int | None = None

    def as_arrays(self) -> Run:
        """The lists that were collected, each as one array."""
        return Run(
            np.array(self.losses),
            {path: np.stack(steps) for path, steps in self.gradients.items()},
            {path: np.stack(steps) for path, steps in self.weights.items()},
            np.array(self.seconds),
            self.memory,
        )


class Parting(NamedTuple):
    """The first step at which two runs differ by more than a tolerance.

    kind          "outputs", "losses", "gradients" or "weights": the first of them, in the order of a step
    path          the first layer whose output differs; the parameter that differs most there (after
                  "losses": in its gradient)
    difference    by how much the kind differs
    """

    step: int
    kind: str
    path: str
    difference: float


class OfLayer(NamedTuple):
    """The largest differences in one layer, over all steps; None where there is nothing to compare."""

    path: str
    layer: str
    output: float | None
    gradients: float | None
    weights: float | None


KINDS = ("outputs", "losses", "gradients", "weights")  # in the order in which a step computes them
COLUMNS = {"outputs": "outputs", "gradients": "gradients", "weights": "weights"}


class Report:
    """Two runs side by side: `ours` and `keras`, see `Run`; `print(report)` shows the table.

    A difference is max |ours - Keras's|, divided by the largest |Keras's| of the same array if that
    exceeds 1: absolute for ordinary weights, relative for large numbers. NaN on one side only is an
    infinite difference.

    outputs     path of a layer -> (steps,), differences of what the layers made, in their order
    layers      path -> what stands there
    notes       what a reader of the numbers must know, a line each
    rounding    how far the weights may part because Keras rounds settings, roughly
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
        rounding: float = 0.0,
    ):
        self.ours, self.keras = ours.as_arrays(), keras.as_arrays()
        self.outputs = {path: np.asarray(d) for path, d in (outputs or {}).items()}
        self.layers = dict(layers or {})
        self.tolerance, self.about = tolerance, about
        self.notes, self.rounding = list(notes), rounding

    def __len__(self) -> int:
        """How many steps."""
        return len(self.ours.losses)

    def differences(self, kind: str) -> dict[str, np.ndarray]:
        """path -> (steps,): for "outputs" by layers, for "gradients" and "weights" by parameters;
        "losses" has the one path "loss"."""
        if kind not in KINDS:
            raise refusal(ValueError, f"there are differences in {', '.join(KINDS)}, not {kind!r}")
        if kind == "outputs":
            return self.outputs
        if kind == "losses":
            return {"loss": difference(self.ours.losses, self.keras.losses)}
        ours, keras = getattr(self.ours, kind), getattr(self.keras, kind)
        start = 1 if kind == "weights" else 0  # [0] is the start, which belongs to no step
        return {path: difference(ours[path][start:], keras[path][start:]) for path in ours}

    def largest(self, kind: str) -> np.ndarray:
        """(steps,): the largest of the differences of a kind, at each step."""
        parts = list(self.differences(kind).values())
        return np.max(parts, axis=0) if parts else np.zeros(len(self))

    def max_difference(self) -> dict[str, float]:
        """The largest difference of each kind: {"outputs": ..., "losses": ..., ...}."""
        return {kind: float(self.largest(kind).max()) for kind in KINDS}

    def first_parting(self, tolerance: float | None = None) -> Parting | None:
        """Where the runs first differ by more than the tolerance; None if they never do."""
        tolerance = self.tolerance if tolerance is None else tolerance
        largest = {kind: self.largest(kind) for kind in KINDS}
        for i in range(len(self)):
            for kind in KINDS:
                if largest[kind][i] > tolerance:
                    parts = self.differences("gradients" if kind == "losses" else kind)
                    path = max(parts, key=lambda path: parts[path][i])
                    if kind == "outputs":  # later layers have the difference from the first
                        path = next(path for path in parts if parts[path][i] > tolerance)
                    return Parting(i + 1, kind, path, float(largest[kind][i]))
        return None

    def by_layer(self) -> list[OfLayer]:
        """The largest differences of each layer, in the order of the model."""
        kinds = {kind: self.differences(kind) for kind in COLUMNS}

        def worst(kind: str, path: str) -> float | None:
            inside = f"{path}." if path else ""
            found = [
                d.max() for p, d in kinds[kind].items()
                if p == path or (kind != "outputs" and p.startswith(inside))
            ]  # fmt: skip
            return float(max(found)) if found else None

        return [
            OfLayer(path, layer, *(worst(kind, path) for kind in COLUMNS))
            for path, layer in self.layers.items()
        ]

    def milliseconds(self) -> dict[str, float] | None:
        """The shortest step of each side, {"ours": ..., "keras": ...}: both took their steps in turn."""
        if not len(self.ours.seconds):
            return None
        return {"ours": 1000 * self.ours.seconds.min(), "keras": 1000 * self.keras.seconds.min()}

    # For people.

    def __str__(self) -> str:
        head, rows = self._table()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        widths = [max(n, 5 if i == 0 else 9 if i > 2 else 15) for i, n in enumerate(widths)]
        lines = [
            "  ".join(f"{cell:>{n}}" for cell, n in zip(row, widths, strict=True))
            for row in (head, *rows)
        ]
        rule = "─" * len(lines[0])
        over = " " * (sum(widths[:3]) + 6) + " largest difference in"
        told = [self._verdict(), *self._speed(), *self.notes]
        return "\n".join([self.about, "", over, lines[0], rule, *lines[1:], rule, *told])

    __repr__ = __str__

    def _columns(self) -> list[str]:
        return [kind for kind in COLUMNS if kind != "outputs" or self.outputs]

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """The head and the rows, of the steps that are shown."""
        parting = self.first_parting()
        columns = {kind: self.largest(kind) for kind in self._columns()}
        steps = _steps_to_show(len(self), parting.step if parting else 1)
        rows = [
            [f"{k}", f"{self.ours.losses[k - 1]:.10g}", f"{self.keras.losses[k - 1]:.10g}",
             *(short(column[k - 1]) for column in columns.values())]
            for k in steps
        ]  # fmt: skip
        return ["step", "our loss", "Keras's loss", *columns], rows

    def _verdict(self) -> str:
        parting = self.first_parting()
        largest = self.max_difference()
        kinds = [kind for kind in KINDS if kind != "outputs" or self.outputs]
        sizes = ", ".join(f"{kind} {short(largest[kind])}" for kind in kinds)
        if parting is None:
            return (
                f"They agree in all {len(self)} steps: no difference exceeds {self.tolerance:g} "
                f"(largest in {sizes})."
            )
        if parting.kind == "weights" and largest["weights"] <= 3 * self.rounding:
            return (
                f"They part at step {parting.step} by {short(parting.difference)}, no more than Keras's "
                f"rounding explains\n  (largest in {sizes})."
            )
        where = {
            "outputs": "the way forward differs, first in what this layer makes:",
            "losses": "the way forward differs (a layer or the loss); the gradient that differs most is",
            "gradients": "the loss agrees but not the way back: look at the gradient of",
            "weights": "the gradients agree but not the optimizer's step: look at",
        }[parting.kind]
        if parting.kind == "losses" and self.outputs:
            where = "the layers agree but not the loss; the gradient that differs most is"
        path = parting.path or "the model"
        if parting.kind == "outputs" and self.layers.get(parting.path):
            path += f", {self.layers[parting.path]}"
        return (
            f"They part at step {parting.step}, where {parting.kind} differ by "
            f"{short(parting.difference)}, more than {self.tolerance:g}:\n  {where} {path}.\n"
            f"  (Largest in {sizes}.)"
        )

    def _speed(self) -> list[str]:
        took, lines = self.milliseconds(), []
        if took is not None:
            lines.append(
                f"A step takes {took['ours']:.3g} ms here and {took['keras']:.3g} ms in Keras "
                "(the shortest of each)."
            )
        if self.ours.memory is not None and self.keras.memory is not None:
            lines.append(
                f"The process grew by at most {_megabytes(self.ours.memory)} here and "
                f"{_megabytes(self.keras.memory)} in Keras, libraries not counted."
            )
        return lines

    # Pictures.

    def plot(self, ax: Any = None) -> Any:
        """The largest differences by step, on a logarithmic axis; a difference of 0 has no point.

        Draws on the matplotlib axes `ax`, or on new ones, and returns them; nothing is shown. Raises
        ImportError without matplotlib.
        """
        if ax is None:
            ax = _new_axes()
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
        ax.set_yscale("log")
        ax.set_xlabel("step")
        ax.set_ylabel("largest difference")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        # Beside the curves: no corner is empty in all of these pictures.
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return ax

    def to_html(self, path: str | os.PathLike | None = None) -> str:
        """The report as a page of its own, without script and without anything from the web.

        Writes it if a path is given. Returns it in any case.
        """
        page = (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n<title>Comparison with Keras</title>\n'
            "<style>:root { color-scheme: light dark } body { font: 1rem/1.5 system-ui, sans-serif; "
            "margin: 2rem auto; max-width: 60rem; padding: 0 1rem }</style>\n"
            f"<h1>Here and in Keras</h1>\n{self._repr_html_()}\n</html>\n"
        )
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(page)
        return page

    def _repr_html_(self) -> str:
        """For notebooks: both tables, and what the text says below them."""
        head, rows = self._table()
        by_layer = [
            [path or "the model", layer, *("" if d is None else short(d) for d in differences)]
            for path, layer, *differences in self.by_layer()
        ]
        told = [self._verdict(), *self._speed(), *self.notes]
        parts = [STYLE, f"<p>{html.escape(self.about)}</p>"]
        parts += [f"<p>{html.escape(line)}</p>" for line in told]
        parts.append(_html_table("Step by step", head[:3], head[3:], rows, 0))
        if by_layer:
            names = ["layer", "what it is"]
            parts.append(
                _html_table("Layer by layer, over all steps", names, list(COLUMNS), by_layer, 2)
            )
        return "\n".join(['<div class="twins">', *parts, "</div>"])


# Tables that are wider than the page scroll by themselves; colors are those of the page or notebook.
STYLE = """<style>
.twins div { overflow-x: auto; margin: 1.5rem 0 }
.twins table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.twins caption { text-align: left; font-weight: bold; padding: .2rem .6rem }
.twins th, .twins td { padding: .15rem .6rem; text-align: right; vertical-align: top }
.twins th { font-weight: normal; opacity: .75 }
.twins td { white-space: nowrap }
.twins thead tr:last-child th { border-bottom: 1px solid }
.twins .name { text-align: left; white-space: normal }
</style>"""


def difference(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(steps, ...) twice -> (steps,): see Report."""
    ours, theirs = (np.asarray(a).reshape(len(a), -1) for a in (ours, theirs))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(same, 0, np.abs(ours - theirs))
        scale = np.where(np.isfinite(theirs), np.abs(theirs), 0).max(axis=1)
        apart = apart.max(axis=1) / np.maximum(1, scale)
    return np.where(np.isnan(apart), np.inf, apart)


def _steps_to_show(steps: int, interesting: int) -> list[int]:
    """All of a dozen; of more, 1, 2, 5, 10, 20, 50, ..., the last, and where something happens."""
    if steps <= 12:
        return list(range(1, steps + 1))
    chosen = {d * 10**n for n in range(len(str(steps))) for d in (1, 2, 5)} | {steps, interesting}
    return sorted(k for k in chosen if k <= steps)


def short(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _html_table(
    caption: str, head: list[str], differences: list[str], rows: list[list[str]], names: int
) -> str:
    """names: how many of the first columns are words."""

    def line(cells: list[str], tag: str) -> str:
        kinds = [' class="name"' if i < names else "" for i in range(len(cells))]
        inside = "".join(
            f"<{tag}{kind}>{html.escape(cell)}</{tag}>"
            for cell, kind in zip(cells, kinds, strict=True)
        )
        return f"<tr>{inside}</tr>"

    over = f'<td colspan="{len(head)}"></td><th colspan="{len(differences)}">largest difference in</th>'
    body = "\n".join(line(row, "td") for row in rows)
    return (
        f"<div><table>\n<caption>{html.escape(caption)}</caption>\n<thead><tr>{over}</tr>\n"
        f"{line([*head, *differences], 'th')}</thead>\n<tbody>{body}</tbody>\n</table></div>"
    )


def _new_axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise refusal(
            ImportError,
            "a picture of the report needs matplotlib, which is not installed.",
            "python -m pip install -e '.[viz]' in the folder of this project",
        ) from error
    return Figure(figsize=(6.4, 3.6), layout="constrained").add_subplot()
