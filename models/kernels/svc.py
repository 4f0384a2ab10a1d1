"""Support vector machines that classify.

Sources: C. Cortes, V. Vapnik, Support-vector networks (1995); B. Schölkopf, A. Smola, R. Williamson,
P. Bartlett, New support vector algorithms (2000); C.-C. Chang, C.-J. Lin, LIBSVM: a library for support
vector machines (2011).
"""

import itertools
from typing import Any, ClassVar

import numpy as np

from models.foundation import Classifier, boolean, choice, learned, mapping, number, positive, seed
from models.foundation.frames import samples
from models.foundation.randomness import generator
from models.foundation.targets import weights
from models.kernels.platt import couple, probability_of, sigmoid_of_scores
from models.kernels.support_vectors import SupportVectors, filled
from tinygrad_edu.diagnostics.words import refusal

FOLDS = 5  # for probabilities, as in LIBSVM


class OneVersusOne(SupportVectors, Classifier):
    """A machine for each pair of classes; the class that wins most of its pairs is predicted.

    A subclass writes `_separate`, which finds f of a pair: f > 0 for the first of the two classes. Pairs are
    in the order 0-1, 0-2, ..., 1-2, ...

    With decision_function_shape="ovo" decision_function returns f of each pair; with "ovr" a score of each
    class, its number of wins and, between -1/3 and 1/3, the sum of f over its pairs. break_ties=True predicts
    the class with the largest of these scores. For two classes it returns f, but > 0 for the second one:
    there coefficients and intercept have that sign.

    probability=True fits a sigmoid to scores of held-out rows (`platt`).
    """

    one_class = False
    twin_settings = {"probability": "deprecated"}

    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    probability: Any = boolean(False) | choice(
        "deprecated", doc="also learn probabilities, which takes 5 more fits; 'deprecated' is False"
    )
    decision_function_shape: str = choice("ovr", "ovo", doc="one score per class, or per pair")
    break_ties: bool = boolean(False, doc="decide between classes with equally many wins by f")
    random_state: Any = seed(doc="divides the rows into folds, for probabilities")

    dual_coef_: np.ndarray = learned("β: (classes - 1, vectors), of each class against the others")
    intercept_: np.ndarray = learned("b: (pairs,)")
    n_iter_: np.ndarray = learned("number of pairs of variables that were moved: (pairs,)")
    class_weight_: np.ndarray = learned("factors of the weights: (classes,)")
    probA_: np.ndarray = learned("slopes of the sigmoids: (pairs,)")
    probB_: np.ndarray = learned("their intercepts: (pairs,)")

    # (gram, signs of the rows, their weights) -> β, b, number of iterations
    _separate: ClassVar[Any]

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        _, first = np.unique(data["y"], return_index=True)
        given = weights(sample_weight, samples(X), self)[self._rows_]
        self.class_weight_ = data["weight"][first] / given[first]
        return data

    def _fit(self, X, y, weight):
        classes = len(self.classes_)
        gram, rng = self._gram(X), generator(self.random_state)
        coef = np.zeros((classes - 1, len(X)))
        intercepts, iterations, sigmoids = [], [], []
        for i, j in itertools.combinations(range(classes), 2):
            rows = np.flatnonzero((y == i) | (y == j))
            signs, sizes = np.where(y[rows] == i, 1.0, -1.0), weight[rows]
            between = _within(gram, rows)
            β, b, pairs = self._separate(between, signs, sizes)
            coef[np.where(signs > 0, j - 1, i), rows] = β
            intercepts.append(b)
            iterations.append(pairs)
            if self.probability is True:
                scores = self._held_out_scores(between, signs, sizes, rng)
                sigmoids.append(sigmoid_of_scores(scores, signs))
        used = self._keep(X, coef, np.argsort(y, kind="stable"))
        self.n_support_ = np.bincount(y[used], minlength=classes).astype(np.int32)
        self.intercept_, self.n_iter_ = np.array(intercepts), np.array(iterations, dtype=np.int32)
        if classes == 2:
            self.dual_coef_, self.intercept_ = -self.dual_coef_, -self.intercept_
        if sigmoids:
            self.probA_, self.probB_ = np.array(sigmoids).T

    def _held_out_scores(self, gram, signs, weight, rng):
        """f of each row, from a machine that has not seen it."""
        scores = np.empty(len(signs))
        for fold in np.array_split(rng.permutation(len(signs)), min(FOLDS, len(signs))):
            rest = np.setdiff1d(np.arange(len(signs)), fold)
            if len({*signs[rest]}) < 2:
                scores[fold] = signs[rest].mean() if len(rest) else 0.0
                continue
            β, b, _ = self._separate(_within(gram, rest), signs[rest], weight[rest])
            scores[fold] = gram(fold, rest) @ β + b
        return scores

    @property
    def coef_(self) -> np.ndarray:
        """w of f(x) = w·x + b, (pairs, features), for the linear kernel."""
        if len(self.classes_) == 2 or self.kernel != "linear":
            return super().coef_
        return self._by_pair().T @ self.support_vectors_

    def _by_pair(self):
        """β of each support vector in each pair, > 0 for the first class: (vectors, pairs)."""
        if len(self.classes_) == 2:
            return -self.dual_coef_.T
        own, β = np.repeat(np.arange(len(self.classes_)), self.n_support_), self.dual_coef_
        pairs = itertools.combinations(range(len(self.classes_)), 2)
        columns = [np.select([own == i, own == j], [β[j - 1], β[i]]) for i, j in pairs]
        return np.stack(columns, axis=1)

    def _f(self, X):
        """f of each row in each pair, > 0 for the first class: (samples, pairs)."""
        b = -self.intercept_ if len(self.classes_) == 2 else self.intercept_
        return self._combine(X, self._by_pair()) + b

    def _decision(self, X):
        f = self._f(X)
        if len(self.classes_) == 2:
            return -f[:, 0]
        return f if self.decision_function_shape == "ovo" else self._scores(f)

    def _scores(self, f):
        total = self._sums(f)
        return self._wins(f >= 0) + total / (3 * (np.abs(total) + 1))

    def _wins(self, first):
        """How many pairs each class wins, from whether the first class of each pair does."""
        return self._sums(np.where(first, 0.5, -0.5)) + (len(self.classes_) - 1) / 2

    def _sums(self, f):
        """The sum of f over the pairs of each class, with its sign: (samples, classes)."""
        total = np.zeros((len(f), len(self.classes_)))
        for pair, (i, j) in enumerate(itertools.combinations(range(len(self.classes_)), 2)):
            total[:, i] += f[:, pair]
            total[:, j] -= f[:, pair]
        return total

    def _predict(self, X):
        if self.break_ties and self.decision_function_shape == "ovo":
            what = "break_ties must be False when decision_function_shape is 'ovo'."
            raise refusal(ValueError, what, "decision_function_shape='ovr'")
        f = self._f(X)
        if len(self.classes_) == 2:
            return (f[:, 0] < 0).astype(np.intp)
        if self.break_ties:
            return self._scores(f).argmax(axis=1)
        return self._wins(f > 0).argmax(axis=1)

    @property
    def _predict_proba(self) -> Any:
        if self.probability is not True:
            what = "predict_proba is not available when probability=False."
            raise refusal(AttributeError, what, f"{type(self).__name__}(probability=True)")
        return lambda X: couple(probability_of(self._f(X), self.probA_, self.probB_))


