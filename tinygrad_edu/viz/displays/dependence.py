"""The dependence of predictions on one feature or two."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from models.foundation.frames import is_frame
from models.foundation.randomness import random_state as generator
from models.inspection.columns import column, place
from models.inspection.dependence import partial_dependence
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, ORANGE, literal
from tinygrad_edu.viz.displays.base import Display, sample_size


class PartialDependenceDisplay(Display):
    """The mean prediction over one feature, or over two as a map (`partial_dependence`), side by side.

    pd_results   what partial_dependence returned for each picture
    features     the column, or the two columns, of each picture
    target_idx   the class or the target that is drawn
    deciles      for a column, the values that divide its data into ten equal parts
    """

    def __init__(
        self,
        pd_results: Sequence[Any],
        *,
        features: Sequence[tuple[int, ...]],
        feature_names: Sequence[str],
        target_idx: int = 0,
        deciles: Mapping[int, Any] | None = None,
        kind: Any = "average",
        subsample: Any = 1000,
        random_state: Any = None,
    ):
        self.pd_results, self.features, self.feature_names = pd_results, features, feature_names
        self.target_idx, self.deciles = target_idx, deciles or {}
        self.kind, self.subsample, self.random_state = kind, subsample, random_state

    def plot(
        self,
        *,
        ax: Any = None,
        n_cols: int = 3,
        line_kw: Any = None,
        ice_lines_kw: Any = None,
        pd_line_kw: Any = None,
        contour_kw: Any = None,
        centered: bool = False,
    ) -> Self:
        """Draws a picture for each feature or pair, n_cols in a row.

        ax             axes whose place the pictures take, or an array with axes for each picture
        line_kw        the style of all lines
        ice_lines_kw   the style of the curves of single rows
        pd_line_kw     the style of the mean curves
        contour_kw     the style of the maps
        centered       makes each curve begin at 0
        """
        number = len(self.features)
        self._make_axes(ax, min(n_cols, number), number)
        self.lines_: list = []
        self.contours_: list = []
        row_style = (line_kw or {}) | (ice_lines_kw or {})
        mean_style = (line_kw or {}) | (pd_line_kw or {})
        kinds = [self.kind] * number if isinstance(self.kind, str) else self.kind
        pictures = zip(self.axes_.flat, kinds, self.features, self.pd_results, strict=False)
        for one, kind, columns, found in pictures:
            if len(columns) == 2:
                self._draw_map(one, columns, found, contour_kw or {})
                continue
            if kind in ("individual", "both"):
                self._draw_rows(one, found, centered, row_style)
            if kind in ("average", "both"):
                self._draw_mean(one, found, centered, kind == "both", mean_style)
            self._mark_deciles(one, columns[0], "x")
            one.set_xlabel(literal(self.feature_names[columns[0]]))
        for one in self.axes_[..., :1].flat:
            if one.get_ylabel() == "":
                one.set_ylabel("Partial dependence")
        return self

    def _make_axes(self, ax: Any, columns: int, number: int) -> None:
        """The array `axes_`, given or on a grid in the place of `ax`."""
        if isinstance(ax, (list, tuple, np.ndarray)):
            self.axes_ = np.asarray(ax)
            self.bounding_ax_, self.figure_ = None, self.axes_.flat[0].figure
            return
        rows = -(-number // columns)
        self.bounding_ax_ = self._axes(ax, 3.2 * columns, 2.8 * rows)
        self.bounding_ax_.set_axis_off()
        grid = self.bounding_ax_.get_subplotspec().subgridspec(rows, columns)
        self.axes_ = np.full((rows, columns), None, dtype=object)
        for i in range(number):
            self.axes_.flat[i] = self.figure_.add_subplot(grid[i // columns, i % columns])

    def _draw_rows(self, ax: Any, found: Any, centered: bool, style: dict[str, Any]) -> None:
        """The curves of single rows, or of some that are drawn at random."""
        curves = found.individual[self.target_idx]
        drawn = sample_size(self.subsample, len(curves))
        if drawn < len(curves):
            rows = np.arange(len(curves))
            curves = curves[generator(self.random_state).choice(rows, drawn, replace=False)]
        if centered:
            curves = curves - curves[:, :1]
        alpha = 0.3 if len(curves) < 100 else 0.1
        style = {"color": BLUE, "alpha": alpha, "linewidth": 0.6, **style}
        self.lines_ += ax.plot(found.grid_values[0], curves.T, **style)

    def _draw_mean(
        self, ax: Any, found: Any, centered: bool, above_rows: bool, style: dict[str, Any]
    ) -> None:
        """The mean curve, which stands out if it is above those of the rows."""
        curve = found.average[self.target_idx]
        if centered:
            curve = curve - curve[0]
        look = {"color": ORANGE, "label": "average"} if above_rows else {"color": BLUE}
        self.lines_ += ax.plot(found.grid_values[0], curve, **{**look, "linewidth": 2, **style})
        if above_rows:
            ax.legend(frameon=False, fontsize="small")

    def _draw_map(
        self, ax: Any, columns: tuple[int, ...], found: Any, style: dict[str, Any]
    ) -> None:
        """The mean prediction over two features, in colors and with lines of equal prediction."""
        x, y = found.grid_values
        values = found.average[self.target_idx].T
        self.contours_.append(ax.contourf(x, y, values, **{"levels": 8, "alpha": 0.8, **style}))
        lines = ax.contour(x, y, values, levels=8, colors="#303030", linewidths=0.5)
        ax.clabel(lines, fmt="%2.2f", fontsize="small")
        self._mark_deciles(ax, columns[0], "x")
        self._mark_deciles(ax, columns[1], "y")
        x_name, y_name = (literal(self.feature_names[i]) for i in columns)
        ax.set(xlabel=x_name, ylabel=y_name)

    def _mark_deciles(self, ax: Any, feature: int, axis: str) -> None:
        """Short lines at the deciles of the feature, which show where there are data."""
        if feature in self.deciles:
            where = ax.get_xaxis_transform() if axis == "x" else ax.get_yaxis_transform()
            draw = ax.vlines if axis == "x" else ax.hlines
            style = {"color": "#303030", "linewidth": 0.8, "transform": where}
            draw(self.deciles[feature], 0, 0.05, **style)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        features: Sequence[Any],
        *,
        feature_names: Sequence[str] | None = None,
        target: Any = None,
        kind: Any = "average",
        subsample: Any = 1000,
        random_state: Any = None,
        n_jobs: Any = None,
        verbose: int = 0,
        **settings: Any,
    ) -> Self:
        """Computes the dependence of a fitted estimator's predictions.

        features    numbers or names, and pairs of them: [0, "age", (0, "age")]
        target      of several classes, the one whose probability is drawn; of several targets, its number
        kind        "average"; "individual", the curve of each row; "both"; or a list of these
        subsample   the largest number of such curves, or a fraction of the rows
        settings    the arguments of partial_dependence and of plot

        n_jobs and verbose are accepted and have no effect.
        """
        look = cls._pop_look(settings)
        if feature_names is None:
            feature_names = X.columns if is_frame(X) else [f"x{i}" for i in range(np.shape(X)[1])]
        names = [*feature_names]
        places = [_places(X, feature, names) for feature in features]
        if max(map(len, places)) > 2:
            what = "Each entry in features must be either an int, a string, or a pair of these."
            raise refusal(ValueError, what, "features=[0, 1, (0, 1)]")
        kinds = [kind] * len(places) if isinstance(kind, str) else [*kind]
        if len(kinds) != len(places):
            what = f"kind has {len(kinds)} words for {len(places)} features."
            raise refusal(ValueError, what, "a word for each feature, or one for all")
        for columns, each in zip(places, kinds, strict=True):
            if len(columns) == 2 and each != "average":
                what = f"Two features {columns} have one map, the average, not kind={each!r}."
                raise refusal(ValueError, what, "kind=['average', ...], a word for each entry")
        target_idx = _target_number(estimator, target)
        found = [
            partial_dependence(estimator, X, columns, kind=each, **settings)
            for columns, each in zip(places, kinds, strict=True)
        ]
        made = cls(
            found,
            features=places,
            feature_names=names,
            target_idx=target_idx,
            deciles=_deciles(X, {i for columns in places for i in columns}),
            kind=kinds,
            subsample=subsample,
            random_state=random_state,
        )
        return made.plot(**look)


def _places(X: Any, feature: Any, names: list[str]) -> tuple[int, ...]:
    """The numbers of the columns that `feature`, one or a pair of them, names."""
    columns = (feature,) if isinstance(feature, (str, int, np.integer)) else feature
    return tuple(
        names.index(name) if isinstance(name, str) and name in names else place(X, name)
        for name in columns
    )


def _deciles(X: Any, columns: set[int]) -> dict[int, np.ndarray]:
    """The deciles of each column of numbers."""
    values = {i: np.asarray(column(X, i)) for i in columns}
    return {
        i: np.quantile(x.astype(float), np.arange(1, 10) / 10)
        for i, x in values.items()
        if x.dtype.kind in "biuf"
    }


def _target_number(estimator: Any, target: Any) -> int:
    """The row of the results that belongs to `target`, a class or the number of a target."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return 0 if target is None else int(target)
    if len(classes) <= 2:
        return 0  # the positive class is the only row
    if target is None:
        what = "target must be specified for multi-class."
        raise refusal(ValueError, what, f"target={np.asarray(classes).tolist()[0]!r}")
    if target not in classes:
        raise refusal(ValueError, f"target not in est.classes_, got {target}.", f"one of {classes}")
    return int(np.flatnonzero(np.asarray(classes) == target)[0])
