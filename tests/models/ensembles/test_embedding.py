"""Leaves as features, against the trees and scikit-learn's embedding."""

import numpy as np
import pytest

import models
from models.trees.structure import LEAF

sklearn = pytest.importorskip("sklearn")
from sklearn.datasets import make_circles  # noqa: E402
from sklearn.ensemble import RandomTreesEmbedding as Twin  # noqa: E402

X, Y = make_circles(300, noise=0.1, factor=0.4, random_state=0)


def embedding(**settings):
    return models.RandomTreesEmbedding(
        **{"n_estimators": 12, "max_depth": 3, "random_state": 0, **settings}
    )


def test_each_leaf_has_a_column_that_is_1_where_a_row_ends_there():
    model = embedding().fit(X)
    found = np.asarray(model.transform(X))
    names = model.get_feature_names_out()
    expected = []
    for name in names:
        _, tree, leaf = name.split("_")
        expected.append(model.estimators_[int(tree)].apply(X) == int(leaf))
    np.testing.assert_array_equal(found, np.stack(expected, axis=1))
    assert len(names) == sum(tree.get_n_leaves() for tree in model.estimators_)
    assert (found.sum(axis=1) == 12).all() and found.any(axis=0).all()
    np.testing.assert_array_equal(model.apply(X)[:, 3], model.estimators_[3].apply(X))


def test_the_trees_are_as_in_scikit_learn_but_for_chance():
    ours, theirs = embedding(n_estimators=200).fit(X), Twin(200, max_depth=3, random_state=0).fit(X)
    numbers = [[tree.get_n_leaves() for tree in model.estimators_] for model in (ours, theirs)]
    assert np.mean(numbers[0]) == pytest.approx(np.mean(numbers[1]), rel=0.05)
    cuts = [
        np.concatenate(
            [e.tree_.threshold[e.tree_.children_left != LEAF] for e in model.estimators_]
        )
        for model in (ours, theirs)
    ]
    assert np.std(cuts[0]) == pytest.approx(np.std(cuts[1]), rel=0.1)
    assert ours.feature_importances_ == pytest.approx(theirs.feature_importances_, abs=0.05)
    assert vars(theirs).keys() & {"estimators_", "one_hot_encoder_"} <= vars(ours).keys()
    assert ours.get_params().keys() == theirs.get_params().keys()


def test_a_linear_model_of_the_leaves_separates_circles():
    leaves = embedding(n_estimators=50).fit_transform(X)
    assert models.LogisticRegression().fit(X, Y).score(X, Y) < 0.7
    assert models.LogisticRegression().fit(leaves, Y).score(leaves, Y) > 0.95


def test_sparse_and_dense_results_are_equal():
    pytest.importorskip("scipy")
    dense = embedding(sparse_output=False).fit_transform(X)
    sparse = embedding(sparse_output=True).fit_transform(X)
    assert sparse.nnz == 12 * len(X) and type(dense) is np.ndarray
    np.testing.assert_array_equal(sparse.toarray(), dense)
    frame = pytest.importorskip("pandas")
    named = embedding().set_output(transform="pandas").fit_transform(frame.DataFrame(X))
    np.testing.assert_array_equal(named.to_numpy(), dense)


def test_warm_start_keeps_the_trees_and_their_columns():
    model = embedding(warm_start=True).fit(X)
    before, trees = np.asarray(model.transform(X)), model.estimators_
    model.set_params(n_estimators=15).fit(X)
    assert len(model.estimators_) == 15 and model.estimators_[:12] == trees
    np.testing.assert_array_equal(np.asarray(model.transform(X))[:, : before.shape[1]], before)
    assert [len(rows) for rows in model.estimators_samples_] == [300] * 15


def test_weights_and_limits_reach_the_trees():
    weight = (np.arange(300) < 200).astype(float)
    model = embedding(min_samples_leaf=30, max_leaf_nodes=4).fit(X, sample_weight=weight)
    assert all(tree.tree_.n_node_samples[0] == 200 for tree in model.estimators_)
    assert min(tree.tree_.n_node_samples.min() for tree in model.estimators_) >= 30
    assert max(tree.get_n_leaves() for tree in model.estimators_) <= 4