class SVC(OneVersusOne):
    """The margin between two classes y = ±1 is as wide as possible; rows inside of it cost C each.

        minimize   ½ ‖w‖² + C Σ_i s_i max(0, 1 - y_i f(x_i)),      f(x) = w·φ(x) + b,  s the sample weights

    with φ the features of the kernel. Its dual problem, in β_i = y_i α_i, needs φ only in the kernel:

        minimize   ½ βᵀ K β - y·β      with   0 ≤ y_i β_i ≤ C s_i,   Σ β = 0       (Cortes, Vapnik 1995)
    """

    C: float = positive(1.0, doc="C, the cost of errors")

    def _separate(self, gram, y, weight):
        lo, hi = np.minimum(0, y * self.C * weight), np.maximum(0, y * self.C * weight)
        β, b, pairs = self._minimize(gram, len(y), -y, lo, hi)
        return β, b[0], pairs


class NuSVC(OneVersusOne):
    """As SVC, with ν in place of C: at most the fraction ν of the rows is inside the margin ρ, and at least
    the fraction ν are support vectors.

        minimize   ½ βᵀ K β      with   0 ≤ y_i β_i ≤ s_i,   Σ |β| = ν Σ s,   Σ β = 0

    (Schölkopf, Smola, Williamson, Bartlett 2000). So β sums to ν Σ s / 2 over one class, and to the opposite
    over the other. f is divided by ρ, which makes the margin 1, as in SVC.
    """

    does_not_apply = {
        "check_class_weight_classifiers": "such uneven weights make every nu above 1e-6 infeasible",
        "check_sample_weight_equivalence_on_dense_data": "one of its classes is too rare for nu=0.5",
    }

    nu: float = number(0.5, above=0, at_most=1, doc="ν")

    def _separate(self, gram, y, weight):
        first, half = y > 0, self.nu * weight.sum() / 2
        if half > min(weight[first].sum(), weight[~first].sum()) * (1 + 1e-12):
            raise refusal(
                ValueError,
                f"specified nu is infeasible: nu={self.nu} of two classes, of which one has only the part "
                f"{min(weight[first].sum(), weight[~first].sum()) / weight.sum():.3g}.",
                "a smaller nu, at most twice that part; or class_weight='balanced'",
            )
        start = np.zeros(len(y))
        start[first], start[~first] = filled(weight[first], half), -filled(weight[~first], half)
        lo, hi = np.minimum(0, y * weight), np.maximum(0, y * weight)
        group = (~first).astype(int)
        β, b, pairs = self._minimize(gram, len(y), np.zeros(len(y)), lo, hi, start, group)
        ρ = (b[1] - b[0]) / 2
        if ρ <= 1e-12 * np.abs(b).max():
            what = f"NuSVC(nu={self.nu}): the margin is 0, because the classes overlap too much."
            raise refusal(ValueError, what, "a smaller nu, or SVC")
        return β / ρ, b.mean() / ρ, pairs


def _within(gram, rows):
    """The kernel between some of the rows."""
    return lambda i, j: gram(rows[i], rows[j])
