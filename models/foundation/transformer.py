"""Transformers: estimators that compute new columns from the columns of X, and name them."""

import inspect
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from models.foundation import frames, sklearn_bridge
from models.foundation.conditional import where
from models.foundation.estimator import Estimator
from tinygrad_edu.diagnostics.words import refusal


class Transformer(Estimator):
    """Computes new columns from those of X. A subclass writes `_transform`: checked X -> new columns.

    `_inverse_transform` is its inverse. `_names_out` gives names to the new columns.
    """

    _transform: ClassVar[Any]
    _inverse_transform: ClassVar[Any]

    @where("_transform")
    def transform(self, X: Any) -> Any:
        """The new columns for each row of X, an array or what `set_output` asks for."""
        return self._contained(self._transform(self._check(X)), X)

    def fit_transform(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns the new columns for each row of X. Arguments go to `fit` or to `transform`."""
        later = given.keys() & inspect.signature(self.transform).parameters.keys()
        fitted = self.fit(X, y, **{name: x for name, x in given.items() if name not in later})
        return fitted.transform(X, **{name: given[name] for name in later})

    @where("_inverse_transform")
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Rows of the original columns which `transform` turns into X, or nearly."""
        width = len(self.get_feature_names_out())
        found = self._read_table(X)
        if found.shape[1] != width:
            what = f"{type(self).__name__} transforms into {width} columns, X has {found.shape[1]}."
            raise refusal(ValueError, what, "what transform(X) has returned")
        return self._inverse_transform(found)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns of transform(X)."""
        if self.requires_fit:
            self._require_fit()
        names = vars(self).get("feature_names_in_")
        width = vars(self).get("n_features_in_")
        if input_features is not None:
            given = np.asarray(input_features, dtype=object)
            if names is not None and not np.array_equal(given, names):
                what = "input_features is not equal to feature_names_in_."
                raise refusal(ValueError, what, "no argument: the names are known from fit")
            if width is not None and len(given) != width:
                what = (
                    f"input_features should have length equal to number of features ({width}), "
                    f"got {len(given)}."
                )
                raise refusal(ValueError, what, "a name for each column of X")
            names = given
        if names is None:
            names = np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        return np.array(list(self._names_out(names)), dtype=object)

    def _names_out(self, names: np.ndarray) -> Iterable[str]:
        """Names of the new columns, given those of the old: for example kmeans0, kmeans1, ..."""
        width = self._transform(np.zeros((1, self.n_features_in_))).shape[1]
        return [f"{type(self).__name__.lower()}{i}" for i in range(width)]

    def set_output(self, *, transform: str | None = None) -> Any:
        """Chooses what `transform` returns: "default" for arrays, "pandas" or "polars". Returns self."""
        if transform is not None:
            if transform not in ("default", "pandas", "polars"):
                what = f"set_output(transform={transform!r}): no such container."
                raise refusal(ValueError, what, "'default', 'pandas' or 'polars'")
            self._sklearn_output_config = {"transform": transform}
        return self

    def _contained(self, values: Any, source: Any) -> Any:
        container = sklearn_bridge.output_container(self)
        if container == "default":
            return values
        if hasattr(values, "tocsr"):
            what = f"{container.capitalize()} output does not support sparse data."
            raise refusal(ValueError, what, f"{type(self).__name__}(sparse_output=False)")
        return frames.as_frame(values, container, self.get_feature_names_out(), like=source)
