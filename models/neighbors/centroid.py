"""Nearest centroid, and nearest shrunken centroid.

Source: R. Tibshirani, T. Hastie, B. Narasimhan, G. Chu, Diagnosis of multiple cancer types by shrunken
centroids of gene expression, PNAS 99 (2002); T. Hastie, R. Tibshirani, J. Friedman, The Elements of
Statistical Learning (ESL), 2nd edition, section 18.2.
"""

from typing import Any

import numpy as np

from models.foundation import Classifier, array, choice, learned, positive, warn
from models.neighbors.distances import METRICS, distances
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softmax


class NearestCentroid(Classifier):
    """Predicts the class whose centroid is nearest: its mean, or for metric="manhattan" its median.

    shrink_threshold Δ moves the centroids toward that of all rows. With x̄ the overall mean, s_j the standard
    deviation of feature j within the classes, s_0 the median of them and m_k = √(1/n_k - 1/n),

        d_kj = (x̄_kj - x̄_j) / (m_k (s_j + s_0)),   d'_kj = sign(d_kj) max(|d_kj| - Δ, 0)    (ESL 18.4, 18.5)
        x̄'_kj = x̄_j + m_k (s_j + s_0) d'_kj

    A feature whose d'_kj are all 0 has no effect. Where s_j + s_0 is 0, d is 0 and the centroid stays.

    With priors that are not equal, and in predict_proba and decision_function, the score of a class is
    2 log π_k - Σ_j (x_j - x̄'_kj)² / s_j² (ESL 18.6).
    """

    one_class = False

    metric: str = choice("euclidean", "manhattan", doc="distance to a centroid")
    shrink_threshold: float = positive(None, optional=True, doc="Δ")
    priors: Any = choice("uniform", "empirical") | array(doc="π: probabilities of the classes")

    centroids_: np.ndarray = learned("(classes, features)")
    deviations_: np.ndarray = learned("d, or d' if shrunken: (classes, features)")
    within_class_std_dev_: np.ndarray = learned("s: (features,)")
    class_prior_: np.ndarray = learned("π: (classes,)")

    def _fit(self, X, y):
        n, K = len(X), len(self.classes_)
        if (X.max(axis=0) == X.min(axis=0)).all():
            what = "All features have zero variance. Division by zero."
            raise refusal(ValueError, what, "columns that differ between the rows")
        counts = np.bincount(y)
        self.class_prior_ = self._priors(counts / n)
        middle: Any = np.median if self.metric == "manhattan" else np.mean
        centroids = np.stack([middle(X[y == k], axis=0) for k in range(K)])
        squares = ((X - centroids[y]) ** 2).sum(axis=0)
        s = np.sqrt(squares / max(n - K, 1))
        width = np.sqrt(1 / counts - 1 / n)[:, None] * (s + np.median(s))
        center, spread = X.mean(axis=0), width > 0
        d = np.where(spread, (centroids - center) / np.where(spread, width, 1), 0)
        if self.shrink_threshold:
            d = np.sign(d) * np.maximum(np.abs(d) - self.shrink_threshold, 0)
            centroids = np.where(spread, center + width * d, centroids)
        self.centroids_, self.deviations_, self.within_class_std_dev_ = centroids, d, s

    def _priors(self, fractions):
        if isinstance(self.priors, str):
            K = len(fractions)
            return np.full(K, 1 / K) if self.priors == "uniform" else fractions
        priors = np.asarray(self.priors, dtype=np.float64)
        if priors.shape != fractions.shape:
            what = f"priors has shape {priors.shape}, for {len(fractions)} classes."
            raise refusal(
                ValueError, what, "a probability for each class, in the order of classes_"
            )
        if (priors < 0).any():
            raise refusal(ValueError, "priors must be non-negative.", "probabilities that sum to 1")
        if not np.isclose(priors.sum(), 1):
            text = "The priors do not sum to 1. Normalizing such that it sums to one."
            warn(UserWarning, f"{text} Try: priors / priors.sum()")
        return priors / priors.sum()

    def _predict(self, X):
        if np.isclose(self.class_prior_, 1 / len(self.classes_)).all():
            return distances(X, self.centroids_, METRICS[self.metric]).argmin(axis=1)
        return self._scores(X).argmax(axis=1)

    def _scores(self, X):
        """2 log π_k - d(x / s, x̄'_k / s)²"""
        s = np.where(self.within_class_std_dev_ > 0, self.within_class_std_dev_, 1)
        with np.errstate(over="ignore", divide="ignore"):
            D = distances(X / s, self.centroids_ / s, METRICS[self.metric])
            return 2 * np.log(self.class_prior_) - D**2

    def _require_euclidean(self):
        if self.metric != "euclidean":
            what = f"only metric='euclidean' has scores and probabilities, not {self.metric!r}."
            raise refusal(AttributeError, what, "predict")

    @property
    def _decision(self) -> Any:
        self._require_euclidean()
        return self._of_classes

    def _of_classes(self, X):
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    @property
    def _predict_proba(self) -> Any:
        self._require_euclidean()
        return self._probabilities

    def _probabilities(self, X):
        return softmax(self._scores(X), axis=1)
