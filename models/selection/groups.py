"""Splitters that keep groups together: all rows of a group, such as a patient's, are on the same side."""

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from models.foundation.distinct import numbered
from models.foundation.randomness import random_state as generator
from models.metrics.reading import array, column
from models.selection.splitters import Folds, Splitter, classes_in_order
from tinygrad_edu.diagnostics.words import refusal


def groups_of(groups: Any) -> tuple[np.ndarray, np.ndarray]:
    """(the different groups, the number of its group for each row). Raises ValueError for None."""
    if groups is None:
        what = "The 'groups' parameter should not be None."
        raise refusal(ValueError, what, "split(X, y, groups), a group for each row")
    return numbered(column(array(groups, "groups"), "groups"))


def require_groups(n_splits: int, groups: int) -> None:
    if n_splits > groups:
        what = (
            f"Cannot have number of splits n_splits={n_splits} greater than the number of "
            f"groups: {groups}."
        )
        raise refusal(ValueError, what, f"n_splits={max(groups, 2)}")


class GroupKFold(Folds):
    """k folds of whole groups, of about the same size: the next largest group joins the smallest fold."""

    uses_groups = True

    def _tests(self, n, y, groups):
        names, group_of = groups_of(groups)
        require_groups(self.n_splits, len(names))
        fold_of = np.empty(len(names), dtype=np.intp)
        if self.shuffle:
            order = generator(self.random_state).permutation(len(names))
            for fold, members in enumerate(np.array_split(order, self.n_splits)):
                fold_of[members] = fold
        else:
            sizes = np.bincount(group_of)
            size_of_fold = np.zeros(self.n_splits)
            for group in np.argsort(sizes, kind="stable")[::-1]:
                fold_of[group] = np.argmin(size_of_fold)
                size_of_fold[fold_of[group]] += sizes[group]
        for fold in range(self.n_splits):
            yield fold_of[group_of] == fold


class StratifiedGroupKFold(Folds):
    """k folds of whole groups, with about the class frequencies of y.

    The groups with the most uneven classes come first. Each joins the fold that leaves the least standard
    deviation of the class frequencies over the folds.
    """

    uses_groups = True

    def __init__(self, n_splits: int = 5, shuffle: bool = False, random_state: Any = None):
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)

    def _tests(self, n, y, groups):
        classes_in_order(y, self.n_splits)  # the checks
        _, codes = numbered(column(y, "y"))
        of_class = np.bincount(codes)
        names, group_of = groups_of(groups)
        require_groups(self.n_splits, len(names))
        table = np.zeros((len(names), len(of_class)))  # rows of each class in each group
        np.add.at(table, (group_of, codes), 1)
        order = np.arange(len(names))
        if self.shuffle:
            generator(self.random_state).shuffle(order)
        order = order[np.argsort(-np.std(table[order], axis=1), kind="stable")]
        counts = np.zeros((self.n_splits, len(of_class)))
        fold_of = np.empty(len(names), dtype=np.intp)
        for group in order:
            fold = self._best(counts, of_class, table[group])
            counts[fold] += table[group]
            fold_of[group] = fold
        for fold in range(self.n_splits):
            yield fold_of[group_of] == fold

    def _best(self, counts, of_class, group):
        best, least, smallest = 0, np.inf, np.inf
        for fold in range(self.n_splits):
            counts[fold] += group
            spread = np.mean(np.std(counts / of_class, axis=0))
            counts[fold] -= group
            size = counts[fold].sum()
            if spread < least or (np.isclose(spread, least) and size < smallest):
                best, least, smallest = fold, spread, size
        return best


class LeaveOneGroupOut(Splitter):
    """Each group is a test set."""

    uses_groups = True

    def _tests(self, n, y, groups):
        names, group_of = groups_of(groups)
        if len(names) <= 1:
            what = (
                f"The groups parameter contains fewer than 2 unique groups ({names}). "
                "LeaveOneGroupOut expects at least 2."
            )
            raise refusal(ValueError, what, "a group for each row")
        for group in range(len(names)):
            yield group_of == group

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of groups."""
        return len(groups_of(groups)[0])


class LeavePGroupsOut(Splitter):
    """Every set of n_groups groups is a test set."""

    uses_groups = True

    def __init__(self, n_groups: int):
        if n_groups < 1:
            what = f"n_groups must be 1 or more: got {n_groups}."
            raise refusal(ValueError, what, "n_groups=1, or LeaveOneGroupOut()")
        self.n_groups = n_groups

    def _tests(self, n, y, groups):
        names, group_of = groups_of(groups)
        if self.n_groups >= len(names):
            what = (
                f"The groups parameter contains fewer than (or equal to) n_groups ({self.n_groups}) "
                f"numbers of unique groups ({names})."
            )
            raise refusal(ValueError, what, "a smaller n_groups")
        for members in combinations(range(len(names)), self.n_groups):
            yield np.isin(group_of, members)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The number of sets of groups."""
        return comb(len(groups_of(groups)[0]), self.n_groups)
