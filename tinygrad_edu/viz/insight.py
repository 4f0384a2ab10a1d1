"""Pictures of what a network has learned: boundaries, filters, attention, loss landscapes, gradients.

As in `curves.py`, each function draws on the matplotlib axes `ax`, on pyplot's or on new ones, and returns
them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.diagnostics.words import refusal, shortened
from tinygrad_edu.modes import no_grad, recording
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.ops.scaled_dot_product import attention_weights_row
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training import Callback
from tinygrad_edu.viz.curves import (
    BLUE,
    ORANGE,
    array_of,
    axes_for,
    image_grid,
    literal,
    new_axes,
    optional,
)

# Colors that color-blind people can tell apart (Okabe and Ito 2008, "Color universal design"), and 3 more.
CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f",
           "#8c564b", "#8172ff")  # fmt: skip


def lr_curve(
    lrs: Any, losses: Any = None, suggestion: float | None = None, *, ax: Any = None
) -> Any:
    """The loss by the learning rate of a range test, on a logarithmic axis (Smith 2017, section 3.3).

        found = optim.find_lr(step, model, optimizer)
        viz.lr_curve(found)

    `suggestion` is marked. Raises ValueError unless there is one loss for each rate.
    """
    if losses is None:
        lrs, losses, suggestion = lrs
    lrs, losses = np.asarray(lrs), np.asarray(losses)
    if lrs.shape != losses.shape or lrs.ndim != 1:
        words = f"lr_curve takes one loss for each rate, not {losses.shape} for {lrs.shape}."
        raise refusal(ValueError, words, "lr_curve(found), with what find_lr returned")
    ax = axes_for(ax, 6.4, 3.6)
    ax.plot(lrs, losses, color=BLUE, linewidth=2)
    if suggestion is not None:
        ax.axvline(suggestion, color=ORANGE, linestyle="--", label=f"lr = {suggestion:.2g}")
        ax.legend(frameon=False)
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def decision_boundary(
    predict: Callable, x: Any, y: Any, *, resolution: int = 200, ax: Any = None
) -> Any:
    """The predicted class at each point of the plane, behind the samples x (n, 2) of classes y (n,).

    predict   (m, 2) -> labels (m,), or scores (m, K) of the classes 0 to K - 1 (or of those in y, if there
              are K): the largest wins, and where the second is near the color fades

    Raises ValueError for other shapes.
    """
    if not callable(predict):
        raise refusal(
            TypeError,
            f"decision_boundary takes a function of points, not {shortened(predict)}.",
            "decision_boundary(model.predict, x, y)"
            if hasattr(predict, "predict")
            else "decision_boundary(model, x, y), or model.predict in place of model",
        )
    x, y = array_of("decision_boundary", x), np.asarray(value(y))
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise refusal(
            ValueError,
            f"decision_boundary draws x (n, 2) with labels (n,), not {x.shape} and {y.shape}.",
            "y.argmax(axis=1) for labels"
            if y.ndim == 2
            else "two of the features, or embedding(x, y) for many",
        )
    ax = axes_for(ax, 5.2, 4.4)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1)
    low, high = low - margin, high + margin
    across, up = (np.linspace(a, b, resolution) for a, b in zip(low, high, strict=True))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    with no_grad():
        said = np.asarray(value(predict(points.astype(x.dtype))))
    if said.shape != (len(points),) and (said.ndim != 2 or said.shape[1] < 2):
        raise refusal(
            ValueError,
            "decision_boundary wants of predict scores (m, K) of two classes or more, or "
            f"labels (m,), not {said.shape} for {points.shape}.",
            "lambda points: net(points)[:, 0] > 0, if one score tells two classes apart",
        )
    if said.ndim == 2:
        names = np.unique(y)
        if said.shape[1] != len(names):
            names = np.arange(said.shape[1])
        classes = said.argmax(axis=1)
        second, best = np.sort(said, axis=1)[:, -2:].T
        lead = (best - second) / max(np.median(best - second), 1e-12)
        strength = 0.15 + 0.35 * np.minimum(lead, 1)
    else:
        names = np.unique(np.concatenate([y, said]))
        classes, strength = np.searchsorted(names, said), 0.4
    picture = optional("matplotlib.colors").to_rgba_array([*CLASSES])[classes % len(CLASSES)]
    picture[:, 3] = strength
    ax.imshow(
        picture.reshape(resolution, resolution, 4), extent=(low[0], high[0], low[1], high[1]),
        origin="lower", aspect="auto", interpolation="bilinear",
    )  # fmt: skip
    scatter(ax, x, y, names, s=16, edgecolor="white", linewidth=0.5)
    return ax


def scatter(ax: Any, points: np.ndarray, classes: Any, names: Any, **look: Any) -> None:
    """Points in the colors of their classes, with a legend."""
    drawn = {
        str(name): ax.scatter(*points[classes == name].T, color=CLASSES[i % len(CLASSES)], **look)
        for i, name in enumerate(names) if np.any(classes == name)
    }  # fmt: skip
    _legend(ax, drawn)


def _legend(ax: Any, drawn: dict[str, Any], **look: Any) -> None:
    """A legend beside the axes. It gets its words last, as matplotlib hides labels that begin with `_`."""
    legend = ax.legend(
        [*drawn.values()], [*map(str, range(len(drawn)))],
        frameon=False, loc="upper left", bbox_to_anchor=(1, 1), **look,
    )  # fmt: skip
    for text, name in zip(legend.get_texts(), drawn, strict=True):
        text.set_text(literal(name))


def filters(
    W: Any, *, shape: tuple[int, int] | None = None, columns: int = 8, ax: Any = None
) -> Any:
    """The weights of the units of a first layer as small images, in which zero is a middle gray.

    W: (height, width, 1 or 3, units) of a convolution, or (pixels, units) of a Linear layer with `shape`,
    (height, width), for the pixels. Raises ValueError for anything else.
    """
    W = array_of("filters", W)
    if W.ndim == 2 and shape is not None and np.prod(shape) == len(W):
        W = W.reshape(*shape, 1, -1)
    if W.ndim != 4 or W.shape[2] not in (1, 3):
        raise refusal(
            ValueError,
            "filters draws W (height, width, 1 or 3, units), or (pixels, units) with shape=, "
            f"not {W.shape}.",
            "W[:, :, :1] for the first channel",
        )
    images = np.moveaxis(W, -1, 0)
    images = images / np.abs(images).max(axis=(1, 2, 3), keepdims=True).clip(1e-30)
    color = W.shape[2] == 3
    ax = image_grid((images + 1) / 2 if color else images[..., 0], columns=columns, ax=ax)
    for drawn in () if color else ax.images:
        drawn.set_clim(-1, 1)
    return ax


def attention_map(
    weights: Any,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    *,
    ax: Any = None,
) -> Any:
    """How much each query (a row) attends to each key (a column).    weights: (queries, keys)

    Raises ValueError for another shape, or unless there is a name for each row and column.
    """
    weights = array_of("attention_map", weights)
    named = [None if names is None else len(names) for names in (queries, keys)]
    if weights.ndim != 2 or any(
        n not in (None, m) for n, m in zip(named, weights.shape, strict=True)
    ):
        raise refusal(
            ValueError,
            f"attention_map draws weights (queries, keys), not {weights.shape} with "
            f"{' and '.join(str(n) for n in named if n is not None) or 'no'} names.",
            "weights[0, 0], of one sample and one head",
        )
    ax = axes_for(ax, 1.5 + 0.3 * weights.shape[1], 1.2 + 0.3 * weights.shape[0])
    drawn = ax.imshow(weights, cmap="Blues", vmin=0, vmax=max(weights.max(), 1e-12))
    if keys is not None:
        ax.set_xticks(range(len(keys)), map(literal, keys), rotation=90)
    if queries is not None:
        ax.set_yticks(range(len(queries)), map(literal, queries))
    ax.set(xlabel="attends to", ylabel="position")
    ax.figure.colorbar(drawn, ax=ax, fraction=0.046)
    return ax


def attentions(model: Module, *inputs: Any) -> dict[str, np.ndarray]:
    """The attention weights of every attention layer for these inputs, by the path of the layer.

    (N, heads, queries, keys) each; of a layer that is called again, `path, call 2`. The model is called in
    eval mode. Raises ValueError if it has no attention layer.

        viz.attention_map(viz.attentions(model, x)["1.attention"][0, 0], words, words)
    """
    modules = [module for _, module in model.named_modules()]
    were = [module.training for module in modules]
    try:
        model.eval()
        with recording():
            y = model(*(value(x) if isinstance(x, Tensor) else x for x in inputs))
    finally:
        for module, training in zip(modules, were, strict=True):
            module.training = training
    paths = {module: path for path, module in model.named_modules()}
    found: dict[str, np.ndarray] = {}
    calls: Counter[str] = Counter()
    for made in history([y]):
        if made.op is attention_weights_row and made.scope:
            path = paths.get(made.scope[-1], "")
            calls[path] += 1
            found[f"{path}, call {calls[path]}" if calls[path] > 1 else path] = made.data
    if not found:
        raise refusal(
            ValueError,
            f"{type(model).__name__} computed no attention weights that a gradient flows through.",
            "a model with nn.MultiHeadAttention or nn.TransformerBlock, not frozen",
        )
    return found


def embedding(
    vectors: Any, labels: Any = None, *, names: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """Vectors (n, d) in the plane of their two principal components, colored by label, or named.

    Pearson 1901: the plane that keeps most of their variance; its shares are written at the axes.
    """
    vectors = array_of("embedding", vectors).astype(np.float64)
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise refusal(
            ValueError, f"embedding draws two vectors or more, (n, d), not {vectors.shape}."
        )
    centered = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centered, full_matrices=False)
    plane = u[:, :2] * s[:2]
    shares = s**2 / max((s**2).sum(), 1e-300)
    ax = axes_for(ax, 5.2, 4.4)
    if labels is None:
        ax.scatter(*plane.T, s=14, color=CLASSES[0])
    else:
        scatter(ax, plane, np.asarray(labels), np.unique(labels), s=14)
    for where, name in zip(plane, names or (), strict=False):
        ax.annotate(literal(name), where, xytext=(3, 3), textcoords="offset points", fontsize=8)
    ax.set(
        xlabel=f"first component, {shares[0]:.0%} of the variance",
        ylabel=f"second, {shares[1]:.0%}",
    )
    ax.spines[["top", "right"]].set_visible(False)
    return ax


# -------------------------------------------------------------------------------------- loss landscape


def loss_landscape(
    loss: Callable[[], Any],
    parameters: Iterable[Parameter] | Module,
    *,
    path: Sequence[np.ndarray] | None = None,
    span: float = 1.0,
    steps: int = 25,
    seed: Any = 0,
    ax: Any = None,
) -> Any:
    """The loss on a plane through the present weights, which are in its middle.

    loss    () -> the loss of the present weights: `lambda: nn.cross_entropy(model(x), y)`
    parameters    those to vary; a model, for all of its parameters
    path    weights visited on the way, each as `flat(parameters)` gave them: then the plane is that of
            the path's two principal components, and the path is drawn on it
    span    how far to go: 1 is the length of the weights, or of the path

    Without a path the plane has two random directions, each as long as the weights, parameter by
    parameter (Li et al. 2018, section 4, "filter normalization", here per parameter). The weights are
    put back, also when `loss` raises. Put a model with BatchNorm into eval mode: its running means are
    not. Raises ValueError for a path of other weights, and if the loss is nowhere finite.
    """
    ax = axes_for(ax, 5.2, 4.4)  # before the long work, as it may be refused
    parameters = _listed(parameters)
    here = flat(parameters)
    if path is None:
        plane, points = _random_plane(parameters, seed), np.zeros((0, 2))
    else:
        plane, points = _plane_of(path, here)
        span *= 1.2 * max(np.abs(points).max(), 1e-12)
    scale = np.linspace(-span, span, steps)
    heights = np.empty((steps, steps))
    try:
        with no_grad():
            for i, j in np.ndindex(heights.shape):
                _put(parameters, here + np.array([scale[j], scale[i]]) @ plane)
                heights[i, j] = float(value(loss()))
    finally:
        _put(parameters, here)
    heights = np.where(np.isfinite(heights), heights, np.nan)
    if np.isnan(heights).all():
        raise refusal(ValueError, "the loss is nowhere finite on this plane.", "a smaller span")
    above = np.log10(heights - np.nanmin(heights) + 1e-3)
    drawn = ax.contourf(scale, scale, above, 30, cmap="viridis")
    lines = ax.contour(scale, scale, heights, 12, colors="white", linewidths=0.5, alpha=0.7)
    ax.clabel(lines, fontsize=7)
    if path is not None:
        edge = optional("matplotlib.patheffects").withStroke(linewidth=3.5, foreground="white")
        ax.plot(
            *points.T, color="#c4361f", marker=".", linewidth=1.5, path_effects=[edge],
            label="the optimizer's path",
        )  # fmt: skip
        ax.legend(facecolor="#1f2933", edgecolor="none", labelcolor="white", loc="upper right")
    ax.plot(0, 0, marker="*", color="white", markersize=12)
    ax.figure.colorbar(drawn, ax=ax, fraction=0.046, label="log₁₀(loss above the lowest + 0.001)")
    ax.set(xlabel="first direction", ylabel="second direction")
    return ax


def flat(parameters: Iterable[Parameter] | Module) -> np.ndarray:
    """All weights as one vector, a copy: a stop on the path of `loss_landscape`."""
    return np.concatenate([p.data.ravel() for p in _listed(parameters)]).astype(np.float64)


def _listed(parameters: Iterable[Parameter] | Module) -> list[Parameter]:
    return parameters.parameters() if isinstance(parameters, Module) else list(parameters)


def _put(parameters: Sequence[Parameter], weights: np.ndarray) -> None:
    ends = np.cumsum([p.size for p in parameters])
    for p, part in zip(parameters, np.split(weights, ends[:-1]), strict=True):
        p.data[...] = part.reshape(p.shape)


def _random_plane(parameters: Sequence[Parameter], seed: Any) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plane: list[list[np.ndarray]] = [[], []]
    for direction in plane:
        for p in parameters:
            d = rng.normal(size=p.size)
            direction.append(d * np.linalg.norm(p.data) / max(np.linalg.norm(d), 1e-30))
    return np.stack([np.concatenate(direction) for direction in plane])


def _plane_of(path: Sequence[np.ndarray], here: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane of a path's two principal components, and the places of its stops there."""
    stops = np.stack([np.asarray(stop, np.float64) for stop in path]) - here
    if len(stops) < 2 or stops.shape[1:] != here.shape:
        raise refusal(
            ValueError,
            f"loss_landscape(path=...) takes two stops or more of {here.size} weights each.",
            "path.append(viz.flat(model.parameters())) after each epoch",
        )
    plane = np.linalg.svd(stops, full_matrices=False)[2][:2]
    return plane, stops @ plane.T


