"""Pictures of how good a model is, by scikit-learn's names, such as RocCurveDisplay.

    from models.metrics import RocCurveDisplay

    display = RocCurveDisplay.from_estimator(model, X_test, y_test)
    display.ax_, display.figure_, display.roc_auc

A display computes (`from_estimator`, `from_predictions`) and draws (`plot`), on the axes `ax` or on a new
figure. It keeps the numbers. Its arguments are scikit-learn's; those that end in `_kw`
or `_kwargs` go to matplotlib.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from models.composition.calibration import calibration_curve
from models.foundation.frames import is_frame, take_rows
from models.foundation.normal import normal_quantile
from models.foundation.randomness import random_state as generator
from models.foundation.sklearn_bridge import kind_of
from models.inspection.columns import column, place
from models.inspection.dependence import partial_dependence
from models.metrics.confusion import confusion_matrix
from models.metrics.curves import (
    auc,
    average_precision_score,
    det_curve,
    precision_recall_curve,
    roc_curve,
)
from models.metrics.reading import array, positive_label
from models.metrics.scorers import response
from models.selection.validation import learning_curve, validation_curve
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, ORANGE, axes_for, confusion, literal, optional
from tinygrad_edu.viz.insight import CLASSES
from tinygrad_edu.viz.trees import tree

REFERENCE = {"color": "#404040", "linestyle": "--", "linewidth": 1.2}
PROBABLE = ("predict_proba", "decision_function")


class Display:
    """The base: the axes of the last `plot`."""

    ax_: Any
    figure_: Any

    def _axes(self, ax: Any, width: float = 5.2, height: float = 4.4) -> Any:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if ax is None and pyplot is not None:  # a new figure, as in scikit-learn
            pyplot.figure(figsize=(width, height), layout="constrained")
        self.ax_ = axes_for(ax, width, height)
        self.figure_ = self.ax_.figure
        return self.ax_


class ConfusionMatrixDisplay(Display):
    """The confusion matrix, as `viz.confusion` draws it, or with `cmap` in the colors of matplotlib.

    text_   the texts of the cells; None for those that are 0, which have none
    """

    def __init__(self, confusion_matrix: Any, *, display_labels: Any = None):
        self.confusion_matrix, self.display_labels = confusion_matrix, display_labels

    def plot(
        self,
        *,
        include_values: bool = True,
        cmap: Any = None,
        xticks_rotation: Any = None,
        values_format: str | None = None,
        ax: Any = None,
        colorbar: bool = True,
        im_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draws it. colorbar: beside the colors of `cmap`."""
        counts = np.asarray(self.confusion_matrix)
        ax = confusion(counts, self.display_labels, ax=self._axes(ax))
        if cmap is not None or im_kw:
            for patch in [*ax.patches]:
                patch.remove()
            image = ax.imshow(counts, **{"cmap": cmap, "interpolation": "nearest", **(im_kw or {})})
            if colorbar:
                self.figure_.colorbar(image, ax=ax)
        texts: Any = np.full(counts.shape, None)
        self.text_ = texts if include_values else None
        for text in [*ax.texts]:
            if not include_values:
                text.remove()
                continue
            at = tuple(int(place) for place in text.get_position()[::-1])
            value, texts[at] = counts[at], text
            if cmap is not None or im_kw:
                shade = np.mean(image.cmap(image.norm(value))[:3])
                text.set_color("white" if shade < 0.5 else "black")
            if values_format is not None:
                text.set_text(format(value, values_format))
            text.update(dict(text_kw or {}))
        if xticks_rotation is not None:
            named = {"horizontal": 0, "vertical": 90}
            ax.tick_params(axis="x", rotation=named.get(xticks_rotation, xticks_rotation))
        ax.set(xlabel="Predicted label", ylabel="True label")
        return self

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Of the predictions for X. The settings are those of from_predictions."""
        if kind_of(estimator) != "classifier":
            what = f"{cls.__name__}.from_estimator only supports classifiers, not {estimator!r}."
            raise refusal(ValueError, what, "from_predictions(y, classes)")
        if settings.get("display_labels") is None and settings.get("labels") is None:
            settings["labels"] = _all_labels(y, estimator.classes_)
        return cls.from_predictions(y, estimator.predict(X), **settings)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        labels: Any = None,
        sample_weight: Any = None,
        normalize: str | None = None,
        display_labels: Any = None,
        **look: Any,
    ) -> Self:
        """Of predictions.

        labels           the classes, in this order
        normalize        parts in place of numbers: "true" of each row, "pred" of each column, "all"
        display_labels   names of the classes
        look             the arguments of plot
        """
        counts = confusion_matrix(
            y_true, y_pred, labels=labels, sample_weight=sample_weight, normalize=normalize
        )
        if display_labels is None:
            display_labels = _all_labels(y_true, y_pred) if labels is None else labels
        return cls(counts, display_labels=display_labels).plot(**look)


def _all_labels(y: Any, others: Any) -> np.ndarray:
    return np.unique(np.concatenate([array(y), array(others)]))


# ---- curves of the scores of two classes ---------------------------------------------------------


class BinaryCurve(Display):
    """A curve of the scores of two classes. A subclass writes `_of`, the numbers, and `_lines`."""

    drop_intermediate: ClassVar[bool] = True
    _of: ClassVar[Any]

    name: Any
    pos_label: Any

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        response_method: Any = "auto",
        pos_label: Any = None,
        name: str | None = None,
        **settings: Any,
    ) -> Self:
        """Of the scores that a fitted classifier gives to X. The settings are those of from_predictions."""
        score, pos_label = _score_of(estimator, X, response_method, pos_label)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, score, pos_label=pos_label, name=name, **settings)

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
        """Of scores, larger for the positive class, such as predict_proba(X)[:, 1].

        drop_intermediate   leave out the points between two others of a line
        pos_label           the positive class; None for 1
        look                the arguments of plot
        """
        drop = cls.drop_intermediate if drop_intermediate is None else drop_intermediate
        pos_label = positive_label(pos_label, array(y_true))
        settings = {
            "pos_label": pos_label,
            "sample_weight": sample_weight,
            "drop_intermediate": drop,
        }
        kind: Any = cls
        made = kind(**cls._of(y_true, y_score, settings), pos_label=pos_label)
        made.name = "Classifier" if name is None else name
        return made.plot(**look)

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
        """A curve of each split of cross_validate(..., return_estimator=True, return_indices=True)."""
        if not {"estimator", "indices"} <= cv_results.keys():
            what = "cv_results does not contain one of the following required keys: estimator, indices."
            raise refusal(
                ValueError, what, "cross_validate(..., return_estimator=True, return_indices=True)"
            )
        found: dict[str, list] = {}
        splits = zip(cv_results["estimator"], cv_results["indices"]["test"], strict=True)
        for estimator, rows in splits:
            score, positive = _score_of(estimator, take_rows(X, rows), response_method, pos_label)
            weight = None if sample_weight is None else np.asarray(sample_weight)[rows]
            settings = {
                "pos_label": positive, "sample_weight": weight, "drop_intermediate": drop_intermediate
            }  # fmt: skip
            for key, value in cls._of(take_rows(y, rows), score, settings).items():
                found.setdefault(key, []).append(value)
        kind: Any = cls
        return kind(**found, pos_label=positive, name=name).plot(**look)

    def _draw(
        self, x: Any, y: Any, scores: Any, word: str, name: Any, look: Any, **more: Any
    ) -> None:
        """One line, or one for each split; `word` is the score in the legend."""
        several = isinstance(x, list)
        names, name = None, self.name if name is None else name
        if several:
            names = name if isinstance(name, (list, tuple)) else [name] * len(x)
        scores = scores if scores is not None or not several else [None] * len(x)
        lines = zip(x, y, scores, names, strict=True) if names else [(x, y, scores, name)]
        total = f"{word} = {np.mean(scores):0.2f} +/- {np.std(scores):0.2f}" if several else ""
        self.line_ = []
        for i, (a, b, score, each) in enumerate(lines):
            said = "" if score is None else f"{word} = {score:0.2f}"
            if several and not isinstance(name, (list, tuple)):
                said, each = (total, name) if i == 0 else ("", None)
            label = f"{each} ({said})" if each and said else each or said or None
            style = look[i] if isinstance(look, (list, tuple)) else look
            style = {"color": BLUE, "alpha": 0.5 if several else 1.0, **more, **(style or {})}
            label = None if label is None else literal(label)
            self.line_ += self.ax_.plot(a, b, **{"label": label, **style})
        if not several:
            self.line_ = self.line_[0]

    def _finish(self, x: str, y: str, chance: Any, chance_kw: Any, despine: bool) -> Self:
        """Axis labels, the line of a classifier that guesses (points and label), and the legend."""
        ax = self.ax_
        ending = "" if self.pos_label is None else f" (Positive label: {literal(self.pos_label)})"
        ax.set(xlabel=x + ending, ylabel=y + ending)
        self.chance_level_ = None
        if chance is not None:
            across, up, label = chance
            style = {**REFERENCE, "label": label, **(chance_kw or {})}
            (self.chance_level_,) = ax.plot(across, up, **style)
        if despine:
            ax.spines[["top", "right"]].set_visible(False)
        if ax.get_legend_handles_labels()[1]:
            ax.legend(frameon=False, fontsize="small")
        return self


def _score_of(estimator: Any, X: Any, method: Any, pos_label: Any) -> tuple[np.ndarray, Any]:
    """The scores of the positive class, which is the second by default, and its label."""
    classes = getattr(estimator, "classes_", None)
    if kind_of(estimator) != "classifier" or classes is None or len(classes) != 2:
        found = "no classifier" if classes is None else f"a classifier of {len(classes)} classes"
        what = f"Expected 'estimator' to be a binary classifier: {type(estimator).__name__} is {found}."
        raise refusal(ValueError, what, "from_predictions(y == label, score of this class)")
    pos_label = classes[1] if pos_label is None else pos_label
    return response(estimator, PROBABLE if method == "auto" else method, X, pos_label), pos_label


class RocCurveDisplay(BinaryCurve):
    """The true positive rate over the false positive rate, for all thresholds (`roc_curve`)."""

    def __init__(
        self, *, fpr: Any, tpr: Any, roc_auc: Any = None, name: Any = None, pos_label: Any = None
    ):
        self.fpr, self.tpr, self.roc_auc = fpr, tpr, roc_auc
        self.name, self.pos_label = name, pos_label

    @classmethod
    def _of(cls, y: Any, score: Any, settings: dict[str, Any]) -> dict[str, Any]:
        fpr, tpr, _ = roc_curve(y, score, **settings)
        one_class = np.isnan(fpr).any() or np.isnan(tpr).any()
        return {"fpr": fpr, "tpr": tpr, "roc_auc": np.nan if one_class else auc(fpr, tpr)}

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
        """Draws it. plot_chance_level: the diagonal, of a classifier that guesses."""
        ax = self._axes(ax)
        self._draw(self.fpr, self.tpr, self.roc_auc, "AUC", name, curve_kwargs)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        chance = ([0, 1], [0, 1], "Chance level (AUC = 0.5)") if plot_chance_level else None
        return self._finish(
            "False Positive Rate", "True Positive Rate", chance, chance_level_kw, despine
        )


class PrecisionRecallDisplay(BinaryCurve):
    """The precision over the recall, for all thresholds (`precision_recall_curve`)."""

    drop_intermediate = False

    def __init__(
        self,
        precision: Any,
        recall: Any,
        *,
        average_precision: Any = None,
        name: Any = None,
        pos_label: Any = None,
        prevalence_pos_label: Any = None,
    ):
        self.precision, self.recall = precision, recall
        self.average_precision, self.name, self.pos_label = average_precision, name, pos_label
        self.prevalence_pos_label = prevalence_pos_label

    @classmethod
    def _of(cls, y: Any, score: Any, settings: dict[str, Any]) -> dict[str, Any]:
        precision, recall, _ = precision_recall_curve(y, score, **settings)
        label, weight = settings["pos_label"], settings["sample_weight"]
        return {
            "precision": precision,
            "recall": recall,
            "average_precision": average_precision_score(
                y, score, pos_label=label, sample_weight=weight
            ),
            "prevalence_pos_label": float(np.mean(array(y) == label)),
        }

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
        """Draws it. plot_chance_level: the precision of a classifier that guesses."""
        ax = self._axes(ax)
        self._draw(
            self.recall, self.precision, self.average_precision, "AP", name, curve_kwargs,
            drawstyle="steps-post",
        )  # fmt: skip
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        chance = None
        if plot_chance_level:
            if self.prevalence_pos_label is None:
                what = "You must provide prevalence_pos_label to plot the chance level line."
                raise refusal(ValueError, what, "PrecisionRecallDisplay.from_predictions")
            level = float(np.mean(self.prevalence_pos_label))
            chance = [0, 1], [level, level], f"Chance level (AP = {level:0.2f})"
        return self._finish("Recall", "Precision", chance, chance_level_kw, despine)


class DetCurveDisplay(BinaryCurve):
    """The false negative rate over the false positive rate, on the scales of the normal distribution."""

    def __init__(self, *, fpr: Any, fnr: Any, estimator_name: Any = None, pos_label: Any = None):
        self.fpr, self.fnr, self.name, self.pos_label = fpr, fnr, estimator_name, pos_label

    @classmethod
    def _of(cls, y: Any, score: Any, settings: dict[str, Any]) -> dict[str, Any]:
        fpr, fnr, _ = det_curve(y, score, **settings)
        least = np.finfo(np.float64).eps  # 0 and 1 would be infinitely far away
        return {"fpr": np.clip(fpr, least, 1 - least), "fnr": np.clip(fnr, least, 1 - least)}

    def plot(self, ax: Any = None, *, name: Any = None, **kwargs: Any) -> Self:
        """Draws it; the keywords go to the line."""
        ax = self._axes(ax)
        x, y = (normal_quantile(np.asarray(rate)) for rate in (self.fpr, self.fnr))
        self._draw(x, y, None, "", name, kwargs)
        marks = np.array([0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999])
        words = [f"{100 * mark:.3g}%" for mark in marks]
        ax.set_xticks(normal_quantile(marks), words)
        ax.set_yticks(normal_quantile(marks), words)
        ax.set(xlim=(-3, 3), ylim=(-3, 3))
        return self._finish("False Positive Rate", "False Negative Rate", None, None, False)


class CalibrationDisplay(Display):
    """The fraction of the positive class over its mean probability, for bins of the probabilities."""

    def __init__(
        self, prob_true: Any, prob_pred: Any, y_prob: Any, *, estimator_name: Any = None,
        pos_label: Any = None,
    ):  # fmt: skip
        self.prob_true, self.prob_pred, self.y_prob = prob_true, prob_pred, y_prob
        self.estimator_name, self.pos_label = estimator_name, pos_label

    def plot(
        self, *, ax: Any = None, name: Any = None, ref_line: bool = True, **kwargs: Any
    ) -> Self:
        """Draws it. ref_line: the diagonal, of perfect probabilities; the keywords go to the curve."""
        ax = self._axes(ax)
        label = "Perfectly calibrated"
        if ref_line and label not in ax.get_legend_handles_labels()[1]:
            ax.plot([0, 1], [0, 1], **{**REFERENCE, "label": label})
        name = self.estimator_name if name is None else name
        style = {"marker": "s", "label": None if name is None else literal(name), **kwargs}
        (self.line_,) = ax.plot(self.prob_pred, self.prob_true, **style)
        ending = "" if self.pos_label is None else f" (Positive class: {literal(self.pos_label)})"
        ax.set(
            xlabel="Mean predicted probability" + ending, ylabel="Fraction of positives" + ending
        )
        ax.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, pos_label: Any = None, name: Any = None, **settings: Any
    ) -> Self:  # fmt: skip
        """Of the probabilities that a fitted classifier gives to X."""
        y_prob, pos_label = _score_of(estimator, X, "predict_proba", pos_label)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, y_prob, pos_label=pos_label, name=name, **settings)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        n_bins: int = 5,
        strategy: str = "uniform",
        pos_label: Any = None,
        name: Any = None,
        **look: Any,
    ) -> Self:
        """Of probabilities. strategy: "uniform", bins of equal width; "quantile", with equally many rows."""
        pos_label = positive_label(pos_label, array(y_true))
        true, pred = calibration_curve(
            y_true, y_prob, pos_label=pos_label, n_bins=n_bins, strategy=strategy
        )
        name = "Classifier" if name is None else name
        made = cls(true, pred, y_prob, estimator_name=name, pos_label=pos_label)
        return made.plot(**look)


class PredictionErrorDisplay(Display):
    """The errors of a regression, or the true values, over the predictions."""

    def __init__(self, *, y_true: Any, y_pred: Any):
        self.y_true, self.y_pred = array(y_true), array(y_pred)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "residual_vs_predicted",
        scatter_kwargs: Any = None,
        line_kwargs: Any = None,
    ) -> Self:
        """Draws it. kind: "residual_vs_predicted" or "actual_vs_predicted"."""
        if kind not in ("residual_vs_predicted", "actual_vs_predicted"):
            what = f"`kind` must be one of actual_vs_predicted, residual_vs_predicted. Got {kind!r} instead."
            raise refusal(ValueError, what, "'actual_vs_predicted'")
        ax = self._axes(ax)
        x, actual = self.y_pred, kind == "actual_vs_predicted"
        y = self.y_true if actual else self.y_true - self.y_pred
        ends = np.array([x.min(), x.max()])
        if actual:
            ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
        line = ends if actual else 0 * ends
        (self.line_,) = ax.plot(ends, line, **{**REFERENCE, **(line_kwargs or {})})
        style = {"color": BLUE, "alpha": 0.7, "s": 18, "linewidth": 0, **(scatter_kwargs or {})}
        self.scatter_ = ax.scatter(x, y, **style)
        ax.set_xlabel("Predicted values")
        ax.set_ylabel("Actual values" if actual else "Residuals (actual - predicted)")
        if actual:
            ax.set_aspect("equal", adjustable="datalim")
        return self

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Of the predictions for X. The settings are those of from_predictions."""
        return cls.from_predictions(y, estimator.predict(X), **settings)

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, *, subsample: Any = 1000, random_state: Any = None, **look: Any
    ) -> Self:  # fmt: skip
        """Of predictions. subsample: at most so many of them, or this part, drawn at random; None for all."""
        y_true, y_pred = array(y_true), array(y_pred)
        n = len(y_true)
        drawn = int(n * subsample) if isinstance(subsample, float) else subsample
        if drawn is not None and drawn <= 0:
            raise refusal(
                ValueError, f"subsample={subsample} should be positive.", "subsample=1000"
            )
        if drawn is not None and drawn < n:
            rows = generator(random_state).choice(np.arange(n), size=drawn)
            y_true, y_pred = y_true[rows], y_pred[rows]
        return cls(y_true=y_true, y_pred=y_pred).plot(**look)


