"""Grown trees against scikit-learn's, question by question up to ties, on all data sets that it bundles."""

import numpy as np
import pytest

import models
from models.trees.structure import LEAF

tree = pytest.importorskip("sklearn.tree")
datasets = pytest.importorskip("sklearn.datasets")

CLASSES = {
    name: getattr(datasets, f"load_{name}")(return_X_y=True) for name in ("iris", "wine", "digits")
}
CLASSES["breast_cancer"] = datasets.load_breast_cancer(return_X_y=True)
NUMBERS = {
    name: getattr(datasets, f"load_{name}")(return_X_y=True) for name in ("diabetes", "linnerud")
}


def both(name, **settings):
    theirs = getattr(tree, name)(random_state=0, **settings)
    return getattr(models, name)(**settings), theirs


def gain(grown, node):
    """The decrease of weighted impurity by the question of a node."""
    weighted = grown.weighted_n_node_samples * grown.impurity
    children = grown.children_left[node], grown.children_right[node]
    return weighted[node] - weighted[children[0]] - weighted[children[1]]


def assert_same_up_to_ties(ours, theirs, X):
    """Goes down both trees at once. Where the questions part the samples in different ways, both must have
    the same gain; below such a tie the trees may differ. Returns how many nodes were the same."""
    ours, theirs, X = ours.tree_, theirs.tree_, X.astype(np.float32)
    same, waiting = 0, [(0, 0, np.ones(len(X), dtype=bool))]
    while waiting:
        a, b, rows = waiting.pop()
        size = theirs.weighted_n_node_samples[b]
        assert ours.n_node_samples[a] == theirs.n_node_samples[b]
        assert ours.weighted_n_node_samples[a] == pytest.approx(size, rel=1e-12)
        np.testing.assert_allclose(ours.value[a], theirs.value[b], rtol=1e-9, atol=1e-12)
        assert ours.impurity[a] == pytest.approx(theirs.impurity[b], rel=1e-9, abs=1e-9)
        leaves = ours.children_left[a] == LEAF, theirs.children_left[b] == LEAF
        if all(leaves):
            same += 1
            continue
        if leaves[0]:  # a pure node whose impurity is not 0 there, by rounding
            assert theirs.impurity[b] < 1e-9 * max(theirs.impurity[0], 1)
            continue
        assert not leaves[1]
        slack = 1e-8 * size * theirs.impurity[b]
        assert gain(ours, a) == pytest.approx(gain(theirs, b), abs=slack)
        left = X[:, ours.feature[a]] <= ours.threshold[a]
        left |= np.isnan(X[:, ours.feature[a]]) & ours.missing_go_to_left[a]
        other = X[:, theirs.feature[b]] <= theirs.threshold[b]
        other |= np.isnan(X[:, theirs.feature[b]]) & (theirs.missing_go_to_left[b] != 0)
        if not np.array_equal(left[rows], other[rows]):
            continue
        same += 1
        if ours.feature[a] == theirs.feature[b]:
            np.testing.assert_allclose(ours.threshold[a], theirs.threshold[b], rtol=1e-12)
            if not np.isnan(X).any():
                assert ours.missing_go_to_left[a] == theirs.missing_go_to_left[b]
        waiting.append((ours.children_left[a], theirs.children_left[b], rows & left))
        waiting.append((ours.children_right[a], theirs.children_right[b], rows & ~left))
    return same


def assert_same_fits(ours, theirs, X, y, least):
    """At least so many nodes are the same, without weights and with them."""
    for w in (None, np.random.default_rng(0).uniform(0.5, 2, len(y))):
        assert assert_same_up_to_ties(ours.fit(X, y, w), theirs.fit(X, y, w), X) >= least


