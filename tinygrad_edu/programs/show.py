"""`tinygrad-edu show`: a run as one page, without scripts and without anything from the web."""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.files import write_text
from tinygrad_edu.nn import Conv2d, Linear, Module, cross_entropy
from tinygrad_edu.ops import softmax
from tinygrad_edu.programs.dataset import standardized
from tinygrad_edu.programs.predict import scores_of
from tinygrad_edu.programs.run import Run, demand_replaceable
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training import confusion_matrix, f1

TEMPLATE = os.path.join(os.path.dirname(__file__), "show.html")
MADE_BY = '<meta name="generator" content="tinygrad-edu show">'
SHOWN = 60  # the most mistakes on the page
COMMONEST = 12  # the most rows in the table of confused classes
BATCH = 32  # pictures in the loss whose graph is drawn
REM = 5.2  # width on the page of an inch of a large confusion matrix, whose letters are small


def show(run_path: str, out: str | None = None) -> None:
    """Writes the page.

    Raises ImportError without matplotlib, FileExistsError if out is a file that is not such a page.
    """
    from tinygrad_edu.viz.curves import inline
    from tinygrad_edu.viz.graph import Graph
    from tinygrad_edu.viz.report_page import (
        confusion_picture,
        curves,
        filled,
        graph_figure,
        layers_left_out,
        layers_table,
        misread,
        mistakes_heading,
    )

    run = Run(run_path)
    if out is not None:
        demand_replaceable(out, ".*" + re.escape(MADE_BY), "page about a run")
    model, result, history = run.model(), run.result(), run.history()
    pixels, y, names = run.evaluation_set()
    kind = "test" if names else "validation"
    x = standardized(pixels, run.mean, run.std)
    scores = scores_of(model, x)
    probabilities = softmax(scores.astype(np.float64))
    wrong = misread(probabilities, y)
    counts = confusion_matrix(y, probabilities.argmax(axis=1), len(run.classes))
    loss = cross_entropy(model(Tensor(x[:BATCH], name="pictures")), y[:BATCH])
    graph = Graph(loss)
    drawn, hint = graph_figure(graph)
    network = {"cnn": "A convolutional network", "mlp": "A multilayer perceptron"}
    side = max(4.6, 0.21 * len(run.classes))  # inches, for names that can be read
    correct, total = len(y) - len(wrong), len(y)
    words = {
        "title": f"{network[run.settings.model]} that classifies pictures into {len(run.classes)} classes",
        "percent": f"{100 * correct / total:.2f} %",
        "correct": f"{correct:,}",
        "total": f"{total:,}",
        "kind": kind,
        "f1": f"{f1(scores, y, average='macro'):.4f}",
        "epochs": str(result["epochs"]),
        "epochs_words": _epochs(result),
        "parameters": f"{sum(p.size for p in model.parameters()):,}",
        "about": _about(run, kind),
        "training_words": _training(run),
        "matrix_width": f"{REM * side:.0f}" if len(run.classes) > 15 else "15",
        "mistakes_heading": mistakes_heading(len(wrong)),
        "mistakes_words": _about_mistakes(len(wrong), kind, run.kind),
        "filters_words": _about_filters(model, run.shape),
        "ink": "ink" if run.kind == "pixels" else "",
        "batch": str(min(BATCH, len(x))),
        "left_out": layers_left_out(model, loss),
        "graph_text": graph.text(),
    }
    mistakes = [
        _mistake(run, pixels[i], y[i], probabilities[i], names[i] if names else "")
        for i in wrong[:SHOWN]
    ]
    pictures = {
        "curves": curves(history) or "<p>No epoch has ended.</p>",
        "confusion": confusion_picture(counts, run.classes, side),
        "commonest": _commonest(counts, run.classes),
        "mistakes": "\n".join(mistakes),
        "filters": inline(_filters(model, run.shape), "The kernels of the first layer, as images"),
        "graph": drawn,
        "layers": layers_table(model, run.shape),
        "settings": _settings_table(run),
    }
    out = run.file("page.html") if out is None else out
    write_text(out, filled(TEMPLATE, words, pictures, drawn=not hint))
    print(f"The page about it: {out}")
    if hint:
        print(hint)


def png(pixels: NDArray[np.uint8]) -> str:
    """A picture, (height, width, 1 or 3) of uint8, as the address of an <img>."""
    from PIL import Image  # comes with matplotlib

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _epochs(result: dict[str, Any]) -> str:
    epochs = "epoch" if result["epochs"] == 1 else "epochs"
    if not result["ended"]:
        return f"{epochs} of {result['epochs_asked_for']}, then it was stopped"
    return f"{epochs}; the weights are those after epoch {result['best_epoch']}"


def _about(run: Run, kind: str) -> str:
    n, name = run.config["examples"], os.path.basename(run.config["csv"])
    text = (
        f"It was trained on {n['training']:,} pictures of {name}; {n['validation']:,} others, the validation "
        "set, chose the best epoch. "
    )
    if kind == "test":
        return text + f"It is evaluated here on a test set of {n['test']:,} more."
    return text + (
        "There is no test set, so it is evaluated here on the validation set, which makes the numbers a "
        "little too good."
    )


