"""Random splits into a training and a test set: train_test_split, and splitters that repeat it.

They draw `numpy.random.RandomState(random_state).permutation`, as scikit-learn does: the same seed gives the
same split.
"""

from math import ceil, floor
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.distinct import numbered
from models.foundation.randomness import random_state as generator
from models.metrics.reading import array, same_length
from models.selection.groups import groups_of
from models.selection.splitters import Splitter
from tinygrad_edu.diagnostics.words import refusal


class ShuffleSplit(Splitter):
    """n_splits random splits. A row may be in several test sets.

    test_size, train_size   parts of the rows, 0 to 1, or numbers of rows; by default a test set of 10 %
    """

    default_test_size = 0.1

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: Any = None,
        train_size: Any = None,
        random_state: Any = None,
    ):
        self.n_splits, self.test_size, self.train_size = n_splits, test_size, train_size
        self.random_state = random_state

    def _splits(self, n, y, groups):
        train, test = self._sizes(n)
        rng = generator(self.random_state)
        for _ in range(self.n_splits):
            order = rng.permutation(n)
            yield order[test : test + train], order[:test]

    def _sizes(self, n):
        return sizes(n, self.test_size, self.train_size, self.default_test_size)


class GroupShuffleSplit(ShuffleSplit):
    """Random splits of whole groups; test_size and train_size count groups, by default 20 % of them."""

    uses_groups = True
    default_test_size = 0.2

    def __init__(
        self,
        n_splits: int = 5,
        *,
        test_size: Any = None,
        train_size: Any = None,
        random_state: Any = None,
    ):
        super().__init__(
            n_splits, test_size=test_size, train_size=train_size, random_state=random_state
        )

    def _splits(self, n, y, groups):
        names, group_of = groups_of(groups)
        for parts in super()._splits(len(names), y, groups):
            train, test = (np.flatnonzero(np.isin(group_of, part)) for part in parts)
            yield train, test


class StratifiedShuffleSplit(ShuffleSplit):
    """Random splits, whose parts have the class frequencies of y."""

    def _splits(self, n, y, groups):
        if y is None:
            raise refusal(ValueError, "The 'y' parameter should not be None.", "split(X, y)")
        train, test = self._sizes(n)
        y = array(y, "y")
        if y.ndim == 2:
            y = np.array([" ".join(row) for row in y.astype(str)])
        classes, codes = numbered(y)
        counts = np.bincount(codes)
        if counts.min() < 2:
            rare = classes[counts < 2].tolist()
            what = (
                "The least populated classes in y have only 1 member, which is too few. Classes with too few "
                f"members are: {rare}."
            )
            raise refusal(ValueError, what, "more rows of these classes, or stratify=None")
        for name, size in (("train_size", train), ("test_size", test)):
            if size < len(classes):
                what = (
                    f"The {name} = {size} should be greater or equal to the number of classes = "
                    f"{len(classes)}."
                )
                raise refusal(ValueError, what, f"a larger {name}")
        rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
        rng = generator(self.random_state)
        for _ in range(self.n_splits):
            to_train = shares(counts, train, rng)
            to_test = shares(counts - to_train, test, rng)
            parts: tuple[list, list] = [], []
            for rows, a, b in zip(rows_of, to_train, to_test, strict=True):
                rows = rows[rng.permutation(len(rows))]
                parts[0].append(rows[:a])
                parts[1].append(rows[a : a + b])
            yield tuple(rng.permutation(np.concatenate(part)) for part in parts)


def shares(counts: np.ndarray, draws: int, rng: Any) -> np.ndarray:
    """How many of `draws` each class gets, in proportion to its count; ties of the remainders are drawn."""
    exact = counts / counts.sum() * draws
    found = np.floor(exact)
    missing = int(draws - found.sum())
    for value in np.unique(exact - found)[::-1] if missing else ():
        equal = np.flatnonzero(exact - found == value) if value else np.flatnonzero(exact == found)
        now = min(len(equal), missing)
        found[rng.choice(equal, size=now, replace=False)] += 1
        missing -= now
        if missing == 0:
            break
    return found.astype(int)


def sizes(n: int, test_size: Any, train_size: Any, default: float) -> tuple[int, int]:
    """(training rows, test rows) of n rows. Raises ValueError for sizes that do not fit."""
    if test_size is None and train_size is None:
        test_size = default
    numbers: dict[str, Any] = {}
    for name, size, rounded in (("test_size", test_size, ceil), ("train_size", train_size, floor)):
        if size is None:
            continue
        whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
        if not whole and not isinstance(size, (float, np.floating)):
            what = f"Invalid value for {name}: {size!r}."
            raise refusal(ValueError, what, f"{name}=0.25, or a number of rows")
        if not 0 < size < (n if whole else 1):
            what = (
                f"{name}={size} should be either positive and smaller than the number of samples {n} "
                "or a float in the (0, 1) range."
            )
            raise refusal(ValueError, what, f"{name}=0.25")
        numbers[name] = size if whole else rounded(size * n)
    if not isinstance(test_size, (int, np.integer)) and not isinstance(
        train_size, (int, np.integer)
    ):
        total = (test_size or 0) + (train_size or 0)
        if total > 1:
            what = f"The sum of test_size and train_size = {total}, should be in the (0, 1) range."
            raise refusal(ValueError, what, "smaller parts")
    test = numbers.get("test_size", n - numbers.get("train_size", 0))
    train = numbers.get("train_size", n - test)
    if train + test > n:
        what = (
            f"The sum of train_size and test_size = {train + test}, should be smaller than the number "
            f"of samples {n}."
        )
        raise refusal(ValueError, what, "smaller parts")
    if train == 0:
        what = (
            f"With n_samples={n}, test_size={test_size} and train_size={train_size}, the resulting train set "
            "will be empty."
        )
        raise refusal(ValueError, what, "a smaller test_size")
    return int(train), int(test)


def train_test_split(
    *arrays: Any,
    test_size: Any = None,
    train_size: Any = None,
    random_state: Any = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Splits arrays of the same length: X_train, X_test, y_train, y_test = train_test_split(X, y).

    arrays                  arrays, data frames, lists or sparse matrices; returned as the same kind
    test_size, train_size   parts of the rows, 0 to 1, or numbers of rows; by default a test set of 25 %
    stratify                classes, usually y, whose frequencies both parts keep
    """
    if not arrays:
        what = "At least one array required as input."
        raise refusal(ValueError, what, "train_test_split(X, y)")
    same_length(*arrays)
    n = frames.samples(arrays[0])
    train_rows, test_rows = sizes(n, test_size, train_size, 0.25)
    if not shuffle:
        if stratify is not None:
            what = "Stratified train/test split is not implemented for shuffle=False."
            raise refusal(ValueError, what, "shuffle=True")
        train, test = np.arange(train_rows), np.arange(train_rows, train_rows + test_rows)
    else:
        kind = ShuffleSplit if stratify is None else StratifiedShuffleSplit
        splitter = kind(test_size=test_rows, train_size=train_rows, random_state=random_state)
        train, test = next(splitter.split(arrays[0], stratify))
    return [frames.take_rows(each, rows) for each in arrays for rows in (train, test)]


train_test_split.__test__ = False  # type: ignore[attr-defined]  # pytest takes it for a test otherwise
