"""How was this number made, and how does its gradient come about? The computation graph of a Tensor.

    print(Graph(loss))                  text
    Graph(loss).save("loss.html")       a page to step through, forwards and backwards
    Graph(loss).save("loss.svg")        or .png, .pdf; .dot, .mmd (Mermaid), .json, .txt
    Graph(loss)                         in a notebook: the picture

`build_graph.py` reads the graph once into plain words and small arrays (`nodes.py`): it stays as it was when
`backward()` frees the tensors or an optimizer changes the parameters, and all formats (`render.py`,
`picture.py`, `step_page.py`, `json_export.py`) show the same.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinygrad_edu.diagnostics.words import refusal, shortened, user_line
from tinygrad_edu.files import whole_file
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.terminal import printable
from tinygrad_edu.viz import picture, render
from tinygrad_edu.viz.build_graph import LIMIT, Reader
from tinygrad_edu.viz.json_export import as_json
from tinygrad_edu.viz.nodes import Arrival, GraphData, Group, Node
from tinygrad_edu.viz.play import computed, recorded
from tinygrad_edu.viz.step_page import step_page

__all__ = ["FORMATS", "Arrival", "Graph", "Group", "Node"]


class Graph(GraphData):
    """The computation graph of a Tensor, usually a loss.

    depth    modules that are called within `depth` others are one node each: 0 leaves one node of a model,
             1 one of each layer. None shows all
    roll     modules and steps that repeat, one after the other, are folded into one node ("Block × 12"); a
             click on it in the step page expands it
    limit    how many nodes there may be

    Its contents are `nodes`, `edges`, `groups`, `steps`, `note` and `no_gradient`: see `nodes.GraphData`. The
    gradients are those that `backward()` would give; it need not have been called, and nothing is changed.

    Build it before `backward()`, which frees the graph, or call `backward(retain_graph=True)`; it warns of a
    graph that was freed, and of numbers that were changed since they were used, as by an optimizer's step.

    Raises TypeError for anything but a Tensor; ValueError if there would be more than `limit` nodes.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> print(Graph(x * x + x))
    #1 multiply(x, x)   () float64   9    gradient 1
    └─ x                () float64   3    gradient 7
    #2 add(#1, x)       () float64   12   gradient 1
    """

    def __init__(
        self, result: Tensor, *, depth: int | None = None, roll: bool = True, limit: int = LIMIT
    ):
        if not isinstance(result, Tensor):
            raise refusal(
                TypeError,
                f"Graph shows how a Tensor was made, and {shortened(result)} is of type "
                f"{type(result).__name__}.",
                "Graph(model(x)), as a model records a graph when it is called"
                if callable(result)
                else "the loss itself, before .item(), float() or .data",
            )
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise refusal(
                ValueError,
                f"Graph(depth={shortened(depth)}): how many modules deep to look, 0 or more.",
                "depth=1 for one node of each layer",
            )
        reader = Reader(result, depth, roll, limit)
        vars(self).update(vars(reader.graph))
        self._recording = recorded(reader)
        if reader.changed or any(node.kind == "freed" for node in self.nodes):
            warnings.warn(f"{self.note}{user_line()}", stacklevel=2)

    @classmethod
    def of(cls, contents: GraphData) -> Graph:
        """A graph with these contents."""
        graph = cls.__new__(cls)
        graph._recording = None
        vars(graph).update(vars(contents))
        return graph

    def with_nodes(self, nodes: list[Node]) -> Graph:
        """The same graph with other nodes."""
        other = copy.copy(self)
        other.nodes = nodes
        return other

    text = render.text
    mermaid = render.mermaid
    dot = property(render.dot)
    svg = picture.svg
    json = as_json

    def html(
        self, *, play: Mapping[str, Sequence[float]] | None = None, rate: float | None = None
    ) -> str:
        """The step page, with the sliders and the steps of gradient descent that `save` describes."""
        return step_page(self, computed(self, self._recording, play, rate))

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        play: Mapping[str, Sequence[float]] | None = None,
        rate: float | None = None,
    ) -> None:
        """Writes the graph in the format that the ending of the path names (.html, .svg, .png, ...).

        play   leaves that the reader of a page can move, and how far: {"a": (-3, 3)} gives a slider for each
               number of a, and all values and gradients follow. (-3, 3, 121) makes 121 points instead of
               61. A leaf has at most nine numbers, all floating point
        rate   the learning rate of a button on the page, which makes a step of gradient descent in all
               leaves that require a gradient, up to 20 times

            graph.save("loss.html", play={"a": (-3, 3)}, rate=0.1)

        The graph is computed for each point when the page is written, by the operations that made it, of
        which there may be 300. A condition such as `x > 0` in `np.where(x > 0, x, 0)` is no part of the
        graph, so it stays as it was.

        A whole new file or none. Raises ValueError for another ending and for leaves that cannot be moved,
        and what `svg` raises.
        """
        ending = os.path.splitext(os.fspath(path))[1].lower()
        if ending not in FORMATS:
            raise refusal(
                ValueError,
                f"a graph cannot be saved as {os.fspath(path)!r}.",
                f"a path that ends in {', '.join(FORMATS)}",
            )
        if play is None and rate is None:
            content = FORMATS[ending](self)
        elif ending != ".html":
            raise refusal(
                ValueError,
                f"play= and rate= are for a page, and {os.fspath(path)!r} is none.",
                "a path that ends in .html",
            )
        else:
            content = self.html(play=play, rate=rate)
        with whole_file(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def __str__(self) -> str:
        return printable(self.text())

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


FORMATS: dict[str, Callable[[Graph], str | bytes]] = {
    ".html": Graph.html,
    ".svg": Graph.svg,
    # at most 50 inches: a bitmap of a thousand operations would take minutes, and gigabytes
    ".png": lambda g: picture.draw(render.dot(g, dpi=144, size="50,50", bgcolor="white"), "png"),
    ".pdf": lambda g: picture.draw(g.dot, "pdf"),
    ".dot": lambda g: g.dot,
    ".mmd": lambda g: g.mermaid() + "\n",
    ".json": Graph.json,
    ".txt": lambda g: g.text() + "\n",
}
