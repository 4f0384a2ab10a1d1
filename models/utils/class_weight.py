"""Weights that make up for rare classes: "balanced" gives each class the same total weight, n / (K n_k)."""

from typing import Any

import numpy as np

from models.foundation.targets import class_weights
from models.metrics.reading import array, column
from tinygrad_edu.diagnostics.words import refusal


def compute_class_weight(
    class_weight: Any, *, classes: Any, y: Any, sample_weight: Any = None
) -> np.ndarray:
    """The weight of each of the classes: 1 for None, n / (K n_k) for "balanced", or label -> weight.

    Raises ValueError for a label of y that is not among the classes.
    """
    y, classes = column(y), np.asarray(classes)
    if not np.isin(y, classes).all():
        what = "classes should include all valid labels that can be in y."
        raise refusal(ValueError, what, "classes=np.unique(y)")
    if class_weight is None or len(classes) == 0:
        return np.ones(len(classes))
    if isinstance(class_weight, str) and class_weight != "balanced":
        what = f"class_weight={class_weight!r} is not supported."
        raise refusal(ValueError, what, "'balanced', or a dict: label -> weight")
    if class_weight == "balanced":
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
        mass = np.array([weight[y == label].sum() for label in classes])
        if (mass == 0).any():
            what = "classes should have valid labels that are in y."
            raise refusal(ValueError, what, "classes=np.unique(y)")
        return weight.sum() / (len(classes) * mass)
    return class_weights(class_weight, classes, y, np.ones(len(y)), None)


def compute_sample_weight(class_weight: Any, y: Any, *, indices: Any = None) -> np.ndarray:
    """The weight of the class of each row; of several columns of classes, the product of their weights.

    class_weight   None, "balanced", label -> weight, or for several columns a list of dicts
    indices        rows, possibly repeated, whose classes are counted: a class that has none has weight 0
    """
    table = array(y)
    table = table.reshape(len(table), -1)
    several = isinstance(class_weight, (list, tuple))
    if several and len(class_weight) != table.shape[1]:
        what = (
            f"class_weight has {len(class_weight)} elements for the {table.shape[1]} columns of y."
        )
        raise refusal(ValueError, what, "a dict for each column")
    if indices is not None and class_weight != "balanced":
        what = "The only valid class_weight for subsampling is 'balanced'."
        raise refusal(ValueError, what, "indices=None")
    weight = np.ones(len(table))
    for k, labels in enumerate(table.T):
        chosen = class_weight[k] if several else class_weight
        counted = labels if indices is None else labels[np.asarray(indices)]
        classes, place = np.unique(labels, return_inverse=True)
        present = np.unique(counted)
        if isinstance(chosen, dict):
            chosen = {label: w for label, w in chosen.items() if label in classes.tolist()}
        found = np.zeros(len(classes))
        known = np.searchsorted(classes, present)
        found[known] = compute_class_weight(chosen, classes=present, y=counted)
        weight *= found[place]
    return weight
