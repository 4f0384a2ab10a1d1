"""The transformers as functions: fitted to X, and applied to the same X.

They are for looking at data. Before a model that will be tested, use the classes in a pipeline: scaled
together with the training set, a test set is no test, since its numbers were used.
"""

from typing import Any

import numpy as np

from models.preprocessing.power import PowerTransformer
from models.preprocessing.quantile_transformer import QuantileTransformer
from models.preprocessing.ranges import MaxAbsScaler, MinMaxScaler, RobustScaler, without_zeros
from models.preprocessing.rows import Binarizer, Normalizer, norms
from models.preprocessing.standard import StandardScaler
from tinygrad_edu.diagnostics.words import refusal


def scale(X: Any, *, axis: int = 0, with_mean: bool = True, with_std: bool = True) -> np.ndarray:
    """The columns of X, or with axis=1 its rows, with mean 0 and variance 1."""
    return _applied(StandardScaler(with_mean=with_mean, with_std=with_std), X, axis)


def minmax_scale(X: Any, feature_range: Any = (0, 1), *, axis: int = 0) -> np.ndarray:
    """The columns of X, or with axis=1 its rows, in the range from a to b."""
    return _applied(MinMaxScaler(feature_range=feature_range), X, axis)


def maxabs_scale(X: Any, *, axis: int = 0) -> np.ndarray:
    """The columns of X, or with axis=1 its rows, divided by max |x|."""
    return _applied(MaxAbsScaler(), X, axis)


def robust_scale(
    X: Any,
    *,
    axis: int = 0,
    with_centering: bool = True,
    with_scaling: bool = True,
    quantile_range: Any = (25.0, 75.0),
    unit_variance: bool = False,
) -> np.ndarray:
    """The columns of X, or with axis=1 its rows, with median 0, and divided by q₃ - q₁."""
    scaler = RobustScaler(
        with_centering=with_centering, with_scaling=with_scaling, quantile_range=quantile_range,
        unit_variance=unit_variance,
    )  # fmt: skip
    return _applied(scaler, X, axis)


def normalize(X: Any, norm: str = "l2", *, axis: int = 1, return_norm: bool = False) -> Any:
    """The rows of X, or with axis=0 its columns, divided by their norms, which return_norm adds."""
    found = _applied(Normalizer(norm=norm), X, 1 - axis)
    if not return_norm:
        return found
    X = np.asarray(X, dtype=np.float64)
    return found, without_zeros(norms(X.T if axis == 0 else X, norm))


def binarize(X: Any, *, threshold: float = 0.0) -> np.ndarray:
    """1 where x > threshold, otherwise 0."""
    return Binarizer(threshold=threshold).fit_transform(X)


def add_dummy_feature(X: Any, value: float = 1.0) -> np.ndarray:
    """X with a constant as its first column."""
    X = Normalizer()._read_table(X)
    return np.column_stack([np.full(len(X), float(value)), X])


def quantile_transform(
    X: Any,
    *,
    axis: int = 0,
    n_quantiles: int = 1000,
    output_distribution: str = "uniform",
    subsample: int | None = 100_000,
    random_state: Any = None,
) -> np.ndarray:
    """The ranks of the values in the columns of X, or with axis=1 in its rows."""
    transformer = QuantileTransformer(
        n_quantiles=n_quantiles, output_distribution=output_distribution, subsample=subsample,
        random_state=random_state,
    )  # fmt: skip
    return _applied(transformer, X, axis)


def power_transform(X: Any, method: str = "yeo-johnson", *, standardize: bool = True) -> np.ndarray:
    """The columns of X to the powers by which they become most like a normal distribution."""
    return _applied(PowerTransformer(method=method, standardize=standardize), X, 0)


def _applied(transformer: Any, X: Any, axis: int) -> np.ndarray:
    """What the transformer makes of X, or with axis=1 of its rows. One axis of numbers is one column."""
    if axis not in (0, 1):
        raise refusal(ValueError, f"axis={axis!r}.", "axis=0 for columns, axis=1 for rows")
    if np.ndim(X) == 1:
        return transformer.fit_transform(np.reshape(X, (-1, 1))).ravel()
    return (
        transformer.fit_transform(X) if axis == 0 else transformer.fit_transform(np.asarray(X).T).T
    )
