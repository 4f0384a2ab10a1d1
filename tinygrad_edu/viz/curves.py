"""Pictures of training: learning curves, confusion matrices, images.

Each function draws on the matplotlib axes `ax` and returns them. Without `ax` it draws, as seaborn does, on
the current axes of pyplot if the program has imported pyplot, so that `plt.savefig` and `plt.show` work, and
in a notebook, which then shows the picture; otherwise on a new figure, `ax.figure`. Unlike seaborn, it does
not draw over another of these pictures: the second gets a new figure. Names are shown as they are: `$` does
not begin a formula.

Raises ImportError without matplotlib, with what to install.
"""

from __future__ import annotations

import html
import importlib
import io
import os
import re
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.files import write_text
from tinygrad_edu.tensor import value
from tinygrad_edu.training import Callback, History
from tinygrad_edu.training.callbacks import demand_monitored
from tinygrad_edu.training.progress import notebook_display

INSTALL = "python -m pip install -e '.[viz]' in the folder of this project"
TAKEN: weakref.WeakSet = weakref.WeakSet()  # axes of pyplot with one of these pictures
BLUE, ORANGE = "#3b82c4", "#e07b39"  # also for color-blind people, on light paper and on dark


def optional(library: str) -> Any:
    """An optional library. Raises ImportError with what to install if it is not there."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise ImportError(f"Pictures need {name}, which is not installed: {INSTALL}") from error


def new_axes(width: float, height: float) -> Any:
    """Axes on a new figure of a size in inches, unknown to pyplot."""
    figure = optional("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    return figure.add_subplot()


def axes_for(ax: Any, width: float, height: float) -> Any:
    """`ax`; or, if None, the current axes of pyplot if it is in use; or new axes."""
    if ax is not None:
        return ax
    optional("matplotlib.figure")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None and notebook_display():
        pyplot = optional("matplotlib.pyplot")  # shows its figures below the cell
    if pyplot is None:
        return new_axes(width, height)
    taken = pyplot.get_fignums() and pyplot.gca() in TAKEN and pyplot.gca().has_data()
    if taken or not pyplot.get_fignums():
        pyplot.figure(figsize=(width, height), layout="constrained")
    TAKEN.add(pyplot.gca())
    return pyplot.gca()


def literal(words: Any) -> str:
    """Words that matplotlib shows as they are: it would take what is between two `$` for a formula."""
    return str(words).replace("$", r"\$")


def array_of(caller: str, x: Any) -> np.ndarray:
    """What a function is to draw, as an array. Raises TypeError for a layer, for example."""
    x = np.asarray(value(x))
    if x.dtype == object:
        kind = type(x.item()).__name__ if x.ndim == 0 else "objects"
        hint = "layer.W" if hasattr(x[()], "parameters") else "an array, or lists of equal lengths"
        raise refusal(TypeError, f"{caller} draws arrays of numbers, not {kind}.", hint)
    return x


def one_feature(caller: str, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """X (n, 1) and y (n,) as arrays. Raises ValueError for other shapes."""
    X, y = array_of(caller, X), np.asarray(value(y))
    if X.ndim != 2 or X.shape[1] != 1 or y.shape != X.shape[:1]:
        what = f"{caller} draws X (n, 1) and y (n,), not {X.shape} and {y.shape}."
        raise refusal(ValueError, what, "one of the features: X[:, [0]], and a model fitted to it")
    return X, y


def inline(ax: Any, about: str) -> str:
    """The picture as an `<svg>` element for a page: what is black takes the color of the text around it."""
    letters = {"svg.fonttype": "none", "svg.hashsalt": "tinygrad_edu"}  # and not their outlines
    with optional("matplotlib").rc_context(letters):
        drawing = _svg(ax.figure, transparent=True)
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("#000000", "currentColor")
    return drawing.replace("<svg", f'<svg role="img" aria-label="{html.escape(about)}"', 1)


def _svg(figure: Any, **settings: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None}, **settings)
    return file.getvalue()


def learning_curve(
    history: Mapping[str, Sequence[float]], name: str = "loss", *, ax: Any = None
) -> Any:
    """A number of the history by epoch, on the training data and, if it is there, on the validation data.

    history    what `fit` returns, or another dict with a list for each name, such as Keras's

    Raises KeyError if the history has no such number, and TypeError for anything else.
    """
    if not isinstance(history, Mapping):
        raise refusal(
            TypeError,
            f"learning_curve draws a history, not {shortened(history)}.",
            "history = trainer.fit(...), or trainer.history",
        )
    if not isinstance(name, str):
        hint = 'learning_curve(history, "accuracy", ax=axes[1]), once for each name'
        raise refusal(TypeError, f"learning_curve draws one name, not {shortened(name)}.", hint)
    if name not in history:
        there = ", ".join(history) or "nothing, as no epoch has ended"
        raise KeyError(f"no {name!r} in this history; there is {there}")
    ax = axes_for(ax, 6.4, 3.6)
    lines = [(history[name], BLUE, "-", "training")]
    if f"val_{name}" in history:
        lines.append((history[f"val_{name}"], ORANGE, "--", "validation"))
    for numbers, color, style, label in lines:
        epochs = range(1, len(numbers) + 1)
        dot = "o" if len(epochs) == 1 else None  # one point makes no line
        ax.plot(epochs, numbers, style, color=color, linewidth=2, marker=dot, label=label)
    ax.set(xlabel="epoch", ylabel=literal(name))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.25)
    ax.legend(frameon=False)
    return ax


def curve_svg(history: History, name: str) -> str:
    """The learning curve as an `<svg>` element for a page."""
    about = f"Curve of the {name} over {len(history)} epochs: "
    about += f"training from {history[name][0]:.3f} to {history[name][-1]:.3f}"
    if f"val_{name}" in history.names:
        judged = history[f"val_{name}"]
        about += f", validation from {judged[0]:.3f} to {judged[-1]:.3f}"
    return inline(learning_curve(history, name, ax=new_axes(4.4, 3.0)), about)


class LivePlot(Callback):
    """Learning curves that grow while a model trains, below a notebook's cell or in a file.

        trainer.fit(x, y, epochs=30, callbacks=[LivePlot("loss", "accuracy")])
        trainer.fit(x, y, epochs=30, callbacks=[LivePlot(path="loss.svg")])

    Drawn again after an epoch, at most once a second, and at the end of training. The file is an SVG,
    which browsers show. When training begins, raises ValueError for a number that it does not have, and
    without a path outside of a notebook; ImportError without matplotlib.
    """

    draws = True

    def __init__(self, *names: str, path: str | os.PathLike[str] | None = None):
        self.names = names or ("loss",)
        self.path = path

    def on_train_begin(self) -> None:
        for name in self.names:
            demand_monitored(self, name)
        optional("matplotlib.figure")
        display = notebook_display()
        if self.path is None and display is None:
            raise refusal(
                ValueError,
                "LivePlot shows its curves below a notebook's cell, and this is none.",
                'LivePlot(path="loss.svg")',
            )
        self.cell = None if self.path or not display else display({}, raw=True, display_id=True)
        self.drawn = 0.0  # when

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        if time.perf_counter() - self.drawn > 1:
            self.draw()

    def on_train_end(self) -> None:
        if len(self.trainer.history):
            self.draw()

    def draw(self) -> None:
        figure = optional("matplotlib.figure").Figure(
            figsize=(6.4, 3.6 * len(self.names)), layout="constrained"
        )
        self.axes = figure.subplots(len(self.names), squeeze=False)[:, 0]
        for name, ax in zip(self.names, self.axes, strict=True):
            learning_curve(self.trainer.history, name, ax=ax)
        svg = _svg(figure)
        if self.cell:
            self.cell.update({"image/svg+xml": svg}, raw=True)
        else:  # a browser that reads the file meanwhile sees a whole picture
            write_text(self.path or "", svg)
        self.drawn = time.perf_counter()


def confusion(counts: Any, names: Sequence[str] | None = None, *, ax: Any = None) -> Any:
    """The confusion matrix: counts[i, j] of class i were predicted as j (see `training.confusion_matrix`).

    Correct predictions are blue, on the diagonal; mistakes are orange, so that a single one is seen among
    hundreds. Raises ValueError unless counts is (K, K), with K names if any.
    """
    counts = array_of("confusion", counts)
    classes = len(counts)
    names = [str(name) for name in (range(classes) if names is None else names)]
    if counts.shape != (classes, classes) or not classes or len(names) != classes:
        raise refusal(
            ValueError,
            f"confusion takes counts (K, K) and K names, not {counts.shape} and {len(names)}.",
            "counts = confusion_matrix(y, predicted)",
        )
    side = min(max(5.2, 0.24 * classes), 14)
    ax = axes_for(ax, side, side)
    cell = 72 * ax.figure.get_figwidth() * ax.get_position().width / max(classes, 1)  # points
    small = {"fontsize": min(10.0, 0.8 * cell)}
    right = np.eye(classes, dtype=bool)
    for (i, j), n in np.ndenumerate(counts):
        if not n:
            continue
        most = counts[right if i == j else ~right].max()
        shade = 0.15 + 0.45 * n / most  # through which the paper shines, light or dark
        ax.fill(
            [j - 0.5, j + 0.5, j + 0.5, j - 0.5], [i - 0.5, i - 0.5, i + 0.5, i + 0.5],
            color=BLUE if i == j else ORANGE, alpha=shade, linewidth=0,
        )  # fmt: skip
        said = f"{n:.2g}" if isinstance(n, np.floating) else f"{n}"
        room = min(small["fontsize"], 1.6 * cell / len(said))
        ax.text(j, i, said, ha="center", va="center", fontsize=room)
    ax.set(
        xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5), aspect="equal",
        xlabel="predicted class", ylabel="true class",
    )  # fmt: skip
    turned = {"rotation": 90} if max(map(len, names), default=0) > 3 else {}
    labels = [literal(name) for name in names]
    ax.set_xticks(range(classes), labels, **small, **turned)
    ax.set_yticks(range(classes), labels, **small)
    ax.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    ax.grid(which="minor", alpha=0.25)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    return ax


def image_grid(
    images: Any, titles: Sequence[str] | None = None, *, columns: int = 8, ax: Any = None
) -> Any:
    """Images side by side, each below its title.    images: (n, height, width), or (n, height, width, 1 or 3)

    Of gray images the smallest number of all is white and the largest black. Colors are whole numbers from
    0 to 255, or others from 0 to 1. Raises ValueError for another shape, colors out of range, or unless
    there is a title for each image.
    """
    images = array_of("image_grid", images)
    images = images[..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images
    color = images.ndim == 4 and images.shape[-1] == 3
    titled = titles is None or len(titles) == len(images)
    if not (images.ndim == 3 or color) or not images.size or not titled:
        given = "" if titles is None else f" and {len(titles)} titles"
        raise refusal(
            ValueError,
            "image_grid takes images (n, height, width) or (n, height, width, 1 or 3), "
            f"and a title for each, not {images.shape}{given}.",
            "images[None] for one image; images.reshape(-1, height, width) for rows of pixels",
        )
    n, height, width = images.shape[:3]
    if color:
        images = images / 255 if images.dtype.kind in "iu" else images
        if not (images.min() >= 0 and images.max() <= 1):
            raise refusal(
                ValueError,
                "image_grid takes colors from 0 to 1, or whole numbers from 0 to 255, not "
                f"{images.dtype} from {images.min():.4g} to {images.max():.4g}.",
                "(x - x.min()) / (x.max() - x.min())",
            )
    columns = max(1, min(columns, n))
    rows = -(-n // columns)
    above = 0.3 * height if titles is not None else 0.0  # room for a title
    step_x, step_y = 1.1 * width, 1.1 * height + above
    ax = axes_for(ax, 1.1 * columns, 1.1 * rows * step_y / step_x)
    for i, image in enumerate(images):
        x, y = i % columns * step_x, i // columns * step_y + above
        ax.imshow(
            image, extent=(x, x + width, y + height, y), cmap="gray_r", vmin=images.min(),
            vmax=images.max(), interpolation="nearest",
        )  # fmt: skip
        if titles is not None:
            ax.text(x + width / 2, y - 0.05 * height, literal(titles[i]), ha="center", va="bottom")
    ax.set(xlim=(-0.05 * width, columns * step_x), ylim=(rows * step_y, 0), aspect="equal")
    ax.set_axis_off()
    return ax
