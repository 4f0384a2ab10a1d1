"""Methods of NumPy's ufuncs, such as np.add.reduce and np.multiply.outer, written with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refuse_keywords
from tinygrad_edu.ops.activations import logsumexp
from tinygrad_edu.ops.reductions import running_logsumexp, running_max, running_min
from tinygrad_edu.tensor import METHODS, ROWS


def _along_axis_0(called: str, function: Callable) -> Callable:
    """A ufunc's reduce or accumulate: the function along axis 0 by default."""

    def method(x: Any, axis: Any = 0, **settings: Any) -> Any:
        if not settings.keys() <= {"keepdims"}:
            refuse_keywords(called, settings, ["axis", "keepdims"])
        return function(x, axis=axis, **settings)

    return method


def _outer(ufunc: np.ufunc) -> Callable:
    """All pairs: x gets new axes at its end, as many as w has."""

    def method(x: Any, w: Any, **settings: Any) -> Any:
        if settings:
            refuse_keywords(f"{ufunc.__name__}.outer", settings, [])
        return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(w)), w)

    return method


for _ufunc, _name, _function in (
    (np.add, "reduce", np.sum),
    (np.multiply, "reduce", np.prod),
    (np.maximum, "reduce", np.max),
    (np.minimum, "reduce", np.min),
    (np.logaddexp, "reduce", logsumexp),
    (np.add, "accumulate", np.cumsum),
    (np.multiply, "accumulate", np.cumprod),
    (np.maximum, "accumulate", running_max),
    (np.minimum, "accumulate", running_min),
    (np.logaddexp, "accumulate", running_logsumexp),
):
    METHODS[_ufunc, _name] = _along_axis_0(f"{_ufunc.__name__}.{_name}", _function)
for _known in list(ROWS):
    if isinstance(_known, np.ufunc) and _known.nin == 2 and not _known.signature:
        METHODS[_known, "outer"] = _outer(_known)
