"""Estimators inside estimators: unfitted copies, fitted with the arguments that they accept.

Any object with `get_params` and `fit` may be a part: an estimator of ours, or one of scikit-learn's.
"""

import copy
import inspect
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

# scikit-learn's `clone` copies these as well: the settings of set_output and set_fit_request.
SETTINGS = ("_sklearn_output_config", "_metadata_request")


def clone(estimator: Any) -> Any:
    """An unfitted estimator with the same parameters; for a list, a list of clones.

    Parameters are copied too, and estimators among them cloned. Raises TypeError for other objects, and
    RuntimeError if `__init__` does not store its arguments as they are.
    """
    if isinstance(estimator, (list, tuple)):
        return type(estimator)([clone(part) for part in estimator])
    if isinstance(estimator, type):
        what = f"cannot clone the class {estimator.__name__}: it is not an estimator."
        raise refusal(TypeError, what, f"{estimator.__name__}()")
    if not hasattr(estimator, "get_params"):
        what = f"cannot clone {estimator!r}: it is not an estimator."
        raise refusal(TypeError, what, "an object with get_params and fit")
    if hasattr(estimator, "__sklearn_clone__"):
        return estimator.__sklearn_clone__()
    params = estimator.get_params(deep=False)
    params = {name: _copied(value) for name, value in params.items()}
    made = type(estimator)(**params)
    stored = made.get_params(deep=False)
    if changed := [name for name, value in params.items() if stored[name] is not value]:
        what = f"Cannot clone {estimator!r}: its __init__ does not store the parameter {changed[0]} as it is."
        raise refusal(
            RuntimeError, what, f"self.{changed[0]} = {changed[0]}, and changes of it in fit"
        )
    for name in SETTINGS:
        if name in vars(estimator):
            vars(made)[name] = copy.deepcopy(vars(estimator)[name])
    return made


def _copied(value: Any) -> Any:
    """A copy of the value of a parameter, in which estimators are unfitted."""
    if hasattr(value, "get_params"):
        return fresh(value)
    if type(value) in (list, tuple):
        return type(value)(_copied(part) for part in value)
    if type(value) is dict:
        return {key: _copied(part) for key, part in value.items()}
    return copy.deepcopy(value)


def fresh(value: Any) -> Any:
    """The value of a parameter; of an estimator an unfitted clone."""
    return clone(value) if hasattr(value, "get_params") and not isinstance(value, type) else value


def takes_weights(estimator: Any) -> bool:
    """Does its `fit` have the argument sample_weight?"""
    return "sample_weight" in inspect.signature(estimator.fit).parameters


def fit_clone(estimator: Any, X: Any, y: Any = None, weight: Any = None) -> Any:
    """A fitted clone. Raises ValueError for weights other than 1 if its `fit` does not take them."""
    made = clone(estimator)
    if weight is None or (not takes_weights(made) and np.all(weight == 1)):
        return made.fit(X, y)
    if not takes_weights(made):
        what = f"{type(made).__name__}.fit has no argument sample_weight."
        raise refusal(ValueError, what, "sample_weight=None, or an estimator that takes weights")
    return made.fit(X, y, sample_weight=weight)
