"""Factorization machines: a linear model with all products of two features, whose weights have low rank.

Source: S. Rendle, Factorization machines (2010).
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, Regressor, integer, learned, nonnegative, positive
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from tinygrad_edu.ops import logsumexp, softmax


class FactorizationMachine(LinearPredictor, LossModel):
    """η = b + w·x + Σ_i<j (v_i·v_j) x_i x_j, with a vector v_i for each feature (equation 1).

    The sum costs no more than a linear model (Lemma 3.1):

        Σ_i<j (v_i·v_j) x_i x_j = ½ Σ_f ((Σ_i v_if x_i)² - Σ_i v_if² x_i²) = ½ Σ_f ((X V)² - X² V²)_f

    The start of V is random, because V = 0 is a saddle point.
    """

    does_not_apply = {
        "test_more_groups_or_neighbors_than_samples": "V may have more numbers than there are rows"
    }

    checked_with = {"n_components": 2, "alpha": 0.1, "tol": 1e-11}

    n_components: int = integer(8, at_least=1, doc="numbers in each v_i")
    alpha: float = nonnegative(0.01, doc="strength of the penalty α (‖w‖² + ‖V‖²) / 2")
    init_std: float = positive(0.1, doc="standard deviation of V at the start")
    max_iter = 1000

    factors_: Any = learned("V: (n_components, features), or (outputs, n_components, features)")

    def start(self, X, y, weight):
        outputs, features = self._outputs(y), X.shape[1]
        rng = generator(self.random_state)
        V = self.init_std * rng.standard_normal((*outputs, self.n_components, features))
        return self._from_zero(outputs, features) | {"factors": V}

    def η(self, X, coef, intercept, factors):
        """η of every row: (samples,), or (samples, outputs)."""
        return self.linear(X, coef, intercept) + interactions(X, factors)

    def penalty(self, coef, factors):
        return self.alpha / 2 * ((coef * coef).sum() + (factors * factors).sum())

    @np.errstate(over="ignore", invalid="ignore")  # a loss that is not finite is refused
    def _minimize(self, X, y, weight):
        return super()._minimize(X, y, weight)

    def _outputs(self, y):
        return ()

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(**cls.checked_with), X, y


def interactions(X: Any, V: Any) -> Any:
    """½ Σ_f ((X V)² - X² V²)_f of every row. V: (k, features), or (outputs, k, features)."""
    flat = V.reshape(-1, V.shape[-1]).T
    products = ((X @ flat) ** 2 - X**2 @ flat**2) / 2
    return products.reshape(len(X), *V.shape[:-1]).sum(axis=-1)


class FactorizationMachineRegressor(FactorizationMachine, Regressor):
    """y = η(x) with interactions of low rank: the least  Σ s (y - η)² / 2 Σ s + α (‖w‖² + ‖V‖²) / 2."""

    twin = ""

    def loss(self, X, y, weight, coef, intercept, factors):
        errors = weight @ (y - self.η(X, coef, intercept, factors)) ** 2
        return errors / (2 * weight.sum()) + self.penalty(coef, factors)

    def _predict(self, X):
        return self.η(X, self.coef_, self.intercept_, self.factors_)


class FactorizationMachineClassifier(FactorizationMachine, Classifier):
    """P(y = k | x) = softmax(η(x))_k: the least  -Σ s ln P(y | x) / Σ s + α (‖W‖² + ‖V‖²) / 2.

    For two classes there is one η, the logit of the second; otherwise one for each class.
    """

    twin = ""
    one_class = False

    coef_: np.ndarray = learned("W: (outputs, features)")
    intercept_: np.ndarray = learned("b: (outputs,)")

    def _outputs(self, y):
        return (1 if len(self.classes_) == 2 else len(self.classes_),)

    def loss(self, X, y, weight, coef, intercept, factors):
        z = self._logits(X, coef, intercept, factors)
        surprise = logsumexp(z, axis=1) - z[np.arange(len(y)), y]  # -ln P(y | x)
        return weight @ surprise / weight.sum() + self.penalty(coef, factors)

    def _logits(self, X, coef, intercept, factors):
        z = self.η(X, coef, intercept, factors)
        return np.concatenate([np.zeros((len(X), 1)), z], axis=1) if z.shape[1] == 1 else z

    def _decision(self, X):
        z = self._logits(X, self.coef_, self.intercept_, self.factors_)
        return z[:, 1] if z.shape[1] == 2 else z

    def _predict_proba(self, X):
        return softmax(self._logits(X, self.coef_, self.intercept_, self.factors_))