# ---- scores of cross-validation ------------------------------------------------------------------


class ScoreCurve(Display):
    """The mean scores of the splits over a number, with their standard deviations."""

    train_scores: Any
    test_scores: Any
    score_name: Any

    def _plot(
        self,
        across: Any,
        label: str,
        ax: Any = None,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        score_type: str = "both",
        std_display_style: str | None = "fill_between",
        line_kw: Any = None,
        fill_between_kw: Any = None,
        errorbar_kw: Any = None,
    ) -> Self:
        drawn = {"train": ("train",), "test": ("test",), "both": ("train", "test")}.get(score_type)
        if drawn is None or std_display_style not in ("errorbar", "fill_between", None):
            what = f"score_type={score_type!r}, std_display_style={std_display_style!r} is not supported."
            raise refusal(
                ValueError, what, "'train', 'test' or 'both'; 'errorbar', 'fill_between' or None"
            )
        ax = self._axes(ax, 6.4, 3.8)
        across = np.asarray(across)
        self.lines_: list = []
        self.fill_between_: list = []
        self.errorbar_: list = []
        for part, color, name in (("train", BLUE, "Train"), ("test", ORANGE, "Test")):
            if part not in drawn:
                continue
            scores = (-1 if negate_score else 1) * np.asarray(getattr(self, f"{part}_scores"))
            mean, deviation = scores.mean(axis=1), scores.std(axis=1)
            style = {"color": color, "label": name, **(line_kw or {})}
            if std_display_style == "errorbar":
                style |= errorbar_kw or {}
                self.errorbar_.append(ax.errorbar(across, mean, deviation, **style))
                continue
            self.lines_ += ax.plot(across, mean, marker="o", markersize=4, **style)
            if std_display_style == "fill_between":
                shade = {"color": color, "alpha": 0.25, "linewidth": 0, **(fill_between_kw or {})}
                sides = mean - deviation, mean + deviation
                self.fill_between_.append(ax.fill_between(across, *sides, **shade))
        name = self.score_name if score_name is None else score_name
        ax.set(xlabel=literal(label), ylabel=literal(name or "Score"))
        ax.legend(frameon=False)
        if across.dtype.kind in "iuf" and len(across) > 1 and across.min() > 0:
            steps, ratios = np.diff(across), np.diff(np.log(across))
            if (
                np.ptp(ratios) < np.ptp(steps) / max(abs(across).max(), 1e-300)
                and np.ptp(np.log10(across)) >= 1
            ):  # it grows by factors
                ax.set_xscale("log")
        return self


