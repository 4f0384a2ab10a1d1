"""The confusion matrix."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from models.foundation.sklearn_bridge import kind_of
from models.metrics.confusion import confusion_matrix
from models.metrics.reading import array
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import confusion
from tinygrad_edu.viz.displays.base import PredictionsDisplay


class ConfusionMatrixDisplay(PredictionsDisplay):
    """The confusion matrix, as `viz.confusion` draws it, or with `cmap` in the colors of matplotlib.

    text_   the texts of the cells; None for those that are 0, which have none
    """

    def __init__(self, confusion_matrix: Any, *, display_labels: Any = None):
        self.confusion_matrix = confusion_matrix
        self.display_labels = display_labels

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
        """Draws the matrix. With `cmap` or `im_kw` it is an image of matplotlib, beside a color bar."""
        counts = np.asarray(self.confusion_matrix)
        ax = confusion(counts, self.display_labels, ax=self._axes(ax))
        image = None
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
            column, row = (int(at) for at in text.get_position())
            value, texts[row, column] = counts[row, column], text
            if image is not None:
                brightness = np.mean(image.cmap(image.norm(value))[:3])
                text.set_color("white" if brightness < 0.5 else "black")
            if values_format is not None:
                text.set_text(format(value, values_format))
            text.update(dict(text_kw or {}))
        if xticks_rotation is not None:
            degrees = {"horizontal": 0, "vertical": 90}.get(xticks_rotation, xticks_rotation)
            ax.tick_params(axis="x", rotation=degrees)
        ax.set(xlabel="Predicted label", ylabel="True label")
        return self

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Shows the predictions for X. The settings are those of from_predictions."""
        if kind_of(estimator) != "classifier":
            what = f"{cls.__name__}.from_estimator only supports classifiers, not {estimator!r}."
            raise refusal(ValueError, what, "from_predictions(y, classes)")
        if settings.get("display_labels") is None and settings.get("labels") is None:
            settings["labels"] = _all_labels(y, estimator.classes_)
        return super().from_estimator(estimator, X, y, **settings)

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
        """Shows how often each class was predicted as each other.

        labels           the classes, in the order of the rows and columns
        normalize        shows fractions instead of counts: "true" of each row, "pred" of each column, "all"
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
