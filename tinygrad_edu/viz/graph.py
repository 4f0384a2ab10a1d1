"""How was this number made? The computation graph of a Tensor, as a picture or as text.

    print(graph(loss))                  text, which needs nothing but this package
    graph(loss).save("loss.svg")        or .png, .pdf, .dot
    graph(loss)                         in a notebook: the picture

`graph` reads the notes that operations leave on their results, once, and makes plain `Node`s of them:
words and numbers, no arrays. So the graph stays as it was when `backward()` frees the tensors or an
optimizer changes the parameters, and every way of showing it (`render.py`) says the same.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.errors import shortened, user_line
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.tensor import Tensor, describe
from tinygrad_edu.viz import render

LIMIT = 2000  # nodes; a larger picture can be drawn, but not read
MANY = 8  # a leaf with more uses than this is drawn beside each of them


@dataclass(frozen=True)
class Node:
    """An operation, or a leaf (what no operation made), as it was when the graph was read."""

    number: int  # its place in `Graph.nodes`
    kind: str  # "operation", "result" (the tensor asked for) or "freed"; of leaves "parameter",
    #            "variable" (a Tensor that requires a gradient), "data" (with a name) or "constant"
    title: str  # the operation's name, the leaf's name
    settings: str  # "axis=1"
    shape: tuple[int, ...]
    dtype: str
    value: str  # a number, or mean ± standard deviation [smallest, largest]
    finite: bool  # no NaN and no infinity in it
    inputs: tuple[int, ...]  # the numbers of the nodes that it was made from, in order
    group: int | None  # the place in `Graph.groups` of the module call that it happened in


@dataclass(frozen=True)
class Group:
    """One call of a module: the box around its operations."""

    label: str  # path within the outer box, and the module: "0: Linear(64, 64)"
    outer: int | None  # the place in `Graph.groups` of the call that made this call


class Graph:
    """A computation graph, ready to be shown.

    nodes    inputs before what is made of them; the last is the tensor asked for
    groups   calls of modules, outer before inner
    note     a sentence about what cannot be shown, or ""
    """

    def __init__(self, nodes: list[Node], groups: list[Group], note: str = ""):
        self.nodes, self.groups, self.note = nodes, groups, note

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(from, to), by the numbers of the nodes."""
        return [(source, node.number) for node in self.nodes for source in node.inputs]

    def text(self) -> str:
        """The operations in the order of computing, as a tree of modules."""
        return render.text(self)

    @property
    def dot(self) -> str:
        """The graph in graphviz's language. Raises ImportError without the package graphviz."""
        return render.dot(self)

    def svg(self) -> str:
        """The picture as an `<svg>` element.

        Drawn by the program `dot`, or else by the graphviz that pygraphviz brings along. Raises
        ImportError if neither is there, RuntimeError if they fail or take too long.
        """
        return render.svg(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture; the ending of the path (.svg, .png, .pdf, .dot, .txt) says how.

        Raises ValueError for another ending, and what `svg` raises; then no file is written.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in render.FORMATS:
            raise ValueError(
                f"a graph cannot be saved as {os.fspath(path)!r}.{user_line()}\n  Try: a path that "
                f"ends in {', '.join(render.FORMATS)}"
            )
        content = render.FORMATS[ending](self)
        with open(path, "wb") as file:
            file.write(content)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        counts = Counter("operations" if n.inputs else "leaves" for n in self.nodes)
        return f"<graph of {self.nodes[-1].title}: {counts['operations']} operations, " + (
            f"{counts['leaves']} leaves; print it, or .save('graph.svg')>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or the text and the reason why there is no picture."""
        shown = {"text/plain": self.text()}
        try:
            shown["image/svg+xml"] = self.svg()
        except Exception as error:  # whatever it is, a cell that shows a graph must not fail
            shown["text/plain"] += f"\n\n{error}"
        return shown


def graph(result: Tensor, *, limit: int = LIMIT) -> Graph:
    """The computation graph of a Tensor (a loss, as a rule): operation, shape and value, by module.

    Draw it before `backward()`, which frees the graph, or call `backward(retain_graph=True)`.

    Raises TypeError for anything but a Tensor; ValueError if there would be more than `limit` nodes.
    """
    if not isinstance(result, Tensor):
        raise TypeError(
            f"graph shows how a Tensor was made, and {shortened(result)} is of type "
            f"{type(result).__name__}.{user_line()}\n  Try: the loss itself, before .item(), float() "
            "or .data"
        )
    operations = _operations(result, limit)
    boxes = _Boxes()
    leaves = _Leaves(operations)
    nodes: list[Node] = []
    numbers: dict[Tensor, int] = {}  # of the operations that have their node already

    for y in operations:
        group = boxes.of(y.scope)
        inputs = []
        for i, x in enumerate(y.inputs):
            if x not in numbers if isinstance(x, Tensor) else True:
                number = leaves.number(x)
                if number is None:
                    number = len(nodes)
                    nodes.append(_leaf(number, x, leaves.title(y, i), boxes.of_leaf(x, y.scope)))
                    leaves.remember(x, number)
            else:
                number = numbers[x]
            inputs.append(number)
        numbers[y] = len(nodes)
        nodes.append(_operation(len(nodes), y, tuple(inputs), group, y is result))
    if not nodes:
        nodes.append(_leaf(0, result, result.name or "Tensor", None))
    return Graph(nodes, boxes.groups, _note(operations, result))


# ------------------------------------------------------------------------------------ reading the notes


def _operations(result: Tensor, limit: int) -> list[Tensor]:
    """Every Tensor made by an operation that the result depends on, oldest first."""
    found, waiting, nodes = {result}, [result] if result.op else [], 0
    while waiting:
        y = waiting.pop()
        made = [x for x in y.inputs if isinstance(x, Tensor) and x.op]
        nodes += 1 + len(y.inputs) - len(made)
        if nodes > limit:
            raise ValueError(
                f"the graph of {describe(result)} has more than {limit:,} nodes, too many to read."
                f"{user_line()}\n  Try: the graph of a smaller part (fewer time steps, one layer's "
                "output), or graph(loss, limit=...)"
            )
        for x in made:
            if x not in found:
                found.add(x)
                waiting.append(x)
    return sorted((y for y in found if y.op), key=attrgetter("born"))


class _Boxes:
    """Turns the modules that were being called into groups: one for each call.

    Operations come in the order in which they were made, so a module that is met again after another
    one has been called again. (Two calls with nothing in between look like one.)
    """

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.open: list[tuple[Module, int]] = []  # the calls that the last operation happened in
        self.calls: Counter[tuple] = Counter()
        self.paths: dict[tuple, str] = {}

    def of(self, scope: tuple[Module, ...]) -> int | None:
        """The group of an operation that was made in this scope."""
        shared = 0
        for (module, _), wanted in zip(self.open, scope, strict=False):
            if module is not wanted:
                break
            shared += 1
        del self.open[shared:]
        for module in scope[shared:]:
            outer, number = self.open[-1] if self.open else (None, None)
            self.open.append((module, len(self.groups)))
            self.groups.append(Group(self._label(outer, module), number))
        return self.open[-1][1] if self.open else None

    def of_leaf(self, x: Any, scope: tuple[Module, ...]) -> int | None:
        """The group of a leaf beside an operation made in this scope.

        Parameters and constants stand where they are used, data where they were made: what is fed
        into a module stays outside it.
        """
        depth = len(scope)
        if isinstance(x, Tensor) and not isinstance(x, Parameter):
            depth = 0
            for made, used in zip(x.scope, scope, strict=False):
                if made is not used:
                    break
                depth += 1
        return self.open[depth - 1][1] if depth else None

    def _label(self, outer: Module | None, module: Module) -> str:
        which = (outer, module)
        if which not in self.paths:
            inside = outer.named_modules() if outer is not None else ()
            path = next((path for path, inner in inside if inner is module), "")
            kind = repr(module)
            if "\n" in kind:  # a module of modules: their boxes say the rest
                kind = type(module).__name__
            self.paths[which] = f"{path}: {kind}" if path else kind
        self.calls[which] += 1
        again = f", call {self.calls[which]}" if self.calls[which] > 1 else ""
        return self.paths[which] + again


class _Leaves:
    """What no operation made: parameters, data, and the plain arrays and numbers among the inputs.

    A parameter is drawn again beside each use. One node for all of them reads worse, and brings the
    layout program to its knees: an unrolled recurrent network of 20 steps takes it 25 s instead of
    0.03 s. Other leaves are drawn once, as long as they are not used all over the place.
    """

    def __init__(self, operations: Iterable[Tensor]):
        self.uses = Counter(x for y in operations for x in y.inputs if isinstance(x, Tensor))
        self.numbers: dict[Tensor, int] = {}

    def number(self, x: Any) -> int | None:
        """The node of a leaf that has one already and needs no other."""
        return self.numbers.get(x) if isinstance(x, Tensor) else None

    def remember(self, x: Any, number: int) -> None:
        if isinstance(x, Tensor) and not isinstance(x, Parameter) and self.uses[x] <= MANY:
            self.numbers[x] = number

    def title(self, y: Tensor, i: int) -> str:
        """The name of input i of an operation: its own, or the one that the operation has for it."""
        x, row = y.inputs[i], y.op
        if isinstance(x, Tensor):
            return x.name or type(x).__name__
        argument = row.inputs[i] if row and i < len(row.inputs) else ""
        if len(argument) > 2 and argument != "self":  # "labels", but not "x1"
            return argument
        return "array" if np.ndim(x) else ""


def _note(operations: list[Tensor], result: Tensor) -> str:
    if any(y.op is FREED for y in operations):
        return (
            "backward() has freed this graph, so what came before is gone: draw it before backward(), "
            "or call backward(retain_graph=True)."
        )
    if not operations and not result.requires_grad:
        return (
            "No operation was recorded for this tensor: nothing that it was made from requires a "
            "gradient, or it was made inside no_grad()."
        )
    return ""


# ----------------------------------------------------------------------------------------- into words


def _operation(
    number: int, y: Tensor, inputs: tuple[int, ...], group: int | None, is_result: bool
) -> Node:
    freed = y.op is FREED
    title = "made by freed operations" if freed else getattr(y.op, "name", "")
    kind = "freed" if freed else "result" if is_result else "operation"
    settings = ", ".join(
        f"{name}={_setting(x)}"
        for name, x in y.params.items()
        if x is not None and x is not False  # the defaults
    )
    about = _about(y.data)
    return Node(number, kind, title, settings, *about, inputs, group)


def _leaf(number: int, x: Any, title: str, group: int | None) -> Node:
    if isinstance(x, Tensor):
        kind = "data" if x.name else "constant"
        if x.requires_grad:
            kind = "parameter" if isinstance(x, Parameter) else "variable"
    else:
        kind = "constant"
    about = _about(np.asarray(x.data if isinstance(x, Tensor) else x))
    return Node(number, kind, title or about[2], "", *about, (), group)


def _setting(x: Any) -> str:
    if isinstance(x, tuple) and any(isinstance(part, np.ndarray) for part in x):
        return f"({', '.join(map(_setting, x))})"
    if isinstance(x, np.ndarray):
        return f"array {x.shape}"
    return str(x) if isinstance(x, np.dtype) else shortened(x)


def _about(x: np.ndarray) -> tuple[tuple[int, ...], str, str, bool]:
    """shape, dtype, value in words, and whether all of it is finite."""
    finite = bool(np.isfinite(x).all()) if x.dtype.kind in "fc" else True
    return x.shape, str(x.dtype), _value(x, finite), finite


def _value(x: np.ndarray, finite: bool) -> str:
    """A number, up to four numbers in a row, or what many numbers have in common."""
    if x.size == 0:
        return "empty"
    if x.dtype.kind not in "fciub":
        return shortened(x.tolist())
    if x.size == 1:
        return _number(x.flat[0])
    if x.ndim == 1 and x.size <= 4:
        return f"[{', '.join(map(_number, x))}]"
    if x.dtype.kind == "b":
        return f"{np.count_nonzero(x):,} of {x.size:,} true"
    if x.dtype.kind in "iu":  # labels and indices: their mean means nothing
        return f"from {x.min()} to {x.max()}"
    size = np.abs(x) if x.dtype.kind == "c" else x
    numbers = size[np.isfinite(x)].astype(np.float64)
    bad = "" if finite else f"{x.size - numbers.size:,} of {x.size:,} not finite"
    if numbers.size == 0:
        return bad
    low, high = numbers.min(), numbers.max()
    words = f"{numbers.mean():.3g} ± {numbers.std():.3g} [{low:.3g}, {high:.3g}]"
    if low == high:
        words = f"all {_number(low)}"
    words = f"size {words}" if x.dtype.kind == "c" else words
    return f"{words}, {bad}" if bad else words


def _number(x: Any) -> str:
    return str(x) if isinstance(x, (bool, np.bool_)) else f"{x:.4g}"
