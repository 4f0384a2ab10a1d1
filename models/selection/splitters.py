"""Splitters: pairs (train, test) of row numbers. Each row is in one test set: k folds, or each row by itself.

Source: M. Stone, Cross-validatory choice and assessment of statistical predictions (1974); S. Geisser (1975).
All splitters draw from `numpy.random.RandomState`, so that a seed gives the same splits as in scikit-learn.
"""

import inspect
from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.distinct import numbered
from models.foundation.randomness import random_state as generator
from models.foundation.sklearn_bridge import warn
from models.metrics.reading import array, column, same_length, type_of_target
from tinygrad_edu.diagnostics.words import refusal


def naive_k_fold(rows: list[int], k: int) -> list[tuple[list[int], list[int]]]:
    """k-fold cross-validation in plain Python: pairs (train, test), the folds as equal as possible.

    >>> naive_k_fold([0, 1, 2], 2)
    [([2], [0, 1]), ([0, 1], [2])]
    """
    pairs, start = [], 0
    for fold in range(k):
        stop = start + len(rows) // k + (fold < len(rows) % k)  # the first folds take the remainder
        test = rows[start:stop]
        train = [row for row in rows if row not in test]
        pairs.append((train, test))
        start = stop
    return pairs


class Splitter:
    """The base: a subclass writes `_tests`, the test rows of each split, as numbers or a mask."""

    uses_groups = False  # otherwise groups are ignored, with a warning

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields (train, test): the row numbers of each part."""
        if groups is not None and not self.uses_groups:
            warn(UserWarning, f"The groups parameter is ignored by {type(self).__name__}")
        same_length(X, y, groups)
        n = frames.samples(X)
        yield from self._splits(n, y, groups)

    def _splits(self, n: int, y: Any, groups: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for test in self._tests(n, y, groups):
            mask = np.asarray(test)
            if mask.dtype != bool:
                mask = np.zeros(n, dtype=bool)
                mask[test] = True
            yield np.flatnonzero(~mask), np.flatnonzero(mask)

    def _tests(self, n: int, y: Any, groups: Any) -> Iterator[Any]:
        raise NotImplementedError

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of pairs that `split` yields."""
        return self.n_splits  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        names = sorted([*inspect.signature(type(self)).parameters])
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


def number_of_rows(X: Any) -> int:
    if X is None:
        raise refusal(ValueError, "The 'X' parameter should not be None.", "get_n_splits(X)")
    return frames.samples(X)


class Folds(Splitter):
    """The base of k folds."""

    def __init__(self, n_splits: int = 5, *, shuffle: bool = False, random_state: Any = None):
        if isinstance(n_splits, bool) or not isinstance(n_splits, (int, np.integer)):
            what = f"The number of folds must be of Integral type. {n_splits!r} was passed."
            raise refusal(ValueError, what, "n_splits=5")
        if n_splits <= 1:
            what = (
                "k-fold cross-validation requires at least one train/test split by setting "
                f"n_splits=2 or more, got n_splits={n_splits}."
            )
            raise refusal(ValueError, what, "n_splits=5")
        if not isinstance(shuffle, bool):
            what = f"shuffle must be True or False; got {shuffle!r}."
            raise refusal(TypeError, what, "shuffle=True")
        if not shuffle and random_state is not None:
            what = "Setting a random_state has no effect since shuffle is False."
            raise refusal(ValueError, what, "shuffle=True, or no random_state")
        self.n_splits, self.shuffle, self.random_state = int(n_splits), shuffle, random_state

    def _splits(self, n, y, groups):
        if self.n_splits > n:
            what = (
                f"Cannot have number of splits n_splits={self.n_splits} greater than the number of samples: "
                f"n_samples={n}."
            )
            raise refusal(ValueError, what, "fewer folds, or LeaveOneOut()")
        yield from super()._splits(n, y, groups)


