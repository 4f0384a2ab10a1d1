"""How good is a prediction, in numbers that people use? (prediction, truth) -> number or table."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.tensor import value


def accuracy(scores: Any, labels: Any) -> float:
    """The share of samples whose largest score stands at their label. scores: (n, K), labels: (n,)"""
    scores, labels = np.asarray(value(scores)), np.asarray(value(labels))
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            f"accuracy takes scores (n, K) and labels (n,), not {scores.shape} and {labels.shape}."
            f"{user_line()}"
        )
    return float(np.count_nonzero(scores.argmax(axis=1) == labels)) / len(labels)


def confusion_matrix(labels: Any, predicted: Any, classes: int) -> np.ndarray:
    """counts[i, j]: samples of class i that were taken for class j. labels, predicted: (n,)"""
    pairs = np.asarray(labels) * classes + np.asarray(predicted)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
