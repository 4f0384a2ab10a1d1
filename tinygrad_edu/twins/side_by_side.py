"""The report of an estimator and its twin in another library: numbers side by side, time and memory."""

from __future__ import annotations

import html
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.terminal import printable
from tinygrad_edu.twins.report import STYLE, aligned, html_page, html_table, short

ANSWERS = (
    "predict", "predict_proba", "decision_function", "transform", "score_samples", "labels_",
)  # fmt: skip


@dataclass
class Row:
    """A quantity that both have: arrays of the same shape."""

    name: str
    ours: Any
    theirs: Any
    difference: float = field(init=False)  # max |ours - theirs| / max(|theirs|, tiny)

    def __post_init__(self) -> None:
        self.ours, self.theirs = _array(self.ours), _array(self.theirs)
        if self.ours.dtype.kind in "fiub" and self.theirs.dtype.kind in "fiub":
            a, b = (np.asarray(v, dtype=np.float64) for v in (self.ours, self.theirs))
            with np.errstate(invalid="ignore"):
                gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.abs(a - b))
            size = np.abs(b)[np.isfinite(b)].max(initial=0)
            worst = gap.max(initial=0) / (size or 1)
            self.difference = float(np.inf if np.isnan(worst) else worst)
        else:  # labels: the fraction that differs
            self.difference = float(np.mean(self.ours != self.theirs))

    def cells(self) -> list[str]:
        shape = "×".join(map(str, self.ours.shape)) or "1"
        return [self.name, shape, _shown(self.ours), _shown(self.theirs), short(self.difference)]


@dataclass
class Comparison:
    """What an estimator and its twin found; `print(comparison)` shows the table.

    rows      the quantities that both have, each with its `difference`: relative to the largest number,
              or for labels the fraction that differs
    seconds   {"ours": ..., "theirs": ...}, the fastest run of each
    memory    the same, in bytes: the peak of a run; None if this machine does not tell
    library   whose the twin is
    task      what was run: a fit, say
    """

    about: str
    rows: list[Row]
    seconds: Mapping[str, float]
    memory: Mapping[str, Any]
    library: str = "scikit-learn"
    task: str = "A fit"

    def max_difference(self) -> float:
        """The largest difference of all rows."""
        return max((row.difference for row in self.rows), default=0.0)

    def answers_differ_by(self) -> float:
        """The largest difference between answers, such as predictions."""
        return max((row.difference for row in self.rows if row.name in ANSWERS), default=0.0)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.rows)
        raise refusal(KeyError, f"the comparison has no {name!r}.", f"one of {known}")

    def __str__(self) -> str:
        head, *lines = aligned(self._table())
        text = [self.about, "", head, "─" * len(head), *lines, "─" * len(head), *self._cost()]
        return printable("\n".join(text))

    __repr__ = __str__

    def _table(self) -> list[list[str]]:
        return [
            ["", "shape", "ours", self.library, "difference"],
            *(row.cells() for row in self.rows),
        ]

    def _cost(self) -> list[str]:
        ms = {side: 1000 * seconds for side, seconds in self.seconds.items()}
        lines = [
            f"{self.task} takes {ms['ours']:.3g} ms here and {ms['theirs']:.3g} ms in {self.library} "
            f"({ms['ours'] / ms['theirs']:.2f} times as long)."
        ]
        ours, theirs = self.memory["ours"], self.memory["theirs"]
        if ours is not None and theirs:
            lines.append(
                f"It needs {ours / 1e6:.3g} MB here and {theirs / 1e6:.3g} MB there "
                f"({ours / theirs:.2f} times as much)."
            )
        return lines

    def to_html(self, path: str | os.PathLike | None = None) -> str:
        """The report as a page without scripts or anything from the web; also written to `path`, if given."""
        return html_page(self.library, self._repr_html_(), path)

    def _repr_html_(self) -> str:
        words = "".join(f"<p>{html.escape(line)}</p>\n" for line in (self.about, *self._cost()))
        table = html_table("The same quantities in both", self._table(), 1)
        return f'{STYLE}\n<div class="twins">\n{words}{table}\n</div>'


def duration(run: Callable[[], Any]) -> float:
    """Seconds that a run takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _array(found: Any) -> np.ndarray:
    """Also of a sparse matrix, which NumPy does not read."""
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)


def _shown(values: np.ndarray) -> str:
    """A number, or the first three of many."""
    flat = values.ravel()
    words = [f"{x:.6g}" if values.dtype.kind in "fiub" else str(x) for x in flat[:3].tolist()]
    return ", ".join(words) + (", …" if flat.size > 3 else "")