class KFold(Folds):
    """k folds of neighboring rows, or of random ones with `shuffle`."""

    def _tests(self, n, y, groups):
        rows = np.arange(n)
        if self.shuffle:
            generator(self.random_state).shuffle(rows)
        yield from np.array_split(rows, self.n_splits)


class StratifiedKFold(Folds):
    """k folds, each with the same frequencies of the classes as y."""

    def _tests(self, n, y, groups):
        rng = generator(self.random_state)
        _, codes, counts = classes_in_order(y, self.n_splits)
        # Spread the sorted classes over the folds like cards: how many of each class each fold gets.
        dealt = np.repeat(np.arange(len(counts)), counts)
        share = [
            np.bincount(dealt[fold :: self.n_splits], minlength=len(counts))
            for fold in range(self.n_splits)
        ]
        fold_of = np.empty(n, dtype=np.intp)
        rows = np.argsort(codes.astype(np.min_scalar_type(len(counts))), kind="stable")
        for of_class, mine in zip(
            np.transpose(share), np.split(rows, np.cumsum(counts)[:-1]), strict=True
        ):
            folds = np.repeat(np.arange(self.n_splits), of_class)
            if self.shuffle:
                rng.shuffle(folds)
            fold_of[mine] = folds
        for fold in range(self.n_splits):
            yield fold_of == fold


def classes_in_order(y: Any, n_splits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes in the order of their first rows, their numbers for each row, how many rows of each).

    Raises ValueError if y is no target of classes, or all classes have fewer rows than there are folds.
    """
    kind = type_of_target(y) if y is not None else "None"
    if kind not in ("binary", "multiclass"):
        what = f"Supported target types are: ('binary', 'multiclass'). Got {kind!r} instead."
        raise refusal(ValueError, what, "KFold(), for targets that are numbers")
    y = column(y, "y")
    classes, codes = numbered(y)
    counts = np.bincount(codes)
    first = np.empty(len(classes), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last one written stays
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    if (counts < n_splits).all():
        what = f"n_splits={n_splits} cannot be greater than the number of members in each class."
        raise refusal(ValueError, what, f"n_splits={max(counts.max(), 2)}, or KFold()")
    if counts.min() < n_splits:
        rare = frames.plain(classes[np.argmin(counts)])
        warn(
            UserWarning,
            f"The least populated class in y has only {counts.min()} members, which is less than n_splits="
            f"{n_splits}: some folds are without the class {rare!r}. Try: fewer folds",
        )
    return classes[order], rank[codes], counts[order]


class RepeatedFolds(Splitter):
    """The base of k folds, several times with other random folds."""

    folds: type[Folds]

    def __init__(self, *, n_splits: int = 5, n_repeats: int = 10, random_state: Any = None):
        if not isinstance(n_repeats, (int, np.integer)) or n_repeats <= 0:
            what = f"Number of repetitions must be greater than 0, and Integral: got {n_repeats!r}."
            raise refusal(ValueError, what, "n_repeats=10")
        self.n_splits, self.n_repeats, self.random_state = n_splits, n_repeats, random_state

    def _splits(self, n, y, groups):
        rng = generator(self.random_state)
        for _ in range(self.n_repeats):
            yield from self.folds(self.n_splits, shuffle=True, random_state=rng)._splits(
                n, y, groups
            )

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of pairs that `split` yields."""
        return self.n_splits * self.n_repeats


class RepeatedKFold(RepeatedFolds):
    """k random folds, several times."""

    folds = KFold


class RepeatedStratifiedKFold(RepeatedFolds):
    """k random folds with the class frequencies of y, several times."""

    folds = StratifiedKFold


