"""What all displays share: the axes, and how settings and samples are read."""

import inspect
import sys
from typing import Any, ClassVar, Self

from tinygrad_edu.viz.curves import axes_for

# The style of a line to compare with, such as that of a classifier that guesses.
REFERENCE = {"color": "#404040", "linestyle": "--", "linewidth": 1.2}


class Display:
    """The base of all displays, with the axes and the figure of the last `plot`."""

    ax_: Any
    figure_: Any
    plot: ClassVar[Any]  # which each subclass writes

    def _axes(self, ax: Any, width: float = 5.2, height: float = 4.4) -> Any:
        """`ax`, or axes on a new figure."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if ax is None and pyplot is not None:  # a new figure, as in scikit-learn
            pyplot.figure(figsize=(width, height), layout="constrained")
        self.ax_ = axes_for(ax, width, height)
        self.figure_ = self.ax_.figure
        return self.ax_

    @classmethod
    def _pop_look(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Moves the arguments of `plot` out of the settings."""
        names = inspect.signature(cls.plot).parameters
        return {name: settings.pop(name) for name in names if name in settings}


class PredictionsDisplay(Display):
    """A display that compares predictions with the truth. A subclass writes `from_predictions`."""

    from_predictions: ClassVar[Any]

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Shows the predictions for X. The settings are those of from_predictions."""
        return cls.from_predictions(y, estimator.predict(X), **settings)


def sample_size(subsample: float | None, n: int) -> int:
    """The number of rows to draw: `subsample` is a number of rows, a fraction of them, or None for all n."""
    if subsample is None:
        return n
    return min(n, int(n * subsample) if isinstance(subsample, float) else subsample)
