"""A function as a transformer."""

from typing import Any

import numpy as np

from models.foundation import Transformer, boolean, choice, frames, function, mapping, warn, where
from models.foundation.sklearn_bridge import output_container


class FunctionTransformer(Transformer):
    """func(X, **kw_args), with inverse_func as the inverse; without a function, X itself.

    The function gets X as it is, unless validate=True; a frame stays one. It should compute each row by
    itself: a function that looks at all rows of X, such as X - X.mean(axis=0), lets the rows of a test set
    influence each other, and forgets those of `fit`.
    """

    requires_fit = False
    all_by_position = True
    checked_with = {"validate": True, "feature_names_out": "one-to-one"}

    func: Any = function(None, doc="X and kw_args -> the new columns; None for X itself")
    inverse_func: Any = function(None, doc="new columns and inv_kw_args -> X; None for no change")
    validate: bool = boolean(False, doc="check that X is a table of finite numbers")
    accept_sparse: bool = boolean(False, doc="may X be a sparse matrix, if validated?")
    check_inverse: bool = boolean(
        True, doc="warn in fit if the inverse does not return some rows of X"
    )
    feature_names_out: Any = choice(None, "one-to-one") | function(
        doc="names of the new columns: none, those of X, or of (transformer, names)"
    )
    kw_args: Any = mapping(None, doc="more arguments of func")
    inv_kw_args: Any = mapping(None, doc="more arguments of inverse_func")

    @property
    def reads(self):
        return "numbers" if self.validate else "anything"

    @property
    def accepts_sparse(self):
        return self.accept_sparse or not self.validate

    def _fit(self, X):
        both = self.func is not None and self.inverse_func is not None
        if self.check_inverse and both:
            some = frames.take_rows(
                X, np.arange(0, frames.samples(X), max(1, frames.samples(X) // 100))
            )
            again = self._inverse_transform(self._transform(some))
            if not np.allclose(np.asarray(some, float), np.asarray(again, float)):
                text = "The provided functions are not strictly inverse of each other. If you are sure you "
                warn(UserWarning, f"{text}want to proceed regardless, set 'check_inverse=False'.")

    def _transform(self, X):
        return X if self.func is None else self.func(X, **(self.kw_args or {}))

    def _inverse_transform(self, X):
        return X if self.inverse_func is None else self.inverse_func(X, **(self.inv_kw_args or {}))

    def inverse_transform(self, X: Any) -> Any:
        """inverse_func(X, **inv_kw_args)."""
        return self._inverse_transform(self._read_table(X))

    @property
    def _is_named(self) -> bool:
        if self.feature_names_out is None:
            raise AttributeError("feature_names_out=None")
        return True

    @where("_is_named")
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the new columns, as the parameter feature_names_out says."""
        if input_features is None:
            self._require_fit()
        return super().get_feature_names_out(input_features)

    def _names_out(self, names):
        return (
            names if self.feature_names_out == "one-to-one" else self.feature_names_out(self, names)
        )

    def _contained(self, values, source):
        container = output_container(self)
        if container == "default" or frames.is_frame(values):
            return values
        names = [f"x{j}" for j in range(values.shape[1])]
        if self.feature_names_out is not None:
            names = self.get_feature_names_out()
        return frames.as_frame(values, container, names, like=source)

    @classmethod
    def examples(cls, rng):
        yield cls(np.cbrt, **cls.checked_with), rng.normal(size=(60, 4)), np.arange(60) % 3
