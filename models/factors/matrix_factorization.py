"""Matrix factorization of ratings.

Source: Y. Koren, R. Bell, C. Volinsky, Matrix factorization techniques for recommender systems (2009).
"""

from typing import Any

import numpy as np

from models.foundation import Regressor, boolean, choice, integer, learned, positive
from models.foundation.constraints import Fixed
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.loss_model import LossModel
from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal


class MatrixFactorization(LossModel, Regressor):
    """The rating of item i by user u is  μ + b_u + c_i + p_u · q_i,  with the least

        Σ s (r_ui - μ - b_u - c_i - p_u · q_i)² + α (‖b‖² + ‖c‖² + ‖P‖² + ‖Q‖²)          (equations 4 and 5)

    over the ratings that are known; μ is their mean. A row of X is a pair (user, item) of any labels, and y
    holds the ratings. Users and items that fit has not seen have b, c, p, q of 0.

    solver="als" alternates (alternating least squares): with Q fixed, b_u and p_u of each user are a small
    ridge regression on the items that it has rated; then the same for the items. The other solvers descend
    along the gradient of the same loss.
    """

    twin = ""
    reads = "categories"
    does_not_apply = {"*": "rows of X are pairs (user, item), not features"}

    rank: int = integer(8, at_least=1, doc="length of p and q")
    alpha: float = positive(1.0, doc="α, strength of the penalty")
    biases: bool = boolean(True, doc="learn b and c; otherwise they are 0")
    solver: Any = choice("als") | LossModel._parameters["solver"]
    tol = 1e-5

    users_: np.ndarray = learned("the labels of the users, sorted")
    items_: np.ndarray = learned("the labels of the items, sorted")
    mean_: float = learned("μ")
    user_bias_: np.ndarray = learned("b: (users,)")
    item_bias_: np.ndarray = learned("c: (items,)")
    user_factors_: np.ndarray = learned("P: (users, rank)")
    item_factors_: np.ndarray = learned("Q: (items, rank)")

    def _fit(self, X, y, weight):
        if X.shape[1] != 2:
            what = f"MatrixFactorization reads pairs (user, item), and X has {X.shape[1]} columns."
            raise refusal(ValueError, what, "a row of X for each rating, in y")
        self.users_, users = np.unique(X[:, 0], return_inverse=True)
        self.items_, items = np.unique(X[:, 1], return_inverse=True)
        self.mean_ = float(weight @ y / weight.sum())
        super()._fit(np.stack([users, items], axis=1), y, weight)

    def start(self, X, y, weight):
        rng = np.random.default_rng(self.random_state)
        users, items = (X.max(axis=0) + 1).tolist()
        b, c = np.zeros(users), np.zeros(items)
        return {
            "user_bias": b if self.biases else Fixed(b),
            "item_bias": c if self.biases else Fixed(c),
            "user_factors": rng.normal(size=(users, self.rank)) / np.sqrt(self.rank),
            "item_factors": rng.normal(size=(items, self.rank)) / np.sqrt(self.rank),
        }

    def loss(self, X, y, weight, user_bias, item_bias, user_factors, item_factors):
        u, i = X.T
        products = (user_factors[u] * item_factors[i]).sum(axis=1)
        errors = weight @ (y - self.mean_ - user_bias[u] - item_bias[i] - products) ** 2
        size = sum((z**2).sum() for z in (user_bias, item_bias, user_factors, item_factors))
        return (errors + self.alpha * size) / weight.sum()

    def _minimize(self, X, y, weight):
        return (
            self._alternate(X, y, weight)
            if self.solver == "als"
            else super()._minimize(X, y, weight)
        )

    def _alternate(self, X, y, weight):
        packing = self._packing(X, y, weight)
        b, c, P, Q = packing.unpack(packing.vector()).values()
        (u, i), r = X.T, y - self.mean_
        trace = Trace(type(self).__name__ if self.verbose else "")
        loss = value_and_grad(lambda vector: self.loss(X, y, weight, **packing.unpack(vector)))
        for done in range(1, self.max_iter + 1):
            b, P = self._ridge_of_each(u, len(P), Q[i], r - c[i], weight)
            c, Q = self._ridge_of_each(i, len(Q), P[u], r - b[u], weight)
            found = {"user_bias": b, "item_bias": c, "user_factors": P, "item_factors": Q}
            packing.move(found)
            value, gradient = loss(packing.vector())
            steepest = np.abs(gradient).max()
            trace(done, value, steepest)
            if steepest <= self.tol:
                break
        self.n_iter_, self.trace_ = done, trace
        if steepest > self.tol:
            what = f"rounds of 'als' with a gradient of {steepest:.1e}, above tol={self.tol}"
            warn_not_converged(self, what, "raise max_iter, or raise tol")
        return found

    def _ridge_of_each(self, rows, count, features, targets, weight):
        """For each of `count` users (or items) the b and p with the least squared errors and penalty.

        rows: (ratings,) whose rating it is; features: (ratings, rank). The normal equations of all are built
        entry by entry, as sums over the ratings, and solved at once.
        """
        A = np.column_stack([np.ones(len(rows)), features]) if self.biases else features
        k = A.shape[1]
        gram, right = np.empty((count, k, k)), np.empty((count, k))
        for a in range(k):
            weighted = weight * A[:, a]
            right[:, a] = np.bincount(rows, weighted * targets, count)
            for e in range(a + 1):
                gram[:, a, e] = gram[:, e, a] = np.bincount(rows, weighted * A[:, e], count)
        gram[:, range(k), range(k)] += self.alpha
        solved = np.linalg.solve(gram, right[..., None])[..., 0]
        return (solved[:, 0], solved[:, 1:]) if self.biases else (np.zeros(count), solved)

    def _predict(self, X):
        u, known_u = _numbers(X[:, 0], self.users_)
        i, known_i = _numbers(X[:, 1], self.items_)
        products = (self.user_factors_[u] * self.item_factors_[i]).sum(axis=1)
        own = known_u * self.user_bias_[u] + known_i * self.item_bias_[i]
        return self.mean_ + own + known_u * known_i * products

    @classmethod
    def examples(cls, rng):
        """Ratings of 12 items by 10 users."""
        X = np.stack([np.arange(60) % 10, rng.integers(0, 12, 60)], axis=1)
        P, Q = rng.normal(size=(10, 2)), rng.normal(size=(12, 2))
        yield cls(rank=2, random_state=0), X, 3 + (P[X[:, 0]] * Q[X[:, 1]]).sum(axis=1)


def _numbers(labels, known):
    """For each label its place among the known ones, and whether it is one of them."""
    places = np.minimum(np.searchsorted(known, labels), len(known) - 1)
    return places, known[places] == labels
