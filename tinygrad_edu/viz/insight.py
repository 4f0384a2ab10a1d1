"""Pictures of what a network has learned, and how: boundaries, filters, attention, landscapes.

As in `curves.py`, each function draws on the matplotlib axes `ax`, or on new ones, and returns them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import _history, recording
from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.ops.scaled_dot_product import attention_weights_row
from tinygrad_edu.tensor import Tensor, no_grad, value
from tinygrad_edu.viz.curves import BLUE, ORANGE, image_grid, new_axes, optional

# Colors that all eyes tell apart (M. Okabe and K. Ito, "Color universal design", 2008), and three more.
CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f",
           "#8c564b", "#8172ff")  # fmt: skip


def lr_curve(lrs: Any, losses: Any, suggestion: float | None = None, *, ax: Any = None) -> Any:
    """The loss beside the learning rate of a range test, on a logarithmic axis (Smith 2017, section 3.3).

    `suggestion` is marked. Raises ValueError unless there is one loss for each rate.
    """
    lrs, losses = np.asarray(lrs), np.asarray(losses)
    if lrs.shape != losses.shape or lrs.ndim != 1:
        raise ValueError(
            f"lr_curve takes one loss for each rate, not {losses.shape} for {lrs.shape}"
        )
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
    """Which class is said at each point of the plane, behind the samples x: (n, 2) of classes y: (n,).

    predict   (m, 2) -> scores (m, K), of which the largest wins, of the classes 0 to K - 1 (or of those in
              y, if these are as many); or labels (m,)

    Where the two best scores are near each other the color fades. Raises ValueError for other shapes.
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
        best = np.sort(said, axis=1)[:, -2:]
        lead = best[:, 1] - best[:, 0]
        strength = 0.15 + 0.35 * np.minimum(lead / max(np.median(lead), 1e-12), 1)
        classes = said.argmax(axis=1)
    else:
        strength, classes = np.full(len(said), 0.4), np.searchsorted(names, said)
    to_rgb = optional("matplotlib.colors").to_rgb
    colors = np.array([to_rgb(c) for c in CLASSES])
    picture = np.concatenate([colors[classes % len(colors)], strength[:, None]], axis=1)
    extent = (low[0], high[0], low[1], high[1])
    picture = picture.reshape(resolution, resolution, 4)
    ax.imshow(picture, extent=extent, origin="lower", aspect="auto", interpolation="bilinear")
    for i, name in enumerate(names):
        mine = x[y == name]
        if not len(mine):
            continue
        ax.scatter(*mine.T, s=16, color=CLASSES[i % len(CLASSES)], edgecolor="white",
                   linewidth=0.5, label=str(name))  # fmt: skip
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def filters(
    W: Any, *, shape: tuple[int, int] | None = None, columns: int = 8, ax: Any = None
) -> Any:
    """What the units of a first layer look for: their weights as small images, zero a middle gray.

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

    Raises ValueError for another shape or as many names as there are not rows or columns.
    """
    weights = np.asarray(value(weights))
    names = [names for names in (queries, keys) if names is not None]
    fits = weights.ndim == 2 and all(
        given is None or len(given) == n
        for given, n in zip((queries, keys), weights.shape, strict=False)
    )
    if not fits:
        raise refusal(
            ValueError,
            f"attention_map draws weights (queries, keys), not {weights.shape} with "
            f"{' and '.join(str(len(n)) for n in names) or 'no'} names.",
            "weights[0, 0], of one sample and one head",
        )
    ax = new_axes(1.5 + 0.3 * weights.shape[1], 1.2 + 0.3 * weights.shape[0]) if ax is None else ax
    drawn = ax.imshow(weights, cmap="Blues", vmin=0, vmax=max(weights.max(), 1e-12))
    if keys is not None:
        ax.set_xticks(range(len(keys)), keys, rotation=90)
    if queries is not None:
        ax.set_yticks(range(len(queries)), queries)
    ax.set(xlabel="attends to", ylabel="position")
    ax.figure.colorbar(drawn, ax=ax, fraction=0.046)
    return ax


