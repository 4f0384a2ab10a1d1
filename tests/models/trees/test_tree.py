"""Decision trees against scikit-learn's, node by node, and against a search by hand."""

from itertools import pairwise

import numpy as np
import pytest

from models import DecisionTreeClassifier
from models.trees.structure import LEAF
from models.trees.tree import naive_question

tree = pytest.importorskip("sklearn.tree")

CRITERIA = ("gini", "entropy")
FIELDS = ("children_left", "children_right", "feature", "threshold", "n_node_samples")


def data(n=300, p=6, n_classes=3, seed=0):
    """scikit-learn's trees see float32: numbers that both see alike."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32).astype(np.float64)
    scores = X[:, :n_classes] + 0.5 * X[:, n_classes : 2 * n_classes] * X[:, :n_classes]
    return X, (scores + rng.gumbel(size=scores.shape)).argmax(axis=1), rng


def assert_same_tree(ours, theirs):
    for field in FIELDS:
        expected = getattr(theirs.tree_, field)
        np.testing.assert_array_equal(getattr(ours.tree_, field), expected, field)
    for field in ("impurity", "weighted_n_node_samples"):
        np.testing.assert_allclose(
            getattr(ours.tree_, field), getattr(theirs.tree_, field), rtol=1e-12, atol=1e-12
        )
    np.testing.assert_allclose(ours.tree_.value, theirs.tree_.value, rtol=1e-12)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-12)
    assert (ours.get_depth(), ours.get_n_leaves()) == (theirs.get_depth(), theirs.get_n_leaves())


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "limits",
    [
        {"max_depth": 1},
        {"max_depth": 4, "min_samples_leaf": 5},
        {"min_samples_leaf": 60},
        {"min_samples_split": 150, "min_samples_leaf": 3},
    ],
)
def test_the_same_tree_as_scikit_learn(criterion, weighted, limits):
    """With leaves this large no two questions are equally good: there is one best tree."""
    X, y, rng = data(n=1000)
    weight = rng.uniform(0.1, 3, size=len(y)) if weighted else None
    ours = DecisionTreeClassifier(criterion, **limits).fit(X, y, sample_weight=weight)
    theirs = tree.DecisionTreeClassifier(criterion=criterion, random_state=0, **limits)
    theirs.fit(X, y, sample_weight=weight)
    assert ours.get_n_leaves() > 1
    assert_same_tree(ours, theirs)
    new = data(seed=1)[0]
    np.testing.assert_array_equal(ours.apply(new), theirs.apply(new))
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), rtol=1e-12)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_with_many_equal_values(criterion):
    """Whole numbers from 0 to 4: a cut may not go through the middle of equal values."""
    rng = np.random.default_rng(3)
    X = rng.integers(0, 5, size=(400, 4)).astype(float)
    y = (X[:, 0] + 2 * X[:, 1] + rng.integers(0, 3, size=400) > 8).astype(int)
    ours = DecisionTreeClassifier(criterion, max_depth=3).fit(X, y)
    theirs = tree.DecisionTreeClassifier(criterion=criterion, max_depth=3, random_state=0).fit(X, y)
    assert_same_tree(ours, theirs)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("min_samples_leaf", [1, 4])
def test_the_first_question_is_the_best_of_all(criterion, min_samples_leaf):
    """Against the definition: the impurity of both sides of every cut, computed one by one."""
    X, y, rng = data(n=40)
    weight = rng.integers(1, 4, size=40).astype(float)

    def impurity(rows):
        p = np.array([weight[rows][y[rows] == k].sum() for k in range(3)]) / weight[rows].sum()
        p = p[p > 0]
        one_by_one = 1 - (p**2).sum() if criterion == "gini" else -(p * np.log2(p)).sum()
        return weight[rows].sum() * one_by_one

    cuts = []
    for feature in range(X.shape[1]):
        values = np.sort(X[:, feature])
        for low, high in pairwise(values):
            left = X[:, feature] <= low
            if min(left.sum(), (~left).sum()) >= min_samples_leaf:
                total = impurity(left) + impurity(~left)
                cuts.append((round(total, 9), feature, (low + high) / 2))
    best = min(cuts)
    model = DecisionTreeClassifier(criterion, max_depth=1, min_samples_leaf=min_samples_leaf)
    grown = model.fit(X, y, sample_weight=weight).tree_
    assert (grown.feature[0], grown.threshold[0]) == (best[1], pytest.approx(best[2], rel=1e-12))
    after = (grown.weighted_n_node_samples * grown.impurity)[1:].sum()
    assert after == pytest.approx(best[0], abs=1e-8)


def test_the_naive_search_finds_the_same_question():
    X, y, _ = data(n=60)
    grown = DecisionTreeClassifier(max_depth=1).fit(X, y).tree_
    feature, threshold = naive_question(X.tolist(), y.tolist())
    assert (grown.feature[0], grown.threshold[0]) == (feature, pytest.approx(threshold, rel=1e-12))


def test_of_equal_questions_the_first_feature_and_the_lowest_cut():
    """Columns 1 and 2 are the same; the cuts at 0.5 and 2.5 are mirror images of each other."""
    column = np.array([0.0, 1, 2, 3])
    X = np.stack([np.zeros(4), column, column], axis=1)
    grown = DecisionTreeClassifier(max_depth=1).fit(X, [0, 1, 1, 0]).tree_
    assert (grown.feature[0], grown.threshold[0]) == (1, 0.5)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("seed", range(10))
def test_weights_count_like_repeated_rows_and_order_does_not_matter(criterion, seed):
    """Few rows and many features make many ties: rounding may not decide between them."""
    X, y, rng = data(n=20, p=30, seed=seed)
    weight = rng.integers(0, 4, size=20)
    weighted = DecisionTreeClassifier(criterion).fit(X, y, sample_weight=weight)
    shuffled = rng.permutation(np.repeat(np.arange(20), weight))
    repeated = DecisionTreeClassifier(criterion).fit(X[shuffled], y[shuffled])
    for field in ("children_left", "feature", "threshold"):
        np.testing.assert_array_equal(
            getattr(weighted.tree_, field), getattr(repeated.tree_, field)
        )


def test_a_useless_first_question_may_lead_to_a_useful_second():
    """Exclusive or: no single question lowers the impurity, two of them end it."""
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = [0, 1, 1, 0]
    model = DecisionTreeClassifier().fit(X, y)
    assert model.predict(X).tolist() == y and model.get_depth() == 2


def test_identical_rows_with_different_labels_end_in_one_leaf():
    X = np.array([[1.0, 2.0]] * 5 + [[3.0, 2.0]])
    model = DecisionTreeClassifier().fit(X, [0, 0, 1, 1, 1, 0])
    np.testing.assert_allclose(model.predict_proba(X[:1]), [[0.4, 0.6]])
    assert model.get_n_leaves() == 2
    constant = DecisionTreeClassifier().fit(np.ones((4, 3)), [0, 1, 1, 1])
    assert constant.get_n_leaves() == 1 and constant.feature_importances_.tolist() == [0, 0, 0]
    np.testing.assert_allclose(constant.predict_proba(np.zeros((1, 3))), [[0.25, 0.75]])


@pytest.mark.parametrize(
    "low, high",
    [
        (8.0, np.nextafter(np.float32(8), np.float32(9))),  # nothing between them
        (np.nextafter(np.float32(8), np.float32(0)), 8.0),
        (1.6e308, 1.7e308),  # their sum overflows
        (-1.7e308, 1.7e308),
        (1e38, 3e38),
        (1e16, 1.0001e16),
    ],
)
def test_a_threshold_parts_the_values_it_stands_between(low, high):
    X = np.array([[low], [high], [high], [low]])
    model = DecisionTreeClassifier().fit(X, [0, 1, 1, 0])
    assert low <= model.tree_.threshold[0] < high
    assert model.predict(X).tolist() == [0, 1, 1, 0]


def test_values_that_differ_by_less_than_1e_7_are_equal():
    X = np.array([[0.0], [0.9e-7], [0.0], [0.9e-7]])
    assert DecisionTreeClassifier().fit(X, [0, 1, 0, 1]).get_n_leaves() == 1
    assert DecisionTreeClassifier().fit(2 * X, [0, 1, 0, 1]).get_n_leaves() == 2
    X = np.array([[0.0, 0.0], [0.9e-7, 0.5], [1.0, 0.5], [1.0, 1.0]])  # the best cut is not allowed
    y = [0, 1, 1, 1]
    ours, theirs = DecisionTreeClassifier().fit(X, y), tree.DecisionTreeClassifier().fit(X, y)
    assert ours.tree_.feature.tolist() == theirs.tree_.feature.tolist() == [1, -2, -2]


def test_weights_of_very_different_size():
    """1e12 + 1 - 1e12 rounds, and a side of weight 0 has no impurity."""
    X = np.arange(6.0)[:, None]
    y = [0, 1, 0, 1, 0, 1]
    for weight in ([1e12, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1e12]):
        for criterion in CRITERIA:
            model = DecisionTreeClassifier(criterion).fit(X, y, sample_weight=weight)
            assert model.predict(X).tolist() == y


def test_a_tree_deeper_than_pythons_recursion():
    """Alternating labels on a line whose rows weigh less and less: one row is cut off at a time."""
    n = 1500
    X = np.arange(float(n))[:, None]
    weight = 0.75 ** np.arange(n)
    y = np.arange(n) % 2
    model = DecisionTreeClassifier().fit(X, y, sample_weight=weight)
    assert model.get_depth() > 1000
    np.testing.assert_array_equal(model.predict(X), y)


def test_max_features_draws_among_those_that_vary():
    X, y, _ = data()
    X = np.column_stack([np.zeros(len(X)), X])
    every = DecisionTreeClassifier(max_depth=3).fit(X, y)
    same = DecisionTreeClassifier(max_depth=3, max_features=7, random_state=1).fit(X, y)
    np.testing.assert_array_equal(same.tree_.feature, every.tree_.feature)

    firsts = set()
    for seed in range(40):
        model = DecisionTreeClassifier(max_depth=2, max_features=1, random_state=seed).fit(X, y)
        again = DecisionTreeClassifier(max_depth=2, max_features=1, random_state=seed).fit(X, y)
        np.testing.assert_array_equal(model.tree_.feature, again.tree_.feature)
        assert model.get_depth() == 2  # never lost on the constant column
        firsts.add(int(model.tree_.feature[0]))
    assert firsts == {1, 2, 3, 4, 5, 6}


def test_every_node_is_what_its_rows_say():
    X, y, _ = data(n=200)
    model = DecisionTreeClassifier(max_depth=5).fit(X, y)
    grown = model.tree_
    leaves = model.apply(X)
    assert (grown.children_left[leaves] == LEAF).all()
    for leaf in np.unique(leaves):
        share = np.bincount(y[leaves == leaf], minlength=3) / (leaves == leaf).sum()
        np.testing.assert_allclose(grown.value[leaf, 0], share, rtol=1e-14)