LIMITS = [
    {},
    {"max_depth": 3},
    {"min_samples_leaf": 0.05, "min_samples_split": 0.2},
    {"min_weight_fraction_leaf": 0.03},
    {"min_impurity_decrease": 0.01},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("criterion", ["gini", "entropy", "log_loss"])
@pytest.mark.parametrize("name", CLASSES)
def test_classes(name, criterion, limits):
    pair = both("DecisionTreeClassifier", criterion=criterion, **limits)
    assert_same_fits(*pair, *CLASSES[name], least=15 if name == "digits" else 3)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error", "poisson"])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name, criterion, limits):
    """linnerud has three targets."""
    pair = both("DecisionTreeRegressor", criterion=criterion, **limits)
    assert_same_fits(*pair, *NUMBERS[name], least=1)


def test_friedmans_criterion_chooses_the_same_questions():
    X, y = NUMBERS["diabetes"]
    fits = [
        models.DecisionTreeRegressor(c, max_depth=6).fit(X, y)
        for c in ("squared_error", "friedman_mse")
    ]
    np.testing.assert_array_equal(fits[0].predict(X), fits[1].predict(X))


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name, criterion", [
    ("DecisionTreeClassifier", "gini"), ("DecisionTreeClassifier", "entropy"),
    ("DecisionTreeRegressor", "squared_error"), ("DecisionTreeRegressor", "poisson"),
])  # fmt: skip
def test_missing_values(name, criterion, weighted, limits):
    rng = np.random.default_rng(0)
    X, labels = CLASSES["wine"]
    X = np.where(rng.random(X.shape) < 0.15, np.nan, X)
    X[labels == 1, 3] = np.nan  # that a value is missing may itself be the answer
    y = labels if "Classifier" in name else X[:, 1].copy() ** 2
    y = np.nan_to_num(y)
    w = rng.uniform(0.5, 2, len(y)) if weighted else None
    ours, theirs = both(name, criterion=criterion, **limits)
    assert assert_same_up_to_ties(ours.fit(X, y, w), theirs.fit(X, y, w), X) >= 2
    leaves = ours.tree_.children_left == LEAF
    assert np.isinf(ours.tree_.threshold[~leaves]).any() or "Regressor" in name
    if limits.get("max_depth") and not weighted:
        new = np.where(rng.random(X.shape) < 0.15, np.nan, X)
        np.testing.assert_allclose(ours.predict(new), theirs.predict(new), rtol=1e-12)


def test_several_targets_of_classes():
    X, y = CLASSES["wine"]
    labels = np.stack([y, (X[:, 0] > 13).astype(int), np.arange(len(y)) % 4], axis=1)
    for criterion in ("gini", "entropy"):
        ours, theirs = both("DecisionTreeClassifier", criterion=criterion, max_depth=4)
        assert assert_same_up_to_ties(ours.fit(X, labels), theirs.fit(X, labels), X) > 5
        assert [p.shape for p in ours.predict_proba(X)] == [
            p.shape for p in theirs.predict_proba(X)
        ]
        assert ours.predict(X).shape == labels.shape and ours.n_outputs_ == 3
        assert [list(c) for c in ours.classes_] == [[0, 1, 2], [0, 1], [0, 1, 2, 3]]
        assert 0 < ours.score(X, labels) < 1


@pytest.mark.parametrize("max_leaf_nodes", [2, 3, 7, 20])
def test_best_first(max_leaf_nodes):
    X, y = CLASSES["breast_cancer"]
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    ours, theirs = both("DecisionTreeClassifier", max_leaf_nodes=max_leaf_nodes)
    assert_same_up_to_ties(ours.fit(X, y, w), theirs.fit(X, y, w), X)
    assert ours.get_n_leaves() == theirs.get_n_leaves()
    if max_leaf_nodes < 8:  # no ties there: even the numbers of the nodes are the same
        np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
    X, y = NUMBERS["diabetes"]
    ours, theirs = both("DecisionTreeRegressor", max_leaf_nodes=max_leaf_nodes)
    np.testing.assert_allclose(ours.fit(X, y).predict(X), theirs.fit(X, y).predict(X), rtol=1e-12)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))


