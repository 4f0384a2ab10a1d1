"""Pictures of trees, ours and scikit-learn's: what is written and drawn are the numbers of the model."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from scipy.cluster import hierarchy
from sklearn import cluster, tree
from sklearn.datasets import load_diabetes, load_iris, make_blobs

import models
from tinygrad_edu import viz


def boxes(ax):
    """text of a node -> its place"""
    return {t.get_text(): t.get_position() for t in ax.texts if t.get_bbox_patch()}


@pytest.mark.parametrize("kind", [np.asarray, list])
def test_each_node_says_its_question_and_its_answer(kind):
    iris = load_iris()
    model = tree.DecisionTreeClassifier(max_depth=2, random_state=0).fit(iris.data, iris.target)
    ax = viz.tree(model, feature_names=iris.feature_names, class_names=kind(iris.target_names))
    drawn = boxes(ax)
    assert len(drawn) == model.tree_.node_count == 5
    root, setosa, *_ = sorted(drawn, key=lambda text: -drawn[text][1])
    assert root.split("\n")[1:] == ["gini 0.6667", "150 samples", "setosa: 33%"]
    assert root.startswith(iris.feature_names[model.tree_.feature[0]] + " ≤ 0.8")
    assert setosa.split("\n") == ["gini 0", "50 samples", "setosa: 100%"]
    assert drawn[setosa][0] < drawn[root][0]  # petals of 0.8 or less: yes, to the left
    assert [t.get_text().strip() for t in ax.texts if not t.get_bbox_patch()] in (
        ["yes", "no"], ["no", "yes"],
    )  # fmt: skip


def test_a_subtree_that_is_not_drawn_is_announced():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = tree.DecisionTreeRegressor(max_depth=5, random_state=0).fit(X, y)
    drawn = boxes(viz.tree(model, max_depth=1))
    assert len(drawn) == 3 and sum(text.endswith("\n...") for text in drawn) == 2
    assert any("bmi ≤" in text or "s5 ≤" in text for text in drawn)
    assert sum(f"predicts {y.mean():.4g}" in text for text in drawn) == 1
    assert len(boxes(viz.tree(model, max_depth=None))) == model.tree_.node_count


def test_no_box_covers_another():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    ax = viz.tree(tree.DecisionTreeRegressor(max_depth=3).fit(X, y))
    FigureCanvasAgg(ax.figure).draw()
    found = [t.get_bbox_patch().get_window_extent() for t in ax.texts if t.get_bbox_patch()]
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    whole = ax.figure.bbox
    assert all(whole.x0 <= b.x0 and b.x1 <= whole.x1 and whole.y0 <= b.y0 for b in found)


def test_a_question_about_categories_says_which():
    X = np.array([["red"], ["green"], ["blue"], ["green"]])
    model = models.DecisionTreeRegressor(categorical_features=[0]).fit(X, [0.0, 1, 0, 1])
    drawn = boxes(viz.tree(model, feature_names=["color"]))
    assert sorted(text.split("\n")[0] for text in drawn)[0] == "color in {blue, red}?"


@pytest.mark.parametrize("linkage", ["ward", "single", "complete", "average"])
def test_brackets_join_at_the_distance_and_do_not_cross(linkage):
    X, _ = make_blobs(30, random_state=1)
    model = cluster.AgglomerativeClustering(3, linkage=linkage, compute_distances=True).fit(X)
    ax = viz.dendrogram(model)
    brackets = np.array(ax.collections[0].get_segments())
    np.testing.assert_array_equal(brackets[:, 1, 1], model.distances_)
    sizes = np.ones(59)
    for i, (a, b) in enumerate(model.children_):
        sizes[30 + i] = sizes[a] + sizes[b]
    theirs = hierarchy.dendrogram(
        np.c_[model.children_, model.distances_, sizes[30:]], no_plot=True
    )
    assert sorted(b[1, 1] for b in brackets) == sorted(d[1] for d in theirs["dcoord"])
    left = np.array([text.get_text() for text in ax.get_xticklabels()], int)
    labels = model.labels_[left]
    assert np.count_nonzero(np.diff(labels)) == 2  # each cluster is one interval
    grays = [np.allclose(c[:3], to_rgb("#8a8a8a")) for c in ax.collections[0].get_colors()]
    assert grays == [False] * 27 + [True] * 2


def test_what_is_missing_is_said():
    X, _ = make_blobs(10, random_state=0)
    with pytest.raises(TypeError, match="needs distances_"):
        viz.dendrogram(cluster.AgglomerativeClustering(2).fit(X))
    model = cluster.AgglomerativeClustering(2, compute_distances=True).fit(X)
    with pytest.raises(ValueError, match="labels has 2 names for 10 samples"):
        viz.dendrogram(model, labels=["a", "b"])
    with pytest.raises(TypeError, match="needs tree_"):
        viz.tree(model)
    grown = tree.DecisionTreeClassifier().fit(X, np.arange(10) % 2)
    with pytest.raises(ValueError, match="feature_names has 0 names"):
        viz.tree(grown, feature_names=[])
