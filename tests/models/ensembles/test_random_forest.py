"""Forests: scores as those of scikit-learn, the samples out of bag, and forests grown in parts."""

import numpy as np
import pytest

import models
from models.trees import pruning, questions

ensemble = pytest.importorskip("sklearn.ensemble")
datasets = pytest.importorskip("sklearn.datasets")

WINE = datasets.load_wine(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)
KINDS = {
    "RandomForestClassifier": WINE,
    "ExtraTreesClassifier": WINE,
    "RandomForestRegressor": DIABETES,
    "ExtraTreesRegressor": DIABETES,
}
every = pytest.mark.parametrize("name", KINDS)


@every
def test_the_answer_is_the_mean_of_the_trees(name):
    X, y = KINDS[name]
    model = getattr(models, name)(n_estimators=7, random_state=0, max_depth=4).fit(X, y)
    method = "predict_proba" if "Classifier" in name else "predict"
    trees = [getattr(tree, method)(X) for tree in model.estimators_]
    np.testing.assert_allclose(getattr(model, method)(X), np.mean(trees, axis=0), rtol=1e-12)
    importances = np.mean([tree.feature_importances_ for tree in model.estimators_], axis=0)
    np.testing.assert_allclose(model.feature_importances_, importances, rtol=1e-12)
    np.testing.assert_array_equal(
        model.apply(X), np.stack([t.apply(X) for t in model.estimators_], 1)
    )
    assert len({str(tree.tree_.threshold) for tree in model.estimators_}) == 7
    paths, starts = model.decision_path(X)
    assert paths.shape == (len(X), starts[-1]) and len(starts) == 8
    np.testing.assert_array_equal(
        paths[:, starts[2] : starts[3]].toarray(), model.estimators_[2].decision_path(X).toarray()
    )


@every
def test_the_same_for_any_number_of_jobs_and_for_the_same_seed(name, monkeypatch):
    pytest.importorskip("joblib")
    monkeypatch.setattr("models.ensembles.forest.TOGETHER", 400)  # several groups of trees
    X, y = KINDS[name]
    one, two = (
        getattr(models, name)(n_estimators=6, random_state=3, n_jobs=jobs, max_depth=3).fit(X, y)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.apply(X), two.apply(X))
    other = getattr(models, name)(n_estimators=6, random_state=4, max_depth=3).fit(X, y)
    assert (one.apply(X) != other.apply(X)).any()


@pytest.mark.parametrize("name", ["RandomForestClassifier", "RandomForestRegressor"])
def test_out_of_bag(name):
    """Against the definition, with the samples of each tree found from its root's counts."""
    X, y = KINDS[name]
    settings = {"n_estimators": 30, "random_state": 0, "oob_score": True}
    model = getattr(models, name)(**settings).fit(X, y)
    theirs = getattr(ensemble, name)(**settings).fit(X, y)
    assert model.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.04)
    known = model.oob_decision_function_ if "Classifier" in name else model.oob_prediction_
    assert known.shape[0] == len(X)
    assert model.oob_score_ < model.score(X, y) - 0.005
    for tree in model.estimators_:  # a fraction 1 - 1/e of the samples
        assert tree.tree_.n_node_samples[0] == pytest.approx(0.632 * len(X), rel=0.12)
        assert tree.tree_.weighted_n_node_samples[0] == len(X)
    with pytest.warns(UserWarning, match="samples do not have OOB scores"):
        getattr(models, name)(n_estimators=2, oob_score=True, random_state=0).fit(X, y)


