"""Estimators of `models` and their namesakes in scikit-learn: what both learn and predict, side by side.

    from tinygrad_edu.twins import scikit_learn

    print(scikit_learn.compare(Ridge(alpha=2.0), X, y))

scikit-learn is imported when a function is called.
"""

from __future__ import annotations

import copy
import functools
import inspect
import tracemalloc
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from models.foundation import clone
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.twins import estimators_in_keras
from tinygrad_edu.twins.optional import optional
from tinygrad_edu.twins.report import short
from tinygrad_edu.twins.side_by_side import ANSWERS, Comparison, Row, duration

# What `predict` of scikit-learn's estimators needs beyond the documented attributes.
PRIVATE: dict[str, dict[str, Callable[[Any], Any]]] = {
    "KMeans": {"_n_threads": lambda _: 1},
    "LinearDiscriminantAnalysis": {
        "_max_components": lambda twin: twin.n_components or len(twin.classes_) - 1
    },
    "PoissonRegressor": {"_base_loss": lambda twin: twin._get_loss()},
    "GammaRegressor": {"_base_loss": lambda twin: twin._get_loss()},
    "TweedieRegressor": {"_base_loss": lambda twin: twin._get_loss()},
}
NOT_COMPARED = ("n_features_in_", "n_iter_", "labels_")


def twin_of(estimator: Any) -> Any:
    """scikit-learn's unfitted estimator of the same name, with the same settings; None if it has none.

    A solver is mostly no setting: both libraries have their own words for it, and look for the same minimum.
    """
    namesakes = _namesakes()
    twin = namesakes.get(type(estimator).__name__ if estimator.twin is None else estimator.twin)
    if twin is None:
        return None
    known = inspect.signature(twin).parameters
    settings = {n: x for n, x in estimator.get_params(deep=False).items() if n in known}
    if settings.get("solver") not in estimator.twin_solvers:
        settings.pop("solver", None)
    settings = {name: _part_of_twin(value) for name, value in settings.items()}
    return twin(**(settings | dict(estimator.twin_settings)))


def _part_of_twin(value: Any) -> Any:
    """A kernel of a Gaussian process as that of scikit-learn; anything else as it is."""
    if not hasattr(value, "clone_with_theta") or type(value).__module__.startswith("sklearn"):
        return value
    from sklearn.gaussian_process import kernels

    parts = {name: _part_of_twin(part) for name, part in value.get_params(deep=False).items()}
    return getattr(kernels, type(value).__name__)(**parts)


def compare(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    rounds: int = 3,
    against: str = "scikit-learn",
) -> Comparison:
    """Fits a copy of the estimator, and its namesake in scikit-learn, to the same data.

    estimator       of `models`; it is not changed
    X, y            as `fit` takes them
    sample_weight   (samples,): weights of the rows, for both
    rounds          how often each is fitted; the fastest of each counts
    against         "keras" compares loss and gradient with the same model in Keras instead: see
                    `estimators_in_keras.compare`

    The report compares what both learned under the same name in the same shape, what they answer for the
    rows of X, and their scores. Memory is the peak of what Python and NumPy allocate while fitting; what
    scikit-learn's compiled code allocates by itself is not seen.

    Raises TypeError if scikit-learn has no such estimator, and ImportError without scikit-learn.

    >>> from models import Ridge
    >>> print(compare(Ridge(alpha=2.0), X, y))  # doctest: +SKIP
    """
    if against == "keras":
        return estimators_in_keras.compare(
            estimator, X, y, sample_weight=sample_weight, rounds=rounds
        )
    if against != "scikit-learn":
        what = f"against={against!r}: no such library."
        raise refusal(ValueError, what, "'scikit-learn' or 'keras'")
    theirs = _demand_twin(estimator)
    ours = clone(estimator)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    sides = {"ours": ours, "theirs": theirs}
    data = (X,) if y is None else (X, y)
    fits = {side: functools.partial(model.fit, *data, **weights) for side, model in sides.items()}
    memory = {side: _peak(fit) for side, fit in fits.items()}
    seconds = dict.fromkeys(sides, np.inf)
    for _ in range(rounds):
        for side, fit in fits.items():
            seconds[side] = min(seconds[side], duration(fit))
    pairs = {**_learned(ours, theirs), **_answers(ours, theirs, X)}
    if hasattr(ours, "score") and hasattr(theirs, "score"):
        pairs["score"] = tuple(np.asarray(m.score(X, y, **weights)) for m in (ours, theirs))
    rows = [Row(name, *pair) for name, pair in pairs.items()]
    version = optional("sklearn", "the twin", "compare").__version__
    about = f"{ours!r} and scikit-learn {version}, fitted to {len(X)} samples"
    return Comparison(about, rows, seconds, memory)


