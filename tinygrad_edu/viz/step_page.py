"""A page to step through a `Graph`: one file, which needs no network, no library and no graphviz.

Its frame is graph.html, its looks are graph.css, its program is graph.js. In the page all but the frame is
deflated: so a small graph is a page of some 30 kB, a network of thousands of nodes stays below 1.5 MB, and
nothing that stands in a name can end the element that it is in. The program shows names as text alone.
"""

from __future__ import annotations

import base64
import html
import os
import re
import zlib
from typing import TYPE_CHECKING

from tinygrad_edu.viz.json_export import as_json, cost
from tinygrad_edu.viz.nodes import WHOLE, printable

if TYPE_CHECKING:
    from tinygrad_edu.viz.graph import Graph

# Bytes of arrays before they are deflated; those of more are told with fewer numbers.
LARGEST = 4_000_000
DETAILS = ((WHOLE, True), (16, True), (4, False), (1, False))  # numbers of an array; heat maps?


def step_page(graph: Graph) -> str:
    """The page, as it stands in a file."""
    page = _text("graph.html")
    title = html.escape(f"Computation graph of {printable(graph.nodes[-1].title)}")
    page = page.replace("{{title}}", title).replace("{{looks}}", _packed(_text("graph.css")))
    page = page.replace("{{program}}", _packed(_text("graph.js")))
    fitting = [detail for detail in DETAILS if cost(graph, *detail) < LARGEST]
    return page.replace("{{graph}}", _packed(as_json(graph, *[*fitting, DETAILS[-1]][0])))


def _text(name: str) -> str:
    """A file beside this one, without its indentation and its comments."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return re.sub(r"^ +|^ *//.*\n", "", file.read(), flags=re.MULTILINE)


def _packed(text: str) -> str:
    # a lone surrogate, which a name may have, is no Unicode: it becomes a question mark
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(text.encode(errors="replace")) + packer.flush()
    return base64.b64encode(packed).decode()
