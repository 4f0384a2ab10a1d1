"""`tinygrad-edu show`: a run as one page, with no script and nothing from the web."""

from __future__ import annotations

import base64
import html
import os
import re
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.nn import Conv2d, Linear, Module, cross_entropy
from tinygrad_edu.ops import softmax
from tinygrad_edu.programs.dataset import standardized
from tinygrad_edu.programs.predict import scores_of
from tinygrad_edu.programs.run import Run, demand_ours, write_whole
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training import confusion_matrix, f1

TEMPLATE = os.path.join(os.path.dirname(__file__), "show.html")
MADE_BY = '<meta name="generator" content="tinygrad-edu show">'
SHOWN = 60  # mistakes, at most
MATRIX = 5.2  # rem for an inch of a confusion matrix of many classes: its letters are small print
BATCH = 32  # pictures in the loss whose graph is drawn
COMMONEST = 12  # kinds of mistakes in the table


def show(run_path: str, out: str | None = None) -> None:
    """Writes the page and says where.

    Raises ImportError without matplotlib, FileExistsError if out is a file that is no such page.
    """
    from tinygrad_edu.viz.curves import inline
    from tinygrad_edu.viz.graph import Graph
    from tinygrad_edu.viz.report_page import (
        confusion_picture,
        curves,
        filled,
        graph_figure,
        misread,
        mistakes_heading,
    )

    run = Run(run_path)
    if out is not None:
        demand_ours(out, ".*" + re.escape(MADE_BY), "page about a run")
    model, result, history = run.model(), run.result(), run.history()
    pixels, y, names = run.judged()
    x = standardized(pixels, run.mean, run.std)
    scores = scores_of(model, x)
    beliefs = softmax(scores.astype(np.float64))
    wrong = misread(beliefs, y)
    counts = confusion_matrix(y, beliefs.argmax(axis=1), len(run.classes))
    made = Graph(cross_entropy(model(Tensor(x[:BATCH], name="pictures")), y[:BATCH]))
    drawn, hint = graph_figure(made)
    side = max(4.6, 0.21 * len(run.classes))  # inches, for names that can be read
    correct, total = len(y) - len(wrong), len(y)
    judged = "test" if names else "validation"
    words = {
        "title": _title(run),
        "percent": f"{100 * correct / total:.2f} %",
        "correct": f"{correct:,}",
        "total": f"{total:,}",
        "judged": judged,
        "f1": f"{f1(scores, y, average='macro'):.4f}",
        "epochs": str(result["epochs"]),
        "epochs_words": _epochs(result),
        "parameters": f"{sum(p.size for p in model.parameters()):,}",
        "about": _about(run, judged),
        "seen": _seen(run),
        "matrix_width": f"{MATRIX * side:.0f}" if len(run.classes) > 15 else "15",
        "mistakes_heading": mistakes_heading(len(wrong)),
        "mistakes_words": _about_mistakes(len(wrong), judged, run.kind),
        "filters_words": _about_filters(model, run.shape),
        "ink": "ink" if run.kind == "pixels" else "",
        "batch": str(min(BATCH, len(x))),
        "graph_text": made.text(),
        "summary": model.summary(run.shape),
    }
    pictures = {
        "curves": curves(history) or "<p>No epoch has come to its end.</p>",
        "confusion": confusion_picture(counts, run.classes, side),
        "commonest": _commonest(counts, run.classes),
        "mistakes": "\n".join(
            _mistake(run, pixels[i], y[i], beliefs[i], names[i] if names else "") for i in wrong[:SHOWN]
        ),
        "filters": inline(_filters(model, run.shape), "The kernels of the first layer, as images"),
        "graph": drawn,
        "settings": _settings(run),
    }  # fmt: skip
    out = run.file("page.html") if out is None else out
    page = filled(TEMPLATE, words, pictures, drawn=not hint)
    write_whole(out, lambda file: file.write(page.encode()))
    print(f"The page about it: {out}")
    if hint:
        print(hint)


def png(pixels: NDArray[np.uint8]) -> str:
    """A picture, (height, width, 1 or 3) of uint8, as the address that an <img> shows."""
    height, width, channels = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in (
        (b"IHDR", head),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ):
        file += (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )
    return "data:image/png;base64," + base64.b64encode(file).decode()


def _title(run: Run) -> str:
    network = {"cnn": "A convolutional network", "mlp": "A network of dense layers"}
    return f"{network[run.settings.model]} that tells {len(run.classes)} classes apart"


def _epochs(result: dict[str, Any]) -> str:
    epochs = "epoch" if result["epochs"] == 1 else "epochs"
    if not result["ended"]:
        return f"{epochs} of {result['epochs_asked_for']}, then it was stopped"
    return f"{epochs}; the weights are those after epoch {result['best_epoch']}"


