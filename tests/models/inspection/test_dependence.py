"""Partial dependence by the ways down trees: scikit-learn's numbers for its trees."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.ensemble
import sklearn.inspection
import sklearn.tree

import models
from models.inspection import partial_dependence

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
y = X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + 0.1 * RNG.normal(size=200)
GROWN = {"max_depth": 4, "min_samples_leaf": 10, "random_state": 0}  # no ties: they grow alike


@pytest.mark.parametrize("features", [[0], [2], [0, 1], [1, 0]])
@pytest.mark.parametrize(
    "name, home, settings",
    [
        ("DecisionTreeRegressor", sklearn.tree, GROWN),
        ("GradientBoostingRegressor", sklearn.ensemble, {"n_estimators": 10, **GROWN}),
    ],
)
def test_of_a_tree_and_of_a_booster(name, home, settings, features):
    ours, theirs = (getattr(root, name)(**settings).fit(X, y) for root in (models, home))
    how = {"grid_resolution": 7, "method": "recursion"}
    found = partial_dependence(theirs, X, features, **how)
    expected = sklearn.inspection.partial_dependence(theirs, X, features, **how)
    assert found.average.shape == expected.average.shape
    np.testing.assert_allclose(found.average, expected.average, rtol=1e-12, atol=1e-14)
    same = partial_dependence(ours, X, features, **how).average
    np.testing.assert_allclose(same, expected.average, rtol=1e-8, atol=1e-10)


def test_of_a_forest_it_is_the_mean_of_its_trees():
    forest = models.RandomForestRegressor(5, random_state=0).fit(X, y)
    found = partial_dependence(forest, X, [0], method="recursion").average
    trees = [partial_dependence(t, X, [0], method="recursion").average for t in forest.estimators_]
    np.testing.assert_allclose(found, np.mean(trees, axis=0), rtol=1e-12)
    near = partial_dependence(forest, X, [0]).average  # the same, but for correlated features
    assert np.corrcoef(found[0], near[0])[0, 1] > 0.9


@pytest.mark.parametrize(
    "settings",
    [{"method": "recursion", "kind": "both"}, {"method": "quick"}, {"method": "recursion"}],
)
def test_refusals(settings):
    model = (
        models.Ridge() if settings == {"method": "recursion"} else models.DecisionTreeRegressor()
    )
    with pytest.raises(ValueError, match="Try: (method=)?'brute'"):
        partial_dependence(model.fit(X, y), X, [0], **settings)


def test_a_tree_that_asks_about_categories():
    codes = np.c_[X[:, 0], np.arange(200) % 5]
    target = np.array([3.0, 0.0, 2.0, 5.0, 1.0])[codes[:, 1].astype(int)]
    model = models.DecisionTreeRegressor(categorical_features=[1]).fit(codes, target)
    with pytest.raises(ValueError, match="asks? about categories(?s:.*)Try: method='brute'"):
        partial_dependence(model, codes, [0], method="recursion")


def test_ways_down_a_tree_of_two_targets():
    model = models.DecisionTreeRegressor().fit(X, np.c_[y, -y])
    with pytest.raises(ValueError, match="of one target(?s:.*)Try: method='brute'"):
        partial_dependence(model, X, [0], method="recursion")
