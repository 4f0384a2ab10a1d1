"""η = x·w + b, which linear and generalized linear models have in common."""

from typing import Any, Self

import numpy as np

from models.foundation.constraints import Fixed
from models.foundation.estimator import Estimator
from models.foundation.fields import learned
from models.foundation.kinds import Regressor
from models.foundation.parameters import boolean


class LinearPredictor(Estimator):
    """η = x·w + b with one w and b, or with one for each column of y."""

    fit_intercept: bool = boolean(True, doc="add an intercept b; otherwise b = 0")

    coef_: Any = learned("w: (features,), or (targets, features)")
    intercept_: Any = learned("b: a number, or (targets,)")

    def start(self, X: Any, y: Any, weight: Any) -> dict[str, Any]:
        """w = 0 and b = 0, in the shapes that y asks for."""
        targets = y.shape[1:]
        return self._from_zero(targets, X.shape[1])

    def _from_zero(self, targets: tuple[int, ...], features: int) -> dict[str, Any]:
        b = np.zeros(targets)
        return {
            "coef": np.zeros((*targets, features)),
            "intercept": b if self.fit_intercept else Fixed(b),
        }

    def linear(self, X: Any, coef: Any, intercept: Any) -> Any:
        """η of every row: (samples,), or (samples, targets)."""
        return X @ coef.T + intercept


class LinearModel(LinearPredictor, Regressor):
    """A regressor that predicts η itself."""

    def _predict(self, X: Any) -> Any:
        return self.linear(X, self.coef_, self.intercept_)


class SparseWeights(Estimator):
    """An estimator whose `coef_` may be stored as a sparse matrix."""

    coef_: Any = learned("w")

    def sparsify(self) -> Self:
        """Stores coef_ as a sparse matrix of SciPy, which is smaller if most of w is 0. Returns self."""
        from scipy.sparse import csr_array

        self.coef_ = csr_array(self.coef_)
        return self

    def densify(self) -> Self:
        """Stores coef_ as an array again. Returns self."""
        w = self.coef_
        self.coef_ = w.toarray() if hasattr(w, "toarray") else w
        return self
