"""Curves of the scores of two classes: each threshold of the score gives one point."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from models.foundation.frames import take_rows
from models.metrics.reading import array, positive_label
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, literal
from tinygrad_edu.viz.displays.base import REFERENCE
from tinygrad_edu.viz.displays.two_classes import TwoClassDisplay, score_of


class BinaryCurve(TwoClassDisplay):
    """A curve of the scores of two classes.

    A subclass writes `_numbers(y, score, *, pos_label, sample_weight, drop_intermediate)`, which returns
    arguments of its `__init__`.
    """

    drop_intermediate: ClassVar[bool] = True
    _numbers: ClassVar[Any]

    name: Any

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any = None,
        *,
        sample_weight: Any = None,
        drop_intermediate: bool | None = None,
        pos_label: Any = None,
        name: str | None = None,
        **look: Any,
    ) -> Self:
        """Shows scores that are larger for the positive class, such as predict_proba(X)[:, 1].

        drop_intermediate   leaves out points on the straight line between two others
        pos_label           the positive class; None for 1
        look                the arguments of plot
        """
        pos_label = positive_label(pos_label, array(y_true))
        if drop_intermediate is None:
            drop_intermediate = cls.drop_intermediate
        numbers = cls._numbers(
            y_true,
            y_score,
            pos_label=pos_label,
            sample_weight=sample_weight,
            drop_intermediate=drop_intermediate,
        )
        kind: Any = cls
        made = kind(**numbers, pos_label=pos_label)
        made.name = "Classifier" if name is None else name
        return made.plot(**look)

    def _finish(self, x: str, y: str) -> None:
        """Labels the axes, and adds a legend if a line has a name."""
        self._label_axes(x, y, "Positive label")
        if self.ax_.get_legend_handles_labels()[1]:
            self.ax_.legend(frameon=False, fontsize="small")


class UnitSquareCurve(BinaryCurve):
    """A curve of two rates, with a score in the legend and the line of a classifier that guesses.

    It may hold one curve, or a list of curves for the splits of cross-validation. A subclass writes `_curve`
    and `_chance`.
    """

    axis_names: ClassVar[tuple[str, str]]
    score_word: ClassVar[str]
    line_style: ClassVar[dict[str, Any]] = {}

    def _curve(self) -> tuple[Any, Any, Any]:
        """x, y and the score, or a list of each."""
        raise NotImplementedError

    def _chance(self) -> tuple[float, float, str]:
        """Where the line of a classifier that guesses begins and ends, and its score for the legend."""
        raise NotImplementedError

    def plot(
        self,
        ax: Any = None,
        *,
        name: Any = None,
        curve_kwargs: Any = None,
        plot_chance_level: bool = False,
        chance_level_kw: Any = None,
        despine: bool = False,
    ) -> Self:
        """Draws the curve, or a curve for each split.

        name                a name, or a list of one for each split
        curve_kwargs        the style of the line, or a list of one for each split
        plot_chance_level   adds the line of a classifier that guesses
        despine             removes the top and the right side of the frame
        """
        ax = self._axes(ax)
        x, y, score = self._curve()
        name = self.name if name is None else name
        if isinstance(x, list):
            labels = self._labels_of_splits(score, name, len(x))
            self.line_ = self._draw(x, y, labels, curve_kwargs, alpha=0.5)
        else:
            (self.line_,) = self._draw([x], [y], [self._label(name, score)], curve_kwargs)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        self.chance_level_ = None
        if plot_chance_level:
            start, end, found = self._chance()
            label = f"Chance level ({self.score_word} = {found})"
            style = {**REFERENCE, "label": label, **(chance_level_kw or {})}
            (self.chance_level_,) = ax.plot([0, 1], [start, end], **style)
        if despine:
            ax.spines[["top", "right"]].set_visible(False)
        self._finish(*self.axis_names)
        return self

    def _draw(self, x: Any, y: Any, labels: Any, look: Any, alpha: float = 1.0) -> list[Any]:
        """Draws a line for each label."""
        looks = look if isinstance(look, (list, tuple)) else [look] * len(labels)
        shared = {"color": BLUE, "alpha": alpha, **self.line_style}
        lines = []
        for a, b, label, style in zip(x, y, labels, looks, strict=True):
            label = None if label is None else literal(label)
            lines += self.ax_.plot(a, b, **{**shared, "label": label, **(style or {})})
        return lines

    def _label(self, name: Any, score: Any) -> str | None:
        """The words of one line in the legend, such as "GaussianNB (AUC = 0.97)"."""
        return _named(name, "" if score is None else f"{self.score_word} = {score:0.2f}")

    def _labels_of_splits(self, scores: Any, name: Any, splits: int) -> list[str | None]:
        """With a name for each split, each has its score; otherwise the first has the mean score of all."""
        if isinstance(name, (list, tuple)):
            scores = [None] * splits if scores is None else scores
            return [self._label(each, score) for each, score in zip(name, scores, strict=True)]
        mean = ""
        if scores is not None:
            mean = f"{self.score_word} = {np.mean(scores):0.2f} +/- {np.std(scores):0.2f}"
        return [_named(name, mean)] + [None] * (splits - 1)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        drop_intermediate: bool = True,
        response_method: Any = "auto",
        pos_label: Any = None,
        name: Any = None,
        **look: Any,
    ) -> Self:
        """Shows a curve for each split of cross_validate(..., return_estimator=True, return_indices=True)."""
        if not {"estimator", "indices"} <= cv_results.keys():
            what = "cv_results does not contain one of the following required keys: estimator, indices."
            raise refusal(
                ValueError, what, "cross_validate(..., return_estimator=True, return_indices=True)"
            )
        numbers: dict[str, list] = {}
        splits = zip(cv_results["estimator"], cv_results["indices"]["test"], strict=True)
        for estimator, rows in splits:
            score, positive = score_of(estimator, take_rows(X, rows), response_method, pos_label)
            of_split = cls._numbers(
                take_rows(y, rows),
                score,
                pos_label=positive,
                sample_weight=None if sample_weight is None else np.asarray(sample_weight)[rows],
                drop_intermediate=drop_intermediate,
            )
            for key, value in of_split.items():
                numbers.setdefault(key, []).append(value)
        kind: Any = cls
        return kind(**numbers, pos_label=positive, name=name).plot(**look)


def _named(name: Any, score: str) -> str | None:
    """A name and a score, of which either may be missing."""
    return f"{name} ({score})" if name and score else name or score or None
