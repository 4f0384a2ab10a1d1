"""Displays of the scores that a binary classifier gives to the positive class."""

from typing import Any, ClassVar, Self

import numpy as np

from models.foundation.sklearn_bridge import kind_of
from models.metrics.scorers import response
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import literal
from tinygrad_edu.viz.displays.base import Display


class TwoClassDisplay(Display):
    """A display of the scores of two classes. A subclass writes `from_predictions`."""

    pos_label: Any
    from_predictions: ClassVar[Any]

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
        """Shows the scores that a fitted classifier gives to X.

        The settings are those of from_predictions.
        """
        score, pos_label = score_of(estimator, X, response_method, pos_label)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, score, pos_label=pos_label, name=name, **settings)

    def _label_axes(self, x: str, y: str, word: str) -> None:
        """Labels the axes. If the positive class is known, it is named after `word`."""
        positive = "" if self.pos_label is None else f" ({word}: {literal(self.pos_label)})"
        self.ax_.set(xlabel=x + positive, ylabel=y + positive)


def score_of(estimator: Any, X: Any, method: Any, pos_label: Any) -> tuple[np.ndarray, Any]:
    """The scores of the positive class, which is the second by default, and its label."""
    classes = getattr(estimator, "classes_", None)
    if kind_of(estimator) != "classifier" or classes is None or len(classes) != 2:
        found = "no classifier" if classes is None else f"a classifier of {len(classes)} classes"
        what = f"Expected 'estimator' to be a binary classifier: {type(estimator).__name__} is {found}."
        raise refusal(ValueError, what, "from_predictions(y == label, score of this class)")
    pos_label = classes[1] if pos_label is None else pos_label
    methods = ("predict_proba", "decision_function") if method == "auto" else method
    return response(estimator, methods, X, pos_label), pos_label
