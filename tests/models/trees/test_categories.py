"""Questions about categories, against all ways to divide them."""

import pickle
from itertools import combinations

import numpy as np
import pytest

import models
from models.trees import categories, export_text, rules
from models.trees.structure import LEAF

RNG = np.random.default_rng(0)


def problem(seed, k=6, n=90, missing=False):
    """A column of numbers and one of categories; effects of the categories, (samples,)."""
    rng = np.random.default_rng(seed)
    X = np.stack([rng.normal(size=n), rng.integers(0, k, n)], axis=1)
    effect = rng.normal(size=k)[X[:, 1].astype(int)]
    if missing:
        X[rng.random(n) < 0.15, 1] = np.nan
    return X, effect, rng


def impurity(y, w, criterion):
    """w times the impurity of a node. y: numbers, or of classes a column for each."""
    w = w / w.sum() if len(w) else w
    mean = w @ y if len(w) else y.sum(axis=0)
    if criterion == "squared_error":
        return (w @ (y - mean) ** 2).sum()
    if criterion == "poisson":
        return w @ (y * np.log(np.where(y > 0, y, 1) / mean)).ravel() if mean > 0 else np.nan
    p = mean[mean > 0]
    return 1 - (p * p).sum() if criterion == "gini" else -(p * np.log2(p)).sum()


def best_of_all_sets(groups, y, w, criterion):
    """The least impurity of both sides, over all ways to divide the groups."""
    found, names = [], np.unique(groups)
    for size in range(1, len(names)):
        for chosen in combinations(names, size):
            left = np.isin(groups, chosen)
            sides = (left, ~left)
            found.append(sum(w[s].sum() * impurity(y[s], w[s], criterion) for s in sides))
    return np.nanmin(found)


def fitted(X, effect, rng, criterion, weight, classes=2, **settings):
    """A tree with one question about the categories of X, and the least impurity that one can have."""
    if criterion in ("gini", "entropy"):
        scores = np.arange(classes) * effect[:, None] - 0.3 * np.arange(classes) ** 2
        y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
        columns, kind = np.eye(classes)[y], models.DecisionTreeClassifier
    else:
        y = rng.poisson(np.exp(effect)) if criterion == "poisson" else rng.normal(effect)
        columns, kind = y[:, None].astype(float), models.DecisionTreeRegressor
    settings = {"max_depth": 1, "criterion": criterion, "categorical_features": [0], **settings}
    model = kind(**settings).fit(X[:, 1:], y, weight)
    groups = np.where(np.isnan(X[:, 1]), -1, X[:, 1])
    return model, best_of_all_sets(groups, columns, weight, criterion)


def after(model):
    tree = model.tree_
    return (tree.impurity * tree.weighted_n_node_samples)[1:].sum()


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing values"])
@pytest.mark.parametrize("criterion", ["squared_error", "poisson", "gini", "entropy"])
def test_the_set_is_the_best_of_all(criterion, missing):
    """Missing values are a category more, as they may go to either side."""
    for seed in range(5):
        X, effect, rng = problem(seed, missing=missing)
        weight = rng.integers(1, 4, len(X)).astype(float)
        model, best = fitted(X, effect, rng, criterion, weight)
        assert model.tree_.node_count == 3 and np.isnan(model.tree_.threshold[0])
        assert after(model) == pytest.approx(best, rel=1e-10)


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_of_several_classes_the_set_is_nearly_always_the_best(criterion):
    excess = []
    for seed in range(10):
        X, effect, rng = problem(seed)
        model, best = fitted(X, effect, rng, criterion, np.ones(len(X)), classes=3)
        excess.append(after(model) / best - 1)
    assert min(excess) > -1e-12 and np.median(excess) < 1e-12 and max(excess) < 0.02


def test_of_several_targets_too():
    """All targets are multiples of one, but for noise: the first principal component is its direction."""
    X, effect, rng = problem(0)
    Y = effect[:, None] * [1.0, -2.0, 3.0] + 0.01 * rng.normal(size=(len(X), 3))
    model = models.DecisionTreeRegressor(max_depth=1, categorical_features=[0]).fit(X[:, 1:], Y)
    best = best_of_all_sets(X[:, 1], Y, np.ones(len(X)), "squared_error")
    assert 3 * after(model) == pytest.approx(best, rel=1e-10)