def attentions(model: Module, *inputs: Any) -> dict[str, np.ndarray]:
    """The attention weights of every attention layer when the model is given these inputs, by its path.

    (N, heads, queries, keys) each; of a layer that is called again, `path, call 2`. The model is called in
    eval mode. Raises ValueError if it attends to nothing.

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
    for made in _history([y]):
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
    groups = np.zeros(len(plane), int) if labels is None else np.asarray(labels)
    for i, name in enumerate(np.unique(groups)):
        mine = plane[groups == name]
        label = None if labels is None else str(name)
        ax.scatter(*mine.T, s=14, color=CLASSES[i % len(CLASSES)], label=label)
    for where, name in zip(plane, names or (), strict=False):
        ax.annotate(name, where, xytext=(3, 3), textcoords="offset points", fontsize=8)
    if labels is not None:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set_xlabel(f"first component, {shares[0]:.0%} of the variance")
    ax.set_ylabel(f"second, {shares[1]:.0%}")
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
    """The loss around the present weights, on a plane through them; in the middle, where they are now.

    loss    () -> the loss of the present weights: `lambda: nn.cross_entropy(model(x), y)`
    path    weights visited on the way, each as `flat(parameters)` gave them: then the plane is that of
            the path's two principal components, and the path is drawn on it
    span    how far to go: 1 is as far as the weights are long

    Without a path the plane has two random directions, each as long as the weights, parameter by
    parameter (Li et al. 2018, section 4, "filter normalization", here per parameter). The weights are
    put back, also when `loss` raises; a model with BatchNorm is to be in eval mode, as its running means
    are not. Raises ValueError for a path of other weights, and if the loss is nowhere finite.
    """
    ax = new_axes(5.2, 4.4) if ax is None else ax  # before the long work, as it may be refused
    parameters = list(parameters)
    here = flat(parameters)
    first, second, points = _plane(parameters, here, path, seed)
    reach = span
    if path is not None:
        reach = span * 1.2 * max(np.abs(points).max(), 1e-12)
    scale = np.linspace(-reach, reach, steps)
    heights = np.empty((steps, steps))
    try:
        with no_grad():
            for i, b in enumerate(scale):
                for j, a in enumerate(scale):
                    _put(parameters, here + a * first + b * second)
                    heights[i, j] = float(value(loss()))
    finally:
        _put(parameters, here)
    heights = np.where(np.isfinite(heights), heights, np.nan)
    if np.isnan(heights).all():
        raise refusal(ValueError, "the loss is nowhere finite on this plane.", "a smaller span")
    drawn = ax.contourf(
        scale, scale, np.log10(heights - np.nanmin(heights) + 1e-3), 30, cmap="viridis"
    )
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
    for p, part in zip(
        parameters, np.split(weights, np.cumsum([p.size for p in parameters])[:-1]), strict=True
    ):
        p.data[...] = part.reshape(p.shape)


def _plane(
    parameters: Sequence[Parameter], here: np.ndarray, path: Any, seed: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two directions, and the places of the path's stops on them."""
    if path is not None:
        stops = np.stack([np.asarray(stop, np.float64) for stop in path]) - here
        if len(stops) < 2 or stops.shape[1:] != here.shape:
            raise refusal(
                ValueError,
                f"loss_landscape(path=...) wants two stops or more of {here.size} weights each.",
                "path.append(viz.flat(model.parameters())) after each epoch",
            )
        _, _, axes = np.linalg.svd(stops, full_matrices=False)
        first, second = axes[0], axes[1]
        return first, second, stops @ np.stack([first, second], axis=1)
    rng = np.random.default_rng(seed)
    directions = []
    for _ in range(2):
        parts = [rng.normal(size=p.shape) for p in parameters]
        parts = [
            d * float(np.linalg.norm(p.data) / np.linalg.norm(d).clip(1e-30))
            for d, p in zip(parts, parameters, strict=True)
        ]
        directions.append(np.concatenate([d.ravel() for d in parts]))
    return directions[0], directions[1], np.zeros((0, 2))


# ------------------------------------------------------------------------- weights and gradients in time


DECADES = (-12, 4)  # powers of ten that sizes are sorted into,
BINS = 64  # so many bins


