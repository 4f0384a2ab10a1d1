"""The contents of a computation graph: nodes, module calls, steps of the backward pass, and their numbers.

Nothing here holds a Tensor or a large array. So a graph stays as it was when `backward()` frees the
tensors or an optimizer changes the parameters, and it takes little memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import shortened
from tinygrad_edu.explaining import Explanation

WHOLE = 64  # an array of more numbers is kept as statistics and a heat map
CELLS = 16  # rows and columns of a heat map; a single row has CELLS * 4 columns


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The numbers of an array when the graph was read: all of them, or statistics of many.

    words          a number, up to four numbers in a row, or mean ± standard deviation [smallest, largest]
    dtype          of the array; "list" for a list that is no array (its shape means nothing)
    finite         no NaN and no infinity among them
    bad            which of "nan", "inf" and "-inf" are among them
    numbers        a copy, if there are no more than 64
    heat           otherwise the means of at most 16 × 16 blocks, the last axis from left to right
    mean, spread, low, high   of the finite numbers (spread: standard deviation); None for a single number
    """

    words: str
    shape: tuple[int, ...]
    dtype: str
    finite: bool
    numbers: np.ndarray | None = None
    heat: np.ndarray | None = None
    mean: float | None = None
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    bad: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """Shape and dtype: "(2, 3) float64"."""
        return "list" if self.dtype == "list" else f"{self.shape} {self.dtype}"

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Node:
    """An operation, or a leaf (a tensor or array that no operation made).

    kind    of operations: "operation", "result" (the tensor asked for), "module" (all its operations in one
            node), "freed", "failed" (see `explain_error`); of leaves: "parameter", "variable" (another Tensor
            that requires a gradient), "data" (with a name), "constant"
    """

    number: int  # its place in `nodes`
    kind: str
    title: str  # the name of the operation or leaf
    settings: str  # "axis=1"
    value: Snapshot
    inputs: tuple[int, ...]  # the numbers of the nodes that it was made from, in order
    group: int | None  # the place in `groups` of the innermost box around it
    gradient: Snapshot | None = None  # dL/d(this), where L is the result of the graph
    row: Explanation | None = None  # the row of the derivative table: formula and rules
    line: str = ""  # the user's line that asked for it: "train.py:12:  y = x @ w"
    name: str = ""  # the user's name for the result of the operation
    order: int = 0  # of operations: 1, 2, ... in the order of computing, "multiply #2"
    axes: str = ""  # in words: "over axis 1, the columns"
    same: int = -1  # the first node of this tensor: a parameter is drawn beside each of its uses
    change: str = ""  # a remark: "was 0.5" in a comparison, the error at what failed
    shade: float = 0.0  # how strongly a comparison marks it, from 0 to 1
    clash: tuple[
        tuple[int, ...], ...
    ] = ()  # of what failed: the axes of each input that do not fit
    rounding: str = ""  # in float16 and float32, why the numbers seem not to add up

    @property
    def leaf(self) -> bool:
        """Did no operation make it?"""
        return not self.inputs and self.kind not in ("module", "freed", "failed")

    @property
    def other_settings(self) -> str:
        """The settings that `axes` does not say in words."""
        kept = (
            re.sub(r"axis=(\([^)]*\)|[^,]*)(, )?", "", self.settings)
            if self.axes
            else self.settings
        )
        return kept.removesuffix(", ")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> str:
        return self.value.dtype

    @property
    def finite(self) -> bool:
        return self.value.finite

    def rule(self, i: int) -> tuple[str, str]:
        """("∂L/∂x", "g * w"): how dL/dy becomes the gradient of input i. Empty if there is no rule."""
        lines = [line for line in self.row.lines if line[0][:4] == "∂L/∂"] if self.row else []
        return lines[min(i, len(lines) - 1)] if lines else ("", "")


@dataclass(frozen=True)
class Group:
    """A box around operations: one call of a module, or a block of modules or steps that repeat.

    repeats    how many times; such a block is folded into one node until it is expanded
    """

    label: str  # path within the outer box, and the module: "0: Linear(64, 64)"; or "Cell × 180"
    outer: int | None  # the place in `groups` of the box around this box
    repeats: int = 0


@dataclass(frozen=True)
class Arrival:
    """One edge of the backward pass: an operation passes a gradient on to one of its inputs.

    contribution = upstream × local derivative, where upstream is the operation's own gradient. The input
    accumulates it: after = before + contribution.
    """

    node: int  # the operation
    i: int  # which of its inputs
    source: int  # the node of that input
    contribution: Snapshot
    before: Snapshot | None  # None for the first contribution
    after: Snapshot
    local: Snapshot | None = None  # of single numbers and elementwise operations
    rounding: str = ""  # why the numbers seem not to add up


@dataclass
class GraphData:
    """The contents of a graph, for whoever draws or compares it.

    nodes    inputs before what is made of them; the last is the tensor asked for
    groups   boxes, outer before inner
    steps    the backward pass: its edges, in the order of `backward()`
    note     why something cannot be shown, or ""
    no_gradient   why nodes have no gradient, or ""
    """

    nodes: list[Node]
    groups: list[Group]
    steps: list[Arrival]
    note: str = ""
    no_gradient: str = ""

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(from, to), by the numbers of the nodes."""
        return [(source, node.number) for node in self.nodes for source in node.inputs]

    @property
    def names(self) -> list[str]:
        """Nodes in a sentence: the user's name, or the operation and its number, as "multiply #3"."""
        names, order = [], 0
        for node in self.nodes:
            order += not node.leaf
            own = node.leaf or node.name
            names.append(printable(node.name or node.title) + ("" if own else f" #{order}"))
        return names


