"""A classifier that does not look at X."""

from typing import Any

import numpy as np

from models.dummy.blind import Blind
from models.foundation import Classifier, choice, learned
from models.foundation.fields import Parameter
from models.foundation.frames import samples
from models.foundation.randomness import random_state, seed
from tinygrad_edu.diagnostics.words import refusal


class DummyClassifier(Blind, Classifier):
    """Predicts classes from their frequencies alone.

    prior           the most frequent class, with all frequencies as probabilities
    most_frequent   the most frequent class, with probability 1
    stratified      random classes, with their frequencies
    uniform         random classes, all equally likely
    constant        the class `constant`

    X may be anything with a length, or None in `score`. Seeds draw what they draw in scikit-learn.
    """

    strategy: str = choice(
        "prior", "most_frequent", "stratified", "uniform", "constant", doc="what is predicted"
    )
    random_state: Any = seed()
    constant: Any = Parameter(
        None,
        lambda x: np.ndim(x) < 2 and not isinstance(x, (dict, set)),
        "a class",
        "that of strategy='constant'",
    )

    class_prior_: np.ndarray = learned("frequencies of the classes, (classes,)")
    n_classes_: int = learned("how many classes there are")
    n_outputs_: int = learned("1: for several targets, use MultiOutputClassifier")

    def _fit(self, X, y, weight):
        self.class_prior_ = np.bincount(y, weight, minlength=len(self.classes_)) / weight.sum()
        self.n_classes_, self.n_outputs_ = len(self.classes_), 1
        if self.strategy != "constant":
            return
        if self.constant is None:
            what = "Constant target value has to be specified when the constant strategy is used."
            raise refusal(ValueError, what, f"constant={self.classes_.tolist()[0]!r}")
        if np.shape(self.constant) not in ((), (1,)) or not np.isin(self.constant, self.classes_):
            what = (
                "The constant target value must be present in the training data. You provided "
                f"constant={self.constant!r}."
            )
            raise refusal(ValueError, what, f"one of {self.classes_.tolist()}")

    def _predict(self, X):
        if self.strategy == "uniform":
            return random_state(self.random_state).randint(self.n_classes_, size=samples(X))
        return self._predict_proba(X).argmax(axis=1)

    def _predict_proba(self, X):
        n, k = samples(X), self.n_classes_
        if self.strategy == "prior":
            return np.tile(self.class_prior_, (n, 1))
        if self.strategy == "uniform":
            return np.full((n, k), 1 / k)
        if self.strategy == "stratified":
            rng = random_state(self.random_state)
            return rng.multinomial(1, self.class_prior_, size=n).astype(np.float64)
        if self.strategy == "most_frequent":
            chosen = self.class_prior_.argmax()
        else:
            chosen = np.searchsorted(self.classes_, np.ravel(self.constant)[0])
        return np.tile(np.eye(k)[chosen], (n, 1))