@pytest.mark.parametrize("limits", [{"max_depth": 4}, {"min_samples_leaf": 8}], ids=str)
@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error", "poisson"])
def test_monotonic_constraints_of_a_regressor(criterion, limits):
    X, y = NUMBERS["diabetes"]
    signs = [0, 0, 1, -1, 0, 0, 1, 0, -1, 0]
    ours, theirs = both("DecisionTreeRegressor", criterion=criterion, monotonic_cst=signs, **limits)
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    assert_same_up_to_ties(ours.fit(X, y, w), theirs.fit(X, y, w), X)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    for feature, sign in enumerate(signs):
        higher = X.copy()
        higher[:, feature] += 0.05
        assert (sign * (ours.predict(higher) - ours.predict(X)) >= -1e-12).all()


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_monotonic_constraints_of_a_classifier(criterion):
    X, y = CLASSES["breast_cancer"]
    signs = np.arange(30) % 3 - 1
    ours, theirs = both(
        "DecisionTreeClassifier", criterion=criterion, monotonic_cst=signs, max_depth=4
    )
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    assert assert_same_up_to_ties(ours.fit(X, y, w), theirs.fit(X, y, w), X) > 5
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    with pytest.raises(ValueError, match=r"Monotonicity .* not supported with multi.*\s.*\s.*None"):
        models.DecisionTreeClassifier(monotonic_cst=[1, 0, 0, 0]).fit(*CLASSES["iris"])
    with pytest.raises(ValueError, match="monotonic_cst must be 4 numbers -1, 0 or 1"):
        models.DecisionTreeClassifier(monotonic_cst=[1, 0]).fit(*CLASSES["iris"])


def test_max_features_counts_constants_but_asks_about_one_that_varies():
    rng = np.random.default_rng(0)
    X = np.zeros((200, 40))
    X[:, 17] = rng.integers(0, 2, 200)
    y = X[:, 17] * 2 + 1
    for seed in range(5):
        model = models.DecisionTreeRegressor(max_features="sqrt", random_state=seed).fit(X, y)
        assert model.score(X, y) == 1 and model.max_features_ == 6


@pytest.mark.parametrize("given, number", [
    (None, 13), ("sqrt", 3), ("log2", 3), (5, 5), (100, 13), (0.5, 6), (0.01, 1), (1.0, 13),
])  # fmt: skip
def test_max_features(given, number):
    X, y = CLASSES["wine"]
    assert models.DecisionTreeClassifier(max_features=given).fit(X, y).max_features_ == number


def test_features_are_drawn_evenly():
    """With one candidate a node, every feature is as often at the root."""
    X, y = CLASSES["iris"]
    roots = [
        models.DecisionTreeClassifier(max_depth=1, max_features=1, random_state=seed).fit(X, y)
        for seed in range(400)
    ]
    counts = np.bincount([m.tree_.feature[0] for m in roots], minlength=4)
    assert (abs(counts - 100) < 4 * np.sqrt(75)).all()


@pytest.mark.parametrize("name", ["ExtraTreeClassifier", "ExtraTreeRegressor"])
def test_random_cuts_score_as_those_of_scikit_learn(name):
    X, y = CLASSES["wine"]
    scores = {"ours": [], "theirs": []}
    for seed in range(40):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[:120], order[120:]
        for side, library in (("ours", models), ("theirs", tree)):
            model = getattr(library, name)(random_state=seed, min_samples_leaf=2)
            scores[side].append(model.fit(X[train], y[train]).score(X[test], y[test]))
    ours, theirs = np.array(scores["ours"]), np.array(scores["theirs"])
    noise = np.sqrt((ours.var() + theirs.var()) / 40)
    assert abs(ours.mean() - theirs.mean()) < 4 * noise


def test_random_cuts_are_uniform_between_the_lowest_and_the_highest_value():
    X, y = np.array([[0.0], [1.0], [5.0]]), [0, 1, 1]
    cuts = [
        models.ExtraTreeClassifier(max_depth=1, random_state=seed).fit(X, y).tree_.threshold[0]
        for seed in range(300)
    ]
    assert 0 <= min(cuts) < 0.2 and 4.8 < max(cuts) < 5 and abs(np.mean(cuts) - 2.5) < 0.4


def test_random_cuts_with_missing_values():
    rng = np.random.default_rng(0)
    X, y = CLASSES["wine"]
    X = np.where(rng.random(X.shape) < 0.15, np.nan, X)
    model = models.ExtraTreeClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) == 1 and {*model.tree_.missing_go_to_left} == {False, True}


