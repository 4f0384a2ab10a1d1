"""Linear models: a weighted sum of the features.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition,
chapters 3 and 4; C. Bishop, Pattern Recognition and Machine Learning, chapters 3 and 4.
"""

import numpy as np

from models.base import Classifier, LossModel, Regressor
from tinygrad_edu.ops import logsumexp, softmax

# Rounding in the Gram matrix costs ε times its condition number: with 1e6 ten digits are left.
WORST_CONDITION = 1e6


class LinearRegression(Regressor):
    """y = x·w + b with the least Σ_i s_i (y_i - x_i·w - b)², s the sample weights.

    Centered by their (weighted) means X̄ and ȳ, the data need no b, and the gradient is zero at

        Xᵀ S X w = Xᵀ S y          b = ȳ - X̄·w          (ESL equation 3.6)

    which is one small system to solve. Where the columns are close to dependent that would lose too
    many digits; then X itself is decomposed (SVD), and of all the best w the shortest is taken.

    y may be (samples,) or (samples, targets).
    """

    _several_targets = True

    coef_: np.ndarray  # w: (features,) or (targets, features)
    intercept_: float | np.ndarray  # b: a number or (targets,)

    def __init__(self, fit_intercept=True):
        self.fit_intercept = fit_intercept

    def fit(self, X, y, sample_weight=None):
        """X: (samples, features), y: (samples,) or (samples, targets). Returns self."""
        X, y, weight = self._training(X, y, sample_weight)
        if self.fit_intercept:
            x_mean, y_mean = weight @ X / weight.sum(), weight @ y / weight.sum()
        else:
            x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1:])
        root = np.sqrt(weight)
        A = (X - x_mean) * root[:, None]
        B = ((y - y_mean).T * root).T
        w = _least_squares(A, B)
        return self._keep(
            n_features_in_=X.shape[1],
            coef_=w.T,
            intercept_=y_mean - x_mean @ w if self.fit_intercept else 0.0,
        )

    def predict(self, X):
        """x·w + b, shape (samples,) or (samples, targets)."""
        X = self._queries(X)
        return X @ self.coef_.T + self.intercept_


def _least_squares(A, B):
    """The w with the least ‖A w - B‖², and the shortest one if there are several."""
    gram = A.T @ A
    size = np.sqrt(gram.diagonal())
    if size.all():
        # Columns of length one: meters or millimeters must not look like near dependence.
        scaled = gram / np.outer(size, size)
        eigenvalues = np.linalg.eigvalsh(scaled)
        if eigenvalues[-1] < WORST_CONDITION * eigenvalues[0]:
            right = (A.T @ B).T / size
            return (np.linalg.solve(scaled, right.T).T / size).T
    return np.linalg.lstsq(A, B, rcond=None)[0]


class LogisticRegression(Classifier, LossModel):
    """P(y = k | x) = softmax(W x + b)_k, by maximum likelihood with a penalty on W.

        L(W, b) = Σ_i s_i (-ln P(y_i | x_i)) / Σ s + ‖W‖² / (2 C Σ s),      s the sample weights

    scikit-learn's objective, divided by C Σ s. Of two classes only the second has a row in W: the
    logit of the first is 0, and P(second) = 1 / (1 + e^-(w·x + b)).

    `loss` is all there is: the engine differentiates it once for "lbfgs", and twice for "newton",
    which on this loss is what books call iteratively reweighted least squares (Bishop 4.3.3).

    Parameters: C, the larger the weaker the penalty; fit_intercept; solver: "lbfgs", or "newton"
    (few steps, but each with a Hessian of all the parameters: for small models); tol: stops when no
    element of the gradient is larger; max_iter.
    """

    coef_: np.ndarray  # W: (classes, features), or (1, features) for two classes
    intercept_: np.ndarray  # b: (classes,) or (1,)
    n_iter_: int

    def __init__(self, C=1.0, fit_intercept=True, solver="lbfgs", tol=1e-4, max_iter=100):
        self.C = C
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def loss(self, X, y, weight, W, b=0.0):
        """L above. X: (samples, features), y: (samples,) numbers of classes, W: (K, features)."""
        z = logits(X, W, b)
        surprise = logsumexp(z, axis=0) - z[y, np.arange(len(y))]  # -ln P(y | x)
        return (weight @ surprise + (W * W).sum() / (2 * self.C)) / weight.sum()

    def fit(self, X, y, sample_weight=None):
        """X: (samples, features), y: (samples,) labels of two classes or more. Returns self.

        ValueError for bad input. Warns if the solver stopped before the gradient was within tol.
        """
        self._require_number("C", above=0)
        X, y, weight = self._training(X, y, sample_weight)
        classes, labels = self._classes(y)
        if len(classes) == 1:
            raise ValueError(
                f"LogisticRegression needs two classes or more, got one class only: {classes.tolist()[0]!r}"
            )
        rows = 1 if len(classes) == 2 else len(classes)
        shapes = {"W": (rows, X.shape[1])} | ({"b": (rows,)} if self.fit_intercept else {})
        learned, n_iter = self._minimize(X, labels, weight, **shapes)
        return self._keep(
            n_features_in_=X.shape[1],
            classes_=classes,
            coef_=learned["W"],
            intercept_=learned.get("b", np.zeros(rows)),
            n_iter_=n_iter,
        )

    def _logits(self, X):
        X = self._queries(X)
        return logits(X, self.coef_, self.intercept_).T

    def decision_function(self, X):
        """The logits W x + b, (samples, classes); of two classes that of the second, (samples,)."""
        z = self._logits(X)
        return z[:, 1] if z.shape[1] == 2 else z

    def predict_proba(self, X):
        """P(class | x), shape (samples, classes)."""
        return softmax(self._logits(X))


def logits(X, W, b):
    """W x + b of every row x of X, shape (classes, samples); one row in W makes two classes.

    The samples run along the rows, so that sums over a few classes are sums of long rows: fast.
    """
    z = W @ X.T + np.reshape(b, (-1, 1))
    return np.concatenate([np.zeros((1, len(X))), z]) if len(W) == 1 else z