def test_two_categories_are_a_column_of_0_and_1():
    X, _, rng = problem(1, k=2, n=200)
    y = rng.normal(X[:, 0] * (1 + 2 * X[:, 1]))
    ours = models.DecisionTreeRegressor(max_depth=5, categorical_features=[1]).fit(X, y)
    plain = models.DecisionTreeRegressor(max_depth=5).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), plain.predict(X), rtol=1e-12)
    np.testing.assert_allclose(ours.feature_importances_, plain.feature_importances_, rtol=1e-12)
    assert ours.get_n_leaves() == plain.get_n_leaves()


def test_a_deep_tree_divides_the_categories_again_in_every_node():
    """Categories that differ only where the number is positive, in another order than before."""
    X, _, rng = problem(2, k=5, n=500)
    table = rng.permutation(5), rng.permutation(5)
    y = np.where(X[:, 0] > 0, table[0][X[:, 1].astype(int)], table[1][X[:, 1].astype(int)])
    model = models.DecisionTreeRegressor(categorical_features=[1]).fit(X, y.astype(float))
    np.testing.assert_array_equal(model.predict(X), y)
    assert model.score(X, y) == 1 and model.tree_.max_depth <= 6


@pytest.mark.parametrize("features", [None, 1], ids=["all", "one for each node"])
@pytest.mark.parametrize("splitter", ["best", "random"])
def test_samples_go_down_the_way_they_went_in_fit(splitter, features):
    X, effect, rng = problem(3, k=12, n=300, missing=True)
    y = rng.normal(effect + X[:, 0])
    settings = {"min_samples_leaf": 3, "max_features": features, "splitter": splitter}
    model = models.DecisionTreeRegressor(categorical_features=[1], random_state=0, **settings)
    tree = model.fit(X, y).tree_
    counts = np.bincount(model.apply(X), minlength=tree.node_count)
    is_leaf = tree.children_left == LEAF
    np.testing.assert_array_equal(counts[is_leaf], tree.n_node_samples[is_leaf])
    assert np.isnan(tree.threshold).sum() >= 3 and counts[is_leaf].min() >= 3


def test_what_is_unknown_goes_where_missing_values_go():
    X, y = np.array([[0.0], [1], [2]]).repeat(20, axis=0), np.repeat([0.0, 5, 5], 20)
    model = models.DecisionTreeRegressor(categorical_features=[0]).fit(X, y)
    assert model.predict([[7.0], [np.nan], [1.5]]).tolist() == [5, 5, 5]  # with the most samples
    X[30:40] = np.nan
    y[30:40] = 0
    model.fit(X, y)
    assert model.predict([[7.0], [np.nan], [1.0]]).tolist() == [0, 0, 5]


def test_a_category_that_a_node_has_not_met_goes_where_missing_values_go():
    X = np.array([[0.0, 0]] * 10 + [[0, 1]] * 20 + [[1, 2]] * 40)
    y = np.repeat([0.0, 1, 9], [10, 20, 40])
    model = models.DecisionTreeRegressor(categorical_features=[1]).fit(X, y)
    assert model.tree_.feature[0] == 0  # of equal questions the first feature
    assert model.predict([[0.0, 2], [0, np.nan]]).tolist() == [1, 1]


WORDS = np.array(["black", "blue", "green", "red"])


def colors(n=200):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(4)
    color = WORDS[rng.integers(0, 4, n)]
    frame = pandas.DataFrame({"size": rng.normal(size=n), "color": pandas.Categorical(color)})
    return frame, (color == "red") * 3.0 + (color == "blue") * 2.0 + frame["size"].to_numpy() / 9