def test_random_cuts_by_the_absolute_error():
    X, y = NUMBERS["diabetes"]
    model = models.ExtraTreeRegressor("absolute_error", random_state=0, max_depth=4).fit(X, y)
    assert_node_values_are_medians(model.tree_, X, y)
    scores = [
        models.ExtraTreeRegressor(c, random_state=0, max_depth=4).fit(X, y).score(X, y)
        for c in ("absolute_error", "squared_error")
    ]
    assert abs(scores[0] - scores[1]) < 0.1


def assert_node_values_are_medians(grown, X, y):
    leaf = grown.apply(X)
    for node in np.unique(leaf):
        inside = y[leaf == node]
        assert grown.value[node, 0, 0] == np.median(inside)
        assert grown.impurity[node] == pytest.approx(abs(inside - np.median(inside)).mean())


def test_absolute_error_does_not_accept_missing_values():
    X, y = NUMBERS["diabetes"]
    X = X.copy()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="criterion='absolute_error' does not accept missing"):
        models.DecisionTreeRegressor("absolute_error").fit(X, y)


def test_counts_and_poisson():
    with pytest.raises(ValueError, match=r"Some value\(s\) of y are negative"):
        models.DecisionTreeRegressor("poisson").fit([[0.0], [1.0]], [1.0, -1.0])
    with pytest.raises(ValueError, match="Sum of y is not positive"):
        models.DecisionTreeRegressor("poisson").fit([[0.0], [1.0]], [0.0, 0.0])


def test_numbers_beyond_float32_are_compared_as_they_are():
    X = np.array([[1e200], [2e200], [3e200]])
    model = models.DecisionTreeRegressor().fit(X, [1.0, 2.0, 3.0])
    assert model.predict(X).tolist() == [1, 2, 3]
    small = models.DecisionTreeRegressor().fit(X / 1e200, [1.0, 2.0, 3.0])
    assert small.predict(X).tolist() == [3, 3, 3] and small.predict(-X).tolist() == [1, 1, 1]


@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error"])
def test_targets_far_from_zero(criterion):
    X, y = NUMBERS["diabetes"]
    near, far = (
        models.DecisionTreeRegressor(criterion, min_samples_leaf=5).fit(X, y + shift).tree_
        for shift in (0.0, 1e9)
    )
    np.testing.assert_array_equal(near.feature, far.feature)
    np.testing.assert_allclose(near.value, far.value - 1e9, atol=1e-6)
    np.testing.assert_allclose(near.impurity, far.impurity, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_the_scale_of_weights_does_not_matter(scale):
    X, y = NUMBERS["diabetes"]
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    settings = {"min_samples_leaf": 5, "min_weight_fraction_leaf": 0.02}
    plain, scaled = (
        models.DecisionTreeRegressor(**settings).fit(X, y, weight).tree_
        for weight in (w, w * scale)
    )
    np.testing.assert_array_equal(plain.feature, scaled.feature)
    np.testing.assert_allclose(scaled.weighted_n_node_samples[0], w.sum() * scale)
    with pytest.raises(ValueError, match="y has values beyond 1e150, whose squares are infinite"):
        models.DecisionTreeRegressor().fit(X, y * 1e150)


def test_tiny_targets_are_split():
    """An impurity far below the rounding of 1 is not pure, if all targets are as small."""
    X = np.arange(8.0)[:, None]
    model = models.DecisionTreeRegressor().fit(X, 1e-12 * X[:, 0])
    np.testing.assert_allclose(model.predict(X), 1e-12 * X[:, 0], rtol=1e-12)


def test_balanced_classes_weigh_the_same():
    X, y = CLASSES["iris"]
    X, y = X[:110], y[:110]
    w = (110 / (3 * np.bincount(y)))[y]
    balanced = models.DecisionTreeClassifier(class_weight="balanced", max_depth=2).fit(X, y)
    weighted = models.DecisionTreeClassifier(max_depth=2).fit(X, y, w)
    np.testing.assert_allclose(balanced.predict_proba(X), weighted.predict_proba(X))
    several = models.DecisionTreeClassifier(class_weight=[{0: 2.0}, {}])
    theirs = tree.DecisionTreeClassifier(class_weight=[{0: 2.0}, {}], max_depth=2)
    targets = np.stack([y, y % 2], axis=1)
    several.set_params(max_depth=2).fit(X, targets)
    np.testing.assert_allclose(several.tree_.value[0], theirs.fit(X, targets).tree_.value[0])
