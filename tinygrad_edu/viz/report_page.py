"""The page about a trained network: no script, and nothing from the web. The commands use parts of it."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from string import Template
from typing import Any

import numpy as np

from tinygrad_edu.files import write_text
from tinygrad_edu.ops import softmax
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training import Trainer, confusion_matrix
from tinygrad_edu.viz.curves import confusion, curve_svg, inline, new_axes
from tinygrad_edu.viz.graph import Graph

FOLDER = os.path.dirname(__file__)
TEMPLATE = os.path.join(FOLDER, "report_page.html")
SHOWN = 60  # mistakes, at most
BATCH = 32  # images in the loss whose graph is drawn


def write_page(
    path: str | os.PathLike[str],
    trainer: Trainer,
    x: Any,
    y: Any,
    *,
    trained: int,
    seconds: float,
    title: str = "A network that reads handwritten digits",
) -> str:
    """Writes the page about a trained classifier of square gray images and its test set x, y.

    x: (n, pixels) from 0 (paper) to 1 (ink), y: (n,). trained, seconds: how many images it was trained
    on, and for how long. Returns "", or what to install for a picture of the graph.

    Raises ImportError without matplotlib; then nothing is written.
    """
    history, model = trainer.history, trainer.model
    probabilities = softmax(trainer.predict(x).astype(np.float64))
    wrong = misread(probabilities, y)
    counts = confusion_matrix(y, probabilities.argmax(axis=1), probabilities.shape[1])

    batch = Tensor(x[:BATCH], name="images")
    made = Graph(trainer.loss(model(batch), y[:BATCH]))
    drawn, hint = graph_figure(made)

    correct, total = len(y) - len(wrong), len(y)
    words = {
        "title": title,
        "percent": f"{correct / total:.1%}".replace("%", " %"),
        "correct": f"{correct:,}",
        "total": f"{total:,}",
        "seconds": f"{seconds:.1f}",
        "trained": f"{trained:,}",
        "epochs": str(len(history)),
        "parameters": f"{sum(p.size for p in model.parameters()):,}",
        "worst": _commonest_mistake(counts),
        "mistakes_heading": mistakes_heading(len(wrong)),
        "mistakes_words": _about_mistakes(len(wrong)),
        "batch": str(len(batch)),
        "graph_text": made.text(),
        "summary": model.summary(x.shape[1:]),
    }
    pictures = {
        "curves": curves(history),
        "confusion": confusion_picture(counts, None, 4.6),
        "mistakes": "\n".join(_mistake(x[i], y[i], probabilities[i]) for i in wrong[:SHOWN]),
        "graph": drawn,
    }
    write_text(path, filled(TEMPLATE, words, pictures, drawn=not hint))
    return hint


def filled(
    template: str, words: dict[str, str], pictures: dict[str, str], *, drawn: bool = True
) -> str:
    """A page: the template with words (which are escaped), pictures (HTML), and the style of all pages.

    drawn    is there a picture of the graph? If not, its key is left out and its text is unfolded
    """
    with open(template, encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(FOLDER, "report_page.css"), encoding="utf-8") as file:
        style = {"style": file.read()}
    if not drawn:
        text = re.sub(r"<!-- picture -->.*?<!-- /picture -->", "", text, flags=re.DOTALL)
        text = text.replace("<details>", "<details open>")
    escaped = {name: html.escape(said) for name, said in words.items()}
    return Template(text).substitute(style | escaped | pictures)


def misread(probabilities: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The indices of the wrong predictions, the most confident first."""
    said = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(said != y)
    return wrong[np.argsort(-probabilities[wrong, said[wrong]], kind="stable")]


def mistakes_heading(n: int) -> str:
    return {0: "No mistake", 1: "Its one mistake"}.get(n, f"Its {n} mistakes")


def confusion_picture(counts: np.ndarray, names: Sequence[str] | None, side: float) -> str:
    """The confusion matrix as an `<svg>` element, with a side of so many inches."""
    right, total = np.trace(counts), counts.sum()
    about = f"Confusion matrix: {right} of {total} on the diagonal, {total - right} beside it"
    return inline(confusion(counts, names, ax=new_axes(side, side)), about)


def graph_figure(graph: Graph) -> tuple[str, str]:
    """(the picture of the graph, ""), or, without graphviz, (a paragraph, what to install)."""
    try:
        return f'<figure class="graph">{graph.svg()}</figure>', ""
    except (ImportError, RuntimeError) as error:
        return f"<p>{html.escape(str(error))}</p>", str(error)


def curves(history: Any) -> str:
    """The learning curves of all numbers in the history."""
    names = [name for name in history.names if name[:4] != "val_"]
    return "".join(f"<figure>{curve_svg(history, name)}</figure>" for name in names)


def _mistake(image: np.ndarray, label: Any, probabilities: np.ndarray) -> str:
    """A list item: the image, its label and the prediction."""
    said = probabilities.argmax()
    sure = f"{probabilities[said]:.1%}".replace("%", " %")
    side = round(image.size**0.5)
    ink = "".join(
        f'<rect x="{i % side}" y="{i // side}" width="1.02" height="1.02" opacity="{shade:.2f}"/>'
        for i, shade in enumerate(image.ravel())
        if shade > 0
    )
    about = f"Image of {label} that the network took for {said}"
    return (
        f'<li><svg role="img" aria-label="{about}" viewBox="0 0 {side} {side}" fill="currentColor">{ink}'
        f"</svg>is {label}, said <b>{said}</b><br><span>{sure} sure</span></li>"
    )


def _commonest_mistake(counts: np.ndarray) -> str:
    beside = counts - np.diag(np.diag(counts))
    if not beside.any():
        return "there is none here."
    i, j = np.unravel_index(beside.argmax(), beside.shape)
    times = {1: "once", 2: "twice"}.get(int(beside[i, j]), f"{beside[i, j]} times")
    return f"the commonest is {i} taken for {j}, {times}."


def _about_mistakes(n: int) -> str:
    if n == 0:
        return "It read every test image. Try a harder test."
    first = f"the first {SHOWN} of " if n > SHOWN else ""
    return (
        f"These are {first}the test images that it misread, the most confident mistakes first, each with the "
        "probability of the wrong answer. Would you have read all of them?"
    )
