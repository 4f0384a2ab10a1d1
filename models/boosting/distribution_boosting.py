"""Boosting of a distribution: not only the mean of y depends on x, but its spread as well.

Source: T. Duan et al., NGBoost: natural gradient boosting for probabilistic prediction (2020), algorithm 1.
"""

from typing import Any, ClassVar

import numpy as np

from models.boosting.derivatives import gradient_and_curvature
from models.boosting.histogram_boosting import HistogramBoosting, grown_trees
from models.boosting.losses import LOSSES, Loss, smallest_spread
from models.foundation import Regressor

HALVINGS = 30  # of a step that does not lower the loss


def natural_gradient(loss: Loss, f: np.ndarray, y: np.ndarray) -> np.ndarray:
    """F⁻¹ g of every row: g the gradient of -log p, and F = E[∂² -log p], its Fisher information.

    -log N(y; μ, σ²) is quadratic in y, so the mean over y is that of y = μ - σ and y = μ + σ. F is diagonal.
    """
    g, _ = gradient_and_curvature(loss, f, y)
    μ, σ = f[:, 0], np.exp(f[:, 1])
    F = sum(gradient_and_curvature(loss, f, μ + side * σ)[1] for side in (-1, 1)) / 2
    return g / F


class DistributionBoostingRegressor(HistogramBoosting, Regressor):
    """y ~ N(μ(x), σ(x)²), where μ and log σ are sums of trees that follow the natural gradient (NGBoost).

    The gradient of -log p asks how p changes with μ and log σ; the natural one, how the distribution does: an
    error of 2σ asks for the same change of log σ, whatever σ is. Each iteration adds a tree to μ and one to
    log σ, and halves both until the loss does not grow. `predict(X, return_std=True)` gives μ and σ.
    """

    does_not_apply: ClassVar = {
        "test_weights_are_repetitions": "min_samples_leaf counts rows, not weights",
    }

    max_leaf_nodes = 8

    def _loss(self):
        return LOSSES["normal"]

    def _encoded(self, y):
        return y

    _decoded = _encoded

    def _next_trees(self, grower, train):
        """A tree for μ and one for log σ. train.f moves on."""
        f, y, weight = train.f, train.y, train.weight
        natural = natural_gradient(self._loss_, f, y)
        smallest = f[:, 1] <= np.log(smallest_spread(y))
        natural[smallest, 1] = np.minimum(natural[smallest, 1], 0.0)
        grown = grown_trees(grower, natural, np.ones_like(f), weight)
        step = np.empty_like(f)
        for k, (tree, leaves) in enumerate(grown):
            for leaf, rows in leaves:
                step[rows, k] = tree.value[leaf]
        size, before = 1.0, self._loss_.mean(f, y, weight)
        for _ in range(HALVINGS):
            if self._loss_.mean(f + size * step, y, weight) <= before:
                break
            size /= 2
        f += self.learning_rate * size * step
        for tree, _ in grown:
            tree.value[:] *= self.learning_rate * size
        return [tree for tree, _ in grown]

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """μ of each row of X; with return_std, a pair of μ and σ, each of shape (samples,)."""
        f = self._scores(self._check(X))
        return (f[:, 0], np.exp(f[:, 1])) if return_std else f[:, 0]
