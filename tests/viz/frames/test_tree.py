"""The way down a tree: the nodes of decision_path, with the numbers of the sample and of the tree."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from tinygrad_edu import viz

tree = pytest.importorskip("sklearn.tree")
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402

IRIS = load_iris()


def way(frame):
    """The nodes on the way, from the boxes in violet."""
    return [
        int(s.key.removeprefix("box")) for s in frame.shapes
        if s.key.startswith("box") and s.edge == "grad"
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [models.DecisionTreeClassifier, tree.DecisionTreeClassifier])
def test_the_way_is_the_decision_path(kind):
    model = kind(random_state=0).fit(IRIS.data, IRIS.target)
    X = IRIS.data[::4]
    found = viz.tree_frames(model, X, feature_names=IRIS.feature_names, max_depth=2)
    paths = model.decision_path(X)
    for x, series, path in zip(X, found.series, paths.toarray(), strict=True):
        nodes = np.flatnonzero(path)
        assert sorted(way(series.frames[-1])) == nodes.tolist()
        assert len(series.frames) == len(nodes)
        for frame, node in zip(series.frames[:-1], nodes, strict=False):
            f, threshold = model.tree_.feature[node], model.tree_.threshold[node]
            question = f"Is {IRIS.feature_names[f]} = {x[f]:.4g} at most {threshold:.4g}?"
            assert frame.words.startswith(question)
            assert ("Yes, to the left" in frame.words) == (x[f] <= threshold)


def test_a_node_has_the_counts_of_its_classes():
    model = models.DecisionTreeClassifier(max_depth=3, random_state=0).fit(IRIS.data, IRIS.target)
    found = viz.tree_frames(model, IRIS.data[70], class_names=IRIS.target_names)
    frame = found[1]
    (node,) = [int(s.key[3:]) for s in frame.shapes if s.key.startswith("box") and s.line == 3.5]
    inside = IRIS.target[model.decision_path(IRIS.data).toarray()[:, node] == 1]
    counts = np.bincount(inside, minlength=3)
    assert " | ".join(map(str, counts)) in [getattr(s, "words", "") for s in frame.shapes]
    assert f"{len(inside)} samples of the training set reached it" in frame.words
    boxes = [s for s in frame.shapes if s.key == f"box{node}"]
    bar = [s for s in frame.shapes if getattr(s, "height", 0) == 12
           and boxes[0].y < s.y < boxes[0].y + 84 and boxes[0].x < s.x < boxes[0].x + 130]  # fmt: skip
    assert_allclose([s.width for s in bar], 114 * counts[counts > 0] / len(inside))
    assert [s.fill for s in bar] == [f"c{k}" for k in np.flatnonzero(counts)]


def test_a_regression_ends_at_the_prediction():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = models.DecisionTreeRegressor(max_depth=6, random_state=0).fit(X, y)
    found = viz.tree_frames(model, X[:5])
    for i, series in enumerate(found.series):
        words = series.frames[-1].words
        assert words.endswith(f"their mean is {model.predict(X[i : i + 1])[0]:.4g}.")
    assert any("Is bmi = " in f.words or "Is s5 = " in f.words for f in found)


def test_a_missing_value_goes_where_the_tree_sends_it():
    X = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan]])
    model = tree.DecisionTreeClassifier().fit(X, [0, 0, 1, 1, 1])
    frame = viz.tree_frames(model, X[3])[0]
    assert frame.words.startswith("x[0] is missing, which here goes right.")


def test_only_the_way_is_drawn_below_max_depth():
    X, y = load_diabetes(return_X_y=True)
    model = models.DecisionTreeRegressor(random_state=0).fit(X, y)
    found = viz.tree_frames(model, X[0], max_depth=1)
    drawn = sum(s.key.startswith("box") for s in found[-1].shapes)
    assert drawn == 2 * (len(found) - 1) + 1 and drawn < 60


def test_what_is_refused():
    model = tree.DecisionTreeClassifier().fit(IRIS.data, IRIS.target)
    with pytest.raises(ValueError, match="ways of 1 to 50 samples, not X of shape"):
        viz.tree_frames(model, IRIS.data)
    with pytest.raises(TypeError, match="needs tree_"):
        viz.tree_frames(models.KMeans(2), IRIS.data[0])
    with pytest.raises(ValueError, match="feature_names has 1 names"):
        viz.tree_frames(model, IRIS.data[0], feature_names=["a"])


def test_a_question_about_categories_names_them():
    X = np.column_stack([np.arange(60) % 5, np.arange(60)])
    y = np.isin(X[:, 0], [0, 3])
    model = models.DecisionTreeClassifier(categorical_features=[0]).fit(X, y)
    names = ", ".join(map(str, model.left_categories(0)))
    for series, x in zip(viz.tree_frames(model, X[:5]).series, X[:5], strict=True):
        answer = "Yes, to the left" if x[0] in model.left_categories(0) else "No, to the right"
        assert series.frames[0].words.startswith(f"Is x[0] = {x[0]} in {{{names}}}? {answer}.")
        assert f"in {{{names}}}?" in [getattr(s, "words", "") for s in series.frames[0].shapes]
        assert len(series.frames) == 2
