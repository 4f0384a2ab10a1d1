"""AdaBoost: each model attends to what those before it got wrong, and the better ones have more to say.

Source: Y. Freund, R. Schapire, A decision-theoretic generalization of on-line learning and an application to
boosting (1997); J. Zhu, H. Zou, S. Rosset, T. Hastie, Multi-class AdaBoost (2009): SAMME; H. Drucker,
Improving regressors using boosting techniques (1997): AdaBoost.R2.
"""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.ensembles.members import require_weights, seeded
from models.foundation import (
    Classifier,
    Estimator,
    Regressor,
    choice,
    integer,
    learned,
    part,
    positive,
    seed,
)
from models.foundation.kinds import r_squared
from models.foundation.randomness import generator
from models.trees.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softmax

EPSILON = np.finfo(np.float64).eps


def naive_adaboost(X: list[list[float]], y: list[int], rounds: int) -> list[float]:
    """Votes for y = 1 or -1, by trees with one question x[j] ≤ cut. Read this first."""
    weight = [1 / len(y)] * len(y)
    votes = [0.0] * len(y)
    for _ in range(rounds):
        best: Any = (np.inf,)
        for j in range(len(X[0])):
            for cut in sorted({x[j] for x in X})[:-1]:
                w = {(left, label): 0.0 for left in (True, False) for label in (1, -1)}
                for x, label, weight_of_row in zip(X, y, weight, strict=True):
                    w[x[j] <= cut, label] += weight_of_row
                gini = sum(w[s, 1] * w[s, -1] / (w[s, 1] + w[s, -1]) for s in (True, False))
                says_of = {s: 1 if w[s, 1] > w[s, -1] else -1 for s in (True, False)}
                best = min(best, (gini, j, cut, says_of), key=lambda found: found[0])
        _, j, cut, answer = best
        says = [answer[x[j] <= cut] for x in X]
        error = sum(w for w, s, label in zip(weight, says, y, strict=True) if s != label)
        α = math.log((1 - error) / error)
        weight = [
            w * math.exp(α * (s != label)) for w, s, label in zip(weight, says, y, strict=True)
        ]
        weight = [w / sum(weight) for w in weight]
        votes = [v + α * s for v, s in zip(votes, says, strict=True)]
    return votes


class AdaBoost(Estimator):
    """What the classifier and the regressor share: the rounds."""

    estimator: Any = choice(None, doc="the model in each round; None: a small tree") | part(
        needs="fit predict"
    )
    n_estimators: int = integer(50, at_least=1, doc="largest number of rounds")
    learning_rate: float = positive(1.0, doc="factor of the weight of each model")
    random_state: Any = seed()

    estimator_: Any = learned("the unfitted model that is cloned")
    estimators_: list[Any] = learned("the fitted models")
    estimator_weights_: np.ndarray = learned("α of each model, 0 for those that were not needed")
    estimator_errors_: np.ndarray = learned(
        "the error of each model, 1 for those that were not needed"
    )

    default: ClassVar[Any]
    _round: ClassVar[Any]  # (X, y, weights, rng) -> new weights, α, error; None: this was the last

    def _boost(self, X, y, weight):
        self.estimator_ = self.default if self.estimator is None else self.estimator
        self.estimators_ = []
        self.estimator_weights_ = np.zeros(self.n_estimators)
        self.estimator_errors_ = np.ones(self.n_estimators)
        rng = generator(self.random_state)
        weight = weight / weight.sum()
        for i in range(self.n_estimators):
            weight = np.maximum(weight, EPSILON)
            found = self._round(X, y, weight, rng)
            if found is None:
                break
            weight, self.estimator_weights_[i], self.estimator_errors_[i] = found
            if self.estimator_errors_[i] == 0 or not 0 < weight.sum() < np.inf:
                break
            weight = weight / weight.sum()

    @property
    def feature_importances_(self):
        """(features,): the mean over the models, by their weights. AttributeError if they have none."""
        α = self.estimator_weights_[: len(self.estimators_)]
        return α @ [model.feature_importances_ for model in self.estimators_] / α.sum()


