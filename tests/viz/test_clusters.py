"""Pictures of clusters: every point has the color of its cluster."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgba

import models
from tinygrad_edu import viz
from tinygrad_edu.viz.insight import CLASSES

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)) + 6 * np.eye(2)[np.arange(60) % 2]


def drawn(ax):
    """color -> the points drawn in it"""
    return {tuple(c.get_facecolor()[0]): np.asarray(c.get_offsets()) for c in ax.collections}


def test_each_label_has_its_color_and_noise_is_gray():
    labels = np.r_[np.arange(58) % 3, -1, -1]
    points = drawn(viz.clusters(X, labels))
    assert len(points) == 4
    for k in range(3):
        np.testing.assert_array_equal(points[to_rgba(CLASSES[k])], X[labels == k])
    np.testing.assert_array_equal(points[to_rgba("#b0b0b0")], X[labels == -1])


def test_points_belong_to_the_nearest_center():
    model = models.KMeans(2, random_state=0).fit(X)
    ax = viz.clusters(X, model.cluster_centers_)
    points = drawn(ax)
    for k in range(2):
        np.testing.assert_array_equal(points[to_rgba(CLASSES[k])], X[model.labels_ == k])
    np.testing.assert_allclose(points[to_rgba("black")], model.cluster_centers_)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["cluster 0", "cluster 1"]


@pytest.mark.parametrize("found", [np.zeros(59), np.zeros((2, 3))])
def test_other_shapes_are_refused(found):
    with pytest.raises(ValueError, match=r"labels \(n,\) or centers \(k, 2\), not \(60, 2\)"):
        viz.clusters(X, found)


def test_a_cluster_has_the_same_color_in_both_pictures():
    labels = np.r_[np.arange(57) % 2, 5, 5, -1]
    colors = {bar.get_facecolor() for bar in viz.silhouettes(X, labels).patches}
    assert colors == drawn(viz.clusters(X, labels)).keys()


def test_a_bar_for_the_silhouette_of_each_row():
    metrics = pytest.importorskip("sklearn.metrics")
    labels = np.array(["b", "a", "c"])[np.r_[np.arange(40) % 2, np.full(20, 2)]]
    ax = viz.silhouettes(X, labels)
    expected = metrics.silhouette_samples(X, labels)
    drawn = [bar.get_width() for bar in ax.patches]
    ordered = [np.sort(expected[labels == name])[::-1] for name in "abc"]
    np.testing.assert_allclose(drawn, np.concatenate(ordered), rtol=1e-12)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cluster a", "cluster b", "cluster c"]
    assert ax.get_lines()[0].get_xdata()[0] == pytest.approx(metrics.silhouette_score(X, labels))
