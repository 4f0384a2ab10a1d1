"""Small problems for each kind of estimator, used by its tests."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation.fields import REQUIRED

SAMPLES, FEATURES, GROUPS = 60, 4, 3


def has_defaults(kind: Any) -> bool:
    """Can it be made without arguments?"""
    return all(parameter.default is not REQUIRED for parameter in kind._parameters.values())


def example_for_checks(kind: Any) -> Any:
    """An estimator for scikit-learn's checks: with its defaults, or the first example if some have none."""
    if has_defaults(kind):
        return kind(**kind.checked_with)
    return next(iter(kind.examples(np.random.default_rng(0))))[0]


def examples_of_kind(
    kind: Any, rng: np.random.Generator, samples: int = SAMPLES, features: int = FEATURES
) -> Iterator[tuple[Any, Any, Any]]:
    """(estimator, X, y): groups to separate, or numbers that depend on X, depending on the kind."""
    if not has_defaults(kind):
        return  # such an estimator defines its own examples
    estimator = kind()
    if "random_state" in kind._parameters:
        estimator.set_params(random_state=0)
    labels = np.arange(samples) % GROUPS
    X = 2.0 * rng.normal(size=(GROUPS, features))[labels] + rng.normal(size=(samples, features))
    if kind.nonnegative_X:
        X = np.abs(X)
    if kind.kind == "classifier":
        if kind.several_classes:
            yield estimator, X, labels
        yield estimator, X, np.array(["no", "yes", "yes"])[labels]
    elif kind.kind == "regressor":
        yield estimator, X, numbers(X, rng, kind)
        if kind.several_targets:
            yield estimator, X, np.stack([numbers(X, rng, kind) for _ in range(2)], axis=1)
    else:
        yield estimator, X, labels


def numbers(X: np.ndarray, rng: np.random.Generator, kind: Any) -> np.ndarray:
    """Targets that depend on X linearly, or through exp if they must be positive."""
    η = X @ rng.normal(size=X.shape[1]) / 4 + 0.1 * rng.normal(size=len(X))
    return η if kind.y_at_least is None and kind.y_above is None else np.exp(η)


def named(name: str) -> Any:
    """An estimator that `models` exports, for the examples of those that combine others."""
    return getattr(importlib.import_module("models"), name)