class AdaBoostClassifier(AdaBoost, Classifier):
    """argmax_k Σ_t α_t [model t says k], each model fitted to the rows weighted by the errors before (SAMME).

        α = ν (log((1 - ε) / ε) + log(K - 1)),        s_i ← s_i exp(α [model errs in row i]),

    where ε is the weighted error of the model and K the number of classes. It ends when a model makes no
    error, or is no better than chance. `decision_function` is the mean vote, 1 for the class said and
    -1 / (K - 1) for the others.
    """

    default = DecisionTreeClassifier(max_depth=1)

    n_classes_: int = learned("number of classes")

    def _fit(self, X, y, weight):
        require_weights(self.default if self.estimator is None else self.estimator)
        self.n_classes_ = len(self.classes_)
        self._boost(X, y, weight)

    def _round(self, X, y, weight, rng):
        labels = self.classes_[y]
        model = seeded(self.estimator_, rng).fit(X, labels, sample_weight=weight)
        wrong = model.predict(X) != labels
        error = np.average(wrong, weights=weight)
        if error <= 0:
            self.estimators_.append(model)
            return weight, 1.0, 0.0
        if error >= 1 - 1 / self.n_classes_:
            if not self.estimators_:
                what = (
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble "
                )
                what += "can not be fit."
                raise refusal(ValueError, what, "a stronger estimator")
            return None
        self.estimators_.append(model)
        α = self.learning_rate * (np.log((1 - error) / error) + np.log(self.n_classes_ - 1))
        return np.exp(np.log(weight) + α * wrong), α, error

    def _votes(self, X):
        """The mean vote for each class after each round: (samples, classes)."""
        total, weights = 0.0, 0.0
        for model, α in zip(self.estimators_, self.estimator_weights_, strict=False):
            said = model.predict(X)[:, None] == self.classes_
            total = total + np.where(said, α, -α / max(self.n_classes_ - 1, 1))
            weights += α
            yield total / weights

    def _by_round(self, X):
        """The decision function after each round."""
        for votes in self._votes(X):
            yield votes[:, 1] - votes[:, 0] if self.n_classes_ == 2 else votes

    def _decision(self, X):
        *_, last = self._by_round(X)
        return last if self.n_classes_ > 1 else np.zeros((len(X), 1))

    def _probabilities(self, f):
        """softmax(f / (K - 1)), equation 15 of Zhu et al."""
        two = self.n_classes_ == 2
        f = np.stack([-f, f], axis=1) / 2 if two else f / max(self.n_classes_ - 1, 1)
        return softmax(f, axis=1)

    def _predict_proba(self, X):
        return self._probabilities(self._decision(X))

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """The decision function after each round."""
        return self._by_round(self._check(X))

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """P(class | x) after each round."""
        return (self._probabilities(f) for f in self.staged_decision_function(X))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predicted classes after each round."""
        for f in self.staged_decision_function(X):
            yield self.classes_[(f > 0).astype(int) if f.ndim == 1 else f.argmax(axis=1)]

    def staged_score(self, X: Any, y: Any, sample_weight: Any = None) -> Iterator[float]:
        """The accuracy after each round."""
        for predicted in self.staged_predict(X):
            yield float(np.average(predicted == np.asarray(y), weights=sample_weight))


class AdaBoostRegressor(AdaBoost, Regressor):
    """The weighted median of models, each fitted to rows drawn by the errors of those before (AdaBoost.R2).

        ℓ_i = |error of row i| / the largest one,    ε = Σ s_i ℓ_i,    β = ε / (1 - ε),
        α = ν log(1 / β),                            s_i ← s_i β^(ν (1 - ℓ_i))

    `loss` makes ℓ² or 1 - exp(-ℓ) of ℓ. It ends with a model whose ε is 0.5 or more.
    """

    does_not_apply: ClassVar = {
        "test_weights_are_repetitions": "draws rows at random",
        "test_its_twin_gives_the_same_answers": "draws rows at random",
        "check_sample_weight_equivalence_on_dense_data": "draws rows at random",
    }

    default = DecisionTreeRegressor(max_depth=3)

    estimator = None  # the first argument, as of the classifier
    loss: str = choice("linear", "square", "exponential", doc="of a relative error")

    def _fit(self, X, y, weight):
        self._boost(X, y, weight)

    def _round(self, X, y, weight, rng):
        model = seeded(self.estimator_, rng)
        rows = rng.choice(len(X), len(X), p=weight / weight.sum())
        model.fit(X[rows], y[rows])
        loss = np.abs(model.predict(X) - y)
        loss = loss / (loss.max() or 1.0)
        if self.loss != "linear":
            loss = loss**2 if self.loss == "square" else 1 - np.exp(-loss)
        error = weight @ loss
        if error >= 0.5 and self.estimators_:
            return None
        self.estimators_.append(model)
        if error <= 0 or error >= 0.5:
            return weight, 1.0, 0.0
        β = error / (1 - error)
        return (
            weight * β ** ((1 - loss) * self.learning_rate),
            -self.learning_rate * np.log(β),
            error,
        )

    def _medians(self, predictions):
        """The weighted medians of (samples, models)."""
        order = np.argsort(predictions, axis=1)
        below = np.cumsum(self.estimator_weights_[order], axis=1)
        middle = np.argmax(below >= 0.5 * below[:, -1:], axis=1)
        rows = np.arange(len(predictions))
        return predictions[rows, order[rows, middle]]

    def _predict(self, X):
        return self._medians(np.stack([model.predict(X) for model in self.estimators_], axis=1))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predictions after each round."""
        X = self._check(X)
        predictions = np.stack([model.predict(X) for model in self.estimators_], axis=1)
        for i in range(1, len(self.estimators_) + 1):
            yield self._medians(predictions[:, :i])

    def staged_score(self, X: Any, y: Any, sample_weight: Any = None) -> Iterator[float]:
        """R² after each round."""
        y = np.asarray(y, dtype=np.float64)
        weight = self._weights(sample_weight, len(y))
        for predicted in self.staged_predict(X):
            yield float(r_squared(y[:, None], (y - predicted)[:, None], weight)[0])
