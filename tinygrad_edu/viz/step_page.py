"""The step page of a graph: one file, which needs no network, no library and no graphviz.

Its frame is page/page.html, its style page/page.css. Its program is the modules page/*.js, joined into one
script from which the comments are taken. In the page all but the frame is compressed: so a small graph is a
page of some 30 kB, a network of thousands of nodes stays below 1.5 MB, and nothing that stands in a name can
end the element that it is in. The program shows names as text alone.
"""

from __future__ import annotations

import base64
import html
import os
import re
import zlib

from tinygrad_edu.viz.json_export import as_json
from tinygrad_edu.viz.nodes import GraphData, printable
from tinygrad_edu.viz.play import Play
from tinygrad_edu.viz.steps_in_words import remarks, sentences

LISTED = 200  # steps in words, where no script runs
LARGE = 3000  # nodes and steps; of a larger graph the page has statistics in place of numbers
IMPORT = re.compile(r'^import [^;]*?"\./(\w+\.js)";\n', re.MULTILINE)


def step_page(graph: GraphData, play: Play | None = None) -> str:
    """A page to step through the graph, forwards and backwards: one file that needs nothing else."""
    known = as_json(graph, brief=len(graph.nodes) + len(graph.steps) > LARGE, play=play)
    page = _without_indentation(_text("page.html"))
    title = f"Computation graph of {printable(graph.nodes[-1].title)}"
    title = html.escape(title).replace("{", "&#123;")
    style = _without_indentation(_text("page.css"))
    page = page.replace("{{title}}", title).replace("{{words}}", _in_words(graph))
    page = page.replace("{{style}}", _packed(style))
    page = page.replace("{{program}}", _packed(program()))
    return page.replace("{{graph}}", _packed(known))


def _in_words(graph: GraphData) -> str:
    """The steps as a list, for browsers that run no script. Braces mark what is replaced."""
    words = [*sentences(graph)]
    more = f"and {len(words) - LISTED:,} more" if len(words) > LISTED else ""
    lines = [f"<p>{html.escape(said)}" for said in remarks(graph)] + ["<ol>"]
    lines += [f"<li>{html.escape(said)}" for said in words[:LISTED]]
    text = "\n".join([*lines, "</ol>", more]).encode(errors="replace").decode()
    return text.replace("{", "&#123;")


def program() -> str:
    """The modules of the page as one script: each once, after those that it imports.

    All share one scope, so no two modules may define the same name.
    """
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in modules:
            text = _text(name)
            for needed in IMPORT.findall(text):
                add(needed)
            modules[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add("main.js")
    return '"use strict";\n' + _without_indentation(_without_comments("".join(modules.values())))


def _text(name: str) -> str:
    folder = os.path.join(os.path.dirname(__file__), "page")
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


def _without_comments(script: str) -> str:
    """Without types, and without the comments that end a line: the modules have "//" nowhere else."""
    script = re.sub(r"/\*\*.*?\*/ ?", "", script, flags=re.DOTALL)
    return re.sub(r"(^|\s+)// .*$|^//.*$", "", script, flags=re.MULTILINE)


def _without_indentation(text: str) -> str:
    return re.sub(r"^\s+", "", text, flags=re.MULTILINE)


def _packed(text: str) -> str:
    # a lone surrogate, which a name may have, is no Unicode: it becomes a question mark
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(text.encode(errors="replace")) + packer.flush()
    return base64.b64encode(packed).decode()
