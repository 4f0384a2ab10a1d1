"""How was this number made, and how does its gradient come about? The computation graph of a Tensor.

    print(Graph(loss))                  text, which needs nothing but this package
    Graph(loss).save("loss.html")       a page to step through, forwards and backwards
    Graph(loss).save("loss.svg")        or .png, .pdf; .dot, .mmd (Mermaid), .json, .txt
    Graph(loss)                         in a notebook: the picture

The graph is read once (`read.py`), into plain words and small arrays (`nodes.py`): it stays as it was when
`backward()` frees the tensors or an optimizer changes the parameters, and every way of showing it
(`render.py`, `step_page.py`) says the same.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from typing import Any

from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.viz import render
from tinygrad_edu.viz.build_graph import Reader
from tinygrad_edu.viz.json_export import as_json
from tinygrad_edu.viz.nodes import Arrival, Group, Node
from tinygrad_edu.viz.step_page import step_page

LIMIT = 5000  # nodes; a larger picture can be drawn, but not read

__all__ = ["Arrival", "Graph", "Group", "Node"]


class Graph:
    """The computation graph of a Tensor (a loss, as a rule), ready to be shown.

    depth    modules that are called within `depth` others are one node each: 0 leaves one node of a model,
             1 one of each layer. None shows all
    roll     modules and steps that repeat each other, one after the other, are shown as one node
             ("Block × 12") until somebody opens it
    limit    how many nodes there may be

    What is in it:

    nodes    inputs before what is made of them; the last is the tensor asked for
    groups   calls of modules, and what was rolled up, outer before inner
    steps    the way back: what arrives where, in the order of `backward()`
    note     a sentence about what cannot be shown, or ""
    no_gradient   why nodes have no gradient, or "". Gradients are those that `backward()` would give,
             which need not have been called; it changes nothing

    Look before `backward()`, which frees the graph, or call `backward(retain_graph=True)`.

    Raises TypeError for anything but a Tensor; ValueError if there would be more than `limit` nodes.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> print(Graph(x * x + x))
    #1 multiply(x, x)   () float64   9    gradient 1
    └─ x                () float64   3    gradient 7
    #2 add(#1, x)       () float64   12   gradient 1
    """

    nodes: list[Node]
    groups: list[Group]
    steps: list[Arrival]
    note: str
    no_gradient: str

    def __init__(
        self, result: Tensor, *, depth: int | None = None, roll: bool = True, limit: int = LIMIT
    ):
        if not isinstance(result, Tensor):
            raise refusal(
                TypeError,
                f"Graph shows how a Tensor was made, and {shortened(result)} is of type "
                f"{type(result).__name__}.",
                "the loss itself, before .item(), float() or .data",
            )
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise refusal(
                ValueError,
                f"Graph(depth={shortened(depth)}): how many modules deep to look, 0 or more.",
                "depth=1 for one node of each layer",
            )
        self._take(Reader(result, depth, roll, limit))

    def _take(self, read: Reader) -> None:
        self.nodes, self.groups, self.steps = read.nodes, read.groups, read.steps
        self.note, self.no_gradient = read.note, read.no_gradient

    @classmethod
    def of(cls, read: Reader) -> Graph:
        """What a reader has read (and somebody else has worked on)."""
        graph = cls.__new__(cls)
        graph._take(read)
        return graph

    def with_nodes(self, nodes: list[Node]) -> Graph:
        """The same graph with other nodes: those of a comparison, or fewer."""
        other = copy.copy(self)
        other.nodes = nodes
        return other

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

    def html(self) -> str:
        """A page to step through the graph, forwards and backwards: one file that needs nothing else."""
        return step_page(self)

    def mermaid(self) -> str:
        """The graph in Mermaid's language, which GitHub and many editors draw."""
        return render.mermaid(self)

    def json(self) -> str:
        """All that is known, for other programs: see `portable.as_json`."""
        return as_json(self)

    def svg(self) -> str:
        """The picture as an `<svg>` element.

        Drawn by the program `dot`, or else by the graphviz that pygraphviz brings along. Raises
        ImportError if neither is there, RuntimeError if they fail or take too long.
        """
        return render.svg(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the graph; the ending of the path (.html, .svg, .png, ...) says how.

        Raises ValueError for another ending, and what `svg` raises; then no file is written.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in render.FORMATS:
            raise refusal(
                ValueError,
                f"a graph cannot be saved as {os.fspath(path)!r}.",
                f"a path that ends in {', '.join(render.FORMATS)}",
            )
        content = render.FORMATS[ending](self)
        with open(path, "wb") as file:
            file.write(content)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        counts = Counter("leaves" if n.leaf else "operations" for n in self.nodes)
        return f"<graph of {self.nodes[-1].title}: {counts['operations']} operations, " + (
            f"{counts['leaves']} leaves; print it, or .save('graph.html')>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or the text and the reason why there is no picture."""
        shown = {"text/plain": self.text()}
        try:
            shown["image/svg+xml"] = self.svg()
        except Exception as error:  # whatever it is, a cell that shows a graph must not fail
            shown["text/plain"] += f"\n\n{error}"
        return shown