@pytest.mark.parametrize("chosen", ["from_dtype", ["color"], [1], [False, True]], ids=str)
def test_a_frame_with_words(chosen):
    frame, y = colors()
    model = models.DecisionTreeRegressor(max_depth=2, categorical_features=chosen).fit(frame, y)
    assert model.is_categorical_.tolist() == [False, True]
    assert model.left_categories(0).tolist() == ["black", "green"]
    codes = np.stack([frame["size"], np.searchsorted(WORDS, frame["color"])], axis=1)
    same = models.DecisionTreeRegressor(max_depth=2, categorical_features=[1]).fit(codes, y)
    np.testing.assert_array_equal(model.predict(frame), same.predict(codes))
    lines = export_text(model).splitlines()
    assert [line for line in lines if "color" in line] == [
        "|--- color in {black, green}",
        "|--- color not in {black, green}",
        "|   |--- color in {blue}",
        "|   |--- color not in {blue}",
    ]
    assert rules(model, decimals=1)[2].startswith("if color in {blue}: value: [2.0] (")
    assert rules(model, decimals=1)[3].startswith("if color in {red}: value: [3.0] (")


def test_pickling_pruning_and_importances():
    frame, y = colors()
    model = models.DecisionTreeRegressor(categorical_features="from_dtype").fit(frame, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert model.feature_importances_[1] > 0.9
    model.set_params(ccp_alpha=0.1).fit(frame, y)
    assert model.get_n_leaves() == 3 and model.score(frame, y) > 0.95
    alphas = model.cost_complexity_pruning_path(frame, y).ccp_alphas
    assert alphas[-1] == pytest.approx(y.var() - _one_question(frame, y), rel=1e-9)


def _one_question(frame, y):
    """The variance that is left after the question  color in {black, green}."""
    left = frame["color"].isin(["black", "green"]).to_numpy()
    return (left.sum() * y[left].var() + (~left).sum() * y[~left].var()) / len(y)


@pytest.mark.parametrize("name", ["RandomForest", "ExtraTrees"])
def test_forests_too(name):
    frame, y = colors()
    forest = getattr(models, f"{name}Regressor")(20, categorical_features=["color"], random_state=0)
    assert forest.fit(frame, y).score(frame, y) > 0.95
    first = forest.estimators_[0]
    assert np.isnan(first.tree_.threshold).any()
    mean = np.mean([tree.predict(frame.to_numpy()) for tree in forest.estimators_], axis=0)
    np.testing.assert_allclose(forest.predict(frame), mean, rtol=1e-12)
    forest.set_params(warm_start=True, n_estimators=25).fit(
        frame[frame["color"] != "red"], y[frame["color"] != "red"]
    )
    assert [known.tolist() for known in forest._categories_.known[1:]] == [WORDS.tolist()]
    labels = np.where(y > 1.5, "large", "small")
    classes = getattr(models, f"{name}Classifier")(20, categorical_features=["color"])
    assert classes.fit(frame, labels).score(frame, labels) > 0.95


def test_monotonic_constraints_hold_beside_categories():
    X, effect, rng = problem(5, n=400)
    y = rng.normal(effect + np.sin(3 * X[:, 0]))
    settings = {"categorical_features": [1], "min_samples_leaf": 5}
    model = models.DecisionTreeRegressor(monotonic_cst=[1, 0], **settings).fit(X, y)
    assert np.isnan(model.tree_.threshold).any()
    grid = np.stack([np.tile(np.linspace(-2, 2, 50), 6), np.repeat(np.arange(6.0), 50)], axis=1)
    assert (np.diff(model.predict(grid).reshape(6, 50), axis=1) >= 0).all()
    with pytest.raises(ValueError, match="Categorical features cannot have monotonic constraints"):
        model.set_params(monotonic_cst=[0, 1]).fit(X, y)


def test_too_many_categories_are_refused():
    X = np.arange(5000.0)[:, None]
    model = models.DecisionTreeRegressor(categorical_features=[0])
    with pytest.raises(ValueError, match="at index 0 is expected to have a cardinality <= 4096"):
        model.fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"categorical_features=\[3\] does not fit the 1 columns"):
        model.set_params(categorical_features=[3]).fit(X, X[:, 0])


def test_bits():
    is_in = RNG.random((5, 21)) < 0.5
    bits = categories.packed(is_in)
    assert bits.shape == (5, categories.bytes_for(21)) == (5, 3)
    for row in range(5):
        np.testing.assert_array_equal(categories.numbers_in(bits[row]), np.flatnonzero(is_in[row]))
    rows, numbers = np.indices(is_in.shape).reshape(2, -1)
    np.testing.assert_array_equal(categories.contain(bits, rows, numbers), is_in.ravel())
