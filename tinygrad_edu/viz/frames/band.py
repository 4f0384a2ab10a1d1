"""The band of a Gaussian process while a hyper-parameter of its kernel moves."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import one_feature
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import (
    SMALL,
    Dot,
    Line,
    Panel,
    Shape,
    Text,
    of_many,
    reach,
    some,
)

WIDTH, HEIGHT = 520, 500
POINTS = 160  # of the curves
FACTOR = 10  # from a tenth of the fitted number to ten times it


def band_frames(model: Any, X: Any, y: Any, *, steps: int = 25, deviations: float = 2.0) -> Frames:
    """The prediction of a Gaussian process and its band, while one number of its kernel moves.

    model        a fitted GaussianProcessRegressor
    X, y         (n, 1) and (n,), the training data
    steps        values of each hyper-parameter, from a tenth of the fitted one to ten times it
    deviations   half of the width of the band, in standard deviations

    The page offers each hyper-parameter, such as the length scale l of the RBF kernel,
    k(x, z) = exp(-(x - z)² / (2 l²)), while the others stay as fitted. Below is the logarithm of the
    evidence, ln p(y | X, θ), which the fit maximizes. Rasmussen and Williams 2006, 2.25, 2.26 and 5.8.
    """
    X, y = one_feature("band_frames", X, y)
    y = y.astype(float)
    kernel = needed(model, "kernel_", "band_frames")
    if steps < 2:
        raise refusal(ValueError, f"steps={steps}: a number moves in 2 steps or more.", "steps=25")
    fitted = {
        name: float(number) for name, number in kernel.get_params().items()
        if np.ndim(number) == 0 and isinstance(number, (float, int, np.floating))
        and f"{name}_bounds" in kernel.get_params() and number > 0
    }  # fmt: skip
    if not fitted:
        what = f"the kernel {kernel} has no hyper-parameter that is one positive number."
        raise refusal(ValueError, what, "a kernel with a length scale, such as RBF(1.0)")
    words = {name: name.rpartition("__")[2].replace("_", " ") for name in fitted}
    series = []
    for name, best in fitted.items():
        double = list(words.values()).count(words[name]) > 1
        title = f"{words[name]} ({name})" if double else words[name]
        values = best * np.geomspace(1 / FACTOR, FACTOR, steps)
        values[np.abs(np.log(values / best)) < 1e-9] = best
        series.append(_series(model, X, y, (name, title), values, best, deviations))
    about = "The band is the uncertainty of the prediction; the fit takes the number of largest evidence."
    about += of_many(len(X))
    return Frames("A Gaussian process and its kernel", about, series, "move the")


def _series(
    model: Any, X: np.ndarray, y: np.ndarray, names: tuple[str, str], values: np.ndarray, best: float,
    deviations: float,
) -> Series:  # fmt: skip
    name, title = names
    across = reach(X)
    grid = np.linspace(*across, POINTS)
    refits = [_refitted(model, X, y, name, number) for number in values]
    found = [refit.predict(grid[:, None], return_std=True) for refit in refits]
    evidence = np.array([refit.log_marginal_likelihood_value_ for refit in refits])
    highest = int(evidence.argmax())
    picture = _Picture(X, y, grid, found, values, evidence, title, deviations)
    frames = []
    for i, number in enumerate(values):
        _, deviation = found[i]
        words = (
            f"The prediction is uncertain by ± {deviations * deviation.min():.3g} to "
            f"± {deviations * deviation.max():.3g} ({deviations:g} standard deviations). "
            f"ln p(y | X) = {evidence[i]:.4g}"
        )
        words += (
            ", the largest of all."
            if i == highest
            else f"; the largest is {evidence[highest]:.4g}."
        )
        if number == best:
            words += " This is the fitted number."
        frames.append(Frame(f"{title} = {number:.3g}", words, picture(i)))
    return Series(title, WIDTH, HEIGHT, frames)


def _refitted(model: Any, X: np.ndarray, y: np.ndarray, name: str, number: float) -> Any:
    """The model with another number in its kernel, which it keeps."""
    kernel = copy.deepcopy(model.kernel_)
    kernel.set_params(**{name: float(number)})
    settings = model.get_params(deep=False) | {"kernel": kernel, "optimizer": None}
    return type(model)(**settings).fit(X, y)


class _Picture:
    """The data, the prediction and its band above; the evidence by the hyper-parameter below."""

    def __init__(
        self, X: np.ndarray, y: np.ndarray, grid: np.ndarray, found: Any, values: np.ndarray,
        evidence: np.ndarray, title: str, deviations: float,
    ):  # fmt: skip
        self.x, self.y, self.grid, self.found, self.values = X[:, 0], y, grid, found, values
        self.evidence, self.title, self.deviations = evidence, title, deviations
        self.above = Panel((52, 14, WIDTH - 66, 290), reach(X), reach(y, share=0.35))
        low = max(
            float(evidence.min()), float(evidence.max()) - 50
        )  # far below all is equally unlikely
        across = float(values[0]), float(values[-1])
        self.below = Panel(
            (52, 378, WIDTH - 66, 72), across, reach([low, evidence.max()]), log=True
        )

    def __call__(self, i: int) -> list[Shape]:
        above, below = self.above, self.below
        mean, deviation = self.found[i]
        upper = above.points(self.grid, mean + self.deviations * deviation)
        lower = above.points(self.grid, mean - self.deviations * deviation)
        drawn, shapes = some(len(self.x)), above.axes()
        area = Line([*upper, *lower[::-1]], width=0, fill="blue", opacity=0.22, key="band")
        shapes += [area, Line(above.points(self.grid, mean), "blue", 2.5, key="mean")]
        shapes += [Dot(x, y, 4.5, "ink") for x, y in above.points(self.x[drawn], self.y[drawn])]
        shapes += below.axes(self.title, "ln p(y | X, θ)")
        seen = self.evidence >= below.up[0]
        shapes.append(Line(below.points(self.values[seen], self.evidence[seen]), "edge", 1.5))
        (now,) = below.points(self.values[i : i + 1], self.evidence[i : i + 1])
        shapes.append(Dot(*now, 6.5, "grad", "card", 1.5, key="now"))
        number = f"{self.title} {self.values[i]:.3g}"
        shapes.append(Text(WIDTH - 14, 366, number, SMALL, "end", "grad", True, key="number"))
        return shapes
