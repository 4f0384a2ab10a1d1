"""The errors of a regression."""

from typing import Any, Self

import numpy as np

from models.foundation.randomness import random_state as generator
from models.metrics.reading import array
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE
from tinygrad_edu.viz.displays.base import REFERENCE, PredictionsDisplay, sample_size


class PredictionErrorDisplay(PredictionsDisplay):
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
        """Draws a point for each row, and the line of no error.

        kind   "residual_vs_predicted" or "actual_vs_predicted"
        """
        if kind not in ("residual_vs_predicted", "actual_vs_predicted"):
            what = f"`kind` must be one of actual_vs_predicted, residual_vs_predicted. Got {kind!r} instead."
            raise refusal(ValueError, what, "'actual_vs_predicted'")
        ax = self._axes(ax)
        x = self.y_pred
        if kind == "actual_vs_predicted":
            y = self.y_true
            ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
            no_error = ends
            ax.set(ylabel="Actual values")
            ax.set_aspect("equal", adjustable="datalim")
        else:
            y = self.y_true - x
            ends = np.array([x.min(), x.max()])
            no_error = np.zeros(2)
            ax.set(ylabel="Residuals (actual - predicted)")
        ax.set(xlabel="Predicted values")
        (self.line_,) = ax.plot(ends, no_error, **{**REFERENCE, **(line_kwargs or {})})
        style = {"color": BLUE, "alpha": 0.7, "s": 18, "linewidth": 0, **(scatter_kwargs or {})}
        self.scatter_ = ax.scatter(x, y, **style)
        return self

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        subsample: Any = 1000,
        random_state: Any = None,
        **look: Any,
    ) -> Self:
        """Shows predictions, or if there are many, some that are drawn at random.

        subsample   the largest number of rows, or a fraction of them; None for all
        look        the arguments of plot
        """
        y_true, y_pred = array(y_true), array(y_pred)
        n = len(y_true)
        drawn = sample_size(subsample, n)
        if drawn <= 0:
            what = f"subsample={subsample} should be positive."
            raise refusal(ValueError, what, "subsample=1000")
        if drawn < n:
            rows = generator(random_state).choice(np.arange(n), size=drawn)
            y_true, y_pred = y_true[rows], y_pred[rows]
        return cls(y_true=y_true, y_pred=y_pred).plot(**look)
