"""Soft decision trees: trees that gradients can train.

Source: N. Frosst, G. Hinton, Distilling a neural network into a soft decision tree (2017).
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Classifier, Regressor, integer, learned, nonnegative, positive
from models.foundation.examples import examples_of_kind
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from models.networks.autoencoder import MANY_MINIMA
from tinygrad_edu import no_grad
from tinygrad_edu.ops import logsumexp, softmax, softplus


class SoftTree(LossModel):
    """A binary tree in which every row goes both ways, more or less.

    Inner node i sends x to the right with p_i = σ((w_i·x + b_i) / T), and leaf l gets the product of these
    along its path, P_l(x). The nodes are numbered level by level.
    """

    does_not_apply: ClassVar[Any] = MANY_MINIMA

    max_depth: int = integer(3, at_least=1, doc="levels of inner nodes; 2^max_depth leaves")
    temperature: float = positive(1.0, doc="T; near 0 the tree becomes a hard one")
    balance: float = nonnegative(0.01, doc="λ, strength of the penalty on uneven splits")
    alpha: float = nonnegative(0.001, doc="penalty α (‖w‖² + ‖leaves‖²) / 2")
    tol = 1e-4
    max_iter = 200

    weights_: np.ndarray = learned("w: (inner nodes, features)")
    biases_: np.ndarray = learned("b: (inner nodes,)")
    leaves_: np.ndarray = learned(
        "logits of the classes, or values: (leaves, classes) or (leaves,)"
    )

    errors: ClassVar[Any]  # (log P, y, leaves) -> the loss of each row
    first_leaves: ClassVar[Any]  # (y, weight, rng) -> the leaves at the start

    def loss(self, X, y, weight, weights, biases, leaves):
        """The mean error, with both penalties."""
        log_P, uneven = self.paths(X, weight, weights, biases)
        errors = weight @ self.errors(log_P, y, leaves) / weight.sum()
        squares = (weights * weights).sum() + (leaves * leaves).sum()
        return errors + self.balance * uneven + self.alpha / 2 * squares

    def paths(self, X, weight, weights, biases):
        """log P_l(x), (samples, leaves), and the penalty on uneven splits (the paper's equation 5).

        It is  -½ Σ_i 2^-level (ln a_i + ln(1 - a_i)),  a_i the part of its rows that node i sends right.
        """
        z = (X @ weights.T + biases) / self.temperature
        log_P, uneven = np.zeros((len(X), 1)), 0.0
        for level in range(self.max_depth):
            here = z[:, 2**level - 1 : 2 ** (level + 1) - 1]
            left, right = log_P - softplus(here), log_P - softplus(-here)  # ln(1 - σ), ln σ
            to_left, to_right = weight @ np.exp(left), weight @ np.exp(right)
            even = np.log(to_left + TINY) + np.log(to_right + TINY)
            even = even - 2 * np.log(to_left + to_right + 2 * TINY)
            uneven = uneven - even.sum() / 2 ** (level + 1)
            log_P = np.stack([left, right], axis=2).reshape((len(X), 2 ** (level + 1)))
        return log_P, uneven

    def start(self, X, y, weight):
        """Small random splits through the middle of the data."""
        rng = generator(self.random_state)
        inner = 2**self.max_depth - 1
        middle = np.average(X, axis=0, weights=weight)
        spread = np.sqrt(np.average((X - middle) ** 2, axis=0, weights=weight))
        w = rng.normal(size=(inner, X.shape[1])) / (np.maximum(spread, 1e-6) * X.shape[1])
        return {"weights": w, "biases": -w @ middle, "leaves": self.first_leaves(y, weight, rng)}

    def leaf_probabilities(self, X: Any) -> np.ndarray:
        """P_l(x) of each row and leaf, shape (samples, leaves)."""
        return self._leaf_probabilities(self._check(X))

    def _leaf_probabilities(self, X):
        with no_grad():
            return np.exp(self.paths(X, np.ones(len(X)), self.weights_, self.biases_)[0])

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in examples_of_kind(cls, rng):
            yield estimator.set_params(max_depth=2, tol=0.05), X, y


TINY = 1e-12  # of the rows of a node, so that a node without rows has no infinite penalty


class SoftDecisionTreeClassifier(SoftTree, Classifier):
    """P(y = k | x) = Σ_l P_l(x) softmax(φ_l)_k: every leaf has a distribution of the classes.

    It is trained by maximum likelihood, -ln Σ_l P_l(x) Q_l(y). The paper's loss, Σ_l P_l(x) (-ln Q_l(y)), is
    an upper bound of this, in which each leaf has to explain the row by itself.
    """

    twin = ""

    def errors(self, log_P, y, leaves):
        log_Q = leaves - logsumexp(leaves, axis=1).reshape((-1, 1))
        return -logsumexp(log_P + log_Q.T[y], axis=1)

    def first_leaves(self, y, weight, rng):
        return rng.normal(size=(2**self.max_depth, len(self.classes_)))

    def _predict_proba(self, X):
        return self._leaf_probabilities(X) @ softmax(self.leaves_, axis=1)


class SoftDecisionTreeRegressor(SoftTree, Regressor):
    """y ≈ Σ_l P_l(x) v_l with the least mean square error: every leaf has a value."""

    twin = ""

    def errors(self, log_P, y, leaves):
        return (y - np.exp(log_P) @ leaves) ** 2

    def first_leaves(self, y, weight, rng):
        mean = np.average(y, weights=weight)
        spread = np.sqrt(np.average((y - mean) ** 2, weights=weight))
        return mean + spread * rng.normal(size=2**self.max_depth)

    def _predict(self, X):
        return self._leaf_probabilities(X) @ self.leaves_
