"""The arrays of a tree, and the ways down it."""

import numpy as np
import pytest

import models

tree = pytest.importorskip("sklearn.tree")
datasets = pytest.importorskip("sklearn.datasets")

X, Y = datasets.load_diabetes(return_X_y=True)


def test_the_names_and_shapes_are_those_of_scikit_learn():
    ours = models.DecisionTreeRegressor(max_depth=3).fit(X, Y).tree_
    theirs = tree.DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, Y).tree_
    for name in (
        "children_left", "children_right", "feature", "threshold", "value", "impurity", "n_node_samples",
        "weighted_n_node_samples", "missing_go_to_left",
    ):  # fmt: skip
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-9)
    for name in ("node_count", "n_leaves", "max_depth", "n_outputs", "max_n_classes", "n_features"):
        assert getattr(ours, name) == getattr(theirs, name)
    for normalize in (True, False):
        np.testing.assert_allclose(
            ours.compute_feature_importances(normalize),
            theirs.compute_feature_importances(normalize),
            rtol=1e-9,
        )
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X.astype(np.float32)))


def test_paths():
    pytest.importorskip("scipy")
    ours = models.DecisionTreeRegressor(max_depth=3).fit(X, Y)
    theirs = tree.DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, Y)
    a, b = ours.decision_path(X), theirs.decision_path(X)
    assert a.shape == b.shape and (a != b).nnz == 0
    np.testing.assert_array_equal(a.indices[a.indptr[7] : a.indptr[8]][-1], ours.apply(X)[7])


def test_a_subtree_in_another_order_predicts_the_same():
    whole = models.DecisionTreeRegressor(max_depth=4).fit(X, Y).tree_
    order = np.append(0, np.random.default_rng(0).permutation(np.arange(1, whole.node_count)))
    turned = whole.subtree(order)
    np.testing.assert_array_equal(turned.predict(X), whole.predict(X))
    back = turned.subtree(turned.preorders()[0])
    np.testing.assert_array_equal(back.children_left, whole.children_left)
    np.testing.assert_array_equal(back.threshold, whole.threshold)
