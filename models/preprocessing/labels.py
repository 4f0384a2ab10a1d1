"""Labels as numbers: of their class, or a column of ones for each class.

These transform a target y, not a table X.
"""

import itertools
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from models.foundation import boolean, integer, learned, sequence, targets, warn
from models.foundation.estimator import Estimator
from models.foundation.sparse import constant_where, dense, mostly_zeros
from models.foundation.transformer import Transformer
from models.preprocessing.categories import categories_of, numbers_of
from tinygrad_edu.diagnostics.words import refusal


class LabelTransformer(Transformer):
    """Transforms labels. A subclass writes `_fit`, `_transform` and `_inverse_transform`."""

    reads = "anything"
    does_not_apply = {"*": "it transforms labels y, not a table X; tests/models/preprocessing"}

    def fit(self, y: Any) -> Self:  # type: ignore[override]
        """Learns the classes of the labels and returns self."""
        return Estimator.fit(self, y)

    def fit_transform(self, y: Any) -> Any:  # type: ignore[override]
        """Fits, and returns what `transform` makes of the labels."""
        return self.fit(y).transform(y)

    def transform(self, y: Any) -> Any:
        """The labels as numbers."""
        self._require_fit()
        return self._transform(y)

    def inverse_transform(self, y: Any) -> Any:
        """The labels again."""
        self._require_fit()
        return self._inverse_transform(dense(y))

    @classmethod
    def examples(cls, rng):
        yield cls(), np.arange(60) % 3, None


class LabelEncoder(LabelTransformer):
    """The number of each label's class, from 0 in ascending order of the classes."""

    classes_: np.ndarray = learned("the different labels, in ascending order")

    def _fit(self, X):
        self.classes_ = _classes(_labels(X, self))

    def fit_transform(self, y: Any) -> np.ndarray:  # type: ignore[override]
        """Fits, and returns the number of each label's class."""
        labels = _labels(y, self)
        return numbers_of(labels, self.fit(labels).classes_)

    def _transform(self, y):
        y = _labels(y, self)
        if not len(y):
            return np.array([], dtype=np.intp)
        numbers = numbers_of(y, self.classes_)
        if numbers.min() < 0:
            unseen = categories_of(y[numbers < 0]).tolist()
            raise self._unseen(unseen, int(np.argmax(numbers < 0)))
        return numbers

    def _inverse_transform(self, numbers):
        wrong = ~np.isin(numbers, np.arange(len(self.classes_)))
        if wrong.any():
            raise self._unseen(np.unique(numbers[wrong]).tolist(), int(np.argmax(wrong)))
        return self.classes_[numbers.astype(np.intp)]

    def _unseen(self, labels, row):
        what = f"y contains previously unseen labels: {labels}, the first in row {row}."
        return refusal(ValueError, what, "fit on all labels that occur")


def _labels(y: Any, estimator: Any) -> np.ndarray:
    found = y.to_numpy() if hasattr(y, "to_numpy") else y
    if isinstance(found, np.ndarray) and found.dtype == object and found.ndim == 1:
        return found  # `_classes` looks for missing ones among the few different labels
    return targets.target(found, len(found) if hasattr(found, "__len__") else 0, estimator)


def _classes(labels: np.ndarray) -> np.ndarray:
    """The different labels in order; raises ValueError if some are missing."""
    found = categories_of(labels)
    if len(found) and (found[-1] is None or found[-1] != found[-1]):
        what = f"Input y contains NaN or None: {found[-1]} is no label."
        raise refusal(ValueError, what, "y[y.notna()], or a label for those that are missing")
    return found


class LabelBinarizer(LabelTransformer):
    """A column for each class, with pos_label in the rows of the class and neg_label in the others.

    Of two classes there is one column, that of the second. A table of zeros and ones, in which a row may
    have several classes, stays as it is. The inverse takes the class of the largest number, or, of two
    classes, compares with the middle between both labels.
    """

    several_targets = True

    neg_label: int = integer(0, doc="the number in rows of other classes")
    pos_label: int = integer(1, doc="the number in rows of the class")
    sparse_output: bool = boolean(False, doc="return a sparse matrix of SciPy")

    classes_: np.ndarray = learned("the different labels, in ascending order")
    y_type_: str = learned("'binary', 'multiclass' or 'multilabel-indicator'")

    def _fit(self, X):
        y = _labels(X, self)
        if y.ndim == 2:
            _require_zeros_and_ones(y)
            self.classes_, self.y_type_ = np.arange(y.shape[1]), "multilabel-indicator"
            return
        if not len(y):
            raise refusal(ValueError, f"y has 0 samples: {y!r}.", "one label or more")
        self.classes_ = _classes(y)
        self.y_type_ = "binary" if len(self.classes_) <= 2 else "multiclass"

    def _transform(self, y):
        y = _labels(y, self)
        if (y.ndim == 2) != (self.y_type_ == "multilabel-indicator"):
            what = f"The object was not fitted with such input: y has shape {y.shape}, and in fit it was "
            raise refusal(ValueError, f"{what}{self.y_type_}.", "labels of the same kind as in fit")
        return label_binarize(y, classes=self.classes_, **self.get_params())

    def inverse_transform(self, Y: Any, threshold: float | None = None) -> Any:
        """The labels again. threshold: of one column, the largest number that means the first class."""
        self._require_fit()
        Y = dense(Y)
        if threshold is None:
            threshold = (self.pos_label + self.neg_label) / 2
        if self.y_type_ == "multilabel-indicator":
            return (threshold < Y).astype(int)
        if self.y_type_ == "multiclass":
            return self.classes_[Y.argmax(axis=1)]
        second = Y[:, 1] if Y.ndim == 2 and Y.shape[1] == 2 else Y.ravel()
        return self.classes_[np.where(second > threshold, len(self.classes_) - 1, 0)]