def to_sklearn(estimator: Any) -> Any:
    """scikit-learn's namesake of a fitted estimator, filled with what it has learned: it predicts the same.

    Some of scikit-learn's estimators need more than their documented attributes. So the result is tried on
    random rows, and refused if it answers anything else.

    Raises TypeError if scikit-learn has no such estimator or it cannot be filled.

    >>> to_sklearn(Ridge().fit(X, y)).predict(X)  # doctest: +SKIP
    """
    theirs = _demand_twin(estimator)
    name = type(estimator).__name__
    X = _tried_rows(estimator)  # raises NotFittedError before fit
    for key, found in vars(estimator).items():
        if key.endswith("_") and not key.startswith("_"):
            with suppress(AttributeError):  # a property there, which follows from the others
                setattr(theirs, key, copy.deepcopy(found))
    for key, make in PRIVATE.get(name, {}).items():
        setattr(theirs, key, make(theirs))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _answers(estimator, theirs, X)
        difference = max(Row(n, *pair).difference for n, pair in found.items())
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise _not_filled(name, f"scikit-learn's says: {error}") from error
    if not difference <= 1e-6:
        raise _not_filled(name, f"the filled one answers differently, by {short(difference)}")
    return theirs


@functools.cache
def _namesakes() -> dict[str, Any]:
    """Name -> class, of all estimators of scikit-learn."""
    optional("sklearn", "the twin of an estimator", "compare")
    from sklearn.utils import all_estimators

    return dict(all_estimators())


def _demand_twin(estimator: Any) -> Any:
    if not hasattr(estimator, "twin_settings"):
        what = f"{type(estimator).__name__} is not an estimator of models."
        raise refusal(TypeError, what, "models.Ridge(), or another name of models.__all__")
    theirs = twin_of(estimator)
    if theirs is None:
        what = f"scikit-learn has no {type(estimator).__name__}."
        raise refusal(
            TypeError, what, "an estimator that both libraries have, such as models.Ridge"
        )
    return theirs


def _not_filled(name: str, why: str) -> Exception:
    what = f"scikit-learn's {name} cannot be filled from outside: {why}."
    return refusal(
        TypeError, what, "fit scikit-learn's own on the data: scikit_learn.twin_of(model).fit(X, y)"
    )


def _peak(fit: Any) -> int:
    """The most bytes that Python and NumPy hold during the fit, beyond those before it."""
    tracemalloc.start()
    try:
        fit()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _learned(ours: Any, theirs: Any) -> dict[str, Any]:
    """Name -> (ours, theirs), of the numbers that both learned in the same shape."""
    found = {}
    for name in vars(ours):
        if not name.endswith("_") or name.startswith("_") or name in NOT_COMPARED:
            continue
        try:
            a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        except (AttributeError, ValueError):
            continue
        if a.shape == b.shape and a.dtype.kind in "fiub" and b.dtype.kind in "fiub":
            found[name] = (a, b)
    return found


def _answers(ours: Any, theirs: Any, X: Any) -> dict[str, Any]:
    """Method -> (ours, theirs), of the answers that both give for the rows of X."""
    found = {}
    for name in ANSWERS:
        if hasattr(ours, name) and hasattr(theirs, name):
            pair = [getattr(model, name) for model in (ours, theirs)]
            a, b = (value(X) if callable(value) else value for value in pair)
            if np.shape(a) == np.shape(b):
                found[name] = (a, b.toarray() if hasattr(b, "toarray") else b)
    return found


def _tried_rows(estimator: Any) -> Any:
    """Random rows for a fitted estimator, in a data frame if it was fitted to one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, estimator.n_features_in_))
    X = np.abs(X) if estimator.nonnegative_X else X
    names: Iterable[str] | None = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return X
    return optional("pandas", "named columns", "compare").DataFrame(X, columns=names)
