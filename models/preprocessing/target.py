"""The mean of the target in place of each category.

Source: D. Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes in classification
and prediction problems (2001).
"""

from typing import Any

import numpy as np

from models.foundation import choice, integer, learned, nonnegative, targets, warn
from models.foundation.fields import Parameter
from models.foundation.randomness import seed
from models.preprocessing.categories import CategoryEncoder
from tinygrad_edu.diagnostics.words import refusal


class TargetEncoder(CategoryEncoder):
    """The mean of y in the rows of each category, drawn towards the mean of all rows if these are few.

        (Σ_(i in c) y_i + m ȳ) / (n_c + m)

    of the n_c rows of category c. smooth="auto" is m = s_c² / s², the variance of y in the category over
    that of all rows (Micci-Barreca equations 5 and 6). Two classes count as 0 and 1; of more classes each
    has its own column. An unknown category becomes ȳ.

    `fit_transform` encodes each fold by the means of the other folds. `fit`, then `transform` of the same
    rows would show each row its own target, and warns about this leak.
    """

    all_by_position = True
    does_not_apply = {
        "check_transformer_general": "fit_transform encodes each fold by the others, transform by all",
    }

    target_type: str = choice("auto", "continuous", "binary", "multiclass", doc="what y is")
    smooth: Any = choice("auto") | nonnegative(doc="m")
    cv: Any = integer(
        5, at_least=2, doc="number of folds of fit_transform, or a splitter"
    ) | Parameter(5, lambda x: hasattr(x, "split") and not isinstance(x, str), "a splitter")
    shuffle: Any = choice(
        "deprecated", True, False, doc="shuffle the rows for the folds; True by default"
    )
    random_state: Any = choice("deprecated", doc="seed of this shuffle") | seed()

    encodings_: list = learned(
        "of each column, and class of several, the numbers of its categories"
    )
    target_mean_: Any = learned("ȳ, one for each class of several")
    target_type_: str = learned("'continuous', 'binary' or 'multiclass'")
    classes_: Any = learned("the classes in ascending order; None if y is continuous")
    _seen_: int = learned("a hash of the rows of fit, 0 after fit_transform")

    def _fit(self, X, y):
        self._learn_categories(X, unknown=True)
        numbers, Y = self._numbers(X, unknown=True), self._columns_of(y)
        means = Y.mean(axis=0)
        self.target_mean_ = means if self.target_type_ == "multiclass" else float(means[0])
        self.encodings_ = self._encodings(numbers, Y)
        self._seen_ = hash(numbers.tobytes())

    def _columns_of(self, y: np.ndarray) -> np.ndarray:
        """y as numbers, (samples, 1), or a column for each of several classes. Sets what it is."""
        kind = self.target_type if self.target_type != "auto" else _type_of(y)
        self.target_type_, self.classes_ = kind, None
        if kind == "continuous":
            return targets.numbers(y, len(y), self)[:, None]
        self.classes_, numbers = targets.classes_of(y, self)
        if kind == "binary":
            if len(self.classes_) > 2:
                what = f"target_type='binary', and y has {len(self.classes_)} classes."
                raise refusal(ValueError, what, "target_type='auto'")
            return numbers[:, None].astype(np.float64)
        return (numbers[:, None] == np.arange(len(self.classes_))).astype(np.float64)

    def _encodings(self, numbers: np.ndarray, Y: np.ndarray) -> list[np.ndarray]:
        """The numbers of the categories of each column, and class of several."""
        found = []
        for column, categories in zip(numbers.T, self.categories_, strict=True):
            known = column >= 0
            codes, n = column[known], len(categories)
            counts = np.bincount(codes, minlength=n).astype(np.float64)
            for y in Y.T:
                found.append(self._encoding(codes, counts, y[known], y.mean(), y.var()))
        return found

    def _encoding(self, codes, counts, y, mean, variance):
        sums = np.bincount(codes, y, len(counts))
        means = sums / np.maximum(counts, 1)
        if self.smooth != "auto":
            weight = counts + self.smooth
            return np.where(
                weight > 0, (sums + self.smooth * mean) / np.where(weight > 0, weight, 1), mean
            )
        if variance == 0:
            return np.full(len(counts), mean)
        within = np.bincount(codes, (y - means[codes]) ** 2, len(counts)) / np.maximum(counts, 1)
        trust = variance * counts / np.where(counts > 0, variance * counts + within, 1)
        return trust * means + (1 - trust) * mean

    def _transform(self, X):
        numbers = self._numbers(X, unknown=True)
        if hash(numbers.tobytes()) == self._seen_:
            text = "transform of the rows of fit shows each row its own target. Try: fit_transform(X, y), "
            warn(UserWarning, f"{text}which encodes each fold by the others")
        return self._encoded(numbers, self.encodings_, np.atleast_1d(self.target_mean_))

    def _encoded(self, numbers, encodings, means):
        K = len(means)
        found = np.empty((len(numbers), numbers.shape[1] * K))
        for i, encoding in enumerate(encodings):
            column = numbers[:, i // K]
            found[:, i] = np.where(column >= 0, encoding[column], means[i % K])
        return found

    def fit_transform(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns the numbers of each row, by the means of the other folds."""
        from models.selection import check_cv

        self.fit(X, y, **given)
        read = self._read_table(X)
        numbers, Y = (
            self._numbers(read, unknown=True),
            self._columns_of(self._read_targets(y, read.shape[0])),
        )
        found = np.empty((len(numbers), numbers.shape[1] * Y.shape[1]))
        settings: dict = {"shuffle": True if self.shuffle == "deprecated" else self.shuffle}
        if self.random_state != "deprecated":
            settings["random_state"] = self.random_state
        splitter = check_cv(self.cv, y, classifier=self.target_type_ != "continuous", **settings)
        times = np.zeros(len(numbers), dtype=int)
        for train, test in splitter.split(numbers, y):
            encodings = self._encodings(numbers[train], Y[train])
            found[test] = self._encoded(numbers[test], encodings, Y[train].mean(axis=0))
            times[test] += 1
        self._seen_ = 0  # these rows were encoded without their own targets
        if (times != 1).any():
            what = "Validation indices from `cv` must cover each sample index exactly once with no overlap."
            raise refusal(ValueError, what, "cv=5")
        return self._contained(found, X)

    def _names_out(self, names):
        if self.target_type_ != "multiclass":
            return names
        return [f"{name}_{label}" for name in names for label in self.classes_]

    @classmethod
    def examples(cls, rng):
        yield cls(), rng.integers(0, 3, (60, 4)).astype(float), rng.normal(size=60)


def _type_of(y: np.ndarray) -> str:
    """Numbers with a fraction are continuous; others are classes."""
    if y.dtype.kind == "f" and (np.isnan(y).any() or (y != np.floor(y)).any()):
        return "continuous"
    return "binary" if len(np.unique(y)) <= 2 else "multiclass"