def label_binarize(
    y: Any, *, classes: Any, neg_label: int = 0, pos_label: int = 1, sparse_output: bool = False
) -> Any:
    """A column for each of the classes, in their order; of two classes, one for the second.

    pos_label is in the rows of the class, neg_label in the others. A table of zeros and ones keeps its form.
    """
    if neg_label >= pos_label:
        what = f"neg_label={neg_label} must be strictly less than pos_label={pos_label}."
        raise refusal(ValueError, what, "neg_label=0, pos_label=1")
    if sparse_output and (pos_label == 0 or neg_label != 0):
        what = (
            "Sparse binarization is only supported with non zero pos_label and zero neg_label, got "
            f"{pos_label} and {neg_label}."
        )
        raise refusal(ValueError, what, "sparse_output=False")
    classes = np.asarray(classes)
    y = dense(y)
    if y.ndim == 2:
        _require_zeros_and_ones(y)
        if y.shape[1] != len(classes):
            what = f"{len(classes)} classes mismatch with the {y.shape[1]} columns of y."
            raise refusal(ValueError, what, "a class for each column")
        ones = y > 0
    elif y.dtype.kind == "f" and (y != np.floor(y)).any():
        what = "continuous target data is not supported with label binarization."
        raise refusal(ValueError, what, "labels; KBinsDiscretizer makes bins of numbers")
    else:
        order = np.argsort(classes)
        numbers = numbers_of(y, classes[order])
        ones = order[numbers][:, None] == np.arange(len(classes))
        ones &= numbers[:, None] >= 0
        if len(classes) <= 2:
            ones = ones[:, 1:] if len(classes) == 2 else ones & False
    if sparse_output:
        return constant_where(ones, pos_label)
    return np.where(ones, pos_label, neg_label)


def _require_zeros_and_ones(y: np.ndarray) -> None:
    if not np.isin(y, (0, 1)).all():
        what = "Multioutput target data is not supported with label binarization."
        raise refusal(ValueError, what, "one label for each row, or a table of 0 and 1")


class MultiLabelBinarizer(LabelTransformer):
    """A column for each class, which is 1 in the rows whose set of labels has it."""

    classes: Any = sequence(
        None, doc="the classes in the order of the columns; None for those of fit"
    )
    sparse_output: bool = boolean(False, doc="return a sparse matrix of SciPy")

    classes_: np.ndarray = learned("the classes in the order of the columns")

    @classmethod
    def examples(cls, rng):
        yield cls(), [[0, 1], [2]] * 30, None

    def _fit(self, X):
        found = (
            sorted(set(itertools.chain.from_iterable(X)))
            if self.classes is None
            else [*self.classes]
        )
        if len(set(found)) < len(found):
            what = "The classes argument contains duplicate classes. Remove these duplicates before passing "
            raise refusal(
                ValueError, f"{what}them to MultiLabelBinarizer.", "list(dict.fromkeys(classes))"
            )
        whole = all(isinstance(label, int) for label in found)
        self.classes_ = np.empty(len(found), dtype=int if whole else object)
        self.classes_[:] = found

    def fit_transform(self, y: Iterable) -> Any:  # type: ignore[override]
        """Fits, and returns the columns of the classes."""
        y = [set(labels) for labels in y]  # it may be a generator
        return self.fit(y).transform(y)

    def _transform(self, y):
        number_of = {label: i for i, label in enumerate(self.classes_.tolist())}
        rows = [set(labels) for labels in y]
        unknown = set().union(*rows) - number_of.keys()
        if unknown:
            warn(UserWarning, f"unknown class(es) {sorted(unknown, key=str)} will be ignored")
        numbers = [sorted(number_of[label] for label in row - unknown) for row in rows]
        starts = np.append(0, np.cumsum([len(row) for row in numbers], dtype=np.intp))
        columns = np.fromiter(itertools.chain.from_iterable(numbers), np.intp, starts[-1])
        shape = (len(rows), len(self.classes_))
        ones = np.ones(len(columns), dtype=int)
        return mostly_zeros(ones, columns, starts, shape, self.sparse_output)

    def _inverse_transform(self, ones):
        if ones.ndim != 2 or ones.shape[1] != len(self.classes_):
            what = (
                f"Expected indicator for {len(self.classes_)} classes, but got shape {ones.shape}."
            )
            raise refusal(ValueError, what, "what transform(y) has returned")
        if not np.isin(ones, (0, 1)).all():
            found = np.unique(ones).tolist()
            what = f"Expected only 0s and 1s in label indicator. Also got {found}."
            raise refusal(ValueError, what, "what transform(y) has returned")
        return [tuple(self.classes_.compress(row)) for row in ones]
