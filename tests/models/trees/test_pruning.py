"""Cost-complexity pruning against scikit-learn's, and against its definition."""

import numpy as np
import pytest

import models
from models.trees.structure import LEAF

tree = pytest.importorskip("sklearn.tree")
datasets = pytest.importorskip("sklearn.datasets")

DATA = {
    "DecisionTreeClassifier": datasets.load_breast_cancer(return_X_y=True),
    "DecisionTreeRegressor": datasets.load_diabetes(return_X_y=True),
}
WEIGHTS = {name: np.random.default_rng(0).uniform(0.5, 2, len(y)) for name, (_, y) in DATA.items()}


@pytest.mark.parametrize("name", DATA)
def test_the_path_is_that_of_scikit_learn(name):
    X, y, w = *DATA[name], WEIGHTS[name]
    settings = {"min_samples_leaf": 12}
    ours = getattr(models, name)(**settings).cost_complexity_pruning_path(X, y, w)
    theirs = getattr(tree, name)(random_state=0, **settings)
    theirs = theirs.cost_complexity_pruning_path(X, y, w)
    np.testing.assert_allclose(ours.ccp_alphas, theirs.ccp_alphas, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(ours.impurities, theirs.impurities, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("max_leaf_nodes", [None, 20])
@pytest.mark.parametrize("name", DATA)
def test_the_pruned_tree_costs_least(name, max_leaf_nodes):
    """No other pruning of the whole tree is better: the least cost from the leaves up is the same."""
    X, y = DATA[name]
    settings = {"max_depth": 5, "max_leaf_nodes": max_leaf_nodes}
    whole = getattr(models, name)(**settings).fit(X, y).tree_
    path = getattr(models, name)(**settings).cost_complexity_pruning_path(X, y)
    own = whole.weighted_n_node_samples * whole.impurity / len(X)

    def least(node, alpha):
        if whole.children_left[node] == LEAF:
            return own[node] + alpha
        sides = whole.children_left[node], whole.children_right[node]
        return min(own[node] + alpha, sum(least(side, alpha) for side in sides))

    for alpha in (path.ccp_alphas[1:] + path.ccp_alphas[:-1])[::3] / 2:
        small = getattr(models, name)(ccp_alpha=alpha, **settings).fit(X, y).tree_
        leaves = small.children_left == LEAF
        cost = (small.weighted_n_node_samples * small.impurity / len(X) + alpha)[leaves].sum()
        assert cost == pytest.approx(least(0, alpha), rel=1e-9)


@pytest.mark.parametrize("name", DATA)
def test_the_pruned_tree_is_that_of_scikit_learn(name):
    X, y, w = *DATA[name], WEIGHTS[name]
    path = getattr(models, name)(max_depth=4).cost_complexity_pruning_path(X, y, w)
    settings = {"max_depth": 4, "ccp_alpha": 1.001 * path.ccp_alphas[-3]}
    ours = getattr(models, name)(**settings).fit(X, y, w)
    theirs = getattr(tree, name)(random_state=0, **settings).fit(X, y, w)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
