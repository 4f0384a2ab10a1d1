"""Where to stop on the path of least angle regression: by cross-validation, or an information criterion.

Source: H. Zou, T. Hastie, R. Tibshirani, On the degrees of freedom of the lasso (2007), sections 2 and 4;
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL), section 7.10.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import boolean, choice, integer, learned, positive
from models.linear.coordinate_descent import SquaredErrors
from models.linear.lars import LarsFamily, lars_path
from models.linear.least_squares import LinearRegression
from models.selection.cross_validated import CrossValidated
from tinygrad_edu.diagnostics.words import refusal


class OneTarget(LarsFamily):
    """A path for one target, that is always kept."""

    several_targets = False
    fit_path = property(lambda self: True)
    jitter = random_state = property(lambda self: None)  # no parameters

    max_iter: int = integer(500, at_least=1, doc="largest number of steps of a path")


class LarsByFolds(OneTarget, CrossValidated):
    """Fits a path without each of the folds, and takes the α that is best in these on average.

    The paths are straight between their corners, so the corners of all paths are the α to try.
    """

    lasso: ClassVar[bool]
    positive: Any = property(lambda self: False)

    max_n_alphas: int = integer(1000, at_least=1, doc="largest number of α to try, about")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    alpha_: float = learned("the best α, where the path ends")
    cv_alphas_: np.ndarray = learned("the α that were tried, ascending: (alphas,)")
    mse_path_: np.ndarray = learned("squared error in each fold: (alphas, folds)")

    def _fit(self, X, y, weight):
        folds = self._folds(X, y, weight)
        paths = []
        for train, _ in folds:
            self.alpha_ = 0.0
            errors = SquaredErrors(X[train], y[train], weight[train], self.fit_intercept)
            paths.append((self._path(errors.target(0)), errors.x_mean, errors.y_mean))
        alphas = np.unique(np.concatenate([path.alphas for path, *_ in paths]))
        self.cv_alphas_ = alphas[:: max(1, len(alphas) // self.max_n_alphas)]
        self.mse_path_ = np.empty((len(self.cv_alphas_), len(folds)))
        for k, ((_, test), (path, x_mean, y_mean)) in enumerate(zip(folds, paths, strict=True)):
            W = [np.interp(self.cv_alphas_, path.alphas[::-1], w[::-1]) for w in path.coefs]
            wrong = y[test, None] - y_mean - (X[test] - x_mean) @ np.array(W)
            self.mse_path_[:, k] = np.average(wrong**2, axis=0, weights=weight[test])
        self.alpha_ = float(self.cv_alphas_[np.argmin(self.mse_path_.mean(axis=1))])
        present = weight > 0
        super()._fit(X[present], y[present], weight[present])

    def _path(self, errors):
        return lars_path(errors, self.alpha_, self.max_iter, self.lasso, self.positive)


class LarsCV(LarsByFolds):
    """Lars up to the α whose squared error in `cv` folds is least on average.

    α is the λ / Σ s of Lars, the correlation that active features have with the residual.
    """

    lasso = False


class LassoLarsCV(LarsByFolds):
    """LassoLars with the α whose squared error in `cv` folds is least on average.

    It tries all α at which the features of a fold change, where LassoCV has a grid; but from one α to the
    next between these, the best may lie anywhere.
    """

    lasso = True
    positive: bool = boolean(False, doc="w ≥ 0")


class LassoLarsIC(OneTarget):
    """LassoLars with the α that has the least information criterion: errors against the number of features.

        n ln(2π σ²) + Σ_i s_i (y_i - x_i·w - b)² / σ² + c k,      c = 2 (AIC) or ln n (BIC)

    with k features whose weight is not 0, an unbiased estimate of the degrees of freedom (Zou, Hastie and
    Tibshirani, theorem 1), n = Σ s, and, unless it is given, σ² = Σ s r² / (n - features - 1) from the
    residuals r of least squares. Of the corners of the path, the first with the least is taken.
    """

    checked_with = {"noise_variance": 1.0}

    criterion: str = choice("aic", "bic", doc="which criterion")
    noise_variance: float | None = positive(None, doc="σ²; None to estimate it")
    positive: bool = boolean(False, doc="w ≥ 0")

    alpha_: float = learned("the best α")
    criterion_: np.ndarray = learned("the criterion at the corners of the path: (corners,)")
    noise_variance_: float = learned("σ²")

    def _fit(self, X, y, weight):
        super()._fit(X, y, weight)
        n = weight.sum()
        x_mean, y_mean = np.zeros(X.shape[1]), 0.0
        if self.fit_intercept:
            x_mean, y_mean = weight @ X / n, weight @ y / n
        self.noise_variance_ = self.noise_variance or self._noise(X, y, weight)
        wrong = (y - y_mean)[:, None] - (X - x_mean) @ self.coef_path_
        k = np.count_nonzero(self.coef_path_, axis=0)
        c = 2 if self.criterion == "aic" else np.log(n)
        fit = weight @ wrong**2 / self.noise_variance_
        self.criterion_ = n * np.log(2 * np.pi * self.noise_variance_) + fit + c * k
        best = int(np.argmin(self.criterion_))
        self.alpha_, self.coef_ = float(self.alphas_[best]), self.coef_path_[:, best].copy()
        self.intercept_ = y_mean - self.coef_ @ x_mean

    def _noise(self, X, y, weight):
        """σ², without bias. Where least squares explains all, it is rounding."""
        free = weight.sum() - X.shape[1] - self.fit_intercept
        if free <= 0:
            what = (
                f"You are using {type(self).__name__} in the case where the number of samples is smaller "
                f"than the number of features: {X.shape[0]} samples of {X.shape[1]} features. Least squares "
                "explains all noise, so its variance cannot be estimated."
            )
            raise refusal(ValueError, what, "noise_variance=1.0, or LassoLarsCV")
        model = LinearRegression(positive=self.positive, fit_intercept=self.fit_intercept)
        wrong = y - model.fit(X, y, weight).predict(X)
        rounding = np.finfo(np.float64).eps * np.abs(y).max()
        return max(weight @ wrong**2 / free, rounding**2, np.finfo(np.float64).tiny)

    def _path(self, errors):
        return lars_path(errors, 0.0, self.max_iter, lasso=True, positive=self.positive)
