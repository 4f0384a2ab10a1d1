"""The linear-chain conditional random field: labels of all steps of a sequence, given their features.

Source: J. Lafferty, A. McCallum, F. Pereira, Conditional random fields: probabilistic models for segmenting
and labeling sequence data (ICML 2001); K. Murphy, Machine Learning (2012), section 19.6.2.
"""

from typing import Any, Self

import numpy as np

from models.foundation import Classifier, choice, learned, positive, targets, validation
from models.foundation.loss_model import LossModel
from models.sequences import chain
from models.sequences.lengths import Sequences, beginnings, joined
from tinygrad_edu.diagnostics.words import refusal

DEPENDS = "the label of a row depends on the rows before and after it"


class LinearChainCRF(LossModel, Classifier):
    """P(y | x) = exp(s(y, x)) / Z(x),  s = a[y_1] + Σ_(t > 1) A[y_(t-1), y_t] + Σ_t (W x_t)[y_t].

    Z(x) = Σ_y e^s sums over all sequences of labels (`chain`). W, A and a minimize

        (-Σ log P(y | x) + (‖W‖² + ‖A‖² + ‖a‖²) / 2C) / steps.

    Its gradient is the expected minus the observed counts, plus W / C and so on. With sequences of one step
    this is logistic regression, with a column of ones in X for a.

    X is as in `fit`: one sequence, several below each other with `lengths`, or a list of them, with lists of
    labels. `predict` takes the most likely sequence of labels (Viterbi), `predict_proba` has the
    probabilities of each label alone.
    """

    twin = ""
    does_not_apply = {
        "check_methods_subset_invariance": DEPENDS,
        "check_methods_sample_order_invariance": DEPENDS,
        "check_classifiers_train": "the best sequence may have a label that is not the best of its step",
    }

    C: float = positive(1.0, doc="inverse strength of the penalty")
    solver: str = choice("lbfgs", "cg", "newton", "newton-cg", doc="how the loss is minimized")
    learning_rate = batch_size = random_state = property(lambda self: None)

    coef_: np.ndarray = learned("W: (classes, features)")
    transitions_: np.ndarray = learned("A: (classes, classes), from row to column")
    start_: np.ndarray = learned("a: (classes,)")

    def loss(self, X, y, weight, coef, transitions, start):
        """X: Sequences, y: (steps,) numbers of classes."""
        log_p = chain.log_probability(y, start, transitions, X.rows @ coef.T, X.first)
        penalty = sum((p * p).sum() for p in (coef, transitions, start)) / (2 * self.C)
        return (penalty - log_p) / len(y)

    def start(self, X, y, weight):
        K = len(self.classes_)
        return {
            "coef": np.zeros((K, X.rows.shape[1])),
            "transitions": np.zeros((K, K)),
            "start": np.zeros(K),
        }

    # ---- sequences -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, lengths: Any = None) -> Self:
        """Learns from X and returns self.

        X         (steps, features): one sequence, or several below each other; or a list of sequences
        y         (steps,): the label of each step; a list of sequences of labels, if X is a list
        lengths   (sequences,): the number of steps of each; None if X is one sequence, or a list

        Raises ValueError or TypeError for bad parameters or data, and then keeps what an earlier fit learned.
        """
        self._check_parameters()
        learner = self._copy(with_learned=self.warm_start)
        learner._fit(**learner._read(X, y, None, lengths=lengths))
        return self._take_over(learner)

    def _read(self, X, y, sample_weight, more=False, lengths=None):
        X, y, lengths = self._joined(X, y, lengths)
        data = super()._read(X, y, None, more)
        first = beginnings(lengths, len(data["X"]), self)
        return data | {"X": Sequences(np.ascontiguousarray(data["X"]), first)}

    def _joined(self, X, y, lengths):
        """One table of all steps, one array of their labels, and the lengths of the sequences."""
        table, found = joined(X, lengths, self)
        if table is X or y is None:
            return table, y, found
        sizes = [len(part) for part in y]
        if sizes != found:
            what = f"the sequences in X have {found} steps, and those in y {sizes}."
            raise refusal(ValueError, what, "a list of labels for each sequence")
        return table, np.concatenate([np.asarray(part) for part in y]), found

    # ---- answers ---------------------------------------------------------------------------------

    def _chain(self, X, lengths):
        """What `chain` adds up: a, A, W x of every step; and where sequences begin."""
        X, lengths = joined(X, lengths, self)
        X = np.ascontiguousarray(self._check(X))
        first = beginnings(lengths, len(X), self)
        return self.start_, self.transitions_, X @ self.coef_.T, first

    def predict(self, X: Any, lengths: Any = None) -> np.ndarray:
        """The labels of the most likely sequences, of all steps: (steps,)."""
        return self.classes_[chain.best_path(*self._chain(X, lengths))[1]]

    def predict_proba(self, X: Any, lengths: Any = None) -> np.ndarray:
        """P(label of the step | x), given the whole sequence: (steps, classes)."""
        return chain.expected_counts(*self._chain(X, lengths))[3]

    def predict_log_proba(self, X: Any, lengths: Any = None) -> np.ndarray:
        """log P(label of the step | x): (steps, classes)."""
        with np.errstate(divide="ignore"):  # log 0 = -inf is correct
            return np.log(self.predict_proba(X, lengths))

    def score(self, X: Any, y: Any, lengths: Any = None) -> float:
        """Accuracy: the fraction of steps whose label is predicted."""
        X, y, lengths = self._joined(X, y, lengths)
        validation.refuse_swapped(X, y, self)
        predicted = self.predict(X, lengths)
        y = self._read_targets(y, len(predicted))
        targets.warn_of_other_labels(y, self.classes_, self)
        return float(np.mean(predicted == y))

    def log_likelihood(self, X: Any, y: Any, lengths: Any = None) -> float:
        """Σ log P(y | x) over all sequences."""
        X, y, lengths = self._joined(X, y, lengths)
        parts = self._chain(X, lengths)
        y = targets.codes(self._read_targets(y, len(parts[-1])), self.classes_, self)
        return float(chain.log_probability(y, *parts))
