"""Pictures of what a network has learned: boundaries, filters, attention, loss landscapes, gradients.

As in `curves.py`, each function draws on the matplotlib axes `ax`, or on new ones, and returns them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import no_grad, recording
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.ops.scaled_dot_product import attention_weights_row
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.viz.curves import BLUE, ORANGE, image_grid, literal, new_axes, optional

# Colors that all eyes tell apart (M. Okabe and K. Ito, "Color universal design", 2008), and three more.
CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f",
           "#8c564b", "#8172ff")  # fmt: skip


def lr_curve(lrs: Any, losses: Any, suggestion: float | None = None, *, ax: Any = None) -> Any:
    """The loss by the learning rate of a range test, on a logarithmic axis (Smith 2017, section 3.3).

    `suggestion` is marked. Raises ValueError unless there is one loss for each rate.
    """
    lrs, losses = np.asarray(lrs), np.asarray(losses)
    if lrs.shape != losses.shape or lrs.ndim != 1:
        words = f"lr_curve takes one loss for each rate, not {losses.shape} for {lrs.shape}."
        raise refusal(ValueError, words, "lr_curve(found.lrs, found.losses)")
    ax = new_axes(6.4, 3.6) if ax is None else ax
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
    x, y = np.asarray(value(x)), np.asarray(value(y))
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise refusal(
            ValueError,
            f"decision_boundary draws x (n, 2) with labels (n,), not {x.shape} and {y.shape}.",
            "two of the features, or embedding(x, y) for many",
        )
    ax = new_axes(5.2, 4.4) if ax is None else ax
    low, high = x.min(axis=0), x.max(axis=0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
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
    names = np.unique(y if said.ndim == 2 else np.concatenate([y, said]))
    if said.ndim == 2:
        if said.shape[1] != len(names):
            names = np.arange(said.shape[1])
        second, best = np.sort(said, axis=1)[:, -2:].T
        strength = 0.15 + 0.35 * np.minimum(
            (best - second) / max(np.median(best - second), 1e-12), 1
        )
        classes = said.argmax(axis=1)
    else:
        strength, classes = np.full(len(said), 0.4), np.searchsorted(names, said)
    picture = optional("matplotlib.colors").to_rgba_array([*CLASSES])[classes % len(CLASSES)]
    picture[:, 3] = strength
    ax.imshow(
        picture.reshape(resolution, resolution, 4), extent=(low[0], high[0], low[1], high[1]),
        origin="lower", aspect="auto", interpolation="bilinear",
    )  # fmt: skip
    _scatter(ax, x, y, names, s=16, edgecolor="white", linewidth=0.5)
    return ax


def _scatter(ax: Any, points: np.ndarray, classes: Any, names: Any, **look: Any) -> None:
    """Points in the colors of their classes, with a legend."""
    for i, name in enumerate(names):
        mine = points[classes == name]
        if len(mine):
            ax.scatter(*mine.T, color=CLASSES[i % len(CLASSES)], label=literal(name), **look)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def filters(
    W: Any, *, shape: tuple[int, int] | None = None, columns: int = 8, ax: Any = None
) -> Any:
    """The weights of the units of a first layer as small images, in which zero is a middle gray.

    W: (height, width, 1 or 3, units) of a convolution, or (pixels, units) of a Linear layer with `shape`,
    (height, width), for the pixels. Raises ValueError for anything else.
    """
    W = np.asarray(value(W))
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
    weights = np.asarray(value(weights))
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
    ax = new_axes(1.5 + 0.3 * weights.shape[1], 1.2 + 0.3 * weights.shape[0]) if ax is None else ax
    drawn = ax.imshow(weights, cmap="Blues", vmin=0, vmax=max(weights.max(), 1e-12))
    if keys is not None:
        ax.set_xticks(range(len(keys)), [literal(key) for key in keys], rotation=90)
    if queries is not None:
        ax.set_yticks(range(len(queries)), [literal(query) for query in queries])
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
    for made in history([y]):
        if made.op is attention_weights_row and made.scope:
            path = paths.get(made.scope[-1], "")
            calls = sum(name.partition(", call ")[0] == path for name in found)
            found[f"{path}, call {calls + 1}" if calls else path] = made.data
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
    vectors = np.asarray(value(vectors), np.float64)
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise refusal(
            ValueError, f"embedding draws two vectors or more, (n, d), not {vectors.shape}."
        )
    centered = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centered, full_matrices=False)
    plane = u[:, :2] * s[:2]
    shares = s**2 / max((s**2).sum(), 1e-300)
    ax = new_axes(5.2, 4.4) if ax is None else ax
    if labels is None:
        ax.scatter(*plane.T, s=14, color=CLASSES[0])
    else:
        _scatter(ax, plane, np.asarray(labels), np.unique(labels), s=14)
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
    parameters: Iterable[Parameter],
    *,
    path: Sequence[np.ndarray] | None = None,
    span: float = 1.0,
    steps: int = 25,
    seed: Any = 0,
    ax: Any = None,
) -> Any:
    """The loss on a plane through the present weights, which are in its middle.

    loss    () -> the loss of the present weights: `lambda: nn.cross_entropy(model(x), y)`
    path    weights visited on the way, each as `flat(parameters)` gave them: then the plane is that of
            the path's two principal components, and the path is drawn on it
    span    how far to go: 1 is the length of the weights, or of the path

    Without a path the plane has two random directions, each as long as the weights, parameter by
    parameter (Li et al. 2018, section 4, "filter normalization", here per parameter). The weights are
    put back, also when `loss` raises. Put a model with BatchNorm into eval mode: its running means are
    not. Raises ValueError for a path of other weights, and if the loss is nowhere finite.
    """
    ax = new_axes(5.2, 4.4) if ax is None else ax  # before the long work, as it may be refused
    parameters = list(parameters)
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


def flat(parameters: Iterable[Parameter]) -> np.ndarray:
    """All weights as one vector, a copy: a stop on the path of `loss_landscape`."""
    return np.concatenate([p.data.ravel() for p in parameters]).astype(np.float64)


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

DECADES = (-12, 4)  # the powers of ten of a histogram,
BINS = 64  # in so many bins


class Watch:
    """Records how large the gradients and weights of each parameter are, as training goes on.

        watch = viz.Watch(model)
        ... loss.backward(); watch.record(); optimizer.step()
        watch.plot()
        watch.histogram()

    Gradients that shrink from layer to layer vanish, those that grow explode; both are seen at a glance.
    Of each step and parameter 67 numbers are kept.
    """

    def __init__(self, model: Module):
        self.model = model
        # path of a parameter -> for each step the 5th, 50th and 95th percentile of the sizes
        self.percentiles: dict[str, dict[str, list]] = {"gradients": {}, "weights": {}}
        # and the share of each size
        self.shares: dict[str, dict[str, list]] = {"gradients": {}, "weights": {}}

    def record(self) -> None:
        """Call it between backward() and the step."""
        for path, p in self.model.named_parameters():
            for what, numbers in (("weights", p.data), ("gradients", value(p.grad))):
                if numbers is None or not numbers.size:
                    continue
                sizes = np.abs(numbers)
                finite = sizes[np.isfinite(sizes)]
                percentiles = np.percentile(finite, (5, 50, 95)) if finite.size else [np.nan] * 3
                self.percentiles[what].setdefault(path, []).append(percentiles)
                self.shares[what].setdefault(path, []).append(_shares(sizes))

    def plot(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """The median size of each parameter's gradients (or "weights") by step, and 90 % of them around it.

        Raises ValueError before the first `record`, and for another word.
        """
        kept = self._kept(self.percentiles, what)
        ax = new_axes(6.8, 3.8) if ax is None else ax
        # from the color of the first layer to that of the last
        start, end = optional("matplotlib.colors").to_rgba_array([BLUE, ORANGE])
        for depth, (path, sizes) in zip(np.linspace(0, 1, len(kept)), kept.items(), strict=True):
            low, middle, high = np.stack(sizes, axis=1)
            steps = np.arange(1, len(middle) + 1)
            color = (1 - depth) * start + depth * end
            dot = "o" if len(steps) == 1 else None
            ax.plot(steps, middle, color=color, linewidth=1.5, marker=dot, label=literal(path))
            ax.fill_between(steps, low, high, color=color, alpha=0.12, linewidth=0)
        ax.set(yscale="log", xlabel="step", ylabel=f"size of {what}")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return ax

    def histogram(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """How many of each parameter's gradients (or "weights") are of which size: a column per parameter.

        Within a column the steps go from left to right; the darker, the larger the share of that size. If
        the cloud sinks from column to column towards the input, the gradient vanishes. Zeros, and what is
        smaller than 10⁻¹², are in the lowest row. Raises ValueError as `plot` does.
        """
        kept = self._kept(self.shares, what)
        columns = {path: np.stack(shares, axis=1) for path, shares in kept.items()}
        ax = new_axes(1.6 + 0.75 * max(6, len(columns)), 4.0) if ax is None else ax
        for i, shares in enumerate(columns.values()):
            picture = np.full((*shares.shape, 4), optional("matplotlib.colors").to_rgba(BLUE))
            picture[..., 3] = np.sqrt(
                shares / max(shares.max(), 1e-12)
            )  # on light paper or on dark
            ax.imshow(
                picture, extent=(i + 0.04, i + 0.96, *DECADES), origin="lower", aspect="auto",
                interpolation="nearest",
            )  # fmt: skip
        seen = np.flatnonzero(np.sum([shares.sum(axis=1) for shares in columns.values()], axis=0))
        edges = np.linspace(*DECADES, BINS + 1)
        ax.set(xlim=(0, len(columns)), ylim=(edges[seen[0]] - 0.25, edges[seen[-1] + 1] + 0.25))
        ax.set_xticks(
            np.arange(len(columns)) + 0.5, [literal(path) for path in columns], rotation=90
        )
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.0f}}}$")
        steps = shares.shape[1]
        many = "1 step" if steps == 1 else f"{steps:,} steps"
        ax.set_xlabel(f"parameter; in each column {many}, from left to right")
        ax.set_ylabel(f"size of {what}")
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _kept(self, kept: dict[str, dict[str, list]], what: str) -> dict[str, list]:
        if what not in kept:
            raise refusal(ValueError, f"Watch draws no {what!r}.", "'gradients' or 'weights'")
        if not kept[what]:
            hint = "record() between backward() and step()"
            raise refusal(ValueError, f"Watch has no {what} yet.", hint)
        return kept[what]


def _shares(sizes: np.ndarray) -> np.ndarray:
    """The share of each size in an array, by powers of ten; what is not finite counts as the largest."""
    with np.errstate(divide="ignore"):
        powers = np.log10(sizes.ravel())
    low, high = DECADES
    powers = np.clip(np.nan_to_num(powers, nan=high, posinf=high, neginf=low), low, high)
    counts = np.histogram(powers, BINS, DECADES)[0]
    return (counts / sizes.size).astype(np.float32)


def animate(
    draw: Callable[[Any, Any], Any],
    frames: Sequence[Any],
    path: str | os.PathLike[str],
    *,
    fps: int = 10,
) -> None:
    """Writes a .gif: for each frame, draw(ax, frame) on empty axes.

        animate(lambda ax, weights: decision_boundary(net(weights), x, y, ax=ax), snapshots, "learning.gif")

    Raises ValueError for no frames or another ending; then no file is written.
    """
    if not frames or not os.fspath(path).endswith(".gif"):
        raise refusal(
            ValueError,
            f"animate writes one frame or more to a .gif, not {len(frames)} to "
            f"{os.fspath(path)!r}.",
        )
    ax = new_axes(5.2, 4.4)
    pictures = []
    image = optional("PIL.Image")
    canvas = optional("matplotlib.backends.backend_agg").FigureCanvasAgg(ax.figure)
    for frame in frames:
        ax.clear()
        draw(ax, frame)
        canvas.draw()
        pictures.append(image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=1000 // fps, loop=0)
