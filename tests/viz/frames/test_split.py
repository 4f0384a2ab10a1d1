"""The search for a split finds the first question of the tree, with its impurities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from tinygrad_edu import viz
from tinygrad_edu.viz.frames.split import Search, Target

rng = np.random.default_rng(0)
X = np.round(rng.normal(size=(80, 3)), 1)  # with equal values
CLASSES = np.array(["a", "b", "c"])[(X @ [1, 2, 0] + 0.5 * rng.normal(size=80) > [[0], [1]]).sum(0)]
NUMBERS = X @ [1.0, -2.0, 0.5] + rng.normal(size=80)


@pytest.mark.parametrize(
    "kind, criterion, y",
    [
        (models.DecisionTreeClassifier, "gini", CLASSES),
        (models.DecisionTreeClassifier, "entropy", CLASSES),
        (models.DecisionTreeRegressor, "squared_error", NUMBERS),
    ],
)
def test_the_best_question_is_the_first_of_the_tree(kind, criterion, y):
    tree = kind(criterion=criterion, max_depth=1, random_state=0).fit(X, y).tree_
    searches = [Search(x, Target(y, criterion)) for x in X.T]
    j = int(np.argmax([s.gain.max() for s in searches]))
    best, i = searches[j], searches[j].best
    assert j == tree.feature[0]
    assert_allclose(best.threshold[i], tree.threshold[0], rtol=1e-6)  # trees read float32
    assert_allclose(best.impurity, tree.impurity[0], rtol=1e-12)
    assert_allclose([best.left[i], best.right[i]], tree.impurity[1:], rtol=1e-10)
    assert best.n_left[i] == tree.n_node_samples[1]
    n = tree.n_node_samples / 80
    assert_allclose(best.gain[i], tree.impurity[0] - n[1:] @ tree.impurity[1:], rtol=1e-10)
    frames = viz.split_frames(X, y, criterion=criterion).series[j].frames
    assert f"x[{j}] ≤ {tree.threshold[0]:.4g}, between" in frames[-1].words


@pytest.mark.parametrize("criterion, y", [("gini", CLASSES), ("squared_error", NUMBERS)])
def test_every_gain_is_that_of_the_two_sides(criterion, y):
    def impurity(part):
        p = np.unique(part, return_counts=True)[1] / len(part)
        return 1 - (p**2).sum() if criterion == "gini" else part.var()

    search = Search(X[:, 0], Target(y, criterion))
    for threshold, gain in zip(search.threshold, search.gain, strict=True):
        left = X[:, 0] <= threshold
        parts = [(left.mean(), y[left]), (1 - left.mean(), y[~left])]
        expected = impurity(y) - sum(share * impurity(part) for share, part in parts)
        assert_allclose(gain, expected, atol=1e-12)


def test_a_frame_for_each_threshold_and_feature():
    found = viz.split_frames(X, CLASSES, feature_names=["a", "b", "c"])
    assert [s.name for s in found.series] == ["a", "b", "c"]
    for s, x in zip(found.series, X.T, strict=True):
        thresholds = len(np.unique(x)) - 1
        assert len(s.frames) == min(thresholds, 60) + 1
    frame = found[3]
    assert frame.title.startswith("a ≤ ") and "Gain: " in frame.words
    (curve,) = [s for s in frame.shapes if s.key == "gains"]
    assert len(curve.points) == 4


def test_of_many_thresholds_some_are_frames_and_the_best_is_one():
    x = np.arange(1000.0)
    found = viz.split_frames(x, (x > 123).astype(int))
    assert 61 <= len(found) <= 62
    assert any(f.title == "x[0] ≤ 123.5?" for f in found)
    assert "at x[0] ≤ 123.5, between 123 and 124" in found[-1].words


def test_the_criterion_follows_from_y():
    assert "gini" in viz.split_frames(X, np.arange(80) % 2)[0].words
    assert "variance" in viz.split_frames(X, NUMBERS)[0].words


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"X \(n, features\) and y \(n,\)"):
        viz.split_frames(X, CLASSES[1:])
    with pytest.raises(ValueError, match="no criterion 'gain'"):
        viz.split_frames(X, CLASSES, criterion="gain")
    with pytest.raises(ValueError, match="every feature of X is constant"):
        viz.split_frames(np.ones((5, 2)), np.arange(5) % 2)
    with pytest.raises(ValueError, match="y has 80 classes; split_frames draws at most 10"):
        viz.split_frames(X, np.arange(80))
    with pytest.raises(ValueError, match="feature_names has 2 names for 3 features"):
        viz.split_frames(X, CLASSES, feature_names=["a", "b"])