LOOKS = (
    "ax", "negate_score", "score_name", "score_type", "std_display_style", "line_kw", "fill_between_kw",
    "errorbar_kw",
)  # fmt: skip


def _split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of cross-validation, and those of `plot` with the name of the score."""
    look = {name: settings.pop(name) for name in LOOKS if name in settings}
    if "fit_params" in settings:
        settings["params"] = settings.pop("fit_params")
    if look.get("score_name") is None:
        look["score_name"] = _score_name(settings.get("scoring"), look.get("negate_score", False))
    return settings, look


def _score_name(scoring: Any, negated: bool) -> str:
    if scoring is None:
        return "Negative score" if negated else "Score"
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    negative = name.startswith("neg_") != negated
    name = name.removeprefix("neg_").replace("_", " ")
    return f"Negative {name}" if negative else name.capitalize()


class LearningCurveDisplay(ScoreCurve):
    """Scores for training sets of several sizes (`learning_curve`)."""

    def __init__(
        self, *, train_sizes: Any, train_scores: Any, test_scores: Any, score_name: Any = None
    ):
        self.train_sizes, self.train_scores = train_sizes, train_scores
        self.test_scores, self.score_name = test_scores, score_name

    def plot(self, ax: Any = None, **look: Any) -> Self:
        """Draws it: negate_score, score_name, score_type, std_display_style, line_kw, ..."""
        return self._plot(self.train_sizes, "Number of samples in the training set", ax, **look)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Of an unfitted estimator. The settings are those of learning_curve and of plot."""
        settings, look = _split_settings(settings)
        sizes, train, test = learning_curve(estimator, X, y, **settings)
        name = look["score_name"]
        made = cls(train_sizes=sizes, train_scores=train, test_scores=test, score_name=name)
        return made.plot(**look)