class LeaveOneOut(Splitter):
    """Each row is a test set."""

    def _tests(self, n, y, groups):
        if n <= 1:
            what = f"Cannot perform LeaveOneOut with n_samples={n}."
            raise refusal(ValueError, what, "two rows or more")
        yield from np.arange(n)[:, None]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of rows of X."""
        return number_of_rows(X)


class LeavePOut(Splitter):
    """Every set of p rows is a test set."""

    def __init__(self, p: int):
        if p < 1:
            raise refusal(ValueError, f"p must be 1 or more: got {p}.", "p=1, or LeaveOneOut()")
        self.p = p

    def _tests(self, n, y, groups):
        if n <= self.p:
            what = f"p={self.p} must be strictly less than the number of samples={n}."
            raise refusal(ValueError, what, "a smaller p")
        yield from map(list, combinations(range(n), self.p))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """n choose p."""
        return comb(number_of_rows(X), self.p)


class PredefinedSplit(Splitter):
    """The folds that `test_fold` names for each row; rows with -1 are in every training set."""

    def __init__(self, test_fold: Any):
        self.test_fold = column(array(test_fold), "test_fold").astype(int)
        self.folds = np.unique(self.test_fold[self.test_fold != -1])

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator:
        """Yields (train, test): the row numbers of each part."""
        yield from super().split(self.test_fold if X is None else X, y, groups)

    def _tests(self, n, y, groups):
        for fold in self.folds:
            yield self.test_fold == fold

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of folds."""
        return len(self.folds)


class TimeSeriesSplit(Folds):
    """Test sets of neighboring rows, each with the rows before it as training set.

    max_train_size   the most training rows, the last ones
    test_size        rows of each test set; None: n // (n_splits + 1)
    gap              rows left out between training and test
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        max_train_size: int | None = None,
        test_size: int | None = None,
        gap: int = 0,
    ):
        super().__init__(n_splits)
        if (test_size is not None and test_size < 1) or gap < 0:
            what = f"test_size must be 1 or more and gap 0 or more: got {test_size} and {gap}."
            raise refusal(ValueError, what, "test_size=None, gap=0")
        self.max_train_size, self.test_size, self.gap = max_train_size, test_size, gap

    def _splits(self, n, y, groups):
        k, folds = self.n_splits, self.n_splits + 1
        if folds > n:
            what = f"Cannot have number of folds={folds} greater than the number of samples={n}."
            raise refusal(ValueError, what, "fewer splits")
        size = n // folds if self.test_size is None else self.test_size
        if n - self.gap - size * k <= 0:
            what = f"Too many splits={k} for number of samples={n} with test_size={size} and gap={self.gap}."
            raise refusal(ValueError, what, "fewer splits, or smaller test sets")
        rows = np.arange(n)
        for start in range(n - k * size, n, size):
            train = rows[: start - self.gap]
            if self.max_train_size:
                train = train[-self.max_train_size :]
            yield train, rows[start : start + size]


class GivenSplits(Splitter):
    """A list of pairs (train, test)."""

    def __init__(self, pairs: Any):
        self.pairs = list(pairs)

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator:
        """Yields the pairs."""
        yield from self.pairs

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of pairs."""
        return len(self.pairs)


def check_cv(
    cv: Any = 5,
    y: Any = None,
    *,
    classifier: bool = False,
    shuffle: bool = False,
    random_state: Any = None,
) -> Any:
    """The splitter that `cv` stands for: a number of folds, a splitter, or pairs (train, test).

    The folds are stratified for a classifier, if y are classes.
    """
    cv = 5 if cv is None else cv
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        stratified = classifier and y is not None and type_of_target(y) in ("binary", "multiclass")
        folds: type[Folds] = StratifiedKFold if stratified else KFold
        return folds(int(cv), shuffle=shuffle, random_state=random_state)
    if hasattr(cv, "split") and not isinstance(cv, (str, type)):
        return cv
    if isinstance(cv, (str, type)) or not hasattr(cv, "__iter__"):
        what = f"Expected `cv` as an integer, a splitter, or an iterable yielding (train, test). Got {cv!r}."
        raise refusal(ValueError, what, "cv=5")
    return GivenSplits(cv)