class Watch:
    """Remembers how large the gradients (and weights) of each parameter are, as training goes on.

        watch = viz.Watch(model)
        ... loss.backward(); watch.record(); optimizer.step()
        watch.plot()
        watch.histogram()

    Gradients that shrink from layer to layer vanish, those that grow explode; both are seen at a glance.
    Of each step and parameter 67 numbers are kept.
    """

    def __init__(self, model: Module):
        self.model = model
        self.gradients: dict[str, list[np.ndarray]] = {}
        self.weights: dict[str, list[np.ndarray]] = {}
        self.counts: dict[str, dict[str, list[np.ndarray]]] = {"gradients": {}, "weights": {}}

    def record(self) -> None:
        """Call it between backward() and the step. Keeps the 5th, 50th and 95th percentile of the sizes,
        and how many of each size there are."""
        for path, p in self.model.named_parameters():
            for what, kept, numbers in (
                ("weights", self.weights, p.data),
                ("gradients", self.gradients, value(p.grad)),
            ):
                if numbers is None or not numbers.size:
                    continue
                sizes = np.abs(numbers)
                finite = sizes[np.isfinite(sizes)]
                middle = np.percentile(finite, (5, 50, 95)) if finite.size else np.full(3, np.nan)
                kept.setdefault(path, []).append(middle)
                self.counts[what].setdefault(path, []).append(_shares(sizes))

    def plot(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """The median size of each parameter's gradients (or "weights") by step, and 90 % of them around it.

        Raises ValueError before the first `record`, and for another word.
        """
        kept = self._kept(what)
        ax = new_axes(6.8, 3.8) if ax is None else ax
        to_rgb = optional("matplotlib.colors").to_rgb
        # the first layer, and the last
        start, end = np.array(to_rgb(BLUE)), np.array(to_rgb(ORANGE))
        for depth, (path, sizes) in zip(np.linspace(0, 1, len(kept)), kept.items(), strict=True):
            low, middle, high = np.stack(sizes, axis=1)
            steps = np.arange(1, len(middle) + 1)
            color = (1 - depth) * start + depth * end
            dot = "o" if len(steps) == 1 else None
            ax.plot(steps, middle, color=color, linewidth=1.5, marker=dot, label=path)
            ax.fill_between(steps, low, high, color=color, alpha=0.12, linewidth=0)
        ax.set(yscale="log", xlabel="step", ylabel=f"size of {what}")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        return ax

    def histogram(self, what: str = "gradients", *, ax: Any = None) -> Any:
        """How many of each parameter's gradients (or "weights") are of which size: a column per parameter.

        Within a column the steps go from left to right; the darker, the larger the share of that size. A
        cloud that sinks from column to column, towards the input, is a gradient that vanishes. Zeros, and
        what is smaller than 10⁻¹², are in the lowest row. Raises ValueError as `plot` does.
        """
        kept = self._kept(what)
        columns = {path: np.stack(self.counts[what][path], axis=1) for path in kept}
        ax = new_axes(1.6 + 0.75 * max(6, len(columns)), 4.0) if ax is None else ax
        to_rgb = optional("matplotlib.colors").to_rgb
        for i, shares in enumerate(columns.values()):
            # through what is not there the paper shines, light or dark
            picture = np.empty((*shares.shape, 4))
            picture[..., :3] = to_rgb(BLUE)
            picture[..., 3] = np.sqrt(shares / max(shares.max(), 1e-12))
            extent = (i + 0.04, i + 0.96, *DECADES)
            ax.imshow(
                picture, extent=extent, origin="lower", aspect="auto", interpolation="nearest"
            )
        seen = np.flatnonzero(np.sum([shares.sum(axis=1) for shares in columns.values()], axis=0))
        edges = np.linspace(*DECADES, BINS + 1)
        ax.set(xlim=(0, len(columns)), ylim=(edges[seen[0]] - 0.25, edges[seen[-1] + 1] + 0.25))
        ax.set_xticks(np.arange(len(columns)) + 0.5, [*columns], rotation=90)
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.0f}}}$")
        steps = columns[next(iter(columns))].shape[1]
        ax.set_ylabel(f"size of {what}")
        ax.set_xlabel(
            f"parameter; in each column {steps:,} step{'s' * (steps > 1)}, from left to right"
        )
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _kept(self, what: str) -> dict[str, list[np.ndarray]]:
        kept = {"gradients": self.gradients, "weights": self.weights}.get(what)
        if kept:
            return kept
        known = what in ("gradients", "weights")
        raise ValueError(
            (f"Watch has no {what} yet" if known else f"Watch draws no {what!r}")
            + f".{user_line()}\n  Try: "
            + ("record() between backward() and step()" if known else "'gradients' or 'weights'")
        )


def _shares(sizes: np.ndarray) -> np.ndarray:
    """How much of an array is of each size, by powers of ten; what is not finite counts as the largest."""
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
