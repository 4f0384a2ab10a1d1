"""Lasso and elastic net whose penalty is chosen by cross-validation."""

from typing import Any, ClassVar

import numpy as np

from models.foundation import array, boolean, choice, integer, learned, number, positive, seed
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.linear_predictor import LinearModel, SparseWeights
from models.foundation.randomness import generator
from models.linear.coordinate_descent import SquaredErrors
from models.linear.elastic_net import ElasticNet
from models.linear.path import descend_path, enet_path, grid, lasso_path
from models.selection.cross_validated import CrossValidated


class PenaltyByFolds(LinearModel, SparseWeights, CrossValidated):
    """Fits a path without each of the folds, and takes the penalty that is best in these on average."""

    model: ClassVar[Any] = ElasticNet

    eps: float = positive(1e-3, doc="smallest α of the grid, as a part of the largest")
    alphas: Any = integer(100, at_least=1, doc="how many α, or which") | array(at_least=0)
    precompute: Any = (
        choice("auto", False, True, doc="no effect: the Gram matrix is used where it helps")
        | array()
    )
    max_iter: int = integer(1000, at_least=1, doc="largest number of iterations for each α")
    tol: float = positive(1e-4, doc="stop when the duality gap is at most tol Σ s (y - ȳ)²")
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    verbose: bool | int = boolean(False, doc="no effect") | integer(at_least=0)
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")
    positive: bool = boolean(False, doc="w ≥ 0")
    random_state: Any = seed(doc="shuffles the coordinates for selection='random'")
    selection: str = choice("cyclic", "random", doc="order of the coordinates in each round")

    alpha_: float = learned("the best α")
    alphas_: np.ndarray = learned(
        "the grid of α, descending: (alphas,), or one for each of several l1_ratio"
    )
    mse_path_: np.ndarray = learned("squared error in each fold: ([ratios,] alphas, folds)")
    dual_gap_: float = learned("the duality gap, divided by Σ s")
    n_iter_: int = learned("number of iterations with the best α")
    trace_: Trace = learned(
        "loss and largest violation of the conditions of the minimum, by iteration"
    )

    def _ratios(self) -> Any:
        """The l1_ratio to try."""
        return 1.0

    def _keep_ratio(self, ratio):
        """Stores the best of them."""

    def _fit(self, X, y, weight):
        ratios = np.atleast_1d(self._ratios())
        everything = self._problem(X, y, weight)
        if np.ndim(self.alphas) == 0:
            grids = [grid(everything, ρ, self.eps, self.alphas, self.positive) for ρ in ratios]
        else:
            grids = [np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]] * len(ratios)
        folds = self._folds(X, y, weight)
        errors = np.array([self._errors(X, y, weight, fold, ratios, grids) for fold in folds])
        errors = np.moveaxis(errors, 0, -1)  # (ratios, alphas, folds)
        mean = errors.mean(axis=-1)
        ratio, alpha = np.unravel_index(np.argmin(mean), mean.shape)
        self.alpha_, best_ratio = grids[ratio][alpha], ratios[ratio]
        self.alphas_ = (
            np.array(grids) if np.ndim(self.alphas) == 0 and len(ratios) > 1 else grids[0]
        )
        self.mse_path_ = np.squeeze(errors)
        names = ("fit_intercept", "max_iter", "tol", "positive", "random_state", "selection")
        same = {n: getattr(self, n) for n in names if n in self.model._parameters}
        model = self.model(self.alpha_, l1_ratio=best_ratio, **same).fit(X, y, weight)
        for name in ("coef_", "intercept_", "dual_gap_", "n_iter_", "trace_"):
            setattr(self, name, getattr(model, name))
        self._keep_ratio(best_ratio)

    def _problem(self, X, y, weight):
        return SquaredErrors(X, y, weight, self.fit_intercept).target(0)

    def _errors(self, X, y, weight, fold, ratios, grids):
        """The mean squared error in a fold of the path fitted to the rest: (ratios, alphas)."""
        train, test = fold
        errors = self._problem(X[train], y[train], weight[train])
        rng = generator(self.random_state) if self.selection == "random" else None
        found = []
        for ρ, alphas in zip(ratios, grids, strict=True):
            path = descend_path(errors, alphas, ρ, self.positive, self.tol, self.max_iter, rng)
            if not path.converged:
                self.n_iter_ = self.max_iter
                text = (
                    f"iterations for an α of its path, with a duality gap of {path.gaps.max():.1e}"
                )
                warn_not_converged(self, text, "raise max_iter, raise eps, or raise tol")
            b = errors.y_mean[..., None] - errors.x_mean @ path.coefs
            squares = (y[test, ..., None] - (np.tensordot(X[test], path.coefs, (1, -2)) + b)) ** 2
            squares = squares.reshape(len(test), -1, len(alphas)).mean(axis=1)  # over the targets
            found.append(np.average(squares, axis=0, weights=weight[test]))
        return found


class LassoCV(PenaltyByFolds):
    """Lasso with the α whose squared error in `cv` folds is least on average.

    The grid of α starts where all weights are 0. On each fold, the whole path is fitted to the other folds,
    each solution being the start for the next. The errors in a fold count with their sample weights.
    """

    twin_settings = {"tol": 1e-12, "max_iter": 100_000}
    path = staticmethod(lasso_path)


class ElasticNetCV(PenaltyByFolds):
    """ElasticNet with the α, and the l1_ratio, whose squared error in `cv` folds is least on average.

    For each l1_ratio there is a grid of α, which starts where all weights are 0; see LassoCV.
    """

    twin_settings = {"tol": 1e-12, "max_iter": 100_000}
    path = staticmethod(enet_path)

    l1_ratio: Any = number(
        0.5, at_least=0, at_most=1, doc="ρ, the part of ‖w‖₁ in the penalty, or several to try"
    ) | array(at_least=0)

    l1_ratio_: float = learned("the best ρ")

    def _ratios(self):
        return self.l1_ratio

    def _keep_ratio(self, ratio):
        self.l1_ratio_ = float(ratio)