@pytest.mark.parametrize("name", ["RandomForestClassifier", "RandomForestRegressor"])
def test_a_sample_out_of_bag_is_judged_by_other_trees_alone(name):
    """Labels that no feature tells are known to the trees that have seen them, and to no other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    model = getattr(models, name)(n_estimators=60, random_state=0, oob_score=True).fit(X, y)
    assert model.score(X, y) > 0.7
    assert model.oob_score_ < (0.6 if "Classifier" in name else 0.1)


def test_out_of_bag_of_several_targets():
    X, y = DIABETES
    model = models.RandomForestRegressor(20, oob_score=True, random_state=0)
    model.fit(X, np.stack([y, -y], axis=1))
    np.testing.assert_allclose(model.oob_prediction_[:, 0], -model.oob_prediction_[:, 1], rtol=1e-9)
    X, y = WINE
    model = models.RandomForestClassifier(20, oob_score=True, random_state=0)
    model.fit(X, np.stack([y, 2 - y], axis=1))
    assert model.oob_decision_function_.shape == (len(X), 3, 2) and model.oob_score_ > 0.9
    assert [p.shape for p in model.predict_proba(X)] == [(len(X), 3)] * 2


@every
def test_warm_start_keeps_the_trees(name):
    X, y = KINDS[name]
    model = getattr(models, name)(n_estimators=3, warm_start=True, random_state=0).fit(X, y)
    first = model.estimators_
    model.set_params(n_estimators=5).fit(X, y)
    assert model.estimators_[:3] == first and len(model.estimators_) == 5
    assert len({str(tree.tree_.threshold) for tree in model.estimators_}) == 5
    with pytest.warns(UserWarning, match="without increasing n_estimators does not fit new trees"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="n_estimators=2 must be larger or equal to the 5 trees"):
        model.set_params(n_estimators=2).fit(X, y)


def test_settings_reach_the_trees():
    X, y = WINE
    model = models.RandomForestClassifier(
        5, criterion="entropy", max_depth=3, min_samples_leaf=4, max_features=0.5, random_state=0
    ).fit(X, y)
    for tree in model.estimators_:
        assert tree.criterion == "entropy" and tree.max_features_ == 6
        assert tree.get_depth() <= 3 and tree.tree_.n_node_samples.min() >= 4
        assert set(tree.predict(X)) <= {0, 1, 2}
    small = models.RandomForestClassifier(5, max_leaf_nodes=4, random_state=0).fit(X, y)
    assert [tree.get_n_leaves() for tree in small.estimators_] == [4] * 5
    pruned = models.RandomForestClassifier(5, ccp_alpha=0.05, random_state=0).fit(X, y)
    whole = models.RandomForestClassifier(5, random_state=0).fit(X, y)
    for tree, before in zip(pruned.estimators_, whole.estimators_, strict=True):
        expected = pruning.pruned(before.tree_, 0.05)
        assert tree.get_n_leaves() == expected.n_leaves < before.get_n_leaves()


@pytest.mark.parametrize("max_samples, drawn", [(None, 178), (40, 40), (0.25, 44)])
def test_max_samples(max_samples, drawn):
    model = models.RandomForestClassifier(3, max_samples=max_samples, random_state=0).fit(*WINE)
    assert [t.tree_.weighted_n_node_samples[0] for t in model.estimators_] == [drawn] * 3
    for refused in ({"max_samples": 5}, {"oob_score": True}):
        with pytest.raises(ValueError, match="needs bootstrap=True"):
            models.ExtraTreesClassifier(**refused).fit(*WINE)


def test_the_least_weight_of_a_leaf_is_a_fraction_of_what_is_drawn():
    X, y = WINE
    model = models.RandomForestClassifier(5, min_weight_fraction_leaf=0.1, random_state=0)
    for scale in (1.0, 100.0):
        trees = [tree.tree_ for tree in model.fit(X, y, np.full(len(y), scale)).estimators_]
        assert all(17.8 <= tree.weighted_n_node_samples.min() < 40 for tree in trees)


def test_weights_are_chances_to_be_drawn():
    X, y = WINE
    weight = np.where(y == 0, 10.0, 0.1)
    model = models.RandomForestClassifier(20, random_state=0).fit(X, y, weight)
    shares = np.mean([tree.tree_.value[0, 0, 0] for tree in model.estimators_])
    assert shares == pytest.approx(weight[y == 0].sum() / weight.sum(), abs=0.01)
    assert all((t.tree_.weighted_n_node_samples % 1 == 0).all() for t in model.estimators_)


@pytest.mark.parametrize("class_weight", ["balanced", "balanced_subsample", {0: 59.0, 1: 59.0}])
def test_class_weights(class_weight):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 4)), (np.arange(600) < 60).astype(int)
    X[:, 0] += y
    model = models.RandomForestClassifier(10, class_weight=class_weight, random_state=0)
    shares = [tree.tree_.value[0, 0, 1] for tree in model.fit(X, y).estimators_]
    expected = 0.1 if isinstance(class_weight, dict) else 0.5
    assert np.mean(shares) == pytest.approx(expected, abs=0.02)
    if class_weight == "balanced_subsample":
        np.testing.assert_allclose(shares, 0.5, rtol=1e-12)


def test_missing_values():
    X, y = WINE
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    for kind in (models.RandomForestClassifier, models.ExtraTreesClassifier):
        model = kind(40, random_state=0).fit(X[::2], y[::2])
        assert model.score(X[1::2], y[1::2]) > 0.88


@every
@pytest.mark.parametrize("bootstrap", [True, False])
def test_the_samples_of_each_tree(name, bootstrap, monkeypatch):
    """They give the root of the tree. Rows of weight 0 are counted, and not drawn."""
    monkeypatch.setattr("models.ensembles.forest.TOGETHER", 400)  # several groups of trees
    X, y = KINDS[name]
    weight = (np.arange(len(X)) > 9).astype(float)
    model = getattr(models, name)(7, bootstrap=bootstrap, max_depth=1, random_state=0)
    drawn = model.fit(X, y, weight).estimators_samples_
    assert len(drawn) == 7
    for rows, tree in zip(drawn, model.estimators_, strict=True):
        root = tree.tree_
        assert root.n_node_samples[0] == len(np.unique(rows)) and rows.min() >= 10
        mean = np.mean(np.eye(3)[y[rows]], 0) if "Classifier" in name else [np.mean(y[rows])]
        np.testing.assert_allclose(root.value[0, 0], mean, rtol=1e-10)
    model.set_params(warm_start=True, n_estimators=9).fit(X, y, weight)
    for before, now in zip(drawn, model.estimators_samples_, strict=False):
        np.testing.assert_array_equal(before, now)
    assert len(model.estimators_samples_) == 9


@pytest.mark.parametrize("name", ["RandomForestClassifier", "RandomForestRegressor"])
def test_a_score_of_your_own_out_of_bag(name):
    X, y = KINDS[name]
    heard = {}

    def score(y, predicted):
        heard["y"], heard["predicted"] = y, predicted
        return 0.25

    settings = {"n_estimators": 30, "random_state": 0}
    names = np.array(["a", "b", "c"])
    labels = names[y] if "Classifier" in name else y
    model = getattr(models, name)(oob_score=score, **settings).fit(X, labels)
    assert model.oob_score_ == 0.25
    np.testing.assert_array_equal(heard["y"], y)
    known = vars(model).get("oob_prediction_")
    expected = model.oob_decision_function_.argmax(axis=1) if known is None else known
    np.testing.assert_array_equal(heard["predicted"], expected)
    theirs = getattr(ensemble, name)(oob_score=score, **settings).fit(X, labels)
    assert theirs.oob_score_ == 0.25
    np.testing.assert_array_equal(heard["y"][:, 0], y)  # the same numbers there, in a column
    with pytest.raises(ValueError, match="'oob_score' parameter of"):
        getattr(models, name)(oob_score="accuracy").fit(X, y)


@pytest.mark.parametrize("block", [1, 2**15])
@pytest.mark.parametrize("kind", [models.RandomForestRegressor, models.ExtraTreesRegressor])
def test_equally_good_features_have_equal_chances(monkeypatch, kind, block):
    """Of nodes with two rows, every feature that varies divides them. Blocks are searched one by one."""
    monkeypatch.setattr(questions, "BLOCK", block)
    X = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    forest = kind(600, bootstrap=False, random_state=0).fit(X, [0.0, 1.0])
    asked = np.bincount([tree.tree_.feature[0] for tree in forest.estimators_], minlength=3)
    assert np.abs(asked - 200).max() < 46  # 4 standard deviations of 11.5
