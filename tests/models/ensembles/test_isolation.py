"""Isolation forests: scikit-learn's formula for the same trees, and its scores within noise."""

import numpy as np
import pytest

import models
from models.ensembles.isolation import average_path
from models.trees.structure import PER_NODE, Tree

ensemble = pytest.importorskip("sklearn.ensemble")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
X[:8] = RNG.uniform(5, 8, size=(8, 3))


def test_the_mean_path_is_that_of_random_search_trees():
    from sklearn.ensemble._iforest import _average_path_length

    n = np.array([0, 1, 2, 3, 10, 256, 10_000])
    np.testing.assert_allclose(average_path(n), _average_path_length(n), rtol=1e-14)


NOT_THERE = ("depth", "goes_left")  # in a tree of scikit-learn


@pytest.mark.parametrize("settings", [{}, {"max_samples": 40}, {"max_samples": 1}], ids=str)
def test_the_score_of_the_same_trees(settings):
    theirs = ensemble.IsolationForest(n_estimators=20, random_state=0, **settings).fit(X)
    ours = models.IsolationForest(n_estimators=20, random_state=0, **settings).fit(X)
    for model, twin in zip(ours.estimators_, theirs.estimators_, strict=True):
        arrays = {name: getattr(twin.tree_, name) for name in PER_NODE if name not in NOT_THERE}
        arrays["missing_go_to_left"] = arrays["missing_go_to_left"].astype(bool)
        depth = twin.tree_.compute_node_depths() - 1
        goes_left = np.zeros((len(depth), 0), np.uint8)
        model.tree_ = Tree(3, np.float32, depth=depth, goes_left=goes_left, **arrays)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-12)
    assert ours.offset_ == theirs.offset_ and ours.max_samples_ == theirs.max_samples_


@pytest.mark.parametrize(
    "settings", [{}, {"bootstrap": True}, {"max_features": 2}, {"max_samples": 0.2}], ids=str
)
def test_scores_are_those_of_scikit_learn_within_noise(settings):
    means = {"ours": [], "theirs": []}
    for seed in range(10):
        for side, library in (("ours", models), ("theirs", ensemble)):
            model = library.IsolationForest(n_estimators=50, random_state=seed, **settings).fit(X)
            scores = model.score_samples(X)
            means[side].append([scores[:8].mean(), scores[8:].mean()])
    ours, theirs = np.array(means["ours"]), np.array(means["theirs"])
    noise = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / 10)
    assert (abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 4 * noise + 1e-3).all()


def test_outliers_are_found():
    model = models.IsolationForest(random_state=0, contamination=0.02).fit(X)
    assert {*np.flatnonzero(model.predict(X) == -1)} == {*range(8)}
    assert model.offset_ == np.percentile(model.score_samples(X), 2)
    np.testing.assert_allclose(
        model.decision_function(X), model.score_samples(X) - model.offset_, rtol=1e-12
    )


def test_each_tree_asks_only_about_its_features():
    model = models.IsolationForest(20, max_features=2, random_state=0).fit(X)
    for tree, chosen in zip(model.estimators_, model.estimators_features_, strict=True):
        assert len(chosen) == 2 and {*tree.tree_.feature} - {-2} <= {*chosen}
    assert len({tuple(chosen) for chosen in model.estimators_features_}) > 2


def test_warm_start_jobs_and_too_many_samples():
    pytest.importorskip("joblib")
    model = models.IsolationForest(3, warm_start=True, random_state=0).fit(X)
    first = model.estimators_
    model.set_params(n_estimators=5).fit(X)
    assert model.estimators_[:3] == first and len(model.estimators_features_) == 5
    one, two = (
        models.IsolationForest(6, max_features=2, random_state=0, n_jobs=n).fit(X) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.score_samples(X), two.score_samples(X))
    with pytest.warns(UserWarning, match=r"max_samples \(500\) is greater than .* \(400\)"):
        assert models.IsolationForest(2, max_samples=500).fit(X).max_samples_ == 400


def test_weights_are_chances_to_be_drawn():
    weight = np.where(np.arange(400) < 8, 50.0, 1.0)  # now the far ones are the majority
    plain = models.IsolationForest(50, random_state=0, max_samples=20, bootstrap=True).fit(X)
    weighted = models.IsolationForest(50, random_state=0, max_samples=20, bootstrap=True)
    weighted.fit(X, sample_weight=weight)
    assert weighted.score_samples(X)[:8].mean() > plain.score_samples(X)[:8].mean() + 0.1


@pytest.mark.parametrize("bootstrap", [True, False])
def test_the_samples_of_each_tree(bootstrap):
    """They are those that reach the leaves in the numbers of fit."""
    X = np.random.default_rng(0).normal(size=(300, 2))
    weight = (np.arange(300) >= 50).astype(float)
    model = models.IsolationForest(6, max_samples=40, bootstrap=bootstrap, random_state=0)
    drawn = model.fit(X, sample_weight=weight).estimators_samples_
    assert [len(rows) for rows in drawn] == [40] * 6 and np.min(drawn) >= 50
    for rows, tree in zip(drawn, (e.tree_ for e in model.estimators_), strict=True):
        assert tree.n_node_samples[0] == len(np.unique(rows)) <= 40
        leaves = np.bincount(tree.apply(X[np.unique(rows)]), minlength=tree.node_count)
        ends = tree.children_left == -1
        np.testing.assert_array_equal(leaves[ends], tree.n_node_samples[ends])
