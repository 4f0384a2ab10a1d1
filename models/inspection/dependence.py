"""Partial dependence: what a fitted model predicts in the mean, if a column has one value in all rows.

Source: J. Friedman, Greedy function approximation: a gradient boosting machine (2001), section 8.2; A.
Goldstein et al., Peeking inside the black box (2015), for the curves of single rows.
"""

import itertools
from typing import Any

import numpy as np

from models.datasets.real import Bunch
from models.foundation import frames
from models.foundation.sklearn_bridge import kind_of
from models.inspection.importance import with_column
from models.metrics.reading import array, weights
from models.metrics.scorers import response
from tinygrad_edu.diagnostics.words import refusal


def partial_dependence(
    estimator: Any,
    X: Any,
    features: Any,
    *,
    sample_weight: Any = None,
    categorical_features: Any = None,
    feature_names: Any = None,
    response_method: str = "auto",
    percentiles: tuple[float, float] = (0.05, 0.95),
    grid_resolution: int = 100,
    custom_values: Any = None,
    method: str = "auto",
    kind: str = "average",
) -> Bunch:
    """grid_values, and the `average` prediction at each point of the grid: (outputs, values, ...).

    features               a column, or several: numbers or names
    categorical_features   columns whose grid has all their values
    percentiles            the ends of the grid of a column with more values than grid_resolution
    custom_values          {column: values} in place of a grid
    kind                   "average"; "individual": the prediction of each row, (outputs, rows, values, ...);
                           or "both"

    It predicts all rows for every point (scikit-learn's method "brute").
    """
    if method not in ("auto", "brute"):
        what = f"method={method!r}: only 'brute' is here, which suits every model."
        raise refusal(ValueError, what, "method='auto'")
    task = kind_of(estimator)
    if task not in ("classifier", "regressor"):
        what = "'estimator' must be a fitted regressor or classifier."
        raise refusal(ValueError, what, "a model that predicts")
    X = X if frames.is_frame(X) else np.asarray(X)
    names = list(feature_names) if feature_names is not None else frames.column_names(X)
    listed = [features] if isinstance(features, (str, int, np.integer)) else list(features)
    chosen = [_number(each, names, X.shape[1]) for each in listed]
    whole = {_number(each, names, X.shape[1]) for each in _categories(categorical_features)}
    given = {_number(key, names, X.shape[1]): v for key, v in (custom_values or {}).items()}
    grids = [
        np.asarray(given[column])
        if column in given
        else _grid(array(_column(X, column)), column in whole, percentiles, grid_resolution)
        for column in chosen
    ]
    if response_method == "auto":
        methods: Any = "predict" if task == "regressor" else ("predict_proba", "decision_function")
    else:
        methods = response_method
    weight = weights(sample_weight, frames.samples(X))
    found = []
    for point in itertools.product(*grids):
        changed = X
        for column, value in zip(chosen, point, strict=True):
            changed = with_column(changed, column, value, rows=False)
        found.append(np.asarray(response(estimator, methods, changed)))
    predictions = np.stack(found)  # (points, rows) or (points, rows, outputs)
    predictions = predictions[..., None] if predictions.ndim == 2 else predictions
    shape = [len(grid) for grid in grids]
    bunch = Bunch(grid_values=grids)
    if kind in ("average", "both"):
        means = np.average(predictions, axis=1, weights=weight)
        bunch.average = means.T.reshape(-1, *shape)
    if kind in ("individual", "both"):
        rows = predictions.transpose(2, 1, 0)
        bunch.individual = rows.reshape(*rows.shape[:2], *shape)
    if kind not in ("average", "individual", "both"):
        raise refusal(
            ValueError, f"kind={kind!r}: no such kind.", "'average', 'individual' or 'both'"
        )
    return bunch


def _number(column: Any, names: Any, width: int) -> int:
    if isinstance(column, str):
        if names is None or column not in list(names):
            what = f"Feature {column!r} not in feature_names."
            raise refusal(ValueError, what, "the number of the column, or feature_names=[...]")
        return list(names).index(column)
    if not 0 <= column < width:
        what = f"all features must be in [0, {width - 1}], got {column}."
        raise refusal(ValueError, what, "the number of a column")
    return int(column)


def _categories(given: Any) -> list[Any]:
    if given is None:
        return []
    found = np.asarray(given)
    return np.flatnonzero(found).tolist() if found.dtype == bool else found.tolist()


def _column(X: Any, column: int) -> Any:
    if hasattr(X, "iloc"):
        return X.iloc[:, column]
    return X[X.columns[column]] if frames.is_frame(X) else X[:, column]


def _grid(values, whole, percentiles, resolution):
    """All values of a column, if they are few; otherwise equal steps between its percentiles."""
    distinct = np.unique(values)
    if whole or len(distinct) < resolution:
        return distinct
    low, high = (_quantile(np.sort(values.astype(np.float64)), level) for level in percentiles)
    if np.isclose(low, high):
        what = "percentiles are too close to each other, unable to build the grid."
        raise refusal(ValueError, what, "percentiles=(0, 1)")
    return np.linspace(low, high, resolution)


def _quantile(ordered: np.ndarray, level: float) -> float:
    """Cunnane's quantile, type 9 of Hyndman and Fan with 0.4, as in scipy.stats.mstats.mquantiles."""
    n = len(ordered)
    place = n * level + 0.4 + level * 0.2
    k = int(np.floor(np.clip(place, 1, n - 1)))
    part = float(np.clip(place - k, 0, 1))
    return (1 - part) * ordered[k - 1] + part * ordered[k]
