"""Ridge regression whose penalty is chosen by cross-validation.

Source: G. Golub, M. Heath, G. Wahba, Generalized cross-validation as a method for choosing a good ridge
parameter (1979); T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition
(ESL), section 7.10.
"""

from typing import Any

import numpy as np

from models.foundation import array, boolean, choice, learned, nonnegative
from models.foundation.kinds import r_squared
from models.foundation.linear_predictor import LinearModel
from models.linear.least_squares import centered
from models.linear.ridge import Ridge
from models.selection.cross_validated import CrossValidated
from tinygrad_edu.diagnostics.words import refusal


class RidgeCV(LinearModel, CrossValidated):
    """Ridge with the α of `alphas` that predicts best what it was not trained on.

    With cv=None each row is left out once. That takes no second fit: ŷ = H y is linear in y, and the error
    of row i without row i in the fit is

        (y_i - ŷ_i) / (1 - H_ii)                                           (ESL 7.64)

    The singular value decomposition A = U diag(d) Vᵀ of the weighted and centered X gives it for every α,
    from I - H = U diag(α / (d² + α)) Uᵀ + what neither U nor the intercept reaches. With
    other cv, the score of an α is the mean of its scores in the folds, by default of R². Errors count with
    their sample weights.
    """

    several_targets = True

    alphas: Any = array((0.1, 1.0, 10.0), at_least=0, doc="the α to try") | nonnegative()
    scoring: str | None = choice(
        None,
        "neg_mean_squared_error",
        "neg_mean_absolute_error",
        "r2",
        doc="what the best α has most of",
    )
    gcv_mode: str | None = choice(
        None, "auto", "svd", "eigen", doc="no effect: always from the SVD"
    )
    store_cv_results: bool = boolean(False, doc="keep cv_results_; for cv=None")
    alpha_per_target: bool = boolean(False, doc="choose α for each target; for cv=None")

    alpha_: Any = learned("the best α, or one for each target")
    best_score_: Any = learned("its score; of squared errors minus their mean")
    cv_results_: np.ndarray = learned(
        "left-out squared errors, or predictions if `scoring` is set: (samples, [targets,] alphas)"
    )

    def _fit(self, X, y, weight):
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))
        if self.cv is None:
            scores = self._leave_one_out(X, y, weight, alphas)
        else:
            scores = self._score_folds(X, y, weight, alphas)
        best = np.argmax(scores, axis=0)
        self.alpha_ = alphas[best]
        self.best_score_ = np.take_along_axis(scores, np.expand_dims(best, 0), axis=0)[0]
        model = Ridge(self.alpha_, fit_intercept=self.fit_intercept).fit(X, y, weight)
        self.coef_, self.intercept_ = model.coef_, model.intercept_

    def _leave_one_out(self, X, y, weight, alphas):
        """The score of each α, (alphas,) or (alphas, targets)."""
        if not (alphas > 0).all():
            what = f"alphas of RidgeCV(cv=None) must be > 0, got {alphas.min()}."
            raise refusal(ValueError, what, "LinearRegression for no penalty, or cv=5")
        scores, results = [], []
        root = np.sqrt(weight).reshape(-1, *[1] * (y.ndim - 1))
        for errors in left_out_errors(X, y, weight, alphas, self.fit_intercept):
            if self.scoring is None:
                results.append(errors**2)
                scores.append(-np.mean(errors**2, axis=0 if self.alpha_per_target else None))
            else:
                plain = np.divide(errors, root, out=np.zeros_like(errors), where=root > 0)
                results.append(y - plain)
                each = SCORES[self.scoring](y, plain, weight)
                scores.append(each if self.alpha_per_target else np.mean(each))
        if self.store_cv_results:
            self.cv_results_ = np.stack(results, axis=-1)
        return np.array(scores)

    def _score_folds(self, X, y, weight, alphas):
        """The score of each α, the mean over the folds."""
        if self.store_cv_results or self.alpha_per_target:
            name = "store_cv_results" if self.store_cv_results else "alpha_per_target"
            what = f"cv!=None and {name}=True are incompatible."
            raise refusal(ValueError, what, f"RidgeCV(cv=None, {name}=True)")
        score, scores = SCORES[self.scoring or "r2"], []
        for train, test in self._folds(X, y, weight):
            models = [Ridge(α, fit_intercept=self.fit_intercept) for α in alphas]
            fits = [model.fit(X[train], y[train], weight[train]) for model in models]
            scores.append(
                [np.mean(score(y[test], y[test] - m.predict(X[test]), weight[test])) for m in fits]
            )
        return np.mean(scores, axis=0)


def left_out_errors(X, y, weight, alphas, fit_intercept):
    """√s (y_i - prediction of row i by the fit to all others), of the shape of y, for each α > 0."""
    A, B, *_ = centered(X, y, weight, fit_intercept)
    U, d, _ = np.linalg.svd(A, full_matrices=False)
    reached = d > max(A.shape) * np.finfo(np.float64).eps * d[0]
    U, d = U[:, reached], d[reached]
    beyond = 1 - (U * U).sum(axis=1)
    if fit_intercept:
        beyond -= weight / weight.sum()
    if len(d) + fit_intercept >= np.count_nonzero(weight):  # nothing is left, but for rounding
        beyond[:] = 0
    rest = B - U @ (U.T @ B) if beyond.any() else np.zeros_like(B)
    for α in alphas:
        kept = 1 / (1 + (d / np.sqrt(α)) ** 2)  # α / (d² + α)
        left = (U * U) @ kept + beyond
        residual = rest + (U * kept) @ (U.T @ B)
        if (left[weight > 0] <= 0).any():
            what = "RidgeCV(cv=None) leaves each sample out once, and there is only 1 sample with a weight."
            raise refusal(ValueError, what, "more samples, or Ridge, with an α of your own")
        yield (residual.T / np.where(weight > 0, left, 1)).T


# scikit-learn's name of a score -> its value for each target: (y, y - prediction, weight) -> number
SCORES = {
    "neg_mean_squared_error": lambda y, errors, weight: (
        -np.average(errors**2, axis=0, weights=weight)
    ),
    "neg_mean_absolute_error": lambda y, errors, weight: (
        -np.average(abs(errors), axis=0, weights=weight)
    ),
    "r2": r_squared,
}
