"""How to write an estimator: its formula, its parameters with their ranges, `_fit`, and a prediction.

    class Ridge(LinearPredictor, LossModel, Regressor):
        '''y = x·w + b with the least  Σ_i s_i (y_i - x_i·w - b)² + α ‖w‖².'''

        alpha: float = nonnegative(1.0, doc="strength of the penalty")

        def loss(self, X, y, weight, coef, intercept):
            errors = weight @ (y - self.linear(X, coef, intercept)) ** 2
            return (errors + self.alpha * (coef * coef).sum()) / weight.sum()

        def _predict(self, X):
            return self.linear(X, self.coef_, self.intercept_)

1. Derive from a kind (`kinds`): Regressor, Classifier, Clusterer, Transformer, Density, OutlierDetector,
   or several of them. The kind provides the methods that users call, such as `predict` and `transform`. You
   write the formulas, with an underscore: `_predict`, `_transform`. They receive a checked X: finite numbers,
   in the columns of `fit`.
2. Declare the parameters as fields (`parameters`): `positive(1.0)`, `integer(None, at_least=1)`,
   `choice("a", "b")`; and what `fit` keeps: `learned("its shape")`. This defines `__init__`,
   get_params, the checks and the lists in `help(...)`. Nothing is checked before `fit`.
3. Write `_fit(self, X, y, weight)`, with those of the three that it needs. It assigns what it learns to
   names that end in an underscore. `fit` calls it on a copy, and keeps the result if no error occurred
   (`estimator`). Or use a ready training procedure: solvers, if your model is a loss (`loss_model`); rounds
   of expectation and maximization (`em`); updates by more rows (`incremental`); other estimators (`meta`).
   An iteration of its own reports to a `Trace`, which keeps its states within `traced()` (`iterate`).
4. If it accepts more than others, such as several targets or missing values, say so (`facts`). If its X is no
   table, or its y is not one value per row, list which common checks do not apply, with reasons
   (`does_not_apply`), and write tests of its own.
5. Export it by a line in `models/__init__.pyi`. tests/models/test_every_estimator.py then tests
   it: scikit-learn's checks, its twin there, weights, data frames, bad data.

Raise errors with `refusal(kind, what is wrong, what to try)`, which adds the user's own line.
"""

from models.foundation.conditional import where
from models.foundation.estimator import Estimator
from models.foundation.fields import learned
from models.foundation.iterate import traced
from models.foundation.kinds import (
    Classifier,
    Clusterer,
    Density,
    OutlierDetector,
    Regressor,
)
from models.foundation.meta import clone, fit_clone, takes_weights
from models.foundation.parameters import (
    anything,
    array,
    boolean,
    choice,
    data_type,
    function,
    integer,
    mapping,
    named_parts,
    nonnegative,
    number,
    part,
    positive,
    sequence,
)
from models.foundation.randomness import seed
from models.foundation.sklearn_bridge import (
    ConvergenceWarning,
    DataConversionWarning,
    FitFailedWarning,
    NotFittedError,
    UndefinedMetricWarning,
    warn,
)
from models.foundation.transformer import Transformer

__all__ = [
    "Classifier",
    "Clusterer",
    "ConvergenceWarning",
    "DataConversionWarning",
    "Density",
    "Estimator",
    "FitFailedWarning",
    "NotFittedError",
    "OutlierDetector",
    "Regressor",
    "Transformer",
    "UndefinedMetricWarning",
    "anything",
    "array",
    "boolean",
    "choice",
    "clone",
    "data_type",
    "fit_clone",
    "function",
    "integer",
    "learned",
    "mapping",
    "named_parts",
    "nonnegative",
    "number",
    "part",
    "positive",
    "seed",
    "sequence",
    "takes_weights",
    "traced",
    "warn",
    "where",
]  # fmt: skip
