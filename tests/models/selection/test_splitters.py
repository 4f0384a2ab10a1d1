"""Splitters: the same rows as scikit-learn's, from the same seed."""

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.model_selection as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from models import selection

SPLITTERS = {
    "KFold": [{}, {"n_splits": 3}, {"shuffle": True, "random_state": 0}, {"n_splits": 7}],
    "StratifiedKFold": [{}, {"n_splits": 3}, {"shuffle": True, "random_state": 3}],
    "GroupKFold": [{"n_splits": 3}, {"n_splits": 2, "shuffle": True, "random_state": 1}],
    "StratifiedGroupKFold": [{"n_splits": 3}, {"n_splits": 2, "shuffle": True, "random_state": 1}],
    "RepeatedKFold": [{"n_splits": 3, "n_repeats": 2, "random_state": 5}],
    "RepeatedStratifiedKFold": [{"n_splits": 3, "n_repeats": 2, "random_state": 5}],
    "ShuffleSplit": [{"random_state": 0}, {"random_state": 1, "test_size": 5, "train_size": 0.5}],
    "StratifiedShuffleSplit": [{"random_state": 0, "test_size": 0.3}, {"random_state": 1, "train_size": 0.5}],
    "GroupShuffleSplit": [{"random_state": 0}, {"random_state": 0, "test_size": 0.5, "n_splits": 3}],
    "LeaveOneOut": [{}], "LeavePOut": [{"p": 2}], "LeaveOneGroupOut": [{}],
    "LeavePGroupsOut": [{"n_groups": 2}],
    "TimeSeriesSplit": [
        {}, {"n_splits": 3, "gap": 2}, {"max_train_size": 4}, {"n_splits": 2, "test_size": 3},
    ],
    "PredefinedSplit": [{"test_fold": [-1, 0, 1] * 10}],
}  # fmt: skip
CASES = [(name, given_) for name, many in SPLITTERS.items() for given_ in many]


def splits(splitter, *data):
    """The row numbers, or the kind of the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = [(list(a), list(b)) for a, b in splitter.split(*data)]
        except ValueError:
            return "ValueError"
    return found, splitter.get_n_splits(*data), [w.category for w in caught]


@pytest.mark.parametrize("name, given_", CASES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), words=st.booleans())
def test_the_same_rows(name, given_, seed, words):
    rng = np.random.default_rng(seed)
    X, y = np.zeros((30, 2)), rng.integers(0, 3, 30)
    y = np.array(["a", "b", "c"])[y] if words else y
    groups = rng.integers(0, 8, 30) if "Group" in name else None
    ours, expected = (getattr(module, name)(**given_) for module in (selection, theirs))
    assert splits(ours, X, y, groups) == splits(expected, X, y, groups)


@settings(max_examples=200, deadline=None)
@given(
    n=st.integers(2, 40), test=st.sampled_from([None, 0.2, 0.5, 3, 0.999]), seed=st.integers(0, 99),
    train=st.sampled_from([None, 0.3, 0.5, 2]), stratify=st.booleans(), shuffle=st.booleans(),
)  # fmt: skip
def test_train_test_split(n, test, train, seed, stratify, shuffle):
    y = np.random.default_rng(seed).integers(0, 2, n)
    settings_ = {"test_size": test, "train_size": train, "random_state": seed, "shuffle": shuffle}
    found = []
    for module in (selection, theirs):
        try:
            parts = module.train_test_split(
                np.arange(n), y, **settings_, stratify=y if stratify else None
            )
            found.append([part.tolist() for part in parts])
        except ValueError:
            found.append("ValueError")
    assert found[0] == found[1]


def test_frames_lists_and_sparse_matrices_stay_so():
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    table, words = pandas.DataFrame({"a": range(8)}, index=list("abcdefgh")), list("ABCDEFGH")
    parts = selection.train_test_split(table, words, sparse.eye_array(8).tocsr(), random_state=0)
    expected = theirs.train_test_split(table, words, random_state=0)
    assert parts[0].equals(expected[0]) and parts[2:4] == expected[2:4] and parts[5].shape == (2, 8)


def test_the_naive_folds_are_the_same():
    for n, k in ((7, 3), (10, 5), (4, 4)):
        pairs = [(a.tolist(), b.tolist()) for a, b in selection.KFold(k).split(np.zeros(n))]
        assert pairs == selection.splitters.naive_k_fold([*range(n)], k)


def test_check_cv():
    y = [0, 1] * 10
    for cv in (3, None, theirs.KFold(2), [([0], [1])]):
        for classifier in (True, False):
            ours = selection.check_cv(cv, y, classifier=classifier)
            expected = theirs.check_cv(cv, y, classifier=classifier)
            assert splits(ours, y, y) == splits(expected, y, y)
    assert repr(selection.KFold(3)) == repr(theirs.KFold(3))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: selection.KFold(1), "n_splits=2 or more, got n_splits=1"),
        (lambda: selection.KFold(3, random_state=0), "no effect since shuffle is False"),
        (lambda: [*selection.KFold(5).split([1, 2])], "greater than the number of samples: n_samples=2"),
        (lambda: [*selection.StratifiedKFold(3).split([1, 2, 3], [0.5, 1.5, 2])], "Got 'continuous'"),
        (lambda: [*selection.StratifiedKFold(3).split([1, 2, 3], [0, 1, 2])], "of members in each class"),
        (lambda: [*selection.GroupKFold().split([1, 2, 3])], "'groups' parameter should not be None"),
        (lambda: [*selection.TimeSeriesSplit(5).split([1, 2, 3])], "folds=6 greater than"),
        (lambda: selection.TimeSeriesSplit(2, test_size=0), "test_size must be 1 or more"),
        (lambda: selection.TimeSeriesSplit(2, gap=-1), "gap 0 or more: got None and -1"),
        (lambda: selection.LeavePOut(0), "p must be 1 or more"),
        (lambda: selection.LeavePGroupsOut(0), "n_groups must be 1 or more"),
        (lambda: selection.train_test_split([1, 2], [1]), r"inconsistent numbers of samples: \[2, 1\]"),
        (lambda: selection.train_test_split([1, 2], test_size=2.5), "float in the"),
        (lambda: selection.train_test_split([1, 2, 3], stratify=[0, 0, 1]), r"too few members are: \[1\]"),
        (lambda: selection.train_test_split(), "At least one array"),
        (lambda: selection.check_cv("5"), "Expected `cv` as an integer"),
        (lambda: [*selection.KFold(2, shuffle=True, random_state=-1).split([1, 2])], "used to seed"),
    ],
)  # fmt: skip
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "test_splitters.py" in str(error.value) and "Try: " in str(error.value)


def test_a_fold_without_a_class_is_named():
    with pytest.warns(
        UserWarning, match="some folds are without the class 'rare'.*Try: fewer folds"
    ):
        [*selection.StratifiedKFold(3).split(np.zeros(8), ["a"] * 6 + ["rare"] * 2)]
    with pytest.warns(UserWarning, match="groups parameter is ignored by KFold"):
        [*selection.KFold(2).split([1, 2], groups=[0, 1])]
