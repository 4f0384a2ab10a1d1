"""Estimators inside estimators: copies that have learned nothing, fitted with what they can use.

Whatever has `get_params` and `fit` may be a part: an estimator of ours, or one of scikit-learn's.
"""

import copy
import inspect
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

# What scikit-learn's `clone` copies as well: the choices of set_output and set_fit_request.
SETTINGS = ("_sklearn_output_config", "_metadata_request")


def clone(estimator: Any) -> Any:
    """An estimator with the same parameters that has learned nothing; for a list, a list of clones.

    Parameters are copied too, estimators among them cloned. Raises TypeError for what is no estimator.
    """
    if isinstance(estimator, (list, tuple)):
        return type(estimator)([clone(part) for part in estimator])
    if isinstance(estimator, type):
        what = f"cannot clone the class {estimator.__name__}: it is no estimator."
        raise refusal(TypeError, what, f"{estimator.__name__}()")
    if not hasattr(estimator, "get_params"):
        what = f"cannot clone {estimator!r}: it is no estimator."
        raise refusal(TypeError, what, "an object with get_params and fit")
    if hasattr(estimator, "__sklearn_clone__"):
        return estimator.__sklearn_clone__()
    params = estimator.get_params(deep=False)
    made = type(estimator)(**{name: _copied(value) for name, value in params.items()})
    for name in SETTINGS:
        if name in vars(estimator):
            vars(made)[name] = copy.deepcopy(vars(estimator)[name])
    return made


def _copied(value: Any) -> Any:
    """A copy of the value of a parameter, in which estimators have learned nothing."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return clone(value)
    if type(value) in (list, tuple):
        return type(value)(_copied(part) for part in value)
    if type(value) is dict:
        return {key: _copied(part) for key, part in value.items()}
    return copy.deepcopy(value)


def takes_weights(estimator: Any) -> bool:
    """Has its `fit` an argument sample_weight?"""
    return "sample_weight" in inspect.signature(estimator.fit).parameters


def fit_clone(estimator: Any, X: Any, y: Any = None, weight: Any = None) -> Any:
    """A fitted clone. Weights that are not all one are refused if its `fit` does not take them."""
    made = clone(estimator)
    if weight is None or (not takes_weights(made) and np.all(weight == 1)):
        return made.fit(X, y)
    if not takes_weights(made):
        what = f"{type(made).__name__}.fit takes no sample_weight."
        raise refusal(ValueError, what, "sample_weight=None, or an estimator that takes weights")
    return made.fit(X, y, sample_weight=weight)
