"""Bayes's rule: from a distribution of x in each class to the probabilities of the classes.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 4.2.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Classifier, learned
from models.foundation.incremental import IncrementalClassifier
from tinygrad_edu.diagnostics.words import refusal

LOWEST = -1e300  # in place of ln 0, so that sums stay numbers


class GenerativeClassifier(Classifier):
    """P(y = k | x) = p(x | k) P(k) / Σ_l p(x | l) P(l).

    A subclass writes `_joint`: checked X -> ln p(x | k) + ln P(k), shape (samples, classes). A term that is
    the same for all classes may be left out. In logarithms the rule subtracts the logsumexp of the row:

        ln P(k | x) = j_k - ln Σ_l exp(j_l)          (Bishop equations 4.62 and 4.63)
    """

    _joint: ClassVar[Any]

    def _predict(self, X):
        return np.argmax(self._joint(X), axis=1)

    def _predict_proba(self, X):
        return np.exp(posterior(self._joint(X)))

    def predict_log_proba(self, X):
        """ln P(class | x), shape (samples, classes)."""
        return posterior(self._joint(self._check(X)))


class NaiveBayes(GenerativeClassifier, IncrementalClassifier):
    """A generative classifier in which the features are independent, given the class:

        ln p(x | k) = Σ_j ln p(x_j | k)          (Bishop section 4.2.3)

    The estimates are sums over the samples, so that `partial_fit` can add more samples to them.
    """

    class_count_: np.ndarray = learned("weight of the samples of each class: (classes,)")

    def predict_joint_log_proba(self, X: Any) -> np.ndarray:
        """ln p(x, class) = ln p(x | class) + ln P(class), shape (samples, classes)."""
        return self._joint(self._check(X))


def posterior(joint):
    """ln P(k | x) of each row, from j_k = ln p(x | k) P(k); all the same if every p(x | k) is 0."""
    j = np.maximum(joint, LOWEST)
    j -= j.max(axis=1, keepdims=True)
    return j - np.log(np.exp(j).sum(axis=1, keepdims=True))


def checked_priors(priors, classes, estimator, name="priors", tolerance=1e-8):
    """The given P(k) as an array. Raises ValueError unless there is one ≥ 0 for each class, with sum 1."""
    found = np.asarray(priors, dtype=np.float64)
    what = ""
    if found.shape != (classes,):
        what = "Number of priors must match number of classes."
    elif (found < 0).any():
        what = "Priors must be non-negative."
    elif abs(found.sum() - 1) > tolerance:
        what = "The sum of the priors should be 1."
    if what:
        what = (
            f"{what} {type(estimator).__name__} got {name}={found.tolist()} for {classes} classes."
        )
        raise refusal(ValueError, what, f"{name}=None, for the fractions in y")
    return found