class ValidationCurveDisplay(ScoreCurve):
    """Scores for values of a parameter (`validation_curve`)."""

    def __init__(
        self,
        *,
        param_name: str,
        param_range: Any,
        train_scores: Any,
        test_scores: Any,
        score_name: Any = None,
    ):
        self.param_name, self.param_range = param_name, param_range
        self.train_scores, self.test_scores = train_scores, test_scores
        self.score_name = score_name

    def plot(self, ax: Any = None, **look: Any) -> Self:
        """Draws it: negate_score, score_name, score_type, std_display_style, line_kw, ..."""
        return self._plot(self.param_range, self.param_name, ax, **look)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, param_name: str, param_range: Any, **settings: Any
    ) -> Self:
        """Of an unfitted estimator. The settings are those of validation_curve and of plot."""
        settings, look = _split_settings(settings)
        named: dict[str, Any] = {"param_name": param_name, "param_range": param_range}
        train, test = validation_curve(estimator, X, y, **named, **settings)
        made = cls(**named, train_scores=train, test_scores=test, score_name=look["score_name"])
        return made.plot(**look)


# ---- what a model answers ------------------------------------------------------------------------


class DecisionBoundaryDisplay(Display):
    """What a model of two features answers at each point of the plane. `viz.decision_boundary` adds the data.

    response   (rows, columns) of the grid, or (rows, columns, classes)
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
        """Draws it. plot_method: "contourf", "contour" or "pcolormesh", which get the keywords."""
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
            self.surface_ = self._regions(draw, values, plot_method, style)
        xlabel = self.xlabel if xlabel is None else xlabel
        ylabel = self.ylabel if ylabel is None else ylabel
        ax.set(xlabel=literal(xlabel or ""), ylabel=literal(ylabel or ""))
        return self

    def _regions(
        self, draw: Any, values: np.ndarray, method: str, style: dict[str, Any]
    ) -> list[Any]:
        """The region of each class, in its color; or with "contour" the lines between them."""
        colors, found = self._colors(), []
        style.pop("cmap", None)
        if method == "pcolormesh":
            classes = values.argmax(axis=2) if values.ndim == 3 else values
            style |= {"vmin": -0.5, "vmax": self.n_classes - 0.5}
            style["cmap"] = optional("matplotlib.colors").ListedColormap(colors)
            return [draw(self.xx0, self.xx1, classes, **style)]
        for k, color in enumerate(colors):
            if values.ndim == 3:
                lead = values[..., k] - np.delete(values, k, axis=2).max(axis=2)
            else:
                lead = np.where(values == k, 0.5, -0.5)
            if lead.max() <= 0 or (lead.min() >= 0 and method == "contour"):
                continue  # it has no point, or no border
            levels = [0, 2 * lead.max()] if method == "contourf" else [0]
            chosen = {"levels": levels, "colors": [color if method == "contourf" else "black"]}
            found.append(draw(self.xx0, self.xx1, lead, **{**chosen, **style}))
        return found

    def _colors(self) -> list[Any]:
        """A color for each class, which are kept in `multiclass_colors_`."""
        given = self.multiclass_colors
        if isinstance(given, str):
            given = optional("matplotlib").colormaps[given].resampled(self.n_classes)
            given = [given(k) for k in range(self.n_classes)]
        colors = (
            [CLASSES[k % len(CLASSES)] for k in range(self.n_classes)] if given is None else given
        )
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
        """Of a fitted estimator, in a plane around X (n, 2), wider by eps on each side.

        response_method     "auto": decision_function, predict_proba or predict, the first that there is
        class_of_interest   the class whose scores are drawn
        """
        if np.ndim(X) != 2 or np.shape(X)[1] != 2:
            what = f"n_features must be equal to 2. Got {np.shape(X)[-1]} instead."
            raise refusal(ValueError, what, "a model of two of the features: fit(X[:, :2], y)")
        if grid_resolution < 2:
            what = f"grid_resolution must be greater than 1. Got {grid_resolution} instead."
            raise refusal(ValueError, what, "grid_resolution=100")
        x, y = (np.asarray(column(X, i), dtype=float) for i in (0, 1))
        across, up = (np.linspace(v.min() - eps, v.max() + eps, grid_resolution) for v in (x, y))
        xx0, xx1 = np.meshgrid(across, up)
        points: Any = np.c_[xx0.ravel(), xx1.ravel()]
        if is_frame(X):
            points = type(X)(dict(zip(X.columns, points.T, strict=True)))
            xlabel = X.columns[0] if xlabel is None else xlabel
            ylabel = X.columns[1] if ylabel is None else ylabel
        kind, classes = kind_of(estimator), getattr(estimator, "classes_", None)
        if (
            class_of_interest is not None
            and classes is not None
            and class_of_interest not in classes
        ):
            what = f"class_of_interest={class_of_interest} is not a valid label."
            raise refusal(ValueError, what, f"one of {classes}")
        methods: Any = ("decision_function", "predict_proba", "predict")
        if response_method != "auto":
            methods = response_method
        elif kind == "regressor":
            methods = "predict"
        found = np.asarray(response(estimator, methods, points, class_of_interest))
        if found.ndim == 1 and classes is not None and found.dtype.kind not in "f":
            found = np.searchsorted(classes, found)  # predicted classes
        n_classes = 2
        if kind == "classifier" and class_of_interest is None and classes is not None:
            n_classes = len(classes)
        elif kind == "clusterer":
            n_classes = len(np.unique(getattr(estimator, "labels_", found)))
        if found.ndim == 2 and class_of_interest is not None:
            found = found[:, np.flatnonzero(classes == class_of_interest)[0]]
        made = cls(
            xx0=xx0, xx1=xx1, n_classes=n_classes, xlabel=xlabel, ylabel=ylabel,
            response=found.reshape(*xx0.shape, *found.shape[1:]), multiclass_colors=multiclass_colors,
        )  # fmt: skip
        return made.plot(**look)


class PartialDependenceDisplay(Display):
    """The mean prediction over one feature, or over two as a map (`partial_dependence`), side by side."""

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
        """Draws a picture for each feature or pair, n_cols in a row. centered: curves begin at 0.

        ax   axes, whose place they take; or an array of axes, one for each
        """
        number = len(self.features)
        columns = min(n_cols, number)
        rows = -(-number // columns)
        if isinstance(ax, (list, tuple, np.ndarray)):
            self.axes_ = np.asarray(ax)
            self.bounding_ax_, self.figure_ = None, self.axes_.flat[0].figure
        else:
            self.bounding_ax_ = self._axes(ax, 3.2 * columns, 2.8 * rows)
            self.bounding_ax_.set_axis_off()
            grid = self.bounding_ax_.get_subplotspec().subgridspec(rows, columns)
            self.axes_ = np.full((rows, columns), None, dtype=object)
            for i in range(number):
                self.axes_.flat[i] = self.figure_.add_subplot(grid[i // columns, i % columns])
        self.lines_: list = []
        self.contours_: list = []
        kinds = [self.kind] * number if isinstance(self.kind, str) else self.kind
        for one, kind, pair, found in zip(
            self.axes_.flat, kinds, self.features, self.pd_results, strict=False
        ):
            if len(pair) == 2:
                self._map(one, pair, found, contour_kw or {})
            else:
                ice, mean = (
                    (line_kw or {}) | (ice_lines_kw or {}),
                    (line_kw or {}) | (pd_line_kw or {}),
                )
                self._curves(one, kind, pair[0], found, centered, ice, mean)
        for one in self.axes_[..., :1].flat if self.axes_.ndim == 2 else self.axes_[:1]:
            if one.get_ylabel() == "":
                one.set_ylabel("Partial dependence")
        return self

    def _curves(self, ax, kind, feature, found, centered, ice, mean):
        across = found.grid_values[0]
        if kind in ("individual", "both"):
            curves = found.individual[self.target_idx]
            rows = np.arange(len(curves))
            drawn = self.subsample
            drawn = int(len(rows) * drawn) if isinstance(drawn, float) else drawn
            if drawn is not None and drawn < len(rows):
                rows = generator(self.random_state).choice(rows, drawn, replace=False)
            curves = curves[rows] - (curves[rows, :1] if centered else 0)
            style = {
                "color": BLUE,
                "alpha": 0.3 if len(rows) < 100 else 0.1,
                "linewidth": 0.6,
                **ice,
            }
            self.lines_ += ax.plot(across, curves.T, **style)
        if kind in ("average", "both"):
            curve = found.average[self.target_idx]
            style = {"color": ORANGE if kind == "both" else BLUE, "linewidth": 2, **mean}
            label = {"label": "average"} if kind == "both" else {}
            self.lines_ += ax.plot(
                across, curve - (curve[0] if centered else 0), **{**label, **style}
            )
            if kind == "both":
                ax.legend(frameon=False, fontsize="small")
        self._marks(ax, feature, "x")
        ax.set_xlabel(literal(self.feature_names[feature]))

    def _map(self, ax, pair, found, style):
        x, y = found.grid_values
        values = found.average[self.target_idx].T
        self.contours_.append(ax.contourf(x, y, values, **{"levels": 8, "alpha": 0.8, **style}))
        lines = ax.contour(x, y, values, levels=8, colors="#303030", linewidths=0.5)
        ax.clabel(lines, fmt="%2.2f", fontsize="small")
        self._marks(ax, pair[0], "x")
        self._marks(ax, pair[1], "y")
        ax.set_xlabel(literal(self.feature_names[pair[0]]))
        ax.set_ylabel(literal(self.feature_names[pair[1]]))

    def _marks(self, ax, feature, axis):
        """Short lines at the deciles of the feature: where there are data."""
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
        ax: Any = None,
        **settings: Any,
    ) -> Self:
        """Of a fitted estimator.

        features    numbers or names, and pairs of them: [0, "age", (0, "age")]
        target      of several classes the one whose probability is drawn; of several targets its number
        kind        "average"; "individual", the curve of each row; "both"; or a list of these
        subsample   at most so many of those curves, or this part
        settings    the arguments of partial_dependence and of plot

        n_jobs and verbose are accepted and mean nothing here.
        """
        names = ("n_cols", "line_kw", "ice_lines_kw", "pd_line_kw", "contour_kw", "centered")
        look = {name: settings.pop(name) for name in names if name in settings}
        if feature_names is None:
            feature_names = (
                [*X.columns] if is_frame(X) else [f"x{i}" for i in range(np.shape(X)[1])]
            )
        known = [*feature_names]
        places: list[tuple[int, ...]] = []
        for feature in features:
            pair = (feature,) if isinstance(feature, (str, int, np.integer)) else feature
            places.append(
                tuple(
                    known.index(f) if f in known and isinstance(f, str) else place(X, f)
                    for f in pair
                )
            )
        if max(map(len, places)) > 2:
            what = "Each entry in features must be either an int, a string, or a pair of these."
            raise refusal(ValueError, what, "features=[0, 1, (0, 1)]")
        kinds = [kind] * len(places) if isinstance(kind, str) else [*kind]
        if len(kinds) != len(places):
            what = f"kind has {len(kinds)} words for {len(places)} features."
            raise refusal(ValueError, what, "a word for each feature, or one for all")
        for pair, each in zip(places, kinds, strict=True):
            if len(pair) == 2 and each != "average":
                what = f"Two features {pair} have one map, the average, not kind={each!r}."
                raise refusal(ValueError, what, "kind=['average', ...], a word for each entry")
        target = _target_number(estimator, target)
        found = [
            partial_dependence(estimator, X, pair, kind=each, **settings)
            for pair, each in zip(places, kinds, strict=True)
        ]
        levels = np.arange(1, 10) / 10
        deciles = {
            i: np.quantile(np.asarray(column(X, i), dtype=float), levels)
            for i in {*np.concatenate([np.array(pair) for pair in places]).tolist()}
            if np.asarray(column(X, i)).dtype.kind in "biuf"
        }
        made = cls(
            found, features=places, feature_names=known, target_idx=target, deciles=deciles,
            kind=kinds, subsample=subsample, random_state=random_state,
        )  # fmt: skip
        return made.plot(ax=ax, **look)


def _target_number(estimator: Any, target: Any) -> int:
    classes = getattr(estimator, "classes_", None)
    if classes is None or len(classes) <= 2:
        return 0 if target is None or classes is not None else int(target)
    if target is None:
        what = "target must be specified for multi-class."
        raise refusal(ValueError, what, f"target={np.asarray(classes).tolist()[0]!r}")
    if target not in classes:
        raise refusal(ValueError, f"target not in est.classes_, got {target}.", f"one of {classes}")
    return int(np.flatnonzero(np.asarray(classes) == target)[0])


def plot_tree(
    decision_tree: Any,
    *,
    max_depth: int | None = None,
    feature_names: Any = None,
    class_names: Any = None,
    fontsize: float | None = None,
    ax: Any = None,
    **look: Any,
) -> list[Any]:
    """A decision tree, as `viz.tree` draws it; returns the texts of its boxes.

    scikit-learn's other settings of the look, such as `filled` and `rounded`, are accepted and not needed.
    """
    unknown = {*look} - {
        "label", "filled", "impurity", "node_ids", "proportion", "rounded", "precision"
    }  # fmt: skip
    if unknown:
        what = f"plot_tree got an unexpected keyword argument {min(unknown)!r}."
        raise refusal(TypeError, what, "max_depth, feature_names, class_names, fontsize, ax")
    if isinstance(class_names, bool):
        class_names = None
    drawn = tree(
        decision_tree, feature_names=feature_names, class_names=class_names, max_depth=max_depth, ax=ax
    )  # fmt: skip
    for text in drawn.texts if fontsize is not None else ():
        text.set_fontsize(fontsize)
    return [text for text in drawn.texts if text.get_bbox_patch() is not None]
