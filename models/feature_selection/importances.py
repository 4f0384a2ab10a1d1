"""How important each feature is to a fitted model."""

import operator
from typing import Any

import numpy as np

from models.foundation import choice, function
from models.foundation.fields import Parameter
from models.foundation.sparse import dense
from tinygrad_edu.diagnostics.words import refusal


def getter() -> Any:
    """The parameter for `importances`."""
    named = Parameter("auto", lambda x: isinstance(x, str), "the name of an attribute")
    return choice("auto") | named | function(
        doc="where the fitted estimator has its importances: in coef_ or feature_importances_, in the "
        "attribute of this name, or a function of the estimator"
    )  # fmt: skip


def importances(estimator: Any, getter: Any) -> np.ndarray:
    """Those of a fitted estimator, (features,), or one row for each class or target."""
    if callable(getter):
        return np.asarray(getter(estimator))
    if getter != "auto":
        return np.asarray(operator.attrgetter(getter)(estimator))
    for name in ("coef_", "feature_importances_"):
        if hasattr(estimator, name):
            return dense(getattr(estimator, name))
    kind = type(estimator).__name__
    what = (
        f"when `importance_getter=='auto'`, the underlying estimator {kind} should have `coef_` or "
        "`feature_importances_` attribute."
    )
    raise refusal(ValueError, what, "importance_getter=a function")
