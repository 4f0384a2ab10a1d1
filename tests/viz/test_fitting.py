"""Films of fits: each frame is the picture of the estimator as it was."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("PIL")

from PIL import Image

import models
from models.foundation import traced
from tinygrad_edu import viz
from tinygrad_edu.viz import fitting

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)) + 4 * np.eye(2)[np.arange(60) % 2]
Y = np.arange(60) % 2
LINE = np.sort(rng.uniform(0, 6, 40))[:, None]
WAVE = np.sin(LINE[:, 0])


def stages(model, *data):
    return list(fitting._stages(model, *data))


def length(path):
    with Image.open(path) as gif:
        return gif.n_frames


FILMS = {
    "centers": (lambda: models.KMeans(3, random_state=0).fit(X), X, None),
    "places": (lambda: models.MeanShift(bandwidth=2.5).fit(X), X, None),
    "exemplars": (lambda: models.AffinityPropagation(random_state=0).fit(X), X, None),
    "mixture": (lambda: models.GaussianMixture(2, random_state=0, max_iter=99).fit(X), X, None),
    "boundary": (lambda: models.LogisticRegression(solver="newton-cg").fit(X, Y), X, Y),
    "curve": (lambda: models.TheilSenRegressor(random_state=0).fit(LINE, WAVE), LINE, WAVE),
    "tree": (lambda: models.DecisionTreeClassifier(max_depth=2).fit(X, Y), X, Y),
    "boosting": (lambda: models.AdaBoostClassifier(n_estimators=4).fit(X, Y), X, Y),
    "hierarchy": (lambda: models.AgglomerativeClustering(26).fit(X), X, None),
    "embedding": (lambda: models.MDS(init="classical_mds", n_init=1).fit(X), None, Y),
    "states": (lambda: models.GaussianHMM(2, random_state=0, n_iter=4).fit(X), X, None),
}


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_a_film_is_written(name, tmp_path):
    fit, data, y = FILMS[name]
    with traced():
        model = fit()
    viz.animate_fit(model, tmp_path / "a.gif", data, y, most=2)
    assert 1 <= length(tmp_path / "a.gif") <= 2 + fitting.STILL - 1


def test_each_stage_is_the_model_as_it_was(monkeypatch, tmp_path):
    with traced():
        model = models.KMeans(3, init=X[:3], n_init=1, tol=0).fit(X)
    drawn = []
    monkeypatch.setattr(
        fitting, "learned", lambda then, *data, ax: drawn.append(then.cluster_centers_)
    )
    viz.animate_fit(model, tmp_path / "a.gif", X)
    kept = [state.cluster_centers_ for state in model.trace_.states]
    for frame, expected in zip(drawn, kept + kept[-1:] * (fitting.STILL - 1), strict=True):
        np.testing.assert_array_equal(frame, expected)
    drawn.clear()
    viz.animate_fit(model, tmp_path / "a.gif", X, most=2)
    np.testing.assert_array_equal(drawn[0], kept[0])
    np.testing.assert_array_equal(drawn[1], kept[-1])


def test_a_tree_grows_by_sets_of_categories_and_with_missing_values():
    data = np.column_stack([np.arange(60) % 5, X[:, 1]])
    data[::7, 1] = np.nan
    y = np.isin(data[:, 0], [0, 3]) ^ (np.arange(60) % 11 == 0)
    model = models.DecisionTreeClassifier(categorical_features=[0]).fit(data, y)
    grown = stages(model, data)
    np.testing.assert_array_equal(grown[-1][1].predict(data), model.predict(data))
    stump = models.DecisionTreeClassifier(max_depth=1, categorical_features=[0]).fit(data, y)
    np.testing.assert_array_equal(grown[1][1].predict(data), stump.predict(data))


def test_a_tree_of_scikit_learn_grows():
    tree = pytest.importorskip("sklearn.tree").DecisionTreeClassifier(random_state=0).fit(X, Y)
    grown = stages(tree, X)
    assert len(grown) == tree.get_n_leaves()
    np.testing.assert_array_equal(grown[-1][1].predict(X), tree.predict(X))


@pytest.mark.parametrize("settings", [{}, {"max_leaf_nodes": 7}])
def test_a_tree_grows_to_the_whole_tree(settings):
    for model, data, y in (
        (models.DecisionTreeClassifier(**settings), X, Y),
        (models.DecisionTreeRegressor(**settings), LINE, WAVE),
    ):
        model.fit(data, y)
        grown = [then for _, then in stages(model, data)]
        assert len(grown) == model.get_n_leaves()
        np.testing.assert_array_equal(grown[-1].predict(data), model.predict(data))
        for k, then in enumerate(grown):
            assert len(np.unique(model.apply(data))) >= len(np.unique(then.predict(data)))
            assert len(np.unique(then.predict(data))) <= k + 1
    grown = stages(models.DecisionTreeRegressor(max_leaf_nodes=5).fit(LINE, WAVE), LINE)
    for leaves in (2, 3, 4):  # the best split first
        smaller = models.DecisionTreeRegressor(max_leaf_nodes=leaves).fit(LINE, WAVE)
        np.testing.assert_allclose(grown[leaves - 1][1].predict(LINE), smaller.predict(LINE))


def test_boosting_shows_its_stages():
    model = models.GradientBoostingRegressor(n_estimators=5).fit(LINE, WAVE)
    expected = list(model.staged_predict(LINE))
    found = stages(model, LINE)
    for (_, then), predicted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(then.predict(LINE), predicted)
    np.testing.assert_array_equal(then.predict(LINE[:3]), predicted[:3])
    assert found[-1][0] == "5 members" and found[0][0] == "1 member"


def test_a_hierarchy_merges_down_to_its_clusters():
    model = models.AgglomerativeClustering(3).fit(X)
    merging = stages(model, X)
    assert [words for words, _ in merging] == [f"{k} clusters" for k in range(30, 2, -1)]
    for k, (_, then) in zip(range(30, 2, -1), merging, strict=True):
        labels = models.AgglomerativeClustering(k).fit(X).labels_
        same = labels[:, None] == labels
        np.testing.assert_array_equal(then.labels_[:, None] == then.labels_, same)
    assert hasattr(model, "children_")


def test_without_a_trace_or_data_that_can_be_drawn_it_says_what_to_do(tmp_path):
    path = tmp_path / "a.gif"
    with pytest.raises(TypeError, match=r"this KMeans has none in its trace_.*\s.*\s.*traced\(\)"):
        viz.animate_fit(models.KMeans(2).fit(X), path, X)
    wide = np.hstack([X, X])
    with traced():
        model = models.KMeans(2).fit(wide)
    with pytest.raises(ValueError, match=r"two features, .* not X of shape \(60, 4\)\.(\s.*)*X\[:"):
        viz.animate_fit(model, path, wide)
    with pytest.raises(ValueError, match="and not no X"):
        viz.animate_fit(model, path)
    with pytest.raises(ValueError, match="X contains NaN or infinity"):
        viz.animate_fit(model, path, np.where(X > 1, np.nan, X))
    booster = models.GradientBoostingRegressor(n_estimators=2).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"one feature, and not X of shape \(60, 2\)"):
        viz.animate_fit(booster, path, X, X[:, 0])
    assert not path.exists()
