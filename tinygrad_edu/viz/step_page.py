"""The step page of a graph: one file, which needs no network, no library and no graphviz.

Its frame is page/page.html, its style files/look.css, which all pages share, and page/page.css. Its program
is the modules page/*.js, joined into one script from which the comments are taken. In the page all but the
frame is compressed: so a small graph is a page of some 40 kB, a network of thousands of nodes stays below
1.5 MB, and nothing that stands in a name can end the element that it is in. The program shows names as text
alone.
"""

from __future__ import annotations

import html

from tinygrad_edu.files.look import look
from tinygrad_edu.viz.json_export import written
from tinygrad_edu.viz.nodes import GraphData
from tinygrad_edu.viz.page_files import packed, page_file, program
from tinygrad_edu.viz.page_graph import page_graph
from tinygrad_edu.viz.play import Play
from tinygrad_edu.viz.steps_in_words import alert, remarks, sentences, summary, title

LISTED = 200  # steps in words, where no script runs
SMALL = 10  # nodes, which are all in sight at once
LARGE = 3000  # nodes and steps; of a larger graph the page has statistics in place of numbers


def step_page(graph: GraphData, play: Play | None = None) -> str:
    """A page to step through the graph, forwards and backwards: one file that needs nothing else.

    Its "predict" asks for each number, sign or shape before it is shown: within 1 % is right, NaN and
    infinity are answers, and hints can be asked for. Programs can read the score, too: see `read_score`.
    """
    known = page_graph(graph, len(graph.nodes) + len(graph.steps) > LARGE, play)
    page = page_file("page/page.html")
    heads = {"title": title(graph), "about": summary(graph), "alert": alert(graph)}
    for name, words in heads.items():
        page = page.replace(f"{{{{{name}}}}}", _escaped(words))
    page = page.replace("{{words}}", _in_words(graph))
    start, end = page.index("<header>"), page.index("<script id=")  # what the script fills
    style = look() + page_file("page/page.css")
    frame = f"<style>{style}</style>{page[start:end]}"
    page = (page[:start] + page[end:]).replace("{{frame}}", packed(frame))
    page = page.replace("{{unpack}}", program("page/unpack.js"))
    page = page.replace("{{program}}", packed(program("page/main.js", _unused(graph, play))))
    return page.replace("{{graph}}", packed(written(known)))


def _unused(graph: GraphData, play: Play | None) -> tuple[str, ...]:
    """The modules that the page of this graph can do without."""
    used = {
        "cells": any("matmul" in node.title for node in graph.nodes),
        "columns": len(graph.nodes) > SMALL,
        "minimap": len(graph.nodes) > SMALL,
        "play": play is not None,
    }
    return tuple(f"page/{name}.js" for name, is_used in used.items() if not is_used)


def _in_words(graph: GraphData) -> str:
    """The steps as a list, for browsers that run no script."""
    words = [*sentences(graph)]
    more = f"and {len(words) - LISTED:,} more" if len(words) > LISTED else ""
    lines = [f"<p>{_escaped(said)}" for said in remarks(graph)] + ["<ol>"]
    lines += [f"<li>{_escaped(said)}" for said in words[:LISTED]]
    return "\n".join([*lines, "</ol>", more])


def _escaped(words: str) -> str:
    """Words as HTML, without braces, which mark what is replaced in a page."""
    return html.escape(words.encode(errors="replace").decode()).replace("{", "&#123;")