# ------------------------------------------------------------------------- weights and gradients in time

DECADES = (-12, 4)  # the range of a histogram, in powers of ten,
BINS = 64  # which has so many bins


class Watch(Callback):
    """Records how large the gradients and weights of each parameter are during training.

        watch = viz.Watch(model)
        trainer.fit(x, y, callbacks=[watch])
        watch.plot()
        watch.histogram()

    In a loop by hand, call `watch.record()` between `loss.backward()` and `optimizer.step()`.

    Gradients that shrink from layer to layer vanish, those that grow explode; both are seen at a glance.
    """

    def __init__(self, model: Module):
        self.model = model
        # path of a parameter -> for each step the 5th, 50th and 95th percentile of the absolute values,
        # and their histogram
        self.records: dict[str, dict[str, list]] = {"gradients": {}, "weights": {}}

    def on_batch_end(self, batch: int) -> None:
        self.record()

    def record(self) -> None:
        """Records the present gradients and weights."""
        for path, p in self.model.named_parameters():
            for what, numbers in (("weights", p.data), ("gradients", value(p.grad))):
                if numbers is None or not numbers.size:
                    continue
                sizes = np.abs(numbers)
                finite = sizes[np.isfinite(sizes)]
                percentiles = np.percentile(finite, (5, 50, 95)) if finite.size else [np.nan] * 3
                self.records[what].setdefault(path, []).append((percentiles, _shares(sizes)))

    def plot(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """The median size of each parameter's gradients (or "weights") by step, and 90 % of them around it.

        Raises ValueError before the first `record`, and for another word.
        """
        records = self._recorded(what)
        ax = axes_for(ax, 6.8, 3.8)
        # from the color of the first layer to that of the last
        start, end = optional("matplotlib.colors").to_rgba_array([BLUE, ORANGE])
        colors = np.linspace(start, end, len(records))
        lines = {}
        for color, (path, steps) in zip(colors, records.items(), strict=True):
            low, middle, high = np.transpose([percentiles for percentiles, _ in steps])
            x = np.arange(1, len(steps) + 1)
            dot = "o" if len(steps) == 1 else None
            (lines[path],) = ax.plot(x, middle, color=color, linewidth=1.5, marker=dot)
            ax.fill_between(x, low, high, color=color, alpha=0.12, linewidth=0)
        ax.set(yscale="log", xlabel="step", ylabel=f"size of {what}")
        ax.spines[["top", "right"]].set_visible(False)
        _legend(ax, lines, fontsize=8)
        return ax

    def histogram(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """How many of each parameter's gradients (or "weights") have which size: a column per parameter.

        Within a column the steps go from left to right; the darker, the larger the share of that size. If
        the cloud sinks from column to column towards the input, the gradient vanishes. Zeros, and what is
        smaller than 10⁻¹², are in the lowest row. Raises ValueError as `plot` does.
        """
        records = self._recorded(what)
        ax = axes_for(ax, 1.6 + 0.75 * max(6, len(records)), 4.0)
        blue = optional("matplotlib.colors").to_rgba(BLUE)
        seen = np.zeros(BINS)
        for i, steps in enumerate(records.values()):
            shares = np.stack([share for _, share in steps], axis=1)
            seen += shares.sum(axis=1)
            picture = np.full((*shares.shape, 4), blue)  # paper shines through, light or dark
            picture[..., 3] = np.sqrt(shares / max(shares.max(), 1e-12))
            ax.imshow(
                picture, extent=(i + 0.04, i + 0.96, *DECADES), origin="lower", aspect="auto",
                interpolation="nearest",
            )  # fmt: skip
        edges, used = np.linspace(*DECADES, BINS + 1), np.flatnonzero(seen)
        ax.set(xlim=(0, len(records)), ylim=(edges[used[0]] - 0.25, edges[used[-1] + 1] + 0.25))
        ax.set_xticks(np.arange(len(records)) + 0.5, map(literal, records), rotation=90)
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.0f}}}$")
        many = "1 step" if len(steps) == 1 else f"{len(steps):,} steps"
        ax.set(
            xlabel=f"parameter; in each column {many}, from left to right",
            ylabel=f"size of {what}",
        )
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _recorded(self, what: str) -> dict[str, list]:
        if what not in self.records:
            raise refusal(ValueError, f"Watch draws no {what!r}.", "'gradients' or 'weights'")
        if not self.records[what]:
            hint = "fit(..., callbacks=[watch]), or watch.record() between backward() and step()"
            raise refusal(ValueError, f"Watch has no {what} yet.", hint)
        return self.records[what]