def _training(run: Run) -> str:
    changed = []
    if run.settings.augment:
        changed.append("on augmented pictures")
    if run.settings.dropout:
        changed.append("with dropout")
    return f", measured {' and '.join(changed)}, so its numbers may be worse" if changed else ""


def _rows(rows: Iterable[tuple[Any, ...]], numbers: int = 0) -> str:
    """Rows of a table; the last cells of each are numbers."""
    text = ""
    for row in rows:
        kinds = [""] * (len(row) - numbers) + [' class="number"'] * numbers
        cells = [f"<td{k}>{html.escape(str(c))}</td>" for k, c in zip(kinds, row, strict=True)]
        text += f"<tr>{''.join(cells)}</tr>"
    return text


def _commonest(counts: NDArray[np.int64], classes: list[str]) -> str:
    """A table of the classes that are confused most often."""
    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:COMMONEST]
    pairs = [divmod(int(place), len(classes)) for place in order]
    rows = [
        (classes[i], classes[j], mistakes[i, j], counts[i].sum())
        for i, j in pairs if mistakes[i, j]
    ]  # fmt: skip
    if not rows:
        return ""
    return (
        '<div class="wide"><table><thead><tr><th>shows</th><th>predicted</th><th class="number">times</th>'
        f'<th class="number">of</th></tr></thead><tbody>{_rows(rows, numbers=2)}</tbody></table></div>'
    )


def _mistake(
    run: Run, pixels: NDArray[np.uint8], label: int, probabilities: NDArray[np.float64], name: str
) -> str:
    shows, predicted = (html.escape(run.classes[k]) for k in (label, probabilities.argmax()))
    where = f"row {name}" if run.kind == "pixels" else name
    file = f"<br><small>{html.escape(where)}</small>" if name else ""
    return (
        f'<li><img alt="Picture of {shows}, predicted as {predicted}" src="{png(pixels)}">'
        f"{shows}, predicted <b>{predicted}</b><br><span>probability {100 * probabilities.max():.1f} %</span>"
        f"{file}</li>"
    )


def _about_mistakes(n: int, kind: str, form: str) -> str:
    if n == 0:
        return f"It classifies every {kind} picture correctly."
    some = f"the first {SHOWN} of the" if n > SHOWN else "the"
    text = (
        f"These are {some} {kind} pictures that it misclassifies, sorted by the probability that it gives to "
        "the wrong class."
    )
    if n == 1:
        text = f"This is the {kind} picture that it misclassifies."
    if form == "pixels":
        text += " 255 is shown as ink, and 0 as paper."
        if kind == "test":
            text += " The row is that of the CSV file, counted from 1 without the header."
    return text


def _first(model: Module) -> Any:
    return next(m for _, m in model.named_modules() if isinstance(m, (Conv2d, Linear)))


def _about_filters(model: Module, shape: tuple[int, ...]) -> str:
    first = _first(model)
    text = f"The first 32 of its {first.outputs} units, each with a weight for every pixel"
    if isinstance(first, Conv2d):
        text = f"Its {first.outputs} kernels, which slide over the picture"
    color = " Of the three colors, red is shown." if shape[2] == 3 else ""
    return f"{text}. Dark is a positive weight, light a negative one, middle gray is 0.{color}"


def _filters(model: Module, shape: tuple[int, ...]) -> Any:
    from tinygrad_edu.viz.curves import new_axes
    from tinygrad_edu.viz.insight import filters

    W = _first(model).W.data
    if W.ndim == 2:
        W = W.reshape(*shape, -1)[..., :32]
    return filters(W[:, :, :1], ax=new_axes(8.8, 1.1 * -(-W.shape[-1] // 8)))


def _settings_table(run: Run) -> str:
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(said)}</td></tr>'
        for name, said in _settings(run).items()
    )
    return f'<table class="settings"><tbody>{rows}</tbody></table>'


def _settings(run: Run) -> dict[str, str]:
    """What the run was trained with, in words. Paths tell about a machine, and only names are shown."""
    s, height, width = run.settings, *run.shape[:2]
    data = {"data": os.path.basename(run.config["csv"])}
    if run.kind != "pixels":
        data["pictures"] = (
            f"scaled to {width} × {height} pixels, {'in color' if s.rgb else 'in gray'}"
        )
        data["files that cannot be read"] = "left out, and listed" if s.skip_bad else "refused"
    changes = (
        f"rotated by up to {25 * s.augment:g}°, zoomed by up to {20 * s.augment:g} %, shifted by up to "
        f"{10 * s.augment:g} %"
    )
    return {
        **data,
        "number of pictures": ", ".join(
            f"{n:,} {kind}" for kind, n in run.config["examples"].items()
        ),
        "training pictures": changes if s.augment else "as they are",
        "mean and standard deviation of the pixels": f"{run.mean:.2f}, {run.std:.2f}",
        "network": {"cnn": "convolutional", "mlp": "multilayer perceptron"}[s.model],
        "dropout": f"with probability {s.dropout:g}" if s.dropout else "none",
        "optimizer": f"AdamW, weight decay {s.weight_decay:g}",
        "highest learning rate": f"{s.lr:g}",
        "pictures in a batch": f"{s.batch_size}",
        "epochs": f"at most {s.epochs}; fewer if {s.patience} have no smaller validation loss",
        "random seed": f"{s.seed}",
        **{name: str(version) for name, version in run.config["versions"].items()},
    }
