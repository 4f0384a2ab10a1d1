"""What kind of target y is, and its labels."""

from typing import Any

import numpy as np

from models.metrics.reading import type_of_target, union
from tinygrad_edu.diagnostics.words import refusal

__all__ = ["check_classification_targets", "type_of_target", "unique_labels"]


def unique_labels(*ys: Any) -> np.ndarray:
    """The different labels of all arrays, in ascending order; of columns of 0 and 1, their numbers."""
    if not ys:
        raise refusal(ValueError, "No argument has been passed.", "unique_labels(y)")
    kinds = {type_of_target(y) for y in ys}
    if kinds == {"multilabel-indicator"}:
        return np.arange(np.shape(ys[0])[1])
    if not kinds <= {"binary", "multiclass"}:
        what = f"Unknown label type: {', '.join(sorted(kinds))}."
        raise refusal(ValueError, what, "classes: text, booleans or integers")
    return union(*ys)


def check_classification_targets(y: Any) -> None:
    """Raises ValueError if y has no classes, but measurements."""
    kind = type_of_target(y)
    if kind.startswith("continuous") or kind == "unknown":
        what = (
            f"Unknown label type: {kind}. Maybe you are trying to fit a classifier, which expects discrete "
            "classes on a regression target with continuous values."
        )
        raise refusal(ValueError, what, "a regressor, if y contains measurements")