# ------------------------------------------------------------------------------------------ numbers


def snapshot(array: Any) -> Snapshot:
    """The snapshot of an array."""
    x = np.asarray(array)
    kind = x.dtype.kind
    finite = bool(np.isfinite(x).all()) if kind in "fc" else True
    facts: dict[str, Any] = {}
    numbers = None
    if kind in "fciub" and x.size > 1:
        numbers = np.abs(x) if kind == "c" else x
        numbers = (numbers if finite else numbers[np.isfinite(x)]).astype(np.float64)
        if numbers.size:
            facts = {
                "mean": float(numbers.mean()), "spread": float(numbers.std()),
                "low": float(numbers.min()), "high": float(numbers.max()),
            }  # fmt: skip
    if kind == "O":
        return Snapshot(shortened(x.tolist()), (), "list", True)
    if x.size <= WHOLE:
        facts["numbers"] = x.copy()
    elif kind in "fciub":
        facts["heat"] = heat_map(x)
    bad = () if finite else not_finite(x)
    return Snapshot(_words(x, bad, facts), x.shape, str(x.dtype), finite, bad=bad, **facts)


def not_finite(x: np.ndarray) -> tuple[str, ...]:
    """Which of "nan", "inf" and "-inf" are among the numbers of an array."""
    parts = (x.real, x.imag) if x.dtype.kind == "c" else (x,)
    tests: list[tuple[str, Any]] = [("nan", np.isnan), ("inf", np.isposinf), ("-inf", np.isneginf)]
    return tuple(name for name, test in tests if any(test(part).any() for part in parts))


def _words(x: np.ndarray, kinds: tuple[str, ...], facts: dict[str, Any]) -> str:
    """A number, up to four numbers in a row, or statistics."""
    if x.size == 0:
        return "empty"
    if x.dtype.kind not in "fciub":
        return shortened(x.tolist())
    if x.size == 1:
        return number(x.flat[0])
    if x.ndim == 1 and x.size <= 4:
        return f"[{', '.join(map(number, x))}]"
    if x.dtype.kind == "b":
        return f"{np.count_nonzero(x):,} of {x.size:,} true"
    if x.dtype.kind in "iu":  # labels and indices: their mean means nothing
        return f"from {x.min()} to {x.max()}"
    bad = ""
    if kinds:
        bad = f"{np.count_nonzero(~np.isfinite(x)):,} of {x.size:,} not finite ({', '.join(kinds)})"
    if "low" not in facts:
        return bad
    low, high = facts["low"], facts["high"]
    words = f"{facts['mean']:.3g} ± {facts['spread']:.3g} [{low:.3g}, {high:.3g}]"
    if low == high:
        words = f"all {number(low)}"
    words = f"size {words}" if x.dtype.kind == "c" else words
    return f"{words}, {bad}" if bad else words


# What a reader sees as one character: a letter with its accents, two letters of a flag, an emoji with its
# color of skin, or several joined to one.
MARKS = "[\u0300-\u036f\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
EMOJI = "[\u2190-\u2bff\U0001f000-\U0001faff]"
CHARACTERS = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|{EMOJI}{MARKS}*(?:\u200d{EMOJI}{MARKS}*)*|.{MARKS}*", re.DOTALL
)


def printable(words: str, longest: int = 60) -> str:
    """Words of unknown origin on one line, with characters that do not print as Python escapes them."""
    if words.isascii() and words.isprintable():
        return words if len(words) <= longest else words[: longest - 1] + "…"
    shown: list[str] = []
    for character in CHARACTERS.findall(words):
        plain = character.replace("\u200d", "").isprintable() and character != "\u200d"
        shown += [character] if plain else ascii(character)[1:-1]
    return "".join(shown if len(shown) <= longest else [*shown[: longest - 1], "…"])


def number(x: Any) -> str:
    """A number with four digits; a whole number with all of them."""
    return str(x) if isinstance(x, (bool, np.bool_, int, np.integer)) else f"{x:.4g}"


def heat_map(x: np.ndarray) -> np.ndarray:
    """The means of at most 16 × 16 blocks. A block with a NaN or an infinity in it has a mean of NaN."""
    x = np.abs(x) if x.dtype.kind == "c" else x
    flat = x.reshape(-1, x.shape[-1])
    rows = len(flat)
    with np.errstate(all="ignore"):
        tall = _blocks(flat, 0, CELLS)
        small = _blocks(tall, 1, CELLS if rows > 1 else 4 * CELLS)
    small[~np.isfinite(small)] = np.nan
    return small


def _blocks(x: np.ndarray, axis: int, most: int) -> np.ndarray:
    size = x.shape[axis]
    if size <= most:
        return x.astype(np.float64)
    starts = np.arange(most) * size // most
    sums = np.add.reduceat(x, starts, axis=axis, dtype=np.float64)
    lengths = np.diff(np.append(starts, size))
    return sums / (lengths[:, None] if axis == 0 else lengths)
