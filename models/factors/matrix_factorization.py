"""Matrix factorization: the rating of an item by a user, from factors of both.

Source: Y. Koren, R. Bell, C. Volinsky, Matrix factorization techniques for recommender systems (2009).
"""

from typing import Any

import numpy as np

from models.foundation import Regressor, boolean, integer, learned, nonnegative, positive, targets
from models.foundation.constraints import Fixed
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.loss_model import LossModel
from models.foundation.parameters import choice
from models.foundation.randomness import generator
from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal


class MatrixFactorization(LossModel, Regressor):
    """r_ui = μ + b_u + c_i + p_u·q_i, fitted to the ratings that are known (equations 4 and 5).

    The fit minimizes

        L = Σ s (y - r)² + α (‖b‖² + ‖c‖² + ‖P‖² + ‖Q‖²),  divided by 2 Σ s

    X has two columns, the user and the item, as numbers or text; y has the ratings. A user or item that `fit`
    has not seen has b, p, c or q of 0: its rating is the average of what is known of the other.

    solver="als" alternates: given Q and c, the best p_u and b_u of each user are a ridge regression on the
    factors of the items that the user has rated, and the other way round. The other solvers follow the
    gradient of the same loss, and reach the same minimum.
    """

    reads = "categories"
    twin = ""
    does_not_apply = {"*": "the columns of X are a user and an item; tests/models/factors"}

    n_components: int = integer(10, at_least=1, doc="numbers in each p_u and q_i")
    alpha: float = nonnegative(1.0, doc="strength α of the penalty")
    biases: bool = boolean(True, doc="learn b and c; otherwise they are 0")
    init_std: float = positive(0.1, doc="standard deviation of P and Q at the start")
    solver: Any = choice("als") | LossModel._parameters["solver"]
    max_iter = 1000

    users_: np.ndarray = learned("the users, in ascending order")
    items_: np.ndarray = learned("the items, in ascending order")
    mean_: float = learned("μ")
    user_bias_: np.ndarray = learned("b: (users,)")
    item_bias_: np.ndarray = learned("c: (items,)")
    user_factors_: np.ndarray = learned("P: (users, n_components)")
    item_factors_: np.ndarray = learned("Q: (items, n_components)")

    def loss(self, X, y, weight, mean, user_bias, item_bias, user_factors, item_factors):
        """L. X: (samples, 2) numbers of users and items."""
        u, i = X.T
        r = mean + user_bias[u] + item_bias[i] + (user_factors[u] * item_factors[i]).sum(axis=1)
        learned = (user_bias, item_bias, user_factors, item_factors)
        penalty = sum((part * part).sum() for part in learned)
        return (weight @ (y - r) ** 2 + self.alpha * penalty) / (2 * weight.sum())

    def start(self, X, y, weight):
        rng, k = generator(self.random_state), self.n_components
        users, items = len(self.users_), len(self.items_)
        bias = np.asarray if self.biases else Fixed
        return {
            "mean": np.average(y, weights=weight),
            "user_bias": bias(np.zeros(users)),
            "item_bias": bias(np.zeros(items)),
            "user_factors": self.init_std * rng.standard_normal((users, k)),
            "item_factors": self.init_std * rng.standard_normal((items, k)),
        }

    def _fit(self, X, y, weight):
        if X.shape[1] != 2:
            what = f"MatrixFactorization needs two columns, user and item; X has {X.shape[1]}."
            raise refusal(ValueError, what, "X[['user', 'item']], and the ratings as y")
        u, i = (targets.labels(column, X.shape[0], self) for column in X.columns)
        self.users_, users = targets.classes_of(u, self)
        self.items_, items = targets.classes_of(i, self)
        super()._fit(np.stack([users, items], axis=1), y, weight)

    def _minimize(self, X, y, weight):
        if self.solver == "als":
            return self._alternate(X, y, weight)
        return super()._minimize(X, y, weight)

    def _alternate(self, X, y, weight):
        packing = self._packing(X, y, weight)
        at = packing.unpack(packing.vector())
        slope = value_and_grad(lambda z: self.loss(X, y, weight, **packing.unpack(z)))
        (u, i), trace = X.T, Trace.of(self)
        for iteration in range(self.max_iter + 1):
            if iteration:
                Q, c = at["item_factors"], at["item_bias"]
                rest = y - at["mean"] - c[i]
                at["user_factors"], at["user_bias"] = self._ridges(
                    u, len(self.users_), Q[i], rest, weight
                )
                P, b = at["user_factors"], at["user_bias"]
                rest = y - at["mean"] - b[u]
                at["item_factors"], at["item_bias"] = self._ridges(
                    i, len(self.items_), P[u], rest, weight
                )
                Q, c = at["item_factors"], at["item_bias"]
                rest = y - b[u] - c[i] - (P[u] * Q[i]).sum(axis=1)
                at["mean"] = np.average(rest, weights=weight)
            packing.move(at)
            value, gradient = slope(packing.vector())
            steepest = float(np.abs(gradient).max())
            trace(iteration, value, steepest)
            if trace.keeps_states:
                trace.keep(**kept_by(self, at))
            if steepest <= self.tol:
                break
        self.n_iter_, self.trace_ = max(iteration, 1), trace
        if steepest > self.tol:
            what = f"rounds of 'als' with a gradient of {steepest:.1e}, above tol={self.tol}"
            warn_not_converged(self, what, "raise max_iter, or raise tol")
        return at

    def _ridges(self, group, groups, A, y, weight):
        """For each group of rows the f, b with the least Σ s (y - A f - b)² + α (‖f‖² + b²), all at once."""
        if self.biases:
            A = np.hstack([A, np.ones((len(A), 1))])
        k = A.shape[1]
        G, h = np.empty((groups, k, k)), np.empty((groups, k, 1))
        for a in range(k):
            h[:, a, 0] = np.bincount(group, weight * A[:, a] * y, groups)
            for b in range(a + 1):
                G[:, a, b] = G[:, b, a] = np.bincount(group, weight * A[:, a] * A[:, b], groups)
        found = np.linalg.solve(G + max(self.alpha, 1e-12) * np.eye(k), h)[:, :, 0]
        return (found[:, :-1], found[:, -1]) if self.biases else (found, np.zeros(groups))

    def _predict(self, X):
        users, items = (targets.labels(column, X.shape[0], self) for column in X.columns)
        known_u, u = numbers_of(users, self.users_)
        known_i, i = numbers_of(items, self.items_)
        both = (self.user_factors_[u] * self.item_factors_[i]).sum(axis=1)
        r = self.mean_ + known_u * self.user_bias_[u] + known_i * self.item_bias_[i]
        return r + known_u * known_i * both

    @classmethod
    def examples(cls, rng):
        X = np.stack([rng.integers(0, 12, 60), rng.integers(0, 9, 60)], axis=1)
        y = rng.normal(size=12)[X[:, 0]] * rng.normal(size=9)[X[:, 1]] + 3
        yield cls(n_components=2, random_state=0), X, y


def numbers_of(labels: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each label whether it is known, and its place among the known ones, or 0."""
    place = {label: number for number, label in enumerate(known.tolist())}
    found = np.array([place.get(label, -1) for label in labels.tolist()])
    return found >= 0, np.maximum(found, 0)