def _about(run: Run, judged: str) -> str:
    n = run.config["examples"]
    name = os.path.basename(run.config["csv"])
    text = f"It has learned from {n['training']:,} pictures of {name}, {n['validation']:,} more told when to "
    text += "stop, "
    if judged == "test":
        return text + f"and it is judged here by {n['test']:,} others that it had never seen."
    return (
        text + "and by these it is judged here too, for want of others: take the number with care."
    )


def _seen(run: Run) -> str:
    changed = []
    if run.settings.augment:
        changed.append("turned, zoomed and shifted pictures")
    if run.settings.dropout:
        changed.append("a part of the units left out")
    return " and ".join(changed) + ", so it may lie below" if changed else "as they are"


def _commonest(counts: NDArray[np.int64], classes: list[str]) -> str:
    """A table of the kinds of mistakes, those first that happen most often."""
    beside = counts - np.diag(np.diag(counts))
    order = np.argsort(-beside, axis=None, kind="stable")[:COMMONEST]
    pairs = [
        (i, j) for i, j in zip(*np.unravel_index(order, beside.shape), strict=True) if beside[i, j]
    ]
    if not pairs:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(classes[i])}</td><td>{html.escape(classes[j])}</td>"
        f'<td class="number">{beside[i, j]}</td><td class="number">{counts[i].sum()}</td></tr>'
        for i, j in pairs
    )
    return (
        '<div class="wide"><table><thead><tr><th>shows</th><th>was taken for</th>'
        '<th class="number">times</th><th class="number">of</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _mistake(
    run: Run, pixels: NDArray[np.uint8], label: int, beliefs: NDArray[np.float64], name: str
) -> str:
    is_, said = (html.escape(run.classes[k]) for k in (label, beliefs.argmax()))
    where = f"row {name}" if run.kind == "pixels" else name
    file = f"<br><small>{html.escape(where)}</small>" if name else ""
    return (
        f'<li><img alt="Picture of {is_} that the network took for {said}" src="{png(pixels)}">'
        f"is {is_}, said <b>{said}</b><br><span>{100 * beliefs.max():.1f} % sure</span>{file}</li>"
    )


def _about_mistakes(n: int, judged: str, kind: str) -> str:
    if n == 0:
        return f"It read every one of the {judged} pictures. A harder examination is in order."
    if n == 1:
        text = (
            f"This is the {judged} picture that it misread, and the probability that it gave to its answer. "
            "Would you have read it?"
        )
    else:
        first = f"the first {SHOWN} of " if n > SHOWN else ""
        text = (
            f"These are {first}the {judged} pictures that it misread, beginning with the answers that it was "
            "most sure of; below each is the probability that it gave to its answer. Would you have read all "
            "of them?"
        )
    if kind == "pixels":
        text += " 255 is shown as ink, and 0 as paper."
        if judged == "test":
            text += " The row is that of the CSV file, counted from 1 without the header."
    return text


def _first(model: Module) -> Any:
    return next(m for _, m in model.named_modules() if isinstance(m, (Conv2d, Linear)))


def _about_filters(model: Module, shape: tuple[int, ...]) -> str:
    first = _first(model)
    color = " Of the three colors, red is shown." if shape[2] == 3 else ""
    if isinstance(first, Conv2d):
        text = f"Each of its {first.outputs} kernels is laid over every place of a picture"
    else:
        text = (
            f"Each of its {first.outputs} units has a weight for every pixel; 32 of them are shown"
        )
    return text + ". Dark is a positive weight, light a negative one, a middle gray none." + color


def _filters(model: Module, shape: tuple[int, ...]) -> Any:
    from tinygrad_edu.viz import filters

    W = _first(model).W.data
    if W.ndim == 2:
        W = W.reshape(*shape, -1)[..., :32]
    return filters(W[:, :, :1])


def _moves(augment: float) -> str:
    if not augment:
        return "no picture is moved"
    return (
        f"turned by up to {25 * augment:g}°, zoomed by up to {20 * augment:g} %, shifted by up to "
        f"{10 * augment:g} %"
    )


def _settings(run: Run) -> str:
    rows = {
        "data": run.config["csv"],
        **{name.replace("_", " "): setting for name, setting in run.config["settings"].items()},
        "augment": _moves(run.settings.augment),
        "mean and spread of the pixels": f"{run.mean:.2f}, {run.std:.2f}",
        **run.config["versions"],
    }
    cells = "".join(
        f"<tr><td>{html.escape(str(name))}</td><td>{html.escape(str(setting))}</td></tr>"
        for name, setting in rows.items()
    )
    return f"<table><tbody>{cells}</tbody></table>"