def _shares(sizes: np.ndarray) -> np.ndarray:
    """The share of each power of ten in an array; what is not finite counts as the largest."""
    with np.errstate(divide="ignore"):
        powers = np.nan_to_num(np.log10(sizes), nan=np.inf)
    counts = np.histogram(np.clip(powers, *DECADES), BINS, DECADES)[0]
    return (counts / sizes.size).astype(np.float32)


def animate(
    draw: Callable[[Any, Any], Any],
    frames: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    fps: int = 10,
) -> None:
    """Writes a .gif: for each frame, draw(ax, frame) on empty axes.

        animate(lambda ax, weights: decision_boundary(net(weights), x, y, ax=ax), snapshots, "learning.gif")

    Raises ValueError for no frames or another ending; then no file is written.
    """
    frames = list(frames)
    if not frames or not os.fspath(path).endswith(".gif"):
        raise refusal(
            ValueError,
            f"animate writes one frame or more to a .gif, not {len(frames)} to "
            f"{os.fspath(path)!r}.",
        )
    ax = new_axes(5.2, 4.4)

    failed: list[Exception] = []

    def redraw(frame: Any) -> None:
        ax.clear()
        try:
            draw(ax, frame)
        except Exception as error:
            failed.append(error)
            raise

    moving = optional("matplotlib.animation").FuncAnimation(
        ax.figure, redraw, frames, init_func=lambda: None
    )
    try:
        moving.save(path, writer="pillow", fps=fps)
    except Exception:  # closing the file of no frames raises another error
        if failed:
            raise failed[0] from None
        raise
