"""Sequences below each other in one table X, with their lengths; or a list of them."""

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from models.foundation import Estimator
from tinygrad_edu.diagnostics.words import refusal


class Sequences(NamedTuple):
    """All steps of all sequences."""

    rows: np.ndarray  # (steps, features)
    first: np.ndarray  # (steps,): does a sequence begin here?

    def __len__(self) -> int:
        return len(self.rows)


class ReadsSequences(Estimator):
    """An estimator of sequences. X has a row for each step, `lengths` the number of steps of each sequence.

    Without lengths, X is one sequence, or a list of them: of arrays (steps, features). `_fit` receives
    Sequences as X.
    """

    does_not_apply: ClassVar[Any] = {
        "*": "rows are steps of sequences, and the second argument of fit is their lengths, not y"
    }

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """One sequence of four features."""
        seeded = {"random_state": 0} if "random_state" in cls._parameters else {}
        yield cls(**seeded), rng.normal(size=(60, 4)), None

    def fit(self, X: Any, lengths: Any = None) -> Self:  # type: ignore[override]
        """Learns from X and returns self.

        X         (steps, features): one sequence, or several below each other; or a list of sequences
        lengths   (sequences,): the number of steps of each; None if X is one sequence, or a list

        Raises ValueError or TypeError for bad parameters or data, and then keeps what an earlier fit learned.
        """
        self._check_parameters()
        learner = self._learner()
        learner._learn(X, lengths, None)
        return self._take_over(learner)

    def _learner(self) -> Self:
        """The copy that learns."""
        return self._copy(with_learned=getattr(self, "warm_start", False))

    def _read(self, X: Any, y: Any, sample_weight: Any, more: bool = False) -> dict[str, Any]:
        X, lengths = joined(X, y, self)
        X = self._note_columns(X, None)
        return {"X": Sequences(X, beginnings(lengths, len(X), self)), "weight": np.ones(len(X))}

    def _sequences(self, X: Any, lengths: Any) -> Sequences:
        """X for a method of a fitted estimator."""
        X, lengths = joined(X, lengths, self)
        X = self._check(X)
        return Sequences(X, beginnings(lengths, len(X), self))


def joined(X: Any, lengths: Any, estimator: Any) -> tuple[Any, Any]:
    """One table, and the lengths of its sequences, of a list of them as well."""
    if not isinstance(X, (list, tuple)) or not X or any(np.ndim(part) != 2 for part in X):
        return X, lengths
    if lengths is not None:
        what = f"{type(estimator).__name__} got a list of sequences, and lengths as well."
        raise refusal(ValueError, what, "lengths=None, or np.concatenate(X)")
    widths = sorted({np.shape(part)[1] for part in X})
    if len(widths) > 1:
        what = f"the sequences in X have different numbers of features: {widths}."
        raise refusal(ValueError, what, "arrays of shape (steps, features)")
    return np.concatenate([np.asarray(part) for part in X]), [len(part) for part in X]


def beginnings(lengths: Any, steps: int, estimator: Any) -> np.ndarray:
    """For each step, whether a sequence begins there. Sequences without a step are left out."""
    first = np.zeros(steps, dtype=bool)
    if lengths is None:
        first[0] = True
        return first
    found = np.atleast_1d(np.asarray(lengths))
    if found.ndim != 1 or found.dtype.kind not in "iu" or (found < 0).any():
        what = (
            f"{type(estimator).__name__} needs lengths that are whole numbers ≥ 0, got {lengths!r}."
        )
        raise refusal(ValueError, what, "lengths=[len(sequence) for sequence in sequences]")
    if found.sum() != steps:
        what = f"lengths add up to {found.sum()}, and X has {steps} samples."
        raise refusal(ValueError, what, "lengths=[len(sequence) for sequence in sequences]")
    ends = np.cumsum(found[found > 0])
    first[ends - found[found > 0]] = True
    return first
