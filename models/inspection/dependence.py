"""Partial dependence.

Source: J. Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29
(2001), section 8.2; T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, section
10.13.2; A. Goldstein and others, Peeking inside the black box (2015), for the curves of single rows.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.bunch import Bunch
from models.foundation.sklearn_bridge import kind_of
from models.inspection.columns import column, place, table, with_column
from models.metrics.scorers import response
from tinygrad_edu.diagnostics.words import refusal


def partial_dependence(
    estimator: Any,
    X: Any,
    features: Any,
    *,
    sample_weight: Any = None,
    categorical_features: Sequence[Any] | None = None,
    response_method: str = "auto",
    percentiles: tuple[float, float] = (0.05, 0.95),
    grid_resolution: int = 100,
    custom_values: Mapping[Any, Any] | None = None,
    method: str = "auto",
    kind: str = "average",
) -> Bunch:
    """The mean prediction over the rows of X, with one or more features set to each value of a grid.

        f_S(x_S) = mean over i of f(x_S, the other features of row i)

    estimator              fitted: a regressor's predictions, a classifier's probabilities or scores
    features               a feature or several, by number or name
    categorical_features   those whose grid is all their values
    percentiles            where the grid of a feature of many values begins and ends
    grid_resolution        points of the grid; a feature of fewer values has these as its grid
    custom_values          feature -> its grid
    method                 "brute", the formula above; "recursion" for trees: see `on_the_ways_down`; "auto"
                           is "brute"
    kind                   "average"; "individual" for the curve of each row; "both"

    The result has `grid_values`, one array for each feature, and `average`, (outputs, points of the first
    feature, ...), `individual` (outputs, rows, points, ...). Of two classes there is one output, the second.

    For trees, forests and boosters scikit-learn's "auto" is "recursion".

    Rows that no data are like may be among those averaged, if features depend on each other.

    Raises ValueError for a feature that X does not have, integer columns (a grid would round), percentiles
    that are not ascending within [0, 1], and a grid of fewer than two points.
    """
    X = table(X)
    asked = [features] if isinstance(features, (str, int, np.integer)) else [*features]
    places = [place(X, feature) for feature in asked]
    categorical = {place(X, feature) for feature in categorical_features or ()}
    given = {place(X, feature): np.asarray(of) for feature, of in (custom_values or {}).items()}
    if not 0 <= percentiles[0] < percentiles[1] <= 1:
        what = f"percentiles={percentiles!r} are not two ascending fractions from 0 to 1."
        raise refusal(ValueError, what, "percentiles=(0.05, 0.95)")
    if grid_resolution <= 1:
        what = f"'grid_resolution' must be strictly greater than 1, not {grid_resolution}."
        raise refusal(ValueError, what, "grid_resolution=100")
    grids = []
    for i, feature in zip(places, asked, strict=True):
        values = column(X, i)
        if i not in categorical and values.dtype.kind in "iu":
            what = f"The column {feature!r} contains integer data, which a grid would round."
            raise refusal(
                ValueError, what, f"X.astype(float), or categorical_features=[{feature!r}]"
            )
        if i in given:
            grids.append(given[i])
        else:
            grids.append(_grid(values, i in categorical, percentiles, grid_resolution))
    if method not in ("auto", "brute", "recursion"):
        raise refusal(ValueError, f"method={method!r} is not supported.", "'brute' or 'recursion'")
    if method == "recursion":
        if kind != "average" or sample_weight is not None or response_method not in (
            "auto", "decision_function",
        ):  # fmt: skip
            what = "method='recursion' gives the average of equally weighted scores alone."
            raise refusal(ValueError, what, "method='brute'")
        points = np.array([*product(*grids)])
        shape = [len(grid) for grid in grids]
        average = on_the_ways_down(estimator, points, places).reshape(-1, *shape)
        return Bunch(grid_values=grids, average=average)
    if response_method == "auto":
        of_classes = ("predict_proba", "decision_function")
        methods: Any = "predict" if kind_of(estimator) == "regressor" else of_classes
    else:
        methods = response_method
    curves = []
    for point in product(*grids):
        moved = X
        for i, value in zip(places, point, strict=True):
            moved = with_column(moved, i, value)
        curves.append(np.asarray(response(estimator, methods, moved), float))
    sizes = [len(grid) for grid in grids]
    individual = _outputs(np.array(curves), kind_of(estimator)).reshape(
        -1, frames.samples(X), *sizes
    )
    found = Bunch(grid_values=grids)
    if kind in ("average", "both"):
        found.average = np.average(individual, axis=1, weights=sample_weight)
    if kind in ("individual", "both"):
        found.individual = individual
    return found


def on_the_ways_down(estimator: Any, points: np.ndarray, features: list[int]) -> np.ndarray:
    """The mean prediction of trees, averaged over the rows of fit: (1, points), by Friedman's weighted ways.

    A point goes down from the root with weight 1. Where a node asks about one of the features, it goes to the
    child that the answer names; elsewhere to both, with the parts of the weight that the rows of fit have
    there. The result is the weighted mean of the leaves: of a forest the mean over its trees, of a booster
    learning_rate times their sum, without the constant with which it begins.
    """
    trees = (
        [estimator]
        if hasattr(estimator, "tree_")
        else np.ravel(vars(estimator).get("estimators_", []))
    )
    grown = [getattr(each, "tree_", None) for each in trees]
    single = len(grown) > 0 and all(tree is not None and tree.value.shape[1] == 1 for tree in grown)
    boosted = hasattr(estimator, "learning_rate")
    if not single or kind_of(estimator) != "regressor" or (boosted and estimator.init is not None):
        what = f"method='recursion' is for trees, forests and boosters of one target, not {estimator!r}."
        raise refusal(ValueError, what, "method='brute'")
    if any(np.isnan(each.tree_.threshold).any() for each in trees):
        what = "method='recursion' is not for trees that ask about categories."
        raise refusal(ValueError, what, "method='brute'")
    found = sum(_of_tree(each.tree_, points, features) for each in trees)
    return (found * estimator.learning_rate if boosted else found / len(trees))[None]


def _of_tree(tree, points, features):
    points = points.astype(getattr(tree, "dtype", np.float32))  # scikit-learn's trees read float32
    weight = np.zeros((tree.node_count, len(points)))
    weight[0] = 1
    for node, (left, right) in enumerate(zip(tree.children_left, tree.children_right, strict=True)):
        if left == -1:
            continue
        if tree.feature[node] in features:
            share = points[:, features.index(tree.feature[node])] <= tree.threshold[node]
        else:
            n = tree.weighted_n_node_samples
            share = n[left] / n[node]
        weight[left], weight[right] = weight[node] * share, weight[node] * (1 - share)
    leaves = tree.children_left == -1
    return tree.value[leaves, 0, 0] @ weight[leaves]


def _outputs(curves, kind):
    """(outputs, rows, points) of predictions (points, rows) or (points, rows, outputs)."""
    curves = curves[..., None] if curves.ndim == 2 else curves
    if kind == "classifier" and curves.shape[2] == 2:
        curves = curves[..., 1:]
    return curves.transpose(2, 1, 0)


def _grid(values, is_categorical, percentiles, resolution):
    different = np.unique(values)
    if is_categorical or len(different) < resolution:
        return different
    low, high = (_quantile(np.sort(values), p) for p in percentiles)
    if np.isclose(low, high):
        what = f"percentiles={percentiles!r} are too close to each other: the grid has one value, {low:.6g}."
        raise refusal(ValueError, what, "percentiles=(0, 1)")
    return np.linspace(low, high, resolution)


def _quantile(x, p):
    """The p-quantile of sorted x by Cunnane's plotting positions, (i - 0.4) / (n + 0.2)."""
    at = len(x) * p + 0.4 + 0.2 * p
    i = int(np.clip(at, 1, len(x) - 1))
    share = np.clip(at - i, 0, 1)
    return (1 - share) * x[i - 1] + share * x[i]
