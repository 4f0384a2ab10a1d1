"""The page about a trained network: no script, and nothing from the web. The commands use parts of it."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from string import Template
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.files import write_text
from tinygrad_edu.files.look import look
from tinygrad_edu.nn import Module
from tinygrad_edu.nn.summary import summary_table
from tinygrad_edu.ops import softmax
from tinygrad_edu.profiling import as_html
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training import Trainer, confusion_matrix
from tinygrad_edu.viz.curves import confusion, curve_svg, inline, new_axes
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.page_files import page_file

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
    model = trainer.model
    probabilities = softmax(trainer.predict(x).astype(np.float64))
    wrong = misread(probabilities, y)
    counts = confusion_matrix(y, probabilities.argmax(axis=1), probabilities.shape[1])

    loss = trainer.loss(model(Tensor(x[:BATCH], name="images")), y[:BATCH])
    made = Graph(loss)
    drawn, hint = graph_figure(made)

    correct, total = len(y) - len(wrong), len(y)
    words = {
        "title": title,
        "percent": f"{correct / total:.1%}".replace("%", " %"),
        "correct": f"{correct:,}",
        "total": f"{total:,}",
        "seconds": f"{seconds:.1f}",
        "trained": f"{trained:,}",
        "epochs": str(len(trainer.history)),
        "parameters": f"{sum(p.size for p in model.parameters()):,}",
        "worst": _commonest_mistake(counts),
        "mistakes_heading": mistakes_heading(len(wrong)),
        "mistakes_words": _about_mistakes(len(wrong)),
        "batch": str(len(x[:BATCH])),
        "left_out": layers_left_out(model, loss),
        "graph_text": made.text(),
    }
    pictures = {
        "curves": curves(trainer.history),
        "confusion": confusion_picture(counts, None, 4.6),
        "mistakes": "\n".join(_mistake(x[i], y[i], probabilities[i]) for i in wrong[:SHOWN]),
        "graph": drawn,
        "layers": layers_table(model, x.shape[1:]),
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
    style = {"style": look() + page_file("report_page.css")}
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
        return f'<figure class="graph" tabindex="0">{graph.svg()}</figure>', ""
    except (ImportError, RuntimeError) as error:
        return f"<p>{html.escape(str(error))}</p>", str(error)


def layers_table(model: Module, shape: tuple[int, ...]) -> str:
    """The summary of a model as a table, and its last line."""
    table, last = summary_table(model, shape)
    return f"{as_html(table, text=3)}<p>{html.escape(last)}</p>"


def layers_left_out(model: Module, loss: Tensor) -> str:
    """Sentences about the layers that have recorded no operation of the loss, or "".

    Before the first layer with parameters nothing is recorded, as no gradient is needed there; and a layer
    such as Dropout returns its input as it is when the model is not in training.
    """
    at_work = {module for node in history([loss]) for module in node.scope}
    layers = [(path, m) for path, m in model.named_modules() if not m.inner_modules()]
    first = next((i for i, (_, m) in enumerate(layers) if m in at_work), len(layers))
    before = _listed([layer for layer in layers[:first] if layer[1] not in at_work])
    after = _listed([layer for layer in layers[first:] if layer[1] not in at_work])
    said = []
    if before:
        said.append(f"{before} not in the graph: no gradient is needed before the first parameter.")
    if after:
        said.append(
            f"{after} not in the graph: outside of training, the input is returned as it is."
        )
    return " ".join(said)


def _listed(layers: Sequence[tuple[str, Module]]) -> str:
    """ "Layers 5 and 8 (Dropout(p=0.3)) are", for example."""
    if not layers:
        return ""
    paths: dict[str, list[str]] = {}
    for path, module in layers:
        paths.setdefault(str(module), []).append(path)
    said = _and([f"{_and(numbers)} ({kind})" for kind, numbers in paths.items()])
    return f"Layer {said} is" if len(layers) == 1 else f"Layers {said} are"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def curves(numbers: Any) -> str:
    """The learning curves of all numbers in the history."""
    names = [name for name in numbers.names if name[:4] != "val_"]
    return "".join(f"<figure>{curve_svg(numbers, name)}</figure>" for name in names)


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
