"""The regions of the plane in which a model of two features answers differently."""

from typing import Any, Self

import numpy as np

from models.foundation.frames import is_frame
from models.foundation.sklearn_bridge import kind_of
from models.inspection.columns import column
from models.metrics.scorers import response
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import literal, optional
from tinygrad_edu.viz.displays.base import Display
from tinygrad_edu.viz.insight import CLASSES


class DecisionBoundaryDisplay(Display):
    """The answers of a model of two features in the plane. `viz.decision_boundary` adds the data.

    xx0, xx1   the coordinates of a grid of points, each (rows, columns)
    response   the answers there, (rows, columns) or (rows, columns, classes)
    """

    def __init__(
        self,
        *,
        xx0: Any,
        xx1: Any,
        n_classes: int,
        response: Any,
        multiclass_colors: Any = None,
        xlabel: Any = None,
        ylabel: Any = None,
    ):
        self.xx0, self.xx1, self.n_classes, self.response = xx0, xx1, n_classes, response
        self.multiclass_colors, self.xlabel, self.ylabel = multiclass_colors, xlabel, ylabel

    def plot(
        self,
        plot_method: str = "contourf",
        ax: Any = None,
        xlabel: Any = None,
        ylabel: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draws the scores of two classes, or the regions of more classes.

        plot_method   "contourf", "contour" or "pcolormesh": the method of matplotlib that gets the keywords
        """
        if plot_method not in ("contourf", "contour", "pcolormesh"):
            what = f"plot_method must be 'contourf', 'contour', or 'pcolormesh'. Got {plot_method} instead."
            raise refusal(ValueError, what, "'contourf'")
        ax = self._axes(ax)
        draw = getattr(ax, plot_method)
        values = np.asarray(self.response)
        if self.n_classes == 2 and values.ndim == 2:
            self.surface_ = draw(self.xx0, self.xx1, values, **kwargs)
        else:
            style = {"alpha": 0.4, "zorder": -1, **kwargs}
            style.pop("cmap", None)  # the classes have colors of their own
            if plot_method == "pcolormesh":
                self.surface_ = [self._mesh(draw, values, style)]
            else:
                self.surface_ = self._regions(draw, values, plot_method, style)
        xlabel = self.xlabel if xlabel is None else xlabel
        ylabel = self.ylabel if ylabel is None else ylabel
        ax.set(xlabel=literal(xlabel or ""), ylabel=literal(ylabel or ""))
        return self

    def _mesh(self, draw: Any, values: np.ndarray, style: dict[str, Any]) -> Any:
        """Each cell of the grid in the color of its class."""
        classes = values.argmax(axis=2) if values.ndim == 3 else values
        style |= {"vmin": -0.5, "vmax": self.n_classes - 0.5}
        style["cmap"] = optional("matplotlib.colors").ListedColormap(self._colors())
        return draw(self.xx0, self.xx1, classes, **style)

    def _regions(
        self, draw: Any, values: np.ndarray, method: str, style: dict[str, Any]
    ) -> list[Any]:
        """The region of each class in its color, or with "contour" the lines between them.

        A class owns the points where its lead, its score less the best score of the others, is positive.
        """
        drawn = []
        for k, color in enumerate(self._colors()):
            if values.ndim == 3:
                lead = values[..., k] - np.delete(values, k, axis=2).max(axis=2)
            else:
                lead = np.where(values == k, 0.5, -0.5)
            has_points, has_border = lead.max() > 0, lead.min() < 0
            if method == "contourf" and has_points:
                look = {"levels": [0, 2 * lead.max()], "colors": [color]}
            elif method == "contour" and has_points and has_border:
                look = {"levels": [0], "colors": ["black"]}
            else:
                continue
            drawn.append(draw(self.xx0, self.xx1, lead, **{**look, **style}))
        return drawn

    def _colors(self) -> list[Any]:
        """A color for each class; `multiclass_colors_` keeps them as numbers."""
        colors = self.multiclass_colors
        if isinstance(colors, str):
            palette = optional("matplotlib").colormaps[colors].resampled(self.n_classes)
            colors = [palette(k) for k in range(self.n_classes)]
        elif colors is None:
            colors = [CLASSES[k % len(CLASSES)] for k in range(self.n_classes)]
        self.multiclass_colors_ = optional("matplotlib.colors").to_rgba_array(colors)
        return [*colors]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        grid_resolution: int = 100,
        eps: float = 1.0,
        response_method: Any = "auto",
        class_of_interest: Any = None,
        multiclass_colors: Any = None,
        xlabel: Any = None,
        ylabel: Any = None,
        **look: Any,
    ) -> Self:
        """Asks a fitted estimator at the points of a grid around X (n, 2).

        eps                 the margin of the grid on each side of the data
        response_method     "auto": the first that there is of decision_function, predict_proba and predict
        class_of_interest   the class whose scores are drawn
        look                the arguments of plot
        """
        if np.ndim(X) != 2 or np.shape(X)[1] != 2:
            what = f"n_features must be equal to 2. Got {np.shape(X)[-1]} instead."
            raise refusal(ValueError, what, "a model of two of the features: fit(X[:, :2], y)")
        if grid_resolution < 2:
            what = f"grid_resolution must be greater than 1. Got {grid_resolution} instead."
            raise refusal(ValueError, what, "grid_resolution=100")
        features = [np.asarray(column(X, i), dtype=float) for i in (0, 1)]
        sides = [np.linspace(x.min() - eps, x.max() + eps, grid_resolution) for x in features]
        xx0, xx1 = np.meshgrid(*sides)
        points: Any = np.c_[xx0.ravel(), xx1.ravel()]
        if is_frame(X):
            points = type(X)(dict(zip(X.columns, points.T, strict=True)))
            xlabel = X.columns[0] if xlabel is None else xlabel
            ylabel = X.columns[1] if ylabel is None else ylabel
        answers, n_classes = _answers(estimator, points, response_method, class_of_interest)
        made = cls(
            xx0=xx0,
            xx1=xx1,
            n_classes=n_classes,
            response=answers.reshape(*xx0.shape, *answers.shape[1:]),
            multiclass_colors=multiclass_colors,
            xlabel=xlabel,
            ylabel=ylabel,
        )
        return made.plot(**look)


def _answers(estimator: Any, points: Any, method: Any, label: Any) -> tuple[np.ndarray, int]:
    """The answers at the points, for one class if `label` is not None, and the number of classes to draw."""
    kind, classes = kind_of(estimator), getattr(estimator, "classes_", None)
    if label is not None and classes is not None and label not in classes:
        what = f"class_of_interest={label} is not a valid label."
        raise refusal(ValueError, what, f"one of {classes}")
    if method == "auto" and kind == "regressor":
        method = "predict"
    elif method == "auto":
        method = ("decision_function", "predict_proba", "predict")
    found = np.asarray(response(estimator, method, points, label))
    if found.ndim == 1 and classes is not None and found.dtype.kind != "f":
        found = np.searchsorted(classes, found)  # predicted classes
    if found.ndim == 2 and label is not None:
        found = found[:, np.flatnonzero(classes == label)[0]]
    if kind == "classifier" and label is None and classes is not None:
        return found, len(classes)
    if kind == "clusterer":
        return found, len(np.unique(getattr(estimator, "labels_", found)))
    return found, 2
