"""A regressor of a transformed target: log y instead of y."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import Regressor, boolean, clone, fit_clone, function, learned, part
from models.foundation.examples import named, numbers
from models.foundation.sklearn_bridge import warn
from models.foundation.wrapper import Wrapper
from tinygrad_edu.diagnostics.words import refusal


class TransformedTargetRegressor(Regressor):
    """A regressor that learns func(y), and predicts inverse_func of what it predicts.

    With y = exp(...), for example, func=np.log and inverse_func=np.exp.
    """

    reads = "anything"
    several_targets = True
    does_not_apply = Wrapper.does_not_apply

    regressor: Any = part(None, needs="fit predict", doc="None for LinearRegression")
    transformer: Any = part(
        None, needs="fit transform", doc="of y, in place of func and inverse_func"
    )
    func: Any = function(None, doc="y -> the target that is learned")
    inverse_func: Any = function(None, doc="back to y")
    check_inverse: bool = boolean(True, doc="warn if inverse_func(func(y)) is not y")

    regressor_: Any = learned("the fitted regressor")
    transformer_: Any = learned("the fitted transformer of y, or None")

    def _fit(self, X, y, weight):
        self._check_functions()
        columns = y.reshape(len(y), -1)
        self.transformer_ = None
        if self.transformer is not None:
            self.transformer_ = clone(self.transformer).fit(columns)
            target = np.asarray(self.transformer_.transform(columns))
        elif self.func is not None:
            target = np.asarray(self.func(columns))
        else:
            target = columns
        if self.check_inverse and not np.allclose(self._back(target[::10]), columns[::10]):
            text = (
                "The provided functions or transformer are not strictly inverse of each other. Try: "
                "check_inverse=False, if you are sure you want to proceed regardless"
            )
            warn(UserWarning, text)
        self._one_axis_ = y.ndim == 1
        regressor = named("LinearRegression")() if self.regressor is None else self.regressor
        target = target[:, 0] if target.shape[1] == 1 and y.ndim == 1 else target
        self.regressor_ = fit_clone(regressor, X, target, weight)

    def _check_functions(self):
        both = self.func is not None or self.inverse_func is not None
        if self.transformer is not None and both:
            what = "'transformer' and functions 'func'/'inverse_func' cannot both be set."
            raise refusal(ValueError, what, "one of them")
        if self.func is not None and self.inverse_func is None:
            what = "When 'func' is provided, 'inverse_func' must also be provided."
            raise refusal(ValueError, what, "func=np.log1p, inverse_func=np.expm1")

    def _back(self, target):
        if self.transformer_ is not None:
            return self.transformer_.inverse_transform(target)
        return target if self.inverse_func is None else self.inverse_func(target)

    def _predict(self, X):
        found = np.asarray(self.regressor_.predict(X))
        back = np.asarray(self._back(found.reshape(len(found), -1)))
        return back[:, 0] if self._one_axis_ and back.shape[1] == 1 else back

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """A linear model of the cube root of y."""
        ridge = named("Ridge")
        X = rng.normal(size=(60, 4))
        kind: Any = cls
        model = kind(ridge(), func=np.cbrt, inverse_func=_cube)
        yield model, X, numbers(X, rng, ridge) ** 3


def _cube(y: np.ndarray) -> np.ndarray:
    return y**3
