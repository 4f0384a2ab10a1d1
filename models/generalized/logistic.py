"""Logistic regression.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, choice, learned, mapping, positive
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from tinygrad_edu.ops import logsumexp, softmax


class LogisticRegression(LinearPredictor, LossModel, Classifier):
    """P(y = k | x) = softmax(W x + b)_k, by maximum likelihood with a penalty on W.

        L(W, b) = Σ_i s_i (-ln P(y_i | x_i)) / Σ s + ‖W‖² / (2 C Σ s),      s the sample weights

    scikit-learn's objective, divided by C Σ s. Of two classes only the second has a row in W: the
    logit of the first is 0, and P(second) = 1 / (1 + e^-(w·x + b)).

    With solver="newton", on this loss, this is what books call iteratively reweighted least squares
    (Bishop 4.3.3); it takes few steps, but each with a Hessian of all the parameters.
    """

    one_class = False
    twin_settings = {"solver": "newton-cholesky"}

    C: float = positive(1.0, doc="inverse strength of the penalty")
    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    tol = 1e-4

    coef_: np.ndarray = learned("W: (classes, features), or (1, features) for two classes")
    intercept_: np.ndarray = learned("b: (classes,), or (1,) for two")

    def start(self, X, y, weight):
        rows = 1 if len(self.classes_) == 2 else len(self.classes_)
        return self._from_zero((rows,), X.shape[1])

    def loss(self, X, y, weight, coef, intercept=0.0):
        """L above. X: (samples, features), y: (samples,) numbers of classes."""
        z = logits(X, coef, intercept)
        surprise = logsumexp(z, axis=0) - z[y, np.arange(len(y))]  # -ln P(y | x)
        return (weight @ surprise + (coef * coef).sum() / (2 * self.C)) / weight.sum()

    def _decision(self, X):
        z = logits(X, self.coef_, self.intercept_)
        return z[1] if len(z) == 2 else z.T

    def _predict_proba(self, X):
        return softmax(logits(X, self.coef_, self.intercept_).T)


def logits(X, W, b):
    """W x + b of every row x of X, shape (classes, samples); one row in W makes two classes.

    The samples run along the rows, so that sums over a few classes are sums of long rows: fast.
    """
    z = W @ X.T + np.reshape(b, (-1, 1))
    return np.concatenate([np.zeros((1, len(X))), z]) if len(W) == 1 else z
